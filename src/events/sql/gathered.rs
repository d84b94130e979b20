//! The events one alert stands for.

use base::{Cursor, Direction, EventId};
use store::{Sql, StoreError, Tx};

use super::super::model::Event;
use super::search::order;
use super::{EVENT_ALERT, EVENT_COLUMNS, EVENT_JOIN, read_listed};

/// The event that raised an alert and those it gathers, newest first; at most `limit`. Walks the
/// partial index on what events are folded into.
pub(crate) fn gathered(
    tx: &mut Tx<'_>,
    raised_by: EventId,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    let upwards = cursor.is_some_and(|cursor| cursor.direction == Direction::Previous);
    let mut sql = Sql::new("select ");
    sql.push(EVENT_COLUMNS)
        .push(", a.id from ")
        .push(EVENT_JOIN)
        .push(EVENT_ALERT);
    sql.push(
        " where e.id in (\
         select id from (select e.id from events e where true",
    );
    sql.and("e.folded_into =", raised_by);
    beyond(&mut sql, cursor, upwards);
    sql.push(order(upwards)).push(" limit ").bind(limit);
    sql.push(") folded union all select e.id from events e where true");
    sql.and("e.id =", raised_by);
    beyond(&mut sql, cursor, upwards);
    sql.push(")")
        .push(order(upwards))
        .push(" limit ")
        .bind(limit);
    tx.select(&sql, read_listed)
}

fn beyond(sql: &mut Sql<'_>, cursor: Option<Cursor>, upwards: bool) {
    if let Some(cursor) = cursor {
        sql.and(if upwards { "e.id >" } else { "e.id <" }, cursor.id);
    }
}
