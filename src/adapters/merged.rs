//! Attributes that are written already, and what is added to them. Whatever is not added stays to the
//! last byte as its sender spelled it: names with dots, and numbers such as `1.50`.

use std::collections::BTreeMap;

use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::record::Object;
use crate::events::ATTRIBUTES_MAX;

type Members = BTreeMap<String, Box<RawValue>>;

/// What counts where both say something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    Known,
    Added,
}

/// Adds members that count more than what is there; nothing where there is no room.
pub(super) fn lay_over(known: &mut Option<Box<RawValue>>, added: &Object) {
    add(known, added, Counts::Added, |_| true);
}

/// Adds what is not there. Of a member that is, what is missing inside it is added only where it is
/// `shared`. Nothing is where there is no room.
pub(super) fn fill(
    known: &mut Option<Box<RawValue>>,
    added: &Object,
    shared: impl Fn(&str) -> bool,
) {
    add(known, added, Counts::Known, shared);
}

fn add(
    known: &mut Option<Box<RawValue>>,
    added: &Object,
    counts: Counts,
    shared: impl Fn(&str) -> bool,
) {
    if added.is_empty() {
        return;
    }
    let text = known.as_deref().map_or("{}", RawValue::get);
    let all = joined(text, added, counts, shared);
    if let Some(all) = all.filter(|all| all.get().len() <= ATTRIBUTES_MAX) {
        *known = Some(all);
    }
}

fn joined(
    known: &str,
    added: &Object,
    counts: Counts,
    shared: impl Fn(&str) -> bool,
) -> Option<Box<RawValue>> {
    let mut all: Members = serde_json::from_str(known).ok()?;
    for (name, value) in added {
        let value = match all.get(name) {
            None => to_raw_value(value).ok(),
            Some(raw) if shared(name) => both(raw, value, counts),
            Some(_) => None,
        };
        if let Some(value) = value {
            all.insert(name.clone(), value);
        }
    }
    to_raw_value(&all).ok()
}

/// Two values of one name together; `None` when the known one stays as it is. What is added is as
/// deep as the paths of fields are.
fn both(known: &RawValue, added: &Value, counts: Counts) -> Option<Box<RawValue>> {
    match added {
        // No path leads through a plain value.
        Value::Object(added) => known
            .get()
            .starts_with('{')
            .then(|| joined(known.get(), added, counts, |_| true))?,
        plain if counts == Counts::Added => to_raw_value(plain).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    #[test]
    fn what_is_laid_over_counts_and_the_rest_stays_as_it_was_spelled() {
        let mut known = Some(raw(
            r#"{"a":1,"a.b":2,"n":1.50,"user":{"id":1.0,"name":"x"}}"#,
        ));
        let added = json!({"a": {"c": 3}, "labels": {"site": "s"}, "user": {"name": "y"}});
        lay_over(&mut known, added.as_object().unwrap());
        assert_eq!(
            known.unwrap().get(),
            r#"{"a":1,"a.b":2,"labels":{"site":"s"},"n":1.50,"user":{"id":1.0,"name":"y"}}"#
        );
    }

    #[test]
    fn what_is_filled_in_does_not_count_against_what_is_there() {
        let mut known = Some(raw(r#"{"labels":{"a":1.0},"process":{"name":"x"}}"#));
        let added =
            json!({"labels": {"a": 2, "b": 2}, "process": {"pid": 1}, "host": {"name": "h"}});
        fill(&mut known, added.as_object().unwrap(), |name| {
            name == "labels"
        });
        assert_eq!(
            known.unwrap().get(),
            r#"{"host":{"name":"h"},"labels":{"a":1.0,"b":2},"process":{"name":"x"}}"#
        );
    }

    #[test]
    fn what_has_no_room_is_left_out() {
        let full = json!({"a": "x".repeat(ATTRIBUTES_MAX - 20)}).to_string();
        let added = json!({"host": {"name": "a-long-name-of-a-host"}});
        let mut known = Some(raw(&full));
        lay_over(&mut known, added.as_object().unwrap());
        assert_eq!(known.unwrap().get(), full);
        let mut known = None;
        lay_over(&mut known, added.as_object().unwrap());
        assert_eq!(known.unwrap().get(), added.to_string());
    }
}
