//! Messages in a stream of bytes (RFC 6587): counted, or ended by LF or NUL.

/// Most digits of a count.
const DIGITS_MAX: usize = 8;
/// The largest count that is believed; what claims to be longer is read as a line.
const COUNT_MAX: usize = 16 << 20;

/// How a message was told from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// Its length stands before it.
    OctetCounted,
    /// A line feed ends it, or the end of the stream.
    Lf,
    /// A NUL ends it.
    Nul,
    /// It came alone.
    Datagram,
}

impl Framing {
    /// Its word in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::OctetCounted => "octet_counted",
            Self::Lf => "lf",
            Self::Nul => "nul",
            Self::Datagram => "datagram",
        }
    }
}

/// A message as it stood in the stream, without what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'b> {
    /// Its bytes.
    pub bytes: &'b [u8],
    /// How it ended.
    pub framing: Framing,
    /// Whether its end is missing: it was too long, or the stream ended within it.
    pub truncated: bool,
}

/// Cuts a stream into messages. A stream is counted when it begins with a count and `<`; else its
/// messages are lines. In both what belongs to the other is understood where nothing is lost by
/// it, for there are senders that mix them.
#[derive(Clone, Debug)]
pub struct Frames {
    max: usize,
    mode: Mode,
    /// Whether NUL ends messages: then a line feed ends one only where the next begins behind it.
    nul: bool,
    rest: Rest,
    /// Bytes of the unfinished message that hold no end.
    scanned: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Unknown,
    Counted,
    Lines,
}

/// What is left of a message that was too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    Bytes(usize),
    Line,
}

/// What a message begins with.
enum Start {
    /// A count: the bytes it takes, and the bytes it counts.
    Count(usize, usize),
    Line,
    /// More bytes are needed to tell.
    Unknown,
}

impl Frames {
    /// For messages of at most `max` bytes; of longer ones the beginning is kept.
    #[must_use]
    pub const fn new(max: usize) -> Self {
        Self {
            max,
            mode: Mode::Unknown,
            nul: false,
            rest: Rest::Nothing,
            scanned: 0,
        }
    }

    /// Whether a message has begun whose end is yet to come, `buffer` being what is left.
    #[must_use]
    pub fn is_within(&self, buffer: &[u8]) -> bool {
        self.rest != Rest::Nothing || !buffer.is_empty()
    }

