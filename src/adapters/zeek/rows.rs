//! Zeek's columns under the names of the Elastic Common Schema.

use serde_json::Value;

use super::super::members::{As, Row, at, copy, text};
use crate::adapters::{Fields, Object};

const ANY: &[Row] = &[
    ("event.id", As::Text, &["uid", "fuid"]),
    ("source.ip", As::Address, &["id.orig_h", "src", "source_h"]),
    ("source.port", As::Port, &["id.orig_p"]),
    ("destination.ip", As::Address, &["id.resp_h", "dst"]),
    ("destination.port", As::Port, &["id.resp_p", "p"]),
    ("network.transport", As::Lower, &["proto"]),
    ("network.community_id", As::Text, &["community_id"]),
    (
        "observer.name",
        As::Text,
        &["_system_name", "peer_descr", "peer"],
    ),
];

/// What single logs have.
const LOGS: &[(&str, &[Row])] = &[
    (
        "conn",
        &[
            ("network.protocol", As::Lower, &["service"]),
            ("source.bytes", As::Number, &["orig_bytes"]),
            ("source.packets", As::Number, &["orig_pkts"]),
            ("destination.bytes", As::Number, &["resp_bytes"]),
            ("destination.packets", As::Number, &["resp_pkts"]),
            ("event.duration_seconds", As::Number, &["duration"]),
            ("connection.state", As::Text, &["conn_state"]),
        ],
    ),
    (
        "dns",
        &[
            ("dns.question.name", As::Text, &["query"]),
            ("dns.question.type", As::Text, &["qtype_name"]),
            ("dns.response_code", As::Text, &["rcode_name"]),
        ],
    ),
    (
        "http",
        &[
            ("http.request.method", As::Text, &["method"]),
            ("http.response.status_code", As::Number, &["status_code"]),
            ("http.request.referrer", As::Text, &["referrer"]),
            ("url.domain", As::Text, &["host"]),
            ("url.original", As::Text, &["uri"]),
            ("user_agent.original", As::Text, &["user_agent"]),
            ("user.name", As::Text, &["username"]),
        ],
    ),
    (
        "ssl",
        &[
            ("tls.version", As::Text, &["version"]),
            ("tls.cipher", As::Text, &["cipher"]),
            ("tls.client.server_name", As::Text, &["server_name"]),
            ("tls.client.ja3", As::Text, &["ja3"]),
            ("tls.client.ja4", As::Text, &["ja4"]),
            ("tls.server.subject", As::Text, &["subject"]),
            ("tls.server.issuer", As::Text, &["issuer"]),
        ],
    ),
    (
        "files",
        &[
            ("file.name", As::Text, &["filename"]),
            ("file.mime_type", As::Text, &["mime_type"]),
            ("file.size", As::Number, &["total_bytes", "seen_bytes"]),
            ("file.hash.md5", As::Text, &["md5"]),
            ("file.hash.sha1", As::Text, &["sha1"]),
            ("file.hash.sha256", As::Text, &["sha256"]),
            ("network.protocol", As::Lower, &["source"]),
            // Whoever sent the file stands first in these lists.
            ("source.ip", As::Address, &["tx_host"]),
            ("destination.ip", As::Address, &["rx_host"]),
        ],
    ),
    (
        "notice",
        &[
            ("rule.name", As::Text, &["note"]),
            ("event.reason", As::Text, &["msg"]),
            ("file.mime_type", As::Text, &["file_mime_type"]),
        ],
    ),
    (
        "weird",
        &[
            ("rule.name", As::Text, &["name"]),
            ("network.protocol", As::Lower, &["source"]),
        ],
    ),
    (
        "intel",
        &[
            ("threat.indicator.name", As::Text, &["seen.indicator"]),
            ("threat.indicator.type", As::Text, &["seen.indicator_type"]),
        ],
    ),
    (
        "signatures",
        &[
            ("rule.name", As::Text, &["sig_id"]),
            ("source.ip", As::Address, &["src_addr"]),
            ("source.port", As::Port, &["src_port"]),
            ("destination.ip", As::Address, &["dst_addr"]),
            ("destination.port", As::Port, &["dst_port"]),
        ],
    ),
    (
        "ssh",
        &[
            ("ssh.client.software", As::Text, &["client"]),
            ("ssh.server.software", As::Text, &["server"]),
        ],
    ),
    (
        "smtp",
        &[
            ("email.from", As::Text, &["mailfrom", "from"]),
            ("email.subject", As::Text, &["subject"]),
        ],
    ),
    (
        "kerberos",
        &[
            ("user.name", As::Text, &["client"]),
            ("service.name", As::Text, &["service"]),
        ],
    ),
    (
        "ntlm",
        &[
            ("user.name", As::Text, &["username"]),
            ("user.domain", As::Text, &["domainname"]),
        ],
    ),
    ("rdp", &[("user.name", As::Text, &["cookie"])]),
    (
        "ftp",
        &[
            ("user.name", As::Text, &["user"]),
            ("event.action", As::Text, &["command"]),
            ("file.path", As::Text, &["arg"]),
        ],
    ),
    (
        "smb_files",
        &[
            ("file.path", As::Text, &["name"]),
            ("event.action", As::Text, &["action"]),
        ],
    ),
    (
        "x509",
        &[
            ("tls.server.subject", As::Text, &["certificate.subject"]),
            ("tls.server.issuer", As::Text, &["certificate.issuer"]),
        ],
    ),
];

/// Fills the fields of a record of a log.
pub(super) fn put(fields: &mut Fields, whole: &Object, log: &str) {
    let is_alert = matches!(log, "notice" | "intel" | "signatures");
    fields.set("event.kind", Some(if is_alert { "alert" } else { "event" }));
    fields.set("event.module", Some("zeek"));
    fields.set("event.dataset", Some(format!("zeek.{log}")));
    fields.set(
        "event.category",
        Some(if is_alert {
            "intrusion_detection"
        } else {
            "network"
        }),
    );
    fields.set("observer.vendor", Some("Zeek"));
    fields.set("observer.product", Some("Zeek"));
    copy(fields, whole, ANY);
    if let Some((_, rows)) = LOGS.iter().find(|(name, _)| *name == log) {
        copy(fields, whole, rows);
    }
    for (path, name) in [("source.ip", "tx_hosts"), ("destination.ip", "rx_hosts")] {
        let first = at(whole, name).and_then(|list| list.get(0)?.as_str());
        if fields.get(path).is_none() {
            fields.address(path, first);
        }
    }
    let protocols = [
        "dns", "http", "ssh", "smtp", "ftp", "rdp", "kerberos", "ntlm", "dhcp",
    ];
    if protocols.contains(&log) {
        fields.set("network.protocol", Some(log));
    } else if log == "ssl" {
        fields.set("network.protocol", Some("tls"));
    }
    fields.set(
        "event.outcome",
        match (
            whole.get("auth_success").or_else(|| whole.get("success")),
            log,
        ) {
            (Some(Value::Bool(true)), _) => Some("success"),
            (Some(Value::Bool(false)), _) => Some("failure"),
            _ => None,
        },
    );
    if log == "notice" {
        fields.set(
            "rule.category",
            text(whole, "note").and_then(|note| Some(note.split_once("::")?.0)),
        );
    }
}
