//! Every mistake is named by its field, and the quick way reads what the slow way reads.

use super::*;
use proptest::prelude::*;

const GOOD: &str =
    r#"{"source_name":"fw-01","event_type":"Intrusion","severity":"high","description":"d"}"#;

fn with(extra: &str) -> String {
    format!("{},{extra}}}", &GOOD[..GOOD.len() - 1])
}

fn refused(json: &str) -> Vec<String> {
    read_new(json.as_bytes()).unwrap_err().into_keys().collect()
}

#[test]
fn an_event_is_read() {
    let event = read_new(GOOD.as_bytes()).unwrap();
    assert_eq!(event.source_name, "fw-01");
    assert_eq!(event.event_type, "intrusion");
    assert_eq!(event.severity, Severity::High);
    assert!(event.attributes.is_none());
    assert_eq!(
        read_new(GOOD.replace("source_name", "source").as_bytes())
            .unwrap()
            .source_name,
        "fw-01"
    );
}

#[test]
fn what_is_unknown_is_kept_and_what_is_the_servers_is_not_obeyed() {
    let json = with(
        r#""attributes":{"a":{"b":1}},"sensor":"x","id":7,"timestamp":"x","alert":1,"geo":{}"#,
    );
    let event = read_new(json.as_bytes()).unwrap();
    assert_eq!(
        event.attributes.unwrap().get(),
        r#"{"a":{"b":1},"sensor":"x"}"#
    );
}

