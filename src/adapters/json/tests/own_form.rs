//! An object in the form of our own API is read as the API reads it.

use base::Severity::{Critical, High, Low};
use serde_json::{Value, json};

use super::*;

#[test]
fn our_own_form_is_no_record_of_suricata() {
    let own = |kind: &str, inner: Value| {
        let mut value = json!({
            "source_name": "edr", "event_type": kind, "severity": "CRITICAL", "description": "bad",
            "timestamp": "2026-11-20T17:24:10Z",
        });
        value[kind] = inner;
        one(&value)
    };
    for (kind, inner) in [
        ("process", json!({"name": "x.exe"})),
        ("alert", json!({})),
        ("dns", json!({})),
    ] {
        let reading = own(kind, inner);
        assert_eq!(
            (reading.event.severity, reading.event.event_type.as_str()),
            (Critical, kind)
        );
        assert_eq!(reading.event.source_name, "edr");
    }
    // Nor is what anybody writes with a member that is called like its type.
    let other = one(&json!({
        "event_type": "process", "timestamp": "2026-11-20T17:24:10Z", "severity": "HIGH",
        "message": "m", "process": {"name": "x.exe"},
    }));
    assert_eq!(
        (other.event.severity, other.event.event_type.as_str()),
        (High, "process")
    );
}

#[test]
fn the_form_of_our_own_api_is_read_as_the_api_reads_it() {
    let value = json!({
        "source": "edge", "event_type": "Intrusion", "severity": "critical", "description": " d ",
        "ip_address": "198.51.100.7", "tags": ["a"], "attributes": {"user": "root"}, "more": 1,
        "occurred_at": "2026-01-31T23:59:00Z",
    });
    let reading = one(&value);
    let event = events::read_new(value.to_string().as_bytes()).unwrap();
    assert_eq!(format!("{:?}", reading.event), format!("{event:?}"));
    assert_eq!(
        (reading.event.severity, reading.said.as_deref()),
        (Critical, Some("critical"))
    );
    // What the API would refuse is understood all the same.
    let loose = json!({
        "source": "edge", "event_type": "two words", "severity": "warn", "description": "d",
        "occurred_at": 1_795_195_450,
    });
    let reading = one(&loose);
    assert_eq!(
        (reading.event.severity, reading.event.event_type.as_str()),
        (Low, "two-words")
    );
    assert_eq!(at(&reading), "2026-11-20T17:24:10.000000Z");
}
