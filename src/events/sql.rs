//! Every statement on events, their sources, types and counts.
//!
//! Lists and details also look at `alerts.event_id` (its unique index), because an event says
//! which alert it raised.

use std::collections::BTreeMap;

use base::{Cursor, Direction, EventId, Severity, Timestamp};
use serde_json::value::RawValue;
use store::{Arg, Engine, Row, Sql, StoreError, Tx};

use super::model::{Event, EventFilter, Row as EventRow};

/// The columns [`read_event`] reads, over [`EVENT_JOIN`].
pub const EVENT_COLUMNS: &str = "e.id, s.name, t.name, e.severity, e.description, \
    e.ip_address, e.geo, e.occurred_at, e.tags, e.attributes, e.version";
/// How many they are.
pub const EVENT_COLUMNS_COUNT: usize = 11;
/// An event with its names.
pub const EVENT_JOIN: &str = "events e join sources s on s.id = e.source_id \
    join event_types t on t.id = e.event_type_id";

/// Rows a list looks at before it answers with what it has: bounds every filter to about 100 ms.
const ROW_BUDGET: i64 = 50_000;
/// Rows of counts summed at the most for a list's `count`.
const COUNT_ROWS_MAX: i64 = 100_000;

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

fn empty_object() -> Box<RawValue> {
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
    const COLUMNS: [&str; 13] = [
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
    ];
    tx.insert_rows("events", &COLUMNS, rows.iter().map(EventRow::args))
}

/// Adds to the counts by hour, source and severity.
pub(crate) fn count(
    tx: &mut Tx<'_>,
    shard: i64,
    counts: &BTreeMap<(i64, i64, Severity), i64>,
) -> Result<(), StoreError> {
    // In order of the key, so that two writers of one shard could never wait for each other.
    let rows: Vec<Vec<Arg<'_>>> = counts
        .iter()
        .map(|(&(hour, source, severity), &n)| {
            vec![
                hour.into(),
                source.into(),
                severity.into(),
                shard.into(),
                n.into(),
            ]
        })
        .collect();
    tx.execute_many(
        "insert into event_counts (hour, source_id, severity, shard, n) \
         values ($1, $2, $3, $4, $5) on conflict (hour, source_id, severity, shard) \
         do update set n = event_counts.n + excluded.n",
        &rows,
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
        &format!(
            "select {EVENT_COLUMNS}, a.id from {EVENT_JOIN} \
             left join alerts a on a.event_id = e.id where e.id = $1"
        ),
        &[id.into()],
        |row| {
            let alert = row.get(EVENT_COLUMNS_COUNT)?;
            Ok(Event {
                alert,
                ..read_event(row, 0)?
            })
        },
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
            "select {EVENT_COLUMNS}, a.id from {EVENT_JOIN} \
             left join alerts a on a.event_id = e.id where e.id > $1 order by e.id limit $2"
        ),
        &[after.unwrap_or(EventId::new(-1)).into(), limit.into()],
        |row| {
            let alert = row.get(EVENT_COLUMNS_COUNT)?;
            Ok(Event {
                alert,
                ..read_event(row, 0)?
            })
        },
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
    Ok(())
}

/// Deletes an event; its alert must be gone already.
pub(crate) fn delete(tx: &mut Tx<'_>, id: EventId) -> Result<(), StoreError> {
    tx.execute("delete from events where id = $1", &[id.into()])?;
    Ok(())
}

/// A page of events and, when the row budget ran out first, the id where it stopped.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) events: Vec<Event>,
    pub(crate) stopped_at: Option<EventId>,
}

/// Finds events in the order of their ids.
///
/// Walks the primary key, or the index of one source (`events_source`) or of HIGH and CRITICAL
/// (`events_severe`), at most [`ROW_BUDGET`] rows; the other filters are tested on each row walked.
pub(crate) fn page(
    tx: &mut Tx<'_>,
    filter: &EventFilter,
    ascending: bool,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Found, StoreError> {
    let Some(names) = Names::resolve(tx, filter)? else {
        return Ok(Found {
            events: Vec::new(),
            stopped_at: None,
        });
    };
    // Left to itself SQLite walks the whole table rather than the partial index.
    let by_index = tx.engine() == Engine::Sqlite && names.sources.is_empty() && filter.is_severe();
    let table = if by_index {
        "events e indexed by events_severe"
    } else {
        "events e"
    };
    let mut sql = Sql::new("select ");
    sql.push(EVENT_COLUMNS)
        .push(", a.id from (select * from ")
        .push(table)
        .push(" where true");
    walk(&mut sql, filter, &names, ascending, cursor);
    sql.push(" limit ").bind(ROW_BUDGET).push(
        ") e join sources s on s.id = e.source_id join event_types t on t.id = e.event_type_id \
         left join alerts a on a.event_id = e.id where true",
    );
    test_rows(&mut sql, filter, &names);
    sql.push(order(ascending != is_previous(cursor)))
        .push(" limit ")
        .bind(limit);
    let events = tx.select(&sql, |row| {
        let alert = row.get(EVENT_COLUMNS_COUNT)?;
        Ok(Event {
            alert,
            ..read_event(row, 0)?
        })
    })?;
    if i64::try_from(events.len()).unwrap_or(limit) >= limit {
        return Ok(Found {
            events,
            stopped_at: None,
        });
    }
    let mut end = Sql::new("select id from ");
    end.push(table).push(" where true");
    walk(&mut end, filter, &names, ascending, cursor);
    end.push(" limit 1 offset ")
        .bind(ROW_BUDGET.saturating_sub(1));
    let stopped_at = tx.select(&end, |row| row.get(0))?.first().copied();
    Ok(Found { events, stopped_at })
}

const fn order(ascending: bool) -> &'static str {
    if ascending {
        " order by e.id"
    } else {
        " order by e.id desc"
    }
}

