//! What is inside a message or an envelope is read, and what stands around it kept.

use base::Severity::{Critical, High, Info, Low, Medium};
use serde_json::json;

use super::*;

#[test]
fn a_message_that_is_an_object_is_looked_into() {
    let container = one(&json!({
        "log": "{\"level\":\"error\",\"msg\":\"denied\",\"client_ip\":\"203.0.113.9\",\"user\":\"ana\"}\n",
        "stream": "stderr", "time": "2026-11-20T17:24:10.5Z",
        "kubernetes": {"pod_name": "web-7d4", "namespace_name": "shop", "container_name": "web", "host": "node-1"},
    }));
    let event = &container.event;
    assert_eq!(told(&container), (Medium, "denied"));
    assert_eq!(event.source_name, "node-1");
    fields_are(
        &container,
        &[
            ("source.ip", json!("203.0.113.9")),
            ("user.name", json!("ana")),
            ("container.name", json!("web")),
            ("orchestrator.namespace", json!("shop")),
            ("orchestrator.resource.name", json!("web-7d4")),
        ],
    );
    // What is inside may be of a format that is known.
    let alert = json!({
        "timestamp": "2026-11-20T17:24:10.000000+0000", "event_type": "alert", "flow_id": 1,
        "src_ip": "203.0.113.9", "dest_ip": "10.0.0.1", "proto": "TCP",
        "alert": {"signature": "ET x", "signature_id": 1, "severity": 1, "category": "y", "action": "allowed"},
    });
    let shipped = one(&json!({
        "@timestamp": "2026-11-20T17:24:11Z", "message": alert.to_string(),
        "host": {"name": "ids-1"}, "log": {"file": {"path": "/var/log/eve.json"}},
    }));
    assert_eq!(
        (shipped.event.severity, shipped.event.event_type.as_str()),
        (High, "suricata-alert")
    );
    fields_are(
        &shipped,
        &[
            ("host.name", json!("ids-1")),
            ("log.file.path", json!("/var/log/eve.json")),
            ("suricata.flow_id", json!(1)),
        ],
    );
}

#[test]
fn a_message_in_a_form_that_is_known_gives_its_fields() {
    let cef = one(&json!({
        "PRIORITY": "notice", "HOST": "fw", "ISODATE": "2026-11-20T17:24:10Z",
        "MESSAGE": "CEF:0|V|P|1|100|worm stopped|10|src=203.0.113.9 act=blocked",
    }));
    assert_eq!(
        told(&cef),
        (Critical, "worm stopped (blocked, from 203.0.113.9)")
    );
    assert_eq!(cef.said.as_deref(), Some("10"));
    let sentence = one(&json!({
        "message": "Failed password for root from 203.0.113.9 port 22 ssh2", "src_ip": "192.0.2.1", "level": "info",
    }));
    assert_eq!(
        (sentence.event.severity, sentence.event.event_type.as_str()),
        (Info, "sshd")
    );
    let pairs = one(&json!({"severity": "HIGH", "msg": "level=debug a=1 user=ana b=2"}));
    assert_eq!(
        pairs.event.severity, High,
        "a level is no reason to doubt a judgement"
    );
    assert_eq!(field(&pairs, "user.name"), "ana");
}

#[test]
fn an_envelope_of_cloudevents_gives_its_key_and_its_data_the_event() {
    let plain = one(&json!({
        "specversion": "1.0", "id": "A-1", "source": "/sensors/7", "type": "com.example.door.forced",
        "time": "2026-11-20T17:24:10Z", "subject": "door 3", "datacontenttype": "application/json",
        "data": {"severity": "HIGH", "message": "forced door", "src_ip": "203.0.113.9"},
    }));
    let event = &plain.event;
    assert_eq!(told(&plain), (High, "forced door"));
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("/sensors/7", "com.example.door.forced")
    );
    assert_eq!(plain.key.as_deref(), Some("/sensors/7 A-1"));
    assert_eq!(at(&plain), "2026-11-20T17:24:10.000000Z");
    fields_are(
        &plain,
        &[
            ("cloudevents.subject", json!("door 3")),
            ("source.ip", json!("203.0.113.9")),
            ("record.data.src_ip", json!("203.0.113.9")),
        ],
    );
    let own = json!({"source": "edge", "event_type": "x", "severity": "LOW", "description": "d"});
    let falco = json!({
        "output": "o", "priority": "Critical", "rule": "r", "time": "2026-11-20T17:24:10Z",
        "output_fields": {"proc.name": "sh"},
    });
    let batch = json!([
        {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": own},
        {"specversion": "1.0", "id": "2", "source": "s", "type": "t", "data": falco},
        {"specversion": "1.0", "id": "3", "source": "s", "type": "t", "data": "a line"},
        {"specversion": "1.0", "id": "4", "source": "s", "type": "t", "severity": "HIGH"},
    ]);
    let found = all(batch.to_string());
    let keys: Vec<_> = found.iter().filter_map(|it| it.key.as_deref()).collect();
    assert_eq!(keys, ["s 1", "s 2", "s 3", "s 4"]);
    assert_eq!(found[0].event.source_name, "edge");
    assert_eq!(found[0].said.as_deref(), Some("LOW"));
    assert_eq!(found[1].event.source_name, "s");
    assert!(found[1].event.event_type.starts_with("falco"));
    assert_eq!(field(&found[1], "cloudevents.id"), "2");
    assert_eq!(found[2].event.description, "a line");
    assert_eq!(told(&found[3]), (High, "t"));
}

#[test]
fn what_is_known_already_counts_less_than_what_the_object_says() {
    let profile = Profile::default();
    let record = read_object(br#"{"host":"inner","message":"m"}"#).unwrap();
    let mut draft = Draft {
        source_name: Some("outer".to_owned()),
        description: "outer".to_owned(),
        severity: Some(Low),
        key: Some("k".to_owned()),
        ..Draft::default()
    };
    draft.fields.set("host.name", Some("outer"));
    let reading = read(&record, draft, &context(&profile)).unwrap();
    let event = &reading.event;
    assert_eq!((event.description.as_str(), event.severity), ("m", Low));
    assert_eq!(
        (event.source_name.as_str(), reading.key.as_deref()),
        ("outer", Some("k"))
    );
    assert_eq!(field(&reading, "host.name"), "inner");
}
