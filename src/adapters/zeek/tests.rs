#![expect(clippy::too_many_lines, reason = "one sample after the other")]

use base::Severity::{self, High, Info, Low, Medium};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::FORMAT;
use super::severity::NOTICES;
use crate::adapters::tests::{any_json, field, fields_are, read_all, read_one, survives};

fn notice() -> Value {
    json!({
        "_path": "notice", "ts": 1_795_165_200.123_456, "uid": "CAbc", "id.orig_h": "203.0.113.9",
        "id.orig_p": 51_000, "id.resp_h": "192.168.1.5", "id.resp_p": 22, "proto": "tcp",
        "note": "SSH::Password_Guessing", "msg": "203.0.113.9 appears to be guessing SSH passwords.",
        "sub": "Sampled servers: 192.168.1.5", "src": "203.0.113.9", "actions": ["Notice::ACTION_LOG"],
        "suppress_for": 3600.0, "peer_descr": "worker-1",
    })
}

const TABLE: &str = "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n\
    #path\tdns\n#open\t2026-11-20-09-00-00\n\
    #fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tquery\trcode_name\tRD\tanswers\tTTLs\n\
    #types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tstring\tbool\tvector[string]\tvector[interval]\n\
    1795165200.123456\tC1\t10.0.0.5\t50000\t198.51.100.53\t53\tudp\texample.com\tNOERROR\tT\t192.0.2.1,192.0.2.2\t60.0,60.0\n\
    1795165201.000000\tC2\t10.0.0.5\t50001\t198.51.100.53\t53\tudp\tb\\x09ad.example\t-\tF\t(empty)\t-\n\
    #close\t2026-11-20-10-00-00\n";

#[test]
fn a_notice_becomes_an_alert() {
    let reading = read_one(&FORMAT, &notice());
    let event = &reading.event;
    assert_eq!(
        (event.event_type.as_str(), event.severity),
        ("zeek-notice", High)
    );
    assert_eq!(
        event.description,
        "SSH::Password_Guessing 203.0.113.9 appears to be guessing SSH passwords: Sampled servers: \
         192.168.1.5 (from 203.0.113.9, to 192.168.1.5, port 22)"
    );
    assert_eq!(event.ip_address, "203.0.113.9".parse().ok());
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2026-11-20T09:00:00.123456Z"
    );
    assert_eq!(reading.said.as_deref(), Some("SSH::Password_Guessing"));
    assert!(reading.key.is_some());
    fields_are(
        &reading,
        &[
            ("rule.name", json!("SSH::Password_Guessing")),
            ("rule.category", json!("SSH")),
            ("network.direction", json!("inbound")),
            ("observer.name", json!("worker-1")),
            ("logsource.product", json!("zeek")),
            ("logsource.service", json!("notice")),
            ("event.kind", json!("alert")),
        ],
    );
}

#[test]
fn a_table_is_read_row_by_row_with_its_types() {
    let found: Vec<_> = read_all(&FORMAT, TABLE)
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(found.len(), 2);
    assert_eq!(
        found[0].event.description,
        "DNS query example.com (answer NOERROR, from 10.0.0.5, to 198.51.100.53, port 53, dns)"
    );
    assert_eq!(
        found[0].event.occurred_at.unwrap().micros() % 1_000_000,
        123_456
    );
    fields_are(
        &found[0],
        &[
            ("dns.question.name", json!("example.com")),
            ("source.port", json!(50_000)),
            ("zeek.answers", json!(["192.0.2.1", "192.0.2.2"])),
            ("zeek.TTLs", json!([60.0, 60.0])),
            ("zeek.RD", json!(true)),
            ("zeek._path", json!("dns")),
        ],
    );
    fields_are(
        &found[1],
        &[
            ("zeek.query", json!("b\tad.example")),
            ("zeek.answers", json!([])),
            ("zeek.TTLs", Value::Null),
        ],
    );
    assert_ne!(found[0].key, found[1].key);
    let windows = TABLE.replace('\n', "\r\n");
    assert_eq!(read_all(&FORMAT, windows).into_iter().flatten().count(), 2);
}

#[test]
fn a_row_that_does_not_fit_its_header_is_refused() {
    for body in [
        "#path\tdns\n1\t2\n",
        "#fields\ta\tb\n1\n",
        "#fields\ta\tb\n1\t2\t3\n",
        "#separator ,\n1,2\n",
    ] {
        let read = read_all(&FORMAT, body);
        assert!(
            read[0].as_ref().unwrap_err().contains_key("record"),
            "{body}"
        );
    }
    assert!(read_all(&FORMAT, "#fields\ta\n").is_empty());
}

