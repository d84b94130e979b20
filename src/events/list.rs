//! Events as a list, newest first, and one of them.

use base::{Cursor, EventId, Timestamp};
use store::StoreError;

use super::model::{Event, EventFilter};
use super::sql;
use crate::app::App;
use crate::http::{Count, PageRequest};

/// A page of events, newest first.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The events, at most as many as the page was to have.
    pub events: Vec<Event>,
    /// How many match.
    pub count: Count,
    /// Where older ones begin.
    pub next: Option<Cursor>,
    /// Where newer ones begin.
    pub previous: Option<Cursor>,
    /// When the row budget ran out before the page was full: how far the search came.
    pub searched_to: Option<Timestamp>,
}

/// Finds a page of the events a filter matches, within the row budget of lists (50,000 rows, in
/// a search 30,000).
///
/// # Errors
/// The database's fault.
pub async fn list(app: &App, filter: EventFilter, page: PageRequest) -> Result<Listed, StoreError> {
    let found = app
        .store
        .read(move |tx| sql::page(tx, &filter, false, &page))
        .await?;
    let mut events = found.events;
    let more = page.cut(&mut events);
    let stopped_at = found.stopped_at.map(EventId::number);
    let id = |event: &Event| event.id.number();
    let (next, previous) = page.neighbours(&events, more, stopped_at, id);
    Ok(Listed {
        events,
        count: found.count,
        next,
        previous,
        searched_to: found.stopped_at.map(EventId::timestamp),
    })
}

/// Finds an event; `None` when there is none of that id.
///
/// # Errors
/// The database's fault.
pub async fn show(app: &App, id: EventId) -> Result<Option<Event>, StoreError> {
    app.store.read(move |tx| sql::get(tx, id, false)).await
}

/// When the oldest event there is was received; `None` while there is none.
///
/// # Errors
/// The database's fault.
pub async fn oldest(app: &App) -> Result<Option<Timestamp>, StoreError> {
    let lowest = app.store.read(sql::lowest).await?;
    Ok(lowest.map(EventId::timestamp))
}
