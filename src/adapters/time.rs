//! Times as senders write them.

use base::Timestamp;
use serde_json::Value;

use crate::events::TIMES;

/// Abbreviations of zones as devices write them, in hours east of Greenwich. Those that mean
/// several zones are left out.
const ZONES: [(&str, i8); 20] = [
    ("UTC", 0),
    ("GMT", 0),
    ("Z", 0),
    ("WET", 0),
    ("CET", 1),
    ("MET", 1),
    ("BST", 1),
    ("WEST", 1),
    ("CEST", 2),
    ("MEST", 2),
    ("EET", 2),
    ("EEST", 3),
    ("MSK", 3),
    ("JST", 9),
    ("EST", -5),
    ("EDT", -4),
    ("CDT", -5),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
];

/// The seconds east of Greenwich of a zone by its abbreviation.
pub(super) fn zone(word: &str) -> Option<i32> {
    let (_, hours) = ZONES.iter().find(|(name, _)| *name == word)?;
    Some(i32::from(*hours).saturating_mul(3_600))
}

/// The number of a month by the three letters of its name.
pub(super) fn month(name: &str) -> Option<u8> {
    const NAMES: [&str; 12] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ];
    let at = NAMES
        .iter()
        .position(|month| month.eq_ignore_ascii_case(name))?;
    u8::try_from(at).ok()?.checked_add(1)
}

/// A time as a text: RFC 3339 with any offset (also `+0100`), with a space instead of the `T`,
/// without an offset (taken as UTC), or seconds, milliseconds, microseconds or nanoseconds since
/// 1970 in digits.
#[must_use]
pub(super) fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(time) = Timestamp::parse(text) {
        return within(time);
    }
    if text
        .bytes()
        .all(|b| b.is_ascii_digit() || b == b'.' || b == b'-')
        && !text.is_empty()
    {
        let dots = text.bytes().filter(|b| *b == b'.').count();
        if dots <= 1
            && let Ok(number) = text.parse::<f64>()
        {
            return if dots == 0 {
                text.parse::<i64>().ok().and_then(whole)
            } else {
                fraction(number)
            };
        }
    }
    text.parse::<jiff::civil::DateTime>()
        .ok()
        .and_then(|time| time.to_zoned(jiff::tz::TimeZone::UTC).ok())
        .and_then(|time| within(Timestamp::from_micros(time.timestamp().as_microsecond())))
}

/// A time as a JSON value: a text as [`parse_time`] reads it, or a number since 1970, whose size
/// tells its unit (seconds, milliseconds, microseconds or nanoseconds).
#[must_use]
pub(super) fn time_of(value: &Value) -> Option<Timestamp> {
    match value {
        Value::String(text) => parse_time(text),
        Value::Number(number) => match number.as_i64() {
            Some(number) => whole(number),
            None => fraction(number.as_f64()?),
        },
        _ => None,
    }
}

/// By its size: up to the year 5138 in seconds, then milliseconds, microseconds, nanoseconds.
fn whole(number: i64) -> Option<Timestamp> {
    let micros = match number.unsigned_abs() {
        0..=99_999_999_999 => number.checked_mul(1_000_000)?,
        100_000_000_000..=99_999_999_999_999 => number.checked_mul(1_000)?,
        100_000_000_000_000..=99_999_999_999_999_999 => number,
        _ => number.div_euclid(1_000),
    };
    within(Timestamp::from_micros(micros))
}

fn fraction(number: f64) -> Option<Timestamp> {
    if !number.is_finite() {
        return None;
    }
    let scale = match number.abs() {
        size if size < 1e11 => 1e6,
        size if size < 1e14 => 1e3,
        _ => return None,
    };
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range is checked, and what is cut off is less than a microsecond"
    )]
    let micros = (number * scale).round() as i64;
    within(Timestamp::from_micros(micros))
}

/// A time an event may have.
pub(super) fn within(time: Timestamp) -> Option<Timestamp> {
    TIMES.contains(&time.micros()).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_senders_write_a_time_is_read() {
        let expected = 1_795_195_450_000_000;
        for text in [
            "2026-11-20T17:24:10Z",
            "2026-11-20T18:24:10.000+0100",
            "2026-11-20 17:24:10+00:00",
            "2026-11-20T17:24:10",
            "1795195450",
            "1795195450.0",
            "1795195450000",
            "1795195450000000",
            "1795195450000000000",
        ] {
            assert_eq!(
                parse_time(text).map(Timestamp::micros),
                Some(expected),
                "{text}"
            );
        }
        for value in [
            serde_json::json!(1_795_195_450),
            serde_json::json!(1_795_195_450.0),
            serde_json::json!(1_795_195_450_000_i64),
        ] {
            assert_eq!(time_of(&value).map(Timestamp::micros), Some(expected));
        }
        for text in ["", "soon", "1.2.3", "99999-01-01", "-", "."] {
            assert_eq!(parse_time(text), None, "{text}");
        }
    }
}
