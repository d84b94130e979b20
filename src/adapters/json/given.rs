//! From a sender's value to what a field holds.

use std::net::{IpAddr, SocketAddr};

use base::Timestamp;
use serde_json::Value;

use super::super::text::moment;
use super::facts::Fact;
use super::names::{PENALTY, Shape};

/// Words of a list that are looked at.
const WORDS_MAX: usize = 64;

/// A value as it came.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in super::super) enum Given<'v> {
    Text(&'v str),
    Json(&'v Value),
}

impl<'v> Given<'v> {
    pub(super) const fn of(value: &'v Value) -> Self {
        match value {
            Value::String(text) => Self::Text(text.as_str()),
            other => Self::Json(other),
        }
    }

    /// A text that says something: many senders write a dash, or `null`, for nothing.
    pub(in super::super) fn text(self) -> Option<&'v str> {
        match self {
            Self::Text(text) => {
                let text = text.trim_ascii();
                let nothing = text.len() <= 9
                    && matches!(
                        text,
                        "" | "-"
                            | "--"
                            | "null"
                            | "NULL"
                            | "None"
                            | "none"
                            | "N/A"
                            | "n/a"
                            | "undefined"
                            | "(null)"
                    );
                (!nothing).then_some(text)
            }
            Self::Json(_) => None,
        }
    }

    /// A whole number, also one written as a text.
    pub(super) fn number(self) -> Option<u64> {
        match self {
            Self::Text(text) => text.trim().parse().ok(),
            Self::Json(value) => value.as_u64(),
        }
    }

    /// The first of a list, or itself.
    fn first(self) -> Self {
        match self {
            Self::Json(Value::Array(values)) => values.first().map_or(self, Self::of),
            other => other,
        }
    }

    /// Hands on each text of a list, or the words of a text with commas.
    pub(super) fn each_word(self, mut word: impl FnMut(&str)) {
        match self {
            Self::Text(text) => {
                for part in text.split(',').take(WORDS_MAX) {
                    word(part.trim());
                }
            }
            Self::Json(Value::Array(values)) => {
                for text in values.iter().filter_map(Value::as_str).take(WORDS_MAX) {
                    word(text);
                }
            }
            Self::Json(_) => {}
        }
    }

    /// It as JSON; lists only of texts, and not too many.
    pub(super) fn value(self) -> Value {
        match self {
            Self::Text(text) => text.into(),
            Self::Json(Value::Array(_)) => {
                let mut words = Vec::new();
                self.each_word(|word| words.push(Value::from(word)));
                if words.is_empty() {
                    Value::Null
                } else {
                    Value::Array(words)
                }
            }
            Self::Json(value) => value.clone(),
        }
    }
}

