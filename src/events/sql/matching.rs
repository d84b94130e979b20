//! The newest events that match, a bounded number of rows at a time.

use base::EventId;
use store::{StoreError, Tx};

use super::super::model::{Event, EventFilter};
use super::scan::scan;
use super::search::Search;
use super::tested::Names;
use super::{EVENT_COLUMNS, read_listed};

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
    let search = Search::new(filter, &names, false).below(below);
    let found = scan(tx, search, EVENT_COLUMNS, limit, read_listed)?;
    let is_full = i64::try_from(found.rows.len()).unwrap_or(i64::MAX) >= limit;
    let last = found.rows.last().map(|event| event.id);
    let next = if is_full { last } else { found.stopped_at };
    Ok((found.rows, next))
}
