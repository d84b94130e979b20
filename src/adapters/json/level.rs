//! How bad it is, out of a member called `severity` or one that says a log level.

use base::Severity::{self, Info, Low, Medium};
use serde_json::Value;

use super::super::severity::{cef, log_level, number_word, otlp, pino, syslog, threat, word};
use super::facts::{Fact, Facts};
use super::given::Given;
use super::names::{LEVEL, SEVERITY};

/// Longest level that is kept, in characters.
const LEVEL_MAX: usize = 64;

/// What kind of word a severity comes from: the heavier one counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum Weight {
    /// There is none.
    #[default]
    None,
    /// The level of a log line.
    Level,
    /// A judgement of the event.
    Threat,
}

/// A severity, the sender's own word for it, and what kind of word that is.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in super::super) struct Judged {
    pub(in super::super) severity: Option<Severity>,
    pub(in super::super) said: Option<String>,
    pub(in super::super) weight: Weight,
}

impl Facts<'_> {
    /// How bad the record says it is. A `severity` counts more than a level, where it is understood.
    pub(in super::super) fn judged(&self) -> Judged {
        let said = |field| match self.found(field)? {
            (Fact::Given(given), name) => Some((given, name)),
            _ => None,
        };
        let (severity, level) = (said(SEVERITY), said(LEVEL));
        if let Some((given, name)) = severity
            && let Some(found) = of_severity(name, given)
        {
            // Syslog's numbers are levels under whatever name.
            let weight = if is_small(given) && name != "severityid" {
                Weight::Level
            } else {
                Weight::Threat
            };
            return Judged {
                severity: Some(found),
                said: Some(written(given)),
                weight,
            };
        }
        if self.is_sigma()
            && let Some((Given::Text(text), _)) = level
            && let Some(found) = of_sigma(text)
        {
            return Judged {
                severity: Some(found),
                said: Some(text.trim().to_owned()),
                weight: Weight::Threat,
            };
        }
        let found = level.and_then(|(given, name)| of_level(name, given));
        Judged {
            severity: found,
            said: severity.or(level).map(|(given, _)| written(given)),
            weight: if found.is_some() {
                Weight::Level
            } else {
                Weight::None
            },
        }
    }

    /// The level for `log.level`, numbers as their word, and the name it goes under.
    pub(super) fn level_word(&self) -> Option<(String, &'static str)> {
        let (Fact::Given(given), name) = self.found(LEVEL)? else {
            return None;
        };
        let word = integer(given).and_then(|number| number_as_word(name, number));
        let word = word.map_or_else(
            || written(given).chars().take(LEVEL_MAX).collect(),
            str::to_owned,
        );
        Some((word, name))
    }
}

fn is_small(given: Given<'_>) -> bool {
    given.number().is_some_and(|number| number <= 7)
}

fn written(given: Given<'_>) -> String {
    match given {
        Given::Text(text) => text.trim().to_owned(),
        Given::Json(value) => value.to_string(),
    }
}

/// Text that may be a number.
fn integer(given: Given<'_>) -> Option<i64> {
    match given {
        Given::Text(text) => text.trim().parse().ok(),
        #[expect(
            clippy::cast_possible_truncation,
            reason = "severities are small; a larger number is none of ours wherever it is cut"
        )]
        Given::Json(Value::Number(number)) => number
            .as_i64()
            .or_else(|| number.as_f64().map(|number| number as i64)),
        Given::Json(_) => None,
    }
}

/// A member called `severity`: a word as it means, 0 to 7 of syslog, 8 to 10 as CEF has them.
fn of_severity(name: &str, given: Given<'_>) -> Option<Severity> {
    match (integer(given), given) {
        (Some(number), _) if name == "severityid" => number_word(&number.to_string()),
        (Some(number @ 0..=7), _) => u8::try_from(number).ok().map(syslog),
        (Some(number), _) => cef(number),
        (None, Given::Text(text)) => word(text).or_else(|| short(text)),
        (None, Given::Json(_)) => None,
    }
}

/// A level, by the name it goes under where it is a number.
fn of_level(name: &str, given: Given<'_>) -> Option<Severity> {
    match (integer(given), given) {
        (Some(number), _) => match (name, number) {
            ("levelno", _) => Some(python(number)),
            ("severitynumber", _) => Some(otlp(number)),
            ("pri", 8..=191) => u8::try_from(number % 8).ok().map(syslog),
            (_, 0..=7) => u8::try_from(number).ok().map(syslog),
            (_, 10..=100) => Some(pino(number)),
            _ => None,
        },
        // "high" is no level of a log, but whoever writes it there may mean anything.
        (None, Given::Text(text)) => log_level(text)
            .or_else(|| short(text))
            .or_else(|| threat(text).map(|severity| severity.min(Medium))),
        (None, Given::Json(_)) => None,
    }
}

