//! The protobuf of these tests is written by another implementation than the one that reads it.

use std::borrow::Cow;

use base::{Severity, Timestamp};
use proptest::prelude::*;
use prost::Message as _;
use serde_json::{Value, json};

use super::value::{Any, Pairs};
use super::*;
use crate::adapters::{Profile, Read, Reading};
use crate::events::{
    ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, SOURCE_NAME_MAX, TAG_MAX, TAGS_MAX,
};

mod proto {
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Request {
        #[prost(message, repeated, tag = "1")]
        pub(super) resource_logs: Vec<ResourceLogs>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct ResourceLogs {
        #[prost(message, optional, tag = "1")]
        pub(super) resource: Option<Resource>,
        #[prost(message, repeated, tag = "2")]
        pub(super) scope_logs: Vec<ScopeLogs>,
        #[prost(string, tag = "3")]
        pub(super) schema_url: String,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Resource {
        #[prost(message, repeated, tag = "1")]
        pub(super) attributes: Vec<KeyValue>,
        #[prost(uint32, tag = "2")]
        pub(super) dropped: u32,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct ScopeLogs {
        #[prost(message, optional, tag = "1")]
        pub(super) scope: Option<Scope>,
        #[prost(message, repeated, tag = "2")]
        pub(super) log_records: Vec<LogRecord>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Scope {
        #[prost(string, tag = "1")]
        pub(super) name: String,
        #[prost(string, tag = "2")]
        pub(super) version: String,
        #[prost(message, repeated, tag = "3")]
        pub(super) attributes: Vec<KeyValue>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct LogRecord {
        #[prost(fixed64, tag = "1")]
        pub(super) time: u64,
        #[prost(int32, tag = "2")]
        pub(super) severity_number: i32,
        #[prost(string, tag = "3")]
        pub(super) severity_text: String,
        #[prost(message, optional, tag = "5")]
        pub(super) body: Option<AnyValue>,
        #[prost(message, repeated, tag = "6")]
        pub(super) attributes: Vec<KeyValue>,
        #[prost(uint32, tag = "7")]
        pub(super) dropped: u32,
        #[prost(fixed32, tag = "8")]
        pub(super) flags: u32,
        #[prost(bytes = "vec", tag = "9")]
        pub(super) trace_id: Vec<u8>,
        #[prost(bytes = "vec", tag = "10")]
        pub(super) span_id: Vec<u8>,
        #[prost(fixed64, tag = "11")]
        pub(super) observed: u64,
        #[prost(string, tag = "12")]
        pub(super) event_name: String,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct KeyValue {
        #[prost(string, tag = "1")]
        pub(super) key: String,
        #[prost(message, optional, tag = "2")]
        pub(super) value: Option<AnyValue>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct AnyValue {
        #[prost(oneof = "Kind", tags = "1, 2, 3, 4, 5, 6, 7")]
        pub(super) kind: Option<Kind>,
    }
    #[derive(Clone, PartialEq, prost::Oneof)]
    pub(super) enum Kind {
        #[prost(string, tag = "1")]
        Text(String),
        #[prost(bool, tag = "2")]
        Bool(bool),
        #[prost(int64, tag = "3")]
        Int(i64),
        #[prost(double, tag = "4")]
        Double(f64),
        #[prost(message, tag = "5")]
        List(List),
        #[prost(message, tag = "6")]
        Map(Map),
        #[prost(bytes, tag = "7")]
        Bytes(Vec<u8>),
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct List {
        #[prost(message, repeated, tag = "1")]
        pub(super) values: Vec<AnyValue>,
    }
    #[derive(Clone, PartialEq, prost::Message)]
    pub(super) struct Map {
        #[prost(message, repeated, tag = "1")]
        pub(super) values: Vec<KeyValue>,
    }
}

fn body_of(bytes: &[u8], media: &'static str) -> Result<Vec<Read>, String> {
    let profile = Profile::default();
    let cx = Context {
        now: Timestamp::from_millis(1_800_000_000_000),
        bound: None,
        source: "sensor",
        profile: &profile,
    };
    let mut found = Vec::new();
    let body = Body { bytes, media };
    read(&body, &cx, &mut |read, _| {
        found.push(read);
        ControlFlow::Continue(())
    })?;
    Ok(found)
}

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

fn readings(bytes: &[u8], media: &'static str) -> Vec<Reading> {
    body_of(bytes, media)
        .unwrap()
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn one_json(record: &Value) -> Reading {
    let request = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]});
    let mut found = readings(request.to_string().as_bytes(), JSON);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn attributes(reading: &Reading) -> Value {
    let raw = reading.event.attributes.as_ref().unwrap();
    serde_json::from_str(raw.get()).unwrap()
}

fn key_value(key: &str, kind: proto::Kind) -> proto::KeyValue {
    proto::KeyValue {
        key: key.to_owned(),
        value: Some(proto::AnyValue { kind: Some(kind) }),
    }
}

fn text(text: &str) -> proto::Kind {
    proto::Kind::Text(text.to_owned())
}

/// A request of one record, with everything there is.
fn full() -> proto::Request {
    let record = proto::LogRecord {
        time: 1_795_195_450_123_456_789,
        observed: 1_795_195_450_200_000_000,
        severity_number: 14,
        severity_text: "WARN2".to_owned(),
        body: Some(proto::AnyValue {
            kind: Some(text("disk is nearly full")),
        }),
        attributes: vec![
            key_value("client.address", text("203.0.113.7")),
            key_value("client.port", proto::Kind::Int(5022)),
            key_value("ratio", proto::Kind::Double(0.5)),
            key_value("ok", proto::Kind::Bool(false)),
            key_value("blob", proto::Kind::Bytes(vec![0xff, 1])),
            key_value(
                "list",
                proto::Kind::List(proto::List {
                    values: vec![proto::AnyValue {
                        kind: Some(proto::Kind::Int(-1)),
                    }],
                }),
            ),
            key_value(
                "map",
                proto::Kind::Map(proto::Map {
                    values: vec![key_value("a", text("b"))],
                }),
            ),
        ],
        dropped: 3,
        flags: 1,
        trace_id: (1..=16).collect(),
        span_id: (1..=8).collect(),
        event_name: "disk.filling".to_owned(),
    };
    proto::Request {
        resource_logs: vec![proto::ResourceLogs {
            resource: Some(proto::Resource {
                attributes: vec![
                    key_value("service.name", text("shop")),
                    key_value("host.name", text("web-1")),
                    key_value("telemetry.sdk.language", text("rust")),
                ],
                dropped: 0,
            }),
            scope_logs: vec![proto::ScopeLogs {
                scope: Some(proto::Scope {
                    name: "shop::disk".to_owned(),
                    version: "1.2".to_owned(),
                    attributes: vec![key_value("team", text("storage"))],
                }),
                log_records: vec![record],
            }],
            schema_url: "https://opentelemetry.io/schemas/1.27.0".to_owned(),
        }],
    }
}

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
    let from_json = readings(request.to_string().as_bytes(), JSON).remove(0);
    let from_protobuf = readings(&full().encode_to_vec(), PROTOBUF).remove(0);
    assert_eq!(attributes(&from_json), attributes(&from_protobuf));
    assert_eq!(from_json.event.description, from_protobuf.event.description);
    assert_eq!(from_json.event.occurred_at, from_protobuf.event.occurred_at);
    assert_eq!(from_json.said, from_protobuf.said);
}

#[test]
fn a_level_never_raises_an_alert_and_a_judgement_does() {
    let attribute = |word: &str| json!([{"key": "severity", "value": {"stringValue": word}}]);
    for (record, expected) in [
        (json!({}), Severity::Info),
        (json!({"severityNumber": 24}), Severity::Medium),
        (
            json!({"severityNumber": 13, "severityText": "critical"}),
            Severity::Low,
        ),
        (
            json!({"severityNumber": 99, "severityText": "CRITICAL"}),
            Severity::Medium,
        ),
        (json!({"severityText": "fatal"}), Severity::Medium),
        (
            json!({"severityNumber": 9, "attributes": attribute("HIGH")}),
            Severity::High,
        ),
        (
            json!({"severityNumber": 17, "attributes": attribute("critical")}),
            Severity::Critical,
        ),
        (
            json!({"severityNumber": 21, "attributes": attribute("low")}),
            Severity::Low,
        ),
        (
            json!({"severityNumber": 17, "attributes": attribute("odd")}),
            Severity::Medium,
        ),
    ] {
        assert_eq!(one_json(&record).event.severity, expected, "{record}");
    }
}

#[test]
fn a_name_the_library_made_up_is_no_source() {
    let request = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "unknown_service:node"}}]},
        "scopeLogs": [{"logRecords": [{"body": {"stringValue": "x"}}]}],
    }]});
    let found = readings(request.to_string().as_bytes(), JSON).remove(0);
    assert_eq!(found.event.source_name, "sensor");
    assert!(attributes(&found).get("service").is_none());
}

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

