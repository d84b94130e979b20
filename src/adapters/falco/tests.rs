use base::Severity;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{FORMAT, severity};
use crate::adapters::tests::{any_json, fields_are, read_all, read_one, survives};

fn alert() -> Value {
    json!({
        "uuid": "5a1e7b1c-0000-4000-8000-1234567890ab",
        "output": "09:00:00.123456789: Notice A shell was spawned in a container (user=root)",
        "priority": "Notice", "rule": "Terminal shell in container", "source": "syscall",
        "time": "2026-11-20T09:00:00.123456789Z", "hostname": "node-3",
        "tags": ["container", "shell", "mitre_execution", "T1059"],
        "output_fields": {
            "container.id": "3ad7b26ded6d", "container.name": "web", "container.image.repository": "nginx",
            "evt.time": 1_795_000_000_123_456_789_i64, "k8s.ns.name": "prod", "k8s.pod.name": "web-1",
            "proc.name": "bash", "proc.cmdline": "bash -i", "proc.pname": "runc", "proc.pid": 4711,
            "user.name": "root", "user.uid": 0, "proc.tty": 34816,
        },
    })
}

#[test]
fn an_alert_becomes_an_event() {
    let reading = read_one(&FORMAT, &alert());
    let event = &reading.event;
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("node-3", "falco-syscall")
    );
    assert_eq!(event.severity, Severity::Low);
    assert_eq!(
        event.description,
        "Terminal shell in container (bash -i, user root, container web, pod web-1, on node-3)"
    );
    assert_eq!(event.occurred_at.unwrap().micros() % 1_000_000, 123_456);
    assert_eq!(
        event.tags,
        [
            "falco",
            "container",
            "shell",
            "mitre_execution",
            "T1059",
            "TA0002"
        ]
    );
    assert_eq!(
        reading.key.as_deref(),
        Some("5a1e7b1c-0000-4000-8000-1234567890ab")
    );
    assert_eq!(reading.said.as_deref(), Some("Notice"));
    fields_are(
        &reading,
        &[
            ("process.pid", json!(4711)),
            ("process.parent.name", json!("runc")),
            ("user.id", json!("0")),
            ("container.image.name", json!("nginx")),
            ("orchestrator.namespace", json!("prod")),
            ("threat.tactic.name", json!(["Execution"])),
            ("logsource.product", json!("linux")),
            ("rule.name", json!("Terminal shell in container")),
        ],
    );
}

#[test]
fn a_connection_is_taken_apart() {
    let mut record = alert();
    for (name, client, server, port) in [
        (
            "10.0.0.5:51234->203.0.113.9:4444",
            "10.0.0.5",
            "203.0.113.9",
            4444,
        ),
        (
            "fd00::5:51234->2001:db8::9:443",
            "fd00::5",
            "2001:db8::9",
            443,
        ),
    ] {
        record["output_fields"]["fd.name"] = json!(name);
        let reading = read_one(&FORMAT, &record);
        fields_are(
            &reading,
            &[
                ("source.ip", json!(client)),
                ("destination.ip", json!(server)),
                ("destination.port", json!(port)),
                ("network.direction", json!("outbound")),
            ],
        );
        assert_eq!(reading.event.ip_address, server.parse().ok());
    }
    record["output_fields"]["fd.name"] = json!("/etc/shadow");
    fields_are(
        &read_one(&FORMAT, &record),
        &[
            ("file.path", json!("/etc/shadow")),
            ("file.name", json!("shadow")),
        ],
    );
}

#[test]
fn a_record_without_an_uuid_is_known_by_its_text() {
    let mut record = alert();
    record["uuid"] = json!(null);
    let key = read_one(&FORMAT, &record).key.unwrap();
    assert_eq!(
        read_one(&FORMAT, &record).key.as_deref(),
        Some(key.as_str())
    );
    record["time"] = json!("2026-11-20T09:00:00.123456790Z");
    assert_ne!(read_one(&FORMAT, &record).key.unwrap(), key);
}

#[test]
fn priorities_are_words_for_threats() {
    use Severity::{Critical, High, Info, Low, Medium};
    for (word, expected) in [
        ("Emergency", Critical),
        ("Alert", Critical),
        ("critical", Critical),
        ("Error", High),
        ("Warning", Medium),
        ("Notice", Low),
        ("Informational", Info),
        ("Debug", Info),
    ] {
        assert_eq!(severity(word), Some(expected), "{word}");
    }
    for (record, field) in [
        (json!({"priority": "Notice"}), "rule"),
        (json!({"rule": "x", "priority": "bad"}), "priority"),
        (json!({"rule": "x"}), "priority"),
    ] {
        let read = read_all(&FORMAT, record.to_string());
        assert!(
            read[0].as_ref().unwrap_err().contains_key(field),
            "{record}"
        );
    }
}

#[test]
fn without_fields_the_output_is_told() {
    let mut record = alert();
    record["output_fields"] = json!(null);
    let told = read_one(&FORMAT, &record).event.description;
    assert!(told.contains("A shell was spawned"), "{told}");
}

proptest! {
    #[test]
    fn any_value_in_any_member_is_read_or_refused(
        name in prop::sample::select(vec!["uuid", "output", "priority", "rule", "source", "time", "hostname", "tags", "output_fields"]),
        value in any_json(&["fd.name", "proc.name", "proc.cmdline", "proc.pid", "user.name", "container.id", "ct.srcip"]),
    ) {
        survives(&FORMAT, &alert(), name, value);
    }
}
