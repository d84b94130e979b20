//! What senders write, as events: one folder a format. Nothing here knows the database, HTTP or
//! the clock.
//!
//! [`FORMATS`] is the list; [`Format::read`] takes a body and hands on what became of each record
//! in it. A record is turned into a `Draft`, whose [`Fields`] have the names `docs/fields.md`
//! lists, and `Draft::finish` brings it within the limits of an event and lets the source's
//! [`Profile`] have its say. An object that does not say what it is goes through [`json`], which
//! recognises the formats by their members; a line of text through `text`.

pub mod alertmanager;
mod attack;
mod body_error;
pub mod bulk;
pub mod cef;
pub mod cloudtrail;
pub mod crowdsec;
mod documents;
mod draft;
mod elements;
mod ends;
mod envelope;
pub mod eve;
pub mod falco;
mod fields;
mod fit;
pub mod guardduty;
pub mod json;
pub mod keyvalue;
pub mod leef;
mod lines;
pub mod loki;
mod members;
mod merged;
mod mix;
pub mod ocsf;
pub mod otlp;
mod profile;
mod record;
mod sentence;
mod severity;
pub mod splunk;
pub mod syslog;
#[cfg(test)]
mod tests;
mod text;
mod time;
pub mod wazuh;
pub mod windows;
pub mod zeek;

use std::ops::ControlFlow;

use base::Timestamp;

pub use body_error::BodyError;
pub(crate) use documents::{DocumentError, documents};
pub(crate) use elements::Elements;
pub use fields::{Fields, cut};
pub use fit::Original;
pub(crate) use lines::line_end;
pub use profile::{Pointer, PointerError, Profile};

use draft::Draft;
use record::{Object, Record, value};
use time::{parse_time, time_of};

use crate::events::NewEvent;
use crate::http::{FieldErrors, refusal};

/// Longest record, in bytes: 1 MiB.
pub const RECORD_MAX: usize = 1024 * 1024;
/// Longest word of a sender for how bad it is, in characters: the source's map of severities has
/// none that are longer.
pub const SAID_MAX: usize = 200;
/// Longest key by which a sender names an event, in bytes.
const KEY_MAX: usize = 1024;

/// What the receiver knows before it has read a record.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// When the record was received.
    pub now: Timestamp,
    /// The only source the sender may speak for: every event gets it.
    pub bound: Option<&'a str>,
    /// The source of records that name none.
    pub source: &'a str,
    /// What administrators said of the source.
    pub profile: &'a Profile,
}

/// A record as an event, with what its sender says about repetitions.
#[derive(Clone, Debug)]
pub struct Reading {
    /// The event.
    pub event: NewEvent,
    /// The sender's own word or number for how bad it is, for the source's map of severities.
    pub said: Option<String>,
    /// What the sender calls this event: it is stored once in 48 hours. At most 1,024 bytes.
    pub key: Option<String>,
    /// The key of the earlier event that is over with this one: its alert is resolved.
    pub closes: Option<String>,
    /// What the sender calls what goes on. While the alert of the event that began it is unresolved,
    /// another event that says so is a repetition; one that closes something ends that alert too.
    pub ongoing: Option<String>,
}

/// What became of a record.
pub type Read = Result<Reading, FieldErrors>;

/// Takes what became of each record, in order, with its bytes. It may say that it has enough.
pub type Sink<'s> = dyn FnMut(Read, &[u8]) -> ControlFlow<()> + 's;

/// A body as it came.
#[derive(Clone, Copy, Debug)]
pub struct Body<'a> {
    /// Its bytes, decompressed.
    pub bytes: &'a [u8],
    /// Its media type without parameters, lower case; empty when none was given.
    pub media: &'a str,
}

/// One way of writing events.
#[derive(Clone, Copy, Debug)]
pub struct Format {
    /// Its name in addresses and settings.
    pub name: &'static str,
    /// Other names for it in addresses.
    pub aliases: &'static [&'static str],
    /// Its name for people.
    pub title: &'static str,
    /// Reads a body and hands every record to the sink.
    ///
    /// # Errors
    /// Why the body as a whole cannot be read; nothing of it is to be stored then.
    pub read: fn(&Body<'_>, &Context<'_>, &mut Sink<'_>) -> Result<(), BodyError>,
}

/// Every format that is sent to `/api/ingest/NAME/`, in the order people are shown them.
pub const FORMATS: &[Format] = &[
    json::FORMAT,
    eve::FORMAT,
    wazuh::FORMAT,
    crowdsec::FORMAT,
    falco::FORMAT,
    alertmanager::FORMAT,
    cloudtrail::FORMAT,
    guardduty::FORMAT,
    ocsf::FORMAT,
    zeek::FORMAT,
    windows::FORMAT,
    syslog::FORMAT,
    cef::FORMAT,
    leef::FORMAT,
    keyvalue::FORMAT,
];

/// The formats an object is recognised as by its members: the first that claims it reads it.
const RECOGNISED: &[(IsRecord, ReadRecord)] = &[
    (eve::is, eve::read),
    (wazuh::is, wazuh::read),
    (ocsf::is, ocsf::read),
    (cloudtrail::is, cloudtrail::read),
    (guardduty::is, guardduty::read),
    (falco::is, falco::read),
    (crowdsec::is, crowdsec::read),
    (windows::is, windows::read),
    (zeek::is, zeek::read),
];

type IsRecord = fn(&Object) -> bool;
type ReadRecord = fn(&Record<'_>, &Context<'_>) -> Read;

impl Format {
    /// The format of a name or an alias.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        FORMATS
            .iter()
            .find(|format| format.name == name || format.aliases.contains(&name))
    }
}

