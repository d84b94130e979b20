//! Events of Splunk's HTTP Event Collector: objects one behind the other, each an event and what
//! is known about it; or lines of text.
//!
//! | field | from |
//! |---|---|
//! | `occurred_at` | `time`: seconds since 1970 with or without a fraction, as a number or a text |
//! | `source_name`, `host.name` | `host` |
//! | `event.dataset` | `sourcetype` |
//! | `log.file.path` | `source`, where it is a path; else `labels.source` |
//! | `labels.index` | `index` |
//! | `labels.*` | `fields` |
//! | severity | `fields.severity`, above any level in the event; else `fields.level` and `fields.log_level` (a log level, at most MEDIUM) |
//! | everything else | `event`: an object as JSON of any make ([`super::json`]), a text as a line (`text`) |
//!
//! Otherwise what the event says itself counts more than what stands around it.

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::fields::without_nul;
use super::{
    BodyError, Context, DocumentError, Draft, Format, Read, Sink, bounded, documents, each_line,
    json, parse_time, read_object, refused, severity, text, value,
};

/// Events of the collector.
pub const FORMAT: Format = Format {
    name: "splunk",
    aliases: &["hec"],
    title: "Splunk HTTP Event Collector",
    read: |body, cx, sink| read_events(body.bytes, &Metadata::default(), cx, sink),
};

/// The field of a refusal when a record has no event.
pub const EVENT: &str = "event";
/// What is said when there is no event.
pub const REQUIRED: &str = "required";
/// What is said when the event is an empty text.
pub const BLANK: &str = "must not be blank";

/// Fields beyond these are not kept as labels; the request says nothing of them.
const LABELS_MAX: usize = 256;

/// What is known about events, from around them or from the address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Where they happened.
    pub host: Option<String>,
    /// The file or stream they were read from.
    pub source: Option<String>,
    /// How they are written.
    pub sourcetype: Option<String>,
    /// Where Splunk would keep them.
    pub index: Option<String>,
    /// When they happened.
    pub time: Option<String>,
}

/// One event as it is sent.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    time: Option<&'a RawValue>,
    #[serde(borrow, default)]
    host: Option<&'a RawValue>,
    #[serde(borrow, default)]
    source: Option<&'a RawValue>,
    #[serde(borrow, default)]
    sourcetype: Option<&'a RawValue>,
    #[serde(borrow, default)]
    index: Option<&'a RawValue>,
    #[serde(borrow, default)]
    event: Option<&'a RawValue>,
    #[serde(borrow, default)]
    fields: Option<&'a RawValue>,
}

impl Metadata {
    /// Takes a value by the name it has in a query; others are passed over.
    pub fn take(&mut self, name: &str, value: &str) {
        let field = match name {
            "host" => &mut self.host,
            "source" => &mut self.source,
            "sourcetype" => &mut self.sourcetype,
            "index" => &mut self.index,
            "time" => &mut self.time,
            _ => return,
        };
        *field = Some(value.to_owned());
    }

    /// What an event says about itself, else what holds for all.
    fn of(&self, envelope: &Envelope<'_>) -> Self {
        let own = |own: Option<&RawValue>, all: &Option<String>| {
            own.and_then(|raw| scalar(raw.get()))
                .or_else(|| all.clone())
        };
        Self {
            host: own(envelope.host, &self.host),
            source: own(envelope.source, &self.source),
            sourcetype: own(envelope.sourcetype, &self.sourcetype),
            index: own(envelope.index, &self.index),
            time: own(envelope.time, &self.time),
        }
    }

    fn draft(&self) -> Draft {
        let mut draft = Draft {
            occurred_at: self.time.as_deref().and_then(parse_time),
            ..Draft::default()
        };
        let said = |value: &Option<String>| {
            let text = value
                .as_deref()
                .map(str::trim)
                .filter(|text| !text.is_empty())?;
            Some(without_nul(text).into_owned())
        };
        // A placeholder of Splunk's own inputs.
        let host = said(&self.host).filter(|host| host != "$decideOnStartup");
        draft.source_name.clone_from(&host);
        draft.fields.set("host.name", host);
        draft.fields.set("event.dataset", said(&self.sourcetype));
        let source = said(&self.source);
        let is_path = source
            .as_deref()
            .is_some_and(|text| text.contains(['/', '\\']));
        draft.fields.set(
            if is_path {
                "log.file.path"
            } else {
                "labels.source"
            },
            source,
        );
        draft.fields.set("labels.index", said(&self.index));
        draft
    }
}

