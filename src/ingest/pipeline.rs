//! The transaction: events, the alerts they raise, counts, audit and kept answers, together.

use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;

use base::{EventId, Severity, Timestamp};
use serde_json::value::RawValue;
use store::{Engine, Tx};

use super::counts::{Counts, origin};
use super::event_keys::{self, EventKey};
use super::names::{Found, Names};
use super::queue::IngestError;
use crate::alerts::{self, NewAlert};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::events::{self, Event, NewEvent};
use crate::geo::Geo;
use crate::http::{Actor, Caller};
use crate::repeats::{self, Answer, Repeat};

/// An event enriched and written out as its row will hold it.
#[derive(Clone, Debug)]
pub struct Prepared {
    event: NewEvent,
    address: Option<String>,
    place: Option<Arc<Place>>,
    tags_json: Option<String>,
    key: Option<EventKey>,
    closes: Option<EventKey>,
}

/// Where an address is, as it is answered and as it is stored.
#[derive(Debug)]
struct Place {
    geo: Geo,
    json: Option<String>,
}

/// Places of one batch, each written out once: a batch knows many addresses and few countries.
#[derive(Debug, Default)]
pub(super) struct Places {
    recent: Vec<Arc<Place>>,
}

impl Places {
    /// Most places compared; a batch with more writes the others out again.
    const MAX: usize = 32;

    fn find(&mut self, app: &App, address: IpAddr) -> Option<Arc<Place>> {
        let geo = app.geo.lookup(address)?;
        if let Some(known) = self.recent.iter().find(|place| place.geo == geo) {
            return Some(Arc::clone(known));
        }
        let place = Arc::new(Place {
            json: geo.to_stored(),
            geo,
        });
        if self.recent.len() < Self::MAX {
            self.recent.push(Arc::clone(&place));
        }
        Some(place)
    }
}

impl Prepared {
    /// Looks up where the event's address is.
    #[must_use]
    pub fn new(app: &App, event: NewEvent) -> Self {
        Self::with_places(app, &mut Places::default(), event)
    }

    /// The same for an event of a batch.
    pub(super) fn with_places(app: &App, places: &mut Places, event: NewEvent) -> Self {
        Self {
            address: event.ip_address.map(|address| address.to_string()),
            place: event
                .ip_address
                .and_then(|address| places.find(app, address)),
            tags_json: (!event.tags.is_empty())
                .then(|| serde_json::to_string(&event.tags).ok())
                .flatten(),
            event,
            key: None,
            closes: None,
        }
    }

    /// The same with its sender's name for it, and for the earlier event that is over with it.
    pub(super) const fn with_keys(
        mut self,
        key: Option<EventKey>,
        closes: Option<EventKey>,
    ) -> Self {
        self.key = key;
        self.closes = closes;
        self
    }

    pub(super) fn geo(&self) -> Option<&Geo> {
        self.place.as_ref().map(|place| &place.geo)
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.event.severity
    }

    pub(super) fn row(
        &self,
        id: EventId,
        (source_id, event_type_id): (i64, i64),
        (user_id, key_id): (Option<i64>, Option<i64>),
    ) -> events::Row<'_> {
        events::Row {
            id,
            source_id,
            event_type_id,
            severity: self.event.severity,
            description: &self.event.description,
            ip_address: self.address.as_deref(),
            country: self.geo().and_then(|geo| geo.country_code.as_deref()),
            geo: self.place.as_ref().and_then(|place| place.json.as_deref()),
            occurred_at: self.event.occurred_at,
            tags: self.tags_json.as_deref(),
            attributes: self.event.attributes.as_ref().map(|raw| raw.get()),
            user_id,
            key_id,
        }
    }

    /// What the alert is called.
    pub(super) fn title(&self) -> &str {
        alerts::title_of(&self.event.description)
    }

    pub(super) fn names(&self) -> (&str, &str) {
        (&self.event.source_name, &self.event.event_type)
    }

    /// The event as it is answered.
    #[must_use]
    pub fn stored(&self, stored: Stored) -> Event {
        let event = self.event.clone();
        Event {
            id: stored.id,
            source_name: event.source_name,
            event_type: event.event_type,
            severity: event.severity,
            description: event.description,
            ip_address: self.address.clone(),
            geo: self.geo().cloned(),
            timestamp: stored.id.timestamp(),
            occurred_at: event.occurred_at,
            tags: event.tags,
            attributes: event.attributes.unwrap_or_else(empty_object),
            version: 1,
            alert: stored.alert,
        }
    }
}

pub(super) fn empty_object() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// What became of one event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: EventId,
    /// The alert it raised.
    pub alert: Option<i64>,
    /// Whether it was stored before, under the same key of its sender.
    pub repeated: bool,
}

/// Events of one request, stored all or not at all.
#[derive(Debug)]
pub struct Batch {
    /// Who sends them.
    pub caller: Caller,
    /// The events; at most [`super::BATCH_MAX`].
    pub events: Vec<Prepared>,
    /// The key under which the answer is kept, if the request carries one.
    pub repeat: Option<Repeat>,
    /// Writes the answer to keep, once ids are known.
    pub answer: WriteAnswer,
    /// The lines that were refused, for the answer.
    pub rejected: super::read::Rejected,
}

