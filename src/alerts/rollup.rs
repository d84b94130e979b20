//! What alerts add to the rollups: a sum of each alert as it stands, moved when it changes.
//!
//! All but the flow of OPEN ones follows from the alert's row alone, so that reopening, undoing
//! and deleting leave the sums as if the steps in between had never been taken.

use std::net::IpAddr;

use base::Timestamp;
use store::{StoreError, Tx};

use super::model::{AlertState, AlertStatus};
use super::raise::{NewAlert, PEOPLE};
use crate::geo::GeoDb;
use crate::rollups::{Durations, Kind, Origin, Rollup};

/// Where an alert belongs: its source, and the origin of its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    source: i64,
    origin: Origin,
}

impl Place {
    /// From what the alert's row says of it.
    pub(super) fn new(source: i64, country: Option<&str>, address: Option<&str>) -> Self {
        let is_nowhere = || address.and_then(|it| it.parse::<IpAddr>().ok());
        Self {
            source,
            origin: Origin::new(
                country,
                country.is_none() && is_nowhere().is_some_and(GeoDb::is_nowhere),
            ),
        }
    }

    fn add(self, rollup: &mut Rollup, raised_at: Timestamp, n: i64) {
        rollup.add(Kind::AlertSource, raised_at, self.source, n);
        rollup.add(Kind::AlertOrigin, raised_at, self.origin.item(), n);
    }
}

/// Counts alerts raised now.
pub(super) fn raised(
    tx: &mut Tx<'_>,
    shard: i64,
    now: Timestamp,
    alerts: &[NewAlert<'_>],
) -> Result<(), StoreError> {
    let mut rollup = Rollup::new();
    for alert in alerts {
        let severity = alert.severity.id();
        rollup.add(Kind::AlertSeverity, now, severity, 1);
        rollup.add(Kind::OpenFlow, now, severity, 1);
        Place::new(alert.source_id, alert.country, alert.ip_address).add(&mut rollup, now, 1);
    }
    rollup.write(tx, shard)
}

/// Moves what a changed alert adds.
pub(super) fn changed(
    tx: &mut Tx<'_>,
    now: Timestamp,
    before: &AlertState,
    after: &AlertState,
) -> Result<(), StoreError> {
    let mut rollup = Rollup::new();
    add_state(&mut rollup, now, before, -1);
    add_state(&mut rollup, now, after, 1);
    rollup.write(tx, PEOPLE)
}

/// The same for many alerts at once, each as it was and as it is.
pub(super) fn changed_all(
    tx: &mut Tx<'_>,
    now: Timestamp,
    changed: &[(AlertState, AlertState)],
) -> Result<(), StoreError> {
    let mut rollup = Rollup::new();
    for (before, after) in changed {
        add_state(&mut rollup, now, before, -1);
        add_state(&mut rollup, now, after, 1);
    }
    rollup.write(tx, PEOPLE)
}

/// Moves an alert to another source or origin, if it is another.
pub(super) fn relocated(
    tx: &mut Tx<'_>,
    raised_at: Timestamp,
    before: Place,
    after: Place,
) -> Result<(), StoreError> {
    if before == after {
        return Ok(());
    }
    let mut rollup = Rollup::new();
    before.add(&mut rollup, raised_at, -1);
    after.add(&mut rollup, raised_at, 1);
    rollup.write(tx, PEOPLE)
}

/// Takes away what a deleted alert added.
pub(super) fn withdrawn(
    tx: &mut Tx<'_>,
    now: Timestamp,
    alert: &AlertState,
    place: Place,
) -> Result<(), StoreError> {
    withdrawn_all(tx, now, &[(alert.clone(), place)])
}

/// The same for many alerts at once.
pub(super) fn withdrawn_all(
    tx: &mut Tx<'_>,
    now: Timestamp,
    alerts: &[(AlertState, Place)],
) -> Result<(), StoreError> {
    let mut rollup = Rollup::new();
    for (alert, place) in alerts {
        add_state(&mut rollup, now, alert, -1);
        place.add(&mut rollup, alert.created_at, -1);
    }
    rollup.write(tx, PEOPLE)
}

fn add_state(rollup: &mut Rollup, now: Timestamp, alert: &AlertState, n: i64) {
    let (raised_at, severity) = (alert.created_at, alert.severity.id());
    rollup.add(Kind::AlertSeverity, raised_at, severity, n);
    if alert.status == AlertStatus::Open {
        rollup.add(Kind::OpenFlow, now, severity, n);
    }
    // Resolving what nobody had acknowledged acknowledges it, as the due times have it.
    if let Some(at) = alert.acknowledged_at.or(alert.resolved_at) {
        let bucket = Durations::bucket(at.since(raised_at));
        rollup.add(Kind::Acknowledged, raised_at, bucket, n);
    }
    if let Some(at) = alert.resolved_at {
        let bucket = Durations::bucket(at.since(raised_at));
        rollup.add(Kind::Resolved, raised_at, bucket, n);
        rollup.add(Kind::ResolvedAt, at, severity, n);
    }
}
