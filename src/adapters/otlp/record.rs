//! A log record with what stands around it, however it was written.

use std::borrow::Cow;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::value::{Any, Pairs, clean};

/// A log record of OpenTelemetry.
#[derive(Debug, Default)]
pub(super) struct LogRecord<'a> {
    /// Nanoseconds since 1970; 0 for unknown.
    pub(super) time: u64,
    /// When the collector saw it, likewise.
    pub(super) observed: u64,
    /// 1 to 24; 0 for unknown.
    pub(super) severity_number: i64,
    pub(super) severity_text: Cow<'a, str>,
    pub(super) body: Any<'a>,
    pub(super) attributes: Pairs<'a>,
    pub(super) dropped_attributes: u64,
    pub(super) flags: u32,
    /// 32 digits of hexadecimal, small; empty for none.
    pub(super) trace_id: String,
    /// 16 such digits.
    pub(super) span_id: String,
    pub(super) event_name: Cow<'a, str>,
}

/// What a record comes from: a resource, or the library that wrote it.
#[derive(Debug, Default)]
pub(super) struct Origin<'a> {
    /// The library's name; none of a resource.
    pub(super) name: Cow<'a, str>,
    pub(super) version: Cow<'a, str>,
    pub(super) attributes: Pairs<'a>,
}

impl Origin<'_> {
    /// Written out once for all its records; nothing when it says nothing.
    pub(super) fn written(&self) -> Option<Box<RawValue>> {
        let silent = self.name.is_empty() && self.version.is_empty();
        if silent && self.attributes.is_empty() {
            return None;
        }
        to_raw_value(self).ok()
    }
}

impl Serialize for Origin<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, text) in [("name", &self.name), ("version", &self.version)] {
            if !text.is_empty() {
                map.serialize_entry(name, &*clean(text))?;
            }
        }
        if !self.attributes.is_empty() {
            map.serialize_entry("attributes", &self.attributes)?;
        }
        map.end()
    }
}

/// A record as it is kept: by the names of the JSON form, its values as plain JSON.
pub(super) struct Written<'w> {
    pub(super) resource: Option<&'w RawValue>,
    pub(super) scope: Option<&'w RawValue>,
    pub(super) record: &'w LogRecord<'w>,
    /// Whether the body is in it; not where it is kept beside it.
    pub(super) with_body: bool,
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.record;
        let mut map = serializer.serialize_map(None)?;
        if let Some(resource) = self.resource {
            map.serialize_entry("resource", resource)?;
        }
        if let Some(scope) = self.scope {
            map.serialize_entry("scope", scope)?;
        }
        for (name, time) in [
            ("timeUnixNano", record.time),
            ("observedTimeUnixNano", record.observed),
        ] {
            if time > 0 {
                // As a text, as the JSON form has it: JavaScript would round the number.
                map.serialize_entry(name, &format_args!("{time}"))?;
            }
        }
        if record.severity_number != 0 {
            map.serialize_entry("severityNumber", &record.severity_number)?;
        }
        for (name, text) in [
            ("severityText", &*record.severity_text),
            ("eventName", &record.event_name),
            ("traceId", &record.trace_id),
            ("spanId", &record.span_id),
        ] {
            if !text.is_empty() {
                map.serialize_entry(name, &*clean(text))?;
            }
        }
        if self.with_body && record.body != Any::Empty {
            map.serialize_entry("body", &record.body)?;
        }
        if !record.attributes.is_empty() {
            map.serialize_entry("attributes", &record.attributes)?;
        }
        if record.dropped_attributes > 0 {
            map.serialize_entry("droppedAttributesCount", &record.dropped_attributes)?;
        }
        if record.flags > 0 {
            map.serialize_entry("flags", &record.flags)?;
        }
        map.end()
    }
}
