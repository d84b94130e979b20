//! A text without what differs from one time to the next: numbers, hashes, addresses.

use std::net::{IpAddr, SocketAddr};

/// Hexadecimal words from this length on are taken for hashes and ids.
const HEX_MIN: usize = 8;

/// Folds a text: lower case, one space between words, `#` for each run of digits, `#x` for
/// hexadecimal words, `#a` for addresses, with or without a port.
#[must_use]
pub(super) fn fingerprint(text: &str) -> String {
    let lower = text.to_lowercase();
    let mut out = String::with_capacity(lower.len());
    let mut rest = lower.as_str();
    while let Some(first) = rest.chars().next() {
        let is_word = belongs(first);
        let end = rest
            .find(|c: char| belongs(c) != is_word)
            .unwrap_or(rest.len());
        let (piece, after) = rest.split_at(end);
        rest = after;
        if is_word {
            push_word(&mut out, piece);
        } else {
            push_between(&mut out, piece);
        }
    }
    out.trim().to_owned()
}

/// Whether a character can be within a number, a hash or an address.
fn belongs(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | ':' | '-')
}

/// Appends what stands between words, runs of white space as one space.
fn push_between(out: &mut String, piece: &str) {
    for c in piece.chars() {
        if !c.is_whitespace() {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
}

fn push_word(out: &mut String, word: &str) {
    let inner = word.trim_end_matches(['.', ':', '-']);
    let ending = word.get(inner.len()..).unwrap_or_default();
    if inner.parse::<IpAddr>().is_ok() || inner.parse::<SocketAddr>().is_ok() {
        out.push_str("#a");
    } else if is_hex(inner) {
        out.push_str("#x");
    } else {
        push_numbers(out, inner);
    }
    out.push_str(ending);
}

/// Whether a word is hexadecimal: `0x…`, or long, with a digit and a letter.
fn is_hex(word: &str) -> bool {
    let all_hex =
        |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    if let Some(digits) = word.strip_prefix("0x") {
        return all_hex(digits);
    }
    word.len() >= HEX_MIN
        && all_hex(word)
        && word.bytes().any(|b| b.is_ascii_digit())
        && word.bytes().any(|b| b.is_ascii_alphabetic())
}

fn push_numbers(out: &mut String, word: &str) {
    let mut in_number = false;
    for c in word.chars() {
        let is_digit = c.is_ascii_digit();
        match (is_digit, in_number) {
            (true, false) => out.push('#'),
            (true, true) => {}
            (false, _) => out.push(c),
        }
        in_number = is_digit;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_differs_each_time_is_folded() {
        for (text, folded) in [
            (
                "12 failed root logins over SSH",
                "# failed root logins over ssh",
            ),
            ("from 203.0.113.9:443, twice", "from #a, twice"),
            ("from 203.0.113.9.", "from #a."),
            ("src=10.0.0.1 dst=[2001:db8::1]:22", "src=#a dst=[#a]:#"),
            ("file 9f86d081884c7d65 and 0x1F", "file #x and #x"),
            ("id 3f2504e0-4f89-11d3-9a0c-0305e82c3301", "id #x"),
            ("user42  at\t10:31:07", "user# at #:#:#"),
            ("deadbeef facade", "deadbeef facade"),
            ("Größe 5 ÜBER", "größe # über"),
            ("vpn-gw-1: down", "vpn-gw-#: down"),
            ("", ""),
        ] {
            assert_eq!(fingerprint(text), folded, "{text}");
        }
    }

    #[test]
    fn different_texts_stay_different() {
        assert_ne!(fingerprint("login failed"), fingerprint("login succeeded"));
        assert_ne!(fingerprint("10.0.0.1 scanned"), fingerprint("10 scanned"));
    }

    proptest! {
        #[test]
        fn numbers_make_no_difference_and_no_text_breaks_it(
            text in ".{0,200}", a in 0_u32..1_000_000, b in 0_u32..1_000_000,
        ) {
            let with = |n: u32| fingerprint(&format!("{text} port {n} closed"));
            prop_assert_eq!(with(a), with(b));
        }
    }
}
