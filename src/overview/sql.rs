//! Statements that are not sums of `rollups`: ends of indexes, counts of events by hour, names.

use std::sync::Arc;

use base::{Severity, Timestamp};
use store::{Arg, Engine, Sql, StoreError, Tx};

use super::model::{AlertBrief, AlertPoint, AtLeast};
use crate::alerts::AlertStatus;
use crate::rollups::{Kind, Span, Stretch};

/// What is counted row by row is counted up to here.
const COUNT_MAX: i64 = 10_000;
/// Sums read of one stretch at the most.
const ROWS_MAX: i64 = 150_000;
/// Alerts listed.
const LATEST: i64 = 5;

/// The condition of the index `alerts_unassigned`.
const UNASSIGNED: &str = "assigned_to is null and status < 3";

fn at_least(found: i64) -> AtLeast {
    AtLeast {
        count: found.min(COUNT_MAX),
        exact: found <= COUNT_MAX,
    }
}

/// Unresolved alerts nobody works on: how many, and the oldest; along an index of nothing else.
pub(super) fn unassigned(tx: &mut Tx<'_>) -> Result<(AtLeast, Option<AlertPoint>), StoreError> {
    let found = tx.query_one(
        &format!("select count(*) from (select 1 from alerts where {UNASSIGNED} limit $1) counted"),
        &[COUNT_MAX.saturating_add(1).into()],
        |row| row.get(0),
    )?;
    let oldest = tx.query_opt(
        &format!(
            "select id, created_at from alerts where {UNASSIGNED} order by created_at limit 1"
        ),
        &[],
        |row| {
            Ok(AlertPoint {
                id: row.get(0)?,
                created_at: row.get(1)?,
            })
        },
    )?;
    Ok((at_least(found), oldest))
}

/// Unresolved alerts past a due time; along an index of due times.
pub(super) fn overdue(tx: &mut Tx<'_>, now: Timestamp) -> Result<AtLeast, StoreError> {
    let found = tx.query_one(
        "select count(*) from (select 1 from alerts where status < 3 and \
         (case when status = 1 and ack_due_at < resolve_due_at then ack_due_at \
         else resolve_due_at end) < $1 limit $2) counted",
        &[now.into(), COUNT_MAX.saturating_add(1).into()],
        |row| row.get(0),
    )?;
    Ok(at_least(found))
}

/// The oldest OPEN alert; the first of each severity by index.
pub(super) fn oldest_open(tx: &mut Tx<'_>) -> Result<Option<AlertPoint>, StoreError> {
    let severities: Vec<Vec<Arg<'_>>> = Severity::ALL.map(|it| vec![it.into()]).into();
    let found = tx.query_many(
        "select id, created_at from alerts where severity = $1 and status = 1 \
         order by created_at, id limit 1",
        &severities,
        |row| {
            Ok(AlertPoint {
                id: row.get(0)?,
                created_at: row.get(1)?,
            })
        },
    )?;
    Ok(found.into_iter().min_by_key(|it| (it.created_at, it.id)))
}

/// The CRITICAL alerts raised last, newest first; the last of each status by index.
pub(super) fn latest_critical(tx: &mut Tx<'_>) -> Result<Vec<AlertBrief>, StoreError> {
    let statuses: Vec<Vec<Arg<'_>>> = AlertStatus::ALL
        .map(|status| vec![Severity::Critical.into(), status.into(), LATEST.into()])
        .into();
    let mut found = tx.query_many(
        "select a.id, a.status, a.title, s.name, u.username, a.created_at from \
         (select * from alerts where severity = $1 and status = $2 \
         order by created_at desc, id desc limit $3) a \
         join sources s on s.id = a.source_id left join users u on u.id = a.assigned_to",
        &statuses,
        |row| {
            let status = AlertStatus::from_id(row.get(1)?);
            Ok(AlertBrief {
                id: row.get(0)?,
                severity: Severity::Critical,
                status: status
                    .ok_or_else(|| StoreError::Shape(Arc::from("no status of an alert")))?,
                title: row.get(2)?,
                source_name: row.get(3)?,
                assigned_to: row.get(4)?,
                created_at: row.get(5)?,
            })
        },
    )?;
    found.sort_by_key(|it| std::cmp::Reverse((it.created_at, it.id)));
    found.truncate(usize::try_from(LATEST).unwrap_or(5));
    Ok(found)
}

