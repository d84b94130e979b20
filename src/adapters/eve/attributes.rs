//! The record's fields under the names the Elastic Common Schema gives them.

use serde_json::Value;

use super::super::fields::{Fields, cut};
use super::record::{Alert, Eve};
use crate::adapters::Object;

/// Longest text of a mapped field, in characters. With these limits all mapped fields together fit
/// into an event's attributes even where JSON needs six bytes a character (a test fills them).
const TEXT_MAX: usize = 160;
/// Longest URL, name of a rule or a file, user agent and subject, in characters.
const URL_MAX: usize = 1024;
/// Most recipients of a mail.
const LIST_MAX: usize = 8;

/// Maps a record; `suricata` and `trimmed` are never among the names.
pub(super) fn mapped(record: &Eve<'_>) -> Fields {
    let mut fields = Fields::default();
    common(&mut fields, record);
    if let Some(alert) = &record.alert {
        rule(&mut fields, alert);
    }
    if record.event_type == "flow" {
        sizes(&mut fields, record.whole);
    }
    protocols(&mut fields, record.whole);
    fields
}

fn common(fields: &mut Fields, record: &Eve<'_>) {
    let kind = match record.event_type {
        "alert" => "alert",
        "stats" => "metric",
        _ => "event",
    };
    fields.set("event.kind", Some(kind));
    fields.set("event.module", Some("suricata"));
    fields.set("event.dataset", Some("suricata.eve"));
    for (end, ip, port) in [
        (record.ends.source, "source.ip", "source.port"),
        (
            record.ends.destination,
            "destination.ip",
            "destination.port",
        ),
    ] {
        fields.set(ip, end.ip.map(|address| address.to_string()));
        fields.set(port, end.port);
    }
    fields.set("network.transport", record.proto.map(transport));
    fields.set("network.protocol", record.app_proto.map(short));
    fields.text("network.community_id", record.whole, "community_id");
    fields.set("observer.product", Some("Suricata"));
    fields.set("observer.name", record.host);
    fields.set(
        "observer.ingress.interface.name",
        record.in_iface.map(short),
    );
    fields.set("flow.id", record.flow_id);
}

/// ECS writes transports in small letters, and ICMP for IPv6 with a hyphen as Suricata does.
fn transport(proto: &str) -> String {
    short(proto).to_ascii_lowercase()
}

fn rule(fields: &mut Fields, alert: &Alert<'_>) {
    fields.set("event.action", alert.action.map(short));
    fields.set("event.severity", Some(alert.severity));
    // ECS has ids and versions as words: other products' rules are not numbered.
    fields.set("rule.id", alert.signature_id.map(|id| id.to_string()));
    fields.set("rule.gid", alert.gid);
    fields.set("rule.version", alert.rev.map(|rev| rev.to_string()));
    fields.set("rule.name", Some(cut(alert.signature, URL_MAX)));
    fields.set("rule.category", Some(short(alert.category)));
}

/// A flow's counters. In other records `flow` is told from the client's side, which need not be
/// the source, so only records about flows are mapped.
fn sizes(fields: &mut Fields, whole: &Object) {
    let Some(flow) = object(whole, "flow") else {
        return;
    };
    for (path, name) in [
        ("source.bytes", "bytes_toserver"),
        ("source.packets", "pkts_toserver"),
        ("destination.bytes", "bytes_toclient"),
        ("destination.packets", "pkts_toclient"),
    ] {
        fields.number(path, flow, name);
    }
}

fn protocols(fields: &mut Fields, whole: &Object) {
    if let Some(dns) = object(whole, "dns") {
        // Since Suricata 7 questions stand in a list of their own.
        let question = dns.get("queries").and_then(|list| list.get(0));
        let question = question.and_then(Value::as_object).unwrap_or(dns);
        fields.text("dns.question.name", question, "rrname");
        fields.text("dns.question.type", question, "rrtype");
        fields.text("dns.response_code", dns, "rcode");
    }
    if let Some(http) = object(whole, "http") {
        fields.text("http.request.method", http, "http_method");
        fields.number("http.response.status_code", http, "status");
        fields.text("url.domain", http, "hostname");
        let url = http.get("url").and_then(Value::as_str);
        fields.set("url.original", url.map(|url| cut(url, URL_MAX)));
        let agent = http.get("http_user_agent").and_then(Value::as_str);
        fields.set("user_agent.original", agent.map(|text| cut(text, URL_MAX)));
    }
    if let Some(tls) = object(whole, "tls") {
        fields.text("tls.version", tls, "version");
        fields.text("tls.client.server_name", tls, "sni");
        fields.text("tls.client.ja4", tls, "ja4");
        fields.text("tls.server.subject", tls, "subject");
        fields.text("tls.server.issuer", tls, "issuerdn");
        if let Some(ja3) = object(tls, "ja3") {
            fields.text("tls.client.ja3", ja3, "hash");
        }
    }
    if let Some(ssh) = object(whole, "ssh") {
        for (path, side) in [
            ("ssh.client.software", "client"),
            ("ssh.server.software", "server"),
        ] {
            if let Some(side) = object(ssh, side) {
                fields.text(path, side, "software_version");
            }
        }
    }
    if let Some(file) = object(whole, "fileinfo") {
        let name = file.get("filename").and_then(Value::as_str);
        fields.set("file.name", name.map(|text| cut(text, URL_MAX)));
        fields.number("file.size", file, "size");
        fields.text("file.hash.sha256", file, "sha256");
        fields.text("file.hash.sha1", file, "sha1");
        fields.text("file.hash.md5", file, "md5");
    }
    if let Some(email) = object(whole, "email") {
        fields.text("email.from", email, "from");
        let subject = email.get("subject").and_then(Value::as_str);
        fields.set("email.subject", subject.map(|text| cut(text, URL_MAX)));
        fields.set("email.to", recipients(email));
    }
    users(fields, whole);
    if let Some(anomaly) = object(whole, "anomaly") {
        fields.text("anomaly.type", anomaly, "type");
        fields.text("anomaly.event", anomaly, "event");
    }
}

/// Who logs on: to a share, for a ticket, to a server of files.
fn users(fields: &mut Fields, whole: &Object) {
    if let Some(ntlm) = object(whole, "smb").and_then(|smb| object(smb, "ntlmssp")) {
        fields.text("user.name", ntlm, "user");
        fields.text("user.domain", ntlm, "domain");
        fields.text("source.domain", ntlm, "host");
    }
    if let Some(kerberos) = object(whole, "krb5") {
        fields.text("user.name", kerberos, "cname");
        fields.text("user.domain", kerberos, "realm");
    }
    if let Some(ftp) = object(whole, "ftp")
        && ftp.get("command").and_then(Value::as_str) == Some("USER")
    {
        fields.text("user.name", ftp, "command_data");
    }
}

fn recipients(email: &Object) -> Option<Vec<String>> {
    let list = email.get("to")?.as_array()?.iter();
    Some(
        list.filter_map(Value::as_str)
            .take(LIST_MAX)
            .map(short)
            .collect(),
    )
}

fn object<'a>(outer: &'a Object, name: &str) -> Option<&'a Object> {
    outer.get(name)?.as_object()
}

fn short(text: &str) -> String {
    cut(text, TEXT_MAX)
}