impl Shape {
    /// What a value says, if it is of this shape.
    pub(super) fn read(self, given: Given<'_>, rank: u8, now: Timestamp) -> Option<Fact<'_>> {
        match self {
            Self::Message => message(given, rank).map(Fact::Text),
            Self::Severity | Self::Level => {
                let plain =
                    matches!(given, Given::Json(Value::Number(_))) || given.text().is_some();
                plain.then_some(Fact::Given(given))
            }
            Self::Time => moment::of(given, now).map(Fact::Time),
            Self::Type => kind(given.text()?, rank).map(Fact::Text),
            Self::Source => match endpoint(given) {
                Some((address, port)) => Some(Fact::Address(address, port)),
                None => source(given.text()?).map(Fact::Text),
            },
            Self::Tags | Self::Technique => Some(Fact::Given(given)),
            Self::Scalar => scalar(given),
            Self::Text => text_or_number(given),
            Self::Process => given.text().map(Fact::Text),
            Self::Name => name(given),
            Self::Number => given.number().map(Fact::Number),
            Self::Port => given
                .number()
                .filter(|port| *port <= 65_535)
                .map(Fact::Number),
            Self::Address => endpoint(given.first()).map(|(it, port)| Fact::Address(it, port)),
            Self::Host => match endpoint(given) {
                Some((address, port)) => Some(Fact::Address(address, port)),
                None => name(given),
            },
            Self::Transport => transport(given).map(Fact::Word),
            Self::Protocol => match transport(given) {
                Some(word) => Some(Fact::Word(word)),
                None => name(given),
            },
            Self::Direction => direction(given.text()?).map(Fact::Word),
            Self::Outcome => outcome(given).map(Fact::Word),
            Self::Method => method(given.text()?).map(Fact::Text),
            Self::Status => match given.number() {
                Some(status) => (100..=599)
                    .contains(&status)
                    .then_some(Fact::Number(status)),
                None => outcome(given).map(Fact::Word),
            },
            Self::Sha => digest(given.text()?).map(Fact::Text),
        }
    }
}

/// A message is a sentence, unless its name can mean nothing else.
fn message(given: Given<'_>, rank: u8) -> Option<&str> {
    const SURE: u8 = 5;
    let text = given.text()?;
    let is_sentence = || text.bytes().any(|byte| byte.is_ascii_whitespace());
    (rank < SURE || (PENALTY..PENALTY.saturating_add(SURE)).contains(&rank) || is_sentence())
        .then_some(text)
}

/// A kind of event is a few words, or one where the name is vague; what every record of a shipper is called says nothing.
pub(super) fn kind(text: &str, rank: u8) -> Option<&str> {
    let spaces = text.bytes().filter(u8::is_ascii_whitespace).count();
    let most = if rank % PENALTY < 2 { 3 } else { 0 };
    let generic = matches!(
        text,
        "log" | "logs" | "event" | "events" | "doc" | "_doc" | "message"
    );
    (text.len() <= 64 && spaces <= most && !generic).then_some(text)
}

/// A source is a name; paths and places in code are none.
fn source(text: &str) -> Option<&str> {
    let is_path = text
        .bytes()
        .any(|byte| matches!(byte, b'/' | b'\\' | b':' | b'{'));
    (text.len() <= 128 && !is_path).then_some(text)
}

fn scalar(given: Given<'_>) -> Option<Fact<'_>> {
    match given {
        Given::Text(_) => given.text().map(Fact::Text),
        Given::Json(Value::Number(_) | Value::Bool(_)) => Some(Fact::Given(given)),
        // The Elastic Common Schema has lists where one value is usual.
        Given::Json(Value::Array(values)) => values.first()?.as_str().map(Fact::Text),
        Given::Json(_) => None,
    }
}

fn text_or_number(given: Given<'_>) -> Option<Fact<'_>> {
    match given.first() {
        given @ Given::Text(_) => given.text().map(Fact::Text),
        given @ Given::Json(Value::Number(_)) => Some(Fact::Given(given)),
        Given::Json(_) => None,
    }
}

fn name(given: Given<'_>) -> Option<Fact<'_>> {
    let fact = text_or_number(given)?;
    match fact {
        Fact::Text(text) if text.bytes().any(|byte| byte.is_ascii_whitespace()) => None,
        fact => Some(fact),
    }
}

/// An address, alone, in a list with commas, or with a port behind it: `192.0.2.1:22`,
/// `[2001:db8::1]:22`, `192.0.2.1:22:eth0`.
pub(in super::super) fn endpoint(given: Given<'_>) -> Option<(IpAddr, Option<u16>)> {
    address(given.text()?)
}

/// The same of a text. Addresses of version 4 that are written as of version 6 are of version 4.
pub(in super::super) fn address(text: &str) -> Option<(IpAddr, Option<u16>)> {
    let (address, port) = written(text)?;
    Some((address.to_canonical(), port))
}

fn written(text: &str) -> Option<(IpAddr, Option<u16>)> {
    let end = text.bytes().position(|byte| byte == b',');
    let text = text
        .get(..end.unwrap_or(text.len()))
        .unwrap_or_default()
        .trim_ascii();
    let first = text.as_bytes().first()?;
    if text.len() > 64 || !(first.is_ascii_hexdigit() || matches!(first, b':' | b'[' | b'I')) {
        return None;
    }
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((address, None));
    }
    if let Ok(socket) = text.parse::<SocketAddr>() {
        return Some((socket.ip(), Some(socket.port())));
    }
    if let Some(bare) = text
        .strip_prefix('[')
        .and_then(|text| text.strip_suffix(']'))
    {
        return bare.parse().ok().map(|address| (address, None));
    }
    // Asterisk: `IPV4/UDP/192.0.2.1/5060`.
    if let Some(rest) = text
        .strip_prefix("IPV4/")
        .or_else(|| text.strip_prefix("IPV6/"))
    {
        let mut parts = rest.split('/').skip(1);
        let address = parts.next()?.parse().ok()?;
        return Some((address, parts.next().and_then(|port| port.parse().ok())));
    }
    // An interface behind an address of the link, or behind the port.
    if let Some((address, _)) = text.split_once('%') {
        return address.parse().ok().map(|address| (address, None));
    }
    // A version 6 address holds colons itself: `2001:db8::1#53`.
    let whole = |(address, rest): (&str, _)| Some((address.parse::<IpAddr>().ok()?, rest));
    let (address, rest) = text
        .split_once(['/', '#'])
        .and_then(whole)
        .or_else(|| text.split_once(':').and_then(whole))?;
    let port = rest.split([':', '/']).next().unwrap_or_default();
    let port = port.parse().ok();
    (!is_network(address, port) || !text.contains('/')).then_some((address, port))
}

/// `10.0.0.0/24`, which is many addresses. Firewalls write ports that way too: only what has
/// nothing but zeros behind the bits that count is a network.
fn is_network(address: IpAddr, bits: Option<u16>) -> bool {
    match (address, bits) {
        (IpAddr::V4(address), Some(bits @ 1..=31)) => {
            address.to_bits().trailing_zeros() >= 32_u32.saturating_sub(bits.into())
        }
        _ => false,
    }
}

fn transport(given: Given<'_>) -> Option<&'static str> {
    if let Some(number) = given.number() {
        return Some(match number {
            1 => "icmp",
            6 => "tcp",
            17 => "udp",
            47 => "gre",
            50 => "esp",
            58 => "ipv6-icmp",
            132 => "sctp",
            _ => return None,
        });
    }
    let text = given.text()?;
    // SonicWall writes `tcp/https`.
    let word = text.split('/').next().unwrap_or_default();
    ["tcp", "udp", "icmp", "sctp", "gre", "esp", "ipv6-icmp"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(word))
        .or_else(|| word.eq_ignore_ascii_case("icmpv6").then_some("ipv6-icmp"))
}

fn direction(text: &str) -> Option<&'static str> {
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&["inbound", "in", "incoming", "ingress", "0"]) {
        Some("inbound")
    } else if is(&["outbound", "out", "outgoing", "egress", "1"]) {
        Some("outbound")
    } else if is(&["internal", "lateral"]) {
        Some("internal")
    } else {
        None
    }
}

/// Success or failure, in the words of this world.
pub(in super::super) fn outcome(given: Given<'_>) -> Option<&'static str> {
    if let Given::Json(Value::Bool(truth)) = given {
        return Some(if *truth { "success" } else { "failure" });
    }
    let text = given.text()?;
    let is = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(text));
    if is(&[
        "success",
        "succeeded",
        "successful",
        "ok",
        "true",
        "yes",
        "passed",
        "/Success",
    ]) {
        Some("success")
    } else if is(&[
        "failure",
        "failed",
        "fail",
        "error",
        "false",
        "no",
        "denied",
        "rejected",
        "unsuccessful",
        "/Failure",
    ]) {
        Some("failure")
    } else if is(&["unknown"]) {
        Some("unknown")
    } else {
        None
    }
}

fn method(text: &str) -> Option<&str> {
    const METHODS: [&str; 10] = [
        "GET", "POST", "PUT", "HEAD", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", "PROPFIND",
    ];
    METHODS.contains(&text).then_some(text)
}

fn digest(text: &str) -> Option<&str> {
    (matches!(text.len(), 32 | 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
        .then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_its_port() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        for (text, expected) in [
            ("192.0.2.1", Some((ip("192.0.2.1"), None))),
            ("192.0.2.1:22", Some((ip("192.0.2.1"), Some(22)))),
            ("[2001:db8::1]:22", Some((ip("2001:db8::1"), Some(22)))),
            ("[2001:db8::1]", Some((ip("2001:db8::1"), None))),
            ("2001:db8::1", Some((ip("2001:db8::1"), None))),
            ("fe80::1%eth0", Some((ip("fe80::1"), None))),
            ("192.0.2.1:43051:X1", Some((ip("192.0.2.1"), Some(43_051)))),
            ("192.0.2.1#3076", Some((ip("192.0.2.1"), Some(3_076)))),
            ("203.0.113.9, 10.0.0.1", Some((ip("203.0.113.9"), None))),
            (
                "IPV4/UDP/192.0.2.1/5060",
                Some((ip("192.0.2.1"), Some(5_060))),
            ),
            ("10.0.0.0/24", None),
            ("10.0.0.4/22", Some((ip("10.0.0.4"), Some(22)))),
            ("192.0.2.1/443", Some((ip("192.0.2.1"), Some(443)))),
            ("::ffff:192.0.2.1", Some((ip("192.0.2.1"), None))),
            ("[::ffff:192.0.2.1]:22", Some((ip("192.0.2.1"), Some(22)))),
            ("example.com", None),
            ("12:30:00", None),
            ("1.2.3", None),
            ("", None),
        ] {
            assert_eq!(address(text), expected, "{text}");
        }
    }

    #[test]
    fn words_and_numbers_for_the_same_are_one() {
        assert_eq!(transport(Given::Text("6")), Some("tcp"));
        assert_eq!(transport(Given::Text("UDP")), Some("udp"));
        assert_eq!(transport(Given::Text("tcp/https")), Some("tcp"));
        assert_eq!(transport(Given::Text("https")), None);
        assert_eq!(outcome(Given::Json(&Value::Bool(false))), Some("failure"));
        assert_eq!(outcome(Given::Text("Success")), Some("success"));
        assert_eq!(outcome(Given::Text("maybe")), None);
    }
}
