//! Any object is an event within the limits, however large, deep or odd.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::adapters::tests::any_json;

#[test]
fn large_and_deep_objects_are_read_in_bounds() {
    let mut deep = json!({"src_ip": "192.0.2.1"});
    for _ in 0..20 {
        deep = json!({"data": deep});
    }
    assert_eq!(one(&deep).event.ip_address, None);
    let many: Object = (0..20_000).map(|n| (format!("m{n}"), json!("x"))).collect();
    keeps_the_limits(&one(&Value::Object(many)).event);
    let long = json!({"message": "a=1 b=2 c=3 ".repeat(20_000), "labels": {"x".repeat(5_000): "y".repeat(5_000)}});
    keeps_the_limits(&one(&long).event);
}

const NAMES: &[&str] = &[
    "message",
    "log",
    "level",
    "severity",
    "time",
    "@timestamp",
    "source",
    "source_name",
    "src_ip",
    "event",
    "event_type",
    "host",
    "user",
    "process",
    "tags",
    "labels",
    "data",
    "specversion",
    "id",
    "type",
    "description",
    "args",
    "msg",
    "threat",
    "_id",
    "status",
    "protocol",
    "name",
    "levelname",
];

proptest! {
    #[test]
    fn any_object_gives_an_event_within_the_limits(value in any_json(NAMES)) {
        read_all(&FORMAT, value.to_string());
    }
}
