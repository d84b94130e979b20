//! The newest events that match, a bounded number of rows at a time.

use base::{Cursor, Direction, EventId};
use store::{Engine, Row, Sql, StoreError, Tx};

use super::super::model::{Event, EventFilter};
use super::find::{JOINED, Names, budget, order, table, test_rows, walk};
use super::{EVENT_COLUMNS, EVENT_COLUMNS_COUNT, read_event};

/// Events that match below an id (from the newest without one), newest first, at most `limit`;
/// and the id below which the search goes on, `None` when it has reached the end.
pub(crate) fn below(
    tx: &mut Tx<'_>,
    filter: &EventFilter,
    below: Option<EventId>,
    limit: i64,
) -> Result<(Vec<Event>, Option<EventId>), StoreError> {
    let Some(names) = Names::resolve(tx, filter)? else {
        return Ok((Vec::new(), None));
    };
    let read = |row: &Row<'_>| {
        let alert = row.get(EVENT_COLUMNS_COUNT)?;
        Ok(Event {
            alert,
            ..read_event(row, 0)?
        })
    };
    let events = newest(tx, EVENT_COLUMNS, filter, &names, below, limit, read)?;
    if i64::try_from(events.len()).unwrap_or(i64::MAX) >= limit {
        let last = events.last().map(|event| event.id);
        return Ok((events, last));
    }
    let walked = walked(tx, filter, &names, below)?;
    Ok((
        events,
        walked
            .next
            .map(|id| EventId::new(id.number().saturating_add(1))),
    ))
}

/// Reads the given columns, and the alert's id after them, of the newest rows that match; walks
/// as many rows as a page may.
pub(super) fn newest<T>(
    tx: &mut Tx<'_>,
    columns: &'static str,
    filter: &EventFilter,
    names: &Names,
    below: Option<EventId>,
    limit: i64,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut sql = Sql::new("select ");
    sql.push(columns)
        .push(", a.id from (select * from ")
        .push(table(tx.engine(), filter))
        .push(" where true");
    walk(&mut sql, filter, names, false, below.map(cursor));
    sql.push(" limit ").bind(budget(filter)).push(JOINED);
    test_rows(&mut sql, filter, names);
    // SQLite reads the walked rows in their order; PostgreSQL may join in any and must be told.
    if tx.engine() == Engine::Postgres {
        sql.push(order(false));
    }
    sql.push(" limit ").bind(limit);
    tx.select(&sql, read)
}

/// How many rows a walk looks at, and where it would go on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walked {
    /// Rows looked at, at most the budget.
    pub(super) rows: i64,
    /// The first row not looked at, when the budget ran out.
    pub(super) next: Option<EventId>,
}

impl Walked {
    /// The time from which on every row was looked at.
    pub(super) fn searched_from(self) -> Option<base::Timestamp> {
        let millisecond = std::time::Duration::from_millis(1);
        // Others of the same millisecond may not have been looked at either.
        self.next.map(|id| id.timestamp().plus(millisecond))
    }
}

/// What [`newest`] walks when nothing stops it earlier.
pub(super) fn walked(
    tx: &mut Tx<'_>,
    filter: &EventFilter,
    names: &Names,
    below: Option<EventId>,
) -> Result<Walked, StoreError> {
    let most = budget(filter);
    let mut sql = Sql::new("select count(*), min(id) from (select e.id from ");
    sql.push(table(tx.engine(), filter)).push(" where true");
    walk(&mut sql, filter, names, false, below.map(cursor));
    sql.push(" limit ").bind(most.saturating_add(1)).push(") w");
    let found = tx.select(&sql, |row| {
        Ok((row.get::<i64>(0)?, row.get::<Option<EventId>>(1)?))
    })?;
    let (rows, last) = found.first().copied().unwrap_or_default();
    Ok(Walked {
        rows: rows.min(most),
        next: last.filter(|_| rows > most),
    })
}

/// The place behind which rows are older than the given id.
fn cursor(below: EventId) -> Cursor {
    Cursor {
        direction: Direction::Next,
        key: below.number(),
        id: below.number(),
    }
}
