//! The header of a line: RFC 5424, RFC 3164, and what senders make of them.

use super::legacy;
use super::structured;
use super::when::{Found, Receipt, leading};
use base::Timestamp;

/// The highest PRI: facility 23, severity 7.
const PRIORITY_MAX: u8 = 191;

/// What a line says of itself before its message begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Header<'a> {
    /// PRI: facility times eight and severity; at most 191.
    pub priority: Option<u8>,
    /// VERSION; 1 is the only one there is.
    pub version: Option<u8>,
    /// TIMESTAMP.
    pub time: Option<Timestamp>,
    /// What stands for TIMESTAMP, where it is no time that can be read.
    pub timestamp: Option<&'a str>,
    /// HOSTNAME.
    pub hostname: Option<&'a str>,
    /// APP-NAME, or the TAG of RFC 3164 without its number.
    pub appname: Option<&'a str>,
    /// PROCID, or what stands in brackets behind the TAG.
    pub procid: Option<&'a str>,
    /// MSGID.
    pub msgid: Option<&'a str>,
    /// The elements of STRUCTURED-DATA as written; empty when there are none.
    pub structured: &'a str,
    /// The number that routers put before the time.
    pub sequence: Option<u64>,
    /// What Cisco's messages begin with.
    pub mnemonic: Option<Mnemonic<'a>>,
    /// MSG: everything behind the header.
    pub message: &'a str,
}

/// `%FACILITY-SEVERITY-MNEMONIC:`, such as `%SYS-5-CONFIG_I:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mnemonic<'a> {
    /// The part of the system, such as `SYS`.
    pub facility: &'a str,
    /// As in syslog, 0 to 7.
    pub severity: u8,
    /// The kind of message, such as `CONFIG_I`.
    pub name: &'a str,
}

impl<'a> Header<'a> {
    /// Reads a line; whatever it is, it is read as something.
    #[must_use]
    pub fn read(line: &'a str, receipt: &Receipt<'_>) -> Self {
        let mut header = Self::default();
        let line = trimmed(without_count(line));
        let rest = match priority(line) {
            Some((priority, rest)) => {
                header.priority = Some(priority);
                rest.trim_start_matches(' ')
            }
            None => line,
        };
        if header.priority.is_none() || !header.versioned(rest, receipt) {
            legacy::read(&mut header, rest, receipt);
        }
        header.message = payload(header.message);
        header.mnemonic = mnemonic(header.message);
        header
    }

    /// Its severity, 0 to 7: of the PRI, else what Cisco's beginning says.
    #[must_use]
    pub fn severity(&self) -> Option<u8> {
        let of_priority = self.priority.map(|priority| priority & 7);
        of_priority.or_else(|| self.mnemonic.map(|mnemonic| mnemonic.severity))
    }

    /// RFC 5424 behind the PRI, fields missing at the end or not; `false` when it is something
    /// else, which then is left as it was.
    fn versioned(&mut self, text: &'a str, receipt: &Receipt<'_>) -> bool {
        let Some(rest) = text.strip_prefix('1') else {
            return false;
        };
        if rest.is_empty() {
            self.version = Some(1);
            return true;
        }
        let Some(rest) = rest.strip_prefix(' ') else {
            return false;
        };
        let (token, behind) = token(rest);
        if let Some(Found { time, rest, .. }) = leading(rest, receipt) {
            self.time = Some(time);
            self.version = Some(1);
            self.fields(rest);
        } else if token == "-" || epoch(token).is_some() || token.is_empty() {
            self.time = epoch(token);
            self.version = Some(1);
            self.fields(behind);
        } else if self.all_fields(behind) {
            self.timestamp = Some(token);
            self.version = Some(1);
        } else {
            return false;
        }
        true
    }

