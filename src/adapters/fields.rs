//! The mapped fields of an event: nested objects, filled by dotted paths.

use std::net::IpAddr;

use serde_json::{Map, Value};

use super::record::Object;

/// Longest text of a field, in characters, where nothing else is said.
const TEXT_MAX: usize = 1_024;
/// Longest text copied from a record's member ([`Fields::text`]), in characters.
const COPIED_MAX: usize = 160;
/// Longest name of a label, in characters.
const LABEL_NAME_MAX: usize = 128;
/// Bytes all fields may take together; what comes later is left out. The original keeps it.
const BYTES_MAX: usize = 56 * 1024;

/// Fields under the names `docs/fields.md` lists.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Fields {
    object: Object,
    bytes: usize,
}

/// The beginning of a text, at most `max` characters and then `…`.
#[must_use]
pub fn cut(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

impl Fields {
    /// Sets a field, texts cut at 1,024 characters; nothing when there is no value, when it is an
    /// empty text, or when the path goes through a plain value.
    pub fn set(&mut self, path: &str, value: Option<impl Into<Value>>) {
        let Some(value) = value.map(Into::into) else {
            return;
        };
        let value = match value {
            Value::String(text) if text.is_empty() => return,
            Value::String(text) if text.len() > TEXT_MAX => cut(&text, TEXT_MAX).into(),
            Value::Null => return,
            other => other,
        };
        // Six bytes a character is what JSON needs for control characters.
        let size = path.len().saturating_add(written_size(&value));
        if self.bytes.saturating_add(size) > BYTES_MAX {
            return;
        }
        let mut object = &mut self.object;
        let mut rest = path;
        while let Some((outer, inner)) = rest.split_once('.') {
            if !object.contains_key(outer) {
                object.insert(outer.to_owned(), Value::Object(Map::new()));
            }
            let Some(Value::Object(next)) = object.get_mut(outer) else {
                return;
            };
            (object, rest) = (next, inner);
        }
        self.bytes = self.bytes.saturating_add(size);
        object.insert(rest.to_owned(), value);
    }

    /// The same where the field is not set yet.
    pub fn set_if_absent(&mut self, path: &str, value: Option<impl Into<Value>>) {
        if self.get(path).is_none() {
            self.set(path, value);
        }
    }

    /// Copies a member that is a text, cut at 160 characters, and ignores one that is not.
    pub fn text(&mut self, path: &str, from: &Object, name: &str) {
        let text = from.get(name).and_then(Value::as_str);
        self.set(path, text.map(|text| cut(text, COPIED_MAX)));
    }

    /// Copies a member that is a whole number, and ignores one that is not.
    pub fn number(&mut self, path: &str, from: &Object, name: &str) {
        self.set(path, from.get(name).and_then(Value::as_u64));
    }

    /// Sets a field to an address in its canonical text, when the text is one.
    pub fn address(&mut self, path: &str, text: Option<&str>) {
        let address = text.and_then(|text| text.trim().parse::<IpAddr>().ok());
        self.set(
            path,
            address.map(|address| address.to_canonical().to_string()),
        );
    }

    /// Sets a field to a port or another number of 16 bits, written as a number or a text.
    pub fn port(&mut self, path: &str, value: Option<&Value>) {
        let number = value.and_then(|value| match value {
            Value::String(text) => text.trim().parse::<u16>().ok(),
            other => other.as_u64().and_then(|n| u16::try_from(n).ok()),
        });
        self.set(path, number);
    }

    /// Sets `labels.NAME`, whatever the name: its dots become `_`, as no path is meant by them, and
    /// at most 128 characters of it are kept.
    pub fn label(&mut self, name: &str, value: Option<impl Into<Value>>) {
        let name: String = name.chars().take(LABEL_NAME_MAX).collect();
        if !name.is_empty() && !name.contains('\0') {
            self.set(&format!("labels.{}", name.replace('.', "_")), value);
        }
    }

    /// The value at a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Value> {
        let mut names = path.split('.');
        let first = self.object.get(names.next()?)?;
        names.try_fold(first, |value, name| value.get(name))
    }

    /// Takes a field away.
    pub(super) fn remove(&mut self, path: &str) {
        let Some((outer, name)) = path.rsplit_once('.') else {
            self.object.remove(path);
            return;
        };
        let mut names = outer.split('.');
        let first = names.next().and_then(|name| self.object.get_mut(name));
        let found =
            first.and_then(|first| names.try_fold(first, |value, name| value.get_mut(name)));
        if let Some(Value::Object(found)) = found {
            found.remove(name);
        }
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.object.is_empty()
    }

    /// The fields as one object.
    #[must_use]
    pub fn into_object(self) -> Object {
        self.object
    }

    /// The fields as one object, to read.
    #[must_use]
    pub const fn as_object(&self) -> &Object {
        &self.object
    }

    /// Goes on with fields that were written out before.
    #[must_use]
    pub const fn from_object(object: Object) -> Self {
        Self { object, bytes: 0 }
    }
}

fn written_size(value: &Value) -> usize {
    match value {
        Value::String(text) => {
            let escaped = text
                .bytes()
                .filter(|b| *b < 0x20 || *b == b'"' || *b == b'\\');
            text.len().saturating_add(escaped.count().saturating_mul(5))
        }
        Value::Array(values) => values.iter().fold(2, |sum: usize, value| {
            sum.saturating_add(written_size(value))
        }),
        Value::Object(members) => members.iter().fold(2, |sum: usize, (name, value)| {
            sum.saturating_add(name.len())
                .saturating_add(written_size(value))
        }),
        _ => 24,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_make_objects_and_never_break_values() {
        let mut fields = Fields::default();
        fields.set("source.ip", Some("192.0.2.1"));
        fields.set("source.port", Some(22));
        fields.set("source.ip.x", Some("lost"));
        fields.set("user.name", Some(""));
        fields.address("destination.ip", Some(" ::ffff:192.0.2.2 "));
        fields.port("destination.port", Some(&"443".into()));
        let expected = serde_json::json!({
            "source": {"ip": "192.0.2.1", "port": 22},
            "destination": {"ip": "192.0.2.2", "port": 443},
        });
        assert_eq!(Value::Object(fields.into_object()), expected);
    }

    #[test]
    fn all_together_stay_small() {
        let mut fields = Fields::default();
        for number in 0..10_000 {
            fields.set(&format!("labels.n{number}"), Some("\u{1}".repeat(2_000)));
        }
        let written = serde_json::to_string(fields.as_object()).unwrap();
        assert!(written.len() < 64 * 1024, "{}", written.len());
    }
}
