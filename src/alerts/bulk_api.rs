//! Changing many alerts at once, and taking changes back, over HTTP.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use axum::Json;
use axum::extract::State;
use serde::Deserialize;

use super::bulk::{self as bulks, BulkOutcome, BulkRequest};
use super::undo::{self as undos, Undone};
use crate::app::App;
use crate::http::{Caller, Json as Body, Params, Problem};
use crate::repeats::RepeatKey;

/// Does one action on many alerts.
///
/// Alerts are named by `ids`, or by a `filter` with the number of them expected. Each is changed
/// by the rules of one change; those that cannot be are named in `failed`, the others are changed
/// all the same.
#[utoipa::path(
    post,
    path = "/api/alerts/bulk/",
    operation_id = "change_alerts",
    tag = "alerts",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless"),
    ),
    request_body(
        content = BulkRequest,
        examples(
            ("ids" = (summary = "By number", value = json!({
                "ids": [4812, 4815], "action": "resolve", "resolution": "BENIGN_POSITIVE",
                "note": "Port scan of our own",
            }))),
            ("filter" = (summary = "All that match", value = json!({
                "filter": {"severity": "HIGH", "source_name": "fw-01", "status": "OPEN"},
                "expect_count": 140, "action": "acknowledge",
            }))),
        ),
    ),
    responses(
        (status = 200, description = "What became of each", body = BulkOutcome),
        (status = 409, description = "The filter finds another number of alerts, or the Idempotency-Key was used with another body"),
    ),
)]
pub async fn bulk(
    State(app): State<App>,
    caller: Caller,
    repeat: RepeatKey,
    params: Params,
    body: Body<BulkRequest>,
) -> Result<Json<BulkOutcome>, Problem> {
    params.finish()?;
    let repeat = repeat.bind(&caller, "/api/alerts/bulk/", body.digest);
    let outcome = bulks::bulk(&app, caller, repeat, body.value).await?;
    Ok(Json(outcome))
}

/// What is to be taken back.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UndoRequest {
    /// From `undo_token` of a bulk change, or the `X-Undo-Token` of a change.
    #[schema(example = "q0Jb3k0dT5yGXzXW0m3v6Q")]
    undo_token: String,
}

/// Takes a change back, within 30 seconds, by whoever made it.
///
/// Each alert is put back as it was, as a change of its own that the timeline and the activity
/// log tell of; one that somebody changed since is left alone.
#[utoipa::path(
    post,
    path = "/api/undo/",
    operation_id = "undo_change",
    tag = "alerts",
    request_body(content = UndoRequest, example = json!({"undo_token": "q0Jb3k0dT5yGXzXW0m3v6Q"})),
    responses(
        (status = 200, description = "What was taken back", body = Undone),
        (status = 410, description = "The token was used, is older than 30 seconds, or is another person's"),
    ),
)]
pub async fn undo(
    State(app): State<App>,
    caller: Caller,
    params: Params,
    body: Body<UndoRequest>,
) -> Result<Json<Undone>, Problem> {
    params.finish()?;
    Ok(Json(
        undos::undo(&app, caller, &body.value.undo_token).await?,
    ))
}
