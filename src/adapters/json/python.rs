//! Python's log records as `HTTPHandler` sends them: a template, and what belongs into it.

use serde_json::Value;

use super::super::{Draft, Object};

/// Arguments that are read.
const ARGUMENTS_MAX: usize = 32;
/// Longest text that is made, in bytes.
const TEXT_MAX: usize = 16_384;

/// Gives a draft where in the program a record was written. What its `filename` names is no file
/// the event is about.
pub(super) fn origin(record: &Object, draft: &mut Draft) {
    let text = |name: &str| record.get(name).and_then(Value::as_str);
    let fields = &mut draft.fields;
    fields.set_if_absent("log.logger", text("name"));
    if let Some(line) = record.get("lineno") {
        fields.set("log.origin.file.name", text("filename"));
        let line = line.as_u64().or_else(|| line.as_str()?.parse().ok());
        fields.set("log.origin.file.line", line);
        fields.set("log.origin.function", text("funcName"));
    }
}

/// The message with its arguments in place; `None` when there are none, or when they do not fit
/// the template: then it stays as it is.
pub(super) fn formatted(template: &str, record: &Object) -> Option<String> {
    // Most messages are no templates.
    if !template.as_bytes().contains(&b'%') || template.len() > TEXT_MAX {
        return None;
    }
    let written = record.get("args").and_then(Value::as_str)?.trim();
    if written.len() > TEXT_MAX {
        return None;
    }
    let mut arguments = arguments(written)?.into_iter();
    let mut text = String::with_capacity(template.len().saturating_add(written.len()));
    let mut rest = template;
    while let Some((before, behind)) = rest.split_once('%') {
        text.push_str(before);
        if let Some(behind) = behind.strip_prefix('%') {
            text.push('%');
            rest = behind;
            continue;
        }
        let (flags, conversion, behind) = conversion(behind)?;
        let argument = if let Some(name) = flags.strip_prefix('(').and_then(|it| it.split_once(')'))
        {
            arguments
                .as_slice()
                .iter()
                .find(|(known, _)| known.as_deref() == Some(name.0))?
                .1
                .clone()
        } else {
            arguments.next().filter(|(name, _)| name.is_none())?.1
        };
        text.push_str(&written_as(&argument, conversion, flags));
        if text.len() > TEXT_MAX {
            return None;
        }
        rest = behind;
    }
    text.push_str(rest);
    // Arguments that were not used mean that this is not what Python would have written.
    arguments.all(|(name, _)| name.is_some()).then_some(text)
}

/// A conversion behind its `%`: flags, width and precision; the letter; and the rest.
fn conversion(text: &str) -> Option<(&str, char, &str)> {
    let named = text
        .strip_prefix('(')
        .and_then(|rest| rest.find(')'))
        .map_or(0, |end| end.saturating_add(2));
    let behind = text.get(named..)?;
    let length = behind
        .bytes()
        .take_while(|byte| {
            byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'#' | b'.' | b' ')
        })
        .count();
    let end = named.saturating_add(length);
    let letter = text.get(end..)?.chars().next()?;
    if !matches!(
        letter,
        's' | 'r' | 'a' | 'd' | 'i' | 'u' | 'f' | 'F' | 'g' | 'e' | 'x' | 'X' | 'o' | 'c'
    ) {
        return None;
    }
    Some((text.get(..end)?, letter, text.get(end.saturating_add(1)..)?))
}

