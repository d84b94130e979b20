//! Text on its way to a terminal: foreign characters made harmless, columns, a box.

use std::borrow::Cow;
use std::io::Write as _;

use crate::http::FieldErrors;

/// Whether a terminal would obey a character, or show the text around it in another order.
const fn is_active(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Line and paragraph separators, and the bidirectional controls (Unicode TR 36, 3.4).
        | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        | '\u{feff}')
}

/// The text with every character a terminal would obey written as its escape: `\n`, `\u{1b}`.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if !text.contains(is_active) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len().saturating_add(16));
    for c in text.chars() {
        if is_active(c) {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    Cow::Owned(clean)
}

/// Field errors as one line.
pub(super) fn field_errors(errors: &FieldErrors) -> String {
    let parts: Vec<String> = errors
        .iter()
        .map(|(field, what)| format!("{field}: {}", what.join(", ")))
        .collect();
    parts.join("; ")
}

/// Prints a line to standard output, made harmless.
///
/// # Errors
/// Standard output cannot be written to.
pub(super) fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout(), "{}", clean(line))
}

/// Prints rows in columns under their headings, two spaces apart; the last may be any width.
///
/// # Errors
/// Standard output cannot be written to.
pub(super) fn table<const N: usize>(
    headings: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> std::io::Result<()> {
    let mut lines = vec![headings.map(str::to_owned)];
    lines.extend(
        rows.into_iter()
            .map(|row| row.map(|cell| clean(&cell).into_owned())),
    );
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = cell.chars().count().max(*width);
        }
    }
    let mut stdout = std::io::stdout().lock();
    for line in &lines {
        let cells = widths
            .iter()
            .zip(line)
            .map(|(width, cell)| format!("{cell:width$}"));
        writeln!(
            stdout,
            "{}",
            cells.collect::<Vec<_>>().join("  ").trim_end()
        )?;
    }
    Ok(())
}

/// Lines in a box that is not overlooked between log lines.
pub(super) fn boxed(lines: &[String]) -> String {
    let width = lines
        .iter()
        .map(|line| line.chars().count())
        .max()
        .unwrap_or(0);
    let edge = "─".repeat(width.saturating_add(2));
    let rows = lines.iter().map(|line| format!("│ {line:width$} │"));
    let mut text = vec![format!("┌{edge}┐")];
    text.extend(rows);
    text.push(format!("└{edge}┘"));
    text.join("\n")
}

/// A count with thousands apart: `1,234,567`.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && digits.len().saturating_sub(at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_a_terminal_obeys_passes() {
        assert_eq!(clean("plain — ü"), "plain — ü");
        assert_eq!(
            clean("a\nb\u{1b}[31m\u{9b}2J\u{202e}"),
            "a\\nb\\u{1b}[31m\\u{9b}2J\\u{202e}"
        );
    }

    #[test]
    fn counts_are_readable() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1,000");
        assert_eq!(count(12_345_678), "12,345,678");
    }

    #[test]
    fn a_box_is_as_wide_as_its_longest_line() {
        let text = boxed(&["ab".to_owned(), "äöüß".to_owned()]);
        assert_eq!(text, "┌──────┐\n│ ab   │\n│ äöüß │\n└──────┘");
    }
}
