//! OCSF events of any class: findings, logons, processes, files, networks, calls of APIs.
//!
//! | field | from |
//! |---|---|
//! | `source_name` | the sender |
//! | `event_type` | `ocsf-` and the class: `ocsf-detection-finding` |
//! | `severity` | `severity_id`, see `severity`; the source's map knows the numbers; INFO when it is closed |
//! | `description` | the finding's title, else class and activity; who, from where |
//! | `ip_address` | the end outside, else the source |
//! | `occurred_at` | `time` |
//! | `tags` | `ocsf`, the class, ATT&CK ids |
//! | `key` | of findings `finding_info.uid` and what became of it, else `metadata.uid` |
//! | `closes` | of a finding that is closed: the key it was made under |
//! | `ongoing` | of a finding: itself, so that what changes it is a repetition while its alert is open |
//! | `attributes` | `rows`; the record whole under `ocsf` |

mod class;
mod rows;
#[cfg(test)]
mod tests;

use base::Severity::{self, Critical, High, Info, Low, Medium};
use serde_json::Value;

use super::attack::Attack;
use super::fit::Original;
use super::members::{LIST_MAX, as_word, at, first, number, objects, text, word};
use super::sentence::told;
use super::{Context, Draft, Format, Object, Read, Record, each_object, refused, time_of};
use class::{Class, class};

/// OCSF events.
pub const FORMAT: Format = Format {
    name: "ocsf",
    aliases: &["security-lake"],
    title: "OCSF events",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, cx)),
};

/// Whether an object is one: its class has a number, and it says what it is made by or does.
pub(super) fn is(object: &Object) -> bool {
    object.get("class_uid").is_some_and(Value::is_number)
        && [
            "metadata",
            "activity_id",
            "category_uid",
            "severity_id",
            "type_uid",
        ]
        .iter()
        .any(|name| object.contains_key(*name))
}

/// Reads one record.
pub(super) fn read(record: &Record<'_>, cx: &Context<'_>) -> Read {
    let whole = &record.object;
    let Some(uid) = number(whole, "class_uid").filter(|uid| (0..1_000_000_000).contains(uid))
    else {
        return Err(refused("class_uid", "must be the number of a class"));
    };
    let class = class(uid);
    let name = class.map_or_else(
        || text(whole, "class_name").map_or_else(|| format!("class {uid}"), str::to_owned),
        |class| class.name.to_owned(),
    );
    // 2xxx is the category of findings.
    let is_finding = uid % 100_000 / 1_000 == 2;
    let is_over = is_finding && is_over(whole, uid);
    // How bad it was is no alert any more, whatever the source's map makes of the number.
    let said = number(whole, "severity_id").filter(|_| !is_over);
    let mut draft = Draft {
        event_type: Some(format!("ocsf-{name}")),
        severity: Some(if is_over {
            Info
        } else {
            severity(said, is_finding)
        }),
        said: said.map(|said| said.to_string()),
        occurred_at: [
            "time",
            "finding_info.created_time",
            "metadata.logged_time",
            "time_dt",
        ]
        .iter()
        .find_map(|path| time_of(at(whole, path)?)),
        tags: vec![
            "ocsf".to_owned(),
            name.to_ascii_lowercase().replace(' ', "-"),
        ],
        ..Draft::default()
    };
    name_it(&mut draft, whole, is_finding, is_over);
    common(&mut draft, whole, class, is_finding);
    rows::put(&mut draft.fields, whole, uid);
    attack(&mut draft, whole);
    draft.description = description(&draft, whole, &name);
    draft.finish(cx, Original::Json("ocsf", whole, record.raw))
}

/// Gives the severity of `severity_id`: 1 INFO, 2 LOW, 3 MEDIUM, 4 HIGH, 5 (Critical) and 6 (Fatal)
/// CRITICAL. Unknown (0), other (99) and none at all are MEDIUM for a finding, INFO for the rest.
#[must_use]
const fn severity(id: Option<i64>, is_finding: bool) -> Severity {
    match id {
        Some(1) => Info,
        Some(2) => Low,
        Some(3) => Medium,
        Some(4) => High,
        Some(5 | 6) => Critical,
        _ if is_finding => Medium,
        _ => Info,
    }
}

/// Whether a record says that its finding is closed, or that nobody is to look at it any more.
fn is_over(whole: &Object, uid: i64) -> bool {
    if number(whole, "activity_id") == Some(3) {
        return true;
    }
    match uid % 100_000 {
        // The class of old has a state beside the status, which is how it went.
        2001 => matches!(number(whole, "state_id"), Some(3 | 4)),
        // An incident that is on hold (3) goes on.
        2005 => matches!(number(whole, "status_id"), Some(4 | 5)),
        _ => matches!(number(whole, "status_id"), Some(3..=6)),
    }
}