#[test]
fn records_are_known_by_their_shape_where_they_name_no_log() {
    let ends = json!({"ts": "2026-11-20T09:00:00.5Z", "uid": "C1", "id.orig_h": "10.0.0.5", "id.orig_p": 1, "id.resp_h": "198.51.100.7", "id.resp_p": 80});
    for (kind, more, told, checked) in [
        (
            "conn",
            json!({"conn_state": "SF", "service": "http", "orig_bytes": 5}),
            "Connection SF",
            ("source.bytes", json!(5)),
        ),
        (
            "http",
            json!({"method": "GET", "host": "x.example", "uri": "/a", "status_code": 404}),
            "HTTP GET x.example/a (status 404",
            ("url.domain", json!("x.example")),
        ),
        (
            "dns",
            json!({"query": "x.example", "qtype": 1}),
            "DNS query x.example",
            ("dns.question.name", json!("x.example")),
        ),
        (
            "ssl",
            json!({"established": true, "server_name": "x.example"}),
            "TLS x.example",
            ("tls.client.server_name", json!("x.example")),
        ),
        (
            "ssh",
            json!({"auth_success": false, "auth_attempts": 3}),
            "SSH logon failed",
            ("event.outcome", json!("failure")),
        ),
        (
            "weird",
            json!({"name": "bad_TCP", "notice": false}),
            "Unusual traffic: bad_TCP",
            ("rule.name", json!("bad_TCP")),
        ),
    ] {
        let mut record = ends.clone();
        for (name, value) in more.as_object().unwrap() {
            record[name] = value.clone();
        }
        let reading = read_one(&FORMAT, &record);
        assert_eq!(reading.event.event_type, format!("zeek-{kind}"));
        assert!(
            reading.event.description.starts_with(told),
            "{}",
            reading.event.description
        );
        assert_eq!(reading.event.severity, Info);
        fields_are(
            &reading,
            &[checked, ("network.direction", json!("outbound"))],
        );
    }
    let file = json!({"ts": 1.5, "fuid": "F1", "tx_hosts": ["203.0.113.9"], "rx_hosts": ["10.0.0.5"], "source": "HTTP", "seen_bytes": 5, "md5": "ab", "mime_type": "x/y"});
    let reading = read_one(&FORMAT, &file);
    assert_eq!(
        reading.event.description,
        "File x/y (from 203.0.113.9, to 10.0.0.5, http)"
    );
    assert_eq!(field(&reading, "file.hash.md5"), "ab");
}

#[test]
fn only_notices_judge() {
    let mut record = notice();
    for (note, expected) in [
        ("SSH::Login_By_Password_Guesser", High),
        ("SSL::Invalid_Server_Cert", Low),
        ("Scan::Port_Scan", Medium),
        ("My::Own", Medium),
        ("ATTACK::Lateral_Movement", High),
    ] {
        record["note"] = json!(note);
        assert_eq!(
            read_one(&FORMAT, &record).event.severity,
            expected,
            "{note}"
        );
    }
    assert!(
        read_one(&FORMAT, &record)
            .event
            .tags
            .contains(&"TA0008".to_owned())
    );
    record["note"] = json!("SSL::Certificate_Expired");
    record["actions"] = json!(["Notice::ACTION_LOG", "Notice::ACTION_EMAIL"]);
    assert_eq!(read_one(&FORMAT, &record).event.severity, High);
}

#[test]
fn the_manual_lists_the_same_notices() {
    let manual = include_str!("../../../docs/senders/zeek.md");
    let rows: Vec<String> = NOTICES
        .iter()
        .map(|(name, severity, why)| format!("| `{name}` | {severity} | {why} |"))
        .collect();
    let is_row = |line: &&str| {
        let cells: Vec<&str> = line.split(" | ").collect();
        cells.len() == 3 && cells[0].contains("::") && cells[1].parse::<Severity>().is_ok()
    };
    assert_eq!(manual.lines().filter(is_row).collect::<Vec<_>>(), rows);
}

#[test]
fn a_record_without_a_time_has_no_key_and_one_without_a_log_is_refused() {
    let mut record = notice();
    record.as_object_mut().unwrap().remove("ts");
    assert_eq!(read_one(&FORMAT, &record).key, None);
    let read = read_all(&FORMAT, "{\"a\":1}");
    assert!(read[0].as_ref().unwrap_err().contains_key("_path"));
}

proptest! {
    #[test]
    fn any_value_in_any_member_is_read_or_refused(
        name in prop::sample::select(vec!["_path", "ts", "uid", "id.orig_h", "note", "msg", "actions", "proto", "peer_descr"]),
        value in any_json(&["orig_h", "resp_h"]),
    ) {
        survives(&FORMAT, &notice(), name, value);
    }

    #[test]
    fn any_table_is_read_or_refused(
        separator in "[ -~]{0,6}", fields in "[ -~\t]{0,60}", types in "[a-z\t\\[\\]]{0,60}", rows in "[ -~\t\n]{0,200}",
    ) {
        read_all(&FORMAT, format!("#separator {separator}\n#fields\t{fields}\n#types\t{types}\n{rows}"));
    }
}
