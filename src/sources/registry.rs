//! What administrators said of each source, remembered for the way in.

use std::collections::HashMap;
use std::sync::Arc;

use arc_swap::ArcSwap;

use super::counts::Counters;
use super::dead_letters::DeadLetters;
use crate::adapters::Profile;

/// What counts for the records of one source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// The name of the format its records have; absent, each says by itself.
    pub kind: Option<String>,
    /// How its records are to be understood.
    pub profile: Profile,
    /// Events a second; absent, the server's limit for keys alone.
    pub rate_limit: Option<u32>,
    /// Bytes of one record; absent, the server's limit.
    pub record_max: Option<usize>,
    /// Alerts a minute before more are gathered in one; absent, the server's budget.
    pub alert_budget: Option<u32>,
}

/// Every described source, and the counters of all; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Sources(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    described: ArcSwap<HashMap<String, Arc<Settings>>>,
    unknown: Arc<Settings>,
    counters: Counters,
    dead_letters: DeadLetters,
}

impl Sources {
    /// What counts for a source; for one that nobody described, nothing special.
    #[must_use]
    pub fn of(&self, source: &str) -> Arc<Settings> {
        let described = self.0.described.load();
        Arc::clone(described.get(source).unwrap_or(&self.0.unknown))
    }

    /// Whether any source is described at all.
    #[must_use]
    pub fn any_described(&self) -> bool {
        !self.0.described.load().is_empty()
    }

    /// Puts what the database says in place of what was remembered.
    pub fn replace(&self, described: HashMap<String, Arc<Settings>>) {
        self.0.described.store(Arc::new(described));
    }

    /// Counts what became of records.
    #[must_use]
    pub fn counters(&self) -> &Counters {
        &self.0.counters
    }

    /// Takes refused records.
    #[must_use]
    pub fn dead_letters(&self) -> &DeadLetters {
        &self.0.dead_letters
    }
}
