use base::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::events::{ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, SOURCE_NAME_MAX};

/// An alert as Suricata 7 writes it, from a sensor with a name.
fn alert() -> Value {
    json!({
        "timestamp": "2026-03-14T09:26:53.589793+0100",
        "flow_id": 1_842_511_760_034_217_u64,
        "host": "ids-dmz",
        "in_iface": "ens5",
        "event_type": "alert",
        "src_ip": "203.0.113.41",
        "src_port": 44_812,
        "dest_ip": "192.168.20.8",
        "dest_port": 443,
        "proto": "TCP",
        "ip_v": 4,
        "community_id": "1:6Dl0ZH0ZbPBz+uDZVTOVbLZCSTk=",
        "alert": {
            "action": "blocked",
            "gid": 1,
            "signature_id": 9_000_101,
            "rev": 3,
            "signature": "LOCAL Remote shell over HTTPS",
            "category": "Attempted Administrator Privilege Gain",
            "severity": 1,
            "metadata": {
                "mitre_tactic_id": ["TA0002"],
                "mitre_tactic_name": ["Execution"],
                "mitre_technique_id": ["T1059"],
                "mitre_technique_name": ["Command_And_Scripting_Interpreter"],
            },
        },
        "app_proto": "tls",
    })
}

/// A record without an alert.
fn record(event_type: &str, body: Value) -> Value {
    let mut record = json!({
        "timestamp": "2026-03-14T09:26:53.589793+0000",
        "event_type": event_type,
        "src_ip": "10.1.2.3",
        "src_port": 51_000,
        "dest_ip": "2001:0db8:0000:0000:0000:0000:0000:0053",
        "dest_port": 53,
        "proto": "UDP",
    });
    record[event_type] = body;
    record
}

fn read(record: &Value) -> NewEvent {
    let event = event_from_eve(record.to_string().as_bytes()).unwrap();
    keeps_the_limits(&event);
    event
}

fn refused(line: impl AsRef<[u8]>) -> String {
    event_from_eve(line.as_ref()).unwrap_err().to_string()
}

fn attributes(event: &NewEvent) -> Value {
    serde_json::from_str(event.attributes.as_ref().unwrap().get()).unwrap()
}

/// The limits of `NewEvent`, and what its other makers hold to as well.
fn keeps_the_limits(event: &NewEvent) {
    let chars = |text: &str| text.chars().count();
    assert!((1..=SOURCE_NAME_MAX).contains(&chars(&event.source_name)));
    assert!((1..=EVENT_TYPE_MAX).contains(&event.event_type.len()));
    let slug = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    assert!(event.event_type.bytes().all(slug), "{}", event.event_type);
    assert!((1..=DESCRIPTION_MAX).contains(&chars(&event.description)));
    assert!(!event.description.trim().is_empty());
    assert!(!event.description.contains(char::is_control));
    assert!(event.tags.len() <= TAGS_MAX);
    for tag in &event.tags {
        assert!((1..=TAG_MAX).contains(&chars(tag)) && !tag.trim().is_empty());
    }
    let attributes = event.attributes.as_ref().unwrap().get();
    assert!(attributes.len() <= ATTRIBUTES_MAX, "{}", attributes.len());
    assert!(
        serde_json::from_str::<Value>(attributes)
            .unwrap()
            .is_object()
    );
    assert!(event.occurred_at.is_some());
}

#[test]
fn an_alert_becomes_an_event() {
    let line = format!("  {}\r\n", alert());
    let event = event_from_eve(line.as_bytes()).unwrap();
    keeps_the_limits(&event);
    assert_eq!(event.source_name, "ids-dmz");
    assert_eq!(event.event_type, "suricata-alert");
    assert_eq!(event.severity, Severity::High);
    assert_eq!(
        event.description,
        "LOCAL Remote shell over HTTPS (Attempted Administrator Privilege Gain) \
         203.0.113.41:44812 → 192.168.20.8:443 TCP, blocked"
    );
    assert_eq!(event.ip_address, "203.0.113.41".parse().ok());
    let time = Timestamp::parse("2026-03-14T08:26:53.589793Z").ok();
    assert_eq!(event.occurred_at, time);
    assert_eq!(
        event.tags,
        ["suricata", "alert", "tls", "blocked", "TA0002", "T1059"]
    );
    assert!(
        event.attributes.unwrap().get().contains(line.trim()),
        "not as it came"
    );
}

