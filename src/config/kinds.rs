//! Kinds of values settings have.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

/// A setting that may be absent; an empty text is absent too, as `.env` files leave them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Optional<T>(pub Option<T>);

impl<T: FromStr> FromStr for Optional<T> {
    type Err = T::Err;

    fn from_str(text: &str) -> Result<Self, T::Err> {
        if text.trim().is_empty() {
            Ok(Self(None))
        } else {
            text.trim().parse().map(Some).map(Self)
        }
    }
}

impl<T> Default for Optional<T> {
    fn default() -> Self {
        Self(None)
    }
}

/// Yes or no as people write it: `1`, `0`, `true`, `false`, `yes`, `no`, `on`, `off`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Toggle(pub bool);

impl FromStr for Toggle {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "1" | "true" | "yes" | "on" => Ok(Self(true)),
            "0" | "false" | "no" | "off" | "" => Ok(Self(false)),
            _ => Err("write 0, 1, true or false"),
        }
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line each.
    Text,
    /// One JSON object each.
    Json,
}

impl FromStr for LogFormat {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().to_ascii_lowercase().as_str() {
            "text" | "" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err("write text or json"),
        }
    }
}

/// How much of something is allowed in a span of time; `None` is without limit (`off`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(pub Option<(NonZeroU32, Duration)>);

/// The text is no rate.
#[derive(Debug, thiserror::Error)]
#[error("write a rate such as 1000/hour, 20/minute or 50/second, or off")]
pub struct RateError;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let text = text.trim().to_ascii_lowercase();
        if text == "off" {
            return Ok(Self(None));
        }
        let (count, unit) = text.split_once('/').ok_or(RateError)?;
        let count: NonZeroU32 = count.trim().parse().map_err(|_| RateError)?;
        let seconds = match unit.trim() {
            "s" | "sec" | "second" => 1,
            "m" | "min" | "minute" => 60,
            "h" | "hour" => 3_600,
            "d" | "day" => 86_400,
            _ => return Err(RateError),
        };
        Ok(Self(Some((count, Duration::from_secs(seconds)))))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None => f.write_str("off"),
            Some((count, span)) => {
                let unit = match span.as_secs() {
                    1 => "second",
                    60 => "minute",
                    3_600 => "hour",
                    _ => "day",
                };
                write!(f, "{count}/{unit}")
            }
        }
    }
}

/// An amount of storage, in bytes: `500MB`, `50GB`, `2TB`, or with `KiB`, `MiB`, `GiB`, `TiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ByteSize(pub u64);

/// The text is no amount of storage.
#[derive(Debug, thiserror::Error)]
#[error("write an amount such as 50GB, 500MB or 2TiB")]
pub struct ByteSizeError;

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        let text = text.trim().to_ascii_uppercase();
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let unit: u64 = match text.get(digits.len()..).unwrap_or_default().trim() {
            "MB" | "M" => 1_000_000,
            "GB" | "G" => 1_000_000_000,
            "TB" | "T" => 1_000_000_000_000,
            "KIB" => 1 << 10,
            "MIB" => 1 << 20,
            "GIB" => 1 << 30,
            "TIB" => 1 << 40,
            _ => return Err(ByteSizeError),
        };
        let count: u64 = digits.parse().map_err(|_| ByteSizeError)?;
        let bytes = count.checked_mul(unit).filter(|bytes| *bytes > 0);
        bytes.map(Self).ok_or(ByteSizeError)
    }
}

/// How soon an alert is to be acknowledged and resolved, such as `15m/4h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sla {
    /// From raised to acknowledged.
    pub acknowledge: Duration,
    /// From raised to resolved.
    pub resolve: Duration,
}

/// The text is no pair of spans.
#[derive(Debug, thiserror::Error)]
#[error("write two spans such as 15m/4h: to acknowledge, to resolve (units s, m, h, d)")]
pub struct SlaError;

impl FromStr for Sla {
    type Err = SlaError;

    fn from_str(text: &str) -> Result<Self, SlaError> {
        let (acknowledge, resolve) = text.split_once('/').ok_or(SlaError)?;
        Ok(Self {
            acknowledge: span(acknowledge)?,
            resolve: span(resolve)?,
        })
    }
}

fn span(text: &str) -> Result<Duration, SlaError> {
    let text = text.trim();
    let unit = text.chars().last().ok_or(SlaError)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return Err(SlaError),
    };
    let count: u32 = text.trim_end_matches(unit).parse().map_err(|_| SlaError)?;
    Ok(Duration::from_secs(
        u64::from(count).saturating_mul(seconds),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_as_written() {
        assert_eq!("off".parse::<Rate>().unwrap(), Rate(None));
        assert_eq!(
            "1000/hour".parse::<Rate>().unwrap().to_string(),
            "1000/hour"
        );
        for bad in ["", "0/hour", "many/hour", "10", "10/week", "-1/second"] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn amounts_are_read_as_written() {
        for (text, bytes) in [
            ("50GB", 50_000_000_000),
            (" 2 gib", 2 << 30),
            ("7M", 7_000_000),
        ] {
            assert_eq!(text.parse::<ByteSize>().unwrap().0, bytes, "{text}");
        }
        for bad in [
            "",
            "50",
            "GB",
            "0GB",
            "1.5GB",
            "-1GB",
            "99999999999999TB",
            "5XB",
        ] {
            assert!(bad.parse::<ByteSize>().is_err(), "{bad}");
        }
    }

    #[test]
    fn spans_are_read_as_written() {
        let sla: Sla = "15m/4h".parse().unwrap();
        assert_eq!(
            (sla.acknowledge.as_secs(), sla.resolve.as_secs()),
            (900, 14_400)
        );
        for bad in ["", "15m", "15/4h", "m/h", "1w/2d"] {
            assert!(bad.parse::<Sla>().is_err(), "{bad}");
        }
    }
}
