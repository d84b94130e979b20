//! Wazuh alerts: as a line of `alerts.json`, and in the envelope of the integrator's `shuffle`.
//!
//! | field | from |
//! |---|---|
//! | `source_name` | `agent.name`, else `manager.name` |
//! | `event_type` | `wazuh-` and the first group of the rule that says something |
//! | `severity` | `rule.level`, see `severity`; the source's map knows levels |
//! | `description` | `rule.description`, who, from where, on which host |
//! | `ip_address` | the end outside, else the source |
//! | `occurred_at` | `timestamp` |
//! | `tags` | `wazuh`, the rule's groups, ATT&CK ids |
//! | `key` | `manager.name` and `id` |
//! | `attributes` | below; the alert whole under `wazuh` |
//!
//! Attributes: `rule.{id, name, category}`, `event.severity` (the level), `threat.*`, `host.*` (the
//! agent, or the device whose log the manager received), `observer.*` (the manager), `log.file.path`
//! (`location`), and of `data`, `syscheck` and `win` what `ROWS`
//! and [`super::windows`] know.

#[cfg(test)]
mod tests;

use base::Severity::{self, Critical, High, Info, Low, Medium};
use serde_json::Value;

use super::attack::Attack;
use super::fit::Original;
use super::members::{As, Row, copy, first, number, object, text, texts, word};
use super::sentence::told;
use super::{
    Context, Draft, Format, Object, Read, Record, each_object, envelope, parse_time, refused,
    windows,
};

/// Wazuh alerts.
pub const FORMAT: Format = Format {
    name: "wazuh",
    aliases: &["ossec"],
    title: "Wazuh alerts",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, cx)),
};

/// Groups that say where a record came from and not what it is about.
const GENERAL: [&str; 8] = [
    "syslog",
    "local",
    "ossec",
    "json",
    "windows",
    "win_evt_channel",
    "linuxkernel",
    "errors",
];

/// Beginnings of groups that name a paragraph of a norm; the alert under `wazuh` keeps them.
const NORMS: [&str; 7] = [
    "pci_dss_",
    "hipaa_",
    "gdpr_",
    "nist_800_53_",
    "tsc_",
    "gpg13_",
    "cis_",
];

/// Where decoders and modules put what has a name of its own.
const ROWS: &[Row] = &[
    (
        "source.ip",
        As::Address,
        &[
            "data.srcip",
            "data.src_ip",
            "data.aws.sourceIPAddress",
            "data.aws.source_ip_address",
            "data.office365.ClientIP",
            "data.gcp.jsonPayload.sourceIP",
            "data.ip",
        ],
    ),
    ("source.port", As::Port, &["data.srcport", "data.src_port"]),
    (
        "source.domain",
        As::Text,
        &["data.srchost", "data.hostname"],
    ),
    (
        "destination.ip",
        As::Address,
        &["data.dstip", "data.dest_ip", "data.dst_ip"],
    ),
    (
        "destination.port",
        As::Port,
        &["data.dstport", "data.dest_port", "data.dst_port"],
    ),
    (
        "network.transport",
        As::Lower,
        &["data.protocol", "data.proto"],
    ),
    (
        "event.action",
        As::Text,
        &[
            "data.action",
            "syscheck.event",
            "data.aws.eventName",
            "data.office365.Operation",
        ],
    ),
    ("url.original", As::Text, &["data.url"]),
    (
        "process.executable",
        As::Text,
        &["data.audit.exe", "syscheck.audit.process.name"],
    ),
    (
        "process.command_line",
        As::Text,
        &["data.command", "data.audit.execve.command"],
    ),
    (
        "process.pid",
        As::Number,
        &["data.audit.pid", "syscheck.audit.process.id"],
    ),
    (
        "file.path",
        As::Text,
        &["syscheck.path", "data.audit.file.name", "data.file"],
    ),
    (
        "file.hash.md5",
        As::Text,
        &["syscheck.md5_after", "data.virustotal.source.md5"],
    ),
    (
        "file.hash.sha1",
        As::Text,
        &["syscheck.sha1_after", "data.virustotal.source.sha1"],
    ),
    ("file.hash.sha256", As::Text, &["syscheck.sha256_after"]),
    ("vulnerability.id", As::Text, &["data.vulnerability.cve"]),
    (
        "vulnerability.severity",
        As::Text,
        &["data.vulnerability.severity"],
    ),
    (
        "package.name",
        As::Text,
        &["data.vulnerability.package.name"],
    ),
    (
        "package.version",
        As::Text,
        &["data.vulnerability.package.version"],
    ),
    ("dns.question.name", As::Text, &["data.dns.rrname"]),
    (
        "cloud.account.id",
        As::Text,
        &["data.aws.recipientAccountId", "data.aws.aws_account_id"],
    ),
    ("cloud.region", As::Text, &["data.aws.awsRegion"]),
];

