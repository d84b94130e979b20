//! Lists of alerts: a walk along one index, the rest of the filter tested on each row walked.
//!
//! Indexes that serve a walk: `alerts_severity_status`, once for each wanted pair and merged, when
//! severity, status or `overdue=true` is asked for or the list is sorted by severity;
//! `alerts_assigned` for one person's; the primary key for given ids; else `alerts_created`.

use base::{Direction, Severity, Timestamp};
use store::{Engine, Sql, StoreError, Tx};

use super::super::filter::{Ordering, Position, SortKey, Way};
use super::super::model::AlertStatus;
use super::counts;
use super::query::{Query, Route};
use crate::events::is_any;
use crate::http::Count;

/// Rows looked at to count; when there are more, nobody knows how many.
const COUNT_WALK_MAX: i64 = 10_000;
/// The same for a search.
const SEARCH_COUNT_WALK_MAX: i64 = 2_000;

/// What a page needs of each row.
const PLACE: &str = "select id, created_at, severity from alerts where ";
/// What the tests need too.
pub(super) const TESTED: &str = "select id, created_at, severity, status, title, event_id, source_id, \
    event_type_id, ip_address, country, assigned_to, resolution, ack_due_at, resolve_due_at \
    from alerts where ";

/// Rows of a page, and where the search goes on, if it does.
#[derive(Debug, Default)]
pub(in super::super) struct Page {
    pub(in super::super) rows: Vec<Position>,
    pub(in super::super) further: Option<Position>,
}

/// A walk along an index: what it reads, which way, from where on.
pub(super) struct Walk<'q> {
    pub(super) query: &'q Query<'q>,
    pub(super) route: &'q Route,
    pub(super) key: SortKey,
    pub(super) way: Way,
    pub(super) after: Option<Position>,
    pub(super) engine: Engine,
}

impl<'q> Walk<'q> {
    /// Appends a walk that needs so many `rows` at the most, up to its own `limit`, which the
    /// caller appends; `false` when it is empty.
    pub(super) fn push(&self, sql: &mut Sql<'q>, columns: &'static str, rows: i64) -> bool {
        match self.route {
            Route::Time => self.piece(sql, columns, |sql| {
                sql.push("true");
            }),
            Route::Ids(ids) => self.piece(sql, columns, |sql| {
                is_any(sql, "id", ids.iter().copied(), false);
            }),
            Route::Person(person) => self.piece(sql, columns, |sql| {
                sql.push("assigned_to = ").bind(*person);
            }),
            Route::Kinds(kinds) => {
                if !self.merged(sql, columns, rows, kinds) {
                    return false;
                }
            }
        }
        sql.push(self.order());
        true
    }

    /// Appends the pieces to be merged; `false` when there are none.
    fn merged(
        &self,
        sql: &mut Sql<'q>,
        columns: &'static str,
        rows: i64,
        kinds: &[(Severity, AlertStatus)],
    ) -> bool {
        let pieces: Vec<(Severity, AlertStatus, bool)> = kinds
            .iter()
            .filter_map(|&(severity, status)| Some((severity, status, self.is_whole(severity)?)))
            .collect();
        // Only with a limit each does PostgreSQL merge them; else it reads and sorts them whole.
        // SQLite merges by itself and takes none here, nor does PostgreSQL around a single piece.
        let bounded = self.engine == Engine::Postgres && pieces.len() > 1;
        let mut between = "";
        for &(severity, status, whole) in &pieces {
            sql.push(between).push(if bounded { "(" } else { "" });
            let piece = Self {
                after: self.after.filter(|_| !whole),
                ..*self
            };
            piece.piece(sql, columns, |sql| {
                sql.push("severity = ").bind(severity);
                sql.push(" and status = ").bind(status);
            });
            if bounded {
                sql.push(self.order()).push(" limit ").bind(rows).push(")");
            }
            between = " union all ";
        }
        !pieces.is_empty()
    }

