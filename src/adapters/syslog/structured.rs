//! STRUCTURED-DATA of RFC 5424, 6.3: elements of names and quoted values.

use std::borrow::Cow;

use serde::ser::{Serialize, Serializer};

use super::super::fields::cut;
use super::super::lines::closing_quote;

/// Elements kept.
const ELEMENTS_MAX: usize = 64;
/// Parameters kept of all elements together.
const PARAMS_MAX: usize = 256;
/// Bytes of names and values kept together.
const BYTES_MAX: usize = 16 * 1024;
/// Longest value kept, in characters.
const VALUE_MAX: usize = 1_024;
/// Longest name kept, in characters.
const NAME_MAX: usize = 128;

/// How long the structured data is that a text begins with: `-` or elements without anything
/// between them, followed by a space or nothing. `None` when it begins with something else.
pub(super) fn length(text: &str) -> Option<usize> {
    if text.starts_with('-') {
        return ends(text, 1).then_some(1);
    }
    let mut at = 0;
    while text.get(at..)?.starts_with('[') {
        at = at.checked_add(element(text.get(at..)?, &mut |_, _, _| {})?)?;
    }
    (at > 0 && ends(text, at)).then_some(at)
}

fn ends(text: &str, at: usize) -> bool {
    matches!(text.as_bytes().get(at), None | Some(b' ' | b'\t'))
}

/// A parameter; the first of an element has no name, and stands for the element itself.
#[derive(Debug)]
struct Param<'a> {
    id: Cow<'a, str>,
    name: Cow<'a, str>,
    value: Cow<'a, str>,
}

/// The elements, written as an object: by SD-ID, then by parameter; a parameter given more than
/// once is a list.
#[derive(Debug)]
pub(super) struct Elements<'a>(Vec<Param<'a>>);

impl<'a> Elements<'a> {
    pub(super) fn read(mut text: &'a str) -> Self {
        let mut all = Vec::with_capacity(16);
        let (mut elements, mut params, mut bytes) = (0_usize, 0_usize, 0_usize);
        while text.starts_with('[') && elements < ELEMENTS_MAX {
            let mut take = |id: &'a str, name: &'a str, value: &'a str| {
                let id = short(id.into(), NAME_MAX);
                if name.is_empty() {
                    let known = |it: &Param<'_>| it.name.is_empty() && it.id == id;
                    if all.iter().any(known) {
                        return;
                    }
                    elements = elements.saturating_add(1);
                } else {
                    let size = name.len().saturating_add(value.len());
                    params = params.saturating_add(1);
                    bytes = bytes.saturating_add(size);
                    if params > PARAMS_MAX || bytes > BYTES_MAX {
                        return;
                    }
                }
                all.push(Param {
                    id,
                    name: short(name.into(), NAME_MAX),
                    value: short(unescaped(value), VALUE_MAX),
                });
            };
            let Some(length) = element(text, &mut take) else {
                break;
            };
            text = text.get(length..).unwrap_or_default();
        }
        // Stable: the values of a list keep their order.
        all.sort_by(|one, next| (&one.id, &one.name).cmp(&(&next.id, &next.name)));
        Self(all)
    }
}

/// A text, cut where it is too long.
fn short(text: Cow<'_, str>, max: usize) -> Cow<'_, str> {
    if text.len() <= max {
        text
    } else {
        cut(&text, max).into()
    }
}

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let elements = self.0.chunk_by(|one, next| one.id == next.id);
        serializer.collect_map(elements.filter_map(|params| {
            let first = params.first()?;
            Some((&first.id, Params(params)))
        }))
    }
}

/// The parameters of one element.
struct Params<'p>(&'p [Param<'p>]);

impl Serialize for Params<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = self.0.chunk_by(|one, next| one.name == next.name);
        let names = names.filter_map(|values| {
            let first = values.first()?;
            (!first.name.is_empty()).then_some((&first.name, Values(values)))
        });
        serializer.collect_map(names)
    }
}

/// What one parameter was given as.
struct Values<'p>(&'p [Param<'p>]);

impl Serialize for Values<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            [only] => only.value.serialize(serializer),
            many => serializer.collect_seq(many.iter().map(|param| &param.value)),
        }
    }
}

