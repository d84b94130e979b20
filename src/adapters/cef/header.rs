//! The seven parts before the extension.

use std::borrow::Cow;

/// The header of a record.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Header<'a> {
    pub(super) vendor: Cow<'a, str>,
    pub(super) product: Cow<'a, str>,
    pub(super) version: Cow<'a, str>,
    /// Device Event Class ID: which rule.
    pub(super) class: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) severity: Cow<'a, str>,
    pub(super) extension: &'a str,
}

/// Reads a text that begins with `CEF:`; `None` when parts are missing. The last `|` may be.
pub(super) fn read(text: &str) -> Option<Header<'_>> {
    let mut rest = text.strip_prefix("CEF:")?;
    let mut next = || {
        let (part, behind) = part(rest)?;
        rest = behind;
        Some(part)
    };
    let version = next()?;
    if version.trim().parse::<u8>().is_err() {
        return None;
    }
    let (vendor, product, version) = (next()?, next()?, next()?);
    let (class, name) = (next()?, next()?);
    let (severity, extension) = part(rest).unwrap_or_else(|| (rest.trim().into(), ""));
    // Without its `|` the severity would be all of the rest.
    if severity.len() > 64 {
        return None;
    }
    Some(Header {
        vendor,
        product,
        version,
        class,
        name,
        severity,
        extension,
    })
}

/// The text to the next `|` that is not escaped, and what follows.
#[expect(
    clippy::similar_names,
    reason = "one says that a character is escaped, the other that any was"
)]
pub(in super::super) fn part(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut escaped = false;
    let mut escapes = false;
    let end = text.bytes().position(|byte| {
        if escaped {
            escaped = false;
            return false;
        }
        if byte == b'\\' {
            (escaped, escapes) = (true, true);
        }
        byte == b'|'
    })?;
    let part = text.get(..end)?;
    let part = if escapes {
        super::extension::unescaped(part).into()
    } else {
        part.into()
    };
    Some((part, text.get(end.saturating_add(1)..)?))
}