/// Reads the events of `/services/collector/event`; `known` is what the address says of them.
///
/// # Errors
/// The body holds nothing, or is an array that cannot be read.
pub fn read_events(
    bytes: &[u8],
    known: &Metadata,
    cx: &Context<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), BodyError> {
    for document in documents(bytes)? {
        let (read, bytes) = match document {
            Ok(bytes) => (read_event(bytes, known, cx), bytes),
            Err(DocumentError { bytes, reason }) => (Err(refused("record", reason)), bytes),
        };
        if sink(read, bytes).is_break() {
            break;
        }
    }
    Ok(())
}

/// Reads the lines of `/services/collector/raw`, one an event.
///
/// # Errors
/// The body holds no line.
pub fn read_raw(
    bytes: &[u8],
    known: &Metadata,
    cx: &Context<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), BodyError> {
    let body = super::Body { bytes, media: "" };
    each_line(&body, sink, |line| {
        text::read(&without_nul(line), known.draft(), cx)
    })
}

fn read_event(bytes: &[u8], known: &Metadata, cx: &Context<'_>) -> Read {
    bounded("record", bytes)?;
    let envelope: Envelope<'_> = serde_json::from_slice(bytes).map_err(|error| {
        refused(
            "record",
            format!("must be an object with an event: {error}"),
        )
    })?;
    let Some(event) = envelope.event else {
        return Err(refused(EVENT, REQUIRED));
    };
    let mut draft = known.of(&envelope).draft();
    if let Some(fields) = envelope.fields {
        labels(&mut draft, fields)?;
    }
    let event = event.get();
    if event.starts_with('{') {
        let record = read_object(event.as_bytes())?;
        return json::read(&record, draft, cx);
    }
    let line = scalar(event).unwrap_or_else(|| event.to_owned());
    if line.trim().is_empty() {
        return Err(refused(EVENT, BLANK));
    }
    text::read(&without_nul(&line), draft, cx)
}

/// Keeps `fields` as labels, and what they say of how bad it is.
fn labels(draft: &mut Draft, fields: &RawValue) -> Result<(), super::FieldErrors> {
    let Ok(Value::Object(fields)) = value(fields.get().as_bytes()) else {
        return Err(refused("fields", "must be an object"));
    };
    let word = |name: &str| fields.get(name).and_then(Value::as_str);
    if let Some(said) = word("severity") {
        draft.severity = severity::word(said);
        draft.judged = draft.severity.is_some();
        draft.said = Some(said.to_owned());
    } else if let Some(said) = word("level").or_else(|| word("log_level")) {
        draft.severity = severity::log_level(said);
        draft.said = Some(said.to_owned());
    }
    for (name, value) in fields.into_iter().take(LABELS_MAX) {
        // Splunk takes plain values and lists of them.
        let plain = match &value {
            Value::Object(_) => false,
            Value::Array(values) => values
                .iter()
                .all(|value| !value.is_array() && !value.is_object()),
            _ => true,
        };
        if plain {
            draft.fields.label(&name, Some(value));
        }
    }
    Ok(())
}

