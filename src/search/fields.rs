//! What a slice can be searched by: one table for reading, suggestions, help and mistakes.

use std::net::IpAddr;

use base::Timestamp;

use super::mistake::{Mistake, Span, shown};
use super::moment::moment;
use super::nearest::nearest;
use super::query::{Query, Term, Value};

/// The word for rows that have no value in a field.
pub const NONE: &str = "none";
/// Most names of a path.
const PATH_MAX: usize = 10;
/// Longest name of a path, in characters.
const SEGMENT_MAX: usize = 100;
/// Most names of a path that may be places in a list: each is tried both ways.
const PLACES_MAX: usize = 2;

/// A field of a slice.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name, lower case.
    pub name: &'static str,
    /// Other names that are read.
    pub aliases: &'static [&'static str],
    /// What its values are.
    pub kind: Kind,
    /// What it means, in one line for people.
    pub help: &'static str,
}

/// What the values of a field are.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// One of a few words.
    Choice {
        /// The words, upper case but for `none`, in the order people choose from.
        words: &'static [&'static str],
        /// Other words that are read, each with the one it stands for.
        synonyms: &'static [(&'static str, &'static str)],
    },
    /// `true` or `false`; one value.
    Flag,
    /// Any text, exactly.
    Text,
    /// Any text, without regard to case: kept in lower case.
    Word,
    /// A user's name, `me` or `none`.
    Person,
    /// A country's two letters, or `none`.
    Country,
    /// An address, or `none`.
    Address,
    /// A number above 0.
    Number,
    /// A time, a day, or how long ago ([`moment`]); one value.
    Time,
    /// Values under names the field itself does not know: `name.path.to:value`.
    Path,
}

impl Kind {
    /// The values that are known beforehand, for suggestions; none where any text may come.
    #[must_use]
    pub const fn known(self) -> &'static [&'static str] {
        match self {
            Self::Choice { words, .. } => words,
            Self::Flag => &["true", "false"],
            Self::Person => &["me", NONE],
            Self::Country | Self::Address => &[NONE],
            Self::Time => &["1h", "24h", "7d", "30d"],
            Self::Text | Self::Word | Self::Number | Self::Path => &[],
        }
    }

    const fn takes_one(self) -> bool {
        matches!(self, Self::Flag | Self::Time)
    }

    /// Reads a value: its canonical text, or what is allowed.
    fn read(self, text: &str) -> Result<String, String> {
        let known = || {
            let mut known = self.known().iter();
            known.find(|word| word.eq_ignore_ascii_case(text))
        };
        match self {
            Self::Choice { words, synonyms } => {
                let mut other = synonyms.iter();
                let other = other.find(|(synonym, _)| synonym.eq_ignore_ascii_case(text));
                let word = other.map(|(_, word)| word).or_else(known);
                word.map(|word| (*word).to_owned())
                    .ok_or_else(|| no_choice(text, words))
            }
            Self::Flag => match text.to_ascii_lowercase().as_str() {
                "true" | "yes" | "1" => Ok("true".to_owned()),
                "false" | "no" | "0" => Ok("false".to_owned()),
                _ => Err("is true or false".to_owned()),
            },
            Self::Text | Self::Path => Ok(text.to_owned()),
            Self::Word => Ok(text.to_lowercase()),
            Self::Person => Ok(known().map_or_else(|| text.to_owned(), |it| (*it).to_owned())),
            Self::Country => match known() {
                Some(none) => Ok((*none).to_owned()),
                None if text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic()) => {
                    Ok(text.to_ascii_uppercase())
                }
                None => Err("is a code of two letters such as DE (ISO 3166-1), or none".to_owned()),
            },
            Self::Address => match (known(), text.parse::<IpAddr>()) {
                (Some(none), _) => Ok((*none).to_owned()),
                (None, Ok(address)) => Ok(address.to_string()),
                (None, Err(_)) => {
                    Err("is an IPv4 or IPv6 address such as 198.51.100.7, or none".to_owned())
                }
            },
            Self::Number => match text.trim_start_matches('#').parse::<i64>() {
                Ok(number) if number > 0 => Ok(number.to_string()),
                _ => Err("is a number above 0".to_owned()),
            },
            Self::Time => moment(text, Timestamp::from_micros(0))
                .map(|_| text.to_owned())
                .map_err(str::to_owned),
        }
    }
}

fn no_choice(text: &str, words: &'static [&'static str]) -> String {
    let all = words.join(", ");
    match nearest(text, words.iter().copied()) {
        Some(meant) => format!("is one of {all}; did you mean {meant}?"),
        None => format!("is one of {all}"),
    }
}

