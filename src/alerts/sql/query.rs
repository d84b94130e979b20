//! What a list of alerts asks for: the index that serves it, and the tests that are left.

use base::{Severity, Timestamp};
use store::{Sql, Tx};

use super::super::error::AlertError;
use super::super::filter::{AlertFilter, Assigned, SortKey};
use super::super::model::AlertStatus;
use super::person_named;

/// Rows a page walks at the most before it is answered as it is, with where to go on.
const WALK_MAX: i64 = 50_000;
/// The same for a search, which reads and folds each row's description.
const SEARCH_WALK_MAX: i64 = 5_000;
/// What is asked for, with names turned into ids.
#[derive(Debug)]
pub(in super::super) struct Query<'a> {
    pub(super) filter: &'a AlertFilter,
    now: Timestamp,
    source: Option<i64>,
    types: Vec<i64>,
    assigned: Whose,
    walk_max: i64,
}

/// Whose alerts are wanted.
#[derive(Clone, Copy, Debug)]
enum Whose {
    Anyone,
    Nobody,
    Person(i64),
}

impl<'a> Query<'a> {
    /// Looks the names up; `None` when one is unknown, so that nothing can match.
    ///
    /// # Errors
    /// An unknown user name is refused; a source or type may just not have reported yet.
    pub(in super::super) fn new(
        tx: &mut Tx<'_>,
        filter: &'a AlertFilter,
        now: Timestamp,
    ) -> Result<Option<Self>, AlertError> {
        let mut id = |sql: &str, name: &str| tx.query_opt(sql, &[name.into()], |row| row.get(0));
        let source = match &filter.source_name {
            None => None,
            Some(name) => match id("select id from sources where name = $1", name)? {
                None => return Ok(None),
                found => found,
            },
        };
        let mut types = Vec::new();
        for name in &filter.event_type {
            types.extend(id("select id from event_types where name = $1", name)?);
        }
        if types.is_empty() && !filter.event_type.is_empty() {
            return Ok(None);
        }
        let assigned = match &filter.assigned_to {
            None => Whose::Anyone,
            Some(Assigned::Nobody) => Whose::Nobody,
            Some(Assigned::Person(id)) => Whose::Person(*id),
            Some(Assigned::Name(name)) => {
                let (person, ..) = person_named(tx, name)?.ok_or_else(|| {
                    let what = format!("must be me, none or a user name; there is no {name:?}");
                    AlertError::Field("assigned_to", what)
                })?;
                Whose::Person(person.id)
            }
        };
        let walk_max = if filter.words.is_empty() {
            WALK_MAX
        } else {
            SEARCH_WALK_MAX
        };
        Ok(Some(Self {
            filter,
            now,
            source,
            types,
            assigned,
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
        match self.assigned {
            Whose::Person(person) if key == SortKey::CreatedAt => Route::Person(person),
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
        match (self.assigned, route) {
            (Whose::Anyone, _) | (_, Route::Person(_)) => {}
            (Whose::Person(person), _) => {
                sql.and("assigned_to =", person);
            }
            (Whose::Nobody, _) => {
                sql.push(" and assigned_to is null");
            }
        }
        if let Some(source) = self.source {
            sql.and("source_id =", source);
        }
        if !self.types.is_empty() {
            sql.and_in("event_type_id", self.types.iter().copied());
        }
        if let Some(address) = &filter.ip_address {
            sql.and("ip_address =", address);
        }
        if !filter.country.is_empty() {
            sql.and_in("country", &filter.country);
        }
        self.test_due(sql);
        for word in &filter.words {
            // Looked up row by row rather than joined: a join may not keep the walk's order.
            sql.and_contains(
                "title || ' ' || (select s.name from sources s where s.id = a.source_id) || ' ' \
                 || (select e.description from events e where e.id = a.event_id)",
                word,
            );
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

/// Which index a walk goes along.
pub(super) enum Route {
    Time,
    Person(i64),
    Kinds(Vec<(Severity, AlertStatus)>),
}
