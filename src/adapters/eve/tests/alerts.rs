//! An alert becomes an event that says what the signature says, as bad as its priority.

use base::{Severity, Timestamp};
use serde_json::json;

use super::*;

#[test]
fn an_alert_becomes_an_event() {
    let line = format!("  {}\r\n", alert());
    let event = read_line(&line);
    assert_eq!(event.source_name, "ids-dmz");
    assert_eq!(event.event_type, "suricata-alert");
    assert_eq!(event.severity, Severity::High);
    assert_eq!(
        event.description,
        "LOCAL Remote shell over HTTPS (Attempted Administrator Privilege Gain) \
         203.0.113.41:44812 → 192.168.20.8:443 TCP, blocked"
    );
    assert_eq!(event.ip_address, "203.0.113.41".parse().ok());
    let time = Timestamp::parse("2026-03-14T08:26:53.589793Z").ok();
    assert_eq!(event.occurred_at, time);
    assert_eq!(
        event.tags,
        ["suricata", "alert", "tls", "blocked", "TA0002", "T1059"]
    );
    assert!(
        event.attributes.unwrap().get().contains(line.trim()),
        "not as it came"
    );
}

#[test]
fn an_alerts_fields_are_mapped() {
    let event = read(&alert());
    assert_eq!(
        attributes_of(&event),
        json!({
            "event": {
                "kind": "alert",
                "module": "suricata",
                "dataset": "suricata.eve",
                "action": "blocked",
                "severity": 1,
            },
            "source": { "ip": "203.0.113.41", "port": 44_812 },
            "destination": { "ip": "192.168.20.8", "port": 443 },
            "network": {
                "transport": "tcp",
                "protocol": "tls",
                "direction": "inbound",
                "community_id": "1:6Dl0ZH0ZbPBz+uDZVTOVbLZCSTk=",
            },
            "observer": {
                "product": "Suricata",
                "name": "ids-dmz",
                "ingress": { "interface": { "name": "ens5" } },
            },
            "flow": { "id": 1_842_511_760_034_217_u64 },
            "rule": {
                "id": "9000101",
                "gid": 1,
                "version": "3",
                "name": "LOCAL Remote shell over HTTPS",
                "category": "Attempted Administrator Privilege Gain",
            },
            "threat": {
                "framework": "MITRE ATT&CK",
                "tactic": { "id": ["TA0002"], "name": ["Execution"] },
                "technique": { "id": ["T1059"], "name": ["Command And Scripting Interpreter"] },
            },
            "suricata": alert(),
        })
    );
}

#[test]
fn a_plain_alert_needs_little() {
    let event = read(&json!({
        "timestamp": "2026-03-14T09:26:53Z",
        "event_type": "alert",
        "host": "",
        "src_ip": null,
        "alert": { "signature": "", "signature_id": 7, "severity": 4, "category": "" },
    }));
    assert_eq!(event.source_name, "sender");
    assert_eq!(event.severity, Severity::Info);
    assert_eq!(event.description, "Signature 7");
    assert_eq!(event.ip_address, None);
    assert_eq!(event.tags, ["suricata", "alert"]);
}

#[test]
fn blocking_does_not_make_it_harmless() {
    let mut record = alert();
    for action in ["allowed", "blocked"] {
        record["alert"]["action"] = action.into();
        assert_eq!(read(&record).severity, Severity::High);
    }
    record["alert"]["category"] = "A Network Trojan was detected".into();
    assert_eq!(read(&record).severity, Severity::Critical);
}

#[test]
fn tactics_and_techniques_are_named_by_real_ids() {
    let mut record = alert();
    record["alert"]["metadata"] = json!({
        "mitre_tactic_id": ["TA0011", "TA01", 7],
        "mitre_tactic_name": ["Command_And_Control"],
        "mitre_technique_id": ["T1071", "T1071.001", "T1071.", "T1071.0x1", "1071", ""],
        "mitre_technique_name": "Application_Layer_Protocol",
    });
    let event = read(&record);
    assert_eq!(event.tags[4..], ["TA0011", "T1071", "T1071.001"]);
    assert_eq!(
        attributes_of(&event)["threat"],
        json!({
            "framework": "MITRE ATT&CK",
            "tactic": { "id": ["TA0011"], "name": ["Command and Control"] },
            "technique": {
                "id": ["T1071", "T1071.001"],
                "name": ["Application Layer Protocol"],
            },
        })
    );
    record["alert"]["metadata"] = json!({ "affected_product": ["x"] });
    assert_eq!(attributes_of(&read(&record))["threat"], json!(null));
}
