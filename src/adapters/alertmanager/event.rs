//! From an alert to an event.

use std::borrow::Cow;
use std::net::IpAddr;

use base::{Severity, Timestamp};
use serde_json::Value;

use super::fingerprint::{fingerprint, identity};
use super::level::level;
use super::moment;
use crate::adapters::{Context, Draft, Object, Original, Read, Record, refused};
use crate::http::FieldErrors;

/// Most labels that become fields; the original keeps the others.
const LABELS_MAX: usize = 128;

/// What a message of the webhook says of all its alerts, fit to be stored with each.
#[derive(Debug, Default)]
pub(super) struct Group {
    pub(super) receiver: Option<String>,
    pub(super) key: Option<String>,
    pub(super) url: Option<String>,
}

/// How an alert came.
#[derive(Debug)]
pub(super) enum Sent {
    /// In a message of the webhook, which says whether it fires.
    Webhook(Group),
    /// As Prometheus posts it: it is resolved when its end is past.
    Posted,
}

/// An alert, its common members read.
#[derive(Debug)]
pub(super) struct Alert<'a> {
    labels: Option<&'a Object>,
    annotations: Option<&'a Object>,
    starts: Option<Timestamp>,
    ends: Option<Timestamp>,
    fingerprint: Cow<'a, str>,
    resolved: bool,
}

impl<'a> Alert<'a> {
    pub(super) fn read(
        object: &'a Object,
        sent: &Sent,
        now: Timestamp,
    ) -> Result<Self, FieldErrors> {
        let labels = strings(object, "labels")?;
        let annotations = strings(object, "annotations")?;
        let (starts, ends) = (moment(object, "startsAt")?, moment(object, "endsAt")?);
        let own = object.get("fingerprint").and_then(Value::as_str);
        let named = labels.is_some_and(|it| it.values().any(|value| value.as_str() != Some("")));
        if !named && (own.is_none() || matches!(sent, Sent::Posted)) {
            return Err(refused("labels", "at least one label is needed"));
        }
        if let (Some(starts), Some(ends), Sent::Posted) = (starts, ends, sent)
            && ends < starts
        {
            return Err(refused("endsAt", "start time must be before end time"));
        }
        let resolved = match (sent, object.get("status")) {
            (Sent::Posted, _) => ends.is_some_and(|ends| ends <= now),
            (Sent::Webhook(_), Some(Value::String(word))) if word == "resolved" => true,
            (Sent::Webhook(_), Some(Value::String(word))) if word == "firing" => false,
            (Sent::Webhook(_), None) => return Err(refused("status", "missing")),
            (Sent::Webhook(_), Some(_)) => {
                return Err(refused("status", "must be firing or resolved"));
            }
        };
        Ok(Self {
            fingerprint: match (own, sent) {
                (Some(own), Sent::Webhook(_)) if !own.is_empty() => own.into(),
                _ => fingerprint(labels.unwrap_or(&Object::new())).into(),
            },
            labels,
            annotations,
            starts,
            ends,
            resolved,
        })
    }

    fn label(&self, names: &[&str]) -> Option<&'a str> {
        first(self.labels?, names)
    }

    fn annotation(&self, names: &[&str]) -> Option<&'a str> {
        first(self.annotations?, names)
    }

    /// What the alert is called, whenever it fires.
    fn name(&self) -> &'a str {
        self.label(&["alertname"]).unwrap_or("alert")
    }

    /// Its key, the key of what it ends, and what goes on while it fires.
    fn keys(&self, sent: &Sent) -> (Option<String>, Option<String>, String) {
        let ongoing = match sent {
            Sent::Webhook(_) => format!("firing {}", self.fingerprint),
            Sent::Posted => format!("firing {}", identity(self.labels.unwrap_or(&Object::new()))),
        };
        let start = self.starts.map(|it| it.micros().to_string());
        let fired = start.as_ref().map(|start| format!("{ongoing} {start}"));
        if !self.resolved {
            return (fired, None, ongoing);
        }
        let end = self.ends.map_or(0, Timestamp::micros);
        let start = start.unwrap_or_default();
        // What is over has one end, also where two servers name it a moment apart.
        let key = if start.is_empty() {
            format!("resolved {ongoing} until {end}")
        } else {
            format!("resolved {ongoing} {start}")
        };
        let closes = fired.unwrap_or_else(|| format!("{ongoing} until {end}"));
        (Some(key), Some(closes), ongoing)
    }
}

/// An object of texts; absent and `null` are none.
fn strings<'a>(object: &'a Object, name: &str) -> Result<Option<&'a Object>, FieldErrors> {
    match object.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Object(members)) => {
            match members.iter().find(|(_, value)| !value.is_string()) {
                None => Ok(Some(members)),
                Some((member, _)) => {
                    let member: String = member.chars().take(100).collect();
                    Err(refused(&format!("{name}.{member}"), "must be a text"))
                }
            }
        }
        Some(_) => Err(refused(name, "must be an object")),
    }
}

fn first<'a>(object: &'a Object, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let text = object.get(*name)?.as_str()?.trim();
        (!text.is_empty()).then_some(text)
    })
}