    /// Takes the next message off the buffer; `None` when its end is not there yet. Bytes that
    /// belong to no message are taken off too. With `ended`, no more bytes will come.
    pub fn next<'b>(&mut self, buffer: &mut &'b [u8], ended: bool) -> Option<Frame<'b>> {
        loop {
            if !self.drop_rest(buffer, ended) {
                return None;
            }
            while let [b'\n' | b'\r' | 0, behind @ ..] = *buffer {
                *buffer = behind;
                self.scanned = 0;
            }
            if buffer.is_empty() {
                return None;
            }
            let frame = match self.start(buffer, ended) {
                Start::Unknown => return None,
                Start::Count(digits, length) => self.counted(buffer, digits, length, ended)?,
                Start::Line => self.line(buffer, ended)?,
            };
            self.scanned = 0;
            if !frame.bytes.trim_ascii().is_empty() {
                return Some(frame);
            }
        }
    }

    /// Drops what is left of a message that was too long; `false` when more of it will come.
    fn drop_rest(&mut self, buffer: &mut &[u8], ended: bool) -> bool {
        match self.rest {
            Rest::Nothing => true,
            Rest::Bytes(left) => {
                let here = left.min(buffer.len());
                *buffer = buffer.get(here..).unwrap_or_default();
                let left = left.saturating_sub(here);
                self.rest = if left == 0 {
                    Rest::Nothing
                } else {
                    Rest::Bytes(left)
                };
                left == 0
            }
            Rest::Line => {
                let end = self.end(buffer, ended);
                let after = end.map_or(self.scanned, |end| end.saturating_add(1));
                *buffer = buffer.get(after..).unwrap_or_default();
                self.scanned = 0;
                if end.is_some() {
                    self.rest = Rest::Nothing;
                }
                end.is_some()
            }
        }
    }

    fn start(&mut self, buffer: &[u8], ended: bool) -> Start {
        let digits = buffer.iter().take(DIGITS_MAX.saturating_add(1));
        let digits = digits.take_while(|byte| byte.is_ascii_digit()).count();
        if digits == 0 || digits > DIGITS_MAX || buffer.first() == Some(&b'0') {
            return Start::Line;
        }
        let unknown = if ended { Start::Line } else { Start::Unknown };
        match buffer.get(digits) {
            None => return unknown,
            Some(b' ') => {}
            Some(_) => return Start::Line,
        }
        let number = buffer
            .get(..digits)
            .and_then(|digits| std::str::from_utf8(digits).ok());
        let length = number.and_then(|digits| digits.parse().ok());
        let Some(length) = length.filter(|length| *length <= COUNT_MAX) else {
            return Start::Line;
        };
        let prefix = digits.saturating_add(1);
        let body = buffer.get(prefix..).unwrap_or_default();
        if self.mode == Mode::Counted {
            return Start::Count(prefix, length);
        }
        match body {
            [] => unknown,
            [b'<', byte, ..] if byte.is_ascii_digit() && self.mode == Mode::Unknown => {
                Start::Count(prefix, length)
            }
            [b'<'] if self.mode == Mode::Unknown => unknown,
            [b'<', byte, ..] if byte.is_ascii_digit() && length <= self.max => {
                self.among_lines(buffer, prefix, length, unknown)
            }
            _ => Start::Line,
        }
    }

    /// Among lines a count is believed only when it ends where a line may end: nobody can make the
    /// lines that follow disappear in one.
    fn among_lines(
        &mut self,
        buffer: &[u8],
        prefix: usize,
        length: usize,
        unknown: Start,
    ) -> Start {
        let whole = prefix.saturating_add(length);
        let behind = buffer.get(self.scanned..).unwrap_or_default();
        match behind.iter().position(|byte| matches!(byte, b'\n' | 0)) {
            Some(end) if self.scanned.saturating_add(end).saturating_add(1) < whole => Start::Line,
            _ if buffer.len() >= whole => Start::Count(prefix, length),
            _ => {
                self.scanned = buffer.len();
                unknown
            }
        }
    }

    fn counted<'b>(
        &mut self,
        buffer: &mut &'b [u8],
        prefix: usize,
        length: usize,
        ended: bool,
    ) -> Option<Frame<'b>> {
        let body = buffer.get(prefix..).unwrap_or_default();
        let wanted = length.min(self.max);
        if body.len() < wanted && !ended {
            return None;
        }
        if self.mode == Mode::Unknown {
            self.mode = Mode::Counted;
        }
        let (bytes, after) = body.split_at_checked(wanted).unwrap_or((body, &[]));
        *buffer = after;
        let left = length.saturating_sub(bytes.len());
        if left > 0 {
            self.rest = Rest::Bytes(left);
        }
        Some(Frame {
            bytes: without_end(whole(bytes, left > 0)),
            framing: Framing::OctetCounted,
            truncated: left > 0,
        })
    }

    fn line<'b>(&mut self, buffer: &mut &'b [u8], ended: bool) -> Option<Frame<'b>> {
        let end = self.end(buffer, ended);
        if end.is_none() && buffer.len() <= self.max && !ended {
            return None;
        }
        if self.mode == Mode::Unknown {
            self.mode = Mode::Lines;
        }
        let length = end.unwrap_or(buffer.len());
        let kept = length.min(self.max);
        let truncated = kept < length;
        // How a line ends that is too long is not always known yet, so it is never said.
        let framing = if !truncated && end.and_then(|end| buffer.get(end)) == Some(&0) {
            self.nul = true;
            Framing::Nul
        } else {
            Framing::Lf
        };
        let (bytes, after) = buffer.split_at_checked(kept).unwrap_or((buffer, &[]));
        *buffer = if truncated {
            self.rest = Rest::Line;
            after
        } else {
            after.get(1..).unwrap_or_default()
        };
        Some(Frame {
            bytes: without_end(whole(bytes, truncated)),
            framing,
            truncated,
        })
    }

    /// Whether the first message of a stream, in which a line feed stands, is ended by a NUL: one
    /// comes, and no other message begins before it. That NUL ends messages is known from then on.
    fn is_ended_by_nul(&mut self, message: &[u8], after: &[u8]) -> bool {
        if self.mode != Mode::Unknown || !begins(message) {
            return false;
        }
        let before = after
            .iter()
            .position(|byte| *byte == 0)
            .and_then(|nul| after.get(..nul));
        let is = before.is_some_and(|before| {
            !before.is_empty() && !before.split(|byte| *byte == b'\n').any(begins)
        });
        self.nul |= is;
        is
    }

    /// Where the line ends. Remembers how far it looked, so that a line that comes byte by byte is
    /// looked through once.
    fn end(&mut self, buffer: &[u8], ended: bool) -> Option<usize> {
        let mut at = self.scanned;
        loop {
            let behind = buffer.get(at..)?;
            let Some(found) = behind.iter().position(|byte| matches!(byte, b'\n' | 0)) else {
                self.scanned = buffer.len();
                return None;
            };
            at = at.saturating_add(found);
            let next = buffer.get(at.saturating_add(1)..).unwrap_or_default();
            let ends = match (buffer.get(at), next) {
                (Some(0), _) => true,
                _ if !self.nul && !self.is_ended_by_nul(buffer, next) => true,
                (_, []) if !ended => {
                    self.scanned = at;
                    return None;
                }
                (_, next) => begins(next),
            };
            if ends {
                return Some(at);
            }
            at = at.saturating_add(1);
        }
    }
}

