//! The neighbours of an event in time.

use base::EventId;
use store::{Sql, StoreError, Tx};

use super::super::model::Event;
use super::{EVENT_ALERT, EVENT_COLUMNS, read_listed};

/// Which side of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// Received before it, nearest first.
    Before,
    /// Received after it, nearest first.
    After,
}

/// The neighbours of an event on one side up to an id, which is included before and excluded
/// after; at most `limit`. Walks the primary key, or the index of one source.
pub(crate) fn neighbours(
    tx: &mut Tx<'_>,
    event: &Event,
    side: Side,
    bound: EventId,
    same_source: bool,
    limit: i64,
) -> Result<Vec<Event>, StoreError> {
    let source: Option<i64> = if same_source {
        let sql = "select source_id from events where id = $1";
        tx.query_opt(sql, &[event.id.into()], |row| row.get(0))?
    } else {
        None
    };
    let order = match side {
        Side::Before => " order by e.id desc",
        Side::After => " order by e.id",
    };
    let mut sql = Sql::new("select ");
    sql.push(EVENT_COLUMNS)
        .push(", a.id from (select * from events e where true");
    match side {
        Side::Before => sql.and("e.id <", event.id).and("e.id >=", bound),
        Side::After => sql.and("e.id >", event.id).and("e.id <", bound),
    };
    if let Some(source) = source {
        sql.and("e.source_id =", source);
    }
    sql.push(order).push(" limit ").bind(limit).push(
        ") e join sources s on s.id = e.source_id join event_types t on t.id = e.event_type_id",
    );
    sql.push(EVENT_ALERT).push(order);
    tx.select(&sql, read_listed)
}
