//! From a log record to an event.

use base::{Severity, Timestamp};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::names;
use super::record::{LogRecord, Origin, Written};
use super::value::{Any, clean};
use crate::adapters::ends::Ends;
use crate::adapters::json::{self, Weight};
use crate::adapters::{Context, Draft, Fields, Original, Read, Record, severity, text};

/// Most bytes of a resource or scope that are kept with each of its records.
const ORIGIN_MAX: usize = 16 * 1024;

/// What all records of a resource, or of a scope in it, have in common.
#[derive(Debug)]
pub(super) struct Common {
    fields: Fields,
    service: Option<String>,
    written: Option<Box<RawValue>>,
}

impl Common {
    pub(super) fn of_resource(resource: &Origin<'_>) -> Self {
        let mut fields = Fields::default();
        names::put(&mut fields, &resource.attributes);
        let service = fields.get("service.name").and_then(Value::as_str);
        Self {
            service: service.map(str::to_owned),
            fields,
            written: kept(resource),
        }
    }

    /// What the scope adds to its resource.
    pub(super) fn of_scope(&self, scope: &Origin<'_>) -> Self {
        let mut fields = self.fields.clone();
        fields.set("log.logger", Some(&*clean(&scope.name)));
        names::put(&mut fields, &scope.attributes);
        Self {
            fields,
            service: self.service.clone(),
            written: kept(scope),
        }
    }
}

fn kept(origin: &Origin<'_>) -> Option<Box<RawValue>> {
    origin.written().filter(|raw| raw.get().len() <= ORIGIN_MAX)
}

/// Reads a record; `resource` and `scope` are what stands around it.
pub(super) fn read(
    record: &LogRecord<'_>,
    (resource, scope): (&Common, &Common),
    cx: &Context<'_>,
) -> Read {
    let mut draft = Draft {
        source_name: scope.service.clone(),
        fields: scope.fields.clone(),
        occurred_at: time(record.time).or_else(|| time(record.observed)),
        ..Draft::default()
    };
    names::put(&mut draft.fields, &record.attributes);
    facts(record, &mut draft);
    judge(record, &mut draft);
    let written = |with_body| Written {
        resource: resource.written.as_deref(),
        scope: scope.written.as_deref(),
        record,
        with_body,
    };
    match &record.body {
        Any::Map(_) => structured(record, draft, cx, &written(false)),
        Any::Text(line) if is_object(line) => {
            beside(&mut draft, &written(false));
            text::read(&clean(line), draft, cx)
        }
        body => {
            let known = described(body, record);
            if let Any::Text(line) = body {
                look(&clean(line), &mut draft, cx);
            }
            Ends::put(&mut draft);
            json::name_it(&mut draft);
            if draft.description.is_empty() {
                draft.description = known;
            }
            plain(draft, cx, &written(true))
        }
    }
}

/// Looks for facts in a line. How bad it says it is counts where it weighs as much as what is known.
fn look(line: &str, draft: &mut Draft, cx: &Context<'_>) {
    let known = match (draft.judged, draft.severity) {
        (true, _) => Weight::Threat,
        (false, Some(_)) => Weight::Level,
        (false, None) => Weight::None,
    };
    let before = (draft.severity, draft.said.clone());
    if text::look(line, draft, cx).weight < known {
        (draft.severity, draft.said) = before;
    }
}

fn plain(draft: Draft, cx: &Context<'_>, written: &Written<'_>) -> Read {
    match to_raw_value(written) {
        Ok(raw) => draft.finish(cx, Original::Written("otlp", &raw)),
        Err(_) => draft.finish(cx, Original::Nothing),
    }
}

/// A body that is a map is read as JSON of any make is.
fn structured(
    record: &LogRecord<'_>,
    mut draft: Draft,
    cx: &Context<'_>,
    written: &Written<'_>,
) -> Read {
    let read = to_raw_value(&record.body).ok();
    let object = read
        .as_deref()
        .and_then(|raw| Record::read(raw.get().as_bytes()).ok());
    if let Some(object) = object {
        beside(&mut draft, written);
        json::read(&object, draft, cx)
    } else {
        draft.description = described(&Any::Empty, record);
        plain(
            draft,
            cx,
            &Written {
                with_body: true,
                ..*written
            },
        )
    }
}

