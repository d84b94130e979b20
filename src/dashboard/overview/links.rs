//! Where figures lead: lists of alerts and events, narrowed to what was counted.

use crate::dashboard::address::Address;
use crate::search::Query;

fn query(terms: &[(&str, &str)]) -> Query {
    let empty = Query::default();
    terms
        .iter()
        .fold(empty, |query, (field, value)| query.with(field, value))
}

/// The alerts that have all of it; a field named twice may have either value.
pub(super) fn alerts(terms: &[(&str, &str)]) -> Address {
    Address::new("/alerts").with("q", query(terms))
}

/// The events that have all of it.
pub(super) fn events(terms: &[(&str, &str)]) -> Address {
    Address::new("/events").with("q", query(terms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_linked_to_is_understood() {
        let hostile = "a b\" -owner:me severity:LOW";
        let at = "2026-11-20T17:00:00Z";
        let written = query(&[
            ("status", "OPEN"),
            ("status", "ACKNOWLEDGED"),
            ("source", hostile),
            ("from", at),
        ]);
        let read = Query::parse(&written.to_string()).unwrap();
        assert_eq!(read.terms().len(), 3);
        assert!(read.has("status", "ACKNOWLEDGED") && read.has("source", hostile));
        assert!(read.has("from", at));
    }
}
