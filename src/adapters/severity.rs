//! How bad it is, from the words and numbers senders use.
//!
//! A log level is no threat level: a daemon that cannot write its file is an `error`, and nobody is
//! to be woken for it. Levels therefore end at MEDIUM ([`log_level`], [`syslog`], [`otlp`]); words
//! that mean a threat ([`threat`]) keep their meaning. `docs/fields.md` has the tables.

use base::Severity::{self, Critical, High, Info, Low, Medium};

/// A word for a threat: our own five, and what detectors call them.
#[must_use]
pub(super) fn threat(word: &str) -> Option<Severity> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "info" | "informational" | "information" | "none" => Info,
        "low" | "minor" => Low,
        "medium" | "moderate" => Medium,
        "high" | "major" | "severe" | "important" => High,
        "critical" | "fatal" | "very-high" | "very high" | "urgent" => Critical,
        _ => return None,
    })
}

/// A word for the level of a log line; at most MEDIUM.
#[must_use]
pub(super) fn log_level(word: &str) -> Option<Severity> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "emerg" | "emergency" | "panic" | "alert" | "crit" | "critical" | "fatal" | "err"
        | "error" | "severe" => Medium,
        "warn" | "warning" => Low,
        "notice" | "info" | "information" | "informational" | "debug" | "trace" | "verbose"
        | "silly" | "http" | "ok" => Info,
        _ => return None,
    })
}

/// What a member called `severity` says: a threat where the word can only mean one, else a level.
#[must_use]
pub(super) fn word(word: &str) -> Option<Severity> {
    threat(word).or_else(|| log_level(word))
}

/// The same, or our own number 1 to 5 (OCSF `severity_id`; 6 is OCSF's Fatal).
#[must_use]
pub(super) fn number_word(text: &str) -> Option<Severity> {
    match text.trim() {
        "6" => Some(Critical),
        text => match text.parse::<i64>() {
            Ok(number) => Severity::from_id(number),
            Err(_) => word(text),
        },
    }
}

/// A syslog severity (RFC 5424, 6.2.1): 0 to 3 MEDIUM, 4 LOW, 5 to 7 INFO.
#[must_use]
pub(super) const fn syslog(level: u8) -> Severity {
    match level {
        0..=3 => Medium,
        4 => Low,
        _ => Info,
    }
}

/// An OpenTelemetry `SeverityNumber`: 17 to 24 MEDIUM, 13 to 16 LOW, else INFO.
#[must_use]
pub(super) const fn otlp(number: i64) -> Severity {
    match number {
        17..=24 => Medium,
        13..=16 => Low,
        _ => Info,
    }
}

/// A level of Bunyan and pino: 50 and above MEDIUM, 40 LOW, else INFO.
#[must_use]
pub(super) const fn pino(level: i64) -> Severity {
    match level {
        50.. => Medium,
        40..=49 => Low,
        _ => Info,
    }
}

/// A severity of CEF, 0 to 10: 0 to 3 LOW, 4 to 6 MEDIUM, 7 and 8 HIGH, 9 and 10 CRITICAL.
#[must_use]
pub(super) const fn cef(number: i64) -> Option<Severity> {
    Some(match number {
        0..=3 => Low,
        4..=6 => Medium,
        7..=8 => High,
        9..=10 => Critical,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_never_raise_an_alert() {
        for word in ["emerg", "CRITICAL", "fatal", "err", "panic"] {
            assert_eq!(log_level(word), Some(Medium), "{word}");
        }
        assert!((0..=7).all(|level| !syslog(level).raises_alert()));
        assert!((0..=24).all(|number| !otlp(number).raises_alert()));
        assert!((0..=60).all(|level| !pino(level).raises_alert()));
    }

    #[test]
    fn words_for_threats_keep_their_meaning() {
        assert_eq!(word("HIGH"), Some(High));
        assert_eq!(word("critical"), Some(Critical));
        assert_eq!(word("err"), Some(Medium));
        assert_eq!(word("puzzling"), None);
        assert_eq!(number_word("4"), Some(High));
    }
}
