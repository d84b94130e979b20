//! Creating events over HTTP.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use base::Severity;
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::account::Account;
use super::pipeline::{Batch, Places, Prepared, Stored, WriteAnswer};
use super::queue::{Ingest, Ingested};
use super::read::{Content, LineError, Rejected, Take, read_batch};
use super::receive::{BODY_LIMITS, Fate, INLINE_MAX, admit, body_room, default_source, refuse};
use super::refusals::Refusals;
use crate::adapters::Context;
use crate::app::App;
use crate::events::{Event, NewEvent, PackedEvent};
use crate::http::{Caller, FieldErrors, Problem, RawBody, read_body};
use crate::repeats::{Answer, Repeat, RepeatKey};
use crate::sources::{DeadLetter, Sources};

/// What became of a batch: `accepted + rejected` is what it held.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BatchAnswer {
    /// Events stored, those included that were stored before.
    #[schema(example = 998)]
    pub accepted: usize,
    /// Of those, events that were stored before, under the same key of their sender.
    #[schema(example = 0)]
    pub repeated: usize,
    /// Events refused; send them again corrected.
    #[schema(example = 2)]
    pub rejected: usize,
    /// The first thousand refused ones.
    pub errors: Vec<LineError>,
}

/// An event as clients send it; fields it does not list are kept under `attributes`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = EventInput)]
pub struct EventInput {
    /// Who reports it, 1 to 255 characters; also `source`.
    #[schema(example = "fw-01", min_length = 1, max_length = 255)]
    pub source_name: String,
    /// What kind it is: letters, digits, `-`, `_`, `.`, `:`.
    #[schema(
        example = "intrusion",
        min_length = 1,
        max_length = 100,
        pattern = "^[A-Za-z0-9._:-]+$"
    )]
    pub event_type: String,
    /// INFO, LOW, MEDIUM, HIGH or CRITICAL, in any case.
    #[schema(
        example = "HIGH",
        pattern = "^([Ii][Nn][Ff][Oo]|[Ll][Oo][Ww]|[Mm][Ee][Dd][Ii][Uu][Mm]|[Hh][Ii][Gg][Hh]|[Cc][Rr][Ii][Tt][Ii][Cc][Aa][Ll])$"
    )]
    pub severity: String,
    /// What happened, 1 to 16,384 characters.
    #[schema(
        example = "12 failed root logins over SSH",
        min_length = 1,
        max_length = 16_384
    )]
    pub description: String,
    /// The address it is about.
    #[schema(example = "198.51.100.7")]
    pub ip_address: Option<String>,
    /// When it happened (RFC 3339).
    pub occurred_at: Option<base::Timestamp>,
    /// At most 64 words.
    pub tags: Option<Vec<String>>,
    /// Anything else, at most 64 KiB as JSON.
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<serde_json::Value>,
}

/// Stores one event, or a batch as an array or NDJSON; HIGH and CRITICAL raise an alert each.
///
/// One event answers 201 with the stored event. A batch answers 200: the good ones are stored,
/// the bad ones named. 2xx means committed and synced to disk. Bodies may be gzip or zstd.
#[utoipa::path(
    post,
    path = "/api/events/",
    tag = "events",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating key and body gives the first answer again, for 48 hours")),
    request_body(description = "One event, an array of events, or one event a line", content((EventInput = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 201, description = "One event was stored", body = Event),
        (status = 200, description = "A batch was read", body = BatchAnswer),
        (status = 409, description = "The key was used with another body"),
        (status = 413, description = "More than 10,000 events, 8 MiB compressed or 32 MiB unfolded"),
        (status = 415, description = "Neither JSON nor NDJSON, or an encoding other than gzip and zstd"),
    ),
)]
pub async fn create(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
    key: RepeatKey,
    request: Request,
) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let room = body_room(&app, &caller);
    let body = read_body(&parts.headers, body, BODY_LIMITS, room).await?;
    let repeat = key.bind_with(&caller, "/api/events/", || {
        Sha256::digest(&body.bytes).into()
    });
    receive(&app, &ingest, caller, repeat, body).await
}

