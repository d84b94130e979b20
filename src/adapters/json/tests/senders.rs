//! What programs send that say by their members how bad it is, and when.

use base::Severity::{Critical, High, Low, Medium};
use serde_json::json;

use super::*;
use crate::adapters::tests::recorded;

#[test]
fn winston_sends_a_level_and_a_message() {
    let single = all(recorded_body("winston_3.19_http_single.http"));
    let event = &single[0].event;
    assert_eq!(told(&single[0]), (High, "intrusion"));
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
    let batch = all(recorded_body("winston_3.19_http_batch.http"));
    let found: Vec<_> = batch.iter().map(told).collect();
    assert_eq!(found, [(Medium, "a1"), (Low, "a2")]);
}

#[test]
fn fail2ban_gets_a_description_made_of_what_it_says() {
    let ban = all(recorded_body("fail2ban_1.0_ban.http"));
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
    let unban = all(recorded_body("fail2ban_1.0_unban.http"));
    assert_eq!(
        (unban[0].event.severity, unban[0].event.event_type.as_str()),
        (Low, "unban")
    );
}

#[test]
fn syslog_ng_and_fluent_bit_are_read_by_their_own_names() {
    let records = all(recorded_body("syslogng_3.38_http_ndjson.http"));
    let event = &records[0].event;
    assert_eq!(told(&records[0]), (Medium, "kernel panic \"quoted\""));
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
    let lines = all(recorded_body("fluentbit_5.1_http_json_lines.http"));
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
    let gelf = all(recorded("fluentbit_gelf_tcp_nul.bin"));
    let found: Vec<_> = gelf.iter().map(told).collect();
    assert_eq!(found, [(High, "forced door"), (Low, "fan ok")]);
    assert_eq!(
        gelf[0].event.ip_address,
        Some("203.0.113.7".parse().unwrap())
    );
}

#[test]
fn pino_says_its_level_as_a_number() {
    let reading = one(&json!({
        "level": 50, "time": 1_795_195_450_123_u64, "pid": 17, "hostname": "web-1", "id": 7,
        "src_ip": "1.2.3.4", "msg": "bad login",
    }));
    let event = &reading.event;
    assert_eq!(told(&reading), (Medium, "bad login"));
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
