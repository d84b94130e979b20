//! Zeek's logs, as JSON and as tables with `#fields` in front.
//!
//! | field | from |
//! |---|---|
//! | `source_name` | `_system_name`, else the sender |
//! | `event_type` | `zeek-` and the log: `zeek-conn`, `zeek-notice` |
//! | `severity` | see `severity`; the source's map knows the names of notices |
//! | `description` | what the log is about, and both ends |
//! | `ip_address` | the end outside, else the origin |
//! | `occurred_at` | `ts` |
//! | `tags` | `zeek`, the log, the notice |
//! | `key` | what the record says to the last byte, where it has a time |
//! | `attributes` | `rows`; the record whole under `zeek` |

mod rows;
mod severity;
mod table;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use serde_json::Value;

use super::attack::Attack;
use super::fit::Original;
use super::members::{at, digest, text};
use super::sentence::told;
use super::{
    Body, BodyError, Context, Draft, Format, Object, Read, Record, Sink, bounded, each_object,
    refused, time_of,
};

pub use table::Table;

/// Zeek's logs.
pub const FORMAT: Format = Format {
    name: "zeek",
    aliases: &["bro", "corelight"],
    title: "Zeek logs",
    read: body,
};

/// Whether an object is one: it names its log, or has the ends of a connection as Zeek writes them.
pub(super) fn is(object: &Object) -> bool {
    let has = |name: &str| object.contains_key(name);
    (object.get("_path").is_some_and(Value::is_string)
        && ["ts", "uid", "_write_ts", "id.orig_h", "id"]
            .iter()
            .any(|name| has(name)))
        || (has("id.orig_h") && has("id.resp_h"))
        || (has("note") && has("msg") && has("ts") && has("actions"))
        || (has("fuid") && has("ts"))
}

fn body(body: &Body<'_>, cx: &Context<'_>, sink: &mut Sink<'_>) -> Result<(), BodyError> {
    let start = body.bytes.trim_ascii_start();
    let start = start.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(start);
    if start.first() != Some(&b'#') {
        return each_object(body, sink, |record| read(record, cx));
    }
    let mut table = Table::default();
    for line in start.split(|byte| *byte == b'\n') {
        if let Some(read) = row(&mut table, line, cx)
            && sink(read, line) == ControlFlow::Break(())
        {
            break;
        }
    }
    Ok(())
}

/// Reads one line of a log of tables: `None` for a line of the header and a blank one.
pub fn row(table: &mut Table, line: &[u8], cx: &Context<'_>) -> Option<Read> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if let Err(errors) = bounded("record", line) {
        return Some(Err(errors));
    }
    let object = match table.line(line)? {
        Ok(object) => object,
        Err(reason) => return Some(Err(refused("record", reason))),
    };
    let raw = match serde_json::value::to_raw_value(&object) {
        Ok(raw) => raw,
        Err(error) => return Some(Err(refused("record", error.to_string()))),
    };
    let key = object.contains_key("ts").then(|| digest(line));
    let record = Record { object, raw: &raw };
    Some(event(&record, key, cx))
}

/// Reads one record of JSON.
pub(super) fn read(record: &Record<'_>, cx: &Context<'_>) -> Read {
    let key = record
        .object
        .contains_key("ts")
        .then(|| digest(record.raw.get().as_bytes()));
    event(record, key, cx)
}

fn event(record: &Record<'_>, key: Option<String>, cx: &Context<'_>) -> Read {
    let whole = &record.object;
    let Some(log) = log(whole) else {
        return Err(refused(
            "_path",
            "must be the name of the log, such as conn",
        ));
    };
    let note = text(whole, "note").filter(|_| log == "notice");
    let mut draft = Draft {
        source_name: text(whole, "_system_name").map(str::to_owned),
        event_type: Some(format!("zeek-{log}")),
        severity: Some(severity::severity(whole, log)),
        said: note.map(str::to_owned),
        occurred_at: at(whole, "ts").and_then(time_of),
        key,
        tags: vec!["zeek".to_owned(), log.to_owned()],
        ..Draft::default()
    };
    if let Some(note) = note {
        draft.tag(note);
    }
    draft.logsource("zeek", Some(log), None);
    rows::put(&mut draft.fields, whole, log);
    let mut attack = Attack::default();
    // BZAR calls its notices `ATTACK::Credential_Access`.
    if let Some(("ATTACK", tactic)) = note.and_then(|note| note.split_once("::")) {
        attack.read(tactic);
    }
    attack.put(&mut draft);
    draft.description = description(&draft, whole, log);
    draft.finish(cx, Original::Json("zeek", whole, record.raw))
}

