//! What administrators say of a source counts more than what its objects say.

use base::Severity::{Critical, High, Low, Medium};
use serde_json::{Value, json};

use super::*;

fn one_of(profile: Value, record: &Value) -> Reading {
    let profile: Profile = serde_json::from_value(profile).unwrap();
    read_with(&FORMAT, &profile, record.to_string())
        .remove(0)
        .unwrap()
}

#[test]
fn a_severity_a_profile_points_to_is_read_as_one_by_its_name() {
    for (pointer, value, expected) in [
        ("/x/s", json!(4), Low),
        ("/x/s", json!("0"), Medium),
        ("/x/s", json!(9), Critical),
        ("/x/s", json!("high"), High),
        ("/x/severity_id", json!(4), High),
    ] {
        let record = json!({"message": "m", "x": {"s": value, "severity_id": value}});
        let reading = one_of(json!({"mapping": {"severity": pointer}}), &record);
        assert_eq!(reading.event.severity, expected, "{pointer} {value}");
    }
}

#[test]
fn the_sources_profile_has_the_last_word() {
    let profile = json!({
        "severities": {"2": "MEDIUM"}, "mapping": {"description": "/a/b", "user.name": "/who"},
    });
    let record = json!({"level": 2, "message": "m", "a": {"b": "told"}, "who": "ana"});
    let reading = one_of(profile, &record);
    assert_eq!(told(&reading), (Medium, "told"));
    assert_eq!(field(&reading, "user.name"), "ana");
}
