use base::Severity::{Critical, High, Low, Medium};
use proptest::prelude::*;
use serde_json::json;

use super::super::tests::{field, fields_are, read_all};
use super::*;
use crate::adapters::Reading;

fn one(line: &str) -> Reading {
    let mut found = read_all(&FORMAT, line);
    assert_eq!(found.len(), 1);
    found.remove(0).unwrap()
}

#[test]
fn a_record_becomes_an_event_with_its_fields() {
    let line = "<13>Nov 20 17:24:10 qr-1 LEEF:1.0|Acme|Guard|2.1|4711|src=203.0.113.9\tdst=10.0.0.5\tsrcPort=4000\t\
        dstPort=443\tproto=TCP\tusrName=joe.black\tsev=8\tcat=anomaly\tdevTime=Nov 20 2026 18:00:00\t\
        devTimeFormat=MMM dd yyyy HH:mm:ss\tpolicy=strict\turl=http://x/?a=b\tacmeRisk=7\tsrcBytes=12";
    let reading = one(line);
    let event = &reading.event;
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("qr-1", "anomaly")
    );
    assert_eq!((event.severity, reading.said.as_deref()), (High, Some("8")));
    assert_eq!(
        event.description,
        "4711 (user joe.black, from 203.0.113.9, to 10.0.0.5)"
    );
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2026-11-20T18:00:00.000000Z"
    );
    fields_are(
        &reading,
        &[
            ("observer.vendor", json!("Acme")),
            ("observer.product", json!("Guard")),
            ("rule.id", json!("4711")),
            ("source.ip", json!("203.0.113.9")),
            ("source.port", json!(4000)),
            ("source.bytes", json!(12)),
            ("destination.port", json!(443)),
            ("network.transport", json!("tcp")),
            ("user.name", json!("joe.black")),
            ("url.original", json!("http://x/?a=b")),
            ("rule.ruleset", json!("strict")),
            ("labels.acmeRisk", json!("7")),
            ("host.name", json!("qr-1")),
            ("leef", json!(line)),
        ],
    );
}

#[test]
fn the_delimiter_is_read_in_every_way_it_is_written() {
    for head in [
        "LEEF:2.0|V|P|1|e|^|src=192.0.2.1^sev=5^usrName=a b",
        "LEEF:2.0|V|P|1|e|x5E|src=192.0.2.1^sev=5^usrName=a b",
        "LEEF:2.0|V|P|1|e|0x5e|src=192.0.2.1^sev=5^usrName=a b",
        "LEEF:2.0|V|P|1|e||src=192.0.2.1\tsev=5\tusrName=a b",
        "LEEF:2.0|V|P|1|e|x09|src=192.0.2.1\tsev=5\tusrName=a b",
        "LEEF:2.0|V|P|1|e|src=192.0.2.1\tsev=5\tusrName=a b",
        "LEEF:2.0|V|P|1|e|||src=192.0.2.1|sev=5|usrName=a b",
        "LEEF:1.0|V|P|1|e|src=192.0.2.1#011sev=5#011usrName=a b",
        "LEEF:1.0|V|P|1|e|src=192.0.2.1 sev=5 usrName=a b",
        "LEEF:2.0|V|P|1|e|0x7C|src=192.0.2.1|sev=5|usrName=a b",
        "LEEF:2.0|V|P|1|e|x7e|src=192.0.2.1~sev=5~usrName=a b",
        "LEEF:2.0|V|P|1|e|0x00A6|src=192.0.2.1¦sev=5¦usrName=a b",
    ] {
        let reading = one(head);
        assert_eq!(reading.event.severity, Medium, "{head}");
        assert_eq!(field(&reading, "user.name"), "a b", "{head}");
        assert_eq!(
            reading.event.ip_address,
            Some("192.0.2.1".parse().unwrap()),
            "{head}"
        );
    }
}

#[test]
fn severities_are_of_threats_and_none_is_no_threat() {
    for (said, expected) in [
        ("1", Low),
        ("5", Medium),
        ("7", High),
        ("10", Critical),
        ("High", High),
    ] {
        assert_eq!(
            one(&format!("LEEF:1.0|V|P|1|e|sev={said}")).event.severity,
            expected,
            "{said}"
        );
    }
    assert_eq!(
        one("LEEF:1.0|V|P|1|e|").event.severity,
        base::Severity::Info
    );
    assert_eq!(one("LEEF:1.0|V|P|1|e").event.description, "e");
}

#[test]
fn what_only_looks_like_a_record_is_a_line() {
    for line in ["LEEF:1.0|V|P", "LEEF: words | more", "LEEF:2.0|"] {
        assert_eq!(one(line).event.description, line);
    }
}

proptest! {
    #[test]
    fn any_record_gives_an_event_within_the_limits(
        mark in "(\\^|x09|0x5E|\\||é|)", rest in "((src|sev|devTime|devTimeFormat|cat)=[ -~]{0,20}[\\^\t]){0,6}",
    ) {
        read_all(&FORMAT, format!("LEEF:2.0|V|P|1|e|{mark}|{rest}"));
        read_all(&FORMAT, format!("LEEF:1.0|V|P|1|e|{rest}"));
    }
}

#[test]
fn severities_are_those_of_cef() {
    for said in ["7", "7.0", "High", "11", "-1", "nan"] {
        let leef = one(&format!("LEEF:1.0|V|P|1|e|sev={said}"));
        let mut cef = read_all(&cef::FORMAT, format!("CEF:0|V|P|1|e|n|{said}|"));
        let cef = cef.remove(0).unwrap();
        assert_eq!(
            (leef.event.severity, &leef.said),
            (cef.event.severity, &cef.said),
            "{said}"
        );
    }
}
