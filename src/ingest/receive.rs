//! Records of other programs: read by their format, stored, and each one's fate told.

use std::ops::ControlFlow;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

use super::account::Account;
use super::api::answer_batch;
use super::event_keys::EventKey;
use super::pipeline::{Batch, Places, Prepared, Stored};
use super::queue::{Ingest, Ingested};
use super::read::Rejected;
use super::refusals::Refusals;
use crate::adapters::{Body, BodyError, Context, Read, Sink};
use crate::app::App;
use crate::http::{Actor, BodyLimits, BodyRoom, Caller, FieldErrors, Problem, essence, read_bytes};
use crate::limits::network_of;
use crate::repeats::{Answer, Repeat};
use crate::sources::{DeadLetter, Sources};

/// Most records of a request. Shippers count their batches in bytes, and give up what is refused.
const RECORDS_MAX: usize = 50_000;
/// Bytes of a request's events together, as they wait: labels that all records share are in each.
const EVENTS_MAX: usize = 64 << 20;

/// Bytes a record has that is rather short, by which the room for a request's events is reckoned.
const SHORT: usize = 256;

/// How large a body of events may be: 8 MiB compressed, 32 MiB unfolded or as it is.
pub(super) const BODY_LIMITS: BodyLimits = BodyLimits {
    compressed: 8 << 20,
    decompressed: 32 << 20,
};
/// Bodies from this size on are parsed on a blocking thread.
pub(super) const INLINE_MAX: usize = 64 * 1024;

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
    Refused(Arc<FieldErrors>),
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

/// Room for a large body, out of what all senders share.
pub(super) fn body_room(app: &App, caller: &Caller) -> BodyRoom {
    BodyRoom::shared(&app.limits.bodies, network_of(caller.origin.address))
}

/// Records as their format read them.
#[derive(Default)]
struct Records {
    /// For each record in order what is wrong with it, if anything is.
    order: Vec<Option<Arc<FieldErrors>>>,
    good: Vec<Prepared>,
    refused: Refusals,
    /// About how many bytes the good ones take.
    bytes: usize,
}

