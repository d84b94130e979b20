//! The stretch of time that is looked at: the terms `from` and `to` of the search.

use std::time::Duration;

use base::Timestamp;

use crate::dashboard::address::Address;
use crate::events::{EventFilter, Histogram};
use crate::search::Query;

/// What is searched for when the address says nothing.
pub(super) const LAST_DAY: &str = "from:24h";
/// Ranges to choose with one click; the last has no beginning.
const QUICK: [(&str, &str); 5] = [
    ("15 min", "15m"),
    ("1 h", "1h"),
    ("24 h", "24h"),
    ("7 d", "7d"),
    ("All", ""),
];
/// How far around an event the list reaches that is opened by the event alone.
const AROUND: Duration = Duration::from_mins(30);

/// A range to choose.
pub(super) struct Quick {
    pub(super) label: &'static str,
    pub(super) href: String,
    pub(super) current: bool,
}

/// The range as the fields of its form have it.
#[derive(Default)]
pub(super) struct Limits {
    /// RFC 3339; empty where there is no bound.
    pub(super) from: String,
    pub(super) to: String,
}

/// The ranges to choose, each with the rest of the search as it is.
pub(super) fn quick(query: &Query, here: &Address) -> Vec<Quick> {
    let rest = query.clear("from").clear("to");
    let from: Vec<&str> = query.values("from").collect();
    let is_open = query.values("to").next().is_none();
    let ranges = QUICK.iter().map(|&(label, word)| {
        let range = if word.is_empty() {
            rest.clone()
        } else {
            rest.with("from", word)
        };
        let chosen = if word.is_empty() {
            from.is_empty()
        } else {
            from == [word]
        };
        Quick {
            label,
            href: here.with("q", range).to_string(),
            current: chosen && is_open,
        }
    });
    ranges.collect()
}

/// The bounds of a filter.
pub(super) fn limits(filter: &EventFilter) -> Limits {
    Limits {
        from: filter.from.map(field).unwrap_or_default(),
        to: filter.to.map(field).unwrap_or_default(),
    }
}

/// A moment for `datetime-local`, in UTC: to the second, without a zone.
fn field(at: Timestamp) -> String {
    let text = at.to_string();
    text.get(..19).unwrap_or_default().to_owned()
}

/// A moment as it is written into a search: whole seconds, UTC.
pub(super) fn written(at: Timestamp) -> String {
    format!("{}Z", field(at))
}

/// The search between two moments.
pub(super) fn between(query: &Query, from: Timestamp, to: Option<Timestamp>) -> Query {
    let query = query.clear("from").clear("to").with("from", &written(from));
    match to {
        Some(to) => query.with("to", &written(to)),
        None => query,
    }
}

/// The search with the bounds a form asks for; an empty field is no bound. What is no time is
/// taken over as it is, so that the search bar explains it.
pub(super) fn asked(query: &Query, from: &str, to: &str) -> Query {
    let mut query = query.clear("from").clear("to");
    for (name, text) in [("from", from), ("to", to)] {
        if !text.is_empty() {
            query = query.with(name, &read(text));
        }
    }
    query
}

/// A browser gives `2026-11-20T17:02` or `2026-11-20T17:02:11`, which are UTC here.
fn read(text: &str) -> String {
    let tries = [text.to_owned(), format!("{text}Z"), format!("{text}:00Z")];
    let found = tries.iter().find_map(|it| Timestamp::parse(it).ok());
    found.map_or_else(|| text.to_owned(), written)
}

/// The search around an event that lies before the last day; `None` for a newer one.
pub(super) fn around(at: Timestamp, now: Timestamp) -> Option<String> {
    let is_old = now.since(at) > Duration::from_hours(24);
    let to = at.plus(AROUND);
    is_old.then(|| between(&Query::default(), at.minus(AROUND), Some(to)).to_string())
}

/// The search over twice the time: to both sides, or to the past alone when it reaches to now.
pub(super) fn wider(query: &Query, shown: &Histogram, now: Timestamp) -> Query {
    let length = shown.to.since(shown.from);
    if shown.to >= now {
        return between(query, shown.from.minus(length), None);
    }
    let to = shown.to.plus(length / 2);
    let to = (to < now).then_some(to);
    between(query, shown.from.minus(length / 2), to)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::parse(text).unwrap()
    }

    #[test]
    fn a_form_replaces_the_range_and_nothing_else() {
        let before = query("from:24h severity:HIGH to:1h words");
        let after = asked(&before, "2026-11-20T17:02", "2026-11-20T18:00:30");
        assert_eq!(
            after.to_string(),
            "severity:HIGH words from:2026-11-20T17:02:00Z to:2026-11-20T18:00:30Z"
        );
        assert_eq!(asked(&before, "", "").to_string(), "severity:HIGH words");
        assert_eq!(asked(&query(""), "soon", "").to_string(), "from:soon");
        let offset = asked(&query(""), "2026-11-20T17:02:00+01:00", "");
        assert_eq!(offset.to_string(), "from:2026-11-20T16:02:00Z");
    }

    #[test]
    fn the_range_that_is_chosen_is_marked() {
        let marked = |text: &str| {
            let links = quick(&query(text), &Address::new("/events"));
            let current = links.iter().filter(|it| it.current);
            current.map(|it| it.label).collect::<Vec<_>>()
        };
        assert_eq!(marked("from:24h a"), ["24 h"]);
        assert_eq!(marked("a"), ["All"]);
        assert_eq!(marked("from:24h to:1h"), [""; 0]);
        assert_eq!(marked("from:2026-01-01"), [""; 0]);
    }

    #[test]
    fn an_old_event_is_opened_with_its_surroundings() {
        let now = Timestamp::parse("2026-11-20T17:00:00Z").unwrap();
        let old = Timestamp::parse("2026-11-10T17:00:00.5Z").unwrap();
        assert_eq!(
            around(old, now).as_deref(),
            Some("from:2026-11-10T16:30:00Z to:2026-11-10T17:30:00Z")
        );
        assert_eq!(around(now, now), None);
    }
}
