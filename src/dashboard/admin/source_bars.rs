//! What became of a source's records by the hour, as small bars.

use crate::dashboard::format;
use crate::sources::{SourceCounts, SpanCounts};

/// Height of the highest bar, in pixels.
const HEIGHT: i64 = 56;
/// Least height of a part that is not empty: one record among thousands is seen.
const PART_MIN: i64 = 2;

/// A part of a bar, from above.
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) y: i64,
    pub(super) height: i64,
}

/// An hour.
pub(super) struct Bar {
    /// Where it begins, a share of the picture such as `4.16%`.
    pub(super) x: String,
    pub(super) parts: Vec<Part>,
    pub(super) span: SpanCounts,
}

/// The picture.
pub(super) struct Bars {
    pub(super) each: Vec<Bar>,
    /// The width of a bar.
    pub(super) width: String,
    /// Said instead of the picture.
    pub(super) label: String,
    pub(super) total: crate::sources::Tally,
}

/// A share of the picture.
fn percent(part: usize, of: usize) -> String {
    let hundredths = part.saturating_mul(10_000).checked_div(of).unwrap_or(0);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

impl Bars {
    pub(super) fn of(counts: SourceCounts) -> Self {
        let number = counts.spans.len().max(1);
        let most = counts.spans.iter().map(|it| it.tally.received).max();
        let most = most.unwrap_or(0).max(1);
        let total = counts.total;
        let word = |n: i64| format::number(&n.to_string());
        let label = format!(
            "{} records in {number} hours: {} accepted, {} rejected, {} throttled; {} in the \
             busiest hour",
            word(total.received),
            word(total.accepted),
            word(total.rejected),
            word(total.throttled),
            word(most.min(total.received)),
        );
        let bars = counts.spans.into_iter().enumerate().map(|(at, span)| Bar {
            x: percent(at, number),
            parts: parts(&span, most),
            span,
        });
        Self {
            each: bars.collect(),
            // A tenth of it is the gap.
            width: percent(9, number.saturating_mul(10)),
            label,
            total,
        }
    }

    /// The picture's height, in pixels.
    #[expect(clippy::unused_self, reason = "templates ask the picture")]
    pub(super) const fn height(&self) -> i64 {
        HEIGHT
    }
}

/// Accepted at the ground, then throttled, then rejected.
fn parts(span: &SpanCounts, most: i64) -> Vec<Part> {
    let tally = span.tally;
    let kinds = [
        ("accepted", tally.accepted),
        ("throttled", tally.throttled),
        ("rejected", tally.rejected),
    ];
    let mut ground = HEIGHT;
    let mut parts = Vec::new();
    for (class, n) in kinds.into_iter().filter(|(_, n)| *n > 0) {
        let height = n.saturating_mul(HEIGHT).checked_div(most).unwrap_or(0);
        let height = height.max(PART_MIN).min(ground);
        ground = ground.saturating_sub(height);
        parts.push(Part {
            class,
            y: ground,
            height,
        });
    }
    parts
}

#[cfg(test)]
mod tests {
    use base::Timestamp;

    use super::*;
    use crate::sources::{CountsBy, Tally};

    #[test]
    fn every_part_is_seen_and_none_leaves_the_picture() {
        let tally = |accepted: i64, rejected: i64| Tally {
            received: accepted + rejected,
            accepted,
            rejected,
            ..Tally::default()
        };
        let span = |hour: i64, tally| SpanCounts {
            start: Timestamp::from_millis(hour * 3_600_000),
            tally,
        };
        let bars = Bars::of(SourceCounts {
            by: CountsBy::Hour,
            spans: vec![span(0, tally(100_000, 1)), span(1, tally(0, 0))],
            total: tally(100_000, 1),
        });
        assert_eq!(
            (bars.each[1].x.as_str(), bars.width.as_str()),
            ("50.00%", "45.00%")
        );
        let first = &bars.each[0].parts;
        assert_eq!(first.len(), 2);
        assert!(
            first
                .iter()
                .all(|part| part.y >= 0 && part.y + part.height <= HEIGHT)
        );
        assert!(bars.each[1].parts.is_empty());
        assert!(
            bars.label.starts_with("100\u{202f}001 records in 2 hours"),
            "{}",
            bars.label
        );
        let empty = Bars::of(SourceCounts {
            by: CountsBy::Hour,
            spans: Vec::new(),
            total: Tally::default(),
        });
        assert!(empty.each.is_empty());
    }
}
