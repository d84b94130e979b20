//! How bad an event is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// How bad an event is; the number is OCSF's `severity_id` (1 Informational to 5 Critical).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[repr(u8)]
pub enum Severity {
    /// Worth keeping, nothing to do.
    Info = 1,
    /// Look at it when there is time.
    Low = 2,
    /// Look at it today.
    Medium = 3,
    /// Raises an alert.
    High = 4,
    /// Raises an alert that cannot wait.
    Critical = 5,
}

/// The text names no severity.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be one of INFO, LOW, MEDIUM, HIGH, CRITICAL")]
pub struct UnknownSeverity;

impl Severity {
    /// Every severity, mildest first.
    pub const ALL: [Self; 5] = [
        Self::Info,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// Whether an event of this severity raises an alert by itself: HIGH and CRITICAL.
    #[must_use]
    pub const fn raises_alert(self) -> bool {
        matches!(self, Self::High | Self::Critical)
    }

    /// OCSF `severity_id`, 1 to 5: what the database stores.
    #[must_use]
    pub const fn id(self) -> i64 {
        self as i64
    }

    /// From its OCSF `severity_id`.
    #[must_use]
    pub const fn from_id(id: i64) -> Option<Self> {
        match id {
            1 => Some(Self::Info),
            2 => Some(Self::Low),
            3 => Some(Self::Medium),
            4 => Some(Self::High),
            5 => Some(Self::Critical),
            _ => None,
        }
    }

    /// Its word, upper case.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Info => "INFO",
            Self::Low => "LOW",
            Self::Medium => "MEDIUM",
            Self::High => "HIGH",
            Self::Critical => "CRITICAL",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, UnknownSeverity> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.word().eq_ignore_ascii_case(text))
            .ok_or(UnknownSeverity)
    }
}

impl<'de> Deserialize<'de> for Severity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_case_is_read_and_upper_case_is_written() {
        for severity in Severity::ALL {
            assert_eq!(severity.word().to_lowercase().parse(), Ok(severity));
            assert_eq!(Severity::from_id(severity.id()), Some(severity));
            assert_eq!(serde_json::to_value(severity).unwrap(), severity.word());
        }
        assert_eq!("severe".parse::<Severity>(), Err(UnknownSeverity));
    }

    #[test]
    fn only_high_and_critical_raise_alerts() {
        let raising: Vec<_> = Severity::ALL
            .into_iter()
            .filter(|s| s.raises_alert())
            .collect();
        assert_eq!(raising, [Severity::High, Severity::Critical]);
    }
}
