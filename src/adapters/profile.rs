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
    fn find<'v>(&self, object: &'v Object) -> Option<&'v Value> {
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

    /// Has its say on an event, and sets the fields it adds; `object` is what the pointers point
    /// into.
    ///
    /// # Errors
    /// A pointer leads to what its field cannot hold.
    pub(super) fn shape(
        &self,
        reading: &mut Reading,
        fields: &mut Fields,
        object: Option<&Object>,
    ) -> Result<(), FieldErrors> {
        if self.is_empty() {
            return Ok(());
        }
        if let Some(object) = object {
            for (field, pointer) in &self.mapping {
                if let Some(value) = pointer.find(object).filter(|value| !value.is_null())
                    && !set(reading, field, pointer, value)
                        .map_err(|what| refused(&pointer.to_string(), what))?
                {
                    fields.set(field, Some(value.clone()));
                }
            }
        }
        for (name, value) in &self.labels {
            fields.set(&format!("labels.{name}"), Some(value.as_str()));
        }
        let said = reading.said.as_deref().map(str::to_ascii_lowercase);
        if let Some(severity) = said.and_then(|said| self.severities.get(&said)) {
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
            reading.say(&text);
        }
        "event_type" => event.event_type = slug(&text).ok_or("must be a text")?,
        "description" => {
            event.description = draft::description(&text).ok_or("must be a text")?;
        }
        "source_name" => event.source_name = draft::source_name(&text).ok_or("must be a text")?,
        "ip_address" => {
            let (address, _) = json::address(&text).ok_or("must be an IP address")?;
            event.ip_address = Some(address);
        }
        "occurred_at" => event.occurred_at = Some(time_of(value).ok_or("must be a time")?),
        "key" => reading.set_key(Some(text)),
        _ => return Ok(false),
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::tests::{fields_are, read_with};
    use super::super::{eve, json};
    use super::*;
    use crate::events::ATTRIBUTES_MAX;

    fn profile(said: Value) -> Profile {
        serde_json::from_value(said).unwrap()
    }

    fn read(format: &super::super::Format, said: Value, record: &str) -> Reading {
        read_with(format, &profile(said), record).remove(0).unwrap()
    }

    /// The attributes as they are written.
    fn written(reading: &Reading) -> &str {
        reading.event.attributes.as_ref().unwrap().get()
    }

    #[test]
    fn what_a_profile_adds_leaves_the_names_and_numbers_of_an_event_as_they_are() {
        let own = r#"{"source":"s","event_type":"t","severity":"LOW","description":"d","who":"x",
            "attributes":{"a":1,"a.b":2,"n":1.50,"labels":{"k":1.0}}}"#;
        let said = json!({"labels": {"site": "muc"}, "mapping": {"user.name": "/who"}});
        assert_eq!(
            written(&read(&json::FORMAT, said, own)),
            r#"{"a":1,"a.b":2,"labels":{"k":1.0,"site":"muc"},"n":1.50,"user":{"name":"x"},"who":"x"}"#
        );
        let record =
            r#"{"timestamp":"2026-03-14T09:26:53Z","event_type":"dns","dns":{"a.b":1.50}}"#;
        let said = json!({"labels": {"site": "muc"}});
        let reading = read(&eve::FORMAT, said, record);
        assert!(written(&reading).ends_with(&format!("\"suricata\":{record}}}")));
        fields_are(&reading, &[("labels.site", json!("muc"))]);
    }

    #[test]
    fn a_record_without_room_is_trimmed_for_what_a_profile_adds() {
        for length in (ATTRIBUTES_MAX - 120..=ATTRIBUTES_MAX).step_by(10) {
            let record = json!({"message": "m", "long": "x".repeat(length)}).to_string();
            let reading = read(&json::FORMAT, json!({"labels": {"site": "muc"}}), &record);
            fields_are(&reading, &[("labels.site", json!("muc"))]);
        }
    }

    #[test]
    fn what_a_profile_adds_takes_the_place_of_what_was_read() {
        let record = r#"{"message":"m","user":{"name":"a","id":"7"},"who":"b","list":["x",1]}"#;
        let mapping = json!({"mapping": {"user.name": "/who", "related.user": "/list"}});
        fields_are(
            &read(&json::FORMAT, mapping, record),
            &[
                ("user.name", json!("b")),
                ("user.id", json!("7")),
                ("related.user", json!(["x", 1])),
            ],
        );
    }

    #[test]
    fn any_word_a_map_of_severities_may_have_is_found() {
        let word = "w".repeat(200);
        let said = json!({"severities": {&word: "CRITICAL"}, "mapping": {"severity": "/how/bad"}});
        for record in [
            json!({"message": "m", "severity": word}),
            json!({"message": "m", "how": {"bad": word}}),
        ] {
            let reading = read(&json::FORMAT, said.clone(), &record.to_string());
            assert_eq!(reading.event.severity, Severity::Critical, "{record}");
        }
    }

    #[test]
    fn an_address_is_found_however_it_is_written() {
        for address in ["::ffff:203.0.113.9", "203.0.113.9:4000", " 203.0.113.9 "] {
            let record = json!({"message": "m", "who": address});
            let said = json!({"mapping": {"ip_address": "/who"}});
            let event = read(&json::FORMAT, said, &record.to_string()).event;
            assert_eq!(event.ip_address, "203.0.113.9".parse().ok(), "{address}");
        }
        let said = json!({"mapping": {"ip_address": "/who"}});
        let record = r#"{"message":"m","who":"nobody"}"#;
        let refused = read_with(&json::FORMAT, &profile(said), record).remove(0);
        assert!(refused.unwrap_err().contains_key("/who"));
    }
}
