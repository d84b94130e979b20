//! From bytes to an event: one pass over the JSON, every mistake named by its field.

mod input;
mod patch;
mod quick;
mod strict;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::net::IpAddr;

use base::{Severity, Timestamp};
use serde_json::value::RawValue;

use super::model::{
    ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, NewEvent, SOURCE_NAME_MAX, TAG_MAX, TAGS_MAX,
    TIMES,
};
use super::packed::{PackedEvent, Packing, Plain};
use crate::http::FieldErrors;
use input::{Field, Input, Tags};
pub use patch::EventPatch;
use patch::Given;

/// Reads one event as a client sends it.
///
/// # Errors
/// What is wrong with each field; `body` when it is no JSON object.
pub fn read_new(json: &[u8]) -> Result<NewEvent, FieldErrors> {
    let input = Input::read(json)?;
    let mut check = Check::default();
    let source_name = check.required("source_name", &input.source_name, Check::source_name);
    let event_type = check.required("event_type", &input.event_type, Check::event_type);
    let severity = check.required("severity", &input.severity, Check::severity);
    let description = check.required("description", &input.description, Check::description);
    let ip_address = check.optional("ip_address", &input.ip_address, Check::ip_address);
    let occurred_at = check.optional("occurred_at", &input.occurred_at, Check::occurred_at);
    let tags = check.tags(input.tags);
    let attributes = check.attributes(input.attributes, &input.unknown);
    let (Some(source_name), Some(event_type), Some(severity), Some(description)) =
        (source_name, event_type, severity, description)
    else {
        return Err(check.errors);
    };
    check.end(NewEvent {
        source_name,
        event_type,
        severity,
        description,
        ip_address,
        occurred_at,
        tags: tags.unwrap_or_default(),
        attributes,
    })
}

/// Reads one event as a client sends it, packed; what is usual, in one walk.
///
/// # Errors
/// As [`read_new`].
pub fn read_packed(json: &[u8]) -> Result<PackedEvent, FieldErrors> {
    let usual = std::str::from_utf8(json).ok().and_then(quick::read);
    match usual.and_then(|event| pack(&event)) {
        Some(event) => Ok(event),
        None => read_new(json).map(PackedEvent::from),
    }
}

/// Copies the texts out of the JSON, written as the slow way writes them.
fn pack(event: &quick::Quick<'_>) -> Option<PackedEvent> {
    let (address, ip_address) = event.ip_address.unzip();
    let written;
    let address = match (address, ip_address) {
        // The text of an IPv4 address is the only one it has.
        (Some(text), Some(IpAddr::V4(_))) => text,
        (_, Some(address)) => {
            written = address.to_string();
            &written
        }
        _ => "",
    };
    let unknown = event.unknown.as_slice();
    let added = unknown
        .iter()
        .map(|(name, value)| name.len().saturating_add(value.len()).saturating_add(4));
    let tags = event.tags.iter().map(|tag| tag.len().saturating_add(4));
    let texts = [
        event.source_name,
        event.event_type,
        event.description,
        address,
    ];
    let room = texts.iter().map(|text| text.len()).chain(added).chain(tags);
    let room = room.sum::<usize>().saturating_add(event.attributes.len());
    let mut packing = Packing::with_capacity(room);
    packing.push(event.source_name);
    packing.end();
    packing.push_lower(event.event_type);
    packing.end();
    packing.push(event.description);
    packing.end();
    packing.push(address);
    packing.end();
    for (at, tag) in event.tags.iter().enumerate() {
        packing.push(if at == 0 { "[\"" } else { "\",\"" });
        packing.push(tag);
    }
    if !event.tags.is_empty() {
        packing.push("\"]");
    }
    packing.end();
    if unknown.is_empty() {
        packing.push(event.attributes);
    } else {
        push_merged(&mut packing, event.attributes, unknown);
    }
    Some(packing.finish(Plain {
        severity: event.severity?,
        ip_address,
        occurred_at: event.occurred_at,
    }))
}

/// The attributes with the unknown fields behind them.
fn push_merged(packing: &mut Packing, attributes: &str, unknown: &[(&str, &str)]) {
    let inner = attributes.strip_prefix('{').unwrap_or_default();
    let inner = inner.strip_suffix('}').unwrap_or_default().trim();
    packing.push("{");
    packing.push(inner);
    for (at, (name, value)) in unknown.iter().enumerate() {
        let is_first = at == 0 && inner.is_empty();
        packing.push(if is_first { "\"" } else { ",\"" });
        packing.push(name);
        packing.push("\":");
        packing.push(value);
    }
    packing.push("}");
}

/// Collects what is wrong, field by field.
#[derive(Default)]
struct Check {
    errors: FieldErrors,
}

impl Check {
    fn refuse(&mut self, field: &str, what: impl Into<String>) {
        self.errors
            .entry(field.to_owned())
            .or_default()
            .push(what.into());
    }

    fn end<T>(self, value: T) -> Result<T, FieldErrors> {
        if self.errors.is_empty() {
            Ok(value)
        } else {
            Err(self.errors)
        }
    }

