//! Events by severity over time: stacked bars, 1,000 units high, and the table they are drawn
//! from.

use base::Timestamp;

use super::links;
use super::span::Span;
use crate::alerts::BySeverity;
use crate::dashboard::format;
use crate::overview::{Bucket, Overview};

/// Height of the tallest bar in units.
const HEIGHT: i64 = 1_000;
/// Least height of a part that is not empty, so that one CRITICAL event among thousands is seen.
const PART_MIN: i64 = 18;
/// Width of a bar with the gap after it, in units.
const STEP: i64 = 10;

/// The chart.
pub(super) struct Chart {
    /// Units from the first bar to the end of the last.
    pub(super) width: i64,
    pub(super) bars: Vec<Bar>,
    pub(super) marks: Vec<Mark>,
    /// The number at the top of the scale, and half of it.
    pub(super) top: i64,
    pub(super) half: i64,
    pub(super) legend: Vec<Legend>,
    pub(super) from: Timestamp,
    pub(super) bucket_seconds: i64,
    /// What is said of the whole.
    pub(super) label: String,
}

/// A stretch of time.
pub(super) struct Bar {
    /// Units from the left.
    pub(super) x: i64,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// When, in words.
    pub(super) when: String,
    /// How many of what, in words.
    pub(super) what: String,
    /// Its events.
    pub(super) href: String,
    pub(super) parts: Vec<Part>,
    pub(super) counts: [i64; 5],
    pub(super) total: i64,
}

/// The events of one severity within a bar.
pub(super) struct Part {
    pub(super) class: &'static str,
    pub(super) y: i64,
    pub(super) height: i64,
}

/// A mark of the time axis.
pub(super) struct Mark {
    /// Percent of the width, to one decimal.
    pub(super) x: String,
    /// Whether the `middle` or the `end` of its text stands at it.
    pub(super) anchor: &'static str,
    pub(super) at: Timestamp,
    pub(super) text: String,
}

/// A severity with all its events.
pub(super) struct Legend {
    pub(super) severity: base::Severity,
    pub(super) count: i64,
    pub(super) href: String,
}

/// Worst first: it stands at the foot of a bar, where its growth is seen best.
const CLASSES: [&str; 5] = ["critical", "high", "medium", "low", "info"];
const WORDS: [&str; 5] = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO"];
const SEVERITIES: [base::Severity; 5] = [
    base::Severity::Critical,
    base::Severity::High,
    base::Severity::Medium,
    base::Severity::Low,
    base::Severity::Info,
];

const fn counts(of: BySeverity) -> [i64; 5] {
    [of.critical, of.high, of.medium, of.low, of.info]
}

/// The chart of the figures.
pub(super) fn chart(found: &Overview, span: Span, now: Timestamp) -> Chart {
    // The hour that has begun ends ahead; bars that cannot have anything yet are left out.
    let begun = |it: &&Bucket| it.from <= now;
    let buckets: Vec<&Bucket> = found.severity_over_time.iter().filter(begun).collect();
    let most = buckets.iter().map(|it| sum(it)).max().unwrap_or(0);
    let half = half_of_scale(most);
    let top = half.saturating_mul(2);
    let length = found.bucket_seconds;
    let mut totals = [0_i64; 5];
    for bucket in &buckets {
        for (total, n) in totals.iter_mut().zip(counts(bucket.by_severity)) {
            *total = total.saturating_add(n);
        }
    }
    let count = i64::try_from(buckets.len()).unwrap_or(1).max(1);
    let bars = buckets.iter().zip(0_i64..);
    let bars = bars.map(|(it, n)| bar(it, n, length, top)).collect();
    Chart {
        width: count.saturating_mul(STEP),
        bars,
        marks: marks(found, span, count),
        top,
        half,
        legend: legend(totals, &found.from.to_string()),
        from: found.from,
        bucket_seconds: length,
        label: format!(
            "Events by severity, the last {}: {}",
            span.said(),
            words(totals)
        ),
    }
}

fn sum(bucket: &Bucket) -> i64 {
    counts(bucket.by_severity).iter().sum()
}

/// Half of the scale's end: 1 to 5 with noughts, so that twice it holds every bar.
fn half_of_scale(most: i64) -> i64 {
    let mut unit = 1_i64;
    loop {
        for step in 1..=5 {
            let half = unit.saturating_mul(step);
            if half.saturating_mul(2) >= most {
                return half;
            }
        }
        unit = unit.saturating_mul(10);
    }
}

/// `12 events: 3 CRITICAL, 9 INFO`.
fn words(of: [i64; 5]) -> String {
    let total: i64 = of.iter().sum();
    let named = of.iter().zip(WORDS).filter(|(n, _)| **n > 0);
    let parts: Vec<String> = named
        .map(|(n, word)| format!("{} {word}", format::number(&n.to_string())))
        .collect();
    match total {
        0 => "no events".to_owned(),
        1 => format!("1 event: {}", parts.join(", ")),
        _ => format!(
            "{} events: {}",
            format::number(&total.to_string()),
            parts.join(", ")
        ),
    }
}

