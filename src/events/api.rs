//! Events over HTTP: reading. Creating and changing them also concerns alerts, so it is in
//! `ingest`.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use base::EventId;

use super::figures_api::EventQuery;
use super::model::{Event, EventFilter};
use super::sql;
use crate::app::App;
use crate::http::{Here, List, PageQuery, PageRequest, Params, PathId, Problem, with_etag};

/// Reads the filters events have; `24h` is counted back from now.
pub(super) fn filter(app: &App, params: &mut Params) -> EventFilter {
    EventFilter::take(params, app.clock.now())
}

/// Lists events, newest first.
#[utoipa::path(
    get,
    path = "/api/events/",
    tag = "events",
    params(
        EventQuery,
        ("ordering" = Option<String>, Query, description = "-timestamp (default) or timestamp"),
        PageQuery,
    ),
    responses((status = 200, description = "A page of events", body = List<Event>)),
)]
pub async fn list(
    State(app): State<App>,
    here: Here,
    mut params: Params,
) -> Result<Json<List<Event>>, Problem> {
    let filter = filter(&app, &mut params);
    let page = PageRequest::take(&mut params);
    let ascending = match params.text("ordering").as_deref() {
        None | Some("-timestamp" | "-id") => false,
        Some("timestamp" | "id") => true,
        Some(_) => {
            params.refuse("ordering", "must be -timestamp or timestamp");
            false
        }
    };
    params.finish()?;
    let found = app
        .store
        .read(move |tx| sql::page(tx, &filter, ascending, &page))
        .await?;
    let stopped_at = found.stopped_at.map(EventId::number);
    Ok(Json(List::by_id(
        &here,
        &page,
        found.events,
        found.count,
        stopped_at,
        |event| event.id.number(),
    )))
}

/// Shows one event, with the alert it raised.
#[utoipa::path(
    get,
    path = "/api/events/{id}/",
    tag = "events",
    params(("id" = i64, Path, description = "The event's id")),
    responses(
        (status = 200, description = "The event; `ETag` is its version", body = Event),
        (status = 404, description = "No such event"),
    ),
)]
pub async fn detail(State(app): State<App>, PathId(id): PathId) -> Result<Response, Problem> {
    let event = super::show(&app, EventId::new(id)).await?;
    let event = event.ok_or_else(|| no_event(id))?;
    Ok(with_etag(&event, event.version))
}

/// 404 for an event.
pub(crate) fn no_event(id: i64) -> Problem {
    Problem::not_found(format!("there is no event {id}"))
}