#[test]
fn an_alerts_fields_are_mapped() {
    let event = read(&alert());
    assert_eq!(
        attributes(&event),
        json!({
            "event": {
                "kind": "alert",
                "module": "suricata",
                "dataset": "suricata.eve",
                "action": "blocked",
                "severity": 1,
            },
            "source": { "ip": "203.0.113.41", "port": 44_812 },
            "destination": { "ip": "192.168.20.8", "port": 443 },
            "network": {
                "transport": "tcp",
                "protocol": "tls",
                "direction": "inbound",
                "community_id": "1:6Dl0ZH0ZbPBz+uDZVTOVbLZCSTk=",
            },
            "observer": {
                "product": "Suricata",
                "name": "ids-dmz",
                "ingress": { "interface": { "name": "ens5" } },
            },
            "flow": { "id": 1_842_511_760_034_217_u64 },
            "rule": {
                "id": "9000101",
                "gid": 1,
                "version": "3",
                "name": "LOCAL Remote shell over HTTPS",
                "category": "Attempted Administrator Privilege Gain",
            },
            "threat": {
                "framework": "MITRE ATT&CK",
                "tactic": { "id": ["TA0002"], "name": ["Execution"] },
                "technique": { "id": ["T1059"], "name": ["Command And Scripting Interpreter"] },
            },
            "suricata": alert(),
        })
    );
}

#[test]
fn a_plain_alert_needs_little() {
    let event = read(&json!({
        "timestamp": "2026-03-14T09:26:53Z",
        "event_type": "alert",
        "host": "",
        "src_ip": null,
        "alert": { "signature": "", "signature_id": 7, "severity": 4, "category": "" },
    }));
    assert_eq!(event.source_name, "suricata");
    assert_eq!(event.severity, Severity::Info);
    assert_eq!(event.description, "Signature 7");
    assert_eq!(event.ip_address, None);
    assert_eq!(event.tags, ["suricata", "alert"]);
}

#[test]
fn blocking_does_not_make_it_harmless() {
    let mut record = alert();
    for action in ["allowed", "blocked"] {
        record["alert"]["action"] = action.into();
        assert_eq!(read(&record).severity, Severity::High);
    }
    record["alert"]["category"] = "A Network Trojan was detected".into();
    assert_eq!(read(&record).severity, Severity::Critical);
}

fn are_told(cases: &[(&str, Value, &str)]) {
    for (event_type, body, expected) in cases {
        let event = read(&record(event_type, body.clone()));
        assert_eq!(
            event.description,
            format!("{expected} 10.1.2.3:51000 → [2001:db8::53]:53 UDP")
        );
        assert_eq!(event.severity, Severity::Info);
        assert_eq!(event.event_type, format!("suricata-{event_type}"));
        assert_eq!(event.ip_address, "2001:db8::53".parse().ok());
    }
}

#[test]
fn names_pages_and_connections_are_told_in_words_and_are_information() {
    are_told(&[
        (
            "dns",
            json!({ "type": "query", "rrname": "www.example.org", "rrtype": "A" }),
            "DNS query www.example.org A",
        ),
        (
            "dns",
            json!({
                "version": 3,
                "type": "response",
                "rcode": "NXDOMAIN",
                "queries": [{ "rrname": "www.example.org", "rrtype": "AAAA" }],
            }),
            "DNS answer www.example.org AAAA NXDOMAIN",
        ),
        (
            "http",
            json!({ "http_method": "GET", "hostname": "example.org", "url": "/a?b", "status": 404 }),
            "HTTP GET example.org/a?b 404",
        ),
        (
            "tls",
            json!({ "sni": "example.org", "version": "TLS 1.3" }),
            "TLS example.org version 1.3",
        ),
        (
            "ssh",
            json!({
                "client": { "software_version": "OpenSSH_9.9" },
                "server": { "software_version": "dropbear_2025.88" },
            }),
            "SSH client OpenSSH_9.9 server dropbear_2025.88",
        ),
    ]);
}

