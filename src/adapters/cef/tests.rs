use base::Severity::{self, Critical, High, Low, Medium};
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

fn severity_of(said: &str) -> Severity {
    one(&format!("CEF:0|V|P|1|c|n|{said}|src=192.0.2.1"))
        .event
        .severity
}

#[test]
fn a_record_becomes_an_event_with_its_fields() {
    let line = "CEF:0|Acme|Edge Guard|9.1|1004|Worm stopped|8|src=203.0.113.9 spt=4000 dst=10.0.0.5 dpt=443 \
        proto=TCP suser=ana duser=root shost=laptop dvchost=fw-01 dvc=10.0.0.1 act=blocked outcome=failure \
        cat=malware request=https://example.org/a?b\\=c requestMethod=GET fname=x.exe \
        fileHash=44d88612fea8a8f36de82e1278abb02f app=HTTPS in=120 out=7 cnt=3 \
        cs1=Default policy cs1Label=Policy Name cn1=12 cn1Label=Rule No. cs2=kept acmeRisk=high \
        rt=1795195450000 msg=stopped by policy a\\=b\\nsecond line";
    let reading = one(line);
    let event = &reading.event;
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("fw-01", "malware")
    );
    assert_eq!((event.severity, reading.said.as_deref()), (High, Some("8")));
    assert_eq!(
        event.description,
        "Worm stopped: stopped by policy a=b\nsecond line"
    );
    assert_eq!(event.ip_address, Some("203.0.113.9".parse().unwrap()));
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2026-11-20T17:24:10.000000Z"
    );
    fields_are(
        &reading,
        &[
            ("observer.vendor", json!("Acme")),
            ("observer.product", json!("Edge Guard")),
            ("observer.version", json!("9.1")),
            ("observer.ip", json!("10.0.0.1")),
            ("rule.id", json!("1004")),
            ("rule.name", json!("Worm stopped")),
            ("source.port", json!(4000)),
            ("source.domain", json!("laptop")),
            ("source.bytes", json!(120)),
            ("destination.ip", json!("10.0.0.5")),
            ("destination.port", json!(443)),
            ("network.transport", json!("tcp")),
            ("network.protocol", json!("https")),
            ("user.name", json!("ana")),
            ("user.target.name", json!("root")),
            ("event.action", json!("blocked")),
            ("event.outcome", json!("failure")),
            ("event.severity", json!(8)),
            ("event.count", json!(3)),
            ("url.original", json!("https://example.org/a?b=c")),
            ("file.hash.md5", json!("44d88612fea8a8f36de82e1278abb02f")),
            ("labels.policy_name", json!("Default policy")),
            ("labels.rule_no", json!("12")),
            ("labels.cs2", json!("kept")),
            ("labels.acmeRisk", json!("high")),
            ("cef", json!(line)),
        ],
    );
}

#[test]
fn severities_are_of_threats() {
    for (said, expected) in [
        ("0", Low),
        ("3", Low),
        ("4", Medium),
        ("6", Medium),
        ("7", High),
        ("8", High),
        ("9", Critical),
        ("10", Critical),
        ("7.0", High),
        ("Low", Low),
        ("Medium", Medium),
        ("High", High),
        ("Very-High", Critical),
        ("very high", Critical),
        ("Unknown", Severity::Info),
        ("11", Severity::Info),
        ("", Severity::Info),
        ("-1", Severity::Info),
        ("nan", Severity::Info),
    ] {
        assert_eq!(severity_of(said), expected, "{said}");
    }
}

#[test]
fn a_header_of_syslog_before_it_is_read_too() {
    for head in [
        "<134>Nov 20 17:24:10 fw-01 ",
        "<134>1 2026-11-20T17:24:10Z fw-01 guard - - - ",
        "Nov 20 17:24:10 fw-01 guard: ",
        "Nov 20 17:24:10 fw-01 ",
        "Nov 20 17:24:10 fw-01: ",
        "2026-11-20T17:24:10Z fw-01 ",
        "<134>Nov 20 17:24:10 fw-01 guard[7]: ",
    ] {
        let reading = one(&format!("{head}CEF:0|V|P|1|c|n|9|src=203.0.113.9"));
        assert_eq!(reading.event.source_name, "fw-01", "{head}");
        assert_eq!(reading.event.severity, Critical, "{head}");
        assert_eq!(
            reading.event.occurred_at.unwrap().to_string(),
            "2026-11-20T17:24:10.000000Z",
            "{head}"
        );
        assert_eq!(field(&reading, "host.name"), "fw-01", "{head}");
    }
    let bare = one("CEF:0|V|P|1|c|n|9|");
    assert_eq!(bare.event.source_name, "V P");
    assert_eq!(
        (
            bare.event.event_type.as_str(),
            bare.event.description.as_str()
        ),
        ("p", "n")
    );
}

