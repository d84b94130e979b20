//! Objects that travel as a text inside another: a shipper's `message`, a container's `log`.

use serde_json::Value;

use super::super::{Draft, Fields, Object, Reading, Record};
use super::facts::Facts;
use crate::events::ATTRIBUTES_MAX;

/// Longest text that is looked into, in bytes.
const TEXT_MAX: usize = 256 * 1024;

/// The record a message is.
pub(super) fn record(message: &str) -> Option<Record<'_>> {
    is_object(message).then(|| Record::read(message.trim().as_bytes()).ok())?
}

/// The object a text is.
pub(super) fn object(text: &str) -> Option<Object> {
    if !is_object(text) {
        return None;
    }
    match super::super::value(text.trim().as_bytes()) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// Whether a text may be an object: a cheap look, as every message is asked.
pub(super) fn is_object(text: &str) -> bool {
    let text = text.trim_ascii();
    text.starts_with('{') && text.ends_with('}') && text.len() <= TEXT_MAX
}

/// Adds to an event what the object around its record says of the host and the file.
pub(super) fn with_outside(mut reading: Reading, facts: &Facts<'_>) -> Reading {
    let mut draft = Draft::default();
    facts.give(&mut draft, false);
    let raw = reading.event.attributes.as_deref();
    let Some(known) = raw.and_then(|raw| serde_json::from_str::<Object>(raw.get()).ok()) else {
        return reading;
    };
    let mut fields = Fields::from_object(known);
    for path in [
        "host.name",
        "host.ip",
        "log.file.path",
        "container.name",
        "orchestrator.namespace",
    ] {
        fields.set_if_absent(path, draft.fields.get(path).cloned());
    }
    let written = serde_json::value::to_raw_value(fields.as_object()).ok();
    if let Some(written) = written.filter(|raw| raw.get().len() <= ATTRIBUTES_MAX) {
        reading.event.attributes = Some(written);
    }
    reading.event.occurred_at = reading.event.occurred_at.or(draft.occurred_at);
    reading
}
