//! The queue in front of the transaction: what arrives while one commits goes into the next.

use std::sync::Arc;

use store::{Engine, StoreError};
use tokio::sync::{mpsc, oneshot};

use super::gather::{Gathering, Waiting};
use super::interned::Names;
use super::pipeline::{Batch, Outcome, Prepared, Stored};
use super::storms::Budget;
use super::writer::Writer;
use crate::app::App;
use crate::config::Rate;
use crate::http::{Problem, Sender};
use crate::limits::{Share, Shares};
use crate::repeats::{Answer, RepeatError};
use crate::sources::Sources;

/// Events that may wait; beyond, senders hear 503.
const QUEUE_EVENTS_MAX: usize = 65_536;
/// Bytes they may have together: 64 MiB.
const QUEUE_BYTES_MAX: usize = 64 << 20;
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
    pub(super) fn of_group(self) -> StoreError {
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

/// A batch that waits.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) batch: Batch,
    pub(super) reply: oneshot::Sender<Result<(Batch, Outcome), IngestError>>,
    /// Given back when the batch is answered.
    pub(super) room: Room,
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
            let writer = Writer {
                app: app.clone(),
                names: Arc::clone(&names),
                budget: Arc::clone(&budget),
                shard,
            };
            let waiting = Arc::clone(&waiting);
            app.tasks.spawn(async move { writer.run(&waiting).await });
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
            .try_send(Pending { batch, reply, room })
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

impl Waiting for Pending {
    fn events(&self) -> usize {
        self.batch.events.len()
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
