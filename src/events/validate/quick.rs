//! The usual form of an event in one walk: known fields once each, texts without escapes, plain
//! numbers.
//!
//! What is unusual or wrong is left to [`super::input`], which says what is wrong: whatever is read
//! here is read there alike, only slower.

use std::net::IpAddr;

use base::{Severity, Timestamp};

use super::super::model::{
    ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, SOURCE_NAME_MAX, TAG_MAX, TAGS_MAX,
};
use super::Check;

/// How deep lists and objects may be nested here.
const DEPTH_MAX: u8 = 8;
/// Names remembered at once, of all objects around a value.
const NAMES_MAX: usize = 64;
/// Unknown fields.
const UNKNOWN_MAX: usize = 16;
/// Longest number: no such number is too large for anyone.
const NUMBER_MAX: usize = 32;

/// An event, valid, its texts still in the JSON.
#[derive(Debug, Default)]
pub(super) struct Quick<'a> {
    pub(super) source_name: &'a str,
    pub(super) event_type: &'a str,
    pub(super) severity: Option<Severity>,
    pub(super) description: &'a str,
    pub(super) ip_address: Option<(&'a str, IpAddr)>,
    pub(super) occurred_at: Option<Timestamp>,
    pub(super) tags: Vec<&'a str>,
    /// The object as it stands; nothing when it is empty.
    pub(super) attributes: &'a str,
    /// Names and values that belong into the attributes, behind the others.
    pub(super) unknown: Few<(&'a str, &'a str), UNKNOWN_MAX>,
}

/// A list with room for `N`, without a heap.
#[derive(Debug)]
pub(super) struct Few<T, const N: usize> {
    all: [T; N],
    length: usize,
}

impl<T: Copy + Default, const N: usize> Default for Few<T, N> {
    fn default() -> Self {
        Self {
            all: [T::default(); N],
            length: 0,
        }
    }
}

impl<T: Copy, const N: usize> Few<T, N> {
    pub(super) fn as_slice(&self) -> &[T] {
        self.all.get(..self.length).unwrap_or_default()
    }

    fn push(&mut self, value: T) -> Option<()> {
        *self.all.get_mut(self.length)? = value;
        self.length = self.length.saturating_add(1);
        Some(())
    }
}

/// Reads one line; `None` when it takes the slow way to say what it is.
pub(super) fn read(text: &str) -> Option<Quick<'_>> {
    let mut reader = Reader {
        text,
        at: 0,
        names: Few::default(),
    };
    let event = reader.event()?;
    reader.space();
    (reader.at == text.len()).then_some(event)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    /// Names of the objects around the value being read.
    names: Few<&'a str, NAMES_MAX>,
}

/// Which fields were there already.
#[derive(Default)]
struct Given {
    fields: u32,
}

impl Given {
    /// Notes a field; `None` when it was there.
    fn first(&mut self, field: u32) -> Option<()> {
        let bit = 1_u32 << field;
        let fresh = self.fields & bit == 0;
        self.fields |= bit;
        fresh.then_some(())
    }

    const fn has(&self, field: u32) -> bool {
        self.fields & (1 << field) != 0
    }
}