/// Keeps the record beside its body, which is kept under the name of its own format.
fn beside(draft: &mut Draft, written: &Written<'_>) {
    let value = serde_json::to_value(written).ok();
    draft.fields.set(
        "otlp",
        value.filter(|value| value.as_object().is_some_and(|it| !it.is_empty())),
    );
}

/// Whether a text is an object of JSON, by its ends.
fn is_object(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('{') && line.ends_with('}')
}

fn time(nanos: u64) -> Option<Timestamp> {
    let micros = i64::try_from(nanos / 1_000).ok();
    micros
        .filter(|micros| *micros > 0)
        .map(Timestamp::from_micros)
}

fn facts(record: &LogRecord<'_>, draft: &mut Draft) {
    let word = |name: &str| record.attributes.get(name).and_then(Any::word);
    let fields = &mut draft.fields;
    fields.set_if_absent("event.kind", Some("event"));
    fields.set_if_absent("event.module", Some("otlp"));
    let name = Some(&*record.event_name).filter(|name| !name.is_empty());
    if let Some(name) = name {
        fields.set_if_absent("event.action", Some(&*clean(name)));
    }
    if fields.get("orchestrator.resource.name").is_some() {
        fields.set_if_absent("orchestrator.resource.type", Some("pod"));
    }
    fields.set("trace.id", Some(record.trace_id.as_str()));
    fields.set("span.id", Some(record.span_id.as_str()));
    let level = Some(&*record.severity_text).filter(|text| !text.is_empty());
    let level = level.or_else(|| level_of(record.severity_number));
    fields.set("log.level", level.map(|level| clean(level).to_lowercase()));
    draft.event_type = name.map(str::to_owned).or_else(|| {
        ["event.name", "event_type"]
            .iter()
            .find_map(|it| Some(word(it)?.into_owned()))
    });
    // "Other log records with the same id are duplicates and can be removed safely."
    draft.key = word("log.record.uid").map(std::borrow::Cow::into_owned);
}

/// The word for a severity number.
const fn level_of(number: i64) -> Option<&'static str> {
    Some(match number {
        1..=4 => "trace",
        5..=8 => "debug",
        9..=12 => "info",
        13..=16 => "warn",
        17..=20 => "error",
        21..=24 => "fatal",
        _ => return None,
    })
}

/// How bad it is: an attribute `severity` judges the event; number and text are the level of a log
/// line.
fn judge(record: &LogRecord<'_>, draft: &mut Draft) {
    let attribute = record.attributes.get("severity").and_then(Any::text);
    if let Some(word) = attribute {
        draft.said = Some(word.trim().chars().take(64).collect());
        draft.severity = severity::word(word);
        draft.judged = draft.severity.is_some();
    }
    if draft.severity.is_none() {
        draft.severity = level(record);
    }
    if draft.said.is_none() {
        let text = Some(&*record.severity_text).filter(|text| !text.is_empty());
        let number = || (record.severity_number != 0).then(|| record.severity_number.to_string());
        draft.said = text
            .map(|text| text.chars().take(64).collect())
            .or_else(number);
    }
}

fn level(record: &LogRecord<'_>) -> Option<Severity> {
    match record.severity_number {
        1..=24 => Some(severity::otlp(record.severity_number)),
        _ => severity::log_level(&record.severity_text),
    }
}

/// What happened, in words: the body, else an attribute that says it, else the event's name.
fn described(body: &Any<'_>, record: &LogRecord<'_>) -> String {
    let attribute = |name: &str| {
        let text = record.attributes.get(name).and_then(Any::text);
        text.filter(|text| !text.trim().is_empty())
            .map(str::to_owned)
    };
    let said = match body {
        Any::Empty => None,
        Any::List(_) | Any::Map(_) => serde_json::to_string(body).ok(),
        plain => plain.word().map(std::borrow::Cow::into_owned),
    };
    said.filter(|said| !said.trim().is_empty())
        .or_else(|| {
            ["message", "msg", "exception.message"]
                .iter()
                .find_map(|it| attribute(it))
        })
        .unwrap_or_else(|| record.event_name.clone().into_owned())
}
