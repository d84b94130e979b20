//! Looking at events one after the other, past the blocks that cannot hold what is looked for.

use base::{EventId, Timestamp};
use store::{Engine, Row, Sql, StoreError, Tx};

use super::super::blocks::Token;
use super::blocks::{self, Block, Range};
use super::search::{Index, Search, budget, join, order, table, walk};
use super::stretches::{Stretch, all_parts, candidates, stretches};
use super::tested::test_rows;

/// Filters tested for one page at the most: 4 words over 40 million events.
const TESTS_MAX: usize = 20_000;
/// What a stretch costs beside its rows, in rows.
const STRETCH: i64 = 16;
/// An index leads past most rows of a block: a block of whose parts more than one in so many may
/// hold something is one walk along it.
const SPARSE: u32 = 16;
/// Blocks looked at first, and at once; in between four times as many each time.
const BLOCKS_FIRST: usize = 8;
const BLOCKS_MAX: usize = 1_024;

/// What a walk came to.
#[derive(Debug)]
pub(super) struct Scanned<T> {
    pub(super) rows: Vec<T>,
    /// Rows looked at.
    pub(super) looked_at: i64,
    /// When the budget ran out: everything up to this id was looked at, itself included.
    pub(super) stopped_at: Option<EventId>,
}

impl<T> Scanned<T> {
    /// When the budget ran out walking downwards: the time from which on every row was looked at.
    pub(super) fn searched_from(&self) -> Option<Timestamp> {
        searched_from(self.stopped_at)
    }
}

/// Others of the same millisecond may not have been looked at.
pub(super) fn searched_from(stopped_at: Option<EventId>) -> Option<Timestamp> {
    let millisecond = std::time::Duration::from_millis(1);
    stopped_at.map(|id| id.timestamp().plus(millisecond))
}