/// Whether an object is one: it names a rule with a level, and who says so.
pub(super) fn is(object: &Object) -> bool {
    let is_alert = |object: &Object| {
        let rule = object.get("rule").and_then(Value::as_object);
        rule.and_then(level).is_some()
            && ["agent", "manager", "decoder"]
                .iter()
                .any(|name| object.contains_key(*name))
    };
    is_alert(object)
        || object
            .get("all_fields")
            .and_then(Value::as_object)
            .is_some_and(is_alert)
}

fn level(rule: &Object) -> Option<i64> {
    number(rule, "level").filter(|level| (0..=16).contains(level))
}

/// Reads one record.
pub(super) fn read(record: &Record<'_>, cx: &Context<'_>) -> Read {
    match envelope::inner(record, "all_fields") {
        Some(inside) => alert(&inside, cx),
        None => alert(record, cx),
    }
}

fn alert(record: &Record<'_>, cx: &Context<'_>) -> Read {
    let whole = &record.object;
    let Some(rule) = object(whole, "rule") else {
        return Err(refused(
            "rule",
            "must be the rule that raised the alert, as an object",
        ));
    };
    let Some(level) = level(rule) else {
        return Err(refused("rule.level", "must be a level of Wazuh, 0 to 16"));
    };
    let is_norm = |group: &&str| NORMS.iter().any(|norm| group.starts_with(norm));
    let groups: Vec<&str> = texts(rule, "groups")
        .filter(|group| !is_norm(group))
        .collect();
    let topic = groups
        .iter()
        .find(|group| !GENERAL.contains(group))
        .or_else(|| groups.first());
    let mut draft = Draft {
        source_name: first(whole, &["agent.name", "manager.name"]).map(str::to_owned),
        event_type: Some(format!("wazuh-{}", topic.unwrap_or(&"alert"))),
        severity: Some(severity(level)),
        said: Some(level.to_string()),
        occurred_at: first(whole, &["timestamp", "@timestamp"]).and_then(parse_time),
        key: key(whole),
        ..Draft::default()
    };
    draft.tag("wazuh");
    for group in &groups {
        draft.tag(*group);
    }
    draft.fields.set("rule.category", Some(groups.join(", ")));
    fields(&mut draft, whole, rule, level);
    let is_windows = object(whole, "data.win").is_some_and(|win| windows::put(&mut draft, win));
    if !is_windows {
        logsource(&mut draft, whole, &groups);
    }
    // What is said of the alert stands above what is said of the Windows event.
    draft.fields.set("event.kind", Some("alert"));
    draft.fields.set("event.module", Some("wazuh"));
    draft.fields.set("event.dataset", Some("wazuh.alerts"));
    let what = text(rule, "description").map(str::to_owned);
    let what = what.or_else(|| word(rule, "id").map(|id| format!("Wazuh rule {id}")));
    draft.description = told(
        &what.unwrap_or_else(|| "Wazuh alert".to_owned()),
        &draft.fields,
        &[
            ("file", "file.path"),
            ("user", "user.name"),
            ("account", "user.target.name"),
            ("from", "source.ip"),
            ("to", "destination.ip"),
            ("on", "host.name"),
        ],
    );
    draft.finish(cx, Original::Json("wazuh", whole, record.raw))
}