    const fn order(&self) -> &'static str {
        match (self.key, self.way) {
            (SortKey::CreatedAt, Way::Falling) => " order by created_at desc, id desc",
            (SortKey::CreatedAt, Way::Rising) => " order by created_at, id",
            (SortKey::Severity, Way::Falling) => {
                " order by severity desc, created_at desc, id desc"
            }
            (SortKey::Severity, Way::Rising) => " order by severity, created_at, id",
        }
    }

    /// Whether all alerts of a severity lie after the start; `None` when none do.
    fn is_whole(&self, severity: Severity) -> Option<bool> {
        let Some(after) = self.after.filter(|_| self.key == SortKey::Severity) else {
            return Some(false);
        };
        let ahead = match self.way {
            Way::Falling => severity.cmp(&after.severity),
            Way::Rising => after.severity.cmp(&severity),
        };
        match ahead {
            std::cmp::Ordering::Less => Some(true),
            std::cmp::Ordering::Equal => Some(false),
            std::cmp::Ordering::Greater => None,
        }
    }

    fn piece(&self, sql: &mut Sql<'q>, columns: &'static str, served: impl FnOnce(&mut Sql<'q>)) {
        sql.push(columns);
        served(sql);
        // Each kind is of one severity; ids may be of several.
        let by_severity = matches!(self.route, Route::Ids(_)) && self.key == SortKey::Severity;
        // SQLite seeks to one bound only: where the start lies within the window, it is that bound.
        let filter = self.query.filter;
        let starts = |way, within: &dyn Fn(Timestamp) -> bool| {
            self.way == way
                && !by_severity
                && self.after.is_some_and(|after| within(after.created_at))
        };
        if let Some(from) = filter.from
            && !starts(Way::Rising, &|start| start >= from)
        {
            sql.and("created_at >=", from);
        }
        if let Some(to) = filter.to
            && !starts(Way::Falling, &|start| start < to)
        {
            sql.and("created_at <", to);
        }
        if let Some(after) = self.after {
            sql.push(match (by_severity, self.way) {
                (false, Way::Falling) => " and (created_at, id) < (",
                (false, Way::Rising) => " and (created_at, id) > (",
                (true, Way::Falling) => " and (severity, created_at, id) < (",
                (true, Way::Rising) => " and (severity, created_at, id) > (",
            });
            if by_severity {
                sql.bind(after.severity).push(", ");
            }
            sql.bind(after.created_at)
                .push(", ")
                .bind(after.id)
                .push(")");
        }
    }
}

/// A page of alerts in the given order, or the page before a cursor in the opposite one.
///
/// # Errors
/// The database's fault.
pub(in super::super) fn page(
    tx: &mut Tx<'_>,
    query: &Query<'_>,
    ordering: Ordering,
    start: Option<(Position, Direction)>,
    size: usize,
) -> Result<Page, StoreError> {
    let backwards = start.is_some_and(|(_, direction)| direction == Direction::Previous);
    let route = query.route(ordering.key);
    let walk = Walk {
        query,
        route: &route,
        key: ordering.key,
        way: if backwards {
            ordering.way.reversed()
        } else {
            ordering.way
        },
        after: start.map(|(place, _)| place),
        engine: tx.engine(),
    };
    let limit = i64::try_from(size).unwrap_or(i64::MAX).saturating_add(1);
    let (mut sql, tested) = statement(&walk, limit);
    if sql.text().is_empty() {
        return Ok(Page::default());
    }
    sql.push(" limit ").bind(limit);
    let mut rows = tx.select(&sql, read_place)?;
    let more = rows.len() > size;
    rows.truncate(size);
    let further = match (more, tested) {
        (true, _) => rows.last().copied(),
        (false, false) => None,
        (false, true) => stopped_at(tx, &walk)?,
    };
    Ok(Page { rows, further })
}

