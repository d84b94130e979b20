//! Alerts of Prometheus: Alertmanager's webhook (version 4), and what is posted to
//! `/api/v2/alerts` as Prometheus posts it to an Alertmanager.
//!
//! Each alert of a request becomes one event. One that fires has the severity its labels give it;
//! one that is resolved is INFO and ends the alert it raised.
//!
//! | event | alert |
//! |---|---|
//! | `source_name` | `alertmanager`, or `prometheus` for `/api/v2/alerts` |
//! | `event_type` | `labels.alertname`, as a slug |
//! | `severity` | `labels.severity`, else `labels.priority`, see `level`; INFO when resolved |
//! | `description` | `annotations.summary` (or `message`, `title`), then `annotations.description` |
//! | `ip_address` | `labels.instance`, where that is an address |
//! | `occurred_at` | `startsAt`; when resolved `endsAt` |
//! | `host.name` | `labels.instance` without its port, else `labels.host`, `hostname` or `node` |
//! | `service.name`, `orchestrator.*`, `container.name` | `labels.job`, `cluster`, `namespace`, `pod`, `container` |
//! | `rule.name`, `rule.reference`, `url.full` | `labels.alertname`, `annotations.runbook_url`, `generatorURL` |
//! | `event.{id, action, start, end}` | `fingerprint`, `status`, `startsAt`, `endsAt` |
//! | `labels.*` | every label |
//! | `alertmanager` | the alert as it came |
//!
//! # Repetitions
//!
//! The key is `fingerprint` and `startsAt`: what fires on is sent again and again, and stored once.
//! What is resolved has a key of its own and closes the first. The fingerprint is also what goes
//! on ([`Reading::ongoing`](super::Reading::ongoing)): while its alert is unresolved, the same labels
//! raise no second one, whatever `startsAt` says.

mod event;
mod fingerprint;
mod level;
#[cfg(test)]
mod tests;

use base::Timestamp;
use serde::Deserialize;

use super::fields::without_nul;
use super::{
    Body, BodyError, Context, Elements, Format, Object, Sink, cut, documents, read_object, refused,
};
use event::{Alert, Group, Sent};

/// Prometheus Alertmanager webhook.
pub const FORMAT: Format = Format {
    name: "alertmanager",
    aliases: &["grafana"],
    title: "Prometheus Alertmanager webhook",
    read: webhook,
};

/// Alerts a list may have before it is refused as a whole: more than a request may have.
const ALERTS_MAX: usize = 100_000;
/// Characters kept of a text of the message itself: as many as a field may have.
const GROUP_TEXT_MAX: usize = 1_024;

/// A message of the webhook; its alerts stay text until it is their turn.
#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    alerts: Option<Elements<'a, ALERTS_MAX>>,
    receiver: Option<String>,
    #[serde(rename = "groupKey")]
    group_key: Option<String>,
    #[serde(rename = "externalURL")]
    external_url: Option<String>,
}

/// Reads messages of the webhook, one or several.
fn webhook(body: &Body<'_>, cx: &Context<'_>, sink: &mut Sink<'_>) -> Result<(), BodyError> {
    for document in documents(body.bytes)? {
        let bytes = document.unwrap_or_else(|bad| bad.bytes);
        let read: Result<Message<'_>, _> = serde_json::from_slice(bytes);
        let why = match read {
            Ok(message) => match message.alerts.map(Elements::all) {
                Some(Some(alerts)) => {
                    let sent = Sent::Webhook(Group {
                        receiver: shared(message.receiver),
                        key: shared(message.group_key),
                        url: shared(message.external_url),
                    });
                    for raw in alerts {
                        let bytes = raw.get().as_bytes();
                        if sink(one(bytes, &sent, cx), bytes).is_break() {
                            return Ok(());
                        }
                    }
                    continue;
                }
                Some(None) => return Err(BodyError::TooMany(ALERTS_MAX)),
                None => "missing: a message of the webhook has a list of alerts".to_owned(),
            },
            Err(error) => format!("no message of the webhook: {error}"),
        };
        if sink(Err(refused("alerts", why)), bytes).is_break() {
            return Ok(());
        }
    }
    Ok(())
}

/// A text that goes into each event of a message, so that its length counts as often.
fn shared(text: Option<String>) -> Option<String> {
    text.map(|text| without_nul(&cut(&text, GROUP_TEXT_MAX)).into_owned())
}

/// Reads what Prometheus posts: an array of alerts.
///
/// # Errors
/// The body is no array, or one of too many alerts.
pub fn posted(body: &Body<'_>, cx: &Context<'_>, sink: &mut Sink<'_>) -> Result<(), BodyError> {
    let bytes = body.bytes.trim_ascii();
    let alerts: Elements<'_, ALERTS_MAX> = serde_json::from_slice(bytes)
        .map_err(|error| format!("must be an array of alerts: {error}"))?;
    let alerts = alerts.all();
    for raw in alerts.ok_or(BodyError::TooMany(ALERTS_MAX))? {
        let bytes = raw.get().as_bytes();
        if sink(one(bytes, &Sent::Posted, cx), bytes).is_break() {
            break;
        }
    }
    Ok(())
}

fn one(bytes: &[u8], sent: &Sent, cx: &Context<'_>) -> super::Read {
    let record = read_object(bytes)?;
    let alert = Alert::read(&record.object, sent, cx.now)?;
    event::read(&record, &alert, sent, cx)
}

/// A time of an alert; what Go writes for none is none.
fn moment(object: &Object, name: &str) -> Result<Option<Timestamp>, super::FieldErrors> {
    match object.get(name) {
        None | Some(serde_json::Value::Null) => Ok(None),
        Some(value) => match value.as_str() {
            Some("" | "0001-01-01T00:00:00Z" | "0001-01-01T00:00:00.000Z") => Ok(None),
            Some(text) => super::parse_time(text)
                .map(Some)
                .ok_or_else(|| refused(name, "must be a time, such as 2026-01-31T23:59:00.123Z")),
            None => Err(refused(name, "must be a text")),
        },
    }
}
