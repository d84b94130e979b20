//! What the tests of every adapter use, and what must hold for all of them.

use std::ops::ControlFlow;

use base::{Severity, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Body, BodyError, Context, FORMATS, Format, Profile, Read, Reading, Sink};
use crate::events::{
    ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, NewEvent, SOURCE_NAME_MAX, TAG_MAX, TAGS_MAX,
};

/// What reads a body, in a [`Format`] or beside it.
pub(super) type ReadBody = fn(&Body<'_>, &Context<'_>, &mut Sink<'_>) -> Result<(), BodyError>;

/// What is known of the source `sender`.
pub(super) fn context(profile: &Profile) -> Context<'_> {
    Context {
        now: Timestamp::from_millis(1_800_000_000_000),
        bound: None,
        source: "sender",
        profile,
    }
}

/// Whether a body can be read, and what becomes of its records; every event is checked.
pub(super) fn fates(
    read: ReadBody,
    body: &Body<'_>,
    cx: &Context<'_>,
) -> (Result<(), BodyError>, Vec<Read>) {
    let mut found = Vec::new();
    let told = read(body, cx, &mut |read, _| {
        if let Ok(reading) = &read {
            keeps_the_limits(&reading.event);
        }
        found.push(read);
        ControlFlow::Continue(())
    });
    (told, found)
}

/// What becomes of the records of a body, or why it cannot be read.
pub(super) fn reads(
    read: ReadBody,
    body: &Body<'_>,
    cx: &Context<'_>,
) -> Result<Vec<Read>, BodyError> {
    let (told, found) = fates(read, body, cx);
    told.map(|()| found)
}

/// Reads a body as the source `sender`, and checks every event.
pub(super) fn read_all(format: &Format, body: impl AsRef<[u8]>) -> Vec<Read> {
    read_with(format, &Profile::default(), body)
}

/// The same for a source of which administrators said something.
pub(super) fn read_with(format: &Format, profile: &Profile, body: impl AsRef<[u8]>) -> Vec<Read> {
    let body = Body {
        bytes: body.as_ref(),
        media: "",
    };
    let (told, found) = fates(format.read, &body, &context(profile));
    if told.is_err() {
        assert!(found.is_empty(), "a body that cannot be read gave records");
    }
    found
}

/// Reads a body of one record, which must be good, also when it says by itself what it is.
pub(super) fn read_one(format: &Format, record: &Value) -> Reading {
    let text = record.to_string();
    let mut recognised = read_all(&super::json::FORMAT, &text);
    let mut found = read_all(format, &text);
    assert_eq!((found.len(), recognised.len()), (1, 1));
    let reading = found.remove(0).unwrap();
    let recognised = recognised.remove(0).unwrap();
    assert_eq!(
        recognised.event.description, reading.event.description,
        "not recognised"
    );
    assert_eq!(recognised.key, reading.key, "not recognised");
    reading
}

/// An event's attributes.
pub(super) fn attributes_of(event: &NewEvent) -> Value {
    serde_json::from_str(event.attributes.as_ref().unwrap().get()).unwrap()
}

/// The attributes of the event that was read.
pub(super) fn attributes(reading: &Reading) -> Value {
    attributes_of(&reading.event)
}

/// The value of a field, by its path; `null` when it is not there.
pub(super) fn field(reading: &Reading, path: &str) -> Value {
    let attributes = attributes(reading);
    let found = path
        .split('.')
        .try_fold(&attributes, |value, name| value.get(name));
    found.cloned().unwrap_or_default()
}

/// Compares fields with what they should be.
pub(super) fn fields_are(reading: &Reading, expected: &[(&str, Value)]) {
    for (path, value) in expected {
        assert_eq!(
            field(reading, path),
            *value,
            "{path} of {:#}",
            attributes(reading)
        );
    }
}

/// The limits of [`NewEvent`].
pub(super) fn keeps_the_limits(event: &NewEvent) {
    let within = |text: &str, max: usize| {
        let length = text.chars().count();
        assert!(
            (1..=max).contains(&length) && !text.contains('\0'),
            "{text:?}"
        );
        assert!(!text.trim().is_empty(), "{text:?}");
    };
    within(&event.source_name, SOURCE_NAME_MAX);
    within(&event.event_type, EVENT_TYPE_MAX);
    assert!(event.event_type.is_ascii(), "{}", event.event_type);
    within(&event.description, DESCRIPTION_MAX);
    assert!(
        !event
            .event_type
            .contains(|c: char| c.is_whitespace() || c.is_uppercase())
    );
    assert!(event.tags.len() <= TAGS_MAX);
    for tag in &event.tags {
        within(tag, TAG_MAX);
    }
    assert!(
        event
            .occurred_at
            .is_none_or(|time| super::time::within(time).is_some())
    );
    if let Some(attributes) = &event.attributes {
        assert!(attributes.get().len() <= ATTRIBUTES_MAX);
        let value: Value = serde_json::from_str(attributes.get()).unwrap();
        assert!(value.is_object() && !holds_nul(&value), "{value}");
    }
}

/// Whether U+0000 is in a text or a name, which the API refuses.
fn holds_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(values) => values.iter().any(holds_nul),
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| name.contains('\0') || holds_nul(value)),
        _ => false,
    }
}

