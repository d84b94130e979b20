//! Times as people write them: exact, a day, or so long before now.

use std::time::Duration;

use base::Timestamp;

/// Longest way back, in seconds: 100 years of 365 days.
const BACK_MAX: u64 = 100 * 365 * 86_400;
const WHAT: &str = "must be a time in RFC 3339 such as 2026-01-31T23:59:00Z, a date, or how long \
    ago: 30m, 24h, 7d, 2w";

/// Reads RFC 3339, `2026-01-31` (midnight UTC), or how long before `now`: `90s`, `30m`, `24h`,
/// `7d`, `2w`, at most 100 years.
///
/// # Errors
/// What is allowed, in words, for anything else.
pub fn moment(text: &str, now: Timestamp) -> Result<Timestamp, &'static str> {
    if let Some(ago) = ago(text) {
        return Ok(now.minus(ago));
    }
    Timestamp::parse(text).map_err(|_| WHAT)
}

fn ago(text: &str) -> Option<Duration> {
    let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.strip_prefix(number)? {
        "s" | "S" => 1,
        "m" | "M" => 60,
        "h" | "H" => 3_600,
        "d" | "D" => 86_400,
        "w" | "W" => 7 * 86_400,
        _ => return None,
    };
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds = number.parse::<u64>().ok()?.checked_mul(unit)?;
    (seconds <= BACK_MAX).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now = Timestamp::parse("2026-03-10T12:00:00Z").unwrap();
        for (text, read) in [
            ("2026-01-31", "2026-01-31T00:00:00Z"),
            ("2026-01-31T10:00:00+01:00", "2026-01-31T09:00:00Z"),
            ("90s", "2026-03-10T11:58:30Z"),
            ("30m", "2026-03-10T11:30:00Z"),
            ("24H", "2026-03-09T12:00:00Z"),
            ("7d", "2026-03-03T12:00:00Z"),
            ("1w", "2026-03-03T12:00:00Z"),
            ("0h", "2026-03-10T12:00:00Z"),
        ] {
            assert_eq!(
                moment(text, now),
                Ok(Timestamp::parse(read).unwrap()),
                "{text}"
            );
        }
        for text in [
            "",
            "h",
            "7",
            "7y",
            "-7d",
            "1.5h",
            "7 d",
            "yesterday",
            "99999999999999999999h",
            "9999999d",
            "٣h",
        ] {
            assert!(moment(text, now).is_err(), "{text}");
        }
    }
}
