//! The answer to a bulk request, written as it goes out: ten thousand items are a megabyte.

use std::fmt::Write as _;

use crate::adapters::bulk::{Item, Place, Verb};
use crate::http::FieldErrors;
use crate::ingest::pipeline::Stored;
use crate::ingest::receive::Fate;

/// Bytes an item has that was stored.
const USUAL_LENGTH: usize = 128;

/// Which parts of the answer the client asked for with `filter_path`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a part of the answer"
)]
pub(super) struct Wanted {
    took: bool,
    errors: bool,
    index: bool,
    id: bool,
    version: bool,
    result: bool,
    status: bool,
    error: bool,
}

impl Wanted {
    const ALL: Self = Self {
        took: true,
        errors: true,
        index: true,
        id: true,
        version: true,
        result: true,
        status: true,
        error: true,
    };
    const NONE: Self = Self {
        took: false,
        errors: false,
        index: false,
        id: false,
        version: false,
        result: false,
        status: false,
        error: false,
    };

    /// Reads `filter_path` out of a query. What is not understood asks for everything: no client
    /// fails because it hears more.
    pub(super) fn of(query: &str) -> Self {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        let Some((_, paths)) = pairs.find(|(name, _)| name == "filter_path") else {
            return Self::ALL;
        };
        let mut wanted = Self::NONE;
        for path in paths
            .split(',')
            .map(str::trim)
            .filter(|path| !path.is_empty())
        {
            if !wanted.add(path) {
                return Self::ALL;
            }
        }
        if wanted == Self::NONE {
            Self::ALL
        } else {
            wanted
        }
    }

    fn add(&mut self, path: &str) -> bool {
        let mut parts = path.split('.');
        let (root, member) = (parts.next(), parts.nth(1));
        match (root, member) {
            (Some("took"), None) => self.took = true,
            (Some("errors"), None) => self.errors = true,
            (Some("items"), None | Some("*" | "**")) => {
                let (took, errors) = (self.took, self.errors);
                *self = Self {
                    took,
                    errors,
                    ..Self::ALL
                };
            }
            (Some("items"), Some("_index")) => self.index = true,
            (Some("items"), Some("_id")) => self.id = true,
            (Some("items"), Some("_version")) => self.version = true,
            (Some("items"), Some("result")) => self.result = true,
            (Some("items"), Some("status")) => self.status = true,
            (Some("items"), Some("error")) => self.error = true,
            _ => return false,
        }
        true
    }
}

/// What an answer is made from.
pub(super) struct Reply<'a> {
    /// The body of the request, in which the items' names stand.
    pub(super) body: &'a [u8],
    /// The index of actions that name none.
    pub(super) index: &'a str,
    pub(super) wanted: Wanted,
}

/// How an item ended.
struct Ended<'a> {
    status: u16,
    result: Option<&'static str>,
    stored: Option<Stored>,
    error: Option<(&'static str, Reason<'a>)>,
}

enum Reason<'a> {
    /// There is a document of this name.
    Conflict,
    Refused(&'a FieldErrors),
}

