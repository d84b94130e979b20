//! The time that is looked at, and the sums that cover it.

use std::str::FromStr;

use base::Timestamp;

use crate::rollups::{Span, Stretch};

/// Longest time that can be asked for, in hours: 90 days.
pub const HOURS_MAX: i64 = 2_160;
/// Hours up to which everything is read by the hour; beyond, whole days are read as such.
const BY_HOUR_MAX: i64 = 49;
/// Most buckets of a chart.
const BUCKETS_MAX: i64 = 64;
/// Lengths of a bucket, in minutes.
const BUCKETS: [i64; 12] = [1, 2, 5, 30, 60, 120, 180, 360, 720, 1_440, 2_160, 2_880];
const MICROS: i64 = 3_600_000_000;

/// Whole hours, UTC: from one, before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    from: i64,
    to: i64,
}

/// Why a time cannot be looked at.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum RangeError {
    /// A bound is within an hour.
    #[error("must be a whole hour, UTC")]
    NotWholeHour,
    /// It ends before it begins.
    #[error("must be after `from`")]
    Empty,
    /// It is longer than [`HOURS_MAX`].
    #[error("must be at most 90 days after `from`")]
    TooLong,
}

/// A length by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Last(i64);

impl Last {
    /// A day.
    pub(super) const DAY: Self = Self(24);
}

/// The text names no length.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be one of 1h, 24h, 7d, 30d")]
pub(super) struct UnknownLast;

impl FromStr for Last {
    type Err = UnknownLast;

    fn from_str(text: &str) -> Result<Self, UnknownLast> {
        match text {
            "1h" => Ok(Self(1)),
            "24h" => Ok(Self::DAY),
            "7d" => Ok(Self(168)),
            "30d" => Ok(Self(720)),
            _ => Err(UnknownLast),
        }
    }
}

impl Range {
    /// So many whole hours (1 to [`HOURS_MAX`] − 1) before the hour that has begun, and that one
    /// as far as it has come.
    #[must_use]
    pub fn last(hours: i64, now: Timestamp) -> Self {
        let to = now.hour().saturating_add(1);
        let hours = hours.clamp(1, HOURS_MAX.saturating_sub(1));
        Self {
            from: to.saturating_sub(1).saturating_sub(hours),
            to,
        }
    }

    pub(super) fn named(last: Last, now: Timestamp) -> Self {
        Self::last(last.0, now)
    }

    /// From one whole hour, before another.
    ///
    /// # Errors
    /// [`RangeError`].
    pub const fn between(from: Timestamp, to: Timestamp) -> Result<Self, RangeError> {
        if from.micros() % MICROS != 0 || to.micros() % MICROS != 0 {
            return Err(RangeError::NotWholeHour);
        }
        let range = Self {
            from: from.hour(),
            to: to.hour(),
        };
        match range.hours() {
            ..=0 => Err(RangeError::Empty),
            1..=HOURS_MAX => Ok(range),
            _ => Err(RangeError::TooLong),
        }
    }

    const fn hours(self) -> i64 {
        self.to.saturating_sub(self.from)
    }

    /// The first moment.
    #[must_use]
    pub const fn from(self) -> Timestamp {
        Timestamp::from_micros(self.from.saturating_mul(MICROS))
    }

    /// The first moment after it.
    #[must_use]
    pub const fn to(self) -> Timestamp {
        Timestamp::from_micros(self.to.saturating_mul(MICROS))
    }

    /// Minutes of a bucket of its chart: 30 to 64 buckets where sums are fine enough.
    ///
    /// Sums by the minute are kept for two days only, so what is older has half hours at least.
    pub(super) fn bucket_minutes(self, now: Timestamp) -> i64 {
        let is_recent = now.hour().saturating_sub(self.from) < 47;
        let minutes = self.hours().saturating_mul(60);
        BUCKETS
            .into_iter()
            .filter(|bucket| is_recent || *bucket >= Span::HalfHour.minutes())
            .find(|bucket| minutes <= bucket.saturating_mul(BUCKETS_MAX))
            .unwrap_or(2_880)
    }

    /// The sums that its chart is made of.
    pub(super) fn chart(self, bucket_minutes: i64) -> Stretch {
        let span = if bucket_minutes < Span::HalfHour.minutes() {
            Span::Minute
        } else {
            Span::HalfHour
        };
        stretch(span, self.from, self.to)
    }

