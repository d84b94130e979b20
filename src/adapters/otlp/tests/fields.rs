//! Severity, source and key come from where the protocol keeps them.

use serde_json::json;

use super::*;

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
    let found = first(&request);
    assert_eq!(found.event.source_name, "sender");
    assert!(attributes(&found).get("service").is_none());
}

#[test]
fn the_uid_of_a_record_makes_it_stored_once() {
    let record =
        json!({"attributes": [{"key": "log.record.uid", "value": {"stringValue": "01ABC"}}]});
    let found = one_json(&record);
    assert_eq!(found.key.as_deref(), Some("01ABC"));
    assert_eq!(attributes(&found)["event"]["id"], "01ABC");
}
