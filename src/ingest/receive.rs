//! Records of other programs: read by their format, stored, and each one's fate told.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use axum::extract::Request;
use bytes::Bytes;

use super::api::{BODY_LIMITS, INLINE_MAX, body_room, spend};
use super::event_keys::EventKey;
use super::pipeline::{Batch, Places, Prepared, Stored, WriteAnswer};
use super::queue::{Ingest, Ingested};
use super::read::{BATCH_MAX, Rejected};
use crate::adapters::{self, Body, Context, Read, Sink};
use crate::app::App;
use crate::http::{Actor, BodyRoom, Caller, FieldErrors, Problem, essence, read_bytes};
use crate::repeats::{Answer, Repeat};
use crate::sources::{DeadLetter, Outcome, Sources};

/// A request as it came, body decompressed.
#[derive(Debug)]
pub(super) struct Arrived {
    pub(super) caller: Caller,
    pub(super) bytes: Bytes,
    pub(super) media: String,
    pub(super) repeat: Option<Repeat>,
    /// The room the body takes.
    pub(super) room: BodyRoom,
}

/// What became of one record.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    Stored(Stored),
    Refused(FieldErrors),
}

/// What became of a request.
pub(super) enum Received {
    /// Of each record, in their order.
    Fates(Vec<Fate>),
    /// It was answered before.
    Repeated(Answer),
}

impl Arrived {
    /// Reads the body of a request.
    pub(super) async fn read(app: &App, caller: Caller, request: Request) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let room = body_room(app, &caller);
        let (bytes, room) = read_bytes(&parts.headers, body, BODY_LIMITS, room).await?;
        Ok(Self {
            caller,
            bytes,
            media: essence(&parts.headers),
            repeat: None,
            room,
        })
    }
}

/// Records as their format read them.
#[derive(Default)]
struct Records {
    /// For each record in order whether it is good.
    order: Vec<bool>,
    good: Vec<Prepared>,
    bad: Vec<DeadLetter>,
}

