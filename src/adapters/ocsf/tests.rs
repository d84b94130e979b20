#![expect(
    clippy::too_many_lines,
    clippy::needless_pass_by_value,
    reason = "one sample after the other"
)]

use base::Severity::{Critical, High, Info, Low, Medium};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{FORMAT, severity};
use crate::adapters::tests::{any_json, field, fields_are, read_all, read_one, survives};

fn of(class: i64, more: Value) -> Value {
    let mut record = json!({
        "class_uid": class, "category_uid": class / 1_000, "activity_id": 1, "severity_id": 1,
        "time": 1_795_165_200_000_i64,
        "metadata": {"uid": format!("m-{class}"), "version": "1.5.0", "product": {"name": "Sensor", "vendor_name": "Example"}},
    });
    for (name, value) in more.as_object().unwrap() {
        record[name] = value.clone();
    }
    record
}

fn finding() -> Value {
    of(
        2004,
        json!({
            "severity_id": 4, "status_id": 1, "is_alert": true,
            "finding_info": {
                "uid": "F-1", "title": "Credentials read from memory", "desc": "long",
                "analytic": {"name": "LSASS read", "uid": "A-9"},
                "attacks": [{"tactic": {"uid": "TA0006", "name": "Credential Access"}, "technique": {"uid": "T1003", "name": "OS Credential Dumping"}, "sub_technique": {"uid": "T1003.001", "name": "LSASS Memory"}}],
            },
            "device": {"hostname": "ws-1", "os": {"type": "Windows", "name": "Windows 11"}},
            "evidences": [{
                "actor": {"user": {"name": "alice"}, "process": {"name": "p.exe", "pid": 7, "cmd_line": "p.exe -d", "file": {"path": "C:\\p.exe"}}},
                "src_endpoint": {"ip": "203.0.113.9", "port": 4444}, "dst_endpoint": {"ip": "10.0.0.5"},
            }],
            "observables": [{"type_id": 2, "value": "203.0.113.9"}, {"type_id": 8, "value": "ab"}],
        }),
    )
}

#[test]
fn a_long_word_is_named_once() {
    let mut finding = finding();
    let host = json!({"type_id": 1, "value": "h".repeat(400)});
    finding["observables"] = json!([host, host]);
    let hosts = field(&read_one(&FORMAT, &finding), "related.hosts");
    assert_eq!(hosts.as_array().unwrap().len(), 1);
}

#[test]
fn a_finding_becomes_an_alert() {
    let reading = read_one(&FORMAT, &finding());
    let event = &reading.event;
    assert_eq!(
        (event.event_type.as_str(), event.severity),
        ("ocsf-detection-finding", High)
    );
    assert_eq!(
        event.description,
        "Credentials read from memory (p.exe -d, user alice, from 203.0.113.9, to 10.0.0.5, on ws-1, by Sensor)"
    );
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2026-11-20T09:00:00.000000Z"
    );
    assert_eq!(
        event.tags,
        ["ocsf", "detection-finding", "TA0006", "T1003", "T1003.001"]
    );
    assert_eq!(
        (reading.key.as_deref(), reading.closes.as_deref()),
        (Some("finding/F-1"), None)
    );
    fields_are(
        &reading,
        &[
            ("event.kind", json!("alert")),
            ("event.action", json!("Create")),
            ("rule.name", json!("LSASS read")),
            ("process.pid", json!(7)),
            ("process.executable", json!("C:\\p.exe")),
            ("host.name", json!("ws-1")),
            ("source.port", json!(4444)),
            ("observer.product", json!("Sensor")),
            ("related.ip", json!(["203.0.113.9"])),
            ("related.hash", json!(["ab"])),
            (
                "threat.technique.name",
                json!(["OS Credential Dumping", "LSASS Memory"]),
            ),
        ],
    );
}

#[test]
fn a_closed_finding_ends_the_one_that_was_made() {
    let made = read_one(&FORMAT, &finding()).key;
    let mut record = finding();
    record["activity_id"] = json!(2);
    let updated = read_one(&FORMAT, &record);
    assert_eq!(
        (updated.key.as_deref(), updated.closes),
        (Some("finding/F-1/1795165200000"), None)
    );
    record["activity_id"] = json!(3);
    let closed = read_one(&FORMAT, &record);
    assert_eq!(closed.closes, made);
    assert_ne!(closed.key, made);
}

