//! What is known of a record from outside of it: its syslog header, its shipper's object, its stream.

use super::super::time::within;
use super::super::{Draft, Reading, draft, merged};

/// Fields whose members are told by different parties and do not contradict each other. Of the
/// others, such as a process, half from here and half from there would be of neither.
const SHARED: [&str; 5] = ["cloudevents", "event", "labels", "log", "otlp"];

/// Adds to an event what it does not say itself.
pub(super) fn add(mut reading: Reading, outside: &Draft) -> Reading {
    let event = &mut reading.event;
    event.occurred_at = event.occurred_at.or(outside.occurred_at.and_then(within));
    if !outside.tags.is_empty() {
        event.tags.extend_from_slice(&outside.tags);
        event.tags = draft::tags(std::mem::take(&mut event.tags));
    }
    let fields = outside.fields.clone().into_object();
    merged::fill(&mut event.attributes, &fields, |name| {
        SHARED.contains(&name)
    });
    let key = reading.key.clone().or_else(|| outside.key.clone());
    reading.with_key(key)
}

#[cfg(test)]
mod tests {
    use base::Severity::{Critical, High};
    use serde_json::{Value, json};

    use super::super::super::tests::{field, fields_are};
    use super::super::super::{Context, Profile, syslog, text};
    use super::super::read;
    use super::*;
    use crate::adapters::read_object;

    /// A record of EVE without a sensor's name.
    fn eve() -> Value {
        json!({
            "timestamp": "2026-11-20T17:24:10.000000+0000", "event_type": "alert",
            "src_ip": "203.0.113.9", "dest_ip": "10.0.0.1", "proto": "TCP",
            "alert": {"signature": "ET x", "severity": 1, "category": "Attempted Administrator Privilege Gain"},
        })
    }

    fn with<T>(read: impl FnOnce(&Context<'_>) -> T) -> T {
        let profile = Profile::default();
        read(&Context {
            now: base::Timestamp::from_millis(1_795_200_000_000),
            bound: None,
            source: "sender",
            profile: &profile,
        })
    }

    fn of_text(line: &str) -> Reading {
        with(|cx| text::read(line, Draft::default(), cx)).unwrap()
    }

    #[test]
    fn a_record_of_a_known_format_keeps_what_its_header_says() {
        let line = format!("<133>1 2026-11-20T17:24:11Z ids-1 suricata 7 - - {}", eve());
        let receipt = syslog::Receipt::at(base::Timestamp::from_millis(1_795_200_000_000));
        let header = syslog::Header::read(&line, &receipt);
        let peer = "192.0.2.200".parse().ok();
        let reading = with(|cx| syslog::event(&header, peer, true, cx)).unwrap();
        let event = &reading.event;
        assert_eq!(
            (event.severity, event.source_name.as_str()),
            (High, "ids-1")
        );
        assert!(event.tags.contains(&"truncated".to_owned()));
        assert_eq!(
            event.occurred_at.unwrap().to_string(),
            "2026-11-20T17:24:10.000000Z"
        );
        fields_are(
            &reading,
            &[
                ("host.name", json!("ids-1")),
                ("process.pid", json!(7)),
                ("log.syslog.appname", json!("suricata")),
                ("log.syslog.facility.name", json!("local0")),
                ("log.source.address", json!("192.0.2.200")),
                ("source.ip", json!("203.0.113.9")),
                ("suricata.event_type", json!("alert")),
            ],
        );
    }

    #[test]
    fn a_record_behind_a_header_inside_a_text_is_of_its_format() {
        let behind = format!("<133>Nov 20 17:24:11 ids-1 suricata[7]: {}", eve());
        let shipped = json!({"message": behind, "agent": {"type": "filebeat"}, "log": {"file": {"path": "/l"}}});
        let readings = [
            of_text(&behind),
            of_text(&shipped.to_string()),
            of_text(&format!(
                "<133>1 2026-11-20T17:24:11Z ids-1 suricata 7 - - {}",
                eve()
            )),
        ];
        for reading in readings {
            let event = &reading.event;
            assert_eq!(
                (event.severity, event.event_type.as_str()),
                (High, "suricata-alert")
            );
            assert_eq!(event.source_name, "ids-1");
            assert_eq!(field(&reading, "host.name"), "ids-1");
        }
        let own =
            json!({"source": "edr", "event_type": "x", "severity": "CRITICAL", "description": "d"});
        let own = of_text(&format!("Nov 20 17:24:11 host prog: {own}"));
        assert_eq!(
            (own.event.severity, own.event.source_name.as_str()),
            (Critical, "edr")
        );
        assert_eq!(field(&own, "process.name"), "prog");
    }

    #[test]
    fn what_the_record_says_itself_counts_and_nothing_is_mixed() {
        let text = r#"{"event_type":"x","source":"s","severity":"LOW","description":"d",
            "attributes":{"n":1.50,"process":{"name":"a"},"labels":{"one":1}}}"#;
        let mut around = Draft {
            source_name: Some("other".to_owned()),
            key: Some("k".to_owned()),
            ..Draft::default()
        };
        around.fields.set("process.pid", Some(7));
        around.fields.set("labels.one", Some(2));
        around.fields.set("labels.two", Some(2));
        around.fields.set("host.name", Some("h"));
        let record = read_object(text.as_bytes()).unwrap();
        let reading = with(|cx| read(&record, around, cx)).unwrap();
        assert_eq!(reading.event.source_name, "s");
        assert_eq!(reading.key.as_deref(), Some("k"));
        let written = reading.event.attributes.as_ref().unwrap().get();
        assert_eq!(
            written,
            r#"{"host":{"name":"h"},"labels":{"one":1,"two":2},"n":1.50,"process":{"name":"a"}}"#
        );
    }
}
