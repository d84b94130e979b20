//! A line of text: JSON, CEF, LEEF or key=value inside it, else a sentence.

use super::{Context, Draft, Original, Read};

/// Reads a line. `draft` is what is known of it already, such as host and time of a syslog header;
/// what the line says itself counts more.
pub fn read(line: &str, mut draft: Draft, cx: &Context<'_>) -> Read {
    if draft.description.is_empty() {
        line.clone_into(&mut draft.description);
    }
    draft.finish(cx, Original::Text("message", line))
}