/// Whether a message begins here: with a PRI, or as JSON.
fn begins(bytes: &[u8]) -> bool {
    match bytes {
        [b'<', byte, ..] => byte.is_ascii_digit(),
        [b'{', ..] => true,
        _ => false,
    }
}

/// The messages of a datagram. It should be one; of several lines each that begins with a PRI or
/// as JSON is one of its own.
pub fn datagram(bytes: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        while !rest.is_empty() {
            let ends = |at: &usize| {
                let behind = rest.get(at.saturating_add(1)..).unwrap_or_default();
                matches!(rest.get(*at), Some(b'\n' | 0)) && begins(behind)
            };
            let end = (0..rest.len()).find(ends).unwrap_or(rest.len());
            let (bytes, after) = rest.split_at_checked(end).unwrap_or((rest, &[]));
            rest = after.get(1..).unwrap_or_default();
            let bytes = without_end(bytes);
            if !bytes.trim_ascii().is_empty() {
                return Some(Frame {
                    bytes,
                    framing: Framing::Datagram,
                    truncated: false,
                });
            }
        }
        None
    })
}

/// Without the line feeds, carriage returns and NULs at the end.
fn without_end(bytes: &[u8]) -> &[u8] {
    let end = bytes
        .iter()
        .rposition(|byte| !matches!(byte, b'\n' | b'\r' | 0));
    bytes
        .get(..end.map_or(0, |end| end.saturating_add(1)))
        .unwrap_or_default()
}

