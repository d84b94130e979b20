//! Where lines and quoted texts end.

/// Where the first line ends, its end not counted.
#[expect(
    clippy::needless_bitwise_bool,
    reason = "all bytes are compared, which the compiler does many at a time"
)]
#[must_use]
pub fn line_end(bytes: &[u8]) -> usize {
    // Many bytes at a time: looking at each costs half of what reading the document does.
    const MANY: usize = 64;
    let mut at = 0_usize;
    for many in bytes.chunks_exact(MANY) {
        if many
            .iter()
            .fold(false, |found, byte| found | (*byte == b'\n'))
        {
            break;
        }
        at = at.saturating_add(MANY);
    }
    let tail = bytes.get(at..).unwrap_or_default();
    let end = tail.iter().position(|byte| *byte == b'\n');
    at.saturating_add(end.unwrap_or(tail.len()))
}

/// Where a quoted text ends: the first quote that no backslash stands before.
pub(super) fn closing_quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    text.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })
}
