//! What is refused of a request: all of it counted, the newest kept to be looked at.
//!
//! A record that is refused takes no room of the queue, and a body of a hundred kilobytes holds
//! fifty thousand of them. So what is kept of them is bounded here, before the request waits.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::http::{FieldErrors, refusal};
use crate::sources::{DeadLetter, LETTERS_WAITING_MAX};

/// Descriptions of a request that differ; what is alike is kept once.
const REASONS_MAX: usize = 1_000;

/// The refused records of a request.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    by_source: BTreeMap<String, u64>,
    letters: VecDeque<DeadLetter>,
    /// Records that are counted and no longer kept.
    passed_over: u64,
    reasons: BTreeSet<Arc<FieldErrors>>,
    /// What is said of those whose reason is one too many.
    otherwise: Option<Arc<FieldErrors>>,
}

impl Refusals {
    /// Takes a refused record; returns what is said of it, which all that are alike share.
    pub(super) fn push(&mut self, mut letter: DeadLetter) -> Arc<FieldErrors> {
        match self.by_source.get_mut(&letter.source) {
            Some(n) => *n = n.saturating_add(1),
            None => drop(self.by_source.insert(letter.source.clone(), 1)),
        }
        let said = self.share(&letter.errors);
        if self.letters.len() >= LETTERS_WAITING_MAX {
            // No more than these wait to be written down, and those would push the others out.
            self.letters.pop_front();
            self.passed_over = self.passed_over.saturating_add(1);
        }
        if letter.errors == said {
            letter.errors = Arc::clone(&said);
        }
        self.letters.push_back(letter);
        said
    }

    fn share(&mut self, errors: &Arc<FieldErrors>) -> Arc<FieldErrors> {
        if let Some(known) = self.reasons.get(errors) {
            return Arc::clone(known);
        }
        if self.reasons.len() < REASONS_MAX {
            self.reasons.insert(Arc::clone(errors));
            return Arc::clone(errors);
        }
        let otherwise = self.otherwise.get_or_insert_with(|| {
            let what = format!("refused; {REASONS_MAX} other reasons are told of this request");
            Arc::new(refusal("record", what))
        });
        Arc::clone(otherwise)
    }

    /// How many there are.
    pub(super) fn count(&self) -> u64 {
        self.by_source.values().sum()
    }

    /// How many there are of each source.
    pub(super) const fn by_source(&self) -> &BTreeMap<String, u64> {
        &self.by_source
    }

    /// Takes those that are kept, oldest first, and how many are not.
    pub(super) fn take_letters(&mut self) -> (VecDeque<DeadLetter>, u64) {
        let passed_over = std::mem::take(&mut self.passed_over);
        (std::mem::take(&mut self.letters), passed_over)
    }
}

#[cfg(test)]
mod tests {
    use base::Timestamp;

    use super::*;
    use crate::adapters::{Context, Profile};
    use crate::http::Caller;

    fn letter(place: usize, what: &str) -> DeadLetter {
        let profile = Profile::default();
        let cx = Context {
            now: Timestamp::from_millis(0),
            bound: None,
            source: "fw-01",
            profile: &profile,
        };
        let errors = refusal("record", what);
        DeadLetter::new(&cx, "json", &Caller::system("test"), place, errors, b"1")
    }

    #[test]
    fn all_are_counted_and_the_newest_are_kept() {
        let mut refused = Refusals::default();
        let said: Vec<_> = (0..50_000)
            .map(|place| refused.push(letter(place, "no object")))
            .collect();
        assert!(said.iter().all(|it| Arc::ptr_eq(it, &said[0])));
        assert_eq!(refused.count(), 50_000);
        assert_eq!(refused.by_source()["fw-01"], 50_000);
        let (letters, passed_over) = refused.take_letters();
        assert_eq!((letters.len(), passed_over), (1_000, 49_000));
        assert_eq!((letters[0].place, letters[999].place), (49_000, 49_999));
        assert!(Arc::ptr_eq(&letters[0].errors, &said[0]));
        assert_eq!(refused.take_letters().1, 0);
    }

    #[test]
    fn reasons_beyond_a_thousand_are_one() {
        let mut refused = Refusals::default();
        let said: Vec<_> = (0..1_100)
            .map(|n| refused.push(letter(n, &format!("at {n}"))))
            .collect();
        assert_eq!(said[999]["record"], ["at 999"]);
        assert!(said[1_000]["record"][0].starts_with("refused; 1000 other"));
        assert!(Arc::ptr_eq(&said[1_000], &said[1_099]));
        assert_eq!(*refused.push(letter(0, "at 5")), refusal("record", "at 5"));
        // Whoever looks at them later is told all the same.
        let (letters, _) = refused.take_letters();
        assert_eq!(letters[998].errors["record"], ["at 1099"]);
    }
}
