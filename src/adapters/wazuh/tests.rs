use base::Severity::{Critical, High, Info, Low, Medium};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{FORMAT, severity};
use crate::adapters::tests::{any_json, fields_are, read_all, read_one, recorded_body, survives};

/// What the integrator of Wazuh 4.14.7 sends.
const SHUFFLE: &str = "wazuh_4.14.7_integrator_shuffle.http";

fn alert() -> Value {
    json!({
        "timestamp": "2026-11-20T18:00:00.123+0100",
        "rule": {
            "level": 5, "description": "PAM: User login failed.", "id": "5503",
            "mitre": {"id": ["T1110.001"], "tactic": ["Credential Access"], "technique": ["Password Guessing"]},
            "firedtimes": 2, "groups": ["syslog", "pam", "authentication_failed"],
        },
        "agent": {"id": "007", "name": "db-2", "ip": "10.0.0.9"},
        "manager": {"name": "mgr-1"}, "id": "1795194000.555",
        "full_log": "Nov 20 18:00:00 db-2 su: pam_unix(su:auth): authentication failure",
        "predecoder": {"program_name": "su", "hostname": "db-2"}, "decoder": {"name": "pam"},
        "data": {"srcuser": "carol", "dstuser": "root"}, "location": "/var/log/auth.log",
    })
}

#[test]
fn an_alert_becomes_an_event() {
    let reading = read_one(&FORMAT, &alert());
    let event = &reading.event;
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("db-2", "wazuh-pam")
    );
    assert_eq!(event.severity, Low);
    assert_eq!(
        event.description,
        "PAM: User login failed (user carol, account root, on db-2)"
    );
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2026-11-20T17:00:00.123000Z"
    );
    assert_eq!(reading.key.as_deref(), Some("mgr-1/1795194000.555"));
    assert_eq!(reading.said.as_deref(), Some("5"));
    assert!(event.tags.contains(&"T1110.001".to_owned()));
    fields_are(
        &reading,
        &[
            ("rule.id", json!("5503")),
            ("event.severity", json!(5)),
            ("user.name", json!("carol")),
            ("user.target.name", json!("root")),
            ("host.name", json!("db-2")),
            ("host.id", json!("007")),
            ("observer.name", json!("mgr-1")),
            ("threat.tactic.id", json!(["TA0006"])),
            ("threat.technique.name", json!(["Password Guessing"])),
            ("log.file.path", json!("/var/log/auth.log")),
            ("logsource.service", json!("pam")),
            ("wazuh.rule.firedtimes", json!(2)),
            ("process.name", json!("su")),
        ],
    );
}

#[test]
fn the_integrators_envelope_gives_the_same_as_the_alert_inside() {
    let envelope: Value = serde_json::from_slice(&recorded_body(SHUFFLE)).unwrap();
    let reading = read_one(&FORMAT, &envelope);
    let bare = read_one(&FORMAT, &envelope["all_fields"]);
    assert_eq!(
        reading.event.attributes.as_ref().unwrap().get(),
        bare.event.attributes.unwrap().get()
    );
    assert_eq!(reading.key, bare.key);
    assert_eq!(reading.event.severity, High);
    assert_eq!(
        reading.event.description,
        "sshd: brute force trying to get access to the system. Non existent user \
         (user bob, from 203.0.113.50, on web-1)"
    );
    assert_eq!(reading.event.ip_address, "203.0.113.50".parse().ok());
    fields_are(
        &reading,
        &[
            ("source.port", json!(4022)),
            ("logsource.product", json!("linux")),
        ],
    );
}

#[test]
fn the_windows_event_behind_an_alert_is_read_too() {
    let mut record = alert();
    record["rule"]["groups"] = json!(["windows", "windows_security", "authentication_failed"]);
    record["data"] = json!({"win": {
        "system": {
            "eventID": "4625", "channel": "Security", "computer": "ws-1.example.com",
            "eventRecordID": "9", "keywords": "0x8010000000000000", "message": "\"An account failed to log on.\"",
        },
        "eventdata": {"targetUserName": "bob", "processName": "C:\\\\x\\\\a.exe", "targetDomainName": "EXAMPLE", "ipAddress": "203.0.113.9", "logonType": "10"},
    }});
    let reading = read_one(&FORMAT, &record);
    assert_eq!(reading.event.event_type, "wazuh-windows_security");
    fields_are(
        &reading,
        &[
            ("logsource.service", json!("security")),
            ("user.name", json!("bob")),
            ("source.ip", json!("203.0.113.9")),
            ("process.executable", json!("C:\\x\\a.exe")),
            ("event.outcome", json!("failure")),
            ("event.code", json!("4625")),
            ("event.kind", json!("alert")),
            ("event.module", json!("wazuh")),
        ],
    );
}

#[test]
fn a_changed_file_names_the_file() {
    let mut record = alert();
    record["data"] = json!({});
    record["rule"] = json!({"level": 7, "description": "Integrity checksum changed.", "id": "550", "groups": ["ossec", "syscheck"]});
    record["syscheck"] = json!({"path": "/etc/passwd", "event": "modified", "sha256_after": "ab", "uname_after": "root"});
    let reading = read_one(&FORMAT, &record);
    assert_eq!(reading.event.event_type, "wazuh-syscheck");
    assert_eq!(
        reading.event.description,
        "Integrity checksum changed (file /etc/passwd, user root, on db-2)"
    );
    fields_are(
        &reading,
        &[
            ("file.hash.sha256", json!("ab")),
            ("event.action", json!("modified")),
        ],
    );
}

#[test]
fn alerts_begin_where_wazuh_speaks_of_an_attack() {
    let expected = [
        (0..=3, Info),
        (4..=6, Low),
        (7..=9, Medium),
        (10..=14, High),
        (15..=16, Critical),
    ];
    for (levels, expected) in expected {
        for level in levels {
            assert_eq!(severity(level), expected, "{level}");
        }
    }
}

#[test]
fn a_device_behind_the_manager_is_the_host() {
    let mut record = alert();
    record["agent"] = json!({"id": "000", "name": "mgr-1"});
    record["predecoder"]["hostname"] = json!("fw-9");
    let reading = read_one(&FORMAT, &record);
    assert_eq!(reading.event.source_name, "mgr-1");
    fields_are(
        &reading,
        &[("host.name", json!("fw-9")), ("host.id", Value::Null)],
    );
}

#[test]
fn what_is_no_alert_is_refused_by_its_field() {
    for (record, field) in [
        (json!({}), "rule"),
        (json!({"rule": {"id": "1"}}), "rule.level"),
        (json!({"rule": {"level": 17}}), "rule.level"),
        (
            json!({"all_fields": {"rule": {"level": "x"}}}),
            "rule.level",
        ),
    ] {
        let read = read_all(&FORMAT, record.to_string());
        assert!(
            read[0].as_ref().unwrap_err().contains_key(field),
            "{record}"
        );
    }
}

proptest! {
    #[test]
    fn any_value_in_any_member_is_read_or_refused(
        name in prop::sample::select(vec![
            "timestamp", "rule", "agent", "manager", "id", "full_log", "predecoder", "decoder",
            "data", "location", "syscheck", "all_fields",
        ]),
        value in any_json(&["level", "description", "id", "groups", "mitre", "win", "system", "eventID", "eventdata", "srcip", "name"]),
    ) {
        survives(&FORMAT, &alert(), name, value);
    }
}
