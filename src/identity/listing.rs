//! Lists by id, newest first: one page of rows and its neighbours.

use base::{Cursor, Direction};
use http::Uri;
use store::Sql;

use crate::http::{List, PageRequest, links};

/// Rows counted at the most; beyond, `count` is null.
pub(super) const COUNT_MAX: i64 = 10_000;

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

/// How many rows to read: one more than are shown tells whether there are others.
pub(super) fn rows_wanted(page: &PageRequest) -> i64 {
    i64::from(page.size).saturating_add(1)
}

/// Makes the answer of the rows read.
pub(super) fn list<T>(
    uri: &Uri,
    page: &PageRequest,
    mut rows: Vec<T>,
    count: i64,
    id: impl Fn(&T) -> i64,
) -> List<T> {
    let size = usize::try_from(page.size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    let backwards = page.is_backwards();
    if backwards {
        rows.reverse();
    }
    let at = |direction, row: Option<&T>| {
        row.map(&id).map(|id| Cursor {
            direction,
            key: id,
            id,
        })
    };
    let next = at(Direction::Next, rows.last()).filter(|_| more || backwards);
    let has_previous = if backwards {
        more
    } else {
        page.cursor.is_some()
    };
    let previous = at(Direction::Previous, rows.first()).filter(|_| has_previous);
    let (next, previous) = links(uri, next, previous);
    List {
        count: u64::try_from(count).ok().filter(|_| count <= COUNT_MAX),
        next,
        previous,
        results: rows,
    }
}
