//! The line in front of a document: what is to be done, where, and under which name.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;
use serde::de::{Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Longest name of an index, in bytes, as Elasticsearch has it.
const INDEX_MAX: usize = 255;
/// Longest `_id`, in bytes, as Elasticsearch has it.
const ID_MAX: usize = 512;

/// What is to be done with a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    /// Store it, or replace the one of the same name.
    Index,
    /// Store it, if there is none of the same name.
    Create,
    /// Change a part of it.
    Update,
    /// Take it away; the only one without a document.
    Delete,
}

impl Verb {
    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

/// Where a piece of JSON stands in the body.
pub type Place = Range<u32>;

/// An action as it was written.
#[derive(Clone, Debug)]
pub(super) struct Action<'a> {
    pub(super) verb: Verb,
    pub(super) index: Option<Text<'a>>,
    pub(super) id: Option<Text<'a>>,
}

/// A text of an action line, and the JSON it was written as.
#[derive(Clone, Debug)]
pub(super) struct Text<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) json: &'a str,
}

impl Text<'_> {
    /// Where its JSON stands in the body it is a part of.
    pub(super) fn place(&self, body: &[u8]) -> Option<Place> {
        let start = self
            .json
            .as_ptr()
            .addr()
            .checked_sub(body.as_ptr().addr())?;
        let end = start.checked_add(self.json.len())?;
        Some(u32::try_from(start).ok()?..u32::try_from(end).ok()?)
    }
}

/// Reads an action line; `None` when it is none. A refusal names the verb, under which it is told.
pub(super) fn read(line: &[u8]) -> Option<Result<Action<'_>, (Verb, String)>> {
    let line: Line<'_> = serde_json::from_slice(line).ok()?;
    let Line { verb, names } = line;
    let mut texts = [None, None];
    for (text, (raw, name, max)) in texts.iter_mut().zip([
        (names.index, "_index", INDEX_MAX),
        (names.id, "_id", ID_MAX),
    ]) {
        *text = match raw.map(|raw| text_of(raw.get(), name, max)).transpose() {
            Ok(text) => text.flatten(),
            Err(what) => return Some(Err((verb, what))),
        };
    }
    let [index, id] = texts;
    Some(Ok(Action { verb, index, id }))
}

/// A text, or a number as the text it is written as; an empty text says nothing.
fn text_of<'a>(json: &'a str, name: &str, max: usize) -> Result<Option<Text<'a>>, String> {
    let text: Cow<'a, str> = if json.starts_with('"') {
        let bare = json
            .get(1..json.len().saturating_sub(1))
            .unwrap_or_default();
        if bare.contains('\\') {
            let owned: Result<String, _> = serde_json::from_str(json);
            Cow::Owned(owned.map_err(|_| format!("{name}: holds no readable text"))?)
        } else {
            Cow::Borrowed(bare)
        }
    } else if json.parse::<f64>().is_ok() {
        Cow::Borrowed(json)
    } else {
        return Err(format!("{name}: must be a text"));
    };
    if text.is_empty() {
        return Ok(None);
    }
    if text.len() > max {
        let length = text.len();
        return Err(format!("{name}: {length} bytes, at most {max} are allowed"));
    }
    if text.contains('\0') {
        return Err(format!("{name}: must not contain U+0000"));
    }
    Ok(Some(Text { text, json }))
}

/// `{"index": {"_index": …, "_id": …}}`. As Elasticsearch does, members behind the action are passed
/// over: winston-elasticsearch counts its attempts there.
struct Line<'a> {
    verb: Verb,
    names: Names<'a>,
}

/// Everything else an action may say (`routing`, `pipeline`, `_type`) is passed over.
#[derive(Deserialize)]
struct Names<'a> {
    #[serde(borrow, default, rename = "_index")]
    index: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "_id")]
    id: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for Line<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneMember;

        impl<'de> Visitor<'de> for OneMember {
            type Value = Line<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of one action")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Line<'de>, A::Error> {
                let Some((verb, names)) = map.next_entry()? else {
                    return Err(A::Error::custom("no action"));
                };
                while let Some(name) = map.next_key::<&str>()? {
                    if matches!(name, "index" | "create" | "update" | "delete") {
                        return Err(A::Error::custom("more than one action"));
                    }
                    map.next_value::<IgnoredAny>()?;
                }
                Ok(Line { verb, names })
            }
        }

        deserializer.deserialize_map(OneMember)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn action(line: &str) -> (Verb, Option<String>, Option<String>) {
        let action = read(line.as_bytes()).unwrap().unwrap();
        let own = |text: Option<Text<'_>>| text.map(|text| text.text.into_owned());
        (action.verb, own(action.index), own(action.id))
    }

    #[test]
    fn actions_are_read_as_clients_write_them() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            action(r#"{"index":{"_index": "watchpost"}}"#),
            (Verb::Index, some("watchpost"), None)
        );
        assert_eq!(
            action(r#"{"create":{"_index":"logs","_id":"a\"b","_type":"_doc","routing":null}}"#),
            (Verb::Create, some("logs"), some("a\"b"))
        );
        assert_eq!(
            action(r#"{"index":{"_id":7}}"#),
            (Verb::Index, None, some("7"))
        );
        assert_eq!(
            action(r#"{"index":{"_id":"","_index":null}}"#),
            (Verb::Index, None, None)
        );
        assert_eq!(action(r#"{ "delete" : { "_id" : "1" } }"#).0, Verb::Delete);
        assert_eq!(action(r#"{"update":{}}"#).0, Verb::Update);
        assert_eq!(
            action(r#"{"index":{"_index":"app"},"attempts":0}"#),
            (Verb::Index, some("app"), None)
        );
    }

    #[test]
    fn what_is_no_action_is_told_from_a_bad_one() {
        for line in [
            "",
            "{}",
            "[]",
            r#"{"index":5}"#,
            r#"{"index":null}"#,
            r#"{"index":{}} x"#,
            r#"{"index":{},"create":{}}"#,
            r#"{"index":{},"attempts":0,"create":{}}"#,
            r#"{"attempts":0,"index":{}}"#,
            r#"{"drop":{}}"#,
            r#"{"message":"index"}"#,
            r#"{"index":{"_id":"1","_id":"2"}}"#,
        ] {
            assert!(read(line.as_bytes()).is_none(), "{line}");
        }
        let long = format!(r#"{{"index":{{"_id":"{}"}}}}"#, "x".repeat(513));
        for (line, what) in [
            (r#"{"index":{"_id":{}}}"#, "_id: must be a text"),
            (r#"{"index":{"_index":true}}"#, "_index: must be a text"),
            (
                r#"{"index":{"_id":"\ud800"}}"#,
                "_id: holds no readable text",
            ),
            (
                r#"{"index":{"_id":"a\u0000"}}"#,
                "_id: must not contain U+0000",
            ),
            (long.as_str(), "_id: 513 bytes, at most 512 are allowed"),
        ] {
            let (verb, why) = read(line.as_bytes()).unwrap().unwrap_err();
            assert_eq!((verb, why.as_str()), (Verb::Index, what));
        }
    }

    #[test]
    fn a_text_knows_where_it_stands() {
        let body = br#"{"index":{"_index":"logs","_id":12}}"#;
        let action = read(body).unwrap().unwrap();
        let place = |text: Option<Text<'_>>| {
            let place = text.unwrap().place(body).unwrap();
            std::str::from_utf8(&body[place.start as usize..place.end as usize]).unwrap()
        };
        assert_eq!(place(action.index), "\"logs\"");
        assert_eq!(place(action.id), "12");
    }
}
