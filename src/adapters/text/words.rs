//! Facts in a sentence of any make: addresses, who, and how it went.

use std::net::IpAddr;

use super::super::Draft;
use super::super::json::address;
use super::leading;

/// Addresses that are taken.
const ADDRESSES_MAX: usize = 8;

/// Which end of a connection an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Source,
    Destination,
    Unknown,
}

#[derive(Clone, Copy, Debug)]
struct Address {
    ip: IpAddr,
    port: Option<u16>,
    role: Role,
}

/// What a sentence says.
#[derive(Debug, Default)]
struct Said<'a> {
    addresses: Vec<Address>,
    user: Option<&'a str>,
    failed: bool,
    succeeded: bool,
    /// Whether it is about somebody proving who he is.
    authentication: bool,
}

/// Gives a draft what a sentence says, where it is not known better.
pub(super) fn look(line: &str, draft: &mut Draft) {
    let said = read(line);
    let fields = &mut draft.fields;
    for address in &said.addresses {
        let (ip, port) = match address.role {
            Role::Source => ("source.ip", "source.port"),
            Role::Destination => ("destination.ip", "destination.port"),
            Role::Unknown => continue,
        };
        if fields.get(ip).is_none() {
            fields.set(ip, Some(address.ip.to_canonical().to_string()));
            fields.set_if_absent(port, address.port);
        }
    }
    if draft.severity.is_none()
        && let Some((word, severity)) = leading::level(line)
    {
        draft.severity = Some(severity);
        draft.said = Some(word.to_owned());
        fields.set_if_absent("log.level", Some(word.to_ascii_lowercase()));
    }
    if said.authentication {
        let outcome = match (said.failed, said.succeeded) {
            (true, _) => Some("failure"),
            (false, true) => Some("success"),
            (false, false) => None,
        };
        if outcome.is_some() {
            fields.set_if_absent("event.outcome", outcome);
            fields.set_if_absent("event.category", Some("authentication"));
            fields.set_if_absent("user.name", said.user);
        }
    }
    // One address and no other: whatever it is, the event is about it.
    if let [only] = said.addresses.as_slice()
        && only.role == Role::Unknown
        && fields.get("source.ip").is_none()
        && fields.get("destination.ip").is_none()
    {
        draft.ip_address = draft.ip_address.or(Some(only.ip.to_canonical()));
    }
}

/// Goes through the words once.
fn read(line: &str) -> Said<'_> {
    let mut said = Said::default();
    // The two words before the one that is looked at, and the text of the last address.
    let (mut before, mut last) = ("", "");
    let mut rest = line;
    while !rest.is_empty() {
        // What parts words is ASCII: every word is a text again.
        let end = rest.bytes().position(parts).unwrap_or(rest.len());
        let raw = rest.get(..end).unwrap_or_default();
        rest = rest.get(end.saturating_add(1)..).unwrap_or_default();
        if raw.is_empty() {
            continue;
        }
        let word = raw.trim_end_matches(['.', ':', '!', '?', '-']);
        // `a -> b` and `a->b`: what parts words has taken the `>` away.
        let arrow = raw.ends_with('-');
        // BIND's `client @0x7f3f9c009168 192.0.2.1#53`
        if word.starts_with("@0x") {
            continue;
        }
        if word.is_empty() {
            if arrow && said.point() {
                (before, last) = (last, ARROW);
            }
            continue;
        }
        // `user:ana`, `ip:192.0.2.1`
        let (last_word, word) = match word.bytes().position(|byte| byte == b':') {
            Some(at) if at <= 8 => named(word, at).unwrap_or((last, word)),
            _ => (last, word),
        };
        if may_be_address(word) && take_address(word, last_word, before, &mut said) {
            if arrow && said.point() {
                (before, last) = (word, ARROW);
                continue;
            }
        } else if last_word.eq_ignore_ascii_case("port") {
            take_port(word, &mut said);
        } else {
            judge(word, last_word, &mut said);
            take_user(word, last_word, before, &mut said);
        }
        (before, last) = (last_word, word);
    }
    said
}

/// What parts words.
const fn parts(byte: u8) -> bool {
    byte.is_ascii_whitespace()
        || matches!(
            byte,
            b'"' | b'\''
                | b'('
                | b')'
                | b'<'
                | b'>'
                | b'['
                | b']'
                | b'{'
                | b'}'
                | b','
                | b';'
                | b'='
                | b'|'
        )
}

/// Stands for an arrow among the words.
const ARROW: &str = "->";

impl Said<'_> {
    /// The last address is where an arrow begins; `false` when there is none.
    fn point(&mut self) -> bool {
        let last = self.addresses.last_mut();
        last.map(|last| last.role = Role::Source).is_some()
    }
}

/// A name that may stand before its value with a colon and no space, and the value.
fn named(word: &str, colon: usize) -> Option<(&str, &str)> {
    const NAMES: [&str; 8] = [
        "ip", "user", "username", "login", "client", "from", "src", "peer",
    ];
    let (name, value) = word.split_at_checked(colon)?;
    let value = value.strip_prefix(':').filter(|value| !value.is_empty())?;
    let known = NAMES.iter().any(|known| known.eq_ignore_ascii_case(name));
    known.then_some((name, value))
}

/// A cheap look: most words are no addresses.
fn may_be_address(word: &str) -> bool {
    let bytes = word.as_bytes();
    let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
        return false;
    };
    bytes.len() >= 3
        && (last.is_ascii_hexdigit() || *last == b':')
        && (first.is_ascii_digit() && bytes.iter().any(|byte| matches!(byte, b'.' | b':'))
            || bytes.iter().any(|byte| matches!(byte, b':' | b'@' | b'/')))
}

