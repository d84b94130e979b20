use base::Severity::{High, Info, Low, Medium};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::FORMAT;
use crate::adapters::tests::{
    any_json, field, fields_are, read_all, read_one, recorded_body, survives,
};

/// What the http plugin of `CrowdSec` 1.4.6 sends: two alerts of one burst.
const PLUGIN: &str = "crowdsec_1.4.6_http_plugin.http";

fn alert() -> Value {
    json!({
        "uuid": "9f0c1f0e-7a5b-4a2c-9d5e-3f1f2a4b5c6d", "machine_id": "edge",
        "scenario": "crowdsecurity/http-probing", "scenario_hash": "ab", "scenario_version": "0.4",
        "message": "Ip 198.51.100.7 performed 'crowdsecurity/http-probing' (11 events over 2s) at 2026-11-20 17:50:29 +0000 UTC",
        "events_count": 11, "simulated": false, "remediation": true,
        "start_at": "2026-11-20T17:50:27Z", "stop_at": "2026-11-20T17:50:29Z",
        "labels": ["behavior:http:scan", "attack.T1595.003"],
        "source": {"scope": "Ip", "value": "198.51.100.7", "ip": "198.51.100.7", "as_number": "64500", "as_name": "EXAMPLE", "cn": "NL"},
        "decisions": [{"type": "ban", "duration": "4h", "origin": "crowdsec", "scope": "Ip", "value": "198.51.100.7"}],
        "events": [
            {"meta": [{"key": "http_path", "value": "/.env"}, {"key": "service", "value": "http"}, {"key": "http_verb", "value": "GET"}]},
            {"meta": [{"key": "http_path", "value": "/wp-login.php"}]},
        ],
    })
}

#[test]
fn an_alert_becomes_an_event() {
    let reading = read_one(&FORMAT, &alert());
    let event = &reading.event;
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("sender", "crowdsec-http-probing")
    );
    assert_eq!(event.severity, High);
    assert_eq!(
        event.description,
        "Ip 198.51.100.7 performed 'crowdsecurity/http-probing' (11 events over 2s, \
         ban, for 4h, paths /.env, /wp-login.php)"
    );
    assert_eq!(event.ip_address, "198.51.100.7".parse().ok());
    assert_eq!(event.tags, ["crowdsec", "ban", "T1595.003"]);
    assert_eq!(
        reading.key.as_deref(),
        Some("9f0c1f0e-7a5b-4a2c-9d5e-3f1f2a4b5c6d")
    );
    fields_are(
        &reading,
        &[
            ("rule.name", json!("crowdsecurity/http-probing")),
            ("source.as.number", json!(64500)),
            ("event.count", json!(11)),
            ("http.request.method", json!("GET")),
            ("related.path", json!(["/.env", "/wp-login.php"])),
            ("url.path", Value::Null),
            ("crowdsec.source.cn", json!("NL")),
            ("logsource.category", json!("webserver")),
        ],
    );
}

#[test]
fn a_long_path_is_named_once() {
    let mut alert = alert();
    let path = format!("/{}", "a".repeat(400));
    let event = json!({"meta": [{"key": "http_path", "value": path}]});
    alert["events"] = json!([event, event, event]);
    let paths = field(&read_one(&FORMAT, &alert), "related.path");
    assert_eq!(paths.as_array().unwrap().len(), 1);
}

