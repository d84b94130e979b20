//! Text that an attacker may have written, made fit to be read.
//!
//! Everything that came from an event, a header or a name goes through one of these before a
//! template prints it: [`cell`] for one line, [`block`] for many, [`plain`] for attributes that
//! are read aloud, [`exact`] for attributes that must hold every character. Nothing is linked,
//! nothing is rendered; what cannot be seen is shown by its code point.

use std::fmt::Write as _;

use askama::filters::Safe;
use unicode_security::confusable_detection::skeleton;
use unicode_security::{MixedScript as _, RestrictionLevel, RestrictionLevelDetection as _};
use unicode_segmentation::UnicodeSegmentation as _;

/// Graphemes of a cell before the rest is cut off.
const CELL_MAX: usize = 200;
/// Bytes of a block before the rest is left to be asked for: 4 KiB.
pub(super) const BLOCK_MAX: usize = 4 * 1024;
/// Characters on one base, beyond which the rest is folded: nobody's language stacks more.
const MARKS_MAX: usize = 4;

/// One line of at most 200 graphemes, line breaks as `⏎`, isolated from the direction around it.
pub(super) fn cell(text: &str) -> Safe<String> {
    let mut html = String::with_capacity(text.len().min(1_024) + 32);
    html.push_str("<bdi dir=\"auto\">");
    // Bytes bounded as well: one grapheme can be of any length.
    let (head, mut cut) = bounded(text, CELL_MAX * 16);
    let end = head.grapheme_indices(true).nth(CELL_MAX).map(|(at, _)| at);
    let head = end.map_or(head, |end| head.get(..end).unwrap_or(head));
    cut |= end.is_some();
    write_words(&mut html, head, true);
    html.push_str("</bdi>");
    if cut {
        html.push_str("<span class=\"cut\" role=\"img\" aria-label=\"cut off\">…</span>");
    }
    Safe(html)
}

/// Many lines of at most 4 KiB; what is left out is counted.
pub(super) fn block(text: &str) -> Safe<String> {
    let mut html = String::with_capacity(text.len().min(BLOCK_MAX) + 64);
    html.push_str("<bdi dir=\"auto\" class=\"block\">");
    let (head, cut) = bounded(text, BLOCK_MAX);
    write_words(&mut html, head, false);
    html.push_str("</bdi>");
    if cut {
        let left = text.len().saturating_sub(head.len());
        let _fits = write!(html, "<span class=\"cut\"> … {left} more bytes</span>");
    }
    Safe(html)
}

/// Every line of a text, however long: for what has a bound of its own.
pub(super) fn whole(text: &str) -> Safe<String> {
    let mut html = String::with_capacity(text.len() + 64);
    html.push_str("<bdi dir=\"auto\" class=\"block\">");
    write_words(&mut html, text, false);
    html.push_str("</bdi>");
    Safe(html)
}

/// Whether a text holds characters that cannot be seen.
pub(super) fn hides(text: &str) -> bool {
    text.chars().any(|c| is_hidden(c, '\u{2000}'))
}

/// One line of plain text for `aria-label` and the like; the template escapes it.
pub(super) fn plain(text: &str) -> String {
    let mut plain = String::new();
    let (head, cut) = bounded(text, CELL_MAX * 2);
    let mut before = ' ';
    let mut marks = 0_usize;
    for c in head.chars() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        match c {
            _ if marks > MARKS_MAX => {}
            '\n' | '\r' | '\t' => plain.push(' '),
            c if is_hidden(c, before) => {
                let _fits = write!(plain, "⟦U+{:04X}⟧", u32::from(c));
            }
            c => plain.push(c),
        }
        before = c;
    }
    if cut {
        plain.push('…');
    }
    plain
}

/// Every character as it is, for `value` and `data-` attributes: what cannot be seen is written
/// as a character reference, so that the page's source hides nothing either.
pub(super) fn exact(text: &str) -> Safe<String> {
    let mut html = String::with_capacity(text.len() + 16);
    let mut before = ' ';
    for c in text.chars() {
        // Of the C0 controls HTML can only refer to these; the others stand as they are, and
        // U+0000 is never stored.
        if (is_hidden(c, before) && c >= '\u{a0}') || matches!(c, '\t' | '\n' | '\r' | '`' | '=') {
            let _fits = write!(html, "&#{};", u32::from(c));
        } else {
            escape(&mut html, c);
        }
        before = c;
    }
    Safe(html)
}

