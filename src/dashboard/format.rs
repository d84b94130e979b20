//! Values as people read them.

use askama::filters::Safe;
use base::{Severity, Timestamp};

use super::assets;
use crate::alerts::AlertStatus;

/// A severity: a filled shape and its word, so that neither colour nor shape stands alone.
pub(super) fn severity(severity: Severity) -> Safe<String> {
    let word = severity.word();
    let class = word.to_ascii_lowercase();
    let Safe(icon) = assets::icon(&class);
    Safe(format!(
        "<span class=\"severity severity-{class}\">{icon}<span>{word}</span></span>"
    ))
}

/// A status: an outline and its word.
pub(super) fn status(status: AlertStatus) -> Safe<String> {
    let (class, word) = match status {
        AlertStatus::Open => ("open", "Open"),
        AlertStatus::Acknowledged => ("acknowledged", "Acknowledged"),
        AlertStatus::Resolved => ("resolved", "Resolved"),
    };
    let Safe(icon) = assets::icon(class);
    Safe(format!(
        "<span class=\"status status-{class}\">{icon}<span>{word}</span></span>"
    ))
}

/// `2026-11-20 17:02:11 UTC`.
pub(super) fn instant(at: Timestamp) -> String {
    let text = at.to_string();
    let (date, time) = text.split_once('T').unwrap_or((&text, ""));
    let time = time.get(..8).unwrap_or(time);
    format!("{date} {time} UTC")
}

/// A moment as an element.
pub(super) fn time(at: Timestamp) -> Safe<String> {
    let shown = instant(at);
    Safe(format!("<time datetime=\"{at}\" data-time>{shown}</time>"))
}

/// How long ago a moment was, as an element that says the moment itself as well.
pub(super) fn ago(at: Timestamp, now: Timestamp) -> Safe<String> {
    let shown = instant(at);
    let ago = age(now.since(at).as_secs());
    Safe(format!(
        "<time datetime=\"{at}\" data-ago title=\"{shown}\">{ago}</time>"
    ))
}

/// Seconds in one unit: `12 s`, `4 min`, `3 h`, `9 d`.
pub(super) fn age(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// Seconds in up to two units: `3 min 10 s`.
pub(super) fn duration(seconds: f64) -> String {
    let whole = std::time::Duration::try_from_secs_f64(seconds.round())
        .unwrap_or_default()
        .as_secs();
    let two = |unit: u64, name: &str, smaller: u64, smaller_name: &str| {
        let rest = whole % unit / smaller;
        if rest == 0 {
            format!("{} {name}", whole / unit)
        } else {
            format!("{} {name} {rest} {smaller_name}", whole / unit)
        }
    };
    match whole {
        0..60 => format!("{whole} s"),
        60..3_600 => two(60, "min", 1, "s"),
        3_600..86_400 => two(3_600, "h", 60, "min"),
        _ => two(86_400, "d", 3_600, "h"),
    }
}

/// A whole number in groups of three, set apart by thin spaces that do not break.
pub(super) fn number(digits: &str) -> String {
    let (sign, digits) = digits
        .strip_prefix('-')
        .map_or(("", digits), |rest| ("−", rest));
    let (whole, rest) = digits
        .split_once('.')
        .map_or((digits, None), |(a, b)| (a, Some(b)));
    let mut shown = String::from(sign);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            shown.push('\u{202f}');
        }
        shown.push(digit);
    }
    if let Some(rest) = rest {
        shown.push('.');
        shown.push_str(rest);
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_said_as_people_say_them() {
        assert_eq!(number("1234567"), "1\u{202f}234\u{202f}567");
        assert_eq!(number("-999"), "−999");
        assert_eq!(number("1000.5"), "1\u{202f}000.5");
        assert_eq!(duration(190.0), "3 min 10 s");
        assert_eq!(duration(3_600.0), "1 h");
        assert_eq!(duration(12_000.0), "3 h 20 min");
        assert_eq!(age(59), "59 s");
        assert_eq!(age(7_200), "2 h");
        let at = Timestamp::parse("2026-11-20T17:02:11.5Z").unwrap();
        assert_eq!(instant(at), "2026-11-20 17:02:11 UTC");
    }
}
