//! Finding events: keyset pages within a row budget, and counts that do not scan.

use base::{Cursor, Direction, EventId, Timestamp};
use store::{Engine, Sql, StoreError, Tx};

use super::super::model::{Event, EventFilter};
pub(super) use super::tested::{Names, test_rows};
use super::{EVENT_COLUMNS, EVENT_COLUMNS_COUNT, read_event};
use crate::http::{Count, PageRequest};

/// Rows a list looks at before it answers with what it has: bounds every filter to about 100 ms.
const ROW_BUDGET: i64 = 50_000;
/// The same for a search, which reads and folds each row's description.
const SEARCH_ROW_BUDGET: i64 = 15_000;
/// The same when the JSON of each row is read.
const ATTRIBUTES_ROW_BUDGET: i64 = 5_000;
/// Rows looked at to count what the kept counts cannot tell.
const COUNT_WALK_MAX: i64 = 10_000;
/// The same for a search.
const SEARCH_COUNT_WALK_MAX: i64 = 2_000;
/// Rows of counts summed at the most for a list's `count`.
const COUNT_ROWS_MAX: i64 = 100_000;

/// A page of events and, when the row budget ran out first, the id where it stopped.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) events: Vec<Event>,
    pub(crate) count: Count,
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
    page: &PageRequest,
) -> Result<Found, StoreError> {
    let Some(names) = Names::resolve(tx, filter)? else {
        return Ok(Found {
            events: Vec::new(),
            count: Count::exactly(0),
            stopped_at: None,
        });
    };
    let table = table(tx.engine(), filter);
    let cursor = page.cursor;
    let mut sql = Sql::new("select ");
    sql.push(EVENT_COLUMNS)
        .push(", a.id from (select * from ")
        .push(table)
        .push(" where true");
    walk(&mut sql, filter, &names, ascending, cursor);
    sql.push(" limit ").bind(budget(filter)).push(JOINED);
    test_rows(&mut sql, filter, &names);
    // SQLite reads the walked rows in their order; told to order them again it would first keep
    // and sort all of them. PostgreSQL may join in any order and must be told.
    if tx.engine() == Engine::Postgres {
        sql.push(order(ascending != is_previous(cursor)));
    }
    sql.push(" limit ").bind(page.rows_wanted());
    let events = tx.select(&sql, |row| {
        let alert = row.get(EVENT_COLUMNS_COUNT)?;
        Ok(Event {
            alert,
            ..read_event(row, 0)?
        })
    })?;
    let count = count(tx, filter, &names)?;
    if i64::try_from(events.len()).unwrap_or(i64::MAX) >= page.rows_wanted() {
        return Ok(Found {
            events,
            count,
            stopped_at: None,
        });
    }
    let mut end = Sql::new("select id from ");
    end.push(table).push(" where true");
    walk(&mut end, filter, &names, ascending, cursor);
    end.push(" limit 1 offset ")
        .bind(budget(filter).saturating_sub(1));
    let stopped_at = tx.select(&end, |row| row.get(0))?.first().copied();
    Ok(Found {
        events,
        count,
        stopped_at,
    })
}

/// Rows a page may walk.
pub(super) fn budget(filter: &EventFilter) -> i64 {
    if filter.reads_attributes() {
        ATTRIBUTES_ROW_BUDGET
    } else if filter.is_search() {
        SEARCH_ROW_BUDGET
    } else {
        ROW_BUDGET
    }
}

/// What the walked rows are joined with; to SQLite `cross join` says that they come first.
pub(super) const JOINED: &str = ") e cross join sources s cross join event_types t \
    left join alerts a on a.event_id = e.id where s.id = e.source_id and t.id = e.event_type_id";

/// Left to itself SQLite walks the whole table rather than the partial index.
const fn by_severity(engine: Engine) -> &'static str {
    match engine {
        Engine::Sqlite => "events e indexed by events_severe",
        Engine::Postgres => "events e",
    }
}

pub(super) fn table(engine: Engine, filter: &EventFilter) -> &'static str {
    if Walked::of(filter) == Walked::Severe {
        by_severity(engine)
    } else {
        "events e"
    }
}

pub(super) const fn order(ascending: bool) -> &'static str {
    if ascending {
        " order by e.id"
    } else {
        " order by e.id desc"
    }
}

/// Which index rows are walked along.
#[derive(PartialEq, Eq)]
enum Walked {
    Ids,
    Source,
    Severe,
    All,
}

impl Walked {
    fn of(filter: &EventFilter) -> Self {
        if !filter.id.is_empty() {
            Self::Ids
        } else if filter.sources().is_some_and(|names| names.len() == 1) {
            Self::Source
        } else if filter.is_severe() {
            Self::Severe
        } else {
            Self::All
        }
    }
}

/// The part of the filter an index serves, and the order.
pub(super) fn walk<'a>(
    sql: &mut Sql<'a>,
    filter: &'a EventFilter,
    names: &'a Names,
    ascending: bool,
    cursor: Option<Cursor>,
) {
    match Walked::of(filter) {
        Walked::Ids => {
            sql.and_in("e.id", filter.id.iter().copied());
        }
        Walked::Source => {
            if let [source] = names.sources.as_slice() {
                sql.and("e.source_id =", *source);
            }
        }
        // Said in the words of the partial index, so that both planners see that it serves.
        Walked::Severe => {
            sql.push(" and e.severity >= 4");
        }
        Walked::All => {}
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

/// How many events match: from the counts by hour when they can tell, else by looking at a
/// bounded number of the newest rows.
fn count(tx: &mut Tx<'_>, filter: &EventFilter, names: &Names) -> Result<Count, StoreError> {
    if let Some(total) = total(tx, filter, names)? {
        return Ok(Count::exactly(total));
    }
    let most = if filter.is_search() {
        SEARCH_COUNT_WALK_MAX
    } else {
        COUNT_WALK_MAX
    };
    let mut sql = Sql::new("select count(*), cast(coalesce(sum(case when true");
    test_rows(&mut sql, filter, names);
    sql.push(" then 1 else 0 end), 0) as bigint) from (select * from ")
        .push(table(tx.engine(), filter))
        .push(" where true");
    walk(&mut sql, filter, names, false, None);
    sql.push(" limit ")
        .bind(most.saturating_add(1))
        .push(JOINED);
    let found = tx.select(&sql, |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
    Ok(match found.first() {
        Some(&(looked_at, matching)) if looked_at > most => Count::at_least(matching),
        Some(&(_, matching)) => Count::exactly(matching),
        None => Count::exactly(0),
    })
}

/// The sum of the counts by hour; `None` when they cannot tell.
fn total(tx: &mut Tx<'_>, filter: &EventFilter, names: &Names) -> Result<Option<i64>, StoreError> {
    let on_the_hour = |at: Option<Timestamp>| at.is_none_or(|at| at.micros() % 3_600_000_000 == 0);
    if !filter.is_counted() || !on_the_hour(filter.from) || !on_the_hour(filter.to) {
        return Ok(None);
    }
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
