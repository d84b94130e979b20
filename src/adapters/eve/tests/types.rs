//! Records of every type are told in words and mapped to the fields of their protocol.

use base::Severity;
use serde_json::{Value, json};

use super::*;

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
    assert_eq!(attributes_of(&event)["event"]["kind"], "metric");
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
    let found = attributes_of(&event);
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
        let found = attributes_of(&read(&record(kind, inner)));
        assert_eq!(found["user"]["name"], user);
    }
    let other = attributes_of(&read(&record(
        "ftp",
        json!({"command": "PASS", "command_data": "x"}),
    )));
    assert_eq!(other["user"], Value::Null);
}

#[test]
fn the_sample_in_the_repository_is_read_whole() {
    let sample = include_str!("../../../../examples/suricata-eve.ndjson");
    let events: Vec<NewEvent> = sample.lines().map(read_line).collect();
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
}
