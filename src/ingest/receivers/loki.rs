//! Loki's push API.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};

use crate::adapters::Body;
use crate::adapters::loki::{FORMAT, UNPACKED_MAX, is_packed, unpacked_length};
use crate::app::App;
use crate::http::{Caller, FieldErrors, Problem};
use crate::ingest::Ingest;
use crate::ingest::receive::{Arrived, Fate, receive};

/// Takes the streams of Loki's senders; also at `/loki/api/v1/push`.
///
/// JSON, or protobuf in Snappy. An entry that comes again with the same labels, time and line
/// within 48 hours is stored once. When some entries can be read and others cannot, those that can
/// are stored and the answer is 204; the others are kept among the rejected records.
#[utoipa::path(
    post,
    path = "/api/ingest/loki/push/",
    tag = "ingest",
    operation_id = "loki_push",
    request_body(description = "A push request of Loki", content((Object = "application/json"), (Vec<u8> = "application/x-protobuf"))),
    responses(
        (status = 204, description = "Stored"),
        (status = 400, description = "No push, or no entry of it can be stored; the reason in plain text"),
        (status = 413, description = "More than 50,000 entries, 8 MiB compressed or 32 MiB unfolded"),
    ),
)]
pub async fn push(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
    mut request: Request,
) -> Result<Response, Problem> {
    // Some name the Snappy of the protobuf here too; it is a part of the format, not of HTTP.
    let encoding = request.headers().get(header::CONTENT_ENCODING);
    if encoding.is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"snappy")) {
        request.headers_mut().remove(header::CONTENT_ENCODING);
    }
    let mut arrived = Arrived::read(&app, caller, request).await?;
    let body = Body {
        bytes: &arrived.bytes,
        media: &arrived.media,
    };
    if is_packed(&body) {
        let length =
            unpacked_length(&arrived.bytes).map_err(|what| Problem::field("body", what))?;
        if length > UNPACKED_MAX {
            return Err(Problem::too_large(format!(
                "unpacks to more than {UNPACKED_MAX} bytes; nothing was stored"
            )));
        }
        arrived
            .room
            .hold(length.saturating_add(arrived.bytes.len()))?;
    }
    let name = FORMAT.name;
    receive(&app, &ingest, arrived, name, FORMAT.read, outcome).await
}

/// One answer for all: a push of which anything was stored must not come again.
fn outcome(fates: &[Fate]) -> Result<Response, Problem> {
    let stored = fates.iter().any(|fate| matches!(fate, Fate::Stored(_)));
    let refused = fates.iter().find_map(|fate| match fate {
        Fate::Stored(_) => None,
        Fate::Refused(errors) => Some(errors),
    });
    match refused {
        Some(errors) if !stored => Err(Problem::validation(FieldErrors::clone(errors))),
        _ => Ok(StatusCode::NO_CONTENT.into_response()),
    }
}
