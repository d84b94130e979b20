//! Looking into a record: members by their paths, as texts, numbers and lists.

use std::net::IpAddr;

use serde_json::{Number, Value};
use sha2::{Digest as _, Sha256};

use super::fields::{Fields, cut};
use super::record::Object;

/// Most texts read of one list.
pub(super) const LIST_MAX: usize = 16;
/// Longest word of a list, in characters.
pub(super) const WORD_MAX: usize = 160;

/// How a member is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum As {
    /// A text, or a number or truth value as a text.
    Text,
    /// The same in small letters.
    Lower,
    /// An IP address; anything else is passed over, also the one that means none (`0.0.0.0`).
    Address,
    /// A number of 16 bits, also one written as a text.
    Port,
    /// A number, also one written as a text.
    Number,
}

/// A field, how its value is read, and where in a record it may stand: the first counts.
pub(super) type Row = (&'static str, As, &'static [&'static str]);

/// The value at a path of names with dots between them. A member whose own name holds the dots
/// counts first; of a list its first object is meant. `null` is no value.
pub(super) fn at<'v>(object: &'v Object, path: &str) -> Option<&'v Value> {
    if let Some(value) = object.get(path) {
        return Some(value).filter(|value| !value.is_null());
    }
    let (outer, inner) = path.split_once('.')?;
    match object.get(outer)? {
        Value::Object(next) => at(next, inner),
        Value::Array(list) => at(list.first()?.as_object()?, inner),
        _ => None,
    }
}

/// The object at a path.
pub(super) fn object<'v>(outer: &'v Object, path: &str) -> Option<&'v Object> {
    at(outer, path)?.as_object()
}

/// The text at a path, trimmed; an empty one and a lone `-` are none.
pub(super) fn text<'v>(object: &'v Object, path: &str) -> Option<&'v str> {
    some_text(at(object, path)?.as_str()?)
}

/// The text at the first of some paths that leads to one.
pub(super) fn first<'v>(object: &'v Object, paths: &[&str]) -> Option<&'v str> {
    paths.iter().find_map(|path| text(object, path))
}

/// A text or number at a path, as a text.
pub(super) fn word(object: &Object, path: &str) -> Option<String> {
    as_word(at(object, path)?)
}

/// A whole number at a path, also one written as a text.
pub(super) fn number(object: &Object, path: &str) -> Option<i64> {
    match at(object, path)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// The texts at a path, at most 16: those of a list, or the one there is.
pub(super) fn texts<'v>(object: &'v Object, path: &str) -> impl Iterator<Item = &'v str> {
    let value = at(object, path);
    let list = value
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let single = value.and_then(Value::as_str);
    single
        .into_iter()
        .chain(list.iter().filter_map(Value::as_str))
        .filter_map(some_text)
        .take(LIST_MAX)
}

/// The objects of the list at a path, or the one there is.
pub(super) fn objects<'v>(object: &'v Object, path: &str) -> impl Iterator<Item = &'v Object> {
    let value = at(object, path);
    let list = value
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    value
        .and_then(Value::as_object)
        .into_iter()
        .chain(list.iter().filter_map(Value::as_object))
}

/// Copies members into fields that are not set yet.
pub(super) fn copy(fields: &mut Fields, object: &Object, rows: &[Row]) {
    for (field, how, paths) in rows {
        let value = paths.iter().find_map(|path| read(at(object, path)?, *how));
        fields.set_if_absent(field, value);
    }
}

/// A value as a field holds it.
pub(super) fn read(value: &Value, how: As) -> Option<Value> {
    match how {
        As::Text => as_word(value).map(Value::String),
        As::Lower => as_word(value).map(|word| word.to_lowercase().into()),
        As::Address => {
            let address: IpAddr = value.as_str()?.trim().parse().ok()?;
            let address = address.to_canonical();
            (!address.is_unspecified()).then(|| address.to_string().into())
        }
        As::Port => match value {
            Value::String(text) => text.trim().parse::<u16>().ok().map(Value::from),
            other => u16::try_from(other.as_u64()?).ok().map(Value::from),
        },
        As::Number => match value {
            Value::Number(number) => Some(Value::Number(number.clone())),
            Value::String(text) => text.trim().parse::<Number>().ok().map(Value::Number),
            _ => None,
        },
    }
}

pub(super) fn as_word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => some_text(text).map(str::to_owned),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

/// A text that says something, trimmed: an empty one and a lone `-` do not.
pub(super) fn some_text(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !matches!(*text, "" | "-"))
}

/// Adds a word to a list of distinct ones, at most `most`. It is cut at `longest` characters before
/// it is compared: what is cut to the same is the same.
pub(super) fn add(list: &mut Vec<String>, word: &str, most: usize, longest: usize) {
    let word = cut(word.trim(), longest);
    if !word.is_empty() && list.len() < most && !list.contains(&word) {
        list.push(word);
    }
}

/// The key of a record whose sender gives it none: what is equal to the last byte is the same.
pub(super) fn digest(text: &[u8]) -> String {
    base::hex(&Sha256::digest(text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_through_objects_lists_and_names_with_dots() {
        let value = json!({
            "id.orig_h": "192.0.2.1", "a": {"b": [{"c": " x "}, {"c": "y"}], "n": "7"},
            "empty": "-", "none": null, "list": ["a", 1, "", "b"], "port": "443", "bad": 70_000,
        });
        let object = value.as_object().unwrap();
        assert_eq!(text(object, "id.orig_h"), Some("192.0.2.1"));
        assert_eq!(text(object, "a.b.c"), Some("x"));
        assert_eq!(number(object, "a.n"), Some(7));
        for path in ["empty", "none", "a.b.d", "a.n.x", "x.y"] {
            assert_eq!(text(object, path), None, "{path}");
        }
        assert_eq!(texts(object, "list").collect::<Vec<_>>(), ["a", "b"]);
        let mut fields = Fields::default();
        copy(
            &mut fields,
            object,
            &[
                ("source.ip", As::Address, &["empty", "id.orig_h"]),
                ("source.ip", As::Address, &["a.n"]),
                ("source.port", As::Port, &["port"]),
                ("destination.port", As::Port, &["bad"]),
                ("event.severity", As::Number, &["a.n"]),
            ],
        );
        let expected = json!({
            "source": {"ip": "192.0.2.1", "port": 443}, "event": {"severity": 7},
        });
        assert_eq!(Value::Object(fields.into_object()), expected);
    }
}
