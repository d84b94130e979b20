//! Headers of RFC 3164, which describes what was found in 2001, and of Cisco's routers.

use std::net::IpAddr;

use super::super::severity::log_level;
use super::header::{Header, is_number, token};
use super::when::{Receipt, leading};

/// Longest name of a program, in bytes.
const TAG_MAX: usize = 128;
/// Characters that no host's name has: what holds one of them is the message already.
const NOT_IN_HOSTS: &[char] = &[
    ' ', '=', '"', '\'', '[', ']', '{', '}', '(', ')', '<', '>', '|', ';', '!', '?', '\\',
];

/// Reads what stands behind the PRI, or the whole line where there is none.
pub(super) fn read<'a>(header: &mut Header<'a>, text: &'a str, receipt: &Receipt<'_>) {
    let has_priority = header.priority.is_some();
    let mut text = text;
    if has_priority {
        if let Some(rest) = text.strip_prefix(": ") {
            text = rest.trim_start_matches(' ');
        }
        if let Some((sequence, rest)) = sequence(text) {
            header.sequence = Some(sequence);
            text = rest;
        }
    }
    let mut found = leading(text, receipt);
    if found.is_none()
        && has_priority
        && let Some((origin, rest)) = text.split_once(": ")
        && is_host(origin)
        && let Some(behind) = leading(rest.trim_start_matches(' '), receipt)
    {
        header.hostname = Some(origin);
        found = Some(behind);
    }
    let Some(found) = found else {
        untimed(header, text);
        return;
    };
    header.time = Some(found.time);
    if header.hostname.is_some() {
        if !tagged(header, found.rest) {
            header.message = found.rest;
        }
    } else if !(found.iso && without_version(header, found.rest)) {
        timed(header, found.rest);
    }
}

/// RFC 5424 whose version is missing. To be taken for one, it must name no process or a number.
fn without_version<'a>(header: &mut Header<'a>, text: &'a str) -> bool {
    let procid = text.split(' ').nth(2).unwrap_or_default();
    let appname = text.split(' ').nth(1).unwrap_or_default();
    (procid == "-" || is_number(procid)) && !appname.ends_with(':') && header.all_fields(text)
}

/// `HOST TAG: message`, the host or the tag missing or not.
fn timed<'a>(header: &mut Header<'a>, text: &'a str) {
    if is_payload(text) {
        header.message = text;
        return;
    }
    let (first, rest) = token(text);
    let rest = rest.trim_start_matches(' ');
    // `HOST: ` before a beginning of its own kind, which no message has by chance.
    if let Some(host) = first.strip_suffix(':')
        && is_host(host)
        && (is_format(rest) || numbered_tag(rest).is_some() || host.parse::<IpAddr>().is_ok())
    {
        header.hostname = Some(host);
        if !tagged(header, rest) {
            header.message = rest;
        }
        return;
    }
    if tagged(header, text) {
        return;
    }
    header.message = text;
    let behind = rest.strip_prefix(": ").unwrap_or(rest);
    // Without a PRI it may be a line of any program: then a host needs a tag behind it.
    let is_syslog = header.priority.is_some()
        || (tag(behind).is_some() || is_format(behind)) && log_level(first).is_none();
    if is_syslog && is_host(first) {
        header.hostname = Some(first);
        if !tagged(header, behind) {
            header.message = behind;
        }
    }
}

/// What has no time: a host is believed only before `TAG[number]:`, a tag without a number only
/// behind a PRI.
fn untimed<'a>(header: &mut Header<'a>, text: &'a str) {
    header.message = text;
    if is_payload(text) {
        return;
    }
    let has_priority = header.priority.is_some();
    let (first, rest) = token(text);
    let host = first.strip_suffix(':').unwrap_or(first);
    if has_priority
        && is_host(host)
        && !first.ends_with("]:")
        && (numbered_tag(rest).is_some() || first.ends_with(':') && rest.starts_with('%'))
    {
        header.hostname = Some(host);
        if !tagged(header, rest) {
            header.message = rest;
        }
    } else if has_priority || numbered_tag(text).is_some() {
        tagged(header, text);
    }
}

/// `TAG:`, `TAG[procid]:` or `TAG[number] ` at the beginning: sets it and the message. `false`
/// when something else stands there; then nothing is set.
pub(super) fn tagged<'a>(header: &mut Header<'a>, text: &'a str) -> bool {
    let Some(tag) = tag(text) else {
        return false;
    };
    header.appname = Some(tag.name);
    header.procid = tag.procid;
    header.message = tag.rest;
    true
}

struct Tag<'a> {
    name: &'a str,
    procid: Option<&'a str>,
    rest: &'a str,
}

fn tag(text: &str) -> Option<Tag<'_>> {
    let in_name = |byte: &u8| {
        byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'_' | b'-' | b'.' | b'/' | b'#' | b'+' | b',' | b'(' | b')'
            )
    };
    let length = text.bytes().take(TAG_MAX).take_while(in_name).count();
    let (name, rest) = text.split_at_checked(length)?;
    // A name holds a letter; `CEF:` and `LEEF:` begin formats of their own, `Severity:` what Dell's
    // controllers say.
    if !name.bytes().any(|byte| byte.is_ascii_alphabetic())
        || is_payload(text)
        || text.starts_with("Severity: ")
    {
        return None;
    }
    if let Some(inside) = rest.strip_prefix('[') {
        let (procid, rest) = inside.split_once(']')?;
        let good = (1..=TAG_MAX).contains(&procid.len()) && !procid.contains([' ', '[']);
        let rest = match rest.strip_prefix(':') {
            Some(rest) => rest,
            None if is_number(procid) && (rest.is_empty() || rest.starts_with(' ')) => rest,
            None => return None,
        };
        return good.then_some(Tag {
            name,
            procid: Some(procid),
            rest: rest.trim_start_matches(' '),
        });
    }
    let rest = rest.strip_prefix(':')?;
    (rest.is_empty() || rest.starts_with([' ', '\t'])).then_some(Tag {
        name,
        procid: None,
        rest: rest.trim_start_matches(' '),
    })
}

/// A tag with a number in brackets.
fn numbered_tag(text: &str) -> Option<Tag<'_>> {
    tag(text).filter(|tag| tag.procid.is_some_and(is_number))
}

/// Whether a text begins as formats do that stand behind a header.
fn is_payload(text: &str) -> bool {
    text.starts_with(['%', '{', '[', '<', '|']) || is_format(text)
}

fn is_format(text: &str) -> bool {
    text.starts_with("CEF:") || text.starts_with("LEEF:")
}

fn is_host(text: &str) -> bool {
    (1..=255).contains(&text.len()) && !text.contains(NOT_IN_HOSTS) && !text.ends_with(':')
}

/// The number that routers put before the time, with a colon.
fn sequence(text: &str) -> Option<(u64, &str)> {
    let (digits, rest) = text.split_once(": ")?;
    (digits.len() <= 12 && is_number(digits)).then_some(())?;
    Some((digits.parse().ok()?, rest.trim_start_matches(' ')))
}