impl Field {
    /// The name this field has in a query that calls it so: its own, with the path behind it
    /// where it takes one.
    fn called(&self, name: &str) -> Option<String> {
        let is_mine = |name: &str| {
            let mut names = std::iter::once(&self.name).chain(self.aliases);
            names.any(|own| own.eq_ignore_ascii_case(name))
        };
        if is_mine(name) {
            return Some(self.name.to_owned());
        }
        let (first, path) = name.split_once('.')?;
        (matches!(self.kind, Kind::Path) && is_mine(first)).then(|| format!("{}.{path}", self.name))
    }
}

impl Query {
    /// The same with names and values as the table has them: aliases resolved, words in their
    /// case, addresses in canonical text. To resolve it again changes nothing.
    ///
    /// # Errors
    /// Every unknown field and every value its field does not take, in the order of the text.
    pub fn resolve(&self, fields: &[Field]) -> Result<Self, Vec<Mistake>> {
        let (mut terms, mut mistakes) = (Vec::new(), Vec::new());
        for term in self.terms() {
            match resolve(term, fields) {
                Ok(term) => terms.push(term),
                Err(wrong) => mistakes.extend(wrong),
            }
        }
        if mistakes.is_empty() {
            Ok(Self::of(terms))
        } else {
            Err(mistakes)
        }
    }
}

fn resolve(term: &Term, fields: &[Field]) -> Result<Term, Vec<Mistake>> {
    let Some(given) = &term.field else {
        return Ok(term.clone());
    };
    let found = fields
        .iter()
        .find_map(|field| Some((field, field.called(given)?)));
    let Some((field, name)) = found else {
        let span = name_span(term, given);
        return Err(vec![Mistake::new(span, unknown(given, fields))]);
    };
    if matches!(field.kind, Kind::Path) {
        let wrong = path_segments(&name).map(drop);
        wrong.map_err(|what| vec![Mistake::new(name_span(term, given), what)])?;
    }
    let (mut values, mut mistakes): (Vec<Value>, Vec<Mistake>) = (Vec::new(), Vec::new());
    for value in &term.values {
        match field.kind.read(&value.text) {
            Ok(text) => {
                let span = value.span;
                let read = Value { text, span };
                if !values.contains(&read) {
                    values.push(read);
                }
            }
            Err(what) => mistakes.push(Mistake::new(value.span, format!("{name} {what}"))),
        }
    }
    if let Some(second) = values.get(1).filter(|_| field.kind.takes_one()) {
        mistakes.push(Mistake::new(second.span, format!("{name} takes one value")));
    }
    if mistakes.is_empty() {
        Ok(Term {
            field: Some(name),
            values,
            ..term.clone()
        })
    } else {
        Err(mistakes)
    }
}

/// Where a term's name stands.
fn name_span(term: &Term, name: &str) -> Span {
    let start = term.span.start.saturating_add(usize::from(term.negated));
    Span {
        start,
        end: start.saturating_add(name.chars().count()),
    }
}

fn unknown(given: &str, fields: &[Field]) -> String {
    let names = || fields.iter().map(|field| field.name);
    let aliases = fields
        .iter()
        .flat_map(|field| field.aliases.iter().map(|alias| (*alias, field.name)));
    let meant = nearest(given, names()).or_else(|| {
        let near = nearest(given, aliases.clone().map(|(alias, _)| alias))?;
        let mut aliases = aliases;
        aliases.find_map(|(alias, name)| (alias == near).then_some(name))
    });
    let meant = meant.map(|meant| format!("; did you mean {meant}?"));
    let all: Vec<&str> = names().collect();
    format!(
        "unknown field {}{} Fields: {}. To find the text itself, put it into quotes",
        shown(given),
        meant.as_deref().unwrap_or("."),
        all.join(", ")
    )
}

