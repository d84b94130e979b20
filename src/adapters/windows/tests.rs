#![expect(clippy::too_many_lines, reason = "one sample after the other")]

use base::Severity::{self, High, Info, Low, Medium};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::FORMAT;
use super::kind::SEVERITIES;
use crate::adapters::tests::{any_json, field, fields_are, read_all, read_one, survives};

/// A failed logon as Winlogbeat ships it.
fn winlogbeat() -> Value {
    json!({
        "@timestamp": "2026-11-20T09:15:02.123Z",
        "event": {"code": "4625", "provider": "Microsoft-Windows-Security-Auditing"},
        "host": {"name": "dc-1"},
        "log": {"level": "information"},
        "message": "An account failed to log on.\n\nSubject:\n\tSecurity ID:\t\tS-1-0-0",
        "winlog": {
            "event_id": "4625", "channel": "Security", "computer_name": "dc-1.example.com",
            "provider_name": "Microsoft-Windows-Security-Auditing", "record_id": 88_123,
            "keywords": ["Audit Failure"],
            "event_data": {
                "TargetUserName": "bob", "TargetDomainName": "EXAMPLE", "TargetUserSid": "S-1-0-0",
                "SubjectUserName": "-", "IpAddress": "::ffff:203.0.113.9", "IpPort": "50122",
                "LogonType": "3", "WorkstationName": "KALI", "Status": "0xc000006d",
                "SubStatus": "0xc000006a", "ProcessId": "0x0", "ProcessName": "-",
            },
        },
    })
}

/// A process start of Sysmon as a program unfolds it from an `.evtx` file.
fn evtx() -> Value {
    json!({"Event": {
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
            "EventID": {"#attributes": {"Qualifiers": 0}, "#text": 1}, "Level": 4,
            "TimeCreated": {"#attributes": {"SystemTime": "2026-11-20T09:15:02.123456Z"}},
            "EventRecordID": 901, "Channel": "Microsoft-Windows-Sysmon/Operational",
            "Computer": "ws-7.example.com", "Keywords": "0x8000000000000000",
        },
        "EventData": {
            "RuleName": "technique_id=T1059.001,technique_name=PowerShell",
            "ProcessId": 4242, "Image": "C:\\Windows\\System32\\cmd.exe",
            "CommandLine": "cmd.exe /c whoami", "User": "EXAMPLE\\alice",
            "Hashes": "SHA1=AA,MD5=BB,SHA256=CC,IMPHASH=DD",
            "ParentImage": "C:\\Program Files\\a.exe", "ParentProcessId": 77,
            "ParentCommandLine": "a.exe -x",
        },
    }})
}

#[test]
fn a_failed_logon_is_about_the_account_that_tried() {
    let reading = read_one(&FORMAT, &winlogbeat());
    assert_eq!(reading.event.source_name, "dc-1.example.com");
    assert_eq!(reading.event.event_type, "windows-security-4625");
    assert_eq!(reading.event.severity, Low);
    assert_eq!(
        reading.event.description,
        "An account failed to log on (user bob, from 203.0.113.9, on dc-1.example.com)"
    );
    assert_eq!(reading.event.ip_address, "203.0.113.9".parse().ok());
    assert!(
        reading
            .key
            .as_deref()
            .unwrap()
            .starts_with("dc-1.example.com/Security/88123/")
    );
    assert_eq!(reading.said.as_deref(), Some("4625"));
    fields_are(
        &reading,
        &[
            ("event.outcome", json!("failure")),
            ("event.code", json!("4625")),
            ("event.category", json!("authentication")),
            ("user.name", json!("bob")),
            ("user.domain", json!("EXAMPLE")),
            ("source.port", json!(50_122)),
            ("source.domain", json!("KALI")),
            ("winlog.logon.type", json!("3")),
            ("error.code", json!("0xc000006a")),
            ("logsource.product", json!("windows")),
            ("logsource.service", json!("security")),
            ("process.executable", Value::Null),
            ("windows.winlog.event_data.TargetUserName", json!("bob")),
        ],
    );
}