#[test]
fn what_is_over_raises_nothing_and_each_class_says_it_its_own_way() {
    for (class, member, id, over) in [
        (2004, "activity_id", 3, true),
        (2004, "status_id", 2, false),
        (2004, "status_id", 3, true),
        (2004, "status_id", 5, true),
        (2004, "status_id", 6, true),
        (2005, "status_id", 3, false),
        (2005, "status_id", 4, true),
        (2005, "status_id", 5, true),
        (2001, "status_id", 3, false),
        (2001, "state_id", 4, true),
    ] {
        let mut record = finding();
        record["class_uid"] = json!(class);
        record["activity_id"] = json!(2);
        record[member] = json!(id);
        let reading = read_one(&FORMAT, &record);
        let expected = if over { Info } else { High };
        assert_eq!(reading.event.severity, expected, "{class} {member} {id}");
        assert_eq!(reading.said.is_none(), over, "{class} {member} {id}");
        assert_eq!(reading.closes.is_some(), over, "{class} {member} {id}");
    }
}

#[test]
fn a_finding_is_found_again_whatever_it_comes_in() {
    let mut closed = finding();
    closed["activity_id"] = json!(3);
    let made = read_one(&FORMAT, &finding());
    assert!(made.ongoing.is_some());
    for record in [&finding(), &closed] {
        let bare = read_one(&FORMAT, record);
        assert_eq!(bare.ongoing, made.ongoing);
        let cloud =
            json!({"specversion": "1.0", "id": "7", "source": "/s", "type": "t", "data": record});
        let bulk = format!("{{\"index\":{{\"_id\":\"doc\"}}}}\n{record}\n");
        let enveloped = [
            read_all(&crate::adapters::json::FORMAT, cloud.to_string()),
            read_all(&crate::adapters::bulk::FORMAT, bulk),
        ];
        for read in enveloped.into_iter().flatten() {
            let read = read.unwrap();
            assert_eq!(
                (read.key, read.closes),
                (bare.key.clone(), bare.closes.clone())
            );
        }
    }
}

