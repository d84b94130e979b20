//! Every statement on events, their sources, types and counts.
//!
//! Lists and details also look at `alerts.event_id` (its unique index), because an event says
//! which alert it raised.

mod around;
mod blocks;
mod condition;
mod fields;
mod find;
mod gathered;
mod histogram;
mod matching;
mod scan;
mod search;
mod stretches;
mod tested;

use std::collections::BTreeMap;

use base::{EventId, Severity, Timestamp};
use serde_json::value::RawValue;
use store::{Arg, Row, StoreError, Tx};

pub(super) use around::{Side, neighbours};
pub(super) use blocks::{
    Claim, Range, claim, contents, covered, empty as empty_blocks, give_up, horizon, keep, nth,
    remove as remove_blocks,
};
pub(crate) use condition::{condition, is_any, text_in};
pub(super) use fields::{Said, Sample, sample};
pub(crate) use find::page;
pub(crate) use gathered::gathered;
pub(super) use histogram::{Bar, Counting, lowest, minute};
pub(crate) use matching::below;

use super::model::{Event, Row as EventRow};

/// The columns [`read_event`] reads, over [`EVENT_JOIN`].
pub const EVENT_COLUMNS: &str = "e.id, s.name, t.name, e.severity, e.description, \
    e.ip_address, e.geo, e.occurred_at, e.tags, e.attributes, e.version";
/// How many they are.
const EVENT_COLUMNS_COUNT: usize = 11;
/// An event with its names.
pub const EVENT_JOIN: &str = "events e join sources s on s.id = e.source_id \
    join event_types t on t.id = e.event_type_id";

/// Joins an event with its alert: its own, or the one that gathers it.
pub const EVENT_ALERT: &str = " left join alerts a on a.event_id = coalesce(e.folded_into, e.id)";

/// Reads [`EVENT_COLUMNS`] and behind them the number of the event's alert.
fn read_listed(row: &Row<'_>) -> Result<Event, StoreError> {
    Ok(Event {
        alert: row.get(EVENT_COLUMNS_COUNT)?,
        ..read_event(row, 0)?
    })
}

/// Reads [`EVENT_COLUMNS`] from the given column on; `alert` is left for the caller.
///
/// # Errors
/// [`StoreError::Shape`] when the columns are others.
pub fn read_event(row: &Row<'_>, at: usize) -> Result<Event, StoreError> {
    let id: EventId = row.get(at)?;
    let json = |offset: usize| row.get::<Option<String>>(at.saturating_add(offset));
    Ok(Event {
        id,
        source_name: row.get(at.saturating_add(1))?,
        event_type: row.get(at.saturating_add(2))?,
        severity: row.get(at.saturating_add(3))?,
        description: row.get(at.saturating_add(4))?,
        ip_address: row.get(at.saturating_add(5))?,
        geo: json(6)?.and_then(|text| serde_json::from_str(&text).ok()),
        timestamp: id.timestamp(),
        occurred_at: row.get(at.saturating_add(7))?,
        tags: json(8)?
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default(),
        attributes: json(9)?
            .and_then(|text| RawValue::from_string(text).ok())
            .unwrap_or_else(empty_object),
        version: row.get(at.saturating_add(10))?,
        alert: None,
    })
}

/// What stands for attributes that are absent.
pub(crate) fn empty_object() -> Box<RawValue> {
    RawValue::from_string("{}".to_owned()).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// The id of a name in `sources` or `event_types`, made when it is new.
fn intern(
    tx: &mut Tx<'_>,
    insert: &str,
    select: &str,
    name: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    if let Some(id) = tx.query_opt(select, &[name.into()], |row| row.get(0))? {
        return Ok(id);
    }
    tx.execute(insert, &[name.into(), now.into()])?;
    tx.query_one(select, &[name.into()], |row| row.get(0))
}

/// The id of a source.
pub(crate) fn source_id(tx: &mut Tx<'_>, name: &str, now: Timestamp) -> Result<i64, StoreError> {
    intern(
        tx,
        "insert into sources (name, created_at) values ($1, $2) on conflict (name) do nothing",
        "select id from sources where name = $1",
        name,
        now,
    )
}

/// The id of an event type.
pub(crate) fn event_type_id(
    tx: &mut Tx<'_>,
    name: &str,
    now: Timestamp,
) -> Result<i64, StoreError> {
    intern(
        tx,
        "insert into event_types (name, created_at) values ($1, $2) on conflict (name) do nothing",
        "select id from event_types where name = $1",
        name,
        now,
    )
}

/// Inserts events with ids of their own.
pub(crate) fn insert(tx: &mut Tx<'_>, rows: &[EventRow<'_>]) -> Result<(), StoreError> {
    const COLUMNS: [&str; 14] = [
        "id",
        "source_id",
        "event_type_id",
        "severity",
        "description",
        "ip_address",
        "country",
        "geo",
        "occurred_at",
        "tags",
        "attributes",
        "user_id",
        "key_id",
        "folded_into",
    ];
    tx.insert_rows("events", &COLUMNS, rows.iter().map(EventRow::args))?;
    let ids = rows.iter().map(|row| row.id.number());
    match (ids.clone().min(), ids.max()) {
        (Some(first), Some(last)) => blocks::touch(tx, Range { first, last }),
        _ => Ok(()),
    }
}