/// Members that only records of a log have.
const SHAPES: &[(&str, &[&str])] = &[
    ("notice", &["note", "msg"]),
    ("conn", &["conn_state"]),
    ("dns", &["query", "qtype"]),
    ("dns", &["trans_id", "rejected"]),
    ("http", &["trans_depth"]),
    ("http", &["method", "uri"]),
    ("ssh", &["auth_attempts"]),
    ("ssh", &["host_key_alg"]),
    ("ssl", &["established"]),
    ("files", &["fuid", "seen_bytes"]),
    ("weird", &["name", "notice"]),
    ("smtp", &["mailfrom"]),
    ("x509", &["certificate.subject"]),
    ("rdp", &["security_protocol"]),
    ("kerberos", &["request_type", "service"]),
    ("ntlm", &["ntlmssp"]),
    ("dhcp", &["msg_types"]),
    ("software", &["software_type"]),
    ("intel", &["seen.indicator"]),
];

/// The log a record is of: what it says, else what only records of that log have.
fn log(whole: &Object) -> Option<&str> {
    if let Some(path) = text(whole, "_path") {
        return Some(path);
    }
    let has = |names: &[&str]| names.iter().all(|name| whole.contains_key(*name));
    let known = SHAPES.iter().find(|(_, names)| has(names));
    let is_event = has(&["uid"]) || has(&["fuid"]) || has(&["id.orig_h", "id.resp_h"]);
    known
        .map(|(log, _)| *log)
        .or_else(|| is_event.then_some("event"))
}

fn description(draft: &Draft, whole: &Object, log: &str) -> String {
    let word = |name: &str| text(whole, name).unwrap_or_default();
    let what = match log {
        "notice" => format!("{} {}", word("note"), join(word("msg"), word("sub"))),
        "weird" => format!("Unusual traffic: {} {}", word("name"), word("addl")),
        "conn" => format!("Connection {}", word("conn_state")),
        "dns" => format!("DNS query {}", word("query")),
        "http" => format!("HTTP {} {}{}", word("method"), word("host"), word("uri")),
        "ssl" => format!("TLS {}", word("server_name")),
        "files" => format!("File {}", join(word("filename"), word("mime_type"))),
        "ssh" => match whole.get("auth_success") {
            Some(Value::Bool(true)) => "SSH logon".to_owned(),
            Some(Value::Bool(false)) => "SSH logon failed".to_owned(),
            _ => "SSH connection".to_owned(),
        },
        "smtp" => format!("Mail from {}", word("mailfrom")),
        "intel" => format!(
            "Known indicator {} seen {}",
            word("seen.indicator"),
            word("seen.where")
        ),
        "signatures" => format!("Signature {} {}", word("sig_id"), word("event_msg")),
        "x509" => format!("Certificate {}", word("certificate.subject")),
        other => format!("Zeek {other} record {}", join(word("name"), word("msg"))),
    };
    let what: Vec<&str> = what.split_whitespace().collect();
    told(
        &what.join(" "),
        &draft.fields,
        &[
            ("status", "http.response.status_code"),
            ("answer", "dns.response_code"),
            ("user", "user.name"),
            ("from", "source.ip"),
            ("to", "destination.ip"),
            ("port", "destination.port"),
            ("", "network.protocol"),
        ],
    )
}

fn join(one: &str, other: &str) -> String {
    match (one, other) {
        ("", text) | (text, "") => text.to_owned(),
        (one, other) => format!("{}: {other}", one.trim_end_matches('.')),
    }
}
