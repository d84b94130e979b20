//! Suricata's EVE JSON: one record of `eve.json`, of any type, becomes one event.
//!
//! Start reading at `read`; `docs/senders/suricata.md` tells operators the same story.
//!
//! # What the event holds
//!
//! | field | from |
//! |---|---|
//! | `source_name` | `host` (Suricata's `sensor-name`; a shipper's `host.name` too), else the sender |
//! | `event_type` | `suricata-` and `event_type`, lower case, `_` written `-`: `suricata-alert` |
//! | `severity` | `alert.severity` and `alert.category`, see `severity`; INFO without an alert |
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

#[cfg(test)]
mod tests;

use base::Severity;

use category::severity;

use super::attack::Attack;
use super::members::{digest, texts};
use super::{Context, Draft, Format, Object, Original, Read, Record, each_object};
use record::Eve;

/// Suricata's EVE JSON, one record or many.
pub const FORMAT: Format = Format {
    name: "suricata",
    aliases: &["eve"],
    title: "Suricata EVE JSON",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, cx)),
};

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
    let text = |name: &str| object.get(name).and_then(serde_json::Value::as_str);
    let (Some(kind), Some(time)) = (text("event_type"), text("timestamp")) else {
        return false;
    };
    let body = object.get(kind).and_then(serde_json::Value::as_object);
    let marks = ["flow_id", "pcap_cnt", "in_iface"];
    let is_marked = marks.iter().any(|name| object.contains_key(*name));
    let is_told = match kind {
        "alert" => body.is_some_and(|alert| alert.contains_key("signature")),
        _ => is_marked || body.is_some() && TYPES.contains(&kind),
    };
    is_told && record::is_type(kind) && record::time(time).is_some()
}

/// Reads a record. Suricata gives records no name: one that is equal to the last byte is the same, so
/// that a file may be read again.
pub(super) fn read(record: &Record<'_>, cx: &Context<'_>) -> Read {
    let Record { object: whole, raw } = record;
    let eve = Eve::read(whole)?;
    let alert = eve.alert.as_ref();
    let mut draft = Draft {
        source_name: eve.host.map(str::to_owned),
        event_type: Some(format!("suricata-{}", kind(eve.event_type))),
        severity: Some(alert.map_or(Severity::Info, |alert| {
            severity(alert.severity, alert.category)
        })),
        description: describe::description(&eve),
        occurred_at: Some(eve.timestamp),
        tags: vec!["suricata".to_owned(), kind(eve.event_type)],
        key: Some(digest(raw.get().as_bytes())),
        fields: attributes::mapped(&eve),
        ..Draft::default()
    };
    // "failed" and "unknown" say that Suricata recognised no protocol.
    if let Some(protocol) = eve.app_proto.map(str::trim)
        && !matches!(protocol, "" | "failed" | "unknown")
    {
        draft.tag(protocol);
    }
    if let Some(alert) = alert {
        if alert.action == Some("blocked") {
            draft.tag("blocked");
        }
        threat(alert.metadata).put(&mut draft);
    }
    draft.finish(cx, Original::Json("suricata", whole, raw))
}

/// A record's type as the end of an event type.
fn kind(event_type: &str) -> String {
    event_type.to_ascii_lowercase().replace('_', "-")
}

/// MITRE ATT&CK as rule authors write it into a signature's metadata.
fn threat(metadata: Option<&Object>) -> Attack {
    let mut attack = Attack::default();
    let Some(metadata) = metadata else {
        return attack;
    };
    for name in ["mitre_tactic_id", "mitre_technique_id"] {
        texts(metadata, name).for_each(|id| attack.read(id));
    }
    for name in texts(metadata, "mitre_tactic_name") {
        attack.tactic(&name.replace('_', " "));
    }
    for name in texts(metadata, "mitre_technique_name") {
        attack.technique(&name.replace('_', " "));
    }
    attack
}