/// The names of a path such as `attributes.user.name`, without the field's own.
///
/// # Errors
/// What is allowed, in words: 1 to 10 names of 1 to 100 characters, none a negative number, at
/// most two a place in a list.
pub fn path_segments(name: &str) -> Result<Vec<&str>, String> {
    let (field, path) = name.split_once('.').unwrap_or((name, ""));
    let segments: Vec<&str> = path.split('.').collect();
    let long = |segment: &&str| segment.chars().count() > SEGMENT_MAX;
    if segments.iter().any(|segment| segment.is_empty()) {
        return Err(format!(
            "{field} needs the names that lead to the value, as in {field}.user.name:ana"
        ));
    }
    if segments.len() > PATH_MAX || segments.iter().any(long) {
        return Err(format!(
            "at most {PATH_MAX} names of {SEGMENT_MAX} characters after {field}"
        ));
    }
    let is_number = |segment: &str| segment.bytes().all(|byte| byte.is_ascii_digit());
    let mut negative = segments.iter().filter_map(|it| it.strip_prefix('-'));
    if negative.any(is_number) {
        return Err("places in a list count from 0 and have no sign".to_owned());
    }
    if segments.iter().filter(|it| is_number(it)).count() > PLACES_MAX {
        return Err(format!("at most {PLACES_MAX} names may be numbers"));
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FIELDS: &[Field] = &[
        Field {
            name: "severity",
            aliases: &["sev"],
            kind: Kind::Choice {
                words: &["CRITICAL", "HIGH", "LOW"],
                synonyms: &[("bad", "HIGH")],
            },
            help: "",
        },
        field("source", Kind::Text),
        field("type", Kind::Word),
        field("owner", Kind::Person),
        field("country", Kind::Country),
        field("ip", Kind::Address),
        field("id", Kind::Number),
        field("overdue", Kind::Flag),
        field("from", Kind::Time),
        field("attributes", Kind::Path),
    ];

    const fn field(name: &'static str, kind: Kind) -> Field {
        Field {
            name,
            aliases: &[],
            kind,
            help: "",
        }
    }

    fn resolved(text: &str) -> Result<String, Vec<String>> {
        let query = Query::parse(text).unwrap();
        let told = |mistakes: Vec<Mistake>| mistakes.iter().map(ToString::to_string).collect();
        query
            .resolve(FIELDS)
            .map(|query| query.to_string())
            .map_err(told)
    }

    #[test]
    fn names_and_values_become_those_of_the_table() {
        assert_eq!(
            resolved(
                "Sev:high,bad,Low word -OWNER:Me,Ana source:Fw type:Login country:de,None \
                 ip:2001:DB8::0:1 id:#7,007 overdue:YES from:24h Attributes.User.name:x,3"
            )
            .unwrap(),
            "severity:HIGH,LOW word -owner:me,Ana source:Fw type:login country:DE,none \
             ip:2001:db8::1 id:7 overdue:true from:24h attributes.User.name:x,3"
        );
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of mistakes")]
    fn mistakes_suggest_what_is_meant() {
        for (text, told) in [
            (
                "a -sevrity:HIGH",
                "characters 4-10: unknown field sevrity; did you mean severity? Fields: severity, \
                 source,",
            ),
            (
                "seve:HIGH",
                "characters 1-4: unknown field seve; did you mean severity?",
            ),
            (
                "colour:red",
                "characters 1-6: unknown field colour. Fields: ",
            ),
            (
                "severity:LOW,hihg",
                "characters 14-17: severity is one of CRITICAL, HIGH, LOW; did you mean HIGH?",
            ),
            (
                "severity:none",
                "characters 10-13: severity is one of CRITICAL, HIGH, LOW",
            ),
            (
                "country:Germany",
                "characters 9-15: country is a code of two letters",
            ),
            (
                "ip:300.1.1.1",
                "characters 4-12: ip is an IPv4 or IPv6 address",
            ),
            ("id:0", "character 4: id is a number above 0"),
            ("overdue:maybe", "characters 9-13: overdue is true or false"),
            (
                "overdue:true,false",
                "characters 14-18: overdue takes one value",
            ),
            (
                "from:soon",
                "characters 6-9: from must be a time in RFC 3339",
            ),
            ("from:1d,2d", "characters 9-10: from takes one value"),
            (
                "attributes:x",
                "characters 1-10: attributes needs the names",
            ),
            (
                "attributes.a..b:x",
                "characters 1-15: attributes needs the names",
            ),
            (
                "attributes.a.-1:x",
                "characters 1-15: places in a list count from 0",
            ),
            (
                "attributes.1.2.3:x",
                "characters 1-16: at most 2 names may be numbers",
            ),
            ("source.x:y", "characters 1-8: unknown field source.x"),
        ] {
            let found = resolved(text).unwrap_err();
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].starts_with(told), "{text}: {found:?}");
        }
        assert_eq!(resolved("x:1 id:a,b,7 y:2").unwrap_err().len(), 4);
        let deep = format!("attributes{}:x", ".a".repeat(11));
        assert!(resolved(&deep).is_err());
    }

    proptest! {
        #[test]
        fn what_is_resolved_stays_as_it_is(
            text in "(sev|type|owner|country|ip|id|overdue|from|attributes\\.A):(high|X,y|de|::1|9|no|1h)"
        ) {
            let once = Query::parse(&text).unwrap().resolve(FIELDS);
            if let Ok(once) = once {
                prop_assert_eq!(once.resolve(FIELDS), Ok(once.clone()));
                prop_assert_eq!(Query::parse(&once.to_string()), Ok(once));
            }
        }
    }
}
