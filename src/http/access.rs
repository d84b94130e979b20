//! Roles, what each may do, and what a route demands.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};

/// A person's role.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Role {
    /// Everything.
    Admin,
    /// Reads everything an analyst reads, and triages alerts.
    Responder,
    /// Reads events, alerts and statistics.
    Analyst,
}

/// The text names no role.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be one of ADMIN, RESPONDER, ANALYST")]
pub struct UnknownRole;

/// One thing somebody may be allowed to do; screens and routes test these, never roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, utoipa::ToSchema)]
pub enum Capability {
    /// Read events, alerts, statistics and the live stream.
    #[serde(rename = "monitor:read")]
    MonitorRead,
    /// Acknowledge, resolve, reopen, assign and comment on alerts.
    #[serde(rename = "alert:triage")]
    AlertTriage,
    /// Send events.
    #[serde(rename = "event:create")]
    EventCreate,
    /// Change and delete events.
    #[serde(rename = "event:change")]
    EventChange,
    /// Users, keys, settings and test events.
    #[serde(rename = "admin:manage")]
    Manage,
    /// Read the audit log.
    #[serde(rename = "audit:read")]
    AuditRead,
}

impl Role {
    /// Every role, mightiest first.
    pub const ALL: [Self; 3] = [Self::Admin, Self::Responder, Self::Analyst];

    /// Its word, as stored and answered.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::Responder => "RESPONDER",
            Self::Analyst => "ANALYST",
        }
    }

    /// What it may do.
    #[must_use]
    pub const fn capabilities(self) -> &'static [Capability] {
        use Capability::{AlertTriage, AuditRead, EventChange, EventCreate, Manage, MonitorRead};
        match self {
            Self::Admin => &[
                MonitorRead,
                AlertTriage,
                EventCreate,
                EventChange,
                Manage,
                AuditRead,
            ],
            Self::Responder => &[MonitorRead, AlertTriage],
            Self::Analyst => &[MonitorRead],
        }
    }

    /// Whether it may do one thing.
    #[must_use]
    pub fn can(self, capability: Capability) -> bool {
        self.capabilities().contains(&capability)
    }
}

impl Capability {
    /// Its word, as `me/` answers it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::MonitorRead => "monitor:read",
            Self::AlertTriage => "alert:triage",
            Self::EventCreate => "event:create",
            Self::EventChange => "event:change",
            Self::Manage => "admin:manage",
            Self::AuditRead => "audit:read",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.word().eq_ignore_ascii_case(text))
            .ok_or(UnknownRole)
    }
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// What a route demands of its caller; declared where the route is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Nothing, and it spends no allowance: health checks and documentation.
    Open,
    /// Nothing; credentials are not even looked at.
    Public,
    /// Nothing, and it spends the allowance of sign-ins: signing in and up, refreshing.
    SignIn,
    /// A person who is signed in.
    SignedIn,
    /// A person whose role has the capability.
    Can(Capability),
    /// A person with the capability, or an ingest key.
    CanOrKey(Capability),
}
