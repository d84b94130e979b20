//! The senders' names of the events of one transaction: what was stored before, what goes on, and
//! what is over.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use base::{EventId, Timestamp};
use store::Tx;

use super::event_keys::{self, EventKey};
use super::pipeline::{Batch, Prepared};
use super::queue::IngestError;
use crate::alerts::{self, Ended, ResolvedAtSource};

/// An event's names, as its sender gives them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Named {
    /// Its own.
    pub(super) key: Option<EventKey>,
    /// That of the earlier event that is over with it.
    pub(super) closes: Option<EventKey>,
    /// That of what goes on: while the alert of the event that began it is unresolved, another that
    /// closes nothing is a repetition.
    pub(super) ongoing: Option<EventKey>,
}

/// What is known of the names in one transaction.
#[derive(Debug, Default)]
pub(super) struct Keys {
    known: event_keys::Known,
    /// What goes on: the event that began it, whose alert is unresolved.
    ongoing: HashMap<EventKey, EventId>,
    new: BTreeMap<EventKey, EventId>,
    /// Keys that stood for an event and stand for another now.
    moved: BTreeMap<EventKey, (EventId, EventId)>,
    /// By the place of the batch that says so: the events that are over, and the place in the batch
    /// of the one that ends them.
    over: Vec<(usize, usize, EventId)>,
}

impl Keys {
    /// Looks up every name of the batches.
    pub(super) fn find(
        tx: &mut Tx<'_>,
        batches: &[&Batch],
        now: Timestamp,
    ) -> Result<Self, IngestError> {
        let (mut wanted, mut lasting) = (BTreeSet::new(), BTreeSet::new());
        for named in batches
            .iter()
            .flat_map(|batch| &batch.events)
            .map(Prepared::named)
        {
            wanted.extend(named.key.into_iter().chain(named.closes));
            lasting.extend(named.ongoing);
        }
        if wanted.is_empty() && lasting.is_empty() {
            return Ok(Self::default());
        }
        wanted.extend(&lasting);
        let known = event_keys::find(tx, &wanted, now)?;
        let begun: Vec<(EventKey, EventId)> = lasting
            .into_iter()
            .filter_map(|key| Some((key, *known.events.get(&key)?)))
            .collect();
        let events: Vec<EventId> = begun.iter().map(|(_, event)| *event).collect();
        let unresolved = alerts::unresolved(tx, &events)?;
        Ok(Self {
            ongoing: begun
                .into_iter()
                .filter(|(_, event)| unresolved.contains(event))
                .collect(),
            known,
            ..Self::default()
        })
    }

    /// The event stored before that this one repeats; else its names stand for `id` from now on.
    /// `at` is the place of its batch, and its own in it.
    pub(super) fn earlier(
        &mut self,
        event: &Prepared,
        id: EventId,
        at: (usize, usize),
    ) -> Option<EventId> {
        let named = event.named();
        if let Some(earlier) = named.key.and_then(|key| self.known.events.get(&key)) {
            return Some(*earlier);
        }
        let goes_on = named
            .ongoing
            .and_then(|key| self.ongoing.get(&key))
            .copied();
        let earlier = goes_on.filter(|_| named.closes.is_none());
        if let Some(key) = named.key {
            self.stand(key, earlier.unwrap_or(id));
        }
        if earlier.is_some() {
            return earlier;
        }
        if let Some(closes) = named.closes {
            let closed = self.known.events.get(&closes).copied();
            let ended = closed
                .into_iter()
                .chain(goes_on.filter(|it| Some(*it) != closed));
            self.over.extend(ended.map(|event| (at.0, at.1, event)));
            if let Some(ongoing) = named.ongoing {
                self.ongoing.remove(&ongoing);
            }
            if closed.is_none() {
                // What it ends may come later, on another connection, and is over then.
                self.stand(closes, id);
            }
        } else if let Some(ongoing) = named.ongoing
            && event.severity().raises_alert()
        {
            self.stand(ongoing, id);
            self.ongoing.insert(ongoing, id);
        }
        None
    }

    /// Lets a key stand for an event.
    fn stand(&mut self, key: EventKey, id: EventId) {
        let before = self
            .known
            .events
            .insert(key, id)
            .or_else(|| self.known.stale.remove(&key));
        match before {
            Some(before) if !self.new.contains_key(&key) => {
                self.moved.entry(key).or_insert((before, id)).1 = id;
            }
            _ => drop(self.new.insert(key, id)),
        }
    }

    /// Writes down what the names stand for.
    ///
    /// # Errors
    /// [`IngestError::Overtaken`] when another writer was faster with one of them.
    pub(super) fn keep(&mut self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), IngestError> {
        for key in &self.known.seen {
            if let Some(&event) = self.known.events.get(key) {
                self.moved.entry(*key).or_insert((event, event));
            }
        }
        let kept = (self.moved.is_empty() || event_keys::change(tx, &self.moved, now)?)
            && (self.new.is_empty() || event_keys::keep(tx, &self.new, now)?);
        if kept {
            Ok(())
        } else {
            Err(IngestError::Overtaken)
        }
    }

    /// The events that are over.
    pub(super) fn ended(&self) -> impl Iterator<Item = EventId> {
        self.over.iter().map(|(_, _, event)| *event)
    }

    /// Resolves the alerts of what is over.
    pub(super) fn close<'b>(
        &self,
        tx: &mut Tx<'_>,
        batches: &[&'b Batch],
        now: Timestamp,
    ) -> Result<ResolvedAtSource<'b>, IngestError> {
        let ended: Vec<Ended<'b>> = self
            .over
            .iter()
            .filter_map(|&(batch, event, event_id)| {
                let batch: &'b Batch = batches.get(batch)?;
                let event = batch.events.get(event)?;
                Some(Ended {
                    event_id,
                    caller: event.said_by(&batch.caller),
                    source: event.names().0,
                })
            })
            .collect();
        Ok(alerts::resolve_ended(tx, now, &ended)?)
    }
}
