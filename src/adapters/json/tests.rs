use base::Severity::{Critical, High, Info, Low, Medium};
use base::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tests::{
    any_json, attributes, field, fields_are, keeps_the_limits, read_all, read_with,
};
use super::*;
use crate::adapters::Profile;

fn all(body: &str) -> Vec<Reading> {
    read_all(&FORMAT, body)
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn one(value: &Value) -> Reading {
    let mut found = all(&value.to_string());
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// Reads a body of a media type.
fn of_media(media: &str, body: &[u8]) -> Result<Vec<Read>, String> {
    let profile = Profile::default();
    let cx = Context {
        now: Timestamp::from_millis(1_800_000_000_000),
        bound: None,
        source: "sender",
        profile: &profile,
    };
    let mut found = Vec::new();
    (FORMAT.read)(&Body { bytes: body, media }, &cx, &mut |read, _| {
        found.push(read);
        std::ops::ControlFlow::Continue(())
    })?;
    Ok(found)
}

/// The body of a recorded request.
fn body(capture: &str) -> &str {
    capture.split_once("\r\n\r\n").unwrap().1
}

fn at(reading: &Reading) -> String {
    reading
        .event
        .occurred_at
        .map(|time| time.to_string())
        .unwrap_or_default()
}

#[test]
fn winston_sends_a_level_and_a_message() {
    let single = all(body(include_str!(
        "../../../tests/fixtures/wire/winston_3.19_http_single.http"
    )));
    let event = &single[0].event;
    assert_eq!(
        (event.severity, event.description.as_str()),
        (High, "intrusion")
    );
    assert_eq!(event.ip_address, Some("203.0.113.7".parse().unwrap()));
    assert_eq!(single[0].said.as_deref(), Some("HIGH"));
    fields_are(
        &single[0],
        &[
            ("log.level", json!("error")),
            ("source.ip", json!("203.0.113.7")),
            ("record.level", json!("error")),
        ],
    );
    let batch = all(body(include_str!(
        "../../../tests/fixtures/wire/winston_3.19_http_batch.http"
    )));
    let told: Vec<_> = batch
        .iter()
        .map(|it| (it.event.severity, it.event.description.as_str()))
        .collect();
    assert_eq!(told, [(Medium, "a1"), (Low, "a2")]);
}

#[test]
fn the_address_of_a_request_is_its_source() {
    for (name, said) in [
        ("request_ip", "203.0.113.9, 192.168.32.12"),
        ("addr.remote", "203.0.113.9:34204"),
    ] {
        let reading = one(&json!({"message": "m", name: said}));
        assert_eq!(field(&reading, "source.ip"), json!("203.0.113.9"), "{name}");
    }
}

#[test]
fn fail2ban_gets_a_description_made_of_what_it_says() {
    let ban = all(body(include_str!(
        "../../../tests/fixtures/wire/fail2ban_1.0_ban.http"
    )));
    let event = &ban[0].event;
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("fail2ban", "ban")
    );
    assert_eq!(event.severity, High);
    assert_eq!(
        event.description,
        "ban: failures=3 jail=sshd src_ip=203.0.113.50"
    );
    assert_eq!(event.ip_address, Some("203.0.113.50".parse().unwrap()));
    assert_eq!(at(&ban[0]), "2026-11-20T17:24:10.000000Z");
    let unban = all(body(include_str!(
        "../../../tests/fixtures/wire/fail2ban_1.0_unban.http"
    )));
    assert_eq!(
        (unban[0].event.severity, unban[0].event.event_type.as_str()),
        (Low, "unban")
    );
}

#[test]
fn syslog_ng_and_fluent_bit_are_read_by_their_own_names() {
    let records = all(body(include_str!(
        "../../../tests/fixtures/wire/syslogng_3.38_http_ndjson.http"
    )));
    let event = &records[0].event;
    assert_eq!(
        (event.severity, event.description.as_str()),
        (Medium, "kernel panic \"quoted\"")
    );
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("vm", "app")
    );
    assert_eq!(at(&records[0]), "2026-11-20T17:50:04.000000Z");
    fields_are(
        &records[1],
        &[
            ("log.syslog.facility.name", json!("local3")),
            ("event.outcome", json!("failure")),
            ("host.name", json!("vm")),
            ("process.name", json!("app")),
        ],
    );
    let lines = all(body(include_str!(
        "../../../tests/fixtures/wire/fluentbit_5.1_http_json_lines.http"
    )));
    assert_eq!(
        (lines[0].event.severity, lines[1].event.severity),
        (High, Low)
    );
    assert_eq!(
        (
            lines[0].event.source_name.as_str(),
            lines[0].event.event_type.as_str()
        ),
        ("cam-3", "vms")
    );
    assert_eq!(at(&lines[0]), "2026-11-20T17:41:03.769550Z");
    let gelf = all(include_str!(
        "../../../tests/fixtures/wire/fluentbit_gelf_tcp_nul.bin"
    ));
    let told: Vec<_> = gelf
        .iter()
        .map(|it| (it.event.severity, it.event.description.as_str()))
        .collect();
    assert_eq!(told, [(High, "forced door"), (Low, "fan ok")]);
    assert_eq!(
        gelf[0].event.ip_address,
        Some("203.0.113.7".parse().unwrap())
    );
}

