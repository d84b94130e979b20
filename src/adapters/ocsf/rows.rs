//! OCSF's attributes under the names of the Elastic Common Schema.
//!
//! In logons and changes to accounts `user` is the account concerned and `actor.user` who acts; in
//! all else `actor.user` is whom the event is about. What a finding says only of its evidence is
//! taken from there.

use super::super::members::{As, LIST_MAX, Row, WORD_MAX, add, copy, object, objects, text};
use crate::adapters::{Fields, Object};

const ANY: &[Row] = &[
    (
        "event.id",
        As::Text,
        &["metadata.uid", "metadata.original_time_uid"],
    ),
    ("event.severity", As::Number, &["severity_id"]),
    (
        "event.reason",
        As::Text,
        &["status_detail", "status_details", "status_code"],
    ),
    ("event.provider", As::Text, &["metadata.log_provider"]),
    (
        "error.code",
        As::Text,
        &["api.response.error", "status_code"],
    ),
    (
        "error.message",
        As::Text,
        &["api.response.error_message", "api.response.message"],
    ),
    (
        "observer.vendor",
        As::Text,
        &["metadata.product.vendor_name"],
    ),
    ("observer.product", As::Text, &["metadata.product.name"]),
    ("observer.version", As::Text, &["metadata.product.version"]),
    (
        "rule.id",
        As::Text,
        &[
            "finding_info.analytic.uid",
            "rule.uid",
            "firewall_rule.uid",
            "finding.uid",
        ],
    ),
    (
        "rule.name",
        As::Text,
        &[
            "finding_info.analytic.name",
            "rule.name",
            "firewall_rule.name",
            "finding_info.title",
            "finding.title",
        ],
    ),
    (
        "rule.category",
        As::Text,
        &["finding_info.types", "finding.types", "rule.category"],
    ),
    (
        "host.name",
        As::Text,
        &[
            "device.hostname",
            "device.name",
            "evidences.device.hostname",
            "resources.name",
        ],
    ),
    ("host.id", As::Text, &["device.uid"]),
    ("host.ip", As::Address, &["device.ip"]),
    ("host.os.name", As::Text, &["device.os.name"]),
    (
        "source.ip",
        As::Address,
        &["src_endpoint.ip", "evidences.src_endpoint.ip"],
    ),
    (
        "source.port",
        As::Port,
        &["src_endpoint.port", "evidences.src_endpoint.port"],
    ),
    (
        "source.domain",
        As::Text,
        &[
            "src_endpoint.hostname",
            "src_endpoint.domain",
            "src_endpoint.name",
        ],
    ),
    (
        "destination.ip",
        As::Address,
        &["dst_endpoint.ip", "evidences.dst_endpoint.ip"],
    ),
    (
        "destination.port",
        As::Port,
        &["dst_endpoint.port", "evidences.dst_endpoint.port"],
    ),
    (
        "destination.domain",
        As::Text,
        &[
            "dst_endpoint.hostname",
            "dst_endpoint.domain",
            "dst_endpoint.svc_name",
        ],
    ),
    ("source.bytes", As::Number, &["traffic.bytes_out"]),
    ("destination.bytes", As::Number, &["traffic.bytes_in"]),
    (
        "network.transport",
        As::Lower,
        &["connection_info.protocol_name"],
    ),
    (
        "network.protocol",
        As::Text,
        &["app_name", "http_request.version", "auth_protocol"],
    ),
    (
        "network.community_id",
        As::Text,
        &["connection_info.community_uid"],
    ),
    (
        "http.request.method",
        As::Text,
        &["http_request.http_method"],
    ),
    (
        "http.response.status_code",
        As::Number,
        &["http_response.code", "http_status"],
    ),
    (
        "url.original",
        As::Text,
        &["http_request.url.url_string", "url.url_string"],
    ),
    (
        "url.domain",
        As::Text,
        &["http_request.url.hostname", "url.hostname"],
    ),
    ("url.path", As::Text, &["http_request.url.path", "url.path"]),
    (
        "user_agent.original",
        As::Text,
        &["http_request.user_agent"],
    ),
    (
        "dns.question.name",
        As::Text,
        &["query.hostname", "evidences.query.hostname"],
    ),
    ("dns.question.type", As::Text, &["query.type"]),
    ("dns.response_code", As::Text, &["rcode"]),
    ("tls.version", As::Text, &["tls.version"]),
    ("tls.client.server_name", As::Text, &["tls.sni"]),
    ("ssh.client.software", As::Text, &["client_hassh.algorithm"]),
    ("file.name", As::Text, &["file.name", "evidences.file.name"]),
    ("file.path", As::Text, &["file.path", "evidences.file.path"]),
    ("file.size", As::Number, &["file.size"]),
    ("api.operation", As::Text, &["api.operation"]),
    (
        "service.name",
        As::Text,
        &["api.service.name", "service.name"],
    ),
    ("cloud.provider", As::Text, &["cloud.provider"]),
    ("cloud.region", As::Text, &["cloud.region"]),
    (
        "cloud.account.id",
        As::Text,
        &["cloud.account.uid", "cloud.account_uid"],
    ),
    ("resource.id", As::Text, &["resources.uid", "resource.uid"]),
    (
        "resource.name",
        As::Text,
        &["resources.name", "resource.name", "resources.uid"],
    ),
    (
        "resource.type",
        As::Text,
        &["resources.type", "resource.type"],
    ),
    ("vulnerability.id", As::Text, &["vulnerabilities.cve.uid"]),
    ("email.subject", As::Text, &["email.subject"]),
    ("email.from", As::Text, &["email.from"]),
    ("group.name", As::Text, &["group.name"]),
    (
        "session.id",
        As::Text,
        &["session.uid", "actor.session.uid"],
    ),
];

