//! The labels of a stream as Prometheus and Loki write them: `{job="wp", severity="HIGH"}`.

use std::str::Chars;

/// Longest text of labels, in bytes: 64 KiB.
pub(super) const LENGTH_MAX: usize = 64 * 1024;
/// Most labels of a stream.
pub(super) const COUNT_MAX: usize = 256;

/// Reads labels: names with their values, in the order they are written. A name is a word or
/// quoted; a value is quoted by `"` or `'` with the escapes of Go, or by `` ` `` without any.
///
/// # Errors
/// Where it is none, in words.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, String> {
    if text.len() > LENGTH_MAX {
        return Err(format!("longer than {LENGTH_MAX} bytes"));
    }
    let mut rest = Rest(text.chars());
    rest.expect('{')?;
    let mut labels: Vec<(String, String)> = Vec::new();
    loop {
        if rest.take('}') {
            break;
        }
        if labels.len() >= COUNT_MAX {
            return Err(format!("more than {COUNT_MAX} labels"));
        }
        let name = rest.name()?;
        rest.expect('=')?;
        let value = rest.quoted()?;
        if labels.iter().any(|(known, _)| *known == name) {
            return Err("a label is given twice".to_owned());
        }
        labels.push((name, value));
        if !rest.take(',') {
            rest.expect('}')?;
            break;
        }
    }
    rest.skip_spaces();
    if rest.0.next().is_some() {
        return Err("something follows the labels".to_owned());
    }
    Ok(labels)
}

struct Rest<'a>(Chars<'a>);

impl Rest<'_> {
    fn peek(&self) -> Option<char> {
        self.0.clone().next()
    }

    fn skip_spaces(&mut self) {
        while self
            .peek()
            .is_some_and(|c| matches!(c, ' ' | '\t' | '\n' | '\r'))
        {
            self.0.next();
        }
    }

    /// Takes a character if it is the next one that is no space.
    fn take(&mut self, wanted: char) -> bool {
        self.skip_spaces();
        let found = self.peek() == Some(wanted);
        if found {
            self.0.next();
        }
        found
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) {
            return Ok(());
        }
        Err(format!("{wanted} is missing"))
    }

    fn name(&mut self) -> Result<String, String> {
        self.skip_spaces();
        if self.peek().is_some_and(|c| matches!(c, '"' | '\'' | '`')) {
            return self.quoted();
        }
        let mut name = String::new();
        while let Some(c) = self.peek() {
            if !(c.is_ascii_alphanumeric() || matches!(c, '_' | ':')) {
                break;
            }
            name.push(c);
            self.0.next();
        }
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err("the name of a label is a word".to_owned());
        }
        Ok(name)
    }

    fn quoted(&mut self) -> Result<String, String> {
        self.skip_spaces();
        let quote = self.0.next().filter(|c| matches!(c, '"' | '\'' | '`'));
        let Some(quote) = quote else {
            return Err("a value stands in quotes".to_owned());
        };
        let mut bytes = Vec::new();
        loop {
            match self.0.next() {
                None => return Err("a quote is not closed".to_owned()),
                Some(c) if c == quote => break,
                Some('\\') if quote != '`' => self.escape(&mut bytes)?,
                Some(c) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        // Escaped bytes may be no UTF-8.
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn escape(&mut self, bytes: &mut Vec<u8>) -> Result<(), String> {
        let wrong = || "an escape is none of Go's".to_owned();
        let byte = match self.0.next().ok_or_else(wrong)? {
            'a' => 0x07,
            'b' => 0x08,
            'f' => 0x0c,
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            'v' => 0x0b,
            '\\' => b'\\',
            '\'' => b'\'',
            '"' => b'"',
            'x' => u8::try_from(self.digits(2, 16)?).map_err(|_| wrong())?,
            'u' | 'U' if self.0.as_str().is_empty() => return Err(wrong()),
            'u' => return self.code_point(4, bytes),
            'U' => return self.code_point(8, bytes),
            first @ '0'..='7' => {
                let rest = self.digits(2, 8)?;
                let first = first.to_digit(8).unwrap_or_default();
                u8::try_from(first.saturating_mul(64).saturating_add(rest)).map_err(|_| wrong())?
            }
            _ => return Err(wrong()),
        };
        bytes.push(byte);
        Ok(())
    }

    fn code_point(&mut self, count: usize, bytes: &mut Vec<u8>) -> Result<(), String> {
        let c = char::from_u32(self.digits(count, 16)?);
        let c = c.ok_or_else(|| "an escape names no character".to_owned())?;
        bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    fn digits(&mut self, count: usize, base: u32) -> Result<u32, String> {
        (0..count).try_fold(0_u32, |number, _| {
            let digit = self.0.next().and_then(|c| c.to_digit(base));
            let digit = digit.ok_or_else(|| "an escape lacks digits".to_owned())?;
            Ok(number.saturating_mul(base).saturating_add(digit))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn labels_are_read_exactly() {
        for (text, expected) in [
            ("{}", &[][..]),
            (" { } ", &[]),
            (
                r#"{job="wp",severity="HIGH"}"#,
                &[("job", "wp"), ("severity", "HIGH")],
            ),
            (r#"{ a = "1" , b='2',}"#, &[("a", "1"), ("b", "2")]),
            (
                r#"{a="},{b=\"c\"",d=""}"#,
                &[("a", "},{b=\"c\""), ("d", "")],
            ),
            (
                r#"{p="C:\\x\ty\u00e9\x41\101\U0001F600"}"#,
                &[("p", "C:\\x\ty\u{e9}AA\u{1f600}")],
            ),
            (
                r#"{raw=`a\n"b"`, "k8s.pod"="p"}"#,
                &[("raw", r#"a\n"b""#), ("k8s.pod", "p")],
            ),
            (r#"{ä="1"}"#, &[]),
        ] {
            match parse(text) {
                Ok(labels) => assert_eq!(labels, pairs(expected), "{text}"),
                Err(_) => assert!(text.contains('ä'), "{text}"),
            }
        }
        assert_eq!(read("{a=\"ü\"}"), pairs(&[("a", "ü")]));
    }

    #[test]
    fn what_is_no_list_of_labels_is_refused() {
        for text in [
            "",
            "job",
            "{job}",
            "{job=wp}",
            "{=\"x\"}",
            "{1a=\"x\"}",
            "{a=\"x\"",
            "{a=\"x}",
            "{a=\"x\"}}",
            "{a=\"x\" b=\"y\"}",
            "{a=\"1\",a=\"2\"}",
            r#"{a="\q"}"#,
            r#"{a="\x4"}"#,
            r#"{a="\ud800"}"#,
            r#"{a="\777"}"#,
            r#"{a="\u"}"#,
            "{,}",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let many: Vec<String> = (0..=COUNT_MAX).map(|n| format!("l{n}=\"\"")).collect();
        assert!(parse(&format!("{{{}}}", many.join(","))).is_err());
        assert!(parse(&format!("{{a=\"{}\"}}", "x".repeat(LENGTH_MAX))).is_err());
    }
}
