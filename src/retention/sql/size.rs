//! How much room events take.

use base::{EventId, Timestamp};
use store::{Arg, Engine, StoreError, Tx};

/// Hours of which events are measured on PostgreSQL, and how many of each.
const PLACES: i64 = 20;
const EACH: i64 = 50;
const HOUR_MICROS: i64 = 3_600_000_000;

/// Bytes in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Size {
    /// What removing events makes less.
    pub(in super::super) used: u64,
    /// What the database takes on disk.
    pub(in super::super) whole: u64,
}

/// A look at the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Look {
    pub(in super::super) size: Size,
    pub(in super::super) newest: EventId,
    /// Events stored since the look before.
    pub(in super::super) arrived: u64,
}

impl Look {
    /// Looks at the size, and at what came after an event.
    pub(in super::super) fn at(
        tx: &mut Tx<'_>,
        newest: Option<EventId>,
    ) -> Result<Self, StoreError> {
        let now: Option<EventId> =
            tx.query_one("select max(id) from events", &[], |row| row.get(0))?;
        let now = now.unwrap_or(EventId::new(0));
        let arrived: i64 = tx.query_one(
            "select count(*) from events where id > $1",
            &[newest.unwrap_or(now).into()],
            |row| row.get(0),
        )?;
        Ok(Self {
            size: Size::of(tx)?,
            newest: now,
            arrived: u64::try_from(arrived).unwrap_or(0),
        })
    }

    /// Whether there is no less than before although more was removed than came: what takes the
    /// room is not what is removed.
    pub(in super::super) const fn is_in_vain(&self, before: &Self, removed: u64) -> bool {
        removed > self.arrived && self.size.used >= before.size.used
    }
}

impl Size {
    /// SQLite: pages that hold something. PostgreSQL keeps the room of deleted rows, so that there
    /// it is an estimate: the mean size of events, times how many there are, and a third more for
    /// indexes, alerts and counts.
    fn of(tx: &mut Tx<'_>) -> Result<Self, StoreError> {
        if tx.engine() == Engine::Postgres {
            let whole = "select pg_database_size(current_database())";
            return Ok(Self {
                used: estimate(tx)?,
                whole: bytes(tx, whole)?,
            });
        }
        let used = bytes(
            tx,
            "select (c.page_count - f.freelist_count) * s.page_size from pragma_page_count() c, \
             pragma_freelist_count() f, pragma_page_size() s",
        )?;
        Ok(Self { used, whole: used })
    }
}

fn bytes(tx: &mut Tx<'_>, sql: &str) -> Result<u64, StoreError> {
    let bytes: i64 = tx.query_one(sql, &[], |row| row.get(0))?;
    Ok(u64::try_from(bytes).unwrap_or(0))
}

fn estimate(tx: &mut Tx<'_>) -> Result<u64, StoreError> {
    let hours: Vec<(i64, i64)> = tx.query(
        "select hour, cast(sum(n) as bigint) from event_counts group by hour \
         having sum(n) > 0 order by hour",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let rows: Vec<Vec<Arg<'_>>> = spread(&hours)
        .into_iter()
        .map(|hour| Timestamp::from_micros(hour.saturating_mul(HOUR_MICROS)))
        .map(|at| vec![EventId::first_at(at).into(), EACH.into()])
        .collect();
    let measured: Vec<(i64, i64)> = tx.query_many(
        "select cast(coalesce(sum(pg_column_size(e.*)), 0) as bigint), count(*) \
         from (select * from events where id >= $1 order by id limit $2) e",
        &rows,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let sum = |all: &[(i64, i64)], of: fn(&(i64, i64)) -> i64| -> u128 {
        let numbers = all.iter().map(|it| u128::try_from(of(it)).unwrap_or(0));
        numbers.fold(0, u128::saturating_add)
    };
    let size = sum(&measured, |it| it.0)
        .saturating_mul(sum(&hours, |it| it.1))
        .saturating_mul(4)
        .checked_div(sum(&measured, |it| it.1).saturating_mul(3));
    Ok(u64::try_from(size.unwrap_or(0)).unwrap_or(u64::MAX))
}

/// Hours that lie as many events apart, the same hour more than once where it has many.
fn spread(hours: &[(i64, i64)]) -> Vec<i64> {
    let all: i64 = hours.iter().fold(0, |sum, (_, n)| sum.saturating_add(*n));
    let mut found = Vec::new();
    let (mut hours, mut passed) = (hours.iter(), 0_i64);
    let mut hour = hours.next();
    for place in 0..PLACES {
        // The middle of each of as many equal parts.
        let odd = i128::from(place).saturating_mul(2).saturating_add(1);
        let middle = i128::from(all)
            .saturating_mul(odd)
            .div_euclid(i128::from(PLACES).saturating_mul(2));
        while let Some((_, n)) = hour
            && i128::from(passed.saturating_add(*n)) <= middle
        {
            passed = passed.saturating_add(*n);
            hour = hours.next();
        }
        found.extend(hour.map(|(hour, _)| *hour));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_the_events_is_measured_alike() {
        assert_eq!(spread(&[]), [0_i64; 0]);
        assert_eq!(spread(&[(7, 1)]), [7; 20]);
        let found = spread(&[(1, 25), (5, 50), (9, 25)]);
        let of = |hour: i64| found.iter().filter(|it| **it == hour).count();
        assert_eq!((of(1), of(5), of(9)), (5, 10, 5));
    }

    #[test]
    fn removing_is_in_vain_when_more_went_than_came_and_nothing_became_less() {
        let look = |used, arrived| Look {
            size: Size { used, whole: used },
            newest: EventId::new(1),
            arrived,
        };
        let before = look(100, 0);
        assert!(!look(99, 0).is_in_vain(&before, 10));
        assert!(look(100, 0).is_in_vain(&before, 10));
        assert!(look(101, 9).is_in_vain(&before, 10));
        assert!(!look(101, 10).is_in_vain(&before, 10), "as many came");
    }
}