/// Reads a body with `read`, stores what is good of it, and answers with what `tell` makes of the
/// fate of each record, in their order; `format` names it. A repetition gets the first answer again.
///
/// # Errors
/// 400 when the body as a whole cannot be read, 413 for more than 50,000 records or 64 MiB of events, 429 and 503
/// when there is no allowance or no room: nothing was stored then.
pub(super) async fn receive<R, T>(
    app: &App,
    ingest: &Ingest,
    arrived: Arrived,
    format: &'static str,
    read: R,
    tell: T,
) -> Result<Response, Problem>
where
    R: FnOnce(&Body<'_>, &Context<'_>, &mut Sink<'_>) -> Result<(), BodyError> + Send + 'static,
    T: FnOnce(&[Fate]) -> Result<Response, Problem> + Send,
{
    let Arrived {
        caller,
        bytes,
        media,
        repeat,
        room,
    } = arrived;
    let large = bytes.len() >= INLINE_MAX;
    let body = {
        let (app, caller, sources) = (app.clone(), caller.clone(), ingest.sources().clone());
        move || {
            let body = Body {
                bytes: &bytes,
                media: &media,
            };
            // The room goes along: a client that hangs up does not give back what is still read.
            (records(&app, &sources, &caller, format, &body, read), room)
        }
    };
    let (records, _room) = if large {
        tokio::task::spawn_blocking(body)
            .await
            .map_err(Problem::internal)?
    } else {
        body()
    };
    match store(app, ingest, caller, records?, repeat).await? {
        Received::Fates(fates) => tell(&fates),
        Received::Repeated(answer) => Ok(answer.into_response()),
    }
}

/// What became of a request.
enum Received {
    /// Of each record, in their order.
    Fates(Vec<Fate>),
    /// It was answered before.
    Repeated(Answer),
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
    read: impl FnOnce(&Body<'_>, &Context<'_>, &mut Sink<'_>) -> Result<(), BodyError>,
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
    let mut is_too_large = false;
    let mut sink = |read: Read, bytes: &[u8]| {
        if records.order.len() >= RECORDS_MAX || records.bytes > EVENTS_MAX {
            is_too_large = true;
            return ControlFlow::Break(());
        }
        match settings.admits(bytes).and(read) {
            Ok(reading) => {
                let key = |key: Option<String>| key.map(|key| EventKey::new(&scope, &key));
                let keys = (key(reading.key), key(reading.closes));
                let ongoing = key(reading.ongoing);
                let event = Prepared::with_places(app, &mut places, reading.event);
                if records.good.is_empty() {
                    // As many as there may be if all are as long: growing copies them all.
                    let alike = body.bytes.len() / bytes.len().max(SHORT);
                    records.good.reserve(alike.min(RECORDS_MAX));
                }
                records.bytes = records.bytes.saturating_add(event.size());
                records
                    .good
                    .push(event.with_keys(keys.0, keys.1).with_ongoing(ongoing));
                records.order.push(None);
            }
            Err(errors) => {
                let place = records.order.len();
                let letter = DeadLetter::new(&cx, format, caller, place, errors, bytes);
                records.order.push(Some(records.refused.push(letter)));
            }
        }
        ControlFlow::Continue(())
    };
    match read(body, &cx, &mut sink) {
        Ok(()) => {}
        Err(BodyError::TooMany(_)) => is_too_large = true,
        Err(BodyError::Unreadable(what)) => return Err(Problem::field("body", what)),
    }
    if is_too_large {
        return Err(Problem::too_large(format!(
            "a request has at most {RECORDS_MAX} records, and {EVENTS_MAX} bytes as events; \
             nothing was stored"
        )));
    }
    Ok(records)
}

/// Stores what is good of a request, and says what became of each record.
async fn store(
    app: &App,
    ingest: &Ingest,
    caller: Caller,
    records: Records,
    repeat: Option<Repeat>,
) -> Result<Received, Problem> {
    let Records {
        order,
        good,
        refused,
        ..
    } = records;
    let mut rejected = Rejected::default();
    for (place, errors) in order.iter().enumerate() {
        if let Some(errors) = errors {
            rejected.push(place, Arc::clone(errors));
        }
    }
    let account = Account::open(app, ingest, &good, refused);
    let stored = if good.is_empty() {
        refuse(app, &caller, account)?;
        Vec::new()
    } else {
        let batch = Batch {
            caller,
            events: good,
            repeat,
            answer: answer_batch,
            rejected,
            account: Some(account),
        };
        match admit(app, ingest, batch).await? {
            Ingested::Stored(_, stored) => stored,
            Ingested::Repeated(answer) => return Ok(Received::Repeated(answer)),
        }
    };
    let mut stored = stored.into_iter();
    let fates = order.into_iter().filter_map(|errors| match errors {
        None => stored.next().map(Fate::Stored),
        Some(errors) => Some(Fate::Refused(errors)),
    });
    Ok(Received::Fates(fates.collect()))
}

/// Counts a request of which nothing can be stored. It spends its sender's allowance: reading and
/// refusing a record is no less work than storing one.
pub(super) fn refuse(app: &App, caller: &Caller, mut account: Account) -> Result<(), Problem> {
    spend(app, caller, account.refused())?;
    account.rejected();
    Ok(())
}

/// Takes a batch out of the allowances of its sender and of its sources, and stores it.
///
/// What was refused beside it counts for the sender's. What has no room spends nothing: it comes
/// again.
pub(super) async fn admit(app: &App, ingest: &Ingest, batch: Batch) -> Result<Ingested, Problem> {
    let room = ingest.room_for(&batch)?;
    if let Some(account) = &batch.account
        && ingest.sources().any_described()
    {
        let (now, sender) = (app.clock.now(), batch.caller.sender());
        let taken = ingest.sources().take_all(account.good(), sender, now);
        taken.map_err(|(source, seconds)| {
            let what = format!(
                "the source {source:?} sent more events than its rate allows; nothing was stored"
            );
            Problem::too_many(what, seconds)
        })?;
    }
    let refused = batch.account.as_ref().map_or(0, Account::refused);
    let records = batch.events.len().saturating_add(refused);
    spend(app, &batch.caller, records)?;
    Ok(ingest.store_in(room, batch).await?)
}

/// Takes records out of the key's own bucket.
fn spend(app: &App, caller: &Caller, records: usize) -> Result<(), Problem> {
    let Actor::Key { id, .. } = caller.actor else {
        return Ok(());
    };
    let records = u32::try_from(records).unwrap_or(u32::MAX);
    match app
        .limits
        .ingest
        .take(&id, records)
        .and_then(|verdict| verdict.refused_for)
    {
        None => Ok(()),
        Some(seconds) => Err(Problem::too_many(
            "this key has sent more events than RATE_LIMIT_INGEST allows; nothing was stored",
            seconds,
        )),
    }
}
