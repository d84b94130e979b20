//! Records of other programs: one a line, or all of the file as one document.

use std::ops::ControlFlow;

use super::reader::{Filling, Reading, Unheard, without_place};
use crate::adapters::zeek::{self, Table};
use crate::adapters::{Body, Context, Format, Read};
use crate::cli::terminal;
use crate::ingest::{EventKey, Prepared};

/// Longest line, and longest file that is one document over many lines, in bytes: 256 MiB.
pub(super) const WHOLE_MAX: usize = 256 << 20;

/// Formats of lines that are no JSON, whatever they begin with.
const PLAIN: [&str; 4] = ["syslog", "cef", "leef", "keyvalue"];

/// Reads lines by a format.
pub(super) struct Records<'r> {
    reading: &'r Reading,
    format: &'static Format,
    /// What the keys of records are to be told apart by.
    scope: String,
    /// A log of Zeek as a table, once its header began.
    table: Option<Table>,
    /// A document over many lines, as far as it was read.
    whole: Option<Vec<u8>>,
    begun: bool,
}

impl<'r> Records<'r> {
    pub(super) fn new(reading: &'r Reading, format: &'static Format) -> Self {
        let sender = match &reading.source {
            // As if a key that is bound to the source had sent them.
            Some(source) => format!("source {source}"),
            None => "command line".to_owned(),
        };
        Self {
            reading,
            format,
            scope: format!("{} {sender}", format.name),
            table: None,
            whole: None,
            begun: false,
        }
    }

    /// Hears a line that is not to be stored: the header of a table counts wherever one begins.
    pub(super) fn pass_over(&mut self, line: &[u8]) {
        if line.starts_with(b"#") && self.format.name == "zeek" {
            let table = self.table.get_or_insert_default();
            drop(zeek::row(table, line, &context(self.reading, self.format)));
        }
    }

    /// Reads one line.
    pub(super) fn line(
        &mut self,
        line: &[u8],
        number: u64,
        filling: &mut Filling,
    ) -> Result<(), Unheard> {
        filling.bytes = filling.bytes.saturating_add(line.len());
        if !std::mem::replace(&mut self.begun, true) && self.is_begin_of_whole(line) {
            self.whole = Some(Vec::new());
        }
        if let Some(whole) = &mut self.whole {
            // One byte more is enough to know that it is too much.
            if whole.len() <= WHOLE_MAX {
                whole.extend_from_slice(line);
                whole.push(b'\n');
            }
            return Ok(());
        }
        if self.format.name == "zeek" && (self.table.is_some() || line.starts_with(b"#")) {
            let table = self.table.get_or_insert_default();
            let read = zeek::row(table, line, &context(self.reading, self.format));
            return match read {
                Some(read) => self.take(read, number, filling),
                None => Ok(()),
            };
        }
        self.document(line, Some(number), filling)
    }

    /// Reads what is left at the end of the input.
    pub(super) fn end(mut self, filling: &mut Filling) -> Result<(), Unheard> {
        match self.whole.take() {
            None => Ok(()),
            Some(whole) if whole.len() > WHOLE_MAX => {
                filling.refused.note(1, "a document of more than 256 MiB");
                Ok(())
            }
            Some(whole) => self.document(&whole, None, filling),
        }
    }

    /// Whether a file's first line begins a document that ends on a later one.
    fn is_begin_of_whole(&self, line: &[u8]) -> bool {
        if PLAIN.contains(&self.format.name)
            || !line.trim_ascii_start().starts_with(b"{")
                && !line.trim_ascii_start().starts_with(b"[")
        {
            return false;
        }
        serde_json::from_slice::<serde::de::IgnoredAny>(line).is_err_and(|error| error.is_eof())
    }

    /// Reads a document; the records of one that is a whole file are numbered in their order.
    fn document(
        &self,
        bytes: &[u8],
        number: Option<u64>,
        filling: &mut Filling,
    ) -> Result<(), Unheard> {
        let cx = context(self.reading, self.format);
        let body = Body { bytes, media: "" };
        let mut place = 0_u64;
        let mut heard = Ok(());
        let read = (self.format.read)(&body, &cx, &mut |read, _| {
            place = place.saturating_add(1);
            heard = self.take(read, number.unwrap_or(place), filling);
            if heard.is_err() {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        if let Err(reason) = read {
            filling
                .refused
                .note(number.unwrap_or(1), without_place(&reason.to_string()));
        }
        heard
    }

    fn take(&self, read: Read, number: u64, filling: &mut Filling) -> Result<(), Unheard> {
        match read {
            Ok(reading) => {
                let key = |key: Option<String>| key.map(|key| EventKey::new(&self.scope, &key));
                let keys = (key(reading.key), key(reading.closes));
                let event = Prepared::new(&self.reading.app, reading.event);
                let ongoing = key(reading.ongoing);
                let event = event.with_keys(keys.0, keys.1).with_ongoing(ongoing);
                filling.events.push(event);
            }
            Err(errors) => {
                let reason = terminal::field_errors(&errors);
                filling.refused.note(number, without_place(&reason));
            }
        }
        self.reading.send_if_full(filling)
    }
}

fn context<'c>(reading: &'c Reading, format: &'c Format) -> Context<'c> {
    Context {
        now: reading.app.clock.now(),
        bound: reading.source.as_deref(),
        source: reading.source.as_deref().unwrap_or(format.name),
        profile: &reading.profile,
    }
}
