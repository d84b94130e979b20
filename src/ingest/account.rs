//! Counting what became of records: each exactly once, whether or not its sender waits to hear it.

use std::collections::BTreeMap;

use super::pipeline::{Prepared, Stored};
use super::queue::Ingest;
use super::refusals::Refusals;
use crate::app::App;
use crate::sources::{Outcome, Sources};

/// What a request holds, by source, until it is known what becomes of it.
///
/// Whoever commits the events closes it. One that is dropped before counts everything as throttled:
/// nothing was stored, and its sender sends all of it again.
#[derive(Debug)]
pub(super) struct Account {
    app: App,
    sources: Sources,
    good: BTreeMap<String, u64>,
    refused: Refusals,
    is_open: bool,
}

impl Account {
    /// Opens one for good records and refused ones.
    pub(super) fn open(app: &App, ingest: &Ingest, good: &[Prepared], refused: Refusals) -> Self {
        Self {
            app: app.clone(),
            sources: ingest.sources().clone(),
            good: tally(good.iter().map(|event| event.names().0)),
            refused,
            is_open: true,
        }
    }

    /// How many good records there are of each source.
    pub(super) const fn good(&self) -> &BTreeMap<String, u64> {
        &self.good
    }

    /// How many were refused.
    pub(super) fn refused(&self) -> usize {
        usize::try_from(self.refused.count()).unwrap_or(usize::MAX)
    }

    /// The good ones are stored.
    pub(super) fn stored(&mut self, events: &[Prepared], stored: &[Stored]) {
        self.add(&self.good, Outcome::Accepted);
        let repeated = events.iter().zip(stored);
        let repeated = repeated.filter(|(_, stored)| stored.repeated);
        let repeated = tally(repeated.map(|(event, _)| event.names().0));
        self.add(&repeated, Outcome::Repeated);
        self.refuse();
    }

    /// The whole request was answered before.
    pub(super) fn answered_before(&mut self) {
        self.add(&self.good, Outcome::Accepted);
        self.add(&self.good, Outcome::Repeated);
        drop(self.refused.take_letters());
        self.refuse();
    }

    /// None of it will ever be stored.
    pub(super) fn rejected(&mut self) {
        let good: u64 = self.good.values().sum();
        if good > 0 {
            self.app.metrics.rejected(good);
            self.add(&self.good, Outcome::Rejected);
        }
        self.refuse();
    }

    /// Counts and keeps the refused ones, and closes.
    fn refuse(&mut self) {
        let bad = self.refused.count();
        if bad > 0 {
            self.app.metrics.rejected(bad);
            self.add(self.refused.by_source(), Outcome::Rejected);
            let (letters, passed_over) = self.refused.take_letters();
            self.sources.dead_letters().push(letters, passed_over);
        }
        self.is_open = false;
    }

    fn add(&self, what: &BTreeMap<String, u64>, outcome: Outcome) {
        let now = self.app.clock.now();
        for (source, n) in what {
            self.sources.counters().add(source, outcome, *n, now);
        }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        if self.is_open {
            self.add(&self.good, Outcome::Throttled);
            self.add(self.refused.by_source(), Outcome::Throttled);
        }
    }
}

/// Counts events that were stored past a request: by the command line, or by syslog.
pub fn count_stored(app: &App, ingest: &Ingest, events: &[Prepared], stored: &[Stored]) {
    Account::open(app, ingest, events, Refusals::default()).stored(events, stored);
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