/// Adds to the counts by hour, source and severity.
pub(crate) fn count(
    tx: &mut Tx<'_>,
    shard: i64,
    counts: &BTreeMap<(i64, i64, Severity), i64>,
) -> Result<(), StoreError> {
    // In order of the key, so that two writers of one shard could never wait for each other.
    let rows: Vec<[Arg<'_>; 5]> = counts
        .iter()
        .map(|(&(hour, source, severity), &n)| {
            [
                hour.into(),
                source.into(),
                severity.into(),
                shard.into(),
                n.into(),
            ]
        })
        .collect();
    tx.upsert_rows(
        "event_counts",
        &["hour", "source_id", "severity", "shard", "n"],
        &rows,
        "on conflict (hour, source_id, severity, shard) \
         do update set n = event_counts.n + excluded.n",
    )
}

/// The highest id given out; the primary key's end.
pub(crate) fn highest(tx: &mut Tx<'_>) -> Result<Option<EventId>, StoreError> {
    tx.query_one("select max(id) from events", &[], |row| row.get(0))
}

/// One event with the alert it raised; by primary key, locked when it is to be changed.
pub(crate) fn get(tx: &mut Tx<'_>, id: EventId, lock: bool) -> Result<Option<Event>, StoreError> {
    if lock {
        let suffix = tx.engine().for_update();
        tx.query(
            &format!("select id from events where id = $1{suffix}"),
            &[id.into()],
            |_| Ok(()),
        )?;
    }
    tx.query_opt(
        &format!("select {EVENT_COLUMNS}, a.id from {EVENT_JOIN}{EVENT_ALERT} where e.id = $1"),
        &[id.into()],
        read_listed,
    )
}

/// Events after an id, oldest first, with the alerts they raised; walks the primary key.
pub(crate) fn part(
    tx: &mut Tx<'_>,
    after: Option<EventId>,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    tx.query(
        &format!(
            "select {EVENT_COLUMNS}, a.id from {EVENT_JOIN}{EVENT_ALERT} \
             where e.id > $1 order by e.id limit $2"
        ),
        &[after.unwrap_or(EventId::new(-1)).into(), limit.into()],
        read_listed,
    )
}

/// Writes a changed event over the old one and raises its version.
pub(crate) fn update(tx: &mut Tx<'_>, row: &EventRow<'_>, version: i64) -> Result<(), StoreError> {
    let [
        id,
        source,
        kind,
        severity,
        description,
        ip,
        country,
        geo,
        occurred,
        tags,
        attributes,
        ..,
    ] = row.args();
    tx.execute(
        "update events set source_id = $2, event_type_id = $3, severity = $4, description = $5, \
         ip_address = $6, country = $7, geo = $8, occurred_at = $9, tags = $10, \
         attributes = $11, version = $12 where id = $1",
        &[
            id,
            source,
            kind,
            severity,
            description,
            ip,
            country,
            geo,
            occurred,
            tags,
            attributes,
            version.into(),
        ],
    )?;
    let id = row.id.number();
    blocks::touch(
        tx,
        Range {
            first: id,
            last: id,
        },
    )
}

/// Deletes an event; its alert must be gone already.
pub(crate) fn delete(tx: &mut Tx<'_>, id: EventId) -> Result<(), StoreError> {
    tx.execute("delete from events where id = $1", &[id.into()])?;
    Ok(())
}
