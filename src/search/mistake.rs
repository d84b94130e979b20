//! What is wrong with a query, and where.

use std::fmt;

/// A stretch of a query's text, counted in characters (Unicode scalar values) from 0.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Span {
    /// The first character.
    pub start: usize,
    /// Behind the last character.
    pub end: usize,
}

/// Something in a query that cannot be understood: where it stands, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Mistake {
    /// Where it stands.
    pub span: Span,
    /// What is wrong and what is allowed, in words.
    pub message: String,
}

impl Mistake {
    /// A mistake at a place.
    #[must_use]
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
        }
    }
}

impl fmt::Display for Mistake {
    /// Writes the place as people count it, from 1 and with the last character, then the message.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let first = self.span.start.saturating_add(1);
        if self.span.end > first {
            write!(f, "characters {first}-{}: ", self.span.end)?;
        } else {
            write!(f, "character {first}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// A piece of somebody's text to be quoted in a message: at most 40 characters of it.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(40).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
