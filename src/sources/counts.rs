//! What became of the records of each source: counted in memory, written down every few seconds.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError};

use base::Timestamp;

/// Sources counted one by one in an hour before they are written down; what comes beyond is
/// counted together under [`OTHERS`].
const SOURCES_MAX: usize = 10_000;
/// Names of all hours together that wait to be written down while the database is away.
const UNWRITTEN_MAX: usize = 100_000;
/// The name under which what is beyond that is counted.
pub const OTHERS: &str = "(others)";

/// What became of a record: each gets exactly one of the first three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It was acknowledged: stored now, or before.
    Accepted = 1,
    /// It can never be stored as it is.
    Rejected = 2,
    /// It came when there was no room or no allowance; the sender may send it again.
    Throttled = 3,
    /// Accepted, and stored before: counted as accepted too.
    Repeated = 4,
}

/// What was counted of one source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// By outcome, in the order of their numbers.
    pub outcomes: [u64; 4],
    /// When the first record came.
    pub first: Option<Timestamp>,
    /// When the last record came.
    pub seen: Option<Timestamp>,
}

/// What was counted in each hour (since 1970), by source.
pub type Counts = BTreeMap<i64, HashMap<String, Counted>>;

/// Counts since the last time they were taken.
#[derive(Debug, Default)]
pub struct Counters(Mutex<Counts>);

impl Outcome {
    /// Every outcome, in the order of their numbers.
    pub const ALL: [Self; 4] = [
        Self::Accepted,
        Self::Rejected,
        Self::Throttled,
        Self::Repeated,
    ];

    /// Its word in metrics and answers.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Throttled => "throttled",
            Self::Repeated => "repeated",
        }
    }

    /// Its number in the database, 1 to 4.
    #[must_use]
    pub const fn id(self) -> i64 {
        self as i64
    }

    const fn place(self) -> usize {
        (self as usize).saturating_sub(1)
    }
}

impl Counted {
    /// How many records had an outcome.
    #[must_use]
    pub fn of(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(outcome.place()).copied().unwrap_or(0)
    }

    /// Counts `n` records that came at a time.
    fn add(&mut self, outcome: Outcome, n: u64, now: Timestamp) {
        if let Some(sum) = self.outcomes.get_mut(outcome.place()) {
            *sum = sum.saturating_add(n);
        }
        self.first = Some(self.first.map_or(now, |first| first.min(now)));
        self.seen = self.seen.max(Some(now));
    }

    /// Adds what was counted elsewhere of the same source.
    pub(super) fn join(&mut self, other: &Self) {
        for (mine, more) in self.outcomes.iter_mut().zip(other.outcomes) {
            *mine = mine.saturating_add(more);
        }
        self.first = match (self.first, other.first) {
            (Some(mine), Some(other)) => Some(mine.min(other)),
            (mine, other) => mine.or(other),
        };
        self.seen = self.seen.max(other.seen);
    }
}

impl Counters {
    /// Counts `n` records of a source.
    pub fn add(&self, source: &str, outcome: Outcome, n: u64, now: Timestamp) {
        if n == 0 {
            return;
        }
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entry(counts.entry(now.hour()).or_default(), source).add(outcome, n, now);
    }

    /// Takes what was counted and begins anew.
    #[must_use]
    pub fn take(&self) -> Counts {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where a source is counted.
fn entry<'c>(counted: &'c mut HashMap<String, Counted>, source: &str) -> &'c mut Counted {
    let full = counted.len() >= SOURCES_MAX && !counted.contains_key(source);
    let name = if full { OTHERS } else { source };
    counted.entry(name.to_owned()).or_default()
}

/// Adds counts to others, bounded as the counters themselves are; and beyond 100,000 names of all
/// hours together, new ones are counted under [`OTHERS`] of their hour.
pub(super) fn join(into: &mut Counts, from: Counts) {
    let mut names: usize = into.values().map(HashMap::len).sum();
    for (hour, sources) in from {
        let mine = into.entry(hour).or_default();
        for (name, counted) in sources {
            let is_new = !mine.contains_key(&name);
            let full = is_new && names >= UNWRITTEN_MAX;
            names = names.saturating_add(usize::from(is_new && !full));
            entry(mine, if full { OTHERS } else { &name }).join(&counted);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_taken_once_by_the_hour_it_came_in() {
        let counters = Counters::default();
        let (early, late) = (
            Timestamp::from_millis(3_599_000),
            Timestamp::from_millis(3_600_000),
        );
        counters.add("a", Outcome::Accepted, 2, early);
        counters.add("a", Outcome::Repeated, 1, early);
        counters.add("a", Outcome::Rejected, 3, late);
        counters.add("b", Outcome::Throttled, 0, late);
        let mut taken = counters.take();
        assert!(counters.take().is_empty());
        assert_eq!(taken.keys().copied().collect::<Vec<_>>(), [0, 1]);
        assert_eq!(taken[&0]["a"].outcomes, [2, 0, 0, 1]);
        assert_eq!(taken[&1]["a"].outcomes, [0, 3, 0, 0]);
        assert_eq!(taken[&1].len(), 1);
        let again = taken.clone();
        join(&mut taken, again);
        assert_eq!(taken[&0]["a"].outcomes, [4, 0, 0, 2]);
        assert_eq!(taken[&0]["a"].first, Some(early));
    }

    #[test]
    fn what_waits_for_the_database_is_bounded() {
        let mut waiting = Counts::new();
        for hour in 0..24 {
            let counters = Counters::default();
            let now = Timestamp::from_millis(hour * 3_600_000);
            for number in 0..SOURCES_MAX {
                counters.add(&number.to_string(), Outcome::Throttled, 1, now);
            }
            join(&mut waiting, counters.take());
        }
        let names: usize = waiting.values().map(HashMap::len).sum();
        assert!(names <= UNWRITTEN_MAX + 24, "{names}");
        let records = waiting.values().flatten();
        let records: u64 = records.map(|(_, it)| it.of(Outcome::Throttled)).sum();
        assert_eq!(records, 240_000, "none is lost");
    }

    #[test]
    fn names_without_end_are_counted_together() {
        let counters = Counters::default();
        let now = Timestamp::from_millis(0);
        for number in 0..SOURCES_MAX + 50 {
            counters.add(&format!("source {number}"), Outcome::Accepted, 1, now);
        }
        counters.add("source 3", Outcome::Accepted, 1, now);
        let taken = counters.take();
        assert_eq!(taken[&0].len(), SOURCES_MAX + 1);
        assert_eq!(taken[&0][OTHERS].outcomes[0], 50);
        assert_eq!(taken[&0]["source 3"].outcomes[0], 2);
    }
}
