//! The queue in front of the transaction: what arrives while one commits goes into the next.

use std::sync::Arc;

use store::{Engine, StoreError, Tx};
use tokio::sync::{mpsc, oneshot};

use super::gather::{Gathering, Waiting};
use super::names::{Found, Names};
use super::pipeline::{Batch, Outcome, Prepared, Stored, store_batches};
use super::storms::Budget;
use crate::app::{App, Change};
use crate::config::Rate;
use crate::http::{Problem, Sender};
use crate::limits::{Share, Shares};
use crate::repeats::{Answer, RepeatError};
use crate::sources::Sources;

/// Events that may wait; beyond, senders hear 503.
const QUEUE_EVENTS_MAX: usize = 65_536;
/// Bytes they may have together: 64 MiB.
const QUEUE_BYTES_MAX: usize = 64 << 20;
/// Times a commit is tried in which other servers were faster with the same key.
const ATTEMPTS_MAX: u32 = 4;
/// Committing tasks on PostgreSQL; SQLite has one writer anyway.
const POSTGRES_WRITERS: i64 = 3;

/// Why events were not stored.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// Too much waits already.
    #[error("too many events are waiting")]
    Full,
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
    /// Another server stored the same event, or answered the same request, at the same moment.
    #[error("another request with the same key was stored at the same moment")]
    Overtaken,
    /// A repeated request that gets no answer.
    #[error(transparent)]
    Repeat(#[from] RepeatError),
    /// The database's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<IngestError> for Problem {
    fn from(error: IngestError) -> Self {
        match error {
            IngestError::Full => {
                Self::unavailable("too many events are waiting; nothing was stored")
            }
            IngestError::Stopping => {
                Self::unavailable("the server is stopping; nothing was stored")
            }
            IngestError::Repeat(error) => error.into(),
            error @ (IngestError::Overtaken | IngestError::Store(_)) => error.of_group().into(),
        }
    }
}

impl IngestError {
    /// What a whole group hears when its transaction failed: whatever the reason, if it was not the
    /// database, all of it was rolled back.
    fn of_group(self) -> StoreError {
        match self {
            Self::Store(error) | Self::Repeat(RepeatError::Store(error)) => error,
            other => StoreError::RolledBack(other.to_string().into()),
        }
    }
}

/// The way into the database for events; cheap to clone.
#[derive(Clone, Debug)]
pub struct Ingest {
    sender: mpsc::Sender<Pending>,
    events: Shares<Sender>,
    bytes: Shares<Sender>,
    sources: Sources,
}

/// Room in the queue, given back when this is dropped.
#[derive(Debug)]
pub(super) struct Room {
    _events: Share<Sender>,
    _bytes: Share<Sender>,
}

#[derive(Debug)]
struct Pending {
    batch: Batch,
    reply: oneshot::Sender<Result<(Batch, Outcome), IngestError>>,
    _room: Room,
}

/// What a request for storing events came to.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "stored is the usual case, and a box each would be dearer"
)]
pub enum Ingested {
    /// Stored now; the batch comes back for the answer.
    Stored(Batch, Vec<Stored>),
    /// Answered before.
    Repeated(Answer),
}

impl Ingest {
    /// Starts the committing tasks; they end when every `Ingest` is gone.
    #[must_use]
    pub fn start(app: &App) -> Self {
        Self::start_with(app, app.config.alert_budget)
    }

    /// The same with another budget of alerts for each source: what an import brings was not sent
    /// at once, however fast it is read.
    #[must_use]
    pub fn start_with(app: &App, alert_budget: Rate) -> Self {
        let sources = Sources::default();
        let budget = Arc::new(Budget::new(alert_budget, sources.clone()));
        let (sender, receiver) = mpsc::channel(QUEUE_EVENTS_MAX);
        let waiting = Arc::new(Gathering::new(receiver));
        let names = Arc::new(Names::default());
        let writers = if app.store.engine() == Engine::Postgres {
            POSTGRES_WRITERS
        } else {
            1
        };
        for shard in 0..writers {
            let (app, waiting, names) = (app.clone(), Arc::clone(&waiting), Arc::clone(&names));
            let budget = Arc::clone(&budget);
            let tasks = app.tasks.clone();
            tasks.spawn(async move { commit_loop(&app, &waiting, &names, &budget, shard).await });
        }
        Self {
            sender,
            events: Shares::new(QUEUE_EVENTS_MAX),
            bytes: Shares::new(QUEUE_BYTES_MAX),
            sources,
        }
    }

    /// What is known of the senders' sources, and the counters of what became of their records.
    #[must_use]
    pub const fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Stores a batch, all or nothing; returns once it is synced to disk.
    ///
    /// Waiting batches have room for 65,536 events and 64 MiB, which is shared fairly: one sender
    /// alone may fill half of it.
    ///
    /// # Errors
    /// [`IngestError`]; nothing was stored then, unless the database went away during the
    /// commit, when that is unknown.
    pub async fn store(&self, batch: Batch) -> Result<Ingested, IngestError> {
        let room = self.room_for(&batch)?;
        self.store_in(room, batch).await
    }

