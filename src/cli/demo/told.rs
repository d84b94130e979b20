//! From what is told to an event.

use std::net::IpAddr;
use std::time::Duration;

use base::{Severity, Timestamp};
use serde_json::{Map, Value, json};

use super::DemoEvent;
use super::places::Place;
use super::random::Random;
use super::stage::Stage;
use crate::events::NewEvent;

/// One step of the attack, as the tables of `outside` and `inside` list it.
#[derive(Debug)]
pub(super) struct Scene {
    /// Minutes before the end of the story.
    pub(super) minutes_ago: u32,
    /// Who reports it, and what kind it is.
    pub(super) source: (&'static str, &'static str),
    pub(super) severity: Severity,
    pub(super) from: Option<Place>,
    pub(super) stage: Stage,
    /// ATT&CK techniques.
    pub(super) techniques: &'static [&'static str],
    pub(super) text: &'static str,
}

impl Scene {
    /// The event, within the minute after its time.
    pub(super) fn event(&self, now: Timestamp, random: &mut Random) -> DemoEvent {
        let ago = Duration::from_mins(u64::from(self.minutes_ago));
        Told {
            source: self.source,
            severity: self.severity,
            address: self.from.map(|place| place.address),
            stage: self.stage,
            techniques: self.techniques,
            text: self.text.to_owned(),
        }
        .event(
            now.minus(ago)
                .plus(Duration::from_millis(random.below(60_000))),
        )
    }
}

/// What an event says.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) source: (&'static str, &'static str),
    pub(super) severity: Severity,
    pub(super) address: Option<IpAddr>,
    pub(super) stage: Stage,
    pub(super) techniques: &'static [&'static str],
    pub(super) text: String,
}

impl Told {
    /// The event, at the whole millisecond.
    pub(super) fn event(self, at: Timestamp) -> DemoEvent {
        let at = Timestamp::from_millis(at.millis());
        let attributes = self.attributes();
        let (source_name, event_type) = self.source;
        let tags = ["demo", "synthetic", self.stage.name()];
        DemoEvent {
            at,
            event: NewEvent {
                source_name: source_name.to_owned(),
                event_type: event_type.to_owned(),
                severity: self.severity,
                description: self.text,
                ip_address: self.address,
                occurred_at: Some(at),
                tags: tags
                    .iter()
                    .chain(self.techniques)
                    .map(|&tag| tag.to_owned())
                    .collect(),
                attributes: serde_json::value::to_raw_value(&attributes).ok(),
            },
        }
    }
    fn attributes(&self) -> Map<String, Value> {
        let mut attributes = Map::new();
        let demo = json!({
            "synthetic": true,
            "stage": self.stage.name(),
            "tactic": self.stage.tactic(),
            "techniques": self.techniques,
        });
        attributes.insert("demo".to_owned(), demo);
        if let Some(address) = self.address {
            attributes.insert("source".to_owned(), json!({ "ip": address }));
        }
        if let Some(tactic) = self.stage.tactic() {
            let threat = json!({
                "framework": "MITRE ATT&CK",
                "tactic": { "id": [tactic] },
                "technique": { "id": self.techniques },
            });
            attributes.insert("threat".to_owned(), threat);
        }
        attributes
    }
}