#[test]
fn a_form_of_python_is_a_record_with_its_template_filled_in() {
    let capture = include_str!("../../../tests/fixtures/wire/python_httphandler_form.http");
    let media = "application/x-www-form-urlencoded";
    let found = of_media(media, body(capture).as_bytes()).unwrap();
    let reading = found[0].as_ref().unwrap();
    assert_eq!(reading.event.description, "login failed for bob");
    assert_eq!(
        (reading.event.severity, reading.said.as_deref()),
        (Medium, Some("ERROR"))
    );
    assert_eq!(at(reading), "2026-11-20T17:50:05.502975Z");
    fields_are(
        reading,
        &[
            ("record.msg", json!("login failed for %s")),
            ("record.args", json!("('bob',)")),
            ("log.logger", json!("a")),
            ("log.origin.file.name", json!("py.py")),
            ("log.origin.file.line", json!(10)),
            ("file", json!(null)),
            ("process.pid", json!(13_019)),
        ],
    );
    let named =
        b"levelname=INFO&lineno=1&msg=user+%25s+logged+in+from+%25s&args=('ana',+'203.0.113.9')";
    let named = of_media(media, named).unwrap();
    fields_are(
        named[0].as_ref().unwrap(),
        &[
            ("user.name", json!("ana")),
            ("source.ip", json!("203.0.113.9")),
            ("event.outcome", json!("success")),
        ],
    );
    // Slack's way, and curl's: the media type says nothing of what is in the body.
    let slack = of_media(media, b"payload=%7B%22text%22%3A%22a+b%22%7D").unwrap();
    assert_eq!(slack[0].as_ref().unwrap().event.description, "a b");
    let curl = of_media(media, b"{\"message\":\"x\"}\n{\"message\":\"y\"}").unwrap();
    assert_eq!(curl.len(), 2);
    assert!(of_media(media, b"no form").is_err());
}

#[test]
fn lines_of_text_are_read_as_such_unless_they_are_said_to_be_json() {
    let text = b"[2026-11-20 17:24:10] ERROR x\nplain words\n";
    assert_eq!(of_media("text/plain", text).unwrap().len(), 2);
    assert_eq!(of_media("", b"plain words").unwrap().len(), 1);
    assert!(of_media("application/json", text).is_err());
    assert!(of_media("application/json", b"plain words").unwrap()[0].is_err());
    assert!(of_media("", b" ").is_err());
}