/// The beginning of at most so many bytes, whole characters, and whether anything is left.
fn bounded(text: &str, bytes: usize) -> (&str, bool) {
    let end = text.floor_char_boundary(bytes);
    (text.get(..end).unwrap_or(text), end < text.len())
}

fn escape(html: &mut String, c: char) {
    match c {
        '&' => html.push_str("&amp;"),
        '<' => html.push_str("&lt;"),
        '>' => html.push_str("&gt;"),
        '"' => html.push_str("&quot;"),
        '\'' => html.push_str("&#39;"),
        c => html.push(c),
    }
}

/// Writes text, marking words whose letters pretend to be others.
fn write_words(html: &mut String, text: &str, one_line: bool) {
    let mut rest = text;
    while !rest.is_empty() {
        let start = rest.find(char::is_alphanumeric).unwrap_or(rest.len());
        let (between, from_word) = rest.split_at(start);
        write_visible(html, between, one_line);
        let end = from_word
            .find(|c: char| !c.is_alphanumeric() && !is_hidden(c, 'a') && !is_mark(c))
            .unwrap_or(from_word.len());
        let (word, after) = from_word.split_at(end);
        write_visible(html, word, one_line);
        if let Some(what) = pretence(word) {
            let _fits = write!(
                html,
                "<span class=\"pretence\"><span aria-hidden=\"true\">⚠</span> {what}</span>"
            );
        }
        rest = after;
    }
}

/// Writes text with what cannot be seen made visible.
fn write_visible(html: &mut String, text: &str, one_line: bool) {
    let mut before = ' ';
    let mut marks = 0_usize;
    let mut folded = 0_usize;
    for c in text.chars() {
        marks = if is_mark(c) { marks + 1 } else { 0 };
        if marks > MARKS_MAX {
            folded += 1;
            continue;
        }
        fold(html, &mut folded);
        match c {
            '\n' if one_line => html.push_str("<span class=\"hidden-char\">⏎</span>"),
            '\r' if one_line => {}
            '\n' => html.push('\n'),
            '\r' => {}
            '\t' => html.push('\t'),
            c if is_hidden(c, before) => {
                let number = u32::from(c);
                let name = name(c);
                let _fits = write!(
                    html,
                    "<span class=\"hidden-char\" role=\"img\" aria-label=\"{name}, U+{number:04X}\">\
                     ⟦U+{number:04X}⟧</span>"
                );
            }
            c => escape(html, c),
        }
        before = c;
    }
    fold(html, &mut folded);
}

fn fold(html: &mut String, folded: &mut usize) {
    if *folded > 0 {
        let _fits = write!(html, "<span class=\"hidden-char\">⟦+{folded} marks⟧</span>");
        *folded = 0;
    }
}

/// Combining marks by block: enough to fold a stack of them.
const fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{591}'..='\u{5bd}'
        | '\u{610}'..='\u{61a}' | '\u{64b}'..='\u{65f}' | '\u{6d6}'..='\u{6dc}'
        | '\u{e31}' | '\u{e34}'..='\u{e3a}' | '\u{e47}'..='\u{e4e}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// Whether a character would not be seen, or would change how its neighbours are.
const fn is_hidden(c: char, before: char) -> bool {
    match c {
        // Emoji are followed by one that says how they are drawn.
        '\u{fe0e}' | '\u{fe0f}' => !matches!(before, '\u{2000}'..|'#'| '*' | '0'..='9' | '©' | '®'),
        _ => matches!(c,
            '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}'
            | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0d}' | '\u{feff}'
            | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'),
    }
}

/// What a hidden character is called, in the words of the Unicode names list.
const fn name(c: char) -> &'static str {
    match c {
        '\u{ad}' => "soft hyphen",
        '\u{200b}' => "zero width space",
        '\u{200c}' => "zero width non-joiner",
        '\u{200d}' => "zero width joiner",
        '\u{200e}' => "left-to-right mark",
        '\u{200f}' => "right-to-left mark",
        '\u{61c}' => "Arabic letter mark",
        '\u{2028}' => "line separator",
        '\u{2029}' => "paragraph separator",
        '\u{202a}' => "left-to-right embedding",
        '\u{202b}' => "right-to-left embedding",
        '\u{202c}' => "pop directional formatting",
        '\u{202d}' => "left-to-right override",
        '\u{202e}' => "right-to-left override",
        '\u{2060}' => "word joiner",
        '\u{2066}' => "left-to-right isolate",
        '\u{2067}' => "right-to-left isolate",
        '\u{2068}' => "first strong isolate",
        '\u{2069}' => "pop directional isolate",
        '\u{feff}' => "byte order mark",
        '\u{fe00}'..='\u{fe0f}' | '\u{e0100}'..='\u{e01ef}' => "variation selector",
        '\u{e0000}'..='\u{e007f}' => "tag character",
        '\0'..='\u{9f}' => "control character",
        _ => "invisible character",
    }
}

