//! What became of records, by source: a bounded number of series, whatever senders call themselves.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::Outcome;

/// Sources with series of their own; the others are counted together.
const SOURCES_MAX: usize = 1_000;
/// Under which name.
const OTHERS: &str = "(others)";

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    source: String,
    outcome: &'static str,
}

/// Counters of records.
#[derive(Debug, Default)]
pub(super) struct SourceMetrics {
    by_source: Family<SourceLabels, Counter>,
    all: Family<Outcome, Counter>,
    /// Rejected records that had to make room.
    pub(super) dropped: Counter,
    told_apart: Mutex<BTreeSet<String>>,
}

impl SourceMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "source_events",
            "Records by source and outcome",
            self.by_source.clone(),
        );
        registry.register("records", "Records by outcome", self.all.clone());
        registry.register(
            "dead_letters_dropped",
            "Rejected records that had to make room for newer ones",
            self.dropped.clone(),
        );
    }

    pub(super) fn add(&self, source: &str, known: bool, outcomes: [(&'static str, u64); 4]) {
        let name = self.name(source, known);
        let mut received = 0_u64;
        for (outcome, n) in outcomes.into_iter().filter(|(_, n)| *n > 0) {
            // A repetition is accepted too, and has been counted with those.
            if outcome != "repeated" {
                received = received.saturating_add(n);
            }
            self.all.get_or_create(&Outcome { outcome }).inc_by(n);
            let labels = SourceLabels {
                source: name.clone(),
                outcome,
            };
            self.by_source.get_or_create(&labels).inc_by(n);
        }
        let outcome = "received";
        self.all
            .get_or_create(&Outcome { outcome })
            .inc_by(received);
    }

    fn name(&self, source: &str, known: bool) -> String {
        let mut told = self
            .told_apart
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if told.contains(source) {
            return source.to_owned();
        }
        if !known || told.len() >= SOURCES_MAX {
            return OTHERS.to_owned();
        }
        told.insert(source.to_owned());
        source.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(metrics: &SourceMetrics, source: &str, outcome: &'static str) -> u64 {
        let source = source.to_owned();
        let labels = SourceLabels { source, outcome };
        metrics.by_source.get_or_create(&labels).get()
    }

    #[test]
    fn the_series_are_bounded() {
        let metrics = SourceMetrics::default();
        let outcomes = [
            ("accepted", 2),
            ("rejected", 1),
            ("throttled", 0),
            ("repeated", 1),
        ];
        metrics.add("stranger", false, outcomes);
        for number in 0..SOURCES_MAX + 10 {
            metrics.add(&format!("s{number}"), true, outcomes);
        }
        metrics.add("s3", false, outcomes);
        assert_eq!(count(&metrics, OTHERS, "accepted"), 22);
        assert_eq!(count(&metrics, "s3", "accepted"), 4);
        assert_eq!(count(&metrics, "s1000", "accepted"), 0);
        let all = |outcome| metrics.all.get_or_create(&Outcome { outcome }).get();
        assert_eq!(
            (all("received"), all("accepted"), all("repeated")),
            (3_036, 2_024, 1_012)
        );
    }
}
