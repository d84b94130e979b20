//! Which alerts are wanted, in which order, from where on.

use base::{Cursor, Direction, Severity, Timestamp};

use super::model::AlertStatus;
use crate::http::Params;

/// Most words of a search.
const WORDS_MAX: usize = 8;
/// Longest search, in characters.
const SEARCH_MAX: usize = 200;

/// Whose alerts are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Assigned {
    /// Nobody's.
    Nobody,
    /// The caller's own, or another person's, by id.
    Person(i64),
    /// A person's, by user name.
    Name(String),
}

/// Which alerts are wanted; all of what is given must hold, any of a list's values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertFilter {
    /// Severities.
    pub severity: Vec<Severity>,
    /// Statuses.
    pub status: Vec<AlertStatus>,
    /// The source, exactly.
    pub source_name: Option<String>,
    /// Event types, lower case.
    pub event_type: Vec<String>,
    /// Who works on it.
    pub assigned_to: Option<Assigned>,
    /// Country codes, upper case.
    pub country: Vec<String>,
    /// Address, in its canonical text.
    pub ip_address: Option<String>,
    /// Words, lower case, that must each occur in title, source or description.
    pub words: Vec<String>,
    /// Raised from this time on.
    pub from: Option<Timestamp>,
    /// Raised before this time.
    pub to: Option<Timestamp>,
    /// Whether it waits past a due time: OPEN past the first, or unresolved past the second.
    pub overdue: Option<bool>,
}

impl AlertFilter {
    /// Takes every filter out of the parameters; `me` is the person `assigned_to=me` means.
    pub fn take(params: &mut Params, me: Option<i64>) -> Self {
        Self {
            severity: distinct(params.values("severity")),
            status: distinct(params.values("status")),
            source_name: params.text("source_name").or(params.text("source")),
            event_type: lower(&params.list("event_type")),
            assigned_to: assigned(params, me),
            country: country(params),
            ip_address: params
                .value::<std::net::IpAddr>("ip_address")
                .map(|address| address.to_string()),
            words: words(params),
            from: params.time("from"),
            to: params.time("to"),
            overdue: params.flag("overdue"),
        }
    }

    /// Whether only severity and status are asked for: then the kept counts know how many.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        let Self {
            severity, status, ..
        } = self;
        *self
            == Self {
                severity: severity.clone(),
                status: status.clone(),
                ..Self::default()
            }
    }
}

fn distinct<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort_unstable();
    values.dedup();
    values
}

fn lower(values: &[String]) -> Vec<String> {
    distinct(values.iter().map(|value| value.to_lowercase()).collect())
}

fn assigned(params: &mut Params, me: Option<i64>) -> Option<Assigned> {
    let name = params.text("assigned_to")?;
    let name = name.trim();
    match (name.to_ascii_lowercase().as_str(), me) {
        ("none", _) => Some(Assigned::Nobody),
        ("me", Some(me)) => Some(Assigned::Person(me)),
        _ => Some(Assigned::Name(name.to_owned())),
    }
}

fn country(params: &mut Params) -> Vec<String> {
    let codes = params.list("country");
    if codes
        .iter()
        .any(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_alphabetic()))
    {
        params.refuse(
            "country",
            "must be codes of two letters, such as DE (ISO 3166-1)",
        );
    }
    distinct(codes.iter().map(|code| code.to_ascii_uppercase()).collect())
}

fn words(params: &mut Params) -> Vec<String> {
    let search = params.text("search").unwrap_or_default();
    let words = distinct(search.split_whitespace().map(str::to_lowercase).collect());
    if words.len() > WORDS_MAX || search.chars().count() > SEARCH_MAX {
        params.refuse("search", "at most 8 words of 200 characters in all");
    }
    words
}

/// What a list is sorted by; equal ones by time, then by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SortKey {
    /// When it was raised.
    #[default]
    CreatedAt,
    /// How bad it is.
    Severity,
}

/// The order of a list; by default the newest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ordering {
    /// By what.
    pub key: SortKey,
    /// Which way.
    pub way: Way,
}

/// Which way a list goes along its key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// Newest, or worst, first.
    #[default]
    Falling,
    /// Oldest, or mildest, first.
    Rising,
}

impl Way {
    /// The other way.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::Falling => Self::Rising,
            Self::Rising => Self::Falling,
        }
    }
}

