//! Bulk requests of Elasticsearch and `OpenSearch` clients: a line that says what is to be done, and
//! a line with the document.
//!
//! | field | from |
//! |---|---|
//! | `event.dataset` | `_index` of the action, else the index of the path |
//! | the event's key | `_index` and `_id`, where the sender gives an `_id` that is not empty |
//! | everything else | the document, read as JSON of any make ([`super::json`]) |
//!
//! Nothing is deleted or changed here: `update` and `delete` are refused, each by itself. A line
//! that should be an action and is none is refused together with the line behind it, unless that
//! is an action again: so a broken pair costs only itself.

mod action;

#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use super::{BodyError, Context, Draft, Format, Read, json, line_end, read_object, refused};
use action::Action;
pub use action::{Place, Verb};

/// Bulk requests.
pub const FORMAT: Format = Format {
    name: "elastic",
    aliases: &["bulk", "elasticsearch", "opensearch"],
    title: "Elasticsearch and OpenSearch bulk",
    read: |body, cx, sink| read(body.bytes, "", cx, &mut |_, read, bytes| sink(read, bytes)),
};

/// What a client asked for, to answer it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What was to be done.
    pub verb: Verb,
    /// Where the JSON of `_index` stands in the body.
    pub index: Option<Place>,
    /// Where the JSON of `_id` stands in the body.
    pub id: Option<Place>,
    /// Whether the action itself can be served; if not, the document was not looked at.
    pub understood: bool,
}

/// Takes what became of each pair, in order, with the bytes of its document.
pub type ItemSink<'s> = dyn FnMut(Item, Read, &[u8]) -> ControlFlow<()> + 's;

/// Reads a body of pairs; `index` is the index of actions that name none. Blank lines are passed
/// over wherever they stand.
///
/// # Errors
/// The body holds no line.
pub fn read(
    bytes: &[u8],
    index: &str,
    cx: &Context<'_>,
    sink: &mut ItemSink<'_>,
) -> Result<(), BodyError> {
    let mut lines = Lines {
        rest: bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes),
        waiting: None,
    };
    let mut any = false;
    while let Some(line) = lines.next() {
        any = true;
        let (item, read, bytes) = match action::read(line) {
            Some(Ok(action)) => pair(bytes, line, &action, &mut lines, index, cx),
            Some(Err((verb, what))) => {
                lines.skip_document();
                let item = Item {
                    verb,
                    ..Item::broken()
                };
                (item, Err(refused("action", what)), line)
            }
            None => {
                lines.skip_document();
                let what = "must be an object of one action: index or create";
                (Item::broken(), Err(refused("action", what)), line)
            }
        };
        if sink(item, read, bytes).is_break() {
            break;
        }
    }
    if any {
        Ok(())
    } else {
        Err("holds no action".into())
    }
}

/// Reads the document of an action.
fn pair<'a>(
    body: &[u8],
    line: &'a [u8],
    action: &Action<'_>,
    lines: &mut Lines<'a>,
    index: &str,
    cx: &Context<'_>,
) -> (Item, Read, &'a [u8]) {
    let place = |text: &Option<action::Text<'_>>| text.as_ref()?.place(body);
    let item = |understood| Item {
        verb: action.verb,
        index: place(&action.index),
        id: place(&action.id),
        understood,
    };
    match action.verb {
        Verb::Delete => {
            let what = "delete is not served: events are only added";
            return (item(false), Err(refused("action", what)), line);
        }
        Verb::Update => {
            let document = lines.next().unwrap_or(line);
            let what = "update is not served: events are only added";
            return (item(false), Err(refused("action", what)), document);
        }
        Verb::Index | Verb::Create => {}
    }
    let Some(document) = lines.next() else {
        let what = "must follow its action on a line of its own";
        return (item(true), Err(refused("document", what)), line);
    };
    let index = action.index.as_ref().map_or(index, |index| &index.text);
    let read = json::read_own(document, cx).unwrap_or_else(|| read_any(document, index, cx));
    let read = match &action.id {
        // What the client calls it counts more than an id inside the document.
        Some(id) => read.map(|reading| reading.with_outer_key(format!("{index}\0{}", id.text))),
        None => read,
    };
    (item(true), read, document)
}

/// Reads a document of any make.
fn read_any(document: &[u8], index: &str, cx: &Context<'_>) -> Read {
    let record = read_object(document)?;
    let mut draft = Draft::default();
    if !index.is_empty() {
        draft.fields.set("event.dataset", Some(index));
    }
    json::read(&record, draft, cx)
}

impl Item {
    /// Whether there was nothing in its place that could be an action.
    #[must_use]
    pub fn is_unreadable(&self) -> bool {
        *self == Self::broken()
    }

    /// A pair whose action says nothing that could be answered.
    const fn broken() -> Self {
        Self {
            verb: Verb::Index,
            index: None,
            id: None,
            understood: false,
        }
    }
}

/// The lines of a body that hold something, without white space around them.
struct Lines<'a> {
    rest: &'a [u8],
    /// A line that was looked at and belongs to what comes next.
    waiting: Option<&'a [u8]>,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Option<&'a [u8]> {
        if let Some(line) = self.waiting.take() {
            return Some(line);
        }
        while !self.rest.is_empty() {
            let end = line_end(self.rest);
            let (line, rest) = self.rest.split_at_checked(end)?;
            self.rest = rest.get(1..).unwrap_or_default();
            let line = line.trim_ascii();
            if !line.is_empty() {
                return Some(line);
            }
        }
        None
    }

    /// Passes over the document of an action that is none, unless it is the next action.
    fn skip_document(&mut self) {
        if let Some(line) = self.next()
            && action::read(line).is_some()
        {
            self.waiting = Some(line);
        }
    }
}
