//! A line of text: JSON, CEF, LEEF or key=value inside it, else a sentence.
//!
//! [`read`] makes an event of a line; `look` gives a draft what a line says, for messages inside
//! other records. Facts are found by looking at each byte a few times at most, without regular
//! expressions: this is what every syslog line, log body and `_bulk` document goes through.

mod access;
mod authentication;
mod leading;
pub(super) mod moment;
#[cfg(test)]
mod tests;
mod words;

use serde_json::Value;
use serde_json::value::RawValue;

use super::json::{self, Facts, Weight};
use super::syslog::{Header, Receipt, severity_name};
use super::{
    Body, BodyError, Context, Draft, Object, Original, Read, Sink, cef, each_line, keyvalue, leef,
    read_object, severity,
};

/// What was found in a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Looked {
    /// What kind of word its severity is of.
    pub(super) weight: Weight,
    /// The name the line is kept under.
    pub(super) format: &'static str,
}

impl Looked {
    const fn plain(weight: Weight) -> Self {
        Self {
            weight,
            format: "message",
        }
    }
}

/// Bytes in which the beginning of CEF or LEEF is looked for: a header stands before it.
const HEAD: usize = 512;
/// Bytes of a sentence that are looked at.
const SENTENCE_MAX: usize = 4_096;

/// Gives a draft what a record in a line says; `None` when the text is none.
type Look = fn(&str, &mut Draft, &Context<'_>) -> Option<Weight>;

/// Reads a body of lines.
///
/// # Errors
/// The body holds no line.
pub(super) fn lines(
    body: &Body<'_>,
    cx: &Context<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), BodyError> {
    each_line(body, sink, |line| read(line, Draft::default(), cx))
}

/// Reads a line. `draft` is what is known of it already, such as host and time of a syslog header;
/// what the line says itself counts more.
///
/// # Errors
/// The source's profile points to what a field cannot hold.
pub(super) fn read(line: &str, mut draft: Draft, cx: &Context<'_>) -> Read {
    if let Some(json) = whole_object(line)
        && let Ok(record) = read_object(json.as_bytes())
    {
        return json::read(&record, draft, cx);
    }
    if let Some(read) = headed(line, &draft, cx) {
        return read;
    }
    let known = std::mem::take(&mut draft.description);
    let looked = look(line, &mut draft, cx);
    json::name_it(&mut draft);
    if draft.description.is_empty() {
        draft.description = if known.is_empty() {
            line.to_owned()
        } else {
            known
        };
    }
    draft.finish(cx, Original::Text(looked.format, line))
}

/// Reads a record of a known format behind a header.
fn headed(line: &str, known: &Draft, cx: &Context<'_>) -> Option<Read> {
    if !line.trim_ascii_end().ends_with('}') || !may_have_header(line) {
        return None;
    }
    let mut draft = known.clone();
    let json = behind_header(line, &mut draft, cx)?;
    json::claimed(&read_object(json.as_bytes()).ok()?, &draft, cx)
}

/// The JSON behind a header of syslog or of a container's log file; the draft is given what the
/// header says.
pub(super) fn behind_header<'a>(
    line: &'a str,
    draft: &mut Draft,
    cx: &Context<'_>,
) -> Option<&'a str> {
    let message = header(line, draft, cx);
    (message.len() < line.len()).then(|| whole_object(message))?
}

/// Gives a draft what a line says. The description is set only where there is a better one than
/// the line itself.
pub(super) fn look(line: &str, draft: &mut Draft, cx: &Context<'_>) -> Looked {
    let bytes = line.as_bytes();
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    if head.contains(&b'|') {
        // The whole line is shown to the header: a host is one only before something.
        let formats: [(&str, &str, Look); 2] =
            [("cef", "CEF:", cef::look), ("leef", "LEEF:", leef::look)];
        for (format, mark, look) in formats {
            if let Some(text) = cef::find(line, mark, HEAD) {
                header(line, draft, cx);
                if let Some(weight) = look(text, draft, cx) {
                    return Looked { weight, format };
                }
            }
        }
    }
    let message = header(line, draft, cx);
    if message.len() < line.len() {
        message.clone_into(&mut draft.description);
        if let Some(object) = object_of(message) {
            return Looked::plain(json::inner(&object, draft, cx));
        }
    }
    Looked::plain(inside(message, draft, cx))
}