    /// The sums by hour and day that cover it without overlapping: at most 25 hours before and
    /// after the whole days.
    ///
    /// Nothing has happened after `now`, so a range that reaches there takes today as a whole.
    pub(super) fn stretches(self, now: Timestamp) -> Vec<Stretch> {
        let mut parts = Vec::with_capacity(3);
        let mut push = |span, from, to| {
            if from < to {
                parts.push(stretch(span, from, to));
            }
        };
        if self.hours() <= BY_HOUR_MAX {
            push(Span::Hour, self.from, self.to);
            return parts;
        }
        let to = if self.to > now.hour() {
            start_of_day(self.to.saturating_add(23))
        } else {
            self.to
        };
        let first = start_of_day(self.from.saturating_add(23)).min(to);
        let last = start_of_day(to).max(first);
        push(Span::Hour, self.from, first);
        push(Span::Day, first, last);
        push(Span::Hour, last, to);
        parts
    }

    /// The starts of the points of a trend, in minutes since 1970, and the minutes of one: hours
    /// up to two days, else days, the first and the last of which may be cut.
    pub(super) fn trend(self) -> (Vec<i64>, Span) {
        let span = if self.hours() <= BY_HOUR_MAX {
            Span::Hour
        } else {
            Span::Day
        };
        let first = span.start(self.from.saturating_mul(60));
        let end = self.to.saturating_mul(60);
        let starts =
            std::iter::successors(Some(first), |at| Some(at.saturating_add(span.minutes())))
                .take_while(|at| *at < end)
                .collect();
        (starts, span)
    }
}

/// The sums of a span between two hours.
const fn stretch(span: Span, from: i64, to: i64) -> Stretch {
    Stretch {
        span,
        from: from.saturating_mul(60),
        to: to.saturating_mul(60),
    }
}

const fn start_of_day(hour: i64) -> i64 {
    hour.saturating_sub(hour.rem_euclid(24))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn bounds_are_whole_hours_in_order_and_not_too_far_apart() {
        let from = at("2026-01-01T05:00:00Z");
        let bad = [
            (at("2026-01-01T06:30:00Z"), RangeError::NotWholeHour),
            (from, RangeError::Empty),
            (at("2025-01-01T05:00:00Z"), RangeError::Empty),
            (at("2026-04-01T06:00:00Z"), RangeError::TooLong),
        ];
        for (to, error) in bad {
            assert_eq!(Range::between(from, to), Err(error), "{to}");
        }
        let range = Range::between(from, at("2026-04-01T05:00:00Z")).unwrap();
        assert_eq!((range.from(), range.hours()), (from, HOURS_MAX));
    }

    #[test]
    fn the_named_ranges_have_about_fifty_buckets() {
        let now = at("2026-01-31T12:34:56Z");
        for (name, minutes, buckets) in [
            ("1h", 2, 60),
            ("24h", 30, 50),
            ("7d", 180, 57),
            ("30d", 720, 61),
        ] {
            let range = Range::named(name.parse().unwrap(), now);
            assert_eq!(range.to(), at("2026-01-31T13:00:00Z"));
            assert_eq!(range.bucket_minutes(now), minutes, "{name}");
            assert_eq!(
                (range.hours() * 60 + minutes - 1) / minutes,
                buckets,
                "{name}"
            );
        }
        assert_eq!("2h".parse::<Last>(), Err(UnknownLast));
        let old = Range::last(1, now.minus(std::time::Duration::from_hours(72)));
        assert_eq!(old.bucket_minutes(now), 30);
    }

    proptest! {
        #[test]
        fn stretches_cover_every_hour_once_and_none_too_many(
            from in 480_000_i64..480_100,
            hours in 1_i64..=HOURS_MAX,
            ahead in -100_i64..2_300,
        ) {
            let range = Range { from, to: from + hours };
            let now = Timestamp::from_micros((from + ahead) * MICROS + 7);
            let mut next = from * 60;
            for part in range.stretches(now) {
                prop_assert_eq!(part.from, next);
                prop_assert_eq!(part.from % part.span.minutes(), 0);
                prop_assert_eq!(part.to % part.span.minutes(), 0);
                next = part.to;
            }
            // What is covered beyond the end lies after now.
            prop_assert!(next >= range.to * 60);
            prop_assert!(next == range.to * 60 || range.to > now.hour());
            prop_assert!(range.stretches(now).len() <= 3);
        }
    }
}