impl<'a> Reader<'a> {
    fn event(&mut self) -> Option<Quick<'a>> {
        let mut event = Quick::default();
        let mut given = Given::default();
        self.space();
        self.expect(b'{')?;
        self.space();
        loop {
            let name = self.name()?;
            match name {
                "source_name" | "source" => {
                    given.first(0)?;
                    event.source_name = bounded(self.string()?, SOURCE_NAME_MAX)?;
                }
                "event_type" => {
                    given.first(1)?;
                    event.event_type = self.string().filter(|text| is_slug(text))?;
                }
                "severity" => {
                    given.first(2)?;
                    event.severity = Some(self.string()?.trim().parse().ok()?);
                }
                "description" => {
                    given.first(3)?;
                    event.description = bounded(self.string()?, DESCRIPTION_MAX)?;
                }
                "ip_address" => {
                    given.first(4)?;
                    event.ip_address = self.optional(address)?;
                }
                "occurred_at" => {
                    given.first(5)?;
                    event.occurred_at = self.optional(|text| Check::occurred_at(text).ok())?;
                }
                "tags" => {
                    given.first(6)?;
                    event.tags = self.tags()?;
                }
                "attributes" => {
                    given.first(7)?;
                    event.attributes = self.attributes()?;
                }
                "id" | "timestamp" | "alert" | "geo" | "version" => self.value(0)?,
                _ => {
                    let value = self.raw()?;
                    event.unknown.push((name, value))?;
                }
            }
            self.space();
            match self.next()? {
                b',' => self.space(),
                b'}' => break,
                _ => return None,
            }
        }
        let whole = (0..4).all(|field| given.has(field));
        (whole && self.can_merge(&event)).then_some(event)
    }

    /// Whether no name stands twice among the unknown fields and the attributes, and all together
    /// are not too long.
    fn can_merge(&self, event: &Quick<'_>) -> bool {
        let mut length = event.attributes.len().saturating_add(2);
        let mut unknown = event.unknown.as_slice();
        while let Some(((name, value), rest)) = unknown.split_first() {
            unknown = rest;
            length =
                length.saturating_add(name.len().saturating_add(value.len()).saturating_add(4));
            if rest.iter().any(|(other, _)| other == name) || self.names.as_slice().contains(name) {
                return false;
            }
        }
        length <= ATTRIBUTES_MAX
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.byte()?;
        self.at = self.at.saturating_add(1);
        Some(byte)
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.byte() {
            self.at = self.at.saturating_add(1);
        }
    }

    /// A member's name, up to where its value begins.
    fn name(&mut self) -> Option<&'a str> {
        let name = self.string()?;
        self.space();
        self.expect(b':')?;
        self.space();
        Some(name)
    }

    /// A text without escapes.
    fn string(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let start = self.at;
        let bytes = self.text.as_bytes();
        let mut at = start;
        while let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
            let found = special(u64::from_le_bytes(*word));
            if found != 0 {
                at = at.saturating_add(found.trailing_zeros() as usize / 8);
                break;
            }
            at = at.saturating_add(8);
        }
        while !matches!(bytes.get(at)?, b'"' | b'\\' | 0..0x20) {
            at = at.saturating_add(1);
        }
        self.at = at;
        self.expect(b'"')?;
        self.text.get(start..at)
    }

    /// A text that may be absent.
    #[expect(clippy::option_option, reason = "not readable here, absent, or there")]
    fn optional<T>(&mut self, read: fn(&'a str) -> Option<T>) -> Option<Option<T>> {
        if self.byte()? == b'n' {
            self.word("null")?;
            return Some(None);
        }
        match self.string()? {
            "" => Some(None),
            text => read(text).map(Some),
        }
    }

    fn tags(&mut self) -> Option<Vec<&'a str>> {
        let mut tags = Vec::new();
        self.expect(b'[')?;
        self.space();
        if self.byte()? == b']' {
            self.expect(b']')?;
            return Some(tags);
        }
        while tags.len() < TAGS_MAX {
            tags.push(bounded(self.string()?, TAG_MAX)?);
            self.space();
            match self.next()? {
                b',' => self.space(),
                b']' => return Some(tags),
                _ => return None,
            }
        }
        None
    }

    /// The object as it stands; its names stay among those known.
    fn attributes(&mut self) -> Option<&'a str> {
        if self.byte()? == b'n' {
            self.word("null")?;
            return Some("");
        }
        let (start, known) = (self.at, self.names.length);
        self.object(0)?;
        let whole = self.text.get(start..self.at)?;
        Some(if self.names.length == known {
            ""
        } else {
            whole
        })
    }

    /// A value as it stands.
    fn raw(&mut self) -> Option<&'a str> {
        let (start, known) = (self.at, self.names.length);
        self.value(0)?;
        self.names.length = known;
        self.text.get(start..self.at)
    }

    fn value(&mut self, depth: u8) -> Option<()> {
        match self.byte()? {
            b'"' => self.string().map(drop),
            b'{' => {
                let known = self.names.length;
                self.object(depth)?;
                self.names.length = known;
                Some(())
            }
            b'[' => self.list(depth),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    /// An object, each name once; its names are left for the caller to forget.
    fn object(&mut self, depth: u8) -> Option<()> {
        let inner = depth.checked_add(1).filter(|depth| *depth < DEPTH_MAX)?;
        let first = self.names.length;
        // Which kinds of names there are: most need no comparing.
        let mut kinds = 0_u64;
        self.expect(b'{')?;
        self.space();
        if self.byte()? == b'}' {
            return self.expect(b'}');
        }
        loop {
            let name = self.name()?;
            let kind = 1_u64 << kind(name);
            let mine = self.names.as_slice().get(first..)?;
            if kinds & kind != 0 && mine.contains(&name) {
                return None;
            }
            kinds |= kind;
            self.names.push(name)?;
            self.value(inner)?;
            self.space();
            match self.next()? {
                b',' => self.space(),
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    fn list(&mut self, depth: u8) -> Option<()> {
        let inner = depth.checked_add(1).filter(|depth| *depth < DEPTH_MAX)?;
        self.expect(b'[')?;
        self.space();
        if self.byte()? == b']' {
            return self.expect(b']');
        }
        loop {
            self.value(inner)?;
            self.space();
            match self.next()? {
                b',' => self.space(),
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let rest = self.text.as_bytes().get(self.at..)?;
        if !rest.starts_with(word.as_bytes()) {
            return None;
        }
        self.at = self.at.saturating_add(word.len());
        Some(())
    }

    /// A number without an exponent.
    fn number(&mut self) -> Option<()> {
        let start = self.at;
        if self.byte()? == b'-' {
            self.at = self.at.saturating_add(1);
        }
        match self.next()? {
            b'0' => {}
            b'1'..=b'9' => self.digits(),
            _ => return None,
        }
        if self.byte() == Some(b'.') {
            self.at = self.at.saturating_add(1);
            if !self.byte()?.is_ascii_digit() {
                return None;
            }
            self.digits();
        }
        let is_plain = !matches!(self.byte(), Some(b'e' | b'E' | b'0'..=b'9'));
        (is_plain && self.at.saturating_sub(start) <= NUMBER_MAX).then_some(())
    }

    fn digits(&mut self) {
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at = self.at.saturating_add(1);
        }
    }
}

/// Marks the bytes among eight that end a text or need a closer look: quotes, backslashes,
/// control characters. The lowest mark is true; those above may not be.
const fn special(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let quote = word ^ (ONES * 0x22);
    let slash = word ^ (ONES * 0x5c);
    let quotes = quote.wrapping_sub(ONES) & !quote;
    let slashes = slash.wrapping_sub(ONES) & !slash;
    let controls = word.wrapping_sub(ONES * 0x20) & !word;
    (quotes | slashes | controls) & HIGH
}

/// One of 64 kinds of names; the same name is of the same kind.
fn kind(name: &str) -> u32 {
    let bytes = name.as_bytes();
    let first = bytes.first().map_or(0, |byte| u32::from(*byte));
    let last = bytes.last().map_or(0, |byte| u32::from(*byte));
    let length = u32::try_from(bytes.len()).unwrap_or_default();
    first
        .wrapping_mul(7)
        .wrapping_add(last.wrapping_mul(31))
        .wrapping_add(length.wrapping_mul(13))
        % 64
}

/// A text that surely fits, and holds more than blanks.
fn bounded(text: &str, max: usize) -> Option<&str> {
    let is_blank = || text.trim().is_empty();
    let starts_plainly = text
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_graphic());
    (text.len() <= max && (starts_plainly || !is_blank())).then_some(text)
}

fn is_slug(text: &str) -> bool {
    (1..=EVENT_TYPE_MAX).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':'))
}

fn address(text: &str) -> Option<(&str, IpAddr)> {
    let text = text.trim();
    text.parse().ok().map(|address| (text, address))
}
