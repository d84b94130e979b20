//! How bad a record is: Zeek describes traffic, and only its notices judge.

use base::Severity::{self, High, Info, Low, Medium};
use serde_json::Value;

use super::super::members::{text, texts};
use crate::adapters::Object;

/// Notices that are not MEDIUM: a name or the beginning of names, severity, and why.
pub(super) const NOTICES: &[(&str, Severity, &str)] = &[
    (
        "SSH::Login_By_Password_Guesser",
        High,
        "who guessed passwords got in",
    ),
    ("SSH::Password_Guessing", High, "somebody guesses passwords"),
    ("FTP::Bruteforcing", High, "somebody guesses passwords"),
    (
        "HTTP::SQL_Injection_Attacker",
        High,
        "an attack on a web application",
    ),
    (
        "HTTP::SQL_Injection_Victim",
        High,
        "an attack on a web application",
    ),
    (
        "Heartbleed::SSL_Heartbeat_Attack_Success",
        High,
        "memory of the server was read",
    ),
    ("Intel::Notice", High, "an indicator of a threat was met"),
    (
        "TeamCymruMalwareHashRegistry::Match",
        High,
        "a file known as malware",
    ),
    ("ATTACK::", High, "a technique of ATT&CK was seen"),
    ("SSL::", Low, "a certificate that is not right"),
    ("CaptureLoss::", Low, "the sensor misses packets"),
    ("PacketFilter::", Low, "about the sensor itself"),
    ("Telemetry::", Low, "about the sensor itself"),
    ("Weird::", Low, "packets that break rules"),
];

/// Gives the severity of a record of a log.
///
/// A notice is what the list says, else MEDIUM; HIGH where the sensor's own policy sends a mail, a
/// page or an alarm for it. A hit of the intelligence framework or a signature is MEDIUM, unusual
/// traffic that Zeek made a notice of LOW, everything else INFO.
pub(super) fn severity(whole: &Object, log: &str) -> Severity {
    match log {
        "notice" | "notice_alarm" => notice(whole),
        "intel" | "signatures" => Medium,
        "weird" if whole.get("notice") == Some(&Value::Bool(true)) => Low,
        _ => Info,
    }
}

fn notice(whole: &Object) -> Severity {
    let note = text(whole, "note").unwrap_or_default();
    let listed = NOTICES.iter().find(|(name, ..)| {
        if name.ends_with("::") {
            note.starts_with(name)
        } else {
            note == *name
        }
    });
    let severity = listed.map_or(Medium, |(_, severity, _)| *severity);
    let loud = [
        "Notice::ACTION_ALARM",
        "Notice::ACTION_EMAIL",
        "Notice::ACTION_PAGE",
    ];
    if texts(whole, "actions").any(|action| loud.contains(&action)) {
        severity.max(High)
    } else {
        severity
    }
}
