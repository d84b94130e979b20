//! What lines of programs begin with: a time, and the level soon after it.

use base::{Severity, Timestamp};

use super::super::severity::log_level;
use super::moment;

/// Longest time, in bytes.
const TIME_MAX: usize = 40;
/// Bytes in which a level is looked for.
const LEVEL_WITHIN: usize = 96;

/// The time a line begins with, in brackets or not.
pub(super) fn time(line: &str, now: Timestamp) -> Option<Timestamp> {
    let bytes = line.as_bytes();
    if bytes.first() == Some(&b'[') {
        let end = bytes.iter().take(TIME_MAX).position(|byte| *byte == b']')?;
        return moment::written(line.get(1..end)?, now);
    }
    // `2026-11-20 17:24:10.123`, with a `T`, slashes, a comma, and whatever follows.
    let digits = |range: std::ops::Range<usize>| {
        bytes
            .get(range)
            .is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let is = |at: usize, marks: &[u8]| bytes.get(at).is_some_and(|byte| marks.contains(byte));
    let is_time = digits(0..4)
        && is(4, b"-/")
        && digits(5..7)
        && is(7, b"-/")
        && digits(8..10)
        && is(10, b" T")
        && is(13, b":")
        && is(16, b":");
    if !is_time {
        return None;
    }
    let rest = bytes.get(17..)?;
    let more = rest.iter().take(20).position(|byte| {
        !(byte.is_ascii_digit() || matches!(byte, b'.' | b',' | b'Z' | b'+' | b':' | b'-'))
    });
    let end = more
        .unwrap_or_else(|| rest.len().min(20))
        .saturating_add(17);
    let (text, behind) = line.split_at_checked(end)?;
    // `2026-11-20 17:24:10.123 +01:00`
    let zone = behind.get(..7).filter(|zone| {
        let zone = zone.as_bytes();
        matches!(zone, [b' ', b'+' | b'-', a, b, b':', c, d] if [a, b, c, d].iter().all(|it| it.is_ascii_digit()))
    });
    let with_zone = zone.map(|zone| format!("{text}{zone}"));
    moment::written(
        with_zone
            .as_deref()
            .unwrap_or(text)
            .trim_end_matches([':', ',', '-']),
        now,
    )
}

/// The level near the beginning of a line: a word in capitals, or one in brackets or between bars.
pub(super) fn level(line: &str) -> Option<(&str, Severity)> {
    let head = line.get(..LEVEL_WITHIN).unwrap_or(line);
    let mut before = ' ';
    for word in head
        .split_inclusive(|c: char| !c.is_ascii_alphabetic())
        .take(24)
    {
        let bare = word.trim_end_matches(|c: char| !c.is_ascii_alphabetic());
        let marked = matches!(before, '[' | '|' | '<');
        before = word.chars().last().unwrap_or(' ');
        let loud = bare.len() >= 4 && bare.bytes().all(|byte| byte.is_ascii_uppercase());
        if !(3..=11).contains(&bare.len()) || !(loud || marked) {
            continue;
        }
        let found = log_level(bare).or_else(|| match bare.to_ascii_lowercase().as_str() {
            "wrn" => Some(Severity::Low),
            "ftl" => Some(Severity::Medium),
            "inf" | "dbg" => Some(Severity::Info),
            _ => None,
        });
        // `HTTP` and `OK` are levels of some, but here they are words.
        if let Some(severity) =
            found.filter(|_| !matches!(bare, "HTTP" | "http" | "OK" | "ALERT" | "PANIC"))
        {
            return Some((bare, severity));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_a_line_begins_with_is_read() {
        let now = Timestamp::parse("2026-11-20T18:00:00Z").unwrap();
        let expected = Timestamp::parse("2026-11-20T17:24:10Z").unwrap();
        for line in [
            "2026-11-20 17:24:10 [error] x",
            "2026/11/20 17:24:10.000 [error] x",
            "2026-11-20 17:24:10,000 1 INFO x",
            "2026-11-20T17:24:10Z warn x",
            "2026-11-20 18:24:10.000 +01:00 [WRN] x",
            "[2026-11-20 17:24:10.000] ERROR: x",
            "[Fri Nov 20 17:24:10.000000 2026] [error] x",
            "2026-11-20 17:24:10: x",
        ] {
            assert_eq!(time(line, now), Some(expected), "{line}");
        }
        for line in [
            "",
            "[",
            "[x]",
            "2026",
            "2026-11-20",
            "2026-11-20 xx:yy:zz",
            "20é6-11-20 17:24:10",
        ] {
            assert_eq!(time(line, now), None, "{line}");
        }
    }

    #[test]
    fn a_level_is_a_word_that_stands_out() {
        for (line, expected) in [
            (
                "2026-11-20 17:24:10 [error] x",
                Some(("error", Severity::Medium)),
            ),
            ("[2026-11-20] ERROR: x", Some(("ERROR", Severity::Medium))),
            ("2026-11-20 +01:00 [WRN] x", Some(("WRN", Severity::Low))),
            ("2026-11-20|Warn|Auth|x", Some(("Warn", Severity::Low))),
            ("1 INFO odoo x", Some(("INFO", Severity::Info))),
            ("an error in a sentence", None),
            ("HTTP OK", None),
        ] {
            assert_eq!(level(line), expected, "{line}");
        }
    }
}
