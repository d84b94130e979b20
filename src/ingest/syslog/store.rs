//! Storing what was read, once, for as long as it takes.
//!
//! A sender of syslog never sends again, so a batch is tried until it is stored. After a commit of
//! which nobody knows whether it happened, one event of the batch tells: it carries a name that
//! only this batch has, and the database keeps names of events with them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rand::RngExt as _;
use store::{StoreError, Tx};
use tokio::sync::mpsc::Receiver;
use tokio::time::timeout;

use super::Hub;
use super::gather::{Item, Ready, caller};
use crate::adapters::{Context, Profile, refused};
use crate::http::Caller;
use crate::ingest::account::count_stored;
use crate::ingest::event_keys::{self, EventKey};
use crate::ingest::pipeline::{Batch, Prepared, Stored};
use crate::ingest::queue::{IngestError, Ingested};
use crate::sources::{DeadLetter, Outcome};

/// The first pause after a failure; each is twice as long as the one before.
const PAUSE_FIRST: Duration = Duration::from_millis(20);
/// The longest pause.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// Times a batch that the database refuses for itself is tried whole, before it is divided.
const REFUSALS_MAX: u32 = 2;

/// Batches stored before the names of their witnesses are forgotten together.
const TOLD_MAX: usize = 256;

/// Stores batches until none comes any more.
pub(super) async fn run(hub: Arc<Hub>, mut batches: Receiver<Ready>) {
    let mut told = Vec::new();
    while let Some(ready) = batches.recv().await {
        let mut storing = Storing {
            hub: &hub,
            caller: &ready.caller,
            told: &mut told,
            pause: PAUSE_FIRST,
            failures: 0,
        };
        // Halves of halves, where the database refuses one of the events.
        let mut parts = vec![Part::whole(ready.items)];
        while let Some(part) = parts.pop() {
            if let Some(halves) = storing.part(part).await {
                parts.extend(halves);
            }
        }
        hub.pending.fetch_sub(ready.messages, Ordering::Relaxed);
        if told.len() >= TOLD_MAX {
            forget(&hub, std::mem::take(&mut told)).await;
        }
    }
    forget(&hub, told).await;
}

/// Forgets witnesses that have told; those it does not come to go after 48 hours, as all keys do.
async fn forget(hub: &Hub, keys: Vec<EventKey>) {
    let forget = move |tx: &mut Tx<'_>| event_keys::forget(tx, &keys);
    if let Err(error) = hub.app.store.write(forget).await {
        tracing::debug!(%error, "names of syslog batches stay in the database for a while");
    }
}

/// Events that are stored all or not at all.
struct Part {
    items: Vec<Item>,
    /// Times the database refused them for themselves.
    refusals: u32,
}

impl Part {
    const fn whole(items: Vec<Item>) -> Self {
        Self { items, refusals: 0 }
    }
}

/// The event that tells whether its batch was stored, and the name it has for that.
#[derive(Clone, Copy)]
struct Witness {
    place: usize,
    key: EventKey,
}

impl Witness {
    /// One of the events that have no name of their own; those that have are stored once anyway.
    fn of(items: &[Item]) -> Option<Self> {
        let place = items.iter().position(|item| !item.named)?;
        let name: u128 = rand::rng().random();
        Some(Self {
            place,
            key: EventKey::new("syslog batch", &name.to_string()),
        })
    }
}

/// Whether it is about the events: the same again will not go through.
const fn is_refusal(error: &IngestError) -> bool {
    matches!(error, IngestError::Store(error) if !error.is_temporary())
}

/// Whether the commit may have happened all the same.
const fn may_be_stored(error: &IngestError) -> bool {
    matches!(
        error,
        IngestError::Store(StoreError::Unavailable(_) | StoreError::Full)
    )
}

struct Storing<'a> {
    hub: &'a Hub,
    caller: &'a Caller,
    /// Witnesses that nobody will ask any more.
    told: &'a mut Vec<EventKey>,
    pause: Duration,
    failures: u32,
}

