//! Durations in buckets, so that medians are kept as sums.

use std::collections::BTreeMap;
use std::time::Duration;

/// Steps an octave is cut into.
const STEPS: u64 = 16;
/// The longest duration told apart, about 136 years in seconds.
const SECONDS_MAX: u64 = 0xffff_ffff;

/// How many durations fell into each bucket.
///
/// A bucket is exact below 32 s; above, each doubling has 16 buckets of equal width (the layout of
/// HDR histograms). The middle of a bucket stands for all of it, so a quantile is off by at most
/// 1/32, which is 3.2 per cent. Integers only: a duration must give the same bucket for ever, on
/// every machine, because it is taken out again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durations(BTreeMap<i64, i64>);

impl Durations {
    /// The bucket of a duration, 0 to about 470.
    #[must_use]
    pub fn bucket(duration: Duration) -> i64 {
        let seconds = duration.as_secs().min(SECONDS_MAX);
        let octave = u64::from(seconds.checked_ilog2().unwrap_or(0).saturating_sub(4));
        let bucket = octave
            .saturating_mul(STEPS)
            .saturating_add(seconds >> octave);
        i64::try_from(bucket).unwrap_or(i64::MAX)
    }

    /// The middle of a bucket in seconds.
    fn middle(bucket: i64) -> i64 {
        let bucket = u64::try_from(bucket).unwrap_or(0);
        let octave = (bucket / STEPS).saturating_sub(1).min(32);
        let low = bucket.saturating_sub(octave.saturating_mul(STEPS)) << octave;
        let middle = low.saturating_add((1_u64 << octave) / 2);
        i64::try_from(middle).unwrap_or(i64::MAX)
    }

    /// Adds the sum of a bucket.
    pub fn add(&mut self, bucket: i64, n: i64) {
        let sum = self.0.entry(bucket).or_default();
        *sum = sum.saturating_add(n);
    }

    /// How many durations there are.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.0.values().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// The duration in seconds that so many per cent do not exceed (nearest rank), off by at most
    /// 3.2 per cent; `None` when there is none. `percent` is 1 to 100.
    #[must_use]
    pub fn percentile(&self, percent: i64) -> Option<i64> {
        let rank = self
            .count()
            .saturating_mul(percent)
            .saturating_add(99)
            .div_euclid(100)
            .max(1);
        let mut seen = 0_i64;
        self.0.iter().find_map(|(bucket, n)| {
            seen = seen.saturating_add(*n);
            (seen >= rank).then(|| Self::middle(*bucket))
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn buckets_follow_each_other_without_a_gap() {
        let mut before = -1;
        for seconds in 0..100_000 {
            let bucket = Durations::bucket(Duration::from_secs(seconds));
            assert!(bucket == before || bucket == before + 1, "{seconds}");
            before = bucket;
        }
        assert_eq!(Durations::bucket(Duration::from_secs(15)), 15);
        assert_eq!(Durations::bucket(Duration::from_secs(16)), 16);
        assert_eq!(
            Durations::bucket(Duration::MAX),
            Durations::bucket(Duration::from_secs(SECONDS_MAX))
        );
    }

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(Durations::default().percentile(50), None);
    }

    proptest! {
        #[test]
        fn a_percentile_is_off_by_a_thirty_second_at_most(
            mut seconds in proptest::collection::vec(0_u64..40_000_000, 1..80),
            percent in 1_i64..=100,
        ) {
            let mut durations = Durations::default();
            for seconds in &seconds {
                durations.add(Durations::bucket(Duration::from_secs(*seconds)), 1);
            }
            seconds.sort_unstable();
            let rank = (seconds.len() * usize::try_from(percent).unwrap()).div_ceil(100).max(1);
            let exact = i64::try_from(seconds[rank - 1]).unwrap();
            let found = durations.percentile(percent).unwrap();
            prop_assert!((found - exact).abs() * 32 <= exact, "{found} for {exact}");
            prop_assert_eq!(durations.count(), i64::try_from(seconds.len()).unwrap());
        }
    }
}