    fn required<T>(
        &mut self,
        name: &str,
        field: &Field<'_>,
        read: fn(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        match field {
            Field::Text(text) => self.read(name, text, read),
            Field::Absent | Field::Null => {
                self.refuse(name, "required");
                None
            }
            Field::Other(kind) => {
                self.refuse(name, format!("must be text, not {kind}"));
                None
            }
        }
    }

    fn optional<T>(
        &mut self,
        name: &str,
        field: &Field<'_>,
        read: fn(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        match field {
            Field::Absent | Field::Null => None,
            // Forms and shippers send what they do not have as an empty text.
            Field::Text(text) if text.is_empty() => None,
            _ => self.required(name, field, read),
        }
    }

    fn given<T>(
        &mut self,
        name: &str,
        field: &Field<'_>,
        read: fn(&str) -> Result<T, &'static str>,
    ) -> Given<T> {
        match field {
            Field::Absent => Given::Nothing,
            _ => Given::Value(self.optional(name, field, read)),
        }
    }

    fn read<T>(
        &mut self,
        name: &str,
        text: &str,
        read: fn(&str) -> Result<T, &'static str>,
    ) -> Option<T> {
        read(text).map_err(|what| self.refuse(name, what)).ok()
    }

    fn source_name(text: &str) -> Result<String, &'static str> {
        bounded(
            text,
            SOURCE_NAME_MAX,
            "must be 1 to 255 characters, without U+0000",
        )
    }

    fn description(text: &str) -> Result<String, &'static str> {
        bounded(
            text,
            DESCRIPTION_MAX,
            "must be 1 to 16384 characters, without U+0000",
        )
    }

    fn event_type(text: &str) -> Result<String, &'static str> {
        const WHAT: &str = "must be 1 to 100 letters, digits, `-`, `_`, `.` or `:`, such as \
            intrusion, malware, anomaly";
        let fits = (1..=EVENT_TYPE_MAX).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
        if fits {
            Ok(text.to_ascii_lowercase())
        } else {
            Err(WHAT)
        }
    }

    fn severity(text: &str) -> Result<Severity, &'static str> {
        text.trim()
            .parse()
            .map_err(|_| "must be one of INFO, LOW, MEDIUM, HIGH, CRITICAL")
    }

    fn ip_address(text: &str) -> Result<IpAddr, &'static str> {
        text.trim()
            .parse()
            .map_err(|_| "must be an IPv4 or IPv6 address, such as 198.51.100.7")
    }

    fn occurred_at(text: &str) -> Result<Timestamp, &'static str> {
        let time = Timestamp::parse(text)
            .map_err(|_| "must be a time in RFC 3339, such as 2026-01-31T23:59:00Z")?;
        if TIMES.contains(&time.micros()) {
            Ok(time)
        } else {
            Err("must be in the years 1 to 9999")
        }
    }

    fn tags(&mut self, tags: Tags<'_>) -> Option<Vec<String>> {
        let words = match tags {
            Tags::Absent => return None,
            Tags::Null => return Some(Vec::new()),
            Tags::Other => {
                self.refuse("tags", "must be a list of texts");
                return None;
            }
            Tags::Words(words) => words,
        };
        if words.len() > TAGS_MAX {
            self.refuse("tags", format!("at most {TAGS_MAX}"));
        }
        let what = "each must be 1 to 100 characters, without U+0000";
        let read: Result<Vec<String>, _> = words
            .iter()
            .map(|word| bounded(word, TAG_MAX, what))
            .collect();
        read.map_err(|what| self.refuse("tags", what)).ok()
    }

    /// Merges what is not known by name into the attributes.
    fn attributes(
        &mut self,
        given: Option<&RawValue>,
        unknown: &[(Cow<'_, str>, &RawValue)],
    ) -> Option<Box<RawValue>> {
        let given = given.filter(|raw| raw.get() != "null");
        let mut names = Vec::new();
        match given.map(|raw| strict::object(raw.get())).transpose() {
            Ok(found) => names.extend(found.into_iter().flatten()),
            Err(what) => {
                self.refuse("attributes", what);
                return None;
            }
        }
        let raw = if unknown.is_empty() {
            // Nothing to merge: kept as it was sent.
            given.filter(|_| !names.is_empty())?.to_owned()
        } else {
            self.merged(given, &names, unknown)?
        };
        if raw.get().len() > ATTRIBUTES_MAX {
            self.refuse("attributes", "at most 65536 bytes of JSON");
        }
        Some(raw)
    }

    /// The attributes with the unknown fields behind them.
    fn merged(
        &mut self,
        given: Option<&RawValue>,
        names: &[Cow<'_, str>],
        unknown: &[(Cow<'_, str>, &RawValue)],
    ) -> Option<Box<RawValue>> {
        // What stands between the braces; `object` saw that they are there.
        let inner = given.map_or("", |raw| {
            let text = raw.get().trim();
            text.get(1..text.len().saturating_sub(1))
                .unwrap_or_default()
                .trim()
        });
        let added = unknown
            .iter()
            .map(|(name, raw)| name.len().saturating_add(raw.get().len() + 8));
        let mut merged =
            String::with_capacity(added.sum::<usize>().saturating_add(inner.len() + 2));
        merged.push('{');
        merged.push_str(inner);
        for (name, raw) in unknown {
            if names.contains(name) {
                self.refuse(name, "given twice: as a field and in attributes");
            }
            if let Err(what) = strict::value(raw.get()) {
                self.refuse(name, what);
            }
            if merged.len() > 1 {
                merged.push(',');
            }
            merged.push_str(&serde_json::to_string(name).ok()?);
            merged.push(':');
            merged.push_str(raw.get());
        }
        merged.push('}');
        RawValue::from_string(merged).ok()
    }
}

fn bounded(text: &str, max: usize, what: &'static str) -> Result<String, &'static str> {
    // Bytes first: counting characters of a long text is only needed near the limit.
    let fits = text.len() <= max || text.chars().count() <= max;
    if fits && !text.trim().is_empty() && !text.contains('\0') {
        Ok(text.to_owned())
    } else {
        Err(what)
    }
}