/// The same as `POST /api/events/`.
#[utoipa::path(
    post,
    path = "/api/events/ingest/",
    tag = "events",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating key and body gives the first answer again, for 48 hours")),
    request_body(description = "One event, an array of events, or one event a line", content((EventInput = "application/json"), (String = "application/x-ndjson"))),
    responses(
        (status = 201, description = "One event was stored", body = Event),
        (status = 200, description = "A batch was read", body = BatchAnswer),
        (status = 409, description = "The key was used with another body"),
        (status = 413, description = "More than 10,000 events, 8 MiB compressed or 32 MiB unfolded"),
        (status = 415, description = "Neither JSON nor NDJSON, or an encoding other than gzip and zstd"),
    ),
)]
pub async fn create_ingest(
    app: State<App>,
    ingest: State<Ingest>,
    caller: Caller,
    key: RepeatKey,
    request: Request,
) -> Result<Response, Problem> {
    create(app, ingest, caller, key, request).await
}

/// Body → events → stored → answer.
async fn receive(
    app: &App,
    ingest: &Ingest,
    caller: Caller,
    repeat: Option<Repeat>,
    body: RawBody,
) -> Result<Response, Problem> {
    let (content, refused) = parse(app, ingest.sources(), &caller, body).await?;
    let content = match content {
        Ok(content) => content,
        Err(problem) => {
            if problem.status() == 400 {
                refuse(app, &caller, Account::open(app, ingest, &[], refused))?;
            }
            return Err(problem);
        }
    };
    let (events, rejected, answer): (_, _, WriteAnswer) = match content {
        Content::Single(event) => (vec![*event], Rejected::default(), answer_single),
        Content::Batch(events, rejected) => (events, rejected, answer_batch),
    };
    let account = Account::open(app, ingest, &events, refused);
    if events.is_empty() {
        refuse(app, &caller, account)?;
        return Ok(answer_batch(&[], &[], &rejected).into_response());
    }
    let batch = Batch {
        caller,
        events,
        repeat,
        answer,
        rejected,
        account: Some(account),
    };
    Ok(match admit(app, ingest, batch).await? {
        Ingested::Stored(batch, stored) => {
            (batch.answer)(&batch.events, &stored, &batch.rejected).into_response()
        }
        Ingested::Repeated(answer) => answer.into_response(),
    })
}

type Parsed = (Result<Content<Prepared>, Problem>, Refusals);

/// Parses, validates and enriches; large bodies on a blocking thread, so that others go on.
async fn parse(
    app: &App,
    sources: &Sources,
    caller: &Caller,
    body: RawBody,
) -> Result<Parsed, Problem> {
    if body.bytes.len() < INLINE_MAX {
        return Ok(prepare(app, sources, caller, &body));
    }
    let (app, sources, caller) = (app.clone(), sources.clone(), caller.clone());
    tokio::task::spawn_blocking(move || prepare(&app, &sources, &caller, &body))
        .await
        .map_err(Problem::internal)
}

fn prepare(app: &App, sources: &Sources, caller: &Caller, body: &RawBody) -> Parsed {
    let source = default_source(caller, "unknown");
    let settings = sources.of(source);
    let mut preparing = Preparing {
        app,
        caller,
        cx: Context {
            now: app.clock.now(),
            bound: caller.actor.bound_source(),
            source,
            profile: &settings.profile,
        },
        places: Places::default(),
        refused: Refusals::default(),
    };
    let content = read_batch(&body.bytes, body.media, &mut preparing);
    (content, preparing.refused)
}

/// Enriches events and keeps what is refused.
struct Preparing<'a> {
    app: &'a App,
    caller: &'a Caller,
    cx: Context<'a>,
    places: Places,
    refused: Refusals,
}

impl Take<Prepared> for Preparing<'_> {
    fn event(&mut self, event: PackedEvent) -> Result<Prepared, FieldErrors> {
        let event = check_source(self.cx.bound, event)?;
        Ok(Prepared::with_places(self.app, &mut self.places, event))
    }

    fn refused(&mut self, index: usize, errors: &FieldErrors, line: &[u8]) {
        let errors = errors.clone();
        let letter = DeadLetter::new(&self.cx, "event", self.caller, index, errors, line);
        self.refused.push(letter);
    }
}

/// A key bound to a source may speak for no other.
fn check_source(bound: Option<&str>, event: PackedEvent) -> Result<PackedEvent, FieldErrors> {
    match bound {
        Some(source) if event.source_name() != source => Err(FieldErrors::from([(
            "source_name".to_owned(),
            vec![format!("this key may only send events of {source:?}")],
        )])),
        _ => Ok(event),
    }
}

