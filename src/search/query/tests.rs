use proptest::prelude::*;

use super::*;

fn read(text: &str) -> Query {
    Query::parse(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"))
}

/// The mistakes of a text as their first and last character, counted from 1, and their message.
fn mistakes(text: &str) -> Vec<String> {
    let found = Query::parse(text).err().unwrap_or_default();
    found.iter().map(ToString::to_string).collect()
}

#[test]
fn every_form_of_a_term_is_read() {
    let query = read(
        "severity:HIGH,CRITICAL -status:RESOLVED source:\"fw, \\\"north\\\" \\\\1\",b root \
         \"brute force\" -cron -\"all well\" ip:2001:db8::1 10:30 a,b \"C:\\Windows\" from:2026-01-01T00:00:00Z",
    );
    let told: Vec<(bool, Option<&str>, Vec<&str>)> = query
        .terms()
        .iter()
        .map(|term| {
            let values = term.values.iter().map(|value| value.text.as_str());
            (term.negated, term.field.as_deref(), values.collect())
        })
        .collect();
    assert_eq!(
        told,
        [
            (false, Some("severity"), vec!["HIGH", "CRITICAL"]),
            (true, Some("status"), vec!["RESOLVED"]),
            (false, Some("source"), vec!["fw, \"north\" \\1", "b"]),
            (false, None, vec!["root"]),
            (false, None, vec!["brute force"]),
            (true, None, vec!["cron"]),
            (true, None, vec!["all well"]),
            (false, Some("ip"), vec!["2001:db8::1"]),
            (false, None, vec!["10:30"]),
            (false, None, vec!["a,b"]),
            (false, None, vec!["C:\\Windows"]),
            (false, Some("from"), vec!["2026-01-01T00:00:00Z"]),
        ]
    );
    assert!(read(" \t\u{3000} ").is_empty());
}

#[test]
fn places_are_counted_in_characters() {
    let query = read("größe -source:\"ä\",🦀x z");
    let spans: Vec<(usize, usize)> = query
        .terms()
        .iter()
        .flat_map(|term| {
            let values = term.values.iter().map(|value| value.span);
            std::iter::once(term.span).chain(values)
        })
        .map(|span| (span.start, span.end))
        .collect();
    assert_eq!(
        spans,
        [
            (0, 5),
            (0, 5),
            (6, 20),
            (14, 17),
            (18, 20),
            (21, 22),
            (21, 22)
        ]
    );
}

#[test]
fn mistakes_say_where_and_what_to_write() {
    for (text, told) in [
        (
            "a source:\"fw",
            "characters 10-12: the quote opened at character 10 is never closed",
        ),
        (
            "\"C:\\\"",
            "characters 1-5: the quote opened at character 1 is never closed",
        ),
        ("a - b", "character 3: a `-` alone"),
        (
            "severity: HIGH",
            "character 9: a value is missing behind severity:",
        ),
        (
            "severity:,HIGH",
            "character 9: a value is missing behind severity:",
        ),
        (
            "severity:HIGH, LOW",
            "character 14: a value is missing at the comma",
        ),
        (
            "severity:HIGH,,LOW",
            "character 14: a value is missing at the comma",
        ),
        ("fw\"x\"", "character 3: a quote within a word"),
        ("\"a\"b", "characters 1-3: a space is missing"),
        (
            "source:\"a\"b",
            "characters 8-10: a space or a comma is missing",
        ),
        ("\"\"", "characters 1-2: nothing stands between"),
        ("a OR b", "characters 3-4: OR joins nothing here"),
        ("a\0b", "characters 1-3: must not contain U+0000"),
    ] {
        let found = mistakes(text);
        assert_eq!(found.len(), 1, "{text}: {found:?}");
        assert!(found[0].starts_with(told), "{text}: {found:?}");
    }
    assert_eq!(mistakes("a - b: \"c").len(), 3, "every one is told");
    assert_eq!(mistakes(&"- ".repeat(500)).len(), 20);
}

#[test]
fn what_is_too_much_is_refused() {
    assert!(mistakes(&"x".repeat(2_000)).is_empty());
    assert_eq!(
        mistakes(&"x".repeat(2_001)),
        ["character 2001: too long: at most 2000 characters"]
    );
    assert!(mistakes("a b c d e f g -h").is_empty());
    assert_eq!(
        mistakes("a b c d e f g -h i"),
        ["character 18: at most 8 free words or phrases"]
    );
    assert!(mistakes(&"a:b ".repeat(40)).is_empty());
    assert_eq!(
        mistakes(&"a:b ".repeat(41)),
        ["characters 161-163: at most 40 terms"]
    );
    let ids = |n: usize| (1..=n).map(|n| n.to_string()).collect::<Vec<_>>().join(",");
    assert!(mistakes(&format!("id:{}", ids(100))).is_empty());
    assert_eq!(mistakes(&format!("id:{}", ids(101))).len(), 1);
}

#[test]
fn it_is_written_with_no_more_quotes_than_needed() {
    for (text, written) in [
        ("  a   b:c ", "a b:c"),
        ("b:\"c\",\"d e\",\"f,g\"", "b:c,\"d e\",\"f,g\""),
        (
            "\"a\" \"-a\" \"b:c\" \"AND\" -\"-x\"",
            "a \"-a\" \"b:c\" \"AND\" -\"-x\"",
        ),
        (
            "\"a\\\\b\" \"a\\\"b\" \"a\\b c\"",
            "a\\b \"a\\\"b\" \"a\\\\b c\"",
        ),
        ("b:c,c,d", "b:c,d"),
    ] {
        assert_eq!(read(text).to_string(), written, "{text}");
    }
}

#[test]
fn it_is_changed_value_by_value() {
    let query = read("root severity:HIGH -severity:LOW status:OPEN");
    for (changed, written) in [
        (
            query.with("severity", "CRITICAL"),
            "root severity:HIGH,CRITICAL -severity:LOW status:OPEN",
        ),
        (
            query.with("Severity", "HIGH"),
            "root severity:HIGH -severity:LOW status:OPEN",
        ),
        (
            query.with("severity", "LOW"),
            "root severity:HIGH,LOW status:OPEN",
        ),
        (
            query.with("source", "a b"),
            "root severity:HIGH -severity:LOW status:OPEN source:\"a b\"",
        ),
        (
            query.not("severity", "HIGH"),
            "root -severity:LOW,HIGH status:OPEN",
        ),
        (
            query.not("severity", "LOW"),
            "root severity:HIGH -severity:LOW status:OPEN",
        ),
        (
            query.not("source", "x"),
            "root severity:HIGH -severity:LOW status:OPEN -source:x",
        ),
        (
            query.without("severity", "HIGH"),
            "root -severity:LOW status:OPEN",
        ),
        (
            query.without("severity", "LOW"),
            "root severity:HIGH status:OPEN",
        ),
        (
            query.only("severity", "INFO"),
            "root severity:INFO status:OPEN",
        ),
        (
            query.only("source", "x"),
            "root severity:HIGH -severity:LOW status:OPEN source:x",
        ),
        (query.clear("severity"), "root status:OPEN"),
        (query.remove(0), "severity:HIGH -severity:LOW status:OPEN"),
        (
            query.remove(9),
            "root severity:HIGH -severity:LOW status:OPEN",
        ),
    ] {
        assert_eq!(changed.to_string(), written);
    }
    assert!(query.has("severity", "HIGH") && !query.has("severity", "LOW"));
    assert!(query.excludes("severity", "LOW") && !query.excludes("status", "OPEN"));
    assert_eq!(query.values("severity").collect::<Vec<_>>(), ["HIGH"]);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_in_its_own_bounds(text in any::<String>()) {
        match Query::parse(&text) {
            Ok(query) => prop_assert_eq!(Query::parse(&query.to_string()), Ok(query)),
            Err(mistakes) => for mistake in mistakes {
                prop_assert!(mistake.span.start <= mistake.span.end);
                prop_assert!(mistake.span.end <= text.chars().count());
            },
        }
    }

    #[test]
    fn what_reads_like_a_query_comes_back_as_it_was(text in r#"([-"\\:, ab\u{e4}\u{2003}]|a:|AND |\\"|"a"){0,24}"#) {
        if let Ok(query) = Query::parse(&text) {
            prop_assert_eq!(Query::parse(&query.to_string()), Ok(query));
        }
    }

    #[test]
    fn any_value_can_be_put_in_and_taken_out(
        text in r"[a-z:\- ]{0,12}",
        value in "[^\\x00]{1,20}",
    ) {
        if let Ok(query) = Query::parse(&text) {
            let changed = query.with("source", &value).not("type", &value);
            prop_assert_eq!(Query::parse(&changed.to_string()), Ok(changed.clone()));
            prop_assert!(changed.has("source", &value) && changed.excludes("type", &value));
            let only = changed.only("source", &value).clear("type");
            prop_assert_eq!(only.values("source").count(), 1);
            prop_assert!(!only.without("source", &value).has("source", &value));
        }
    }
}
