//! JSON objects of any make: recognised by their members, else read by their usual names.
//!
//! An object that has everything an event of our own form has is read as `POST /api/events/` reads
//! it. A `CloudEvents` envelope is taken off (`cloudevents`). A message that is an object itself is
//! looked into, and one in a form `text` knows gives its fields. Everything else goes through
//! the table of names in `names`; the object itself is kept under `record`.
//!
//! | of the event | from |
//! |---|---|
//! | `source_name` | `source`, `source_name`; else the device, else the host; else the sender |
//! | `event_type` | `event_type`, `event`, `type`, `event.dataset`; else program, service or logger |
//! | `severity` | `severity` and its like as a judgement; else a level, at most MEDIUM |
//! | `description` | `message`, `msg`, `log`, `short_message` …; else made of the plain members |
//! | `occurred_at` | `@timestamp`, `time`, `ts`, `date` … |
//! | `tags` | `tags`, and the ids of MITRE ATT&CK |
//! | `key` | `event.id`, `_id`, and nothing else; with the source and the time |

mod cloudevents;
mod describe;
mod facts;
mod form;
mod given;
mod known;
mod level;
mod names;
mod outside;
mod own;
mod python;
mod shape;
mod squeezed;
#[cfg(test)]
mod tests;
mod wrapped;

use base::Timestamp;
use serde_json::Value;

pub(super) use facts::Facts;
pub(super) use given::{Given, address, outcome};
pub(super) use level::{Weight, pointed};
pub(super) use own::read_own;

use super::members::digest;
use super::{
    Body, BodyError, Context, Draft, Format, KEY_MAX, Object, Original, Read, Reading, Record,
    Sink, draft, each_object, is_recognised, read_object, recognised, text,
};
use crate::events;

/// JSON of any make.
pub const FORMAT: Format = Format {
    name: "json",
    aliases: &[
        "webhook",
        "generic",
        "winston",
        "pino",
        "fail2ban",
        "syslog-ng",
        "fluent-bit",
        "vector",
        "form",
    ],
    title: "JSON",
    read: read_body,
};

/// Reads a body of objects; what declares itself a form or plain text is read as that.
fn read_body(body: &Body<'_>, cx: &Context<'_>, sink: &mut Sink<'_>) -> Result<(), BodyError> {
    let text = body
        .bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(body.bytes)
        .trim_ascii_start();
    let looks_json = matches!(text.first(), Some(b'{' | b'['));
    // curl's -d says "form" whatever it sends.
    if body.media == "application/x-www-form-urlencoded" && !looks_json && !text.is_empty() {
        return form::read(body, cx, sink);
    }
    let plain = body.media.is_empty() || body.media.starts_with("text/");
    let no_list = text.first() == Some(&b'[')
        && serde_json::from_slice::<&serde_json::value::RawValue>(text).is_err();
    if plain && (!looks_json || no_list) {
        return text::lines(body, cx, sink);
    }
    each_object(body, sink, |record| read(record, Draft::default(), cx))
}

/// Reads an object: as the format it is recognised as, else by the names its members usually have.
/// `draft` is what is known of it already; what the object says itself counts more.
///
/// # Errors
/// What is wrong with it, by field; the source's profile points to what a field cannot hold.
pub(super) fn read(record: &Record<'_>, draft: Draft, cx: &Context<'_>) -> Read {
    if let Some(read) = claimed(record, &draft, cx) {
        return read;
    }
    let facts = Facts::of(&record.object, cx.now);
    if let Some(read) = carried(&facts, &draft, cx) {
        return read;
    }
    let draft = filled(&facts, &record.object, draft, cx);
    draft.finish(cx, Original::Json("record", &record.object, record.raw))
}

/// Reads an object that is an envelope, an event of our own form, or a record of a known format;
/// `None` when it is none of them. Our own form comes first: it may have members that others have.
pub(super) fn claimed(record: &Record<'_>, draft: &Draft, cx: &Context<'_>) -> Option<Read> {
    if cloudevents::is(&record.object) {
        return Some(cloudevents::read(record, draft.clone(), cx));
    }
    own(record, draft, cx).or_else(|| formatted(record, draft, cx))
}

/// Reads a record of a known format. Where the format names no source, what is around the record
/// does, as it says whatever else the record leaves out.
fn formatted(record: &Record<'_>, around: &Draft, cx: &Context<'_>) -> Option<Read> {
    let source = around.source_name.as_deref().and_then(draft::source_name);
    let cx = Context {
        source: source.as_deref().unwrap_or(cx.source),
        ..*cx
    };
    let read = recognised(record, &cx)?;
    Some(read.map(|reading| outside::add(reading, around)))
}

/// Reads a record of a known format that travels as the message of another object.
fn carried(facts: &Facts<'_>, known: &Draft, cx: &Context<'_>) -> Option<Read> {
    let message = facts.message().filter(|text| wrapped::may_end(text))?;
    let mut around = known.clone();
    let json = if wrapped::is_object(message) {
        message
    } else {
        text::behind_header(message, &mut around, cx)?
    };
    let record = Record::read(json.trim().as_bytes()).ok()?;
    if !is_recognised(&record.object) {
        return None;
    }
    facts.give(&mut around, false);
    name_it(&mut around);
    formatted(&record, &around, cx)
}