impl Storing<'_> {
    /// Stores a part, or says into what it is to be divided, the first half last.
    async fn part(&mut self, mut part: Part) -> Option<[Part; 2]> {
        while !part.items.is_empty() {
            let witness = Witness::of(&part.items);
            let error = match self.attempt(&part.items, witness).await {
                Ok(()) => {
                    self.told.extend(witness.map(|witness| witness.key));
                    return None;
                }
                Err(error) => error,
            };
            if is_refusal(&error) {
                part.refusals = part.refusals.saturating_add(1);
                if part.refusals >= REFUSALS_MAX {
                    return self.divided(part.items, &error);
                }
            }
            if matches!(error, IngestError::Stopping) || !self.wait(&error).await {
                self.lost(&part.items, &error);
                return None;
            }
            let Some(witness) = witness.filter(|_| may_be_stored(&error)) else {
                continue;
            };
            let item = part.items.get(witness.place)?;
            match self.ask(item, witness).await {
                Ok(true) => {
                    let events: Vec<_> = part.items.into_iter().map(|item| item.event).collect();
                    count_stored(&self.hub.app, &self.hub.ingest, &events, &[]);
                    return None;
                }
                Ok(false) => {
                    let item = part.items.remove(witness.place);
                    count_stored(&self.hub.app, &self.hub.ingest, &[item.event], &[]);
                }
                Err(error) if is_refusal(&error) => return self.divided(part.items, &error),
                Err(error) => {
                    self.lost(&part.items, &error);
                    return None;
                }
            }
        }
        None
    }

    /// Stores events together, and counts them.
    async fn attempt(&self, items: &[Item], witness: Option<Witness>) -> Result<(), IngestError> {
        let events = items.iter().map(|item| item.event.clone());
        let mut events: Vec<Prepared> = events.collect();
        if let Some(Witness { place, key }) = witness
            && let (Some(event), Some(item)) = (events.get_mut(place), items.get(place))
        {
            *event = item.event.clone().with_keys(Some(key), item.closes);
        }
        let (events, stored) = self.store(events).await?;
        count_stored(&self.hub.app, &self.hub.ingest, &events, &stored);
        if self.failures > 0 {
            tracing::info!("syslog messages are stored again");
        }
        Ok(())
    }

    async fn store(
        &self,
        events: Vec<Prepared>,
    ) -> Result<(Vec<Prepared>, Vec<Stored>), IngestError> {
        let batch = Batch::without_request(self.caller.clone(), events);
        let stored = tokio::select! {
            stored = self.hub.ingest.store(batch) => stored?,
            () = self.hub.end() => return Err(IngestError::Stopping),
        };
        match stored {
            Ingested::Stored(batch, stored) => Ok((batch.events, stored)),
            Ingested::Repeated(_) => Ok((Vec::new(), Vec::new())),
        }
    }

    /// Stores the witness alone, as often as it takes: whether it was there before that, and with
    /// it the batch. Its name holds it back until a commit that is still under way has ended.
    async fn ask(&mut self, item: &Item, witness: Witness) -> Result<bool, IngestError> {
        let asked = self.hub.app.ids.mark();
        loop {
            let event = item.event.clone().with_keys(Some(witness.key), item.closes);
            match self.store(vec![event]).await {
                // One that is newer was stored by asking, which nobody told us then.
                Ok((_, stored)) => {
                    let of_batch = |it: &Stored| it.repeated && asked.is_after(it.id);
                    return Ok(stored.first().is_some_and(of_batch));
                }
                Err(error) if is_refusal(&error) => return Err(error),
                Err(error) => {
                    let stopping = matches!(error, IngestError::Stopping);
                    if stopping || !self.wait(&error).await {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Two halves of what the database refuses; of a single event it is the refusal.
    fn divided(&self, mut items: Vec<Item>, error: &IngestError) -> Option<[Part; 2]> {
        if items.len() > 1 {
            let second = items.split_off(items.len() / 2);
            return Some([Part::whole(second), Part::whole(items)]);
        }
        let item = items.first()?;
        tracing::error!(%error, "the database refuses a syslog message");
        let (source, profile) = (item.event.names().0, Profile::default());
        let cx = Context {
            now: self.hub.app.clock.now(),
            bound: None,
            source,
            profile: &profile,
        };
        let errors = refused("record", "cannot be stored");
        let shown = item.event.title().as_bytes();
        self.hub.reject(DeadLetter::new(
            &cx,
            "syslog",
            &caller(item.peer),
            0,
            errors,
            shown,
        ));
        None
    }

    /// Waits before the next attempt; `false` when the server stops and has waited long enough.
    async fn wait(&mut self, error: &IngestError) -> bool {
        if self.failures == 0 {
            tracing::warn!(%error, "syslog messages cannot be stored now; they wait");
        }
        self.failures = self.failures.saturating_add(1);
        let pause = self.pause;
        self.pause = pause.saturating_mul(2).min(PAUSE_MAX);
        timeout(pause, self.hub.end()).await.is_err()
    }

    /// Says and counts what is lost with the end of the server.
    fn lost(&self, items: &[Item], error: &IngestError) {
        let messages = items.len();
        tracing::error!(%error, messages, "syslog messages were not stored before the server stopped");
        let now = self.hub.app.clock.now();
        for item in items {
            let source = item.event.names().0;
            self.hub
                .ingest
                .sources()
                .counters()
                .add(source, Outcome::Throttled, 1, now);
        }
    }
}