impl Ordering {
    /// Takes `ordering` out of the parameters.
    pub fn take(params: &mut Params) -> Self {
        let of = |key, way| Self { key, way };
        match params.text("ordering").as_deref().map(str::trim) {
            None | Some("-created_at") => Self::default(),
            Some("created_at") => of(SortKey::CreatedAt, Way::Rising),
            Some("-severity") => of(SortKey::Severity, Way::Falling),
            Some("severity") => of(SortKey::Severity, Way::Rising),
            Some(_) => {
                params.refuse(
                    "ordering",
                    "must be one of -created_at, created_at, -severity, severity",
                );
                Self::default()
            }
        }
    }
}

/// A row's place in any ordered list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) severity: Severity,
    pub(super) created_at: Timestamp,
    pub(super) id: i64,
}

/// Bits a time takes in a cursor's key beside a severity: microseconds until the year 2255.
const TIME_BITS: u32 = 53;

impl Position {
    /// The cursor of a page that begins here.
    pub(super) fn cursor(self, key: SortKey, direction: Direction) -> Cursor {
        let time = self.created_at.micros();
        Cursor {
            direction,
            key: match key {
                SortKey::CreatedAt => time,
                SortKey::Severity => (self.severity.id() << TIME_BITS) | time,
            },
            id: self.id,
        }
    }

    /// The place a cursor names; `None` for a cursor of a list sorted by something else.
    pub(super) fn of(cursor: Cursor, key: SortKey) -> Option<Self> {
        let (severity, time) = match key {
            SortKey::CreatedAt => (Severity::Info, cursor.key),
            SortKey::Severity => (
                Severity::from_id(cursor.key >> TIME_BITS)?,
                cursor.key & ((1 << TIME_BITS) - 1),
            ),
        };
        Some(Self {
            severity,
            created_at: Timestamp::from_micros(time),
            id: cursor.id,
        })
    }

    /// The place just behind this one along the list, so that a page before it includes its row.
    pub(super) const fn behind(self, way: Way) -> Self {
        let id = match way {
            Way::Falling => self.id.saturating_sub(1),
            Way::Rising => self.id.saturating_add(1),
        };
        Self { id, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(query: &str) -> (AlertFilter, Ordering, Result<(), Vec<String>>) {
        let mut params = Params::parse(query).unwrap();
        let filter = AlertFilter::take(&mut params, Some(5));
        let ordering = Ordering::take(&mut params);
        let end = params
            .finish()
            .map_err(|problem| problem.errors().keys().cloned().collect());
        (filter, ordering, end)
    }

    #[test]
    fn words_are_read_in_any_case() {
        let (filter, ordering, end) = read(
            "status=ack,open&status=OPEN&severity=High&country=de&event_type=Login&assigned_to=ME\
             &search=Root%20LOGIN&ip_address=2001:DB8::0:1&overdue=true&ordering=-severity",
        );
        assert_eq!(end, Ok(()));
        assert_eq!(
            filter,
            AlertFilter {
                severity: vec![Severity::High],
                status: vec![AlertStatus::Open, AlertStatus::Acknowledged],
                event_type: vec!["login".to_owned()],
                assigned_to: Some(Assigned::Person(5)),
                country: vec!["DE".to_owned()],
                ip_address: Some("2001:db8::1".to_owned()),
                words: vec!["login".to_owned(), "root".to_owned()],
                overdue: Some(true),
                ..AlertFilter::default()
            }
        );
        assert_eq!(
            (ordering.key, ordering.way),
            (SortKey::Severity, Way::Falling)
        );
        assert!(!filter.is_counted());
        assert!(read("status=open&severity=low").0.is_counted());
        assert!(!read("status=open&from=2026-01-01").0.is_counted());
    }

    #[test]
    fn what_is_not_allowed_is_named() {
        let (.., end) = read(
            "status=closed&severity=bad&country=Germany&ip_address=x&overdue=maybe&ordering=title\
             &search=a+b+c+d+e+f+g+h+i&colour=red",
        );
        let fields = [
            "colour",
            "country",
            "ip_address",
            "ordering",
            "overdue",
            "search",
            "severity",
            "status",
        ];
        assert_eq!(end.unwrap_err(), fields);
    }

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_place(
            severity in prop::sample::select(Severity::ALL.to_vec()),
            micros in 0_i64..(1 << TIME_BITS),
            id: i64,
        ) {
            let place = Position {
                severity,
                created_at: Timestamp::from_micros(micros),
                id,
            };
            let by_severity = place.cursor(SortKey::Severity, Direction::Next);
            prop_assert_eq!(Position::of(by_severity, SortKey::Severity), Some(place));
            let by_time = place.cursor(SortKey::CreatedAt, Direction::Next);
            let found = Position::of(by_time, SortKey::CreatedAt).unwrap();
            prop_assert_eq!((found.created_at, found.id), (place.created_at, place.id));
        }
    }
}