impl Reading {
    /// An event without a key.
    #[must_use]
    pub const fn new(event: NewEvent) -> Self {
        Self {
            event,
            said: None,
            key: None,
            closes: None,
            ongoing: None,
        }
    }

    /// The same with the sender's key; one that is empty or too long is none.
    #[must_use]
    pub fn with_key(mut self, key: Option<String>) -> Self {
        self.set_key(key);
        self
    }

    /// Keeps the sender's word for how bad it is.
    fn say(&mut self, word: &str) {
        self.said = Some(word.trim().chars().take(SAID_MAX).collect());
    }

    fn set_key(&mut self, key: Option<String>) {
        self.key = key.filter(|key| (1..=KEY_MAX).contains(&key.len()));
    }

    /// The same with the key that what it came in gives it. What goes on and what ends it find each
    /// other by their own names, which stay.
    #[must_use]
    pub fn with_outer_key(self, key: String) -> Self {
        let names_itself = self.closes.is_some() || self.ongoing.is_some();
        if names_itself && self.key.is_some() {
            self
        } else {
            self.with_key(Some(key))
        }
    }
}

impl Context<'_> {
    /// Gives an event the source its sender is bound to, and what the source's profile says;
    /// `object` is what the profile's pointers point into. What was never a [`Draft`] comes here,
    /// its attributes written already.
    ///
    /// # Errors
    /// A pointer leads to a value that its field cannot hold.
    fn shaped(&self, mut reading: Reading, object: Option<&Object>) -> Read {
        let mut fields = Fields::default();
        self.shape(&mut reading, &mut fields, object)?;
        merged::lay_over(&mut reading.event.attributes, &fields.into_object());
        Ok(reading)
    }

    /// The same of an event whose fields are still to be written.
    fn shape(
        &self,
        reading: &mut Reading,
        fields: &mut Fields,
        object: Option<&Object>,
    ) -> Result<(), FieldErrors> {
        self.profile.shape(reading, fields, object)?;
        if let Some(source) = self.bound {
            source.clone_into(&mut reading.event.source_name);
        }
        Ok(())
    }
}

/// A refusal that names one field; of a text at most 300 characters are kept.
#[must_use]
pub fn refused(field: &str, what: impl Into<String>) -> FieldErrors {
    refusal(field, what)
}

/// Refuses a record that is too long; `field` is what it is called there.
fn bounded(field: &str, record: &[u8]) -> Result<(), FieldErrors> {
    if record.len() > RECORD_MAX {
        let what = format!("a record has at most {RECORD_MAX} bytes");
        return Err(refused(field, what));
    }
    Ok(())
}

/// Whether a format claims an object.
fn is_recognised(object: &Object) -> bool {
    RECOGNISED.iter().any(|(is, _)| is(object))
}

/// Reads one record by whatever format claims it; `None` when none does.
fn recognised(record: &Record<'_>, cx: &Context<'_>) -> Option<Read> {
    let (_, read) = RECOGNISED.iter().find(|(is, _)| is(&record.object))?;
    Some(read(record, cx))
}

/// Reads a record out of its text.
///
/// # Errors
/// It is too long or no JSON object.
fn read_object(text: &[u8]) -> Result<Record<'_>, FieldErrors> {
    bounded("record", text)?;
    Record::read(text).map_err(|error| refused(&error.field, error.reason))
}

/// Hands each JSON object of a body to `read`, and what became of it to the sink.
///
/// # Errors
/// The body holds no record, too many, or is an array that cannot be read.
fn each_object(
    body: &Body<'_>,
    sink: &mut Sink<'_>,
    mut read: impl FnMut(&Record<'_>) -> Read,
) -> Result<(), BodyError> {
    let mut each = |bytes, sink: &mut Sink<'_>| match read_object(bytes) {
        Ok(record) => each_inside(&record, sink, &mut read),
        Err(errors) => sink(Err(errors), bytes),
    };
    for document in documents(body.bytes)? {
        let flow = match document {
            Ok(bytes) => match envelope::records(bytes)? {
                Some(records) => records
                    .into_iter()
                    .try_for_each(|record| each(record.get().as_bytes(), sink)),
                None => each(bytes, sink),
            },
            Err(DocumentError { bytes, reason }) => sink(Err(refused("record", reason)), bytes),
        };
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// Reads a record, or each finding of one that holds several.
fn each_inside(
    record: &Record<'_>,
    sink: &mut Sink<'_>,
    read: &mut impl FnMut(&Record<'_>) -> Read,
) -> ControlFlow<()> {
    let Some(findings) = guardduty::several(record) else {
        return sink(read(record), record.raw.get().as_bytes());
    };
    findings.into_iter().try_for_each(|finding| {
        let bytes = finding.get().as_bytes();
        sink(read_object(bytes).and_then(|record| read(&record)), bytes)
    })
}

/// Hands each line of a body of text to `read`, and what became of it to the sink; blank lines
/// are passed over.
///
/// # Errors
/// The body holds no line.
fn each_line(
    body: &Body<'_>,
    sink: &mut Sink<'_>,
    mut read: impl FnMut(&str) -> Read,
) -> Result<(), BodyError> {
    let lines = body.bytes.split(|byte| *byte == b'\n');
    let mut lines = lines
        .map(<[u8]>::trim_ascii)
        .filter(|line| !line.is_empty())
        .peekable();
    if lines.peek().is_none() {
        return Err("holds no record".into());
    }
    for line in lines {
        let result = bounded("record", line)
            .and_then(|()| read(&fields::without_nul(&String::from_utf8_lossy(line))));
        if sink(result, line).is_break() {
            break;
        }
    }
    Ok(())
}
