//! Suricata's EVE JSON: one record of `eve.json`, of any type, becomes one event.
//!
//! Everything here is pure: it knows neither the database nor HTTP nor the clock. Start reading
//! at [`event_from_eve`]; `docs/senders/suricata.md` tells operators the same story.
//!
//! # What the event holds
//!
//! | field | from |
//! |---|---|
//! | `source_name` | `host` (Suricata's `sensor-name`; a shipper's `host.name` too), else the sender |
//! | `event_type` | `suricata-` and `event_type`, lower case, `_` written `-`: `suricata-alert` |
//! | `severity` | `alert.severity` and `alert.category`, see [`severity`]; INFO without an alert |
//! | `description` | a sentence a person reads, with both ends and the protocol |
//! | `ip_address` | the end outside where exactly one is inside, else `src_ip` |
//! | `occurred_at` | `timestamp` |
//! | `key` | the record itself, to the last byte |
//! | `tags` | `suricata`, type, `app_proto`, `blocked`, MITRE ATT&CK tactic and technique ids |
//! | `attributes` | named as in the Elastic Common Schema, and the record itself under `suricata` |
//!
//! # Attributes
//!
//! Nested objects, each only where the record says it: `event.{kind, module, dataset, action,
//! severity}`, `source.{ip, port}`, `destination.{ip, port}` (with `bytes` and `packets` for
//! flows), `network.{transport, protocol, direction, community_id}`, `observer.{product, name,
//! ingress.interface.name}`, `rule.{id, gid, version, name, category}`, `threat.{framework,
//! tactic, technique}.{id, name}`, `flow.id`, and of the protocols `dns.question.{name, type}`,
//! `dns.response_code`, `http.{request.method, response.status_code}`, `url.{domain, original}`,
//! `user_agent.original`, `tls.{version, client.server_name, client.ja3, client.ja4,
//! server.subject, server.issuer}`, `ssh.{client, server}.software`, `file.{name, size,
//! hash.sha256, hash.md5}`, `email.{from, to, subject}`, `anomaly.{type, event}`.
//!
//! `suricata` is the record as it came, character for character. Where all of it would exceed
//! [`ATTRIBUTES_MAX`](crate::events::ATTRIBUTES_MAX), long texts and lists are cut and
//! `trimmed.bytes` tells how large the record was.

mod attributes;
mod category;
mod describe;
mod record;
mod threat;

#[cfg(test)]
mod tests;

use base::Severity;

pub use category::severity;

use super::fit::{Original, fit};
use super::members::digest;
use super::record::RecordError;
use super::{Context, Format, Object, Reading, each_object};
use crate::events::{NewEvent, TAG_MAX, TAGS_MAX};
use record::Record;

/// Suricata's EVE JSON, one record or many.
pub const FORMAT: Format = Format {
    name: "suricata",
    aliases: &["eve"],
    title: "Suricata EVE JSON",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, cx)),
};

/// Longest record read, in bytes: 1 MiB. Suricata's own stay below 100 kB unless it is told to
/// write whole payloads.
pub const LINE_MAX: usize = 1024 * 1024;

/// Says why a line is no event, and which field of the record is to blame.
///
/// The message names the field and what is allowed; it repeats nothing of the record but names.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EveError {
    /// The line is longer than [`LINE_MAX`].
    #[error("record is too long: at most {LINE_MAX} bytes")]
    TooLong,
    /// The line is no JSON object, or one that readers would read differently.
    #[error(transparent)]
    Json(#[from] RecordError),
    /// A field every record has is not there.
    #[error("{field}: missing")]
    Missing {
        /// The field.
        field: &'static str,
    },
    /// A field holds what it cannot mean.
    #[error("{field}: {expected}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl EveError {
    /// The field of the record that is to blame; `record` for the whole.
    #[must_use]
    pub fn field(&self) -> &str {
        match self {
            Self::TooLong => "record",
            Self::Json(error) => &error.field,
            Self::Missing { field } | Self::Invalid { field, .. } => field,
        }
    }

    /// What is wrong with it, without its name.
    fn reason(&self) -> String {
        match self {
            Self::TooLong => self.to_string(),
            Self::Json(error) => error.reason.clone(),
            Self::Missing { .. } => "missing".to_owned(),
            Self::Invalid { expected, .. } => (*expected).to_owned(),
        }
    }
}

