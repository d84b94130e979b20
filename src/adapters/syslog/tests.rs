use std::ops::ControlFlow;

use base::{Severity, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::adapters::Profile;
use crate::events::{
    ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, NewEvent, SOURCE_NAME_MAX, TAG_MAX,
};

fn now() -> Timestamp {
    Timestamp::parse("2026-11-20T18:00:00Z").unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "as the header has it")]
fn time(text: &str) -> Option<Timestamp> {
    Some(Timestamp::parse(text).unwrap())
}

fn header_of(line: &str) -> Header<'_> {
    Header::read(line, &Receipt::at(now()))
}

fn read_with(profile: &Profile, bytes: &[u8]) -> Vec<NewEvent> {
    let cx = Context {
        now: now(),
        bound: None,
        source: "198.51.100.4",
        profile,
    };
    let mut events = Vec::new();
    let body = Body { bytes, media: "" };
    drop((FORMAT.read)(&body, &cx, &mut |read, _| {
        if let Ok(reading) = read {
            keeps_the_limits(&reading.event);
            events.push(reading.event);
        }
        ControlFlow::Continue(())
    }));
    events
}

fn read(bytes: impl AsRef<[u8]>) -> Vec<NewEvent> {
    read_with(&Profile::default(), bytes.as_ref())
}

fn attributes(event: &NewEvent) -> Value {
    serde_json::from_str(event.attributes.as_ref().unwrap().get()).unwrap()
}

fn keeps_the_limits(event: &NewEvent) {
    let within = |text: &str, max| {
        let length = text.chars().count();
        length >= 1 && length <= max && !text.contains('\0')
    };
    assert!(within(&event.source_name, SOURCE_NAME_MAX));
    assert!(within(&event.event_type, EVENT_TYPE_MAX));
    assert!(within(&event.description, DESCRIPTION_MAX));
    assert!(event.tags.iter().all(|tag| within(tag, TAG_MAX)));
    let attributes = event.attributes.as_ref().map_or("", |raw| raw.get());
    assert!(attributes.len() <= ATTRIBUTES_MAX);
    assert!(!attributes.contains("\\u0000"));
}

macro_rules! wire {
    ($name:literal) => {
        &include_bytes!(concat!("../../../tests/fixtures/wire/", $name))[..]
    };
}

fn level(code: u8, name: &str) -> Value {
    json!({"code": code, "name": name})
}

#[test]
fn what_logger_sends_over_udp_in_the_new_form() {
    let [event] = &read(wire!("logger_udp_rfc5424.bin"))[..] else {
        panic!()
    };
    assert_eq!(event.source_name, "vm");
    assert_eq!(event.occurred_at, time("2026-11-20T17:19:39.434758Z"));
    let attributes = attributes(event);
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
    let [event] = &read(wire!("logger_udp_rfc3164.bin"))[..] else {
        panic!()
    };
    assert_eq!(event.source_name, "vm");
    assert_eq!(event.occurred_at, time("2026-11-20T17:19:39Z"));
    let syslog = json!({
        "priority": 84, "facility": level(10, "authpriv"), "severity": level(4, "warning"),
        "hostname": "vm", "appname": "sshd",
    });
    assert_eq!(attributes(event)["log"]["syslog"], syslog);
}

#[test]
fn what_logger_sends_over_tcp_in_both_framings() {
    let files = [
        (
            wire!("logger_tcp_lf_framing.bin"),
            "19:39.879497",
            "19:39.879545",
        ),
        (
            wire!("logger_tcp_octet_counted.bin"),
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
            assert_eq!(attributes(event)["log"]["syslog"], syslog);
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
            wire!("rsyslog_tcp_octet_counted_with_inner_newline.bin"),
            Some("1"),
        ),
        (wire!("rsyslog_tcp_forwardformat_3164_iso_ts.bin"), None),
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
            assert_eq!(attributes(event)["log"]["syslog"], syslog);
        }
    }
}

