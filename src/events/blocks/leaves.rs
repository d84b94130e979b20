//! The texts, numbers and truth values inside a JSON object, each with the path that leads to it,
//! read in one pass without making a tree of it.

use super::token::{About, Making, Token};

/// Names on a path at the most: nobody can look for more.
const NAMES_MAX: usize = 10;
/// How deep it is read; what is stored is at most 64 deep.
const DEPTH_MAX: usize = 128;

/// Gives a token for each value of an object's JSON.
///
/// The path is that of a search: names and places in lists, names split at their dots. A name with
/// a dot deeper inside, which no search reaches, gives a token all the same. What is no JSON gives
/// what stands before the mistake.
pub(super) fn leaves(json: &str, give: impl FnMut(Token)) {
    let mut reader = Reader {
        rest: json.as_bytes(),
        text: Vec::new(),
        give,
    };
    // The end is told by `None`, whether it is the right one or not.
    reader.value(Making::new(About::Attribute), 0);
}

/// The token of a value at a path.
pub(super) fn wanted(path: &[String], value: &str) -> Token {
    let making = Making::new(About::Attribute);
    let place = path
        .iter()
        .flat_map(|name| name.split('.'))
        .fold(making, |it, name| it.text(name.as_bytes()));
    place.text(value.as_bytes()).token()
}

struct Reader<'j, G> {
    rest: &'j [u8],
    /// The last text that had escapes in it.
    text: Vec<u8>,
    give: G,
}

