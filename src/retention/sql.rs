//! Statements on events that are to go.

mod size;

use base::{EventId, Severity};
use store::{Arg, Engine, Sql, StoreError, Tx};

use super::Removed;
use crate::events::EVENT_ALERT;
pub(super) use size::Look;

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
            "select e.id, e.source_id, e.severity, e.geo, a.event_id from events e{EVENT_ALERT} \
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

/// Notes what the events of a day lost, until [`take_note`].
pub(super) fn note(tx: &mut Tx<'_>, day: i64, removed: Removed) -> Result<(), StoreError> {
    let number = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    tx.execute(
        "insert into removals (day, events, alerts) values ($1, $2, $3) on conflict (day) \
         do update set events = removals.events + excluded.events, \
         alerts = removals.alerts + excluded.alerts",
        &[
            day.into(),
            number(removed.events).into(),
            number(removed.alerts).into(),
        ],
    )
    .map(drop)
}

/// Takes what was noted of a day.
pub(super) fn take_note(tx: &mut Tx<'_>, day: i64) -> Result<Option<Removed>, StoreError> {
    let number = |n: i64| u64::try_from(n).unwrap_or(0);
    tx.query_opt(
        "delete from removals where day = $1 returning events, alerts",
        &[day.into()],
        |row| {
            Ok(Removed {
                events: number(row.get(0)?),
                alerts: number(row.get(1)?),
            })
        },
    )
}

/// The days of which something is noted.
pub(super) fn noted(tx: &mut Tx<'_>) -> Result<Vec<i64>, StoreError> {
    tx.query("select day from removals order by day", &[], |row| {
        row.get(0)
    })
}

/// A source and a severity.
pub(super) type Key = (i64, Severity);

/// The counts of an hour that add up to nothing, at most so many.
pub(super) fn zeros(tx: &mut Tx<'_>, hour: i64, limit: usize) -> Result<Vec<Key>, StoreError> {
    tx.query(
        "select source_id, severity from event_counts where hour = $1 \
         group by source_id, severity having sum(n) = 0 order by source_id, severity limit $2",
        &[hour.into(), i64::try_from(limit).unwrap_or(i64::MAX).into()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Drops counts of an hour if they add up to nothing still.
pub(super) fn forget_zeros(tx: &mut Tx<'_>, hour: i64, keys: &[Key]) -> Result<(), StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = keys
        .iter()
        .map(|&(source, severity)| vec![hour.into(), source.into(), severity.into()])
        .collect();
    if tx.engine() == Engine::Postgres {
        // What others are adding to at this moment is waited for, and seen by the next statement;
        // what they add later finds the row gone and makes another. In the order in which all count.
        tx.query_many(
            "select shard from event_counts where hour = $1 and source_id = $2 and severity = $3 \
             order by shard for update",
            &rows,
            |_| Ok(()),
        )?;
    }
    tx.execute_many(
        "delete from event_counts where hour = $1 and source_id = $2 and severity = $3 \
         and 0 = (select sum(n) from event_counts \
         where hour = $1 and source_id = $2 and severity = $3)",
        &rows,
    )
}
