//! Storms: a source beyond its budget of alerts gets one alert that gathers the rest.
//!
//! Below the budget each severe event raises an alert of its own. Beyond it, events are folded into
//! one alert per source and severity: it counts them and says when the last one came; each of them
//! says which event raised it. Nothing is left out, and people see one line instead of thousands.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base::{EventId, Severity, Timestamp};
use store::{StoreError, Tx};

use crate::alerts;
use crate::config::Rate;
use crate::events;
use crate::sources::Sources;

/// How long a storm may pause and still be the same: ten minutes.
const PAUSE_MAX: Duration = Duration::from_mins(10);
/// What writers that begin at once may differ in time; more than that back, and the clock was set.
const STEP: Duration = Duration::from_secs(10);
/// Sources whose allowance is remembered; those that have not used theirs are forgotten first.
const SOURCES_MAX: usize = 10_000;
/// The least time between two looks for sources to forget: each looks at all of them.
const FORGET_EVERY: Duration = Duration::from_secs(1);
/// The place of all sources for which there is none of their own; no source has this id.
const OTHERS: i64 = -1;

/// What is left by source, and when it was last looked for sources to forget.
type Lefts = (HashMap<i64, Left>, Option<Timestamp>);

/// What is left of each source's budget.
#[derive(Debug)]
pub(super) struct Budget {
    usual: Rate,
    sources: Sources,
    left: Arc<Mutex<Lefts>>,
}

/// What one attempt at a transaction took of the budgets: given back when this is dropped, unless
/// the transaction was committed.
#[derive(Debug, Default)]
pub(super) struct Spent {
    left: Option<Arc<Mutex<Lefts>>>,
    credit: HashMap<i64, u128>,
}

impl Spent {
    /// The transaction was committed.
    pub(super) fn keep(mut self) {
        self.credit.clear();
    }
}

