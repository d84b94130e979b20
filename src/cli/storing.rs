//! Storing events the way the server does, for commands that bring many.

use store::StoreError;

use crate::adapters::Profile;
use crate::app::App;
use crate::config::Rate;
use crate::http::Caller;
use crate::ingest::{self, Batch, Ingest, IngestError, Ingested, Prepared, Stored};
use crate::sources;

/// Events stored by one commit.
pub(super) const BATCH_EVENTS: usize = 2_000;

/// How many events were stored, and how many alerts they raised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) events: u64,
    pub(super) alerts: u64,
    /// Events that were stored before, under the same key of their sender.
    pub(super) repeated: u64,
}

impl Counts {
    fn add(&mut self, stored: &[Stored]) {
        let new = || stored.iter().filter(|event| !event.repeated);
        let alerts = new().filter(|event| event.alert.is_some()).count();
        let (new, all) = (new().count(), stored.len());
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.events = self.events.saturating_add(number(new));
        self.alerts = self.alerts.saturating_add(number(alerts));
        self.repeated = self
            .repeated
            .saturating_add(number(all.saturating_sub(new)));
    }
}

/// Stores batches one after the other, so that ids rise in the order of the input.
#[derive(Debug)]
pub(super) struct Storing {
    app: App,
    ingest: Ingest,
    caller: Caller,
    /// What is stored so far.
    pub(super) counts: Counts,
}

impl Storing {
    /// Begins, on behalf of somebody.
    pub(super) fn begin(app: &App, caller: Caller) -> Self {
        Self {
            app: app.clone(),
            ingest: Ingest::start_with(app, Rate(None)),
            caller,
            counts: Counts::default(),
        }
    }

    /// Takes over what administrators said of the sources.
    pub(super) async fn learn(&self) -> Result<(), StoreError> {
        self.ingest.sources().load(&self.app).await
    }

    /// What administrators said of a source; after [`Self::learn`].
    pub(super) fn profile(&self, source: &str) -> Profile {
        self.ingest.sources().of(source).profile.clone()
    }

    /// Ends, and writes down what was counted of the sources.
    pub(super) async fn end(self) -> Result<(), StoreError> {
        sources::flush(&self.app, self.ingest.sources()).await
    }

    /// Stores a batch, all or nothing, synced to disk; what became of each event, in order.
    pub(super) async fn store(
        &mut self,
        events: Vec<Prepared>,
    ) -> Result<Vec<Stored>, IngestError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let batch = Batch::without_request(self.caller.clone(), events);
        match self.ingest.store(batch).await? {
            Ingested::Stored(batch, stored) => {
                self.counts.add(&stored);
                ingest::count_stored(&self.app, &self.ingest, &batch.events, &stored);
                Ok(stored)
            }
            Ingested::Repeated(_) => Ok(Vec::new()),
        }
    }
}
