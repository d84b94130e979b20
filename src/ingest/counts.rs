//! What a transaction's events add to the kept counts, or take away.

use std::collections::BTreeMap;

use base::{Severity, Timestamp};
use store::{StoreError, Tx};

use crate::events;
use crate::geo::Geo;
use crate::rollups::{Kind, Origin, Rollup};

/// Events counted by minute, source and severity, and by minute and origin; the coarser sums
/// are made of these once, not with each event.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    // One entry an event: sorting all at the end costs less than finding each one's sum.
    kinds: Vec<((i64, i64, Severity), i64)>,
    origins: Vec<((i64, Origin), i64)>,
}

impl Counts {
    /// Makes room for so many events.
    pub(super) fn with_capacity(events: usize) -> Self {
        Self {
            kinds: Vec::with_capacity(events),
            origins: Vec::with_capacity(events),
        }
    }

    /// Counts `n` more (or fewer) events received at a time.
    pub(crate) fn add(
        &mut self,
        received_at: Timestamp,
        source: i64,
        severity: Severity,
        origin: Origin,
        n: i64,
    ) {
        let minute = received_at.seconds().div_euclid(60);
        self.kinds.push(((minute, source, severity), n));
        self.origins.push(((minute, origin), n));
    }

    /// Writes the counts. Always after the alerts of the same transaction: else each of two
    /// writers could wait for the other's counts.
    pub(crate) fn write(self, tx: &mut Tx<'_>, shard: i64) -> Result<(), StoreError> {
        let mut hours: BTreeMap<(i64, i64, Severity), i64> = BTreeMap::new();
        let mut rollup = Rollup::new();
        for ((minute, source, severity), n) in summed(self.kinds) {
            let hour = minute.div_euclid(60);
            let sum = hours.entry((hour, source, severity)).or_default();
            *sum = sum.saturating_add(n);
            rollup.add_minute(Kind::EventSeverity, minute, severity.id(), n);
            rollup.add_minute(Kind::EventSource, minute, source, n);
        }
        for ((minute, origin), n) in summed(self.origins) {
            rollup.add_minute(Kind::EventOrigin, minute, origin.item(), n);
        }
        events::count(tx, shard, &hours)?;
        rollup.write(tx, shard)
    }
}

/// The sum of each key, in order; without those that come to nothing.
fn summed<K: Ord + Copy>(mut all: Vec<(K, i64)>) -> impl Iterator<Item = (K, i64)> {
    all.sort_unstable_by_key(|(key, _)| *key);
    all.dedup_by(|(key, n), (kept, sum)| {
        let is_same = key == kept;
        if is_same {
            *sum = sum.saturating_add(*n);
        }
        is_same
    });
    all.into_iter().filter(|(_, n)| *n != 0)
}

/// Where the address of an event is, by what was found when it was stored.
pub(crate) fn origin(geo: Option<&Geo>) -> Origin {
    Origin::new(
        geo.and_then(|geo| geo.country_code.as_deref()),
        geo.is_some_and(|geo| geo.label.is_some()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_has_one_sum_and_nothing_is_left_out() {
        let all = vec![(3, 1), (1, 2), (3, 4), (2, 1), (2, -1), (1, -5)];
        let sums: Vec<(i64, i64)> = summed(all).collect();
        assert_eq!(sums, [(1, -3), (3, 5)]);
    }
}
