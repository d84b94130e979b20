//! A description for objects that have none.

use serde_json::Value;

use super::super::{Draft, Object, cut};
use super::facts::Facts;
use super::given::Given;

/// Members that are told.
const MEMBERS_MAX: usize = 8;
/// Longest value that is told, in characters.
const VALUE_MAX: usize = 80;

/// What kind of event it is, and its plain members: `ban: jail=sshd src_ip=203.0.113.50`.
pub(super) fn made(object: &Object, draft: &Draft) -> String {
    let action = draft.fields.get("event.action").and_then(Value::as_str);
    let mut text = draft
        .event_type
        .as_deref()
        .or(action)
        .unwrap_or_default()
        .to_owned();
    let mut told = 0_usize;
    tell(object, "", &mut text, &mut told);
    for (name, value) in object {
        if let Value::Object(members) = value {
            tell(members, name, &mut text, &mut told);
        }
    }
    text
}

fn tell(object: &Object, outer: &str, text: &mut String, told: &mut usize) {
    for (name, value) in object {
        if *told >= MEMBERS_MAX {
            return;
        }
        let written = match value {
            Value::String(value) => match Given::Text(value).text() {
                Some(value) => cut(value, VALUE_MAX),
                None => continue,
            },
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            _ => continue,
        };
        if name.len() > VALUE_MAX || outer.is_empty() && Facts::is_told_elsewhere(name) {
            continue;
        }
        let before = match (text.is_empty(), *told) {
            (true, _) => "",
            (false, 0) => ": ",
            (false, _) => " ",
        };
        let dot = if outer.is_empty() { "" } else { "." };
        for part in [before, outer, dot, name, "=", &written] {
            text.push_str(part);
        }
        *told = told.saturating_add(1);
    }
}
