//! Times as syslog headers write them.

use base::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::super::time::{month, zone};

/// When a line was received, and the zone of times that name none.
#[derive(Clone, Copy, Debug)]
pub struct Receipt<'a> {
    /// When it was received: it says which year a time without a year is of.
    pub now: Timestamp,
    /// The zone of times without one.
    pub zone: &'a TimeZone,
}

impl Receipt<'_> {
    /// Received at a time, zones unknown: UTC.
    #[must_use]
    pub fn at(now: Timestamp) -> Self {
        static UTC: TimeZone = TimeZone::UTC;
        Self { now, zone: &UTC }
    }
}

/// A time at the beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub(super) time: Timestamp,
    /// Whether it was written as RFC 3339, as in RFC 5424.
    pub(super) iso: bool,
    /// What follows it, spaces and a closing colon left out.
    pub(super) rest: &'a str,
}

/// Reads the time a text begins with: RFC 3339 (also with a space for the `T`, with `/`, without
/// an offset), `Nov 20 17:19:39` with or without a year before or behind it, a fraction, a zone,
/// and the `*` or `.` that routers put in front.
pub(super) fn leading<'a>(text: &'a str, receipt: &Receipt<'_>) -> Option<Found<'a>> {
    match text.as_bytes().first()? {
        b'0'..=b'9' => iso(text, receipt).or_else(|| year_first(text, receipt)),
        b'*' | b'.' => named(text.get(1..)?.trim_start(), receipt),
        b'A'..=b'Z' | b'a'..=b'z' => named(text, receipt),
        _ => None,
    }
}

/// Digits taken one group after the other.
struct Cursor<'a> {
    text: &'a str,
}

impl Cursor<'_> {
    /// A number of at least `least` and at most `most` digits.
    fn number(&mut self, least: usize, most: usize) -> Option<u32> {
        let bytes = self.text.as_bytes().iter().take(most);
        let digits = bytes.take_while(|byte| byte.is_ascii_digit()).count();
        if digits < least {
            return None;
        }
        let (number, rest) = self.text.split_at_checked(digits)?;
        self.text = rest;
        number.parse().ok()
    }

    fn take(&mut self, wanted: &[u8]) -> Option<u8> {
        let byte = *self.text.as_bytes().first()?;
        if !wanted.contains(&byte) {
            return None;
        }
        self.text = self.text.get(1..)?;
        Some(byte)
    }

    fn spaces(&mut self) -> Option<()> {
        self.take(b" ")?;
        self.text = self.text.trim_start_matches(' ');
        Some(())
    }

    /// `17:19:39`, with a fraction if there is one: hour, minute, second, nanoseconds.
    fn clock(&mut self) -> Option<(u32, u32, u32, u32)> {
        let hour = self.number(1, 2)?;
        self.take(b":")?;
        let minute = self.number(2, 2)?;
        self.take(b":")?;
        // A leap second is counted with the one before it.
        let second = self.number(2, 2)?.min(59);
        let before = self.text;
        if self.take(b".,").is_none() {
            return Some((hour, minute, second, 0));
        }
        let fraction = self.text;
        let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            self.text = before;
            return Some((hour, minute, second, 0));
        }
        self.text = fraction.get(digits..)?;
        let mut nanos = 0_u32;
        for byte in fraction
            .bytes()
            .take(digits)
            .chain(std::iter::repeat(b'0'))
            .take(9)
        {
            nanos = nanos
                .saturating_mul(10)
                .saturating_add(u32::from(byte.saturating_sub(b'0')));
        }
        Some((hour, minute, second, nanos))
    }

    /// `Z`, `+01:00`, `+0100` or `+01`, in seconds east of Greenwich.
    fn offset(&mut self) -> Option<i32> {
        let before = self.text;
        let sign = match self.take(b"Zz+-")? {
            b'+' => 1,
            b'-' => -1,
            _ => return Some(0),
        };
        let Some(hours) = self.number(2, 2).filter(|hours| *hours <= 23) else {
            self.text = before;
            return None;
        };
        self.take(b":");
        let minutes = self.number(2, 2).unwrap_or(0).min(59);
        // Senders that fill in templates write both an offset and a Z.
        self.take(b"Z");
        let seconds = hours
            .saturating_mul(3_600)
            .saturating_add(minutes.saturating_mul(60));
        Some(i32::try_from(seconds).ok()?.saturating_mul(sign))
    }
}

fn iso<'a>(text: &'a str, receipt: &Receipt<'_>) -> Option<Found<'a>> {
    let mut cursor = Cursor { text };
    let year = cursor.number(4, 4)?;
    let dash = cursor.take(b"-/")?;
    let month = cursor.number(2, 2)?;
    cursor.take(&[dash])?;
    let day = cursor.number(2, 2)?;
    cursor.take(b"Tt ")?;
    let clock = cursor.clock()?;
    let offset = cursor.offset().or_else(|| {
        let mut behind = Cursor {
            text: cursor.text.strip_prefix(' ')?,
        };
        let offset = behind
            .text
            .starts_with(['+', '-'])
            .then(|| behind.offset())??;
        cursor.text = behind.text;
        Some(offset)
    });
    // A word goes on here: it was no time.
    if cursor
        .text
        .starts_with(|c: char| c.is_alphanumeric() || c == '-')
    {
        return None;
    }
    Some(Found {
        time: moment(year, month, day, clock, offset, receipt)?,
        iso: true,
        rest: cursor.text.trim_start_matches([' ', ':']),
    })
}