/// Gives the severity of a rule's level, 0 to 16.
///
/// 0 to 3 INFO, 4 to 6 LOW, 7 to 9 MEDIUM, 10 to 14 HIGH, 15 and 16 CRITICAL: an alert is raised
/// from the level on at which Wazuh speaks of an attack (10, many errors of one user), not by
/// checksums and "first time seen" below it.
#[must_use]
const fn severity(level: i64) -> Severity {
    match level {
        ..=3 => Info,
        4..=6 => Low,
        7..=9 => Medium,
        10..=14 => High,
        _ => Critical,
    }
}

/// The id is made of time and place in the manager's file: two managers may make the same.
fn key(whole: &Object) -> Option<String> {
    let id = text(whole, "id")?;
    Some(format!(
        "{}/{id}",
        text(whole, "manager.name").unwrap_or_default()
    ))
}

fn fields(draft: &mut Draft, whole: &Object, rule: &Object, level: i64) {
    let fields = &mut draft.fields;
    fields.set("event.severity", Some(level));
    fields.set("event.id", text(whole, "id"));
    fields.set("rule.id", word(rule, "id"));
    fields.set("rule.name", text(rule, "description"));
    fields.set("observer.vendor", Some("Wazuh"));
    fields.set("observer.product", Some("Wazuh"));
    fields.set("observer.name", text(whole, "manager.name"));
    fields.set("log.file.path", text(whole, "location"));
    // The manager's own agent also speaks for devices that send it their syslog.
    let device =
        text(whole, "predecoder.hostname").filter(|_| text(whole, "agent.id") == Some("000"));
    fields.set(
        "host.name",
        device.or_else(|| first(whole, &["agent.name", "predecoder.hostname"])),
    );
    if device.is_none() {
        fields.set("host.id", text(whole, "agent.id"));
        fields.address("host.ip", text(whole, "agent.ip"));
    }
    fields.set("process.name", text(whole, "predecoder.program_name"));
    copy(fields, whole, ROWS);
    if text(whole, "data.url").is_some() {
        // `data.id` is a status in logs of web servers, and anything elsewhere.
        fields.set("http.response.status_code", number(whole, "data.id"));
    }
    // `srcuser` acts; with it alone, or `dstuser` alone, there is one user.
    let actor = first(
        whole,
        &[
            "data.srcuser",
            "data.aws.userIdentity.userName",
            "data.office365.UserId",
            "data.user",
            "data.uname",
        ],
    );
    let target = first(whole, &["data.dstuser", "syscheck.uname_after"]);
    fields.set("user.name", actor.or(target));
    if actor.is_some() && target != actor {
        fields.set("user.target.name", target);
    }
    let mut attack = Attack::default();
    for id in texts(rule, "mitre.id") {
        attack.read(id);
    }
    for name in texts(rule, "mitre.tactic") {
        attack.tactic(name);
    }
    for name in texts(rule, "mitre.technique") {
        attack.technique(name);
    }
    attack.put(draft);
}

/// What wrote the line behind the alert.
fn logsource(draft: &mut Draft, whole: &Object, groups: &[&str]) {
    let decoder = first(whole, &["decoder.parent", "decoder.name"]).unwrap_or_default();
    match decoder {
        "sshd" | "sudo" | "su" | "pam" | "cron" => draft.logsource("linux", Some(decoder), None),
        "auditd" => draft.logsource("linux", Some("auditd"), None),
        "web-accesslog" => draft.logsource("webserver", None, Some("webserver")),
        _ if object(whole, "data.aws").is_some() => {
            draft.logsource(
                "aws",
                groups.contains(&"aws_cloudtrail").then_some("cloudtrail"),
                None,
            );
        }
        _ if object(whole, "data.office365").is_some() => {
            draft.logsource("m365", None, None);
        }
        _ => {}
    }
}
