//! Figures beside a list: the rows of one bounded walk, newest first, for the caller to count.

use base::{Severity, Timestamp};
use store::{Sql, StoreError, Tx};

use super::super::filter::{SortKey, Way};
use super::super::model::AlertStatus;
use super::list::{TESTED, Walk};
use super::query::{Query, Route};
use super::status;

/// What counting the rows of a walk needs; each index of alerts has both.
const WALKED: &str = "select id, created_at from alerts where ";

/// What figures are made of.
#[derive(Debug)]
pub(in super::super) struct Seen {
    pub(in super::super) id: i64,
    pub(in super::super) created_at: Timestamp,
    pub(in super::super) severity: Severity,
    pub(in super::super) status: AlertStatus,
    pub(in super::super) assigned_to: Option<i64>,
    pub(in super::super) source: i64,
    pub(in super::super) event_type: i64,
    pub(in super::super) country: Option<String>,
    /// The sum of the bits of the tests set apart that the row does not pass.
    pub(in super::super) missed: i64,
}

/// A test set apart: it leaves no row out, but its bit is told of those that do not pass.
#[derive(Debug)]
pub(in super::super) struct Apart<'a> {
    /// What is tested; `None` when no row can pass.
    pub(in super::super) query: Option<Query<'a>>,
    /// Ends the test: ` then 0 else BIT end`.
    pub(in super::super) bit: &'static str,
}

/// How far a walk went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Looked {
    /// Rows walked.
    pub(in super::super) rows: i64,
    /// Whether those were all there are.
    pub(in super::super) whole: bool,
}

impl Looked {
    /// Nothing had to be walked.
    pub(in super::super) const NOTHING: Self = Self {
        rows: 0,
        whole: true,
    };
}

/// Walks at most `rows_max` alerts, newest first, and hands on each that matches.
///
/// # Errors
/// The database's fault.
pub(in super::super) fn scan(
    tx: &mut Tx<'_>,
    query: &Query<'_>,
    apart: &[Apart<'_>],
    rows_max: i64,
    mut each: impl FnMut(Seen),
) -> Result<Looked, StoreError> {
    let route = query.route(SortKey::CreatedAt);
    let walk = Walk {
        query,
        route: &route,
        key: SortKey::CreatedAt,
        way: Way::Falling,
        after: None,
        engine: tx.engine(),
    };
    let mut sql = Sql::new(
        "select id, created_at, severity, status, assigned_to, source_id, event_type_id, country, 0",
    );
    for test in apart {
        sql.push(" + case when ");
        match &test.query {
            None => sql.push("false"),
            Some(query) => {
                sql.push("true");
                query.test(&mut sql, &Route::Time);
                &mut sql
            }
        }
        .push(test.bit);
    }
    sql.push(" from (");
    if !walk.push(&mut sql, TESTED, rows_max) {
        return Ok(Looked::NOTHING);
    }
    sql.push(" limit ").bind(rows_max).push(") a where true");
    let tested = query.test(&mut sql, &route);
    let mut handed_on: i64 = 0;
    tx.select(&sql, |row| {
        handed_on = handed_on.saturating_add(1);
        each(read(row)?);
        Ok(())
    })?;
    let rows = if tested {
        walked(tx, &walk, rows_max)?
    } else {
        handed_on
    };
    Ok(Looked {
        rows,
        whole: rows < rows_max,
    })
}

fn read(row: &store::Row<'_>) -> Result<Seen, StoreError> {
    Ok(Seen {
        id: row.get(0)?,
        created_at: row.get(1)?,
        severity: row.get(2)?,
        status: status(row.get(3)?)?,
        assigned_to: row.get(4)?,
        source: row.get(5)?,
        event_type: row.get(6)?,
        country: row.get(7)?,
        missed: row.get(8)?,
    })
}

/// How many rows a walk has, up to the most; read from the index alone.
fn walked(tx: &mut Tx<'_>, walk: &Walk<'_>, rows_max: i64) -> Result<i64, StoreError> {
    let mut sql = Sql::new("select count(*) from (");
    walk.push(&mut sql, WALKED, rows_max);
    sql.push(" limit ").bind(rows_max).push(") a");
    let found = tx.select(&sql, |row| row.get(0))?;
    Ok(found.first().copied().unwrap_or(0))
}

/// What the rows refer to by number.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Named {
    Source,
    EventType,
    Person,
    /// An alert, by its title.
    Alert,
}

/// The names of some ids, in their order; those that are gone are left out. Each by primary key.
///
/// # Errors
/// The database's fault.
pub(in super::super) fn names(
    tx: &mut Tx<'_>,
    what: Named,
    ids: &[i64],
) -> Result<Vec<(i64, String)>, StoreError> {
    let sql = match what {
        Named::Source => "select id, name from sources where id = $1",
        Named::EventType => "select id, name from event_types where id = $1",
        Named::Person => "select id, username from users where id = $1",
        Named::Alert => "select id, title from alerts where id = $1",
    };
    let rows: Vec<Vec<store::Arg<'_>>> = ids.iter().map(|&id| vec![id.into()]).collect();
    tx.query_many(sql, &rows, |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The ids of some sources or event types; the names that are unknown are left out. Each by the
/// unique index on its name.
///
/// # Errors
/// The database's fault.
pub(in super::super) fn ids_named(
    tx: &mut Tx<'_>,
    what: Named,
    names: &[String],
) -> Result<Vec<i64>, StoreError> {
    let sql = match what {
        Named::Source => "select id from sources where name = $1",
        Named::EventType => "select id from event_types where name = $1",
        Named::Person | Named::Alert => return Ok(Vec::new()),
    };
    let rows: Vec<Vec<store::Arg<'_>>> = names.iter().map(|name| vec![name.into()]).collect();
    tx.query_many(sql, &rows, |row| row.get(0))
}
