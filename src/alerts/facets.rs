//! The values alerts have, with how many have each: what a list can be narrowed down to.
//!
//! A facet is counted with every filter but its own, so that several of its values can be chosen.

mod values;

use std::collections::BTreeMap;

use base::{Severity, Timestamp};
use serde::Serialize;
use store::{StoreError, Tx};

use super::error::AlertError;
use super::filter::{AlertFilter, FilterField};
use super::model::AlertStatus;
use super::sql::{self, Apart, Looked, Query, Seen};
use crate::app::App;
use crate::search::NONE;

/// Alerts looked at for the facets that share the filter's own walk.
const ROWS_MAX: i64 = 20_000;
/// The same in a search, which reads and folds each row's description.
const SEARCH_ROWS_MAX: i64 = 4_000;

/// A value and how many alerts have it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FacetValue {
    /// As the filter takes it.
    #[schema(example = "CRITICAL")]
    pub value: String,
    /// As people read it, where that differs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "Nobody")]
    pub label: Option<String>,
    /// How many of the alerts looked at.
    #[schema(example = 4)]
    pub count: i64,
}

/// The values of each facet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct FacetValues {
    /// Every severity, worst first.
    pub severity: Vec<FacetValue>,
    /// Every status, in the order of an alert's life.
    pub status: Vec<FacetValue>,
    /// User names, and `none`; the filter `assigned_to`.
    pub owner: Vec<FacetValue>,
    /// Sources; the filter `source_name`.
    pub source: Vec<FacetValue>,
    /// Event types; the filter `event_type`.
    #[serde(rename = "type")]
    pub event_type: Vec<FacetValue>,
    /// Country codes, and `none`; the filter `country`.
    pub country: Vec<FacetValue>,
}

/// The facets of a list of alerts.
#[expect(
    clippy::struct_field_names,
    reason = "`facets` is the name clients know"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Facets {
    /// The values of each, the most frequent first, at most 20; and those of the filter, always.
    pub facets: FacetValues,
    /// Whether every count is the whole number; otherwise each is of the newest alerts only.
    pub exact: bool,
    /// The facets whose counts are whole numbers.
    #[schema(value_type = Vec<String>, example = json!(["severity", "status"]))]
    pub exact_facets: Vec<&'static str>,
    /// Alerts looked at; 0 when kept counts knew.
    #[schema(example = 1204)]
    pub looked_at: i64,
}

/// What alerts are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Facet {
    Severity,
    Status,
    Owner,
    Source,
    EventType,
    Country,
}

impl Facet {
    const ALL: [Self; 6] = [
        Self::Severity,
        Self::Status,
        Self::Owner,
        Self::Source,
        Self::EventType,
        Self::Country,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Severity => "severity",
            Self::Status => "status",
            Self::Owner => "owner",
            Self::Source => "source",
            Self::EventType => "type",
            Self::Country => "country",
        }
    }

    /// Its bit among the tests a row does not pass, and the same as text of a statement.
    const fn bit(self) -> (i64, &'static str) {
        match self {
            Self::Severity => (1, " then 0 else 1 end"),
            Self::Status => (2, " then 0 else 2 end"),
            Self::Owner => (4, " then 0 else 4 end"),
            Self::Source => (8, " then 0 else 8 end"),
            Self::EventType => (16, " then 0 else 16 end"),
            Self::Country => (32, " then 0 else 32 end"),
        }
    }

    /// What the filter calls it.
    const fn field(self) -> FilterField {
        match self {
            Self::Severity => FilterField::Severity,
            Self::Status => FilterField::Status,
            Self::Owner => FilterField::Owner,
            Self::Source => FilterField::Source,
            Self::EventType => FilterField::Type,
            Self::Country => FilterField::Country,
        }
    }

    /// The filter with nothing but this.
    fn only(self, of: &AlertFilter) -> AlertFilter {
        of.only(self.field())
    }

    /// The filter without this.
    fn without(self, filter: AlertFilter) -> AlertFilter {
        filter.without(self.field())
    }

    fn is_asked_by(self, filter: &AlertFilter) -> bool {
        self.only(filter) != AlertFilter::default()
    }

    /// Whether an index serves it, so that its absence makes another walk.
    fn is_walked(self, filter: &AlertFilter) -> bool {
        match self {
            Self::Severity | Self::Status => true,
            Self::Owner => filter.is_of_one(),
            Self::Source | Self::EventType | Self::Country => false,
        }
    }
}

/// How many alerts have each value, while they are counted.
#[derive(Debug, Default)]
struct Counts {
    severity: BTreeMap<Severity, i64>,
    status: BTreeMap<AlertStatus, i64>,
    owner: BTreeMap<i64, i64>,
    source: BTreeMap<i64, i64>,
    event_type: BTreeMap<i64, i64>,
    country: BTreeMap<String, i64>,
    whole: Vec<Facet>,
    looked_at: i64,
}

/// Nobody, among the ids of people.
const NOBODY: i64 = 0;

fn add<K: Ord>(counts: &mut BTreeMap<K, i64>, key: K, n: i64) {
    let count = counts.entry(key).or_default();
    *count = count.saturating_add(n);
}