#[test]
fn the_uid_of_a_record_makes_it_stored_once() {
    let record =
        json!({"attributes": [{"key": "log.record.uid", "value": {"stringValue": "01ABC"}}]});
    let found = one_json(&record);
    assert_eq!(found.key.as_deref(), Some("01ABC"));
    assert_eq!(attributes(&found)["event"]["id"], "01ABC");
}

#[test]
fn what_no_database_holds_is_replaced() {
    let record = json!({
        "body": {"stringValue": "a\u{0}b"},
        "attributes": [{"key": "k\u{0}", "value": {"stringValue": "v\u{0}"}}],
        "eventName": "e\u{0}",
    });
    let found = one_json(&record);
    assert_eq!(found.event.description, "a\u{fffd}b");
    let text = found.event.attributes.unwrap();
    assert!(!text.get().contains("\\u0000"), "{text}");
    // No UTF-8 in protobuf: the record is kept, with a mark.
    let mut request = full();
    request.resource_logs[0].scope_logs[0].log_records[0].body = None;
    let mut bytes = request.encode_to_vec();
    let at = bytes.windows(4).position(|four| four == b"shop").unwrap();
    bytes[at] = 0xff;
    assert_eq!(
        readings(&bytes, PROTOBUF)[0].event.source_name,
        "\u{fffd}hop"
    );
}

