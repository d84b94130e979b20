//! The order of a list, and a row's place in it.

use base::{Cursor, Direction, Severity, Timestamp};

use crate::http::Params;

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
pub(in crate::alerts) struct Position {
    pub(in crate::alerts) severity: Severity,
    pub(in crate::alerts) created_at: Timestamp,
    pub(in crate::alerts) id: i64,
}

/// Bits a time takes in a cursor's key beside a severity: microseconds until the year 2255.
const TIME_BITS: u32 = 53;

impl Position {
    /// The cursor of a page that begins here.
    pub(in crate::alerts) fn cursor(self, key: SortKey, direction: Direction) -> Cursor {
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
    pub(in crate::alerts) fn of(cursor: Cursor, key: SortKey) -> Option<Self> {
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
    pub(in crate::alerts) const fn behind(self, way: Way) -> Self {
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
