//! The committing tasks: each takes what has gathered, writes it, and answers whoever waits.

use std::sync::Arc;

use store::{StoreError, Tx};

use super::gather::Gathering;
use super::interned::Names;
use super::pipeline::{Batch, Outcome, Written};
use super::queue::{IngestError, Pending};
use super::storms::Budget;
use crate::app::{App, Change};
use crate::repeats::RepeatError;

/// Times a commit is tried in which other servers were faster with the same key.
const ATTEMPTS_MAX: u32 = 4;

/// What one committing task writes with; cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    pub(super) app: App,
    pub(super) names: Arc<Names>,
    pub(super) budget: Arc<Budget>,
    /// Which rows of counts are its own, so that writers do not wait for each other.
    pub(super) shard: i64,
}

impl Writer {
    /// Writes until nobody can send any more.
    pub(super) async fn run(&self, waiting: &Gathering<Pending>) {
        while let Some((group, under_way)) = waiting.next().await {
            self.commit(group).await;
            drop(under_way);
        }
    }

    async fn commit(&self, group: Vec<Pending>) {
        let mut replies = Vec::with_capacity(group.len());
        let mut batches = Vec::with_capacity(group.len());
        for Pending { batch, reply, room } in group {
            batches.push(batch);
            replies.push((reply, room));
        }
        let mut batches = Arc::new(batches);
        let mut attempt = 1;
        let result = loop {
            let result = self.write(&batches).await;
            match &result {
                Err(error) if attempt < ATTEMPTS_MAX && may_go_through(error) => {
                    attempt = attempt.saturating_add(1);
                }
                _ => break result,
            }
        };
        match result {
            Ok((mine, written)) => {
                let outcomes = self.finish(written);
                // The transaction handed its own hold back, so this one is the last.
                drop(mine);
                let batches = Arc::get_mut(&mut batches).map(std::mem::take);
                let batches = batches.unwrap_or_default();
                for ((mut batch, outcome), (reply, _room)) in
                    batches.into_iter().zip(outcomes).zip(replies)
                {
                    // A client that hung up has its events stored all the same, and counted.
                    settle(&mut batch, &outcome);
                    drop(reply.send(outcome.map(|outcome| (batch, outcome))));
                }
            }
            Err(error) => {
                let error = error.of_group();
                for (reply, _room) in replies {
                    drop(reply.send(Err(error.clone().into())));
                }
            }
        }
    }

    async fn write(
        &self,
        batches: &Arc<Vec<Batch>>,
    ) -> Result<(Arc<Vec<Batch>>, Written), IngestError> {
        let (this, batches) = (self.clone(), Arc::clone(batches));
        let body = move |tx: &mut Tx<'_>| {
            let written = this.store(tx, &batches)?;
            Ok::<_, IngestError>((batches, written))
        };
        self.app.store.write(body).await
    }

    /// After the commit: remembers names, counts, announces; returns what became of each batch.
    fn finish(&self, written: Written) -> Vec<Result<Outcome, IngestError>> {
        let Written {
            outcomes,
            found,
            resolved,
        } = written;
        self.names.remember(found);
        let stored = outcomes.iter().flat_map(|outcome| match outcome {
            Ok(Outcome::Stored(stored)) => stored.as_slice(),
            _ => &[],
        });
        let (mut events, mut alerts, mut last) = (0_u64, 0_u64, None);
        for event in stored.filter(|event| !event.repeated) {
            events = events.saturating_add(1);
            if event.alert.is_some() && !event.folded {
                alerts = alerts.saturating_add(1);
                last = Some(event.id);
            }
        }
        self.app.metrics.stored(events, alerts);
        if let Some(id) = last {
            self.app.announce(Change::AlertsRaised(id));
        }
        match resolved.as_slice() {
            [] => {}
            [alert] => self.app.announce(Change::AlertChanged(*alert)),
            _ => self.app.announce(Change::AlertsChanged(resolved.into())),
        }
        outcomes
    }
}

/// Whether the same may go through now: the other's event or answer is there, and will be found; and
/// who was in the other's way is not the next time.
const fn may_go_through(error: &IngestError) -> bool {
    matches!(
        error,
        IngestError::Overtaken
            | IngestError::Repeat(
                RepeatError::UnderWay | RepeatError::Store(StoreError::RolledBack(_))
            )
            | IngestError::Store(StoreError::RolledBack(_))
    )
}

/// Counts what became of a batch's records; what is to come again counts itself when it is dropped.
fn settle(batch: &mut Batch, outcome: &Result<Outcome, IngestError>) {
    let Some(account) = &mut batch.account else {
        return;
    };
    match outcome {
        Ok(Outcome::Stored(stored)) => account.stored(&batch.events, stored),
        Ok(Outcome::Repeated(_)) => account.answered_before(),
        Err(IngestError::Repeat(RepeatError::OtherBody)) => account.rejected(),
        Err(_) => {}
    }
}