/// Reads an alert as an event.
pub(super) fn read(record: &Record<'_>, alert: &Alert<'_>, sent: &Sent, cx: &Context<'_>) -> Read {
    let (key, closes, ongoing) = alert.keys(sent);
    let mut draft = Draft {
        source_name: Some(
            match sent {
                Sent::Webhook(_) => "alertmanager",
                Sent::Posted => "prometheus",
            }
            .to_owned(),
        ),
        event_type: Some(alert.name().to_owned()),
        description: described(alert),
        occurred_at: if alert.resolved {
            alert.ends
        } else {
            alert.starts
        },
        key,
        closes,
        ongoing: Some(ongoing),
        ..Draft::default()
    };
    judge(&mut draft, alert, cx);
    place(&mut draft, alert);
    facts(&mut draft, record, alert);
    if let Sent::Webhook(group) = sent {
        for (field, text) in [
            ("alertmanager_group.receiver", &group.receiver),
            ("alertmanager_group.key", &group.key),
            ("alertmanager_group.url", &group.url),
        ] {
            draft.fields.set(field, text.as_deref());
        }
    }
    draft.tag(if alert.resolved { "resolved" } else { "firing" });
    draft.finish(
        cx,
        Original::Json("alertmanager", &record.object, record.raw),
    )
}

/// An alert nobody gave a severity is one somebody wanted to hear of: MEDIUM.
fn judge(draft: &mut Draft, alert: &Alert<'_>, cx: &Context<'_>) {
    if alert.resolved {
        // The source's map of severities must not make an alert of the end of one.
        draft.severity = Some(Severity::Info);
        return;
    }
    let words = ["severity", "priority", "level"];
    let said = words.iter().find_map(|name| alert.label(&[*name]));
    let known = words.iter().find_map(|name| level(alert.label(&[*name])?));
    draft.said = said.map(str::to_owned);
    let usual = cx.profile.default_severity.unwrap_or(Severity::Medium);
    draft.severity = Some(known.unwrap_or(usual));
}

fn described(alert: &Alert<'_>) -> String {
    let headline = alert.annotation(&["summary", "message", "title"]);
    let details = alert.annotation(&["description"]);
    let mut text = if alert.resolved { "Resolved: " } else { "" }.to_owned();
    match (headline, details) {
        (Some(headline), Some(details)) if !details.starts_with(headline) => {
            text.push_str(headline);
            text.push('\n');
            text.push_str(details);
        }
        (_, Some(only)) | (Some(only), None) => text.push_str(only),
        (None, None) => {
            text.push_str(alert.name());
            if let Some(place) = alert.label(&["instance", "host", "node", "pod", "job"]) {
                text.push_str(" on ");
                text.push_str(place);
            }
        }
    }
    text
}

/// Where it is: the instance, with or without a port, an address or a name.
fn place(draft: &mut Draft, alert: &Alert<'_>) {
    if let Some(instance) = alert.label(&["instance"]) {
        let host = without_port(instance);
        match host.parse::<IpAddr>() {
            Ok(address) => {
                let address = address.to_canonical();
                draft.fields.set("host.ip", Some(address.to_string()));
                draft.ip_address = Some(address);
            }
            Err(_) => draft.fields.set("host.name", Some(host)),
        }
    }
    let name = alert.label(&["host", "hostname", "nodename", "node"]);
    draft.fields.set_if_absent("host.name", name);
}

/// `cam-3:9100`, `[2001:db8::1]:9100` and `http://host/path` without what is not the host.
fn without_port(instance: &str) -> &str {
    let rest = instance
        .split_once("://")
        .map_or(instance, |(_, rest)| rest);
    let rest = rest.split('/').next().unwrap_or_default();
    if let Some((address, _)) = rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match rest.rsplit_once(':') {
        Some((host, port)) if port.parse::<u16>().is_ok() && !host.contains(':') => host,
        _ => rest,
    }
}

fn facts(draft: &mut Draft, record: &Record<'_>, alert: &Alert<'_>) {
    let fields = &mut draft.fields;
    fields.set("event.kind", Some("alert"));
    fields.set("event.module", Some("alertmanager"));
    fields.set("event.dataset", Some("alertmanager.alert"));
    fields.set(
        "event.action",
        Some(if alert.resolved { "resolved" } else { "firing" }),
    );
    fields.set("event.id", Some(&*alert.fingerprint));
    fields.set("event.start", alert.starts.map(|at| at.to_string()));
    fields.set("event.end", alert.ends.map(|at| at.to_string()));
    fields.set("observer.vendor", Some("Prometheus"));
    fields.set("observer.product", Some("Alertmanager"));
    fields.set("rule.name", alert.label(&["alertname"]));
    fields.set(
        "rule.reference",
        alert.annotation(&["runbook_url", "runbook"]),
    );
    fields.set(
        "url.full",
        record.object.get("generatorURL").and_then(Value::as_str),
    );
    for (field, label) in [
        ("service.name", "job"),
        ("orchestrator.cluster.name", "cluster"),
        ("orchestrator.namespace", "namespace"),
        ("orchestrator.resource.name", "pod"),
        ("container.name", "container"),
    ] {
        fields.set(field, alert.label(&[label]));
    }
    for (name, value) in alert.labels.into_iter().flatten().take(LABELS_MAX) {
        fields.label(name, value.as_str());
    }
}