/// An argument as a conversion writes it; widths are left out.
#[expect(
    clippy::match_same_arms,
    reason = "read from above: each case on its own line"
)]
fn written_as(argument: &Argument, conversion: char, flags: &str) -> String {
    match (argument, conversion) {
        (Argument::Text(text), 'r' | 'a') => format!("'{text}'"),
        (Argument::Text(text) | Argument::Other(text), 's' | 'r' | 'a' | 'c') => text.clone(),
        (Argument::Other(text), 'x') => text
            .parse::<i64>()
            .map_or_else(|_| text.clone(), |number| format!("{number:x}")),
        (Argument::Other(text), 'f' | 'F') => {
            let digits = flags
                .split_once('.')
                .and_then(|(_, digits)| digits.parse().ok())
                .unwrap_or(6_usize);
            let digits = digits.min(20);
            text.parse::<f64>()
                .map_or_else(|_| text.clone(), |number| format!("{number:.digits$}"))
        }
        (Argument::Text(text) | Argument::Other(text), _) => text.clone(),
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Argument {
    /// A string.
    Text(String),
    /// Anything else, as Python writes it.
    Other(String),
}

/// The values of a tuple, or the names and values of a dict, as `repr` writes them.
fn arguments(written: &str) -> Option<Vec<(Option<String>, Argument)>> {
    let (close, named) = match written.bytes().next()? {
        b'(' => (')', false),
        b'{' => ('}', true),
        _ => return None,
    };
    let mut rest = written.get(1..)?.strip_suffix(close)?.trim();
    let mut found = Vec::new();
    while !rest.is_empty() && found.len() < ARGUMENTS_MAX {
        let mut name = None;
        if named {
            let (Argument::Text(key), behind) = argument(rest)? else {
                return None;
            };
            name = Some(key);
            rest = behind.trim_start().strip_prefix(':')?.trim_start();
        }
        let (value, behind) = argument(rest)?;
        found.push((name, value));
        rest = behind.trim_start();
        rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
    }
    Some(found)
}

/// One value, and what follows it.
#[expect(
    clippy::match_same_arms,
    reason = "read from above: each case on its own line"
)]
fn argument(text: &str) -> Option<(Argument, &str)> {
    let quoted = text
        .strip_prefix(['b', 'u', 'r'])
        .filter(|rest| rest.starts_with(['\'', '"']));
    let start = quoted.unwrap_or(text);
    let quote = start.chars().next()?;
    if matches!(quote, '\'' | '"') {
        let (value, rest) = string(start.get(1..)?, quote)?;
        return Some((Argument::Text(value), rest));
    }
    let mut depth = 0_i32;
    let mut within: Option<u8> = None;
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        match (within, byte) {
            _ if escaped => escaped = false,
            (Some(_), b'\\') => escaped = true,
            (Some(open), _) if byte == open => within = None,
            (Some(_), _) => {}
            (None, b'\'' | b'"') => within = Some(byte),
            (None, b'(' | b'[' | b'{' | b'<') => depth = depth.saturating_add(1),
            (None, b')' | b']' | b'}' | b'>') => depth = depth.saturating_sub(1),
            (None, b',') => return depth == 0,
            (None, _) => {}
        }
        false
    });
    let (value, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
    Some((Argument::Other(value.trim().to_owned()), rest))
}

/// A string to its closing quote, escapes resolved, and what follows it.
fn string(text: &str, quote: char) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            return Some((value, text.get(at.saturating_add(1)..)?));
        }
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next()?.1 {
            'n' => value.push('\n'),
            't' => value.push('\t'),
            'r' => value.push('\r'),
            c @ ('\\' | '\'' | '"') => value.push(c),
            c => value.extend(['\\', c]),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(template: &str, args: &str) -> Option<String> {
        let record = serde_json::json!({"args": args});
        formatted(template, record.as_object().unwrap())
    }

    #[test]
    fn a_template_gets_its_arguments() {
        for (template, args, expected) in [
            ("login failed for %s", "('bob',)", "login failed for bob"),
            (
                "%d of %d, %.1f%% from %r",
                "(3, 4, 75.0, 'x')",
                "3 of 4, 75.0% from 'x'",
            ),
            (
                "%(user)s on %(host)-10s",
                "{'host': 'h, 1', 'user': \"o'b\"}",
                "o'b on h, 1",
            ),
            ("%s %s", "(['a', 'b'], None)", "['a', 'b'] None"),
            ("%s", "(<Obj a=(1, 2)>,)", "<Obj a=(1, 2)>"),
            ("0x%x", "(255,)", "0xff"),
            ("%s", "('line\\nbreak \\'q\\'',)", "line\nbreak 'q'"),
        ] {
            assert_eq!(
                read(template, args).as_deref(),
                Some(expected),
                "{template} {args}"
            );
        }
    }

    #[test]
    fn what_does_not_fit_stays_a_template() {
        for (template, args) in [
            ("%s and %s", "('one',)"),
            ("%s", "('one', 'two')"),
            ("100%", "('one',)"),
            ("%(a)s", "('one',)"),
            ("%s", "'one'"),
            ("%s", "('open"),
            ("%s", "("),
            ("%s", ")"),
            ("%(", "{}"),
            ("%é", "('é',)"),
            ("no template", "('x',)"),
        ] {
            assert_eq!(read(template, args), None, "{template} {args}");
        }
    }
}