impl Counts {
    fn add(&mut self, facet: Facet, seen: &Seen) {
        match facet {
            Facet::Severity => add(&mut self.severity, seen.severity, 1),
            Facet::Status => add(&mut self.status, seen.status, 1),
            Facet::Owner => add(&mut self.owner, seen.assigned_to.unwrap_or(NOBODY), 1),
            Facet::Source => add(&mut self.source, seen.source, 1),
            Facet::EventType => add(&mut self.event_type, seen.event_type, 1),
            Facet::Country => {
                let code = seen.country.as_deref().unwrap_or(NONE);
                match self.country.get_mut(code) {
                    Some(count) => *count = count.saturating_add(1),
                    None => add(&mut self.country, code.to_owned(), 1),
                }
            }
        }
    }

    fn looked(&mut self, looked: Looked, facets: &[Facet]) {
        self.looked_at = self.looked_at.saturating_add(looked.rows);
        if looked.whole {
            self.whole.extend(facets);
        }
    }

    /// Severities and statuses out of the kept counts.
    fn take_kept(&mut self, tx: &mut Tx<'_>, filter: &AlertFilter) -> Result<(), StoreError> {
        for ((status, severity), n) in sql::counts(tx)? {
            if filter.status.is_empty() || filter.status.contains(&status) {
                add(&mut self.severity, severity, n);
            }
            if filter.severity.is_empty() || filter.severity.contains(&severity) {
                add(&mut self.status, status, n);
            }
        }
        self.whole.extend([Facet::Severity, Facet::Status]);
        Ok(())
    }
}

/// The facets of the alerts a filter matches.
///
/// Severity and status come from kept counts when nothing else is asked for. Everything else is
/// counted on the newest 20,000 alerts a list would walk (4,000 in a search), and on half as many
/// for each of severity, status and a person the filter names; on all of them when there are no
/// more.
///
/// # Errors
/// [`AlertError::Field`] for an unknown user name.
pub async fn facets(app: &App, filter: AlertFilter) -> Result<Facets, AlertError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| facets_in(tx, now, &filter, rows_max(&filter)))
        .await
}

/// How many rows figures of a filter may look at.
pub(super) fn rows_max(filter: &AlertFilter) -> i64 {
    if filter.is_search() {
        SEARCH_ROWS_MAX
    } else {
        ROWS_MAX
    }
}

/// The same within a transaction.
pub(super) fn facets_in(
    tx: &mut Tx<'_>,
    now: Timestamp,
    filter: &AlertFilter,
    rows_max: i64,
) -> Result<Facets, AlertError> {
    let mut counts = Counts::default();
    let mut wanted = Facet::ALL.to_vec();
    if filter.is_counted() {
        counts.take_kept(tx, filter)?;
        wanted.retain(|facet| !matches!(facet, Facet::Severity | Facet::Status));
    }
    let (own_walk, shared): (Vec<Facet>, Vec<Facet>) = wanted
        .into_iter()
        .partition(|facet| facet.is_asked_by(filter) && facet.is_walked(filter));
    count_shared(tx, now, filter, &shared, rows_max, &mut counts)?;
    for facet in own_walk {
        let others = facet.without(filter.clone());
        let looked = match Query::new(tx, &others, now)? {
            None => Looked::NOTHING,
            Some(query) => sql::scan(tx, &query, &[], rows_max / 2, |seen| {
                counts.add(facet, &seen);
            })?,
        };
        counts.looked(looked, &[facet]);
    }
    let facets = values::values(tx, filter, &counts)?;
    let mut whole = counts.whole;
    whole.sort_unstable();
    Ok(Facets {
        facets,
        exact: whole.len() == Facet::ALL.len(),
        exact_facets: whole.into_iter().map(Facet::name).collect(),
        looked_at: counts.looked_at,
    })
}

/// Counts the facets that one walk serves: tests of their own are set apart.
fn count_shared(
    tx: &mut Tx<'_>,
    now: Timestamp,
    filter: &AlertFilter,
    shared: &[Facet],
    rows_max: i64,
    counts: &mut Counts,
) -> Result<(), AlertError> {
    let asked: Vec<(Facet, AlertFilter)> = shared
        .iter()
        .filter(|facet| facet.is_asked_by(filter))
        .map(|facet| (*facet, facet.only(filter)))
        .collect();
    let mut rest = filter.clone();
    let mut apart = Vec::with_capacity(asked.len());
    for (facet, only) in &asked {
        rest = facet.without(rest);
        apart.push(Apart {
            query: Query::new(tx, only, now)?,
            bit: facet.bit().1,
        });
    }
    let looked = match Query::new(tx, &rest, now)? {
        None => Looked::NOTHING,
        Some(query) => sql::scan(tx, &query, &apart, rows_max, |seen| {
            for facet in shared {
                if seen.missed == 0 || seen.missed == facet.bit().0 {
                    counts.add(*facet, &seen);
                }
            }
        })?,
    };
    counts.looked(looked, shared);
    Ok(())
}
