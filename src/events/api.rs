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

use super::model::{Event, EventFilter};
use super::sql;
use crate::app::App;
use crate::http::{Here, List, PageRequest, Params, PathId, Problem, with_etag};

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
        ("severity" = Option<String>, Query, description = "INFO, LOW, MEDIUM, HIGH, CRITICAL; several by comma", example = "HIGH,CRITICAL"),
        ("event_type" = Option<String>, Query, description = "Event type; several by comma", example = "intrusion"),
        ("source_name" = Option<String>, Query, description = "Source, exactly; also `source`"),
        ("ip_address" = Option<String>, Query, description = "Address, IPv4 or IPv6"),
        ("country" = Option<String>, Query, description = "ISO 3166-1 code; several by comma", example = "DE"),
        ("search" = Option<String>, Query, description = "Words of description and source; each must occur"),
        ("id" = Option<String>, Query, description = "Numbers of events, up to 100 by comma"),
        ("q" = Option<String>, Query, description = "The same and more in the query language: `docs/search.md`", example = "severity:HIGH,CRITICAL -source:test \"brute force\""),
        ("from" = Option<String>, Query, description = "Received from this time on: RFC 3339, a date, or how long ago such as 24h"),
        ("to" = Option<String>, Query, description = "Received before this time"),
        ("has_alert" = Option<bool>, Query, description = "Whether it raised an alert"),
        ("ordering" = Option<String>, Query, description = "-timestamp (default) or timestamp"),
        ("page_size" = Option<u32>, Query, description = "1 to 100, default 20"),
        ("page" = Option<u32>, Query, description = "The page's number, from 1; not together with `cursor`"),
        ("cursor" = Option<String>, Query, description = "From `next` or `previous`"),
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
