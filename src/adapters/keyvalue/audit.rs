//! Records of Linux's audit system: `type=USER_LOGIN msg=audit(1490995752.404:206): pid=…`

use std::borrow::Cow;

use super::super::json::{Given, address, outcome};
use super::super::{Draft, parse_time};
use super::{Pair, of, pairs};

/// Arguments of a program that are put together.
const ARGUMENTS_MAX: usize = 64;

/// Whether the pairs are of a record.
pub(super) fn is(pairs: &[Pair<'_>]) -> bool {
    let has_type = pairs.iter().take(2).any(|pair| pair.name == "type");
    has_type
        && pairs
            .iter()
            .take(3)
            .any(|pair| pair.name == "msg" && pair.value.starts_with("audit("))
}

/// Gives a draft what a record says.
pub(super) fn give(outer: &[Pair<'_>], draft: &mut Draft) {
    let kind = of(outer, "type").unwrap_or("unknown");
    let stamp = of(outer, "msg").and_then(|msg| msg.strip_prefix("audit("));
    let stamp = stamp.and_then(|stamp| stamp.split([')', ' ']).next());
    if let Some((time, serial)) = stamp.and_then(|stamp| stamp.split_once(':')) {
        draft.occurred_at = parse_time(time).or(draft.occurred_at);
        draft
            .fields
            .set("event.sequence", serial.parse::<u64>().ok());
    }
    for pair in outer {
        give_pair(pair, draft);
    }
    let caller = of(outer, "uid");
    // What a program adds stands in quotes of its own.
    let added = outer.iter().find(|pair| pair.name == "msg" && pair.quoted);
    for pair in added.map(|pair| pairs(&pair.value)).unwrap_or_default() {
        give_pair(&pair, draft);
        if pair.name == "acct" {
            // The number is of the daemon that asks, not of the account it asks about.
            draft.fields.remove("user.id");
            draft.fields.label("uid", caller);
        }
    }
    if kind == "EXECVE" {
        give_arguments(outer, draft);
    }
    let lower = kind.to_ascii_lowercase();
    draft.fields.set("event.module", Some("auditd"));
    draft.fields.set("event.category", category(kind));
    draft.event_type = Some(format!("auditd-{}", lower.replace('_', "-")));
    draft.fields.set("event.action", Some(lower));
    draft.logsource("linux", Some("auditd"), None);
    draft.description = description(kind, draft);
}

#[expect(
    clippy::match_same_arms,
    reason = "read from above: each case on its own line"
)]
fn give_pair(pair: &Pair<'_>, draft: &mut Draft) {
    let Some(text) = Given::Text(&pair.value)
        .text()
        .filter(|text| *text != "?" && *text != "(none)")
    else {
        return;
    };
    let fields = &mut draft.fields;
    let number = || text.parse::<u64>().ok();
    match pair.name {
        "pid" => fields.set("process.pid", number()),
        "ppid" => fields.set("process.parent.pid", number()),
        "comm" => fields.set("process.name", Some(decoded(pair))),
        "exe" => fields.set("process.executable", Some(decoded(pair))),
        "cmd" | "proctitle" => fields.set("process.command_line", Some(decoded(pair))),
        "cwd" => fields.set("process.working_directory", Some(decoded(pair))),
        "uid" => fields.set("user.id", Some(text)),
        "auid" => fields.set(
            "user.audit.id",
            (text != "4294967295" && text != "unset").then_some(text),
        ),
        "acct" => fields.set("user.name", Some(decoded(pair))),
        "UID" => fields.set_if_absent("user.name", Some(text)),
        "AUID" => fields.set("user.audit.name", (text != "unset").then_some(text)),
        "addr" => fields.address("source.ip", Some(text)),
        "hostname" if address(text).is_none() => fields.set("source.domain", Some(text)),
        "hostname" => fields.address("source.ip", Some(text)),
        "res" | "success" => fields.set("event.outcome", outcome(Given::Text(text))),
        "key" => fields.set(
            "rule.name",
            Some(decoded(pair)).filter(|key| key != "(null)"),
        ),
        "name" => fields.set("file.path", Some(decoded(pair))),
        "node" => fields.set("host.name", Some(text)),
        "type" | "msg" | "items" | "argc" => {}
        name if name.len() <= 16 && !is_argument(name) => fields.label(name, Some(text)),
        _ => {}
    }
}