/// Reads an event as our own API takes them; `None` when it is none, or not a good one.
fn own(record: &Record<'_>, around: &Draft, cx: &Context<'_>) -> Option<Read> {
    let event = own_form(record)?;
    let mut reading = Reading::new(event);
    if let Some(word) = record.object.get("severity").and_then(Value::as_str) {
        reading.say(word);
    }
    let reading = outside::add(reading, around);
    let key = reading.key.clone().or_else(|| {
        let key = Facts::of(&record.object, cx.now).key()?;
        let event = &reading.event;
        Some(named_key(&event.source_name, event.occurred_at, &key))
    });
    Some(cx.shaped(reading.with_key(key), Some(&record.object)))
}

/// The key of an event by the name its program gives it. Programs count from 1, each for itself
/// and again when they start: only with the source and the time it is one event.
fn named_key(source: &str, time: Option<Timestamp>, name: &str) -> String {
    let time = time.map_or(String::new(), |time| time.micros().to_string());
    let key = format!("{source}\0{time}\0{name}");
    match key.len() {
        0..=KEY_MAX => key,
        _ => digest(key.as_bytes()),
    }
}

/// What our own API makes of a record that has everything its events have.
fn own_form(record: &Record<'_>) -> Option<events::NewEvent> {
    let is_text = |name: &str| record.object.get(name).is_some_and(Value::is_string);
    let is_own = is_text("event_type")
        && is_text("severity")
        && is_text("description")
        && (is_text("source_name") || is_text("source"));
    if !is_own {
        return None;
    }
    events::read_new(record.raw.get().as_bytes()).ok()
}

/// The draft with everything an object says, of which `facts` were taken.
fn filled(facts: &Facts<'_>, object: &Object, mut draft: Draft, cx: &Context<'_>) -> Draft {
    let known = std::mem::take(&mut draft.description);
    facts.give(&mut draft, false);
    let message = facts.message();
    let formatted = message.and_then(|message| python::formatted(message, object));
    let message = formatted.as_deref().or(message);
    let judged = facts.judged();
    let weaker = judged.weight < Weight::Threat && draft.judged;
    let weight = if weaker {
        Weight::Threat
    } else {
        judged.weight
    };
    if judged.severity.is_some() && !weaker {
        draft.severity = judged.severity;
    }
    draft.said = if weaker {
        draft.said.or(judged.said)
    } else {
        judged.said.or(draft.said)
    };
    if let Some((level, name)) = facts.level_word() {
        draft.fields.set("log.level", Some(level));
        if name == "levelname" {
            python::origin(object, &mut draft);
        }
    }
    if let Some(message) = message {
        let before = (draft.severity, draft.said.clone());
        if inside(message, facts.is_message_plain(), &mut draft, cx) < weight {
            (draft.severity, draft.said) = before;
        }
    }
    name_it(&mut draft);
    if draft.key.is_none() {
        let source = draft.source_name.as_deref().unwrap_or(cx.source);
        let named = |name: String| named_key(source, draft.occurred_at, &name);
        draft.key = facts.key().map(named);
    }
    if draft.description.is_empty() {
        draft.description = match message.filter(|message| !wrapped::is_object(message)) {
            Some(message) => message.to_owned(),
            None if known.is_empty() => describe::made(object, &draft),
            None => known,
        };
    }
    draft
}

/// Reads what a message holds: an object, where its name says that it is the message and not a
/// detail, or a line in a form that is known. Tells what kind of word its severity is of.
fn inside(message: &str, plain: bool, draft: &mut Draft, cx: &Context<'_>) -> Weight {
    match wrapped::object(message).filter(|_| plain) {
        Some(object) => inner(&object, draft, cx),
        None if wrapped::is_object(message) => Weight::None,
        None => text::look(message, draft, cx).weight,
    }
}

/// Gives a draft what an object inside a text says; its message becomes the description.
pub(super) fn inner(object: &Object, draft: &mut Draft, cx: &Context<'_>) -> Weight {
    let facts = Facts::of(object, cx.now);
    facts.give(draft, false);
    let judged = facts.judged();
    if judged.severity.is_some() {
        draft.severity = judged.severity;
        draft.said = judged.said;
    }
    draft
        .fields
        .set("log.level", facts.level_word().map(|(word, _)| word));
    if let Some(message) = facts.message() {
        message.clone_into(&mut draft.description);
    }
    judged.weight
}

/// Completes what an event is called by what else is known of it.
pub(super) fn name_it(draft: &mut Draft) {
    let named = |path: &str| draft.fields.get(path).and_then(Value::as_str);
    if draft.event_type.is_none() {
        // A path names a program by its last part.
        let program = named("process.name").and_then(|name| name.rsplit(['/', '\\']).next());
        // Every program of Python is called so unless it says otherwise.
        let program = program.filter(|name| *name != "MainProcess");
        let others = ["service.name", "log.logger"].into_iter().filter_map(named);
        let other = others.into_iter().find(|name| !name.contains(' '));
        draft.event_type = program.or(other).map(str::to_owned);
    }
    if draft.source_name.is_none() {
        let source = named("observer.name").or_else(|| named("host.name"));
        draft.source_name = source.map(str::to_owned);
    }
    if named("user.name").is_none() {
        // Microsoft's `UserId` is the address a user logs on with.
        let id = named("user.id").filter(|id| id.contains('@'));
        let email = named("user.email").or(id).map(str::to_owned);
        draft.fields.set("user.name", email);
    }
}

/// Reads an object that has no text of its own, such as the fields of a form.
fn plain_object(object: &Object, cx: &Context<'_>) -> Read {
    let text = serde_json::to_vec(object).unwrap_or_default();
    read(&read_object(&text)?, Draft::default(), cx)
}
