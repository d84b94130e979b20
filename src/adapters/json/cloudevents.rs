//! `CloudEvents` 1.0 in structured mode: an envelope with `id`, `source`, `type`, and `data`.
//!
//! What the data says counts; the envelope gives the key (`source` and `id` together), and the
//! type, source and time where the data names none. Its attributes are kept under `cloudevents`.

use serde_json::Value;

use super::super::{Context, Draft, Object, Original, Read, Record, envelope, text};
use super::{claimed, facts::Facts, filled, name_it};

/// Whether an object is an envelope.
pub(super) fn is(object: &Object) -> bool {
    let is_text = |name: &str| object.get(name).is_some_and(Value::is_string);
    let version = object.get("specversion").and_then(Value::as_str);
    version.is_some_and(|version| version.starts_with("1."))
        && is_text("id")
        && is_text("source")
        && is_text("type")
}

/// Reads an envelope and what is in it.
pub(super) fn read(outer: &Record<'_>, mut draft: Draft, cx: &Context<'_>) -> Read {
    let attribute = |name: &str| outer.object.get(name).and_then(Value::as_str);
    let (id, source) = (
        attribute("id").unwrap_or_default(),
        attribute("source").unwrap_or_default(),
    );
    // Together they name the event, says the specification (3.1.1).
    let key = format!("{source} {id}");
    draft.key = Some(key.clone());
    draft.source_name = Some(source.to_owned());
    draft.event_type = attribute("type").map(str::to_owned);
    for name in [
        "id",
        "source",
        "type",
        "subject",
        "dataschema",
        "traceparent",
    ] {
        draft
            .fields
            .set(&format!("cloudevents.{name}"), attribute(name));
    }
    around(&outer.object, &mut draft, cx);
    let data = envelope::inner(outer, "data");
    if let Some(data) = &data
        && let Some(read) = claimed(data, &draft, cx)
    {
        return read.map(|reading| reading.with_outer_key(key));
    }
    let draft = match (&data, outer.object.get("data")) {
        (Some(data), _) => filled(&Facts::of(&data.object, cx.now), &data.object, draft, cx),
        (None, Some(Value::String(line))) => line_inside(line, draft, cx),
        (None, _) => {
            let subject = attribute("subject").or(attribute("type"));
            subject
                .unwrap_or_default()
                .clone_into(&mut draft.description);
            draft
        }
    };
    draft.finish(cx, Original::Json("record", &outer.object, outer.raw))
}

/// What the envelope's own attributes say: time, severity and other extensions.
fn around(outer: &Object, draft: &mut Draft, cx: &Context<'_>) {
    let plain = outer.iter().filter(|(name, _)| {
        !matches!(
            name.as_str(),
            "data" | "data_base64" | "id" | "source" | "type" | "subject"
        )
    });
    let plain: Object = plain
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let facts = Facts::of(&plain, cx.now);
    facts.give(draft, true);
    let judged = facts.judged();
    draft.severity = judged.severity.or(draft.severity);
    draft.said = judged.said.or_else(|| draft.said.take());
}

fn line_inside(line: &str, mut draft: Draft, cx: &Context<'_>) -> Draft {
    text::look(line, &mut draft, cx);
    name_it(&mut draft);
    if draft.description.is_empty() {
        line.clone_into(&mut draft.description);
    }
    draft
}
