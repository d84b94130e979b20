//! What an event is: as it is sent, and as it is stored.

use std::net::IpAddr;

use base::{EventId, Severity, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::geo::Geo;

/// Longest source name, in characters.
pub const SOURCE_NAME_MAX: usize = 255;
/// Longest event type, in characters.
pub const EVENT_TYPE_MAX: usize = 100;
/// Longest description, in characters.
pub const DESCRIPTION_MAX: usize = 16_384;
/// Most tags of an event.
pub const TAGS_MAX: usize = 64;
/// Longest tag, in characters.
pub const TAG_MAX: usize = 100;
/// Largest `attributes`, in bytes of JSON: 64 KiB.
pub const ATTRIBUTES_MAX: usize = 64 * 1024;

/// An event that passed validation and has not been stored.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Who reports it, 1 to 255 characters.
    pub source_name: String,
    /// What kind it is: a slug of 1 to 100 characters, lower case.
    pub event_type: String,
    /// How bad it is.
    pub severity: Severity,
    /// What happened, 1 to 16,384 characters.
    pub description: String,
    /// The address it is about.
    pub ip_address: Option<IpAddr>,
    /// When it happened, as the sender says.
    pub occurred_at: Option<Timestamp>,
    /// At most 64 words.
    pub tags: Vec<String>,
    /// Everything else the sender said: a JSON object of at most 64 KiB, or nothing.
    pub attributes: Option<Box<RawValue>>,
}

/// An event as it is stored and answered.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Event {
    /// Its id; ids rise in the order of arrival.
    #[schema(example = 244_105_728_294_912_i64)]
    pub id: EventId,
    /// Who reports it.
    #[schema(example = "fw-01")]
    pub source_name: String,
    /// What kind it is.
    #[schema(example = "intrusion")]
    pub event_type: String,
    /// How bad it is.
    pub severity: Severity,
    /// What happened.
    #[schema(example = "12 failed root logins over SSH")]
    pub description: String,
    /// The address it is about.
    #[schema(example = "198.51.100.7")]
    pub ip_address: Option<String>,
    /// Where that address is.
    pub geo: Option<Geo>,
    /// When the server received it.
    pub timestamp: Timestamp,
    /// When it happened, as the sender says.
    pub occurred_at: Option<Timestamp>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// Everything else the sender said.
    #[schema(value_type = Object)]
    pub attributes: Box<RawValue>,
    /// Rises with each change; for `If-Match`.
    pub version: i64,
    /// The alert it raised.
    #[schema(example = 17)]
    pub alert: Option<i64>,
}
