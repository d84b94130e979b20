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
pub(super) struct Counts {
    kinds: BTreeMap<(i64, i64, Severity), i64>,
    origins: BTreeMap<(i64, Origin), i64>,
}

impl Counts {
    /// Counts `n` more (or fewer) events received at a time.
    pub(super) fn add(
        &mut self,
        received_at: Timestamp,
        source: i64,
        severity: Severity,
        origin: Origin,
        n: i64,
    ) {
        let minute = received_at.seconds().div_euclid(60);
        let sum = self.kinds.entry((minute, source, severity)).or_default();
        *sum = sum.saturating_add(n);
        let sum = self.origins.entry((minute, origin)).or_default();
        *sum = sum.saturating_add(n);
    }

    /// Writes the counts. Always after the alerts of the same transaction: else each of two
    /// writers could wait for the other's counts.
    pub(super) fn write(&self, tx: &mut Tx<'_>, shard: i64) -> Result<(), StoreError> {
        let mut hours: BTreeMap<(i64, i64, Severity), i64> = BTreeMap::new();
        let mut rollup = Rollup::new();
        for (&(minute, source, severity), &n) in self.kinds.iter().filter(|(_, n)| **n != 0) {
            let hour = minute.div_euclid(60);
            let sum = hours.entry((hour, source, severity)).or_default();
            *sum = sum.saturating_add(n);
            rollup.add_minute(Kind::EventSeverity, minute, severity.id(), n);
            rollup.add_minute(Kind::EventSource, minute, source, n);
        }
        for (&(minute, origin), &n) in self.origins.iter().filter(|(_, n)| **n != 0) {
            rollup.add_minute(Kind::EventOrigin, minute, origin.item(), n);
        }
        events::count(tx, shard, &hours)?;
        rollup.write(tx, shard)
    }
}

/// Where the address of an event is, by what was found when it was stored.
pub(super) fn origin(geo: Option<&Geo>) -> Origin {
    Origin::new(
        geo.and_then(|geo| geo.country_code.as_deref()),
        geo.is_some_and(|geo| geo.label.is_some()),
    )
}