#[test]
fn pino_says_its_level_as_a_number() {
    let reading = one(&json!({
        "level": 50, "time": 1_795_195_450_123_u64, "pid": 17, "hostname": "web-1", "id": 7,
        "src_ip": "1.2.3.4", "msg": "bad login",
    }));
    let event = &reading.event;
    assert_eq!(
        (event.severity, event.description.as_str()),
        (Medium, "bad login")
    );
    assert_eq!(
        (event.source_name.as_str(), reading.key.as_deref()),
        ("web-1", None)
    );
    assert_eq!(at(&reading), "2026-11-20T17:24:10.123000Z");
    assert_eq!(field(&reading, "process.pid"), 17);
    assert_eq!(field(&reading, "log.level"), "error");
    assert_eq!(reading.said.as_deref(), Some("50"));
}

#[test]
fn fields_of_the_elastic_common_schema_are_taken_nested_and_dotted() {
    for value in [
        json!({"source": {"ip": "192.0.2.1", "port": 4000}, "destination": {"ip": "192.0.2.2"},
            "event": {"id": "e-1", "action": "login", "outcome": "failure", "category": ["authentication"]},
            "user": {"name": "ana"}, "process": {"name": "sshd", "parent": {"pid": 1}},
            "message": "m", "threat": {"technique": {"id": ["T1110.001"], "name": ["Brute"]}},
            "labels": {"env.x": "prod"}}),
        json!({"source.ip": "192.0.2.1", "source.port": "4000", "destination.ip": "192.0.2.2",
            "event.id": "e-1", "event.action": "login", "event.outcome": "failure",
            "event.category": "authentication", "user.name": "ana", "process.name": "sshd",
            "process.parent.pid": 1, "message": "m", "threat.technique.id": "T1110.001",
            "threat.technique.name": "Brute", "labels": {"env.x": "prod"}}),
    ] {
        let reading = one(&value);
        fields_are(
            &reading,
            &[
                ("source.ip", json!("192.0.2.1")),
                ("source.port", json!(4000)),
                ("destination.ip", json!("192.0.2.2")),
                ("event.id", json!("e-1")),
                ("event.action", json!("login")),
                ("event.outcome", json!("failure")),
                ("event.category", json!("authentication")),
                ("user.name", json!("ana")),
                ("process.name", json!("sshd")),
                ("process.parent.pid", json!(1)),
                ("threat.technique.id", json!(["T1110.001"])),
                ("labels.env_x", json!("prod")),
            ],
        );
        assert_eq!(reading.key.as_deref(), Some("sender\0\0e-1"));
        assert_eq!(reading.event.tags, ["T1110.001"]);
        assert_eq!(reading.event.event_type, "sshd");
    }
}

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

#[test]
fn our_own_form_is_no_record_of_suricata() {
    let own = |kind: &str, inner: Value| {
        let mut value = json!({
            "source_name": "edr", "event_type": kind, "severity": "CRITICAL", "description": "bad",
            "timestamp": "2026-11-20T17:24:10Z",
        });
        value[kind] = inner;
        one(&value)
    };
    for (kind, inner) in [
        ("process", json!({"name": "x.exe"})),
        ("alert", json!({})),
        ("dns", json!({})),
    ] {
        let reading = own(kind, inner);
        assert_eq!(
            (reading.event.severity, reading.event.event_type.as_str()),
            (Critical, kind)
        );
        assert_eq!(reading.event.source_name, "edr");
    }
    // Nor is what anybody writes with a member that is called like its type.
    let other = one(&json!({
        "event_type": "process", "timestamp": "2026-11-20T17:24:10Z", "severity": "HIGH",
        "message": "m", "process": {"name": "x.exe"},
    }));
    assert_eq!(
        (other.event.severity, other.event.event_type.as_str()),
        (High, "process")
    );
}

