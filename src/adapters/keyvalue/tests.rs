use base::Severity::{Info, Low, Medium};
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
fn logfmt_is_read_by_the_usual_names() {
    let reading = one(
        "time=\"2026-11-20T17:24:10Z\" level=warning msg=\"login failed\" remoteAddr=203.0.113.9:4000 user=ana shard=7",
    );
    let event = &reading.event;
    assert_eq!(
        (event.severity, event.description.as_str()),
        (Low, "login failed")
    );
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2026-11-20T17:24:10.000000Z"
    );
    fields_are(
        &reading,
        &[
            ("source.ip", json!("203.0.113.9")),
            ("source.port", json!(4000)),
            ("user.name", json!("ana")),
            ("labels.shard", json!("7")),
        ],
    );
}

#[test]
fn fortigate_says_who_did_what_to_whom() {
    let reading = one(
        "date=2026-11-20 time=18:24:10 devname=\"fg-1\" devid=\"FG100\" logid=\"0000000013\" type=\"traffic\" \
         subtype=\"forward\" level=\"notice\" vd=\"root\" srcip=203.0.113.9 srcport=54190 srcintf=\"port12\" \
         dstip=10.0.0.5 dstport=443 policyid=1 proto=6 action=\"deny\" service=\"HTTPS\" app=\"SSL\" tz=\"+0100\"",
    );
    let event = &reading.event;
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("fg-1", "fortigate-traffic-forward")
    );
    assert_eq!(
        (event.severity, event.description.as_str()),
        (
            Info,
            "fortigate traffic forward deny: 203.0.113.9 port 54190 → 10.0.0.5 port 443"
        )
    );
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2026-11-20T17:24:10.000000Z"
    );
    fields_are(
        &reading,
        &[
            ("network.transport", json!("tcp")),
            ("network.protocol", json!("https")),
            ("event.action", json!("deny")),
            ("rule.id", json!("1")),
            ("observer.vendor", json!("Fortinet")),
            ("labels.srcintf", json!("port12")),
        ],
    );
    assert_eq!(field(&reading, "service.name"), json!(null));
}

#[test]
fn fortigate_names_the_site_and_the_far_end_of_a_tunnel() {
    let web = one(
        "date=2026-11-20 time=18:24:10 devname=\"fg-1\" devid=\"FG100\" logid=\"0316013056\" type=\"utm\" \
         subtype=\"webfilter\" vd=\"root\" srcip=10.0.0.5 dstip=203.0.113.9 hostname=\"bad.example\" url=\"/x\"",
    );
    fields_are(
        &web,
        &[
            ("url.domain", json!("bad.example")),
            ("observer.name", json!("fg-1")),
            ("host.name", json!(null)),
            ("network.direction", json!("outbound")),
        ],
    );
    assert_eq!(web.event.ip_address, "203.0.113.9".parse().ok());
    let tunnel = one(
        "date=2026-11-20 time=18:24:10 devname=\"fg-1\" devid=\"FG100\" logid=\"0101037124\" type=\"event\" \
         subtype=\"vpn\" vd=\"root\" action=\"negotiate\" remip=203.0.113.9 locip=192.0.2.1 user=\"ana\"",
    );
    fields_are(
        &tunnel,
        &[
            ("source.ip", json!("203.0.113.9")),
            ("destination.ip", json!("192.0.2.1")),
        ],
    );
}

#[test]
fn sonicwall_writes_address_port_and_interface_together() {
    let reading = one(
        "id=firewall sn=0006B1 time=\"2026-11-20 17:24:10 UTC\" fw=192.0.2.1 pri=1 c=32 m=82 \
         msg=\"Possible port scan detected\" n=4 src=203.0.113.9:43051:X1 dst=10.0.0.5:80:X0 proto=tcp/http",
    );
    let event = &reading.event;
    assert_eq!(
        (event.severity, event.description.as_str()),
        (Medium, "Possible port scan detected")
    );
    assert_eq!(
        (event.event_type.as_str(), reading.said.as_deref()),
        ("sonicwall", Some("1"))
    );
    assert_eq!(
        event.occurred_at.unwrap().to_string(),
        "2026-11-20T17:24:10.000000Z"
    );
    fields_are(
        &reading,
        &[
            ("source.ip", json!("203.0.113.9")),
            ("source.port", json!(43_051)),
            ("observer.ingress.interface.name", json!("X1")),
            ("destination.port", json!(80)),
            ("network.transport", json!("tcp")),
            ("network.protocol", json!("http")),
            ("event.code", json!("82")),
        ],
    );
}

