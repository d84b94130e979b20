//! Small requests do not become large events, and no event holds what no database does.

use serde_json::json;

use super::*;

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
    let mut taken = 0;
    let body = Body {
        bytes: &request,
        media: PROTOBUF,
    };
    let done = read(&body, &context(&profile), &mut |_, _| {
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
    let refused = body_of(many.as_bytes(), JSON).unwrap_err();
    assert_eq!(refused, BodyError::TooMany(100_000));
}

#[test]
fn a_large_resource_is_not_kept_with_each_of_its_records() {
    let long = "x".repeat(20_000);
    let request = json!({"resourceLogs": [{
        "resource": {"attributes": [{"key": "big", "value": {"stringValue": long}}]},
        "scopeLogs": [{"logRecords": [{"body": {"stringValue": "a"}}]}],
    }]});
    let found = first(&request);
    assert!(attributes(&found)["otlp"].get("resource").is_none());
    let label = attributes(&found)["labels"]["big"].as_str().unwrap().len();
    assert!(label < 1_100, "{label}");
}