#[test]
fn flows_files_mails_and_the_rest_are_told_in_words_and_are_information() {
    are_told(&[
        (
            "flow",
            json!({ "bytes_toserver": 96, "bytes_toclient": 0, "state": "new" }),
            "Flow of 96 bytes sent, 0 received, new",
        ),
        (
            "fileinfo",
            json!({ "filename": "/x.bin", "size": 18 }),
            "File /x.bin (18 bytes)",
        ),
        (
            "anomaly",
            json!({ "type": "decode", "event": "decoder.ipv4.trunc_pkt" }),
            "Anomaly decode decoder.ipv4.trunc_pkt",
        ),
        (
            "smtp",
            json!({ "mail_from": "<a@example.org>", "rcpt_to": ["<b@example.net>", "<c@x.test>"] }),
            "Mail from <a@example.org> to <b@example.net>",
        ),
        (
            "smb",
            json!({ "command": "SMB2_COMMAND_CREATE" }),
            "Suricata smb record SMB2_COMMAND_CREATE",
        ),
        ("ike", json!({}), "Suricata ike record"),
    ]);
}

#[test]
fn statistics_have_no_ends() {
    let event = read(&json!({
        "timestamp": "2026-03-14T09:26:53Z",
        "event_type": "stats",
        "stats": { "uptime": 8 },
    }));
    assert_eq!(event.description, "Suricata statistics after 8 s");
    assert_eq!(event.ip_address, None);
    assert_eq!(attributes(&event)["event"]["kind"], "metric");
}

#[test]
fn types_are_slugs_and_unrecognised_protocols_no_tags() {
    let mut record = record("bittorrent_dht", json!({}));
    for app_proto in ["failed", "unknown", " "] {
        record["app_proto"] = app_proto.into();
        let event = read(&record);
        assert_eq!(event.event_type, "suricata-bittorrent-dht");
        assert_eq!(event.tags, ["suricata", "bittorrent-dht"]);
    }
}

#[test]
fn a_shippers_host_object_names_the_source_too() {
    let mut record = alert();
    record["host"] = json!({ "name": "fw-7", "os": { "family": "debian" } });
    assert_eq!(read(&record).source_name, "fw-7");
}

fn are_refused_by_name(cases: &[(&str, Value, &str)]) {
    for (field, value, expected) in cases {
        let mut record = alert();
        record[*field] = value.clone();
        let error = event_from_eve(record.to_string().as_bytes()).unwrap_err();
        assert!(
            error.to_string().starts_with(expected),
            "{error} instead of {expected}"
        );
        assert!(
            expected.starts_with(&format!("{}:", error.field())),
            "{error}"
        );
    }
}

#[test]
fn wrong_common_fields_are_named() {
    are_refused_by_name(&[
        ("timestamp", json!(null), "timestamp: missing"),
        ("timestamp", json!("yesterday"), "timestamp: must be a time"),
        (
            "timestamp",
            json!("-000009-01-01T00:00:00Z"),
            "timestamp: must be a time",
        ),
        ("timestamp", json!(1_700_000_000), "timestamp: must be text"),
        ("event_type", json!(null), "event_type: missing"),
        ("event_type", json!("a b"), "event_type: must be 1 to 64"),
        (
            "event_type",
            json!("x".repeat(65)),
            "event_type: must be 1 to 64",
        ),
        ("src_ip", json!("10.0.0.300"), "src_ip: must be an IPv4"),
        ("dest_ip", json!(["10.0.0.3"]), "dest_ip: must be text"),
        ("src_port", json!(65_536), "src_port: must be a port"),
        ("dest_port", json!("443"), "dest_port: must be a whole"),
        ("flow_id", json!(-1), "flow_id: must be a whole"),
        ("flow_id", json!(1.5), "flow_id: must be a whole"),
        ("host", json!(7), "host: must be text"),
        ("host", json!({ "name": 7 }), "host.name: must be text"),
        ("host", json!("h".repeat(256)), "host: must be at most 255"),
        ("proto", json!(6), "proto: must be text"),
        ("app_proto", json!({}), "app_proto: must be text"),
        ("in_iface", json!([]), "in_iface: must be text"),
    ]);
}

