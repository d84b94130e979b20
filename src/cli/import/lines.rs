//! Lines of an input that may be endless, or one line.

use std::io::{self, BufRead, BufReader, Read};

/// Bytes read from the input at a time.
const CHUNK: usize = 256 * 1024;

/// Reads lines of at most a given length; longer ones are passed over without being held.
pub(super) struct Lines<R> {
    reader: BufReader<R>,
    length_max: usize,
    number: u64,
    line: Vec<u8>,
}

/// One line and its number, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    pub(super) number: u64,
    /// Without its end; `None` when it is too long.
    pub(super) text: Option<&'a [u8]>,
}

impl<R: Read> Lines<R> {
    pub(super) fn new(input: R, length_max: usize) -> Self {
        Self {
            reader: BufReader::with_capacity(CHUNK, input),
            length_max,
            number: 0,
            line: Vec::new(),
        }
    }

    /// The next line; `None` at the end.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        let (mut some, mut fits) = (false, true);
        loop {
            let chunk = match self.reader.fill_buf() {
                Ok([]) => break,
                Ok(chunk) => chunk,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            some = true;
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let text = chunk.get(..end.unwrap_or(chunk.len())).unwrap_or_default();
            // One more than allowed: a carriage return may still go.
            fits = fits && self.line.len().saturating_add(text.len()) <= self.length_max + 1;
            if fits {
                self.line.extend_from_slice(text);
            }
            let used = text.len().saturating_add(usize::from(end.is_some()));
            self.reader.consume(used);
            if end.is_some() {
                break;
            }
        }
        if !some {
            return Ok(None);
        }
        self.number = self.number.saturating_add(1);
        let mut text = self.line.strip_suffix(b"\r").unwrap_or(&self.line);
        if self.number == 1 {
            text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        }
        let fits = fits && text.len() <= self.length_max;
        Ok(Some(Line {
            number: self.number,
            text: fits.then_some(text),
        }))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(input: &[u8], length_max: usize) -> Vec<Option<String>> {
        let mut lines = Lines::new(input, length_max);
        let mut found = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            assert_eq!(line.number, found.len() as u64 + 1);
            found.push(
                line.text
                    .map(|text| String::from_utf8_lossy(text).into_owned()),
            );
        }
        found
    }

    #[test]
    fn lines_end_as_people_and_programs_end_them() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(all(b"", 9), []);
        assert_eq!(all(b"a\r\n\nb", 9), [text("a"), text(""), text("b")]);
        assert_eq!(
            all("\u{feff}a\n\u{feff}b\n".as_bytes(), 9),
            [text("a"), text("\u{feff}b")]
        );
    }

    #[test]
    fn a_line_that_is_too_long_is_passed_over() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            all(b"12345\r\n123456\n1234567\nx", 5),
            [text("12345"), None, None, text("x")]
        );
        let long = [b"y".repeat(3 * CHUNK), b"\nx".to_vec()].concat();
        assert_eq!(all(&long, 5), [None, text("x")]);
    }

    proptest! {
        #[test]
        fn no_byte_is_lost(lines in prop::collection::vec("[a-z]{0,30}", 0..20)) {
            let mut input = lines.join("\n");
            if !lines.is_empty() {
                input.push('\n');
            }
            let found: Vec<String> = all(input.as_bytes(), 30).into_iter().flatten().collect();
            prop_assert_eq!(found, lines);
        }
    }
}
