//! Every statement on alerts and their counts; lists are in `query` and `list`, their history is in
//! `timeline`.

mod bulk;
mod enrichment;
mod facets;
mod list;
mod query;
mod similar;
mod timeline;
mod undo;
mod withdraw;

use std::collections::BTreeMap;
use std::sync::Arc;

use base::{EventId, Severity, Timestamp};
use store::{Arg, Engine, Row, StoreError, Tx};

use super::model::{Alert, AlertState, AlertStatus, Person, Resolution};
use super::raise::NewAlert;
use super::rollup::Place;
use super::sla;
use crate::events::{EVENT_COLUMNS, EVENT_JOIN, read_event};

pub(super) use bulk::{
    already_said, lock_all, lock_rows, record_changes, record_comments, record_each, update_all,
};
pub(super) use enrichment::{events_by_hour, last_seen, source};
pub(super) use facets::{Apart, Looked, Named, Seen, ids_named, names, scan};
#[cfg(test)]
pub(super) use list::plan;
pub(super) use list::{Page, count, page};
pub(super) use query::Query;
pub(super) use similar::{Shared, Traits, sharing, traits};
pub(super) use timeline::{Stretch, history, history_length, record};
pub(super) use undo::{Step, forget_steps, keep_steps, next_steps, spend_steps};
pub(super) use withdraw::{delete, delete_all, gather_fewer, gathering, leave, places};

const STATE_COLUMNS: &str = "a.id, a.status, a.severity, a.title, a.assigned_to, u.username, \
    a.resolution, a.resolution_note, a.created_at, a.acknowledged_at, a.resolved_at, \
    a.updated_at, a.version, a.ack_due_at, a.resolve_due_at, a.reopen_count, a.event_count, \
    a.last_event_at";
const STATE_COLUMNS_COUNT: usize = 18;

/// How many of each status and severity come or go.
pub(super) type Tally = BTreeMap<(AlertStatus, Severity), i64>;

fn shape(what: &str) -> StoreError {
    StoreError::Shape(Arc::from(what))
}

fn status(id: i64) -> Result<AlertStatus, StoreError> {
    AlertStatus::from_id(id).ok_or_else(|| shape("no status of an alert"))
}

fn read_state(row: &Row<'_>) -> Result<AlertState, StoreError> {
    let assignee: Option<i64> = row.get(4)?;
    let username: Option<String> = row.get(5)?;
    let resolution = row
        .get::<Option<String>>(6)?
        .map(|word| word.parse::<Resolution>())
        .transpose()
        .map_err(|_| shape("no resolution of an alert"))?;
    Ok(AlertState {
        id: row.get(0)?,
        status: status(row.get(1)?)?,
        severity: row.get(2)?,
        title: row.get(3)?,
        assigned_to: assignee
            .zip(username)
            .map(|(id, username)| Person { id, username }),
        resolution,
        resolution_note: row.get(7)?,
        created_at: row.get(8)?,
        acknowledged_at: row.get(9)?,
        resolved_at: row.get(10)?,
        updated_at: row.get(11)?,
        version: row.get(12)?,
        ack_due_at: row.get(13)?,
        resolve_due_at: row.get(14)?,
        reopen_count: row.get(15)?,
        event_count: row.get(16)?,
        last_event_at: row.get(17)?,
    })
}