#[test]
fn wrong_fields_of_an_alert_are_named() {
    are_refused_by_name(&[
        ("alert", json!(null), "alert: missing"),
        ("alert", json!([]), "alert: must be an object"),
        (
            "alert",
            json!({ "severity": 1 }),
            "alert.signature: missing",
        ),
        (
            "alert",
            json!({ "signature": "x" }),
            "alert.severity: missing",
        ),
        (
            "alert",
            json!({ "signature": "x", "severity": "1" }),
            "alert.severity: must be a whole",
        ),
        (
            "alert",
            json!({ "signature": "x", "severity": 1, "category": 3 }),
            "alert.category: must be text",
        ),
    ]);
}

#[test]
fn what_is_no_record_is_refused() {
    for line in ["[]", "null", "7", "\"alert\""] {
        assert_eq!(refused(line), "record: must be a JSON object", "{line}");
    }
    for (line, expected) in [
        ("", "record: EOF"),
        ("{}", "event_type: missing"),
        ("{'a':1}", "record: key must be a string"),
        ("{\"a\":1}{\"a\":1}", "record: trailing characters"),
        ("{\"a\":1,\"a\":2}", "record: \"a\" is given twice"),
        (
            "{\"dns\":{\"q\":[0,{\"x\":1,\"x\":1}]}}",
            "dns.q[1]: \"x\" is given twice",
        ),
        (
            "{\"dns\":{\"q\":[0,\"a\\u0000b\"]}}",
            "dns.q[1]: must not contain U+0000",
        ),
        ("{\"a\\u0000b\":1}", "record: must not contain U+0000"),
        ("{\"flow_id\":1e999}", "flow_id: number out of range"),
        (
            "{\"flow_id\":18446744073709551616}",
            "flow_id: number beyond 64 bits",
        ),
        (
            "{\"flow_id\":-99999999999999999999}",
            "flow_id: number beyond 64 bits",
        ),
        ("{\"flow_id\":NaN}", "flow_id: expected"),
    ] {
        let error = refused(line);
        assert!(error.starts_with(expected), "{error} instead of {expected}");
    }
    assert!(refused(b"{\"a\":\"\xff\"}").contains("invalid unicode"));
    assert!(refused(b"{\"a\":\"\0\"}").contains("control character"));
    assert_eq!(
        refused(vec![b' '; LINE_MAX + 1]),
        "record is too long: at most 1048576 bytes"
    );
}

#[test]
fn nesting_has_an_end() {
    let nested = |depth: usize| {
        let mut record = record("dns", json!({}));
        record["x"] = (0..depth).fold(json!(1), |inner, _| json!([inner]));
        record.to_string()
    };
    let event = event_from_eve(nested(31).as_bytes()).unwrap();
    keeps_the_limits(&event);
    assert!(refused(nested(32)).contains("nested deeper than 32"));
    // Deep enough to overflow the stack of a reader that does not count.
    let endless = format!("{{\"x\":{}", "[".repeat(LINE_MAX - 10));
    assert!(refused(endless).contains("nested deeper than 32"));
}

#[test]
fn what_does_not_fit_is_trimmed_with_a_mark() {
    let mut record = alert();
    record["payload_printable"] = "GET / HTTP/1.1\r\n".repeat(10_000).into();
    let line = record.to_string();
    let event = event_from_eve(line.as_bytes()).unwrap();
    keeps_the_limits(&event);
    let attributes = attributes(&event);
    assert_eq!(attributes["trimmed"], json!({ "bytes": line.len() }));
    assert_eq!(attributes["rule"]["id"], "9000101");
    assert_eq!(attributes["suricata"]["alert"], record["alert"]);
    let payload = attributes["suricata"]["payload_printable"]
        .as_str()
        .unwrap();
    assert!(payload.starts_with("GET / HTTP/1.1\r\n"));
    assert!(payload.ends_with("… (160000 bytes)"));
}

