//! Protobuf and JSON say the same, as this implementation and others write them.

use serde_json::json;

use super::*;
use crate::adapters::tests::recorded_body;

#[test]
fn every_member_of_a_protobuf_record_is_read() {
    let found = readings(&full().encode_to_vec(), PROTOBUF).remove(0);
    let event = &found.event;
    assert_eq!(event.source_name, "shop");
    assert_eq!(event.event_type, "disk.filling");
    assert_eq!(event.severity, Severity::Low);
    assert_eq!(event.description, "disk is nearly full");
    assert_eq!(
        event.occurred_at,
        Some(Timestamp::from_micros(1_795_195_450_123_456))
    );
    assert_eq!(event.ip_address, Some("203.0.113.7".parse().unwrap()));
    assert_eq!(found.said.as_deref(), Some("WARN2"));
    assert_eq!(found.key, None);
    assert_eq!(
        attributes(&found),
        json!({
            "service": {"name": "shop", "language": {"name": "rust"}},
            "host": {"name": "web-1"},
            "log": {"logger": "shop::disk", "level": "warn2"},
            "source": {"ip": "203.0.113.7", "port": 5022},
            "event": {"kind": "event", "module": "otlp", "action": "disk.filling"},
            "trace": {"id": "0102030405060708090a0b0c0d0e0f10"},
            "span": {"id": "0102030405060708"},
            "labels": {"team": "storage", "ratio": 0.5, "ok": false, "blob": "/wE=", "list": [-1]},
            "otlp": {
                "resource": {"attributes": {
                    "service.name": "shop", "host.name": "web-1", "telemetry.sdk.language": "rust",
                }},
                "scope": {"name": "shop::disk", "version": "1.2", "attributes": {"team": "storage"}},
                "timeUnixNano": "1795195450123456789",
                "observedTimeUnixNano": "1795195450200000000",
                "severityNumber": 14, "severityText": "WARN2", "eventName": "disk.filling",
                "traceId": "0102030405060708090a0b0c0d0e0f10", "spanId": "0102030405060708",
                "body": "disk is nearly full",
                "attributes": {
                    "client.address": "203.0.113.7", "client.port": 5022, "ratio": 0.5, "ok": false,
                    "blob": "/wE=", "list": [-1], "map": {"a": "b"},
                },
                "droppedAttributesCount": 3, "flags": 1,
            },
        })
    );
}

#[test]
fn the_json_form_means_the_same() {
    let request = json!({"resourceLogs": [{
        // What stands around the records may come behind them.
        "scopeLogs": [{
            "logRecords": [{
                "timeUnixNano": "1795195450123456789", "observedTimeUnixNano": 1_795_195_450_200_000_000_u64,
                "severityNumber": 14, "severityText": "WARN2",
                "body": {"stringValue": "disk is nearly full"},
                "attributes": [
                    {"key": "client.address", "value": {"stringValue": "203.0.113.7"}},
                    {"key": "client.port", "value": {"intValue": "5022"}},
                    {"key": "ratio", "value": {"doubleValue": 0.5}},
                    {"key": "ok", "value": {"boolValue": false}},
                    {"key": "blob", "value": {"bytesValue": "/wE="}},
                    {"key": "list", "value": {"arrayValue": {"values": [{"intValue": -1}]}}},
                    {"key": "map", "value": {"kvlistValue": {"values": [{"key": "a", "value": {"stringValue": "b"}}]}}},
                ],
                "droppedAttributesCount": 3, "flags": 1, "new": {"member": [1]},
                "traceId": "0102030405060708090A0B0C0D0E0F10", "spanId": "0102030405060708",
                "eventName": "disk.filling",
            }],
            "scope": {"name": "shop::disk", "version": "1.2",
                "attributes": [{"key": "team", "value": {"stringValue": "storage"}}]},
        }],
        "resource": {"attributes": [
            {"key": "service.name", "value": {"stringValue": "shop"}},
            {"key": "host.name", "value": {"stringValue": "web-1"}},
            {"key": "telemetry.sdk.language", "value": {"stringValue": "rust"}},
        ], "droppedAttributesCount": 0},
        "schemaUrl": "https://opentelemetry.io/schemas/1.27.0",
    }], "other": null});
    let from_json = first(&request);
    let from_protobuf = readings(&full().encode_to_vec(), PROTOBUF).remove(0);
    assert_eq!(attributes(&from_json), attributes(&from_protobuf));
    assert_eq!(from_json.event.description, from_protobuf.event.description);
    assert_eq!(from_json.event.occurred_at, from_protobuf.event.occurred_at);
    assert_eq!(from_json.said, from_protobuf.said);
}

#[test]
fn recorded_requests_are_understood() {
    let python = readings(
        &recorded_body("otel_python_1.45_otlp_protobuf.http"),
        PROTOBUF,
    )
    .remove(0);
    assert_eq!(python.event.description, "intrusion detected");
    assert_eq!(python.event.severity, Severity::High);
    assert_eq!(python.event.source_name, "det");
    assert_eq!(
        python.event.ip_address,
        Some("203.0.113.9".parse().unwrap())
    );
    assert_eq!(
        attributes(&python)["log"]["origin"]["file"],
        json!({"name": "app/detector.py", "line": 25})
    );
    let node = readings(&recorded_body("otel_js_0.223_otlp_json.http"), JSON).remove(0);
    assert_eq!(node.event.description, "camera offline");
    assert_eq!(node.event.severity, Severity::Medium);
    assert_eq!(node.event.source_name, "sender");
    assert_eq!(node.event.ip_address, Some("203.0.113.7".parse().unwrap()));
    let fluent = readings(&recorded_body("fluentbit_5.1_otlp_protobuf.http"), PROTOBUF);
    let told: Vec<(&str, Severity)> = fluent
        .iter()
        .map(|it| (it.event.description.as_str(), it.event.severity))
        .collect();
    assert_eq!(
        told,
        [("forced door", Severity::High), ("fan ok", Severity::Low)]
    );
    assert_eq!(attributes(&fluent[0])["host"]["name"], "cam-3");
    assert_eq!(fluent[0].event.source_name, "cam-3");
}
