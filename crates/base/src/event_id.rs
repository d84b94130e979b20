//! Event ids: 53-bit integers whose order is the order of arrival.

use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Milliseconds from 1970 to 2025-01-01T00:00:00Z, where event time begins.
const EPOCH_MS: i64 = 1_735_689_600_000;
const NODE_BITS: u32 = 4;
const SEQUENCE_BITS: u32 = 8;
const SHIFT: u32 = NODE_BITS + SEQUENCE_BITS;
/// 41 bits of milliseconds: until September 2094.
const MILLIS_MAX: i64 = (1 << 41) - 1;

/// The highest node number: ids leave 4 bits for it.
pub const NODE_MAX: u8 = 15;

/// An event's id: 41 bits of milliseconds since 2025, 4 bits of node, 8 bits of sequence.
///
/// Below 2^53, so that every JSON reader holds it exactly. Its time is the event's `timestamp`.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[schema(value_type = i64, minimum = 0, maximum = 9_007_199_254_740_991_i64)]
pub struct EventId(i64);

impl EventId {
    /// From the stored or received number; any integer, whether or not such an event exists.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i64 {
        self.0
    }

    /// When the server received the event, in whole milliseconds.
    #[must_use]
    pub const fn timestamp(self) -> Timestamp {
        Timestamp::from_millis((self.0 >> SHIFT).saturating_add(EPOCH_MS))
    }

    /// The lowest id an event received at or after the given time can have.
    #[must_use]
    pub fn first_at(time: Timestamp) -> Self {
        // Rounded up: an id's time has whole milliseconds.
        let millis = Timestamp::from_micros(time.micros().saturating_add(999)).millis();
        Self(millis.saturating_sub(EPOCH_MS).clamp(0, MILLIS_MAX) << SHIFT)
    }
}

impl std::fmt::Display for EventId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Gives out event ids, ever rising: 256 a millisecond, borrowing from the next in a burst.
///
/// A clock that steps back does not step the ids back.
#[derive(Debug)]
pub struct EventIds {
    node: i64,
    last: Mutex<i64>,
}

impl EventIds {
    /// Ids of one node (0 to [`NODE_MAX`]), all above the highest already given out.
    #[must_use]
    pub fn new(node: u8, highest: Option<EventId>) -> Self {
        // The last slot is kept as (millis << 8 | sequence): the order of one node.
        let last = highest.map_or(-1, slot_above);
        Self {
            node: i64::from(node.min(NODE_MAX)),
            last: Mutex::new(last),
        }
    }

    /// The node whose ids these are, 0 to [`NODE_MAX`].
    #[must_use]
    pub const fn node(&self) -> i64 {
        self.node
    }

    /// Makes every id given out from now on higher than the given one: another process wrote it.
    pub fn rise_above(&self, highest: EventId) {
        let mut last = self
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // Our own last id asks for no gap.
        if slot_of(highest) > *last {
            *last = slot_above(highest);
        }
    }

    /// The highest place given out so far: every id of this node up to now is not above it, every
    /// later one is, whatever the clock was set to in between.
    #[must_use]
    pub fn mark(&self) -> IdMark {
        let last = self
            .last
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        IdMark(*last)
    }

    /// Reserves the ids of a batch; they rise in the order returned.
    ///
    /// Past September 2094 the 41 bits are spent and ids repeat the last millisecond.
    pub fn take(&self, now: Timestamp, count: usize) -> impl Iterator<Item = EventId> + use<> {
        let millis = now.millis().saturating_sub(EPOCH_MS).clamp(0, MILLIS_MAX);
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let first = {
            let mut last = self
                .last
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            let first = (*last).saturating_add(1).max(millis << SEQUENCE_BITS);
            *last = first.saturating_add(count).saturating_sub(1);
            first
        };
        let node = self.node;
        (first..first.saturating_add(count)).map(move |slot| {
            EventId(((slot >> SEQUENCE_BITS) << SHIFT) | (node << SEQUENCE_BITS) | (slot & 0xff))
        })
    }
}

/// A moment in the order of one node's ids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdMark(i64);

impl IdMark {
    /// Whether an id of the same node was given out before this moment.
    #[must_use]
    pub const fn is_after(self, id: EventId) -> bool {
        slot_of(id) <= self.0
    }
}

/// The place of an id in the order of one node: milliseconds, then sequence.
const fn slot_of(id: EventId) -> i64 {
    ((id.0 >> SHIFT) << SEQUENCE_BITS) | (id.0 & 0xff)
}

/// The last place in the millisecond of an id, whichever node made it.
const fn slot_above(id: EventId) -> i64 {
    ((id.0 >> SHIFT) << SEQUENCE_BITS) | 0xff
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(EPOCH_MS + millis)
    }

    #[test]
    fn an_id_says_when_it_was_made() {
        let id = EventIds::new(3, None).take(at(1_234), 1).next().unwrap();
        assert_eq!(id.timestamp(), at(1_234));
        assert!(EventId::first_at(at(1_234)) <= id && id < EventId::first_at(at(1_235)));
    }

    #[test]
    fn a_burst_borrows_from_the_next_millisecond() {
        let ids: Vec<_> = EventIds::new(0, None).take(at(5), 300).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!(ids[299].timestamp(), at(6));
    }

    #[test]
    fn a_restart_goes_on_above_the_highest() {
        let highest = EventIds::new(0, None).take(at(50), 1).next().unwrap();
        let next = EventIds::new(0, Some(highest))
            .take(at(10), 1)
            .next()
            .unwrap();
        assert!(next > highest);
    }

    #[test]
    fn a_mark_parts_earlier_ids_from_later_ones_when_the_clock_is_set_back() {
        let ids = EventIds::new(2, None);
        let before = ids.take(at(90_000), 300).last().unwrap();
        let mark = ids.mark();
        let later = ids.take(at(10), 1).next().unwrap();
        assert!(mark.is_after(before) && !mark.is_after(later));
    }

    #[test]
    fn an_id_of_another_process_is_passed() {
        let ids = EventIds::new(0, None);
        let other = EventIds::new(0, None).take(at(90), 200).last().unwrap();
        ids.rise_above(other);
        let next = ids.take(at(10), 1).next().unwrap();
        assert!(next > other);
        ids.rise_above(next);
        assert_eq!(
            ids.take(at(10), 1).next().unwrap().number(),
            next.number() + 1
        );
    }

    proptest! {
        #[test]
        fn ids_rise_and_fit_53_bits(steps in prop::collection::vec((-50_i64..2_000, 1_usize..600), 1..40), node in 0_u8..=15) {
            let ids = EventIds::new(node, None);
            let mut millis = 1_000;
            let mut before = -1;
            for (step, count) in steps {
                millis += step;
                for id in ids.take(at(millis), count) {
                    prop_assert!(id.number() > before);
                    prop_assert!(id.number() < 1 << 53);
                    before = id.number();
                }
            }
        }
    }
}