/// A text, or a number or truth value as it is written; `None` for anything else.
fn scalar(json: &str) -> Option<String> {
    if json.starts_with('"') {
        return serde_json::from_str(json).ok();
    }
    (!json.starts_with(['{', '[']) && json != "null").then(|| json.to_owned())
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use base::{Severity, Timestamp};
    use proptest::prelude::*;

    use super::*;
    use crate::adapters::tests::{attributes, context, fates, recorded_body};
    use crate::adapters::{Body, Profile, Reading};

    fn with_context<T>(read: impl FnOnce(&Context<'_>) -> T) -> T {
        read(&context(&Profile::default()))
    }

    fn events(body: impl AsRef<[u8]>) -> Vec<Read> {
        let mut all = Vec::new();
        let mut sink = |read: Read, _: &[u8]| {
            all.push(read);
            ControlFlow::Continue(())
        };
        with_context(|cx| read_events(body.as_ref(), &Metadata::default(), cx, &mut sink)).unwrap();
        all
    }

    fn one(body: &str) -> Reading {
        let mut all = events(body);
        assert_eq!(all.len(), 1, "{body}");
        all.remove(0).unwrap()
    }

    #[test]
    fn fluent_bits_events_follow_each_other_without_anything_between() {
        let events: Vec<_> = events(recorded_body("fluentbit_5.1_splunk_hec.http"))
            .into_iter()
            .map(|read| read.unwrap().event)
            .collect();
        assert_eq!(events.len(), 2);
        assert_eq!(
            (events[0].description.as_str(), events[0].severity),
            ("forced door", Severity::High)
        );
        assert_eq!(
            events[0].occurred_at.map(Timestamp::micros),
            Some(1_795_196_463_769_550)
        );
        assert_eq!(
            (events[1].description.as_str(), events[1].severity),
            ("fan ok", Severity::Low)
        );
    }

    #[test]
    fn what_stands_around_an_event_is_kept() {
        let reading = one(
            r#"{"time":"1426279439.123","host":"web-1","source":"/var/log/auth.log","sourcetype":"linux_secure",
                "index":"main","event":"Failed password for root","fields":{"severity":"HIGH","k8s.pod":"p-1","n":[1,2]}}"#,
        );
        let event = &reading.event;
        assert_eq!(event.source_name, "web-1");
        assert_eq!(
            event.occurred_at.map(Timestamp::micros),
            Some(1_426_279_439_123_000)
        );
        assert!(event.description.contains("Failed password for root"));
        assert_eq!(event.severity, Severity::High);
        let attributes = attributes(&reading);
        assert_eq!(attributes["host"]["name"], "web-1");
        assert_eq!(attributes["log"]["file"]["path"], "/var/log/auth.log");
        assert_eq!(attributes["event"]["dataset"], "linux_secure");
        assert_eq!(attributes["labels"]["index"], "main");
        assert_eq!(attributes["labels"]["k8s_pod"], "p-1");
        assert_eq!(attributes["labels"]["n"], serde_json::json!([1, 2]));
    }

    #[test]
    fn the_event_itself_counts_more() {
        let reading = one(
            r#"{"time":1,"event":{"message":"m","severity":"LOW"},"fields":{"severity":"CRITICAL"}}"#,
        );
        assert_eq!(reading.event.severity, Severity::Low);
    }

    #[test]
    fn an_event_of_any_kind_is_read() {
        for (event, said) in [
            ("42", "42"),
            ("true", "true"),
            ("[1,2]", "[1,2]"),
            ("\"a\\u0000b\"", "a\u{fffd}b"),
        ] {
            let reading = one(&format!("{{\"event\":{event}}}"));
            assert_eq!(reading.event.description, said);
            assert!(
                !reading
                    .event
                    .attributes
                    .is_some_and(|raw| raw.get().contains("\\u0000"))
            );
        }
    }

    #[test]
    fn what_has_no_event_is_refused_by_its_name() {
        let refusal = |body: &str| {
            let error = events(body).remove(0).unwrap_err();
            error
                .into_iter()
                .next()
                .map(|(field, what)| (field, what.join("")))
                .unwrap()
        };
        let pair = |field: &str, what: &str| (field.to_owned(), what.to_owned());
        assert_eq!(refusal("{}"), pair(EVENT, REQUIRED));
        assert_eq!(refusal(r#"{"event":null}"#), pair(EVENT, REQUIRED));
        assert_eq!(refusal(r#"{"event":" "}"#), pair(EVENT, BLANK));
        assert_eq!(refusal(r#"{"event":"x","fields":[]}"#).0, "fields");
        assert_eq!(refusal("[5]").0, "record");
        assert_eq!(refusal("{\"event\":\"x\"").0, "record");
    }

    #[test]
    fn lines_are_events_of_what_the_address_says() {
        let mut known = Metadata::default();
        for (name, value) in [
            ("host", "fw"),
            ("sourcetype", "syslog"),
            ("other", "x"),
            ("time", "5"),
        ] {
            known.take(name, value);
        }
        let mut all = Vec::new();
        let mut sink = |read: Read, _: &[u8]| {
            all.push(read.unwrap());
            ControlFlow::Continue(())
        };
        with_context(|cx| read_raw(b"one\r\n\ntwo", &known, cx, &mut sink)).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(all[1].event.description, "two");
        assert_eq!(all[1].event.source_name, "fw");
        assert_eq!(
            all[1].event.occurred_at.map(Timestamp::micros),
            Some(5_000_000)
        );
        assert_eq!(attributes(&all[1])["event"]["dataset"], "syslog");
    }

    proptest! {
        #[test]
        fn whatever_comes_in_every_event_keeps_the_limits(
            records in prop::collection::vec(prop_oneof![
                ".{0,60}",
                "\\{\"event\":\".{0,30}\",\"host\":\".{0,8}\",\"fields\":\\{\".{0,8}\":\".{0,8}\"\\}\\}",
                Just("{\"event\":{\"message\":\"m\",\"severity\":9},\"time\":-1e300,\"source\":7}".to_owned()),
            ], 0..8),
            bytes in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut body = records.concat().into_bytes();
            body.extend(bytes);
            let whole = Body { bytes: &body, media: "" };
            let raw = |body: &Body<'_>, cx: &Context<'_>, sink: &mut Sink<'_>| {
                read_raw(body.bytes, &Metadata::default(), cx, sink)
            };
            for read in [FORMAT.read, raw] {
                drop(with_context(|cx| fates(read, &whole, cx)));
            }
        }
    }
}
