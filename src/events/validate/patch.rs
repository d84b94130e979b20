//! A partial change to an event: what is given, and what stays.

use std::net::IpAddr;

use base::{Severity, Timestamp};
use serde_json::value::RawValue;

use super::Check;
use super::input::{Field, Input};
use crate::events::model::{Event, NewEvent};
use crate::http::Problem;

/// What a partial change says of a value that may be absent.
#[derive(Debug)]
pub(super) enum Given<T> {
    /// Nothing: it stays.
    Nothing,
    /// This, or that it be absent.
    Value(Option<T>),
}

impl<T> Given<T> {
    fn or(self, kept: impl FnOnce() -> Option<T>) -> Option<T> {
        match self {
            Self::Nothing => kept(),
            Self::Value(value) => value,
        }
    }
}

/// A partial change to an event: what is `None` stays.
#[derive(Debug)]
pub struct EventPatch {
    source_name: Option<String>,
    event_type: Option<String>,
    severity: Option<Severity>,
    description: Option<String>,
    ip_address: Given<IpAddr>,
    occurred_at: Given<Timestamp>,
    tags: Option<Vec<String>>,
    attributes: Given<Box<RawValue>>,
}

impl EventPatch {
    /// Reads a partial change; `null` clears what may be absent, unknown fields are refused.
    ///
    /// # Errors
    /// 400 naming each wrong field.
    pub fn read(json: &[u8]) -> Result<Self, Problem> {
        let input = Input::read(json).map_err(Problem::validation)?;
        let mut check = Check::default();
        for (name, _) in &input.unknown {
            check.refuse(
                name,
                "unknown field; allowed: source_name, event_type, severity, description, \
                 ip_address, occurred_at, tags, attributes",
            );
        }
        let given = |field: &Field<'_>| !matches!(field, Field::Absent);
        let patch = Self {
            source_name: given(&input.source_name)
                .then(|| check.required("source_name", &input.source_name, Check::source_name))
                .flatten(),
            event_type: given(&input.event_type)
                .then(|| check.required("event_type", &input.event_type, Check::event_type))
                .flatten(),
            severity: given(&input.severity)
                .then(|| check.required("severity", &input.severity, Check::severity))
                .flatten(),
            description: given(&input.description)
                .then(|| check.required("description", &input.description, Check::description))
                .flatten(),
            ip_address: check.given("ip_address", &input.ip_address, Check::ip_address),
            occurred_at: check.given("occurred_at", &input.occurred_at, Check::occurred_at),
            tags: check.tags(input.tags),
            attributes: match input.attributes {
                None => Given::Nothing,
                Some(raw) => Given::Value(check.attributes(Some(raw), &[])),
            },
        };
        check.end(patch).map_err(Problem::validation)
    }

    /// The event as it will be.
    #[must_use]
    pub fn apply(self, event: &Event) -> NewEvent {
        let address = || {
            event
                .ip_address
                .as_deref()
                .and_then(|text| text.parse().ok())
        };
        NewEvent {
            source_name: self
                .source_name
                .unwrap_or_else(|| event.source_name.clone()),
            event_type: self.event_type.unwrap_or_else(|| event.event_type.clone()),
            severity: self.severity.unwrap_or(event.severity),
            description: self
                .description
                .unwrap_or_else(|| event.description.clone()),
            ip_address: self.ip_address.or(address),
            occurred_at: self.occurred_at.or(|| event.occurred_at),
            tags: self.tags.unwrap_or_else(|| event.tags.clone()),
            attributes: self.attributes.or(|| {
                let kept = event.attributes.get();
                (kept != "{}").then(|| event.attributes.clone())
            }),
        }
    }
}
