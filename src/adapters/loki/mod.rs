//! What Loki's senders push: streams of lines under labels, as JSON, or as protobuf in Snappy.
//!
//! | field | from |
//! |---|---|
//! | `occurred_at` | the entry's time in nanoseconds |
//! | `labels.*` | the labels of the stream, and the entry's structured metadata |
//! | severity | the label or metadata `severity`, above any level in the line; else `level`, `detected_level`, `log_level` (a log level, at most MEDIUM) |
//! | `host.name`, `source_name` | `host`, `hostname`, `nodename`, `node_name`, `instance` |
//! | `service.name`, `source_name` without a host | `service_name`, `service`, `app`, `job` |
//! | `log.file.path` | `filename` |
//! | `trace.id` | `trace_id`, `traceID` |
//! | the event's key | labels, time and line: what Loki too takes for the same entry |
//! | everything else | the line, read as text of any make (`text`) |
//!
//! Otherwise what the line says itself counts more than its labels.

mod labels;
mod proto;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;

use base::Timestamp;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::fields::without_nul;
use super::{
    Body, BodyError, Context, Draft, Format, Read, Sink, bounded, refused, severity, text,
};

/// What Loki's senders push.
pub const FORMAT: Format = Format {
    name: "loki",
    aliases: &[],
    title: "Loki push",
    read,
};

/// Longest push after unpacking, in bytes: 32 MiB.
pub const UNPACKED_MAX: usize = 32 << 20;
/// Most values of structured metadata of an entry.
const METADATA_MAX: usize = 256;

/// Whether a body is protobuf in Snappy rather than JSON.
#[must_use]
pub fn is_packed(body: &Body<'_>) -> bool {
    match body.media {
        "application/x-protobuf" | "application/vnd.google.protobuf" => true,
        media if media.ends_with("json") => false,
        _ => body.bytes.trim_ascii_start().first() != Some(&b'{'),
    }
}

/// How long a packed body says it will be, in bytes.
///
/// # Errors
/// It is no block of Snappy.
pub fn unpacked_length(bytes: &[u8]) -> Result<usize, String> {
    snap::raw::decompress_len(bytes).map_err(|error| format!("is no Snappy: {error}"))
}

/// Reads a push.
///
/// # Errors
/// The body is neither of the two forms, or is longer than 32 MiB.
fn read(body: &Body<'_>, cx: &Context<'_>, sink: &mut Sink<'_>) -> Result<(), BodyError> {
    if !is_packed(body) {
        return read_json(body.bytes, cx, sink);
    }
    if unpacked_length(body.bytes)? > UNPACKED_MAX {
        return Err(format!("unpacks to more than {UNPACKED_MAX} bytes").into());
    }
    let unpacked = snap::raw::Decoder::new()
        .decompress_vec(body.bytes)
        .map_err(|error| format!("is no Snappy: {error}"))?;
    read_proto(&unpacked, cx, sink)
}

fn read_proto(bytes: &[u8], cx: &Context<'_>, sink: &mut Sink<'_>) -> Result<(), BodyError> {
    for stream in proto::streams(bytes) {
        let stream = proto::Stream::read(stream?)?;
        let known = labels::parse(stream.labels).map(|pairs| Known::new(&pairs));
        for entry in stream.entries {
            let bytes = entry?;
            if let Err(errors) = bounded("entry", bytes) {
                if sink(Err(errors), bytes).is_break() {
                    return Ok(());
                }
                continue;
            }
            let entry = proto::Entry::read(bytes)?;
            let read = match &known {
                Ok(known) => {
                    let time = entry.timestamp.and_then(|time| {
                        let whole = time.seconds.checked_mul(1_000_000_000)?;
                        whole.checked_add(i64::from(time.nanos))
                    });
                    let metadata = entry.metadata.iter().take(METADATA_MAX);
                    let metadata: Vec<_> = metadata
                        .map(|pair| (pair.name.as_str(), pair.value.as_str()))
                        .collect();
                    known.read(time, &entry.line, &metadata, cx)
                }
                Err(what) => Err(refused("stream", what)),
            };
            if sink(read, entry.line.as_bytes()).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// A push in JSON; streams and entries stay text until each is looked at.
#[derive(Deserialize)]
struct Push<'a> {
    #[serde(borrow)]
    streams: &'a RawValue,
}

#[derive(Deserialize)]
struct Stream<'a> {
    #[serde(borrow, default)]
    stream: Option<&'a RawValue>,
    #[serde(borrow)]
    values: &'a RawValue,
}

impl Stream<'_> {
    fn labels(&self) -> Result<Vec<(String, String)>, serde_json::Error> {
        let Some(labels) = self.stream else {
            return Ok(Vec::new());
        };
        if labels.get().len() > labels::LENGTH_MAX {
            return Err(serde_json::Error::custom(
                "the labels of a stream are too long",
            ));
        }
        let labels: BTreeMap<String, String> = serde_json::from_str(labels.get())?;
        if labels.len() > labels::COUNT_MAX {
            return Err(serde_json::Error::custom("a stream has too many labels"));
        }
        Ok(labels.into_iter().collect())
    }
}