fn take_address(word: &str, last: &str, before: &str, said: &mut Said<'_>) -> bool {
    // `?@192.0.2.1`, as some write who it was
    let word = word.rsplit_once('@').map_or(word, |(_, host)| host);
    // `outside:192.0.2.1/443`, as firewalls write the interface
    let behind = || {
        // `Chrome/120.0.0.0` is a version.
        let is_product = |name: &str| name.starts_with(|c: char| c.is_ascii_uppercase());
        let slash = word.contains('/') && !word.contains(':');
        word.split_once([':', '/'])
            .filter(|(name, _)| !(slash && is_product(name)))
            .and_then(|(_, rest)| address(rest))
    };
    let Some((ip, port)) = address(word).or_else(behind) else {
        return false;
    };
    let known = said.addresses.iter_mut().find(|known| known.ip == ip);
    if let Some(known) = known {
        known.port = known.port.or(port);
    } else if said.addresses.len() < ADDRESSES_MAX {
        let role = role(last, before);
        said.addresses.push(Address { ip, port, role });
    }
    true
}

/// The end an address is, by the words before it.
fn role(last: &str, before: &str) -> Role {
    let is =
        |word: &str, words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let vague = is(
        last,
        &["ip", "address", "addr", "host", "ipaddr", "ip-address"],
    );
    let word = if vague && !before.is_empty() {
        before
    } else {
        last
    };
    if is(
        word,
        &[
            "to",
            "dst",
            "dest",
            "destination",
            ARROW,
            "server",
            "lip",
            "on",
            "target",
        ],
    ) {
        Role::Destination
    } else if vague
        || is(
            word,
            &[
                "from",
                "client",
                "src",
                "source",
                "rhost",
                "rip",
                "by",
                "peer",
                "remote",
                "attacker",
                "sender",
                "@",
                "connection",
                "clientip",
                "remoteaddress",
                "peer_ip",
                "client_ip",
                "raddr",
                "with",
                "offender",
            ],
        )
    {
        Role::Source
    } else {
        Role::Unknown
    }
}

fn take_port(word: &str, said: &mut Said<'_>) {
    if let Some(address) = said.addresses.last_mut() {
        address.port = address.port.or_else(|| word.parse().ok());
    }
}

/// Words that say how it went, and of what kind it was. By their length first: most words are none.
fn judge(word: &str, last: &str, said: &mut Said<'_>) {
    let is = |words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    match word.len() {
        3 => {
            said.authentication |= is(&["pam", "otp", "mfa"]);
            said.failed |= is(&["bad"]);
        }
        4 => {
            said.authentication |= is(&["auth", "sudo"]);
            said.failed |= is(&["fail", "deny"]);
        }
        5 => {
            said.authentication |= is(&["login", "logon"]);
            said.failed |= is(&["wrong"]);
        }
        6 => {
            said.failed |= is(&["failed", "denied"]);
            said.authentication |= is(&["passwd", "logins", "signin"]);
            // `logged in`, not `logged`
            said.authentication |= is(&["logged"]);
            said.succeeded |= is(&["logged"]);
        }
        7 => {
            said.failed |= is(&["failure", "invalid", "refused", "unknown"])
                && !last.eq_ignore_ascii_case("of");
            said.succeeded |= is(&["success", "granted"]);
            said.authentication |= is(&["sign-in"]);
        }
        8 => {
            said.failed |= is(&["failures", "rejected"]);
            said.succeeded |= is(&["accepted"]);
            said.authentication |= is(&["password"]);
        }
        9 => {
            said.failed |= is(&["incorrect"]);
            said.succeeded |= is(&["succeeded"]);
            said.authentication |= is(&["publickey", "logged-in"]);
        }
        10 => {
            said.succeeded |= is(&["successful"]);
            said.authentication |= is(&["credential"]);
        }
        11 => {
            said.authentication |= is(&["credentials"]);
            said.failed |= is(&["nonexistent"]);
        }
        12 => {
            said.failed |= is(&["unauthorized", "unsuccessful", "auth-failure"]);
            said.succeeded |= is(&["successfully"]);
            said.authentication |= is(&["authenticate", "auth-failure"]);
        }
        13 => {
            said.authentication |= is(&["authenticated", "authenticator"]);
            said.succeeded |= is(&["authenticated"]);
        }
        14 => said.authentication |= is(&["authentication"]),
        _ => {}
    }
}

/// Who it was: behind `user` and its like, or between `for` and `from`.
fn take_user<'a>(word: &'a str, last: &'a str, before: &str, said: &mut Said<'a>) {
    const NAME_MAX: usize = 256;
    if said.user.is_some() || word.len() > NAME_MAX {
        return;
    }
    let is =
        |word: &str, words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let named = matches!(last.len(), 3..=8)
        && is(
            last,
            &["user", "username", "login", "account", "acct", "uname"],
        )
        && !is(
            word,
            &[
                "is",
                "was",
                "not",
                "from",
                "with",
                "name",
                "in",
                "does",
                "did",
                "logged",
                "login",
                "failed",
                "agent",
                "unknown",
                "authentication",
                "has",
                "for",
                "and",
                "or",
                "attempt",
                "attempts",
                "on",
                "id",
                "to",
                "account",
                "user",
                "password",
                "failure",
                "success",
                "successful",
                "credentials",
                "by",
                "the",
            ],
        );
    if named {
        said.user = Some(word);
    } else if word.eq_ignore_ascii_case("from")
        && before.eq_ignore_ascii_case("for")
        && last.bytes().any(|byte| byte.is_ascii_alphanumeric())
    {
        said.user = Some(last);
    }
}
