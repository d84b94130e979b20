//! Sentences people read, made of words that came from outside.

use serde_json::Value;

use super::fields::Fields;

/// Longest part taken from a record, in characters: the whole stands in the attributes.
pub(super) const PART_MAX: usize = 512;
/// Longest beginning of a sentence, in characters.
const WHAT_MAX: usize = 4096;

/// What happened, and in parentheses who and where: `word` and the value of its field, those that
/// are set. Of a list the first three are told.
pub(super) fn told(what: &str, fields: &Fields, parts: &[(&str, &str)]) -> String {
    let what = clean(what.trim(), WHAT_MAX);
    let what = what.trim_end_matches(['.', ':', ' ']);
    let told: Vec<String> = parts
        .iter()
        .filter_map(|(word, path)| {
            let value = value(fields.get(path)?)?;
            Some(if word.is_empty() {
                value
            } else {
                format!("{word} {value}")
            })
        })
        .collect();
    if told.is_empty() {
        what.to_owned()
    } else if what.is_empty() {
        told.join(", ")
    } else if let Some(open) = what.strip_suffix(')').filter(|open| open.contains('(')) {
        // It has parentheses at its end already.
        format!("{open}, {})", told.join(", "))
    } else {
        format!("{what} ({})", told.join(", "))
    }
}

fn value(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(clean(text, PART_MAX)),
        Value::Number(number) => Some(number.to_string()),
        Value::Array(list) => {
            let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
            let shown: Vec<String> = words
                .iter()
                .take(3)
                .map(|word| clean(word, PART_MAX))
                .collect();
            let more = words.len().saturating_sub(shown.len());
            let shown = shown.join(", ");
            (!shown.is_empty()).then(|| match more {
                0 => shown,
                more => format!("{shown} and {more} more"),
            })
        }
        _ => None,
    }
}

/// Cuts a text, and takes line breaks and terminal codes out of it: whoever attacks what the
/// sensor sees writes these words, and they end up in lists, mails and terminals.
pub(super) fn clean(text: &str, max: usize) -> String {
    let mut kept: String = text
        .chars()
        .take(max)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect();
    if kept.len() < text.len() && text.chars().nth(max).is_some() {
        kept.pop();
        kept.push('…');
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_texts_end_in_a_mark_and_hold_no_control_characters() {
        assert_eq!(clean("abcd", 4), "abcd");
        assert_eq!(clean("abcde", 4), "abc…");
        assert_eq!(clean("äöüßé", 4), "äöü…");
        assert_eq!(
            clean("a\r\nb\u{1b}[31m\u{85}", 99),
            "a\u{fffd}\u{fffd}b\u{fffd}[31m\u{fffd}"
        );
    }

    #[test]
    fn what_is_known_is_told_and_nothing_else() {
        let mut fields = Fields::default();
        fields.set("user.name", Some("bob"));
        fields.set("source.ip", Some("192.0.2.1"));
        fields.set("related.user", Some(vec!["a", "b\n", "c", "d", "e"]));
        let parts = [
            ("user", "user.name"),
            ("from", "source.ip"),
            ("on", "host.name"),
        ];
        assert_eq!(
            told("Log on failed.", &fields, &parts),
            "Log on failed (user bob, from 192.0.2.1)"
        );
        assert_eq!(
            told("Log on failed (3 times)", &fields, &[("user", "user.name")]),
            "Log on failed (3 times, user bob)"
        );
        assert_eq!(
            told("Log on failed:", &Fields::default(), &parts),
            "Log on failed"
        );
        assert_eq!(
            told("", &fields, &[("users", "related.user")]),
            "users a, b\u{fffd}, c and 2 more"
        );
    }
}