/// Pairs, a line of an access log, or a sentence.
#[expect(
    clippy::naive_bytecount,
    reason = "messages are short, and nothing else would use the crate"
)]
fn inside(message: &str, draft: &mut Draft, cx: &Context<'_>) -> Weight {
    let bytes = message.as_bytes();
    // Each of these is cheap to rule out by one byte it must have.
    let equals = bytes.iter().filter(|byte| **byte == b'=').count();
    let begun = draft.description.len();
    if equals >= 2 && authentication::sudo(message, draft) {
        return Weight::None;
    }
    if bytes.contains(&b'"') && access::look(message, draft, cx) {
        return Weight::None;
    }
    // What begins with a mark is XML: its attributes are no pairs.
    let may_be_pairs = equals >= 3 && !message.starts_with('<');
    let weight = may_be_pairs
        .then(|| keyvalue::look(message, draft, cx))
        .flatten();
    if weight.is_some() && draft.description.len() != begun {
        return weight.unwrap_or_default();
    }
    if draft.occurred_at.is_none() {
        draft.occurred_at = leading::time(message, cx.now);
    }
    if bytes.contains(&b'}') {
        object_behind(message, draft, cx);
    }
    if !authentication::sshd(message, draft) {
        let end = message
            .char_indices()
            .nth(SENTENCE_MAX)
            .map_or(message.len(), |(at, _)| at);
        words::look(message.get(..end).unwrap_or_default(), draft);
    }
    weight.unwrap_or_default()
}

/// The JSON a line is, also behind a short word such as `@cee:`.
fn whole_object(line: &str) -> Option<&str> {
    const WORD_MAX: usize = 16;
    let line = line.trim();
    if !line.ends_with('}') {
        return None;
    }
    if line.starts_with('{') {
        return Some(line);
    }
    let start = line.bytes().take(WORD_MAX).position(|byte| byte == b'{')?;
    let (word, json) = line.split_at_checked(start)?;
    let word = word.trim_end();
    (word.ends_with(':') && !word.contains([' ', '='])).then_some(json)
}

fn object_of(text: &str) -> Option<Object> {
    match super::value(whole_object(text)?.as_bytes()) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// An object at the end of a sentence completes what is known.
fn object_behind(message: &str, draft: &mut Draft, cx: &Context<'_>) {
    let Some(start) = message.find(" {").or_else(|| message.find("\t{")) else {
        return;
    };
    let json = message.get(start..).unwrap_or_default().trim_start();
    let mut stream = serde_json::Deserializer::from_str(json).into_iter::<&RawValue>();
    let Some(Ok(raw)) = stream.next() else {
        return;
    };
    if let Ok(Value::Object(object)) = super::value(raw.get().as_bytes()) {
        Facts::of(&object, cx.now).give(draft, true);
    }
}

/// Takes the header of syslog, or of a container's log file, off a line that has one, and completes
/// what is known with it. Returns the rest, which is the line itself where there is none.
fn header<'a>(line: &'a str, draft: &mut Draft, cx: &Context<'_>) -> &'a str {
    if draft.fields.get("process.name").is_some() || !may_have_header(line) {
        return line;
    }
    if let Some(rest) = container(line, draft, cx) {
        return rest;
    }
    let header = Header::read(line, &Receipt::at(cx.now));
    if header.appname.is_none() && header.hostname.is_none() && header.priority.is_none() {
        return line;
    }
    draft.occurred_at = draft.occurred_at.or(header.time);
    draft.fields.set_if_absent("host.name", header.hostname);
    draft.source_name = draft
        .source_name
        .take()
        .or_else(|| header.hostname.map(str::to_owned));
    draft.fields.set("process.name", header.appname);
    let pid = header.procid.and_then(|procid| procid.parse::<u32>().ok());
    draft.fields.set("process.pid", pid);
    if draft.severity.is_none() {
        draft.severity = header.severity().map(severity::syslog);
        draft.said = header
            .severity()
            .and_then(severity_name)
            .map(str::to_owned)
            .or(draft.said.take());
    }
    header.message
}

/// `2026-11-20T17:40:00.1+01:00 stdout F text`, as Kubernetes' nodes keep it.
fn container<'a>(line: &'a str, draft: &mut Draft, cx: &Context<'_>) -> Option<&'a str> {
    let mut parts = line.splitn(4, ' ');
    let (time, stream, flag, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if !matches!(stream, "stdout" | "stderr") || !matches!(flag, "F" | "P") {
        return None;
    }
    draft.occurred_at = draft.occurred_at.or_else(|| moment::written(time, cx.now));
    draft.fields.set("log.iostream", Some(stream));
    Some(rest)
}

/// Whether a line begins as headers do: with a PRI, a month or a year.
#[expect(clippy::many_single_char_names, reason = "bytes of a pattern")]
fn may_have_header(line: &str) -> bool {
    match line.as_bytes() {
        [b'<', digit, ..] => digit.is_ascii_digit(),
        [a, b, c, b' ', day, ..] if a.is_ascii_uppercase() => {
            let months = "JanFebMarAprMayJunJulAugSepOctNovDec".as_bytes();
            (*day == b' ' || day.is_ascii_digit())
                && months.chunks(3).any(|month| month == [*a, *b, *c])
        }
        [a, b, c, d, b'-', e, _, b'-', _, _, b'T', ..] => {
            [a, b, c, d, e].iter().all(|byte| byte.is_ascii_digit())
        }
        _ => false,
    }
}