/// Inserts alerts, OPEN; the ids come with [`ids_between`].
pub(super) fn insert(
    tx: &mut Tx<'_>,
    now: Timestamp,
    due: impl Fn(Severity) -> (Timestamp, Timestamp),
    alerts: &[NewAlert<'_>],
) -> Result<(), StoreError> {
    const COLUMNS: [&str; 12] = [
        "event_id",
        "status",
        "severity",
        "title",
        "source_id",
        "event_type_id",
        "ip_address",
        "country",
        "created_at",
        "updated_at",
        "ack_due_at",
        "resolve_due_at",
    ];
    let rows = alerts.iter().map(|alert| {
        let (ack_due_at, resolve_due_at) = due(alert.severity);
        [
            alert.event_id.into(),
            AlertStatus::Open.into(),
            alert.severity.into(),
            alert.title.into(),
            alert.source_id.into(),
            alert.event_type_id.into(),
            alert.ip_address.into(),
            alert.country.into(),
            now.into(),
            now.into(),
            ack_due_at.into(),
            resolve_due_at.into(),
        ]
    });
    tx.insert_rows("alerts", &COLUMNS, rows)
}

/// The alerts of the events from one id to another, both included; by the index on event.
pub(super) fn ids_between(
    tx: &mut Tx<'_>,
    first: EventId,
    last: EventId,
) -> Result<Vec<(EventId, i64)>, StoreError> {
    tx.query(
        "select event_id, id from alerts where event_id >= $1 and event_id <= $2 order by event_id",
        &[first.into(), last.into()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The alerts some events raised; each by the index on event.
pub(super) fn ids_of(
    tx: &mut Tx<'_>,
    events: &[EventId],
) -> Result<Vec<(EventId, i64)>, StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = events.iter().map(|&event| vec![event.into()]).collect();
    tx.query_many(
        "select event_id, id from alerts where event_id = $1",
        &rows,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The alerts of some events, of those that raised one and of those that one gathers; each by
/// primary key and the index on event.
pub(super) fn ids_gathering(
    tx: &mut Tx<'_>,
    events: &[EventId],
) -> Result<Vec<(EventId, i64)>, StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = events.iter().map(|&event| vec![event.into()]).collect();
    tx.query_many(
        "select e.id, a.id from events e \
         join alerts a on a.event_id = coalesce(e.folded_into, e.id) where e.id = $1",
        &rows,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The unresolved alerts some events raised; each by the index on event.
pub(super) fn unresolved_of(
    tx: &mut Tx<'_>,
    events: &[EventId],
) -> Result<Vec<(EventId, i64)>, StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = events.iter().map(|&event| vec![event.into()]).collect();
    tx.query_many(
        "select event_id, id from alerts where event_id = $1 and status <> 3",
        &rows,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Those of some events whose alert, their own or one that gathers them, is not resolved; each by
/// primary key and the index on event.
pub(super) fn with_unresolved(
    tx: &mut Tx<'_>,
    events: &[EventId],
) -> Result<Vec<EventId>, StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = events.iter().map(|&event| vec![event.into()]).collect();
    tx.query_many(
        "select e.id from events e join alerts a on a.event_id = coalesce(e.folded_into, e.id) \
         where e.id = $1 and a.status <> 3",
        &rows,
        |row| row.get(0),
    )
}

/// Adds to the kept counts; zeros are left out.
pub(super) fn tally(tx: &mut Tx<'_>, shard: i64, changes: &Tally) -> Result<(), StoreError> {
    // In order of the key, so that two writers of one shard could never wait for each other.
    let rows: Vec<Vec<Arg<'_>>> = changes
        .iter()
        .filter(|(_, n)| **n != 0)
        .map(|(&(status, severity), &n)| {
            vec![status.into(), severity.into(), shard.into(), n.into()]
        })
        .collect();
    tx.execute_many(
        "insert into alert_counts (status, severity, shard, n) values ($1, $2, $3, $4) \
         on conflict (status, severity, shard) do update set n = alert_counts.n + excluded.n",
        &rows,
    )
}

/// How many alerts there are of each status and severity; a few dozen rows at the most.
pub(super) fn counts(tx: &mut Tx<'_>) -> Result<Tally, StoreError> {
    let rows = tx.query(
        "select status, severity, cast(sum(n) as bigint) from alert_counts \
         group by status, severity",
        &[],
        |row| Ok(((status(row.get(0)?)?, row.get(1)?), row.get(2)?)),
    )?;
    Ok(rows.into_iter().collect())
}

/// One alert with its event; by primary keys.
pub(super) fn get(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> Result<Option<Alert>, StoreError> {
    Ok(read_all(tx, &[id], now)?.into_iter().next())
}

/// Numbers of ids a statement is written for: a few texts to prepare instead of one for each.
const READ_SIZES: [usize; 5] = [1, 20, 50, 200, 1_000];

/// Alerts with their events, in the order of the ids; those that are gone are left out.
///
/// By primary keys; of more than 1,000 ids the rest is left out.
pub(super) fn read_all(
    tx: &mut Tx<'_>,
    ids: &[i64],
    now: Timestamp,
) -> Result<Vec<Alert>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let size = READ_SIZES
        .into_iter()
        .find(|size| *size >= ids.len())
        .unwrap_or(1_000);
    // No alert has the id 0.
    let args: Vec<Arg<'_>> = ids
        .iter()
        .copied()
        .chain(std::iter::repeat(0))
        .take(size)
        .map(Arg::from)
        .collect();
    let places: Vec<String> = (1..=size).map(|n| format!("${n}")).collect();
    let sql = format!(
        "select {STATE_COLUMNS}, {EVENT_COLUMNS} from {EVENT_JOIN} \
         join alerts a on a.event_id = e.id left join users u on u.id = a.assigned_to \
         where a.id in ({})",
        places.join(", ")
    );
    let found = tx.query(&sql, &args, |row| {
        let state = read_state(row)?;
        let mut event = read_event(row, STATE_COLUMNS_COUNT)?;
        event.alert = Some(state.id);
        Ok((
            state.id,
            Alert {
                sla_breached: sla::is_breached(&state, now),
                state,
                event,
            },
        ))
    })?;
    let mut found: BTreeMap<i64, Alert> = found.into_iter().collect();
    Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
}

/// One alert without its event, by primary key.
pub(super) fn state(tx: &mut Tx<'_>, id: i64) -> Result<Option<AlertState>, StoreError> {
    tx.query_opt(
        &format!(
            "select {STATE_COLUMNS} from alerts a left join users u on u.id = a.assigned_to \
             where a.id = $1"
        ),
        &[id.into()],
        read_state,
    )
}

/// One alert without its event, locked until commit; by primary key.
pub(super) fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<AlertState>, StoreError> {
    // A statement of its own: the outer join's side cannot be locked.
    let suffix = tx.engine().for_update();
    tx.query(
        &format!("select id from alerts where id = $1{suffix}"),
        &[id.into()],
        |_| Ok(()),
    )?;
    state(tx, id)
}

/// Writes what people, or a changed event, changed.
pub(super) fn update(tx: &mut Tx<'_>, alert: &AlertState) -> Result<(), StoreError> {
    tx.execute(
        "update alerts set status = $2, severity = $3, title = $4, assigned_to = $5, \
         resolution = $6, resolution_note = $7, acknowledged_at = $8, resolved_at = $9, \
         updated_at = $10, version = $11, ack_due_at = $12, resolve_due_at = $13, \
         reopen_count = $14 where id = $1",
        &[
            alert.id.into(),
            alert.status.into(),
            alert.severity.into(),
            (&alert.title).into(),
            alert.assigned_to.as_ref().map(|person| person.id).into(),
            alert.resolution.map(Resolution::word).into(),
            alert.resolution_note.as_ref().into(),
            alert.acknowledged_at.into(),
            alert.resolved_at.into(),
            alert.updated_at.into(),
            alert.version.into(),
            alert.ack_due_at.into(),
            alert.resolve_due_at.into(),
            alert.reopen_count.into(),
        ],
    )?;
    Ok(())
}

/// Counts more events to an alert that is not resolved; by the index on event.
pub(super) fn gather(
    tx: &mut Tx<'_>,
    event: EventId,
    n: i64,
    last_at: Timestamp,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "update alerts set event_count = event_count + $2, last_event_at = $3, updated_at = $3 \
         where event_id = $1 and status < 3",
        &[event.into(), n.into(), last_at.into()],
    )?;
    Ok(changed > 0)
}

/// Copies what lists filter by from the event again.
pub(super) fn copy(tx: &mut Tx<'_>, id: i64, event: &NewAlert<'_>) -> Result<(), StoreError> {
    tx.execute(
        "update alerts set source_id = $2, event_type_id = $3, ip_address = $4, country = $5 \
         where id = $1",
        &[
            id.into(),
            event.source_id.into(),
            event.event_type_id.into(),
            event.ip_address.into(),
            event.country.into(),
        ],
    )?;
    Ok(())
}

/// Where an alert belongs, by primary key.
pub(super) fn place(tx: &mut Tx<'_>, id: i64) -> Result<Place, StoreError> {
    let found = places(tx, &[id])?.into_iter().next();
    found.ok_or_else(|| shape("an alert that was locked is not there"))
}

/// A person, whether the account is enabled, and its role's word.
pub(super) type Account = (Person, bool, String);

fn read_account(row: &Row<'_>) -> Result<Account, StoreError> {
    let person = Person {
        id: row.get(0)?,
        username: row.get(1)?,
    };
    Ok((person, row.get(2)?, row.get(3)?))
}

/// Ends a `select` of users that keeps their rows from being deleted until commit, and lets
/// others read and change alerts of theirs.
const fn kept(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "",
        Engine::Postgres => " for key share",
    }
}

/// Some people by id, at most 1,000; those whose account is gone are left out. The accounts stay
/// until commit.
///
/// Changes take people first, then alerts, counts and the audit log at last: who deletes a user
/// or signs in goes the same way, so that none waits for the other.
pub(super) fn keep_people(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<Account>, StoreError> {
    let kept = kept(tx.engine());
    let rows: Vec<Vec<Arg<'_>>> = ids.iter().map(|&id| vec![id.into()]).collect();
    tx.query_many(
        &format!("select id, username, enabled, role from users where id = $1{kept}"),
        &rows,
        read_account,
    )
}

/// A person by user name, in any case, who stays until commit, as [`keep_people`].
pub(super) fn keep_person_named(
    tx: &mut Tx<'_>,
    name: &str,
) -> Result<Option<Account>, StoreError> {
    let kept = kept(tx.engine());
    tx.query_opt(
        &format!("select id, username, enabled, role from users where username_key = $1{kept}"),
        &[name.to_lowercase().as_str().into()],
        read_account,
    )
}

/// A person by user name, in any case; by the unique index on its key.
pub(super) fn person_named(tx: &mut Tx<'_>, name: &str) -> Result<Option<Account>, StoreError> {
    tx.query_opt(
        "select id, username, enabled, role from users where username_key = $1",
        &[name.to_lowercase().as_str().into()],
        read_account,
    )
}
