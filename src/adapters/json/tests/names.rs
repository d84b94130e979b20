//! The names a member may have: of the Elastic Common Schema, nested and dotted, and others.

use serde_json::{Value, json};

use super::*;
use crate::adapters::tests::attributes;

#[test]
fn the_address_of_a_request_is_its_source() {
    for (name, said) in [
        ("request_ip", "203.0.113.9, 192.168.32.12"),
        ("addr.remote", "203.0.113.9:34204"),
    ] {
        let reading = one(&json!({"message": "m", name: said}));
        assert_eq!(field(&reading, "source.ip"), json!("203.0.113.9"), "{name}");
    }
}

#[test]
fn fields_of_the_elastic_common_schema_are_taken_nested_and_dotted() {
    for value in [
        json!({"source": {"ip": "192.0.2.1", "port": 4000}, "destination": {"ip": "192.0.2.2"},
            "event": {"id": "e-1", "action": "login", "outcome": "failure", "category": ["authentication"]},
            "user": {"name": "ana"}, "process": {"name": "sshd", "parent": {"pid": 1}},
            "message": "m", "threat": {"technique": {"id": ["T1110.001"], "name": ["Brute"]}},
            "labels": {"env.x": "prod"}}),
        json!({"source.ip": "192.0.2.1", "source.port": "4000", "destination.ip": "192.0.2.2",
            "event.id": "e-1", "event.action": "login", "event.outcome": "failure",
            "event.category": "authentication", "user.name": "ana", "process.name": "sshd",
            "process.parent.pid": 1, "message": "m", "threat.technique.id": "T1110.001",
            "threat.technique.name": "Brute", "labels": {"env.x": "prod"}}),
    ] {
        let reading = one(&value);
        fields_are(
            &reading,
            &[
                ("source.ip", json!("192.0.2.1")),
                ("source.port", json!(4000)),
                ("destination.ip", json!("192.0.2.2")),
                ("event.id", json!("e-1")),
                ("event.action", json!("login")),
                ("event.outcome", json!("failure")),
                ("event.category", json!("authentication")),
                ("user.name", json!("ana")),
                ("process.name", json!("sshd")),
                ("process.parent.pid", json!(1)),
                ("threat.technique.id", json!(["T1110.001"])),
                ("labels.env_x", json!("prod")),
            ],
        );
        assert_eq!(reading.key.as_deref(), Some("sender\0\0e-1"));
        assert_eq!(reading.event.tags, ["T1110.001"]);
        assert_eq!(reading.event.event_type, "sshd");
    }
}

#[test]
fn more_fields_of_the_elastic_common_schema_keep_their_names() {
    let fields = [
        ("event.type", json!("denied")),
        ("event.dataset", json!("fw.log")),
        ("event.sequence", json!(9)),
        ("event.count", json!(3)),
        ("event.start", json!("2026-11-20T17:24:10Z")),
        ("event.end", json!("2026-11-20T17:25:10Z")),
        ("source.bytes", json!(10)),
        ("destination.bytes", json!(11)),
        ("source.nat.ip", json!("192.0.2.3")),
        ("source.nat.port", json!(1025)),
        ("destination.nat.ip", json!("192.0.2.4")),
        ("network.application", json!("ssl")),
        ("file.size", json!(12)),
        ("file.type", json!("pe")),
        ("rule.version", json!("7")),
        ("rule.ruleset", json!("base")),
        ("rule.reference", json!("https://rules.example/7")),
        ("observer.ip", json!("192.0.2.5")),
        ("observer.serial_number", json!("SN1")),
        ("agent.type", json!("filebeat")),
        ("agent.version", json!("9.2.0")),
        ("agent.id", json!("a-1")),
        ("log.origin.file.name", json!("main.rs")),
        ("log.origin.file.line", json!(42)),
        ("log.origin.function", json!("main")),
        ("span.id", json!("00f067aa0ba902b7")),
    ];
    let mut nested = crate::adapters::Fields::default();
    for (path, value) in &fields {
        let value = match *path {
            "event.type" => json!([value]),
            _ => value.clone(),
        };
        nested.set(path, Some(value));
    }
    let mut record = Value::Object(nested.into_object());
    record["message"] = json!("m");
    let reading = one(&record);
    fields_are(&reading, &fields);
    assert_eq!(reading.event.event_type, "fw.log");
    // Not the text of a list that is no kind of event.
    assert_eq!(at(&reading), "2026-11-20T17:24:10.000000Z");
}

#[test]
fn a_day_and_a_time_of_day_apart_are_one_time() {
    for (record, expected) in [
        (
            json!({"date": "2026-11-20", "time": "17:24:10"}),
            "2026-11-20T17:24:10.000000Z",
        ),
        (
            json!({"date": "2026-11-20", "time": "18:24:10", "timezone": "+01"}),
            "2026-11-20T17:24:10.000000Z",
        ),
        (
            json!({"date": "2026/11/20", "time": "12:24:10.5", "tz": "EST"}),
            "2026-11-20T17:24:10.500000Z",
        ),
        (
            json!({"date": "2026-11-20", "time": "17:24:10Z", "tz": "EST"}),
            "2026-11-20T17:24:10.000000Z",
        ),
        (
            json!({"date": "2026-11-20", "time": "17:24:10", "tz": "XYZ"}),
            "2026-11-20T17:24:10.000000Z",
        ),
        (
            json!({"date": "2026-11-20", "time": "17:24:10", "timestamp": "2026-11-20T01:02:03Z"}),
            "2026-11-20T01:02:03.000000Z",
        ),
        (
            json!({"event": {"start": "2026-11-20T17:24:10Z"}}),
            "2026-11-20T17:24:10.000000Z",
        ),
        // A day alone would be midnight.
        (json!({"date": "2026-11-20"}), ""),
        (json!({"time": "17:24:10"}), ""),
    ] {
        let mut record = record;
        record["message"] = json!("m");
        assert_eq!(at(&one(&record)), expected, "{record}");
    }
}

#[test]
fn names_that_mean_nothing_stay_in_the_record_only() {
    let value =
        json!({"message": "m", "ip_count": "7", "sip": "192.0.2.1", "größe": 1, "user": "-"});
    let reading = one(&value);
    assert_eq!(attributes(&reading), json!({"record": value}));
}