const PROCESS: &[(&str, As, &str)] = &[
    ("name", As::Text, "name"),
    ("pid", As::Number, "pid"),
    ("executable", As::Text, "file.path"),
    ("command_line", As::Text, "cmd_line"),
    ("entity_id", As::Text, "uid"),
];

/// Fills the fields of a record of a class.
pub(super) fn put(fields: &mut Fields, whole: &Object, class: i64) {
    copy(fields, whole, ANY);
    // The event's process, else that of the evidence, else the actor's.
    let own = [
        "process",
        "evidences.process",
        "actor.process",
        "evidences.actor.process",
    ];
    if let Some(process) = own.iter().find_map(|path| object(whole, path)) {
        put_process(fields, "process", process);
        let parent = object(process, "parent_process").or_else(|| object(whole, "actor.process"));
        if let Some(parent) = parent.filter(|parent| !std::ptr::eq(*parent, process)) {
            put_process(fields, "process.parent", parent);
        }
        hashes(fields, "process", object(process, "file"));
    }
    hashes(
        fields,
        "file",
        object(whole, "file").or_else(|| object(whole, "evidences.file")),
    );
    let is_account = matches!(class, 3001..=3006);
    let (user, other) = if is_account && class != 3002 {
        (object(whole, "actor.user"), object(whole, "user"))
    } else {
        let own = object(whole, "user").filter(|_| class == 3002);
        let actor = object(whole, "actor.user").or_else(|| object(whole, "evidences.actor.user"));
        (own.or(actor).or_else(|| object(whole, "user")), None)
    };
    put_user(fields, "user", user.or(other));
    if user.is_some() {
        put_user(fields, "user.target", other);
    }
    fields.set(
        "network.direction",
        match text(whole, "connection_info.direction") {
            Some("Inbound") => Some("inbound"),
            Some("Outbound") => Some("outbound"),
            Some("Lateral") => Some("internal"),
            _ => None,
        },
    );
    observables(fields, whole);
}

fn put_process(fields: &mut Fields, prefix: &str, process: &Object) {
    for (name, how, path) in PROCESS {
        let value = super::super::members::at(process, path);
        let value = value.and_then(|value| super::super::members::read(value, *how));
        fields.set(&format!("{prefix}.{name}"), value);
    }
}

fn put_user(fields: &mut Fields, prefix: &str, user: Option<&Object>) {
    let Some(user) = user else {
        return;
    };
    for (name, path) in [
        ("name", "name"),
        ("id", "uid"),
        ("domain", "domain"),
        ("email", "email_addr"),
    ] {
        fields.set(&format!("{prefix}.{name}"), text(user, path));
    }
    if fields.get(&format!("{prefix}.name")).is_none() {
        let other = text(user, "email_addr").or_else(|| text(user, "uid"));
        fields.set(&format!("{prefix}.name"), other);
    }
}

/// `hashes` since 1.0, `fingerprints` before.
fn hashes(fields: &mut Fields, prefix: &str, file: Option<&Object>) {
    let Some(file) = file else {
        return;
    };
    for path in ["hashes", "fingerprints"] {
        for hash in objects(file, path).take(LIST_MAX) {
            let name = match text(hash, "algorithm")
                .map(str::to_ascii_lowercase)
                .as_deref()
            {
                Some("md5") => "md5",
                Some("sha-1" | "sha1") => "sha1",
                Some("sha-256" | "sha256") => "sha256",
                _ => continue,
            };
            let value = text(hash, "value").map(str::to_ascii_lowercase);
            fields.set(&format!("{prefix}.hash.{name}"), value);
        }
    }
}

/// Addresses, users and hashes the sender points at.
fn observables(fields: &mut Fields, whole: &Object) {
    let mut lists: [(&str, Vec<String>); 4] = [
        ("related.ip", Vec::new()),
        ("related.user", Vec::new()),
        ("related.hash", Vec::new()),
        ("related.hosts", Vec::new()),
    ];
    for observable in objects(whole, "observables").take(64) {
        let list = match super::super::members::number(observable, "type_id") {
            Some(2) => 0,
            Some(4) => 1,
            Some(8) => 2,
            Some(1) => 3,
            _ => continue,
        };
        if let (Some((_, list)), Some(value)) = (lists.get_mut(list), text(observable, "value")) {
            add(list, value, LIST_MAX, WORD_MAX);
        }
    }
    for (path, list) in lists {
        fields.set(path, (!list.is_empty()).then_some(list));
    }
}
