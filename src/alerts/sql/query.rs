//! What a list of alerts asks for: the index that serves it, and the tests that are left.

use base::{Severity, Timestamp};
use store::{Arg, Engine, Sql, StoreError, Tx};

use super::super::error::AlertError;
use super::super::filter::{AlertFilter, AnyOf, Assigned, SortKey, Test};
use super::super::model::{AlertStatus, Resolution};
use super::person_named;
use crate::events::{condition, is_any, text_in};
use crate::search::{Mistake, Sought};

/// Rows a page walks at the most before it is answered as it is, with where to go on.
const WALK_MAX: i64 = 50_000;
/// The same for a search, which reads and folds each row's description.
const SEARCH_WALK_MAX: i64 = 5_000;

/// What is asked for, with names turned into ids.
#[derive(Debug)]
pub(in super::super) struct Query<'a> {
    pub(super) filter: &'a AlertFilter,
    now: Timestamp,
    checks: Vec<Check<'a>>,
    walk_max: i64,
}

/// A test as rows are held to it.
#[derive(Debug)]
struct Check<'a> {
    negated: bool,
    of: Of<'a>,
}

#[derive(Debug)]
enum Of<'a> {
    /// The column has one of the values, or none at all when `or_null`.
    Column {
        name: &'static str,
        values: Vec<Arg<'a>>,
        or_null: bool,
    },
    /// Title, source or description contain the text.
    Text(Sought<'a>, Engine),
}

const OWNER: &str = "assigned_to";

impl<'a> Query<'a> {
    /// Looks the names up; `None` when the conditions contradict each other or all names of one
    /// are unknown, so that nothing can match.
    ///
    /// # Errors
    /// An unknown user name is refused; a source or type may just not have reported yet.
    pub(in super::super) fn new(
        tx: &mut Tx<'_>,
        filter: &'a AlertFilter,
        now: Timestamp,
    ) -> Result<Option<Self>, AlertError> {
        let mut checks = Vec::with_capacity(filter.tests.len());
        let mut can_match = filter.never.is_empty();
        for test in &filter.tests {
            let of = look_up(tx, test)?;
            let is_empty = matches!(
                &of,
                Of::Column { values, or_null: false, .. } if values.is_empty()
            );
            can_match &= test.negated || !is_empty;
            if !is_empty {
                let negated = test.negated;
                checks.push(Check { negated, of });
            }
        }
        let walk_max = if filter.is_search() {
            SEARCH_WALK_MAX
        } else {
            WALK_MAX
        };
        Ok(can_match.then_some(Self {
            filter,
            now,
            checks,
            walk_max,
        }))
    }

    /// Rows a page walks at the most.
    pub(super) const fn walk_max(&self) -> i64 {
        self.walk_max
    }

    /// The same with another bound, so that a test need not fill a table.
    #[cfg(test)]
    pub(in super::super) fn walking(self, walk_max: i64) -> Self {
        Self { walk_max, ..self }
    }

    pub(super) fn route(&self, key: SortKey) -> Route {
        let filter = self.filter;
        if !filter.id.is_empty() {
            return Route::Ids(filter.id.clone());
        }
        match self.checks.iter().find_map(Check::person) {
            Some(person) if key == SortKey::CreatedAt => Route::Person(person),
            _ if key == SortKey::Severity
                || !filter.severity.is_empty()
                || !filter.status.is_empty()
                || filter.overdue == Some(true) =>
            {
                Route::Kinds(self.kinds())
            }
            _ => Route::Time,
        }
    }

    /// The pairs of severity and status that can match.
    pub(super) fn kinds(&self) -> Vec<(Severity, AlertStatus)> {
        let filter = self.filter;
        let severities = Severity::ALL
            .into_iter()
            .filter(|it| filter.severity.is_empty() || filter.severity.contains(it));
        severities
            .flat_map(|severity| AlertStatus::ALL.map(|status| (severity, status)))
            .filter(|(_, it)| filter.status.is_empty() || filter.status.contains(it))
            .filter(|(_, it)| filter.overdue != Some(true) || *it != AlertStatus::Resolved)
            .collect()
    }

