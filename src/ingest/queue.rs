//! The queue in front of the transaction: what arrives while one commits goes into the next.

use std::sync::Arc;

use store::{Engine, StoreError, Tx};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

use super::names::{Found, Names};
use super::pipeline::{Batch, Outcome, Stored, store_batches};
use crate::app::{App, Change};
use crate::http::Problem;
use crate::repeats::{Answer, RepeatError};
use crate::sources::Sources;

/// Events that may wait; beyond, senders hear 503.
const QUEUE_EVENTS_MAX: usize = 65_536;
/// Events stored by one commit at the most, but for one larger batch.
const COMMIT_EVENTS_MAX: usize = 8_192;
/// Requests taken from the queue at once.
const COMMIT_BATCHES_MAX: usize = 1_024;
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
            IngestError::Overtaken => {
                Self::unavailable("the same event arrived twice at once; send it again")
            }
            IngestError::Repeat(error) => error.into(),
            IngestError::Store(error) => error.into(),
        }
    }
}

/// The way into the database for events; cheap to clone.
#[derive(Clone, Debug)]
pub struct Ingest {
    sender: mpsc::Sender<Pending>,
    room: Arc<Semaphore>,
    sources: Sources,
}

#[derive(Debug)]
struct Pending {
    batch: Batch,
    reply: oneshot::Sender<Result<(Batch, Outcome), IngestError>>,
    /// Room in the queue, given back when this is dropped.
    _room: OwnedSemaphorePermit,
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
        let (sender, receiver) = mpsc::channel(QUEUE_EVENTS_MAX);
        let receiver = Arc::new(Mutex::new(receiver));
        let names = Arc::new(Names::default());
        let writers = if app.store.engine() == Engine::Postgres {
            POSTGRES_WRITERS
        } else {
            1
        };
        for shard in 0..writers {
            let (app, receiver, names) = (app.clone(), Arc::clone(&receiver), Arc::clone(&names));
            let tasks = app.tasks.clone();
            tasks.spawn(async move { commit_loop(&app, &receiver, &names, shard).await });
        }
        Self {
            sender,
            room: Arc::new(Semaphore::new(QUEUE_EVENTS_MAX)),
            sources: Sources::default(),
        }
    }

    /// What is known of the senders' sources, and the counters of what became of their records.
    #[must_use]
    pub const fn sources(&self) -> &Sources {
        &self.sources
    }

    /// Stores a batch, all or nothing; returns once it is synced to disk.
    ///
    /// # Errors
    /// [`IngestError`]; nothing was stored then, unless the database went away during the
    /// commit, when that is unknown.
    pub async fn store(&self, batch: Batch) -> Result<Ingested, IngestError> {
        let size = batch.events.len().clamp(1, QUEUE_EVENTS_MAX);
        let size = u32::try_from(size).unwrap_or(u32::MAX);
        let room = Arc::clone(&self.room)
            .try_acquire_many_owned(size)
            .map_err(|_| IngestError::Full)?;
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
        QUEUE_EVENTS_MAX.saturating_sub(self.room.available_permits())
    }
}

async fn commit_loop(
    app: &App,
    receiver: &Mutex<mpsc::Receiver<Pending>>,
    names: &Arc<Names>,
    shard: i64,
) {
    let mut held = None;
    loop {
        let Some(group) = next_group(receiver, &mut held).await else {
            return;
        };
        commit(app, names, shard, group).await;
    }
}

/// Waits for the first request, then takes what else is there, up to a commit's worth.
async fn next_group(
    receiver: &Mutex<mpsc::Receiver<Pending>>,
    held: &mut Option<Pending>,
) -> Option<Vec<Pending>> {
    let mut receiver = receiver.lock().await;
    let first = match held.take() {
        Some(pending) => pending,
        None => receiver.recv().await?,
    };
    let mut events = first.batch.events.len();
    let mut group = vec![first];
    while group.len() < COMMIT_BATCHES_MAX {
        let Ok(next) = receiver.try_recv() else { break };
        events = events.saturating_add(next.batch.events.len());
        if events > COMMIT_EVENTS_MAX {
            *held = Some(next);
            break;
        }
        group.push(next);
    }
    Some(group)
}

async fn commit(app: &App, names: &Arc<Names>, shard: i64, group: Vec<Pending>) {
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
        let result = write(app, names, shard, &batches).await;
        // The other's event or answer is there now, and will be found.
        if attempt < ATTEMPTS_MAX
            && matches!(
                result,
                Err(IngestError::Overtaken | IngestError::Repeat(RepeatError::UnderWay))
            )
        {
            attempt = attempt.saturating_add(1);
            continue;
        }
        break result;
    };
    match result {
        Ok((mine, outcomes, found)) => {
            finish(app, names, &outcomes, found);
            // The transaction handed its own hold back, so this one is the last.
            drop(mine);
            let batches = Arc::get_mut(&mut batches).map(std::mem::take);
            let batches = batches.unwrap_or_default();
            for ((batch, outcome), (reply, _room)) in batches.into_iter().zip(outcomes).zip(replies)
            {
                // A client that hung up has its events stored all the same.
                drop(reply.send(outcome.map(|outcome| (batch, outcome))));
            }
        }
        Err(error) => {
            let error = match error {
                IngestError::Store(error) | IngestError::Repeat(RepeatError::Store(error)) => error,
                other => StoreError::Unavailable(other.to_string().into()),
            };
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
);

async fn write(
    app: &App,
    names: &Arc<Names>,
    shard: i64,
    batches: &Arc<Vec<Batch>>,
) -> Result<Written, IngestError> {
    let (this, names, batches) = (app.clone(), Arc::clone(names), Arc::clone(batches));
    let body = move |tx: &mut Tx<'_>| {
        let (outcomes, found) = store_batches(tx, &this, &names, shard, &batches)?;
        Ok::<_, IngestError>((batches, outcomes, found))
    };
    app.store.write(body).await
}

/// After the commit: remember names, count, announce.
fn finish(app: &App, names: &Names, outcomes: &[Result<Outcome, IngestError>], found: Found) {
    names.remember(found);
    let stored = outcomes.iter().flat_map(|outcome| match outcome {
        Ok(Outcome::Stored(stored)) => stored.as_slice(),
        _ => &[],
    });
    let (mut events, mut alerts, mut last) = (0_u64, 0_u64, None);
    for event in stored.filter(|event| !event.repeated) {
        events = events.saturating_add(1);
        if event.alert.is_some() {
            alerts = alerts.saturating_add(1);
            last = Some(event.id);
        }
    }
    app.metrics.stored(events, alerts);
    if let Some(id) = last {
        app.announce(Change::AlertsRaised(id));
    }
}