#[test]
fn a_process_start_of_sysmon_is_one_for_rules() {
    let reading = read_one(&FORMAT, &evtx());
    assert_eq!(reading.event.event_type, "windows-sysmon-1");
    assert_eq!(reading.event.severity, Info);
    assert!(
        reading
            .event
            .description
            .starts_with("A process was started (cmd.exe /c whoami, user alice,")
    );
    assert!(reading.event.tags.contains(&"T1059.001".to_owned()));
    fields_are(
        &reading,
        &[
            ("logsource.category", json!("process_creation")),
            ("process.name", json!("cmd.exe")),
            ("process.pid", json!(4242)),
            ("process.parent.name", json!("a.exe")),
            ("process.parent.pid", json!(77)),
            ("process.hash.sha256", json!("cc")),
            ("user.name", json!("alice")),
            ("user.domain", json!("EXAMPLE")),
            ("threat.technique.name", json!(["PowerShell"])),
            (
                "windows.Event.EventData.Image",
                json!("C:\\Windows\\System32\\cmd.exe"),
            ),
        ],
    );
}

#[test]
fn one_event_in_every_shape_is_one_event() {
    let data = json!({
        "NewProcessName": "C:\\x\\evil.exe", "NewProcessId": "0x1f4", "ProcessId": "0x64",
        "ParentProcessName": "C:\\x\\p.exe", "SubjectUserName": "alice", "CommandLine": "evil -a",
        "SubjectDomainName": "EXAMPLE", "TargetUserName": "-",
    });
    let mut flat = data.clone();
    for (name, value) in [
        ("EventID", json!(4688)),
        ("Channel", json!("security")),
        ("Hostname", json!("ws-7")),
        ("RecordNumber", json!(5)),
        ("EventTime", json!("2026-11-20 09:15:02")),
        (
            "Message",
            json!("A new process has been created.\r\n\r\nmore"),
        ),
        ("host", json!("relay")),
    ] {
        flat[name] = value;
    }
    let mut fluent = flat.clone();
    fluent["TimeCreated"] = json!("2026-11-20 10:15:02 +0100");
    fluent["Computer"] = json!("ws-7");
    let list: Vec<Value> = data
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| json!({"@Name": name, "#text": value}))
        .collect();
    let xml = json!({"Event": {
        "System": {
            "Provider": {"@Name": "x"}, "EventID": "4688", "Channel": "Security", "Computer": "ws-7",
            "EventRecordID": "5", "TimeCreated": {"@SystemTime": "2026-11-20T09:15:02Z"},
        },
        "EventData": {"Data": list}, "RenderingInfo": {"Message": "A new process has been created."},
    }});
    for record in [flat, fluent, xml] {
        let reading = read_one(&FORMAT, &record);
        assert_eq!(reading.event.event_type, "windows-security-4688");
        assert!(
            reading
                .event
                .description
                .starts_with("A new process has been created (evil -a,")
        );
        assert_eq!(
            reading.event.occurred_at.unwrap().to_string(),
            "2026-11-20T09:15:02.000000Z"
        );
        assert!(reading.key.as_deref().unwrap().starts_with("ws-7/"));
        fields_are(
            &reading,
            &[
                ("process.pid", json!(500)),
                ("process.parent.pid", json!(100)),
                ("process.name", json!("evil.exe")),
                ("user.name", json!("alice")),
                ("user.target.name", Value::Null),
                ("logsource.category", json!("process_creation")),
            ],
        );
    }
}

#[test]
fn the_computers_own_time_counts_less_than_the_one_in_utc() {
    let mut record = flat("Microsoft-Windows-Sysmon/Operational", 1);
    record["EventTime"] = json!("2026-11-20 03:30:55");
    record["UtcTime"] = json!("2026-11-20 07:30:54.123");
    let time = read_one(&FORMAT, &record).event.occurred_at.unwrap();
    assert_eq!(time.to_string(), "2026-11-20T07:30:54.123000Z");
    let mut counted = flat("Security", 4688);
    counted["EventTime"] = json!(1_795_195_450_123_u64);
    let time = read_one(&FORMAT, &counted).event.occurred_at.unwrap();
    assert_eq!(time.to_string(), "2026-11-20T17:24:10.123000Z");
}