    /// Appends what no walk serves, each test with ` and ` in front; `false` when there is none.
    pub(super) fn test<'s>(&'s self, sql: &mut Sql<'s>, route: &Route) -> bool {
        let filter = self.filter;
        let start = sql.text().len();
        if !matches!(route, Route::Kinds(_)) {
            if !filter.severity.is_empty() {
                sql.and_in("severity", filter.severity.iter().copied());
            }
            if !filter.status.is_empty() {
                sql.and_in("status", filter.status.iter().copied());
            }
        }
        if !matches!(route, Route::Ids(_)) && !filter.id.is_empty() {
            sql.and_in("id", filter.id.iter().copied());
        }
        self.test_due(sql);
        // Texts last: they cost most. What the walk serves needs no test.
        let is_walked = |check: &&Check<'a>| match route {
            Route::Person(person) => check.person() == Some(*person),
            _ => false,
        };
        let (texts, columns): (Vec<_>, Vec<_>) = self
            .checks
            .iter()
            .filter(|check| !is_walked(check))
            .partition(|check| matches!(check.of, Of::Text(..)));
        for check in columns.into_iter().chain(texts) {
            check.push(sql);
        }
        sql.text().len() > start
    }

    fn test_due(&self, sql: &mut Sql<'_>) {
        match self.filter.overdue {
            None => {}
            Some(true) => {
                sql.push(" and status <> 3 and (resolve_due_at < ")
                    .bind(self.now)
                    .push(" or (status = 1 and ack_due_at < ")
                    .bind(self.now)
                    .push("))");
            }
            Some(false) => {
                sql.push(" and (status = 3 or (resolve_due_at >= ")
                    .bind(self.now)
                    .push(" and (status = 2 or ack_due_at >= ")
                    .bind(self.now)
                    .push(")))");
            }
        }
    }
}

impl<'a> Check<'a> {
    /// The one person whose alerts are wanted.
    fn person(&self) -> Option<i64> {
        match &self.of {
            Of::Column {
                name: OWNER,
                values,
                or_null: false,
            } if !self.negated => match values.as_slice() {
                [Arg::Int(person)] => Some(*person),
                _ => None,
            },
            _ => None,
        }
    }

    fn push(&self, sql: &mut Sql<'a>) {
        condition(sql, self.negated, |sql| match &self.of {
            Of::Column {
                name,
                values,
                or_null,
            } => is_any(sql, name, values.iter().copied(), *or_null),
            // Looked up row by row rather than joined: a join may not keep the walk's order.
            Of::Text(sought, engine) => text_in(
                sql,
                *engine,
                "title || ' ' || (select s.name from sources s where s.id = a.source_id) \
                 || ' ' || (select e.description from events e where e.id = a.event_id)",
                *sought,
            ),
        });
    }
}

/// Turns the names of a test into ids; those of sources and types that are unknown are left out.
fn look_up<'a>(tx: &mut Tx<'_>, test: &'a Test) -> Result<Of<'a>, AlertError> {
    let column = |name, values, or_null| Of::Column {
        name,
        values,
        or_null,
    };
    Ok(match &test.any {
        AnyOf::Source(names) => {
            let sql = "select id from sources where name = $1";
            column("source_id", ids(tx, sql, names)?, false)
        }
        AnyOf::Type(names) => {
            let sql = "select id from event_types where name = $1";
            column("event_type_id", ids(tx, sql, names)?, false)
        }
        AnyOf::Owner(people) => {
            let mut values = Vec::new();
            for person in people {
                match person {
                    Assigned::Nobody => {}
                    Assigned::Person(id) => values.push(Arg::from(*id)),
                    Assigned::Name(name) => values.push(named(tx, name, test)?.into()),
                }
            }
            column(OWNER, values, people.contains(&Assigned::Nobody))
        }
        AnyOf::Country(codes) => optional("country", codes.iter().map(Option::as_deref)),
        AnyOf::Address(texts) => optional("ip_address", texts.iter().map(Option::as_deref)),
        AnyOf::Resolution(words) => {
            let words = words.iter().map(|word| word.map(Resolution::word));
            optional("resolution", words)
        }
        AnyOf::Id(ids) => column("id", ids.iter().copied().map(Arg::from).collect(), false),
        AnyOf::Text(needle) => Of::Text(Sought::of(needle), tx.engine()),
    })
}

fn ids<'a>(
    tx: &mut Tx<'_>,
    sql: &'static str,
    names: &[String],
) -> Result<Vec<Arg<'a>>, StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = names.iter().map(|name| vec![name.into()]).collect();
    let ids = tx.query_many(sql, &rows, |row| row.get::<i64>(0))?;
    Ok(ids.into_iter().map(Arg::from).collect())
}

fn optional<'a>(
    name: &'static str,
    given: impl Iterator<Item = Option<&'a str>> + Clone,
) -> Of<'a> {
    Of::Column {
        name,
        values: given.clone().flatten().map(Arg::from).collect(),
        or_null: given.into_iter().any(|it| it.is_none()),
    }
}

fn named(tx: &mut Tx<'_>, name: &str, test: &Test) -> Result<i64, AlertError> {
    if let Some((person, ..)) = person_named(tx, name)? {
        return Ok(person.id);
    }
    let what = format!("must be me, none or a user name; there is no {name:?}");
    Err(match test.span {
        None => AlertError::Field("assigned_to", what),
        Some(span) => {
            let mistake = Mistake::new(span, format!("owner {what}"));
            AlertError::Field("q", mistake.to_string())
        }
    })
}

/// Which index a walk goes along.
pub(super) enum Route {
    Ids(Vec<i64>),
    Time,
    Person(i64),
    Kinds(Vec<(Severity, AlertStatus)>),
}
