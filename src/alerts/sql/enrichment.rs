//! What is known of a source, from its row, the index on its events and the counts by hour.

use base::{EventId, Timestamp};
use store::{Sql, StoreError, Tx};

/// A source's id and when it first reported; by the unique index on its name.
///
/// # Errors
/// The database's fault.
pub(in super::super) fn source(
    tx: &mut Tx<'_>,
    name: &str,
) -> Result<Option<(i64, Timestamp)>, StoreError> {
    tx.query_opt(
        "select id, created_at from sources where name = $1",
        &[name.into()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// When a source last reported; the end of the index on source.
///
/// # Errors
/// The database's fault.
pub(in super::super) fn last_seen(
    tx: &mut Tx<'_>,
    source: i64,
) -> Result<Option<Timestamp>, StoreError> {
    let last: Option<EventId> = tx.query_one(
        "select max(id) from events where source_id = $1",
        &[source.into()],
        |row| row.get(0),
    )?;
    Ok(last.map(EventId::timestamp))
}

/// Events of a source in each of some hours since 1970; by primary key, once for each hour.
///
/// # Errors
/// The database's fault.
pub(in super::super) fn events_by_hour(
    tx: &mut Tx<'_>,
    source: i64,
    hours: impl Iterator<Item = i64>,
) -> Result<Vec<(i64, i64)>, StoreError> {
    let mut sql =
        Sql::new("select hour, cast(sum(n) as bigint) from event_counts where source_id = ");
    sql.bind(source)
        .and_in("hour", hours)
        .push(" group by hour");
    tx.select(&sql, |row| Ok((row.get(0)?, row.get(1)?)))
}