impl Reply<'_> {
    /// Writes the answer; `took` in milliseconds.
    pub(super) fn write(&self, took: u128, items: &[Item], fates: &[Fate]) -> String {
        let ended: Vec<Ended<'_>> = items
            .iter()
            .zip(fates)
            .map(|(item, fate)| end(item, fate))
            .collect();
        let mut out =
            String::with_capacity(ended.len().saturating_mul(USUAL_LENGTH).saturating_add(64));
        out.push('{');
        if self.wanted.took {
            push(&mut out, format_args!("\"took\":{took}"));
        }
        if self.wanted.errors {
            let any = ended.iter().any(|ended| ended.error.is_some());
            separate(&mut out);
            push(&mut out, format_args!("\"errors\":{any}"));
        }
        let before = out.len();
        separate(&mut out);
        out.push_str("\"items\":[");
        let index = json_text(self.index);
        let mut any = false;
        for (item, ended) in items.iter().zip(&ended) {
            any |= self.item(&mut out, &index, item, ended);
        }
        // As there: what is left without members is left out, and a list without items too.
        if any {
            out.push(']');
        } else {
            out.truncate(before);
        }
        out.push('}');
        out
    }

    fn item(&self, out: &mut String, index: &str, item: &Item, ended: &Ended<'_>) -> bool {
        let Wanted {
            index: with_index,
            id,
            version,
            result,
            status,
            error,
            ..
        } = self.wanted;
        let error = ended.error.as_ref().filter(|_| error);
        let ended_well = ended.result.is_some() && (version || result);
        if !(with_index || id || status || ended_well || error.is_some()) {
            return false;
        }
        separate(out);
        push(out, format_args!("{{\"{}\":{{", item.verb.word()));
        if with_index {
            push(
                out,
                format_args!("\"_index\":{}", self.json(item.index.as_ref(), index)),
            );
        }
        if id {
            separate(out);
            out.push_str("\"_id\":");
            match (&item.id, ended.stored) {
                (Some(place), _) => out.push_str(&self.id_json(place)),
                (None, Some(stored)) => push(out, format_args!("\"{}\"", stored.id)),
                (None, None) => out.push_str("null"),
            }
        }
        if let Some(word) = ended.result {
            if version {
                separate(out);
                out.push_str("\"_version\":1");
            }
            if result {
                separate(out);
                push(out, format_args!("\"result\":\"{word}\""));
            }
        }
        if status {
            separate(out);
            push(out, format_args!("\"status\":{}", ended.status));
        }
        if let Some((kind, reason)) = error {
            separate(out);
            let reason = json_text(&self.reason(reason, item));
            push(
                out,
                format_args!("\"error\":{{\"type\":\"{kind}\",\"reason\":{reason}}}"),
            );
        }
        out.push_str("}}");
        true
    }

    /// The JSON of a name as the client wrote it.
    fn json<'b>(&'b self, place: Option<&Place>, otherwise: &'b str) -> &'b str {
        place
            .and_then(|place| {
                let (start, end) = (place.start as usize, place.end as usize);
                std::str::from_utf8(self.body.get(start..end)?).ok()
            })
            .unwrap_or(otherwise)
    }

    /// An `_id` is a text, also where the client wrote a number.
    fn id_json(&self, place: &Place) -> String {
        let json = self.json(Some(place), "null");
        if json.starts_with('"') {
            json.to_owned()
        } else {
            format!("\"{json}\"")
        }
    }

    fn reason(&self, reason: &Reason<'_>, item: &Item) -> String {
        match reason {
            Reason::Conflict => {
                let id = item.id.as_ref().map(|place| self.id_json(place));
                let id = id.as_deref().and_then(|id| serde_json::from_str(id).ok());
                let id: String = id.unwrap_or_default();
                format!("[{id}]: version conflict, document already exists (current version [1])")
            }
            Reason::Refused(errors) => {
                let errors = errors.iter();
                let told = errors.map(|(field, what)| format!("{field}: {}", what.join(", ")));
                told.collect::<Vec<_>>().join("; ")
            }
        }
    }
}

fn end<'a>(item: &Item, fate: &'a Fate) -> Ended<'a> {
    let (status, result, error) = match fate {
        Fate::Stored(stored) if stored.repeated && item.id.is_some() => match item.verb {
            // It is stored already, and stays as it is.
            Verb::Index => (200, Some("updated"), None),
            _ => (
                409,
                None,
                Some(("version_conflict_engine_exception", Reason::Conflict)),
            ),
        },
        Fate::Stored(_) => (201, Some("created"), None),
        Fate::Refused(errors) => {
            let kind = if item.understood {
                "document_parsing_exception"
            } else {
                "illegal_argument_exception"
            };
            (400, None, Some((kind, Reason::Refused(errors))))
        }
    };
    let stored = match fate {
        Fate::Stored(stored) => Some(*stored),
        Fate::Refused(_) => None,
    };
    Ended {
        status,
        result,
        stored,
        error,
    }
}

/// A comma, unless something has just begun.
fn separate(out: &mut String) {
    if !out.ends_with(['{', '[']) {
        out.push(',');
    }
}

/// Writing to a text does not fail.
fn push(out: &mut String, what: std::fmt::Arguments<'_>) {
    out.write_fmt(what).unwrap_or_default();
}

fn json_text(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".to_owned())
}

#[cfg(test)]
mod tests {
    use base::{EventId, Timestamp};
    use serde_json::{Value, json};

    use super::*;
    use crate::adapters::refused;

    const BODY: &[u8] = br#""a\"1" 7 "logs""#;

    fn item(verb: Verb, id: Option<Place>) -> Item {
        Item {
            verb,
            index: None,
            id,
            understood: true,
        }
    }

