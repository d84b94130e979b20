//! The JSON documents of a body: one, an array, one a line, or one behind the other.

use serde_json::value::RawValue;

use super::body_error::BodyError;
use super::elements::Elements;

/// Elements an array may have before it is refused as a whole: more than a request may hold.
const ELEMENTS_MAX: usize = 100_000;

/// A part of a body that is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DocumentError<'a> {
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
/// The body holds nothing, or begins as an array and is none or has too many elements.
pub(crate) fn documents(
    bytes: &[u8],
) -> Result<impl Iterator<Item = Result<&[u8], DocumentError<'_>>>, BodyError> {
    // A byte order mark is no JSON, but some senders write one.
    let rest = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let rest = rest.trim_ascii();
    let (elements, rest) = match rest.first() {
        None => return Err("holds no record".into()),
        Some(b'[') => (elements(rest)?, &b""[..]),
        Some(_) => (Vec::new(), rest),
    };
    let elements = elements.into_iter().map(|raw| Ok(raw.get().as_bytes()));
    Ok(elements.chain(Sequence { rest, after: None }))
}

fn elements(bytes: &[u8]) -> Result<Vec<&RawValue>, BodyError> {
    let elements: Elements<'_, ELEMENTS_MAX> =
        serde_json::from_slice(bytes).map_err(|error| format!("not JSON: {error}"))?;
    match elements.all() {
        Some(elements) if elements.is_empty() => Err("holds no record".into()),
        Some(elements) => Ok(elements),
        None => Err(BodyError::TooMany(ELEMENTS_MAX)),
    }
}

struct Sequence<'a> {
    rest: &'a [u8],
    /// What follows the line that `rest` is, once a document was found that broke off behind its
    /// first line. From then on each is looked for within a line: otherwise every line of a body of
    /// open brackets would be read to the body's end.
    after: Option<&'a [u8]>,
}

impl<'a> Sequence<'a> {
    /// The first line, and what follows it.
    fn line(bytes: &'a [u8]) -> (&'a [u8], &'a [u8]) {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        (line, rest.get(1..).unwrap_or_default())
    }

    /// Goes to the next document; `None` at the end.
    fn begin(&mut self) -> Option<()> {
        loop {
            // NUL ends a record of GELF over TCP.
            while let [b' ' | b'\t' | b'\r' | b'\n' | 0, rest @ ..] = self.rest {
                self.rest = rest;
            }
            if !self.rest.is_empty() {
                return Some(());
            }
            let after = self.after.filter(|after| !after.is_empty())?;
            let (line, after) = Self::line(after);
            (self.rest, self.after) = (line, Some(after));
        }
    }
}

impl<'a> Iterator for Sequence<'a> {
    type Item = Result<&'a [u8], DocumentError<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.begin()?;
        let mut stream =
            serde_json::Deserializer::from_slice(self.rest).into_iter::<&'a RawValue>();
        let error = match stream.next()? {
            Ok(raw) => {
                self.rest = self.rest.get(stream.byte_offset()..).unwrap_or_default();
                return Some(Ok(raw.get().as_bytes()));
            }
            Err(error) => error,
        };
        let (bad, rest) = Self::line(self.rest);
        if error.line() > 1 {
            (self.rest, self.after) = (&[], Some(rest));
        } else {
            self.rest = rest;
        }
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
    fn a_body_of_open_brackets_is_read_once() {
        // Read to the end from each line it would take minutes.
        let body = "{\"a\":\n".repeat(1 << 20) + "{\"b\":1}{\"c\":2}\n\n{\"d\":3}";
        let (mut good, mut bad) = (0, 0);
        for document in documents(body.as_bytes()).unwrap() {
            match document {
                Ok(_) => good += 1,
                Err(_) => bad += 1,
            }
        }
        assert_eq!((good, bad), (3, 1 << 20));
    }

    #[test]
    fn one_line_of_many_documents_is_read_once() {
        let body = format!("{{\"a\":\n]\n{}", "{}".repeat(1 << 20));
        let read: Vec<bool> = documents(body.as_bytes())
            .unwrap()
            .map(|it| it.is_ok())
            .collect();
        assert_eq!(read.len(), (1 << 20) + 2);
        assert!(read[2..].iter().all(|good| *good));
    }

    #[test]
    fn nothing_is_no_body() {
        for body in ["", " \n", "[]"] {
            assert!(documents(body.as_bytes()).is_err());
        }
        assert!(documents(b"[1,").is_err());
    }

    #[test]
    fn an_array_of_too_many_elements_is_no_broken_one() {
        let array = |n: usize| format!("[{}0]", "0,".repeat(n - 1));
        assert_eq!(
            documents(array(100_000).as_bytes()).unwrap().count(),
            100_000
        );
        let refused = documents(array(100_001).as_bytes()).err();
        assert_eq!(refused, Some(BodyError::TooMany(100_000)));
    }
}
