//! Alerts and the events they come from: raised and following them in the event's own transaction.

use base::{EventId, Severity, Timestamp};
use store::{StoreError, Tx};

use super::history;
use super::model::{AlertState, AlertStatus};
use super::rollup::{self, Place};
use super::sla;
use super::sql::{self, Tally};
use crate::config::Settings;
use crate::http::Caller;

/// The shard of the kept counts that people's changes go to, so that they never wait for a
/// server that is storing events.
pub(super) const PEOPLE: i64 = -1;

/// Longest title of an alert, in characters: the beginning of the event's description.
pub(super) const TITLE_MAX: usize = 200;

/// What an alert is called: the first line of its event's description, at most 200 characters.
#[must_use]
pub fn title_of(description: &str) -> &str {
    let line = description.trim().lines().next().unwrap_or_default();
    line.char_indices()
        .nth(TITLE_MAX)
        .map_or(line, |(end, _)| line.get(..end).unwrap_or(line))
}

/// What an alert takes over from its event.
#[derive(Clone, Copy, Debug)]
pub struct NewAlert<'a> {
    /// The event, stored in the same transaction.
    pub event_id: EventId,
    /// How bad it is.
    pub severity: Severity,
    /// What happened, in one line.
    pub title: &'a str,
    /// The event's source.
    pub source_id: i64,
    /// The event's type.
    pub event_type_id: i64,
    /// The address it is about, in its canonical text.
    pub ip_address: Option<&'a str>,
    /// Where that is, as ISO 3166-1 alpha-2 in capitals.
    pub country: Option<&'a str>,
}

/// Raises an OPEN alert for each event, which must be stored already; returns the alerts' ids
/// in the same order.
///
/// `shard` (0 to 32,767) keeps the counts of servers that store events at the same time apart.
/// Made for batches whose event ids lie close together: the ids are read back as one range.
///
/// # Errors
/// [`StoreError::Constraint`] when an event has an alert already or is not there; none of the
/// batch is kept then.
pub fn raise(
    tx: &mut Tx<'_>,
    settings: &Settings,
    shard: i64,
    now: Timestamp,
    alerts: &[NewAlert<'_>],
) -> Result<Vec<i64>, StoreError> {
    let (Some(first), Some(last)) = (
        alerts.iter().map(|alert| alert.event_id).min(),
        alerts.iter().map(|alert| alert.event_id).max(),
    ) else {
        return Ok(Vec::new());
    };
    sql::insert(
        tx,
        now,
        |severity| sla::due(settings, severity, now),
        alerts,
    )?;
    let mut tally = Tally::new();
    for alert in alerts {
        let n = tally
            .entry((AlertStatus::Open, alert.severity))
            .or_default();
        *n = n.saturating_add(1);
    }
    sql::tally(tx, shard, &tally)?;
    rollup::raised(tx, shard, now, alerts)?;
    let found = sql::ids_between(tx, first, last)?;
    alerts
        .iter()
        .map(|alert| {
            found
                .binary_search_by_key(&alert.event_id, |(event, _)| *event)
                .ok()
                .and_then(|index| found.get(index))
                .map(|(_, id)| *id)
                .ok_or_else(|| StoreError::Shape("an alert just raised is not there".into()))
        })
        .collect()
}

/// The alert an event raised.
///
/// # Errors
/// The database's fault.
pub fn of_event(tx: &mut Tx<'_>, event_id: EventId) -> Result<Option<i64>, StoreError> {
    Ok(sql::ids_of(tx, &[event_id])?.first().map(|(_, id)| *id))
}

/// The alerts of some events: those they raised, and those that gather them.
///
/// # Errors
/// The database's fault.
pub fn of_events(tx: &mut Tx<'_>, events: &[EventId]) -> Result<Vec<(EventId, i64)>, StoreError> {
    sql::ids_gathering(tx, events)
}

/// Lets the alert of an event gather `n` more events, the last of them received at a time; `false`
/// when there is no such alert or it is resolved. Its version stays: nobody changed it.
///
/// # Errors
/// The database's fault.
pub fn gather(
    tx: &mut Tx<'_>,
    event_id: EventId,
    n: i64,
    last_at: Timestamp,
) -> Result<bool, StoreError> {
    sql::gather(tx, event_id, n, last_at)
}

/// Lets the alert of a changed event follow it: severity, title, source, type, address and
/// country. Due times follow the severity, counted from when the alert was raised. Returns the
/// alert's id, or `None` when the event has no alert.
///
/// A severity or title other than what the event stood for before (`was`) was given by a person
/// and stays.
///
/// What people see change of the alert itself is in its history; the audit log is the caller's.
///
/// # Errors
/// The database's fault.
pub fn follow_event(
    tx: &mut Tx<'_>,
    settings: &Settings,
    caller: &Caller,
    now: Timestamp,
    was: (Severity, &str),
    event: &NewAlert<'_>,
) -> Result<Option<i64>, StoreError> {
    let Some(id) = of_event(tx, event.event_id)? else {
        return Ok(None);
    };
    let Some(before) = sql::lock(tx, id)? else {
        return Ok(None);
    };
    let place = sql::place(tx, id)?;
    sql::copy(tx, id, event)?;
    let mut after = before.clone();
    if before.severity == was.0 {
        after.severity = event.severity;
    }
    if before.title == was.1 {
        event.title.clone_into(&mut after.title);
    }
    if after.severity != before.severity {
        (after.ack_due_at, after.resolve_due_at) =
            sla::due(settings, after.severity, after.created_at);
    }
    if after != before {
        store_change(tx, caller, now, &before, &mut after, None)?;
    }
    // After the counts, as in every other change: else each could wait for the other's.
    let next = Place::new(event.source_id, event.country, event.ip_address);
    rollup::relocated(tx, before.created_at, place, next)?;
    Ok(Some(id))
}

/// Writes a changed alert with its next version, the counts and its history.
pub(super) fn store_change(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    before: &AlertState,
    after: &mut AlertState,
    note: Option<String>,
) -> Result<(), StoreError> {
    after.version = before.version.saturating_add(1);
    after.updated_at = now;
    sql::update(tx, after)?;
    let mut moved = Tally::from([((before.status, before.severity), -1)]);
    let n = moved.entry((after.status, after.severity)).or_default();
    *n = n.saturating_add(1);
    sql::tally(tx, PEOPLE, &moved)?;
    rollup::changed(tx, now, before, after)?;
    let changes = history::changes(before, after);
    sql::record(tx, after.id, history::changed(caller, now, &changes, note)).map(drop)
}
