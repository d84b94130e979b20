//! An event as its sender told it: field by field, and whole.

use serde_json::Value;

use crate::dashboard::address::Address;
use crate::events::{EVENT_FIELDS, Event};
use crate::search::Query;

/// Fields shown one by one; the whole text has the rest.
const FIELDS: usize = 200;

/// A value inside an event.
pub(in crate::dashboard) struct Field {
    pub(in crate::dashboard) path: String,
    pub(in crate::dashboard) value: String,
    /// Events with this value, and without it.
    pub(in crate::dashboard) filter: Option<(String, String)>,
}

/// Every value of an event with its path.
pub(in crate::dashboard) fn fields(event: &Event) -> Vec<Field> {
    let mut found = Vec::new();
    let known = [
        ("source", "source", Some(event.source_name.clone())),
        ("type", "type", Some(event.event_type.clone())),
        (
            "severity",
            "severity",
            Some(event.severity.word().to_owned()),
        ),
        ("ip_address", "ip", event.ip_address.clone()),
    ];
    for (path, field, value) in known {
        if let Some(value) = value {
            found.push(searchable(path, field, value));
        }
    }
    for tag in &event.tags {
        found.push(searchable("tags", "tag", tag.clone()));
    }
    if let Ok(attributes) = serde_json::from_str::<Value>(event.attributes.get()) {
        flatten("attributes", &attributes, &mut found);
    }
    found
}

fn searchable(path: &str, field: &str, value: String) -> Field {
    let at = |query: Query| Address::new("/events").with("q", query).to_string();
    // A name or a value that the language cannot write has no link: it could say something else.
    let is_written = |query: &Query| {
        Query::parse(&query.to_string())
            .and_then(|read| read.resolve(EVENT_FIELDS))
            .is_ok_and(|read| read == *query)
    };
    let only = Query::default().with(field, &value);
    Field {
        path: path.to_owned(),
        filter: is_written(&only).then(|| (at(only), at(Query::default().not(field, &value)))),
        value,
    }
}

fn flatten(path: &str, value: &Value, found: &mut Vec<Field>) {
    if found.len() >= FIELDS {
        return;
    }
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                flatten(&format!("{path}.{name}"), value, found);
            }
        }
        Value::Array(values) => {
            for (n, value) in values.iter().enumerate() {
                flatten(&format!("{path}.{n}"), value, found);
            }
        }
        Value::Null => {}
        Value::String(text) => found.push(searchable(path, path, text.clone())),
        other => found.push(searchable(path, path, other.to_string())),
    }
}

/// The event as JSON, indented.
pub(in crate::dashboard) fn pretty(event: &Event) -> String {
    serde_json::to_value(event)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_default()
}
