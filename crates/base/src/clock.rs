//! Where the time comes from, so that tests decide what time it is.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use crate::Timestamp;

/// What the system's steady time is counted from.
#[expect(
    clippy::disallowed_methods,
    reason = "the one place that reads the system's steady clock"
)]
static BEGINNING: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Tells the time: the system's, or a test's.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Mock(MockClock),
}

impl Clock {
    /// The system's wall clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands still until the test moves it.
    #[must_use]
    pub fn mock(clock: &MockClock) -> Self {
        Self(Source::Mock(clock.clone()))
    }

    /// The time now, UTC, in microseconds.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the system clock"
    )]
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System => Timestamp::from_micros(jiff::Timestamp::now().as_microsecond()),
            Source::Mock(clock) => clock.now(),
        }
    }

    /// The time passed since some fixed moment: it goes on evenly when the wall clock is set.
    #[must_use]
    pub fn steady(&self) -> Duration {
        match &self.0 {
            Source::System => BEGINNING.elapsed(),
            Source::Mock(clock) => clock.steady(),
        }
    }
}

/// A clock that moves only when told to.
#[derive(Clone, Debug)]
pub struct MockClock(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    /// Microseconds since 1970.
    time: AtomicI64,
    /// Microseconds that have passed.
    steady: AtomicU64,
}

impl MockClock {
    /// Starts at the given time.
    #[must_use]
    pub fn at(time: Timestamp) -> Self {
        Self(Arc::new(Hands {
            time: AtomicI64::new(time.micros()),
            steady: AtomicU64::new(0),
        }))
    }

    /// The time it stands at.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.time.load(Ordering::SeqCst))
    }

    /// The time that has passed on it, however often it was set.
    #[must_use]
    pub fn steady(&self) -> Duration {
        Duration::from_micros(self.0.steady.load(Ordering::SeqCst))
    }

    /// Lets time pass.
    pub fn advance(&self, by: Duration) {
        let micros = u64::try_from(by.as_micros()).unwrap_or(u64::MAX);
        self.0.steady.fetch_add(micros, Ordering::SeqCst);
        let micros = i64::try_from(micros).unwrap_or(i64::MAX);
        self.0.time.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets it, forwards or back, as somebody corrects a clock: no time passes.
    pub fn set(&self, time: Timestamp) {
        self.0.time.store(time.micros(), Ordering::SeqCst);
    }
}
