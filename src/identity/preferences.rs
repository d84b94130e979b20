//! What people set for themselves: how the dashboard looks and behaves for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::rules::Faults;

/// Bytes of stored preferences as JSON.
const STORED_MAX: usize = 8 * 1024;
/// Lists whose columns can be chosen, and columns of one list.
const COLUMNS_MAX: usize = 32;
/// Characters of the name of a list, of a column and of a span.
const NAME_MAX: usize = 32;

/// Which colours the pages have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the device is set.
    #[default]
    System,
    /// Light text on dark ground.
    Dark,
    /// Dark text on light ground.
    Light,
}

/// How close rows stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Density {
    /// Most rows on a screen.
    Compact,
    /// In between.
    #[default]
    Standard,
    /// Largest targets.
    Comfortable,
}

/// In which zone times are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum TimeZone {
    /// The same for everyone.
    #[default]
    #[serde(rename = "UTC")]
    Utc,
    /// The browser's own.
    #[serde(rename = "local")]
    Local,
}

/// Everything people set for themselves, with the default for what they did not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Preferences {
    /// Which colours the pages have.
    pub theme: Theme,
    /// How close rows stand.
    pub density: Density,
    /// In which zone times are shown.
    pub time_zone: TimeZone,
    /// Whether single keys are shortcuts (WCAG 2.1.4 asks that they can be turned off).
    pub single_key_shortcuts: bool,
    /// Whether a new alert is heard.
    pub sound: bool,
    /// Whether the browser shows new alerts as notifications.
    pub notifications: bool,
    /// The span of the overview, such as `24h` or `7d`.
    #[schema(example = "24h")]
    pub overview_range: String,
    /// The columns shown, by list.
    #[schema(example = json!({"alerts": ["severity", "source", "age"]}))]
    pub columns: BTreeMap<String, Vec<String>>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            theme: Theme::default(),
            density: Density::default(),
            time_zone: TimeZone::default(),
            single_key_shortcuts: true,
            sound: false,
            notifications: false,
            overview_range: "24h".to_owned(),
            columns: BTreeMap::new(),
        }
    }
}

/// What becomes of one preference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Preference<T> {
    /// It stays: it was left out.
    #[default]
    Kept,
    /// It goes back to the default: `null`.
    Reset,
    /// It becomes this.
    To(T),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Preference<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Reset, Self::To))
    }
}

impl<T> Preference<T> {
    fn apply(self, before: T, default: T) -> T {
        match self {
            Self::Kept => before,
            Self::Reset => default,
            Self::To(after) => after,
        }
    }
}

/// Preferences to be changed: what is left out stays, `null` goes back to the default.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreferencesChange {
    /// Which colours the pages have.
    #[serde(default)]
    #[schema(value_type = Option<Theme>)]
    pub theme: Preference<Theme>,
    /// How close rows stand.
    #[serde(default)]
    #[schema(value_type = Option<Density>)]
    pub density: Preference<Density>,
    /// In which zone times are shown.
    #[serde(default)]
    #[schema(value_type = Option<TimeZone>)]
    pub time_zone: Preference<TimeZone>,
    /// Whether single keys are shortcuts.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub single_key_shortcuts: Preference<bool>,
    /// Whether a new alert is heard.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub sound: Preference<bool>,
    /// Whether the browser shows new alerts as notifications.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    pub notifications: Preference<bool>,
    /// The span of the overview: a number with `m`, `h` or `d`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "24h")]
    pub overview_range: Preference<String>,
    /// The columns shown, by list: at most 32 of each, names of at most 32 of `a-z`, `0-9`, `_`.
    #[serde(default)]
    #[schema(value_type = Option<std::collections::HashMap<String, Vec<String>>>)]
    pub columns: Preference<BTreeMap<String, Vec<String>>>,
}

fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=NAME_MAX).contains(&text.len()) && text.bytes().all(allowed)
}