/// Writes the answer to a request from what became of its events.
pub(super) type WriteAnswer = fn(&[Prepared], &[Stored], &super::read::Rejected) -> Answer;

/// How a batch ended.
#[derive(Debug)]
pub(super) enum Outcome {
    Stored(Vec<Stored>),
    /// It was answered before.
    Repeated(Answer),
}

/// Stores several requests' batches in one transaction.
pub(super) fn store_batches(
    tx: &mut Tx<'_>,
    app: &App,
    names: &Names,
    shard: i64,
    batches: &[Batch],
) -> Result<(Vec<Result<Outcome, IngestError>>, Found), IngestError> {
    let now = app.clock.now();
    let mut earlier: Vec<Option<Result<Outcome, IngestError>>> = Vec::with_capacity(batches.len());
    let mut seen: Vec<&Repeat> = Vec::new();
    for batch in batches {
        earlier.push(repeated(tx, app, batch, &mut seen, now)?);
    }
    let fresh: Vec<&Batch> = batches
        .iter()
        .zip(&earlier)
        .filter(|(_, e)| e.is_none())
        .map(|(batch, _)| batch)
        .collect();
    let mut found = Found::default();
    let mut stored = insert(tx, app, names, &mut found, shard, now, &fresh)?.into_iter();
    let mut outcomes = Vec::with_capacity(batches.len());
    for (batch, earlier) in batches.iter().zip(earlier) {
        outcomes.push(if let Some(outcome) = earlier {
            outcome
        } else {
            let stored = stored.next().unwrap_or_default();
            finish(tx, app, batch, &stored, now)?;
            Ok(Outcome::Stored(stored))
        });
    }
    Ok((outcomes, found))
}

/// The earlier answer to this request, or why it gets none.
fn repeated<'b>(
    tx: &mut Tx<'_>,
    app: &App,
    batch: &'b Batch,
    seen: &mut Vec<&'b Repeat>,
    now: Timestamp,
) -> Result<Option<Result<Outcome, IngestError>>, IngestError> {
    let Some(repeat) = &batch.repeat else {
        return Ok(None);
    };
    if seen.iter().any(|other| other.is_same_request(repeat)) {
        return Ok(Some(Err(repeats::RepeatError::UnderWay.into())));
    }
    match repeats::find(tx, &app.secrets, repeat, now) {
        Ok(Some(answer)) => Ok(Some(Ok(Outcome::Repeated(answer)))),
        Ok(None) => {
            seen.push(repeat);
            Ok(None)
        }
        Err(repeats::RepeatError::Store(error)) => Err(error.into()),
        Err(error) => Ok(Some(Err(error.into()))),
    }
}

/// Inserts every event of the batches, raises alerts and counts; ids in the order of arrival.
fn insert(
    tx: &mut Tx<'_>,
    app: &App,
    names: &Names,
    found: &mut Found,
    shard: i64,
    now: Timestamp,
    batches: &[&Batch],
) -> Result<Vec<Vec<Stored>>, IngestError> {
    let total = batches.iter().map(|batch| batch.events.len()).sum();
    if tx.engine() == Engine::Sqlite
        && let Some(highest) = events::highest(tx)?
    {
        // The command line may have written to the same file; nobody else can until we commit.
        app.ids.rise_above(highest);
    }
    let every = batches.iter().flat_map(|batch| &batch.events);
    names.learn(tx, found, every.map(Prepared::names), now)?;
    let mut keys = Keys::find(tx, batches, now)?;
    let mut ids = app.ids.take(now, total);
    let mut rows = Vec::with_capacity(total);
    let mut titles = Vec::new();
    let mut counts = Counts::default();
    let mut stored: Vec<Vec<Stored>> = Vec::with_capacity(batches.len());
    for batch in batches {
        let sender = match batch.caller.actor {
            Actor::User { id, .. } => (Some(id), None),
            Actor::Key { id, .. } => (None, Some(id)),
            Actor::Anonymous | Actor::System => (None, None),
        };
        let mut mine = Vec::with_capacity(batch.events.len());
        for (event, id) in batch.events.iter().zip(&mut ids) {
            if let Some(id) = keys.earlier(event, id) {
                mine.push(Stored {
                    id,
                    alert: None,
                    repeated: true,
                });
                continue;
            }
            let (source, kind) = event.names();
            let source = names.source(tx, found, source, now)?;
            let kind = names.event_type(tx, found, kind, now)?;
            counts.add(
                id.timestamp(),
                source,
                event.severity(),
                origin(event.geo()),
                1,
            );
            if event.severity().raises_alert() {
                titles.push((rows.len(), event.title()));
            }
            rows.push(event.row(id, (source, kind), sender));
            mine.push(Stored {
                id,
                alert: None,
                repeated: false,
            });
        }
        stored.push(mine);
    }
    events::insert(tx, &rows)?;
    keys.keep(tx)?;
    let raised: Vec<NewAlert<'_>> = titles
        .iter()
        .filter_map(|&(at, title)| Some(new_alert(rows.get(at)?, title)))
        .collect();
    let alerts = alerts::raise(tx, &app.config, shard, now, &raised)?;
    let mut alerts = raised
        .iter()
        .map(|alert| alert.event_id)
        .zip(alerts)
        .peekable();
    for event in stored.iter_mut().flatten().filter(|event| !event.repeated) {
        // Both are in the order of the ids.
        event.alert = alerts
            .next_if(|(id, _)| *id == event.id)
            .map(|(_, alert)| alert);
    }
    Keys::name_alerts(tx, &mut stored)?;
    close(tx, &keys, batches, now)?;
    counts.write(tx, shard)?;
    Ok(stored)
}

