//! Events of our own form and nothing else, read at the price of `POST /api/events/`.

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::super::{Context, RECORD_MAX, Read, Reading};
use crate::events;

/// The members of our own form; any other makes it a record of some other make.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Own<'a> {
    #[serde(rename = "source_name", alias = "source")]
    _source_name: IgnoredAny,
    #[serde(rename = "event_type")]
    _event_type: IgnoredAny,
    severity: &'a str,
    #[serde(rename = "description")]
    _description: IgnoredAny,
    #[serde(default, rename = "ip_address")]
    _ip_address: IgnoredAny,
    #[serde(default, rename = "occurred_at")]
    _occurred_at: IgnoredAny,
    #[serde(default, rename = "tags")]
    _tags: IgnoredAny,
    #[serde(default, rename = "attributes")]
    _attributes: IgnoredAny,
}

/// Reads an event of our own form whose record has no other members; `None` when it is none, is
/// not a good one, or has to be looked into as the source's profile says. [`super::read`] says the
/// same of it, after taking it apart.
pub(in super::super) fn read_own(text: &[u8], cx: &Context<'_>) -> Option<Read> {
    if text.len() > RECORD_MAX || !cx.profile.mapping.is_empty() {
        return None;
    }
    let own: Own<'_> = serde_json::from_slice(text).ok()?;
    let mut reading = Reading::new(events::read_new(text).ok()?);
    reading.say(own.severity);
    Some(cx.shaped(reading, None))
}

#[cfg(test)]
mod tests {
    use base::{Severity, Timestamp};

    use super::*;
    use crate::adapters::{Draft, Profile, json, read_object};

    const OWN: &str = r#"{"source":"fw-1","event_type":"Deny","severity":"high","description":"d","ip_address":"192.0.2.7","tags":["a"],"attributes":{"n":{"x":1}}}"#;

    fn with_profile<T>(profile: &Profile, read: impl FnOnce(&Context<'_>) -> T) -> T {
        read(&Context {
            now: Timestamp::from_millis(0),
            bound: Some("edge"),
            source: "edge",
            profile,
        })
    }

    #[test]
    fn the_short_way_says_what_the_long_way_says() {
        let mut profile = Profile::default();
        for _ in 0..2 {
            with_profile(&profile, |cx| {
                let short = read_own(OWN.as_bytes(), cx).unwrap().unwrap();
                let record = read_object(OWN.as_bytes()).unwrap();
                let long = json::read(&record, Draft::default(), cx).unwrap();
                assert_eq!(format!("{short:?}"), format!("{long:?}"));
                assert_eq!(short.event.source_name, "edge");
            });
            profile.severities.insert("high".to_owned(), Severity::Low);
            profile.labels.insert("site".to_owned(), "x".to_owned());
        }
    }

    #[test]
    fn everything_else_takes_the_long_way() {
        let mut profile = Profile::default();
        with_profile(&profile, |cx| {
            for other in [
                OWN.replace("\"tags\"", "\"_id\""),
                OWN.replace("high", "puzzling"),
                OWN.replace("\"event_type\":\"Deny\",", ""),
                OWN.replace("192.0.2.7", "nowhere"),
                format!("[{OWN}]"),
                format!("{OWN}{OWN}"),
            ] {
                assert!(read_own(other.as_bytes(), cx).is_none(), "{other}");
            }
        });
        let pointer = "/attributes/n/x".parse().unwrap();
        profile.mapping.insert("user.id".to_owned(), pointer);
        with_profile(&profile, |cx| {
            assert!(read_own(OWN.as_bytes(), cx).is_none());
        });
    }
}
