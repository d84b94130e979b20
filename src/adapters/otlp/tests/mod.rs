//! Requests of OpenTelemetry in both encodings.

mod bodies;
mod encodings;
mod fields;
mod limits;
mod properties;
mod proto;
mod refusals;

use base::{Severity, Timestamp};
use prost::Message as _;
use serde_json::{Value, json};

use super::*;
use crate::adapters::tests::{attributes, context, reads};
use crate::adapters::{Profile, Read, Reading};

fn body_of(bytes: &[u8], media: &'static str) -> Result<Vec<Read>, BodyError> {
    let profile = Profile::default();
    reads(read, &Body { bytes, media }, &context(&profile))
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

/// The first record of a request in JSON.
fn first(request: &Value) -> Reading {
    readings(request.to_string().as_bytes(), JSON).remove(0)
}

fn one_json(record: &Value) -> Reading {
    let request = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]});
    let mut found = readings(request.to_string().as_bytes(), JSON);
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn any_value(kind: proto::Kind) -> proto::AnyValue {
    proto::AnyValue { kind: Some(kind) }
}

fn key_value(key: impl Into<String>, value: proto::AnyValue) -> proto::KeyValue {
    proto::KeyValue {
        key: key.into(),
        value: Some(value),
    }
}

fn text(text: &str) -> proto::AnyValue {
    any_value(proto::Kind::Text(text.to_owned()))
}

/// A request of one record, with everything there is.
fn full() -> proto::Request {
    let record = proto::LogRecord {
        time: 1_795_195_450_123_456_789,
        observed: 1_795_195_450_200_000_000,
        severity_number: 14,
        severity_text: "WARN2".to_owned(),
        body: Some(text("disk is nearly full")),
        attributes: vec![
            key_value("client.address", text("203.0.113.7")),
            key_value("client.port", any_value(proto::Kind::Int(5022))),
            key_value("ratio", any_value(proto::Kind::Double(0.5))),
            key_value("ok", any_value(proto::Kind::Bool(false))),
            key_value("blob", any_value(proto::Kind::Bytes(vec![0xff, 1]))),
            key_value(
                "list",
                any_value(proto::Kind::List(proto::List {
                    values: vec![any_value(proto::Kind::Int(-1))],
                })),
            ),
            key_value(
                "map",
                any_value(proto::Kind::Map(proto::Map {
                    values: vec![key_value("a", text("b"))],
                })),
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
