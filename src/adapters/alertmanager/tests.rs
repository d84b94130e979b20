use base::{Severity, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::adapters::tests::{ReadBody, attributes, context, reads};
use crate::adapters::{Profile, Read};

/// Midday of the day the alerts are of.
const NOW: &str = "2026-11-20T12:00:00Z";

fn all(read: ReadBody, body: &[u8], profile: &Profile) -> Result<Vec<Read>, BodyError> {
    let cx = Context {
        now: Timestamp::parse(NOW).unwrap(),
        ..context(profile)
    };
    let body = Body {
        bytes: body,
        media: "application/json",
    };
    reads(read, &body, &cx)
}

fn firing() -> Value {
    json!({
        "status": "firing",
        "labels": {
            "alertname": "HostDown", "severity": "critical", "instance": "cam-3:9100", "job": "node",
            "namespace": "prod",
        },
        "annotations": {"summary": "camera host down", "description": "no answer for 5 min", "runbook_url": "http://127.0.0.1/rb"},
        "startsAt": "2026-11-20T11:23:58.909539794Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": "http://127.0.0.1:9090/g", "fingerprint": "e93fc2bcbc3054ee",
    })
}

fn message(alerts: &[Value]) -> Value {
    json!({
        "receiver": "wp", "status": "firing", "alerts": alerts, "groupLabels": {}, "commonLabels": {},
        "commonAnnotations": {}, "externalURL": "http://am:9093", "version": "4",
        "groupKey": "{}:{}", "truncatedAlerts": 0,
    })
}

fn hooked(alert: &Value) -> Read {
    let body = message(std::slice::from_ref(alert)).to_string();
    all(webhook, body.as_bytes(), &Profile::default())
        .unwrap()
        .remove(0)
}

fn sent(alert: &Value) -> Read {
    let body = json!([alert]).to_string();
    all(posted, body.as_bytes(), &Profile::default())
        .unwrap()
        .remove(0)
}

fn with(mut alert: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        let (outer, name) = pointer.rsplit_once('/').unwrap();
        let outer = alert.pointer_mut(outer).unwrap().as_object_mut().unwrap();
        if value.is_null() {
            outer.remove(name);
        } else {
            outer.insert(name.to_owned(), value.clone());
        }
    }
    alert
}

#[test]
fn what_alerts_share_costs_once() {
    // Copied for each it would be 60 GB.
    let mut body = message(&vec![firing(); 2_000]);
    body["groupKey"] = "k\u{0}".repeat(5 << 20).into();
    let all = all(webhook, body.to_string().as_bytes(), &Profile::default()).unwrap();
    assert_eq!(all.len(), 2_000);
    let key = &attributes(all[1_999].as_ref().unwrap())["alertmanager_group"]["key"];
    assert_eq!(key, &format!("{}…", "k\u{fffd}".repeat(512)));
}

#[test]
fn an_alert_that_fires_is_told_with_all_it_says() {
    let alert = firing();
    let found = hooked(&alert).unwrap();
    let event = &found.event;
    assert_eq!(event.source_name, "alertmanager");
    assert_eq!(event.event_type, "hostdown");
    assert_eq!(event.severity, Severity::Critical);
    assert_eq!(event.description, "camera host down\nno answer for 5 min");
    assert_eq!(
        event.occurred_at,
        Some(Timestamp::parse("2026-11-20T11:23:58.909539Z").unwrap())
    );
    assert_eq!(event.tags, ["firing"]);
    assert_eq!(found.said.as_deref(), Some("critical"));
    assert_eq!(
        attributes(&found),
        json!({
            "event": {
                "kind": "alert", "module": "alertmanager", "dataset": "alertmanager.alert",
                "action": "firing", "id": "e93fc2bcbc3054ee", "start": "2026-11-20T11:23:58.909539Z",
            },
            "host": {"name": "cam-3"}, "service": {"name": "node"},
            "orchestrator": {"namespace": "prod"},
            "observer": {"vendor": "Prometheus", "product": "Alertmanager"},
            "rule": {"name": "HostDown", "reference": "http://127.0.0.1/rb"},
            "url": {"full": "http://127.0.0.1:9090/g"},
            "labels": {
                "alertname": "HostDown", "severity": "critical", "instance": "cam-3:9100", "job": "node",
                "namespace": "prod",
            },
            "alertmanager_group": {"receiver": "wp", "key": "{}:{}", "url": "http://am:9093"},
            "alertmanager": alert,
        })
    );
}

