//! Syslog: RFC 5424, RFC 3164, and the many headers that are neither. No line is refused.
//!
//! | event | line |
//! |---|---|
//! | `source_name` | HOSTNAME, else the sender |
//! | `event_type` | what the message says, else APP-NAME or TAG, else Cisco's `sys-config_i`, else `syslog` |
//! | `severity` | what the message says, else of the PRI, at most MEDIUM; INFO without one |
//! | `description` | what the message says, else the message |
//! | `occurred_at` | TIMESTAMP; without a year the one nearest to the receipt, without a zone UTC |
//! | `log.syslog.*` | the header's parts; `structured_data` by SD-ID and parameter |
//! | other fields | parameters of structured data, by their usual names |
//! | `log.level` | the severity's name: `emerg` to `debug` |
//! | `log.source.address` | who sent it, where the listener knows |
//! | `host.name`, `host.ip` | HOSTNAME |
//! | `process.name`, `process.pid` | APP-NAME or TAG, PROCID where it is a number |
//! | `event.code`, `event.provider` | of Cisco's `%SYS-5-CONFIG_I:` `CONFIG_I` and `SYS` |
//! | `event.sequence` | the number that routers put before the time |
//!
//! Start reading at [`Header::read`]; what the message behind it says is `text`'s business.

mod frames;
mod header;
mod legacy;
mod structured;
#[cfg(test)]
mod tests;
mod when;

use std::borrow::Cow;
use std::net::IpAddr;

use super::fields::{Fields, cut};
use super::json::{Facts, Weight};
use super::{
    Body, BodyError, Context, Draft, Format, RECORD_MAX, Read, Sink, refused, severity, text,
};

use structured::Elements;

pub use frames::{Frame, Frames, Framing, datagram};
pub use header::{Header, Mnemonic};
pub use when::Receipt;

/// Longest part of a header that is kept, in characters.
const PART_MAX: usize = 255;
/// The tag of a message whose end is missing.
const TRUNCATED: &str = "truncated";

/// Syslog lines (RFC 5424, RFC 3164).
pub const FORMAT: Format = Format {
    name: "syslog",
    aliases: &["rsyslog", "logger"],
    title: "Syslog lines (RFC 5424, RFC 3164)",
    read: body,
};

/// Severities of RFC 5424, table 2, by the keywords programs use.
const SEVERITIES: [&str; 8] = [
    "emerg", "alert", "crit", "err", "warning", "notice", "info", "debug",
];
/// Facilities of RFC 5424, table 1, by the keywords programs use.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// Lines, or messages that are counted as on a TCP connection.
fn body(body: &Body<'_>, cx: &Context<'_>, sink: &mut Sink<'_>) -> Result<(), BodyError> {
    let mut frames = Frames::new(RECORD_MAX);
    let mut rest = body.bytes;
    let mut any = false;
    while let Some(frame) = frames.next(&mut rest, true) {
        any = true;
        let read = if frame.truncated && frame.bytes.len() >= RECORD_MAX {
            Err(refused("record", "longer than 1 MiB"))
        } else {
            let line = line(frame.bytes);
            let header = Header::read(&line, &Receipt::at(cx.now));
            event(&header, None, frame.truncated, cx)
        };
        if sink(read, frame.bytes).is_break() {
            break;
        }
    }
    if any {
        Ok(())
    } else {
        Err("holds no record".into())
    }
}

/// The text of a message: what is no UTF-8 is replaced, and so is U+0000.
#[must_use]
pub fn line(bytes: &[u8]) -> Cow<'_, str> {
    // What is UTF-8, as nearly all is, is known sooner so.
    let text = std::str::from_utf8(bytes);
    let text = text.map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed);
    if text.trim_end_matches('\0').contains('\0') {
        text.trim_end_matches('\0').replace('\0', "\u{fffd}").into()
    } else {
        text
    }
}

