//! `devTime`, in the form that `devTimeFormat` describes as Java does.

use base::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

use super::super::text::moment;

/// Longest form that is read.
const FORMAT_MAX: usize = 64;

/// The time, by its form where that is understood, else by what it looks like.
pub(super) fn read(text: &str, format: Option<&str>, now: Timestamp) -> Option<Timestamp> {
    let formed = format.and_then(|format| by_format(text, format));
    formed.or_else(|| moment::written(text, now))
}

fn by_format(text: &str, format: &str) -> Option<Timestamp> {
    let parsed = strtime::parse(directives(format)?, text.trim()).ok()?;
    let time = if let Ok(time) = parsed.to_timestamp() {
        time
    } else {
        // Without a zone it is UTC.
        let civil: DateTime = parsed.to_datetime().ok()?;
        civil.to_zoned(TimeZone::UTC).ok()?.timestamp()
    };
    Some(Timestamp::from_micros(time.as_microsecond()))
}

/// Java's letters as the directives of `strptime`; `None` for letters that have none.
fn directives(format: &str) -> Option<String> {
    if format.len() > FORMAT_MAX {
        return None;
    }
    let mut written = String::with_capacity(format.len().saturating_mul(2));
    let mut chars = format.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        if c == '\'' {
            quoted = !quoted;
            continue;
        }
        if quoted || !c.is_ascii_alphabetic() {
            if c == '%' {
                return None;
            }
            written.push(c);
            continue;
        }
        let mut length = 1_usize;
        while chars.next_if_eq(&c).is_some() {
            length = length.saturating_add(1);
        }
        written.push_str(match (c, length) {
            ('y', 2) => "%y",
            ('y', _) => "%Y",
            ('M', 1 | 2) => "%m",
            ('M', 3) => "%b",
            ('M', _) => "%B",
            ('d', _) => "%d",
            ('H', _) => "%H",
            ('h', _) => "%I",
            ('m', _) => "%M",
            ('s', _) => "%S",
            ('S', _) => "%f",
            ('a', _) => "%p",
            ('E', 1..=3) => "%a",
            ('E', _) => "%A",
            ('Z', _) | ('X', 2) => "%z",
            ('X', 3) => "%:z",
            _ => return None,
        });
    }
    // A date alone is no time.
    (written.contains("%H") || written.contains("%I")).then_some(written)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_says_which_number_is_the_month() {
        let now = Timestamp::parse("2026-11-20T18:00:00Z").unwrap();
        let expected = Timestamp::parse("2026-11-03T17:24:10Z").unwrap();
        for (text, format) in [
            ("03/11/2026 17:24:10", Some("dd/MM/yyyy HH:mm:ss")),
            ("11/03/2026 05:24:10 PM", Some("MM/dd/yyyy hh:mm:ss a")),
            ("Nov 03 2026 17:24:10", Some("MMM dd yyyy HH:mm:ss")),
            ("Nov 03 2026 17:24:10", Some("")),
            ("Nov 03 17:24:10", Some("MMM dd yyyy HH:mm:ss")),
            (
                "2026-11-03T18:24:10.000+0100",
                Some("yyyy-MM-dd'T'HH:mm:ss.SSSZ"),
            ),
            ("1793726650000", None),
            ("1793726650", Some("nonsense %Q")),
        ] {
            assert_eq!(read(text, format, now), Some(expected), "{text} {format:?}");
        }
        assert_eq!(read("soon", Some("dd/MM/yyyy HH:mm:ss"), now), None);
    }
}