#[test]
fn at_the_limit_the_record_is_kept_whole_and_one_byte_further_trimmed() {
    let sized = |length: usize| {
        let mut record = record("dns", json!({}));
        record["pad"] = "p".repeat(length).into();
        attributes(&read(&record))
    };
    let overhead = sized(0).to_string().len();
    let fits = sized(ATTRIBUTES_MAX - overhead);
    assert_eq!(fits["trimmed"], Value::Null);
    let trimmed = sized(ATTRIBUTES_MAX - overhead + 1);
    assert!(trimmed["trimmed"]["bytes"].is_u64());
}

#[test]
fn a_record_that_cannot_be_cut_to_size_leaves_the_mapped_fields() {
    let bush = (0..3).fold(json!("leaf of the bush"), |inner, _| {
        Value::Array(vec![inner; 16])
    });
    let mut record = alert();
    record["bush"] = bush;
    let line = record.to_string();
    assert!(line.len() < LINE_MAX, "{}", line.len());
    let event = event_from_eve(line.as_bytes()).unwrap();
    keeps_the_limits(&event);
    let attributes = attributes(&event);
    assert_eq!(attributes["suricata"], Value::Null);
    assert_eq!(attributes["trimmed"]["bytes"], line.len());
    assert_eq!(attributes["source"]["ip"], "203.0.113.41");
}

#[test]
fn the_longest_texts_still_make_an_event() {
    // Six bytes each in JSON.
    let long = "\u{1}".repeat(1_100);
    let texts = |names: &[&str]| -> Value {
        names
            .iter()
            .map(|name| ((*name).to_owned(), json!(long)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    let mut record = alert();
    for name in ["proto", "app_proto", "in_iface", "community_id"] {
        record[name] = long.clone().into();
    }
    record["host"] = "\u{1}".repeat(255).into();
    record["alert"] = json!({
        "action": long, "signature": long, "category": long, "severity": 1,
        "metadata": {
            "mitre_tactic_id": vec!["TA0001"; 30],
            "mitre_tactic_name": vec![&long; 9],
            "mitre_technique_id": vec!["T1000.001"; 30],
            "mitre_technique_name": vec![&long; 9],
        },
    });
    record["dns"] = texts(&["rrname", "rrtype", "rcode"]);
    record["http"] = texts(&["http_method", "hostname", "url", "http_user_agent"]);
    record["tls"] = texts(&["version", "sni", "ja4", "subject", "issuerdn"]);
    record["tls"]["ja3"] = texts(&["hash"]);
    record["ssh"] = json!({
        "client": texts(&["software_version"]),
        "server": texts(&["software_version"]),
    });
    record["fileinfo"] = texts(&["filename", "sha256", "md5"]);
    record["email"] = texts(&["from", "subject"]);
    record["email"]["to"] = json!(vec![&long; 20]);
    record["anomaly"] = texts(&["type", "event"]);
    let event = read(&record);
    assert_eq!(attributes(&event)["suricata"], Value::Null);
    assert_eq!(event.source_name.chars().count(), 255);
}

#[test]
fn the_sample_in_the_repository_is_read_whole() {
    let sample = include_str!("../../../examples/suricata-eve.ndjson");
    let events: Vec<NewEvent> = sample
        .lines()
        .map(|line| event_from_eve(line.as_bytes()).unwrap())
        .collect();
    assert!((35..=60).contains(&events.len()));
    for severity in Severity::ALL {
        assert!(
            events.iter().any(|event| event.severity == severity),
            "{severity}"
        );
    }
    for kind in [
        "alert", "dns", "http", "tls", "flow", "ssh", "fileinfo", "anomaly", "stats",
    ] {
        let event_type = format!("suricata-{kind}");
        assert!(
            events.iter().any(|event| event.event_type == event_type),
            "{kind}"
        );
    }
    for event in &events {
        keeps_the_limits(event);
    }
}

/// JSON of any shape, names among those this module reads.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (0_u64..100_000).prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[ -~]{0,20}".prop_map(Value::from),
        any::<std::net::IpAddr>().prop_map(|address| address.to_string().into()),
        Just("2026-03-14T09:26:53Z".into()),
        Just("alert".into()),
    ];
    let name = prop::sample::select(vec![
        "alert",
        "severity",
        "signature",
        "category",
        "metadata",
        "mitre_technique_id",
        "dns",
        "queries",
        "rrname",
        "http",
        "url",
        "tls",
        "flow",
        "email",
        "to",
        "host",
        "name",
        "stats",
    ]);
    leaf.prop_recursive(4, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::btree_map(name.clone(), inner, 0..8).prop_map(|members| {
                members
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect::<serde_json::Map<_, _>>()
                    .into()
            }),
        ]
    })
}