#[test]
fn what_is_resolved_is_info_and_closes_what_fired() {
    let begun = hooked(&firing()).unwrap();
    let over = with(
        firing(),
        &[
            ("/status", json!("resolved")),
            ("/endsAt", json!("2026-11-20T11:30:00Z")),
        ],
    );
    let ended = hooked(&over).unwrap();
    assert_eq!(ended.event.severity, Severity::Info);
    assert_eq!(
        ended.said, None,
        "no map of severities makes an alert of it"
    );
    assert!(
        ended
            .event
            .description
            .starts_with("Resolved: camera host down")
    );
    assert_eq!(
        ended.event.occurred_at,
        Some(Timestamp::parse("2026-11-20T11:30:00Z").unwrap())
    );
    assert_eq!(
        (&ended.closes, &ended.ongoing),
        (&begun.key, &begun.ongoing)
    );
    assert!(begun.key.is_some() && begun.ongoing.is_some());
    assert_ne!(ended.key, begun.key);
    assert_eq!(begun.closes, None);
}

#[test]
fn the_key_is_what_fires_and_since_when() {
    let first = hooked(&firing()).unwrap();
    let again = hooked(&with(
        firing(),
        &[("/annotations/summary", json!("still down"))],
    ))
    .unwrap();
    assert_eq!(first.key, again.key);
    let later = hooked(&with(
        firing(),
        &[("/startsAt", json!("2026-11-20T11:50:00Z"))],
    ))
    .unwrap();
    assert_ne!(first.key, later.key);
    assert_eq!(first.ongoing, later.ongoing);
    let other = hooked(&with(
        firing(),
        &[("/fingerprint", json!("2d8f90f8daf2abd3"))],
    ))
    .unwrap();
    assert_ne!(first.ongoing, other.ongoing);
}

#[test]
fn labels_say_how_bad_it_is() {
    let severity =
        |changes: &[(&str, Value)]| hooked(&with(firing(), changes)).unwrap().event.severity;
    assert_eq!(
        severity(&[("/labels/severity", json!("warning"))]),
        Severity::Medium
    );
    assert_eq!(
        severity(&[("/labels/severity", json!("page"))]),
        Severity::Critical
    );
    assert_eq!(
        severity(&[("/labels/severity", json!("none"))]),
        Severity::Info
    );
    assert_eq!(
        severity(&[("/labels/severity", Value::Null)]),
        Severity::Medium
    );
    assert_eq!(
        severity(&[("/labels/severity", json!("teal"))]),
        Severity::Medium
    );
    let by_priority = [
        ("/labels/severity", Value::Null),
        ("/labels/priority", json!("P2")),
    ];
    assert_eq!(severity(&by_priority), Severity::High);
}

#[test]
fn a_source_may_say_what_its_labels_mean() {
    let profile = Profile {
        severities: [("teal".to_owned(), Severity::High)].into(),
        ..Profile::default()
    };
    let of = |alert: &Value| {
        let body = message(std::slice::from_ref(alert)).to_string();
        let read = all(webhook, body.as_bytes(), &profile).unwrap().remove(0);
        read.unwrap().event.severity
    };
    let teal = with(firing(), &[("/labels/severity", json!("teal"))]);
    assert_eq!(of(&teal), Severity::High);
    assert_eq!(
        of(&with(teal, &[("/status", json!("resolved"))])),
        Severity::Info
    );
}

#[test]
fn an_instance_is_a_host_or_an_address() {
    for (instance, host, address) in [
        ("cam-3:9100", Some("cam-3"), None),
        ("cam-3", Some("cam-3"), None),
        ("192.0.2.7:9100", None, Some("192.0.2.7")),
        ("[2001:db8::7]:9100", None, Some("2001:db8::7")),
        ("2001:db8::7", None, Some("2001:db8::7")),
        ("https://shop.example/health", Some("shop.example"), None),
    ] {
        let found = hooked(&with(firing(), &[("/labels/instance", json!(instance))])).unwrap();
        let fields = attributes(&found);
        assert_eq!(fields["host"]["name"].as_str(), host, "{instance}");
        assert_eq!(fields["host"]["ip"].as_str(), address, "{instance}");
        assert_eq!(
            found.event.ip_address,
            address.map(|it| it.parse().unwrap()),
            "{instance}"
        );
    }
}

#[test]
fn an_alert_without_annotations_is_told_by_its_name() {
    let bare = with(firing(), &[("/annotations", Value::Null)]);
    assert_eq!(
        hooked(&bare).unwrap().event.description,
        "HostDown on cam-3:9100"
    );
    let long = with(
        firing(),
        &[("/annotations", json!({"description": "only this"}))],
    );
    assert_eq!(hooked(&long).unwrap().event.description, "only this");
}