#[test]
fn nothing_is_a_request_too() {
    for (bytes, media) in [
        (&b""[..], PROTOBUF),
        (b"{}", JSON),
        (b"{\"resourceLogs\":[]}", JSON),
        (
            b"{\"resourceLogs\":[{\"scopeLogs\":null,\"resource\":null}]}",
            JSON,
        ),
    ] {
        assert!(readings(bytes, media).is_empty());
    }
}

#[test]
fn what_is_no_request_is_refused_as_a_whole() {
    for (bytes, media) in [
        (&b"{"[..], JSON),
        (b"", JSON),
        (b"[]", JSON),
        (b"{}{}", JSON),
        (b"{\"resourceLogs\":{}}", JSON),
        (
            b"{\"resourceLogs\":[{\"scopeLogs\":[{\"logRecords\":[1}]}]}",
            JSON,
        ),
        (b"{\"resourceLogs\":[]}", PROTOBUF),
        (b"\x0a\x05abc", PROTOBUF),
        (b"\x08\x80", PROTOBUF),
    ] {
        let text = String::from_utf8_lossy(bytes);
        assert!(body_of(bytes, media).is_err(), "{text}");
    }
}

#[test]
fn a_bad_record_costs_only_itself_and_names_its_member() {
    let deep = |levels| {
        (0..levels).fold(
            json!({"intValue": 1}),
            |value, _| json!({"arrayValue": {"values": [value]}}),
        )
    };
    let bad = [
        (json!({"severityNumber": "loud"}), "severityNumber"),
        (json!({"timeUnixNano": -5}), "timeUnixNano"),
        (json!({"attributes": [{"key": 5}]}), "attributes[0].key"),
        (json!({"body": {"intValue": "x"}}), "body.intValue"),
        (json!({"body": deep(25)}), "body"),
        (
            json!({"attributes": [{"key": "k", "value": deep(25)}]}),
            "attributes",
        ),
        (json!("text"), "record"),
        (
            json!({"body": {"stringValue": "x".repeat(1024 * 1024)}}),
            "record",
        ),
    ];
    for (record, field) in bad {
        let request = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record, {"body": {"stringValue": "good"}}]}]}]});
        let found = body_of(request.to_string().as_bytes(), JSON).unwrap();
        let errors = found[0].as_ref().unwrap_err();
        assert_eq!(errors.keys().collect::<Vec<_>>(), [field], "{errors:?}");
        assert_eq!(found[1].as_ref().unwrap().event.description, "good");
    }
    assert!(
        one_json(&json!({"body": deep(24)}))
            .event
            .description
            .starts_with("[[[")
    );
}

#[test]
fn nesting_in_protobuf_has_the_same_end() {
    let deep = |levels| {
        (0..levels).fold(proto::Kind::Int(1), |kind, _| {
            proto::Kind::List(proto::List {
                values: vec![proto::AnyValue { kind: Some(kind) }],
            })
        })
    };
    for (levels, good) in [(24, true), (25, false), (60, false)] {
        let mut request = full();
        let record = &mut request.resource_logs[0].scope_logs[0].log_records[0];
        record.attributes.push(key_value("deep", deep(levels)));
        let found = body_of(&request.encode_to_vec(), PROTOBUF).unwrap();
        match &found[0] {
            Ok(_) => assert!(good, "{levels}"),
            Err(errors) => {
                assert!(!good, "{levels}");
                assert_eq!(errors["attributes"], ["nested deeper than 24"]);
            }
        }
    }
}

