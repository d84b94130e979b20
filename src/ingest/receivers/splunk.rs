//! Splunk's HTTP Event Collector: events, lines, health, acknowledgements.
//!
//! Its senders read `code` and `text` of the answer. Errors of whole requests that have nothing to
//! do with the events are written in that form by `http::dialect`.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::adapters::splunk::{BLANK, EVENT, Metadata, REQUIRED, read_events, read_raw};
use crate::adapters::{Body, BodyError, Context, Sink};
use crate::app::App;
use crate::http::{Caller, FieldErrors, Problem};
use crate::ingest::Ingest;
use crate::ingest::receive::{Arrived, Fate, receive};

/// Most acknowledgements asked for at once.
const ACKS_MAX: usize = 10_000;
/// Longest such question, in bytes: 1 MiB.
const ACK_BODY_MAX: usize = 1024 * 1024;

/// An answer of the collector.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct HecAnswer {
    /// The code in words.
    #[schema(example = "Success")]
    pub text: &'static str,
    /// Splunk's code; 0 is success.
    #[schema(example = 0)]
    pub code: u16,
    /// What to ask `/ack` for, when the request named a channel.
    #[serde(rename = "ackId", skip_serializing_if = "Option::is_none")]
    pub ack_id: Option<i64>,
    /// The first event that was refused, from 0.
    #[serde(
        rename = "invalid-event-number",
        skip_serializing_if = "Option::is_none"
    )]
    pub invalid_event_number: Option<usize>,
    /// How many were refused, when others were stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rejected: Option<usize>,
    /// What is wrong with the first one refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Takes events of Splunk's senders; also at `/services/collector/event`.
///
/// Objects one behind the other, each with `event`, and `time`, `host`, `source`, `sourcetype`,
/// `index`, `fields` as far as known. When some can be read and others cannot, those that can are
/// stored and the answer is a success that counts the others.
#[utoipa::path(
    post,
    path = "/api/ingest/splunk/event/",
    tag = "ingest",
    operation_id = "splunk_event",
    params(("channel" = Option<String>, Query, description = "Or X-Splunk-Request-Channel: the answer has an ackId then")),
    request_body(description = "Events one behind the other; any or no media type", content((Object = "application/json"))),
    responses(
        (status = 200, description = "Stored", body = HecAnswer),
        (status = 400, description = "No event of it can be stored, by Splunk's codes 5, 6, 12, 13 and 15, in its form"),
    ),
)]
pub async fn event(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    collect(&app, &ingest, caller, request, read_events).await
}

/// Takes lines of text, one an event; also at `/services/collector/raw`.
#[utoipa::path(
    post,
    path = "/api/ingest/splunk/raw/",
    tag = "ingest",
    operation_id = "splunk_raw",
    params(
        ("host" = Option<String>, Query, description = "Where they happened"),
        ("source" = Option<String>, Query, description = "The file or stream they are from"),
        ("sourcetype" = Option<String>, Query, description = "How they are written"),
        ("channel" = Option<String>, Query, description = "Or X-Splunk-Request-Channel: the answer has an ackId then"),
    ),
    request_body(description = "Lines", content((String = "text/plain"))),
    responses(
        (status = 200, description = "Stored", body = HecAnswer),
        (status = 400, description = "No line of it can be stored, in Splunk's form"),
    ),
)]
pub async fn raw(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    collect(&app, &ingest, caller, request, read_raw).await
}

/// Says whether there is room for events; also at `/services/collector/health`.
#[utoipa::path(
    get,
    path = "/api/ingest/splunk/health/",
    tag = "ingest",
    operation_id = "splunk_health",
    responses(
        (status = 200, description = "There is", body = HecAnswer),
        (status = 503, description = "There is none at the moment, in Splunk's form"),
    ),
)]
pub async fn health(State(ingest): State<Ingest>) -> Response {
    if ingest.waiting() < Ingest::room() {
        told(StatusCode::OK, &plain(17, "HEC is healthy"))
    } else {
        let answer = plain(18, "HEC is unhealthy, queues are full");
        let soon = [(header::RETRY_AFTER, "1")];
        (soon, told(StatusCode::SERVICE_UNAVAILABLE, &answer)).into_response()
    }
}

/// What a sender asks about: the `ackId`s it was given.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
pub struct AckQuestion {
    /// At most 10,000.
    pub acks: Vec<i64>,
}

/// What is known of them.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AckAnswer {
    /// All of them are stored: nothing is acknowledged before.
    pub acks: std::collections::BTreeMap<i64, bool>,
}

