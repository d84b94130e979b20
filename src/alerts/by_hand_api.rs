//! Raising alerts by hand over HTTP.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use axum::extract::State;
use base::EventId;

use super::by_hand::{self, AlertByHand};
use super::model::Alert;
use crate::app::App;
use crate::http::{Caller, Json as Body, Params, PathId, Problem};
use crate::repeats::{Answer, RepeatKey};

/// Raises an alert from an event that has none.
///
/// Severity and title may differ from the event's; those that do stay when the event is changed.
#[utoipa::path(
    post,
    path = "/api/events/{id}/alert/",
    operation_id = "raise_alert",
    tag = "alerts",
    params(
        ("id" = i64, Path, description = "The event's id"),
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless"),
    ),
    request_body(
        content = AlertByHand,
        example = json!({"severity": "HIGH", "assigned_to": "me", "note": "He is on leave"}),
    ),
    responses(
        (status = 201, description = "The alert; `Location` is its address", body = Alert),
        (status = 404, description = "No such event"),
        (status = 409, description = "The event has an alert already, or the Idempotency-Key was used with another body"),
    ),
)]
pub async fn raise(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    repeat: RepeatKey,
    params: Params,
    body: Body<AlertByHand>,
) -> Result<Answer, Problem> {
    params.finish()?;
    let route = format!("/api/events/{id}/alert/");
    let repeat = repeat.bind(&caller, &route, body.digest);
    let event = EventId::new(id);
    Ok(by_hand::raise_by_hand(&app, caller, repeat, event, body.value).await?)
}
