use base::Severity::{High, Info, Low, Medium};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::tests::{context, field, fields_are, keeps_the_limits};
use super::*;
use crate::adapters::{Profile, Reading};

fn with(line: &str, draft: Draft) -> Reading {
    let profile = Profile::default();
    let reading = read(line, draft, &context(&profile)).unwrap();
    keeps_the_limits(&reading.event);
    reading
}

fn one(line: &str) -> Reading {
    with(line, Draft::default())
}

/// Address, port, user and outcome.
fn login(line: &str) -> [Value; 4] {
    let reading = one(line);
    ["source.ip", "source.port", "user.name", "event.outcome"].map(|path| field(&reading, path))
}

/// Lines with a place for the address; port, user and outcome.
const SSHD: [(&str, u16, &str, &str); 11] = [
    (
        "Failed password for root from {} port 4022 ssh2",
        4022,
        "root",
        "failure",
    ),
    (
        "Failed password for invalid user bob from {} port 1 ssh2",
        1,
        "bob",
        "failure",
    ),
    (
        "Accepted publickey for ana from {} port 1 ssh2: RSA SHA256:abc",
        1,
        "ana",
        "success",
    ),
    (
        "Failed keyboard-interactive/pam for ana from {} port 1 ssh2",
        1,
        "ana",
        "failure",
    ),
    ("Invalid user bob from {} port 4022", 4022, "bob", "failure"),
    ("Invalid user  from {} port 4022", 4022, "", "failure"),
    (
        "Connection closed by authenticating user root {} port 22 [preauth]",
        22,
        "root",
        "failure",
    ),
    (
        "Connection closed by invalid user x {} port 22 [preauth]",
        22,
        "x",
        "failure",
    ),
    ("Disconnected from user ana {} port 22", 22, "ana", ""),
    (
        "Received disconnect from {} port 22:11: Bye Bye [preauth]",
        22,
        "",
        "",
    ),
    (
        "error: maximum authentication attempts exceeded for root from {} port 22 ssh2 [preauth]",
        22,
        "root",
        "failure",
    ),
];

#[test]
fn sshd_says_who_came_from_where_and_how_it_went() {
    for (line, port, user, outcome) in SSHD {
        for ip in ["203.0.113.50", "2001:db8::1"] {
            let line = line.replace("{}", ip);
            let text = |text: &str| {
                if text.is_empty() {
                    json!(null)
                } else {
                    json!(text)
                }
            };
            let expected = [json!(ip), json!(port), text(user), text(outcome)];
            assert_eq!(login(&line), expected, "{line}");
            let reading = one(&line);
            assert_eq!(reading.event.event_type, "sshd", "{line}");
            assert_eq!(reading.event.description, line);
            assert_eq!(field(&reading, "logsource.service"), "sshd");
        }
    }
}

#[test]
fn whoever_calls_himself_after_an_address_does_not_become_it() {
    for line in [
        "Failed password for invalid user x from 192.0.2.1 port 22 ssh2 from 203.0.113.50 port 4022 ssh2",
        "Invalid user x from 192.0.2.1 port 1 from 203.0.113.50 port 4022",
        "Invalid user from 192.0.2.1 from 203.0.113.50 port 4022",
    ] {
        let [ip, port, ..] = login(line);
        assert_eq!((ip, port), (json!("203.0.113.50"), json!(4022)), "{line}");
    }
}

#[test]
fn sudo_says_who_did_what_as_whom() {
    let reading =
        one("   alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/bin/sh -c a=1 ; b");
    fields_are(
        &reading,
        &[
            ("user.name", json!("alice")),
            ("user.target.name", json!("root")),
            ("process.command_line", json!("/bin/sh -c a=1 ; b")),
            ("process.working_directory", json!("/home/alice")),
            ("event.outcome", json!("success")),
        ],
    );
    assert_eq!(reading.event.event_type, "sudo");
    let refused = one(
        "alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/su",
    );
    fields_are(
        &refused,
        &[
            ("event.outcome", json!("failure")),
            ("event.reason", json!("3 incorrect password attempts")),
        ],
    );
}

