//! Attributes of at most 64 KiB: the mapped fields, and as much of the record as there is room.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::fields::Fields;
use super::record::Object;
use crate::events::ATTRIBUTES_MAX;

/// Longest name of a member kept when trimming, in bytes.
const NAME_MAX: usize = 128;

/// How much is kept of each text, list and object.
#[derive(Clone, Copy)]
struct Cut {
    /// Characters of a text.
    chars: usize,
    /// Values of a list, members of an object.
    items: usize,
}

/// Tried one after the other until the record fits.
const CUTS: [Cut; 4] = [
    Cut {
        chars: 4096,
        items: 512,
    },
    Cut {
        chars: 1024,
        items: 256,
    },
    Cut {
        chars: 256,
        items: 64,
    },
    Cut {
        chars: 64,
        items: 16,
    },
];

/// The record below the mapped fields: its name there, and it.
#[derive(Clone, Copy, Debug)]
pub enum Original<'a> {
    /// A JSON object, as values and as it came.
    Json(&'a str, &'a Object, &'a RawValue),
    /// A JSON object as its text only; it is taken apart where somebody asks.
    Written(&'a str, &'a RawValue),
    /// A line of text.
    Text(&'a str, &'a str),
    /// The mapped fields say it all.
    Nothing,
}

/// Builds the attributes from the mapped fields and the original.
///
/// The mapped fields are bounded by their makers, and are kept whole; the original is kept whole,
/// else trimmed (`trimmed.bytes` then says how long it was), else left out.
pub(super) fn fit(mapped: &Fields, original: Original<'_>) -> Option<Box<RawValue>> {
    match original {
        Original::Nothing => written(&Attributes::<Value> {
            mapped,
            record: None,
            trimmed_from: None,
        })
        .filter(|all| all.get().len() <= ATTRIBUTES_MAX),
        Original::Json(name, whole, raw) => {
            let cuts = CUTS.iter().map(|cut| Value::Object(cut.object(whole)));
            fitted(mapped, name, raw, raw.get().len(), cuts)
        }
        Original::Written(name, raw) => {
            let whole: std::cell::LazyCell<Object, _> =
                std::cell::LazyCell::new(|| serde_json::from_str(raw.get()).unwrap_or_default());
            let cuts = CUTS.iter().map(|cut| Value::Object(cut.object(&whole)));
            fitted(mapped, name, raw, raw.get().len(), cuts)
        }
        Original::Text(name, text) => {
            let cuts = CUTS.iter().map(|cut| cut.text(text));
            fitted(mapped, name, text, text.len(), cuts)
        }
    }
}

fn fitted<R: Serialize + ?Sized>(
    mapped: &Fields,
    name: &str,
    record: &R,
    length: usize,
    mut cuts: impl Iterator<Item = Value>,
) -> Option<Box<RawValue>> {
    let fits = |all: &RawValue| all.get().len() <= ATTRIBUTES_MAX;
    // A record that alone is too large need not be copied to find that out.
    if length < ATTRIBUTES_MAX
        && let Some(all) = written(&Attributes {
            mapped,
            record: Some((name, record)),
            trimmed_from: None,
        })
        .filter(|all| fits(all))
    {
        return Some(all);
    }
    let trimmed = |record: Option<&Value>| {
        written(&Attributes {
            mapped,
            record: record.map(|record| (name, record)),
            trimmed_from: Some(length),
        })
        .filter(|all| fits(all))
    };
    cuts.find_map(|record| trimmed(Some(&record)))
        .or_else(|| trimmed(None))
}

/// Values read from JSON always serialise.
fn written(attributes: &impl Serialize) -> Option<Box<RawValue>> {
    to_raw_value(attributes).ok()
}

struct Attributes<'a, R: ?Sized> {
    mapped: &'a Fields,
    record: Option<(&'a str, &'a R)>,
    /// Bytes of the record, if not all of it is kept.
    trimmed_from: Option<usize>,
}

impl<R: Serialize + ?Sized> Serialize for Attributes<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        // Nobody but this file says what was trimmed, and no name comes twice.
        let record = self.record.map(|(name, _)| name);
        self.mapped
            .write(&mut map, |name| Some(name) == record || name == "trimmed")?;
        if let Some(bytes) = self.trimmed_from {
            map.serialize_entry("trimmed", &serde_json::json!({ "bytes": bytes }))?;
        }
        if let Some((name, record)) = self.record {
            map.serialize_entry(name, record)?;
        }
        map.end()
    }
}

impl Cut {
    fn value(self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(list) => {
                let mut kept: Vec<Value> = list
                    .iter()
                    .take(self.items)
                    .map(|value| self.value(value))
                    .collect();
                if kept.len() < list.len() {
                    kept.push(format!("… ({} values)", list.len()).into());
                }
                Value::Array(kept)
            }
            Value::Object(object) => Value::Object(self.object(object)),
            plain => plain.clone(),
        }
    }

    fn object(self, object: &Object) -> Object {
        object
            .iter()
            .filter(|(name, _)| name.len() <= NAME_MAX)
            .take(self.items)
            .map(|(name, value)| (name.clone(), self.value(value)))
            .collect()
    }

    fn text(self, text: &str) -> Value {
        let Some((end, _)) = text.char_indices().nth(self.chars) else {
            return text.into();
        };
        let kept = text.get(..end).unwrap_or_default();
        format!("{kept}… ({} bytes)", text.len()).into()
    }
}