#[test]
fn a_lockout_names_the_computer_that_tried_and_a_connection_its_process() {
    let mut lockout = flat("Security", 4740);
    lockout["TargetUserName"] = json!("bob");
    lockout["TargetDomainName"] = json!("KALI");
    lockout["SubjectUserName"] = json!("DC-1$");
    fields_are(
        &read_one(&FORMAT, &lockout),
        &[
            ("user.name", json!("bob")),
            ("source.domain", json!("KALI")),
            ("user.domain", json!(null)),
        ],
    );
    let mut allowed = flat("Security", 5156);
    allowed["ProcessID"] = json!("1234");
    allowed["Application"] = json!("\\device\\x\\a.exe");
    let allowed = read_one(&FORMAT, &allowed);
    assert_eq!(field(&allowed, "process.pid"), 1234);
}

fn flat(channel: &str, id: i64) -> Value {
    json!({"EventID": id, "Channel": channel, "Hostname": "h"})
}

#[test]
fn few_events_are_worse_than_info() {
    let severity = |record: &Value| read_one(&FORMAT, record).event.severity;
    let defender = "Microsoft-Windows-Windows Defender/Operational";
    for (channel, id, expected) in [
        ("Security", 1102, High),
        ("Security", 4719, Medium),
        ("System", 7045, Medium),
        (defender, 1116, High),
        (defender, 1117, High),
        ("Security", 4625, Low),
        ("Security", 4624, Info),
        ("Application", 1102, Info),
        ("Some/Other", 1116, Info),
    ] {
        assert_eq!(severity(&flat(channel, id)), expected, "{channel} {id}");
    }
    let mut error = flat("Application", 1000);
    error["Level"] = json!("2");
    assert_eq!(severity(&error), Low);
}

#[test]
fn the_manual_lists_the_same_events() {
    let manual = include_str!("../../../docs/senders/windows.md");
    let rows: Vec<String> = SEVERITIES
        .iter()
        .map(|(channel, id, severity, why)| format!("| {channel} | {id} | {severity} | {why} |"))
        .collect();
    let told: Vec<&str> = manual
        .lines()
        .filter(|line| {
            Severity::ALL
                .iter()
                .any(|it| line.contains(&format!(" | {it} | ")))
        })
        .filter(|line| {
            line.split(" | ")
                .nth(1)
                .is_some_and(|id| id.parse::<i64>().is_ok())
        })
        .collect();
    assert_eq!(told, rows);
}

#[test]
fn a_change_to_an_account_is_by_one_and_about_another() {
    let mut record = flat("Security", 4732);
    for (name, value) in [
        ("SubjectUserName", "alice"),
        ("TargetUserName", "Administrators"),
        ("MemberSid", "S-1-5-9"),
    ] {
        record[name] = json!(value);
    }
    let reading = read_one(&FORMAT, &record);
    fields_are(
        &reading,
        &[
            ("user.name", json!("alice")),
            ("group.name", json!("Administrators")),
            ("user.target.name", json!("S-1-5-9")),
        ],
    );
    record["EventID"] = json!(4726);
    assert_eq!(
        field(&read_one(&FORMAT, &record), "user.target.name"),
        "Administrators"
    );
}

#[test]
fn what_has_no_id_is_refused_by_that_name() {
    for record in [
        json!({"Channel": "Security"}),
        json!({"EventID": "x", "Channel": "Security"}),
        json!({}),
    ] {
        let read = read_all(&FORMAT, record.to_string());
        assert!(
            read[0].as_ref().unwrap_err().contains_key("EventID"),
            "{record}"
        );
    }
}

proptest! {
    #[test]
    fn any_value_in_any_member_is_read_or_refused(
        name in prop::sample::select(vec![
            "EventID", "Channel", "Hostname", "Message", "RuleName", "Hashes", "Image", "Event",
            "winlog", "Level", "TimeCreated", "ObjectType", "IpAddress", "ProcessId", "Protocol",
        ]),
        value in any_json(&["System", "EventData", "Data", "EventID", "@Name", "#text", "event_id", "event_data", "UserData"]),
    ) {
        survives(&FORMAT, &flat("Microsoft-Windows-Sysmon/Operational", 1), name, value);
    }
}
