//! STRUCTURED-DATA of RFC 5424, 6.3: elements of names and quoted values.

use serde_json::{Map, Value};

use super::super::fields::cut;

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

/// The elements as an object: by SD-ID, then by parameter; a parameter given more than once is a
/// list.
pub(super) fn object(mut text: &str) -> Map<String, Value> {
    let mut elements = Map::new();
    let (mut params, mut bytes) = (0_usize, 0_usize);
    while text.starts_with('[') && elements.len() < ELEMENTS_MAX {
        let mut take = |id: &str, name: &str, value: &str| {
            let id = cut(id, NAME_MAX);
            let size = name.len().saturating_add(value.len());
            let element = elements.entry(id).or_insert_with(|| Map::new().into());
            let (Value::Object(element), false) = (element, name.is_empty()) else {
                return;
            };
            params = params.saturating_add(1);
            bytes = bytes.saturating_add(size);
            if params > PARAMS_MAX || bytes > BYTES_MAX {
                return;
            }
            let value = Value::String(cut(&unescaped(value), VALUE_MAX));
            match element.get_mut(name) {
                Some(Value::Array(values)) => values.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
                None => drop(element.insert(cut(name, NAME_MAX), value)),
            }
        };
        let Some(length) = element(text, &mut take) else {
            break;
        };
        text = text.get(length..).unwrap_or_default();
    }
    elements
}

/// Reads one element and hands on its id with each parameter, at first with none; its length.
fn element(text: &str, take: &mut dyn FnMut(&str, &str, &str)) -> Option<usize> {
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
        let (name, value) = rest.split_once("=\"")?;
        if name.is_empty() || name.contains([' ', ']', '"', '[']) {
            return None;
        }
        let end = closing_quote(value)?;
        take(id, name, value.get(..end)?);
        rest = value.get(end.checked_add(1)?..)?;
    }
}

/// Where a value ends: the first quote that no backslash stands before.
fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })
}

/// Takes away the backslash before `"`, `\` and `]`; before anything else it stands for itself.
fn unescaped(value: &str) -> std::borrow::Cow<'_, str> {
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
    use serde_json::json;

    use super::*;

    fn read(text: &str) -> Option<Value> {
        length(text).map(|length| object(&text[..length]).into())
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
        let object = object(&many);
        assert_eq!(object.len(), ELEMENTS_MAX);
        let long = format!(
            "[e {}]",
            (0..5_000)
                .map(|n| format!("p{n}=\"v\" "))
                .collect::<String>()
        );
        assert_eq!(
            super::object(&long)["e"].as_object().unwrap().len(),
            PARAMS_MAX
        );
    }
}
