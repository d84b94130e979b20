//! `POST /api/ingest/NAME/`: a body of records in one of the formats, or in any of them.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use crate::adapters::{FORMATS, Format};
use crate::app::App;
use crate::http::{Caller, Problem};
use crate::ingest::Ingest;
use crate::ingest::api::{BatchAnswer, batch_answer};
use crate::ingest::receive::{Arrived, default_source, receive};
use crate::repeats::RepeatKey;

/// Takes records of other programs, by the format of the key's source.
///
/// Without a described source each record says by its members what it is. A record that cannot be
/// read is named in the answer and kept among the rejected records; the others are stored.
#[utoipa::path(
    post,
    path = "/api/ingest/",
    tag = "ingest",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating key and body gives the first answer again, for 48 hours")),
    request_body(description = "JSON of any make: one object, an array, one a line, or one behind the other", content((Object = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "What became of the records", body = BatchAnswer),
        (status = 409, description = "The Idempotency-Key was used with another body"),
        (status = 413, description = "More than 50,000 records, 8 MiB compressed or 32 MiB unfolded"),
        (status = 503, description = "No room at the moment; send it again"),
    ),
)]
pub async fn any(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
    key: RepeatKey,
    request: Request,
) -> Result<Response, Problem> {
    let settings = ingest.sources().of(default_source(&caller, "json"));
    let kind = settings.kind.as_deref().unwrap_or("json");
    named(&app, &ingest, caller, key, request, kind).await
}

/// Takes records of other programs in the named format.
#[utoipa::path(
    post,
    path = "/api/ingest/{format}/",
    tag = "ingest",
    params(
        ("format" = String, Path, description = "json, suricata, wazuh, crowdsec, falco, alertmanager, cloudtrail, guardduty, ocsf, zeek, windows, syslog, cef, leef, keyvalue"),
        ("Idempotency-Key" = Option<String>, Header, description = "Repeating key and body gives the first answer again, for 48 hours"),
    ),
    request_body(description = "Records in that format", content((Object = "application/json"), (String = "application/x-ndjson"), (String = "text/plain"))),
    responses(
        (status = 200, description = "What became of the records", body = BatchAnswer),
        (status = 404, description = "No such format"),
        (status = 409, description = "The Idempotency-Key was used with another body"),
        (status = 413, description = "More than 50,000 records, 8 MiB compressed or 32 MiB unfolded"),
        (status = 503, description = "No room at the moment; send it again"),
    ),
)]
pub async fn one(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    Path(name): Path<String>,
    caller: Caller,
    key: RepeatKey,
    request: Request,
) -> Result<Response, Problem> {
    named(&app, &ingest, caller, key, request, &name).await
}

async fn named(
    app: &App,
    ingest: &Ingest,
    caller: Caller,
    key: RepeatKey,
    request: Request,
    name: &str,
) -> Result<Response, Problem> {
    let Some(format) = Format::named(name) else {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        return Err(Problem::not_found(format!(
            "no such format; there are {}",
            names.join(", ")
        )));
    };
    let mut arrived = Arrived::read(app, caller, request).await?;
    arrived.repeat = key.bind_with(
        &arrived.caller,
        &format!("/api/ingest/{}/", format.name),
        || Sha256::digest(&arrived.bytes).into(),
    );
    receive(app, ingest, arrived, format.name, format.read, |fates| {
        Ok(batch_answer(fates).into_response())
    })
    .await
}