#[test]
fn an_access_log_gives_the_request() {
    for (line, user) in [
        (
            "203.0.113.9 - - [20/Nov/2026:18:24:10 +0100] \"GET /a?b=c&d=e&f=g HTTP/1.1\" 404 52 \"-\" \"curl/8\"",
            json!(null),
        ),
        (
            "203.0.113.9 - ana [20/Nov/2026:18:24:10 +0100] \"GET /a?b=c&d=e&f=g HTTP/1.1\" 404 52 \"\" \"curl/8\"",
            json!("ana"),
        ),
        (
            "example.com 203.0.113.9 - - [20/Nov/2026:18:24:10 +0100] \"GET /a?b=c&d=e&f=g HTTP/1.1\" 404 52 \"-\" \"curl/8\"",
            json!(null),
        ),
    ] {
        let reading = one(line);
        assert_eq!(reading.event.event_type, "http-access");
        assert_eq!(
            reading.event.occurred_at.unwrap().to_string(),
            "2026-11-20T17:24:10.000000Z"
        );
        fields_are(
            &reading,
            &[
                ("source.ip", json!("203.0.113.9")),
                ("user.name", user),
                ("http.request.method", json!("GET")),
                ("url.original", json!("/a?b=c&d=e&f=g")),
                ("http.response.status_code", json!(404)),
                ("user_agent.original", json!("curl/8")),
                ("event.outcome", json!("failure")),
            ],
        );
    }
    let quoted = one(
        "203.0.113.9 - - [20/Nov/2026:18:24:10 +0100] \"GET /\\\"x HTTP/1.1\" 200 - \"-\" \"a \\\"b\\\"\"",
    );
    assert_eq!(field(&quoted, "url.original"), "/\\\"x");
    for line in [
        "203.0.113.9 - - [20/Nov] \"x\" 200",
        "a [b] \"GET\" 1",
        "x - - [y] \"get / HTTP/1.1\" 200 1",
    ] {
        assert_ne!(one(line).event.event_type, "http-access", "{line}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn addresses_have_the_role_the_words_before_them_give() {
    for (line, source, destination) in [
        (
            "connection from 203.0.113.9:4000 to 10.0.0.5:443 closed",
            json!("203.0.113.9"),
            json!("10.0.0.5"),
        ),
        (
            "login failure for user admin from ip 203.0.113.9 via ssh",
            json!("203.0.113.9"),
            json!(null),
        ),
        (
            "denied tcp src outside:203.0.113.9/4000 dst inside:10.0.0.5/80",
            json!("203.0.113.9"),
            json!("10.0.0.5"),
        ),
        (
            "session 203.0.113.9/58662->10.0.0.5/53 created",
            json!("203.0.113.9"),
            json!("10.0.0.5"),
        ),
        (
            "denied 203.0.113.9(4000) -> 10.0.0.5(445)",
            json!("203.0.113.9"),
            json!("10.0.0.5"),
        ),
        (
            "[client 2001:db8::1] refused",
            json!("2001:db8::1"),
            json!(null),
        ),
        (
            "client @0x7f3f9c009168 2001:db8::1#62466 (example.org): query denied",
            json!("2001:db8::1"),
            json!(null),
        ),
        (
            "client @0x7f3f9c009168 203.0.113.9#3076 (example.org): query denied",
            json!("203.0.113.9"),
            json!(null),
        ),
        (
            "Access denied for user 'a'@'203.0.113.9' (using password: YES)",
            json!("203.0.113.9"),
            json!(null),
        ),
        (
            "Failed Login - username:ana ip:203.0.113.9",
            json!("203.0.113.9"),
            json!(null),
        ),
        (
            "version 1.2.3.4.5 of 12:30:00 and 1.2.3",
            json!(null),
            json!(null),
        ),
    ] {
        let reading = one(line);
        let found = (
            field(&reading, "source.ip"),
            field(&reading, "destination.ip"),
        );
        assert_eq!(found, (source, destination), "{line}");
    }
    let alone = one("the tunnel 203.0.113.9 is down");
    assert_eq!(alone.event.ip_address, Some("203.0.113.9".parse().unwrap()));
    assert_eq!(field(&alone, "source"), json!(null));
    assert_eq!(one("a 203.0.113.9 b 203.0.113.8").event.ip_address, None);
}

#[test]
fn how_a_login_went_is_told_only_of_logins() {
    for (line, outcome, user) in [
        (
            "Failed login attempt for username \"test\" from ip 192.168.1.1 (Invalid password)",
            json!("failure"),
            json!("test"),
        ),
        (
            "auth: user \"real\" successfully logged in from ip 192.168.1.2",
            json!("success"),
            json!("real"),
        ),
        (
            "pam_unix(sshd:auth): authentication failure for user root",
            json!("failure"),
            json!("root"),
        ),
        ("the disk failed again", json!(null), json!(null)),
        ("password for user x will expire", json!(null), json!(null)),
    ] {
        let reading = one(line);
        assert_eq!(
            (
                field(&reading, "event.outcome"),
                field(&reading, "user.name")
            ),
            (outcome, user),
            "{line}"
        );
    }
}

#[test]
fn a_header_of_syslog_in_a_message_is_taken_off() {
    let reading =
        one("Nov 20 17:24:10 web-1 sshd[99]: Invalid user bob from 203.0.113.50 port 4022");
    let event = &reading.event;
    assert_eq!(
        event.description,
        "Invalid user bob from 203.0.113.50 port 4022"
    );
    assert_eq!(
        (event.source_name.as_str(), event.event_type.as_str()),
        ("web-1", "sshd")
    );
    fields_are(
        &reading,
        &[("process.pid", json!(99)), ("user.name", json!("bob"))],
    );
    let error = one("<11>Nov 20 17:24:10 web-1 app: it broke");
    assert_eq!(
        (error.event.severity, error.event.event_type.as_str()),
        (Medium, "app")
    );
    let node =
        one("2026-11-20T17:40:00.000000100+01:00 stderr F {\"level\":\"warn\",\"msg\":\"slow\"}");
    assert_eq!(
        (node.event.severity, node.event.description.as_str()),
        (Low, "slow")
    );
    assert_eq!(
        node.event.occurred_at.unwrap().to_string(),
        "2026-11-20T16:40:00.000000Z"
    );
}

#[test]
fn what_is_known_already_is_kept_where_the_line_says_nothing() {
    let mut draft = Draft {
        source_name: Some("web-1".to_owned()),
        event_type: Some("app".to_owned()),
        severity: Some(Low),
        said: Some("warning".to_owned()),
        ..Draft::default()
    };
    draft.fields.set("process.name", Some("app"));
    let plain = with("nothing to see", draft.clone());
    assert_eq!(
        (plain.event.severity, plain.event.event_type.as_str()),
        (Low, "app")
    );
    let json = with(
        "@cee: {\"severity\":\"HIGH\",\"message\":\"m\"}",
        draft.clone(),
    );
    assert_eq!(
        (json.event.severity, json.event.description.as_str()),
        (High, "m")
    );
    let cef = with("CEF:0|V|P|1|c|n|8|src=192.0.2.1", draft);
    assert_eq!(
        (cef.event.severity, cef.event.source_name.as_str()),
        (High, "web-1")
    );
}

#[test]
fn an_object_behind_a_sentence_completes_it() {
    let line = "2026-11-20T17:24:10Z [warn][API]: Failed sign-in attempt {\"ip\":\"203.0.113.9\",\"email\":\"a@b.example\"}";
    let reading = one(line);
    let event = &reading.event;
    assert_eq!((event.description.as_str(), event.severity), (line, Low));
    fields_are(
        &reading,
        &[
            ("source.ip", json!("203.0.113.9")),
            ("user.name", json!("a@b.example")),
            ("event.outcome", json!("failure")),
            ("log.level", json!("warn")),
        ],
    );
    assert_eq!(one("{broken \"json\"}").event.severity, Info);
}

#[test]
fn long_lines_take_no_longer_than_their_length() {
    // Quadratic work would never end.
    for piece in [
        "a=\"",
        "1.2.3.4 ",
        " {",
        "for x from ",
        "\" [",
        "] \"",
        "CEF:0|",
        "=",
        "a:",
        "\u{e9}",
        "->",
    ] {
        let line = piece.repeat(1_000_000 / piece.len());
        one(&line);
    }
}

#[test]
fn a_version_and_a_network_are_no_address() {
    for line in [
        "Mozilla/5.0 Chrome/120.0.0.0 Safari/537.36 was seen",
        "route 10.0.0.0/24 changed",
    ] {
        assert_eq!(one(line).event.ip_address, None, "{line}");
    }
    for line in [
        "denied on outside:203.0.113.9/443",
        "timeout of db/203.0.113.9",
        "peer: 203.0.113.9: gone",
    ] {
        assert_eq!(
            one(line).event.ip_address,
            "203.0.113.9".parse().ok(),
            "{line}"
        );
    }
}

proptest! {
    #[test]
    fn any_line_gives_an_event_within_the_limits(line in any::<String>()) {
        one(&line);
    }

    #[test]
    fn any_words_of_known_lines_give_an_event_within_the_limits(
        line in "((Failed|Accepted|Invalid|user|password|for|from|port|[0-9.:]{1,15}|COMMAND=|PWD=| ; | : |<[0-9]{1,3}>|Nov 20|\\[|\\]|\"|\\{|\\}|->|é) ?){0,20}",
    ) {
        one(&line);
    }
}

#[test]
fn the_sources_map_of_severities_knows_the_word_of_a_header() {
    for (line, said) in [
        ("<10>Nov 20 17:24:10 fw app: text", "crit"),
        ("<15>1 2026-11-20T17:24:10Z fw app - - - text", "debug"),
    ] {
        assert_eq!(one(line).said.as_deref(), Some(said), "{line}");
    }
}
