//! The transaction: events, the alerts they raise, counts, audit and kept answers, together.

use std::collections::HashMap;
use std::sync::Arc;

use base::{EventId, Severity, Timestamp};
use store::{Engine, Tx};

use super::account::Account;
use super::answers;
use super::counts::{Counts, origin};
use super::event_keys::EventKey;
use super::interned::Found;
pub(super) use super::places::Places;
use super::queue::IngestError;
use super::storms::{self, Beyond};
use super::transaction_keys::{Keys, Named};
use super::writer::Writer;
use crate::alerts::{self, NewAlert, ResolvedAtSource};
use crate::app::App;
use crate::events::{self, Event, PackedEvent};
use crate::geo::{Geo, Place};
use crate::http::{Actor, Caller};
use crate::repeats::{Answer, Repeat};

/// An event enriched and written out as its row will hold it.
#[derive(Clone, Debug)]
pub struct Prepared {
    event: PackedEvent,
    place: Option<Arc<Place>>,
    named: Named,
    /// Who says it, where the batch has several senders and it matters.
    said_by: Option<Arc<Caller>>,
}

impl Prepared {
    /// Looks up where the event's address is.
    #[must_use]
    pub fn new(app: &App, event: impl Into<PackedEvent>) -> Self {
        Self::with_places(app, &mut Places::default(), event)
    }

    /// The same for an event of a batch.
    pub(super) fn with_places(
        app: &App,
        places: &mut Places,
        event: impl Into<PackedEvent>,
    ) -> Self {
        let event = event.into();
        Self {
            place: event
                .ip_address()
                .and_then(|address| places.find(app, address)),
            event,
            named: Named::default(),
            said_by: None,
        }
    }

    /// The same with its sender's name for it, and for the earlier event that is over with it.
    #[must_use]
    pub const fn with_keys(mut self, key: Option<EventKey>, closes: Option<EventKey>) -> Self {
        self.named.key = key;
        self.named.closes = closes;
        self
    }

    /// The same with its sender's name for what goes on.
    #[must_use]
    pub const fn with_ongoing(mut self, ongoing: Option<EventKey>) -> Self {
        self.named.ongoing = ongoing;
        self
    }

    /// The same said by somebody else than the sender of its batch: what it ends is ended by them.
    pub(super) fn with_sender(mut self, sender: Caller) -> Self {
        self.said_by = Some(Arc::new(sender));
        self
    }

    /// Who says it, in a batch of somebody's.
    pub(super) fn said_by<'b>(&'b self, batch: &'b Caller) -> &'b Caller {
        self.said_by.as_deref().unwrap_or(batch)
    }

    pub(super) const fn named(&self) -> Named {
        self.named
    }

    pub(super) fn geo(&self) -> Option<&Geo> {
        self.place.as_ref().map(|place| &place.geo)
    }

    /// About how many bytes it takes while it waits.
    pub(super) fn size(&self) -> usize {
        /// The struct itself.
        const REST: usize = 256;
        self.event.bytes().saturating_add(REST)
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.event.severity()
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
            severity: self.event.severity(),
            description: self.event.description(),
            ip_address: self.event.address(),
            country: self.geo().and_then(|geo| geo.country_code.as_deref()),
            geo: self.place.as_ref().and_then(|place| place.json.as_deref()),
            occurred_at: self.event.occurred_at(),
            tags: self.event.tags(),
            attributes: self.event.attributes(),
            user_id,
            key_id,
            folded_into: None,
        }
    }

    /// What the alert is called.
    pub(super) fn title(&self) -> &str {
        alerts::title_of(self.event.description())
    }

    pub(super) fn names(&self) -> (&str, &str) {
        (self.event.source_name(), self.event.event_type())
    }

    /// The event as it is answered.
    #[must_use]
    pub fn stored(&self, stored: Stored) -> Event {
        let event = &self.event;
        let tags = event
            .tags()
            .and_then(|tags| serde_json::from_str(tags).ok());
        Event {
            id: stored.id,
            source_name: event.source_name().to_owned(),
            event_type: event.event_type().to_owned(),
            severity: event.severity(),
            description: event.description().to_owned(),
            ip_address: event.address().map(str::to_owned),
            geo: self.geo().cloned(),
            timestamp: stored.id.timestamp(),
            occurred_at: event.occurred_at(),
            tags: tags.unwrap_or_default(),
            attributes: event.raw_attributes().unwrap_or_else(events::empty_object),
            version: 1,
            alert: stored.alert,
        }
    }
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
    /// Whether its alert is another event's, which gathers a storm.
    pub folded: bool,
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
    /// Where it is counted what became of the records.
    pub(super) account: Option<Account>,
}