    /// The fields behind the time, as many as there are.
    fn fields(&mut self, text: &'a str) {
        if self.all_fields(text) {
            return;
        }
        let (hostname, rest) = token(text);
        self.hostname = named(hostname);
        // RFC 3164 behind a time of RFC 5424.
        if legacy::tagged(self, rest) {
            return;
        }
        let (appname, rest) = token(rest);
        self.appname = named(appname);
        self.message = rest;
        let (procid, behind) = token(rest);
        if procid == "-" || is_number(procid) {
            self.procid = named(procid);
            self.message = behind;
            if let Some(behind) = strip_word(behind, "-") {
                self.message = behind;
            }
        }
    }

    /// All five fields behind the time, the last well-formed; else `false`, and nothing is set.
    pub(super) fn all_fields(&mut self, text: &'a str) -> bool {
        let (hostname, rest) = token(text);
        let (appname, rest) = token(rest);
        let (procid, rest) = token(rest);
        let (msgid, rest) = token(rest);
        let Some(length) = structured::length(rest) else {
            return false;
        };
        let (structured, message) = rest.split_at_checked(length).unwrap_or((rest, ""));
        self.hostname = named(hostname);
        self.appname = named(appname);
        self.procid = named(procid);
        self.msgid = named(msgid);
        self.structured = if structured == "-" { "" } else { structured };
        self.message = message.strip_prefix(' ').unwrap_or(message);
        true
    }
}

/// The line without what frames it: byte order mark, white space, and the ends LF, CRLF and NUL.
pub(super) fn trimmed(line: &str) -> &str {
    let frame = |c: char| c.is_ascii_whitespace() || c == '\0' || c == '\u{feff}';
    line.trim_start_matches(frame)
        .trim_end_matches(|c: char| c.is_ascii_whitespace() || c == '\0')
}

/// The line without the count of its bytes, where it kept it.
fn without_count(line: &str) -> &str {
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    match line.get(digits..).and_then(|rest| rest.strip_prefix(' ')) {
        Some(rest) if (1..=7).contains(&digits) && priority(rest).is_some() => rest,
        _ => line,
    }
}

/// `<PRI>` and what follows it.
fn priority(text: &str) -> Option<(u8, &str)> {
    let rest = text.strip_prefix('<')?;
    let digits = rest.bytes().take(4).take_while(u8::is_ascii_digit).count();
    if !(1..=3).contains(&digits) {
        return None;
    }
    let (number, rest) = rest.split_at_checked(digits)?;
    let number = number
        .parse()
        .ok()
        .filter(|number| *number <= PRIORITY_MAX)?;
    Some((number, rest.strip_prefix('>')?))
}

/// The message without a byte order mark and without the cookie of CEE before JSON.
fn payload(message: &str) -> &str {
    let message = message.trim_start_matches('\u{feff}');
    match message.trim_start().strip_prefix("@cee:") {
        Some(rest) if rest.trim_start().starts_with('{') => rest.trim_start(),
        _ => message,
    }
}

fn mnemonic(message: &str) -> Option<Mnemonic<'_>> {
    /// Longest of its three parts together.
    const MAX: usize = 96;
    let rest = message.strip_prefix('%')?;
    let end = rest.bytes().take(MAX).position(|byte| byte == b':')?;
    let (before, name) = rest.get(..end)?.rsplit_once('-')?;
    let (facility, severity) = before.rsplit_once('-')?;
    let word = |text: &str| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        !text.is_empty() && text.bytes().all(good)
    };
    let severity = severity.parse().ok().filter(|severity| *severity <= 7)?;
    (word(facility) && word(name)).then_some(Mnemonic {
        facility,
        severity,
        name,
    })
}

/// The text up to the next space, and what follows that one space.
pub(super) fn token(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

/// What follows a word and its space; `None` when the text begins with another.
fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (first, rest) = token(text);
    (first == word).then_some(rest)
}

/// A field that is not `-`.
pub(super) fn named(field: &str) -> Option<&str> {
    (!field.is_empty() && field != "-").then_some(field)
}

pub(super) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Seconds since 1970, with or without a fraction, where a time should stand.
fn epoch(token: &str) -> Option<Timestamp> {
    let digits = token.bytes().take_while(u8::is_ascii_digit).count();
    if !(9..=10).contains(&digits) {
        return None;
    }
    super::super::parse_time(token)
}
