//! How many events fall into each stretch of time: from kept sums, or by looking at rows.

use std::collections::BTreeMap;

use base::{EventId, Severity, Timestamp};
use store::{Sql, StoreError, Tx};

use super::super::model::EventFilter;
use super::scan::{scan, searched_from};
use super::search::{Search, budget, join, table, walk};
use super::tested::{Names, test_rows};
use crate::rollups::{self, Kind, Span, Stretch};

/// Counts by hour and source read at the most: 55 days of 30 sources with five severities.
const COUNT_ROWS_MAX: i64 = 200_000;
/// Sums by half hour are read so many minutes at a time, 100 days: with five severities and six
/// writers they stay below the rows that are read at once.
const PART: i64 = 144_000;
/// How often, the newest first: 400 days.
const PARTS_MAX: usize = 4;
/// How far back sums by the minute are relied on, in minutes; they are kept a little longer.
const MINUTES_KEPT: i64 = 2_820;

/// How many events of a severity fall into a bucket; buckets are counted from the time ids begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    pub(crate) bucket: i64,
    pub(crate) severity: Severity,
    pub(crate) n: i64,
}

/// What was counted, how many rows were looked at for it, and the time from which on that was every
/// row, when the budget ran out.
pub(crate) type Bars = (Vec<Bar>, i64, Option<Timestamp>);

/// A filter whose names are known, ready to be counted over one range after the other.
pub(crate) struct Counting<'f> {
    filter: &'f EventFilter,
    names: Names,
}

impl<'f> Counting<'f> {
    /// `None` when a name is unknown, so that nothing can match.
    pub(crate) fn new(
        tx: &mut Tx<'_>,
        filter: &'f EventFilter,
    ) -> Result<Option<Self>, StoreError> {
        Ok(Names::resolve(tx, filter)?.map(|names| Self { filter, names }))
    }

    fn between(&self, from: Timestamp, to: Timestamp) -> EventFilter {
        EventFilter {
            from: Some(from),
            to: Some(to),
            ..self.filter.clone()
        }
    }

    /// How far looking at the rows of a range would come.
    pub(crate) fn reach(
        &self,
        tx: &mut Tx<'_>,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<(i64, Option<Timestamp>), StoreError> {
        let filter = self.between(from, to);
        let search = Search::new(&filter, &self.names, false);
        let most = budget(tx.engine(), &filter);
        let mut sql = Sql::new("select count(*), min(id) from (select e.id from ");
        sql.push(table(tx.engine(), &filter)).push(" where true");
        walk(&mut sql, search, search.range);
        sql.push(" limit ").bind(most.saturating_add(1)).push(") w");
        let found = tx.select(&sql, |row| {
            Ok((row.get::<i64>(0)?, row.get::<Option<EventId>>(1)?))
        })?;
        let (rows, last) = found.first().copied().unwrap_or_default();
        Ok((rows.min(most), searched_from(last.filter(|_| rows > most))))
    }

    /// Looks at the newest rows of a range past the blocks that hold nothing, as many as a page
    /// may: what matches, how many were looked at, and where that ended. `None` where blocks are
    /// of no help.
    pub(crate) fn past_blocks(
        &self,
        tx: &mut Tx<'_>,
        from: Timestamp,
        to: Timestamp,
        seconds: i64,
    ) -> Result<Option<Bars>, StoreError> {
        let filter = self.between(from, to);
        let search = Search::new(&filter, &self.names, false);
        if search.groups().is_empty() {
            return Ok(None);
        }
        let width = ids_in(seconds).max(1);
        let found = scan(tx, search, "e.id, e.severity", i64::MAX, |row| {
            Ok((row.get::<i64>(0)?.div_euclid(width), row.get(1)?))
        })?;
        let (looked_at, end) = (found.looked_at, found.searched_from());
        let mut sums: BTreeMap<(i64, Severity), i64> = BTreeMap::new();
        for key in found.rows {
            let n = sums.entry(key).or_default();
            *n = n.saturating_add(1);
        }
        let bars = sums.into_iter().map(|((bucket, severity), n)| Bar {
            bucket,
            severity,
            n,
        });
        Ok(Some((bars.collect(), looked_at, end)))
    }

    /// Looks at the newest rows of a range, as many as a page may, and counts those that match.
    pub(crate) fn rows(
        &self,
        tx: &mut Tx<'_>,
        from: Timestamp,
        to: Timestamp,
        seconds: i64,
    ) -> Result<Vec<Bar>, StoreError> {
        let filter = self.between(from, to);
        let mut sql = Sql::new("select e.id / ");
        sql.bind(ids_in(seconds))
            .push(", e.severity, count(*) from (select * from ")
            .push(table(tx.engine(), &filter))
            .push(" where true");
        let search = Search::new(&filter, &self.names, false);
        walk(&mut sql, search, search.range);
        sql.push(" limit ").bind(budget(tx.engine(), &filter));
        join(&mut sql);
        test_rows(&mut sql, &filter, &self.names);
        sql.push(" group by 1, 2");
        tx.select(&sql, read_bar)
    }

