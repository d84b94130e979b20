//! Who listens, and how many may.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::http::{Actor, Problem};
use crate::metrics::Metrics;

/// Streams a user may have open at once: some windows on some devices.
const PER_USER_MAX: usize = 8;
/// Streams open at once on this server; each costs a connection and about 35 KiB.
const TOTAL_MAX: usize = 1_000;
/// Seconds after which another attempt makes sense: about how long a stream nobody holds any more
/// takes to be noticed.
const RETRY_AFTER: u64 = 15;

/// The open streams of a server.
#[derive(Clone, Debug)]
pub(super) struct Places(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    open: Mutex<Open>,
    total: watch::Sender<usize>,
    metrics: Arc<Metrics>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    streams: HashMap<u64, Listener>,
    by_user: HashMap<i64, usize>,
}

/// Who holds a stream, and how to end it.
#[derive(Clone, Debug)]
pub(super) struct Listener {
    pub(super) actor: Actor,
    pub(super) expired: CancellationToken,
}

/// The place of one stream; dropping it gives it back.
#[derive(Debug)]
pub(super) struct Place {
    shared: Arc<Shared>,
    number: u64,
    user: i64,
    /// Fires when the session does not count any more.
    pub(super) expired: CancellationToken,
}

impl Places {
    pub(super) fn new(metrics: Arc<Metrics>) -> Self {
        Self(Arc::new(Shared {
            open: Mutex::default(),
            total: watch::Sender::new(0),
            metrics,
        }))
    }

    /// Takes a place for a user.
    ///
    /// # Errors
    /// 429 when the user, or everybody together, has all there are.
    pub(super) fn take(&self, user: i64, actor: Actor) -> Result<Place, Problem> {
        let mut open = self.0.open();
        if open.streams.len() >= TOTAL_MAX {
            let detail = format!("{TOTAL_MAX} streams are open on this server; poll /api/stats/");
            return Err(Problem::too_many(detail, RETRY_AFTER));
        }
        let own = open.by_user.entry(user).or_default();
        if *own >= PER_USER_MAX {
            let detail = format!("you have {PER_USER_MAX} streams open: close one of them");
            return Err(Problem::too_many(detail, RETRY_AFTER));
        }
        *own = own.saturating_add(1);
        let number = open.next;
        open.next = number.wrapping_add(1);
        let expired = CancellationToken::new();
        let listener = Listener {
            actor,
            expired: expired.clone(),
        };
        open.streams.insert(number, listener);
        self.0.tell(open.streams.len());
        Ok(Place {
            shared: Arc::clone(&self.0),
            number,
            user,
            expired,
        })
    }

    /// Everybody who listens.
    pub(super) fn listeners(&self) -> Vec<Listener> {
        self.0.open().streams.values().cloned().collect()
    }

    /// How many streams are open.
    pub(super) fn total(&self) -> usize {
        *self.0.total.borrow()
    }

    /// Returns as soon as somebody listens.
    pub(super) async fn somebody(&self) {
        let mut total = self.0.total.subscribe();
        // Fails only when the sender is gone, which `self` holds.
        drop(total.wait_for(|total| *total > 0).await);
    }
}

impl Shared {
    /// A panic within leaves nothing half done: each change is one insertion or removal.
    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, total: usize) {
        self.total.send_replace(total);
        self.metrics.streams(total);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.shared.open();
        open.streams.remove(&self.number);
        if let Some(own) = open.by_user.get_mut(&self.user) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                open.by_user.remove(&self.user);
            }
        }
        self.shared.tell(open.streams.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_bounded_and_given_back() {
        let places = Places::new(Arc::new(Metrics::new()));
        let take = |user| places.take(user, Actor::Anonymous);
        let mut held: Vec<Place> = (0..PER_USER_MAX).map(|_| take(1).unwrap()).collect();
        let refused = take(1).unwrap_err();
        assert_eq!(refused.status(), 429);
        held.push(take(2).unwrap());
        drop(held.remove(0));
        held.push(take(1).unwrap());
        for user in 3.. {
            if places.total() == TOTAL_MAX {
                break;
            }
            held.push(take(user).unwrap());
        }
        assert_eq!(take(1_000_000).unwrap_err().status(), 429);
        drop(held);
        assert_eq!((places.total(), places.listeners().len()), (0, 0));
        assert!(places.0.open().by_user.is_empty());
    }
}