/// The senders' names of the events of one transaction.
#[derive(Default)]
struct Keys {
    known: HashMap<EventKey, EventId>,
    new: Vec<(EventKey, EventId)>,
}

impl Keys {
    fn find(tx: &mut Tx<'_>, batches: &[&Batch], now: Timestamp) -> Result<Self, IngestError> {
        let every = batches.iter().flat_map(|batch| &batch.events);
        let wanted: BTreeSet<EventKey> = every
            .flat_map(|event| event.key.into_iter().chain(event.closes))
            .collect();
        if wanted.is_empty() {
            return Ok(Self::default());
        }
        Ok(Self {
            known: event_keys::find(tx, &wanted, now)?,
            new: Vec::new(),
        })
    }

    /// The event stored before under this one's key; else the key stands for `id` from now on.
    fn earlier(&mut self, event: &Prepared, id: EventId) -> Option<EventId> {
        let key = event.key?;
        if let Some(earlier) = self.known.get(&key) {
            return Some(*earlier);
        }
        self.known.insert(key, id);
        self.new.push((key, id));
        None
    }

    fn keep(&self, tx: &mut Tx<'_>) -> Result<(), IngestError> {
        if self.new.is_empty() || event_keys::keep(tx, &self.new)? {
            return Ok(());
        }
        Err(IngestError::Overtaken)
    }

    /// A repetition is answered like the first: with the alert the event raised then.
    fn name_alerts(tx: &mut Tx<'_>, stored: &mut [Vec<Stored>]) -> Result<(), IngestError> {
        let mut repeated: Vec<EventId> = stored
            .iter()
            .flatten()
            .filter(|event| event.repeated)
            .map(|event| event.id)
            .collect();
        if repeated.is_empty() {
            return Ok(());
        }
        repeated.sort_unstable();
        repeated.dedup();
        let alerts: HashMap<EventId, i64> =
            alerts::of_events(tx, &repeated)?.into_iter().collect();
        for event in stored.iter_mut().flatten().filter(|event| event.repeated) {
            event.alert = alerts.get(&event.id).copied();
        }
        Ok(())
    }
}

/// Resolves the alerts of earlier events that are over, as their sender says.
fn close(
    tx: &mut Tx<'_>,
    keys: &Keys,
    batches: &[&Batch],
    now: Timestamp,
) -> Result<(), IngestError> {
    for batch in batches {
        for event in &batch.events {
            if let Some(earlier) = event.closes.and_then(|key| keys.known.get(&key)) {
                alerts::resolve_at_source(tx, &batch.caller, now, *earlier)?;
            }
        }
    }
    Ok(())
}

pub(super) fn new_alert<'a>(row: &events::Row<'a>, title: &'a str) -> NewAlert<'a> {
    NewAlert {
        event_id: row.id,
        severity: row.severity,
        title,
        source_id: row.source_id,
        event_type_id: row.event_type_id,
        ip_address: row.ip_address,
        country: row.country,
    }
}

/// Audits what a person sent and keeps the answer of a request that may come again.
///
/// What a key sends is not audited line by line: the events themselves say which key sent them.
fn finish(
    tx: &mut Tx<'_>,
    app: &App,
    batch: &Batch,
    stored: &[Stored],
    now: Timestamp,
) -> Result<(), IngestError> {
    if !matches!(batch.caller.actor, Actor::Key { .. }) {
        let entry = match (batch.events.as_slice(), stored) {
            ([event], [stored]) => Entry::new("event.created")
                .on("event", stored.id)
                .after(event.stored(*stored)),
            _ => Entry::new("event.batch_created").after(serde_json::json!({
                "accepted": stored.len(),
                "first": stored.first().map(|event| event.id),
                "last": stored.last().map(|event| event.id),
            })),
        };
        audit::append(tx, &batch.caller, now, entry)?;
    }
    if let Some(repeat) = &batch.repeat {
        let answer = (batch.answer)(&batch.events, stored, &batch.rejected);
        repeats::keep(tx, &app.secrets, repeat, &answer, now)?;
    }
    Ok(())
}