#[test]
fn every_mistake_is_named() {
    assert_eq!(
        refused("{}"),
        ["description", "event_type", "severity", "source_name"]
    );
    assert_eq!(refused("[]"), ["body"]);
    assert_eq!(refused("{"), ["body"]);
    assert_eq!(refused(&GOOD.replace("high", "severe")), ["severity"]);
    assert_eq!(refused(&GOOD.replace("\"high\"", "4")), ["severity"]);
    assert_eq!(refused(&GOOD.replace("fw-01", "  ")), ["source_name"]);
    assert_eq!(
        refused(&GOOD.replace("fw-01", &"x".repeat(256))),
        ["source_name"]
    );
    assert_eq!(
        refused(&GOOD.replace("fw-01", "a\\u0000b")),
        ["source_name"]
    );
    assert_eq!(
        refused(&GOOD.replace("Intrusion", "brute force")),
        ["event_type"]
    );
    assert_eq!(
        refused(&with(r#""ip_address":"300.1.1.1""#)),
        ["ip_address"]
    );
    assert_eq!(
        refused(&with(r#""occurred_at":"yesterday""#)),
        ["occurred_at"]
    );
    assert_eq!(refused(&with(r#""tags":"one""#)), ["tags"]);
    assert_eq!(refused(&with(r#""tags":["a",1]"#)), ["tags"]);
    assert_eq!(refused(&with(r#""attributes":[]"#)), ["attributes"]);
    assert_eq!(
        refused(&with(r#""attributes":{"a":1,"a":2}"#)),
        ["attributes"]
    );
    assert_eq!(
        refused(&with(r#""attributes":{"a":{"b":"\u0000"}}"#)),
        ["attributes"]
    );
    assert_eq!(refused(&with(r#""attributes":{"a":1},"a":2"#)), ["a"]);
    assert_eq!(refused(&with(r#""severity":"LOW""#)), ["severity"]);
    assert_eq!(refused(&with(r#""x":1,"x":2"#)), ["x"]);
    let deep = format!(r#""x":{}{}"#, "[".repeat(100), "]".repeat(100));
    assert_eq!(refused(&with(&deep)), ["x"]);
    let wide = format!(r#""x":"{}""#, "y".repeat(ATTRIBUTES_MAX));
    assert_eq!(refused(&with(&wide)), ["attributes"]);
    assert_eq!(refused(&with(r#""x":1e999"#)), ["x"]);
}

/// What the quick way reads, the slow way reads alike.
fn agree(json: &str) -> bool {
    let quick = quick::read(json).and_then(|event| pack(&event));
    let slow = read_new(json.as_bytes()).map(PackedEvent::from);
    quick.is_none_or(|quick| Ok(quick) == slow)
}

#[test]
fn the_usual_is_read_the_quick_way() {
    for extra in [
        r#""ip_address":"198.51.100.7","occurred_at":"2026-03-01T12:00:00Z""#,
        r#""ip_address":null,"occurred_at":"","tags":[ "a" , "b c" ],"id":7,"geo":{"a":[]}"#,
        r#""attributes": { "a" : {"b":[1,-2.50,true,null,{"c":"d"}]},"b":"ü" } "#,
        r#""attributes":{"a":1},"sensor":"x","nested":{"a":1,"b":{"a":[ ]}},"n":0"#,
        r#""attributes":{},"sensor":12"#,
        r#""attributes":null,"tags":[],"alert":{}"#,
        r#""ip_address":" 2001:DB8::0:1 ""#,
    ] {
        let json = with(extra);
        assert!(quick::read(&json).is_some(), "{json}");
        assert!(agree(&json), "{json}");
    }
}

#[test]
fn the_unusual_is_left_to_the_slow_way() {
    let deep = format!(r#""x":{}{}"#, "[".repeat(20), "]".repeat(20));
    let names: Vec<String> = (0..70).map(|n| format!(r#""n{n}":{n}"#)).collect();
    let wide = format!(r#""attributes":{{{}}}"#, names.join(","));
    let long = format!(r#""x":"{}""#, "y".repeat(ATTRIBUTES_MAX));
    for extra in [
        r#""severity":"low""#,
        r#""x":1,"x":2"#,
        r#""attributes":{"a":1},"a":2"#,
        r#""a":2,"attributes":{"a":1}"#,
        r#""attributes":{"a":1,"a":1}"#,
        r#""attributes":{"a":{"b":1,"b":1}}"#,
        r#""attributes":{"a":"\u0000"}"#,
        r#""attributes":[]"#,
        r#""x":1e3"#,
        r#""x":01"#,
        r#""x":1."#,
        r#""x":-"#,
        r#""x":tru"#,
        r#""x":"a\tb""#,
        "\"x\":\"a\tb\"",
        r#""x":[1,]"#,
        r#""tags":["a",1]"#,
        r#""tags":[" "]"#,
        r#""ip_address":"300.1.1.1""#,
        r#""occurred_at":"yesterday""#,
        r#""x":1} {"#,
        &deep,
        &wide,
        &long,
    ] {
        let json = with(extra);
        assert!(quick::read(&json).is_none(), "{json}");
    }
    for json in [
        "",
        "{}",
        "[]",
        "{",
        &GOOD.replace("fw-01", " "),
        &GOOD.replace("fw", "f\\u0077"),
    ] {
        assert!(quick::read(json).is_none(), "{json}");
    }
}

/// JSON values of every kind, as a sender may write them.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "-?[0-9]{1,4}(\\.[0-9]{0,3})?(e[0-9]{1,3})?",
        "\"[a-c\\\\u0\" ]{0,6}\"",
        "\"[ -~ü\\x00-\\x1f]{0,12}\"",
        Just("true".to_owned()),
        Just("null".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[{}]", items.join(" , "))),
            prop::collection::vec(("[ab]{1,2}", inner), 0..4).prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(name, value)| format!("\"{name}\": {value}"))
                    .collect();
                format!("{{ {} }}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn both_ways_agree(
        members in prop::collection::vec((prop_oneof![
            Just("attributes".to_owned()), Just("tags".to_owned()), Just("ip_address".to_owned()),
            Just("occurred_at".to_owned()), Just("id".to_owned()), Just("source".to_owned()), "[ab]{1,2}",
        ], value()), 0..6),
        damage in prop::option::of((any::<prop::sample::Index>(), "[ -~]")),
    ) {
        let mut json = GOOD.trim_end_matches('}').to_owned();
        for (name, value) in members {
            json.extend([",\"", &name, "\":", &value]);
        }
        json.push('}');
        if let Some((at, with)) = damage {
            let at = at.index(json.len());
            if json.is_char_boundary(at) && json.is_char_boundary(at + 1) {
                json.replace_range(at..=at, &with);
            }
        }
        prop_assert!(agree(&json), "{}", json);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(read_new(&bytes).map_or(true, |event| !event.source_name.is_empty()));
    }

    #[test]
    fn attributes_stay_whole(value in "[^\\x00]{0,40}", key in "[a-z]{1,8}") {
        let unknown = serde_json::json!({ key.clone(): { "v": value } });
        let text = unknown.to_string();
        let event = read_new(with(&text[1..text.len() - 1]).as_bytes());
        prop_assume!(event.is_ok());
        let event = event.unwrap();
        prop_assume!(!["tags", "geo", "alert", "id"].contains(&key.as_str()));
        let kept: serde_json::Value = serde_json::from_str(event.attributes.unwrap().get()).unwrap();
        prop_assert_eq!(kept, unknown);
    }
}
