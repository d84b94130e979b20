//! Alerts whose source says that it is over: resolved by it, in the transaction that stores what it
//! says, with history and audit entry like a person's change.

use std::collections::{BTreeMap, BTreeSet};

use base::{EventId, Timestamp};
use store::{Engine, StoreError, Tx};

use super::model::{AlertState, AlertStatus, Resolution};
use super::raise::PEOPLE;
use super::rollup;
use super::sql::{self, Tally};
use crate::audit::{self, Entry};
use crate::http::{Actor, Caller};

/// Alerts locked and written by one statement.
const PART: usize = 1_000;

/// An event that is over, as its source says.
#[derive(Clone, Copy, Debug)]
pub struct Ended<'a> {
    /// The event that told of it first.
    pub event_id: EventId,
    /// Who says that it is over.
    pub caller: &'a Caller,
    /// The source that says so.
    pub source: &'a str,
}

/// Alerts that were resolved; their audit entries are still to be written.
#[derive(Debug, Default)]
pub struct ResolvedAtSource<'a> {
    changed: Vec<(AlertState, AlertState)>,
    /// Who resolved each of them.
    by: Vec<&'a Caller>,
}

impl ResolvedAtSource<'_> {
    /// The alerts, in the order of their numbers.
    pub fn ids(&self) -> impl Iterator<Item = i64> {
        self.changed.iter().map(|(_, after)| after.id)
    }

    /// Writes the audit entries: after everything else of the transaction, as the end of the audit
    /// log is locked last.
    ///
    /// # Errors
    /// The database's fault.
    pub fn audit(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<(), StoreError> {
        let mut rest = self.changed.iter().zip(&self.by).peekable();
        while let Some(((before, after), caller)) = rest.next() {
            let entry = |before: &AlertState, after: &AlertState| {
                Entry::new("alert.resolved_at_source")
                    .on("alert", after.id)
                    .before(before)
                    .after(after)
            };
            let mut entries = vec![entry(before, after)];
            while let Some(((before, after), _)) = rest.next_if(|(_, other)| *other == caller) {
                entries.push(entry(before, after));
            }
            audit::append_all(tx, caller, now, entries)?;
        }
        Ok(())
    }
}

/// Locks the unresolved alerts that some events raised until commit, in the order of their numbers:
/// whoever changes several in one transaction takes all of them first, and before any counts.
///
/// # Errors
/// The database's fault.
pub fn hold(tx: &mut Tx<'_>, events: &BTreeSet<EventId>) -> Result<(), StoreError> {
    if events.is_empty() || tx.engine() == Engine::Sqlite {
        return Ok(());
    }
    let events: Vec<EventId> = events.iter().copied().collect();
    let found = sql::unresolved_of(tx, &events)?;
    let mut ids: Vec<i64> = found.into_iter().map(|(_, id)| id).collect();
    ids.sort_unstable();
    for part in ids.chunks(PART) {
        sql::lock_rows(tx, part)?;
    }
    Ok(())
}

/// Resolves the alerts that some events raised: RESOLVED, with resolution `AUTO_RESOLVED` and a note
/// that names the source.
///
/// An alert somebody acknowledged is resolved too, and stays assigned. One that is resolved already
/// stays as it is, and so does one that gathers a storm: the other events in it may go on.
/// To be called before the counts of events are written.
///
/// # Errors
/// The database's fault.
pub fn resolve_ended<'a>(
    tx: &mut Tx<'_>,
    now: Timestamp,
    ended: &[Ended<'a>],
) -> Result<ResolvedAtSource<'a>, StoreError> {
    let mut resolved = ResolvedAtSource::default();
    if ended.is_empty() {
        return Ok(resolved);
    }
    let events: BTreeSet<EventId> = ended.iter().map(|it| it.event_id).collect();
    let events: Vec<EventId> = events.into_iter().collect();
    let by_event: BTreeMap<EventId, &Ended<'a>> =
        ended.iter().rev().map(|it| (it.event_id, it)).collect();
    let found = sql::unresolved_of(tx, &events)?;
    let who: BTreeMap<i64, &Ended<'a>> = found
        .into_iter()
        .filter_map(|(event, id)| Some((id, *by_event.get(&event)?)))
        .collect();
    let ids: Vec<i64> = who.keys().copied().collect();
    // All of them before anything else is locked, in the order of their numbers.
    for part in ids.chunks(PART) {
        for before in sql::lock_all(tx, part)? {
            let Some(ended) = who.get(&before.id) else {
                continue;
            };
            if before.status == AlertStatus::Resolved || before.event_count > 1 {
                continue;
            }
            resolved.by.push(ended.caller);
            let after = over(&before, now, ended.source);
            resolved.changed.push((before, after));
        }
    }
    write(tx, now, &resolved)?;
    Ok(resolved)
}

/// The same for one event, with its audit entry; the alert, if it is resolved by this.
///
/// # Errors
/// The database's fault.
pub fn resolve_at_source(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    event_id: EventId,
) -> Result<Option<i64>, StoreError> {
    let source = match &caller.actor {
        Actor::System => "watchpost",
        actor => actor.bound_source().unwrap_or(actor.name()),
    };
    let ended = Ended {
        event_id,
        caller,
        source,
    };
    let resolved = resolve_ended(tx, now, &[ended])?;
    resolved.audit(tx, now)?;
    Ok(resolved.ids().next())
}

/// The alert as its source leaves it.
fn over(alert: &AlertState, now: Timestamp, source: &str) -> AlertState {
    AlertState {
        status: AlertStatus::Resolved,
        resolved_at: Some(now),
        resolution: Some(Resolution::AutoResolved),
        resolution_note: Some(format!("Resolved by its source {source}")),
        updated_at: now,
        version: alert.version.saturating_add(1),
        ..alert.clone()
    }
}

fn write(
    tx: &mut Tx<'_>,
    now: Timestamp,
    resolved: &ResolvedAtSource<'_>,
) -> Result<(), StoreError> {
    let changed = &resolved.changed;
    if changed.is_empty() {
        return Ok(());
    }
    let mut moved = Tally::new();
    for (before, after) in changed {
        for (alert, by) in [(before, -1_i64), (after, 1)] {
            let n = moved.entry((alert.status, alert.severity)).or_default();
            *n = n.saturating_add(by);
        }
    }
    for part in changed.chunks(PART) {
        sql::update_all(tx, part.iter().map(|(_, after)| after))?;
    }
    sql::tally(tx, PEOPLE, &moved)?;
    rollup::changed_all(tx, now, changed)?;
    let told = changed
        .iter()
        .zip(&resolved.by)
        .map(|(change, caller)| (*caller, change, change.1.resolution_note.as_ref()));
    sql::record_each(tx, now, told, false)
}

/// Which of some events have an alert that is not resolved, their own or one that gathers them.
///
/// # Errors
/// The database's fault.
pub fn unresolved(tx: &mut Tx<'_>, events: &[EventId]) -> Result<BTreeSet<EventId>, StoreError> {
    if events.is_empty() {
        return Ok(BTreeSet::new());
    }
    Ok(sql::with_unresolved(tx, events)?.into_iter().collect())
}
