//! An event that passed validation, its texts in one piece of memory: a batch of ten thousand is
//! ten thousand allocations, not seventy thousand.

use std::net::IpAddr;

use base::{Severity, Timestamp};
use serde_json::value::RawValue;

use super::model::NewEvent;

/// An event that passed validation and has not been stored, as [`NewEvent`], written out as its
/// row will hold it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackedEvent {
    /// Source, type, description, address, tags and attributes, one after the other.
    texts: Box<str>,
    /// Where each of them ends but the last.
    ends: [u32; 5],
    severity: Severity,
    ip_address: Option<IpAddr>,
    occurred_at: Option<Timestamp>,
}

/// The values of an event that are no texts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plain {
    pub(super) severity: Severity,
    pub(super) ip_address: Option<IpAddr>,
    pub(super) occurred_at: Option<Timestamp>,
}

/// Texts written one after the other, and where they end.
pub(super) struct Packing {
    texts: String,
    ends: [u32; 5],
    next: usize,
}

impl Packing {
    /// Begins with room for so many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self {
            texts: String::with_capacity(bytes),
            ends: [0; 5],
            next: 0,
        }
    }

    /// Writes to the text that has not ended yet.
    pub(super) fn push(&mut self, text: &str) {
        self.texts.push_str(text);
    }

    /// Ends the text.
    pub(super) fn end(&mut self) {
        if let Some(end) = self.ends.get_mut(self.next) {
            *end = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
            self.next = self.next.saturating_add(1);
        }
    }

    /// Writes a whole text in small letters (ASCII).
    pub(super) fn push_lower(&mut self, text: &str) {
        let start = self.texts.len();
        self.texts.push_str(text);
        if let Some(text) = self.texts.get_mut(start..) {
            text.make_ascii_lowercase();
        }
    }

    /// Ends the last text, the attributes.
    pub(super) fn finish(mut self, plain: Plain) -> PackedEvent {
        self.attributes_on_one_line();
        PackedEvent {
            texts: self.texts.into_boxed_str(),
            ends: self.ends,
            severity: plain.severity,
            ip_address: plain.ip_address,
            occurred_at: plain.occurred_at,
        }
    }

    /// Takes line breaks out of the attributes: lines of NDJSON and of streams end with one, and in
    /// JSON none is part of a text.
    fn attributes_on_one_line(&mut self) {
        let start = self.ends.last().map_or(0, |end| *end as usize);
        let json = self.texts.get(start..).unwrap_or_default();
        if memchr::memchr2(b'\n', b'\r', json.as_bytes()).is_some() {
            let lines = json.split(['\n', '\r']);
            let line: String = lines.map(|line| line.trim_matches([' ', '\t'])).collect();
            self.texts.truncate(start);
            self.texts.push_str(&line);
        }
    }
}

impl From<NewEvent> for PackedEvent {
    fn from(event: NewEvent) -> Self {
        let address = event.ip_address.map(|address| address.to_string());
        let tags = (!event.tags.is_empty())
            .then(|| serde_json::to_string(&event.tags).ok())
            .flatten();
        let texts = [
            event.source_name.as_str(),
            &event.event_type,
            &event.description,
            address.as_deref().unwrap_or_default(),
            tags.as_deref().unwrap_or_default(),
            event.attributes.as_ref().map_or("", |raw| raw.get()),
        ];
        let mut packing = Packing::with_capacity(texts.iter().map(|text| text.len()).sum());
        for text in texts {
            packing.push(text);
            packing.end();
        }
        packing.finish(Plain {
            severity: event.severity,
            ip_address: event.ip_address,
            occurred_at: event.occurred_at,
        })
    }
}

impl PackedEvent {
    fn text(&self, number: usize) -> &str {
        let start = number
            .checked_sub(1)
            .and_then(|before| self.ends.get(before))
            .map_or(0, |end| *end as usize);
        let end = self
            .ends
            .get(number)
            .map_or(self.texts.len(), |end| *end as usize);
        self.texts.get(start..end).unwrap_or_default()
    }

    fn given(&self, number: usize) -> Option<&str> {
        Some(self.text(number)).filter(|text| !text.is_empty())
    }

    /// How many bytes its texts have.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.texts.len()
    }

    /// Who reports it.
    #[must_use]
    pub fn source_name(&self) -> &str {
        self.text(0)
    }

    /// What kind it is.
    #[must_use]
    pub fn event_type(&self) -> &str {
        self.text(1)
    }

    /// What happened.
    #[must_use]
    pub fn description(&self) -> &str {
        self.text(2)
    }

    /// The address it is about, in its canonical text.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        self.given(3)
    }

    /// The address it is about.
    #[must_use]
    pub const fn ip_address(&self) -> Option<IpAddr> {
        self.ip_address
    }

    /// The tags as a JSON array, if there are any.
    #[must_use]
    pub fn tags(&self) -> Option<&str> {
        self.given(4)
    }

    /// Everything else the sender said, as a JSON object.
    #[must_use]
    pub fn attributes(&self) -> Option<&str> {
        self.given(5)
    }

    /// The same as a value of its own.
    #[must_use]
    pub fn raw_attributes(&self) -> Option<Box<RawValue>> {
        RawValue::from_string(self.attributes()?.to_owned()).ok()
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        self.severity
    }

    /// When it happened, as the sender says.
    #[must_use]
    pub const fn occurred_at(&self) -> Option<Timestamp> {
        self.occurred_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_is_found_again() {
        let event = NewEvent {
            source_name: "fw-01".to_owned(),
            event_type: "scan".to_owned(),
            severity: Severity::High,
            description: "Größe".to_owned(),
            ip_address: Some("2001:DB8::1".parse().unwrap()),
            occurred_at: Some(Timestamp::from_micros(5)),
            tags: vec!["a".to_owned(), "\"b\"".to_owned()],
            attributes: Some(RawValue::from_string("{\"x\":1}".to_owned()).unwrap()),
        };
        let packed = PackedEvent::from(event.clone());
        assert_eq!(
            (
                packed.source_name(),
                packed.event_type(),
                packed.description()
            ),
            ("fw-01", "scan", "Größe")
        );
        assert_eq!(packed.address(), Some("2001:db8::1"));
        assert_eq!(packed.tags(), Some(r#"["a","\"b\""]"#));
        assert_eq!(packed.attributes(), Some("{\"x\":1}"));
        assert_eq!(packed.severity(), Severity::High);
        let pretty = "{\r\n  \"x\": [\n\t1,\n  \"a  \\n b\"\n]\n}";
        let pretty = PackedEvent::from(NewEvent {
            attributes: Some(RawValue::from_string(pretty.to_owned()).unwrap()),
            ..event.clone()
        });
        assert_eq!(pretty.attributes(), Some(r#"{"x": [1,"a  \n b"]}"#));
        let bare = PackedEvent::from(NewEvent {
            ip_address: None,
            occurred_at: None,
            tags: Vec::new(),
            attributes: None,
            ..event
        });
        assert_eq!(
            (bare.address(), bare.tags(), bare.attributes()),
            (None, None, None)
        );
        assert_eq!(bare.description(), "Größe");
    }
}
