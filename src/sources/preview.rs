//! What a sample would become: read as it would be on its way in, and stored nowhere.

use std::ops::ControlFlow;

use base::{Severity, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::SourceError;
use super::registry::Sources;
use super::rules;
use crate::adapters::{Body, Context, Format, Profile, Read};
use crate::app::App;
use crate::http::FieldErrors;

/// Records shown.
const SHOWN_MAX: usize = 100;

/// A sample and how it is to be read.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Preview {
    /// A source: what is said of it counts where nothing else is given, and its records are read as
    /// from a key that is bound to it.
    #[serde(default)]
    #[schema(max_length = 255, example = "shop")]
    pub name: Option<String>,
    /// A format's name; left out, the source's, else `json`.
    #[serde(default)]
    #[schema(example = "json")]
    pub kind: Option<String>,
    /// How records become events; left out, the source's.
    #[serde(default)]
    pub profile: Option<Profile>,
    /// What the sender would send: JSON as it is, or a text.
    #[schema(value_type = Object, example = json!({"what": "card refused", "level": "sev2", "client": {"ip": "203.0.113.9"}}))]
    pub sample: Box<RawValue>,
}

/// A record as the event it would become.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PreviewedEvent {
    /// Who reports it.
    #[schema(example = "shop")]
    pub source_name: String,
    /// What kind it is.
    #[schema(example = "payment")]
    pub event_type: String,
    /// How bad it is.
    pub severity: Severity,
    /// Whether it would raise an alert.
    pub raises_alert: bool,
    /// What happened.
    #[schema(example = "card refused")]
    pub description: String,
    /// The address it is about.
    #[schema(example = "203.0.113.9")]
    pub ip_address: Option<String>,
    /// When it happened.
    pub occurred_at: Option<Timestamp>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The mapped fields and the original.
    #[schema(value_type = Option<Object>)]
    pub attributes: Option<Box<RawValue>>,
    /// What its sender calls it: it would be stored once in 48 hours.
    pub key: Option<String>,
    /// The key of the earlier event whose alert it would resolve.
    pub closes: Option<String>,
    /// The sender's own word for how bad it is: what `severities` maps.
    #[schema(example = "sev2")]
    pub said: Option<String>,
}

/// What would become of one record: an event, or why it would be refused.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PreviewedRecord {
    /// Its place in the sample, from 0.
    #[schema(example = 0)]
    pub index: usize,
    /// The event.
    pub event: Option<PreviewedEvent>,
    /// What is wrong with it, by field.
    #[schema(value_type = Option<std::collections::HashMap<String, Vec<String>>>)]
    pub errors: Option<FieldErrors>,
}

/// What would become of a sample.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Previewed {
    /// The format it was read by.
    #[schema(example = "json")]
    pub kind: String,
    /// The first hundred records.
    pub records: Vec<PreviewedRecord>,
    /// How many there are; beyond 50,000 a request would be refused.
    #[schema(example = 1)]
    pub count: usize,
}

/// Reads a sample as it would be read on its way in.
///
/// # Errors
/// [`SourceError::Refused`] naming what cannot be read, of the profile or of the sample as a whole.
pub async fn preview(
    app: &App,
    sources: &Sources,
    preview: Preview,
) -> Result<Previewed, SourceError> {
    let (now, sources) = (app.clock.now(), sources.clone());
    // A megabyte takes a while, and others go on meanwhile.
    let read = tokio::task::spawn_blocking(move || read(now, &sources, preview));
    read.await
        .map_err(|_| SourceError::field("sample", "could not be read"))?
}

fn read(now: Timestamp, sources: &Sources, preview: Preview) -> Result<Previewed, SourceError> {
    let name = preview.name.as_deref().map(str::trim);
    let name = name.filter(|name| !name.is_empty());
    let settings = sources.of(name.unwrap_or_default());
    let mut kind = preview.kind.or_else(|| settings.kind.clone());
    let mut profile = preview.profile.unwrap_or_else(|| settings.profile.clone());
    rules::check_reading(&mut kind, &mut profile)?;
    let kind = kind.as_deref().unwrap_or("json");
    let format = Format::named(kind)
        .ok_or_else(|| SourceError::field("kind", "this version has no such format"))?;
    let written = preview.sample.get();
    // A text is the body itself; anything else is a body of JSON.
    let text = serde_json::from_str::<String>(written).ok();
    let body = Body {
        bytes: text.as_deref().unwrap_or(written).as_bytes(),
        media: if text.is_some() {
            ""
        } else {
            "application/json"
        },
    };
    let cx = Context {
        now,
        bound: name,
        source: name.unwrap_or(format.name),
        profile: &profile,
    };
    let mut records = Vec::new();
    let mut count = 0_usize;
    let mut sink = |read: Read, bytes: &[u8]| {
        let index = count;
        count = count.saturating_add(1);
        if records.len() < SHOWN_MAX {
            records.push(shown(index, settings.admits(bytes).and(read)));
        }
        ControlFlow::Continue(())
    };
    (format.read)(&body, &cx, &mut sink)
        .map_err(|error| SourceError::field("sample", error.to_string()))?;
    Ok(Previewed {
        kind: format.name.to_owned(),
        records,
        count,
    })
}

fn shown(index: usize, read: Read) -> PreviewedRecord {
    match read {
        Ok(reading) => PreviewedRecord {
            index,
            event: Some(PreviewedEvent {
                source_name: reading.event.source_name,
                event_type: reading.event.event_type,
                severity: reading.event.severity,
                raises_alert: reading.event.severity.raises_alert(),
                description: reading.event.description,
                ip_address: reading.event.ip_address.map(|ip| ip.to_string()),
                occurred_at: reading.event.occurred_at,
                tags: reading.event.tags,
                attributes: reading.event.attributes,
                key: reading.key,
                closes: reading.closes,
                said: reading.said,
            }),
            errors: None,
        },
        Err(errors) => PreviewedRecord {
            index,
            event: None,
            errors: Some(errors),
        },
    }
}
