//! What an event says that a line became: how bad it is, its structured data, what is missing.

use base::Severity;
use serde_json::json;

use super::*;

#[test]
fn the_level_ends_at_medium_and_the_source_may_say_otherwise() {
    use Severity::{Info, Low, Medium};
    let severity = |priority: u8| read(format!("<{priority}>m"))[0].severity;
    let levels: Vec<Severity> = (0..8).map(severity).collect();
    assert_eq!(
        levels,
        [Medium, Medium, Medium, Medium, Low, Info, Info, Info]
    );
    assert_eq!(read("m")[0].severity, Info, "without a PRI");
    let profile: Profile = serde_json::from_value(json!({
        "default_type": "printer", "default_severity": "LOW", "severities": {"crit": "CRITICAL"},
    }))
    .unwrap();
    let events = read_with(&profile, b"<10>m\n<11>m\nm");
    let told: Vec<_> = events
        .iter()
        .map(|event| (event.severity, event.event_type.as_str()))
        .collect();
    let expected = [
        (Severity::Critical, "printer"),
        (Medium, "printer"),
        (Low, "printer"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_message_that_is_empty_shows_its_structured_data() {
    let event = &one("<13>1 - vm app - - [alarm@1 state=\"on\"]");
    assert_eq!(event.description, "[alarm@1 state=\"on\"]");
}

#[test]
fn parameters_of_structured_data_are_read_as_pairs_are() {
    let events = read(
        "<14>1 2026-11-20T17:00:00Z srx-1 RT_FLOW - RT_FLOW_SESSION_DENY [junos@2636.1.1.1.2.40 \
         source-address=\"10.0.0.5\" source-port=\"4000\" destination-address=\"203.0.113.9\" \
         destination-port=\"443\" policy-name=\"deny-all\" username=\"ana\" severity=\"high\" msg=\"session denied\"]\
         [origin ip=\"192.0.2.77\"][timeQuality isSynced=\"1\"]",
    );
    let event = &events[0];
    let found = attributes_of(event);
    assert_eq!(found["source"], json!({"ip": "10.0.0.5", "port": 4000}));
    assert_eq!(
        found["destination"],
        json!({"ip": "203.0.113.9", "port": 443})
    );
    assert_eq!(found["user"]["name"], "ana");
    assert_eq!(found["rule"]["name"], "deny-all");
    assert_eq!(found["process"]["name"], "RT_FLOW");
    assert_eq!(event.severity, Severity::High);
    assert_eq!(event.description, "session denied");
    assert_eq!(event.ip_address, "203.0.113.9".parse().ok());
    // A level is no judgement, and the element about the sender names no end.
    let plain =
        &read("<14>1 2026-11-20T17:00:00Z h a - - [x@1 level=\"err\"][origin ip=\"192.0.2.77\"] m")
            [0];
    assert_eq!((plain.severity, plain.ip_address), (Severity::Info, None));
}

#[test]
fn what_is_missing_at_the_end_is_said() {
    let profile = Profile::default();
    let peer = Some("::ffff:192.0.2.7".parse().unwrap());
    let event = event(&header_of("<13>m"), peer, true, &received(&profile))
        .unwrap()
        .event;
    assert_eq!(event.tags, ["truncated"]);
    assert_eq!(
        attributes_of(&event)["log"]["source"]["address"],
        "192.0.2.7"
    );
}

#[test]
fn a_body_without_a_line_and_a_line_too_long_are_refused() {
    let profile = Profile::default();
    let told = |bytes: &[u8]| -> (bool, Vec<bool>) {
        let body = Body { bytes, media: "" };
        let (whole, found) = fates(FORMAT.read, &body, &received(&profile));
        (whole.is_ok(), found.iter().map(Result::is_ok).collect())
    };
    assert_eq!(told(b" \n\0\r\n"), (false, vec![]));
    let long = [&b"<13>a\n"[..], &vec![b'x'; RECORD_MAX + 1], b"\n<13>b"].concat();
    assert_eq!(told(&long), (true, vec![true, false, true]));
}
