//! The end of a table that only grows, as far as it has been read.

use std::collections::BTreeMap;
use std::time::Duration;

use base::Timestamp;

/// How long a skipped number may still turn up. A writer that holds one longer has lost its
/// caller (15 s) long ago; numbers of undone transactions never turn up.
const SETTLED_AFTER: Duration = Duration::from_secs(30);

/// Skipped numbers remembered; beyond it the oldest count as never used.
const HOLES_MAX: usize = 500;

/// Up to where a table has been read, and which numbers below were not there yet.
///
/// PostgreSQL gives numbers out before the commit: of two writers at the same time the one with
/// the lower numbers may be seen later. SQLite has one writer, and no holes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    highest: i64,
    holes: BTreeMap<i64, Timestamp>,
}

impl Tail {
    /// After a number, with nothing skipped.
    pub(super) fn after(highest: i64) -> Self {
        Self {
            highest,
            holes: BTreeMap::new(),
        }
    }

    /// From the last rows of the table, newest first, each with its time: what is missing below
    /// a row that has just been written may still come.
    pub(super) fn of(recent: &[(i64, Timestamp)], now: Timestamp) -> Self {
        let Some(&(highest, _)) = recent.first() else {
            return Self::default();
        };
        let mut tail = Self::after(highest);
        for pair in recent.windows(2) {
            let [(above, at), (below, _)] = pair else {
                continue;
            };
            if now.since(*at) < SETTLED_AFTER {
                tail.skip(*below, *above, *at);
            }
        }
        tail
    }

    /// The highest number read.
    pub(super) fn highest(&self) -> i64 {
        self.highest
    }

    /// The highest number of which everything up to it has been read.
    pub(super) fn settled(&self) -> i64 {
        match self.holes.first_key_value() {
            Some((hole, _)) => hole.saturating_sub(1),
            None => self.highest,
        }
    }

    /// The numbers that were skipped and may still come.
    pub(super) fn holes(&self) -> impl Iterator<Item = i64> {
        self.holes.keys().copied()
    }

    /// Notes a number that was read: one above all others, or a skipped one.
    pub(super) fn read(&mut self, id: i64, now: Timestamp, may_skip: bool) {
        if id > self.highest {
            if may_skip {
                self.skip(self.highest, id, now);
            }
            self.highest = id;
        } else {
            self.holes.remove(&id);
        }
    }

    /// Forgets what was skipped so long ago that it never comes.
    pub(super) fn settle(&mut self, now: Timestamp) {
        self.holes
            .retain(|_, since| now.since(*since) < SETTLED_AFTER);
    }

    fn skip(&mut self, below: i64, above: i64, since: Timestamp) {
        for id in (below.saturating_add(1)..above).rev().take(HOLES_MAX) {
            self.holes.insert(id, since);
        }
        while self.holes.len() > HOLES_MAX {
            self.holes.pop_first();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    #[test]
    fn what_was_skipped_is_waited_for_and_then_given_up() {
        let mut tail = Tail::after(10);
        tail.read(11, at(0), true);
        tail.read(14, at(0), true);
        assert_eq!(tail.holes().collect::<Vec<_>>(), [12, 13]);
        assert_eq!((tail.settled(), tail.highest()), (11, 14));
        tail.read(12, at(1), true);
        assert_eq!(tail.settled(), 12);
        tail.settle(at(29));
        assert_eq!(tail.settled(), 12);
        tail.settle(at(31));
        assert_eq!(tail.settled(), 14);
    }

    #[test]
    fn one_writer_skips_nothing() {
        let mut tail = Tail::after(10);
        tail.read(14, at(0), false);
        assert_eq!((tail.settled(), tail.highest()), (14, 14));
    }

    #[test]
    fn a_start_waits_only_for_what_is_missing_below_new_rows() {
        let recent = [(20, at(100)), (18, at(99)), (17, at(10)), (12, at(9))];
        let tail = Tail::of(&recent, at(101));
        assert_eq!(tail.holes().collect::<Vec<_>>(), [19]);
        assert_eq!(tail.settled(), 18);
        assert_eq!(Tail::of(&[], at(0)), Tail::after(0));
    }

    #[test]
    fn holes_are_bounded() {
        let mut tail = Tail::after(0);
        tail.read(1_000_000, at(0), true);
        assert_eq!(tail.holes().count(), HOLES_MAX);
        tail.read(3_000_000, at(0), true);
        assert_eq!(tail.holes().count(), HOLES_MAX);
        assert!(tail.settled() > 2_000_000, "{}", tail.settled());
    }
}