/// How the letters of a word mislead, if they do: scripts that UTS 39 does not let stand
/// together (beyond its level "highly restrictive"), or another script's letters that all look
/// like Latin ones.
fn pretence(word: &str) -> Option<&'static str> {
    if word.is_ascii() {
        return None;
    }
    let letters: String = word.chars().filter(|c| c.is_alphabetic()).collect();
    let mixed = !letters.as_str().is_single_script()
        && letters.as_str().detect_restriction_level() > RestrictionLevel::HighlyRestrictive;
    if mixed {
        return Some("mixed scripts");
    }
    let all_foreign = letters.chars().count() > 2 && !letters.chars().any(is_latin);
    let looks_latin = || skeleton(&letters).all(|c| c.is_ascii_alphanumeric());
    (all_foreign && looks_latin()).then_some("look-alike letters")
}

const fn is_latin(c: char) -> bool {
    matches!(c, 'a'..='z' | 'A'..='Z' | '\u{c0}'..='\u{24f}' | '\u{1e00}'..='\u{1eff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_cannot_be_seen_is_shown() {
        let shown = cell("photo\u{202e}gpj.exe").0;
        assert!(shown.contains("⟦U+202E⟧") && shown.contains("right-to-left override"));
        assert!(!shown.contains('\u{202e}'));
        assert!(cell("a\nb").0.contains('⏎'));
        assert!(!cell("a\nb").0.contains('\n'));
        assert!(block("a\nb").0.contains("a\nb"));
        assert_eq!(plain("a\u{200b}\nb"), "a⟦U+200B⟧ b");
        assert_eq!(exact("\"\u{202e}'<").0, "&quot;&#8238;&#39;&lt;");
        assert!(!cell("❤\u{fe0f}").0.contains("FE0F"));
        assert!(cell("a\u{fe0f}").0.contains("FE0F"));
    }

    #[test]
    fn words_that_pretend_are_marked() {
        // Cyrillic а among Latin letters, then a word of Cyrillic letters that all look Latin.
        assert!(cell("p\u{430}ypal.com").0.contains("mixed scripts"));
        assert!(
            cell("\u{440}\u{430}\u{443}\u{440}")
                .0
                .contains("look-alike letters")
        );
        for honest in [
            "paypal.com",
            "Москва",
            "東京タワー",
            "Ελλάδα",
            "naïve",
            "Ünal",
            "한국어 abc",
        ] {
            let shown = cell(honest).0;
            assert!(!shown.contains("pretence"), "{honest}: {shown}");
        }
    }

    #[test]
    fn stacked_marks_are_folded_and_long_text_is_cut() {
        let stacked = format!("a{}", "\u{301}".repeat(20));
        assert!(cell(&stacked).0.contains("⟦+16 marks⟧"));
        let long = "x".repeat(300);
        let shown = cell(&long).0;
        assert_eq!(shown.matches('x').count(), CELL_MAX);
        assert!(shown.contains("cut off"));
        assert!(block(&"y".repeat(5_000)).0.contains("904 more bytes"));
    }

    proptest! {
        #[test]
        fn no_text_becomes_markup_or_stays_hidden(text in "\\PC*|[\\x00-\\u{3000}<>&\"']{0,60}") {
            for html in [cell(&text).0, block(&text).0] {
                let inner = html.replace("</bdi>", "").replace("</span>", "");
                for tag in inner.split('<').skip(1) {
                    prop_assert!(tag.starts_with("bdi dir=\"auto\"") || tag.starts_with("span "));
                }
                let hidden = html.chars().any(|c| is_hidden(c, 'a') && !matches!(c, '\u{fe0e}' | '\u{fe0f}'));
                prop_assert!(!hidden);
            }
            let held = exact(&text).0;
            prop_assert!(!held.contains(['<', '>', '"', '\'', '=', '`']));
        }
    }
}
