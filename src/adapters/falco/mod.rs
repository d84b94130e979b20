//! Falco's JSON output, as Falco and Falcosidekick send it.
//!
//! | field | from |
//! |---|---|
//! | `source_name` | `hostname`, else the sender |
//! | `event_type` | `falco-` and `source`: `falco-syscall` |
//! | `severity` | `priority`, see `severity`; the source's map knows the priorities |
//! | `description` | the rule's name, command, user, file or connection, container |
//! | `ip_address` | the end outside of `fd.name` |
//! | `occurred_at` | `time` |
//! | `tags` | `falco`, the rule's `tags`, ATT&CK ids |
//! | `key` | `uuid`, else what the record says to the last byte: its time has nanoseconds |
//! | `attributes` | `ROWS`; the record whole under `falco` |

#[cfg(test)]
mod tests;

use base::Severity::{self, Critical, High, Info, Low, Medium};

use super::attack::Attack;
use super::fit::Original;
use super::members::{As, Row, copy, digest, first, object, text, texts};
use super::sentence::told;
use super::{
    Context, Draft, Fields, Format, Object, Read, Record, each_object, parse_time, refused,
};

/// Falco's JSON output.
pub const FORMAT: Format = Format {
    name: "falco",
    aliases: &["falcosidekick"],
    title: "Falco alerts",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, cx)),
};

/// What Falco's fields are called in the Elastic Common Schema.
const ROWS: &[Row] = &[
    ("process.name", As::Text, &["proc.name"]),
    ("process.pid", As::Number, &["proc.pid"]),
    (
        "process.executable",
        As::Text,
        &["proc.exepath", "proc.exe"],
    ),
    ("process.command_line", As::Text, &["proc.cmdline"]),
    ("process.working_directory", As::Text, &["proc.cwd"]),
    ("process.tty", As::Text, &["proc.tty"]),
    ("process.hash.sha256", As::Text, &["proc.hash.sha256"]),
    ("process.parent.name", As::Text, &["proc.pname"]),
    ("process.parent.pid", As::Number, &["proc.ppid"]),
    (
        "process.parent.executable",
        As::Text,
        &["proc.pexepath", "proc.pexe"],
    ),
    ("process.parent.command_line", As::Text, &["proc.pcmdline"]),
    (
        "user.name",
        As::Text,
        &["user.name", "ka.user.name", "ct.user", "github.user"],
    ),
    ("user.id", As::Text, &["user.uid"]),
    ("group.name", As::Text, &["group.name"]),
    (
        "source.ip",
        As::Address,
        &["fd.cip", "fd.sip.client", "ct.srcip"],
    ),
    ("source.port", As::Port, &["fd.cport"]),
    ("destination.ip", As::Address, &["fd.sip", "fd.rip"]),
    ("destination.port", As::Port, &["fd.sport", "fd.rport"]),
    ("destination.domain", As::Text, &["fd.sip.name"]),
    ("network.transport", As::Lower, &["fd.l4proto"]),
    ("network.direction", As::Text, &["fd.direction"]),
    ("container.id", As::Text, &["container.id"]),
    ("container.name", As::Text, &["container.name"]),
    (
        "container.image.name",
        As::Text,
        &["container.image.repository", "container.image"],
    ),
    ("container.image.tag", As::Text, &["container.image.tag"]),
    (
        "orchestrator.namespace",
        As::Text,
        &["k8s.ns.name", "ka.target.namespace"],
    ),
    (
        "orchestrator.resource.name",
        As::Text,
        &["k8s.pod.name", "ka.target.name"],
    ),
    (
        "orchestrator.resource.type",
        As::Text,
        &["ka.target.resource"],
    ),
    (
        "event.action",
        As::Text,
        &["evt.type", "ka.verb", "ct.name"],
    ),
    ("cloud.region", As::Text, &["ct.region"]),
];

/// Whether an object is one.
pub(super) fn is(object: &Object) -> bool {
    text(object, "rule").is_some()
        && text(object, "output").is_some()
        && text(object, "priority").and_then(severity).is_some()
        && ["output_fields", "time", "source"]
            .iter()
            .any(|name| object.contains_key(*name))
}