/// `2026 Nov 20 17:19:39`, as data centre switches write it.
fn year_first<'a>(text: &'a str, receipt: &Receipt<'_>) -> Option<Found<'a>> {
    let mut cursor = Cursor { text };
    let year = cursor.number(4, 4)?;
    cursor.spaces()?;
    with_month(cursor, Some(year), receipt)
}

fn named<'a>(text: &'a str, receipt: &Receipt<'_>) -> Option<Found<'a>> {
    with_month(Cursor { text }, None, receipt)
}

fn with_month<'a>(
    mut cursor: Cursor<'a>,
    mut year: Option<u32>,
    receipt: &Receipt<'_>,
) -> Option<Found<'a>> {
    let (name, rest) = cursor.text.split_at_checked(3)?;
    let month = month(name)?.into();
    cursor.text = rest;
    cursor.spaces()?;
    let day = cursor.number(1, 2)?;
    cursor.spaces()?;
    if year.is_none() {
        year = a_year(&mut cursor);
        if year.is_some() {
            cursor.spaces()?;
        }
    }
    let clock = cursor.clock()?;
    let mut behind = Cursor { text: cursor.text };
    if year.is_none() && behind.spaces().is_some() {
        year = a_year(&mut behind);
        if year.is_some() {
            cursor.text = behind.text;
        }
    }
    let offset = zone_behind(&mut cursor);
    let time = match year {
        Some(year) => moment(year, month, day, clock, offset, receipt)?,
        None => nearest(month, day, clock, offset, receipt)?,
    };
    Some(Found {
        time,
        iso: false,
        rest: cursor.text.trim_start_matches([' ', ':']),
    })
}

/// A year that stands alone, such as `2026`.
fn a_year(cursor: &mut Cursor<'_>) -> Option<u32> {
    let mut ahead = Cursor { text: cursor.text };
    let year = ahead.number(4, 4)?;
    let ends = matches!(ahead.text.bytes().next(), None | Some(b' ' | b':'));
    if !ends || !(1970..=2199).contains(&year) {
        return None;
    }
    cursor.text = ahead.text;
    Some(year)
}

/// A zone behind the time: a known abbreviation, an offset, or any word that a colon closes.
fn zone_behind(cursor: &mut Cursor<'_>) -> Option<i32> {
    let text = cursor.text.strip_prefix(' ')?;
    let mut numeric = Cursor { text };
    if text.starts_with(['+', '-'])
        && let Some(offset) = numeric.offset()
    {
        cursor.text = numeric.text;
        return Some(offset);
    }
    let length = text.bytes().take_while(u8::is_ascii_uppercase).count();
    if !(1..=5).contains(&length) {
        return None;
    }
    let (word, rest) = text.split_at_checked(length)?;
    let known = zone(word);
    let closed = rest.starts_with(':');
    if known.is_some() && (closed || rest.starts_with(' ')) || closed && rest.starts_with(": %") {
        cursor.text = rest;
    }
    known.filter(|_| cursor.text == rest)
}

type Clock = (u32, u32, u32, u32);

fn moment(
    year: u32,
    month: u32,
    day: u32,
    (hour, minute, second, nanos): Clock,
    offset: Option<i32>,
    receipt: &Receipt<'_>,
) -> Option<Timestamp> {
    let local = DateTime::new(
        i16::try_from(year).ok().filter(|year| *year >= 1)?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        i8::try_from(hour).ok()?,
        i8::try_from(minute).ok()?,
        i8::try_from(second).ok()?,
        i32::try_from(nanos).ok()?,
    )
    .ok()?;
    let time = match offset {
        Some(seconds) => jiff::tz::Offset::from_seconds(seconds)
            .ok()?
            .to_timestamp(local)
            .ok()?,
        None if *receipt.zone == TimeZone::UTC => jiff::tz::Offset::UTC.to_timestamp(local).ok()?,
        None => receipt.zone.to_timestamp(local).ok()?,
    };
    Some(Timestamp::from_micros(time.as_microsecond()))
}

/// In microseconds.
const HALF_YEAR: u64 = 182 * 86_400_000_000;

/// The moment in the year that brings it nearest to the receipt: a line written on 31 December and
/// received on 1 January is a minute old, not a year less a minute ahead.
fn nearest(
    month: u32,
    day: u32,
    clock: Clock,
    offset: Option<i32>,
    receipt: &Receipt<'_>,
) -> Option<Timestamp> {
    let now = jiff::Timestamp::from_microsecond(receipt.now.micros()).ok()?;
    let year = jiff::tz::Offset::UTC.to_datetime(now).year();
    let distance = |time: &Timestamp| time.micros().abs_diff(receipt.now.micros());
    let year = u32::try_from(year).ok()?;
    let this = moment(year, month, day, clock, offset, receipt);
    // No other year can be nearer.
    if this
        .as_ref()
        .is_some_and(|time| distance(time) <= HALF_YEAR)
    {
        return this;
    }
    [year.checked_sub(1), year.checked_add(1)]
        .into_iter()
        .flatten()
        .filter_map(|year| moment(year, month, day, clock, offset, receipt))
        .chain(this)
        .min_by_key(distance)
}
