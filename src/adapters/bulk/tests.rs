//! Bulk requests read as their clients write them.

use base::Severity;
use proptest::prelude::*;

use super::*;
use crate::adapters::tests::{attributes_of, context, fates, recorded_body};
use crate::adapters::{Body, Profile};
use crate::events::NewEvent;

/// What became of one pair.
struct Pair {
    item: Item,
    read: Read,
    bytes: String,
}

fn pairs(body: &[u8]) -> Vec<Pair> {
    let profile = Profile::default();
    let mut pairs = Vec::new();
    read(
        body,
        "from-path",
        &context(&profile),
        &mut |item, read, bytes| {
            let bytes = String::from_utf8_lossy(bytes).into_owned();
            pairs.push(Pair { item, read, bytes });
            ControlFlow::Continue(())
        },
    )
    .unwrap();
    pairs
}

fn event(pair: &Pair) -> &NewEvent {
    &pair.read.as_ref().unwrap().event
}

fn attributes(pair: &Pair) -> serde_json::Value {
    attributes_of(event(pair))
}

#[test]
fn fluent_bit_names_its_events_and_says_how_bad_they_are() {
    let pairs = pairs(&recorded_body("fluentbit_5.1_es_bulk_create.http"));
    assert_eq!(pairs.len(), 2);
    assert!(pairs.iter().all(|pair| pair.item.verb == Verb::Create));
    let key = "watchpost\u{0}132ad035-e72f-36c8-da93-c5ec3a6114a0";
    assert_eq!(pairs[0].read.as_ref().unwrap().key.as_deref(), Some(key));
    assert_eq!(event(&pairs[0]).severity, Severity::High);
    assert_eq!(event(&pairs[0]).description, "forced door");
    assert_eq!(event(&pairs[0]).ip_address, "203.0.113.7".parse().ok());
    assert_eq!(event(&pairs[1]).severity, Severity::Low);
    assert_eq!(attributes(&pairs[0])["event"]["dataset"], "watchpost");
}

#[test]
fn documents_of_daemons_and_programs_become_useful_events() {
    for (name, description, severity) in [
        (
            "rsyslog_8.2302_omelasticsearch_bulk.http",
            "disk failure on sda",
            Severity::Medium,
        ),
        (
            "syslogng_3.38_es_bulk_a.http",
            "login failed",
            Severity::Medium,
        ),
        (
            "syslogng_3.38_es_bulk_b.http",
            "kernel panic \"quoted\"",
            Severity::Medium,
        ),
        (
            "pino_elasticsearch_9_es8_bulk.http",
            "bad login",
            Severity::Medium,
        ),
        ("opensearch_py_3.2_bulk.http", "hi", Severity::Info),
        ("opensearch_js_3.9_bulk.http", "m", Severity::Info),
        (
            "elasticsearch_js_9.4_bulk_create.http",
            "m1",
            Severity::Info,
        ),
        ("elasticsearch_py_9.5_bulk_put.http", "hi", Severity::Info),
    ] {
        let pairs = pairs(&recorded_body(name));
        let first = event(&pairs[0]);
        assert_eq!(
            (first.description.as_str(), first.severity),
            (description, severity),
            "{name}"
        );
        assert!(pairs.iter().all(|pair| pair.read.is_ok()), "{name}");
    }
}

#[test]
fn a_document_knows_its_data_set_better_than_its_index() {
    let pairs =
        pairs(b"{\"create\":{}}\n{\"message\":\"a\",\"event\":{\"dataset\":\"nginx.access\"}}");
    assert_eq!(attributes(&pairs[0])["event"]["dataset"], "nginx.access");
}

#[test]
fn an_index_of_the_path_stands_for_actions_that_name_none() {
    let pairs = pairs(b"{\"index\":{}}\n{\"message\":\"a\"}\n{\"index\":{\"_index\":\"x\",\"_id\":1}}\n{\"message\":\"b\"}");
    assert_eq!(attributes(&pairs[0])["event"]["dataset"], "from-path");
    assert_eq!(attributes(&pairs[1])["event"]["dataset"], "x");
    assert_eq!(pairs[0].read.as_ref().unwrap().key, None);
    assert_eq!(
        pairs[1].read.as_ref().unwrap().key.as_deref(),
        Some("x\u{0}1")
    );
}

#[test]
fn a_broken_pair_costs_only_itself() {
    let good = "{\"create\":{}}\n{\"message\":\"good\"}\n";
    for (broken, shown) in [
        ("{\"create\":{}\n{\"message\":\"lost\"}\n", "{\"create\":{}"),
        ("{\"create\":{}\n", "{\"create\":{}"),
        (
            "{\"create\":{\"_id\":{}}}\n{\"message\":\"lost\"}\n",
            "{\"create\":{\"_id\":{}}}",
        ),
        (
            "{\"update\":{\"_id\":\"1\"}}\n{\"doc\":{}}\n",
            "{\"doc\":{}}",
        ),
        (
            "{\"delete\":{\"_id\":\"1\"}}\n",
            "{\"delete\":{\"_id\":\"1\"}}",
        ),
        ("{\"create\":{}}\n{\"message\":\n", "{\"message\":"),
        ("{\"create\":{}}\n[1]\n", "[1]"),
        ("word\n", "word"),
    ] {
        let pairs = pairs(format!("{good}\r\n{broken}\n\n{good}").as_bytes());
        let good: Vec<bool> = pairs.iter().map(|pair| pair.read.is_ok()).collect();
        assert_eq!(good, [true, false, true], "{broken}");
        assert_eq!(pairs[1].bytes, shown);
    }
}

#[test]
fn an_action_without_its_document_is_refused() {
    let pairs = pairs(b"{\"index\":{}}\n\n");
    assert!(pairs[0].read.as_ref().unwrap_err().contains_key("document"));
    assert!(pairs[0].item.understood);
}

#[test]
fn lines_end_where_they_end() {
    for length in [0, 1, 63, 64, 65, 127, 128, 200] {
        let line = "x".repeat(length);
        assert_eq!(line_end(line.as_bytes()), length);
        assert_eq!(line_end(format!("{line}\nrest\n").as_bytes()), length);
    }
}

proptest! {
    #[test]
    fn whatever_comes_in_every_event_keeps_the_limits(
        lines in prop::collection::vec(prop_oneof![
            Just("{\"index\":{\"_index\":\"a\",\"_id\":\"b\"}}".to_owned()),
            Just("{\"create\":{}}".to_owned()),
            Just("{\"message\":\"m\",\"host\":\"h\"}".to_owned()),
            "\\PC{0,40}",
            "\\{\"(index|create|delete|update)\":\\{\"_id\":.{0,10}\\}\\}",
        ], 0..12),
        end in prop::sample::select(vec!["\n", "\r\n", "\n\n"]),
        bytes in prop::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut body = lines.join(end).into_bytes();
        body.extend(bytes);
        let whole = Body { bytes: &body, media: "" };
        let (told, _) = fates(FORMAT.read, &whole, &context(&Profile::default()));
        prop_assert_eq!(told.is_err(), body.trim_ascii().is_empty());
    }
}
