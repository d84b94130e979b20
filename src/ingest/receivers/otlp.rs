//! OpenTelemetry logs over HTTP (OTLP/HTTP), as its specification has it: answers and errors in the
//! encoding of the request. `http::dialect` writes the errors.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header;
use prost::Message as _;
use serde::Serialize;

use crate::adapters::otlp;
use crate::app::App;
use crate::http::{Caller, FieldErrors, Problem};
use crate::ingest::Ingest;
use crate::ingest::receive::{Arrived, Fate, receive};

/// Refused records whose reasons are told.
const REASONS_MAX: usize = 8;

/// `ExportLogsServiceResponse`.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize)]
struct ExportLogsServiceResponse {
    #[prost(message, optional, tag = "1")]
    #[serde(rename = "partialSuccess", skip_serializing_if = "Option::is_none")]
    partial_success: Option<PartialSuccess>,
}

/// `ExportLogsPartialSuccess`.
#[derive(Clone, PartialEq, Eq, prost::Message, Serialize)]
#[serde(rename_all = "camelCase")]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    #[serde(serialize_with = "as_text")]
    rejected_log_records: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// The JSON form writes 64-bit numbers as texts.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
fn as_text<S: serde::Serializer>(number: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}

/// Takes logs of OpenTelemetry exporters and collectors, also at `/v1/logs`.
///
/// Records that cannot be stored are counted in `partialSuccess`; the others are stored.
#[utoipa::path(
    post,
    path = "/api/ingest/otlp/v1/logs/",
    tag = "ingest",
    operation_id = "otlp_logs",
    request_body(
        description = "ExportLogsServiceRequest, as protobuf or JSON",
        content((Object = "application/x-protobuf"), (Object = "application/json")),
    ),
    responses(
        (status = 200, description = "ExportLogsServiceResponse, in the request's encoding"),
        (status = 400, description = "No such request, as google.rpc.Status in the request's encoding; nothing was stored"),
        (status = 413, description = "More than 50,000 records, 8 MiB compressed or 32 MiB unfolded"),
        (status = 415, description = "Neither protobuf nor JSON"),
        (status = 503, description = "No room at the moment; send it again"),
    ),
)]
pub async fn logs(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let arrived = Arrived::read(&app, caller, request).await?;
    let known = matches!(
        arrived.media.as_str(),
        "application/x-protobuf" | "application/protobuf" | "application/json" | ""
    );
    if !known {
        return Err(Problem::media_type(
            "send Content-Type: application/x-protobuf or application/json",
        ));
    }
    let body = crate::adapters::Body {
        bytes: &arrived.bytes,
        media: &arrived.media,
    };
    let is_json = otlp::is_json(&body);
    receive(&app, &ingest, arrived, "otlp", otlp::read, |fates| {
        Ok(answer(fates, is_json))
    })
    .await
}

fn answer(fates: &[Fate], is_json: bool) -> Response {
    let answer = ExportLogsServiceResponse {
        partial_success: partial(fates),
    };
    if is_json {
        Json(answer).into_response()
    } else {
        let media = [(header::CONTENT_TYPE, "application/x-protobuf")];
        (media, answer.encode_to_vec()).into_response()
    }
}

/// What was refused; nothing where everything was stored.
fn partial(fates: &[Fate]) -> Option<PartialSuccess> {
    let refused = fates
        .iter()
        .enumerate()
        .filter_map(|(place, fate)| match fate {
            Fate::Refused(errors) => Some((place, &**errors)),
            Fate::Stored(_) => None,
        });
    let refused: Vec<(usize, &FieldErrors)> = refused.collect();
    if refused.is_empty() {
        return None;
    }
    let reasons: Vec<String> = refused
        .iter()
        .take(REASONS_MAX)
        .flat_map(|(place, errors)| {
            errors
                .iter()
                .map(move |(field, what)| format!("record {place}, {field}: {}", what.join(", ")))
        })
        .collect();
    Some(PartialSuccess {
        rejected_log_records: i64::try_from(refused.len()).unwrap_or(i64::MAX),
        error_message: reasons.join("; "),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters;

    #[test]
    fn what_was_refused_is_told_in_both_encodings() {
        let refused = adapters::refused("body", "nested deeper than 24");
        let fates = [Fate::Refused(refused.into())];
        let partial = partial(&fates).unwrap();
        assert_eq!(partial.rejected_log_records, 1);
        let answer = ExportLogsServiceResponse {
            partial_success: Some(partial),
        };
        assert_eq!(
            serde_json::to_string(&answer).unwrap(),
            r#"{"partialSuccess":{"rejectedLogRecords":"1","errorMessage":"record 0, body: nested deeper than 24"}}"#
        );
        let bytes = answer.encode_to_vec();
        assert_eq!(ExportLogsServiceResponse::decode(&*bytes).unwrap(), answer);
    }

    #[test]
    fn success_is_an_empty_answer() {
        let answer = ExportLogsServiceResponse {
            partial_success: partial(&[]),
        };
        assert_eq!(serde_json::to_string(&answer).unwrap(), "{}");
        assert!(answer.encode_to_vec().is_empty());
    }
}
