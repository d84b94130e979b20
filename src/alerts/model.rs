//! What an alert is, and the words people use about it.

use std::fmt;
use std::str::FromStr;

use base::{Severity, Timestamp};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use store::Arg;

use crate::events::Event;

/// Longest note or comment, in characters.
pub const TEXT_MAX: usize = 16_384;

/// How far people are with an alert; the number is what the database stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[repr(u8)]
pub enum AlertStatus {
    /// Nobody has taken it.
    Open = 1,
    /// Somebody is on it.
    Acknowledged = 2,
    /// Done.
    Resolved = 3,
}

/// The text names no status.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be one of OPEN, ACKNOWLEDGED (or ACK), RESOLVED")]
pub struct UnknownStatus;

impl AlertStatus {
    /// Every status, in the order of an alert's life.
    pub const ALL: [Self; 3] = [Self::Open, Self::Acknowledged, Self::Resolved];

    /// What the database stores, 1 to 3.
    #[must_use]
    pub const fn id(self) -> i64 {
        self as i64
    }

    /// From what the database stores.
    #[must_use]
    pub const fn from_id(id: i64) -> Option<Self> {
        match id {
            1 => Some(Self::Open),
            2 => Some(Self::Acknowledged),
            3 => Some(Self::Resolved),
            _ => None,
        }
    }

    /// Its word, upper case.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Acknowledged => "ACKNOWLEDGED",
            Self::Resolved => "RESOLVED",
        }
    }
}

impl fmt::Display for AlertStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for AlertStatus {
    type Err = UnknownStatus;

    /// Reads the word in any case; `ACK` is ACKNOWLEDGED.
    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        if text.eq_ignore_ascii_case("ACK") {
            return Ok(Self::Acknowledged);
        }
        Self::ALL
            .into_iter()
            .find(|status| status.word().eq_ignore_ascii_case(text))
            .ok_or(UnknownStatus)
    }
}

impl<'de> Deserialize<'de> for AlertStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl From<AlertStatus> for Arg<'_> {
    fn from(status: AlertStatus) -> Self {
        Arg::Int(status.id())
    }
}

/// Why an alert was resolved; each word has its counterpart in OCSF's `verdict_id`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Resolution {
    /// It was what it said.
    TruePositive,
    /// It happened, and was expected, authorised or a test.
    BenignPositive,
    /// It did not happen.
    FalsePositive,
    /// Another alert tells of the same.
    Duplicate,
    /// Nobody can tell.
    InsufficientData,
    /// A ticket or case elsewhere goes on with it.
    ManagedExternally,
    /// Not worth the work.
    Disregard,
    /// The source, or a rule, said that it is over.
    AutoResolved,
    /// As the note says; a note is needed.
    Other,
}

/// The text names no resolution.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "must be one of TRUE_POSITIVE, BENIGN_POSITIVE, FALSE_POSITIVE, DUPLICATE, \
     INSUFFICIENT_DATA, MANAGED_EXTERNALLY, DISREGARD, AUTO_RESOLVED, OTHER"
)]
pub struct UnknownResolution;

impl Resolution {
    /// Every resolution, in the order people choose from.
    pub const ALL: [Self; 9] = [
        Self::TruePositive,
        Self::BenignPositive,
        Self::FalsePositive,
        Self::Duplicate,
        Self::InsufficientData,
        Self::ManagedExternally,
        Self::Disregard,
        Self::AutoResolved,
        Self::Other,
    ];

    /// Its word, as stored and answered.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TruePositive => "TRUE_POSITIVE",
            Self::BenignPositive => "BENIGN_POSITIVE",
            Self::FalsePositive => "FALSE_POSITIVE",
            Self::Duplicate => "DUPLICATE",
            Self::InsufficientData => "INSUFFICIENT_DATA",
            Self::ManagedExternally => "MANAGED_EXTERNALLY",
            Self::Disregard => "DISREGARD",
            Self::AutoResolved => "AUTO_RESOLVED",
            Self::Other => "OTHER",
        }
    }
}

impl FromStr for Resolution {
    type Err = UnknownResolution;

    fn from_str(text: &str) -> Result<Self, UnknownResolution> {
        Self::ALL
            .into_iter()
            .find(|resolution| resolution.word().eq_ignore_ascii_case(text))
            .ok_or(UnknownResolution)
    }
}

