//! An event in the making: what an adapter knows of it, before the limits are applied.

use std::net::IpAddr;

use base::{Severity, Timestamp};

use super::ends::Ends;
use super::fields::{Fields, cut};
use super::fit::{Original, fit};
use super::record::Object;
use super::time::within;
use super::{Context, Read, Reading};
use crate::events::{
    DESCRIPTION_MAX, EVENT_TYPE_MAX, NewEvent, SOURCE_NAME_MAX, TAG_MAX, TAGS_MAX,
};

/// What an adapter knows of an event. Absent fields get what the source's profile or the context
/// says; texts that are too long are cut.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    /// Who reports it.
    pub source_name: Option<String>,
    /// What kind it is; made a slug.
    pub event_type: Option<String>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// Whether that is a judgement, such as a label `severity`: no level inside the record weakens it.
    pub judged: bool,
    /// The sender's own word or number for that.
    pub said: Option<String>,
    /// What happened.
    pub description: String,
    /// The address it is about; else the end outside of `source.ip` and `destination.ip`, else
    /// the source.
    pub ip_address: Option<IpAddr>,
    /// When it happened.
    pub occurred_at: Option<Timestamp>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The mapped fields.
    pub fields: Fields,
    /// What the sender calls this event.
    pub key: Option<String>,
    /// The key of the earlier event that is over with this one.
    pub closes: Option<String>,
    /// What the sender calls what goes on.
    pub ongoing: Option<String>,
}

impl Draft {
    /// Adds a word to find it by.
    pub(super) fn tag(&mut self, tag: impl Into<String>) {
        self.tags.push(tag.into());
    }

    /// Says what wrote the record, for detection rules: Sigma's product, service and category.
    pub(super) fn logsource(
        &mut self,
        product: &str,
        service: Option<&str>,
        category: Option<&str>,
    ) {
        self.fields.set("logsource.product", Some(product));
        self.fields.set("logsource.service", service);
        self.fields.set("logsource.category", category);
    }

    /// The event, within every limit.
    ///
    /// # Errors
    /// The source's profile points to what a field cannot hold.
    pub(super) fn finish(mut self, cx: &Context<'_>, original: Original<'_>) -> Read {
        Ends::put(&mut self);
        let parsed: Object;
        let object: Option<&Object> = match original {
            Original::Json(_, object, _) => Some(object),
            Original::Written(_, raw) if !cx.profile.mapping.is_empty() => {
                parsed = serde_json::from_str(raw.get()).unwrap_or_default();
                Some(&parsed)
            }
            Original::Written(..) | Original::Text(..) | Original::Nothing => None,
        };
        let profile = cx.profile;
        let source_name = self.source_name.as_deref().and_then(source_name);
        let event_type = self.event_type.as_deref().and_then(slug);
        let event = NewEvent {
            source_name: source_name.unwrap_or_else(|| cx.source.to_owned()),
            event_type: event_type
                .or_else(|| profile.default_type.clone())
                .unwrap_or_else(|| "event".to_owned()),
            severity: self
                .severity
                .or(profile.default_severity)
                .unwrap_or(Severity::Info),
            description: description(&self.description)
                .unwrap_or_else(|| "(no description)".to_owned()),
            ip_address: self.ip_address,
            occurred_at: self.occurred_at.and_then(within),
            tags: tags(self.tags),
            attributes: None,
        };
        let mut reading = Reading {
            closes: self.closes,
            ongoing: self.ongoing,
            ..Reading::new(event).with_key(self.key)
        };
        if let Some(word) = &self.said {
            reading.say(word);
        }
        cx.shape(&mut reading, &mut self.fields, object)?;
        let attributes = fit(&self.fields, original);
        reading.event.attributes = attributes.filter(|raw| raw.get() != "{}");
        Ok(reading)
    }
}

/// A text as a source's name: trimmed, without U+0000, at most 255 characters.
pub(super) fn source_name(text: &str) -> Option<String> {
    bounded(text, SOURCE_NAME_MAX)
}

/// A text as a description: trimmed, without U+0000, at most 16,384 characters.
pub(super) fn description(text: &str) -> Option<String> {
    bounded(text, DESCRIPTION_MAX)
}

fn bounded(text: &str, max: usize) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    // The mark that something is missing counts too.
    let text = if text.len() > max && text.chars().count() > max {
        cut(text, max.saturating_sub(1))
    } else {
        text.to_owned()
    };
    Some(if text.contains('\0') {
        text.replace('\0', "\u{fffd}")
    } else {
        text
    })
}