impl Drop for Spent {
    fn drop(&mut self) {
        let Some(left) = self.left.as_ref().filter(|_| !self.credit.is_empty()) else {
            return;
        };
        let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
        for (source, credit) in self.credit.drain() {
            // Whoever takes next sees to it that there is no more than a full budget.
            if let Some(left) = left.0.get_mut(&source) {
                left.credit = left.credit.saturating_add(credit);
            }
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Left {
    /// Alerts times the span of the budget in microseconds, so that nothing is lost in rounding.
    credit: u128,
    at: Timestamp,
}

impl Budget {
    pub(super) fn new(usual: Rate, sources: Sources) -> Self {
        Self {
            usual,
            sources,
            left: Arc::default(),
        }
    }

    /// Whether a source may raise one more alert now, by its own budget or the usual one; what it
    /// takes is noted.
    pub(super) fn take(&self, spent: &mut Spent, source: i64, name: &str, now: Timestamp) -> bool {
        let own = if self.sources.any_described() {
            self.sources.of(name).alert_budget
        } else {
            None
        };
        let Some((place, taken)) = self.spend(source, own, now) else {
            return false;
        };
        if taken > 0 {
            spent.left.get_or_insert_with(|| Arc::clone(&self.left));
            let credit = spent.credit.entry(place).or_default();
            *credit = credit.saturating_add(taken);
        }
        true
    }

    /// So many alerts in so many microseconds; `None` for any number.
    fn rate(&self, own: Option<u32>) -> Option<(u128, u128)> {
        own.map(|most| (u128::from(most), Duration::from_mins(1).as_micros()))
            .or_else(|| {
                let (most, span) = self.usual.0?;
                Some((u128::from(most.get()), span.as_micros()))
            })
    }

    /// Where an alert's worth of credit was taken, and how much; `None` when there is not enough.
    fn spend(&self, source: i64, own: Option<u32>, now: Timestamp) -> Option<(i64, u128)> {
        let Some((most, span)) = self.rate(own) else {
            return Some((source, 0));
        };
        let full = most.saturating_mul(span);
        let mut left = self.left.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, looked) = &mut *left;
        // Those with a budget of their own are few: an administrator described each.
        let source = match own {
            Some(_) => source,
            None => place(left, looked, source, (now, span)),
        };
        let mine = left.entry(source).or_insert(Left {
            credit: full,
            at: now,
        });
        let earned = now.since(mine.at).as_micros().saturating_mul(most);
        mine.credit = mine.credit.saturating_add(earned).min(full);
        // Set back by hours, nothing would be earned for hours.
        let is_set_back = now < mine.at.minus(STEP);
        mine.at = if is_set_back { now } else { mine.at.max(now) };
        mine.credit = mine.credit.checked_sub(span)?;
        Some((source, span))
    }
}

/// Where a source's allowance is: beyond 10,000 that used theirs within the span, new ones share
/// one, as names cost their sender nothing.
fn place(
    left: &mut HashMap<i64, Left>,
    looked: &mut Option<Timestamp>,
    source: i64,
    (now, span): (Timestamp, u128),
) -> i64 {
    if left.len() < SOURCES_MAX || left.contains_key(&source) {
        return source;
    }
    // Either way: the clock may have been set back.
    let looked_lately = looked.is_some_and(|at| now.since(at).max(at.since(now)) < FORGET_EVERY);
    if !looked_lately {
        *looked = Some(now);
        left.retain(|_, left| now.since(left.at).as_micros() < span);
    }
    if left.len() < SOURCES_MAX {
        source
    } else {
        OTHERS
    }
}

/// The events of one transaction that are beyond the budget: by source and severity, the places
/// of their rows and what their alerts would be called, in order.
pub(super) type Beyond<'t> = BTreeMap<(i64, Severity), Vec<(usize, &'t str)>>;

/// What storms come to in one transaction.
#[derive(Debug, Default)]
pub(super) struct Storms {
    /// The events that are folded, in order.
    folded: Vec<EventId>,
    /// Of storms that begin now: the event that raises the alert, how many more there are, and the
    /// last of them.
    begun: Vec<(EventId, i64, EventId)>,
}

/// The storms of one transaction: of each source and severity the event that began it, and when it
/// went on last.
pub(super) type Locked = BTreeMap<(i64, Severity), (EventId, Timestamp)>;

/// Locks the storms of a transaction in order of source and severity, before any alert, so that two
/// writers never wait for each other.
pub(super) fn lock_all(tx: &mut Tx<'_>, beyond: &Beyond<'_>) -> Result<Locked, StoreError> {
    let mut locked = Locked::new();
    for &(source, severity) in beyond.keys() {
        if let Some(storm) = lock(tx, source, severity)? {
            locked.insert((source, severity), storm);
        }
    }
    Ok(locked)
}

/// Folds the rows beyond the budget into the alerts that gather them. Where a storm begins, its
/// first row keeps raising an alert and is added to `raising`.
///
/// The storms are `locked`, and the alerts that gather them are held.
pub(super) fn fold<'t>(
    tx: &mut Tx<'_>,
    beyond: &Beyond<'t>,
    locked: &Locked,
    rows: &mut [events::Row<'_>],
    raising: &mut Vec<(usize, &'t str)>,
    now: Timestamp,
) -> Result<Storms, StoreError> {
    let mut storms = Storms::default();
    for (&(source, severity), places) in beyond {
        let id = |place: usize| rows.get(place).map(|row| row.id);
        let Some(last) = places.last().and_then(|(place, _)| id(*place)) else {
            continue;
        };
        let going_on = match locked.get(&(source, severity)).copied() {
            Some((event, at)) if now.minus(PAUSE_MAX) <= at => {
                alerts::gather(tx, event, count(places), last.timestamp())?.then_some(event)
            }
            _ => None,
        };
        let (event, rest) = match (going_on, places.split_first()) {
            (Some(event), _) => (event, places.as_slice()),
            (None, Some((first, rest))) => {
                let Some(event) = id(first.0) else { continue };
                raising.push(*first);
                if !rest.is_empty() {
                    storms.begun.push((event, count(rest), last));
                }
                (event, rest)
            }
            (None, None) => continue,
        };
        for (place, _) in rest {
            if let Some(row) = rows.get_mut(*place) {
                row.folded_into = Some(event);
                storms.folded.push(row.id);
            }
        }
        keep(tx, source, severity, event, now)?;
    }
    // Alerts are numbered in the order of their events.
    raising.sort_unstable();
    storms.folded.sort_unstable();
    Ok(storms)
}

fn count<T>(places: &[T]) -> i64 {
    i64::try_from(places.len()).unwrap_or(i64::MAX)
}

impl Storms {
    /// Counts what the alerts gather that were raised in this transaction.
    pub(super) fn count(&self, tx: &mut Tx<'_>) -> Result<(), StoreError> {
        for (event, more, last) in &self.begun {
            alerts::gather(tx, *event, *more, last.timestamp())?;
        }
        Ok(())
    }

    /// Whether an event is folded.
    pub(super) fn holds(&self, event: EventId) -> bool {
        !self.folded.is_empty() && self.folded.binary_search(&event).is_ok()
    }
}

/// The storm of a source: the event that began it, and when it went on last.
fn lock(
    tx: &mut Tx<'_>,
    source: i64,
    severity: Severity,
) -> Result<Option<(EventId, Timestamp)>, StoreError> {
    tx.execute(
        "insert into storms (source_id, severity, event_id, at) values ($1, $2, 0, 0) \
         on conflict (source_id, severity) do nothing",
        &[source.into(), severity.into()],
    )?;
    let suffix = tx.engine().for_update();
    tx.query_opt(
        &format!("select event_id, at from storms where source_id = $1 and severity = $2{suffix}"),
        &[source.into(), severity.into()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

fn keep(
    tx: &mut Tx<'_>,
    source: i64,
    severity: Severity,
    event: EventId,
    now: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "update storms set event_id = $3, at = $4 where source_id = $1 and severity = $2",
        &[source.into(), severity.into(), event.into(), now.into()],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Budget {
        fn may(&self, source: i64, own: Option<u32>, now: Timestamp) -> bool {
            self.spend(source, own, now).is_some()
        }
    }

    #[test]
    fn a_budget_is_spent_and_comes_back() {
        let budget = Budget::new("3/minute".parse().unwrap(), Sources::default());
        let at = Timestamp::from_millis;
        let taken: Vec<bool> = (0..4).map(|_| budget.may(1, None, at(0))).collect();
        assert_eq!(taken, [true, true, true, false]);
        assert!(budget.may(2, None, at(0)), "others are not affected");
        assert!(!budget.may(1, None, at(19_999)));
        assert!(budget.may(1, None, at(20_000)));
        assert!(!budget.may(1, None, at(20_000)));
    }

    #[test]
    fn what_a_failed_transaction_took_is_given_back() {
        let budget = Budget::new("2/minute".parse().unwrap(), Sources::default());
        let now = Timestamp::from_millis(0);
        let take = |spent: &mut Spent| budget.take(spent, 1, "a", now);
        for _ in 0..5 {
            let mut failed = Spent::default();
            assert!(take(&mut failed) && take(&mut failed) && !take(&mut failed));
        }
        let mut committed = Spent::default();
        assert!(take(&mut committed));
        committed.keep();
        let mut rest = Spent::default();
        assert!(take(&mut rest) && !take(&mut rest));
    }

    #[test]
    fn a_clock_set_back_gives_nothing_away() {
        let budget = Budget::new("1/minute".parse().unwrap(), Sources::default());
        let at = Timestamp::from_millis;
        assert!(budget.may(1, None, at(100_000)));
        assert!(!budget.may(1, None, at(99_000)));
        assert!(!budget.may(1, None, at(100_001)));
        assert!(!budget.may(1, None, at(0)));
    }

    #[test]
    fn after_a_clock_was_set_back_by_hours_the_budget_comes_back_in_its_span() {
        let budget = Budget::new("1/minute".parse().unwrap(), Sources::default());
        let at = Timestamp::from_millis;
        assert!(budget.may(1, None, at(6 * 3_600_000)));
        assert!(!budget.may(1, None, at(0)));
        assert!(!budget.may(1, None, at(59_000)));
        assert!(budget.may(1, None, at(60_000)));
    }

    #[test]
    fn names_made_up_share_a_budget_once_there_are_too_many() {
        let budget = Budget::new("2/minute".parse().unwrap(), Sources::default());
        let at = Timestamp::from_millis;
        let many = i64::try_from(SOURCES_MAX).unwrap();
        assert!((0..many).all(|source| budget.may(source, None, at(0))));
        let late = (many..many + 100_000).filter(|source| budget.may(*source, None, at(2_000)));
        assert_eq!(late.count(), 2, "one budget for all of them");
        assert!(budget.left.lock().unwrap().0.len() <= SOURCES_MAX + 1);
        assert!(
            budget.may(0, None, at(2_000)),
            "who is known keeps their own"
        );
        assert!(budget.may(-7, Some(1), at(2_000)), "and who is described");
        let later = (0..50).filter(|source| budget.may(many + source, None, at(62_000)));
        assert_eq!(later.count(), 50, "the others are forgotten after the span");
        assert!(budget.left.lock().unwrap().0.len() < 100);
    }

    #[test]
    fn a_source_may_have_its_own_budget_or_none() {
        let none = Budget::new("off".parse().unwrap(), Sources::default());
        assert!((0..10_000).all(|_| none.may(1, None, Timestamp::from_millis(0))));
        let at = Timestamp::from_millis(0);
        assert!(none.may(2, Some(1), at) && !none.may(2, Some(1), at));
        assert!(!none.may(3, Some(0), at));
    }
}
