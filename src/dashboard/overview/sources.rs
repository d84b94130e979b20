//! The sources with the most alerts.

use super::span::Span;
use super::{links, tiles};
use crate::overview::{Overview, SourceFigures};

/// A source.
pub(super) struct SourceRow {
    pub(super) name: String,
    pub(super) alerts: i64,
    pub(super) events: i64,
    pub(super) alerts_href: String,
    pub(super) events_href: String,
    /// The points of a line, 100 units wide and 24 high; none where there would be two.
    pub(super) line: Option<String>,
    /// What is said of the line.
    pub(super) trend: String,
}

/// The sources of the figures.
pub(super) fn rows(found: &Overview, span: Span, from: &str) -> Vec<SourceRow> {
    let unit = if found.series_seconds > 3_600 {
        "a day"
    } else {
        "an hour"
    };
    let sources = found.top_sources.iter();
    let has_line = span != Span::Hour;
    sources.map(|it| row(it, from, has_line, unit)).collect()
}

fn row(it: &SourceFigures, from: &str, has_line: bool, unit: &str) -> SourceRow {
    let terms = [("source", it.source.as_str()), ("from", from)];
    let most = it.series.iter().max().copied().unwrap_or(0);
    let values = it.series.iter();
    let values: Vec<f64> = values
        .map(|n| f64::from(u32::try_from(*n).unwrap_or(0)))
        .collect();
    SourceRow {
        alerts: it.tally.alerts,
        events: it.tally.events,
        alerts_href: links::alerts(&terms).to_string(),
        events_href: links::events(&terms).to_string(),
        line: has_line.then(|| tiles::line(&values, 100.0)),
        trend: format!("at most {most} events {unit}"),
        name: it.source.clone(),
    }
}
