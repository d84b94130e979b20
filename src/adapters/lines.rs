//! Where lines and quoted texts end.

/// Where the first line ends, its end not counted.
#[must_use]
pub(crate) fn line_end(bytes: &[u8]) -> usize {
    memchr::memchr(b'\n', bytes).unwrap_or(bytes.len())
}

/// Where a quoted text ends: the first quote that no backslash stands before.
pub(super) fn closing_quote(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0_usize;
    loop {
        let at = from.checked_add(memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at);
        }
        // Whatever stands behind a backslash closes nothing.
        from = at.checked_add(2)?;
    }
}
