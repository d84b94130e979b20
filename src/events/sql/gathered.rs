//! The events one alert stands for.

use base::{Cursor, Direction, EventId};
use store::{Sql, StoreError, Tx};

use super::super::model::Event;
use super::{EVENT_COLUMNS, EVENT_COLUMNS_COUNT, EVENT_JOIN, read_event};

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
        .push(EVENT_JOIN);
    sql.push(
        " left join alerts a on a.event_id = coalesce(e.folded_into, e.id) where e.id in (\
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
    tx.select(&sql, |row| {
        let alert = row.get(EVENT_COLUMNS_COUNT)?;
        Ok(Event {
            alert,
            ..read_event(row, 0)?
        })
    })
}

fn beyond(sql: &mut Sql<'_>, cursor: Option<Cursor>, upwards: bool) {
    if let Some(cursor) = cursor {
        sql.and(if upwards { "e.id >" } else { "e.id <" }, cursor.id);
    }
}

const fn order(upwards: bool) -> &'static str {
    if upwards {
        " order by e.id"
    } else {
        " order by e.id desc"
    }
}