    /// The shortest span there are sums of since a time.
    pub(crate) fn span(&self, now: Timestamp, from: Timestamp) -> Span {
        let age = minute(now).saturating_sub(minute(from));
        if !self.names.sources.is_empty() {
            Span::Hour
        } else if age < MINUTES_KEPT {
            Span::Minute
        } else {
            Span::HalfHour
        }
    }

    /// Adds up the sums of whole spans, in minutes since 1970, the end excluded: newest first up
    /// to a bound; with the first minute that was added when that is a later one.
    pub(crate) fn sums(
        &self,
        tx: &mut Tx<'_>,
        stretch: Stretch,
        seconds: i64,
    ) -> Result<(Vec<Bar>, Option<i64>), StoreError> {
        let severities = &self.filter.severity;
        if stretch.span == Span::Hour {
            return self.hours(tx, stretch.from / 60, stretch.to / 60, seconds);
        }
        let parts = parts(stretch);
        let begin = minute(EventId::new(0).timestamp());
        let bars = rollups::by_start(tx, Kind::EventSeverity, &parts)?
            .into_iter()
            .filter_map(|((start, severity), n)| {
                let since = start.saturating_sub(begin).saturating_mul(60);
                let severity = Severity::from_id(severity)?;
                Some(Bar {
                    bucket: since.div_euclid(seconds.max(1)),
                    severity,
                    n,
                })
            })
            .filter(|bar| severities.is_empty() || severities.contains(&bar.severity))
            .collect();
        let first = parts.last().map(|part| part.from);
        Ok((bars, first.filter(|first| *first > stretch.from)))
    }

    /// The same of the counts by hour and source.
    fn hours(
        &self,
        tx: &mut Tx<'_>,
        from: i64,
        to: i64,
        seconds: i64,
    ) -> Result<(Vec<Bar>, Option<i64>), StoreError> {
        let beyond: Option<i64> = tx.query_opt(
            "select hour from event_counts where hour >= $1 and hour < $2 \
             order by hour desc limit 1 offset $3",
            &[from.into(), to.into(), COUNT_ROWS_MAX.into()],
            |row| row.get(0),
        )?;
        let first = beyond.map(|hour| hour.saturating_add(1));
        let mut sql = Sql::new("select (hour - ");
        sql.bind(EventId::new(0).timestamp().hour())
            .push(") / ")
            .bind(seconds / 3_600)
            .push(", severity, cast(sum(n) as bigint) from event_counts where true")
            .and("hour >=", first.unwrap_or(from))
            .and("hour <", to);
        if !self.filter.severity.is_empty() {
            sql.and_in("severity", self.filter.severity.iter().copied());
        }
        if !self.names.sources.is_empty() {
            sql.and_in("source_id", self.names.sources.iter().copied());
        }
        sql.push(" group by 1, 2");
        let first = first.map(|hour| hour.saturating_mul(60));
        Ok((tx.select(&sql, read_bar)?, first))
    }
}

/// A stretch cut into parts, newest first, up to the bound.
fn parts(stretch: Stretch) -> Vec<Stretch> {
    let ends = std::iter::successors(Some(stretch.to), |to| Some(to.saturating_sub(PART)));
    ends.take(PARTS_MAX)
        .take_while(|to| *to > stretch.from)
        .map(|to| Stretch {
            from: to.saturating_sub(PART).max(stretch.from),
            to,
            ..stretch
        })
        .collect()
}

/// Whole minutes since 1970.
pub(crate) const fn minute(at: Timestamp) -> i64 {
    at.seconds().div_euclid(60)
}

fn read_bar(row: &store::Row<'_>) -> Result<Bar, StoreError> {
    Ok(Bar {
        bucket: row.get(0)?,
        severity: row.get(1)?,
        n: row.get(2)?,
    })
}

/// How far apart the ids of two moments are that lie so many seconds apart.
fn ids_in(seconds: i64) -> i64 {
    let begin = EventId::new(0).timestamp().micros();
    let end = begin.saturating_add(seconds.saturating_mul(1_000_000));
    EventId::first_at(Timestamp::from_micros(end)).number()
}

/// The oldest event there is; the primary key's beginning.
pub(crate) fn lowest(tx: &mut Tx<'_>) -> Result<Option<EventId>, StoreError> {
    tx.query_one("select min(id) from events", &[], |row| row.get(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_each_other_without_a_gap_up_to_the_bound() {
        let stretch = |from, to| Stretch {
            span: Span::HalfHour,
            from,
            to,
        };
        assert_eq!(parts(stretch(5, 5)), []);
        assert_eq!(parts(stretch(0, 30)), [stretch(0, 30)]);
        let two = [stretch(30, 30 + PART), stretch(0, 30)];
        assert_eq!(parts(stretch(0, 30 + PART)), two);
        let all = parts(stretch(0, 9 * PART));
        assert_eq!(all.len(), PARTS_MAX);
        assert_eq!(all[3].from, 5 * PART);
    }
}
