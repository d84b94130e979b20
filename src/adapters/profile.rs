//! What administrators say of a source: how its records are to be understood.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use base::Severity;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::draft::{self, slug};
use super::fields::Fields;
use super::record::Object;
use super::time::time_of;
use super::{Reading, json, refused};
use crate::events::ATTRIBUTES_MAX;
use crate::http::FieldErrors;

/// How the records of a source become events. Empty, they stay as their format says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Profile {
    /// The type of events whose record names none: a slug.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_type: Option<String>,
    /// The severity of events whose record names none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_severity: Option<Severity>,
    /// The highest severity an event may have; what is worse becomes this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub highest_severity: Option<Severity>,
    /// From the sender's own word or number, in small letters, to a severity.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = std::collections::HashMap<String, Severity>)]
    pub severities: BTreeMap<String, Severity>,
    /// From a field of the event (`severity`, `event_type`, `description`, `ip_address`,
    /// `occurred_at`, `key`, or a path such as `user.name`) to the place in the record that holds
    /// it, as a JSON Pointer (RFC 6901).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = std::collections::HashMap<String, String>)]
    pub mapping: BTreeMap<String, Pointer>,
    /// Kept with each event under `labels`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = std::collections::HashMap<String, String>)]
    pub labels: BTreeMap<String, String>,
}

/// A JSON Pointer (RFC 6901): empty, or each name behind a `/`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pointer(String);

/// The text is no pointer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a JSON Pointer of at most 1,024 bytes, such as /alert/severity")]
pub struct PointerError;

impl FromStr for Pointer {
    type Err = PointerError;

    fn from_str(text: &str) -> Result<Self, PointerError> {
        let escapes = text.split('~').skip(1);
        let good = escapes.into_iter().all(|rest| rest.starts_with(['0', '1']));
        if text.len() <= 1_024 && (text.is_empty() || text.starts_with('/')) && good {
            Ok(Self(text.to_owned()))
        } else {
            Err(PointerError)
        }
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Pointer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl Pointer {
    /// The value it points to.
    #[must_use]
    pub fn find<'v>(&self, object: &'v Object) -> Option<&'v Value> {
        let mut names = self.0.split('/').skip(1).map(|name| {
            // Most names hold no escape.
            name.replace("~1", "/").replace("~0", "~")
        });
        let first = object.get(&names.next()?)?;
        names.try_fold(first, |value, name| match value {
            Value::Object(members) => members.get(&name),
            Value::Array(values) => values.get(name.parse::<usize>().ok()?),
            _ => None,
        })
    }
}

impl Profile {
    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.default_type.is_none()
            && self.default_severity.is_none()
            && self.highest_severity.is_none()
            && self.severities.is_empty()
            && self.mapping.is_empty()
            && self.labels.is_empty()
    }

    /// Has its say on an event; `object` is what the pointers point into.
    ///
    /// # Errors
    /// A pointer leads to what its field cannot hold.
    pub(super) fn shape(
        &self,
        reading: &mut Reading,
        object: Option<&Object>,
    ) -> Result<(), FieldErrors> {
        if self.is_empty() {
            return Ok(());
        }
        let mut fields = Vec::new();
        if let Some(object) = object {
            for (field, pointer) in &self.mapping {
                if let Some(value) = pointer.find(object).filter(|value| !value.is_null())
                    && !set(reading, field, pointer, value)
                        .map_err(|what| refused(&pointer.to_string(), what))?
                {
                    fields.push((field.as_str(), value.clone()));
                }
            }
        }
        let labels = self.labels.iter();
        let labels: Vec<(String, Value)> = labels
            .map(|(name, value)| (format!("labels.{name}"), value.as_str().into()))
            .collect();
        fields.extend(
            labels
                .iter()
                .map(|(path, value)| (path.as_str(), value.clone())),
        );
        add_fields(reading, fields);
        let said = reading.said.as_deref().map(str::to_ascii_lowercase);
        if let Some(severity) = said.and_then(|said| self.severities.get(said.trim())) {
            reading.event.severity = *severity;
        }
        if let Some(highest) = self.highest_severity {
            reading.event.severity = reading.event.severity.min(highest);
        }
        Ok(())
    }
}

/// Sets one of the event's own fields; `false` when the name is none of them.
fn set(
    reading: &mut Reading,
    field: &str,
    pointer: &Pointer,
    value: &Value,
) -> Result<bool, &'static str> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        _ => String::new(),
    };
    let event = &mut reading.event;
    match field {
        "severity" => {
            // Only by its name a number is known to be OCSF's.
            let name = if pointer.0.ends_with("/severity_id") {
                "severityid"
            } else {
                "severity"
            };
            if let Some(severity) = json::pointed(name, value) {
                event.severity = severity;
            }
            reading.said = Some(text);
        }
        "event_type" => event.event_type = slug(&text).ok_or("must be a text")?,
        "description" => {
            event.description = draft::description(&text).ok_or("must be a text")?;
        }
        "source_name" => event.source_name = draft::source_name(&text).ok_or("must be a text")?,
        "ip_address" => {
            event.ip_address = Some(text.parse().map_err(|_| "must be an IP address")?);
        }
        "occurred_at" => event.occurred_at = Some(time_of(value).ok_or("must be a time")?),
        "key" => *reading = reading.clone().with_key(Some(text)),
        _ => return Ok(false),
    }
    Ok(true)
}

/// Adds fields to the attributes, as long as there is room.
fn add_fields(reading: &mut Reading, added: Vec<(&str, Value)>) {
    if added.is_empty() {
        return;
    }
    let attributes = &mut reading.event.attributes;
    let known = attributes
        .as_deref()
        .and_then(|raw| serde_json::from_str(raw.get()).ok())
        .unwrap_or_default();
    let mut fields = Fields::from_object(known);
    for (path, value) in added {
        fields.set(path, Some(value));
    }
    let written = serde_json::value::to_raw_value(&fields).ok();
    if let Some(written) = written.filter(|raw| raw.get().len() <= ATTRIBUTES_MAX) {
        *attributes = Some(written);
    }
}
