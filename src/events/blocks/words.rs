//! The words of a text, and the beginnings by which they are found.

use super::token::{About, Making, Token};

/// Lengths of the beginnings that are kept of a word, in bytes. A word that is looked for goes by
/// the longest that is not longer than itself.
const LENGTHS: [usize; 5] = [3, 4, 6, 8, 12];

/// Whether a byte belongs to a word: letters and digits of ASCII, `_`, and all that is not ASCII.
const fn is_of_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii()
}

/// The words of a text.
pub(super) fn words(text: &str) -> impl Iterator<Item = &[u8]> {
    text.as_bytes()
        .split(|byte| !is_of_word(*byte))
        .filter(|word| !word.is_empty())
}

/// Gives the tokens of every beginning of every word, in lower case.
///
/// Engines do not agree how letters beyond ASCII are lowered, so such a text is read in each of the
/// ways: a token too many costs nothing but room.
pub(super) fn beginnings(text: &str, mut give: impl FnMut(Token)) {
    if text.is_ascii() {
        words(text).for_each(|word| prefixes(word, &mut give));
        return;
    }
    let one_by_one: String = text.chars().map(simply_lowered).collect();
    let whole = text.to_lowercase();
    for text in [text, &one_by_one, &whole] {
        words(text).for_each(|word| prefixes(word, &mut give));
    }
}

/// The letter that is one letter too, else the letter as it is; `İ` is `i` to some.
fn simply_lowered(letter: char) -> char {
    let mut lowered = letter.to_lowercase();
    match (lowered.next(), lowered.next()) {
        (Some(first), None) => first,
        (Some(first), Some(_)) if first.is_ascii() => first,
        _ => letter,
    }
}

fn prefixes(word: &[u8], give: &mut impl FnMut(Token)) {
    let mut lowered = [0_u8; 12];
    let length = word.len().min(lowered.len());
    for (place, byte) in lowered.iter_mut().zip(word) {
        *place = byte.to_ascii_lowercase();
    }
    for prefix in LENGTHS
        .iter()
        .take_while(|it| **it <= length)
        .filter_map(|it| lowered.get(..*it))
    {
        give(Making::new(About::Word).text(prefix).token());
    }
}

/// The tokens that an event must have for a text, in lower case, to stand in it at the beginning
/// of a word; none when its words are too short.
pub(super) fn wanted(text: &str) -> Vec<Token> {
    words(text)
        .filter_map(|word| {
            let length = LENGTHS.iter().rev().find(|it| **it <= word.len())?;
            let beginning = word.get(..*length)?;
            Some(Making::new(About::Word).text(beginning).token())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn holds(text: &str, wanted_text: &str) -> bool {
        let mut tokens = HashSet::new();
        beginnings(text, |token| {
            tokens.insert(token);
        });
        wanted(wanted_text)
            .iter()
            .all(|token| tokens.contains(token))
    }

    #[test]
    fn a_word_is_found_by_every_beginning_of_three_and_more() {
        let text = "Mimikatz ran on HOST_7 (203.0.113.7), Überfall: straße";
        let mut word = "mimikatz".to_owned();
        while word.len() >= 3 {
            assert_eq!(wanted(&word).len(), 1);
            assert!(holds(text, &word), "{word}");
            word.pop();
        }
        for word in ["host_7", "203.0.113.7", "über", "überfall: straß", "mimi"] {
            assert!(holds(text, word), "{word}");
        }
        for word in ["katz", "mimikatx", "host_8", "204"] {
            assert!(!holds(text, word), "{word}");
        }
        assert!(wanted("on").is_empty() && wanted("1.2.3.4").is_empty());
    }

    #[test]
    fn what_an_engine_may_lower_otherwise_is_found_too() {
        for (text, word) in [
            ("İstanbul", "istanbul"),
            ("İstanbul", "i̇stanbul"),
            ("ΟΔΟΣ", "οδος"),
            ("ΟΔΟΣ", "οδοσ"),
            ("ÉCOLE", "école"),
            ("ÉCOLE", "École"),
        ] {
            assert!(holds(text, word), "{text} {word}");
        }
    }
}