#[test]
fn every_class_of_a_soc_is_mapped() {
    let actor =
        json!({"user": {"name": "alice", "uid": "u1"}, "process": {"name": "sh", "pid": 1}});
    let (src, dst) = (
        json!({"ip": "10.0.0.5", "port": 50_000}),
        json!({"ip": "198.51.100.7", "port": 443, "hostname": "c2.example"}),
    );
    let process = json!({
        "name": "curl", "pid": 9, "cmd_line": "curl x", "file": {"path": "/usr/bin/curl", "hashes": [{"algorithm": "SHA-256", "value": "AB"}]},
        "parent_process": {"name": "bash", "pid": 8},
    });
    let linux = json!({"hostname": "web-1", "os": {"type": "Linux"}});
    for (record, kind, expected) in [
        (
            of(
                1007,
                json!({"process": process, "actor": actor, "device": linux}),
            ),
            "ocsf-process-activity",
            vec![
                ("process.command_line", json!("curl x")),
                ("process.parent.name", json!("bash")),
                ("user.name", json!("alice")),
                ("process.hash.sha256", json!("ab")),
                ("logsource.product", json!("linux")),
                ("logsource.category", json!("process_creation")),
                ("event.action", json!("Launch")),
            ],
        ),
        (
            of(
                1001,
                json!({"file": {"name": "a", "path": "/tmp/a", "hashes": [{"algorithm": "MD5", "value": "c"}]}, "actor": actor}),
            ),
            "ocsf-file-system-activity",
            vec![
                ("file.path", json!("/tmp/a")),
                ("file.hash.md5", json!("c")),
                ("process.name", json!("sh")),
            ],
        ),
        (
            of(
                3002,
                json!({"user": {"name": "bob"}, "status_id": 2, "src_endpoint": src, "service": {"name": "vpn"}}),
            ),
            "ocsf-authentication",
            vec![
                ("user.name", json!("bob")),
                ("event.outcome", json!("failure")),
                ("source.ip", json!("10.0.0.5")),
                ("event.category", json!("authentication")),
                ("service.name", json!("vpn")),
                ("event.action", json!("Logon")),
            ],
        ),
        (
            of(
                3001,
                json!({"user": {"name": "bob"}, "actor": actor, "activity_id": 6}),
            ),
            "ocsf-account-change",
            vec![
                ("user.name", json!("alice")),
                ("user.target.name", json!("bob")),
                ("event.action", json!("Delete")),
            ],
        ),
        (
            of(
                4001,
                json!({"src_endpoint": src, "dst_endpoint": dst, "connection_info": {"protocol_name": "TCP", "direction": "Outbound"}}),
            ),
            "ocsf-network-activity",
            vec![
                ("network.transport", json!("tcp")),
                ("network.direction", json!("outbound")),
                ("destination.port", json!(443)),
            ],
        ),
        (
            of(
                4002,
                json!({"http_request": {"http_method": "GET", "user_agent": "x/1", "url": {"url_string": "http://c2.example/a"}}, "http_response": {"code": 200}}),
            ),
            "ocsf-http-activity",
            vec![
                ("url.original", json!("http://c2.example/a")),
                ("http.response.status_code", json!(200)),
                ("user_agent.original", json!("x/1")),
            ],
        ),
        (
            of(
                4003,
                json!({"query": {"hostname": "c2.example", "type": "A"}, "rcode": "NXDOMAIN"}),
            ),
            "ocsf-dns-activity",
            vec![
                ("dns.question.name", json!("c2.example")),
                ("dns.response_code", json!("NXDOMAIN")),
                ("logsource.category", json!("dns")),
            ],
        ),
        (
            of(4007, json!({"src_endpoint": dst, "dst_endpoint": src})),
            "ocsf-ssh-activity",
            vec![("source.ip", json!("198.51.100.7"))],
        ),
        (
            of(
                6003,
                json!({"api": {"operation": "StopLogging", "service": {"name": "cloudtrail"}}, "cloud": {"provider": "AWS", "region": "eu", "account": {"uid": "1"}}, "actor": actor}),
            ),
            "ocsf-api-activity",
            vec![
                ("api.operation", json!("StopLogging")),
                ("cloud.account.id", json!("1")),
                ("logsource.service", json!("cloudtrail")),
            ],
        ),
        (
            of(2001, json!({"finding": {"uid": "old", "title": "Old"}})),
            "ocsf-security-finding",
            vec![("rule.name", json!("Old"))],
        ),
        (
            of(
                2005,
                json!({"finding_info": {"uid": "i", "title": "Incident"}}),
            ),
            "ocsf-incident-finding",
            vec![("event.kind", json!("alert"))],
        ),
        (
            of(9999, json!({"class_name": "Some Thing", "actor": actor})),
            "ocsf-some-thing",
            vec![("user.name", json!("alice"))],
        ),
    ] {
        let reading = read_one(&FORMAT, &record);
        assert_eq!(reading.event.event_type, kind);
        assert!(reading.key.is_some());
        fields_are(&reading, &expected);
    }
    let told = read_one(
        &FORMAT,
        &of(
            3002,
            json!({"user": {"name": "bob"}, "status_id": 2, "status": "Failure", "src_endpoint": src}),
        ),
    );
    assert_eq!(
        told.event.description,
        "Authentication: Logon, Failure (user bob, from 10.0.0.5, by Sensor)"
    );
}

#[test]
fn severities_are_ocsfs_own() {
    for (id, expected) in [
        (1, Info),
        (2, Low),
        (3, Medium),
        (4, High),
        (5, Critical),
        (6, Critical),
    ] {
        assert_eq!(
            (severity(Some(id), true), severity(Some(id), false)),
            (expected, expected)
        );
    }
    for id in [None, Some(0), Some(99), Some(-1)] {
        assert_eq!((severity(id, true), severity(id, false)), (Medium, Info));
    }
}

#[test]
fn what_has_no_class_is_refused_by_that_name() {
    for record in [
        json!({}),
        json!({"class_uid": "x"}),
        json!({"class_uid": -1}),
    ] {
        let read = read_all(&FORMAT, record.to_string());
        assert!(
            read[0].as_ref().unwrap_err().contains_key("class_uid"),
            "{record}"
        );
    }
}

proptest! {
    #[test]
    fn any_value_in_any_member_is_read_or_refused(
        name in prop::sample::select(vec![
            "class_uid", "activity_id", "severity_id", "time", "metadata", "finding_info", "device",
            "evidences", "observables", "actor", "attacks", "process", "file", "user",
        ]),
        value in any_json(&["uid", "name", "process", "user", "file", "hashes", "algorithm", "value", "type_id", "parent_process", "tactic", "technique"]),
    ) {
        survives(&FORMAT, &finding(), name, value);
    }
}
