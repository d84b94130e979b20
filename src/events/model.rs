//! What an event is: as it is sent, and as it is stored.

use std::net::IpAddr;

use base::{EventId, Severity, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use store::Arg;

use crate::geo::Geo;

/// What an event's time may be, in microseconds since 1970: in the years 1 to 9999, as every reader
/// of the stored form understands them.
pub const TIMES: std::ops::Range<i64> = -62_135_596_800_000_000..253_402_300_800_000_000;
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
#[expect(
    clippy::struct_field_names,
    reason = "`event_type` is the name clients know"
)]
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

/// Values of a field of which any must hold; `None` is an event without a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventAnyOf {
    /// Sources, exactly.
    Source(Vec<String>),
    /// Event types, lower case.
    Type(Vec<String>),
    /// Country codes, upper case.
    Country(Vec<Option<String>>),
    /// Addresses, in their canonical text.
    Address(Vec<Option<String>>),
    /// Tags, exactly.
    Tag(Vec<String>),
    /// Texts, numbers or truth values, as they are written, at a place inside `attributes`.
    Attribute {
        /// The names that lead there, outermost first.
        path: Vec<String>,
        /// The values.
        values: Vec<String>,
    },
    /// Numbers of events.
    Id(Vec<i64>),
    /// A text, lower case, that occurs in the description or the source's name.
    Text(String),
}

/// A test of each event that no index of its own serves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventTest {
    /// Whether it leaves out what it names.
    pub negated: bool,
    /// What it names.
    pub any: EventAnyOf,
}

/// Which events are wanted; all of what is given must hold, any of a list's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Severities, mildest first; all when empty.
    pub severity: Vec<Severity>,
    /// Numbers of events, at most 100; all when empty.
    pub id: Vec<i64>,
    /// Received from this time on.
    pub from: Option<Timestamp>,
    /// Received before this time.
    pub to: Option<Timestamp>,
    /// Whether it raised an alert.
    pub has_alert: Option<bool>,
    /// Everything else, each of which must hold.
    pub tests: Vec<EventTest>,
    /// Whether two conditions contradict each other, so that nothing can match.
    pub never: bool,
}

impl EventFilter {
    /// The same with a test that must hold too.
    #[must_use]
    pub fn and(mut self, any: EventAnyOf) -> Self {
        self.tests.push(EventTest {
            negated: false,
            any,
        });
        self
    }

    /// Whether the counts by hour know the answer, but for times within an hour: of severity, time
    /// and one choice of sources.
    pub(crate) fn is_counted(&self) -> bool {
        let sources = match self.tests.as_slice() {
            [] => true,
            [test] => !test.negated && matches!(test.any, EventAnyOf::Source(_)),
            _ => false,
        };
        sources && self.id.is_empty() && self.has_alert.is_none() && !self.never
    }

    /// Whether only HIGH and CRITICAL can match, which have an index of their own.
    pub(crate) fn is_severe(&self) -> bool {
        !self.severity.is_empty() && self.severity.iter().all(|severity| severity.raises_alert())
    }

    /// The sources of the first choice of them.
    pub(crate) fn sources(&self) -> Option<&[String]> {
        self.tests.iter().find_map(|test| match &test.any {
            EventAnyOf::Source(names) if !test.negated => Some(names.as_slice()),
            _ => None,
        })
    }

    /// Whether the JSON of each row is read.
    pub(crate) fn reads_attributes(&self) -> bool {
        let mut tests = self.tests.iter();
        tests.any(|test| matches!(test.any, EventAnyOf::Attribute { .. }))
    }

    /// Whether what is wanted is that the JSON says something else.
    pub(crate) fn leaves_attributes_out(&self) -> bool {
        let mut tests = self.tests.iter().filter(|test| test.negated);
        tests.any(|test| matches!(test.any, EventAnyOf::Attribute { .. }))
    }

    /// Whether long texts or JSON are read of each row.
    pub(crate) fn is_search(&self) -> bool {
        self.tests.iter().any(|test| {
            matches!(
                test.any,
                EventAnyOf::Text(_) | EventAnyOf::Tag(_) | EventAnyOf::Attribute { .. }
            )
        })
    }
}

/// An event as its row in the table.
#[derive(Clone, Debug)]
pub(crate) struct Row<'a> {
    pub(crate) id: EventId,
    pub(crate) source_id: i64,
    pub(crate) event_type_id: i64,
    pub(crate) severity: Severity,
    pub(crate) description: &'a str,
    pub(crate) ip_address: Option<&'a str>,
    pub(crate) country: Option<&'a str>,
    pub(crate) geo: Option<&'a str>,
    pub(crate) occurred_at: Option<Timestamp>,
    pub(crate) tags: Option<&'a str>,
    pub(crate) attributes: Option<&'a str>,
    pub(crate) user_id: Option<i64>,
    pub(crate) key_id: Option<i64>,
    pub(crate) folded_into: Option<EventId>,
}

impl<'a> Row<'a> {
    /// Its values in the order of the columns.
    pub(crate) fn args(&self) -> [Arg<'a>; 14] {
        [
            self.id.into(),
            self.source_id.into(),
            self.event_type_id.into(),
            self.severity.into(),
            self.description.into(),
            self.ip_address.into(),
            self.country.into(),
            self.geo.into(),
            self.occurred_at.into(),
            self.tags.into(),
            self.attributes.into(),
            self.user_id.into(),
            self.key_id.into(),
            self.folded_into.into(),
        ]
    }
}
