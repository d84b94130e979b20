//! What became of the records of each source: counted in memory, written down every few seconds.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base::Timestamp;

/// Sources counted one by one before they are written down; what comes beyond is counted together
/// under [`OTHERS`].
const SOURCES_MAX: usize = 10_000;
/// The name under which what is beyond [`SOURCES_MAX`] is counted.
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

/// What was counted since it was taken last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counted {
    /// By outcome, in the order of their numbers.
    pub outcomes: [u64; 4],
    /// When the last record came.
    pub seen: Option<Timestamp>,
}

/// Counts since the last time they were taken.
#[derive(Debug, Default)]
pub struct Counters(Mutex<HashMap<String, Counted>>);

impl Outcome {
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

    const fn place(self) -> usize {
        (self as usize).saturating_sub(1)
    }
}

impl Counters {
    /// Counts `n` records of a source.
    pub fn add(&self, source: &str, outcome: Outcome, n: u64, now: Timestamp) {
        if n == 0 {
            return;
        }
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let name = if counted.len() >= SOURCES_MAX && !counted.contains_key(source) {
            OTHERS
        } else {
            source
        };
        let mine = match counted.get_mut(name) {
            Some(mine) => mine,
            None => counted.entry(name.to_owned()).or_default(),
        };
        if let Some(sum) = mine.outcomes.get_mut(outcome.place()) {
            *sum = sum.saturating_add(n);
        }
        mine.seen = mine.seen.max(Some(now));
    }

    /// Takes what was counted and begins anew.
    #[must_use]
    pub fn take(&self) -> HashMap<String, Counted> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