    /// Takes the room a batch needs while it waits.
    pub(super) fn room_for(&self, batch: &Batch) -> Result<Room, IngestError> {
        let sender = batch.caller.sender();
        let size: usize = batch.events.iter().map(Prepared::size).sum();
        let events = self.events.take(&sender, batch.events.len().max(1));
        let room = events.zip(self.bytes.take(&sender, size));
        let (events, bytes) = room.ok_or(IngestError::Full)?;
        Ok(Room {
            _events: events,
            _bytes: bytes,
        })
    }

    /// Stores a batch for which there is room.
    pub(super) async fn store_in(&self, room: Room, batch: Batch) -> Result<Ingested, IngestError> {
        let (reply, answer) = oneshot::channel();
        self.sender
            .try_send(Pending {
                batch,
                reply,
                _room: room,
            })
            .map_err(|_| IngestError::Stopping)?;
        match answer.await {
            Ok(Ok((batch, Outcome::Stored(stored)))) => Ok(Ingested::Stored(batch, stored)),
            Ok(Ok((_, Outcome::Repeated(answer)))) => Ok(Ingested::Repeated(answer)),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(IngestError::Stopping),
        }
    }

    /// Events that may wait at the most.
    #[must_use]
    pub const fn room() -> usize {
        QUEUE_EVENTS_MAX
    }

    /// Events waiting now.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.events.used()
    }
}

async fn commit_loop(
    app: &App,
    waiting: &Gathering<Pending>,
    names: &Arc<Names>,
    budget: &Arc<Budget>,
    shard: i64,
) {
    while let Some((group, under_way)) = waiting.next().await {
        commit(app, names, budget, shard, group).await;
        drop(under_way);
    }
}

impl Waiting for Pending {
    fn events(&self) -> usize {
        self.batch.events.len()
    }
}

async fn commit(
    app: &App,
    names: &Arc<Names>,
    budget: &Arc<Budget>,
    shard: i64,
    group: Vec<Pending>,
) {
    let mut replies = Vec::with_capacity(group.len());
    let mut batches = Vec::with_capacity(group.len());
    for Pending {
        batch,
        reply,
        _room: room,
    } in group
    {
        batches.push(batch);
        replies.push((reply, room));
    }
    let mut batches = Arc::new(batches);
    let mut attempt = 1;
    let result = loop {
        let result = write(app, names, budget, shard, &batches).await;
        // The other's event or answer is there now, and will be found; and who was in the other's
        // way is not the next time.
        if attempt < ATTEMPTS_MAX
            && matches!(
                result,
                Err(IngestError::Overtaken
                    | IngestError::Repeat(
                        RepeatError::UnderWay | RepeatError::Store(StoreError::RolledBack(_))
                    )
                    | IngestError::Store(StoreError::RolledBack(_)))
            )
        {
            attempt = attempt.saturating_add(1);
            continue;
        }
        break result;
    };
    match result {
        Ok((mine, outcomes, found, resolved)) => {
            finish(app, names, &outcomes, found, resolved);
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

type Written = (
    Arc<Vec<Batch>>,
    Vec<Result<Outcome, IngestError>>,
    Found,
    Vec<i64>,
);

async fn write(
    app: &App,
    names: &Arc<Names>,
    budget: &Arc<Budget>,
    shard: i64,
    batches: &Arc<Vec<Batch>>,
) -> Result<Written, IngestError> {
    let (this, batches) = (app.clone(), Arc::clone(batches));
    let (names, budget) = (Arc::clone(names), Arc::clone(budget));
    let body = move |tx: &mut Tx<'_>| {
        let (outcomes, found, resolved) =
            store_batches(tx, &this, &names, &budget, shard, &batches)?;
        Ok::<_, IngestError>((batches, outcomes, found, resolved))
    };
    app.store.write(body).await
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

/// After the commit: remember names, count, announce.
fn finish(
    app: &App,
    names: &Names,
    outcomes: &[Result<Outcome, IngestError>],
    found: Found,
    resolved: Vec<i64>,
) {
    names.remember(found);
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
    app.metrics.stored(events, alerts);
    if let Some(id) = last {
        app.announce(Change::AlertsRaised(id));
    }
    match resolved.as_slice() {
        [] => {}
        [alert] => app.announce(Change::AlertChanged(*alert)),
        _ => app.announce(Change::AlertsChanged(resolved.into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_overtaken_for_good_hears_that_nothing_was_stored() {
        for error in [IngestError::Overtaken, RepeatError::UnderWay.into()] {
            let error = error.of_group();
            assert!(matches!(error, StoreError::RolledBack(_)), "{error:?}");
            let problem = Problem::from(error);
            let said = problem.detail();
            assert!(said.contains("nothing was stored"), "{said}");
        }
        let unknown = IngestError::Store(StoreError::Unavailable("gone".into()));
        assert!(matches!(unknown.of_group(), StoreError::Unavailable(_)));
    }
}
