//! Values of any kind as OpenTelemetry has them, borrowed from the body.

use std::borrow::Cow;
use std::collections::HashMap;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

/// How deep lists and maps may be nested within a value.
pub(super) const DEPTH_MAX: u8 = 24;
/// Attributes up to this many are compared with each other to find names that come twice.
const FEW: usize = 16;

/// A value; texts are the body's own bytes wherever they can be.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum Any<'a> {
    #[default]
    Empty,
    Text(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(Cow<'a, [u8]>),
    List(Vec<Any<'a>>),
    Map(Pairs<'a>),
}

/// Names with their values, in the order they came. A name that comes twice has its last value.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pairs<'a>(pub(super) Vec<(Cow<'a, str>, Any<'a>)>);

impl Any<'_> {
    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Any::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A plain value in words; nothing for lists, maps and what is empty.
    pub(super) fn word(&self) -> Option<Cow<'_, str>> {
        Some(match self {
            Any::Text(text) => Cow::Borrowed(&**text),
            Any::Bool(truth) => Cow::Borrowed(if *truth { "true" } else { "false" }),
            Any::Int(number) => Cow::Owned(number.to_string()),
            Any::Double(number) => Cow::Owned(number.to_string()),
            Any::Bytes(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) => Cow::Owned(BASE64_STANDARD.encode(bytes)),
            },
            Any::Empty | Any::List(_) | Any::Map(_) => return None,
        })
    }
}

impl<'a> Pairs<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value of a name.
    pub(super) fn get(&self, name: &str) -> Option<&Any<'a>> {
        self.0
            .iter()
            .rev()
            .find(|(it, _)| it == name)
            .map(|(_, value)| value)
    }

    /// Each name once, with its last value.
    pub(super) fn unique(&self) -> impl Iterator<Item = (&str, &Any<'a>)> {
        let last: Option<HashMap<&str, usize>> = (self.0.len() > FEW).then(|| {
            let names = self.0.iter().enumerate();
            names.map(|(place, (name, _))| (&**name, place)).collect()
        });
        self.0
            .iter()
            .enumerate()
            .filter_map(move |(place, (name, value))| {
                let name: &str = name;
                let is_last = if let Some(last) = &last {
                    last.get(name) == Some(&place)
                } else {
                    let mut rest = self.0.iter().skip(place.saturating_add(1));
                    !rest.any(|(other, _)| other == name)
                };
                is_last.then_some((name, value))
            })
    }
}

/// Whether a fraction is written as a number: beyond 64 bits readers lose digits, or refuse it.
pub(super) fn is_number(number: f64) -> bool {
    const END: f64 = 18_446_744_073_709_551_616.0;
    number.abs() < END
}

/// A text without U+0000, which no database of ours holds.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.as_bytes().contains(&0) {
        Cow::Owned(text.replace('\0', "\u{fffd}"))
    } else {
        Cow::Borrowed(text)
    }
}

impl Serialize for Any<'_> {
    /// Plain JSON: bytes as base64, numbers that are none or too large as texts.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Any::Empty => serializer.serialize_unit(),
            Any::Text(text) => serializer.serialize_str(&clean(text)),
            Any::Bool(truth) => serializer.serialize_bool(*truth),
            Any::Int(number) => serializer.serialize_i64(*number),
            Any::Double(number) if is_number(*number) => serializer.serialize_f64(*number),
            Any::Double(number) => serializer.collect_str(number),
            Any::Bytes(bytes) => serializer.serialize_str(&BASE64_STANDARD.encode(bytes)),
            Any::List(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(value)?;
                }
                list.end()
            }
            Any::Map(pairs) => pairs.serialize(serializer),
        }
    }
}

impl Serialize for Pairs<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.unique() {
            map.serialize_entry(&*clean(name), value)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_comes_twice_has_its_last_value() {
        for more in [0, 40] {
            let mut pairs: Vec<(Cow<'_, str>, Any<'_>)> = vec![
                ("a".into(), Any::Int(1)),
                ("b".into(), Any::Text("x\0".into())),
                ("a".into(), Any::Double(f64::INFINITY)),
            ];
            pairs.extend((0..more).map(|n| (Cow::Owned(format!("n{n}")), Any::Empty)));
            let pairs = Pairs(pairs);
            let written = serde_json::to_string(&pairs).unwrap();
            assert!(
                written.starts_with("{\"b\":\"x\u{fffd}\",\"a\":\"inf\""),
                "{written}"
            );
            assert_eq!(pairs.get("a"), Some(&Any::Double(f64::INFINITY)));
        }
    }

    #[test]
    fn values_are_written_as_plain_json() {
        let value = Any::List(vec![
            Any::Empty,
            Any::Bool(true),
            Any::Int(-5),
            Any::Double(0.5),
            Any::Bytes(Cow::Borrowed(&[0xff, 0])),
            Any::Map(Pairs(vec![("k".into(), Any::Text("v".into()))])),
        ]);
        let written = serde_json::to_string(&value).unwrap();
        assert_eq!(written, r#"[null,true,-5,0.5,"/wA=",{"k":"v"}]"#);
    }
}