#[test]
fn what_syslog_ng_sends() {
    let events = read(wire!("syslogng_tcp_octet_counted_meta_sd.bin"));
    let told: Vec<_> = events
        .iter()
        .map(|event| event.description.as_str())
        .collect();
    assert_eq!(told, ["kernel panic \"quoted\"", "login failed"]);
    for (event, number) in events.iter().zip(["1", "2"]) {
        let syslog = &attributes(event)["log"]["syslog"];
        assert_eq!(
            syslog["structured_data"],
            json!({"meta": {"sequenceId": number}})
        );
        assert_eq!(event.occurred_at, time("2026-11-20T17:20:35Z"));
    }
    let [event] = &read(wire!("syslogng_udp_3164_trailing_newline.bin"))[..] else {
        panic!()
    };
    assert_eq!(event.description, "kernel panic \"quoted\"");
    assert_eq!(event.occurred_at, time("2026-11-20T17:20:35Z"));
}

#[test]
fn what_fluent_bit_sends() {
    let events = read(wire!("fluentbit_tcp_rfc5424_bom_lf.bin"));
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
        read(wire!("fluentbit_gelf_tcp_nul.bin")).len(),
        2,
        "JSON without a header"
    );
}

#[test]
fn what_python_sends() {
    let [event] = &read(wire!("python_sysloghandler_udp_no_header_nul.bin"))[..] else {
        panic!()
    };
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
        attributes(event)["log"],
        json!({"syslog": syslog, "level": "err"})
    );
    let events = read(wire!("python_sysloghandler_tcp_nul_framing.bin"));
    let told: Vec<_> = events
        .iter()
        .map(|event| event.description.as_str())
        .collect();
    assert_eq!(told, ["tcp one", "tcp two"]);
}

