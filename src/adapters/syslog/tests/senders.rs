//! What logger, rsyslog, syslog-ng, Fluent Bit and Python send is read to the last field.

use base::Severity;
use serde_json::json;

use super::*;
use crate::adapters::tests::recorded;

#[test]
fn what_logger_sends_over_udp_in_the_new_form() {
    let event = &one(recorded("logger_udp_rfc5424.bin"));
    assert_eq!(event.source_name, "vm");
    assert_eq!(event.occurred_at, time("2026-11-20T17:19:39.434758Z"));
    let attributes = attributes_of(event);
    let syslog = json!({
        "priority": 34, "facility": level(4, "auth"), "severity": level(2, "crit"), "version": "1",
        "hostname": "vm", "appname": "sshd", "msgid": "ID47",
        "structured_data": {
            "timeQuality": {"tzKnown": "1", "isSynced": "0"},
            "wp@32473": {"src": "10.0.0.9"},
        },
    });
    assert_eq!(attributes["log"]["syslog"], syslog);
    assert_eq!(attributes["log"]["level"], "crit");
    assert_eq!(attributes["host"]["name"], "vm");
    assert_eq!(attributes["process"]["name"], "sshd");
}

#[test]
fn what_logger_sends_over_udp_in_the_old_form() {
    let event = &one(recorded("logger_udp_rfc3164.bin"));
    assert_eq!(event.source_name, "vm");
    assert_eq!(event.occurred_at, time("2026-11-20T17:19:39Z"));
    let syslog = json!({
        "priority": 84, "facility": level(10, "authpriv"), "severity": level(4, "warning"),
        "hostname": "vm", "appname": "sshd",
    });
    assert_eq!(attributes_of(event)["log"]["syslog"], syslog);
}

#[test]
fn what_logger_sends_over_tcp_in_both_framings() {
    let files = [
        (
            recorded("logger_tcp_lf_framing.bin"),
            "19:39.879497",
            "19:39.879545",
        ),
        (
            recorded("logger_tcp_octet_counted.bin"),
            "19:40.101261",
            "19:40.101319",
        ),
    ];
    for (bytes, first, second) in files {
        let events = read(bytes);
        let told: Vec<_> = events
            .iter()
            .map(|event| {
                (
                    event.description.as_str(),
                    event.event_type.as_str(),
                    event.occurred_at,
                )
            })
            .collect();
        let at = |text: &str| time(&format!("2026-11-20T17:{text}Z"));
        assert_eq!(
            told,
            [("l1 one", "app", at(first)), ("l2 two", "app", at(second))]
        );
        for event in &events {
            let syslog = json!({
                "priority": 13, "facility": level(1, "user"), "severity": level(5, "notice"),
                "version": "1", "hostname": "vm", "appname": "app",
                "structured_data": {"timeQuality": {"tzKnown": "1", "isSynced": "0"}},
            });
            assert_eq!(attributes_of(event)["log"]["syslog"], syslog);
            assert_eq!(
                (event.severity, event.source_name.as_str()),
                (Severity::Info, "vm")
            );
            assert!(event.tags.is_empty(), "nothing is missing");
        }
    }
}

#[test]
fn what_rsyslog_sends_over_tcp() {
    let files = [
        (
            recorded("rsyslog_tcp_octet_counted_with_inner_newline.bin"),
            Some("1"),
        ),
        (recorded("rsyslog_tcp_forwardformat_3164_iso_ts.bin"), None),
    ];
    for (bytes, version) in files {
        let events = read(bytes);
        let told: Vec<_> = events
            .iter()
            .map(|event| {
                (
                    event.description.as_str(),
                    event.severity,
                    event.occurred_at,
                )
            })
            .collect();
        let expected = [
            (
                "disk failure on sda",
                Severity::Medium,
                time("2026-11-20T17:19:42.870023Z"),
            ),
            (
                "login failed for \"bob\"",
                Severity::Medium,
                time("2026-11-20T17:19:42.870041Z"),
            ),
        ];
        assert_eq!(told, expected);
        for event in &events {
            let mut syslog = json!({
                "priority": 155, "facility": level(19, "local3"), "severity": level(3, "err"),
                "hostname": "vm", "appname": "app",
            });
            if let Some(version) = version {
                syslog["version"] = version.into();
            }
            assert_eq!(attributes_of(event)["log"]["syslog"], syslog);
        }
    }
}

#[test]
fn what_syslog_ng_sends() {
    let events = read(recorded("syslogng_tcp_octet_counted_meta_sd.bin"));
    let told: Vec<_> = events
        .iter()
        .map(|event| event.description.as_str())
        .collect();
    assert_eq!(told, ["kernel panic \"quoted\"", "login failed"]);
    for (event, number) in events.iter().zip(["1", "2"]) {
        let syslog = &attributes_of(event)["log"]["syslog"];
        assert_eq!(
            syslog["structured_data"],
            json!({"meta": {"sequenceId": number}})
        );
        assert_eq!(event.occurred_at, time("2026-11-20T17:20:35Z"));
    }
    let event = &one(recorded("syslogng_udp_3164_trailing_newline.bin"));
    assert_eq!(event.description, "kernel panic \"quoted\"");
    assert_eq!(event.occurred_at, time("2026-11-20T17:20:35Z"));
}

#[test]
fn what_fluent_bit_sends() {
    let events = read(recorded("fluentbit_tcp_rfc5424_bom_lf.bin"));
    let told: Vec<_> = events
        .iter()
        .map(|event| {
            (
                event.description.as_str(),
                event.source_name.as_str(),
                event.severity,
            )
        })
        .collect();
    let expected = [
        ("forced door", "cam-3", Severity::Medium),
        ("fan ok", "cam-3", Severity::Info),
    ];
    assert_eq!(told, expected);
    assert_eq!(events[0].event_type, "vms");
    assert_eq!(
        read(recorded("fluentbit_gelf_tcp_nul.bin")).len(),
        2,
        "JSON without a header"
    );
}

#[test]
fn what_python_sends() {
    let event = &one(recorded("python_sysloghandler_udp_no_header_nul.bin"));
    assert_eq!(event.description, "disk failed sda");
    assert_eq!(
        (event.event_type.as_str(), event.source_name.as_str()),
        ("syslog", "198.51.100.4")
    );
    assert_eq!(
        (event.severity, event.occurred_at),
        (Severity::Medium, None)
    );
    let syslog = json!({"priority": 11, "facility": level(1, "user"), "severity": level(3, "err")});
    assert_eq!(
        attributes_of(event)["log"],
        json!({"syslog": syslog, "level": "err"})
    );
    let events = read(recorded("python_sysloghandler_tcp_nul_framing.bin"));
    let told: Vec<_> = events
        .iter()
        .map(|event| event.description.as_str())
        .collect();
    assert_eq!(told, ["tcp one", "tcp two"]);
}
