//! Headers as text.

use http::HeaderMap;
use http::header::AsHeaderName;

/// The text of a header, of its first line; `None` without it, or when it is no visible ASCII.
pub(crate) fn header_text(headers: &HeaderMap, name: impl AsHeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}
