//! Times as people and devices write them.

use base::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::super::json::Given;
use super::super::time::{month, zone};
use super::super::{parse_time, time_of};

/// Longest text that is looked at.
const TEXT_MAX: usize = 48;
/// Numbers below are counts of something else: 1979 in seconds.
const EARLIEST: f64 = 3e8;
/// How far into the future a time without a year may lie before it is last year's.
const AHEAD: std::time::Duration = std::time::Duration::from_hours(24);

/// The time a value says; `now` completes one without a year.
pub(in super::super) fn of(given: Given<'_>, now: Timestamp) -> Option<Timestamp> {
    match given {
        Given::Text(text) => written(text, now),
        Given::Json(value) => time_of(value).filter(|_| value.as_f64() >= Some(EARLIEST)),
    }
}

/// The time a text says: as [`parse_time`] reads it, with a comma or a space before the offset, or
/// with the month as a word (`Nov 20 2026 17:24:10`, `Fri Nov 20 17:24:10 2026`, `Nov 20 17:24:10`,
/// `20/Nov/2026:17:24:10 +0100`, `Fri, 20 Nov 2026 17:24:10 GMT`).
pub(in super::super) fn written(text: &str, now: Timestamp) -> Option<Timestamp> {
    let text = text.trim_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '[' | ']'));
    let first = text.bytes().next().filter(|_| text.len() <= TEXT_MAX)?;
    if first.is_ascii_digit() {
        if let Some(time) = parse_time(text) {
            return match text.parse::<f64>() {
                Ok(counted) => (counted >= EARLIEST).then_some(time),
                Err(_) => has_clock(text).then_some(time),
            };
        }
        if let Some(time) = spaced(text).filter(|_| has_clock(text)) {
            return Some(time);
        }
    }
    has_clock(text).then(|| words(text, now))?
}

/// Whether a text has a time of day: a day alone is no time.
fn has_clock(text: &str) -> bool {
    text.bytes().any(|byte| matches!(byte, b':' | b'T'))
}

/// The time of a text without a zone in a zone: a known abbreviation or an offset.
pub(in super::super) fn zoned(text: &str, place: &str, now: Timestamp) -> Option<Timestamp> {
    let place = place.trim();
    let seconds = zone(place).or_else(|| match place.as_bytes().first()? {
        b'+' | b'-' => offset(place),
        _ => None,
    });
    east(written(text, now)?, seconds?)
}

/// A time that was read as of Greenwich, of a place so many seconds east of it.
fn east(time: Timestamp, seconds: i32) -> Option<Timestamp> {
    let micros = i64::from(seconds).checked_mul(1_000_000)?;
    Some(Timestamp::from_micros(time.micros().checked_sub(micros)?))
}

/// ISO 8601 with slashes, a zone's name or a space before the offset.
fn spaced(text: &str) -> Option<Timestamp> {
    let year = text.get(..5)?;
    let (digits, dash) = year.split_at_checked(4)?;
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) || !matches!(dash, "-" | "/") {
        return None;
    }
    let mut plain = text.replace('/', "-");
    if let Some((bare, name)) = plain.rsplit_once(' ')
        && let Some(seconds) = zone(name)
    {
        return east(parse_time(bare)?, seconds);
    }
    if let Some(space) = plain.rfind(" +").or_else(|| plain.rfind(" -")) {
        plain.remove(space);
    }
    parse_time(&plain)
}

#[derive(Default)]
struct Parts {
    year: Option<i16>,
    month: Option<i8>,
    day: Option<i8>,
    time: Option<(i8, i8, i8, i32)>,
    offset: Option<i32>,
}

fn words(text: &str, now: Timestamp) -> Option<Timestamp> {
    let mut parts = Parts::default();
    // `20/Nov/2026:17:24:10`: the day ends where the time begins.
    let log_format = text.as_bytes().get(2) == Some(&b'/') || text.as_bytes().get(1) == Some(&b'/');
    let spread;
    let text = if log_format {
        spread = text.replacen(':', " ", 1).replace('/', " ");
        spread.as_str()
    } else {
        text
    };
    for word in text.split([' ', ',']).filter(|word| !word.is_empty()) {
        parts.take(word)?;
    }
    parts.finish(now)
}

impl Parts {
    /// Takes a word; `None` when it belongs to no time.
    fn take(&mut self, word: &str) -> Option<()> {
        if let Some(month) = month(word) {
            let month = i8::try_from(month).ok()?;
            return self.month.replace(month).is_none().then_some(());
        }
        let first = word.bytes().next()?;
        if first.is_ascii_digit() {
            if word.contains(':') {
                return self.time.replace(clock(word)?).is_none().then_some(());
            }
            if let Some((day, rest)) = word.split_once('-') {
                // `20-Nov-2026`
                let (name, year) = rest.split_once('-')?;
                self.day = Some(day.parse().ok()?);
                self.month = i8::try_from(month(name)?).ok();
                self.year = Some(year.parse().ok()?);
                return Some(());
            }
            return if word.len() == 4 {
                self.year
                    .replace(word.parse().ok()?)
                    .is_none()
                    .then_some(())
            } else {
                self.day.replace(word.parse().ok()?).is_none().then_some(())
            };
        }
        if matches!(first, b'+' | b'-') {
            self.offset = Some(offset(word)?);
            return Some(());
        }
        if let Some(seconds) = zone(word) {
            self.offset = Some(seconds);
            return Some(());
        }
        let weekday = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
        let is_weekday =
            word.len() == 3 && weekday.iter().any(|day| day.eq_ignore_ascii_case(word));
        // Zones that share a name are taken as UTC.
        (is_weekday || word.bytes().all(|byte| byte.is_ascii_uppercase())).then_some(())
    }