#[test]
fn long_names_are_kept_and_users_are_found() {
    let long = "x".repeat(900);
    let mut whole = record(
        "fileinfo",
        json!({"filename": long, "sha1": "da39a3ee5e6b4b0d3255bfef95601890afd80709"}),
    );
    whole["http"] = json!({"http_user_agent": long});
    whole["email"] = json!({"subject": long});
    let event = read(&whole);
    let found = attributes(&event);
    assert_eq!(found["file"]["name"], long);
    assert_eq!(found["user_agent"]["original"], long);
    assert_eq!(found["email"]["subject"], long);
    assert_eq!(
        found["file"]["hash"]["sha1"],
        "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    );
    for (kind, inner, user) in [
        (
            "smb",
            json!({"ntlmssp": {"user": "ana", "domain": "EX", "host": "WS"}}),
            "ana",
        ),
        ("krb5", json!({"cname": "bob", "realm": "EX"}), "bob"),
        (
            "ftp",
            json!({"command": "USER", "command_data": "carl"}),
            "carl",
        ),
    ] {
        let found = attributes(&read(&record(kind, inner)));
        assert_eq!(found["user"]["name"], user);
    }
    let other = attributes(&read(&record(
        "ftp",
        json!({"command": "PASS", "command_data": "x"}),
    )));
    assert_eq!(other["user"], Value::Null);
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(event) = event_from_eve(&bytes) {
            keeps_the_limits(&event);
        }
    }

    #[test]
    fn any_json_in_any_field_is_read_or_refused_by_its_name(
        field in prop::sample::select(vec![
            "timestamp", "event_type", "host", "in_iface", "src_ip", "src_port", "dest_ip",
            "dest_port", "proto", "app_proto", "flow_id", "community_id", "alert", "dns", "http",
            "tls", "ssh", "fileinfo", "email", "anomaly", "stats", "flow", "suricata",
        ]),
        event_type in prop::sample::select(vec![
            "alert", "dns", "http", "tls", "ssh", "flow", "fileinfo", "anomaly", "smtp", "stats",
        ]),
        value in json_value(),
    ) {
        let mut record = alert();
        record["event_type"] = event_type.into();
        record[field] = value;
        match event_from_eve(record.to_string().as_bytes()) {
            Ok(event) => keeps_the_limits(&event),
            Err(error) => prop_assert!(
                error.field().starts_with(field) || field == "event_type",
                "{error}"
            ),
        }
    }

    #[test]
    fn the_record_is_kept_as_it_came(value in json_value()) {
        let mut record = record("dns", json!({}));
        record["extra"] = value;
        let line = record.to_string();
        if let Ok(event) = event_from_eve(line.as_bytes()) {
            let end = format!("\"suricata\":{line}}}");
            prop_assert!(event.attributes.unwrap().get().ends_with(&end));
        }
    }

    #[test]
    fn a_record_cut_off_anywhere_is_refused(at in 0_usize..1_000) {
        let line = alert().to_string();
        let at = at % line.len();
        prop_assert!(event_from_eve(&line.as_bytes()[..at]).is_err());
    }

    #[test]
    fn a_signature_of_any_text_is_shown(signature in "[^\\x00]{0,40}", priority in any::<u64>()) {
        let mut record = alert();
        record["alert"]["signature"] = signature.clone().into();
        record["alert"]["severity"] = priority.into();
        let event = read(&record);
        let visible: String = signature
            .trim()
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect();
        prop_assert!(event.description.starts_with(&visible));
        prop_assert_eq!(event.severity.raises_alert(), priority == 1);
    }
}