#[test]
fn each_alert_of_a_burst_is_an_event_with_a_key_of_its_own() {
    let found = read_all(&FORMAT, recorded_body(PLUGIN));
    let readings: Vec<_> = found.into_iter().map(Result::unwrap).collect();
    assert_eq!(readings.len(), 2);
    assert_ne!(readings[0].key, readings[1].key);
    assert_eq!(readings[0].event.severity, High);
    assert_eq!(readings[0].event.event_type, "crowdsec-ssh-bf_user-enum");
    assert_eq!(
        readings[0].event.description,
        "Ip 203.0.113.77 performed 'crowdsecurity/ssh-bf_user-enum' (6 events over 4.801553ms, \
         ban, for 4h, users u0, u1, u2 and 3 more, on host1)"
    );
    fields_are(
        &readings[0],
        &[
            ("host.name", json!("host1")),
            ("service.name", json!("ssh")),
            ("logsource.service", json!("sshd")),
            ("user.name", Value::Null),
        ],
    );
    let recognised = read_all(&crate::adapters::json::FORMAT, recorded_body(PLUGIN));
    assert_eq!(recognised[1].as_ref().unwrap().key, readings[1].key);
}

#[test]
fn severity_is_what_was_decided() {
    let verdict = |change: &dyn Fn(&mut Value)| {
        let mut record = alert();
        change(&mut record);
        let reading = read_one(&FORMAT, &record);
        (reading.event.severity, reading.said.unwrap())
    };
    let is = |severity, word: &str| (severity, word.to_owned());
    assert_eq!(verdict(&|_| {}), is(High, "ban"));
    assert_eq!(
        verdict(&|it| it["decisions"][0]["type"] = json!("captcha")),
        is(Medium, "captcha")
    );
    assert_eq!(
        verdict(&|it| it["simulated"] = json!(true)),
        is(Low, "simulated")
    );
    assert_eq!(
        verdict(&|it| it["decisions"][0]["simulated"] = json!(true)),
        is(Low, "simulated")
    );
    assert_eq!(
        verdict(&|it| it["decisions"] = json!(null)),
        is(Medium, "undecided")
    );
    assert_eq!(
        verdict(&|it| {
            it["decisions"] = json!([]);
            it["remediation"] = json!(false);
        }),
        is(Low, "none")
    );
    assert_eq!(
        verdict(&|it| it["decisions"][0]["origin"] = json!("cscli")),
        is(Low, "manual")
    );
    assert_eq!(
        verdict(&|it| it["decisions"][0]["origin"] = json!("CAPI")),
        is(Info, "list")
    );
}

#[test]
fn without_an_uuid_scenario_source_and_beginning_are_the_key() {
    let mut record = alert();
    record["uuid"] = json!("");
    let key = read_one(&FORMAT, &record).key.unwrap();
    assert_eq!(
        key,
        "crowdsecurity/http-probing/ab/198.51.100.7/1795197027/edge"
    );
    record["start_at"] = json!("2026-11-20T17:50:27.999999999Z");
    assert_eq!(read_one(&FORMAT, &record).key.unwrap(), key);
    record["events"][0]["meta"] = json!([{"key": "machine", "value": "mail-1"}]);
    let other = read_one(&FORMAT, &record).key.unwrap();
    assert!(other.ends_with("/1795197027/mail-1"), "{other}");
    record["start_at"] = json!(null);
    assert_eq!(read_one(&FORMAT, &record).key, None);
}

#[test]
fn a_network_is_kept_and_is_no_address() {
    let mut record = alert();
    record["source"] = json!({"scope": "Range", "value": "198.51.100.0/24"});
    let reading = read_one(&FORMAT, &record);
    assert_eq!(reading.event.ip_address, None);
    assert_eq!(field(&reading, "source.address"), "198.51.100.0/24");
    let read = read_all(&FORMAT, "{\"source\":{}}");
    assert!(read[0].as_ref().unwrap_err().contains_key("scenario"));
}

proptest! {
    #[test]
    fn any_value_in_any_member_is_read_or_refused(
        name in prop::sample::select(vec![
            "scenario", "source", "decisions", "events", "labels", "message", "meta", "start_at",
            "behaviors", "uuid", "simulated",
        ]),
        value in any_json(&["ip", "value", "scope", "type", "duration", "meta", "key", "name", "label", "origin"]),
    ) {
        survives(&FORMAT, &alert(), name, value);
    }
}
