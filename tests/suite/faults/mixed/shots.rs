//! One request of each way in, and how its answer says that all of it is stored.

use base::Severity;
use rand::RngExt as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::faults::ledger::{Ledger, marked};

/// A way in over HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Way {
    Native,
    Lines,
    Json,
    Bulk,
    Otlp,
    Splunk,
    Loki,
    Alertmanager,
}

/// All of them.
pub(super) const WAYS: [Way; 8] = [
    Way::Native,
    Way::Lines,
    Way::Json,
    Way::Bulk,
    Way::Otlp,
    Way::Splunk,
    Way::Loki,
    Way::Alertmanager,
];

/// A request that can be sent again.
#[derive(Clone, Debug)]
pub(super) struct Shot {
    pub(super) way: Way,
    pub(super) body: String,
    pub(super) markers: Vec<u64>,
    /// Severity and text of an alert that fires, by which it can be ended.
    pub(super) firing: Option<Value>,
}

impl Way {
    const fn path(self) -> &'static str {
        match self {
            Self::Native | Self::Lines => "/api/events/",
            Self::Json => "/api/ingest/json/",
            Self::Bulk => "/_bulk",
            Self::Otlp => "/v1/logs",
            Self::Splunk => "/services/collector/event",
            Self::Loki => "/loki/api/v1/push",
            Self::Alertmanager => "/api/ingest/alertmanager/",
        }
    }

    /// Whether what is sent has a name, so that it can be sent again.
    pub(super) const fn has_names(self) -> bool {
        !matches!(self, Self::Otlp | Self::Splunk)
    }

    fn head(self, key: &str, first: u64) -> String {
        let media = match self {
            Self::Lines | Self::Bulk => "application/x-ndjson",
            _ => "application/json",
        };
        let scheme = if self == Self::Splunk {
            "Splunk"
        } else {
            "Bearer"
        };
        let repeat = match self {
            Self::Native | Self::Lines | Self::Json => {
                format!("idempotency-key: mixed-{first}\r\n")
            }
            _ => String::new(),
        };
        format!("authorization: {scheme} {key}\r\ncontent-type: {media}\r\n{repeat}")
    }

    /// Whether an answer says that all events of a request are stored.
    fn is_stored(self, status: u16, body: &[u8], events: usize) -> bool {
        let said = || serde_json::from_slice::<Value>(body).unwrap_or_default();
        match self {
            Self::Native => status == 201,
            Self::Lines | Self::Json | Self::Alertmanager => {
                status == 200 && said()["accepted"] == events && said()["rejected"] == 0
            }
            Self::Bulk => status == 200 && is_there(&said(), events),
            Self::Otlp => status == 200 && said() == json!({}),
            Self::Splunk => status == 200 && said()["code"] == 0 && said()["rejected"].is_null(),
            Self::Loki => status == 204,
        }
    }
}

/// Whether a bulk request's answer says of each document that it is created, or was there before,
/// which is how clients learn what became of an answer they did not get.
fn is_there(answer: &Value, events: usize) -> bool {
    let items = answer["items"].as_array();
    items.is_some_and(|items| {
        let good =
            |item: &Value| item["create"]["status"] == 201 || item["create"]["status"] == 409;
        items.len() == events && items.iter().all(good)
    })
}

impl Shot {
    pub(super) const fn path(&self) -> &'static str {
        self.way.path()
    }

    pub(super) fn head(&self, key: &str) -> String {
        self.way.head(key, self.markers[0])
    }

    pub(super) fn is_stored(&self, status: u16, body: &[u8]) -> bool {
        self.way.is_stored(status, body, self.markers.len())
    }

    /// A new one, its events noted as sent.
    pub(super) fn new(way: Way, ledger: &Ledger, rng: &mut StdRng) -> Self {
        let size = match way {
            Way::Native | Way::Alertmanager => 1,
            _ => rng.random_range(1..30),
        };
        let mut markers = Vec::new();
        let mut parts = Vec::new();
        for _ in 0..size {
            let severity = match way {
                Way::Alertmanager => Severity::Critical,
                _ => severity(rng),
            };
            let marker = ledger.sending(Some(severity));
            markers.push(marker);
            let filler = "x".repeat(rng.random_range(1..300));
            parts.push(part(way, marker, severity, &marked(marker, &filler)));
        }
        let lines = || parts.iter().map(|part| format!("{part}\n"));
        let body = match way {
            Way::Native => parts[0].to_string(),
            Way::Lines | Way::Json | Way::Splunk => lines().collect(),
            Way::Bulk => markers
                .iter()
                .zip(lines())
                .map(|(id, line)| format!("{{\"create\":{{\"_id\":\"{id}\"}}}}\n{line}"))
                .collect(),
            Way::Otlp => {
                json!({"resourceLogs": [{"scopeLogs": [{"logRecords": parts}]}]}).to_string()
            }
            Way::Loki => json!({ "streams": parts }).to_string(),
            Way::Alertmanager => message(&parts[0]),
        };
        let firing = (way == Way::Alertmanager).then(|| parts[0].clone());
        Self {
            way,
            body,
            markers,
            firing,
        }
    }

    /// The end of an alert that fires.
    pub(super) fn end_of(firing: &Value, ledger: &Ledger) -> Self {
        let marker = ledger.sending(Some(Severity::Info));
        let mut alert = firing.clone();
        alert["status"] = "resolved".into();
        alert["endsAt"] = "2026-01-01T01:00:00Z".into();
        alert["annotations"]["summary"] = marked(marker, "over").into();
        Self {
            way: Way::Alertmanager,
            body: message(&alert),
            markers: vec![marker],
            firing: None,
        }
    }
}

fn message(alert: &Value) -> String {
    json!({"version": "4", "receiver": "wp", "status": "firing", "alerts": [alert]}).to_string()
}

/// Three in ten raise an alert.
fn severity(rng: &mut StdRng) -> Severity {
    match rng.random_range(0..10) {
        0 => Severity::Critical,
        1 | 2 => Severity::High,
        3 | 4 => Severity::Medium,
        5 | 6 => Severity::Low,
        _ => Severity::Info,
    }
}

/// One event as its sender writes it.
fn part(way: Way, marker: u64, severity: Severity, text: &str) -> Value {
    let word = severity.word();
    match way {
        Way::Native | Way::Lines | Way::Json | Way::Bulk => json!({
            "source_name": format!("{way:?}-{}", marker % 5), "event_type": "reading",
            "severity": word, "description": text, "ip_address": "81.2.69.142",
        }),
        Way::Otlp => json!({
            "body": {"stringValue": text},
            "attributes": [{"key": "severity", "value": {"stringValue": word}}],
        }),
        Way::Splunk => json!({"event": text, "host": "hec-1", "fields": {"severity": word}}),
        Way::Loki => json!({
            "stream": {"app": "loki-1", "severity": word},
            "values": [[(1_780_000_000_000_000_000 + marker).to_string(), text]],
        }),
        Way::Alertmanager => json!({
            "status": "firing",
            "labels": {"alertname": "reading", "severity": "critical", "instance": marker.to_string()},
            "annotations": {"summary": text},
            "startsAt": "2026-01-01T00:00:00.5Z", "endsAt": "0001-01-01T00:00:00Z",
            "fingerprint": format!("{marker:016x}"),
        }),
    }
}
