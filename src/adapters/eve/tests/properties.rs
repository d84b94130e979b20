//! Whatever a sensor writes is an event within the limits, or refused.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::adapters::tests::any_json;

/// Names this module reads.
const NAMES: &[&str] = &[
    "alert",
    "severity",
    "signature",
    "category",
    "metadata",
    "mitre_technique_id",
    "dns",
    "queries",
    "rrname",
    "http",
    "url",
    "tls",
    "flow",
    "email",
    "to",
    "host",
    "name",
    "stats",
];

/// JSON of any shape, and a type that there is.
fn json_value() -> impl Strategy<Value = Value> {
    prop_oneof![9 => any_json(NAMES), 1 => Just("alert".into())]
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(reading) = try_line(&bytes) {
            keeps_the_rules(&reading.event);
        }
    }

    #[test]
    fn any_json_in_any_field_is_read_or_refused_by_its_name(
        field in prop::sample::select(vec![
            "timestamp", "event_type", "host", "in_iface", "src_ip", "src_port", "dest_ip",
            "dest_port", "proto", "app_proto", "flow_id", "community_id", "alert", "dns", "http",
            "tls", "ssh", "fileinfo", "email", "anomaly", "stats", "flow", "suricata",
        ]),
        event_type in prop::sample::select(vec![
            "alert", "dns", "http", "tls", "ssh", "flow", "fileinfo", "anomaly", "smtp", "stats",
        ]),
        value in json_value(),
    ) {
        let mut record = alert();
        record["event_type"] = event_type.into();
        record[field] = value;
        match try_line(record.to_string()) {
            Ok(reading) => keeps_the_rules(&reading.event),
            Err(errors) => prop_assert!(
                field == "event_type" || errors.keys().all(|known| known.starts_with(field)),
                "{errors:?}"
            ),
        }
    }

    #[test]
    fn the_record_is_kept_as_it_came(value in json_value()) {
        let mut record = record("dns", json!({}));
        record["extra"] = value;
        let line = record.to_string();
        if let Ok(reading) = try_line(&line) {
            let end = format!("\"suricata\":{line}}}");
            prop_assert!(reading.event.attributes.unwrap().get().ends_with(&end));
        }
    }

    #[test]
    fn a_record_cut_off_anywhere_is_refused(at in 0_usize..1_000) {
        let line = alert().to_string();
        let at = at % line.len();
        prop_assert!(try_line(&line[..at]).is_err());
    }

    #[test]
    fn a_signature_of_any_text_is_shown(signature in "[^\\x00]{0,40}", priority in any::<u64>()) {
        let mut record = alert();
        record["alert"]["signature"] = signature.clone().into();
        record["alert"]["severity"] = priority.into();
        let event = read(&record);
        let visible: String = signature
            .trim()
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect();
        prop_assert!(event.description.starts_with(&visible));
        prop_assert_eq!(event.severity.raises_alert(), priority == 1);
    }
}
