//! Which events are wanted: from single parameters, and from the query language.

use std::net::IpAddr;

use base::{Severity, Timestamp};

use super::model::{EventAnyOf, EventFilter, EventTest};
use crate::http::Params;
use crate::search::{
    Field, Kind, Mistake, Query, Term, moment, narrow, path_segments, take_countries, take_ids,
    take_query, take_time,
};

/// Most words of `search`.
const WORDS_MAX: usize = 8;
/// Most terms of a query about `attributes`: each reads the JSON of every row walked.
const ATTRIBUTES_TERMS_MAX: usize = 4;

/// What events can be searched by.
pub const EVENT_FIELDS: &[Field] = &[
    Field {
        name: "severity",
        aliases: &[],
        kind: Kind::Choice {
            words: &["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO"],
            synonyms: &[],
        },
        help: "How bad it is",
    },
    Field {
        name: "source",
        aliases: &["source_name"],
        kind: Kind::Text,
        help: "Who reported it, exactly",
    },
    Field {
        name: "type",
        aliases: &["event_type"],
        kind: Kind::Word,
        help: "What kind it is",
    },
    Field {
        name: "ip",
        aliases: &["ip_address"],
        kind: Kind::Address,
        help: "The address it is about, or none",
    },
    Field {
        name: "country",
        aliases: &[],
        kind: Kind::Country,
        help: "Where the address is (ISO 3166-1), or none",
    },
    Field {
        name: "alert",
        aliases: &["has_alert"],
        kind: Kind::Flag,
        help: "Whether it raised an alert",
    },
    Field {
        name: "tag",
        aliases: &["tags"],
        kind: Kind::Text,
        help: "One of its tags, exactly",
    },
    Field {
        name: "attributes",
        aliases: &["attr"],
        kind: Kind::Path,
        help: "A text, number or truth value inside its attributes: attributes.user.name:ana",
    },
    Field {
        name: "id",
        aliases: &[],
        kind: Kind::Number,
        help: "Its own number",
    },
    Field {
        name: "from",
        aliases: &["since"],
        kind: Kind::Time,
        help: "Received from this time on: 24h, 7d, a date, RFC 3339",
    },
    Field {
        name: "to",
        aliases: &["until", "before"],
        kind: Kind::Time,
        help: "Received before this time",
    },
];

impl EventFilter {
    /// Takes every filter out of the parameters; `now` is what `24h` is counted back from.
    /// Mistakes in `q` are errors of that parameter.
    pub fn take(params: &mut Params, now: Timestamp) -> Self {
        let mut filter = Self::default();
        filter.take_fields(params, now);
        take_query(params, |query| filter.narrow(query, now));
        filter
    }

    /// What a query asks for.
    ///
    /// # Errors
    /// Every unknown field and value ([`EVENT_FIELDS`]), and where it stands.
    pub fn from_query(query: &Query, now: Timestamp) -> Result<Self, Vec<Mistake>> {
        let mut filter = Self::default();
        filter.narrow(query, now)?;
        Ok(filter)
    }

    fn take_fields(&mut self, params: &mut Params, now: Timestamp) {
        let severity: Vec<Severity> = params.values("severity");
        if !severity.is_empty() {
            self.severities(false, &severity);
        }
        let id = take_ids(params);
        if !id.is_empty() {
            self.ids(false, id);
        }
        self.from = take_time(params, "from", now);
        self.to = take_time(params, "to", now);
        self.has_alert = params.flag("has_alert");
        if let Some(source) = params.text("source_name").or(params.text("source")) {
            self.test(false, EventAnyOf::Source(vec![source]));
        }
        let types = params.list("event_type");
        if !types.is_empty() {
            let types = types.iter().map(|name| name.to_lowercase());
            self.test(false, EventAnyOf::Type(types.collect()));
        }
        let country = take_countries(params);
        if !country.is_empty() {
            self.test(false, EventAnyOf::Country(country));
        }
        if let Some(address) = params.value::<IpAddr>("ip_address") {
            self.test(false, EventAnyOf::Address(vec![Some(address.to_string())]));
        }
        let search = params.text("search").unwrap_or_default();
        for word in search.split_whitespace() {
            self.test(false, EventAnyOf::Text(word.to_lowercase()));
        }
        if search.split_whitespace().count() > WORDS_MAX {
            params.refuse("search", "at most 8 words");
        }
    }

    /// Adds what a query asks for.
    fn narrow(&mut self, query: &Query, now: Timestamp) -> Result<(), Vec<Mistake>> {
        let query = query.resolve(EVENT_FIELDS)?;
        let mut attributes = query.terms().iter().filter(|term| is_attribute(term));
        if let Some(term) = attributes.nth(ATTRIBUTES_TERMS_MAX) {
            let what = format!("at most {ATTRIBUTES_TERMS_MAX} terms about attributes");
            return Err(vec![Mistake::new(term.span, what)]);
        }
        for term in query.terms() {
            self.add(term, now);
        }
        Ok(())
    }