    fn stored(repeated: bool) -> Fate {
        Fate::Stored(Stored {
            id: EventId::first_at(Timestamp::from_millis(1_800_000_000_000)),
            alert: None,
            repeated,
            folded: false,
        })
    }

    fn written(query: &str, items: &[Item], fates: &[Fate]) -> Value {
        let reply = Reply {
            body: BODY,
            index: "x\"y",
            wanted: Wanted::of(query),
        };
        serde_json::from_str(&reply.write(5, items, fates)).unwrap()
    }

    fn mixed() -> (Vec<Item>, Vec<Fate>) {
        let mut items = vec![
            item(Verb::Create, Some(0..6)),
            item(Verb::Create, Some(0..6)),
            item(Verb::Index, Some(7..8)),
            item(Verb::Index, None),
            item(Verb::Index, None),
            item(Verb::Delete, Some(7..8)),
        ];
        items[2].index = Some(9..15);
        items[5].understood = false;
        let fates = vec![
            stored(false),
            stored(true),
            stored(true),
            stored(true),
            Fate::Refused(refused("record", "must be \"JSON\"").into()),
            Fate::Refused(refused("action", "not served").into()),
        ];
        (items, fates)
    }

    #[test]
    fn each_item_is_told_what_became_of_it() {
        let (items, fates) = mixed();
        let answer = written("", &items, &fates);
        assert_eq!(
            (&answer["took"], &answer["errors"]),
            (&json!(5), &json!(true))
        );
        let of = |at: usize, verb: &str| answer["items"][at][verb].clone();
        assert_eq!(
            of(0, "create"),
            json!({"_index": "x\"y", "_id": "a\"1", "_version": 1, "result": "created", "status": 201})
        );
        assert_eq!(of(1, "create")["status"], 409);
        assert_eq!(
            of(1, "create")["error"]["type"],
            "version_conflict_engine_exception"
        );
        assert!(
            of(1, "create")["error"]["reason"]
                .as_str()
                .unwrap()
                .starts_with("[a\"1]: ")
        );
        assert_eq!(
            of(2, "index"),
            json!({"_index": "logs", "_id": "7", "_version": 1, "result": "updated", "status": 200})
        );
        // Its sender gave no name: it cannot conflict.
        assert_eq!(of(3, "index")["status"], 201);
        assert!(
            of(3, "index")["_id"]
                .as_str()
                .unwrap()
                .parse::<i64>()
                .is_ok()
        );
        assert_eq!(of(4, "index")["_id"], Value::Null);
        assert_eq!(
            of(4, "index")["error"],
            json!({"type": "document_parsing_exception", "reason": "record: must be \"JSON\""})
        );
        assert_eq!(
            of(5, "delete")["error"]["type"],
            "illegal_argument_exception"
        );
    }

    #[test]
    fn only_what_was_asked_for_is_answered() {
        let (items, fates) = mixed();
        let some = written(
            "filter_path=errors%2Citems.*.error%2Citems.*.status&x=1",
            &items,
            &fates,
        );
        assert_eq!(some["took"], Value::Null);
        assert_eq!(some["items"].as_array().unwrap().len(), 6);
        assert_eq!(some["items"][0], json!({"create": {"status": 201}}));
        let errors = written("filter_path=errors,items.*.error.reason", &items, &fates);
        assert_eq!(errors["items"].as_array().unwrap().len(), 3);
        assert_eq!(
            written("filter_path=errors,items.*.error", &items[..1], &fates[..1]),
            json!({"errors": false})
        );
        // What was refused has no result.
        let results = written("filter_path=items.*.result", &items, &fates);
        assert_eq!(results["items"].as_array().unwrap().len(), 3);
        assert_eq!(
            results["items"][0],
            json!({"create": {"result": "created"}})
        );
        let versions = written("filter_path=items.*._version", &items[..1], &fates[..1]);
        assert_eq!(versions, json!({"items": [{"create": {"_version": 1}}]}));
        for all in [
            "",
            "filter_path=",
            "filter_path=-took",
            "filter_path=items,took,errors",
            "pretty",
        ] {
            assert_eq!(
                written(all, &items, &fates),
                written("", &items, &fates),
                "{all}"
            );
        }
        assert_eq!(
            written("filter_path=took", &items, &fates),
            json!({"took": 5})
        );
    }

    #[test]
    fn an_answer_without_errors_says_so() {
        let answer = written("", &[item(Verb::Index, None)], &[stored(false)]);
        assert_eq!(answer["errors"], false);
    }
}
