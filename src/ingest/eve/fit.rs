//! Attributes of at most 64 KiB: the mapped fields, and as much of the record as there is room.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::EveError;
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

/// Builds the attributes from the mapped fields and the record.
///
/// The mapped fields are bounded by their makers, and are kept whole; the record is kept whole,
/// else trimmed, else left out.
///
/// # Errors
/// [`EveError::Json`] if something does not serialise, which no record read from JSON does.
pub(super) fn fit(
    mapped: &Object,
    whole: &Object,
    raw: &RawValue,
) -> Result<Box<RawValue>, EveError> {
    let as_it_came = Attributes {
        mapped,
        record: Some(raw),
        trimmed_from: None,
    };
    // A record that alone is too large need not be copied to find that out.
    if raw.get().len() < ATTRIBUTES_MAX {
        let attributes = written(&as_it_came)?;
        if attributes.get().len() <= ATTRIBUTES_MAX {
            return Ok(attributes);
        }
    }
    let trimmed_from = Some(raw.get().len());
    for cut in CUTS {
        let record = cut.object(whole);
        let attributes = written(&Attributes {
            mapped,
            record: Some(&record),
            trimmed_from,
        })?;
        if attributes.get().len() <= ATTRIBUTES_MAX {
            return Ok(attributes);
        }
    }
    written(&Attributes::<Value> {
        mapped,
        record: None,
        trimmed_from,
    })
}

fn written(attributes: &impl Serialize) -> Result<Box<RawValue>, EveError> {
    to_raw_value(attributes).map_err(|error| EveError::Json {
        field: "record".to_owned(),
        reason: error.to_string(),
    })
}

struct Attributes<'a, R: ?Sized> {
    mapped: &'a Object,
    record: Option<&'a R>,
    /// Bytes of the record, if not all of it is kept.
    trimmed_from: Option<usize>,
}

impl<R: Serialize + ?Sized> Serialize for Attributes<'_, R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, value) in self.mapped {
            map.serialize_entry(name, value)?;
        }
        if let Some(bytes) = self.trimmed_from {
            map.serialize_entry("suricata_trimmed", &serde_json::json!({ "bytes": bytes }))?;
        }
        if let Some(record) = self.record {
            map.serialize_entry("suricata", record)?;
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