/// A line as an event: `peer` is who sent it, and `truncated` says that its end is missing.
///
/// # Errors
/// The source's profile points to what a field cannot hold.
pub fn event(header: &Header<'_>, peer: Option<IpAddr>, truncated: bool, cx: &Context<'_>) -> Read {
    let mut draft = draft(header, peer, truncated);
    let elements = Elements::read(header.structured);
    let said = told(&mut draft, &elements, cx);
    if !header.structured.is_empty() {
        let fields = &mut draft.fields;
        fields.set_written("log.syslog.structured_data", &elements);
    }
    if draft.event_type.is_none() {
        let usual = cx.profile.default_type.as_deref().unwrap_or("syslog");
        draft.event_type = Some(usual.to_owned());
    }
    if header.message.trim().is_empty() {
        draft.description = said.unwrap_or_else(|| header.structured.to_owned());
    }
    text::read(header.message, draft, cx)
}

/// Gives a draft what the parameters of structured data say under the usual names, as pairs in a
/// message do, and tells what happened, if they do. The header itself counts more.
fn told(draft: &mut Draft, elements: &Elements<'_>, cx: &Context<'_>) -> Option<String> {
    let mut facts = Facts::new(cx.now);
    let mut any = false;
    for (name, value) in elements.told() {
        any |= facts.pair(name, value);
    }
    if !any {
        return None;
    }
    facts.give(draft, true);
    let judged = facts.judged();
    if judged.weight == Weight::Threat {
        draft.severity = judged.severity;
        draft.said = judged.said;
    }
    facts.message().map(str::to_owned)
}

/// What a header says.
fn draft(header: &Header<'_>, peer: Option<IpAddr>, truncated: bool) -> Draft {
    let mut draft = Draft {
        source_name: header.hostname.map(str::to_owned),
        event_type: event_type(header),
        severity: header.severity().map(severity::syslog),
        said: header.severity().and_then(severity_name).map(str::to_owned),
        occurred_at: header.time,
        ..Draft::default()
    };
    if truncated {
        draft.tag(TRUNCATED);
    }
    let fields = &mut draft.fields;
    log(fields, header, peer);
    if let Some(hostname) = header.hostname {
        fields.set("host.name", Some(cut(hostname, PART_MAX)));
        fields.address("host.ip", Some(hostname));
    }
    fields.set(
        "process.name",
        header.appname.map(|name| cut(name, PART_MAX)),
    );
    let pid = header.procid.and_then(|procid| procid.parse::<u32>().ok());
    fields.set("process.pid", pid);
    if let Some(mnemonic) = header.mnemonic {
        fields.set("event.code", Some(mnemonic.name));
        fields.set("event.provider", Some(mnemonic.facility));
    }
    fields.set("event.sequence", header.sequence);
    draft
}

/// The name of the program without its folder, else what Cisco's message begins with.
fn event_type(header: &Header<'_>) -> Option<String> {
    let program = header.appname.map(|name| {
        let parts = name.rsplit('/').find(|part| !part.is_empty());
        parts.unwrap_or(name).to_owned()
    });
    let of_mnemonic = |it: Mnemonic<'_>| format!("{}-{}", it.facility, it.name);
    program.or_else(|| header.mnemonic.map(of_mnemonic))
}

/// The fields that are about the line itself.
fn log(fields: &mut Fields, header: &Header<'_>, peer: Option<IpAddr>) {
    if let Some(priority) = header.priority {
        let facility = priority >> 3;
        fields.set("log.syslog.priority", Some(priority));
        fields.set("log.syslog.facility.code", Some(facility));
        let name = FACILITIES.get(usize::from(facility));
        fields.set("log.syslog.facility.name", name.copied());
    }
    let severity = header.severity();
    let name = severity.and_then(severity_name);
    fields.set("log.syslog.severity.code", severity);
    fields.set("log.syslog.severity.name", name);
    fields.set("log.level", name);
    let version = header.version.map(|version| version.to_string());
    fields.set("log.syslog.version", version);
    for (path, part) in [
        ("log.syslog.timestamp", header.timestamp),
        ("log.syslog.hostname", header.hostname),
        ("log.syslog.appname", header.appname),
        ("log.syslog.procid", header.procid),
        ("log.syslog.msgid", header.msgid),
    ] {
        fields.set(path, part.map(|part| cut(part, PART_MAX)));
    }
    let peer = peer.map(|peer| peer.to_canonical().to_string());
    fields.set("log.source.address", peer);
}

/// The keyword of a severity by its number.
pub(super) fn severity_name(severity: u8) -> Option<&'static str> {
    SEVERITIES.get(usize::from(severity)).copied()
}
