//! The JSON documents of a body: one, an array, one a line, or one behind the other.

use serde_json::value::RawValue;

/// Elements an array may have before it is refused as a whole: more than a request may hold.
const ELEMENTS_MAX: usize = 100_000;

/// A part of a body that is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DocumentError<'a> {
    /// The part, to the end of its line.
    pub bytes: &'a [u8],
    /// What is wrong with it.
    pub reason: &'static str,
}

/// The documents of a body in order, each as it was written.
///
/// Takes a single value, an array (its elements), NDJSON, and values that follow each other with
/// or without white space, whatever the media type says. What cannot be read ends with its line;
/// reading goes on behind it.
///
/// # Errors
/// The body holds nothing, or begins as an array and is none.
pub fn documents(
    bytes: &[u8],
) -> Result<impl Iterator<Item = Result<&[u8], DocumentError<'_>>>, String> {
    // A byte order mark is no JSON, but some senders write one.
    let rest = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let rest = rest.trim_ascii();
    let (elements, rest) = match rest.first() {
        None => return Err("holds no record".to_owned()),
        Some(b'[') => (elements(rest)?, &b""[..]),
        Some(_) => (Vec::new(), rest),
    };
    let elements = elements.into_iter().map(|raw| Ok(raw.get().as_bytes()));
    Ok(elements.chain(Sequence { rest }))
}

fn elements(bytes: &[u8]) -> Result<Vec<&RawValue>, String> {
    let elements: Vec<&RawValue> =
        serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
    match elements.len() {
        0 => Err("holds no record".to_owned()),
        1..=ELEMENTS_MAX => Ok(elements),
        _ => Err(format!("an array of more than {ELEMENTS_MAX} records")),
    }
}

struct Sequence<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Sequence<'a> {
    type Item = Result<&'a [u8], DocumentError<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        // NUL ends a record of GELF over TCP.
        while let [b' ' | b'\t' | b'\r' | b'\n' | 0, rest @ ..] = self.rest {
            self.rest = rest;
        }
        if self.rest.is_empty() {
            return None;
        }
        let mut stream =
            serde_json::Deserializer::from_slice(self.rest).into_iter::<&'a RawValue>();
        if let Some(Ok(raw)) = stream.next() {
            self.rest = self.rest.get(stream.byte_offset()..).unwrap_or_default();
            return Some(Ok(raw.get().as_bytes()));
        }
        let end = self.rest.iter().position(|byte| *byte == b'\n');
        let (bad, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        Some(Err(DocumentError {
            bytes: bad.trim_ascii_end(),
            reason: "not JSON",
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Vec<Result<String, String>> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        documents(body.as_bytes())
            .unwrap()
            .map(|it| it.map(text).map_err(|bad| text(bad.bytes)))
            .collect()
    }

    #[test]
    fn every_way_to_string_documents_together_is_read() {
        let two = vec![Ok("{\"a\":1}".to_owned()), Ok("{\"b\":2}".to_owned())];
        for body in [
            "[{\"a\":1}, {\"b\":2}]",
            "{\"a\":1}\n{\"b\":2}\n",
            "\r\n{\"a\":1}\r\n\r\n{\"b\":2}",
            "{\"a\":1}{\"b\":2}",
            "{\"a\":1}\0{\"b\":2}\0",
            "\u{feff}{\"a\":1} {\"b\":2}",
        ] {
            assert_eq!(read(body), two, "{body:?}");
        }
    }

    #[test]
    fn a_broken_line_costs_only_itself() {
        let good = || Ok("{}".to_owned());
        let bad = |text: &str| Err(text.to_owned());
        assert_eq!(
            read("{}\n{\"a\":\n{}\nword\n{}"),
            [good(), bad("{\"a\":"), good(), bad("word"), good()]
        );
    }

    #[test]
    fn nothing_is_no_body() {
        for body in ["", " \n", "[]"] {
            assert!(documents(body.as_bytes()).is_err());
        }
        assert!(documents(b"[1,").is_err());
    }
}
