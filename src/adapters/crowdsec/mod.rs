//! `CrowdSec` alerts, as its notification plugins send them and its local API lists them.
//!
//! | field | from |
//! |---|---|
//! | `source_name` | the sender: an alert names no machine a person would know |
//! | `event_type` | `crowdsec-` and the scenario without its author: `crowdsec-ssh-bf` |
//! | `severity` | what was decided, see `verdict`; the source's map knows the verdict's word |
//! | `description` | `message` without its time, the decision, the users |
//! | `ip_address` | `source.ip`, else `source.value` |
//! | `occurred_at` | `start_at` |
//! | `tags` | `crowdsec`, the verdict, ATT&CK ids |
//! | `key` | `uuid`, else scenario, its hash, source and the second of `start_at` |
//! | `attributes` | below; the alert whole under `crowdsec` |
//!
//! Attributes: `source.{ip, address, as.*}`, `rule.{id, name, version}`, `event.{action, start, end,
//! count}`, `observer.name` (the machine's id), and of the events' `meta` what all agree on: `host.name`,
//! `service.name`, `log.file.path`, `http.request.method`, `http.response.status_code`,
//! `user_agent.original`, `destination.domain`; users and paths as lists (`related.user`,
//! `related.path`), and as `user.name` and `url.path` where there is one.

#[cfg(test)]
mod tests;

use base::Severity::{self, High, Info, Low, Medium};
use serde_json::Value;

use super::attack::Attack;
use super::fit::Original;
use super::members::{LIST_MAX, WORD_MAX, add, first, number, object, objects, text, texts, word};
use super::sentence::told;
use super::{Context, Draft, Format, Object, Read, Record, each_object, parse_time, refused};

/// Most events of an alert that are looked at; `CrowdSec` itself keeps 50 or so.
const EVENTS_MAX: usize = 256;

/// `CrowdSec` alerts.
pub const FORMAT: Format = Format {
    name: "crowdsec",
    aliases: &[],
    title: "CrowdSec alerts",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, cx)),
};

/// Whether an object is one.
pub(super) fn is(object: &Object) -> bool {
    let has = |name: &str| object.contains_key(name);
    text(object, "scenario").is_some()
        && object.get("source").is_some_and(Value::is_object)
        && (has("events_count") || has("decisions") || has("scenario_hash"))
}

/// Reads one record.
pub(super) fn read(record: &Record<'_>, cx: &Context<'_>) -> Read {
    let whole = &record.object;
    let Some(scenario) = text(whole, "scenario") else {
        return Err(refused("scenario", "must be the name of a scenario"));
    };
    let (severity, verdict) = verdict(whole);
    let name = scenario.rsplit('/').next().unwrap_or(scenario);
    // "manual 'ban' from 'machine'" and "update : +10 IPs" are no scenarios.
    let name = if name.contains(' ') {
        verdict.as_str()
    } else {
        name
    };
    let mut draft = Draft {
        event_type: Some(format!("crowdsec-{name}")),
        severity: Some(severity),
        occurred_at: first(whole, &["start_at", "created_at", "stop_at"]).and_then(parse_time),
        key: key(whole, scenario),
        tags: vec!["crowdsec".to_owned(), verdict.clone()],
        said: Some(verdict),
        ..Draft::default()
    };
    fields(&mut draft, whole, scenario);
    meta(&mut draft, whole);
    attack(&mut draft, whole);
    draft.description = description(&draft, whole, scenario);
    draft.finish(cx, Original::Json("crowdsec", whole, record.raw))
}

/// How bad it is, and the word for it.
///
/// A ban is HIGH: something attacked and was stopped. Another remediation, and an alert that calls
/// for one but came without a decision, is MEDIUM. A simulated one and one that calls for none is
/// LOW. What a person decided by hand is LOW, and a list of addresses that was taken over INFO:
/// neither is something that happened here.
fn verdict(whole: &Object) -> (Severity, String) {
    let decision = objects(whole, "decisions").next();
    let of = |name: &str| decision.and_then(|decision| text(decision, name));
    let is_simulated = |object: &Object| object.get("simulated") == Some(&Value::Bool(true));
    let kind = of("type").unwrap_or("none").to_ascii_lowercase();
    if matches!(of("origin"), Some("CAPI" | "lists")) {
        return (Info, "list".to_owned());
    }
    if matches!(of("origin"), Some("cscli")) {
        return (Low, "manual".to_owned());
    }
    if is_simulated(whole) || decision.is_some_and(is_simulated) || kind.starts_with("simulation:")
    {
        return (Low, "simulated".to_owned());
    }
    match (decision, whole.get("remediation")) {
        (Some(_), _) if kind == "ban" => (High, kind),
        (Some(_), _) => (Medium, kind),
        (None, Some(Value::Bool(false))) => (Low, "none".to_owned()),
        (None, _) => (Medium, "undecided".to_owned()),
    }
}

fn key(whole: &Object, scenario: &str) -> Option<String> {
    if let Some(uuid) = text(whole, "uuid") {
        return Some(uuid.to_owned());
    }
    let hash = text(whole, "scenario_hash").unwrap_or_default();
    let value = text(whole, "source.value")
        .or_else(|| text(whole, "source.ip"))
        .unwrap_or_default();
    // The plugin writes nanoseconds, the API of the same alert whole seconds.
    let start = text(whole, "start_at").and_then(parse_time)?;
    let second = start.micros().div_euclid(1_000_000);
    // One address attacks many machines within a second.
    let machine = objects(whole, "events")
        .take(EVENTS_MAX)
        .find_map(|event| {
            let mut pairs = objects(event, "meta").take(64);
            pairs.find(|pair| text(pair, "key") == Some("machine"))
        })
        .and_then(|pair| text(pair, "value"))
        .or_else(|| text(whole, "machine_id"))
        .unwrap_or_default();
    // Scenarios of one file have one hash.
    Some(format!("{scenario}/{hash}/{value}/{second}/{machine}"))
}

