//! The form that describes a source: what was typed, and what it says.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use base::Severity;

use crate::adapters::Profile;
use crate::dashboard::page::Form;
use crate::http::FieldErrors;
use crate::sources::{Edit, Source, SourceChange};

const SEVERITIES: &str = "profile.severities";

/// The form as it was last sent, or as the source is described.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) kind: String,
    pub(super) description: String,
    pub(super) default_type: String,
    pub(super) default_severity: String,
    pub(super) highest_severity: String,
    /// `word = SEVERITY`, one a line.
    pub(super) severities: String,
    /// `field = /pointer`, one a line.
    pub(super) mapping: String,
    /// `name = value`, one a line.
    pub(super) labels: String,
    pub(super) rate_limit: String,
    pub(super) record_max: String,
    pub(super) alert_budget: String,
    pub(super) silent_after: String,
    /// What to try the settings with.
    pub(super) sample: String,
    pub(super) errors: FieldErrors,
}

fn lines<K: Display, V: Display>(map: &BTreeMap<K, V>) -> String {
    let lines: Vec<String> = map.iter().map(|(k, v)| format!("{k} = {v}")).collect();
    lines.join("\n")
}

fn shown<T: Display>(value: Option<T>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

impl Draft {
    /// As a source is described.
    pub(super) fn of(source: &Source) -> Self {
        let profile = &source.profile;
        Self {
            kind: source.kind.clone().unwrap_or_default(),
            description: source.description.clone(),
            default_type: profile.default_type.clone().unwrap_or_default(),
            default_severity: shown(profile.default_severity),
            highest_severity: shown(profile.highest_severity),
            severities: lines(&profile.severities),
            mapping: lines(&profile.mapping),
            labels: lines(&profile.labels),
            rate_limit: shown(source.rate_limit),
            record_max: shown(source.record_max),
            alert_budget: shown(source.alert_budget),
            silent_after: shown(source.silent_after),
            sample: String::new(),
            errors: FieldErrors::new(),
        }
    }

    /// As the form was sent.
    pub(super) fn read(form: &Form) -> Self {
        let text = |name| form.exact(name).unwrap_or_default().to_owned();
        Self {
            kind: text("kind"),
            description: text("description"),
            default_type: text("default_type"),
            default_severity: text("default_severity"),
            highest_severity: text("highest_severity"),
            severities: text("severities"),
            mapping: text("mapping"),
            labels: text("labels"),
            rate_limit: text("rate_limit"),
            record_max: text("record_max"),
            alert_budget: text("alert_budget"),
            silent_after: text("silent_after"),
            sample: text("sample"),
            errors: FieldErrors::new(),
        }
    }

    /// What is wrong with a field or with something in it.
    pub(super) fn error(&self, field: &str) -> Option<String> {
        let mine = self.errors.iter().filter_map(|(name, what)| {
            let rest = name.strip_prefix(field)?;
            let what = what.join("; ");
            if rest.is_empty() {
                return Some(what);
            }
            Some(format!("{}: {what}", rest.strip_prefix('.')?))
        });
        let mine: Vec<String> = mine.collect();
        (!mine.is_empty()).then(|| mine.join(". "))
    }

    /// What the form says.
    ///
    /// # Errors
    /// What cannot be read, by the fields' names in the API.
    pub(super) fn change(&self) -> Result<SourceChange, FieldErrors> {
        let mut errors = FieldErrors::new();
        let profile = self.profile(&mut errors);
        let change = SourceChange {
            kind: Edit::To(given(&self.kind)),
            description: Some(self.description.clone()),
            profile: Edit::To(Some(profile)),
            rate_limit: number(&mut errors, "rate_limit", &self.rate_limit),
            record_max: number(&mut errors, "record_max", &self.record_max),
            alert_budget: number(&mut errors, "alert_budget", &self.alert_budget),
            silent_after: number(&mut errors, "silent_after", &self.silent_after),
        };
        if errors.is_empty() {
            Ok(change)
        } else {
            Err(errors)
        }
    }

    fn profile(&self, errors: &mut FieldErrors) -> Profile {
        Profile {
            default_type: given(&self.default_type),
            default_severity: one(errors, "profile.default_severity", &self.default_severity),
            highest_severity: one(errors, "profile.highest_severity", &self.highest_severity),
            severities: pairs(errors, SEVERITIES, &self.severities),
            mapping: pairs(errors, "profile.mapping", &self.mapping),
            labels: pairs(errors, "profile.labels", &self.labels),
        }
    }
}

fn given(text: &str) -> Option<String> {
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

fn note(errors: &mut FieldErrors, field: &str, what: impl Into<String>) {
    errors
        .entry(field.to_owned())
        .or_default()
        .push(what.into());
}

fn one<T: FromStr<Err: Display>>(errors: &mut FieldErrors, field: &str, text: &str) -> Option<T> {
    let read = given(text)?.parse();
    read.map_err(|error: T::Err| note(errors, field, error.to_string()))
        .ok()
}

fn number(errors: &mut FieldErrors, field: &str, text: &str) -> Edit<u32> {
    let Some(text) = given(text) else {
        return Edit::To(None);
    };
    if let Ok(number) = text.parse() {
        Edit::To(Some(number))
    } else {
        note(errors, field, "must be a whole number");
        Edit::Keep
    }
}

/// Reads lines of `name = value`, each name once; blank lines are passed over.
fn pairs<T: FromStr<Err: Display>>(
    errors: &mut FieldErrors,
    field: &str,
    text: &str,
) -> BTreeMap<String, T> {
    let mut read = BTreeMap::new();
    for (at, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let at = format!("line {}", at.saturating_add(1));
        // The sign may be part of a sender's word, of a pointer or of a label's value.
        let split = if field == SEVERITIES {
            line.rsplit_once('=')
        } else {
            line.split_once('=')
        };
        let Some((name, value)) = split else {
            note(errors, field, format!("{at} must be NAME = VALUE"));
            continue;
        };
        let name = name.trim().to_owned();
        match value.trim().parse() {
            Ok(value) => {
                if read.insert(name, value).is_some() {
                    note(errors, field, format!("{at} names the same as one before"));
                }
            }
            Err(error) => note(errors, field, format!("{at}: {error}")),
        }
    }
    read
}

impl Draft {
    /// Whether a severity is the chosen one.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "templates hand references on"
    )]
    pub(super) fn is(chosen: &str, severity: &Severity) -> bool {
        chosen == severity.word()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_maps_and_maps_become_lines() {
        let draft = Draft {
            severities: "sev1 = critical\r\n\n 4=LOW \na=b = high".to_owned(),
            mapping: "severity = /level\nuser.name = /a=b".to_owned(),
            labels: "note = x = y".to_owned(),
            rate_limit: " 20 ".to_owned(),
            ..Draft::default()
        };
        let change = draft.change().unwrap();
        let Edit::To(Some(profile)) = change.profile else {
            panic!("no profile")
        };
        assert_eq!(
            lines(&profile.severities),
            "4 = LOW\na=b = HIGH\nsev1 = CRITICAL"
        );
        assert_eq!(
            lines(&profile.mapping),
            "severity = /level\nuser.name = /a=b"
        );
        assert_eq!(lines(&profile.labels), "note = x = y");
        assert_eq!(change.rate_limit, Edit::To(Some(20)));
        assert_eq!(change.silent_after, Edit::To(None));
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        let mut draft = Draft {
            severities: "sev1 critical\nsev2 = worst\na = LOW\na = LOW".to_owned(),
            mapping: "severity = level".to_owned(),
            rate_limit: "many".to_owned(),
            default_severity: "bad".to_owned(),
            ..Draft::default()
        };
        draft.errors = draft.change().unwrap_err();
        let said = draft.error("profile.severities").unwrap();
        for line in ["line 1 must be", "line 2: ", "line 4 names"] {
            assert!(said.contains(line), "{said}");
        }
        assert!(
            draft
                .error("profile.mapping")
                .unwrap()
                .starts_with("line 1: ")
        );
        assert!(draft.error("rate_limit").is_some());
        assert!(draft.error("profile.default_severity").is_some());
        assert_eq!(draft.error("silent_after"), None);
        draft.errors =
            FieldErrors::from([("profile.mapping.a b".to_owned(), vec!["no".to_owned()])]);
        assert_eq!(draft.error("profile.mapping").unwrap(), "a b: no");
    }
}
