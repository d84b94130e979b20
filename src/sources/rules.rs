//! What the parts of a description may be.

use std::collections::BTreeMap;

use base::Severity;

use super::counts::OTHERS;
use super::error::SourceError;
use super::model::Description;
use crate::adapters::{FORMATS, Format, Profile, RECORD_MAX, SAID_MAX};
use crate::events::{EVENT_TYPE_MAX, SOURCE_NAME_MAX};
use crate::http::FieldErrors;

const DESCRIPTION_MAX: usize = 2_000;
/// Most words in a map of severities, fields in a mapping, and labels.
const ENTRIES_MAX: usize = 100;
/// Longest word, path and label, in characters. Senders' words are kept up to there.
const WORD_MAX: usize = SAID_MAX;
/// Deepest path of a mapped field.
const DEPTH_MAX: usize = 8;
/// Fields of the event itself that a mapping may fill.
const OWN_FIELDS: [&str; 7] = [
    "severity",
    "event_type",
    "description",
    "source_name",
    "ip_address",
    "occurred_at",
    "key",
];

/// Values that break a rule, by field.
#[derive(Default)]
struct Faults(FieldErrors);

impl Faults {
    fn note(&mut self, field: impl Into<String>, what: impl Into<String>) {
        self.0.entry(field.into()).or_default().push(what.into());
    }

    fn range(&mut self, field: &str, value: Option<u32>, least: u32, most: u32) {
        if value.is_some_and(|value| !(least..=most).contains(&value)) {
            self.note(field, format!("must be {least} to {most}"));
        }
    }

    fn finish(self) -> Result<(), SourceError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(SourceError::Refused(self.0))
        }
    }
}

/// Checks the name of a source to be described, and tidies it.
pub(super) fn check_new(name: &mut String, described: &mut Description) -> Result<(), SourceError> {
    let mut faults = Faults::default();
    *name = name.trim().to_owned();
    if !(1..=SOURCE_NAME_MAX).contains(&name.chars().count()) || name.contains('\0') {
        faults.note("name", "must be 1 to 255 characters, without U+0000");
    }
    if name == OTHERS {
        faults.note("name", "stands for all sources that are not told apart");
    }
    note_all(&mut faults, described);
    faults.finish()
}

/// Checks what people write of a source, and tidies it.
pub(super) fn check(described: &mut Description) -> Result<(), SourceError> {
    let mut faults = Faults::default();
    note_all(&mut faults, described);
    faults.finish()
}

/// Checks a profile and a kind alone.
pub(super) fn check_reading(
    kind: &mut Option<String>,
    profile: &mut Profile,
) -> Result<(), SourceError> {
    let mut faults = Faults::default();
    check_kind(&mut faults, kind);
    check_profile(&mut faults, profile);
    faults.finish()
}

fn note_all(faults: &mut Faults, described: &mut Description) {
    check_kind(faults, &mut described.kind);
    described.description = described.description.trim().to_owned();
    if described.description.chars().count() > DESCRIPTION_MAX {
        faults.note(
            "description",
            format!("at most {DESCRIPTION_MAX} characters"),
        );
    }
    if described.description.contains('\0') {
        faults.note("description", "must not contain U+0000");
    }
    check_profile(faults, &mut described.profile);
    let most = u32::try_from(RECORD_MAX).unwrap_or(u32::MAX);
    faults.range("rate_limit", described.rate_limit, 1, 1_000_000);
    faults.range("record_max", described.record_max, 64, most);
    faults.range("alert_budget", described.alert_budget, 1, 100_000);
    faults.range("silent_after", described.silent_after, 60, 31_536_000);
}

/// A kind is kept under the format's own name, whichever of its names was given.
fn check_kind(faults: &mut Faults, kind: &mut Option<String>) {
    let Some(given) = kind.as_deref().map(str::trim) else {
        return;
    };
    if let Some(format) = Format::named(&given.to_ascii_lowercase()) {
        *kind = Some(format.name.to_owned());
    } else {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        faults.note("kind", format!("must be one of {}", names.join(", ")));
    }
}

fn check_profile(faults: &mut Faults, profile: &mut Profile) {
    if let Some(slug) = &mut profile.default_type {
        *slug = slug.trim().to_ascii_lowercase();
        if slug.len() > EVENT_TYPE_MAX || !is_name(slug, "-_.:") {
            let what = "must be 1 to 100 letters, digits, `-`, `_`, `.` or `:`, such as intrusion";
            faults.note("profile.default_type", what);
        }
    }
    profile.severities = severities(faults, std::mem::take(&mut profile.severities));
    bound(faults, "profile.mapping", profile.mapping.len());
    for (field, pointer) in &profile.mapping {
        let at = format!("profile.mapping.{}", shown(field));
        if !OWN_FIELDS.contains(&field.as_str()) && !is_path(field) {
            let what = format!(
                "must be {} or a path of at most {DEPTH_MAX} names such as user.name",
                OWN_FIELDS.join(", ")
            );
            faults.note(at, what);
        } else if pointer.to_string().is_empty() {
            faults.note(at, "must point to a member, such as /alert/severity");
        } else if pointer.to_string().contains(char::is_control) {
            faults.note(at, "must not contain control characters");
        }
    }
    bound(faults, "profile.labels", profile.labels.len());
    for (name, value) in &profile.labels {
        let at = format!("profile.labels.{}", shown(name));
        if name.chars().count() > WORD_MAX || !is_name(name, "-_") {
            faults.note(at.clone(), "its name may have letters, digits, `-` and `_`");
        }
        if !is_line(value) {
            faults.note(
                at,
                "must have 1 to 200 characters, none of them a control character",
            );
        }
    }
}

