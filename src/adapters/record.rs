//! One record: JSON that every reader reads alike, as values and as it came.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// A JSON object.
pub(super) type Object = Map<String, Value>;

/// How deep lists and objects may be nested. The event's attributes hold the record one level
/// down and must themselves be readable.
const DEPTH_MAX: u8 = 32;

/// Where whole numbers end that 64 bits hold: 2^64. The parser turns longer ones into fractions
/// and loses digits, so whatever is that large is refused.
const NUMBER_END: f64 = 18_446_744_073_709_551_616.0;

/// A record as its sender wrote it.
#[derive(Debug)]
pub(super) struct Record<'a> {
    /// Its members.
    pub object: Object,
    /// Its text, without the white space around it.
    pub raw: &'a RawValue,
}

/// Why a text is no record, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub(super) struct RecordError {
    /// Where in the record, such as `dns.queries[0].rrname`; `record` for the whole.
    pub field: String,
    /// What is wrong there.
    pub reason: String,
}

impl<'a> Record<'a> {
    /// Reads one JSON object, white space around it allowed.
    ///
    /// # Errors
    /// [`RecordError`] when it is no JSON object, is cut off, names a member twice, is nested deeper
    /// than 32, holds U+0000 or a number beyond 64 bits.
    pub(super) fn read(line: &'a [u8]) -> Result<Self, RecordError> {
        let Value::Object(object) = value(line)? else {
            return Err(refused("", "must be a JSON object".to_owned()));
        };
        let raw = serde_json::from_slice(line).map_err(|error| blame(line, &error))?;
        Ok(Self { object, raw })
    }
}

/// Reads any JSON value by the same rules.
///
/// # Errors
/// As [`Record::read`].
pub(super) fn value(text: &[u8]) -> Result<Value, RecordError> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    Strict { depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| blame(text, &error))
}

/// Finds the field that is to blame. Following the path costs time, so only refused records pay.
fn blame(line: &[u8], error: &serde_json::Error) -> RecordError {
    let mut track = serde_path_to_error::Track::new();
    let mut reader = serde_json::Deserializer::from_slice(line);
    let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    let field = match (Strict { depth: 0 }).deserialize(tracked) {
        // What follows the record is wrong, not the record.
        Ok(_) => String::new(),
        Err(_) => track.path().to_string(),
    };
    refused(&field, error.to_string())
}

fn refused(field: &str, reason: String) -> RecordError {
    // A question mark stands for a name that could not be read.
    let field = match field.trim_end_matches('?').trim_end_matches('.') {
        "" => "record".to_owned(),
        // Names come from the record and may be of any length.
        path => path.chars().take(200).collect(),
    };
    RecordError { field, reason }
}

#[derive(Clone, Copy)]
struct Strict {
    depth: u8,
}

impl Strict {
    fn inner<E: Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom("nested deeper than 32"));
        }
        Ok(Self {
            depth: self.depth.saturating_add(1),
        })
    }
}

fn without_nul<E: Error>(text: &str) -> Result<(), E> {
    if text.contains('\0') {
        return Err(E::custom("must not contain U+0000"));
    }
    Ok(())
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        if value.abs() >= NUMBER_END {
            return Err(E::custom("number beyond 64 bits"));
        }
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        without_nul(text)?;
        Ok(text.into())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        without_nul(&text)?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(inner)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let inner = self.inner()?;
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            without_nul(&name)?;
            if members.contains_key(&name) {
                let shown: String = name.chars().take(40).collect();
                return Err(A::Error::custom(format_args!("{shown:?} is given twice")));
            }
            let value = map.next_value_seed(inner)?;
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}
