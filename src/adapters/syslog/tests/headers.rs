//! Every header is understood, of RFC 5424, RFC 3164, routers, and the many that are none of them.

use super::*;

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
fn ciscos_beginning_gives_code_provider_and_a_missing_severity() {
    let line = "<189>45: R1: Nov 20 17:19:39 UTC: %SEC_LOGIN-4-LOGIN_FAILED: Login failed";
    let event = &one(line);
    let attributes = attributes_of(event);
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
