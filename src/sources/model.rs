//! What a source is to those who look at it and to those who describe it.

use base::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::adapters::Profile;
use crate::identity::Key;

/// What administrators say of a source.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(
    clippy::struct_field_names,
    reason = "fields have their names in the API and the database"
)]
pub(super) struct Description {
    /// A format's name.
    pub kind: Option<String>,
    /// What it is, for people.
    pub description: String,
    /// How its records become events.
    pub profile: Profile,
    /// Events a second.
    pub rate_limit: Option<u32>,
    /// Bytes of one record.
    pub record_max: Option<u32>,
    /// Alerts a minute.
    pub alert_budget: Option<u32>,
    /// Seconds.
    pub silent_after: Option<u32>,
}

/// What became of the records of a source in a span: `received` is the sum of `accepted`,
/// `rejected` and `throttled`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Tally {
    /// Records that came.
    #[schema(example = 1_240)]
    pub received: i64,
    /// Acknowledged: stored then, or before.
    #[schema(example = 1_203)]
    pub accepted: i64,
    /// Of those, the ones that were stored before.
    #[schema(example = 12)]
    pub repeated: i64,
    /// Can never be stored as they are.
    #[schema(example = 37)]
    pub rejected: i64,
    /// Found no room or no allowance; their sender may send them again.
    #[schema(example = 0)]
    pub throttled: i64,
}

/// An ingest key bound to a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SourceKey {
    /// Its id.
    #[schema(example = 3)]
    pub id: i64,
    /// What people call it.
    #[schema(example = "edge firewall")]
    pub name: String,
    /// The first characters of the key.
    #[schema(example = "wp_3kT9xQ2a")]
    pub prefix: String,
    /// When it was last used, to the minute.
    pub last_used_at: Option<Timestamp>,
    /// When it ends; `null`, never.
    pub expires_at: Option<Timestamp>,
}

/// A source with what is said and known of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Source {
    /// Its id.
    #[schema(example = 5)]
    pub id: i64,
    /// Its name, as its events have it.
    #[schema(example = "fw-01")]
    pub name: String,
    /// Whether somebody described it; else everything below is as it comes.
    pub described: bool,
    /// The format its records are read by at `POST /api/ingest/`; `null`, each says by itself.
    #[schema(example = "suricata")]
    pub kind: Option<String>,
    /// What it is, for people.
    #[schema(example = "The firewall in front of the office")]
    pub description: String,
    /// How its records become events.
    pub profile: Profile,
    /// Events a second it may send; `null`, as many as its key may.
    #[schema(example = 200)]
    pub rate_limit: Option<u32>,
    /// Bytes a record of it may have; `null`, 1 MiB.
    #[schema(example = 65_536)]
    pub record_max: Option<u32>,
    /// Alerts a minute before more are gathered in one; `null`, the server's budget.
    #[schema(example = 20)]
    pub alert_budget: Option<u32>,
    /// Seconds without a record after which an alert says so; `null`, never.
    #[schema(example = 3_600)]
    pub silent_after: Option<u32>,
    /// When it was first heard of.
    pub first_seen: Option<Timestamp>,
    /// When it was last heard of, whatever became of what it sent.
    pub last_seen: Option<Timestamp>,
    /// Whether that is longer ago than `silent_after`, a day where that is not set.
    pub silent: bool,
    /// What became of its records in this hour and the 23 before, in UTC.
    pub day: Tally,
    /// The ingest keys bound to it that are not revoked, newest first, at most 20.
    pub keys: Vec<SourceKey>,
    /// When it was described.
    pub created_at: Option<Timestamp>,
    /// When its description was last changed.
    pub updated_at: Option<Timestamp>,
    /// Rises with each change of the description; 0 without one. For `If-Match`.
    pub version: i64,
}