#[test]
fn the_form_of_our_own_api_is_read_as_the_api_reads_it() {
    let value = json!({
        "source": "edge", "event_type": "Intrusion", "severity": "critical", "description": " d ",
        "ip_address": "198.51.100.7", "tags": ["a"], "attributes": {"user": "root"}, "more": 1,
        "occurred_at": "2026-01-31T23:59:00Z",
    });
    let reading = one(&value);
    let event = events::read_new(value.to_string().as_bytes()).unwrap();
    assert_eq!(format!("{:?}", reading.event), format!("{event:?}"));
    assert_eq!(
        (reading.event.severity, reading.said.as_deref()),
        (Critical, Some("critical"))
    );
    // What the API would refuse is understood all the same.
    let loose = json!({
        "source": "edge", "event_type": "two words", "severity": "warn", "description": "d",
        "occurred_at": 1_795_195_450,
    });
    let reading = one(&loose);
    assert_eq!(
        (reading.event.severity, reading.event.event_type.as_str()),
        (Low, "two-words")
    );
    assert_eq!(at(&reading), "2026-11-20T17:24:10.000000Z");
}

#[test]
fn a_message_that_is_an_object_is_looked_into() {
    let container = one(&json!({
        "log": "{\"level\":\"error\",\"msg\":\"denied\",\"client_ip\":\"203.0.113.9\",\"user\":\"ana\"}\n",
        "stream": "stderr", "time": "2026-11-20T17:24:10.5Z",
        "kubernetes": {"pod_name": "web-7d4", "namespace_name": "shop", "container_name": "web", "host": "node-1"},
    }));
    let event = &container.event;
    assert_eq!(
        (event.severity, event.description.as_str()),
        (Medium, "denied")
    );
    assert_eq!(event.source_name, "node-1");
    fields_are(
        &container,
        &[
            ("source.ip", json!("203.0.113.9")),
            ("user.name", json!("ana")),
            ("container.name", json!("web")),
            ("orchestrator.namespace", json!("shop")),
            ("orchestrator.resource.name", json!("web-7d4")),
        ],
    );
    // What is inside may be of a format that is known.
    let alert = json!({
        "timestamp": "2026-11-20T17:24:10.000000+0000", "event_type": "alert", "flow_id": 1,
        "src_ip": "203.0.113.9", "dest_ip": "10.0.0.1", "proto": "TCP",
        "alert": {"signature": "ET x", "signature_id": 1, "severity": 1, "category": "y", "action": "allowed"},
    });
    let shipped = one(&json!({
        "@timestamp": "2026-11-20T17:24:11Z", "message": alert.to_string(),
        "host": {"name": "ids-1"}, "log": {"file": {"path": "/var/log/eve.json"}},
    }));
    assert_eq!(
        (shipped.event.severity, shipped.event.event_type.as_str()),
        (High, "suricata-alert")
    );
    fields_are(
        &shipped,
        &[
            ("host.name", json!("ids-1")),
            ("log.file.path", json!("/var/log/eve.json")),
            ("suricata.flow_id", json!(1)),
        ],
    );
}

#[test]
fn a_message_in_a_form_that_is_known_gives_its_fields() {
    let cef = one(&json!({
        "PRIORITY": "notice", "HOST": "fw", "ISODATE": "2026-11-20T17:24:10Z",
        "MESSAGE": "CEF:0|V|P|1|100|worm stopped|10|src=203.0.113.9 act=blocked",
    }));
    assert_eq!(
        (cef.event.severity, cef.event.description.as_str()),
        (Critical, "worm stopped (blocked, from 203.0.113.9)")
    );
    assert_eq!(cef.said.as_deref(), Some("10"));
    let sentence = one(&json!({
        "message": "Failed password for root from 203.0.113.9 port 22 ssh2", "src_ip": "192.0.2.1", "level": "info",
    }));
    assert_eq!(
        (sentence.event.severity, sentence.event.event_type.as_str()),
        (Info, "sshd")
    );
    let pairs = one(&json!({"severity": "HIGH", "msg": "level=debug a=1 user=ana b=2"}));
    assert_eq!(
        pairs.event.severity, High,
        "a level is no reason to doubt a judgement"
    );
    assert_eq!(field(&pairs, "user.name"), "ana");
}