/// The level of a rule of Sigma, also as Hayabusa shortens it.
fn of_sigma(text: &str) -> Option<Severity> {
    threat(text).or_else(|| match text.trim().to_ascii_lowercase().as_str() {
        "crit" | "emergency" => Some(Severity::Critical),
        "med" => Some(Medium),
        _ => None,
    })
}

/// A severity to which a field of a source's profile points.
pub(in super::super) fn pointed(name: &str, value: &Value) -> Option<Severity> {
    of_severity(name, Given::of(value))
}

/// What syslog, pino and Python call their numbers.
fn number_as_word(name: &str, number: i64) -> Option<&'static str> {
    const SYSLOG: [&str; 8] = [
        "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
    ];
    let python = name == "levelno";
    Some(match number {
        0..=7 => SYSLOG.get(usize::try_from(number).ok()?)?,
        8..=191 if name == "pri" => SYSLOG.get(usize::try_from(number % 8).ok()?)?,
        _ if name == "severitynumber" => return None,
        10 if python => "debug",
        20 if python => "info",
        30 if python => "warning",
        40 if python => "error",
        50 if python => "critical",
        10 => "trace",
        20 => "debug",
        30 => "info",
        40 => "warn",
        50 => "error",
        60 => "fatal",
        _ => return None,
    })
}

/// Python's levels: 40 is an error, 30 a warning.
const fn python(level: i64) -> Severity {
    match level {
        40.. => Medium,
        30..=39 => Low,
        _ => Info,
    }
}

/// Levels in three letters or one.
fn short(word: &str) -> Option<Severity> {
    Some(match word.trim() {
        "ERR" | "err" | "E" | "FTL" | "FATL" | "F" | "C" | "CRT" | "eror" | "EROR" => Medium,
        "WRN" | "wrn" | "W" | "warni" => Low,
        "INF" | "inf" | "I" | "DBG" | "dbg" | "D" | "TRC" | "N" | "VRB" | "fine" | "FINE" => Info,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use base::Severity::{Critical, High};
    use base::Timestamp;
    use serde_json::json;

    use super::*;

    fn judged(value: &Value) -> (Option<Severity>, Weight) {
        let facts = Facts::of(value.as_object().unwrap(), Timestamp::from_millis(0));
        let judged = facts.judged();
        (judged.severity, judged.weight)
    }

    #[test]
    fn every_scale_is_read_by_the_name_it_goes_under() {
        for (value, expected) in [
            (json!({"severity": "HIGH"}), (Some(High), Weight::Threat)),
            (
                json!({"severity": "critical", "level": "info"}),
                (Some(Critical), Weight::Threat),
            ),
            (json!({"severity": "err"}), (Some(Medium), Weight::Threat)),
            (json!({"severity": 3}), (Some(Medium), Weight::Level)),
            (json!({"severity": "6"}), (Some(Info), Weight::Level)),
            (json!({"severity": 9}), (Some(Critical), Weight::Threat)),
            (json!({"severity_id": 4}), (Some(High), Weight::Threat)),
            (json!({"level": 50}), (Some(Medium), Weight::Level)),
            (json!({"level": 40}), (Some(Low), Weight::Level)),
            (json!({"level": 30}), (Some(Info), Weight::Level)),
            (json!({"level": 3}), (Some(Medium), Weight::Level)),
            (
                json!({"levelname": "ERROR", "levelno": 40}),
                (Some(Medium), Weight::Level),
            ),
            (json!({"levelno": 40}), (Some(Medium), Weight::Level)),
            (json!({"level": "critical"}), (Some(Medium), Weight::Level)),
            (json!({"level": "high"}), (Some(Medium), Weight::Level)),
            (
                json!({"level": "high", "logsource": {"product": "windows"}}),
                (Some(High), Weight::Threat),
            ),
            (
                json!({"level": "critical", "source": "sigma"}),
                (Some(Critical), Weight::Threat),
            ),
            (
                json!({"Level": "crit", "RuleTitle": "x"}),
                (Some(Critical), Weight::Threat),
            ),
            (
                json!({"level": "error", "logsource": {}}),
                (Some(Medium), Weight::Level),
            ),
            (json!({"PRIORITY": "err"}), (Some(Medium), Weight::Level)),
            (json!({"pri": 134}), (Some(Info), Weight::Level)),
            (
                json!({"severity": "puzzling", "level": "warn"}),
                (Some(Low), Weight::Level),
            ),
            (json!({"severity": "puzzling"}), (None, Weight::None)),
            (
                json!({"severity": {"x": 1}, "level": [1]}),
                (None, Weight::None),
            ),
            (json!({"severity": -1}), (None, Weight::None)),
        ] {
            assert_eq!(judged(&value), expected, "{value}");
        }
    }
}
