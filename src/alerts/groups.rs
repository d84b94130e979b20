//! Alerts gathered by what they have in common.

use std::collections::BTreeMap;
use std::str::FromStr;

use base::{Severity, Timestamp};
use serde::Serialize;
use store::Tx;

use super::error::AlertError;
use super::facets::rows_max;
use super::filter::AlertFilter;
use super::model::AlertStatus;
use super::sql::{self, Looked, Named, Query, Seen};
use super::stats::BySeverity;
use crate::app::App;
use crate::search::NONE;

/// Most groups told of.
const GROUPS_MAX: usize = 100;

/// What alerts are gathered by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GroupBy {
    /// Who reported the event.
    Source,
    /// The event's type.
    Type,
    /// Where the event's address is.
    Country,
    /// Who works on the alert.
    Owner,
}

/// The text names nothing alerts are gathered by.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be one of source, type, country, owner")]
pub struct UnknownGroupBy;

impl FromStr for GroupBy {
    type Err = UnknownGroupBy;

    /// Reads the word in any case.
    fn from_str(text: &str) -> Result<Self, UnknownGroupBy> {
        match text.trim().to_ascii_lowercase().as_str() {
            "source" => Ok(Self::Source),
            "type" => Ok(Self::Type),
            "country" => Ok(Self::Country),
            "owner" => Ok(Self::Owner),
            _ => Err(UnknownGroupBy),
        }
    }
}

/// The newest alert of a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Newest {
    /// Its number.
    #[schema(example = 4812)]
    pub id: i64,
    /// When it was raised.
    pub created_at: Timestamp,
    /// What happened, in one line.
    #[schema(example = "intrusion: 12 failed root logins over SSH")]
    pub title: String,
}

/// Alerts that have something in common.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AlertGroup {
    /// What they have in common, as the filter takes it: `none` for nobody's; null without a
    /// country.
    #[schema(example = "fw-01")]
    pub key: Option<String>,
    /// How many they are.
    #[schema(example = 31)]
    pub count: i64,
    /// How many of each severity.
    pub by_severity: BySeverity,
    /// How many are OPEN.
    #[schema(example = 12)]
    pub open: i64,
    /// The newest.
    pub newest: Newest,
    /// When the oldest was raised.
    pub oldest_created_at: Timestamp,
}

/// The alerts of a list, in groups.
#[expect(
    clippy::struct_field_names,
    reason = "`groups` is the name clients know"
)]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Groups {
    /// What they are gathered by.
    pub by: GroupBy,
    /// Groups, those with the worst severity first, then the largest; at most 100.
    pub groups: Vec<AlertGroup>,
    /// How many groups there are.
    #[schema(example = 7)]
    pub total: usize,
    /// Whether all alerts that match are in them; otherwise only the newest are.
    pub exact: bool,
    /// Alerts looked at.
    #[schema(example = 1204)]
    pub looked_at: i64,
}

/// What a group has in common, as stored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Number(Option<i64>),
    Text(Option<String>),
}

#[derive(Debug)]
struct Gathered {
    worst: Severity,
    count: i64,
    by_severity: BySeverity,
    open: i64,
    newest: (i64, Timestamp),
    oldest: Timestamp,
}

impl Gathered {
    fn of(seen: &Seen) -> Self {
        Self {
            worst: seen.severity,
            count: 0,
            by_severity: BySeverity::default(),
            open: 0,
            newest: (seen.id, seen.created_at),
            oldest: seen.created_at,
        }
    }

    /// Adds an alert that is no newer than those before.
    fn add(&mut self, seen: &Seen) {
        let BySeverity {
            critical,
            high,
            medium,
            low,
            info,
        } = &mut self.by_severity;
        let of_severity = match seen.severity {
            Severity::Critical => critical,
            Severity::High => high,
            Severity::Medium => medium,
            Severity::Low => low,
            Severity::Info => info,
        };
        *of_severity = of_severity.saturating_add(1);
        self.count = self.count.saturating_add(1);
        if seen.status == AlertStatus::Open {
            self.open = self.open.saturating_add(1);
        }
        self.worst = self.worst.max(seen.severity);
        self.oldest = seen.created_at;
    }
}

/// The alerts a filter matches, gathered by what they have in common.
///
/// Of the newest 20,000 alerts a list would walk, 4,000 in a search.
///
/// # Errors
/// [`AlertError::Field`] for an unknown user name.
pub async fn groups(app: &App, filter: AlertFilter, by: GroupBy) -> Result<Groups, AlertError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| groups_in(tx, now, &filter, by, rows_max(&filter)))
        .await
}

/// The same within a transaction.
pub(super) fn groups_in(
    tx: &mut Tx<'_>,
    now: Timestamp,
    filter: &AlertFilter,
    by: GroupBy,
    rows_max: i64,
) -> Result<Groups, AlertError> {
    let mut gathered: BTreeMap<Key, Gathered> = BTreeMap::new();
    let looked = match Query::new(tx, filter, now)? {
        None => Looked::NOTHING,
        Some(query) => sql::scan(tx, &query, &[], rows_max, |mut seen| {
            let key = match by {
                GroupBy::Source => Key::Number(Some(seen.source)),
                GroupBy::Type => Key::Number(Some(seen.event_type)),
                GroupBy::Owner => Key::Number(seen.assigned_to),
                GroupBy::Country => Key::Text(seen.country.take()),
            };
            gathered
                .entry(key)
                .or_insert_with(|| Gathered::of(&seen))
                .add(&seen);
        })?,
    };
    let total = gathered.len();
    let mut sorted: Vec<(Key, Gathered)> = gathered.into_iter().collect();
    sorted.sort_by_key(|(_, it)| std::cmp::Reverse((it.worst, it.count, it.newest.0)));
    sorted.truncate(GROUPS_MAX);
    Ok(Groups {
        by,
        groups: told(tx, by, sorted)?,
        total,
        exact: looked.whole,
        looked_at: looked.rows,
    })
}

fn told(
    tx: &mut Tx<'_>,
    by: GroupBy,
    sorted: Vec<(Key, Gathered)>,
) -> Result<Vec<AlertGroup>, AlertError> {
    let numbers: Vec<i64> = sorted
        .iter()
        .filter_map(|(key, _)| match key {
            Key::Number(number) => *number,
            Key::Text(_) => None,
        })
        .collect();
    let what = match by {
        GroupBy::Source => Named::Source,
        GroupBy::Type => Named::EventType,
        GroupBy::Owner | GroupBy::Country => Named::Person,
    };
    let names: BTreeMap<i64, String> = sql::names(tx, what, &numbers)?.into_iter().collect();
    let newest: Vec<i64> = sorted.iter().map(|(_, it)| it.newest.0).collect();
    let mut titles: BTreeMap<i64, String> =
        sql::names(tx, Named::Alert, &newest)?.into_iter().collect();
    Ok(sorted
        .into_iter()
        .map(|(key, it)| AlertGroup {
            key: match key {
                Key::Text(text) => text,
                Key::Number(None) => Some(NONE.to_owned()),
                Key::Number(Some(number)) => names.get(&number).cloned(),
            },
            count: it.count,
            by_severity: it.by_severity,
            open: it.open,
            newest: Newest {
                id: it.newest.0,
                created_at: it.newest.1,
                title: titles.remove(&it.newest.0).unwrap_or_default(),
            },
            oldest_created_at: it.oldest,
        })
        .collect())
}
