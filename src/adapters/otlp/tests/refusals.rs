//! What is no request is refused as a whole; a bad record costs only itself.

use serde_json::json;

use super::*;

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
                values: vec![any_value(kind)],
            })
        })
    };
    for (levels, good) in [(24, true), (25, false), (60, false)] {
        let mut request = full();
        let record = &mut request.resource_logs[0].scope_logs[0].log_records[0];
        record
            .attributes
            .push(key_value("deep", any_value(deep(levels))));
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