impl<G: FnMut(Token)> Reader<'_, G> {
    fn value(&mut self, place: Making, depth: usize) -> Option<()> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.next()? {
            b'{' => self.object(place, depth.saturating_add(1)),
            b'[' => self.list(place, depth.saturating_add(1)),
            b'"' => {
                let token = self.string(|text| place.text(text).token())?;
                self.found(token, depth);
                Some(())
            }
            first => {
                let end = self
                    .rest
                    .iter()
                    .position(|byte| {
                        matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t')
                    })
                    .unwrap_or(self.rest.len());
                let (rest, after) = self.rest.split_at_checked(end)?;
                self.rest = after;
                // `first` was read already, so that the text is one byte longer.
                let mut text = Vec::with_capacity(rest.len().saturating_add(1));
                text.push(first);
                text.extend_from_slice(rest);
                if text != b"null" {
                    self.found(place.text(&text).token(), depth);
                }
                Some(())
            }
        }
    }

    fn found(&mut self, token: Token, depth: usize) {
        if depth <= NAMES_MAX {
            (self.give)(token);
        }
    }

    fn object(&mut self, place: Making, depth: usize) -> Option<()> {
        loop {
            match self.next()? {
                b'}' => return Some(()),
                b'"' => {
                    let inner = self.string(|name| {
                        name.split(|byte| *byte == b'.').fold(place, Making::text)
                    })?;
                    if self.next()? != b':' {
                        return None;
                    }
                    self.value(inner, depth)?;
                }
                b',' => {}
                _ => return None,
            }
        }
    }

    fn list(&mut self, place: Making, depth: usize) -> Option<()> {
        let mut number = 0_u32;
        loop {
            match self.peek()? {
                b']' => {
                    self.next();
                    return Some(());
                }
                b',' => {
                    self.next();
                }
                _ => {
                    let name = number.to_string();
                    self.value(place.text(name.as_bytes()), depth)?;
                    number = number.saturating_add(1);
                }
            }
        }
    }

    /// Reads a text behind its opening quote and hands it on without escapes.
    fn string<T>(&mut self, take: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let end = self
            .rest
            .iter()
            .position(|byte| matches!(byte, b'"' | b'\\'))?;
        if self.rest.get(end) == Some(&b'"') {
            let taken = take(self.rest.get(..end)?);
            self.rest = self.rest.get(end.saturating_add(1)..)?;
            return Some(taken);
        }
        self.text.clear();
        loop {
            let end = self
                .rest
                .iter()
                .position(|byte| matches!(byte, b'"' | b'\\'))?;
            self.text.extend_from_slice(self.rest.get(..end)?);
            let stop = *self.rest.get(end)?;
            self.rest = self.rest.get(end.saturating_add(1)..)?;
            if stop == b'"' {
                return Some(take(&self.text));
            }
            self.escape()?;
        }
    }

    fn escape(&mut self) -> Option<()> {
        let (letter, rest) = self.rest.split_first()?;
        self.rest = rest;
        let plain = match letter {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let letter = self.letter()?;
                self.text
                    .extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
                return Some(());
            }
            other => *other,
        };
        self.text.push(plain);
        Some(())
    }

    /// Reads the digits behind `\u`, two units where the letter needs them.
    fn letter(&mut self) -> Option<char> {
        let first = self.unit()?;
        let is_high = (0xd800..0xdc00).contains(&first);
        if is_high && let Some(rest) = self.rest.strip_prefix(b"\\u") {
            self.rest = rest;
            let second = self.unit()?;
            let low = second.wrapping_sub(0xdc00) & 0x3ff;
            let high = first.wrapping_sub(0xd800) & 0x3ff;
            return char::from_u32(0x1_0000_u32.saturating_add(high << 10).saturating_add(low));
        }
        Some(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&mut self) -> Option<u32> {
        let (digits, rest) = self.rest.split_at_checked(4)?;
        self.rest = rest;
        u32::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    /// The next byte that is no space, left where it is.
    fn peek(&mut self) -> Option<u8> {
        while let Some((b' ' | b'\n' | b'\r' | b'\t', rest)) = self.rest.split_first() {
            self.rest = rest;
        }
        self.rest.first().copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.rest = self.rest.get(1..)?;
        Some(byte)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn tokens(json: &str) -> HashSet<Token> {
        let mut tokens = HashSet::new();
        leaves(json, |token| {
            tokens.insert(token);
        });
        tokens
    }

    fn holds(json: &str, path: &[&str], value: &str) -> bool {
        let path: Vec<String> = path.iter().map(|name| (*name).to_owned()).collect();
        tokens(json).contains(&wanted(&path, value))
    }

    #[test]
    fn every_plain_value_is_found_at_its_path() {
        let json = r#" {"user" : {"name":"ana", "id": 1.50 , "on":true, "no":null},
            "dns":{"answers":[{"rdata":"198.51.100.7"},["x"],7]}, "user.sid":"S-1",
            "e\u0073c":"a\"\\\/\n\u00e9\ud83d\ude00", "empty":"", "o":{}, "l":[]}"#;
        for (path, value) in [
            (&["user", "name"][..], "ana"),
            (&["user", "id"], "1.50"),
            (&["user", "on"], "true"),
            (&["dns", "answers", "0", "rdata"], "198.51.100.7"),
            (&["dns", "answers", "1", "0"], "x"),
            (&["dns", "answers", "2"], "7"),
            (&["user", "sid"], "S-1"),
            (&["esc"], "a\"\\/\n\u{e9}\u{1f600}"),
            (&["empty"], ""),
        ] {
            assert!(holds(json, path, value), "{path:?} {value}");
        }
        assert!(!holds(json, &["user", "no"], "null"));
        assert!(!holds(json, &["name"], "ana"));
        assert_eq!(tokens(json).len(), 9);
    }

    #[test]
    fn what_lies_too_deep_to_be_asked_for_is_left_out() {
        let deep = |depth: usize| {
            let mut value = json!("x");
            for _ in 0..depth {
                value = json!({ "a": value });
            }
            tokens(&value.to_string()).len()
        };
        assert_eq!((deep(10), deep(11)), (1, 0));
    }

    /// Every value by the slow way: as `serde_json` reads it.
    fn slowly(value: &Value, path: &mut Vec<String>, found: &mut HashSet<Token>) {
        let text = match value {
            Value::Null => return,
            Value::Bool(flag) => flag.to_string(),
            Value::Number(number) => number.to_string(),
            Value::String(text) => text.clone(),
            Value::Array(items) => {
                for (place, item) in items.iter().enumerate() {
                    path.push(place.to_string());
                    slowly(item, path, found);
                    path.pop();
                }
                return;
            }
            Value::Object(members) => {
                for (name, member) in members {
                    path.push(name.clone());
                    slowly(member, path, found);
                    path.pop();
                }
                return;
            }
        };
        found.insert(wanted(path, &text));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[ -~é\\n\\t\"\\\\\u{1f600}]{0,8}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-c.\"]{1,3}", inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn it_reads_what_a_whole_reader_reads(value in any_json(), pretty in any::<bool>()) {
            let value = json!({ "top": value });
            let text = if pretty {
                serde_json::to_string_pretty(&value).unwrap()
            } else {
                value.to_string()
            };
            let mut expected = HashSet::new();
            slowly(&value, &mut Vec::new(), &mut expected);
            prop_assert_eq!(tokens(&text), expected);
        }

        #[test]
        fn any_text_is_read_to_some_end(text in any::<String>()) {
            leaves(&text, |_| {});
            leaves(&format!("{{\"a\":{text}"), |_| {});
        }
    }
}
