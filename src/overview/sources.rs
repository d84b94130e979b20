//! The sources that report the most.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use base::Timestamp;
use store::{StoreError, Tx};

use super::model::{SourceFigures, Tally};
use super::range::Range;
use super::sql;
use crate::rollups::{self, Kind};

/// Sources listed.
const TOP: usize = 10;
/// Sources considered for their alerts: more than are listed, for equal ones rank by events.
const CANDIDATES: usize = 200;

/// What is known of a source so far.
#[derive(Debug, Default)]
struct Found {
    tally: Tally,
    /// Its events by the start of each part, in minutes since 1970.
    trend: BTreeMap<i64, i64>,
}

/// The sources with the most alerts, then events; and whether every sum was read.
pub(super) fn top(
    tx: &mut Tx<'_>,
    range: Range,
    now: Timestamp,
) -> Result<(Vec<SourceFigures>, bool), StoreError> {
    let stretches = range.stretches(now);
    let (starts, span) = range.trend();
    let mut all: BTreeMap<i64, Found> = BTreeMap::new();
    let alerts = rollups::by_item(tx, Kind::AlertSource, &stretches)?;
    for (source, n) in candidates(alerts.found) {
        all.entry(source).or_default().tally.alerts = n;
    }
    let ids: Vec<i64> = all.keys().copied().collect();
    let (events, exact) = sql::events_of_sources(tx, &stretches, span, &ids)?;
    for part in events {
        let found = all.entry(part.source).or_default();
        found.tally.events = found.tally.events.saturating_add(part.events);
        let sum = found.trend.entry(part.start).or_default();
        *sum = sum.saturating_add(part.events);
    }
    let mut ranked: Vec<(i64, Found)> = all
        .into_iter()
        .filter(|(_, found)| found.tally.events > 0 || found.tally.alerts > 0)
        .collect();
    let rank = |tally: Tally| Reverse((tally.alerts, tally.events));
    ranked.sort_by_key(|(source, found)| (rank(found.tally), *source));
    ranked.truncate(TOP);
    let ids: Vec<i64> = ranked.iter().map(|(source, _)| *source).collect();
    let names: BTreeMap<i64, String> = sql::source_names(tx, &ids)?.into_iter().collect();
    let figures = ranked.into_iter().map(|(id, found)| SourceFigures {
        source: names.get(&id).cloned().unwrap_or_default(),
        tally: found.tally,
        series: starts
            .iter()
            .map(|start| found.trend.get(start).copied().unwrap_or(0))
            .collect(),
    });
    Ok((figures.collect(), alerts.exact && exact))
}

/// Of the alerts by source and stretch those of the sources with the most.
fn candidates(found: Vec<(i64, i64)>) -> Vec<(i64, i64)> {
    let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
    for (source, n) in found {
        let sum = sums.entry(source).or_default();
        *sum = sum.saturating_add(n);
    }
    let mut sums: Vec<(i64, i64)> = sums.into_iter().filter(|(_, n)| *n > 0).collect();
    sums.sort_by_key(|(source, n)| (Reverse(*n), *source));
    sums.truncate(CANDIDATES);
    sums
}
