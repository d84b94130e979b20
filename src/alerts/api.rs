//! Alerts over HTTP.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use axum::Json;
use axum::extract::State;
use axum::response::Response;
use http::HeaderValue;
use serde::Deserialize;

use super::change::{self, AlertChange};
use super::export::{self as exporting, ExportFormat};
use super::filter::{AlertFilter, Ordering};
use super::list::{self, Found};
use super::model::{Alert, TimelineEntry};
use crate::app::App;
use crate::events::Event;
use crate::http::{
    Caller, Count, Here, IfMatch, Json as Body, List, PageQuery, PageRequest, Params, PathId,
    Problem, with_etag,
};
use crate::repeats::{Answer, RepeatKey};

/// The filters of alerts, as the schema shows them.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only its shape is read, by the schema")]
pub struct AlertQuery {
    /// INFO, LOW, MEDIUM, HIGH, CRITICAL; several by comma or repeated.
    #[param(example = "HIGH,CRITICAL")]
    severity: Option<String>,
    /// OPEN, ACKNOWLEDGED (or ACK), RESOLVED; several by comma or repeated.
    #[param(example = "OPEN,ACK")]
    status: Option<String>,
    /// Source, exactly; also `source`.
    source_name: Option<String>,
    /// Event type; several by comma.
    event_type: Option<String>,
    /// `me`, `none` or a user name.
    #[param(example = "me")]
    assigned_to: Option<String>,
    /// ISO 3166-1 code, or none; several by comma.
    #[param(example = "DE")]
    country: Option<String>,
    /// Address, IPv4 or IPv6.
    ip_address: Option<String>,
    /// Words of title, source and description; each must occur. At most 8.
    search: Option<String>,
    /// Numbers of alerts, up to 100 by comma.
    #[param(example = "17,18")]
    id: Option<String>,
    /// The same and more in the query language: `docs/search.md`.
    #[param(example = "severity:HIGH,CRITICAL -source:test \"brute force\"")]
    q: Option<String>,
    /// Raised from this time on: RFC 3339, a date, or how long ago such as 24h.
    from: Option<String>,
    /// Raised before this time.
    to: Option<String>,
    /// Whether it waits past a due time.
    overdue: Option<bool>,
    /// `-created_at` (default), `created_at`, `-severity` or `severity`.
    ordering: Option<String>,
}

fn envelope<T>(here: &Here, found: Found<T>) -> Json<List<T>> {
    Json(List::new(
        here,
        found.rows,
        found.count,
        found.next,
        found.previous,
    ))
}

async fn page(
    app: &App,
    caller: &Caller,
    here: &Here,
    mut params: Params,
) -> Result<Json<List<Alert>>, Problem> {
    let filter = AlertFilter::take(&mut params, caller.actor.id(), app.clock.now());
    let ordering = Ordering::take(&mut params);
    let page = PageRequest::take(&mut params);
    params.finish()?;
    let found = list::find(app, filter, ordering, page).await?;
    Ok(envelope(here, found))
}

/// Lists alerts with their events, newest first.
///
/// A rare filter may give a short or empty page that still has a `next`: the search goes on
/// there.
#[utoipa::path(
    get,
    path = "/api/alerts/",
    operation_id = "list_alerts",
    tag = "alerts",
    params(AlertQuery, PageQuery),
    responses((status = 200, description = "A page of alerts", body = List<Alert>)),
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    here: Here,
    params: Params,
) -> Result<Json<List<Alert>>, Problem> {
    page(&app, &caller, &here, params).await
}

/// Lists alerts with their events, newest first: the same as `/api/alerts/`.
#[utoipa::path(
    get,
    path = "/api/dashboard/alerts/",
    operation_id = "list_dashboard_alerts",
    tag = "alerts",
    params(AlertQuery, PageQuery),
    responses((status = 200, description = "A page of alerts", body = List<Alert>)),
)]
pub async fn dashboard_list(
    State(app): State<App>,
    caller: Caller,
    here: Here,
    params: Params,
) -> Result<Json<List<Alert>>, Problem> {
    page(&app, &caller, &here, params).await
}

