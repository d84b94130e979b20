//! Records of Suricata read, told, trimmed and refused.

mod alerts;
mod properties;
mod refusals;
mod trimming;
mod types;

use serde_json::{Value, json};

use super::*;
use crate::adapters::tests::{attributes_of, context, keeps_the_limits};
use crate::adapters::{Profile, RECORD_MAX, read_object};
use crate::events::NewEvent;

/// An alert as Suricata 7 writes it, from a sensor with a name.
fn alert() -> Value {
    json!({
        "timestamp": "2026-03-14T09:26:53.589793+0100",
        "flow_id": 1_842_511_760_034_217_u64,
        "host": "ids-dmz",
        "in_iface": "ens5",
        "event_type": "alert",
        "src_ip": "203.0.113.41",
        "src_port": 44_812,
        "dest_ip": "192.168.20.8",
        "dest_port": 443,
        "proto": "TCP",
        "ip_v": 4,
        "community_id": "1:6Dl0ZH0ZbPBz+uDZVTOVbLZCSTk=",
        "alert": {
            "action": "blocked",
            "gid": 1,
            "signature_id": 9_000_101,
            "rev": 3,
            "signature": "LOCAL Remote shell over HTTPS",
            "category": "Attempted Administrator Privilege Gain",
            "severity": 1,
            "metadata": {
                "mitre_tactic_id": ["TA0002"],
                "mitre_tactic_name": ["Execution"],
                "mitre_technique_id": ["T1059"],
                "mitre_technique_name": ["Command_And_Scripting_Interpreter"],
            },
        },
        "app_proto": "tls",
    })
}

/// A record without an alert.
fn record(event_type: &str, body: Value) -> Value {
    let mut record = json!({
        "timestamp": "2026-03-14T09:26:53.589793+0000",
        "event_type": event_type,
        "src_ip": "10.1.2.3",
        "src_port": 51_000,
        "dest_ip": "2001:0db8:0000:0000:0000:0000:0000:0053",
        "dest_port": 53,
        "proto": "UDP",
    });
    record[event_type] = body;
    record
}

/// Reads a line as the source `sender`.
fn try_line(line: impl AsRef<[u8]>) -> Read {
    let profile = Profile::default();
    let record = read_object(line.as_ref())?;
    super::read(&record, &context(&profile))
}

fn read_line(line: &str) -> NewEvent {
    let event = try_line(line).unwrap().event;
    keeps_the_rules(&event);
    event
}

fn read(record: &Value) -> NewEvent {
    read_line(&record.to_string())
}

/// The field that is to blame, and what is wrong with it.
fn refused(line: impl AsRef<[u8]>) -> String {
    let errors = try_line(line).unwrap_err();
    assert_eq!(errors.len(), 1, "{errors:?}");
    let (field, whats) = errors.first_key_value().unwrap();
    format!("{field}: {}", whats.join(", "))
}

/// What every event of Suricata holds to beyond the limits of all events.
fn keeps_the_rules(event: &NewEvent) {
    keeps_the_limits(event);
    let slug = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    assert!(event.event_type.bytes().all(slug), "{}", event.event_type);
    assert!(!event.description.contains(char::is_control));
    assert!(event.attributes.is_some());
    assert!(event.occurred_at.is_some());
}
