//! Storing events the way the server does, for commands that bring many.

use crate::app::App;
use crate::http::Caller;
use crate::ingest::{Batch, Ingest, IngestError, Ingested, Prepared, Rejected, Stored};
use crate::repeats::Answer;

/// Events stored by one commit.
pub(super) const BATCH_EVENTS: usize = 2_000;

/// How many events were stored, and how many alerts they raised.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) events: u64,
    pub(super) alerts: u64,
}

impl Counts {
    fn add(&mut self, stored: &[Stored]) {
        let alerts = stored.iter().filter(|event| event.alert.is_some()).count();
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        self.events = self.events.saturating_add(number(stored.len()));
        self.alerts = self.alerts.saturating_add(number(alerts));
    }
}

/// Stores batches one after the other, so that ids rise in the order of the input.
#[derive(Debug)]
pub(super) struct Storing {
    ingest: Ingest,
    caller: Caller,
    /// What is stored so far.
    pub(super) counts: Counts,
}

impl Storing {
    /// Begins, on behalf of somebody.
    pub(super) fn begin(app: &App, caller: Caller) -> Self {
        Self {
            ingest: Ingest::start(app),
            caller,
            counts: Counts::default(),
        }
    }

    /// Stores a batch, all or nothing, synced to disk; what became of each event, in order.
    pub(super) async fn store(
        &mut self,
        events: Vec<Prepared>,
    ) -> Result<Vec<Stored>, IngestError> {
        if events.is_empty() {
            return Ok(Vec::new());
        }
        let batch = Batch {
            caller: self.caller.clone(),
            events,
            // Kept answers belong to requests; without one nobody asks for this.
            repeat: None,
            answer: |_, _, _| Answer {
                status: 200,
                location: None,
                body: String::new(),
            },
            rejected: Rejected::default(),
        };
        match self.ingest.store(batch).await? {
            Ingested::Stored(_, stored) => {
                self.counts.add(&stored);
                Ok(stored)
            }
            Ingested::Repeated(_) => Ok(Vec::new()),
        }
    }
}