fn is_span(text: &str) -> bool {
    let digits = text.trim_end_matches(['m', 'h', 'd']);
    text.len() == digits.len().saturating_add(1)
        && (1..=3).contains(&digits.len())
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

impl PreferencesChange {
    /// Notes every value that breaks a rule.
    pub(super) fn check(&self, faults: &mut Faults) {
        if let Preference::To(span) = &self.overview_range
            && !is_span(span)
        {
            faults.note(
                "preferences.overview_range",
                "must be a span such as 24h or 7d",
            );
        }
        let Preference::To(columns) = &self.columns else {
            return;
        };
        let names = columns.keys().chain(columns.values().flatten());
        let too_many = |count: usize| count > COLUMNS_MAX;
        if too_many(columns.len()) || columns.values().any(|list| too_many(list.len())) {
            let what = format!("must have at most {COLUMNS_MAX} lists of {COLUMNS_MAX} columns");
            faults.note("preferences.columns", what);
        } else if !names.into_iter().all(|name| is_name(name)) {
            let what = format!("names have 1 to {NAME_MAX} characters of a-z, 0-9 and _");
            faults.note("preferences.columns", what);
        }
    }
}

impl Preferences {
    /// Reads what is stored; what cannot be read is the default.
    pub(super) fn read(stored: &str) -> Self {
        serde_json::from_str(stored).unwrap_or_default()
    }

    /// The same with a change, as it is stored; `None` when it is too large to be.
    pub(super) fn changed(self, change: PreferencesChange) -> Option<String> {
        let default = Self::default();
        let after = Self {
            theme: change.theme.apply(self.theme, default.theme),
            density: change.density.apply(self.density, default.density),
            time_zone: change.time_zone.apply(self.time_zone, default.time_zone),
            single_key_shortcuts: change
                .single_key_shortcuts
                .apply(self.single_key_shortcuts, default.single_key_shortcuts),
            sound: change.sound.apply(self.sound, default.sound),
            notifications: change
                .notifications
                .apply(self.notifications, default.notifications),
            overview_range: change
                .overview_range
                .apply(self.overview_range, default.overview_range),
            columns: change.columns.apply(self.columns, default.columns),
        };
        let text = serde_json::to_string(&after).ok()?;
        (text.len() <= STORED_MAX).then_some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(text: &str) -> Result<PreferencesChange, String> {
        let change: PreferencesChange =
            serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut faults = Faults::default();
        change.check(&mut faults);
        faults
            .finish()
            .map_err(|error| error.to_string())
            .map(|()| change)
    }

    #[test]
    fn what_is_left_out_stays_and_null_goes_back() {
        let before = Preferences::read("{}");
        assert_eq!(before, Preferences::default());
        let text = before
            .changed(change(r#"{"theme":"dark","overview_range":"7d"}"#).unwrap())
            .unwrap();
        let after = Preferences::read(&text);
        assert_eq!(after.theme, Theme::Dark);
        let text = after
            .changed(change(r#"{"theme":null,"sound":true}"#).unwrap())
            .unwrap();
        let after = Preferences::read(&text);
        let expected = Preferences {
            sound: true,
            overview_range: "7d".to_owned(),
            ..Preferences::default()
        };
        assert_eq!(after, expected);
        assert_eq!(Preferences::read("nonsense"), Preferences::default());
        assert_eq!(Preferences::read(r#"{"theme":7}"#), Preferences::default());
    }

    #[test]
    fn values_outside_the_rules_are_refused() {
        let wide = format!(
            r#"{{"columns":{{"alerts":["{}"]}}}}"#,
            "a".repeat(NAME_MAX + 1)
        );
        let many = format!(
            r#"{{"columns":{{"alerts":[{}"a"]}}}}"#,
            "\"a\",".repeat(COLUMNS_MAX)
        );
        for text in [
            r#"{"colour":"red"}"#,
            r#"{"theme":"pink"}"#,
            r#"{"theme":1}"#,
            r#"{"time_zone":"utc"}"#,
            r#"{"sound":"yes"}"#,
            r#"{"overview_range":""}"#,
            r#"{"overview_range":"h"}"#,
            r#"{"overview_range":"7dd"}"#,
            r#"{"overview_range":"<b>"}"#,
            r#"{"columns":{"<b>":[]}}"#,
            r#"{"columns":{"alerts":["a b"]}}"#,
            r#"{"columns":[]}"#,
            &wide,
            &many,
        ] {
            assert!(change(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_stored_has_a_bound() {
        let list: Vec<String> = (0..COLUMNS_MAX).map(|n| format!("{n:032}")).collect();
        let columns = (0..COLUMNS_MAX).map(|n| (format!("list{n}"), list.clone()));
        let change = PreferencesChange {
            columns: Preference::To(columns.collect()),
            ..PreferencesChange::default()
        };
        change.check(&mut Faults::default());
        assert_eq!(Preferences::default().changed(change), None);
    }
}