/// Says which requests are stored; also at `/services/collector/ack`. All are: an `ackId` is given
/// after the commit.
#[utoipa::path(
    post,
    path = "/api/ingest/splunk/ack/",
    tag = "ingest",
    operation_id = "splunk_ack",
    params(("channel" = Option<String>, Query, description = "Passed over")),
    request_body(content((AckQuestion = "application/json"))),
    responses((status = 200, description = "Whether each is stored", body = AckAnswer)),
)]
pub async fn ack(
    State(app): State<App>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let arrived = Arrived::read(&app, caller, request).await?;
    if arrived.bytes.len() > ACK_BODY_MAX {
        return Err(Problem::too_large(format!("at most {ACK_BODY_MAX} bytes")));
    }
    // Whatever its media type: senders rarely name one.
    let question: AckQuestion = serde_json::from_slice(&arrived.bytes)
        .map_err(|error| Problem::malformed(format!("no list of acks: {error}")))?;
    if question.acks.len() > ACKS_MAX {
        return Err(Problem::field("acks", format!("at most {ACKS_MAX}")));
    }
    let acks = question.acks.into_iter().map(|ack| (ack, true)).collect();
    Ok(told(StatusCode::OK, &AckAnswer { acks }))
}

type ReadBody = fn(&[u8], &Metadata, &Context<'_>, &mut Sink<'_>) -> Result<(), BodyError>;

async fn collect(
    app: &App,
    ingest: &Ingest,
    caller: Caller,
    request: Request,
    read: ReadBody,
) -> Result<Response, Problem> {
    let mut known = Metadata::default();
    let mut channel = request.headers().contains_key("x-splunk-request-channel");
    let query = request.uri().query().unwrap_or_default();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        channel |= name == "channel";
        known.take(&name, &value);
    }
    let arrived = Arrived::read(app, caller, request).await?;
    if arrived.bytes.trim_ascii().is_empty() {
        return Ok(told(StatusCode::BAD_REQUEST, &plain(5, "No data")));
    }
    let read = move |body: &Body<'_>, cx: &Context<'_>, sink: &mut Sink<'_>| {
        read(body.bytes, &known, cx, sink)
    };
    receive(app, ingest, arrived, "splunk", read, |fates| {
        Ok(outcome(fates, channel))
    })
    .await
}

/// One answer for all: a request of which anything was stored must not come again.
fn outcome(fates: &[Fate], channel: bool) -> Response {
    let stored = fates.iter().find_map(|fate| match fate {
        Fate::Stored(stored) => Some(stored.id),
        Fate::Refused(_) => None,
    });
    let mut refused = fates
        .iter()
        .enumerate()
        .filter_map(|(at, fate)| match fate {
            Fate::Stored(_) => None,
            Fate::Refused(errors) => Some((at, errors)),
        });
    let first = refused.next();
    let mut answer = match (stored, first) {
        (None, Some((_, errors))) => {
            let (code, text) = code_of(errors);
            plain(code, text)
        }
        _ => plain(0, "Success"),
    };
    if let Some((at, errors)) = first {
        answer.invalid_event_number = Some(at);
        answer.detail = errors
            .iter()
            .next()
            .map(|(field, what)| format!("{field}: {}", what.join(", ")));
    }
    match stored {
        Some(id) => {
            answer.rejected = first.map(|_| refused.count().saturating_add(1));
            // The number of an event is never given twice, and nothing has to be remembered.
            answer.ack_id = channel.then(|| id.number());
            told(StatusCode::OK, &answer)
        }
        None => told(StatusCode::BAD_REQUEST, &answer),
    }
}

fn code_of(errors: &FieldErrors) -> (u16, &'static str) {
    let says = |field: &str, what: &str| {
        let said = errors.get(field).and_then(|all| all.first());
        said.is_some_and(|said| said == what)
    };
    if says(EVENT, REQUIRED) {
        (12, "Event field is required")
    } else if says(EVENT, BLANK) {
        (13, "Event field cannot be blank")
    } else if errors.contains_key("fields") {
        (15, "Error in handling indexed fields")
    } else {
        (6, "Invalid data format")
    }
}

const fn plain(code: u16, text: &'static str) -> HecAnswer {
    HecAnswer {
        text,
        code,
        ack_id: None,
        invalid_event_number: None,
        rejected: None,
        detail: None,
    }
}

fn told(status: StatusCode, answer: &impl Serialize) -> Response {
    (status, Json(answer)).into_response()
}
