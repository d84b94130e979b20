//! Finding events: keyset pages within a row budget, and counts that do not scan.

use base::{Cursor, Direction, EventId, Timestamp};
use store::{Arg, Engine, Sql, StoreError, Tx};

use super::super::model::{Event, EventFilter};
use super::{EVENT_COLUMNS, EVENT_COLUMNS_COUNT, read_event};

/// Rows a list looks at before it answers with what it has: bounds every filter to about 100 ms.
const ROW_BUDGET: i64 = 50_000;
/// Rows of counts summed at the most for a list's `count`.
const COUNT_ROWS_MAX: i64 = 100_000;

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