#[test]
fn what_is_no_message_is_refused_by_name() {
    for (change, field) in [
        (("/labels", json!([])), "labels"),
        (("/labels/x", json!(5)), "labels.x"),
        (("/startsAt", json!("soon")), "startsAt"),
        (("/endsAt", json!(5)), "endsAt"),
        (("/status", json!("pending")), "status"),
        (("/status", Value::Null), "status"),
    ] {
        let errors = hooked(&with(firing(), std::slice::from_ref(&change))).unwrap_err();
        assert_eq!(errors.keys().collect::<Vec<_>>(), [field]);
    }
    for body in [json!({}), json!({"alerts": 5}), json!("x")] {
        let found = all(webhook, body.to_string().as_bytes(), &Profile::default()).unwrap();
        assert!(
            found[0].as_ref().unwrap_err().contains_key("alerts"),
            "{body}"
        );
    }
    let both = message(&[json!({"labels": 5}), firing()]).to_string();
    let found = all(webhook, both.as_bytes(), &Profile::default()).unwrap();
    assert!(
        found[0].is_err() && found[1].is_ok(),
        "one bad alert costs only itself"
    );
}

#[test]
fn what_prometheus_posts_is_over_when_its_end_is_past() {
    let alert = with(
        firing(),
        &[("/status", Value::Null), ("/fingerprint", Value::Null)],
    );
    let ends = |at: &str| with(alert.clone(), &[("/endsAt", json!(at))]);
    let begun = sent(&ends("2026-11-20T12:04:00Z")).unwrap();
    assert_eq!(begun.event.source_name, "prometheus");
    assert_eq!(begun.event.severity, Severity::Critical);
    assert!(begun.closes.is_none());
    let over = sent(&ends("2026-11-20T11:59:00Z")).unwrap();
    assert_eq!(over.event.severity, Severity::Info);
    assert_eq!((&over.closes, &over.ongoing), (&begun.key, &begun.ongoing));
    let fingerprint = attributes(&begun)["event"]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(fingerprint.len(), 16);
    let open = sent(&with(
        alert,
        &[("/startsAt", Value::Null), ("/endsAt", Value::Null)],
    ))
    .unwrap();
    assert_eq!(open.key, None, "only the labels say what it is");
    assert_eq!(open.ongoing, begun.ongoing);
}

#[test]
fn what_prometheus_may_not_post_is_refused() {
    let bare = json!({"labels": {"alertname": "X"}});
    assert!(sent(&bare).is_ok());
    let empty = [
        json!({}),
        json!({"labels": {}}),
        json!({"labels": {"a": ""}}),
    ];
    for alert in empty {
        assert!(sent(&alert).unwrap_err().contains_key("labels"), "{alert}");
    }
    let backwards = with(
        bare,
        &[
            ("/startsAt", json!("2026-11-20T11:00:00Z")),
            ("/endsAt", json!("2026-11-20T10:00:00Z")),
        ],
    );
    assert!(sent(&backwards).unwrap_err().contains_key("endsAt"));
    for body in ["", "{}", "[", "5"] {
        assert!(
            all(posted, body.as_bytes(), &Profile::default()).is_err(),
            "{body}"
        );
    }
    assert!(all(posted, b"[]", &Profile::default()).unwrap().is_empty());
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
        Just(Value::from("firing")),
        Just(Value::from("resolved")),
        Just(Value::from("2026-11-20T11:00:00Z")),
    ];
    let name = prop_oneof![
        Just("alerts".to_owned()),
        Just("labels".to_owned()),
        Just("annotations".to_owned()),
        Just("status".to_owned()),
        Just("startsAt".to_owned()),
        Just("instance".to_owned()),
        ".{0,8}",
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::Array),
            proptest::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_comes_in_events_keep_the_limits(value in any_json(), label in ".{0,300}", name in ".{0,40}") {
        let mut alert = firing();
        alert["labels"][&name] = label.clone().into();
        alert["annotations"]["summary"] = label.into();
        alert["labels"]["alertname"] = name.into();
        let bodies = [value.clone(), message(&[value.clone(), alert.clone()]), json!([value, alert])];
        for body in bodies {
            for read in [webhook as ReadBody, posted] {
                let body = body.to_string();
                for read in all(read, body.as_bytes(), &Profile::default()).unwrap_or_default() {
                    let key = read.ok().and_then(|reading| reading.key);
                    prop_assert!(key.is_none_or(|key| key.len() <= 1_024));
                }
            }
        }
    }
}
