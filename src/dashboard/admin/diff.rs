//! What an entry of the audit log changed, field by field.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::RawValue;

/// Fields shown of one entry.
const FIELDS_MAX: usize = 24;
/// How deep objects are taken apart.
const DEPTH_MAX: usize = 4;

/// A field before and after; absent where it was not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct FieldChange {
    pub(super) field: String,
    pub(super) before: Option<String>,
    pub(super) after: Option<String>,
}

/// The fields that differ, by name, at most 24; and how many are left out or the same.
pub(super) fn changes(
    before: Option<&RawValue>,
    after: Option<&RawValue>,
) -> (Vec<FieldChange>, usize) {
    let (before, after) = (fields(before), fields(after));
    let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let total = names.len();
    let changed = names.into_iter().filter_map(|name| {
        let (old, new) = (before.get(name), after.get(name));
        (old != new).then(|| FieldChange {
            field: name.clone(),
            before: old.cloned(),
            after: new.cloned(),
        })
    });
    let changed: Vec<FieldChange> = changed.take(FIELDS_MAX).collect();
    let rest = total.saturating_sub(changed.len());
    (changed, rest)
}

fn fields(json: Option<&RawValue>) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    if let Some(value) = json.and_then(|json| serde_json::from_str(json.get()).ok()) {
        collect(&mut found, String::new(), &value, 0);
    }
    found
}

fn collect(found: &mut BTreeMap<String, String>, path: String, value: &Value, depth: usize) {
    match value {
        Value::Object(fields) if depth < DEPTH_MAX && !fields.is_empty() => {
            for (name, value) in fields {
                let path = if path.is_empty() {
                    name.clone()
                } else {
                    format!("{path}.{name}")
                };
                collect(found, path, value, depth.saturating_add(1));
            }
        }
        Value::String(text) => {
            found.insert(path, text.clone());
        }
        Value::Null => {
            found.insert(path, "none".to_owned());
        }
        other => {
            found.insert(path, other.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    #[test]
    fn only_what_differs_is_named() {
        let before = raw(r#"{"id":7,"role":"ANALYST","p":{"theme":"dark","zone":"UTC"}}"#);
        let after = raw(r#"{"id":7,"role":"ADMIN","p":{"theme":"light","zone":"UTC"},"x":null}"#);
        let (found, rest) = changes(Some(&before), Some(&after));
        let change = |field: &str, before: Option<&str>, after: &str| FieldChange {
            field: field.to_owned(),
            before: before.map(str::to_owned),
            after: Some(after.to_owned()),
        };
        assert_eq!(
            found,
            [
                change("p.theme", Some("dark"), "light"),
                change("role", Some("ANALYST"), "ADMIN"),
                change("x", None, "none"),
            ]
        );
        assert_eq!(rest, 2);
        assert_eq!(changes(None, None), (Vec::new(), 0));
    }
}