/// Gives a draft the key of the record, of what goes on, and of the finding it ends.
fn name_it(draft: &mut Draft, whole: &Object, is_finding: bool, is_over: bool) {
    draft.key = word(whole, "metadata.uid");
    let finding = first(
        whole,
        &[
            "finding_info.uid",
            "finding.uid",
            "incident_uid",
            "desc_uid",
        ],
    );
    let Some(finding) = finding.filter(|_| is_finding) else {
        return;
    };
    // One finding comes again when it changes and when it is closed.
    let moment = [
        "finding_info.modified_time",
        "finding.modified_time",
        "time",
    ]
    .iter()
    .find_map(|path| as_word(at(whole, path)?))
    .unwrap_or_default();
    let made = format!("finding/{finding}");
    draft.ongoing = Some(format!("{made}/open"));
    if is_over {
        draft.key = Some(format!("{made}/over/{moment}"));
        draft.closes = Some(made);
    } else if number(whole, "activity_id") == Some(2) {
        draft.key = Some(format!("{made}/{moment}"));
    } else {
        draft.key = Some(made);
    }
}

fn common(draft: &mut Draft, whole: &Object, class: Option<&Class>, is_finding: bool) {
    let fields = &mut draft.fields;
    fields.set(
        "event.kind",
        Some(if is_finding { "alert" } else { "event" }),
    );
    fields.set("event.module", Some("ocsf"));
    fields.set(
        "event.dataset",
        first(whole, &["metadata.log_name", "metadata.product.name"]),
    );
    fields.set("event.code", word(whole, "class_uid"));
    fields.set(
        "event.outcome",
        match number(whole, "status_id") {
            Some(1) if !is_finding => Some("success"),
            Some(2) if !is_finding => Some("failure"),
            _ => None,
        },
    );
    fields.set("event.category", class.and_then(|class| class.category));
    let activity = number(whole, "activity_id");
    let usual = || {
        let mut known = class?.activities.iter();
        Some(known.find(|(id, _)| Some(*id) == activity)?.1)
    };
    fields.set("event.action", text(whole, "activity_name").or_else(usual));
    let cloud = text(whole, "cloud.provider").map(str::to_ascii_lowercase);
    let system = first(whole, &["device.os.type", "device.os.name"]).map(str::to_ascii_lowercase);
    let system = system.as_deref().and_then(|name| {
        ["windows", "linux", "macos"]
            .into_iter()
            .find(|known| name.contains(known))
    });
    match (class.map(|class| class.sigma), cloud.as_deref()) {
        (_, Some("aws")) if number(whole, "class_uid") == Some(6003) => {
            draft.logsource("aws", Some("cloudtrail"), None);
        }
        (Some(Some(category)), _) => {
            draft.logsource(system.unwrap_or("ocsf"), None, Some(category));
        }
        _ => {}
    }
}

fn attack(draft: &mut Draft, whole: &Object) {
    let mut attack = Attack::default();
    for path in ["attacks", "finding_info.attacks", "finding.attacks"] {
        for named in objects(whole, path).take(LIST_MAX) {
            // A single tactic before 1.1, a list of them then.
            for part in ["tactic", "tactics", "technique", "sub_technique"] {
                for it in objects(named, part).take(LIST_MAX) {
                    attack.read(text(it, "uid").unwrap_or_default());
                    if let Some(name) = text(it, "name") {
                        if part.starts_with("tactic") {
                            attack.tactic(name);
                        } else {
                            attack.technique(name);
                        }
                    }
                }
            }
        }
    }
    attack.put(draft);
}

fn description(draft: &Draft, whole: &Object, name: &str) -> String {
    let title = first(
        whole,
        &["finding_info.title", "finding.title", "message", "desc"],
    );
    let action = draft.fields.get("event.action").and_then(Value::as_str);
    let what = match (title, action) {
        (Some(title), _) => title.to_owned(),
        (None, Some(action)) => format!("{name}: {action}"),
        (None, None) => name.to_owned(),
    };
    let failed = text(whole, "status").filter(|_| number(whole, "status_id") == Some(2));
    let what = match failed {
        Some(word) if title.is_none() => format!("{what}, {word}"),
        _ => what,
    };
    told(
        &what,
        &draft.fields,
        &[
            ("", "process.command_line"),
            ("call", "api.operation"),
            ("file", "file.path"),
            ("", "url.original"),
            ("name", "dns.question.name"),
            ("user", "user.name"),
            ("account", "user.target.name"),
            ("from", "source.ip"),
            ("to", "destination.ip"),
            ("port", "destination.port"),
            ("resource", "resource.name"),
            ("on", "host.name"),
            ("by", "observer.product"),
        ],
    )
}
