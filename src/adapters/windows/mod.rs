//! Windows events, as Winlogbeat, `NXLog`, Fluent Bit, Wazuh and programs that unfold `.evtx` files
//! write them.
//!
//! | field | from |
//! |---|---|
//! | `source_name`, `host.name` | the computer |
//! | `event_type` | `windows-`, the channel's short name and the event id: `windows-security-4625` |
//! | `severity` | INFO, but for the ids `kind` lists; the source's map knows events by their id |
//! | `description` | the message's first line, else what the id means; who, from where, what |
//! | `ip_address` | the end outside, else the source |
//! | `occurred_at` | the time the event was created |
//! | `key` | computer, channel, number and time of the record |
//! | `attributes` | see `fields`; the record whole under `windows` |
//!
//! The record is kept whole, so the names rules know (`TargetUserName`, `CommandLine`) are there.

mod entry;
mod fields;
mod kind;
#[cfg(test)]
mod tests;

use serde_json::Value;

use super::attack::Attack;
use super::fit::Original;
use super::sentence::{PART_MAX, clean, told};
use super::{Context, Draft, Format, Object, Read, Record, each_object, members, refused};
use entry::Entry;

/// Windows events.
pub const FORMAT: Format = Format {
    name: "windows",
    aliases: &["winlogbeat", "nxlog", "evtx", "sysmon"],
    title: "Windows events",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, cx)),
};

/// Whether an object is one: it has an event id and says where it was logged. What a rule of Sigma
/// found in one is not: how bad the rule says it is counts.
pub(super) fn is(object: &Object) -> bool {
    if object.contains_key("RuleTitle") {
        return false;
    }
    let has = |names: &[&str]| names.iter().any(|name| object.contains_key(*name));
    let inside = |name: &str, path: &str| {
        object
            .get(name)
            .and_then(Value::as_object)
            .is_some_and(|it| it.contains_key(path))
    };
    (object.get("EventID").and_then(entry::id).is_some()
        && has(&[
            "Channel",
            "Hostname",
            "Computer",
            "SourceName",
            "ProviderName",
        ]))
        || inside("winlog", "event_id")
        || inside("Event", "System")
}

/// Reads one record.
pub(super) fn read(record: &Record<'_>, cx: &Context<'_>) -> Read {
    let Some(entry) = Entry::read(&record.object) else {
        return Err(refused("EventID", "must be the number of a Windows event"));
    };
    let mut draft = draft(&entry);
    draft.source_name = entry.computer.map(str::to_owned);
    draft.occurred_at = entry.time;
    draft.key = entry.key();
    draft.said = Some(entry.id.to_string());
    draft.finish(cx, Original::Json("windows", &record.object, record.raw))
}

/// What an alert of Wazuh says of the Windows event behind it (`data.win`): fields and the words of
/// rules. `false` when there is none.
pub(super) fn put(draft: &mut Draft, win: &Object) -> bool {
    // Wazuh doubles every backslash.
    let win = &halved(win, 0);
    let Some(entry) = Entry::of_wazuh(win) else {
        return false;
    };
    common(draft, &entry);
    fields::put(&mut draft.fields, &entry);
    true
}

/// The same with one backslash for two; nested at most four deep, as `data.win` is.
fn halved(object: &Object, depth: u8) -> Object {
    let half = |value: &Value| match value {
        Value::String(text) => text.replace("\\\\", "\\").into(),
        Value::Object(inside) if depth < 4 => {
            Value::Object(halved(inside, depth.saturating_add(1)))
        }
        other => other.clone(),
    };
    object
        .iter()
        .map(|(name, value)| (name.clone(), half(value)))
        .collect()
}

fn draft(entry: &Entry<'_>) -> Draft {
    let service = entry.service();
    let slug = service.map_or_else(
        || entry.channel.unwrap_or("event").to_owned(),
        str::to_owned,
    );
    let mut draft = Draft {
        event_type: Some(format!("windows-{slug}-{}", entry.id)),
        severity: Some(kind::severity(entry)),
        tags: vec!["windows".to_owned(), slug],
        ..Draft::default()
    };
    common(&mut draft, entry);
    fields::put(&mut draft.fields, entry);
    let mut attack = Attack::default();
    // Configurations of Sysmon write the technique into the rule's name.
    for part in entry
        .text("RuleName")
        .unwrap_or_default()
        .split(',')
        .take(8)
    {
        match part.split_once('=') {
            Some(("technique_name", name)) => attack.technique(name),
            Some((_, word)) => attack.read(word),
            None => attack.read(part),
        }
    }
    attack.put(&mut draft);
    draft.description = description(entry, &draft);
    draft
}

fn common(draft: &mut Draft, entry: &Entry<'_>) {
    draft.logsource("windows", entry.service(), entry.category());
    let fields = &mut draft.fields;
    fields.set(
        "event.kind",
        Some(if kind::is_detection(entry) {
            "alert"
        } else {
            "event"
        }),
    );
    fields.set("event.module", Some("windows"));
    fields.set(
        "event.dataset",
        entry.channel.map(|channel| format!("windows.{channel}")),
    );
    fields.set("event.code", Some(entry.id.to_string()));
    fields.set("event.provider", entry.provider);
    fields.set("event.outcome", entry.outcome());
    fields.set("log.level", entry.level_word());
    fields.set("host.name", entry.computer);
    if let Some((category, kind)) = kind::ecs(entry) {
        fields.set("event.category", Some(category));
        fields.set("event.type", Some(kind));
    }
}

/// What happened, and what one asks first about it.
fn description(entry: &Entry<'_>, draft: &Draft) -> String {
    let title = kind::title(entry.id, entry.service());
    let first = entry
        .message
        .and_then(|message| message.lines().find(|line| !line.trim().is_empty()));
    let what = match (first, title) {
        (Some(line), _) => line.to_owned(),
        (None, Some(title)) => title.to_owned(),
        (None, None) => format!("Windows event {}", entry.id),
    };
    let what: Vec<&str> = what.split_whitespace().collect();
    // A command line names its program.
    let program = match draft.fields.get("process.command_line") {
        Some(_) => ("", "process.command_line"),
        None => ("process", "process.executable"),
    };
    let mut text = told(
        &clean(&what.join(" "), PART_MAX),
        &draft.fields,
        &[
            program,
            ("target", "process.target.executable"),
            ("pipe", "pipe.name"),
            ("task", "task.name"),
            ("share", "share.name"),
            ("file", "file.path"),
            ("key", "registry.path"),
            ("name", "dns.question.name"),
            ("threat", "rule.name"),
            ("service", "service.name"),
            ("user", "user.name"),
            ("account", "user.target.name"),
            ("group", "group.name"),
            ("from", "source.ip"),
            ("to", "destination.ip"),
            ("port", "destination.port"),
            ("on", "host.name"),
        ],
    );
    if members::some_text(&text).is_none() {
        text = format!("Windows event {}", entry.id);
    }
    text
}