fn read_json(bytes: &[u8], cx: &Context<'_>, sink: &mut Sink<'_>) -> Result<(), BodyError> {
    let no_push = |error: serde_json::Error| format!("is no push: {error}");
    let push: Push<'_> = serde_json::from_slice(bytes).map_err(no_push)?;
    let mut enough = false;
    let done = each(push.streams, &mut |stream| {
        let stream: Stream<'_> = serde_json::from_str(stream.get())?;
        let pairs = stream.labels()?;
        let known = Known::new(&pairs);
        each(stream.values, &mut |entry| {
            if sink(read_entry(entry.get(), &known, cx), entry.get().as_bytes()).is_break() {
                enough = true;
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })
    });
    match done {
        Ok(_) => Ok(()),
        Err(_) if enough => Ok(()),
        Err(error) => Err(no_push(error).into()),
    }
}

/// `["1795196463769549697", "the line", {"name": "value"}]`.
fn read_entry(json: &str, known: &Known, cx: &Context<'_>) -> Read {
    bounded("entry", json.as_bytes())?;
    let entry =
        super::value(json.as_bytes()).map_err(|error| refused("entry", error.to_string()))?;
    let Value::Array(parts) = entry else {
        return Err(refused("entry", "must be a list of time and line"));
    };
    let time = parts.first().and_then(|time| match time {
        Value::String(text) => text.trim().parse::<i64>().ok(),
        other => other.as_i64(),
    });
    let Some(time) = time else {
        return Err(refused(
            "entry[0]",
            "must be nanoseconds since 1970, as a text",
        ));
    };
    let Some(line) = parts.get(1).and_then(Value::as_str) else {
        return Err(refused("entry[1]", "must be a text"));
    };
    let metadata: Vec<(&str, &str)> = match parts.get(2) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(members)) => members
            .iter()
            .take(METADATA_MAX)
            .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
            .collect(),
        Some(_) => return Err(refused("entry[2]", "must be an object of texts")),
    };
    known.read(Some(time), line, &metadata, cx)
}

/// What the labels of a stream say about each of its lines.
struct Known {
    draft: Draft,
    hash: Sha256,
}

impl Known {
    fn new(pairs: &[(String, String)]) -> Self {
        let mut sorted: Vec<&(String, String)> = pairs.iter().collect();
        sorted.sort_unstable();
        let mut hash = Sha256::new();
        for (name, value) in sorted {
            for text in [name, value] {
                hash.update(text.len().to_be_bytes());
                hash.update(text);
            }
        }
        let mut draft = Draft::default();
        let pairs: Vec<(&str, &str)> = pairs
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        describe(&mut draft, &pairs);
        Self { draft, hash }
    }

    /// Reads a line of the time in nanoseconds since 1970.
    fn read(
        &self,
        time: Option<i64>,
        line: &str,
        metadata: &[(&str, &str)],
        cx: &Context<'_>,
    ) -> Read {
        let mut draft = self.draft.clone();
        describe(&mut draft, metadata);
        // A time that was left out is 0 in protobuf.
        let micros = time
            .filter(|nanos| *nanos > 0)
            .map(|nanos| nanos.div_euclid(1_000));
        draft.occurred_at = micros.map(Timestamp::from_micros);
        let read = text::read(&without_nul(line), draft, cx);
        let Some(time) = time else { return read };
        read.map(|reading| {
            if reading.key.is_some() {
                return reading;
            }
            let mut hash = self.hash.clone();
            hash.update(time.to_be_bytes());
            hash.update(line);
            let key = base::hex(hash.finalize().get(..16).unwrap_or_default());
            reading.with_key(Some(key))
        })
    }
}

/// Keeps labels or metadata, and takes out of them what other fields are for.
fn describe(draft: &mut Draft, pairs: &[(&str, &str)]) {
    for (name, value) in pairs {
        draft.fields.label(name, Some(without_nul(value)));
    }
    let find = |names: &[&str]| {
        let value = |name: &&str| {
            let (_, value) = pairs.iter().find(|(known, _)| known == name)?;
            let value = value.trim();
            (!value.is_empty()).then(|| without_nul(value).into_owned())
        };
        names.iter().find_map(value)
    };
    if let Some(word) = find(&["severity"]) {
        draft.severity = severity::word(&word);
        draft.judged = draft.severity.is_some();
        draft.said = Some(word);
    } else if let Some(word) = find(&["level", "detected_level", "log_level"]) {
        draft.severity = severity::log_level(&word);
        draft.fields.set("log.level", Some(word.as_str()));
        draft.said = Some(word);
    }
    let host = find(&["host", "hostname", "nodename", "node_name", "instance"]);
    let service = find(&["service_name", "service", "app", "job"]);
    if let Some(source) = host
        .as_ref()
        .or(service.as_ref().filter(|_| draft.source_name.is_none()))
    {
        draft.source_name = Some(source.clone());
    }
    draft.fields.set("host.name", host);
    draft.fields.set("service.name", service);
    draft.fields.set("log.file.path", find(&["filename"]));
    draft.fields.set("trace.id", find(&["trace_id", "traceID"]));
}

type EachElement<'f, 'de> =
    dyn FnMut(&'de RawValue) -> Result<ControlFlow<()>, serde_json::Error> + 'f;

/// Hands each element of a list on as it is met, without keeping them: two bytes can be one.
fn each<'de>(
    list: &'de RawValue,
    hand_on: &mut EachElement<'_, 'de>,
) -> Result<ControlFlow<()>, serde_json::Error> {
    struct Elements<'f, 'g, 'de>(&'f mut EachElement<'g, 'de>);

    impl<'de> Visitor<'de> for Elements<'_, '_, 'de> {
        type Value = ControlFlow<()>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<ControlFlow<()>, A::Error> {
            while let Some(element) = list.next_element::<&'de RawValue>()? {
                if (self.0)(element).map_err(A::Error::custom)?.is_break() {
                    while list.next_element::<IgnoredAny>()?.is_some() {}
                    return Ok(ControlFlow::Break(()));
                }
            }
            Ok(ControlFlow::Continue(()))
        }
    }

    serde_json::Deserializer::from_str(list.get()).deserialize_seq(Elements(hand_on))
}
