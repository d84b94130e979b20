//! Pairs of names and values in a line: `a=b`, `c="d e"`, `f='g'`, parted by spaces, commas or
//! semicolons.

use std::borrow::Cow;

/// Pairs read of a line.
const PAIRS_MAX: usize = 256;
/// Longest name, in bytes.
const NAME_MAX: usize = 64;

/// One pair.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Pair<'a> {
    pub(in super::super) name: &'a str,
    pub(in super::super) value: Cow<'a, str>,
    /// Whether the value stood in quotes.
    pub(in super::super) quoted: bool,
    /// Where the name begins, in bytes.
    pub(in super::super) at: usize,
}

/// The pairs of a line in order; what is no pair is passed over.
pub(in super::super) fn pairs(line: &str) -> Vec<Pair<'_>> {
    let mut found = Vec::with_capacity(16);
    let bytes = line.as_bytes();
    let mut at = 0_usize;
    while found.len() < PAIRS_MAX {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(skipped) = rest.iter().position(|byte| is_name(*byte)) else {
            break;
        };
        let start = at.saturating_add(skipped);
        let length = name_length(bytes, start);
        let end = start.saturating_add(length);
        let before = start.checked_sub(1).and_then(|before| bytes.get(before));
        let is_pair = bytes.get(end) == Some(&b'=')
            && length <= NAME_MAX
            && before.is_none_or(|byte| is_parting(*byte));
        if !is_pair {
            at = end;
            continue;
        }
        let Some(name) = line.get(start..end) else {
            break;
        };
        let (value, quoted, next) = value(line, end.saturating_add(1));
        found.push(Pair {
            name,
            value,
            quoted,
            at: start,
        });
        at = next;
    }
    found
}

const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-' | b'@' | b'/')
}

/// What may stand before a name.
const fn is_parting(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || matches!(
            byte,
            b',' | b';' | b'(' | b'[' | b'{' | b'|' | b':' | b'"' | b'\'' | b'\x1d' | b'&'
        )
}

fn name_length(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    rest.iter()
        .position(|byte| !is_name(*byte))
        .unwrap_or(rest.len())
}

/// A value, whether it stood in quotes, and where reading goes on.
fn value(line: &str, start: usize) -> (Cow<'_, str>, bool, usize) {
    let rest = line.get(start..).unwrap_or_default();
    if let Some(quote) = rest
        .bytes()
        .next()
        .filter(|byte| matches!(byte, b'"' | b'\''))
        && let Some((value, length)) = quoted(rest, quote)
    {
        return (value, true, start.saturating_add(length));
    }
    // `user=<ana@example.com>`
    if let Some((value, _)) = rest.strip_prefix('<').and_then(|rest| rest.split_once('>'))
        && !value.contains([' ', '<'])
    {
        let next = start.saturating_add(value.len()).saturating_add(2);
        return (Cow::Borrowed(value), false, next);
    }
    let length = bare(rest);
    let text = rest.get(..length).unwrap_or_default();
    let kept = text.trim_end_matches([',', ';']);
    (Cow::Borrowed(kept), false, start.saturating_add(length))
}

/// A value in quotes and its length with them; `None` when they are not closed.
#[expect(
    clippy::similar_names,
    reason = "one says that a character is escaped, the other that any was"
)]
fn quoted(text: &str, quote: u8) -> Option<(Cow<'_, str>, usize)> {
    let mut escaped = false;
    let mut escapes = false;
    let end = text.bytes().skip(1).position(|byte| {
        if escaped {
            escaped = false;
        } else if byte == b'\\' {
            (escaped, escapes) = (true, true);
        } else {
            return byte == quote;
        }
        false
    })?;
    let inner = text.get(1..end.saturating_add(1))?;
    let value = if escapes {
        let mark = char::from(quote);
        // Only what the quoting needs is undone: `\U` of a Windows path stays.
        let plain = inner.replace(&format!("\\{mark}"), &mark.to_string());
        Cow::Owned(plain.replace("\\\\", "\\"))
    } else {
        Cow::Borrowed(inner)
    };
    Some((value, end.saturating_add(2)))
}

/// The length of a value without quotes: to white space, or to a comma or semicolon before the
/// next name.
fn bare(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 0_usize;
    while let Some(byte) = bytes.get(at) {
        if byte.is_ascii_whitespace() || *byte == b'\x1d' {
            return at;
        }
        let next = at.saturating_add(1);
        if matches!(byte, b',' | b';' | b'&' | b'|') {
            // What was looked at here is looked at once more at most: names are short.
            let length = name_length(bytes, next).min(NAME_MAX);
            if length > 0 && bytes.get(next.saturating_add(length)) == Some(&b'=') {
                return at;
            }
        }
        at = next;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Vec<(String, String)> {
        pairs(line)
            .into_iter()
            .map(|pair| (pair.name.to_owned(), pair.value.into_owned()))
            .collect()
    }

    fn all(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn every_style_of_pairs_is_read() {
        for (line, expected) in [
            (
                "a=b c=\"d e\" f='g h'",
                &[("a", "b"), ("c", "d e"), ("f", "g h")][..],
            ),
            (
                "IN=eth0 OUT= SRC=192.0.2.1",
                &[("IN", "eth0"), ("OUT", ""), ("SRC", "192.0.2.1")],
            ),
            (
                "User=demo, Status=active, N=1",
                &[("User", "demo"), ("Status", "active"), ("N", "1")],
            ),
            (
                "x:event=logout;site=a;who=b",
                &[("event", "logout"), ("site", "a"), ("who", "b")],
            ),
            (
                "A=\"1\",B=\"2\",C=\"3\"",
                &[("A", "1"), ("B", "2"), ("C", "3")],
            ),
            ("groups=a,b,c n=1", &[("groups", "a,b,c"), ("n", "1")]),
            (
                "url=http://x/?q=1&r=2 z=3",
                &[("url", "http://x/?q=1"), ("r", "2"), ("z", "3")],
            ),
            (
                r#"m="say \"hi\" to C:\\x" n=1"#,
                &[("m", r#"say "hi" to C:\x"#), ("n", "1")],
            ),
            (
                "open=\"never closed n=1",
                &[("open", "\"never"), ("n", "1")],
            ),
            ("user=<a@b>, rip=<x y>", &[("user", "a@b"), ("rip", "<x")]),
            ("no pairs here: 1 == 2", &[]),
            ("=x ==y", &[]),
            ("é=1 a=é", &[("a", "é")]),
        ] {
            assert_eq!(read(line), all(expected), "{line}");
        }
    }

    #[test]
    fn many_pairs_and_long_names_are_bounded() {
        assert_eq!(pairs(&"a=1 ".repeat(10_000)).len(), PAIRS_MAX);
        assert_eq!(pairs(&format!("{}=1 b=2", "x".repeat(100))).len(), 1);
        // Quadratic work would never end.
        pairs(&",".repeat(1_000_000));
        pairs(&"=\"".repeat(500_000));
        pairs(&"a=\"".repeat(300_000));
    }
}
