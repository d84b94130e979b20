//! Finding events: keyset pages within a row budget, and counts that do not scan.

use base::{EventId, Timestamp};
use store::{Sql, StoreError, Tx};

use super::super::model::{Event, EventFilter};
use super::scan::scan;
use super::search::{Search, join, table, walk};
use super::tested::{Names, test_rows};
use super::{EVENT_COLUMNS, read_listed};
use crate::http::{Count, PageRequest};

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

/// Finds events in the order of their ids: see [`scan`].
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
    let search = Search::new(filter, &names, ascending);
    let wanted = page.rows_wanted();
    let found = scan(
        tx,
        search.from(page.cursor),
        EVENT_COLUMNS,
        wanted,
        read_listed,
    )?;
    let n = i64::try_from(found.rows.len()).unwrap_or(i64::MAX);
    // Searched from one end to the other.
    let is_all = page.cursor.is_none() && found.stopped_at.is_none() && n < wanted;
    Ok(Found {
        count: if is_all {
            Count::exactly(n)
        } else {
            count(tx, filter, &names)?
        },
        events: found.rows,
        stopped_at: found.stopped_at,
    })
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
    let search = Search::new(filter, names, false);
    walk(&mut sql, search, search.range);
    sql.push(" limit ").bind(most.saturating_add(1));
    join(&mut sql);
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