/// `a0` and so on: of a call they are numbers, of a program they are put together.
fn is_argument(name: &str) -> bool {
    name.strip_prefix('a')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn give_arguments(outer: &[Pair<'_>], draft: &mut Draft) {
    let arguments = outer
        .iter()
        .filter(|pair| is_argument(pair.name))
        .take(ARGUMENTS_MAX);
    let words: Vec<String> = arguments.map(decoded).collect();
    draft
        .fields
        .set("process.command_line", Some(words.join(" ")));
}

/// A value with spaces or quotes in it is written in hexadecimal digits, without quotes.
fn decoded(pair: &Pair<'_>) -> String {
    let text: &str = &pair.value;
    let is_hex = text.len() >= 4
        && text.len().is_multiple_of(2)
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'))
        && text
            .bytes()
            .any(|byte| byte.is_ascii_alphabetic() || text.len() > 8);
    if pair.quoted || !is_hex {
        return text.to_owned();
    }
    let pairs = (0..text.len()).step_by(2);
    let digits = pairs.filter_map(|at| text.get(at..at.saturating_add(2)));
    let bytes = digits.filter_map(|two| u8::from_str_radix(two, 16).ok());
    // Zeros part the words of a command line.
    let bytes: Vec<u8> = bytes
        .map(|byte| if byte == 0 { b' ' } else { byte })
        .collect();
    String::from_utf8_lossy(&bytes).trim_end().to_owned()
}

fn category(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "USER_LOGIN"
        | "USER_AUTH"
        | "USER_ERR"
        | "USER_ACCT"
        | "CRED_ACQ"
        | "CRED_REFR"
        | "LOGIN"
        | "USER_LOGOUT"
        | "ANOM_LOGIN_FAILURES" => "authentication",
        "USER_START" | "USER_END" | "CRED_DISP" => "session",
        "ADD_USER" | "DEL_USER" | "ADD_GROUP" | "DEL_GROUP" | "USER_CHAUTHTOK" | "USER_MGMT"
        | "GRP_MGMT" | "ACCT_LOCK" | "ACCT_UNLOCK" => "iam",
        "SYSCALL" | "EXECVE" | "PROCTITLE" | "USER_CMD" | "ANOM_ABEND" | "SECCOMP" => "process",
        "PATH" | "CWD" => "file",
        "SOCKADDR" | "NETFILTER_PKT" | "NETFILTER_CFG" => "network",
        "CONFIG_CHANGE" | "DAEMON_START" | "DAEMON_END" | "DAEMON_CONFIG" => "configuration",
        _ => return None,
    })
}

/// `USER_LOGIN failure: root from 192.0.2.1, /usr/sbin/sshd`
fn description(kind: &str, draft: &Draft) -> String {
    let field = |path: &str| draft.fields.get(path).and_then(serde_json::Value::as_str);
    let mut text = kind.to_owned();
    if let Some(outcome) = field("event.outcome") {
        text.push(' ');
        text.push_str(outcome);
    }
    for path in ["labels.apparmor", "labels.operation"] {
        if let Some(word) = field(path) {
            text.push(' ');
            text.push_str(word);
        }
    }
    let who = field("user.name")
        .map(Cow::Borrowed)
        .or_else(|| field("user.id").map(|id| format!("uid {id}").into()));
    let from = field("source.ip")
        .or_else(|| field("source.domain"))
        .map(|from| format!("from {from}"));
    let what = [
        "process.command_line",
        "file.path",
        "process.executable",
        "process.name",
    ];
    let what = what.into_iter().find_map(field);
    let who = [who.as_deref(), from.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    let parts = [Some(who.as_str()).filter(|who| !who.is_empty()), what];
    let parts: Vec<&str> = parts.into_iter().flatten().collect();
    if !parts.is_empty() {
        text.push_str(": ");
        text.push_str(&parts.join(", "));
    }
    super::super::sentence::clean(&text, 1_000)
}