/// Time, host, program, process id and message of a line.
type Told<'a> = (
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    Option<&'a str>,
    &'a str,
);

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_odd_header_is_understood() {
    let t = Some("2026-11-20T17:19:39Z");
    let some = Some::<&str>;
    let lines: &[(&str, Told<'_>)] = &[
        // RFC 3164, and what is made of it.
        (
            "<13>Nov 20 17:19:39 vm app[7]: m",
            (t, some("vm"), some("app"), some("7"), "m"),
        ),
        (
            "<13>Nov 20 17:19:39 vm app[7] m",
            (t, some("vm"), some("app"), some("7"), "m"),
        ),
        (
            "<13> Nov 20 17:19:39 vm app: m",
            (t, some("vm"), some("app"), None, "m"),
        ),
        (
            "<13>Nov 20 17:19:39 vm a message: m",
            (t, some("vm"), None, None, "a message: m"),
        ),
        (
            "<13>Nov 20 17:19:39 app[7]: m",
            (t, None, some("app"), some("7"), "m"),
        ),
        (
            "<13>Nov 20 17:19:39 10.0.0.1: m",
            (t, some("10.0.0.1"), None, None, "m"),
        ),
        (
            "<13>Nov 20 17:19:39 ap-1,v4: app[7]: m",
            (t, some("ap-1,v4"), some("app"), some("7"), "m"),
        ),
        (
            "<13>Nov 20 17:19:39 vm a[b c]: m",
            (t, some("vm"), None, None, "a[b c]: m"),
        ),
        (
            "<13>Nov 20 17:19:39 vm CLI[web]: m",
            (t, some("vm"), some("CLI"), some("web"), "m"),
        ),
        (
            "<13>Nov 20 17:19:39 vm Severity: Critical, Category: Audit, Message: m",
            (
                t,
                some("vm"),
                None,
                None,
                "Severity: Critical, Category: Audit, Message: m",
            ),
        ),
        (
            "<13>Nov 20 17:19:39 vm postfix/smtpd[7]: m",
            (t, some("vm"), some("postfix/smtpd"), some("7"), "m"),
        ),
        (
            "<13>Nov 20 17:19:39 vm {\"a\": 1}",
            (t, some("vm"), None, None, "{\"a\": 1}"),
        ),
        (
            "<13>Nov 20 17:19:39 vm app: @cee: {\"a\":1}",
            (t, some("vm"), some("app"), None, "{\"a\":1}"),
        ),
        (
            "<13>Nov 20 17:19:39 vm CEF:0|a|b",
            (t, some("vm"), None, None, "CEF:0|a|b"),
        ),
        (
            "Nov 20 17:19:39 vm: CEF:0|a|b",
            (t, some("vm"), None, None, "CEF:0|a|b"),
        ),
        (
            "Nov 20 17:19:39 vm LEEF:2.0|a|b",
            (t, some("vm"), None, None, "LEEF:2.0|a|b"),
        ),
        (
            "Nov 20 17:19:39 vm app[7]: m",
            (t, some("vm"), some("app"), some("7"), "m"),
        ),
        (
            "<13>Nov 20 17:19:39 devname=\"fw\" x=1",
            (t, None, None, None, "devname=\"fw\" x=1"),
        ),
        (
            "<13>Nov 20 17:19:39 vm app: m\r\n\0",
            (t, some("vm"), some("app"), None, "m"),
        ),
        // RFC 3339 in the old header.
        (
            "<13>2026-11-20T17:19:39+00:00 vm app: m",
            (t, some("vm"), some("app"), None, "m"),
        ),
        (
            "<13>2026-11-20T18:19:39+01:00 vm app: a b - c",
            (t, some("vm"), some("app"), None, "a b - c"),
        ),
        (
            "<13>2026-11-20 17:19:39 vm app: m",
            (t, some("vm"), some("app"), None, "m"),
        ),
        (
            "2026-11-20 17:19:39,000 ERROR [main] x - m",
            (t, None, None, None, "ERROR [main] x - m"),
        ),
        (
            "2026-11-20 17:19:39 INFO web: m",
            (t, None, None, None, "INFO web: m"),
        ),
        // No time.
        (
            "<13>m without anything",
            (None, None, None, None, "m without anything"),
        ),
        ("<13>app: m", (None, None, some("app"), None, "m")),
        (
            "<13>vm app[7]: m",
            (None, some("vm"), some("app"), some("7"), "m"),
        ),
        (
            "<13>http://x/ is down",
            (None, None, None, None, "http://x/ is down"),
        ),
        ("<13>CEF:0|a|b", (None, None, None, None, "CEF:0|a|b")),
        ("app[7]: m", (None, None, some("app"), some("7"), "m")),
        ("Error: m", (None, None, None, None, "Error: m")),
        ("{\"a\":1}", (None, None, None, None, "{\"a\":1}")),
        ("m", (None, None, None, None, "m")),
        ("", (None, None, None, None, "")),
        ("<13>", (None, None, None, None, "")),
        // Routers and switches.
        (
            "<13>29: *Nov 20 17:19:39.000 UTC: %A-5-B: m",
            (t, None, None, None, "%A-5-B: m"),
        ),
        (
            "<13>29: R1: .Nov 20 18:19:39 CET: %A-5-B: m",
            (t, some("R1"), None, None, "%A-5-B: m"),
        ),
        (
            "<13>29: R1: %A-5-B: m",
            (None, some("R1"), None, None, "%A-5-B: m"),
        ),
        (
            "<13>: 2026 Nov 20 17:19:39 UTC: %A-5-B: m",
            (t, None, None, None, "%A-5-B: m"),
        ),
        (
            "<13>Nov 20 2026 17:19:39: %ASA-6-1: m",
            (t, None, None, None, "%ASA-6-1: m"),
        ),
        (
            "<13>Nov 20 2026 17:19:39 fw : %ASA-6-1: m",
            (t, some("fw"), None, None, "%ASA-6-1: m"),
        ),
        (
            "<13>Nov 20 17:19:39 2026 fw %ASA-6-1: m",
            (t, some("fw"), None, None, "%ASA-6-1: m"),
        ),
        ("<13>%ASA-6-1: m", (None, None, None, None, "%ASA-6-1: m")),
        // RFC 5424, and fields that are missing.
        (
            "<13>1 2026-11-20T17:19:39Z vm app 7 ID - m",
            (t, some("vm"), some("app"), some("7"), "m"),
        ),
        (
            "<13>1 2026-11-20T17:19:39Z vm app 7 - m",
            (t, some("vm"), some("app"), some("7"), "m"),
        ),
        (
            "<13>1 2026-11-20T17:19:39Z vm app m and more",
            (t, some("vm"), some("app"), None, "m and more"),
        ),
        (
            "<13>1 2026-11-20T17:19:39Z vm app: m and more",
            (t, some("vm"), some("app"), None, "m and more"),
        ),
        (
            "<13>1 2026-11-20T17:19:39Z vm",
            (t, some("vm"), None, None, ""),
        ),
        ("<13>1 2026-11-20T17:19:39Z", (t, None, None, None, "")),
        (
            "<13>1 - vm app - - - m",
            (None, some("vm"), some("app"), None, "m"),
        ),
        (
            "<13>1 when vm app 7 - - m",
            (None, some("vm"), some("app"), some("7"), "m"),
        ),
        (
            "<13>1 1795195179.000 MX84 flows src=1",
            (t, some("MX84"), some("flows"), None, "src=1"),
        ),
        ("<13>1 ", (None, None, None, None, "")),
        (
            "<13>1 message text",
            (None, None, None, None, "1 message text"),
        ),
        (
            "<13> 2026-11-20T17:19:39Z vm app 7 ID - m",
            (t, some("vm"), some("app"), some("7"), "m"),
        ),
        (
            "<13> 2026-11-20T17:19:39+00:00Z vm app - - - m",
            (t, some("vm"), some("app"), None, "m"),
        ),
        (
            "43 <13>1 2026-11-20T17:19:39Z vm app - - - m",
            (t, some("vm"), some("app"), None, "m"),
        ),
        (
            "\u{feff}<13>1 - vm app - - - \u{feff}m",
            (None, some("vm"), some("app"), None, "m"),
        ),
        // No PRI.
        ("<192>m", (None, None, None, None, "<192>m")),
        ("<1a>m", (None, None, None, None, "<1a>m")),
        ("<>m", (None, None, None, None, "<>m")),
    ];
    for (line, (at, host, app, procid, message)) in lines {
        let header = header_of(line);
        let told = (
            header.time,
            header.hostname,
            header.appname,
            header.procid,
            header.message,
        );
        assert_eq!(
            told,
            (at.and_then(time), *host, *app, *procid, *message),
            "{line:?}"
        );
        keeps_the_limits(&read(format!("{line} x"))[0]);
    }
}

#[test]
fn a_time_without_a_year_is_of_the_year_that_brings_it_nearest() {
    let at = |now: &str, line: &str| {
        let receipt = Receipt::at(Timestamp::parse(now).unwrap());
        Header::read(line, &receipt)
            .time
            .map(|time| time.to_string())
    };
    for (now, written, expected) in [
        (
            "2027-01-01T00:00:30Z",
            "Dec 31 23:59:59",
            "2026-12-31T23:59:59.000000Z",
        ),
        (
            "2026-12-31T23:59:30Z",
            "Jan  1 00:00:10",
            "2027-01-01T00:00:10.000000Z",
        ),
        (
            "2026-07-01T00:00:00Z",
            "Jan  2 00:00:00",
            "2026-01-02T00:00:00.000000Z",
        ),
        (
            "2026-03-01T00:00:00Z",
            "Oct 15 00:00:00",
            "2025-10-15T00:00:00.000000Z",
        ),
        (
            "2028-03-01T00:00:00Z",
            "Feb 29 12:00:00",
            "2028-02-29T12:00:00.000000Z",
        ),
        (
            "2027-03-01T00:00:00Z",
            "Feb 29 12:00:00",
            "2028-02-29T12:00:00.000000Z",
        ),
    ] {
        let line = format!("<13>{written} vm app: m");
        assert_eq!(
            at(now, &line).as_deref(),
            Some(expected),
            "{written} received {now}"
        );
    }
}

#[test]
fn a_time_without_a_zone_is_in_the_zone_of_the_receipt() {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
    let receipt = Receipt {
        now: now(),
        zone: &zone,
    };
    let at = |line: &str| Header::read(line, &receipt).time;
    assert_eq!(
        at("<13>Nov 20 17:19:39 vm app: m"),
        time("2026-11-20T15:19:39Z")
    );
    assert_eq!(
        at("<13>2026-11-20 17:19:39 vm app: m"),
        time("2026-11-20T15:19:39Z")
    );
    assert_eq!(
        at("<13>2026-11-20T17:19:39Z vm app: m"),
        time("2026-11-20T17:19:39Z")
    );
    assert_eq!(
        at("<13>Nov 20 17:19:39 EST: %A-1-B: m"),
        time("2026-11-20T22:19:39Z")
    );
}

#[test]
fn ciscos_beginning_gives_code_provider_and_a_missing_severity() {
    let line = "<189>45: R1: Nov 20 17:19:39 UTC: %SEC_LOGIN-4-LOGIN_FAILED: Login failed";
    let [event] = &read(line)[..] else { panic!() };
    let attributes = attributes(event);
    assert_eq!(event.event_type, "sec_login-login_failed");
    assert_eq!(attributes["event"]["code"], "LOGIN_FAILED");
    assert_eq!(attributes["event"]["provider"], "SEC_LOGIN");
    assert_eq!(attributes["event"]["sequence"], 45);
    assert_eq!(
        attributes["log"]["syslog"]["severity"],
        level(5, "notice"),
        "the PRI counts"
    );
    assert_eq!(header_of("%SYS-3-X: m").severity(), Some(3));
    for none in [
        "%SYS-9-X: m",
        "%SYS-X: m",
        "% SYS-1-X: m",
        "%d-%m-%Y: m",
        "%",
    ] {
        assert_eq!(header_of(none).mnemonic, None, "{none}");
    }
}

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
    let [event] = &read("<13>1 - vm app - - [alarm@1 state=\"on\"]")[..] else {
        panic!()
    };
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
    let found = attributes(event);
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
fn a_day_and_a_time_apart_count_less_than_the_header_without_their_zone() {
    for (zone, expected) in [
        ("", "2026-11-20T17:00:00.000000Z"),
        (" timezone=\"+01\"", "2026-11-20T16:19:06.000000Z"),
    ] {
        let line = format!(
            "<30>1 2026-11-20T17:00:00Z fw - - - - device=\"SFW\" date=2026-11-20 time=17:19:06{zone} src_ip=192.0.2.1"
        );
        let event = &read(&line)[0];
        assert_eq!(event.occurred_at.unwrap().to_string(), expected, "{zone}");
    }
}

#[test]
fn what_stands_for_a_time_and_is_none_is_kept() {
    let event = &read("<14>1 $timestamp$ h app - - - text")[0];
    let found = attributes(event);
    assert_eq!(found["log"]["syslog"]["timestamp"], "$timestamp$");
    assert_eq!(
        (found["host"]["name"].as_str(), event.occurred_at),
        (Some("h"), None)
    );
    let good = &read("<14>1 2026-11-20T17:00:00Z h app - - - text")[0];
    assert!(attributes(good)["log"]["syslog"].get("timestamp").is_none());
}

#[test]
fn what_is_missing_at_the_end_is_said() {
    let cx = Context {
        now: now(),
        bound: None,
        source: "x",
        profile: &Profile::default(),
    };
    let peer = Some("::ffff:192.0.2.7".parse().unwrap());
    let event = event(&header_of("<13>m"), peer, true, &cx).unwrap().event;
    assert_eq!(event.tags, ["truncated"]);
    assert_eq!(attributes(&event)["log"]["source"]["address"], "192.0.2.7");
}

#[test]
fn a_body_without_a_line_and_a_line_too_long_are_refused() {
    let cx = Context {
        now: now(),
        bound: None,
        source: "x",
        profile: &Profile::default(),
    };
    let fates = |bytes: &[u8]| {
        let mut fates = Vec::new();
        let body = Body { bytes, media: "" };
        let read = (FORMAT.read)(&body, &cx, &mut |read, _| {
            fates.push(read.is_ok());
            ControlFlow::Continue(())
        });
        (read.is_ok(), fates)
    };
    assert_eq!(fates(b" \n\0\r\n"), (false, vec![]));
    let long = [&b"<13>a\n"[..], &vec![b'x'; RECORD_MAX + 1], b"\n<13>b"].concat();
    assert_eq!(fates(&long), (true, vec![true, false, true]));
}

fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "<[0-9]{1,4}>",
        "1 | |- |\\[|\\]|\"|=|:|%|\\\\",
        "[A-Z][a-z]{2} [0-9]{1,2} [0-9]{1,2}:[0-9]{2}:[0-9]{2}",
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\\.[0-9]{1,12})?(Z|[+-][0-9]{2}:?[0-9]{2})?",
        "[a-z]{1,9}\\[[0-9]{1,9}\\]: ",
        "\\[[a-z@]{1,9}( [a-z]{1,3}=\"[a-z\\\\\"\\]]{0,9}\"){0,3}\\]",
        ".{0,20}",
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn whatever_line_comes_an_event_within_the_limits_comes_of_it(line in hostile()) {
        let header = header_of(&line);
        prop_assert!(line.contains(header.message));
        read(&line);
    }

    #[test]
    fn whatever_bytes_come_none_is_too_much(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        read(&bytes);
    }
}