#[test]
fn escapes_are_undone_where_they_are_allowed() {
    let header = header::read(r"CEF:1|a\|b|c\\d|1|e\=f|n|5|x=1").unwrap();
    assert_eq!(
        (&*header.vendor, &*header.product, &*header.class),
        ("a|b", r"c\d", "e=f")
    );
    let read = |text: &str| -> Vec<(String, String)> {
        extension(text)
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into_owned()))
            .collect()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    for (text, expected) in [
        (
            r"a=1 b=two words c=x\=y\\z\nw",
            vec![
                pair("a", "1"),
                pair("b", "two words"),
                pair("c", "x=y\\z\nw"),
            ],
        ),
        (
            r"p=C:\Users\new a=|x| b=",
            vec![pair("p", "C:\\Users\new"), pair("a", "|x|"), pair("b", "")],
        ),
        (
            "url=http://x/?a=b&c=d n=1",
            vec![pair("url", "http://x/?a=b&c=d"), pair("n", "1")],
        ),
        (
            "act=\"Log on\" b='q'",
            vec![pair("act", "Log on"), pair("b", "'q'")],
        ),
        (
            "ad.list[0]=x  _v=2  ",
            vec![pair("ad.list[0]", "x"), pair("_v", "2")],
        ),
        ("msg=1 = 2 and 3=4", vec![pair("msg", "1 = 2 and 3=4")]),
        ("src=192.0.2.1|", vec![pair("src", "192.0.2.1")]),
        ("no pairs", vec![]),
        ("é=1 a=é", vec![pair("a", "é")]),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
    assert_eq!(extension(&"a=1 ".repeat(10_000)).len(), 256);
}

#[test]
fn name_and_number_of_a_program_are_of_one_end() {
    for (rest, name, pid) in [
        ("sproc=a spid=1 dproc=b dpid=2", json!("a"), json!(1)),
        ("dpid=2 spid=1 dproc=b sproc=a", json!("b"), json!(2)),
        ("deviceProcessName=c spid=1 dvcpid=3", json!("c"), json!(3)),
        ("dproc=b dvcpid=3", json!("b"), json!(null)),
    ] {
        let reading = one(&format!("CEF:0|V|P|1|c|n|5|{rest}"));
        fields_are(&reading, &[("process.name", name), ("process.pid", pid)]);
    }
    let other = one("CEF:0|V|P|1|c|n|5|sproc=a dproc=b");
    assert_eq!(field(&other, "labels.dproc"), "b");
}

#[test]
fn an_external_id_is_a_key_only_with_the_device_and_its_time() {
    let key = |rest: &str| one(&format!("CEF:0|V|P|1|c|n|5|{rest}")).key;
    assert_eq!(
        key("externalId=7 rt=1795195450000 dvchost=fw").as_deref(),
        Some("V|P|fw|c||1795195450000|7")
    );
    assert_eq!(
        key("externalId=7 end=Nov 20 2026 17:24:10 deviceExternalId=s act=x").as_deref(),
        Some("V|P|s|c|x|Nov 20 2026 17:24:10|7")
    );
    assert_eq!(key("externalId=7 dvchost=fw"), None);
    assert_eq!(key("rt=1795195450000 dvchost=fw"), None);
    assert_eq!(key("externalId=$id rt=$timestamp"), None);
    let behind = one("<1>Nov 20 17:24:10 fw CEF:0|V|P|1|c|n|5|externalId=7 rt=1795195450000");
    assert_eq!(behind.key.as_deref(), Some("V|P|fw|c||1795195450000|7"));
}

#[test]
fn what_only_looks_like_a_record_is_a_line() {
    for line in [
        "CEF:0|V|P|1|c",
        "CEF: is a format with | in it",
        "LEEF and CEF:x|y",
        "xCEF:0|V|P|1|c|n|5|a=1",
    ] {
        let reading = one(line);
        assert_eq!(reading.event.description, line);
        assert_eq!(field(&reading, "message"), line);
    }
    assert!(find(&format!("{}CEF:0|", "é".repeat(600)), "CEF:", 512).is_none());
}

proptest! {
    #[test]
    fn any_record_gives_an_event_within_the_limits(
        head in "[A-Za-z0-9 |\\\\=]{0,60}", rest in "(src|dst|rt|cs1|cs1Label|msg|act|dvc|é)=[ -~]{0,30} ?",
    ) {
        read_all(&FORMAT, format!("CEF:0|{head}|{rest}{rest}"));
        read_all(&FORMAT, format!("CEF:0|V|P|1|c|n|5|{rest}{head}{rest}"));
    }
}