#[test]
fn netfilter_says_what_was_done_before_the_first_pair() {
    let rest = "IN=eth0 OUT= MAC=aa SRC=203.0.113.9 DST=10.0.0.5 LEN=44 TTL=43 ID=2 DF PROTO=TCP SPT=52220 DPT=80 SYN";
    for (line, kind, action) in [
        (format!("[UFW BLOCK] {rest}"), "ufw", json!("blocked")),
        (
            format!("[12.3] DROP-INPUT: {rest}"),
            "netfilter",
            json!("blocked"),
        ),
        (format!("accept {rest}"), "netfilter", json!("allowed")),
        (format!("prefix {rest}"), "netfilter", json!(null)),
    ] {
        let reading = one(&line);
        assert_eq!(reading.event.event_type, kind, "{line}");
        assert_eq!(field(&reading, "event.action"), action, "{line}");
        fields_are(
            &reading,
            &[
                ("source.ip", json!("203.0.113.9")),
                ("source.port", json!(52_220)),
                ("destination.port", json!(80)),
                ("network.transport", json!("tcp")),
                ("observer.ingress.interface.name", json!("eth0")),
                ("labels", json!(null)),
            ],
        );
    }
}

#[test]
fn auditd_is_read_with_what_programs_add_in_quotes() {
    let login = one(
        "type=USER_LOGIN msg=audit(1795195450.123:206): pid=99 uid=0 auid=4294967295 ses=4294967295 \
         msg='op=login acct=\"root\" exe=\"/usr/sbin/sshd\" hostname=? addr=203.0.113.9 terminal=ssh res=failed'",
    );
    assert_eq!(login.event.event_type, "auditd-user-login");
    assert_eq!(
        login.event.description,
        "USER_LOGIN failure: root from 203.0.113.9, /usr/sbin/sshd"
    );
    assert_eq!(
        login.event.occurred_at.unwrap().to_string(),
        "2026-11-20T17:24:10.123000Z"
    );
    fields_are(
        &login,
        &[
            ("event.category", json!("authentication")),
            ("event.outcome", json!("failure")),
            ("event.sequence", json!(206)),
            ("source.ip", json!("203.0.113.9")),
            ("user.name", json!("root")),
            ("user.id", json!(null)),
            ("labels.uid", json!("0")),
            ("process.executable", json!("/usr/sbin/sshd")),
            ("labels.ses", json!("4294967295")),
        ],
    );
    assert_eq!(field(&login, "user.audit.id"), json!(null));
    let title = one("type=PROCTITLE msg=audit(1795195450.123:207): proctitle=6C73002D6C61");
    assert_eq!(title.event.description, "PROCTITLE: ls -la");
    let run = one(
        "node=db-1 type=EXECVE msg=audit(1795195450.123:207): argc=3 a0=\"ls\" a1=\"-la\" a2=2F746D702F6120622F63",
    );
    assert_eq!(field(&run, "process.command_line"), "ls -la /tmp/a b/c");
    assert_eq!(run.event.source_name, "db-1");
}

#[test]
fn the_account_auditd_names_has_not_the_number_of_the_daemon() {
    let reading = one(
        "type=USER_LOGIN msg=audit(1490995752.404:206): pid=1 uid=0 auid=1000 msg='op=login acct=\"ana\" exe=\"/usr/sbin/sshd\" addr=203.0.113.9 res=failed'",
    );
    fields_are(
        &reading,
        &[
            ("user.name", json!("ana")),
            ("user.id", json!(null)),
            ("labels.uid", json!("0")),
            ("user.audit.id", json!("1000")),
        ],
    );
    let command = one(
        "type=USER_CMD msg=audit(1490995752.404:206): pid=1 uid=1000 auid=1000 msg='cwd=\"/\" cmd=6C73202D6C res=success'",
    );
    assert_eq!(field(&command, "user.id"), "1000");
}

#[test]
fn pairs_inside_a_sentence_leave_the_sentence() {
    let line = "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=root";
    let reading = one(line);
    assert_eq!(reading.event.description, line);
    fields_are(
        &reading,
        &[
            ("source.ip", json!("203.0.113.9")),
            ("user.name", json!("root")),
            ("event.outcome", json!("failure")),
            ("labels.tty", json!("ssh")),
        ],
    );
    assert_eq!(field(&one("a=1 b=2 only two"), "labels"), json!(null));
}

proptest! {
    #[test]
    fn any_pairs_give_an_event_within_the_limits(
        line in "((type|msg|SRC|DST|PROTO|devid|logid|sn|fw|pri|src|a[0-9]|time|user)=[ -~]{0,12}[ ,;]){0,8}",
    ) {
        read_all(&FORMAT, &line);
    }
}
