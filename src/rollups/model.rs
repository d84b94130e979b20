//! What is counted, over which spans, and the changes one transaction gathers.

use std::collections::BTreeMap;

use base::Timestamp;

/// Microseconds of a minute.
const MINUTE: i64 = 60_000_000;

/// What a sum counts; the number is what the database stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Events by severity, when they were received.
    EventSeverity = 1,
    /// Events by source; by hour they are in `event_counts`.
    EventSource = 2,
    /// Events by [`Origin`].
    EventOrigin = 3,
    /// Alerts by severity, when they were raised.
    AlertSeverity = 4,
    /// Alerts by source, when they were raised.
    AlertSource = 5,
    /// Alerts by [`Origin`], when they were raised.
    AlertOrigin = 6,
    /// Alerts by the bucket of how long they waited to be acknowledged (or resolved at once),
    /// when they were raised.
    Acknowledged = 7,
    /// Alerts by the bucket of how long they waited to be resolved, when they were raised.
    Resolved = 8,
    /// Alerts by severity, when they were resolved.
    ResolvedAt = 9,
    /// How many more alerts of a severity became OPEN than ceased to be, when that happened.
    OpenFlow = 10,
}

impl Kind {
    /// What the database stores.
    #[must_use]
    pub const fn id(self) -> i64 {
        self as i64
    }

    /// The spans it is summed over.
    #[must_use]
    pub const fn spans(self) -> &'static [Span] {
        match self {
            Self::EventSeverity => &[Span::Minute, Span::HalfHour],
            Self::EventSource => &[Span::Day],
            Self::OpenFlow => &[Span::Minute],
            Self::EventOrigin
            | Self::AlertSeverity
            | Self::AlertSource
            | Self::AlertOrigin
            | Self::Acknowledged
            | Self::Resolved
            | Self::ResolvedAt => &[Span::Hour, Span::Day],
        }
    }
}

/// How long the time is that a sum covers; all begin at whole multiples since 1970, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Span {
    /// A minute; forgotten after two days.
    Minute,
    /// Half an hour.
    HalfHour,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

impl Span {
    /// Its length in minutes.
    #[must_use]
    pub const fn minutes(self) -> i64 {
        match self {
            Self::Minute => 1,
            Self::HalfHour => 30,
            Self::Hour => 60,
            Self::Day => 1_440,
        }
    }

    /// The start of the one a minute since 1970 falls into, in minutes since 1970.
    #[must_use]
    pub const fn start(self, minute: i64) -> i64 {
        minute.saturating_sub(minute.rem_euclid(self.minutes()))
    }
}

/// The sums of one span that begin within a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Which sums.
    pub span: Span,
    /// The first start, in minutes since 1970.
    pub from: i64,
    /// Before this one.
    pub to: i64,
}

/// Where an address is, as small as it can be stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// There is no address, or nobody knows where it is.
    Unknown,
    /// The address has no place: private, loopback, reserved.
    Nowhere,
    /// A country by its ISO 3166-1 alpha-2 code, in capitals.
    Country([u8; 2]),
}

impl Origin {
    /// From a country's code, and from whether the address has no place.
    #[must_use]
    pub fn new(country: Option<&str>, is_nowhere: bool) -> Self {
        match country.map(str::as_bytes) {
            Some(&[first, second]) => Self::Country([first, second]),
            _ if is_nowhere => Self::Nowhere,
            _ => Self::Unknown,
        }
    }

    /// What the database stores.
    #[must_use]
    pub const fn item(self) -> i64 {
        match self {
            Self::Unknown => 0,
            Self::Nowhere => 1,
            Self::Country(code) => u16::from_be_bytes(code) as i64,
        }
    }

    /// From what the database stores.
    #[must_use]
    pub fn from_item(item: i64) -> Self {
        match u16::try_from(item) {
            Ok(1) => Self::Nowhere,
            Ok(code) if code > 1 => Self::Country(code.to_be_bytes()),
            _ => Self::Unknown,
        }
    }
}

/// Changes of sums, gathered and written together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rollup(pub(super) BTreeMap<Key, i64>);

/// In the order of the table's key, so that two writers of one shard never wait for each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub(super) kind: Kind,
    pub(super) span: Span,
    pub(super) start: i64,
    pub(super) item: i64,
}

impl Rollup {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds `n` (or takes it away) to the sums that cover a time, of every span the kind has.
    pub fn add(&mut self, kind: Kind, at: Timestamp, item: i64, n: i64) {
        self.add_minute(kind, at.micros().div_euclid(MINUTE), item, n);
    }

    /// The same at a minute since 1970.
    pub fn add_minute(&mut self, kind: Kind, minute: i64, item: i64, n: i64) {
        for &span in kind.spans() {
            let key = Key {
                kind,
                span,
                start: span.start(minute),
                item,
            };
            let sum = self.0.entry(key).or_default();
            *sum = sum.saturating_add(n);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_survive_being_stored() {
        for origin in [
            Origin::Unknown,
            Origin::Nowhere,
            Origin::Country(*b"DE"),
            Origin::Country(*b"ZW"),
        ] {
            assert_eq!(Origin::from_item(origin.item()), origin);
        }
        assert_eq!(Origin::new(Some("DE"), true), Origin::Country(*b"DE"));
        assert_eq!(Origin::new(Some("Germany"), false), Origin::Unknown);
        assert_eq!(Origin::new(None, true), Origin::Nowhere);
        assert_eq!(Origin::from_item(-3), Origin::Unknown);
    }

    #[test]
    fn spans_begin_at_whole_multiples() {
        assert_eq!(Span::Day.start(1_441), 1_440);
        assert_eq!(Span::Hour.start(-1), -60);
        assert_eq!(Span::Minute.start(7), 7);
    }
}
