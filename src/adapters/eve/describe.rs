//! A sentence a person reads.

use serde_json::Value;

use super::record::{Alert, Eve};
use crate::adapters::Object;
use crate::adapters::sentence::{PART_MAX, clean};
use crate::events::DESCRIPTION_MAX;

/// Longest signature, in characters; published ones stay below 300.
const SIGNATURE_MAX: usize = 4096;

/// Describes a record: what, from where to where, by which protocol.
pub(super) fn description(record: &Eve<'_>) -> String {
    let ends = record.ends;
    let has_ends = ends.source.ip.is_some() || ends.destination.ip.is_some();
    let mut text = join(
        &record
            .alert
            .as_ref()
            .map_or_else(|| summary(record), signature),
        &[
            has_ends.then(|| format!("{} → {}", ends.source, ends.destination)),
            record.proto.map(|proto| clean(proto.trim(), PART_MAX)),
        ],
    );
    let action = record.alert.as_ref().and_then(|alert| alert.action);
    if action == Some("blocked") {
        text.push_str(", blocked");
    }
    clean(&text, DESCRIPTION_MAX)
}

fn signature(alert: &Alert<'_>) -> String {
    let name = clean(alert.signature.trim(), SIGNATURE_MAX);
    let name = match (name.is_empty(), alert.signature_id) {
        (false, _) => name,
        (true, Some(id)) => format!("Signature {id}"),
        (true, None) => "Signature without a name".to_owned(),
    };
    match alert.category.trim() {
        "" => name,
        category => format!("{name} ({})", clean(category, PART_MAX)),
    }
}

/// What a record without an alert tells, in a few words.
fn summary(record: &Eve<'_>) -> String {
    let empty = Object::new();
    let body = record.whole.get(record.event_type);
    let body = body.and_then(Value::as_object).unwrap_or(&empty);
    match record.event_type {
        "dns" => dns(body),
        "http" => join(
            "HTTP",
            &[
                word(body, "http_method"),
                Some(format!(
                    "{}{}",
                    word(body, "hostname").unwrap_or_default(),
                    word(body, "url").unwrap_or_default()
                )),
                word(body, "status"),
            ],
        ),
        "tls" => join(
            "TLS",
            &[
                word(body, "sni").or_else(|| word(body, "subject")),
                word(body, "version").map(|version| version.replace("TLS ", "version ")),
            ],
        ),
        "ssh" => ssh(body),
        "flow" => flow(body),
        "fileinfo" => join(
            "File",
            &[
                word(body, "filename"),
                word(body, "size").map(|size| format!("({size} bytes)")),
            ],
        ),
        "anomaly" => join("Anomaly", &[word(body, "type"), word(body, "event")]),
        "smtp" => join(
            "Mail",
            &[
                word(body, "mail_from").map(|from| format!("from {from}")),
                first(body, "rcpt_to").map(|to| format!("to {to}")),
            ],
        ),
        "stats" => join(
            "Suricata statistics",
            &[word(body, "uptime").map(|seconds| format!("after {seconds} s"))],
        ),
        other => join(
            &format!("Suricata {other} record"),
            &[word(body, "command").or_else(|| word(body, "type"))],
        ),
    }
}

/// Queries and answers: until Suricata 7 the name stands in `dns` itself, since then in a list.
fn dns(body: &Object) -> String {
    let question = body.get("queries").and_then(|list| list.get(0));
    let question = question.and_then(Value::as_object).unwrap_or(body);
    let is_answer = matches!(word(body, "type").as_deref(), Some("answer" | "response"));
    join(
        if is_answer { "DNS answer" } else { "DNS query" },
        &[
            word(question, "rrname"),
            word(question, "rrtype"),
            // Suricata 8 gives questions a code too, and it is always NOERROR.
            word(body, "rcode").filter(|_| is_answer),
        ],
    )
}

fn flow(body: &Object) -> String {
    let parts = [
        word(body, "bytes_toserver").map(|count| format!("{count} bytes sent")),
        word(body, "bytes_toclient").map(|count| format!("{count} received")),
        word(body, "state"),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    match parts.as_slice() {
        [] => "Flow".to_owned(),
        parts => format!("Flow of {}", parts.join(", ")),
    }
}

fn ssh(body: &Object) -> String {
    let software = |side: &str| {
        let side = body.get(side).and_then(Value::as_object)?;
        word(side, "software_version")
    };
    join(
        "SSH",
        &[
            software("client").map(|name| format!("client {name}")),
            software("server").map(|name| format!("server {name}")),
        ],
    )
}

fn join(what: &str, parts: &[Option<String>]) -> String {
    let mut text = what.to_owned();
    for part in parts.iter().flatten().filter(|part| !part.is_empty()) {
        text.push(' ');
        text.push_str(part);
    }
    text
}

/// A member that is text or a number, as text.
fn word(object: &Object, name: &str) -> Option<String> {
    as_word(object.get(name)?)
}

/// The first of a list of texts.
fn first(object: &Object, name: &str) -> Option<String> {
    as_word(object.get(name)?.get(0)?)
}

fn as_word(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(clean(text.trim(), PART_MAX)),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
