//! What every slice is handed: capabilities, never services.

use std::sync::Arc;
use std::time::Duration;

use base::{Clock, EventId, EventIds, Timestamp};
use store::Store;
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::Settings;
use crate::credentials::Credentials;
use crate::geo::GeoDb;
use crate::limits::Limits;
use crate::metrics::Metrics;
use crate::secrets::Secrets;

/// Announcements kept for a slow listener before it is told that it missed some.
const CHANGES_KEPT: usize = 1_024;

/// Something others may want to know at once; what it says is to be read from the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Alerts were raised; the highest event id among them.
    AlertsRaised(EventId),
    /// An alert was changed.
    AlertChanged(i64),
    /// Several alerts were changed at once; their numbers.
    AlertsChanged(Arc<[i64]>),
}

/// The running server: one pointer to its [`Parts`], so that handing it on costs nothing.
#[derive(Clone, Debug)]
pub struct App(Arc<Parts>);

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// What the running server consists of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The database.
    pub store: Store,
    /// The time.
    pub clock: Clock,
    /// The settings.
    pub config: Arc<Settings>,
    /// Where addresses are.
    pub geo: GeoDb,
    /// Gives out event ids.
    pub ids: Arc<EventIds>,
    /// Keys to sign and to seal with.
    pub secrets: Arc<Secrets>,
    /// Rate limits.
    pub limits: Arc<Limits>,
    /// The queue before the password hash, and what is remembered of credentials.
    pub credentials: Arc<Credentials>,
    /// Counters.
    pub metrics: Arc<Metrics>,
    /// Announces changes to live pages.
    pub changes: broadcast::Sender<Change>,
    /// Background tasks; stopping waits for them.
    pub tasks: TaskTracker,
    /// Fires when the server is to stop.
    pub stop: CancellationToken,
    /// When the server started.
    pub started_at: Timestamp,
    /// The same by the steady time of its clock.
    pub started_steady: Duration,
}

impl App {
    /// Puts the parts together.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Clock,
        config: Settings,
        geo: GeoDb,
        ids: EventIds,
        secrets: Secrets,
    ) -> Self {
        Self(Arc::new(Parts {
            store,
            started_at: clock.now(),
            started_steady: clock.steady(),
            clock,
            limits: Arc::new(Limits::new(&config)),
            credentials: Arc::new(Credentials::new(&config)),
            config: Arc::new(config),
            geo,
            ids: Arc::new(ids),
            secrets: Arc::new(secrets),
            metrics: Arc::new(Metrics::new()),
            changes: broadcast::channel(CHANGES_KEPT).0,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// The same server by another clock: for events that are stored as of another time.
    #[must_use]
    pub fn with_clock(&self, clock: Clock) -> Self {
        Self(Arc::new(Parts {
            clock,
            ..Parts::clone(&self.0)
        }))
    }

    /// Waits, or less when the server stops.
    pub async fn rest(&self, pause: Duration) {
        // Which of the two it was, its caller sees by asking whether the server stops.
        drop(tokio::time::timeout(pause, self.stop.cancelled()).await);
    }

    /// Announces a change; nobody listening is no error.
    pub fn announce(&self, change: Change) {
        // `send` fails only when nobody listens.
        drop(self.changes.send(change));
    }
}