/// Reads a body with `read` and stores what is good of it; `format` names it.
///
/// # Errors
/// 400 when the body as a whole cannot be read, 413 for more than 10,000 records, 429 and 503
/// when there is no allowance or no room: nothing was stored then.
pub(super) async fn receive<R>(
    app: &App,
    ingest: &Ingest,
    arrived: Arrived,
    format: &'static str,
    answer: WriteAnswer,
    read: R,
) -> Result<Received, Problem>
where
    R: FnOnce(&Body<'_>, &Context<'_>, &mut Sink<'_>) -> Result<(), String> + Send + 'static,
{
    let Arrived {
        caller,
        bytes,
        media,
        repeat,
        room: _room,
    } = arrived;
    let large = bytes.len() >= INLINE_MAX;
    let body = {
        let (app, caller, sources) = (app.clone(), caller.clone(), ingest.sources().clone());
        move || {
            let body = Body {
                bytes: &bytes,
                media: &media,
            };
            records(&app, &sources, &caller, format, &body, read)
        }
    };
    let records = if large {
        tokio::task::spawn_blocking(body)
            .await
            .map_err(Problem::internal)??
    } else {
        body()?
    };
    store(app, ingest, caller, records, repeat, answer).await
}

/// The source of records that name none: the sender's own, else the sender's name.
pub(super) fn default_source<'a>(caller: &'a Caller, format: &'a str) -> &'a str {
    match &caller.actor {
        Actor::Key { source, name, .. } => source.as_deref().unwrap_or(name),
        _ => format,
    }
}

fn records(
    app: &App,
    sources: &Sources,
    caller: &Caller,
    format: &'static str,
    body: &Body<'_>,
    read: impl FnOnce(&Body<'_>, &Context<'_>, &mut Sink<'_>) -> Result<(), String>,
) -> Result<Records, Problem> {
    let source = default_source(caller, format);
    let settings = sources.of(source);
    let cx = Context {
        now: app.clock.now(),
        bound: caller.actor.bound_source(),
        source,
        profile: &settings.profile,
    };
    let sender = match (cx.bound, caller.actor.id()) {
        (Some(source), _) => format!("source {source}"),
        (None, id) => format!("{} {}", caller.actor.kind(), id.unwrap_or(0)),
    };
    let scope = format!("{format} {sender}");
    let mut places = Places::default();
    let mut records = Records::default();
    let mut too_many = false;
    let mut sink = |read: Read, bytes: &[u8]| {
        if records.order.len() >= BATCH_MAX {
            too_many = true;
            return ControlFlow::Break(());
        }
        let most = settings.record_max.unwrap_or(usize::MAX);
        let read = if bytes.len() > most {
            let what = format!("a record of this source has at most {most} bytes");
            Err(adapters::refused("record", what))
        } else {
            read
        };
        records.order.push(read.is_ok());
        match read {
            Ok(reading) => {
                let key = |key: Option<String>| key.map(|key| EventKey::new(&scope, &key));
                let keys = (key(reading.key), key(reading.closes));
                let ongoing = key(reading.ongoing);
                let event = Prepared::with_places(app, &mut places, reading.event);
                records
                    .good
                    .push(event.with_keys(keys.0, keys.1).with_ongoing(ongoing));
            }
            Err(errors) => {
                let place = records.order.len().saturating_sub(1);
                let letter = DeadLetter::new(&cx, format, caller, place, errors, bytes);
                records.bad.push(letter);
            }
        }
        ControlFlow::Continue(())
    };
    read(body, &cx, &mut sink).map_err(|what| Problem::field("body", what))?;
    if too_many {
        return Err(Problem::too_large(format!(
            "a request has at most {BATCH_MAX} events; nothing was stored"
        )));
    }
    Ok(records)
}

async fn store(
    app: &App,
    ingest: &Ingest,
    caller: Caller,
    records: Records,
    repeat: Option<Repeat>,
    answer: WriteAnswer,
) -> Result<Received, Problem> {
    let Records { order, good, bad } = records;
    let account = Account::of(&good, &bad);
    let mut rejected = Rejected::default();
    for letter in &bad {
        rejected.push(letter.place, letter.errors.clone());
    }
    let stored = if good.is_empty() {
        Vec::new()
    } else {
        let batch = Batch {
            caller,
            events: good,
            repeat,
            answer,
            rejected,
        };
        match admit(app, ingest, batch).await {
            Ok(Ingested::Stored(batch, stored)) => {
                account.accepted(app, ingest.sources(), &batch.events, &stored);
                stored
            }
            Ok(Ingested::Repeated(answer)) => {
                account.answered_before(app, ingest.sources());
                return Ok(Received::Repeated(answer));
            }
            Err(problem) => {
                account.throttled(app, ingest.sources());
                return Err(problem);
            }
        }
    };
    let errors: Vec<FieldErrors> = bad.iter().map(|letter| letter.errors.clone()).collect();
    account.rejected(app, ingest.sources());
    ingest.sources().dead_letters().push(bad);
    let (mut stored, mut errors) = (stored.into_iter(), errors.into_iter());
    let fates = order.into_iter().filter_map(|good| {
        if good {
            stored.next().map(Fate::Stored)
        } else {
            errors.next().map(Fate::Refused)
        }
    });
    Ok(Received::Fates(fates.collect()))
}

/// Takes a batch out of the allowances of its sender and of its sources, and stores it.
pub(super) async fn admit(app: &App, ingest: &Ingest, batch: Batch) -> Result<Ingested, Problem> {
    spend(app, &batch.caller, batch.events.len())?;
    if ingest.sources().any_described() {
        let now = app.clock.now();
        for (source, n) in tally(batch.events.iter().map(|event| event.names().0)) {
            let n = u32::try_from(n).unwrap_or(u32::MAX);
            ingest.sources().take(&source, n, now).map_err(|seconds| {
                let what = format!(
                    "the source {source:?} sent more events than its rate allows; nothing was stored"
                );
                Problem::too_many(what, seconds)
            })?;
        }
    }
    Ok(ingest.store(batch).await?)
}

/// How many records of a request are of which source.
pub(super) struct Account {
    good: BTreeMap<String, u64>,
    bad: BTreeMap<String, u64>,
}

impl Account {
    pub(super) fn of(good: &[Prepared], bad: &[DeadLetter]) -> Self {
        Self {
            good: tally(good.iter().map(|event| event.names().0)),
            bad: tally(bad.iter().map(|letter| letter.source.as_str())),
        }
    }

    /// Counts what was acknowledged.
    pub(super) fn accepted(
        &self,
        app: &App,
        sources: &Sources,
        events: &[Prepared],
        stored: &[Stored],
    ) {
        let now = app.clock.now();
        for (source, n) in &self.good {
            sources.counters().add(source, Outcome::Accepted, *n, now);
        }
        let repeated = events.iter().zip(stored);
        let repeated = repeated.filter(|(_, stored)| stored.repeated);
        for (source, n) in tally(repeated.map(|(event, _)| event.names().0)) {
            sources.counters().add(&source, Outcome::Repeated, n, now);
        }
    }

    /// Counts a whole request that was answered before.
    pub(super) fn answered_before(&self, app: &App, sources: &Sources) {
        let now = app.clock.now();
        for (source, n) in &self.good {
            sources.counters().add(source, Outcome::Accepted, *n, now);
            sources.counters().add(source, Outcome::Repeated, *n, now);
        }
        self.rejected(app, sources);
    }

    /// Counts what can never be stored.
    pub(super) fn rejected(&self, app: &App, sources: &Sources) {
        let now = app.clock.now();
        for (source, n) in &self.bad {
            app.metrics.rejected(*n);
            sources.counters().add(source, Outcome::Rejected, *n, now);
        }
    }

    /// Counts a whole request that found no room or allowance: its sender sends all of it again.
    pub(super) fn throttled(&self, app: &App, sources: &Sources) {
        let now = app.clock.now();
        for (source, n) in self.good.iter().chain(&self.bad) {
            sources.counters().add(source, Outcome::Throttled, *n, now);
        }
    }
}

/// Counts events that were stored past a request: by the command line.
pub fn count_stored(app: &App, ingest: &Ingest, events: &[Prepared], stored: &[Stored]) {
    Account::of(events, &[]).accepted(app, ingest.sources(), events, stored);
}

fn tally<'a>(names: impl Iterator<Item = &'a str>) -> BTreeMap<String, u64> {
    let mut tally: BTreeMap<String, u64> = BTreeMap::new();
    for name in names {
        match tally.get_mut(name) {
            Some(n) => *n = n.saturating_add(1),
            None => drop(tally.insert(name.to_owned(), 1)),
        }
    }
    tally
}
