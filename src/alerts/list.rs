//! Reading alerts: a page of a list, one alert, its timeline.

use base::{Cursor, Direction, Timestamp};
use store::Tx;

use super::error::AlertError;
use super::filter::{AlertFilter, Ordering, Position, SortKey};
use super::history;
use super::model::{Alert, TimelineEntry};
use super::sql::{self, Query, Stretch};
use crate::app::App;
use crate::events::{self, Event};
use crate::http::{Count, PageRequest};

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Found<T> {
    /// How many match.
    pub count: Count,
    /// The rows, in the list's order.
    pub rows: Vec<T>,
    /// Where the next page begins.
    pub next: Option<Cursor>,
    /// Where the page before begins.
    pub previous: Option<Cursor>,
}

impl<T> Found<T> {
    fn nothing() -> Self {
        Self {
            count: Count::exactly(0),
            rows: Vec::new(),
            next: None,
            previous: None,
        }
    }
}

/// Finds a page of alerts, each with its event.
///
/// At most 50,000 rows are walked for a page (5,000 in a search): it may then be short, or even
/// empty, and still have a next one, which goes on where this one stopped.
///
/// # Errors
/// [`AlertError::Field`] for an unknown user name or a cursor of another ordering.
pub async fn find(
    app: &App,
    filter: AlertFilter,
    ordering: Ordering,
    page: PageRequest,
) -> Result<Found<Alert>, AlertError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| find_in(tx, now, &filter, ordering, page))
        .await
}

/// The same within a transaction.
pub(super) fn find_in(
    tx: &mut Tx<'_>,
    now: Timestamp,
    filter: &AlertFilter,
    ordering: Ordering,
    page: PageRequest,
) -> Result<Found<Alert>, AlertError> {
    let start = start(page.cursor, ordering.key)?;
    match Query::new(tx, filter, now)? {
        Some(query) => page_of(tx, now, &query, ordering, start, page),
        None => Ok(Found::nothing()),
    }
}

/// A page of what a query finds.
pub(super) fn page_of(
    tx: &mut Tx<'_>,
    now: Timestamp,
    query: &Query<'_>,
    ordering: Ordering,
    start: Option<(Position, Direction)>,
    page: PageRequest,
) -> Result<Found<Alert>, AlertError> {
    let length = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let wanted = length(page.offset.saturating_add(page.size));
    let sql::Page { mut rows, further } = sql::page(tx, query, ordering, start, wanted)?;
    let found = rows.len();
    rows.drain(..length(page.offset).min(found));
    let backwards = start.is_some_and(|(_, direction)| direction == Direction::Previous);
    if backwards {
        rows.reverse();
    }
    let cursor = |direction, place: Option<Position>| {
        place.map(|place| place.cursor(ordering.key, direction))
    };
    // Towards where the page came from there is always its start, also when it is empty.
    let came_from = start.map(|(place, _)| {
        if backwards {
            place.behind(ordering.way.reversed())
        } else {
            place.behind(ordering.way)
        }
    });
    let (next, previous) = if backwards {
        (rows.last().copied().or(came_from), further)
    } else {
        let first = rows.first().copied().or(came_from);
        let has_previous = start.is_some() || page.offset > 0;
        (further, first.filter(|_| has_previous))
    };
    let count = match (start, further) {
        (None, None) => Count::exactly(i64::try_from(found).unwrap_or(i64::MAX)),
        _ => sql::count(tx, query)?,
    };
    let ids: Vec<i64> = rows.iter().map(|place| place.id).collect();
    Ok(Found {
        count,
        rows: sql::read_all(tx, &ids, now)?,
        next: cursor(Direction::Next, next),
        previous: cursor(Direction::Previous, previous),
    })
}