#[test]
fn small_requests_do_not_become_large_ones() {
    // Records of two bytes each: as many as there are, none is more than the one before.
    let empty = [0x12, 0].repeat(200_000);
    let mut scope = vec![0x12];
    prost::encoding::encode_varint(empty.len() as u64, &mut scope);
    scope.extend(&empty);
    let mut request = vec![0x0a];
    prost::encoding::encode_varint(scope.len() as u64, &mut request);
    request.extend(&scope);
    let profile = Profile::default();
    let cx = Context {
        now: Timestamp::from_millis(0),
        bound: None,
        source: "s",
        profile: &profile,
    };
    let mut taken = 0;
    let body = Body {
        bytes: &request,
        media: PROTOBUF,
    };
    let done = read(&body, &cx, &mut |_, _| {
        taken += 1;
        if taken == 10_000 {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    assert!(done.is_ok());
    assert_eq!(taken, 10_000, "the reader stops where the taker has enough");
    let many = format!("{{\"resourceLogs\":[{}{{}}]}}", "{},".repeat(100_001));
    assert!(
        body_of(many.as_bytes(), JSON)
            .unwrap_err()
            .contains("more than 100000")
    );
}

#[test]
fn a_large_resource_is_not_kept_with_each_of_its_records() {
    let long = "x".repeat(20_000);
    let request = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "big", "value": {"stringValue": long}}]},
        "scopeLogs": [{"logRecords": [{"body": {"stringValue": "a"}}]}],
    }]});
    let found = readings(request.to_string().as_bytes(), JSON).remove(0);
    assert!(attributes(&found)["otlp"].get("resource").is_none());
    let label = attributes(&found)["labels"]["big"].as_str().unwrap().len();
    assert!(label < 1_100, "{label}");
}

#[test]
fn recorded_requests_are_understood() {
    let recorded = |name: &str| {
        let path = format!("{}/tests/fixtures/wire/{name}", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).unwrap();
        let end = bytes
            .windows(4)
            .position(|four| four == b"\r\n\r\n")
            .unwrap();
        bytes[end + 4..].to_vec()
    };
    let python = readings(&recorded("otel_python_1.45_otlp_protobuf.http"), PROTOBUF).remove(0);
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
    let node = readings(&recorded("otel_js_0.223_otlp_json.http"), JSON).remove(0);
    assert_eq!(node.event.description, "camera offline");
    assert_eq!(node.event.severity, Severity::Medium);
    assert_eq!(node.event.source_name, "sensor");
    assert_eq!(node.event.ip_address, Some("203.0.113.7".parse().unwrap()));
    let fluent = readings(&recorded("fluentbit_5.1_otlp_protobuf.http"), PROTOBUF);
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

/// Values as senders may write them, in both encodings.
fn kinds() -> impl Strategy<Value = proto::AnyValue> {
    let leaf = prop_oneof![
        any::<String>().prop_map(proto::Kind::Text),
        any::<bool>().prop_map(proto::Kind::Bool),
        any::<i64>().prop_map(proto::Kind::Int),
        any::<f64>().prop_map(proto::Kind::Double),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(proto::Kind::Bytes),
    ];
    let leaf = leaf.prop_map(|kind| proto::AnyValue { kind: Some(kind) });
    leaf.prop_recursive(4, 40, 6, |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..6)
            .prop_map(|values| proto::Kind::List(proto::List { values }));
        let map = proptest::collection::vec((".{0,12}", inner), 0..6).prop_map(|pairs| {
            let values = pairs
                .into_iter()
                .map(|(key, value)| proto::KeyValue {
                    key,
                    value: Some(value),
                })
                .collect();
            proto::Kind::Map(proto::Map { values })
        });
        prop_oneof![list, map].prop_map(|kind| proto::AnyValue { kind: Some(kind) })
    })
}

