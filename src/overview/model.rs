//! The figures as they are answered.

use base::{Severity, Timestamp};
use serde::Serialize;

use crate::alerts::{AlertStatus, BySeverity};

/// Figures of the whole, from kept sums.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Overview {
    /// The first moment looked at: a whole hour.
    pub from: Timestamp,
    /// The first moment after it: a whole hour, which may lie ahead.
    pub to: Timestamp,
    /// Length of a bucket of `severity_over_time`, in seconds.
    #[schema(example = 1800)]
    pub bucket_seconds: i64,
    /// Alerts that are OPEN now.
    pub open_by_severity: BySeverity,
    /// How many more are OPEN now than 60 minutes ago, from whole minutes.
    pub change_1h: BySeverity,
    /// OPEN and ACKNOWLEDGED alerts nobody is assigned to.
    pub unassigned: AtLeast,
    /// Of them the oldest.
    pub oldest_unassigned: Option<AlertPoint>,
    /// The oldest OPEN alert.
    pub oldest_open: Option<AlertPoint>,
    /// OPEN and ACKNOWLEDGED alerts that wait past a due time.
    pub overdue: AtLeast,
    /// How long alerts raised in range waited to be acknowledged, or resolved at once.
    pub time_to_acknowledge: Waits,
    /// How long alerts raised in range waited to be resolved.
    pub time_to_resolve: Waits,
    /// Events a second in each of the last 60 minutes, oldest first; the last is the minute that
    /// has begun, over the seconds that have passed (at least 10).
    pub events_per_s: Vec<f64>,
    /// Events of each severity, `bucket_seconds` at a time.
    pub severity_over_time: Vec<Bucket>,
    /// Up to ten sources: those with the most alerts in range, then with the most events.
    pub top_sources: Vec<SourceFigures>,
    /// Whether every source was looked at; with very many sources the oldest part of the range
    /// is left out.
    pub top_sources_exact: bool,
    /// Length of a point of each `series` of `top_sources`: 3,600 or 86,400 seconds. Points
    /// begin at whole hours or days, UTC; the first and last may be cut by the range.
    #[schema(example = 3600)]
    pub series_seconds: i64,
    /// Countries events or alerts in range come from, those with the most alerts first.
    pub origins: Vec<OriginFigures>,
    /// Those about an address that has no place: private, loopback or otherwise reserved.
    pub origin_private: Tally,
    /// Those without an address, or with one nobody knows the place of.
    pub origin_unknown: Tally,
    /// The five CRITICAL alerts raised last, of any time and status.
    pub latest_critical: Vec<AlertBrief>,
    /// Events received in range.
    #[schema(example = 184_220)]
    pub events_total_in_range: i64,
    /// Alerts raised in range.
    #[schema(example = 312)]
    pub alerts_in_range: i64,
    /// Alerts resolved in range and not reopened since, whenever they were raised.
    #[schema(example = 280)]
    pub resolved_in_range: i64,
}

/// A number, exact or a lower bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AtLeast {
    /// How many, 10,000 at most.
    #[schema(example = 9)]
    pub count: i64,
    /// Whether there are no more.
    pub exact: bool,
}

/// An alert and when it was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AlertPoint {
    /// The alert's number.
    #[schema(example = 4812)]
    pub id: i64,
    /// When it was raised.
    pub created_at: Timestamp,
}

/// How long alerts waited; a percentile is off by at most 3.2 per cent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Waits {
    /// Half waited no longer, in seconds; absent when none is done.
    #[schema(example = 190)]
    pub median_s: Option<i64>,
    /// Nine in ten waited no longer, in seconds.
    #[schema(example = 720)]
    pub p90_s: Option<i64>,
    /// How many are done.
    #[schema(example = 303)]
    pub n: i64,
    /// How many wait still.
    #[schema(example = 9)]
    pub pending: i64,
}

/// Events of one stretch of the chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Bucket {
    /// Where it begins.
    pub from: Timestamp,
    /// Events by severity.
    pub by_severity: BySeverity,
}

/// Events and alerts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Tally {
    /// Events received in range.
    #[schema(example = 5120)]
    pub events: i64,
    /// Alerts raised in range.
    #[schema(example = 31)]
    pub alerts: i64,
}

/// What a source reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SourceFigures {
    /// Its name.
    #[schema(example = "vpn-gw-1")]
    pub source: String,
    /// How much.
    #[serde(flatten)]
    pub tally: Tally,
    /// Its events over the range, `series_seconds` a point, oldest first.
    pub series: Vec<i64>,
}

/// What comes from a country.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct OriginFigures {
    /// ISO 3166-1 alpha-2.
    #[schema(example = "BR")]
    pub country: String,
    /// Its short English name; the code where there is none.
    #[schema(example = "Brazil")]
    pub name: String,
    /// Degrees north of a point in its middle.
    #[schema(example = -10.0)]
    pub latitude: Option<f64>,
    /// Degrees east of that point.
    #[schema(example = -53.0)]
    pub longitude: Option<f64>,
    /// How much.
    #[serde(flatten)]
    pub tally: Tally,
}

/// An alert in one line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AlertBrief {
    /// Its number.
    #[schema(example = 4812)]
    pub id: i64,
    /// How bad it is.
    pub severity: Severity,
    /// How far people are with it.
    pub status: AlertStatus,
    /// What happened.
    #[schema(example = "Brute force on VPN")]
    pub title: String,
    /// Where it comes from.
    #[schema(example = "vpn-gw-1")]
    pub source_name: String,
    /// Who works on it, by user name.
    #[schema(example = "dana")]
    pub assigned_to: Option<String>,
    /// When it was raised.
    pub created_at: Timestamp,
}