/// Events of a source in a part of the range.
#[derive(Clone, Copy, Debug)]
pub(super) struct SourceEvents {
    /// The source's id.
    pub(super) source: i64,
    /// The start of the part, in minutes since 1970.
    pub(super) start: i64,
    /// How many.
    pub(super) events: i64,
}

/// Events of the ten sources with the most of them, and of some others, in parts as long as
/// `trend`; and whether all sums were read: along primary keys, at most 150,000 rows a stretch.
pub(super) fn events_of_sources(
    tx: &mut Tx<'_>,
    stretches: &[Stretch],
    trend: Span,
    others: &[i64],
) -> Result<(Vec<SourceEvents>, bool), StoreError> {
    // SQLite walks its key from either end, PostgreSQL would sort.
    let newest_first = tx.engine() == Engine::Sqlite;
    let mut sql = Sql::new(
        "with counted as (select source, start, cast(sum(n) as bigint) as n, count(*) as rows_read \
         from (",
    );
    let mut between = "";
    for stretch in stretches {
        sql.push(between);
        piece(&mut sql, *stretch, trend, newest_first);
        between = " union all ";
    }
    sql.push(
        ") pieces group by source, start), most as (select source from counted \
         group by source order by sum(n) desc, source limit 10) \
         select source, start, n, (select cast(sum(rows_read) as bigint) from counted) \
         from counted where source in (select source from most) or (true",
    );
    sql.and_in("source", others.iter().copied()).push(")");
    let mut rows_read = 0_i64;
    let found = tx.select(&sql, |row| {
        rows_read = row.get(3)?;
        Ok(SourceEvents {
            source: row.get(0)?,
            start: row.get(1)?,
            events: row.get(2)?,
        })
    })?;
    Ok((found, rows_read < ROWS_MAX))
}

fn piece(sql: &mut Sql<'_>, stretch: Stretch, trend: Span, newest_first: bool) {
    let order = if stretch.span == Span::Day {
        sql.push("select * from (select item as source, start, n from rollups where kind = ");
        sql.bind(Kind::EventSource.id());
        sql.and("span =", stretch.span.minutes());
        sql.and("start >=", stretch.from).and("start <", stretch.to);
        " order by start desc"
    } else {
        sql.push("select * from (select source_id as source, ");
        sql.push(match trend {
            Span::Day => "hour / 24 * 1440",
            Span::Minute | Span::HalfHour | Span::Hour => "hour * 60",
        });
        sql.push(" as start, n from event_counts where true");
        sql.and("hour >=", stretch.from.div_euclid(60));
        sql.and("hour <", stretch.to.div_euclid(60));
        " order by hour desc"
    };
    sql.push(if newest_first { order } else { "" });
    sql.push(" limit ").bind(ROWS_MAX).push(") piece");
}

