//! The pairs behind the header: `src=192.0.2.1 msg=a value with spaces act=blocked`.

use std::borrow::Cow;

/// Pairs read of a record.
const PAIRS_MAX: usize = 256;
/// Longest name, in bytes.
const NAME_MAX: usize = 64;

/// The pairs in order. A value ends before the next name; a `=` inside it is written `\=`, but many
/// senders do not, so only a whole word of letters, digits and `_.-[]` before `=` is a name.
pub(in super::super) fn extension(text: &str) -> Vec<(&str, Cow<'_, str>)> {
    let mut names: Vec<(usize, usize)> = Vec::with_capacity(24);
    let bytes = text.as_bytes();
    let mut word = 0_usize;
    // Whether a word has had its `=` already: it is one pair at most.
    let mut decided = false;
    let mut escaped = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b' ' | b'\t' => (word, decided) = (at.saturating_add(1), false),
            b'=' if !decided => {
                decided = true;
                if names.len() < PAIRS_MAX && bytes.get(word..at).is_some_and(is_name) {
                    names.push((word, at));
                }
            }
            _ => {}
        }
    }
    let ends = names
        .iter()
        .skip(1)
        .map(|(start, _)| *start)
        .chain([text.len()]);
    let pairs = names.iter().zip(ends);
    pairs
        .filter_map(|((start, equals), end)| {
            let value = text.get(equals.saturating_add(1)..end)?.trim();
            // Some end the record with one more mark of its header.
            let value = if end == text.len() {
                value.trim_end_matches('|')
            } else {
                value
            };
            Some((text.get(*start..*equals)?, plain(value)))
        })
        .collect()
}

fn is_name(word: &[u8]) -> bool {
    (1..=NAME_MAX).contains(&word.len())
        && word.iter().all(|byte| {
            byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'[' | b']')
        })
        && word.iter().any(u8::is_ascii_alphabetic)
}

/// A value without the quotes some senders put around it, escapes undone.
fn plain(value: &str) -> Cow<'_, str> {
    let bare = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let value = bare.filter(|bare| !bare.contains('"')).unwrap_or(value);
    if value.contains('\\') {
        unescaped(value).into()
    } else {
        value.into()
    }
}

/// Undoes `\|`, `\=`, `\\`, `\n` and `\r`; other backslashes stay, as of Windows paths.
pub(super) fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        match chars.peek() {
            Some('n') => plain.push('\n'),
            Some('r') => plain.push('\r'),
            Some(next @ ('|' | '=' | '\\')) => plain.push(*next),
            _ => {
                plain.push('\\');
                continue;
            }
        }
        chars.next();
    }
    plain
}