/// Shows one alert with its event.
#[utoipa::path(
    get,
    path = "/api/alerts/{id}/",
    operation_id = "get_alert",
    tag = "alerts",
    params(("id" = i64, Path, description = "The alert's number")),
    responses(
        (status = 200, description = "The alert; `ETag` is its version", body = Alert),
        (status = 404, description = "No such alert"),
    ),
)]
pub async fn detail(
    State(app): State<App>,
    PathId(id): PathId,
    params: Params,
) -> Result<Response, Problem> {
    params.finish()?;
    let alert = list::get(&app, id).await?;
    Ok(with_etag(&alert, alert.state.version))
}

/// Shows everything that happened to an alert, oldest first.
#[utoipa::path(
    get,
    path = "/api/alerts/{id}/timeline/",
    operation_id = "get_alert_timeline",
    tag = "alerts",
    params(("id" = i64, Path, description = "The alert's number"), PageQuery),
    responses(
        (status = 200, description = "A page of its timeline", body = List<TimelineEntry>),
        (status = 404, description = "No such alert"),
    ),
)]
pub async fn timeline(
    State(app): State<App>,
    PathId(id): PathId,
    here: Here,
    mut params: Params,
) -> Result<Json<List<TimelineEntry>>, Problem> {
    let page = PageRequest::take(&mut params);
    params.finish()?;
    Ok(envelope(&here, list::timeline(&app, id, page).await?))
}

/// Shows the events an alert stands for, newest first: the one that raised it, and those it gathers
/// because their source was beyond its budget of alerts.
#[utoipa::path(
    get,
    path = "/api/alerts/{id}/events/",
    operation_id = "get_alert_events",
    tag = "alerts",
    params(("id" = i64, Path, description = "The alert's number"), PageQuery),
    responses(
        (status = 200, description = "A page of its events", body = List<Event>),
        (status = 404, description = "No such alert"),
    ),
)]
pub async fn gathered(
    State(app): State<App>,
    PathId(id): PathId,
    here: Here,
    mut params: Params,
) -> Result<Json<List<Event>>, Problem> {
    let page = PageRequest::take(&mut params);
    params.finish()?;
    let (count, events) = list::gathered(&app, id, page).await?;
    let id = |event: &Event| event.id.number();
    let count = Count::exactly(count);
    Ok(Json(List::by_id(&here, &page, events, count, None, id)))
}

/// What a request to change an alert brings.
type ChangeRequest = (
    State<App>,
    Caller,
    PathId,
    IfMatch,
    Params,
    Body<AlertChange>,
);

async fn change_alert(request: ChangeRequest) -> Result<Response, Problem> {
    let (State(app), caller, PathId(id), IfMatch(version), params, body) = request;
    params.finish()?;
    let changed = change::change(&app, caller, id, version, body.value).await?;
    let mut response = with_etag(&changed.alert, changed.alert.state.version);
    if let Some(token) = changed
        .undo
        .and_then(|undo| HeaderValue::from_str(&undo.token).ok())
    {
        response.headers_mut().insert("x-undo-token", token);
    }
    Ok(response)
}

/// Changes an alert: status, resolution, note, assignee.
///
/// OPEN → ACKNOWLEDGED → RESOLVED, OPEN → RESOLVED, and back to OPEN from both, which reopens it.
/// The same status again is answered without effect. `If-Match` takes the `version`.
#[utoipa::path(
    patch,
    path = "/api/alerts/{id}/",
    operation_id = "change_alert",
    tag = "alerts",
    params(
        ("id" = i64, Path, description = "The alert's number"),
        ("If-Match" = Option<String>, Header, description = "The version the change is meant for"),
    ),
    request_body(
        content = AlertChange,
        example = json!({"status": "RESOLVED", "resolution": "FALSE_POSITIVE", "note": "a test"}),
    ),
    responses(
        (
            status = 200, description = "The alert as it is now; `ETag` is its version", body = Alert,
            headers(("X-Undo-Token" = String, description = "Takes the change back for 30 seconds by `POST /api/undo/`; absent when nothing changed")),
        ),
        (status = 404, description = "No such alert"),
        (status = 409, description = "Its status does not allow the change"),
        (status = 412, description = "It has another version by now"),
    ),
)]
pub async fn update(
    app: State<App>,
    caller: Caller,
    id: PathId,
    version: IfMatch,
    params: Params,
    body: Body<AlertChange>,
) -> Result<Response, Problem> {
    change_alert((app, caller, id, version, params, body)).await
}