#[test]
fn an_envelope_of_cloudevents_gives_its_key_and_its_data_the_event() {
    let plain = one(&json!({
        "specversion": "1.0", "id": "A-1", "source": "/sensors/7", "type": "com.example.door.forced",
        "time": "2026-11-20T17:24:10Z", "subject": "door 3", "datacontenttype": "application/json",
        "data": {"severity": "HIGH", "message": "forced door", "src_ip": "203.0.113.9"},
    }));
    let event = &plain.event;
    assert_eq!(
        (event.severity, event.description.as_str()),
        (High, "forced door")
    );
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("/sensors/7", "com.example.door.forced")
    );
    assert_eq!(plain.key.as_deref(), Some("/sensors/7 A-1"));
    assert_eq!(at(&plain), "2026-11-20T17:24:10.000000Z");
    fields_are(
        &plain,
        &[
            ("cloudevents.subject", json!("door 3")),
            ("source.ip", json!("203.0.113.9")),
            ("record.data.src_ip", json!("203.0.113.9")),
        ],
    );
    let own = json!({"source": "edge", "event_type": "x", "severity": "LOW", "description": "d"});
    let falco = json!({
        "output": "o", "priority": "Critical", "rule": "r", "time": "2026-11-20T17:24:10Z",
        "output_fields": {"proc.name": "sh"},
    });
    let batch = json!([
        {"specversion": "1.0", "id": "1", "source": "s", "type": "t", "data": own},
        {"specversion": "1.0", "id": "2", "source": "s", "type": "t", "data": falco},
        {"specversion": "1.0", "id": "3", "source": "s", "type": "t", "data": "a line"},
        {"specversion": "1.0", "id": "4", "source": "s", "type": "t", "severity": "HIGH"},
    ]);
    let found = all(&batch.to_string());
    let keys: Vec<_> = found.iter().filter_map(|it| it.key.as_deref()).collect();
    assert_eq!(keys, ["s 1", "s 2", "s 3", "s 4"]);
    assert_eq!(found[0].event.source_name, "edge");
    assert_eq!(found[0].said.as_deref(), Some("LOW"));
    assert_eq!(found[1].event.source_name, "s");
    assert!(found[1].event.event_type.starts_with("falco"));
    assert_eq!(field(&found[1], "cloudevents.id"), "2");
    assert_eq!(found[2].event.description, "a line");
    assert_eq!(
        (found[3].event.severity, found[3].event.description.as_str()),
        (High, "t")
    );
}

#[test]
fn a_day_and_a_time_of_day_apart_are_one_time() {
    for (record, expected) in [
        (
            json!({"date": "2026-11-20", "time": "17:24:10"}),
            "2026-11-20T17:24:10.000000Z",
        ),
        (
            json!({"date": "2026-11-20", "time": "18:24:10", "timezone": "+01"}),
            "2026-11-20T17:24:10.000000Z",
        ),
        (
            json!({"date": "2026/11/20", "time": "12:24:10.5", "tz": "EST"}),
            "2026-11-20T17:24:10.500000Z",
        ),
        (
            json!({"date": "2026-11-20", "time": "17:24:10Z", "tz": "EST"}),
            "2026-11-20T17:24:10.000000Z",
        ),
        (
            json!({"date": "2026-11-20", "time": "17:24:10", "tz": "XYZ"}),
            "2026-11-20T17:24:10.000000Z",
        ),
        (
            json!({"date": "2026-11-20", "time": "17:24:10", "timestamp": "2026-11-20T01:02:03Z"}),
            "2026-11-20T01:02:03.000000Z",
        ),
        (
            json!({"event": {"start": "2026-11-20T17:24:10Z"}}),
            "2026-11-20T17:24:10.000000Z",
        ),
        // A day alone would be midnight.
        (json!({"date": "2026-11-20"}), ""),
        (json!({"time": "17:24:10"}), ""),
    ] {
        let mut record = record;
        record["message"] = json!("m");
        assert_eq!(at(&one(&record)), expected, "{record}");
    }
}