fn bar(bucket: &Bucket, place: i64, length: i64, top: i64) -> Bar {
    let of = counts(bucket.by_severity);
    let seconds = std::time::Duration::from_secs(u64::try_from(length).unwrap_or(0));
    let to = bucket.from.plus(seconds);
    let (from_text, to_text) = (bucket.from.to_string(), to.to_string());
    Bar {
        x: place.saturating_mul(STEP),
        from: bucket.from,
        to,
        when: when(bucket.from, to),
        what: words(of),
        href: links::events(&[("from", &from_text), ("to", &to_text)]).to_string(),
        parts: parts(of, top),
        counts: of,
        total: of.iter().sum(),
    }
}

/// `2026-11-20 14:00 to 14:30 UTC`.
fn when(from: Timestamp, to: Timestamp) -> String {
    let (from, to) = (format::instant(from), format::instant(to));
    let date = |text: &str| text.get(..10).unwrap_or_default().to_owned();
    let minute = |text: &str| text.get(11..16).unwrap_or_default().to_owned();
    let day = if date(&from) == date(&to) {
        String::new()
    } else {
        format!("{} ", date(&to))
    };
    format!(
        "{} {} to {day}{} UTC",
        date(&from),
        minute(&from),
        minute(&to)
    )
}

fn parts(of: [i64; 5], top: i64) -> Vec<Part> {
    let mut heights = of.map(|n| {
        let exact = n.saturating_mul(HEIGHT) / top.max(1);
        if n > 0 { exact.max(PART_MIN) } else { 0 }
    });
    // What the least heights added is taken from the largest part.
    let excess = heights.iter().sum::<i64>().saturating_sub(HEIGHT);
    if excess > 0
        && let Some(largest) = heights.iter_mut().max()
    {
        *largest = largest.saturating_sub(excess);
    }
    let mut y = HEIGHT;
    let stacked = heights.into_iter().zip(CLASSES).map(|(height, class)| {
        y = y.saturating_sub(height);
        Part { class, y, height }
    });
    stacked.filter(|part| part.height > 0).collect()
}

fn legend(totals: [i64; 5], from: &str) -> Vec<Legend> {
    let all = SEVERITIES.into_iter().zip(totals);
    all.map(|(severity, count)| Legend {
        severity,
        count,
        href: links::events(&[("severity", severity.word()), ("from", from)]).to_string(),
    })
    .collect()
}

fn marks(found: &Overview, span: Span, bars: i64) -> Vec<Mark> {
    let length = found.bucket_seconds;
    let whole = bars.saturating_mul(length).max(1);
    let (from, every) = (found.from.seconds(), span.mark_seconds());
    let first = from.saturating_add(every - 1).div_euclid(every);
    let places = (0..12).map(|n| (first + n).saturating_mul(every));
    let last = from.saturating_add(whole);
    places
        .take_while(|at| *at <= last)
        .map(|at| {
            let permille = (at - from).saturating_mul(1_000) / whole;
            let at = Timestamp::from_micros(at.saturating_mul(1_000_000));
            Mark {
                x: format!("{}.{}", permille / 10, permille % 10),
                anchor: if permille < 960 { "middle" } else { "end" },
                at,
                text: mark_text(at, span.marks_days()),
            }
        })
        .collect()
}

/// `20 Nov` or `14:00`.
fn mark_text(at: Timestamp, day: bool) -> String {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let text = format::instant(at);
    if !day {
        return text.get(11..16).unwrap_or_default().to_owned();
    }
    let number = |from: usize| {
        text.get(from..from + 2)
            .and_then(|it| it.parse::<usize>().ok())
    };
    let month = number(5).and_then(|it| MONTHS.get(it.saturating_sub(1)));
    format!("{} {}", number(8).unwrap_or(0), month.unwrap_or(&""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn the_scale_holds_every_bar() {
        for most in [0, 1, 2, 3, 9, 11, 100, 101, 4_999, 1_000_001] {
            let half = half_of_scale(most);
            assert!(
                half * 2 >= most && (half == 1 || half * 2 < most * 3),
                "{most}"
            );
        }
    }

    #[test]
    fn a_single_event_among_thousands_is_seen_and_nothing_leaves_the_chart() {
        let stacked = parts([1, 0, 1, 1, 20_000], 20_000);
        let heights: Vec<i64> = stacked.iter().map(|it| it.height).collect();
        assert_eq!(
            heights,
            [PART_MIN, PART_MIN, PART_MIN, HEIGHT - 3 * PART_MIN]
        );
        assert_eq!(stacked.last().map(|it| it.y), Some(0));
        assert!(parts([0; 5], 10).is_empty());
    }

    #[test]
    fn times_are_as_short_as_they_can_be() {
        let from = at("2026-11-20T14:00:00Z");
        assert_eq!(
            when(from, at("2026-11-20T14:30:00Z")),
            "2026-11-20 14:00 to 14:30 UTC"
        );
        assert_eq!(
            when(from, at("2026-11-21T02:00:00Z")),
            "2026-11-20 14:00 to 2026-11-21 02:00 UTC"
        );
        assert_eq!(mark_text(from, true), "20 Nov");
        assert_eq!(mark_text(from, false), "14:00");
        assert_eq!(words([3, 0, 0, 0, 9]), "12 events: 3 CRITICAL, 9 INFO");
        assert_eq!(words([0; 5]), "no events");
    }
}
