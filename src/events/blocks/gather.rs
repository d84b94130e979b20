//! From the events of a block to its filter.

use base::Severity;

use super::bloom::{self, Part};
use super::token::{About, numbered, worded};
use super::{PARTS_MAX, leaves, words};

/// What an event can be found by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Content<'a> {
    pub(crate) id: i64,
    pub(crate) source_id: i64,
    pub(crate) source_name: &'a str,
    pub(crate) event_type_id: i64,
    pub(crate) severity: Severity,
    pub(crate) description: &'a str,
    pub(crate) ip_address: Option<&'a str>,
    pub(crate) country: Option<&'a str>,
    /// JSON, as stored.
    pub(crate) tags: Option<&'a str>,
    /// JSON, as stored.
    pub(crate) attributes: Option<&'a str>,
}

/// The events of a block, as they are read.
#[derive(Debug)]
pub(crate) struct Gathered {
    part: usize,
    parts: Vec<Part>,
    starts: Vec<i64>,
    events: usize,
    /// Its source's name, that the words of one name are read once for many events.
    last_source: Option<i64>,
}

impl Gathered {
    pub(crate) const fn new(part: usize) -> Self {
        Self {
            part,
            parts: Vec::new(),
            starts: Vec::new(),
            events: 0,
            last_source: None,
        }
    }

    /// Adds an event; those of a block come in the order of their ids. `None` when the block is
    /// full beyond what was to be expected.
    pub(crate) fn add(&mut self, event: &Content<'_>) -> Option<()> {
        if self.events.is_multiple_of(self.part) {
            if self.parts.len() >= PARTS_MAX {
                return None;
            }
            self.parts.push(Part::default());
            self.starts.push(event.id);
            self.last_source = None;
        }
        self.events = self.events.saturating_add(1);
        let part = self.parts.last_mut()?;
        part.add(numbered(About::Severity, event.severity.id()));
        part.add(numbered(About::Source, event.source_id));
        part.add(numbered(About::Type, event.event_type_id));
        part.add(worded(About::Country, event.country));
        part.add(worded(About::Address, event.ip_address));
        words::beginnings(event.description, |token| part.add(token));
        if self.last_source != Some(event.source_id) {
            self.last_source = Some(event.source_id);
            words::beginnings(event.source_name, |token| part.add(token));
        }
        if let Some(tags) = event.tags {
            let tags: Vec<String> = serde_json::from_str(tags).unwrap_or_default();
            for tag in &tags {
                part.add(worded(About::Tag, Some(tag)));
            }
        }
        if let Some(attributes) = event.attributes {
            leaves::leaves(attributes, |token| part.add(token));
        }
        Some(())
    }

    /// Makes the filter.
    pub(crate) fn filter(&self) -> Filter {
        let open = self
            .parts
            .iter()
            .zip(0_u32..)
            .filter(|(part, _)| part.is_open);
        Filter {
            events: i64::try_from(self.events).unwrap_or(i64::MAX),
            starts: self.starts.iter().flat_map(|id| id.to_be_bytes()).collect(),
            open_parts: open.fold(0, |bits, (_, number)| bits | (1_i64 << number.min(62))),
            slices: bloom::slices(&self.parts),
        }
    }
}

/// The filter of a block, as it is kept.
#[derive(Debug)]
pub(crate) struct Filter {
    pub(crate) events: i64,
    /// The first id of each part, 8 bytes each.
    pub(crate) starts: Vec<u8>,
    /// The parts that hold too much for a filter, as bits.
    pub(crate) open_parts: i64,
    pub(crate) slices: Vec<Vec<u8>>,
}