/// A source to be described.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSource {
    /// 1 to 255 characters, as its events have it.
    #[schema(min_length = 1, max_length = 255, example = "fw-01")]
    pub name: String,
    /// A format's name, such as `suricata`.
    #[schema(example = "suricata")]
    pub kind: Option<String>,
    /// At most 2,000 characters.
    #[serde(default)]
    #[schema(max_length = 2_000, example = "The firewall in front of the office")]
    pub description: String,
    /// How its records become events.
    #[serde(default)]
    pub profile: Profile,
    /// Events a second, 1 to 1,000,000.
    #[schema(minimum = 1, maximum = 1_000_000, example = 200)]
    pub rate_limit: Option<u32>,
    /// Bytes of one record, 64 to 1,048,576.
    #[schema(minimum = 64, maximum = 1_048_576, example = 65_536)]
    pub record_max: Option<u32>,
    /// Alerts a minute, 1 to 100,000.
    #[schema(minimum = 1, maximum = 100_000, example = 20)]
    pub alert_budget: Option<u32>,
    /// Seconds, 60 to 31,536,000.
    #[schema(minimum = 60, maximum = 31_536_000, example = 3_600)]
    pub silent_after: Option<u32>,
}

/// What is to be changed of a description; what is left out stays, `null` clears.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceChange {
    /// A format's name.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "json")]
    pub kind: Edit<String>,
    /// At most 2,000 characters.
    #[schema(max_length = 2_000, example = "The firewall in front of the office")]
    pub description: Option<String>,
    /// In place of the whole profile.
    #[serde(default)]
    #[schema(value_type = Option<Profile>)]
    pub profile: Edit<Profile>,
    /// Events a second, 1 to 1,000,000.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 1_000_000, example = 200)]
    pub rate_limit: Edit<u32>,
    /// Bytes of one record, 64 to 1,048,576.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 64, maximum = 1_048_576, example = 65_536)]
    pub record_max: Edit<u32>,
    /// Alerts a minute, 1 to 100,000.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 100_000, example = 20)]
    pub alert_budget: Edit<u32>,
    /// Seconds, 60 to 31,536,000.
    #[serde(default)]
    #[schema(value_type = Option<u32>, minimum = 60, maximum = 31_536_000, example = 3_600)]
    pub silent_after: Edit<u32>,
}

/// What a change says about a value that may be absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Edit<T> {
    /// Nothing: it stays.
    #[default]
    Keep,
    /// It is to be this, or absent.
    To(Option<T>),
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Edit<T> {
    /// `null` clears; a field that is absent keeps, by `#[serde(default)]`.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Option::deserialize(deserializer).map(Self::To)
    }
}

impl<T> Edit<T> {
    fn apply(self, value: &mut Option<T>) {
        if let Self::To(new) = self {
            *value = new;
        }
    }
}

impl SourceChange {
    /// The description as the change leaves it.
    pub(super) fn apply(self, mut described: Description) -> Description {
        self.kind.apply(&mut described.kind);
        if let Some(text) = self.description {
            described.description = text;
        }
        if let Edit::To(profile) = self.profile {
            described.profile = profile.unwrap_or_default();
        }
        self.rate_limit.apply(&mut described.rate_limit);
        self.record_max.apply(&mut described.record_max);
        self.alert_budget.apply(&mut described.alert_budget);
        self.silent_after.apply(&mut described.silent_after);
        described
    }
}

impl From<NewSource> for Description {
    fn from(new: NewSource) -> Self {
        Self {
            kind: new.kind,
            description: new.description,
            profile: new.profile,
            rate_limit: new.rate_limit,
            record_max: new.record_max,
            alert_budget: new.alert_budget,
            silent_after: new.silent_after,
        }
    }
}

impl From<Key> for SourceKey {
    fn from(key: Key) -> Self {
        Self {
            id: key.id,
            name: key.name,
            prefix: key.prefix,
            last_used_at: key.last_used_at,
            expires_at: key.expires_at,
        }
    }
}

/// Which sources are wanted; all of what is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SourceFilter {
    /// Described, or not.
    pub described: Option<bool>,
    /// Described as of this format.
    pub kind: Option<String>,
    /// With this in their name, without regard to case; looked for among the newest 10,000.
    pub search: Option<String>,
    /// Of this name.
    pub name: Option<String>,
}
