//! Lists by id, newest first: one page of rows and its neighbours.

use base::{Cursor, Direction};
use store::Sql;

/// Ends a query with a page by id: newest first, oldest first when going back.
pub(super) fn page_by_id(sql: &mut Sql<'_>, cursor: Option<Cursor>, limit: i64) {
    let order = match cursor {
        Some(Cursor {
            direction: Direction::Previous,
            id,
            ..
        }) => {
            sql.and("id >", id);
            " order by id limit "
        }
        Some(Cursor { id, .. }) => {
            sql.and("id <", id);
            " order by id desc limit "
        }
        None => " order by id desc limit ",
    };
    sql.push(order).bind(limit);
}