fn fields(draft: &mut Draft, whole: &Object, scenario: &str) {
    let fields = &mut draft.fields;
    fields.set("event.kind", Some("alert"));
    fields.set("event.module", Some("crowdsec"));
    fields.set("event.dataset", Some("crowdsec.alert"));
    fields.set("event.category", Some("intrusion_detection"));
    fields.set("event.id", text(whole, "uuid"));
    fields.set("event.start", text(whole, "start_at"));
    fields.set("event.end", text(whole, "stop_at"));
    fields.set("event.count", number(whole, "events_count"));
    fields.set("rule.id", text(whole, "scenario_hash"));
    fields.set("rule.name", Some(scenario));
    fields.set("rule.version", text(whole, "scenario_version"));
    fields.set("observer.vendor", Some("CrowdSec"));
    fields.set("observer.product", Some("CrowdSec"));
    fields.set("observer.name", text(whole, "machine_id"));
    if let Some(decision) = objects(whole, "decisions").next() {
        fields.set("event.action", text(decision, "type"));
        fields.set("decision.duration", text(decision, "duration"));
        fields.set("decision.origin", text(decision, "origin"));
    }
    let Some(source) = object(whole, "source") else {
        return;
    };
    fields.address("source.ip", text(source, "ip"));
    if fields.get("source.ip").is_none() {
        fields.address("source.ip", text(source, "value"));
    }
    // A network, a country, a session: whatever the scenario watches.
    fields.set("source.address", text(source, "value"));
    fields.set("source.as.number", number(source, "as_number"));
    fields.set("source.as.organization.name", text(source, "as_name"));
}

/// What the events of an alert were about.
fn meta(draft: &mut Draft, whole: &Object) {
    let (mut users, mut paths) = (Vec::new(), Vec::new());
    for event in objects(whole, "events").take(EVENTS_MAX) {
        for pair in objects(event, "meta").take(64) {
            let (Some(name), Some(value)) = (text(pair, "key"), text(pair, "value")) else {
                continue;
            };
            let field = match name {
                "target_user" | "username" | "user" => {
                    add(&mut users, value, LIST_MAX, WORD_MAX);
                    continue;
                }
                "http_path" => {
                    add(&mut paths, value, LIST_MAX, WORD_MAX);
                    continue;
                }
                "machine" => "host.name",
                "service" => "service.name",
                "datasource_path" => "log.file.path",
                "http_verb" => "http.request.method",
                "http_status" => {
                    let status = value.parse::<u16>().ok();
                    draft
                        .fields
                        .set_if_absent("http.response.status_code", status);
                    continue;
                }
                "http_user_agent" => "user_agent.original",
                "target_fqdn" | "target_host" => "destination.domain",
                _ => continue,
            };
            draft.fields.set_if_absent(field, Some(value));
        }
    }
    for (list, many, one) in [
        (users, "related.user", "user.name"),
        (paths, "related.path", "url.path"),
    ] {
        if let [only] = list.as_slice() {
            draft.fields.set(one, Some(only.as_str()));
        }
        if !list.is_empty() {
            draft.fields.set(many, Some(list));
        }
    }
    match draft.fields.get("service.name").and_then(Value::as_str) {
        Some("ssh") => draft.logsource("linux", Some("sshd"), None),
        Some("http") => draft.logsource("webserver", None, Some("webserver")),
        _ => {}
    }
}

/// Scenarios carry ATT&CK ids in labels and context, where their alert is given them.
fn attack(draft: &mut Draft, whole: &Object) {
    let mut attack = Attack::default();
    for path in [
        "labels",
        "labels.classification",
        "behaviors",
        "mitre_techniques",
    ] {
        for word in texts(whole, path) {
            attack.read(word.rsplit(':').next().unwrap_or(word));
        }
    }
    for path in ["behaviors", "mitre_techniques", "labels"] {
        for named in objects(whole, path).take(LIST_MAX) {
            for name in ["name", "label", "value"] {
                attack.read(text(named, name).unwrap_or_default());
            }
        }
    }
    for pair in objects(whole, "meta").take(64) {
        // Context is a list of texts, written as one text of JSON.
        let value = text(pair, "value").unwrap_or_default();
        for word in value.split(['[', ']', '"', ',', ' ']).take(64) {
            attack.read(word);
        }
    }
    attack.put(draft);
}

fn description(draft: &Draft, whole: &Object, scenario: &str) -> String {
    let source = word(whole, "source.value").unwrap_or_default();
    let what = match text(whole, "message") {
        // The time stands in the event.
        Some(message) => message.split(" at 2").next().unwrap_or(message).to_owned(),
        None => format!("{scenario} by {source}"),
    };
    told(
        &what,
        &draft.fields,
        &[
            ("", "event.action"),
            ("for", "decision.duration"),
            ("users", "related.user"),
            ("paths", "related.path"),
            ("on", "host.name"),
        ],
    )
}