/// The statement without its limit, and whether rows are tested; empty when nothing can match.
fn statement<'q>(walk: &Walk<'q>, limit: i64) -> (Sql<'q>, bool) {
    let query = walk.query;
    let mut tests = Sql::new("");
    if !query.test(&mut tests, walk.route) {
        let mut sql = Sql::new("");
        walk.push(&mut sql, PLACE, limit);
        return (sql, false);
    }
    let mut sql = Sql::new("select id, created_at, severity from (");
    if !walk.push(&mut sql, TESTED, query.walk_max()) {
        return (Sql::new(""), true);
    }
    sql.push(" limit ")
        .bind(query.walk_max())
        .push(") a where true");
    query.test(&mut sql, walk.route);
    if walk.engine == Engine::Postgres {
        // It knows that the rows come in this order and does not sort; SQLite would.
        sql.push(walk.order());
    }
    (sql, true)
}

fn read_place(row: &store::Row<'_>) -> Result<Position, StoreError> {
    Ok(Position {
        id: row.get(0)?,
        created_at: row.get(1)?,
        severity: row.get(2)?,
    })
}

/// Where a walk ended for want of rows to walk, if it did; read from the index alone.
fn stopped_at(tx: &mut Tx<'_>, walk: &Walk<'_>) -> Result<Option<Position>, StoreError> {
    let mut sql = Sql::new("");
    walk.push(&mut sql, PLACE, walk.query.walk_max());
    sql.push(" limit 1 offset ")
        .bind(walk.query.walk_max().saturating_sub(1));
    Ok(tx.select(&sql, read_place)?.first().copied())
}

/// How many alerts match: from the kept counts when they can tell, else by looking at no more
/// than 10,000 rows (2,000 in a search); when there are more, it says how many of those match.
///
/// # Errors
/// The database's fault.
pub(in super::super) fn count(tx: &mut Tx<'_>, query: &Query<'_>) -> Result<Count, StoreError> {
    if query.filter.is_counted() {
        let counts = counts(tx)?;
        let sum: i64 = query
            .kinds()
            .iter()
            .filter_map(|&(severity, status)| counts.get(&(status, severity)))
            .sum();
        return Ok(Count::exactly(sum));
    }
    let route = query.route(SortKey::CreatedAt);
    let walk = Walk {
        query,
        route: &route,
        key: SortKey::CreatedAt,
        way: Way::Falling,
        after: None,
        engine: tx.engine(),
    };
    let max = if query.filter.is_search() {
        SEARCH_COUNT_WALK_MAX
    } else {
        COUNT_WALK_MAX
    };
    let mut sql = Sql::new("select count(*), cast(coalesce(sum(case when true");
    query.test(&mut sql, &route);
    sql.push(" then 1 else 0 end), 0) as bigint) from (");
    if !walk.push(&mut sql, TESTED, max.saturating_add(1)) {
        return Ok(Count::exactly(0));
    }
    sql.push(" limit ").bind(max.saturating_add(1)).push(") a");
    let found = tx.select(&sql, |row| Ok((row.get::<i64>(0)?, row.get::<i64>(1)?)))?;
    Ok(match found.first() {
        Some(&(looked_at, matching)) if looked_at > max => Count::at_least(matching),
        Some(&(_, matching)) => Count::exactly(matching),
        None => Count::exactly(0),
    })
}

/// The statement for a page, and how SQLite would answer it.
#[cfg(test)]
pub(in super::super) fn plan(
    tx: &mut Tx<'_>,
    query: &Query<'_>,
    ordering: Ordering,
    after: Option<Position>,
) -> Result<Vec<String>, StoreError> {
    let route = query.route(ordering.key);
    let walk = Walk {
        query,
        route: &route,
        key: ordering.key,
        way: ordering.way,
        after,
        engine: tx.engine(),
    };
    let (mut sql, _) = statement(&walk, 50);
    sql.push(" limit ").bind(50);
    let text = format!("explain query plan {}", sql.text());
    let mut plan = tx.query(&text, sql.args(), |row| row.get(3))?;
    plan.insert(0, sql.text().to_owned());
    Ok(plan)
}
