//! Which alerts are wanted, in which order, from where on.

mod order;
mod read;

use base::{Severity, Timestamp};

pub(super) use order::Position;
pub use order::{Ordering, SortKey, Way};
pub use read::ALERT_FIELDS;

use super::model::{AlertStatus, Resolution};
use crate::search::{Span, narrow};

/// Whose alerts are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// Nobody's.
    Nobody,
    /// The caller's own, or another person's, by id.
    Person(i64),
    /// A person's, by user name.
    Name(String),
}

/// What a filter can ask about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FilterField {
    /// How bad it is.
    Severity,
    /// How far people are.
    Status,
    /// Its own number.
    Id,
    /// Whether it waits past a due time.
    Overdue,
    /// Who reported it.
    Source,
    /// What kind of event raised it.
    Type,
    /// Who works on it.
    Owner,
    /// Where its address is.
    Country,
    /// The address it is about.
    Address,
    /// Why it was resolved.
    Resolution,
    /// Words in it.
    Text,
}

/// Values of a field of which any must hold; `None` is an alert without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AnyOf {
    /// Sources, exactly.
    Source(Vec<String>),
    /// Event types, lower case.
    Type(Vec<String>),
    /// Who works on it.
    Owner(Vec<Assigned>),
    /// Country codes, upper case.
    Country(Vec<Option<String>>),
    /// Addresses, in their canonical text.
    Address(Vec<Option<String>>),
    /// Why it was resolved.
    Resolution(Vec<Option<Resolution>>),
    /// Numbers of alerts.
    Id(Vec<i64>),
    /// A text, lower case, that occurs in title, source or description.
    Text(String),
}

impl AnyOf {
    /// The field it asks about.
    #[must_use]
    pub const fn field(&self) -> FilterField {
        match self {
            Self::Source(_) => FilterField::Source,
            Self::Type(_) => FilterField::Type,
            Self::Owner(_) => FilterField::Owner,
            Self::Country(_) => FilterField::Country,
            Self::Address(_) => FilterField::Address,
            Self::Resolution(_) => FilterField::Resolution,
            Self::Id(_) => FilterField::Id,
            Self::Text(_) => FilterField::Text,
        }
    }
}

/// A test of each alert that no index of its own serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Whether it leaves out what it names.
    pub negated: bool,
    /// What it names.
    pub any: AnyOf,
    /// Where it stands in the query, when it came from one.
    pub span: Option<Span>,
}

/// Which alerts are wanted; all of what is given must hold, any of a list's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Severities, mildest first; all when empty.
    pub severity: Vec<Severity>,
    /// Statuses, in the order of an alert's life; all when empty.
    pub status: Vec<AlertStatus>,
    /// Numbers of alerts, at most 100; all when empty.
    pub id: Vec<i64>,
    /// Raised from this time on.
    pub from: Option<Timestamp>,
    /// Raised before this time.
    pub to: Option<Timestamp>,
    /// Whether it waits past a due time: OPEN past the first, or unresolved past the second.
    pub overdue: Option<bool>,
    /// Everything else, each of which must hold.
    pub tests: Vec<Test>,
    /// Fields of which two conditions contradict each other: nothing can match.
    pub never: Vec<FilterField>,
}

impl AlertFilter {
    /// The same with a test that must hold too.
    #[must_use]
    pub fn and(mut self, any: AnyOf) -> Self {
        match any {
            // Numbers are looked up, not tested.
            AnyOf::Id(values) => self.ids(false, values, None),
            any => self.test(false, any, None),
        }
        self
    }

    /// The same without anything about a field.
    #[must_use]
    pub fn without(mut self, field: FilterField) -> Self {
        match field {
            FilterField::Severity => self.severity.clear(),
            FilterField::Status => self.status.clear(),
            FilterField::Id => self.id.clear(),
            FilterField::Overdue => self.overdue = None,
            _ => {}
        }
        self.tests.retain(|test| test.any.field() != field);
        self.never.retain(|it| *it != field);
        self
    }

    /// What it says about a field, and nothing else.
    #[must_use]
    pub fn only(&self, field: FilterField) -> Self {
        let mut only = Self::default();
        match field {
            FilterField::Severity => only.severity.clone_from(&self.severity),
            FilterField::Status => only.status.clone_from(&self.status),
            FilterField::Id => only.id.clone_from(&self.id),
            FilterField::Overdue => only.overdue = self.overdue,
            _ => {}
        }
        let tests = self.tests.iter().filter(|test| test.any.field() == field);
        only.tests = tests.cloned().collect();
        only.never = self
            .never
            .iter()
            .filter(|it| **it == field)
            .copied()
            .collect();
        only
    }

    /// The tests of a field that name what is wanted, not what is left out.
    pub fn wanted(&self, field: FilterField) -> impl Iterator<Item = &AnyOf> {
        let tests = self.tests.iter().filter(|test| !test.negated);
        tests
            .map(|test| &test.any)
            .filter(move |any| any.field() == field)
    }

    /// Whether one person's alerts are asked for, which an index serves.
    #[must_use]
    pub fn is_of_one(&self) -> bool {
        self.wanted(FilterField::Owner).any(|any| match any {
            AnyOf::Owner(people) => people.len() == 1 && !people.contains(&Assigned::Nobody),
            _ => false,
        })
    }

    /// Whether only severity and status are asked for: then the kept counts know how many.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        let Self {
            severity, status, ..
        } = self;
        *self
            == Self {
                severity: severity.clone(),
                status: status.clone(),
                ..Self::default()
            }
    }

    /// Whether texts are searched, which reads and folds each row's description.
    #[must_use]
    pub fn is_search(&self) -> bool {
        let mut tests = self.tests.iter();
        tests.any(|test| test.any.field() == FilterField::Text)
    }

    fn test(&mut self, negated: bool, any: AnyOf, span: Option<Span>) {
        self.tests.push(Test { negated, any, span });
    }

    fn severities(&mut self, negated: bool, values: &[Severity]) {
        if !narrow(&mut self.severity, &Severity::ALL, negated, values) {
            self.never.push(FilterField::Severity);
        }
    }

    fn statuses(&mut self, negated: bool, values: &[AlertStatus]) {
        if !narrow(&mut self.status, &AlertStatus::ALL, negated, values) {
            self.never.push(FilterField::Status);
        }
    }

    /// Numbers of alerts are looked up; those left out are tested.
    fn ids(&mut self, negated: bool, mut values: Vec<i64>, span: Option<Span>) {
        values.sort_unstable();
        values.dedup();
        if negated {
            self.test(true, AnyOf::Id(values), span);
        } else if self.id.is_empty() {
            self.id = values;
        } else {
            self.id.retain(|id| values.contains(id));
            if self.id.is_empty() {
                self.never.push(FilterField::Id);
            }
        }
    }

    fn since(&mut self, from: Timestamp) {
        self.from = self.from.max(Some(from));
    }

    fn before(&mut self, to: Timestamp) {
        self.to = Some(self.to.map_or(to, |kept| kept.min(to)));
    }

    fn waits(&mut self, overdue: bool) {
        if self.overdue.is_some_and(|kept| kept != overdue) {
            self.never.push(FilterField::Overdue);
        }
        self.overdue = Some(overdue);
    }
}
