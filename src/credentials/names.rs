//! How long a name has to wait after failed sign-ins, and the memory for names nobody has.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base::Timestamp;

/// Failures that cost nothing: people mistype.
const FREE: i64 = 4;
/// The longest delay; 96 guesses a day is all it leaves.
const DELAY_MAX: Duration = Duration::from_mins(15);
/// How far the clocks of two servers may differ.
const LEEWAY: Duration = Duration::from_mins(1);
/// Names remembered at the most.
const NAMES_MAX: usize = 10_000;

/// Failed sign-ins in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub count: i64,
    /// No attempt is looked at before this time.
    pub wait_until: Option<Timestamp>,
}

/// The delay after so many failures in a row: none up to 4, then 1 s, doubling, at most 15 min.
///
/// It only ever grows to its limit: an account is never locked for good.
#[must_use]
pub fn delay(failures: i64) -> Duration {
    let over = failures.saturating_sub(FREE);
    if over <= 0 {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(over.saturating_sub(1)).unwrap_or(u32::MAX);
    let seconds = 1_u64.checked_shl(doublings).unwrap_or(u64::MAX);
    Duration::from_secs(seconds).min(DELAY_MAX)
}

impl Failures {
    /// One more failure, now.
    #[must_use]
    pub fn and_one(self, now: Timestamp) -> Self {
        let count = self.count.saturating_add(1);
        let delay = delay(count);
        Self {
            count,
            wait_until: (!delay.is_zero()).then(|| now.plus(delay)),
        }
    }

    /// Whole seconds still to wait, rounded up; `None` when an attempt is looked at.
    ///
    /// More than these failures cost is left when the clock was set back. Nobody waits for hours
    /// then: one attempt is looked at, and if it fails the delay counts from now.
    #[must_use]
    pub fn wait(self, now: Timestamp) -> Option<u64> {
        let left = self.wait_until?.since(now);
        let due = delay(self.count);
        if left > due.saturating_add(LEEWAY) {
            return None;
        }
        let left = left.min(due);
        let seconds = left
            .as_secs()
            .saturating_add(u64::from(left.subsec_nanos() > 0));
        (seconds > 0).then_some(seconds)
    }
}

/// Failures of names that belong to nobody, so that they are answered like those that do.
#[derive(Debug, Default)]
pub struct UnknownNames(Mutex<HashMap<String, (Timestamp, Failures)>>);

impl UnknownNames {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (Timestamp, Failures)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is known of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Failures {
        self.lock()
            .get(name)
            .map_or_else(Failures::default, |(_, failures)| *failures)
    }

    /// Notes a failure; of 10,000 names the one that failed longest ago is forgotten.
    pub fn fail(&self, name: &str, now: Timestamp) {
        let mut names = self.lock();
        let failures = names
            .get(name)
            .map_or_else(Failures::default, |(_, failures)| *failures)
            .and_one(now);
        if names.len() >= NAMES_MAX && !names.contains_key(name) {
            let oldest = names
                .iter()
                .min_by_key(|(_, (at, _))| *at)
                .map(|(name, _)| name.clone());
            if let Some(oldest) = oldest {
                names.remove(&oldest);
            }
        }
        names.insert(name.to_owned(), (now, failures));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delay_grows_and_has_an_end() {
        let seconds: Vec<u64> = (0..=16).map(|n| delay(n).as_secs()).collect();
        assert_eq!(
            seconds,
            [
                0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900
            ]
        );
        for many in [64, 69, 70, 1_000_000, i64::MAX] {
            assert_eq!(delay(many), DELAY_MAX, "{many}");
        }
        assert_eq!(delay(-1), Duration::ZERO);
    }

    #[test]
    fn waiting_ends_by_itself() {
        let now = Timestamp::from_millis(0);
        let failures = (0..6).fold(Failures::default(), |it, _| it.and_one(now));
        assert_eq!(failures.wait(now), Some(2));
        assert_eq!(failures.wait(Timestamp::from_millis(1_500)), Some(1));
        assert_eq!(failures.wait(Timestamp::from_millis(2_000)), None);
    }

    #[test]
    fn a_clock_set_back_locks_nobody_out_and_gives_one_attempt() {
        let late = Timestamp::from_millis(6 * 3_600_000);
        let failures = (0..6).fold(Failures::default(), |it, _| it.and_one(late));
        let now = Timestamp::from_millis(0);
        assert_eq!(failures.wait(now), None);
        assert_eq!(failures.and_one(now).wait(now), Some(4));
    }

    #[test]
    fn unknown_names_wait_too_and_are_bounded() {
        let names = UnknownNames::default();
        let now = Timestamp::from_millis(0);
        for _ in 0..5 {
            names.fail("ghost", now);
        }
        assert_eq!(names.get("ghost").wait(now), Some(1));
        assert_eq!(names.get("other").wait(now), None);
        for n in 0..i64::try_from(NAMES_MAX).unwrap() {
            names.fail(&format!("n{n}"), Timestamp::from_millis(n + 1));
        }
        assert_eq!(names.lock().len(), NAMES_MAX);
        assert_eq!(names.get("ghost").wait(now), None, "the oldest went");
    }
}