/// Turns one record of Suricata's `eve.json` into an event.
///
/// `line` is one JSON object, white space around it allowed. The event keeps all limits of
/// [`NewEvent`]; texts too long for them are cut, but a sensor's name is not.
///
/// # Errors
/// [`EveError`] when the line is longer than [`LINE_MAX`]; is no JSON object, is cut off, names
/// a field twice, is nested deeper than 32, holds U+0000 or a number beyond 64 bits; or when
/// `timestamp`, `event_type` or, for an alert, `alert`, `alert.signature` or `alert.severity` is
/// missing or not what it should be, or another common field is there and not what it should be.
pub fn event_from_eve(line: &[u8]) -> Result<NewEvent, EveError> {
    if line.len() > LINE_MAX {
        return Err(EveError::TooLong);
    }
    event(&super::record::Record::read(line)?, "suricata")
}

/// The types of records that have a member called like them. Others write a type and a member of
/// that name as well, such as `process`.
const TYPES: &[&str] = &[
    "alert",
    "anomaly",
    "arp",
    "bittorrent_dht",
    "dcerpc",
    "dhcp",
    "dnp3",
    "dns",
    "drop",
    "enip",
    "fileinfo",
    "flow",
    "frame",
    "ftp",
    "ftp_data",
    "http",
    "ike",
    "ikev2",
    "krb5",
    "ldap",
    "mdns",
    "metadata",
    "modbus",
    "mqtt",
    "netflow",
    "nfs",
    "packet",
    "pgsql",
    "pop3",
    "quic",
    "rdp",
    "rfb",
    "sip",
    "smb",
    "smtp",
    "snmp",
    "ssh",
    "stats",
    "tftp",
    "tls",
    "websocket",
];

/// Whether an object is a record of EVE: it has a type and a time as Suricata writes them, and
/// something only Suricata writes, be it just a member that is called like its type. Whoever else
/// writes such members is not to be refused for how.
pub(super) fn is(object: &Object) -> bool {
    let Ok(kind) = record::event_type(object) else {
        return false;
    };
    let body = object.get(kind).and_then(serde_json::Value::as_object);
    let marks = ["flow_id", "pcap_cnt", "in_iface"];
    let is_marked = marks.iter().any(|name| object.contains_key(*name));
    let is_told = match kind {
        "alert" => body.is_some_and(|alert| alert.contains_key("signature")),
        _ => is_marked || body.is_some() && TYPES.contains(&kind),
    };
    is_told && record::timestamp(object).is_ok()
}

/// Turns a record that was read already into an event. Suricata gives records no name: one that is
/// equal to the last byte is the same, so that a file may be read again.
pub(super) fn read(record: &super::record::Record<'_>, cx: &Context<'_>) -> super::Read {
    let event =
        event(record, cx.source).map_err(|error| super::refused(error.field(), error.reason()))?;
    let key = digest(record.raw.get().as_bytes());
    cx.shaped(
        Reading::new(event).with_key(Some(key)),
        Some(&record.object),
    )
}

fn event(record: &super::record::Record<'_>, source: &str) -> Result<NewEvent, EveError> {
    let super::record::Record { object: whole, raw } = record;
    let record = Record::read(whole)?;
    let alert = record.alert.as_ref();
    let mapped = attributes::mapped(&record);
    Ok(NewEvent {
        source_name: record.host.unwrap_or(source).to_owned(),
        event_type: format!("suricata-{}", slug(record.event_type)),
        severity: alert.map_or(Severity::Info, |alert| {
            severity(alert.severity, alert.category)
        }),
        description: describe::description(&record),
        ip_address: record.ends.external(),
        occurred_at: Some(record.timestamp),
        tags: tags(&record),
        attributes: fit(&mapped, Original::Json("suricata", whole, raw)),
    })
}

/// A record's type as the end of an event type.
fn slug(event_type: &str) -> String {
    event_type.to_ascii_lowercase().replace('_', "-")
}

fn tags(record: &Record<'_>) -> Vec<String> {
    let mut tags = vec!["suricata".to_owned(), slug(record.event_type)];
    let mut add = |tag: &str| {
        if tags.len() < TAGS_MAX && tag.len() <= TAG_MAX && !tags.iter().any(|known| known == tag) {
            tags.push(tag.to_owned());
        }
    };
    // "failed" and "unknown" say that Suricata recognised no protocol.
    if let Some(protocol) = record.app_proto.map(str::trim)
        && !matches!(protocol, "" | "failed" | "unknown")
    {
        add(protocol);
    }
    if let Some(alert) = &record.alert {
        if alert.action == Some("blocked") {
            add("blocked");
        }
        for id in threat::ids(alert.metadata) {
            add(id);
        }
    }
    tags
}