fn borrowed(value: &proto::AnyValue) -> Any<'_> {
    match &value.kind {
        None => Any::Empty,
        Some(proto::Kind::Text(text)) => Any::Text(Cow::Borrowed(text)),
        Some(proto::Kind::Bool(truth)) => Any::Bool(*truth),
        Some(proto::Kind::Int(number)) => Any::Int(*number),
        Some(proto::Kind::Double(number)) => Any::Double(*number),
        Some(proto::Kind::Bytes(bytes)) => Any::Bytes(Cow::Borrowed(bytes)),
        Some(proto::Kind::List(list)) => Any::List(list.values.iter().map(borrowed).collect()),
        Some(proto::Kind::Map(map)) => Any::Map(Pairs(
            map.values
                .iter()
                .map(|pair| {
                    let value = pair.value.as_ref().map_or(Any::Empty, borrowed);
                    (Cow::Borrowed(pair.key.as_str()), value)
                })
                .collect(),
        )),
    }
}

/// Requests whose records hold such values.
fn requests() -> impl Strategy<Value = proto::Request> {
    let names = prop_oneof![
        Just("severity".to_owned()),
        Just("client.address".to_owned()),
        Just("host.name".to_owned()),
        Just("log.record.uid".to_owned()),
        "[a-z.]{0,40}",
        ".{0,30}",
    ];
    let pairs = proptest::collection::vec((names, kinds()), 0..12).prop_map(|pairs| {
        let pairs = pairs.into_iter();
        pairs
            .map(|(key, value)| proto::KeyValue {
                key,
                value: Some(value),
            })
            .collect::<Vec<_>>()
    });
    let pairs = pairs.boxed();
    (
        pairs.clone(),
        pairs,
        kinds(),
        any::<u64>(),
        any::<i32>(),
        ".{0,40}",
    )
        .prop_map(
            |(resource, attributes, body, time, severity_number, word)| {
                let mut request = full();
                let logs = &mut request.resource_logs[0];
                logs.resource = Some(proto::Resource {
                    attributes: resource,
                    dropped: 0,
                });
                let record = &mut logs.scope_logs[0].log_records[0];
                record.attributes = attributes;
                record.body = Some(body);
                record.time = time;
                record.severity_number = severity_number;
                record.severity_text.clone_from(&word);
                record.event_name = word;
                request
            },
        )
}

fn keeps_the_limits(read: &Read) {
    let Ok(reading) = read else { return };
    let event = &reading.event;
    let within = |text: &str, max| {
        let length = text.chars().count();
        (1..=max).contains(&length) && !text.contains('\0')
    };
    assert!(within(&event.source_name, SOURCE_NAME_MAX));
    assert!(within(&event.event_type, EVENT_TYPE_MAX));
    assert!(within(&event.description, DESCRIPTION_MAX));
    assert!(event.tags.len() <= TAGS_MAX);
    assert!(event.tags.iter().all(|tag| within(tag, TAG_MAX)));
    if let Some(raw) = &event.attributes {
        assert!(raw.get().len() <= ATTRIBUTES_MAX);
        assert!(!raw.get().contains("\\u0000"));
        crate::adapters::value(raw.get().as_bytes()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_bytes_come_in_events_keep_the_limits(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for media in [PROTOBUF, JSON, ""] {
            for read in body_of(&bytes, media).unwrap_or_default() {
                keeps_the_limits(&read);
            }
        }
    }

    #[test]
    fn whatever_a_request_holds_events_keep_the_limits(request in requests(), at in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = request.encode_to_vec();
        for read in body_of(&bytes, PROTOBUF).unwrap() {
            prop_assert!(read.is_ok(), "{read:?}");
            keeps_the_limits(&read);
        }
        let at = at % bytes.len();
        bytes[at] = byte;
        for read in body_of(&bytes, PROTOBUF).unwrap_or_default() {
            keeps_the_limits(&read);
        }
    }

    #[test]
    fn values_are_read_as_they_were_written(value in kinds()) {
        let pair = proto::KeyValue { key: "k".to_owned(), value: Some(value.clone()) };
        let mut request = proto::Request::default();
        request.resource_logs.push(proto::ResourceLogs {
            scope_logs: vec![proto::ScopeLogs {
                scope: None,
                log_records: vec![proto::LogRecord { attributes: vec![pair], ..Default::default() }],
            }],
            ..Default::default()
        });
        let bytes = request.encode_to_vec();
        let mut written = String::new();
        protobuf::each(&bytes, &mut |_, record, _| {
            let record = record.unwrap();
            written = serde_json::to_string(record.attributes.get("k").unwrap()).unwrap();
            ControlFlow::Continue(())
        }).unwrap();
        prop_assert_eq!(written, serde_json::to_string(&borrowed(&value)).unwrap());
    }
}
