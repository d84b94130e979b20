//! Users, keys and what changes them.

use base::Timestamp;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize};

use super::preferences::{Preferences, PreferencesChange};
use crate::credentials::{Failures, Secret};
use crate::http::{Capability, Role};

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct User {
    /// Its id.
    #[schema(example = 7)]
    pub id: i64,
    /// Its name, unique without regard to case.
    #[schema(example = "mara")]
    pub username: String,
    /// Where its owner can be written to.
    #[schema(example = "mara@example.org")]
    pub email: Option<String>,
    /// What it may do.
    pub role: Role,
    /// Whether it can be used.
    pub enabled: bool,
    /// Whether its password is to be changed: it breaks the rules, or an administrator set it.
    pub weak_password: bool,
    /// When it last signed in.
    pub last_sign_in_at: Option<Timestamp>,
    /// Sign-ins are not looked at before this time: too many failed.
    pub throttled_until: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Rises with each change; goes into `If-Match`.
    #[schema(example = 1)]
    pub version: i64,
}

/// A user as lists show them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ListedUser {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// Sessions that count now.
    #[schema(example = 2)]
    pub sessions: i64,
}

/// A user with what only the server needs.
#[derive(Clone)]
pub(super) struct Account {
    pub(super) user: User,
    pub(super) password_hash: String,
    pub(super) failures: Failures,
    pub(super) preferences: String,
}

/// A user's own view of their account.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Profile {
    /// The account.
    #[serde(flatten)]
    pub user: User,
    /// What the role allows.
    pub capabilities: &'static [Capability],
    /// What the user has set for themselves.
    pub preferences: Preferences,
}

/// A user to be made.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    /// 3 to 64 letters, digits and `. _ @ -`, unique without regard to case.
    #[schema(example = "mara")]
    pub username: String,
    /// Where its owner can be written to.
    #[schema(example = "mara@example.org")]
    pub email: Option<String>,
    /// Its password; generated and answered once when left out.
    #[schema(value_type = Option<String>, example = "plum-orbit-cello-93")]
    pub password: Option<Secret>,
    /// What it may do; ANALYST when left out.
    pub role: Option<Role>,
}

/// What an administrator changes on a user; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UserChange {
    /// Where its owner can be written to; `null` or an empty text removes it.
    #[serde(default, deserialize_with = "given")]
    #[schema(example = "mara@example.org")]
    pub email: Option<String>,
    /// What it may do from the next request on.
    pub role: Option<Role>,
    /// `false` also ends every session.
    pub enabled: Option<bool>,
    /// A new password; ends every session.
    #[schema(value_type = Option<String>)]
    pub password: Option<Secret>,
}

/// What a user changes on their own account; what is left out stays.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProfileChange {
    /// Where its owner can be written to; `null` or an empty text removes it.
    #[serde(default, deserialize_with = "given")]
    #[schema(example = "mara@example.org")]
    pub email: Option<String>,
    /// Preferences to be changed: those left out stay, `null` goes back to the default.
    pub preferences: Option<PreferencesChange>,
}

/// Reads `null` as an empty text: what is left out is told from it by not being read.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Option::<String>::deserialize(deserializer).map(|text| Some(text.unwrap_or_default()))
}

/// Which users are wanted; all of what is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// With this role.
    pub role: Option<Role>,
    /// Enabled, or disabled.
    pub enabled: Option<bool>,
    /// With this in name or address, without regard to case.
    pub search: Option<String>,
}

/// An ingest key, without the key itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Key {
    /// Its id.
    #[schema(example = 3)]
    pub id: i64,
    /// What people call it.
    #[schema(example = "edge firewall")]
    pub name: String,
    /// The first characters of the key, by which it is recognised.
    #[schema(example = "wp_3kT9xQ2a")]
    pub prefix: String,
    /// The only source it may speak for; `null`, any.
    #[schema(example = "fw-1")]
    pub source_name: Option<String>,
    /// What it may do.
    #[schema(example = json!(["events:write"]))]
    pub scopes: Vec<String>,
    /// Networks it may be used from; empty, any.
    #[schema(value_type = Vec<String>, example = json!(["192.0.2.0/24"]))]
    pub networks: Vec<IpNet>,
    /// The id of the user who made it.
    pub created_by: Option<i64>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; `null`, never.
    pub expires_at: Option<Timestamp>,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// An ingest key to be made.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// What people call it: 1 to 100 characters.
    #[schema(example = "edge firewall")]
    pub name: String,
    /// The only source it may speak for: 1 to 255 characters; left out, any.
    #[schema(example = "fw-1")]
    pub source_name: Option<String>,
    /// What it may do: `events:write`, which is also the default.
    #[schema(example = json!(["events:write"]))]
    pub scopes: Option<Vec<String>>,
    /// Networks or addresses it may be used from, at most 64; left out, any.
    #[serde(default)]
    #[schema(example = json!(["192.0.2.0/24"]))]
    pub networks: Vec<String>,
    /// When it ends; left out, never.
    pub expires_at: Option<Timestamp>,
}