/// A text as an event type: small letters, digits, `-`, `_`, `.`, `:`; anything else a `-`.
pub(super) fn slug(text: &str) -> Option<String> {
    let mut slug = String::with_capacity(text.len().min(EVENT_TYPE_MAX));
    for c in text.trim().chars() {
        if slug.len() >= EVENT_TYPE_MAX {
            break;
        }
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':') {
            slug.push(c.to_ascii_lowercase());
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    let slug = slug.trim_end_matches('-');
    (!slug.is_empty()).then(|| slug.to_owned())
}

/// Words to find an event by: bounded, each once.
pub(super) fn tags(words: Vec<String>) -> Vec<String> {
    let mut tags: Vec<String> = Vec::with_capacity(words.len().min(TAGS_MAX));
    for word in words {
        if tags.len() >= TAGS_MAX {
            break;
        }
        if let Some(tag) = bounded(&word, TAG_MAX)
            && !tags.contains(&tag)
        {
            tags.push(tag);
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::Profile;

    #[test]
    fn whatever_is_drafted_becomes_an_event_within_the_limits() {
        let profile = Profile::default();
        let cx = Context {
            now: Timestamp::from_millis(0),
            bound: None,
            source: "edge",
            profile: &profile,
        };
        let mut draft = Draft {
            source_name: Some("ü".repeat(1_000)),
            event_type: Some(" Größe of things!! ".to_owned()),
            description: "\0".repeat(100_000),
            ..Draft::default()
        };
        for number in 0..1_000 {
            draft.tag(format!("{number}{}", "t".repeat(500)));
        }
        draft.fields.set("source.ip", Some("192.0.2.1"));
        let event = draft
            .finish(&cx, Original::Text("message", "x"))
            .unwrap()
            .event;
        assert_eq!(event.source_name.chars().count(), SOURCE_NAME_MAX);
        assert_eq!(event.event_type, "gr-e-of-things");
        assert_eq!(event.description.chars().count(), DESCRIPTION_MAX);
        assert!(!event.description.contains('\0'));
        assert_eq!(event.tags.len(), TAGS_MAX);
        assert_eq!(event.ip_address, Some("192.0.2.1".parse().unwrap()));
        let empty = Draft::default()
            .finish(&cx, Original::Nothing)
            .unwrap()
            .event;
        assert_eq!(
            (empty.source_name.as_str(), empty.event_type.as_str()),
            ("edge", "event")
        );
        assert!(empty.attributes.is_none());
    }

    #[test]
    fn a_senders_word_is_as_long_as_those_it_is_looked_up_among() {
        let profile = Profile::default();
        let draft = Draft {
            said: Some(format!(" {} ", "ü".repeat(1_000))),
            ..Draft::default()
        };
        let cx = crate::adapters::tests::context(&profile);
        let reading = draft.finish(&cx, Original::Nothing).unwrap();
        assert_eq!(reading.said, Some("ü".repeat(200)));
    }

    #[test]
    fn an_event_is_about_the_end_outside_whatever_wrote_it() {
        for (source, destination, about, direction) in [
            ("10.0.0.5", "203.0.113.9", "203.0.113.9", "outbound"),
            ("203.0.113.9", "10.0.0.5", "203.0.113.9", "inbound"),
            ("10.0.0.5", "10.0.0.6", "10.0.0.5", "internal"),
        ] {
            for line in [
                format!("CEF:0|V|P|1|c|n|5|src={source} dst={destination}"),
                format!("LEEF:1.0|V|P|1|e|src={source}\tdst={destination}"),
                format!("kernel: IN=eth0 OUT= SRC={source} DST={destination} PROTO=TCP"),
                format!("src_ip={source} dst_ip={destination} action=deny"),
                format!(
                    "{{\"src_ip\":\"{source}\",\"dst_ip\":\"{destination}\",\"message\":\"m\"}}"
                ),
            ] {
                let mut read =
                    crate::adapters::tests::read_all(&crate::adapters::json::FORMAT, &line);
                let reading = read.remove(0).unwrap();
                assert_eq!(reading.event.ip_address, about.parse().ok(), "{line}");
                let found = crate::adapters::tests::field(&reading, "network.direction");
                assert_eq!(found, direction, "{line}");
            }
        }
    }
}