/// Without the half of a character at the end, where bytes were cut off.
fn whole(bytes: &[u8], cut: bool) -> &[u8] {
    if !cut {
        return bytes;
    }
    let tail = bytes.iter().rev().take(4);
    let Some(back) = tail.clone().position(|byte| byte & 0xC0 != 0x80) else {
        return bytes;
    };
    let at = bytes.len().saturating_sub(back).saturating_sub(1);
    let (kept, last) = bytes.split_at_checked(at).unwrap_or((bytes, &[]));
    if std::str::from_utf8(last).is_ok() {
        bytes
    } else {
        kept
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Told = (String, Framing, bool);

    /// What comes of a stream that arrives in the given parts.
    fn parts<'a>(max: usize, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<Told> {
        let mut frames = Frames::new(max);
        let mut buffer: Vec<u8> = Vec::new();
        let mut told = Vec::new();
        let mut take = |buffer: &mut Vec<u8>, frames: &mut Frames, ended| {
            let mut rest = buffer.as_slice();
            while let Some(frame) = frames.next(&mut rest, ended) {
                assert!(frame.bytes.len() <= max);
                let text = String::from_utf8_lossy(frame.bytes).into_owned();
                told.push((text, frame.framing, frame.truncated));
            }
            let left = rest.len();
            buffer.drain(..buffer.len() - left);
        };
        for part in parts {
            buffer.extend(part);
            take(&mut buffer, &mut frames, false);
            assert!(buffer.len() <= max + 16, "what waits is bounded");
        }
        take(&mut buffer, &mut frames, true);
        assert!(buffer.is_empty());
        told
    }

    /// The same, however the stream is split into two or into single bytes.
    fn told(stream: &[u8]) -> Vec<Told> {
        let whole = parts(1_000, [stream]);
        assert_eq!(parts(1_000, stream.chunks(1)), whole, "byte by byte");
        for at in 0..stream.len() {
            assert_eq!(
                parts(1_000, [&stream[..at], &stream[at..]]),
                whole,
                "split at {at}"
            );
        }
        whole
    }

    fn texts(stream: &[u8]) -> Vec<String> {
        told(stream).into_iter().map(|(text, ..)| text).collect()
    }

    fn count(message: &str) -> String {
        format!("{} {message}", message.len())
    }

    #[test]
    fn counted_messages_follow_each_other_with_anything_between_them() {
        let (one, two) = ("<13>1 - a - - - - line 1\nline 2", "<13>2 <14>3");
        for between in ["", "\n", "\r\n", "\0", "\n\n"] {
            let stream = format!("{}{between}{}{between}", count(one), count(two));
            let told = told(stream.as_bytes());
            let expected = [one, two].map(|it| (it.to_owned(), Framing::OctetCounted, false));
            assert_eq!(told, expected, "{between:?}");
        }
        let inside = format!("{}{}", count("<13>x\n"), count("<13>y\r\n"));
        assert_eq!(texts(inside.as_bytes()), ["<13>x", "<13>y"]);
        let bare = format!("{}{}", count("<13>x"), count("no PRI"));
        assert_eq!(texts(bare.as_bytes()), ["<13>x", "no PRI"]);
    }

    #[test]
    fn lines_end_with_lf_crlf_or_nul_and_the_last_at_the_close() {
        let told = told(b"<13>a\n\n<13>b\r\n<13>c\0<13>d\0\n<13>e");
        let expected = [
            ("<13>a", Framing::Lf),
            ("<13>b", Framing::Lf),
            ("<13>c", Framing::Nul),
            ("<13>d", Framing::Nul),
            ("<13>e", Framing::Lf),
        ];
        assert_eq!(
            told,
            expected.map(|(text, framing)| (text.to_owned(), framing, false))
        );
    }

    #[test]
    fn a_stream_may_change_from_lines_to_counts_and_back() {
        let stream = format!(
            "<13>a\n{}{}<13>d\n{}\n",
            count("<13>b"),
            count("<13>c"),
            count("<13>e")
        );
        assert_eq!(
            texts(stream.as_bytes()),
            ["<13>a", "<13>b", "<13>c", "<13>d", "<13>e"]
        );
        let stream = format!("{}stray\n{}", count("<13>a"), count("<13>b"));
        assert_eq!(texts(stream.as_bytes()), ["<13>a", "stray", "<13>b"]);
    }

    #[test]
    fn digits_that_are_no_count_are_text() {
        let lines = [
            "2026 was a year",
            "12 <b>bold</b>",
            "007 <13>x",
            "99999999 <13>x",
            "123456789 <1>",
            "5",
        ];
        let stream = lines.join("\n");
        assert_eq!(texts(stream.as_bytes()), lines);
    }

    #[test]
    fn no_line_can_make_those_behind_it_disappear() {
        let stream = b"<13>a\n500 <13>b\n<13>c\n<13>d\n";
        assert_eq!(texts(stream), ["<13>a", "500 <13>b", "<13>c", "<13>d"]);
    }

    #[test]
    fn a_message_of_several_lines_stays_whole_where_nul_ends_messages() {
        let stream = b"<13>first\0<11>Traceback\n  File x\nError\0<13>next\0";
        let expected = ["<13>first", "<11>Traceback\n  File x\nError", "<13>next"];
        assert_eq!(texts(stream), expected);
        let at_once = parts(1_000, [&b"<11>Traceback\n  File x\0<13>b\n<13>c\0"[..]]);
        let at_once: Vec<&str> = at_once.iter().map(|(text, ..)| text.as_str()).collect();
        assert_eq!(at_once, ["<11>Traceback\n  File x", "<13>b", "<13>c"]);
    }

    #[test]
    fn of_what_is_too_long_the_beginning_is_kept_and_the_rest_dropped() {
        let long = format!("<13>{}", "ü".repeat(600));
        let kept = format!("<13>{}", "ü".repeat(498));
        for stream in [
            format!("{}{}", count(&long), count("<13>next")),
            format!("{long}\n<13>next\n"),
            format!("{long}\0<13>next\0"),
        ] {
            let told = told(stream.as_bytes());
            assert_eq!(told.len(), 2, "{told:?}");
            assert_eq!((told[0].0.as_str(), told[0].2), (kept.as_str(), true));
            assert_eq!((told[1].0.as_str(), told[1].2), ("<13>next", false));
        }
        let cut_off = count("<13>only half").replace("half", "h");
        assert_eq!(
            told(cut_off.as_bytes()),
            [("<13>only h".to_owned(), Framing::OctetCounted, true)]
        );
    }

    #[test]
    fn a_datagram_is_a_message_unless_several_begin_in_it() {
        let of = |bytes: &'static [u8]| -> Vec<&'static str> {
            datagram(bytes)
                .map(|frame| std::str::from_utf8(frame.bytes).unwrap())
                .collect()
        };
        assert_eq!(of(b"<11>disk failed\0"), ["<11>disk failed"]);
        assert_eq!(
            of(b"<11>Traceback\n  File x\n"),
            ["<11>Traceback\n  File x"]
        );
        assert_eq!(of(b"<11>a\n<11>b\r\n<11>c\n"), ["<11>a", "<11>b", "<11>c"]);
        assert_eq!(of(b"{\"a\":1}\n{\"a\":2}\n"), ["{\"a\":1}", "{\"a\":2}"]);
        assert_eq!(of(b"\n\0"), [""; 0]);
    }

    #[test]
    fn a_line_that_comes_byte_by_byte_is_looked_through_once() {
        // Quadratic, this would take minutes.
        let line = vec![b'x'; 300_000];
        let mut frames = Frames::new(1 << 20);
        for end in 0..line.len() {
            assert!(frames.next(&mut &line[..end], false).is_none());
        }
    }

    fn piece() -> impl Strategy<Value = String> {
        prop_oneof![
            "[0-9]{1,9} ",
            "<[0-9]{1,3}>",
            "[\n\r\0]",
            "[a-zü{}\\[\\]\" :]{0,12}",
            ".{0,6}",
        ]
    }

    proptest! {
        #[test]
        fn every_split_of_every_stream_ends_and_keeps_its_bounds(
            pieces in prop::collection::vec(piece(), 0..40),
            max in 1_usize..60,
            size in 1_usize..9,
        ) {
            let stream = pieces.concat();
            parts(max, stream.as_bytes().chunks(size));
            let kept: usize = datagram(stream.as_bytes()).map(|frame| frame.bytes.len()).sum();
            prop_assert!(kept <= stream.len());
        }
    }
}
