//! What sshd and sudo write.
//!
//! Whoever logs in chooses the user's name, and may call himself `root from 192.0.2.1`. The
//! address is therefore read from the end of the line, where sshd puts it.

use super::super::Draft;
use super::super::json::address;

/// Reads a line of sshd; `false` when it is none.
pub(super) fn sshd(line: &str, draft: &mut Draft) -> bool {
    let Some((outcome, who, tail)) = parts(line) else {
        return false;
    };
    let mut words = tail.split(' ');
    let Some((ip, _)) = words.next().and_then(address) else {
        return false;
    };
    let fields = &mut draft.fields;
    fields.set("source.ip", Some(ip.to_canonical().to_string()));
    if words.next() == Some("port") {
        // `port 22:11: Bye Bye`, where 11 is the reason.
        let port = words.next().and_then(|port| port.split(':').next());
        fields.set(
            "source.port",
            port.and_then(|port| port.parse::<u16>().ok()),
        );
    }
    let (who, invalid) = ["invalid user ", "illegal user "]
        .iter()
        .find_map(|words| who.strip_prefix(words))
        .map_or((who, false), |who| (who, true));
    let who = who
        .strip_prefix("authenticating user ")
        .unwrap_or(who)
        .trim();
    fields.set("user.name", Some(who));
    if invalid || line.starts_with("Invalid user") || line.starts_with("Illegal user") {
        fields.set("event.reason", Some("invalid user"));
    }
    fields.set("event.outcome", outcome);
    fields.set("event.action", outcome.map(|_| "ssh_login"));
    fields.set("event.category", Some("authentication"));
    fields.set("network.protocol", Some("ssh"));
    fields.set_if_absent("process.name", Some("sshd"));
    draft.event_type = Some("sshd".to_owned());
    draft.logsource("linux", Some("sshd"), None);
    true
}

/// What happened, who, and what begins with the address.
type Parts<'a> = (Option<&'static str>, &'a str, &'a str);

fn parts(line: &str) -> Option<Parts<'_>> {
    attempt(line)
        .or_else(|| unknown(line))
        .or_else(|| left(line))
}

/// `Failed password for X from …`, `Accepted publickey for X from …`
fn attempt(line: &str) -> Option<Parts<'_>> {
    let (outcome, rest) = match line.strip_prefix("Failed ") {
        Some(rest) => ("failure", rest),
        None => ("success", line.strip_prefix("Accepted ")?),
    };
    let (method, rest) = rest.split_once(" for ")?;
    let (who, tail) = rest.rsplit_once(" from ")?;
    let is_attempt = !method.contains(' ') && tail.contains(" port ");
    is_attempt.then_some((Some(outcome), who, tail))
}

/// `Invalid user X from …`, and too many attempts.
fn unknown(line: &str) -> Option<Parts<'_>> {
    let rest = [
        "Invalid user ",
        "Illegal user ",
        "error: maximum authentication attempts exceeded for ",
        "maximum authentication attempts exceeded for ",
    ]
    .into_iter()
    .find_map(|words| line.strip_prefix(words))?;
    let (who, tail) = match rest.rsplit_once(" from ") {
        Some(parts) => parts,
        // The name may be empty.
        None => ("", rest.strip_prefix("from ")?),
    };
    Some((Some("failure"), who, tail))
}

/// Connections that end, which name the user or not.
fn left(line: &str) -> Option<Parts<'_>> {
    const NOBODY: [&str; 3] = [
        "Received disconnect from ",
        "Did not receive identification string from ",
        "Unable to negotiate with ",
    ];
    let nobody = NOBODY
        .into_iter()
        .find_map(|words| line.strip_prefix(words));
    if let Some(tail) = nobody {
        return Some((None, "", tail));
    }
    let rest = [
        "Connection closed by ",
        "Connection reset by ",
        "Disconnected from ",
    ]
    .into_iter()
    .find_map(|words| line.strip_prefix(words))?;
    // `invalid user X 192.0.2.1 port 22 [preauth]`
    let (before, _) = rest.rsplit_once(" port ")?;
    let at = before.rfind(' ').map_or(0, |at| at.saturating_add(1));
    let (who, tail) = rest.split_at_checked(at)?;
    let who = who.trim_end();
    let failed = rest.contains("[preauth]") && !who.is_empty();
    let who = who.strip_prefix("user ").unwrap_or(who);
    Some((failed.then_some("failure"), who, tail))
}

/// Reads a line of sudo: `alice : TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id`,
/// and with what was wrong before `TTY=`. `false` when it is none.
pub(super) fn sudo(line: &str, draft: &mut Draft) -> bool {
    let Some((who, rest)) = line.trim_start().split_once(" : ") else {
        return false;
    };
    let Some((before, command)) = rest.split_once("COMMAND=") else {
        return false;
    };
    if who.contains(' ') || !before.contains("PWD=") {
        return false;
    }
    let mut parts = before.split(" ; ").map(str::trim).peekable();
    // What is no pair says what was wrong.
    let wrong = parts.next_if(|part| !part.contains('='));
    let fields = &mut draft.fields;
    for part in parts {
        match part.split_once('=') {
            Some(("USER", user)) => fields.set("user.target.name", Some(user)),
            Some(("PWD", folder)) => fields.set("process.working_directory", Some(folder)),
            Some(("TTY", terminal)) => fields.label("tty", Some(terminal)),
            Some(("GROUP", group)) => fields.set("group.name", Some(group)),
            _ => {}
        }
    }
    fields.set("user.name", Some(who));
    fields.set("process.command_line", Some(command));
    fields.set(
        "event.outcome",
        Some(if wrong.is_some() {
            "failure"
        } else {
            "success"
        }),
    );
    fields.set("event.reason", wrong);
    fields.set("event.action", Some("sudo"));
    fields.set("event.category", Some("process"));
    fields.set_if_absent("process.name", Some("sudo"));
    draft.event_type = Some("sudo".to_owned());
    draft.logsource("linux", Some("sudo"), None);
    true
}