/// The names of some sources; by primary key.
pub(super) fn source_names(
    tx: &mut Tx<'_>,
    sources: &[i64],
) -> Result<Vec<(i64, String)>, StoreError> {
    let mut sql = Sql::new("select id, name from sources where true");
    sql.and_in("id", sources.iter().copied());
    tx.select(&sql, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// Sources a search by name looks at: the newest.
const SEARCHED_MAX: i64 = 10_000;
/// OPEN alerts of each severity that are counted by source: the newest.
const OPEN_MAX: i64 = 2_000;
/// Hourly sums read for the number of all events.
const SUMS_MAX: i64 = 200_000;

/// Sources by name, with their id and when they were first seen.
pub(super) fn sources(
    tx: &mut Tx<'_>,
    search: Option<&str>,
    after: Option<&str>,
    limit: i64,
) -> Result<Vec<(i64, String, Timestamp)>, StoreError> {
    let mut sql = match search {
        None => Sql::new("select id, name, created_at from sources where true"),
        Some(search) => {
            let mut sql = Sql::new(
                "select id, name, created_at from (select id, name, created_at from sources \
                 order by id desc limit ",
            );
            sql.bind(SEARCHED_MAX).push(") newest where true");
            sql.and_contains("name", search);
            sql
        }
    };
    if let Some(after) = after {
        sql.and("name >", after);
    }
    sql.push(" order by name limit ").bind(limit);
    tx.select(&sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// Events of sources in each hour from one to another, both included: source, hour, number.
pub(super) fn events_by_hour(
    tx: &mut Tx<'_>,
    sources: &[i64],
    from: i64,
    to: i64,
) -> Result<Vec<(i64, i64, i64)>, StoreError> {
    let mut sql =
        Sql::new("select source_id, hour, cast(sum(n) as bigint) from event_counts where true");
    sql.and_in("hour", from..=to)
        .and_in("source_id", sources.iter().copied())
        .push(" group by source_id, hour");
    tx.select(&sql, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
}

/// Events of sources on so many days from one on, counted since 1970.
pub(super) fn events_by_day(
    tx: &mut Tx<'_>,
    sources: &[i64],
    first_day: i64,
    days: i64,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let minutes = Span::Day.minutes();
    let starts = (0..days).map(|day| first_day.saturating_add(day).saturating_mul(minutes));
    let mut sql = Sql::new("select item, cast(sum(n) as bigint) from rollups where true");
    sql.and("kind =", Kind::EventSource.id())
        .and("span =", minutes)
        .and_in("start", starts)
        .and_in("item", sources.iter().copied())
        .push(" group by item");
    tx.select(&sql, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// OPEN alerts by source, and whether all of them were counted.
pub(super) fn open_by_source(tx: &mut Tx<'_>) -> Result<(Vec<(i64, i64)>, bool), StoreError> {
    let severities: Vec<Vec<Arg<'_>>> = Severity::ALL
        .map(|it| vec![it.into(), OPEN_MAX.into()])
        .into();
    let newest: Vec<(i64, i64)> = tx.query_many(
        "select severity, source_id from alerts where severity = $1 and status = 1 \
         order by created_at desc, id desc limit $2",
        &severities,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let limit = usize::try_from(OPEN_MAX).unwrap_or(usize::MAX);
    let all_of = |severity: Severity| {
        let mine = newest.iter().filter(|(it, _)| *it == severity.id());
        mine.count() < limit
    };
    let exact = Severity::ALL.into_iter().all(all_of);
    let mut by_source: std::collections::BTreeMap<i64, i64> = std::collections::BTreeMap::new();
    for (_, source) in newest {
        let sum = by_source.entry(source).or_default();
        *sum = sum.saturating_add(1);
    }
    Ok((by_source.into_iter().collect(), exact))
}

/// How many events are kept, from their hourly sums, and whether all of these were read.
pub(super) fn events_kept(tx: &mut Tx<'_>) -> Result<(i64, bool), StoreError> {
    tx.query_one(
        "select cast(coalesce(sum(n), 0) as bigint), count(*) from (select n from event_counts \
         order by hour desc, source_id desc, severity desc, shard desc limit $1) counted",
        &[SUMS_MAX.into()],
        |row| Ok((row.get(0)?, row.get::<i64>(1)? < SUMS_MAX)),
    )
}

/// The database's size in bytes.
pub(super) fn database_bytes(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "select page_count * page_size from pragma_page_count(), pragma_page_size()"
        }
        Engine::Postgres => "select pg_database_size(current_database())",
    };
    tx.query_one(sql, &[], |row| row.get(0))
}
