//! How many events a second a described source may send: a bucket of two seconds' worth each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base::Timestamp;

use super::registry::Settings;

/// Parts of an event a bucket counts in, so that slow sources fill up too.
const PARTS: i64 = 1_000_000;

/// What a source has left.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// In millionths of an event: an event a second is one a microsecond.
    left: i64,
    at: Timestamp,
}

/// The buckets of described sources with a rate of their own; there are never more.
#[derive(Debug, Default)]
pub(super) struct Buckets(Mutex<HashMap<String, Bucket>>);

impl Buckets {
    /// Takes `n` events out of a source's bucket, which holds twice its rate.
    ///
    /// More than the bucket can ever hold empties it instead, so that a large batch still passes
    /// when it is full.
    ///
    /// # Errors
    /// Seconds until there is enough, at least 1.
    pub(super) fn take(&self, source: &str, rate: u32, n: u32, now: Timestamp) -> Result<(), u64> {
        let rate = i64::from(rate.max(1));
        let full = rate.saturating_mul(2).saturating_mul(PARTS);
        let wanted = i64::from(n).saturating_mul(PARTS).min(full);
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.entry(source.to_owned()).or_insert(Bucket {
            left: full,
            at: now,
        });
        // A clock set back gives nothing and takes nothing.
        let passed = i64::try_from(now.since(bucket.at).as_micros()).unwrap_or(i64::MAX);
        bucket.left = bucket
            .left
            .saturating_add(passed.saturating_mul(rate))
            .min(full);
        bucket.at = now;
        if bucket.left >= wanted {
            bucket.left = bucket.left.saturating_sub(wanted);
            return Ok(());
        }
        let missing = wanted.saturating_sub(bucket.left);
        let micros = missing.checked_div(rate).unwrap_or(0);
        let seconds = micros.checked_div(1_000_000).unwrap_or(0).saturating_add(1);
        Err(u64::try_from(seconds).unwrap_or(1))
    }

    /// Forgets sources that have no rate any more.
    pub(super) fn keep(&self, described: &HashMap<String, Arc<Settings>>) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.retain(|name, _| {
            described
                .get(name)
                .is_some_and(|settings| settings.rate_limit.is_some())
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_source_has_two_seconds_at_once_and_its_rate_for_long() {
        let buckets = Buckets::default();
        let mut now = Timestamp::from_millis(0);
        assert_eq!(buckets.take("a", 10, 20, now), Ok(()));
        assert_eq!(buckets.take("a", 10, 1, now), Err(1));
        assert_eq!(buckets.take("b", 10, 20, now), Ok(()), "each has its own");
        now = now.plus(Duration::from_millis(500));
        assert_eq!(buckets.take("a", 10, 5, now), Ok(()));
        assert_eq!(buckets.take("a", 10, 15, now), Err(2));
        let passed: u32 = (0..1_000)
            .map(|_| {
                now = now.plus(Duration::from_millis(10));
                u32::from(buckets.take("a", 10, 1, now).is_ok())
            })
            .sum();
        assert_eq!(passed, 100, "10 a second for 10 seconds");
    }

    #[test]
    fn a_batch_larger_than_the_bucket_passes_when_it_is_full() {
        let buckets = Buckets::default();
        let now = Timestamp::from_millis(0);
        assert_eq!(buckets.take("a", 1, 10_000, now), Ok(()));
        assert_eq!(buckets.take("a", 1, 1, now), Err(2));
        assert_eq!(buckets.take("a", 1, 10_000, now), Err(3));
        assert_eq!(
            buckets.take("a", 1, 10_000, now.plus(Duration::from_secs(2))),
            Ok(())
        );
    }

    #[test]
    fn a_clock_set_back_takes_nothing() {
        let buckets = Buckets::default();
        let later = Timestamp::from_millis(10_000);
        assert_eq!(buckets.take("a", 5, 10, later), Ok(()));
        assert_eq!(buckets.take("a", 5, 1, Timestamp::from_millis(0)), Err(1));
    }
}