    /// Adds a term whose names and values the table has: what it could refuse, it has refused.
    fn add(&mut self, term: &Term, now: Timestamp) {
        let test = match term.field.as_deref() {
            None => EventAnyOf::Text(term.texts().collect::<String>().to_lowercase()),
            Some("source") => EventAnyOf::Source(term.texts().collect()),
            Some("type") => EventAnyOf::Type(term.texts().collect()),
            Some("tag") => EventAnyOf::Tag(term.texts().collect()),
            Some("country") => EventAnyOf::Country(term.optional().collect()),
            Some("ip") => EventAnyOf::Address(term.optional().collect()),
            Some(name) if name.starts_with("attributes.") => {
                let segments = path_segments(name).unwrap_or_default();
                EventAnyOf::Attribute {
                    path: segments.into_iter().map(str::to_owned).collect(),
                    values: term.texts().collect(),
                }
            }
            Some(name) => return self.add_indexed(name, term, now),
        };
        self.test(term.negated, test);
    }

    fn add_indexed(&mut self, name: &str, term: &Term, now: Timestamp) {
        let negated = term.negated;
        let time = || {
            term.one::<String>()
                .and_then(|text| moment(&text, now).ok())
        };
        match name {
            "severity" => self.severities(negated, &term.all()),
            "id" => self.ids(negated, term.all()),
            "alert" => {
                if let Some(raised) = term.one::<bool>().map(|raised| raised != negated) {
                    self.never |= self.has_alert.is_some_and(|kept| kept != raised);
                    self.has_alert = Some(raised);
                }
            }
            // Not from a time on is before it, and the other way round.
            "from" | "to" => match time() {
                Some(at) if (name == "from") == negated => {
                    self.to = Some(self.to.map_or(at, |kept| kept.min(at)));
                }
                Some(at) => self.from = self.from.max(Some(at)),
                None => {}
            },
            _ => {}
        }
    }

    fn test(&mut self, negated: bool, any: EventAnyOf) {
        self.tests.push(EventTest { negated, any });
    }

    fn severities(&mut self, negated: bool, values: &[Severity]) {
        self.never |= !narrow(&mut self.severity, &Severity::ALL, negated, values);
    }

    /// Numbers of events are looked up; those left out are tested.
    fn ids(&mut self, negated: bool, mut values: Vec<i64>) {
        values.sort_unstable();
        values.dedup();
        if negated {
            self.test(true, EventAnyOf::Id(values));
        } else if self.id.is_empty() {
            self.id = values;
        } else {
            self.id.retain(|id| values.contains(id));
            self.never |= self.id.is_empty();
        }
    }
}

fn is_attribute(term: &Term) -> bool {
    let name = term.field.as_deref().unwrap_or_default();
    name.starts_with("attributes.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> EventFilter {
        let now = Timestamp::parse("2026-03-10T12:00:00Z").unwrap();
        let query = Query::parse(query).unwrap();
        EventFilter::from_query(&query, now).unwrap()
    }

    /// Whatever the table promises, the filter must take; else a field would be ignored.
    #[test]
    fn every_field_of_the_table_narrows() {
        for field in EVENT_FIELDS {
            let value = match field.kind {
                Kind::Country | Kind::Address => "none",
                Kind::Number => "7",
                _ => field.kind.known().first().unwrap_or(&"x"),
            };
            let path = if matches!(field.kind, Kind::Path) {
                ".a.b"
            } else {
                ""
            };
            for name in std::iter::once(&field.name).chain(field.aliases) {
                for sign in ["", "-"] {
                    let filter = asked(&format!("{sign}{name}{path}:{value}"));
                    assert_ne!(filter, EventFilter::default(), "{sign}{name}:{value}");
                }
            }
        }
    }

    #[test]
    fn counts_know_severities_times_and_one_choice_of_sources() {
        for query in ["", "-severity:INFO from:24h", "source:a,b severity:LOW"] {
            assert!(asked(query).is_counted(), "{query}");
        }
        for query in [
            "-source:a",
            "source:a source:b",
            "x",
            "alert:true",
            "id:1",
            "tag:x",
        ] {
            assert!(!asked(query).is_counted(), "{query}");
        }
        assert!(!asked("severity:LOW -severity:LOW").is_counted());
        assert!(asked("-severity:LOW,INFO,MEDIUM").is_severe());
        assert!(asked("attributes.a:1").reads_attributes());
    }
}
