//! Follows the framing of the requests on a connection, beside the parser that serves them.
//!
//! Two things need it. hyper (1.12) drops `Content-Length` when a request also carries
//! `Transfer-Encoding`, so nothing above it can see that the head was ambiguous; and the idle and
//! header deadlines depend on whether a head has begun. This follower never decides what a request
//! is: if it lost its place, hyper would still frame the request, answer it once and close.
//!
//! hyper accepts only strict heads (a name directly followed by a colon, no folded lines, lines
//! ended by LF or CRLF), which is what makes following them line by line exact.

/// The most bytes kept of a header line that arrives in pieces.
///
/// Enough for the two headers of interest with generous white space; a longer `Content-Length`
/// line is treated as unreadable.
const LINE_KEPT_MAX: usize = 256;

/// Where in the sequence of requests the bytes received so far end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing of the next request has arrived.
    Between,
    /// Inside a request head.
    Head,
    /// Inside a body of which this many bytes are missing.
    Length(u64),
    /// Inside a chunked body.
    Chunked(Chunk),
    /// After a head whose framing is ambiguous: where the next request starts is not defined.
    Lost,
}

/// Where inside a chunked body the bytes received so far end (RFC 9112 section 7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk {
    Size(u64),
    Extension(u64),
    Data(u64),
    TrailerStart,
    Trailer,
    TrailerLf,
    EndLf,
}

/// Follows request heads and bodies through the bytes of one connection.
#[derive(Debug)]
pub(super) struct Framing {
    place: Place,
    partial_line: Vec<u8>,
    saw_request_line: bool,
    length: Option<u64>,
    chunked: bool,
    unreadable: bool,
    heads: u64,
    ambiguous_head: Option<u64>,
}

impl Framing {
    pub(super) fn new() -> Self {
        Self {
            place: Place::Between,
            partial_line: Vec::new(),
            saw_request_line: false,
            length: None,
            chunked: false,
            unreadable: false,
            heads: 0,
            ambiguous_head: None,
        }
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    /// Returns how many complete heads have been seen.
    pub(super) fn heads(&self) -> u64 {
        self.heads
    }

    /// Returns which head, counted from 1, had an ambiguous body length.
    pub(super) fn ambiguous_head(&self) -> Option<u64> {
        self.ambiguous_head
    }

    /// Takes the next bytes of the connection, in pieces of any size.
    pub(super) fn observe(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.place {
                Place::Between | Place::Head => self.observe_head(bytes),
                Place::Length(missing) => {
                    let (missing, rest) = skip(missing, bytes);
                    self.place = match missing {
                        0 => Place::Between,
                        _ => Place::Length(missing),
                    };
                    rest
                }
                Place::Chunked(chunk) => {
                    let (place, rest) = observe_chunk(chunk, bytes);
                    self.place = place;
                    rest
                }
                Place::Lost => return,
            };
        }
    }

    fn observe_head<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        self.place = Place::Head;
        let mut parts = bytes.splitn(2, |byte| *byte == b'\n');
        let (Some(line), rest) = (parts.next(), parts.next()) else {
            return &[];
        };
        let Some(rest) = rest else {
            self.keep(line);
            return &[];
        };
        if self.partial_line.is_empty() {
            self.observe_line(line);
        } else {
            self.keep(line);
            let kept = std::mem::take(&mut self.partial_line);
            self.observe_line(&kept);
        }
        rest
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = LINE_KEPT_MAX.saturating_sub(self.partial_line.len());
        self.partial_line.extend(piece.iter().take(room));
    }

    fn observe_line(&mut self, line: &[u8]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.is_empty() {
            // Empty lines before a request line are skipped (RFC 9112 section 2.2).
            if self.saw_request_line {
                self.end_head();
            }
        } else if !self.saw_request_line {
            self.saw_request_line = true;
        } else if let Some(value) = value_of(line, b"content-length") {
            match parse_length(value) {
                Some(length) if self.length.is_none_or(|previous| previous == length) => {
                    self.length = Some(length);
                }
                _ => self.unreadable = true,
            }
        } else if value_of(line, b"transfer-encoding").is_some() {
            self.chunked = true;
        }
    }

    fn end_head(&mut self) {
        self.heads = self.heads.saturating_add(1);
        let both = self.chunked && self.length.is_some();
        self.place = if both || self.unreadable {
            self.ambiguous_head = Some(self.heads);
            Place::Lost
        } else if self.chunked {
            Place::Chunked(Chunk::Size(0))
        } else {
            match self.length {
                None | Some(0) => Place::Between,
                Some(length) => Place::Length(length),
            }
        };
        self.saw_request_line = false;
        self.length = None;
        self.chunked = false;
    }
}

