//! The row of figures at the top: each one link that reads as a sentence.

use base::Timestamp;

use super::links;
use super::span::Span;
use crate::dashboard::address::Address;
use crate::dashboard::format;
use crate::overview::{AtLeast, Overview, Waits};

/// A figure.
pub(super) struct Tile {
    /// What the element is called.
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) icon: &'static str,
    /// `none` when there is nothing to be shown.
    pub(super) value: String,
    pub(super) unit: &'static str,
    pub(super) notes: Vec<String>,
    pub(super) href: String,
    /// The number that is written anew as it changes: a severity, or `rate`.
    pub(super) live: &'static str,
    /// The points of a line, 120 units wide and 24 high.
    pub(super) line: Option<String>,
    /// `critical` or `high` while that many are open, else nothing.
    pub(super) tone: &'static str,
}

/// The six figures.
pub(super) fn all(found: &Overview, span: Span, now: Timestamp) -> Vec<Tile> {
    vec![
        critical(found),
        high(found),
        unassigned(found, now),
        acknowledge(found),
        resolve(found),
        rate(found, span),
    ]
}

fn number(n: i64) -> String {
    format::number(&n.to_string())
}

/// `2 more than an hour ago`.
fn change(by: i64) -> String {
    let shown = number(by.saturating_abs());
    match by {
        0 => "as many as an hour ago".to_owned(),
        1.. => format!("{shown} more than an hour ago"),
        _ => format!("{shown} fewer than an hour ago"),
    }
}

fn open(severity: &str) -> String {
    links::alerts(&[("status", "OPEN"), ("severity", severity)]).to_string()
}

fn critical(found: &Overview) -> Tile {
    let n = found.open_by_severity.critical;
    Tile {
        id: "tile-critical",
        name: "Critical",
        icon: "critical",
        value: number(n),
        unit: "open",
        notes: vec![change(found.change_1h.critical)],
        href: open("CRITICAL"),
        live: "CRITICAL",
        line: None,
        tone: if n > 0 { "critical" } else { "" },
    }
}

fn high(found: &Overview) -> Tile {
    let n = found.open_by_severity.high;
    Tile {
        id: "tile-high",
        name: "High",
        icon: "high",
        value: number(n),
        unit: "open",
        notes: vec![change(found.change_1h.high)],
        href: open("HIGH"),
        live: "HIGH",
        line: None,
        tone: if n > 0 { "high" } else { "" },
    }
}

/// `9`, or `10 000+`.
fn at_least(it: AtLeast) -> String {
    let more = if it.exact { "" } else { "+" };
    format!("{}{more}", number(it.count))
}

fn waiting() -> Address {
    let terms = [
        ("status", "OPEN"),
        ("status", "ACKNOWLEDGED"),
        ("owner", "none"),
    ];
    links::alerts(&terms).with("sort", "created_at")
}

fn unassigned(found: &Overview, now: Timestamp) -> Tile {
    let oldest = found.oldest_unassigned.map(|it| {
        let waits = now.since(it.created_at).as_secs_f64();
        format!("the oldest for {}", format::duration(waits))
    });
    let mut notes = vec![oldest.unwrap_or_else(|| "every alert has an owner".to_owned())];
    if found.overdue.count > 0 {
        notes.push(format!("{} overdue", at_least(found.overdue)));
    }
    Tile {
        id: "tile-unassigned",
        name: "Unassigned",
        icon: "user",
        value: at_least(found.unassigned),
        unit: "waiting",
        notes,
        href: waiting().to_string(),
        live: "",
        line: None,
        tone: "",
    }
}

/// The median, and what is to be said about it.
fn waits(it: Waits, done: &str) -> (String, Vec<String>) {
    let seconds = |s: i64| format::duration(f64::from(u32::try_from(s).unwrap_or(u32::MAX)));
    let pending = format!("{} not yet {done}", number(it.pending.max(0)));
    match (it.median_s, it.p90_s) {
        (Some(median), Some(p90)) => {
            let within = format!("9 in 10 within {}", seconds(p90));
            let notes = vec!["median".to_owned(), within, pending];
            (seconds(median), notes)
        }
        _ if it.pending > 0 => ("none".to_owned(), vec![pending]),
        _ => ("none".to_owned(), vec!["no alerts in this time".to_owned()]),
    }
}

