//! From what people write to a filter: single parameters, and the query language.

use base::{Severity, Timestamp};

use super::super::model::{AlertStatus, Resolution};
use super::{AlertFilter, AnyOf, Assigned};
use crate::http::Params;
use crate::search::{
    Field, Kind, Mistake, NONE, Query, Term, moment, take_countries, take_ids, take_query,
    take_time,
};

/// Most words of `search`.
const WORDS_MAX: usize = 8;
/// Longest `search`, in characters.
const SEARCH_MAX: usize = 200;

/// What alerts can be searched by.
pub const ALERT_FIELDS: &[Field] = &[
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
        name: "status",
        aliases: &[],
        kind: Kind::Choice {
            words: &["OPEN", "ACKNOWLEDGED", "RESOLVED"],
            synonyms: &[("ACK", "ACKNOWLEDGED")],
        },
        help: "How far people are with it",
    },
    Field {
        name: "owner",
        aliases: &["assigned_to", "assignee"],
        kind: Kind::Person,
        help: "Who works on it: me, none or a user name",
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
        help: "The kind of event that raised it",
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
        name: "overdue",
        aliases: &[],
        kind: Kind::Flag,
        help: "Whether it waits past a due time",
    },
    Field {
        name: "resolution",
        aliases: &["reason"],
        kind: Kind::Choice {
            words: &[
                "TRUE_POSITIVE",
                "BENIGN_POSITIVE",
                "FALSE_POSITIVE",
                "DUPLICATE",
                "INSUFFICIENT_DATA",
                "MANAGED_EXTERNALLY",
                "DISREGARD",
                "AUTO_RESOLVED",
                "OTHER",
                NONE,
            ],
            synonyms: &[],
        },
        help: "Why it was resolved, or none",
    },
    Field {
        name: "id",
        aliases: &[],
        kind: Kind::Number,
        help: "Its own number, such as 17",
    },
    Field {
        name: "from",
        aliases: &["since"],
        kind: Kind::Time,
        help: "Raised from this time on: 24h, 7d, a date, RFC 3339",
    },
    Field {
        name: "to",
        aliases: &["until", "before"],
        kind: Kind::Time,
        help: "Raised before this time",
    },
];

impl AlertFilter {
    /// Takes every filter out of the parameters; `me` is the person `assigned_to=me` means, `now`
    /// what `24h` is counted back from. Mistakes in `q` are errors of that parameter.
    pub fn take(params: &mut Params, me: Option<i64>, now: Timestamp) -> Self {
        let mut filter = Self::default();
        filter.take_indexed(params, now);
        filter.take_tested(params, me);
        take_query(params, |query| filter.narrow(query, me, now));
        filter
    }

    /// What a query asks for.
    ///
    /// # Errors
    /// Every unknown field and value ([`ALERT_FIELDS`]), and where it stands.
    pub fn from_query(
        query: &Query,
        me: Option<i64>,
        now: Timestamp,
    ) -> Result<Self, Vec<Mistake>> {
        let mut filter = Self::default();
        filter.narrow(query, me, now)?;
        Ok(filter)
    }

    fn take_indexed(&mut self, params: &mut Params, now: Timestamp) {
        let severity: Vec<Severity> = params.values("severity");
        if !severity.is_empty() {
            self.severities(false, &severity);
        }
        let status: Vec<AlertStatus> = params.values("status");
        if !status.is_empty() {
            self.statuses(false, &status);
        }
        let id = take_ids(params);
        if !id.is_empty() {
            self.ids(false, id, None);
        }
        self.from = take_time(params, "from", now);
        self.to = take_time(params, "to", now);
        self.overdue = params.flag("overdue");
    }

    fn take_tested(&mut self, params: &mut Params, me: Option<i64>) {
        let mut and = |any| self.test(false, any, None);
        if let Some(source) = params.text("source_name").or(params.text("source")) {
            and(AnyOf::Source(vec![source]));
        }
        let types = params.list("event_type");
        if !types.is_empty() {
            let types = types.iter().map(|name| name.to_lowercase());
            and(AnyOf::Type(types.collect()));
        }
        if let Some(name) = params.text("assigned_to") {
            and(AnyOf::Owner(vec![assigned(name.trim(), me)]));
        }
        let country = take_countries(params);
        if !country.is_empty() {
            and(AnyOf::Country(country));
        }
        if let Some(address) = params.value::<std::net::IpAddr>("ip_address") {
            and(AnyOf::Address(vec![Some(address.to_string())]));
        }
        for word in words(params) {
            and(AnyOf::Text(word));
        }
    }

    /// Adds what a query asks for.
    fn narrow(
        &mut self,
        query: &Query,
        me: Option<i64>,
        now: Timestamp,
    ) -> Result<(), Vec<Mistake>> {
        for term in query.resolve(ALERT_FIELDS)?.terms() {
            self.add(term, me, now);
        }
        Ok(())
    }

    /// Adds a term whose names and values the table has: what it could refuse, it has refused.
    fn add(&mut self, term: &Term, me: Option<i64>, now: Timestamp) {
        let span = Some(term.span);
        let test = match term.field.as_deref() {
            None => AnyOf::Text(term.texts().collect::<String>().to_lowercase()),
            Some("source") => AnyOf::Source(term.texts().collect()),
            Some("type") => AnyOf::Type(term.texts().collect()),
            Some("owner") => AnyOf::Owner(term.texts().map(|name| assigned(&name, me)).collect()),
            Some("country") => AnyOf::Country(term.optional().collect()),
            Some("ip") => AnyOf::Address(term.optional().collect()),
            Some("resolution") => {
                let words = term
                    .optional()
                    .map(|word| word.and_then(|word| word.parse().ok()));
                AnyOf::Resolution(words.collect::<Vec<Option<Resolution>>>())
            }
            Some(name) => return self.add_indexed(name, term, now),
        };
        self.test(term.negated, test, span);
    }

    fn add_indexed(&mut self, name: &str, term: &Term, now: Timestamp) {
        let negated = term.negated;
        let time = || {
            term.one::<String>()
                .and_then(|text| moment(&text, now).ok())
        };
        match name {
            "severity" => self.severities(negated, &term.all()),
            "status" => self.statuses(negated, &term.all()),
            "id" => self.ids(negated, term.all(), Some(term.span)),
            "overdue" => {
                if let Some(overdue) = term.one::<bool>() {
                    self.waits(overdue != negated);
                }
            }
            // Not from a time on is before it, and the other way round.
            "from" | "to" => match time() {
                Some(at) if (name == "from") == negated => self.before(at),
                Some(at) => self.since(at),
                None => {}
            },
            _ => {}
        }
    }
}

fn assigned(name: &str, me: Option<i64>) -> Assigned {
    match (name.to_ascii_lowercase().as_str(), me) {
        (NONE, _) => Assigned::Nobody,
        ("me", Some(me)) => Assigned::Person(me),
        _ => Assigned::Name(name.to_owned()),
    }
}

fn words(params: &mut Params) -> Vec<String> {
    let search = params.text("search").unwrap_or_default();
    let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
    if words.len() > WORDS_MAX || search.chars().count() > SEARCH_MAX {
        params.refuse("search", "at most 8 words of 200 characters in all");
    }
    words
}

#[cfg(test)]
mod tests;
