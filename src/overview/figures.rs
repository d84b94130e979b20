//! Puts the figures together, all in one transaction.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use base::{Severity, Timestamp};
use store::{StoreError, Tx};

use super::model::{Bucket, OriginFigures, Overview, Tally, Waits};
use super::range::Range;
use super::{sources, sql};
use crate::alerts::{self, AlertError, BySeverity};
use crate::app::App;
use crate::geo::GeoDb;
use crate::http::Problem;
use crate::rollups::{self, Durations, Kind, Origin, Span, Stretch};

/// Minutes looked back for the rate of events and for the change of what is open.
const LAST_MINUTES: i64 = 60;
/// A minute that has begun counts as this many seconds at least.
const SECONDS_MIN: i64 = 10;

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum OverviewError {
    /// The counts of alerts could not be read.
    #[error(transparent)]
    Alerts(#[from] AlertError),
    /// The database's fault.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<OverviewError> for Problem {
    fn from(error: OverviewError) -> Self {
        match error {
            OverviewError::Alerts(error) => error.into(),
            OverviewError::Store(error) => error.into(),
        }
    }
}

/// The figures of a range, and those of now.
///
/// # Errors
/// [`OverviewError`]: the database's fault.
pub async fn overview(app: &App, range: Range) -> Result<Overview, OverviewError> {
    let (geo, now) = (app.geo.clone(), app.clock.now());
    app.store
        .read(move |tx| overview_in(tx, &geo, now, range))
        .await
}

fn overview_in(
    tx: &mut Tx<'_>,
    geo: &GeoDb,
    now: Timestamp,
    range: Range,
) -> Result<Overview, OverviewError> {
    let stretches = range.stretches(now);
    let bucket_minutes = range.bucket_minutes(now);
    let severity_over_time = severity_over_time(tx, range, bucket_minutes)?;
    let events_total_in_range = severity_over_time
        .iter()
        .map(|bucket| sum(bucket.by_severity))
        .sum();
    let alerts_in_range = total(tx, Kind::AlertSeverity, &stretches)?;
    let (unassigned, oldest_unassigned) = sql::unassigned(tx)?;
    let (top_sources, top_sources_exact) = sources::top(tx, range, now)?;
    let (origins, [origin_private, origin_unknown]) = origins(tx, geo, &stretches)?;
    Ok(Overview {
        from: range.from(),
        to: range.to(),
        bucket_seconds: bucket_minutes.saturating_mul(60),
        open_by_severity: alerts::stats_in(tx)?.open_by_severity,
        change_1h: change(tx, now)?,
        unassigned,
        oldest_unassigned,
        oldest_open: sql::oldest_open(tx)?,
        overdue: sql::overdue(tx, now)?,
        time_to_acknowledge: waits(tx, Kind::Acknowledged, &stretches, alerts_in_range)?,
        time_to_resolve: waits(tx, Kind::Resolved, &stretches, alerts_in_range)?,
        events_per_s: events_per_s(tx, now)?,
        severity_over_time,
        top_sources,
        top_sources_exact,
        series_seconds: range.trend().1.minutes().saturating_mul(60),
        origins,
        origin_private,
        origin_unknown,
        latest_critical: sql::latest_critical(tx)?,
        events_total_in_range,
        alerts_in_range,
        resolved_in_range: total(tx, Kind::ResolvedAt, &stretches)?,
    })
}

fn sum(by: BySeverity) -> i64 {
    [by.critical, by.high, by.medium, by.low, by.info]
        .into_iter()
        .sum()
}

fn by_severity(of: impl Fn(Severity) -> i64) -> BySeverity {
    BySeverity {
        critical: of(Severity::Critical),
        high: of(Severity::High),
        medium: of(Severity::Medium),
        low: of(Severity::Low),
        info: of(Severity::Info),
    }
}

/// The sums of a kind, all stretches together.
fn items(
    tx: &mut Tx<'_>,
    kind: Kind,
    stretches: &[Stretch],
) -> Result<BTreeMap<i64, i64>, StoreError> {
    let mut sums = BTreeMap::new();
    for (item, n) in rollups::by_item(tx, kind, stretches)?.found {
        let sum: &mut i64 = sums.entry(item).or_default();
        *sum = sum.saturating_add(n);
    }
    Ok(sums)
}

fn total(tx: &mut Tx<'_>, kind: Kind, stretches: &[Stretch]) -> Result<i64, StoreError> {
    Ok(items(tx, kind, stretches)?.into_values().sum())
}

/// The minute that has begun and the 59 before it.
fn last_hour(now: Timestamp) -> Stretch {
    let to = now.seconds().div_euclid(60).saturating_add(1);
    Stretch {
        span: Span::Minute,
        from: to.saturating_sub(LAST_MINUTES),
        to,
    }
}

fn change(tx: &mut Tx<'_>, now: Timestamp) -> Result<BySeverity, StoreError> {
    let flow = items(tx, Kind::OpenFlow, &[last_hour(now)])?;
    Ok(by_severity(|severity| {
        flow.get(&severity.id()).copied().unwrap_or(0)
    }))
}

fn events_per_s(tx: &mut Tx<'_>, now: Timestamp) -> Result<Vec<f64>, StoreError> {
    let minutes = last_hour(now);
    let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
    for ((minute, _), n) in rollups::by_bucket(tx, Kind::EventSeverity, minutes, 1)? {
        let sum = sums.entry(minute).or_default();
        *sum = sum.saturating_add(n);
    }
    let begun = now.seconds().rem_euclid(60).max(SECONDS_MIN);
    let rates = (0..LAST_MINUTES).map(|minute| {
        let is_last = minute.saturating_add(1) == LAST_MINUTES;
        let seconds = if is_last { begun } else { 60 };
        rate(sums.get(&minute).copied().unwrap_or(0), seconds)
    });
    Ok(rates.collect())
}

/// Events a second, to two decimals.
fn rate(events: i64, seconds: i64) -> f64 {
    let hundredths = events.saturating_mul(100) / seconds.max(1);
    // Exact up to 2^32 hundredths, which is 43 million events a second.
    f64::from(u32::try_from(hundredths.max(0)).unwrap_or(u32::MAX)) / 100.0
}

fn severity_over_time(
    tx: &mut Tx<'_>,
    range: Range,
    bucket_minutes: i64,
) -> Result<Vec<Bucket>, StoreError> {
    let chart = range.chart(bucket_minutes);
    let sums: BTreeMap<(i64, i64), i64> =
        rollups::by_bucket(tx, Kind::EventSeverity, chart, bucket_minutes)?
            .into_iter()
            .collect();
    let length = chart.to.saturating_sub(chart.from);
    let buckets = length.saturating_add(bucket_minutes).saturating_sub(1) / bucket_minutes.max(1);
    let micros = |bucket: i64| {
        let minute = bucket
            .saturating_mul(bucket_minutes)
            .saturating_add(chart.from);
        minute.saturating_mul(60_000_000)
    };
    let found = (0..buckets).map(|bucket| Bucket {
        from: Timestamp::from_micros(micros(bucket)),
        by_severity: by_severity(|severity| {
            sums.get(&(bucket, severity.id())).copied().unwrap_or(0)
        }),
    });
    Ok(found.collect())
}

/// How long the alerts raised in range waited; those that still do are `pending`.
fn waits(
    tx: &mut Tx<'_>,
    kind: Kind,
    stretches: &[Stretch],
    raised: i64,
) -> Result<Waits, StoreError> {
    let mut durations = Durations::default();
    for (bucket, n) in items(tx, kind, stretches)? {
        durations.add(bucket, n);
    }
    let n = durations.count();
    Ok(Waits {
        median_s: durations.percentile(50),
        p90_s: durations.percentile(90),
        n,
        pending: raised.saturating_sub(n),
    })
}

/// Events and alerts by country, and those of private and of unknown addresses.
fn origins(
    tx: &mut Tx<'_>,
    geo: &GeoDb,
    stretches: &[Stretch],
) -> Result<(Vec<OriginFigures>, [Tally; 2]), StoreError> {
    let mut all: BTreeMap<i64, Tally> = BTreeMap::new();
    for (item, n) in items(tx, Kind::EventOrigin, stretches)? {
        all.entry(item).or_default().events = n;
    }
    for (item, n) in items(tx, Kind::AlertOrigin, stretches)? {
        all.entry(item).or_default().alerts = n;
    }
    let (mut countries, mut private, mut unknown) =
        (Vec::new(), Tally::default(), Tally::default());
    for (item, tally) in all {
        match Origin::from_item(item) {
            Origin::Nowhere => private = tally,
            Origin::Unknown => unknown = tally,
            Origin::Country(_) if tally == Tally::default() => {}
            Origin::Country(code) => countries.push(country(geo, code, tally)),
        }
    }
    countries.sort_by_key(|it| Reverse((it.tally.alerts, it.tally.events)));
    Ok((countries, [private, unknown]))
}

fn country(geo: &GeoDb, code: [u8; 2], tally: Tally) -> OriginFigures {
    let country = String::from_utf8_lossy(&code).into_owned();
    let known = geo.country(&country).unwrap_or_default();
    OriginFigures {
        name: known.country.unwrap_or_else(|| country.clone()),
        country,
        latitude: known.latitude,
        longitude: known.longitude,
        tally,
    }
}
