//! What is no record is refused, and the field that is to blame is named.

use serde_json::{Value, json};

use super::*;

fn are_refused_by_name(cases: &[(&str, Value, &str)]) {
    for (field, value, expected) in cases {
        let mut record = alert();
        record[*field] = value.clone();
        let error = refused(record.to_string());
        assert!(error.starts_with(expected), "{error} instead of {expected}");
    }
}

#[test]
fn wrong_common_fields_are_named() {
    are_refused_by_name(&[
        ("timestamp", json!(null), "timestamp: missing"),
        ("timestamp", json!("yesterday"), "timestamp: must be a time"),
        (
            "timestamp",
            json!("-000009-01-01T00:00:00Z"),
            "timestamp: must be a time",
        ),
        ("timestamp", json!(1_700_000_000), "timestamp: must be text"),
        ("event_type", json!(null), "event_type: missing"),
        ("event_type", json!("a b"), "event_type: must be 1 to 64"),
        (
            "event_type",
            json!("x".repeat(65)),
            "event_type: must be 1 to 64",
        ),
        ("src_ip", json!("10.0.0.300"), "src_ip: must be an IPv4"),
        ("dest_ip", json!(["10.0.0.3"]), "dest_ip: must be text"),
        ("src_port", json!(65_536), "src_port: must be a port"),
        ("dest_port", json!("443"), "dest_port: must be a whole"),
        ("flow_id", json!(-1), "flow_id: must be a whole"),
        ("flow_id", json!(1.5), "flow_id: must be a whole"),
        ("host", json!(7), "host: must be text"),
        ("host", json!({ "name": 7 }), "host.name: must be text"),
        ("host", json!("h".repeat(256)), "host: must be at most 255"),
        ("proto", json!(6), "proto: must be text"),
        ("app_proto", json!({}), "app_proto: must be text"),
        ("in_iface", json!([]), "in_iface: must be text"),
    ]);
}

#[test]
fn wrong_fields_of_an_alert_are_named() {
    are_refused_by_name(&[
        ("alert", json!(null), "alert: missing"),
        ("alert", json!([]), "alert: must be an object"),
        (
            "alert",
            json!({ "severity": 1 }),
            "alert.signature: missing",
        ),
        (
            "alert",
            json!({ "signature": "x" }),
            "alert.severity: missing",
        ),
        (
            "alert",
            json!({ "signature": "x", "severity": "1" }),
            "alert.severity: must be a whole",
        ),
        (
            "alert",
            json!({ "signature": "x", "severity": 1, "category": 3 }),
            "alert.category: must be text",
        ),
    ]);
}

#[test]
fn what_is_no_record_is_refused() {
    for line in ["[]", "null", "7", "\"alert\""] {
        assert_eq!(refused(line), "record: must be a JSON object", "{line}");
    }
    for (line, expected) in [
        ("", "record: EOF"),
        ("{}", "event_type: missing"),
        ("{'a':1}", "record: key must be a string"),
        ("{\"a\":1}{\"a\":1}", "record: trailing characters"),
        ("{\"a\":1,\"a\":2}", "record: \"a\" is given twice"),
        (
            "{\"dns\":{\"q\":[0,{\"x\":1,\"x\":1}]}}",
            "dns.q[1]: \"x\" is given twice",
        ),
        (
            "{\"dns\":{\"q\":[0,\"a\\u0000b\"]}}",
            "dns.q[1]: must not contain U+0000",
        ),
        ("{\"a\\u0000b\":1}", "record: must not contain U+0000"),
        ("{\"flow_id\":1e999}", "flow_id: number out of range"),
        (
            "{\"flow_id\":18446744073709551616}",
            "flow_id: number beyond 64 bits",
        ),
        (
            "{\"flow_id\":-99999999999999999999}",
            "flow_id: number beyond 64 bits",
        ),
        ("{\"flow_id\":NaN}", "flow_id: expected"),
    ] {
        let error = refused(line);
        assert!(error.starts_with(expected), "{error} instead of {expected}");
    }
    assert!(refused(b"{\"a\":\"\xff\"}").contains("invalid unicode"));
    assert!(refused(b"{\"a\":\"\0\"}").contains("control character"));
    assert_eq!(
        refused(vec![b' '; RECORD_MAX + 1]),
        "record: a record has at most 1048576 bytes"
    );
}

#[test]
fn nesting_has_an_end() {
    let nested = |depth: usize| {
        let mut record = record("dns", json!({}));
        record["x"] = (0..depth).fold(json!(1), |inner, _| json!([inner]));
        record.to_string()
    };
    read_line(&nested(31));
    assert!(refused(nested(32)).contains("nested deeper than 32"));
    // Deep enough to overflow the stack of a reader that does not count.
    let endless = format!("{{\"x\":{}", "[".repeat(RECORD_MAX - 10));
    assert!(refused(endless).contains("nested deeper than 32"));
}