    fn finish(self, now: Timestamp) -> Option<Timestamp> {
        let (hour, minute, second, nanos) = self.time?;
        let (month, day) = (self.month?, self.day?);
        let at = |year: i16| {
            let time = DateTime::new(year, month, day, hour, minute, second, nanos).ok()?;
            let offset = Offset::from_seconds(self.offset.unwrap_or_default()).ok()?;
            let zoned = time.to_zoned(TimeZone::fixed(offset)).ok()?;
            Some(Timestamp::from_micros(zoned.timestamp().as_microsecond()))
        };
        if let Some(year) = self.year {
            return (year >= 1970).then(|| at(year))?;
        }
        let limit = now.plus(AHEAD);
        let this = jiff::Timestamp::from_microsecond(limit.micros()).ok()?;
        let this = this.to_zoned(TimeZone::UTC).year();
        let years = [this, this.saturating_sub(1)];
        years.into_iter().filter_map(at).find(|time| *time <= limit)
    }
}

/// `17:24:10`, `17:24:10.123`, `17:24:10,123`.
fn clock(word: &str) -> Option<(i8, i8, i8, i32)> {
    let mut parts = word.splitn(3, ':');
    let (hour, minute, rest) = (parts.next()?, parts.next()?, parts.next()?);
    let (second, fraction) = rest.split_once(['.', ',']).unwrap_or((rest, ""));
    let digits = fraction.get(..fraction.len().min(9))?;
    let scale = 9_u32.checked_sub(u32::try_from(digits.len()).ok()?)?;
    let nanos = match digits {
        "" => 0,
        digits => digits
            .parse::<i32>()
            .ok()?
            .checked_mul(10_i32.checked_pow(scale)?)?,
    };
    // What is written with more or fewer digits is something else, such as an address.
    let two = |text: &str| {
        matches!(text.len(), 1 | 2)
            .then(|| text.parse().ok())
            .flatten()
    };
    Some((two(hour)?, two(minute)?, two(second)?, nanos))
}

/// `+0100`, `-05:00`, `+01`.
fn offset(word: &str) -> Option<i32> {
    let (sign, digits) = word.split_at_checked(1)?;
    let digits = digits.replace(':', "");
    let (hours, minutes) = digits.split_at_checked(2)?;
    let hours: i32 = hours.parse().ok().filter(|hours| *hours < 24)?;
    let minutes = if minutes.is_empty() { "0" } else { minutes };
    let minutes: i32 = minutes.parse().ok().filter(|minutes| *minutes < 60)?;
    let seconds = hours
        .checked_mul(3_600)?
        .checked_add(minutes.checked_mul(60)?)?;
    Some(if sign == "-" {
        seconds.saturating_neg()
    } else {
        seconds
    })
}

/// The microseconds of a JSON number as [`of`] reads it.
#[cfg(test)]
fn number(value: &serde_json::Value) -> Option<i64> {
    of(Given::Json(value), Timestamp::from_millis(0)).map(Timestamp::micros)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        let now = Timestamp::parse("2026-11-20T18:00:00Z").unwrap();
        written(text, now).map(|time| time.to_string())
    }

    #[test]
    fn every_way_devices_write_a_time_is_read() {
        for text in [
            "2026-11-20T17:24:10Z",
            "2026-11-20 17:24:10 UTC",
            "2026-11-20 12:24:10 -05:00",
            "2026/11/20 17:24:10",
            "2026-11-20 17:24:10,000",
            "Nov 20 2026 17:24:10",
            "Nov 20 17:24:10",
            "Nov 20 17:24:10 UTC",
            "Nov 20 2026 12:24:10.000 EST",
            "2026-11-20 18:24:10 CET",
            "20261120T172410Z",
            "Nov 20 2026 18:24:10.000 +0100",
            "Fri Nov 20 17:24:10 2026",
            "Fri, 20 Nov 2026 17:24:10 GMT",
            "20/Nov/2026:18:24:10 +0100",
            "[20/Nov/2026:18:24:10 +0100]",
            "20-Nov-2026 17:24:10",
            "1795195450",
            "1795195450000",
            "1795195450.0",
        ] {
            assert_eq!(
                read(text).as_deref(),
                Some("2026-11-20T17:24:10.000000Z"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_time_without_a_year_is_the_latest_that_may_be() {
        assert_eq!(
            read("Dec 31 23:59:00").as_deref(),
            Some("2025-12-31T23:59:00.000000Z")
        );
        assert_eq!(
            read("Nov 21 17:00:00").as_deref(),
            Some("2026-11-21T17:00:00.000000Z")
        );
        assert_eq!(read("Feb 30 17:00:00"), None);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "soon",
            "May",
            "Nov 20",
            "12",
            "10:00",
            "$timestamp",
            "Nov Nov 20 17:24:10",
            "20/Nov/2026",
            "2026-11-20",
            "2026/11/20",
            "20261120",
            "2001:db8::1",
            "+99:99",
            "Nov 20 2026 99:99:99",
            "é/é:é",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(number(&5.into()), None);
        assert_eq!(number(&1_795_195_450.into()), Some(1_795_195_450_000_000));
    }
}