#[test]
fn more_fields_of_the_elastic_common_schema_keep_their_names() {
    let fields = [
        ("event.type", json!("denied")),
        ("event.dataset", json!("fw.log")),
        ("event.sequence", json!(9)),
        ("event.count", json!(3)),
        ("event.start", json!("2026-11-20T17:24:10Z")),
        ("event.end", json!("2026-11-20T17:25:10Z")),
        ("source.bytes", json!(10)),
        ("destination.bytes", json!(11)),
        ("source.nat.ip", json!("192.0.2.3")),
        ("source.nat.port", json!(1025)),
        ("destination.nat.ip", json!("192.0.2.4")),
        ("network.application", json!("ssl")),
        ("file.size", json!(12)),
        ("file.type", json!("pe")),
        ("rule.version", json!("7")),
        ("rule.ruleset", json!("base")),
        ("rule.reference", json!("https://rules.example/7")),
        ("observer.ip", json!("192.0.2.5")),
        ("observer.serial_number", json!("SN1")),
        ("agent.type", json!("filebeat")),
        ("agent.version", json!("9.2.0")),
        ("agent.id", json!("a-1")),
        ("log.origin.file.name", json!("main.rs")),
        ("log.origin.file.line", json!(42)),
        ("log.origin.function", json!("main")),
        ("span.id", json!("00f067aa0ba902b7")),
    ];
    let mut nested = crate::adapters::Fields::default();
    for (path, value) in &fields {
        let value = match *path {
            "event.type" => json!([value]),
            _ => value.clone(),
        };
        nested.set(path, Some(value));
    }
    let mut record = Value::Object(nested.into_object());
    record["message"] = json!("m");
    let reading = one(&record);
    fields_are(&reading, &fields);
    assert_eq!(reading.event.event_type, "fw.log");
    // Not the text of a list that is no kind of event.
    assert_eq!(at(&reading), "2026-11-20T17:24:10.000000Z");
}

#[test]
fn records_of_microsoft_365_say_who_did_what_and_when() {
    let reading = one(&json!({
        "CreationTime": "2026-11-20T17:24:10", "Id": "x", "Operation": "UserLoggedIn", "Workload": "AzureActiveDirectory",
        "UserId": "ana@example.com", "ResultStatus": "Failed", "ClientIP": "203.0.113.9",
    }));
    assert_eq!(at(&reading), "2026-11-20T17:24:10.000000Z");
    fields_are(
        &reading,
        &[
            ("user.name", json!("ana@example.com")),
            ("event.outcome", json!("failure")),
            ("event.action", json!("UserLoggedIn")),
            ("source.ip", json!("203.0.113.9")),
        ],
    );
}

#[test]
fn what_a_rule_of_sigma_found_is_as_bad_as_the_rule_says() {
    let chainsaw = one(&json!({
        "group": "Sigma", "kind": "individual", "name": "Mimikatz", "level": "critical",
        "timestamp": "2026-11-20T17:24:10Z", "source": "sigma", "logsource": {"product": "windows"},
    }));
    let hayabusa = one(&json!({
        "Timestamp": "2026-11-20 17:24:10.000 +00:00", "RuleTitle": "Mimikatz", "Level": "crit",
        "Computer": "ws-1", "Channel": "Security", "EventID": 4688, "Details": "Cmd: x",
    }));
    for reading in [&chainsaw, &hayabusa] {
        assert_eq!(reading.event.severity, Critical);
    }
    assert_eq!(field(&hayabusa, "rule.name"), "Mimikatz");
    assert_eq!(hayabusa.event.source_name, "ws-1");
    for level in ["high", "critical"] {
        let log = one(&json!({"level": level, "message": "m"}));
        assert_eq!(
            (log.event.severity, log.said.as_deref()),
            (Medium, Some(level))
        );
    }
}

