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
/// Parameters an element has room for at first.
const USUAL_PARAMS: usize = 8;

/// How long the structured data is that a text begins with: `-` or elements without anything
/// between them, followed by a space or nothing. `None` when it begins with something else.
pub(super) fn length(text: &str) -> Option<usize> {
    if text.starts_with('-') {
        return ends(text, 1).then_some(1);
    }
    let mut at = 0;
    while text.get(at..)?.starts_with('[') {
        at = at.checked_add(element(text.get(at..)?, &mut |_, _| {})?)?;
    }
    (at > 0 && ends(text, at)).then_some(at)
}

fn ends(text: &str, at: usize) -> bool {
    matches!(text.as_bytes().get(at), None | Some(b' ' | b'\t'))
}

/// The elements, written as an object: by SD-ID, then by parameter; a parameter given more than
/// once is a list.
#[derive(Debug)]
pub(super) struct Elements<'a>(Vec<Element<'a>>);

#[derive(Debug)]
struct Element<'a> {
    id: Cow<'a, str>,
    /// Each name once.
    params: Vec<Param<'a>>,
}

#[derive(Debug)]
struct Param<'a> {
    name: Cow<'a, str>,
    value: Cow<'a, str>,
    /// What else it was given as.
    more: Vec<Cow<'a, str>>,
}

impl<'a> Elements<'a> {
    pub(super) fn read(mut text: &'a str) -> Self {
        let mut all: Vec<Element<'a>> = Vec::new();
        let (mut params, mut bytes) = (0_usize, 0_usize);
        while text.starts_with('[') && all.len() < ELEMENTS_MAX {
            let mut current = 0;
            let mut take = |id: &'a str, param: Option<(&'a str, &'a str)>| {
                let Some((name, value)) = param else {
                    current = place_of(&mut all, short(id.into(), NAME_MAX));
                    return;
                };
                params = params.saturating_add(1);
                bytes = bytes.saturating_add(name.len()).saturating_add(value.len());
                if params <= PARAMS_MAX
                    && bytes <= BYTES_MAX
                    && let Some(element) = all.get_mut(current)
                {
                    let value = short(unescaped(value), VALUE_MAX);
                    element.add(short(name.into(), NAME_MAX), value);
                }
            };
            let Some(length) = element(text, &mut take) else {
                break;
            };
            text = text.get(length..).unwrap_or_default();
        }
        Self(all)
    }

    /// Parameters with the first value of each, but those of elements that are about the line and
    /// who wrote it (RFC 5424, 7), and not about what happened.
    pub(super) fn told(&self) -> impl Iterator<Item = (&str, &str)> {
        let elements = self.0.iter();
        let elements = elements.filter(|it| !matches!(&*it.id, "timeQuality" | "origin" | "meta"));
        elements
            .flat_map(|element| &element.params)
            .map(|param| (&*param.name, &*param.value))
    }
}

/// Where the element of an id is, which is added if there is none.
fn place_of<'a>(all: &mut Vec<Element<'a>>, id: Cow<'a, str>) -> usize {
    let known = all.iter().position(|element| element.id == id);
    known.unwrap_or_else(|| {
        let params = Vec::with_capacity(USUAL_PARAMS);
        all.push(Element { id, params });
        all.len().saturating_sub(1)
    })
}

impl<'a> Element<'a> {
    fn add(&mut self, name: Cow<'a, str>, value: Cow<'a, str>) {
        match self.params.iter_mut().find(|param| param.name == name) {
            Some(param) => param.more.push(value),
            None => self.params.push(Param {
                name,
                value,
                more: Vec::new(),
            }),
        }
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
        serializer.collect_map(self.0.iter().map(|element| (&element.id, element)))
    }
}

impl Serialize for Element<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.params.iter().map(|param| (&param.name, param)))
    }
}

impl Serialize for Param<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.more.is_empty() {
            self.value.serialize(serializer)
        } else {
            serializer.collect_seq(std::iter::once(&self.value).chain(&self.more))
        }
    }
}

/// Takes the id of an element, at first alone and then with each parameter.
type Take<'t, 'a> = dyn FnMut(&'a str, Option<(&'a str, &'a str)>) + 't;

/// Reads one element; its length.
fn element<'a>(text: &'a str, take: &mut Take<'_, 'a>) -> Option<usize> {
    let inside = text.strip_prefix('[')?;
    let ends_id = |byte: u8| matches!(byte, b' ' | b']' | b'=' | b'"');
    let (id, mut rest) = inside.split_at_checked(inside.bytes().position(ends_id)?)?;
    if id.is_empty() || !rest.starts_with([' ', ']']) {
        return None;
    }
    take(id, None);
    loop {
        rest = rest.trim_start_matches(' ');
        if let Some(behind) = rest.strip_prefix(']') {
            return text.len().checked_sub(behind.len());
        }
        let ends_name = |byte: u8| matches!(byte, b' ' | b']' | b'[' | b'"');
        let (name, behind) = rest.split_at_checked(rest.bytes().position(ends_name)?)?;
        let (name, value) = (name.strip_suffix('=')?, behind.strip_prefix('"')?);
        if name.is_empty() {
            return None;
        }
        let end = closing_quote(value)?;
        take(id, Some((name, value.get(..end)?)));
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
