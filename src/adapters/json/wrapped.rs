//! Objects that travel as a text inside another: a shipper's `message`, a container's `log`.

use serde_json::Value;

use super::super::Object;

/// Longest text that is looked into, in bytes.
const TEXT_MAX: usize = 256 * 1024;

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
    text.trim_ascii_start().starts_with('{') && may_end(text)
}

/// Whether a text may end in an object.
pub(super) fn may_end(text: &str) -> bool {
    let text = text.trim_ascii();
    text.ends_with('}') && text.len() <= TEXT_MAX
}
