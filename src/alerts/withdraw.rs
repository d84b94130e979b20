//! Alerts that go with the events they come from, in the transaction that deletes those.

use std::collections::{BTreeMap, BTreeSet};

use base::{EventId, Timestamp};
use store::{StoreError, Tx};

use super::model::{AlertState, AlertStatus};
use super::raise::{PEOPLE, of_event};
use super::rollup;
use super::sql::{self, Tally};

/// Alerts locked by one statement.
const PART: usize = 1_000;

/// What became of the alert of an event that is about to be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withdrawn {
    /// It had raised none.
    Nothing,
    /// The alert is deleted, with its history.
    Alert(Box<AlertState>),
    /// The alert stays, and so must the event: it stands for other events too.
    Gathers(Box<AlertState>),
}

/// Deletes the alert of an event that is about to be deleted, with its history. The alert that
/// gathers a storm the event is part of stands for one event less.
///
/// # Errors
/// The database's fault.
pub fn withdraw(
    tx: &mut Tx<'_>,
    now: Timestamp,
    event_id: EventId,
) -> Result<Withdrawn, StoreError> {
    let alert = match of_event(tx, event_id)? {
        Some(id) => sql::lock(tx, id)?,
        None => None,
    };
    let Some(alert) = alert else {
        sql::leave(tx, event_id)?;
        return Ok(Withdrawn::Nothing);
    };
    // Looked up under the lock: whoever gathers takes it first.
    if !sql::gathering(tx, &[event_id])?.is_empty() {
        return Ok(Withdrawn::Gathers(Box::new(alert)));
    }
    let place = sql::place(tx, alert.id)?;
    sql::delete(tx, alert.id)?;
    let gone = Tally::from([((alert.status, alert.severity), -1)]);
    sql::tally(tx, PEOPLE, &gone)?;
    rollup::withdrawn(tx, now, &alert, place)?;
    Ok(Withdrawn::Alert(Box::new(alert)))
}

/// RESOLVED alerts, by the events that raised them; locked until commit.
#[derive(Debug, Default)]
pub struct Resolved(BTreeMap<EventId, AlertState>);

impl Resolved {
    /// Locks the alerts that some events raised, in the order of their numbers; those that are not
    /// resolved are left out.
    ///
    /// # Errors
    /// The database's fault.
    pub fn of(tx: &mut Tx<'_>, raised_by: &BTreeSet<EventId>) -> Result<Self, StoreError> {
        let events: Vec<EventId> = raised_by.iter().copied().collect();
        let by_id: BTreeMap<i64, EventId> = sql::ids_of(tx, &events)?
            .into_iter()
            .map(|(event, id)| (id, event))
            .collect();
        let ids: Vec<i64> = by_id.keys().copied().collect();
        let mut held = BTreeMap::new();
        for part in ids.chunks(PART) {
            for alert in sql::lock_all(tx, part)? {
                if alert.status == AlertStatus::Resolved
                    && let Some(event) = by_id.get(&alert.id)
                {
                    held.insert(*event, alert);
                }
            }
        }
        Ok(Self(held))
    }

    /// Whether the alert an event raised is one of them.
    #[must_use]
    pub fn holds(&self, raised_by: EventId) -> bool {
        self.0.contains_key(&raised_by)
    }

    /// Deletes those that `raisers` raised, with their history; `gone` is how many of the events
    /// that each gathers were deleted before, in this transaction. One that still gathers others
    /// stays, as do those that nobody names, and stand for fewer events. Returns the raisers whose
    /// alert is deleted.
    ///
    /// # Errors
    /// The database's fault.
    pub fn withdraw(
        mut self,
        tx: &mut Tx<'_>,
        now: Timestamp,
        raisers: &[EventId],
        gone: &BTreeMap<EventId, i64>,
    ) -> Result<BTreeSet<EventId>, StoreError> {
        let several = |event: &&EventId| self.0.get(event).is_some_and(|it| it.event_count > 1);
        let several: Vec<EventId> = raisers.iter().filter(several).copied().collect();
        let stay: BTreeSet<EventId> = sql::gathering(tx, &several)?.into_iter().collect();
        let going: BTreeSet<EventId> = raisers
            .iter()
            .filter(|event| self.holds(**event) && !stay.contains(event))
            .copied()
            .collect();
        let fewer = gone.iter().filter(|(event, _)| !going.contains(event));
        sql::gather_fewer(tx, fewer.map(|(event, n)| (*event, *n)))?;
        let mut alerts: Vec<AlertState> = going
            .iter()
            .filter_map(|event| self.0.remove(event))
            .collect();
        alerts.sort_unstable_by_key(|alert| alert.id);
        let ids: Vec<i64> = alerts.iter().map(|alert| alert.id).collect();
        let places = sql::places(tx, &ids)?;
        sql::delete_all(tx, &ids)?;
        let mut tally = Tally::new();
        for alert in &alerts {
            let n = tally.entry((alert.status, alert.severity)).or_default();
            *n = n.saturating_sub(1);
        }
        sql::tally(tx, PEOPLE, &tally)?;
        let withdrawn: Vec<_> = alerts.into_iter().zip(places).collect();
        rollup::withdrawn_all(tx, now, &withdrawn)?;
        Ok(going)
    }
}
