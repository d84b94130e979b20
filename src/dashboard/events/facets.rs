//! What the events say in each field: each value a link that adds it to the search, takes it away
//! again, or leaves it out.

use std::cmp::Reverse;

use base::{Severity, Timestamp};

use crate::dashboard::address::Address;
use crate::events::{EVENT_FIELDS, Field, Fields, ValueCount};
use crate::search::Query;

/// Values shown of a field.
const VALUES_MAX: usize = 6;

/// The panel of fields.
pub(super) struct Panel {
    /// Fields every event has.
    pub(super) fields: Vec<FieldList>,
    /// Those inside `attributes`.
    pub(super) attributes: Vec<FieldList>,
    pub(super) looked_at: usize,
    pub(super) exact: bool,
    pub(super) searched_from: Option<Timestamp>,
}

/// A field and its most frequent values.
pub(super) struct FieldList {
    /// As it is searched by.
    pub(super) name: String,
    pub(super) label: String,
    pub(super) values: Vec<Value>,
    /// Values there are beyond those shown, at least.
    pub(super) others: usize,
    /// Whether one of the values is asked for or left out.
    pub(super) in_use: bool,
}

/// A value of a field.
pub(super) struct Value {
    pub(super) text: String,
    pub(super) severity: Option<Severity>,
    pub(super) count: i64,
    pub(super) chosen: bool,
    pub(super) excluded: bool,
    /// Where it cannot be searched by, there is nothing to click on.
    pub(super) links: Option<Links>,
}

/// What can be done with a value: the addresses it leads to.
pub(super) struct Links {
    pub(super) toggle: String,
    pub(super) only: String,
    pub(super) not: String,
}

/// The panel of what was found.
pub(super) fn panel(found: Fields, query: &Query, here: &Address) -> Panel {
    let lists = found.fields.into_iter().map(|it| list(it, query, here));
    let (attributes, fields) = lists.partition(|it| it.name.starts_with("attributes."));
    Panel {
        fields,
        attributes,
        looked_at: found.looked_at,
        exact: found.exact,
        searched_from: found.searched_from,
    }
}

fn list(field: Field, query: &Query, here: &Address) -> FieldList {
    let shown = field.values.len().min(VALUES_MAX);
    let name = field.name;
    let values = field.values.into_iter().take(VALUES_MAX);
    let mut values: Vec<Value> = values.map(|it| value(&name, it, query, here)).collect();
    // Severities have an order of their own.
    values.sort_by_key(|it| Reverse(it.severity));
    FieldList {
        label: label(&name),
        in_use: values.iter().any(|it| it.chosen || it.excluded),
        values,
        others: field.distinct_at_least.saturating_sub(shown),
        name,
    }
}

/// A field as people call it.
fn label(name: &str) -> String {
    match name {
        "severity" => "Severity",
        "source" => "Source",
        "type" => "Type",
        "country" => "Country",
        "ip" => "Address",
        "tag" => "Tag",
        other => other.trim_start_matches("attributes."),
    }
    .to_owned()
}

fn value(field: &str, found: ValueCount, query: &Query, here: &Address) -> Value {
    let word = found.value.as_str();
    Value {
        severity: (field == "severity").then(|| word.parse().ok()).flatten(),
        count: found.count,
        chosen: query.has(field, word),
        excluded: query.excludes(field, word),
        links: links(field, word, query, here),
        text: found.value,
    }
}

/// What can be done with a value of a field; `None` where the language has no words for it.
pub(super) fn links(field: &str, value: &str, query: &Query, here: &Address) -> Option<Links> {
    let at = |query: Query| here.with("q", query).to_string();
    let in_use = query.has(field, value) || query.excludes(field, value);
    let with = query.with(field, value);
    is_written(&with).then(|| Links {
        toggle: at(if in_use {
            query.without(field, value)
        } else {
            with
        }),
        only: at(query.only(field, value)),
        not: at(query.not(field, value)),
    })
}

/// Whether a query says the same when it is written and read again.
fn is_written(query: &Query) -> bool {
    let read = Query::parse(&query.to_string());
    let read = read.and_then(|read| read.resolve(EVENT_FIELDS));
    read.is_ok_and(|read| read == *query)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_language_cannot_say_is_not_offered() {
        let here = Address::new("/events");
        let query = Query::parse("from:24h").unwrap();
        let offered = |field: &str, value: &str| links(field, value, &query, &here).is_some();
        assert!(offered("source", "fw 1, \"east\""));
        assert!(offered("attributes.user.name", "ana"));
        assert!(offered("attributes.k", "\u{202e}<script>"));
        assert!(!offered("attributes.a b", "x"), "a name with a space");
        assert!(!offered("attributes.a..b", "x"), "a name that is empty");
        assert!(
            !offered("source", &"x".repeat(2_000)),
            "longer than a query"
        );
    }

    #[test]
    fn a_value_in_use_is_taken_away_again() {
        let here = Address::new("/events");
        let query = Query::parse("source:a -type:b").unwrap();
        let links = |field, value| links(field, value, &query, &here).unwrap();
        assert_eq!(links("source", "a").toggle, "/events?q=-type%3Ab");
        assert_eq!(links("type", "b").toggle, "/events?q=source%3Aa");
        assert_eq!(
            links("source", "c").toggle,
            "/events?q=source%3Aa%2Cc+-type%3Ab"
        );
        assert_eq!(links("source", "c").only, "/events?q=source%3Ac+-type%3Ab");
    }
}