impl<'de> Deserialize<'de> for Resolution {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// A person as alerts name them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Person {
    /// Their id.
    #[schema(example = 2)]
    pub id: i64,
    /// Their user name.
    #[schema(example = "dana")]
    pub username: String,
}

/// An alert without its event: what people change, and what the audit log keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct AlertState {
    /// Its number, small enough to say aloud.
    #[schema(example = 4812)]
    pub id: i64,
    /// How far people are with it.
    pub status: AlertStatus,
    /// How bad its event is.
    pub severity: Severity,
    /// What happened, in one line.
    #[schema(example = "intrusion: 12 failed root logins over SSH")]
    pub title: String,
    /// Who works on it.
    pub assigned_to: Option<Person>,
    /// Why it was resolved.
    pub resolution: Option<Resolution>,
    /// What was said when it was resolved.
    pub resolution_note: Option<String>,
    /// When it was raised.
    pub created_at: Timestamp,
    /// When it was acknowledged; absent again after a reopening.
    pub acknowledged_at: Option<Timestamp>,
    /// When it was resolved; absent again after a reopening.
    pub resolved_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Rises with each change; for `If-Match`.
    pub version: i64,
    /// When it is to be acknowledged at the latest.
    pub ack_due_at: Timestamp,
    /// When it is to be resolved at the latest.
    pub resolve_due_at: Timestamp,
    /// How often it went back to OPEN.
    pub reopen_count: i64,
    /// How many events it stands for: more than one when its source was beyond its budget of alerts
    /// and this one gathers the rest.
    #[schema(example = 1)]
    pub event_count: i64,
    /// When the newest of several events was received.
    pub last_event_at: Option<Timestamp>,
}

/// An alert as it is answered.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Alert {
    /// The alert itself.
    #[serde(flatten)]
    pub state: AlertState,
    /// Whether a due time passed, or passes now, before people were done.
    pub sla_breached: bool,
    /// The event that raised it.
    pub event: Event,
}

/// What kind of thing happened to an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum TimelineKind {
    /// It was raised; always the first.
    Raised,
    /// It was changed.
    Changed,
    /// Somebody said something.
    Commented,
}

impl TimelineKind {
    /// Its word, as stored.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Raised => "RAISED",
            Self::Changed => "CHANGED",
            Self::Commented => "COMMENTED",
        }
    }

    /// From its word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Raised, Self::Changed, Self::Commented]
            .into_iter()
            .find(|kind| kind.word() == word)
    }
}

/// Who did it; the name stays when the account is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct TimelineActor {
    /// Their id, where they have one.
    #[schema(example = 2)]
    pub id: Option<i64>,
    /// Their name.
    #[schema(example = "dana")]
    pub username: String,
}

/// One thing that happened to an alert.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct TimelineEntry {
    /// Rises along the timeline; 0 for RAISED.
    #[schema(example = 17)]
    pub id: i64,
    /// What kind it is.
    pub kind: TimelineKind,
    /// When.
    pub at: Timestamp,
    /// Who; absent for RAISED.
    pub actor: Option<TimelineActor>,
    /// The client's address.
    #[schema(example = "192.0.2.7")]
    pub address: Option<String>,
    /// For each changed field what it was and what it is.
    #[schema(
        value_type = Option<Object>,
        example = json!({"status": {"from": "OPEN", "to": "ACKNOWLEDGED"}})
    )]
    pub changes: Option<Box<RawValue>>,
    /// The note given with a change, or the comment.
    pub text: Option<String>,
    /// Whether the change took an earlier one back; absent when it did not.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    pub undone: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_in_any_case_and_written_in_capitals() {
        for status in AlertStatus::ALL {
            assert_eq!(status.word().to_lowercase().parse(), Ok(status));
            assert_eq!(AlertStatus::from_id(status.id()), Some(status));
            assert_eq!(serde_json::to_value(status).unwrap(), status.word());
        }
        for resolution in Resolution::ALL {
            assert_eq!(resolution.word().to_lowercase().parse(), Ok(resolution));
            assert_eq!(serde_json::to_value(resolution).unwrap(), resolution.word());
            assert!(UnknownResolution.to_string().contains(resolution.word()));
        }
        assert_eq!("ack".parse(), Ok(AlertStatus::Acknowledged));
        assert_eq!("closed".parse::<AlertStatus>(), Err(UnknownStatus));
        assert_eq!("fixed".parse::<Resolution>(), Err(UnknownResolution));
    }
}