impl Batch {
    /// Events of nobody's request: there is no answer to keep, and who stores them counts them.
    #[must_use]
    pub fn without_request(caller: Caller, events: Vec<Prepared>) -> Self {
        Self {
            caller,
            events,
            repeat: None,
            answer: |_, _, _| Answer {
                status: 200,
                location: None,
                body: String::new(),
            },
            rejected: super::read::Rejected::default(),
            account: None,
        }
    }
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

/// What a transaction came to.
#[derive(Debug)]
pub(super) struct Written {
    /// Of each batch.
    pub(super) outcomes: Vec<Result<Outcome, IngestError>>,
    /// Names that were looked up.
    pub(super) found: Found,
    /// Alerts that their sources resolved.
    pub(super) resolved: Vec<i64>,
}

impl Writer {
    /// Stores several requests' batches in one transaction.
    pub(super) fn store(&self, tx: &mut Tx<'_>, batches: &[Batch]) -> Result<Written, IngestError> {
        let app = &self.app;
        let now = app.clock.now();
        let mut earlier: Vec<Option<Result<Outcome, IngestError>>> =
            Vec::with_capacity(batches.len());
        let mut seen: Vec<&Repeat> = Vec::new();
        for batch in batches {
            earlier.push(answers::earlier(tx, app, batch, &mut seen, now)?);
        }
        let fresh: Vec<&Batch> = batches
            .iter()
            .zip(&earlier)
            .filter(|(_, e)| e.is_none())
            .map(|(batch, _)| batch)
            .collect();
        let mut found = Found::default();
        let (stored, resolved) = self.insert(tx, &mut found, now, &fresh)?;
        answers::keep(tx, app, &fresh, &stored, now)?;
        // The end of the audit log is locked last.
        resolved.audit(tx, now)?;
        for (batch, stored) in fresh.iter().zip(&stored) {
            answers::audit(tx, batch, stored, now)?;
        }
        let mut stored = stored.into_iter();
        let outcome = |earlier: Option<_>| {
            earlier.unwrap_or_else(|| Ok(Outcome::Stored(stored.next().unwrap_or_default())))
        };
        let outcomes = earlier.into_iter().map(outcome).collect();
        Ok(Written {
            outcomes,
            found,
            resolved: resolved.ids().collect(),
        })
    }

    /// Inserts every event of the batches, raises alerts and counts; ids in the order of arrival. Also
    /// returns the alerts that their sources resolved.
    #[expect(
        clippy::too_many_lines,
        reason = "one transaction, told from its beginning to its end"
    )]
    fn insert<'b>(
        &self,
        tx: &mut Tx<'_>,
        found: &mut Found,
        now: Timestamp,
        batches: &[&'b Batch],
    ) -> Result<(Vec<Vec<Stored>>, ResolvedAtSource<'b>), IngestError> {
        let app = &self.app;
        let total = batches.iter().map(|batch| batch.events.len()).sum();
        if tx.engine() == Engine::Sqlite
            && let Some(highest) = events::highest(tx)?
        {
            // The command line may have written to the same file; nobody else can until we commit.
            app.ids.rise_above(highest);
        }
        let every = batches.iter().flat_map(|batch| &batch.events);
        let named = self.names.ids(tx, found, every.map(Prepared::names), now)?;
        let mut named = named.into_iter();
        let mut keys = Keys::find(tx, batches, now)?;
        let mut ids = app.ids.take(now, total);
        let mut rows = Vec::with_capacity(total);
        let mut titles = Vec::new();
        let mut beyond = Beyond::new();
        let mut counts = Counts::with_capacity(total);
        let mut stored: Vec<Vec<Stored>> = Vec::with_capacity(batches.len());
        for (place, batch) in batches.iter().enumerate() {
            let sender = match batch.caller.actor {
                Actor::User { id, .. } => (Some(id), None),
                Actor::Key { id, .. } => (None, Some(id)),
                Actor::Anonymous | Actor::System => (None, None),
            };
            let mut mine = Vec::with_capacity(batch.events.len());
            for ((event, names), id) in batch.events.iter().zip(&mut named).zip(&mut ids) {
                if let Some(id) = keys.earlier(event, id, (place, mine.len())) {
                    mine.push(Stored {
                        id,
                        alert: None,
                        repeated: true,
                        folded: false,
                    });
                    continue;
                }
                counts.add(
                    id.timestamp(),
                    names.0,
                    event.severity(),
                    origin(event.geo()),
                    1,
                );
                if event.severity().raises_alert() {
                    let source = event.names().0;
                    if self.budget.take(&mut found.spent, names.0, source, now) {
                        titles.push((rows.len(), event.title()));
                    } else {
                        let storm = beyond.entry((names.0, event.severity())).or_default();
                        storm.push((rows.len(), event.title()));
                    }
                }
                rows.push(event.row(id, names, sender));
                mine.push(Stored {
                    id,
                    alert: None,
                    repeated: false,
                    folded: false,
                });
            }
            stored.push(mine);
        }
        let storms = storms::lock_all(tx, &beyond)?;
        // Every alert that changes in this transaction, before anything else is locked.
        let gathering = storms.values().map(|(event, _)| *event);
        alerts::hold(tx, &gathering.chain(keys.ended()).collect())?;
        let storms = storms::fold(tx, &beyond, &storms, &mut rows, &mut titles, now)?;
        events::insert(tx, &rows)?;
        keys.keep(tx, now)?;
        let raised: Vec<NewAlert<'_>> = titles
            .iter()
            .filter_map(|&(at, title)| Some(new_alert(rows.get(at)?, title)))
            .collect();
        let alerts = alerts::raise(tx, &app.config, self.shard, now, &raised)?;
        storms.count(tx)?;
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
        for event in stored.iter_mut().flatten() {
            event.folded = !event.repeated && storms.holds(event.id);
        }
        name_alerts(tx, &mut stored)?;
        let resolved = keys.close(tx, batches, now)?;
        counts.write(tx, self.shard)?;
        Ok((stored, resolved))
    }
}

/// Names the alerts of events that raised none now: a repetition is answered like the first, and
/// an event of a storm with the alert that gathers it.
fn name_alerts(tx: &mut Tx<'_>, stored: &mut [Vec<Stored>]) -> Result<(), IngestError> {
    let wanted = |event: &&mut Stored| event.repeated || event.folded;
    let others = stored.iter().flatten();
    let mut others: Vec<EventId> = others
        .filter(|event| event.repeated || event.folded)
        .map(|event| event.id)
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    others.sort_unstable();
    others.dedup();
    let alerts: HashMap<EventId, i64> = alerts::of_events(tx, &others)?.into_iter().collect();
    for event in stored.iter_mut().flatten().filter(wanted) {
        event.alert = alerts.get(&event.id).copied();
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