fn acknowledge(found: &Overview) -> Tile {
    let (value, notes) = waits(found.time_to_acknowledge, "acknowledged");
    let from = found.from.to_string();
    let href = links::alerts(&[("status", "OPEN"), ("from", &from)]).with("sort", "created_at");
    Tile {
        id: "tile-acknowledge",
        name: "Time to acknowledge",
        icon: "clock",
        value,
        unit: "",
        notes,
        href: href.to_string(),
        live: "",
        line: None,
        tone: "",
    }
}

fn resolve(found: &Overview) -> Tile {
    let (value, notes) = waits(found.time_to_resolve, "resolved");
    let from = found.from.to_string();
    let terms = [
        ("status", "OPEN"),
        ("status", "ACKNOWLEDGED"),
        ("from", &from),
    ];
    let href = links::alerts(&terms).with("sort", "created_at");
    Tile {
        id: "tile-resolve",
        name: "Time to resolve",
        icon: "resolved",
        value,
        unit: "",
        notes,
        href: href.to_string(),
        live: "",
        line: None,
        tone: "",
    }
}

/// `0.25`, `3.4`, `128`.
fn rate_text(rate: f64) -> String {
    let text = if rate < 1.0 {
        format!("{rate:.2}")
    } else if rate < 10.0 {
        format!("{rate:.1}")
    } else {
        format!("{rate:.0}")
    };
    let short = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format::number(short)
}

fn rate(found: &Overview, span: Span) -> Tile {
    let rates = &found.events_per_s;
    let last = rates.last().copied().unwrap_or(0.0);
    let total = number(found.events_total_in_range);
    Tile {
        id: "tile-events",
        name: "Events",
        icon: "events",
        value: rate_text(last),
        unit: "per second",
        notes: vec![format!("{total} in the last {}", span.said())],
        href: links::events(&[("from", found.from.to_string().as_str())]).to_string(),
        live: "rate",
        line: Some(line(rates, 120.0)),
        tone: "",
    }
}

/// The points of a line through values, so many units wide and 24 high.
pub(super) fn line(values: &[f64], width: f64) -> String {
    let most = values.iter().copied().fold(0.0, f64::max);
    let last = f64::from(
        u32::try_from(values.len().saturating_sub(1))
            .unwrap_or(1)
            .max(1),
    );
    let points = values.iter().zip(0_u32..).map(|(value, n)| {
        let x = f64::from(n) / last * width;
        let y = if most > 0.0 {
            23.0 - value / most * 22.0
        } else {
            23.0
        };
        format!("{x:.0},{y:.1}")
    });
    points.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_said_as_people_say_them() {
        assert_eq!(change(2), "2 more than an hour ago");
        assert_eq!(change(-1), "1 fewer than an hour ago");
        assert_eq!(rate_text(0.0), "0");
        assert_eq!(rate_text(0.25), "0.25");
        assert_eq!(rate_text(3.04), "3");
        assert_eq!(rate_text(1280.0), "1\u{202f}280");
        assert_eq!(line(&[0.0, 4.0, 2.0], 10.0), "0,23.0 5,1.0 10,12.0");
        assert_eq!(line(&[], 10.0), "");
    }

    #[test]
    fn those_who_wait_are_counted_even_when_nobody_is_done() {
        let none = Waits {
            median_s: None,
            p90_s: None,
            n: 0,
            pending: 3,
        };
        assert_eq!(waits(none, "resolved").1, ["3 not yet resolved"]);
        let some = Waits {
            median_s: Some(190),
            p90_s: Some(720),
            n: 10,
            pending: 9,
        };
        let (value, notes) = waits(some, "acknowledged");
        assert_eq!(value, "3 min 10 s");
        assert_eq!(
            notes,
            ["median", "9 in 10 within 12 min", "9 not yet acknowledged"]
        );
    }
}