/// JSON of any shape whose names are among those given.
pub(super) fn any_json(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u64..100_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ -~]{0,20}".prop_map(Value::from),
        any::<std::net::IpAddr>().prop_map(|address| address.to_string().into()),
        Just("2026-03-14T09:26:53Z".into()),
    ];
    leaf.prop_recursive(4, 64, 8, move |inner| {
        let name = prop::sample::select(names);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..8).prop_map(|members| {
                let members = members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value));
                Value::Object(members.collect())
            }),
        ]
    })
}

/// Whether a record with any of its members replaced by anything still gives an event within the
/// limits, or is refused.
pub(super) fn survives(format: &Format, record: &Value, name: &str, value: Value) {
    let mut record = record.clone();
    record[name] = value;
    read_all(format, record.to_string());
}

/// What was recorded of a real sender, in `tests/fixtures/wire/`.
pub(super) fn recorded(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/wire/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

/// The body of a recorded request.
pub(super) fn recorded_body(name: &str) -> Vec<u8> {
    let request = recorded(name);
    let head = request
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    request[head + 4..].to_vec()
}

#[test]
fn every_format_has_a_name_of_its_own() {
    let names = FORMATS
        .iter()
        .flat_map(|format| format.aliases.iter().chain([&format.name]));
    let mut names: Vec<&&str> = names.collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}

#[test]
fn a_list_of_records_is_one_event_a_record_in_every_format_of_json() {
    let found = read_all(
        &super::json::FORMAT,
        "{\"Records\":[{\"message\":\"a\"},{\"message\":\"b\"}]}",
    );
    let told: Vec<String> = found
        .into_iter()
        .map(|read| read.unwrap().event.description)
        .collect();
    assert_eq!(told, ["a", "b"]);
}

#[test]
fn what_only_looks_like_a_known_format_is_read_like_any_object() {
    for record in [
        json!({"rule": "cpu", "priority": "P1", "output": "cpu is high", "time": "2026-11-20T09:00:00Z"}),
        json!({"rule": {"level": "high"}, "agent": "x", "message": "m"}),
        json!({"type": "alarm", "severity": "high", "resource": "db", "service": "api", "message": "m"}),
        json!({"scenario": 1, "source": "s", "decisions": [], "message": "m"}),
        json!({"EventID": "login", "Hostname": "h", "message": "m"}),
        json!({"eventName": 1, "eventSource": "x", "awsRegion": "y", "message": "m"}),
        json!({"class_uid": "x", "metadata": {}, "message": "m"}),
        json!({"event_type": "login", "timestamp": "2026-11-20T09:00:00Z", "src_ip": "192.0.2.1", "message": "m"}),
        json!({"_path": 5, "ts": 1, "message": "m"}),
        json!({"event_type": "port scan", "timestamp": "2026-11-20T09:00:00Z", "flow_id": 1, "message": "m"}),
        json!({"event_type": "scan", "timestamp": "2026-11-20 09:00:00", "in_iface": "a", "message": "m"}),
        json!({"event_type": "login", "timestamp": "2026-11-20T09:00:00Z", "community_id": "1:x", "message": "m"}),
        json!({"event_type": "alert", "timestamp": "2026-11-20T09:00:00Z", "alert": {"name": "cpu"}, "message": "m"}),
    ] {
        let read = read_all(&super::json::FORMAT, record.to_string());
        let event = &read[0].as_ref().unwrap().event;
        let known = [
            "falco-",
            "wazuh-",
            "guardduty-",
            "crowdsec-",
            "windows-",
            "cloudtrail-",
            "ocsf-",
            "suricata-",
            "zeek-",
        ];
        assert!(
            !known.iter().any(|name| event.event_type.starts_with(name)),
            "{record}: {}",
            event.event_type
        );
    }
}

#[test]
fn the_source_has_the_last_word_on_severity() {
    let profile: Profile =
        serde_json::from_value(json!({"severities": {"10": "CRITICAL"}})).unwrap();
    let record = json!({
        "rule": {"level": 10, "description": "x", "id": "1"}, "agent": {"name": "a"}, "id": "1.2",
    });
    let mut found = read_with(&super::wazuh::FORMAT, &profile, record.to_string());
    assert_eq!(found.remove(0).unwrap().event.severity, Severity::Critical);
}

proptest! {
    #[test]
    fn any_bytes_in_any_format_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for format in FORMATS {
            read_all(format, &bytes);
        }
    }

    #[test]
    fn any_text_in_any_format_is_read_or_refused(text in "[#{}\\[\\]\":,|=<> \ta-z0-9-]{0,120}") {
        for format in FORMATS {
            read_all(format, &text);
        }
    }
}

#[test]
fn no_event_has_a_time_outside_the_years_1_to_9999() {
    for line in [
        "LEEF:1.0|V|P|1|e|devTime=0000-01-01 00:00:00\tdevTimeFormat=yyyy-MM-dd HH:mm:ss",
        "<13>1 0000-01-01T00:00:00Z host app - - - text",
        "{\"message\":\"<13>1 0000-01-01T00:00:00Z host app - - - text\"}",
    ] {
        for format in [&super::json::FORMAT, &super::syslog::FORMAT] {
            let read = read_all(format, line).remove(0);
            assert_eq!(read.unwrap().event.occurred_at, None, "{line}");
        }
    }
}