/// Reads one element and hands on its id with each parameter, at first with none; its length.
fn element<'a>(text: &'a str, take: &mut dyn FnMut(&'a str, &'a str, &'a str)) -> Option<usize> {
    let inside = text.strip_prefix('[')?;
    let id_end = inside.find([' ', ']', '=', '"'])?;
    let (id, mut rest) = inside.split_at_checked(id_end)?;
    if id.is_empty() || !rest.starts_with([' ', ']']) {
        return None;
    }
    take(id, "", "");
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(behind) = rest.strip_prefix(']') {
            return text.len().checked_sub(behind.len());
        }
        let (name, value) = rest.split_once('"')?;
        let name = name.strip_suffix('=')?;
        if name.is_empty() || name.contains([' ', ']', '[']) {
            return None;
        }
        let end = closing_quote(value)?;
        take(id, name, value.get(..end)?);
        rest = value.get(end.checked_add(1)?..)?;
    }
}

/// Takes away the backslash before `"`, `\` and `]`; before anything else it stands for itself.
fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return value.into();
    }
    let mut plain = String::with_capacity(value.len());
    let mut chars = value.chars().peekable();
    while let Some(c) = chars.next() {
        match chars.peek() {
            Some(next @ ('"' | '\\' | ']')) if c == '\\' => {
                plain.push(*next);
                chars.next();
            }
            _ => plain.push(c),
        }
    }
    plain.into()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(text: &str) -> Value {
        serde_json::to_value(Elements::read(text)).unwrap()
    }

    fn read(text: &str) -> Option<Value> {
        length(text).map(|length| object(&text[..length]))
    }

    #[test]
    fn elements_are_read_with_their_escapes() {
        let text = r#"[a@1 x="1" y="say \"hi\" \] C:\\tmp \n"][b][c z=""] rest"#;
        let expected = json!({
            "a@1": {"x": "1", "y": r#"say "hi" ] C:\tmp \n"#}, "b": {}, "c": {"z": ""},
        });
        assert_eq!(read(text), Some(expected));
        assert_eq!(&text[length(text).unwrap()..], " rest");
    }

    #[test]
    fn a_parameter_given_twice_is_a_list() {
        let text = r#"[origin ip="192.0.2.1" ip="192.0.2.2" ip="192.0.2.3"]"#;
        let ips = json!({"origin": {"ip": ["192.0.2.1", "192.0.2.2", "192.0.2.3"]}});
        assert_eq!(read(text), Some(ips));
    }

    #[test]
    fn an_element_that_comes_twice_is_one() {
        let text = r#"[b z="1" y="2"][a x="1"][b z="3"][a]"#;
        let together = json!({"a": {"x": "1"}, "b": {"y": "2", "z": ["1", "3"]}});
        assert_eq!(read(text), Some(together));
    }

    #[test]
    fn what_is_no_structured_data_is_left_alone() {
        for text in [
            "",
            "[",
            "[]",
            "[a",
            "[a b]",
            "[a b=c]",
            "[a b=\"c]",
            "[a b=\"c\\\"]",
            "[ a]",
            "[error] x",
            "[a]b",
            "-x",
            "[\"a\"]",
        ] {
            let read = read(text);
            assert!(read.is_none() || text == "[error] x", "{text:?}: {read:?}");
        }
        assert_eq!(read("- x"), Some(json!({})));
    }

    #[expect(clippy::format_collect, reason = "a test's text may be built slowly")]
    #[test]
    fn however_much_it_is_it_stays_small() {
        let many: String = (0..10_000)
            .map(|n| format!("[e{n} a=\"{}\"]", "x".repeat(50)))
            .collect();
        assert_eq!(object(&many).as_object().unwrap().len(), ELEMENTS_MAX);
        let long = format!(
            "[e {}]",
            (0..5_000)
                .map(|n| format!("p{n}=\"v\" "))
                .collect::<String>()
        );
        assert_eq!(object(&long)["e"].as_object().unwrap().len(), PARAMS_MAX);
    }
}
