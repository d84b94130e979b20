//! What free text means: the beginning of a word, or any part of one.

/// What is looked for in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sought<'t> {
    /// This, where a word begins.
    Word(&'t str),
    /// This, wherever it stands.
    Part(&'t str),
}

impl<'t> Sought<'t> {
    /// From free text, lower case: `*katz` is a part, anything else begins a word. A `*` at the end
    /// says nothing more: the beginning of a word is enough.
    #[must_use]
    pub fn of(text: &'t str) -> Self {
        let is_some = |text: &&str| !text.is_empty();
        let without_end = text.strip_suffix('*').filter(is_some).unwrap_or(text);
        match without_end.strip_prefix('*').filter(is_some) {
            Some(part) => Self::Part(part),
            // What begins with a space or a dot stands between words by itself.
            None if !begins_with_word(without_end) => Self::Part(without_end),
            None => Self::Word(without_end),
        }
    }

    /// The text to be found.
    #[must_use]
    pub const fn text(self) -> &'t str {
        match self {
            Self::Word(text) | Self::Part(text) => text,
        }
    }
}

fn begins_with_word(text: &str) -> bool {
    let first = text.bytes().next().unwrap_or_default();
    first.is_ascii_alphanumeric() || first == b'_' || !first.is_ascii()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_in_front_looks_within_words() {
        for (text, sought) in [
            ("katz", Sought::Word("katz")),
            ("*katz", Sought::Part("katz")),
            ("*katz*", Sought::Part("katz")),
            ("mimi*", Sought::Word("mimi")),
            (".exe", Sought::Part(".exe")),
            ("_x", Sought::Word("_x")),
            ("ä", Sought::Word("ä")),
            ("*", Sought::Part("*")),
            ("**", Sought::Part("*")),
        ] {
            assert_eq!(Sought::of(text), sought, "{text}");
        }
    }
}