/// Reads the given columns, and the alert's id after them, of the first rows that match.
///
/// Walks the primary key, or the index of one source (`events_source`) or of HIGH and CRITICAL
/// (`events_severe`), at most [`budget`] rows; the other filters are tested on each row walked.
pub(super) fn scan<T>(
    tx: &mut Tx<'_>,
    search: Search<'_>,
    columns: &'static str,
    limit: i64,
    read: impl FnMut(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Scanned<T>, StoreError> {
    let mut walk = Walk {
        search,
        columns,
        limit,
        budget: budget(tx.engine(), search.filter),
        read,
        found: Scanned {
            rows: Vec::new(),
            looked_at: 0,
            stopped_at: None,
        },
    };
    let groups = search.groups();
    if groups.is_empty() {
        let whole = Stretch {
            range: search.range,
            events: None,
        };
        walk.all(tx, &[whole])?;
    } else {
        past_blocks(tx, &mut walk, &groups)?;
    }
    Ok(walk.found)
}

/// Walks what the filters of the blocks leave, a few blocks at a time.
fn past_blocks<T, R>(
    tx: &mut Tx<'_>,
    walk: &mut Walk<'_, T, R>,
    groups: &[Vec<Token>],
) -> Result<(), StoreError>
where
    R: FnMut(&Row<'_>) -> Result<T, StoreError>,
{
    let search = walk.search;
    let mut rest = search.range;
    let (mut most, mut tests) = (BLOCKS_FIRST, 0_usize);
    let tokens: usize = groups.iter().map(Vec::len).sum();
    loop {
        let blocks = blocks::sealed(tx, rest, search.upwards, most)?;
        let is_end = blocks.len() < most;
        let mut candidates = candidates(tx, &blocks, groups)?;
        if Index::of(search.filter) != Index::All {
            fill(&blocks, &mut candidates);
        }
        let (stretches, beyond) = stretches(&blocks, &candidates, rest, search.upwards, is_end);
        if !walk.all(tx, &stretches)? || is_end {
            return Ok(());
        }
        rest = beyond;
        tests = tests.saturating_add(blocks.len().saturating_mul(tokens));
        if tests > TESTS_MAX {
            walk.found.stopped_at = Some(EventId::new(if search.upwards {
                rest.first.saturating_sub(1)
            } else {
                rest.last.saturating_add(1)
            }));
            return Ok(());
        }
        most = most.saturating_mul(4).min(BLOCKS_MAX);
    }
}

/// Takes all parts of the blocks where the candidates are not few.
fn fill(blocks: &[Block], candidates: &mut [u64]) {
    let count = |parts: &[u64]| parts.iter().map(|it| it.count_ones()).sum::<u32>();
    let all: Vec<u64> = blocks.iter().map(all_parts).collect();
    if count(candidates).saturating_mul(SPARSE) > count(&all) {
        candidates.copy_from_slice(&all);
    }
}

/// A walk under way.
struct Walk<'f, T, R> {
    search: Search<'f>,
    columns: &'static str,
    /// Rows wanted.
    limit: i64,
    /// Rows that may still be looked at.
    budget: i64,
    read: R,
    found: Scanned<T>,
}

impl<T, R> Walk<'_, T, R>
where
    R: FnMut(&Row<'_>) -> Result<T, StoreError>,
{
    /// Walks stretches one after the other; `false` when it is over: enough was found, or the
    /// budget is spent.
    fn all(&mut self, tx: &mut Tx<'_>, stretches: &[Stretch]) -> Result<bool, StoreError> {
        let is_counted = Index::of(self.search.filter) == Index::All;
        let mut rest = stretches;
        while let Some((first, mut behind)) = rest.split_first() {
            let mut stretch = *first;
            // Parts side by side are one walk, as far as the budget goes.
            while let Some((next, after)) = behind.split_first()
                && let Some(joined) = self.joined(stretch, *next)
            {
                stretch = joined;
                behind = after;
            }
            if !is_counted {
                stretch.events = None;
            }
            if !self.one(tx, stretch)? {
                return Ok(false);
            }
            rest = behind;
        }
        Ok(true)
    }

    fn joined(&self, one: Stretch, next: Stretch) -> Option<Stretch> {
        let events = one.events?.saturating_add(next.events?);
        let (low, high) = if self.search.upwards {
            (one.range, next.range)
        } else {
            (next.range, one.range)
        };
        let touch = low.last.saturating_add(1) == high.first;
        let fits = events <= self.budget || Index::of(self.search.filter) != Index::All;
        (touch && fits).then_some(Stretch {
            range: Range {
                first: low.first,
                last: high.last,
            },
            events: Some(events),
        })
    }

    fn one(&mut self, tx: &mut Tx<'_>, stretch: Stretch) -> Result<bool, StoreError> {
        let Stretch { range, events } = stretch;
        if self.budget <= 0 || events.is_some_and(|events| events > self.budget) {
            let before = if self.search.upwards {
                range.first.saturating_sub(1)
            } else {
                range.last.saturating_add(1)
            };
            self.found.stopped_at = Some(EventId::new(before));
            return Ok(false);
        }
        let found = i64::try_from(self.found.rows.len()).unwrap_or(i64::MAX);
        let wanted = self.limit.saturating_sub(found);
        let rows = self.read(tx, range, wanted)?;
        let is_full = i64::try_from(rows.len()).unwrap_or(i64::MAX) >= wanted;
        self.found.rows.extend(rows);
        if is_full {
            return Ok(false);
        }
        let (looked_at, last) = match events {
            Some(events) => (events, None),
            None => self.walked(tx, range)?,
        };
        self.budget = self
            .budget
            .saturating_sub(looked_at.saturating_add(STRETCH));
        self.found.looked_at = self.found.looked_at.saturating_add(looked_at);
        self.found.stopped_at = last;
        Ok(last.is_none())
    }

    fn read(&mut self, tx: &mut Tx<'_>, range: Range, wanted: i64) -> Result<Vec<T>, StoreError> {
        let Search { filter, names, .. } = self.search;
        let mut sql = Sql::new("select ");
        sql.push(self.columns)
            .push(", a.id from (select * from ")
            .push(table(tx.engine(), filter))
            .push(" where true");
        walk(&mut sql, self.search, range);
        sql.push(" limit ").bind(self.budget);
        join(&mut sql);
        test_rows(&mut sql, filter, names);
        // SQLite reads the walked rows in their order; told to order them again it would first
        // keep and sort all of them. PostgreSQL may join in any order and must be told.
        if tx.engine() == Engine::Postgres {
            sql.push(order(self.search.upwards));
        }
        sql.push(" limit ").bind(wanted);
        tx.select(&sql, &mut self.read)
    }

    /// How many rows the budget was enough for, and the last of them when it was not for all.
    fn walked(&self, tx: &mut Tx<'_>, range: Range) -> Result<(i64, Option<EventId>), StoreError> {
        let mut sql = Sql::new(if self.search.upwards {
            "select count(*), max(id) from (select e.id from "
        } else {
            "select count(*), min(id) from (select e.id from "
        });
        sql.push(table(tx.engine(), self.search.filter))
            .push(" where true");
        walk(&mut sql, self.search, range);
        sql.push(" limit ").bind(self.budget).push(") w");
        let found = tx.select(&sql, |row| {
            Ok((row.get::<i64>(0)?, row.get::<Option<EventId>>(1)?))
        })?;
        let (rows, last) = found.first().copied().unwrap_or_default();
        Ok((rows, last.filter(|_| rows >= self.budget)))
    }
}