/// A part of a list for an export, and where the next part begins.
pub(super) fn part_in(
    tx: &mut Tx<'_>,
    now: Timestamp,
    filter: &AlertFilter,
    ordering: Ordering,
    after: Option<Position>,
    size: usize,
) -> Result<(Vec<Alert>, Option<Position>), AlertError> {
    let Some(query) = Query::new(tx, filter, now)? else {
        return Ok((Vec::new(), None));
    };
    let start = after.map(|place| (place, Direction::Next));
    let page = sql::page(tx, &query, ordering, start, size)?;
    let ids: Vec<i64> = page.rows.iter().map(|place| place.id).collect();
    Ok((sql::read_all(tx, &ids, now)?, page.further))
}

/// The place a cursor names, and which way it goes.
pub(super) fn start(
    cursor: Option<Cursor>,
    key: SortKey,
) -> Result<Option<(Position, Direction)>, AlertError> {
    let Some(cursor) = cursor else {
        return Ok(None);
    };
    let Some(place) = Position::of(cursor, key) else {
        let what = "is of a list sorted otherwise: take it from `next` or `previous`";
        return Err(AlertError::Field("cursor", what.to_owned()));
    };
    Ok(Some((place, cursor.direction)))
}

/// One alert with its event.
///
/// # Errors
/// [`AlertError::NotFound`].
pub async fn get(app: &App, id: i64) -> Result<Alert, AlertError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| sql::get(tx, id, now)?.ok_or(AlertError::NotFound(id)))
        .await
}

/// A page of an alert's timeline, oldest first; the first entry of all says that it was raised.
///
/// # Errors
/// [`AlertError::NotFound`].
pub async fn timeline(
    app: &App,
    id: i64,
    page: PageRequest,
) -> Result<Found<TimelineEntry>, AlertError> {
    app.store.read(move |tx| timeline_in(tx, id, page)).await
}

/// The events an alert stands for, as many as the page wants, newest first, and how many there are.
///
/// # Errors
/// [`AlertError::NotFound`], or the database's fault.
pub async fn gathered(
    app: &App,
    id: i64,
    page: PageRequest,
) -> Result<(i64, Vec<Event>), AlertError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| {
            let alert = sql::get(tx, id, now)?.ok_or(AlertError::NotFound(id))?;
            let raised_by = alert.event.id;
            let events = events::gathered(tx, raised_by, page.cursor, page.rows_wanted())?;
            Ok((alert.state.event_count, events))
        })
        .await
}

/// The same within a transaction.
pub(super) fn timeline_in(
    tx: &mut Tx<'_>,
    id: i64,
    page: PageRequest,
) -> Result<Found<TimelineEntry>, AlertError> {
    let alert = sql::state(tx, id)?.ok_or(AlertError::NotFound(id))?;
    let raised = history::raised(&alert);
    // RAISED has the id 0, below all that are stored.
    let from = match page.cursor {
        None => Stretch::After(0),
        Some(cursor) if page.is_backwards() => Stretch::Before(cursor.id),
        Some(cursor) => Stretch::After(cursor.id),
    };
    let mut rows = sql::history(tx, id, from, page.rows_wanted())?;
    match page.cursor {
        None => rows.insert(0, raised),
        Some(cursor) if page.is_backwards() && cursor.id > 0 => rows.push(raised),
        Some(_) => {}
    }
    let more = page.cut(&mut rows);
    let cursor = |direction, entry: Option<&TimelineEntry>| {
        entry.map(|entry| Cursor {
            direction,
            key: entry.id,
            id: entry.id,
        })
    };
    let backwards = page.is_backwards();
    let next = cursor(Direction::Next, rows.last()).filter(|_| more || backwards);
    let previous = cursor(Direction::Previous, rows.first());
    let previous = previous.filter(|_| {
        if backwards {
            more
        } else {
            page.cursor.is_some() || page.offset > 0
        }
    });
    Ok(Found {
        count: Count::exactly(sql::history_length(tx, id)?),
        rows,
        next,
        previous,
    })
}
