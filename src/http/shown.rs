//! Paths as the log and answers may show them.

use std::borrow::Cow;

use crate::credentials::KEY_PREFIX;

/// Bytes behind the beginning of a key that make it worth stealing.
const SECRET_MIN: usize = 16;
/// What stands for a part of a path that holds a key.
const HIDDEN: &str = "wp_…";

/// A path in which each part that holds an ingest key, whole or broken, is `wp_…`.
///
/// Keys that are where they may be were taken out of the address before; these are of senders whose
/// address is not quite right, and count all the same.
pub(super) fn shown(path: &str) -> Cow<'_, str> {
    if !path.split('/').any(holds_key) {
        return path.into();
    }
    let parts = path.split('/');
    let parts = parts.map(|part| if holds_key(part) { HIDDEN } else { part });
    parts.collect::<Vec<_>>().join("/").into()
}

fn holds_key(part: &str) -> bool {
    let plain = decoded(part);
    let prefix = KEY_PREFIX.as_bytes();
    let found = plain.windows(prefix.len()).position(|it| it == prefix);
    found
        .is_some_and(|at| plain.len() >= at.saturating_add(prefix.len()).saturating_add(SECRET_MIN))
}

/// The bytes that are meant, however often they were percent-encoded.
fn decoded(part: &str) -> Cow<'_, [u8]> {
    if !part.contains('%') {
        return part.as_bytes().into();
    }
    let mut plain = Vec::with_capacity(part.len());
    for byte in part.bytes() {
        plain.push(byte);
        // What was decoded may be the end of another one.
        while let [rest @ .., b'%', high, low] = plain.as_slice()
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            plain.truncate(rest.len());
            plain.push((high << 4) | low);
        }
    }
    plain.into()
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_that_holds_a_key_is_not_shown_however_it_is_written() {
        let key = format!("wp_{}", "kX3-_9aQ".repeat(6));
        let key = &key[..46];
        let escape = |text: String, byte| text + &format!("%{byte:02x}");
        let escaped = key.bytes().fold(String::new(), escape);
        let twice = escaped.replace('%', "%25");
        let thrice = twice.replace('2', "%32");
        for part in [
            key,
            &key[..19],
            &format!("{key}%0A"),
            &format!("{key}x"),
            &format!("token={key}"),
            &format!("x%2F{key}"),
            &key.replace('_', "%5F"),
            &format!("%77{}", &key[1..]),
            &escaped,
            &twice,
            &thrice,
        ] {
            assert_eq!(shown(&format!("/v1/{part}/x/")), "/v1/wp_…/x/", "{part}");
            assert_eq!(shown(part), "wp_…");
        }
    }

    #[test]
    fn other_paths_are_shown_as_they_are() {
        for path in [
            "",
            "/",
            "/api/events/",
            "/wp_logs/_bulk",
            "/api/ingest/elastic/wp_logs-2026.11.20/_bulk/",
            "/100%/%zz/%C3%A9",
        ] {
            assert!(
                matches!(shown(path), Cow::Borrowed(it) if it == path),
                "{path}"
            );
        }
    }

    #[test]
    fn a_path_of_nested_escapes_is_read_once() {
        let path = format!("%{}", "25".repeat(32 << 10));
        assert_eq!(decoded(&path), &b"%"[..]);
    }
}
