//! How many events a second a sender may send of a described source: a bucket of two seconds'
//! worth each.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use base::Timestamp;

use super::registry::Settings;
use crate::http::Sender;

/// Parts of an event a bucket counts in, so that slow sources fill up too.
const PARTS: i64 = 1_000_000;

/// What a source has left.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    /// In millionths of an event: an event a second is one a microsecond.
    left: i64,
    at: Timestamp,
}

/// Buckets at the most; beyond, senders of a source share one.
const BUCKETS_MAX: usize = 10_000;

/// The buckets of described sources with a rate of their own, one for each sender.
#[derive(Debug, Default)]
pub(super) struct Buckets(Mutex<HashMap<Key, Bucket>>);

/// A source, and who sends of it.
type Key = (String, Option<Sender>);

impl Buckets {
    /// Takes events out of a sender's buckets, each of which holds twice its source's rate: of all
    /// `(source, rate, events)`, or of none.
    ///
    /// More than a bucket can ever hold empties it instead, so that a large batch still passes
    /// when it is full.
    ///
    /// # Errors
    /// The first source of which there is not enough, and seconds until there is, at least 1.
    pub(super) fn take<'s>(
        &self,
        wanted: &[(&'s str, u32, u32)],
        sender: Sender,
        now: Timestamp,
    ) -> Result<(), (&'s str, u64)> {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut taken = Vec::with_capacity(wanted.len());
        for &(source, rate, n) in wanted {
            let key = place(&buckets, source, sender);
            let rate = i64::from(rate.max(1));
            let full = rate.saturating_mul(2).saturating_mul(PARTS);
            let bucket = buckets.entry(key.clone()).or_insert(Bucket {
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
            let wanted = i64::from(n).saturating_mul(PARTS).min(full);
            if bucket.left < wanted {
                let missing = wanted.saturating_sub(bucket.left);
                let micros = missing.checked_div(rate).unwrap_or(0);
                let seconds = micros.checked_div(1_000_000).unwrap_or(0).saturating_add(1);
                return Err((source, u64::try_from(seconds).unwrap_or(1)));
            }
            taken.push((key, wanted));
        }
        for (key, wanted) in taken {
            if let Some(bucket) = buckets.get_mut(&key) {
                bucket.left = bucket.left.saturating_sub(wanted);
            }
        }
        Ok(())
    }

    /// Forgets sources that have no rate any more.
    pub(super) fn keep(&self, described: &HashMap<String, Arc<Settings>>) {
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.retain(|(name, _), _| {
            described
                .get(name)
                .is_some_and(|settings| settings.rate_limit.is_some())
        });
    }
}

/// The bucket of a sender; the one that all others of the source share when there are too many.
fn place(buckets: &HashMap<Key, Bucket>, source: &str, sender: Sender) -> Key {
    let own = (source.to_owned(), Some(sender));
    if buckets.len() < BUCKETS_MAX || buckets.contains_key(&own) {
        own
    } else {
        (own.0, None)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const SOMEBODY: Sender = Sender::Key(1);

    impl Buckets {
        fn one(&self, source: &str, rate: u32, n: u32, now: Timestamp) -> Result<(), u64> {
            self.take(&[(source, rate, n)], SOMEBODY, now)
                .map_err(|(_, seconds)| seconds)
        }
    }

    #[test]
    fn all_sources_of_a_batch_have_enough_or_none_loses_anything() {
        let buckets = Buckets::default();
        let now = Timestamp::from_millis(0);
        let batch = [("a", 10, 20), ("b", 10, 1)];
        assert_eq!(buckets.one("b", 10, 20, now), Ok(()));
        assert_eq!(buckets.take(&batch, SOMEBODY, now), Err(("b", 1)));
        assert_eq!(buckets.one("a", 10, 20, now), Ok(()));
    }

    #[test]
    fn nobody_takes_another_senders_allowance() {
        let buckets = Buckets::default();
        let now = Timestamp::from_millis(0);
        assert_eq!(buckets.one("a", 10, 20, now), Ok(()));
        let other = Sender::Key(2);
        assert_eq!(buckets.take(&[("a", 10, 20)], other, now), Ok(()));
    }

    #[test]
    fn beyond_the_bound_senders_share() {
        let buckets = Buckets::default();
        let now = Timestamp::from_millis(0);
        for id in 0..12_000 {
            buckets.take(&[("a", 10, 1)], Sender::Key(id), now).ok();
        }
        assert!(buckets.0.lock().unwrap().len() <= BUCKETS_MAX + 1);
        assert!(
            buckets
                .take(&[("a", 10, 1)], Sender::Key(99_999), now)
                .is_err()
        );
        assert_eq!(buckets.one("a", 10, 1, now), Ok(()));
    }

    #[test]
    fn a_source_has_two_seconds_at_once_and_its_rate_for_long() {
        let buckets = Buckets::default();
        let mut now = Timestamp::from_millis(0);
        assert_eq!(buckets.one("a", 10, 20, now), Ok(()));
        assert_eq!(buckets.one("a", 10, 1, now), Err(1));
        assert_eq!(buckets.one("b", 10, 20, now), Ok(()), "each has its own");
        now = now.plus(Duration::from_millis(500));
        assert_eq!(buckets.one("a", 10, 5, now), Ok(()));
        assert_eq!(buckets.one("a", 10, 15, now), Err(2));
        let passed: u32 = (0..1_000)
            .map(|_| {
                now = now.plus(Duration::from_millis(10));
                u32::from(buckets.one("a", 10, 1, now).is_ok())
            })
            .sum();
        assert_eq!(passed, 100, "10 a second for 10 seconds");
    }

    #[test]
    fn a_batch_larger_than_the_bucket_passes_when_it_is_full() {
        let buckets = Buckets::default();
        let now = Timestamp::from_millis(0);
        assert_eq!(buckets.one("a", 1, 10_000, now), Ok(()));
        assert_eq!(buckets.one("a", 1, 1, now), Err(2));
        assert_eq!(buckets.one("a", 1, 10_000, now), Err(3));
        assert_eq!(
            buckets.one("a", 1, 10_000, now.plus(Duration::from_secs(2))),
            Ok(())
        );
    }

    #[test]
    fn a_clock_set_back_takes_nothing() {
        let buckets = Buckets::default();
        let later = Timestamp::from_millis(10_000);
        assert_eq!(buckets.one("a", 5, 10, later), Ok(()));
        assert_eq!(buckets.one("a", 5, 1, Timestamp::from_millis(0)), Err(1));
    }
}