/// Reads one record.
pub(super) fn read(record: &Record<'_>, cx: &Context<'_>) -> Read {
    let whole = &record.object;
    let Some(rule) = text(whole, "rule") else {
        return Err(refused("rule", "must be the name of the rule"));
    };
    let priority = text(whole, "priority").unwrap_or_default();
    let Some(severity) = severity(priority) else {
        return Err(refused(
            "priority",
            "must be one of Emergency, Alert, Critical, Error, Warning, Notice, Informational, Debug",
        ));
    };
    let source = text(whole, "source").unwrap_or("syscall");
    let mut draft = Draft {
        source_name: text(whole, "hostname").map(str::to_owned),
        event_type: Some(format!("falco-{source}")),
        severity: Some(severity),
        said: Some(priority.to_owned()),
        occurred_at: text(whole, "time").and_then(parse_time),
        key: text(whole, "uuid").map_or_else(
            || Some(digest(record.raw.get().as_bytes())),
            |uuid| Some(uuid.to_owned()),
        ),
        ..Draft::default()
    };
    draft.tag("falco");
    let fields = &mut draft.fields;
    fields.set("event.kind", Some("alert"));
    fields.set("event.module", Some("falco"));
    fields.set("event.dataset", Some(format!("falco.{source}")));
    fields.set("event.id", text(whole, "uuid"));
    fields.set("rule.name", Some(rule));
    fields.set("log.level", Some(priority.to_ascii_lowercase()));
    fields.set(
        "host.name",
        first(whole, &["hostname", "output_fields.evt.hostname"]),
    );
    fields.set("observer.vendor", Some("Falco"));
    fields.set("observer.product", Some("Falco"));
    if let Some(found) = object(whole, "output_fields") {
        output_fields(fields, found);
    }
    let mut attack = Attack::default();
    for tag in texts(whole, "tags") {
        draft.tag(tag);
        attack.read(tag);
    }
    attack.put(&mut draft);
    match source {
        "syscall" => draft.logsource("linux", None, None),
        "k8s_audit" => draft.logsource("kubernetes", Some("audit"), None),
        "aws_cloudtrail" => draft.logsource("aws", Some("cloudtrail"), None),
        _ => {}
    }
    draft.description = description(&draft, whole, rule);
    draft.finish(cx, Original::Json("falco", whole, record.raw))
}

/// Gives the severity of a priority.
///
/// Emergency, Alert and Critical are CRITICAL, Error HIGH, Warning MEDIUM, Notice LOW,
/// Informational and Debug INFO. Falco's priorities are words for threats, not log levels.
#[must_use]
fn severity(priority: &str) -> Option<Severity> {
    Some(match priority.trim().to_ascii_lowercase().as_str() {
        "emergency" | "alert" | "critical" => Critical,
        "error" => High,
        "warning" => Medium,
        "notice" => Low,
        "informational" | "info" | "debug" => Info,
        _ => return None,
    })
}

fn output_fields(fields: &mut Fields, found: &Object) {
    let Some(name) = text(found, "fd.name") else {
        return copy(fields, found, ROWS);
    };
    // A connection is written `client:port->server:port`, a file as its path.
    match name.split_once("->") {
        Some((client, server)) => {
            for (side, end) in [("source", client), ("destination", server)] {
                if let Some((ip, port)) = end.rsplit_once(':') {
                    fields.address(&format!("{side}.ip"), Some(ip.trim_matches(['[', ']'])));
                    fields.port(&format!("{side}.port"), Some(&port.into()));
                }
            }
        }
        None if name.starts_with('/') => {
            fields.set("file.path", Some(name));
            fields.set("file.name", name.rsplit('/').next());
        }
        None => {}
    }
    copy(fields, found, ROWS);
}

fn description(draft: &Draft, whole: &Object, rule: &str) -> String {
    let told = told(
        rule,
        &draft.fields,
        &[
            ("", "process.command_line"),
            ("user", "user.name"),
            ("file", "file.path"),
            ("from", "source.ip"),
            ("to", "destination.ip"),
            ("container", "container.name"),
            ("pod", "orchestrator.resource.name"),
            ("on", "host.name"),
        ],
    );
    // Without fields the output is all that is known.
    match text(whole, "output") {
        Some(output) if object(whole, "output_fields").is_none_or(Object::is_empty) => {
            super::sentence::clean(output, super::sentence::PART_MAX)
        }
        _ => told,
    }
}