/// Senders' words are compared in small letters, so they are kept so.
fn severities(
    faults: &mut Faults,
    given: BTreeMap<String, Severity>,
) -> BTreeMap<String, Severity> {
    bound(faults, "profile.severities", given.len());
    let mut kept = BTreeMap::new();
    for (word, severity) in given {
        let at = format!("profile.severities.{}", shown(&word));
        let word = word.trim().to_ascii_lowercase();
        if !is_line(&word) {
            let what = "the word must have 1 to 200 characters, none of them a control character";
            faults.note(at, what);
        } else if kept.insert(word, severity).is_some() {
            faults.note(at, "is given twice: case does not matter");
        }
    }
    kept
}

fn bound(faults: &mut Faults, field: &str, length: usize) {
    if length > ENTRIES_MAX {
        faults.note(field, format!("at most {ENTRIES_MAX}"));
    }
}

/// A name within the name of a field: it may be of any length and hold anything.
fn shown(name: &str) -> String {
    name.chars().take(60).collect()
}

fn is_name(text: &str, also: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || also.contains(c);
    !text.is_empty() && text.chars().all(good)
}

/// A line of text that is not empty.
fn is_line(text: &str) -> bool {
    (1..=WORD_MAX).contains(&text.chars().count()) && !text.contains(char::is_control)
}

/// Names joined by dots, as fields of events are called.
fn is_path(text: &str) -> bool {
    text.len() <= WORD_MAX
        && text.split('.').count() <= DEPTH_MAX
        && text.split('.').all(|name| is_name(name, "-_@"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn faults(profile: serde_json::Value) -> Vec<String> {
        let mut described = Description {
            profile: serde_json::from_value(profile).unwrap(),
            ..Description::default()
        };
        match check(&mut described) {
            Err(SourceError::Refused(errors)) => errors.into_keys().collect(),
            Ok(()) => Vec::new(),
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn each_part_of_a_profile_is_named_when_it_breaks_a_rule() {
        let good = json!({
            "default_type": "Intrusion", "default_severity": "low", "highest_severity": "HIGH",
            "severities": {"Sev1": "critical", "7": "INFO"},
            "mapping": {"severity": "/a/0/b", "user.name": "/user", "@timestamp": "/t"},
            "labels": {"site": "Köln"},
        });
        assert_eq!(faults(good), [""; 0]);
        let bad = json!({
            "default_type": "two words",
            "severities": {" ": "LOW", "A": "LOW", "a": "HIGH"},
            "mapping": {"a..b": "/x", "user name": "/x", "severity": "", "a.b.c.d.e.f.g.h.i": "/x"},
            "labels": {"a.b": "x", "empty": "", "line": "a\nb"},
        });
        assert_eq!(
            faults(bad),
            [
                "profile.default_type",
                "profile.labels.a.b",
                "profile.labels.empty",
                "profile.labels.line",
                "profile.mapping.a..b",
                "profile.mapping.a.b.c.d.e.f.g.h.i",
                "profile.mapping.severity",
                "profile.mapping.user name",
                "profile.severities. ",
                "profile.severities.a",
            ]
        );
        let many: BTreeMap<String, &str> = (0..101).map(|n| (format!("w{n}"), "LOW")).collect();
        assert_eq!(faults(json!({"severities": many})), ["profile.severities"]);
    }

    #[test]
    fn words_are_kept_as_they_are_compared() {
        let mut described = Description {
            kind: Some(" Webhook ".to_owned()),
            profile: serde_json::from_value(json!({"severities": {" P1 ": "HIGH"}})).unwrap(),
            ..Description::default()
        };
        check(&mut described).unwrap();
        assert_eq!(described.kind.as_deref(), Some("json"));
        assert_eq!(described.profile.severities["p1"], Severity::High);
    }

    #[test]
    fn a_name_is_a_sources_name() {
        for bad in ["", "  ", "a\0b", OTHERS, &"x".repeat(256)] {
            let mut name = bad.to_owned();
            let checked = check_new(&mut name, &mut Description::default());
            assert!(matches!(checked, Err(SourceError::Refused(_))), "{bad:?}");
        }
        let mut name = format!(" {} ", "ü".repeat(255));
        check_new(&mut name, &mut Description::default()).unwrap();
        assert_eq!(name.chars().count(), 255);
    }
}