#[test]
fn a_severity_a_profile_points_to_is_read_as_one_by_its_name() {
    let profile = |pointer: &str| {
        serde_json::from_value::<Profile>(json!({"mapping": {"severity": pointer}})).unwrap()
    };
    for (pointer, value, expected) in [
        ("/x/s", json!(4), Low),
        ("/x/s", json!("0"), Medium),
        ("/x/s", json!(9), Critical),
        ("/x/s", json!("high"), High),
        ("/x/severity_id", json!(4), High),
    ] {
        let body = json!({"message": "m", "x": {"s": value, "severity_id": value}}).to_string();
        let read = read_with(&FORMAT, &profile(pointer), body)
            .remove(0)
            .unwrap();
        assert_eq!(read.event.severity, expected, "{pointer} {value}");
    }
}

#[test]
fn what_is_known_already_counts_less_than_what_the_object_says() {
    let profile = Profile::default();
    let cx = Context {
        now: Timestamp::from_millis(0),
        bound: None,
        source: "s",
        profile: &profile,
    };
    let record = read_object(br#"{"host":"inner","message":"m"}"#).unwrap();
    let mut draft = Draft {
        source_name: Some("outer".to_owned()),
        description: "outer".to_owned(),
        severity: Some(Low),
        key: Some("k".to_owned()),
        ..Draft::default()
    };
    draft.fields.set("host.name", Some("outer"));
    let reading = read(&record, draft, &cx).unwrap();
    let event = &reading.event;
    assert_eq!((event.description.as_str(), event.severity), ("m", Low));
    assert_eq!(
        (event.source_name.as_str(), reading.key.as_deref()),
        ("outer", Some("k"))
    );
    assert_eq!(field(&reading, "host.name"), "inner");
}

#[test]
fn the_sources_profile_has_the_last_word() {
    let profile: Profile = serde_json::from_value(json!({
        "severities": {"2": "MEDIUM"}, "mapping": {"description": "/a/b", "user.name": "/who"},
    }))
    .unwrap();
    let body = json!({"level": 2, "message": "m", "a": {"b": "told"}, "who": "ana"}).to_string();
    let mut found = read_with(&FORMAT, &profile, body);
    let reading = found.remove(0).unwrap();
    assert_eq!(
        (reading.event.severity, reading.event.description.as_str()),
        (Medium, "told")
    );
    assert_eq!(field(&reading, "user.name"), "ana");
}

#[test]
fn names_that_mean_nothing_stay_in_the_record_only() {
    let value =
        json!({"message": "m", "ip_count": "7", "sip": "192.0.2.1", "größe": 1, "user": "-"});
    let reading = one(&value);
    assert_eq!(attributes(&reading), json!({"record": value}));
}

#[test]
fn large_and_deep_objects_are_read_in_bounds() {
    let mut deep = json!({"src_ip": "192.0.2.1"});
    for _ in 0..20 {
        deep = json!({"data": deep});
    }
    assert_eq!(one(&deep).event.ip_address, None);
    let many: Object = (0..20_000).map(|n| (format!("m{n}"), json!("x"))).collect();
    keeps_the_limits(&one(&Value::Object(many)).event);
    let long = json!({"message": "a=1 b=2 c=3 ".repeat(20_000), "labels": {"x".repeat(5_000): "y".repeat(5_000)}});
    keeps_the_limits(&one(&long).event);
}

const NAMES: &[&str] = &[
    "message",
    "log",
    "level",
    "severity",
    "time",
    "@timestamp",
    "source",
    "source_name",
    "src_ip",
    "event",
    "event_type",
    "host",
    "user",
    "process",
    "tags",
    "labels",
    "data",
    "specversion",
    "id",
    "type",
    "description",
    "args",
    "msg",
    "threat",
    "_id",
    "status",
    "protocol",
    "name",
    "levelname",
];

proptest! {
    #[test]
    fn any_object_gives_an_event_within_the_limits(value in any_json(NAMES)) {
        read_all(&FORMAT, value.to_string());
    }

    #[test]
    fn any_form_is_read_or_refused(body in "[a-z%=&+0-9(),']{0,80}") {
        if let Ok(found) = of_media("application/x-www-form-urlencoded", body.as_bytes()) {
            for reading in found.into_iter().flatten() {
                keeps_the_limits(&reading.event);
            }
        }
    }
}
