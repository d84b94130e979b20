//! The names senders give to what every event has, and the field each of them means.

use std::sync::LazyLock;

use super::super::mix::Names;
pub(super) use super::known::{
    FIRST_FIELD, KNOWN, LEVEL, MESSAGE, SEVERITY, SOURCE, TAGS, TIME, TYPE,
};
pub(in super::super) use super::shape::Shape;

/// Longest name that is looked up, with the names of the objects around it.
pub(super) const NAME_MAX: usize = 48;

/// Objects whose members are what the event is about, as if they stood outside.
const TRANSPARENT: &[&str] = &[
    "data",
    "event",
    "fields",
    "attributes",
    "extra",
    "context",
    "ctx",
    "properties",
    "props",
    "details",
    "detail",
    "payload",
    "jsonpayload",
    "protopayload",
    "record",
    "requestmetadata",
    "meta",
    "metadata",
    "params",
    "info",
    "message",
    "msg",
    "log",
    "body",
    "eventdata",
];

/// A field's place in [`KNOWN`] and how well the name says it, 0 the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) field: u8,
    pub(super) rank: u8,
}

type Meanings = Names<&'static [u8], Meaning>;

static MEANINGS: LazyLock<Meanings> = LazyLock::new(|| {
    let mut meanings = Meanings::default();
    for (field, (_, _, names)) in (0_u8..).zip(KNOWN) {
        for (rank, name) in (0_u8..).zip(names.split_ascii_whitespace()) {
            meanings
                .entry(name.as_bytes())
                .or_insert(Meaning { field, rank });
        }
    }
    meanings
});

/// What a squeezed name means.
pub(super) fn meaning(name: &[u8]) -> Option<Meaning> {
    MEANINGS.get(name).copied()
}

/// Whether the members of an object of this squeezed name are read as if they stood outside.
pub(super) fn is_transparent(name: &[u8]) -> bool {
    TRANSPARENT.iter().any(|known| known.as_bytes() == name)
}

/// The name at a place among the names of a field.
pub(super) fn name_at(field: usize, rank: u8) -> &'static str {
    let names = KNOWN.get(field).map_or("", |(_, _, names)| names);
    let mut names = names.split_ascii_whitespace();
    names.nth(usize::from(rank % PENALTY)).unwrap_or_default()
}

/// Added to the rank of what stands inside a transparent object.
pub(super) const PENALTY: u8 = 64;

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::squeezed::Squeezed;
    use super::*;

    #[test]
    fn every_name_is_squeezed_and_means_one_thing() {
        let mut seen: HashMap<&str, &str> = HashMap::new();
        for (path, _, names) in KNOWN {
            for name in names.split_ascii_whitespace() {
                let squeezed = Squeezed::EMPTY.then(name).expect("short enough");
                assert_eq!(squeezed.as_bytes(), name.as_bytes(), "{path}");
                assert_eq!(seen.insert(name, path), None, "{name} of {path}");
            }
            assert!(
                names.split_ascii_whitespace().count() < usize::from(PENALTY),
                "{path}"
            );
        }
        assert!(KNOWN.len() < 255);
    }

    #[test]
    fn every_spelling_of_a_name_is_one() {
        for name in ["src_ip", "srcIp", "src.ip", "SRC-IP", "_src_ip", "@srcip"] {
            let squeezed = Squeezed::EMPTY.then(name).unwrap();
            let found = meaning(squeezed.as_bytes()).unwrap();
            assert_eq!(KNOWN[usize::from(found.field)].0, "source.ip", "{name}");
        }
        let nested = Squeezed::EMPTY.then("source").unwrap().then("ip").unwrap();
        assert_eq!(meaning(nested.as_bytes()).unwrap().rank, 1);
        assert!(Squeezed::EMPTY.then("größe").is_none());
        assert!(Squeezed::EMPTY.then(&"x".repeat(200)).is_none());
    }

    #[test]
    fn the_events_own_fields_stand_where_they_are_looked_for() {
        for (place, path) in [
            (MESSAGE, "description"),
            (SEVERITY, "severity"),
            (LEVEL, "log.level"),
            (TIME, "occurred_at"),
            (TYPE, "event_type"),
            (SOURCE, "source_name"),
            (TAGS, "tags"),
        ] {
            assert_eq!(KNOWN[place].0, path);
        }
        assert_eq!(FIRST_FIELD, TAGS + 1);
    }
}