/// Names of the filter as ids; `None` when one of them is unknown, so that nothing can match.
struct Names {
    sources: Vec<i64>,
    types: Vec<i64>,
    words: Vec<String>,
}

impl Names {
    fn resolve(tx: &mut Tx<'_>, filter: &EventFilter) -> Result<Option<Self>, StoreError> {
        let mut ids = |sql: &str, names: &[String]| -> Result<Option<Vec<i64>>, StoreError> {
            let rows: Vec<Vec<Arg<'_>>> = names.iter().map(|name| vec![name.into()]).collect();
            let ids = tx.query_many(sql, &rows, |row| row.get(0))?;
            Ok((names.is_empty() || !ids.is_empty()).then_some(ids))
        };
        let source: Vec<String> = filter.source_name.iter().cloned().collect();
        let sources = ids("select id from sources where name = $1", &source)?;
        let types = ids(
            "select id from event_types where name = $1",
            &filter.event_type,
        )?;
        let words = filter
            .search
            .iter()
            .map(|word| word.to_lowercase())
            .collect();
        Ok(sources.zip(types).map(|(sources, types)| Self {
            sources,
            types,
            words,
        }))
    }
}

/// The part of the filter an index serves, and the order.
fn walk<'a>(
    sql: &mut Sql<'a>,
    filter: &'a EventFilter,
    names: &'a Names,
    ascending: bool,
    cursor: Option<Cursor>,
) {
    if let [source] = names.sources.as_slice() {
        sql.and("e.source_id =", *source);
    } else if filter.is_severe() {
        // Said in the words of the partial index, so that both planners see that it serves.
        sql.push(" and e.severity >= 4");
    }
    if let Some(from) = filter.from {
        sql.and("e.id >=", EventId::first_at(from));
    }
    if let Some(to) = filter.to {
        sql.and("e.id <", EventId::first_at(to));
    }
    // Towards the page before, rows are read the other way round.
    let upwards = ascending != is_previous(cursor);
    if let Some(cursor) = cursor {
        sql.and(if upwards { "e.id >" } else { "e.id <" }, cursor.id);
    }
    sql.push(order(upwards));
}

fn is_previous(cursor: Option<Cursor>) -> bool {
    cursor.is_some_and(|cursor| cursor.direction == Direction::Previous)
}

/// The rest of the filter, tested row by row.
fn test_rows<'a>(sql: &mut Sql<'a>, filter: &'a EventFilter, names: &'a Names) {
    if !filter.severity.is_empty() {
        sql.and_in("e.severity", filter.severity.iter().copied());
    }
    if !names.types.is_empty() {
        sql.and_in("e.event_type_id", names.types.iter().copied());
    }
    if let Some(address) = &filter.ip_address {
        sql.and("e.ip_address =", address);
    }
    if !filter.country.is_empty() {
        sql.and_in("e.country", &filter.country);
    }
    if let Some(raised) = filter.has_alert {
        sql.push(if raised {
            " and a.id is not null"
        } else {
            " and a.id is null"
        });
    }
    for word in &names.words {
        sql.push(" and (strpos(lower(e.description), ")
            .bind(word)
            .push(") > 0 or strpos(lower(s.name), ")
            .bind(word)
            .push(") > 0)");
    }
}

/// How many events match, from the counts by hour; `None` when they cannot tell.
pub(crate) fn total(tx: &mut Tx<'_>, filter: &EventFilter) -> Result<Option<i64>, StoreError> {
    let on_the_hour = |at: Option<Timestamp>| at.is_none_or(|at| at.micros() % 3_600_000_000 == 0);
    if !filter.event_type.is_empty()
        || filter.ip_address.is_some()
        || !filter.country.is_empty()
        || !filter.search.is_empty()
        || filter.has_alert.is_some()
        || !on_the_hour(filter.from)
        || !on_the_hour(filter.to)
    {
        return Ok(None);
    }
    let Some(names) = Names::resolve(tx, filter)? else {
        return Ok(Some(0));
    };
    let mut sql = Sql::new(
        "select count(*), cast(coalesce(sum(n), 0) as bigint) from (select n from event_counts where true",
    );
    if !filter.severity.is_empty() {
        sql.and_in("severity", filter.severity.iter().copied());
    }
    if !names.sources.is_empty() {
        sql.and_in("source_id", names.sources.iter().copied());
    }
    if let Some(from) = filter.from {
        sql.and("hour >=", from.hour());
    }
    if let Some(to) = filter.to {
        sql.and("hour <", to.hour());
    }
    sql.push(" limit ").bind(COUNT_ROWS_MAX).push(") counted");
    let found = tx.select(&sql, |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
    Ok(found
        .first()
        .filter(|(rows, _)| *rows < COUNT_ROWS_MAX)
        .map(|(_, sum)| *sum))
}
