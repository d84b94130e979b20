//! Statements on events that are to go.

use base::{EventId, Severity};
use store::{Engine, Sql, StoreError, Tx};

/// Events deleted by one statement.
const AT_ONCE: usize = 500;

/// What must be known of an event to remove it.
#[derive(Debug)]
pub(super) struct Old {
    pub(super) id: EventId,
    pub(super) source_id: i64,
    pub(super) severity: Severity,
    pub(super) geo: Option<String>,
    /// The event that raised its alert: itself, or the one that began the storm it is part of.
    pub(super) raised_by: Option<EventId>,
}

/// The first and the last of the oldest events behind one and before another, at most so many; walks
/// the primary key.
pub(super) fn stretch(
    tx: &mut Tx<'_>,
    after: EventId,
    before: EventId,
    limit: usize,
) -> Result<Option<(EventId, EventId)>, StoreError> {
    let (first, last): (Option<EventId>, Option<EventId>) = tx.query_one(
        "select min(id), max(id) from \
         (select id from events where id > $1 and id < $2 order by id limit $3) w",
        &[
            after.into(),
            before.into(),
            i64::try_from(limit).unwrap_or(i64::MAX).into(),
        ],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(first.zip(last))
}

/// The events from one to another, both included, that have no unresolved alert; locked. Those that
/// stay are not: whoever works on them does not wait.
pub(super) fn removable(
    tx: &mut Tx<'_>,
    first: EventId,
    last: EventId,
) -> Result<Vec<Old>, StoreError> {
    let lock = match tx.engine() {
        Engine::Sqlite => "",
        // What somebody changes at this moment is removed another time.
        Engine::Postgres => " for update of e skip locked",
    };
    tx.query(
        &format!(
            "select e.id, e.source_id, e.severity, e.geo, a.event_id from events e \
             left join alerts a on a.event_id = coalesce(e.folded_into, e.id) \
             where e.id >= $1 and e.id <= $2 and (a.status is null or a.status = 3) \
             order by e.id{lock}"
        ),
        &[first.into(), last.into()],
        |row| {
            Ok(Old {
                id: row.get(0)?,
                source_id: row.get(1)?,
                severity: row.get(2)?,
                geo: row.get(3)?,
                raised_by: row.get(4)?,
            })
        },
    )
}

/// The events from one to another that raised an alert, in order: an alert that somebody raised by
/// hand just before the events were locked is known only by asking again.
pub(super) fn raised(
    tx: &mut Tx<'_>,
    first: EventId,
    last: EventId,
) -> Result<Vec<EventId>, StoreError> {
    if tx.engine() == Engine::Sqlite {
        return Ok(Vec::new());
    }
    tx.query(
        "select event_id from alerts where event_id >= $1 and event_id <= $2 order by event_id",
        &[first.into(), last.into()],
        |row| row.get(0),
    )
}

/// Deletes events; their alerts must be gone already.
pub(super) fn delete(tx: &mut Tx<'_>, ids: &[EventId]) -> Result<(), StoreError> {
    for ids in ids.chunks(AT_ONCE) {
        let mut sql = Sql::new("delete from events where true");
        sql.and_in("id", ids.iter().copied());
        tx.execute(sql.text(), sql.args())?;
    }
    Ok(())
}

/// Drops counts by hour that add up to nothing, from an hour to another.
pub(super) fn forget_zeros(tx: &mut Tx<'_>, from: i64, to: i64) -> Result<(), StoreError> {
    if tx.engine() == Engine::Postgres {
        // A count that another adds to at this moment would be lost with its zero.
        tx.execute("lock table event_counts in share row exclusive mode", &[])?;
    }
    tx.execute(
        "delete from event_counts where hour >= $1 and hour < $2 \
         and (hour, source_id, severity) in (select hour, source_id, severity from event_counts \
         where hour >= $1 and hour < $2 group by hour, source_id, severity having sum(n) = 0)",
        &[from.into(), to.into()],
    )?;
    Ok(())
}

/// Bytes of the database in use: pages that hold something. PostgreSQL keeps the room of deleted
/// rows, so that there it is an estimate: the size of the newest thousand events, times how many
/// there are, and a third more for indexes, alerts and counts.
pub(super) fn used(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let sql = match tx.engine() {
        Engine::Sqlite => {
            "select (c.page_count - f.freelist_count) * s.page_size from pragma_page_count() c, \
             pragma_freelist_count() f, pragma_page_size() s"
        }
        Engine::Postgres => {
            "select cast(coalesce((select avg(pg_column_size(e.*)) from \
             (select * from events order by id desc limit 1000) e), 0) * 4 / 3 \
             * coalesce((select sum(n) from event_counts), 0) as bigint)"
        }
    };
    tx.query_one(sql, &[], |row| row.get::<i64>(0))
        .map(|bytes| u64::try_from(bytes).unwrap_or(0))
}
