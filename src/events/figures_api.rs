//! What the events explorer shows besides the list: how many there were when, what they say,
//! what was received around one of them, and all of them as a file.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use base::EventId;

use super::api::{filter, no_event};
use super::around::{self, Around};
use super::export as exporting;
use super::fields::{self, Fields};
use super::histogram::{self, Histogram};
use crate::app::App;
use crate::http::{ExportFormat, Params, PathId, Problem};

/// The filters of events, as the schema shows them.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its shape is read, by the schema")]
pub struct EventQuery {
    /// INFO, LOW, MEDIUM, HIGH, CRITICAL; several by comma or repeated.
    #[param(example = "HIGH,CRITICAL")]
    severity: Option<String>,
    /// Event type; several by comma.
    #[param(example = "intrusion")]
    event_type: Option<String>,
    /// Source, exactly; also `source`.
    source_name: Option<String>,
    /// Address, IPv4 or IPv6.
    ip_address: Option<String>,
    /// ISO 3166-1 code; several by comma.
    #[param(example = "DE")]
    country: Option<String>,
    /// Words of description and source; each must occur. At most 8.
    search: Option<String>,
    /// Numbers of events, up to 100 by comma.
    id: Option<String>,
    /// The same and more in the query language: `docs/search.md`.
    #[param(example = "severity:HIGH,CRITICAL -source:test \"brute force\"")]
    q: Option<String>,
    /// Received from this time on: RFC 3339, a date, or how long ago such as 24h.
    from: Option<String>,
    /// Received before this time.
    to: Option<String>,
    /// Whether it raised an alert.
    has_alert: Option<bool>,
}

/// Counts the events a list would show, over time and by severity.
///
/// Without `from` the 24 hours before `to` (or before now). Exact by the kept counts for any
/// number of events when only severity, source and time are given; otherwise the newest events
/// are looked at, and `exact: false` with `searched_from` says when that came to its bound.
#[utoipa::path(
    get,
    path = "/api/events/histogram/",
    operation_id = "get_events_histogram",
    tag = "events",
    params(
        ("buckets" = Option<u32>, Query, description = "At most so many, 1 to 240, default 60; one more where the range begins within one"),
        EventQuery,
    ),
    responses((status = 200, description = "The buckets, oldest first", body = Histogram)),
)]
pub async fn histogram(
    State(app): State<App>,
    mut params: Params,
) -> Result<Json<Histogram>, Problem> {
    let buckets = params.value::<u32>("buckets").unwrap_or(histogram::BUCKETS);
    if !(1..=histogram::BUCKETS_MAX).contains(&buckets) {
        params.refuse("buckets", "must be 1 to 240");
    }
    let filter = filter(&app, &mut params);
    params.finish()?;
    Ok(Json(histogram::histogram(&app, filter, buckets).await?))
}

/// Shows the most frequent values of each field among the newest events a list would show.
#[utoipa::path(
    get,
    path = "/api/events/fields/",
    operation_id = "get_events_fields",
    tag = "events",
    params(EventQuery),
    responses((
        status = 200,
        description = "Ten values each, counted over at most 2,000 events",
        body = Fields,
    )),
)]
pub async fn fields(State(app): State<App>, mut params: Params) -> Result<Json<Fields>, Problem> {
    let filter = filter(&app, &mut params);
    params.finish()?;
    Ok(Json(fields::fields(&app, filter).await?))
}

/// Shows what was received shortly before and after an event, newest first.
#[utoipa::path(
    get,
    path = "/api/events/{id}/around/",
    operation_id = "get_events_around",
    tag = "events",
    params(
        ("id" = i64, Path, description = "The event's id"),
        ("seconds" = Option<u32>, Query, description = "How far to both sides, 1 to 3600, default 120"),
        ("same_source" = Option<bool>, Query, description = "Only events of its source; default false"),
    ),
    responses(
        (status = 200, description = "At most 100 events before it, itself, and at most 100 after it", body = Around),
        (status = 404, description = "No such event"),
    ),
)]
pub async fn around(
    State(app): State<App>,
    PathId(id): PathId,
    mut params: Params,
) -> Result<Json<Around>, Problem> {
    let seconds = params.value::<u32>("seconds").unwrap_or(around::SECONDS);
    if !(1..=around::SECONDS_MAX).contains(&seconds) {
        params.refuse("seconds", "must be 1 to 3600");
    }
    let same_source = params.flag("same_source").unwrap_or(false);
    params.finish()?;
    around::around(&app, EventId::new(id), seconds, same_source)
        .await?
        .map(Json)
        .ok_or_else(|| no_event(id))
}

/// Exports the events a list would show, newest first, as a file, streamed.
#[utoipa::path(
    get,
    path = "/api/events/export/",
    operation_id = "export_events",
    tag = "events",
    params(
        ("format" = Option<String>, Query, description = "csv (default) or ndjson"),
        EventQuery,
    ),
    responses((
        status = 200,
        description = "Every event that matches: CSV with a header, or one JSON object a line",
        content(
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        ),
    )),
)]
pub async fn export(State(app): State<App>, mut params: Params) -> Result<Response, Problem> {
    let format = params.value::<ExportFormat>("format").unwrap_or_default();
    let filter = filter(&app, &mut params);
    params.finish()?;
    Ok(exporting::export(app, filter, format).await?)
}
