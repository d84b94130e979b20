//! A record that is too large for an event is cut with a mark; the mapped fields stay.

use serde_json::{Value, json};

use super::*;
use crate::events::ATTRIBUTES_MAX;

#[test]
fn what_does_not_fit_is_trimmed_with_a_mark() {
    let mut record = alert();
    record["payload_printable"] = "GET / HTTP/1.1\r\n".repeat(10_000).into();
    let line = record.to_string();
    let event = read_line(&line);
    let attributes = attributes_of(&event);
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
        attributes_of(&read(&record))
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
    assert!(line.len() < RECORD_MAX, "{}", line.len());
    let event = read_line(&line);
    let attributes = attributes_of(&event);
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
    assert_eq!(attributes_of(&event)["suricata"], Value::Null);
    assert_eq!(event.source_name.chars().count(), 255);
}