/// Skips up to `missing` bytes; returns what is still missing and the rest of the bytes.
fn skip(missing: u64, bytes: &[u8]) -> (u64, &[u8]) {
    let here = usize::try_from(missing)
        .unwrap_or(usize::MAX)
        .min(bytes.len());
    let rest = bytes.get(here..).unwrap_or(&[]);
    (missing.saturating_sub(here as u64), rest)
}

fn observe_chunk(chunk: Chunk, bytes: &[u8]) -> (Place, &[u8]) {
    if let Chunk::Data(missing) = chunk {
        let (missing, rest) = skip(missing, bytes);
        let next = if missing == 0 {
            Chunk::Size(0)
        } else {
            Chunk::Data(missing)
        };
        return (Place::Chunked(next), rest);
    }
    let Some((byte, rest)) = bytes.split_first() else {
        return (Place::Chunked(chunk), bytes);
    };
    let next = match (chunk, byte) {
        (Chunk::Size(size) | Chunk::Extension(size), b'\n') => match size.checked_add(2) {
            _ if size == 0 => Chunk::TrailerStart,
            // The CRLF after the data belongs to the chunk.
            Some(with_end) => Chunk::Data(with_end),
            None => return (Place::Lost, rest),
        },
        (Chunk::Size(size), digit) => match char::from(*digit).to_digit(16) {
            Some(digit) => match size.checked_mul(16) {
                Some(size) => Chunk::Size(size | u64::from(digit)),
                None => return (Place::Lost, rest),
            },
            None => Chunk::Extension(size),
        },
        (Chunk::TrailerStart, b'\r') => Chunk::EndLf,
        (Chunk::Trailer, b'\r') => Chunk::TrailerLf,
        (Chunk::TrailerStart | Chunk::Trailer, _) => Chunk::Trailer,
        (Chunk::TrailerLf, _) => Chunk::TrailerStart,
        (Chunk::EndLf, _) => return (Place::Between, rest),
        (Chunk::Extension(_) | Chunk::Data(_), _) => chunk,
    };
    (Place::Chunked(next), rest)
}

/// Returns the value of a header line if it has this name, in any case.
fn value_of<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let (head, rest) = line.split_at_checked(name.len())?;
    let value = rest.strip_prefix(b":")?;
    head.eq_ignore_ascii_case(name).then_some(value)
}

fn parse_length(value: &[u8]) -> Option<u64> {
    let digits = value.trim_ascii();
    // `u64::from_str` would take a plus sign, which RFC 9110 section 8.6 does not.
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Framing, Place};

    /// Feeds the bytes whole and one by one; both must lead to the same place.
    fn followed(bytes: &[u8]) -> (Place, u64, Option<u64>) {
        let mut whole = Framing::new();
        whole.observe(bytes);
        let mut split = Framing::new();
        for byte in bytes {
            split.observe(&[*byte]);
        }
        let result = (whole.place(), whole.heads(), whole.ambiguous_head());
        assert_eq!(
            result,
            (split.place(), split.heads(), split.ambiguous_head())
        );
        result
    }

    #[test]
    fn bodies_of_every_framing_end_where_the_next_head_begins() {
        let requests: &[u8] =
            b"\r\nPOST / HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:  5 \r\n\r\nG\n\nE\n\
            GET / HTTP/1.1\nHost: a\n\n\
            POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
            a;x=\"1\"\r\n\r\n\r\n012345\r\n0\r\nA: b\r\nC:d\r\n\r\n\
            POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(followed(requests), (Place::Between, 4, None));
    }

    #[test]
    fn an_ambiguous_head_is_named_in_either_order_and_at_any_position() {
        for pair in [
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            "transfer-encoding: chunked\r\nX: y\r\ncontent-length: 5",
            "Content-Length: 5\r\nContent-Length: 6",
            "Content-Length: +5",
        ] {
            let bytes = format!(
                "POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nabGET / HTTP/1.1\r\n{pair}\r\n\r\nrest"
            );
            assert_eq!(
                followed(bytes.as_bytes()),
                (Place::Lost, 2, Some(2)),
                "{pair}"
            );
        }
    }

    #[test]
    fn header_names_inside_a_body_do_not_count() {
        let bytes: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 48\r\n\r\n\
            \r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n";
        assert_eq!(followed(bytes).2, None);
    }

    #[test]
    fn a_line_in_pieces_is_kept_only_up_to_its_bound() {
        let mut framing = Framing::new();
        framing.observe(b"GET / HTTP/1.1\r\n");
        for _ in 0..100 {
            framing.observe(&[b'x'; 100]);
        }
        assert_eq!(framing.partial_line.len(), super::LINE_KEPT_MAX);
        assert_eq!(framing.place(), Place::Head);
    }
}
