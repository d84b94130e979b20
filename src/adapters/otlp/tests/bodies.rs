//! A body of any kind is told: text, lines that are known, JSON, lists and maps.

use serde_json::json;

use super::*;

#[test]
fn a_line_of_text_gives_its_facts_and_keeps_its_level() {
    let line = "sshd[17]: Failed password for root from 203.0.113.9 port 5022 ssh2";
    let found = one_json(&json!({"severityNumber": 9, "body": {"stringValue": line}}));
    assert_eq!(found.event.ip_address, Some("203.0.113.9".parse().unwrap()));
    assert_eq!(attributes(&found)["otlp"]["body"], line);
    let cef = "CEF:0|V|P|1|100|worm|10|src=203.0.113.9";
    let found = one_json(&json!({"severityNumber": 17, "body": {"stringValue": cef}}));
    assert_eq!(
        found.event.severity,
        Severity::Critical,
        "a judgement counts more than a level"
    );
    let judged = json!([{"key": "severity", "value": {"stringValue": "low"}}]);
    let log = "level=fatal msg=\"disk gone\" unit=db";
    let found = one_json(&json!({"attributes": judged, "body": {"stringValue": log}}));
    assert_eq!(
        found.event.severity,
        Severity::Low,
        "and a level never more than a judgement"
    );
}

#[test]
fn json_inside_a_text_is_read_and_the_rest_kept_beside_it() {
    let body = json!({"message": "door forced", "src_ip": "203.0.113.10"}).to_string();
    let found = one_json(&json!({"severityNumber": 9, "body": {"stringValue": body}}));
    assert_eq!(found.event.description, "door forced");
    let attributes = attributes(&found);
    assert_eq!(attributes["source"]["ip"], "203.0.113.10");
    assert_eq!(attributes["otlp"], json!({"severityNumber": 9}));
}

#[test]
fn bodies_of_every_kind_are_told() {
    for (body, description) in [
        (json!({"stringValue": "plain"}), "plain"),
        (json!({"intValue": "7"}), "7"),
        (
            json!({"arrayValue": {"values": [{"intValue": 1}, {"stringValue": "a"}]}}),
            "[1,\"a\"]",
        ),
        (json!({"bytesValue": "aGk="}), "hi"),
        (json!({}), "from an attribute"),
        (json!({"stringValue": "  "}), "from an attribute"),
    ] {
        let record = json!({
            "body": body,
            "attributes": [{"key": "message", "value": {"stringValue": "from an attribute"}}],
        });
        assert_eq!(one_json(&record).event.description, description, "{body}");
    }
    assert_eq!(
        one_json(&json!({"eventName": "login"})).event.description,
        "login"
    );
    assert_eq!(one_json(&json!({})).event.description, "(no description)");
}

#[test]
fn a_body_that_is_a_map_is_read_like_json() {
    let record = json!({
        "severityNumber": 9, "traceId": "0102030405060708090a0b0c0d0e0f10",
        "body": {"kvlistValue": {"values": [
            {"key": "message", "value": {"stringValue": "door forced"}},
            {"key": "n", "value": {"intValue": 1}},
        ]}},
    });
    let found = one_json(&record);
    assert_eq!(found.event.description, "door forced");
    let attributes = attributes(&found);
    assert_eq!(
        attributes["trace"]["id"],
        "0102030405060708090a0b0c0d0e0f10"
    );
    assert_eq!(attributes["otlp"]["severityNumber"], 9);
    assert!(attributes["otlp"].get("body").is_none(), "{attributes}");
}
