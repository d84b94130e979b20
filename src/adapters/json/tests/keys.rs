//! An event has a key only where its sender's name for it is one of its own.

use serde_json::json;

use super::*;

#[test]
fn a_plain_id_is_no_key_and_an_events_id_is() {
    assert_eq!(one(&json!({"message": "m", "id": "a"})).key, None);
    assert_eq!(
        one(&json!({"message": "m", "_id": "a"})).key.as_deref(),
        Some("sender\0\0a")
    );
    assert_eq!(
        one(&json!({"message": "m", "event.id": 5})).key.as_deref(),
        Some("sender\0\0\u{35}")
    );
    assert_eq!(one(&json!({"message": "m", "EventID": 4625})).key, None);
    assert_eq!(one(&json!({"message": "m", "_id": {"$oid": 1}})).key, None);
}

#[test]
fn a_number_two_programs_count_to_is_no_key_of_both() {
    let of = |source: &str, time: u64| json!({"source": source, "time": time, "message": "m", "event": {"id": 17}});
    let own = |source: &str, time: &str| {
        json!({
            "source": source, "occurred_at": time, "event_type": "x", "severity": "LOW",
            "description": "d", "event": {"id": 17},
        })
    };
    let time = "2026-11-20T17:24:10Z";
    for [first, other, later] in [
        [
            of("a", 1_795_195_450),
            of("b", 1_795_195_450),
            of("a", 1_795_195_451),
        ],
        [
            own("a", time),
            own("b", time),
            own("a", "2026-11-20T17:24:11Z"),
        ],
    ] {
        let key = one(&first).key;
        assert!(key.is_some());
        assert_eq!(one(&first).key, key, "a retry is the same");
        assert_ne!(one(&other).key, key);
        assert_ne!(one(&later).key, key);
    }
    let long = one(&of(&"ä".repeat(255), 1_795_195_450));
    assert!(long.key.is_none_or(|key| key.len() <= 1_024));
    let id = "x".repeat(512);
    let name = "ö".repeat(64);
    let long = one(&json!({"source": name.repeat(2), "_id": id, "message": "m"}));
    assert!(long.key.is_some());
}