fn answer_single(events: &[Prepared], stored: &[Stored], _: &Rejected) -> Answer {
    created(events, stored, |event| event)
}

/// 201 with what is shown of the one event there is.
fn created<T: Serialize>(
    events: &[Prepared],
    stored: &[Stored],
    shown: impl FnOnce(Event) -> T,
) -> Answer {
    let event = events
        .first()
        .zip(stored.first())
        .map(|(event, stored)| event.stored(*stored));
    let location = event
        .as_ref()
        .map(|event| format!("/api/events/{}/", event.id));
    let body = event
        .and_then(|event| serde_json::to_string(&shown(event)).ok())
        .unwrap_or_default();
    Answer {
        status: 201,
        location,
        body,
    }
}

pub(super) fn answer_batch(_: &[Prepared], stored: &[Stored], rejected: &Rejected) -> Answer {
    told(stored, rejected.clone())
}

/// The answer to a batch from what became of each of its records.
pub(super) fn batch_answer(fates: &[Fate]) -> Answer {
    let mut rejected = Rejected::default();
    let mut stored = Vec::with_capacity(fates.len());
    for (place, fate) in fates.iter().enumerate() {
        match fate {
            Fate::Stored(event) => stored.push(*event),
            Fate::Refused(errors) => rejected.push(place, Arc::clone(errors)),
        }
    }
    told(&stored, rejected)
}

fn told(stored: &[Stored], rejected: Rejected) -> Answer {
    let answer = BatchAnswer {
        accepted: stored.len(),
        repeated: stored.iter().filter(|event| event.repeated).count(),
        rejected: rejected.count,
        errors: rejected.errors,
    };
    let body = serde_json::to_string(&answer).unwrap_or_default();
    Answer {
        status: 200,
        location: None,
        body,
    }
}

/// A test event and the alert it raised.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TestEvent {
    /// The event.
    pub event: Event,
    /// The alert's id.
    #[schema(example = 17)]
    pub alert: Option<i64>,
}

/// Makes a CRITICAL test event and the alert it raises.
#[utoipa::path(
    post,
    path = "/api/dashboard/test-api/",
    tag = "dashboard",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating the key gives the first answer again, for 48 hours")),
    responses(
        (status = 201, description = "Event and alert were made", body = TestEvent),
        (status = 409, description = "The first request with this key is still under way"),
    ),
)]
pub async fn test_event(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
    key: RepeatKey,
) -> Result<Response, Problem> {
    let repeat = key.bind_with(&caller, "/api/dashboard/test-api/", || [0; 32]);
    let batch = test_batch(&app, caller, repeat);
    match ingest.store(batch).await? {
        Ingested::Stored(batch, stored) => {
            Ok(answer_test(&batch.events, &stored, &batch.rejected).into_response())
        }
        Ingested::Repeated(answer) => Ok(answer.into_response()),
    }
}

/// Makes a CRITICAL test event; the id of the alert it raised.
///
/// # Errors
/// The queue is full, or the database's fault.
pub async fn raise_test(
    app: &App,
    ingest: &Ingest,
    caller: Caller,
) -> Result<Option<i64>, Problem> {
    let batch = test_batch(app, caller, None);
    Ok(match ingest.store(batch).await? {
        Ingested::Stored(_, stored) => stored.first().and_then(|it| it.alert),
        Ingested::Repeated(_) => None,
    })
}

fn test_batch(app: &App, caller: Caller, repeat: Option<Repeat>) -> Batch {
    let name = caller.actor.name();
    let event = NewEvent {
        source_name: "watchpost".to_owned(),
        event_type: "test".to_owned(),
        severity: Severity::Critical,
        description: format!("Test event, sent by {name} to see that alerts are raised"),
        ip_address: None,
        occurred_at: None,
        tags: vec!["test".to_owned()],
        attributes: None,
    };
    Batch {
        events: vec![Prepared::new(app, event)],
        caller,
        repeat,
        answer: answer_test,
        rejected: Rejected::default(),
        account: None,
    }
}

fn answer_test(events: &[Prepared], stored: &[Stored], _: &Rejected) -> Answer {
    created(events, stored, |event| TestEvent {
        alert: event.alert,
        event,
    })
}