/// Changes an alert: the same as `PATCH /api/alerts/{id}/`.
#[utoipa::path(
    patch,
    path = "/api/alerts/{id}/status/",
    operation_id = "change_alert_status",
    tag = "alerts",
    params(
        ("id" = i64, Path, description = "The alert's number"),
        ("If-Match" = Option<String>, Header, description = "The version the change is meant for"),
    ),
    request_body(content = AlertChange, example = json!({"status": "ACKNOWLEDGED"})),
    responses(
        (
            status = 200, description = "The alert as it is now; `ETag` is its version", body = Alert,
            headers(("X-Undo-Token" = String, description = "Takes the change back for 30 seconds by `POST /api/undo/`; absent when nothing changed")),
        ),
        (status = 404, description = "No such alert"),
        (status = 409, description = "Its status does not allow the change"),
        (status = 412, description = "It has another version by now"),
    ),
)]
pub async fn update_status(
    app: State<App>,
    caller: Caller,
    id: PathId,
    version: IfMatch,
    params: Params,
    body: Body<AlertChange>,
) -> Result<Response, Problem> {
    change_alert((app, caller, id, version, params, body)).await
}

/// Changes an alert: the same as `PATCH /api/alerts/{id}/`.
#[utoipa::path(
    patch,
    path = "/api/dashboard/alerts/{id}/status/",
    operation_id = "change_dashboard_alert_status",
    tag = "alerts",
    params(
        ("id" = i64, Path, description = "The alert's number"),
        ("If-Match" = Option<String>, Header, description = "The version the change is meant for"),
    ),
    request_body(content = AlertChange, example = json!({"status": "ACKNOWLEDGED"})),
    responses(
        (
            status = 200, description = "The alert as it is now; `ETag` is its version", body = Alert,
            headers(("X-Undo-Token" = String, description = "Takes the change back for 30 seconds by `POST /api/undo/`; absent when nothing changed")),
        ),
        (status = 404, description = "No such alert"),
        (status = 409, description = "Its status does not allow the change"),
        (status = 412, description = "It has another version by now"),
    ),
)]
pub async fn dashboard_update_status(
    app: State<App>,
    caller: Caller,
    id: PathId,
    version: IfMatch,
    params: Params,
    body: Body<AlertChange>,
) -> Result<Response, Problem> {
    change_alert((app, caller, id, version, params, body)).await
}

/// A comment to be.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewComment {
    /// 1 to 16,384 characters.
    #[schema(
        min_length = 1,
        max_length = 16_384,
        example = "Asked the owner of fw-01"
    )]
    text: String,
}

/// Comments on an alert.
#[utoipa::path(
    post,
    path = "/api/alerts/{id}/comments/",
    operation_id = "comment_on_alert",
    tag = "alerts",
    params(
        ("id" = i64, Path, description = "The alert's number"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless"),
    ),
    request_body(content = NewComment, example = json!({"text": "Asked the owner of fw-01"})),
    responses(
        (status = 201, description = "The comment, as the timeline shows it", body = TimelineEntry),
        (status = 404, description = "No such alert"),
        (status = 409, description = "The Idempotency-Key was used with another body"),
    ),
)]
pub async fn comment(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    repeat: RepeatKey,
    params: Params,
    body: Body<NewComment>,
) -> Result<Answer, Problem> {
    params.finish()?;
    let route = format!("/api/alerts/{id}/comments/");
    let repeat = repeat.bind(&caller, &route, body.digest);
    Ok(change::comment(&app, caller, repeat, id, body.value.text).await?)
}

/// Exports the alerts a list would show, as a file, streamed.
#[utoipa::path(
    get,
    path = "/api/alerts/export/",
    operation_id = "export_alerts",
    tag = "alerts",
    params(
        ("format" = Option<String>, Query, description = "csv (default) or ndjson"),
        AlertQuery,
    ),
    responses((
        status = 200,
        description = "Every alert that matches: CSV with a header, or one JSON object a line",
        content(
            (String = "text/csv"),
            (String = "application/x-ndjson"),
        ),
    )),
)]
pub async fn export(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let format = params.value::<ExportFormat>("format").unwrap_or_default();
    let filter = AlertFilter::take(&mut params, caller.actor.id(), app.clock.now());
    let ordering = Ordering::take(&mut params);
    params.finish()?;
    Ok(exporting::export(app, filter, ordering, format).await?)
}
