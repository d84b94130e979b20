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
