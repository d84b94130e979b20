//! Pushes read as their senders write them.

use base::Severity;
use proptest::prelude::*;
use prost::Message as _;

use super::*;
use crate::adapters::tests::{attributes, context, reads, recorded_body};
use crate::adapters::{Profile, RECORD_MAX, Reading};

/// A push as other programs write it.
#[derive(Clone, PartialEq, prost::Message)]
struct WholePush {
    #[prost(message, repeated, tag = "1")]
    streams: Vec<WholeStream>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct WholeStream {
    #[prost(string, tag = "1")]
    labels: String,
    #[prost(message, repeated, tag = "2")]
    entries: Vec<proto::Entry>,
    #[prost(uint64, tag = "3")]
    hash: u64,
}

fn all(bytes: &[u8], media: &str) -> Result<Vec<Read>, BodyError> {
    let profile = Profile::default();
    reads(FORMAT.read, &Body { bytes, media }, &context(&profile))
}

fn json(body: impl AsRef<[u8]>) -> Vec<Reading> {
    all(body.as_ref(), "application/json")
        .unwrap()
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn packed(push: &WholePush) -> Vec<u8> {
    snap::raw::Encoder::new()
        .compress_vec(&push.encode_to_vec())
        .unwrap()
}

fn stream(labels: &str, lines: &[&str]) -> WholeStream {
    let entry = |line: &&str| proto::Entry {
        timestamp: Some(proto::Time {
            seconds: 1_795_196_463,
            nanos: 769_549_697,
        }),
        line: (*line).to_owned(),
        metadata: vec![proto::Pair {
            name: "trace_id".to_owned(),
            value: "t1".to_owned(),
        }],
    };
    WholeStream {
        labels: labels.to_owned(),
        entries: lines.iter().map(entry).collect(),
        hash: 7,
    }
}

#[test]
fn fluent_bits_streams_become_events() {
    let events = json(recorded_body("fluentbit_5.1_loki_push.http"));
    assert_eq!(events.len(), 2);
    let first = &events[0].event;
    assert_eq!(
        (first.description.as_str(), first.severity),
        ("forced door", Severity::High)
    );
    assert_eq!(
        first.occurred_at.map(Timestamp::micros),
        Some(1_795_196_463_769_549)
    );
    assert_eq!(events[1].event.severity, Severity::Low);
    assert_eq!(attributes(&events[0])["labels"]["job"], "wp");
    assert_ne!(events[0].key, events[1].key);
}

#[test]
fn both_forms_say_the_same() {
    let push = WholePush {
        streams: vec![stream(
            r#"{host="web-1", level="error", job="api"}"#,
            &["one", "two"],
        )],
    };
    let packed = packed(&push);
    for media in ["application/x-protobuf", ""] {
        let unpacked = all(&packed, media).unwrap();
        let unpacked: Vec<Reading> = unpacked.into_iter().map(Result::unwrap).collect();
        let written = json(
            r#"{"streams":[{"values":[["1795196463769549697","one",{"trace_id":"t1"}],
                ["1795196463769549697","two",{"trace_id":"t1"}]],
                "stream":{"job":"api","level":"error","host":"web-1"}}]}"#,
        );
        for (one, other) in unpacked.iter().zip(&written) {
            assert_eq!(format!("{:?}", one.event), format!("{:?}", other.event));
            assert_eq!(one.key, other.key);
        }
        let event = &unpacked[0].event;
        assert_eq!(
            (event.source_name.as_str(), event.severity),
            ("web-1", Severity::Medium)
        );
        let attributes = attributes(&unpacked[0]);
        assert_eq!(attributes["service"]["name"], "api");
        assert_eq!(attributes["host"]["name"], "web-1");
        assert_eq!(attributes["labels"]["level"], "error");
        assert_eq!(attributes["trace"]["id"], "t1");
    }
}

#[test]
fn the_same_entry_has_the_same_key_however_its_labels_are_ordered() {
    let key = |labels: &str, line: &str, time: i64| {
        let mut stream = stream(labels, &[line]);
        stream.entries[0].timestamp = Some(proto::Time {
            seconds: time,
            nanos: 0,
        });
        let push = WholePush {
            streams: vec![stream],
        };
        all(&packed(&push), "").unwrap().remove(0).unwrap().key
    };
    let first = key(r#"{a="1",b="2"}"#, "line", 5);
    assert!(first.is_some());
    assert_eq!(first, key(r#"{b="2", a="1"}"#, "line", 5));
    for other in [
        key(r#"{a="1",b="3"}"#, "line", 5),
        key(r#"{a="1",b="2"}"#, "line2", 5),
        key(r#"{a="1",b="2"}"#, "line", 6),
        key(r#"{a="1b",b="2"}"#, "line", 5),
    ] {
        assert_ne!(first, other);
    }
}

#[test]
fn a_stream_with_broken_labels_costs_only_its_own_entries() {
    let push = WholePush {
        streams: vec![stream("{a=1}", &["x", "y"]), stream("{}", &["z"])],
    };
    let good: Vec<bool> = all(&packed(&push), "")
        .unwrap()
        .iter()
        .map(Result::is_ok)
        .collect();
    assert_eq!(good, [false, false, true]);
}

#[test]
fn an_entry_that_is_none_is_refused_by_its_part() {
    let body = r#"{"streams":[{"stream":{},"values":[["x","l"],["1"],["1",2],5,["1","l",[]],["1","good"],[2,"good"]]}]}"#;
    let refusals: Vec<String> = all(body.as_bytes(), "application/json")
        .unwrap()
        .into_iter()
        .map(|read| match read {
            Ok(_) => "good".to_owned(),
            Err(errors) => errors.into_keys().next().unwrap(),
        })
        .collect();
    assert_eq!(
        refusals,
        [
            "entry[0]", "entry[1]", "entry[1]", "entry", "entry[2]", "good", "good"
        ]
    );
}

#[test]
fn what_is_no_push_is_refused_whole() {
    for (body, media) in [
        (&b""[..], "application/json"),
        (b"{}", "application/json"),
        (b"{\"streams\":5}", "application/json"),
        (b"{\"streams\":[5]}", "application/json"),
        (b"{\"streams\":[{\"stream\":{\"a\":1},\"values\":[]}]}", ""),
        (b"", ""),
        (b"\xff\xff\xff\xff\xff", "application/x-protobuf"),
        (b"plain words", "text/plain"),
    ] {
        assert!(all(body, media).is_err(), "{body:?}");
    }
    assert!(all(b"{\"streams\":[]}", "").unwrap().is_empty());
    let cut = packed(&WholePush {
        streams: vec![stream("{}", &["a line"])],
    });
    assert!(all(&cut[..cut.len() - 2], "").is_err());
}

#[test]
fn a_bomb_is_refused_by_the_length_it_declares() {
    // 33 MiB as a varint, and nothing behind it.
    let bomb = [0x80, 0x80, 0xc0, 0x10];
    assert_eq!(unpacked_length(&bomb).unwrap(), 33 << 20);
    assert!(
        all(&bomb, "")
            .unwrap_err()
            .to_string()
            .contains("more than")
    );
}

#[test]
fn an_entry_that_is_too_long_is_refused_before_it_is_taken_apart() {
    // Half a million empty pairs, and one more.
    let entry: Vec<u8> = [0x1a, 0x00].repeat(RECORD_MAX / 2 + 1);
    let mut stream = vec![0x12];
    prost::encode_length_delimiter(entry.len(), &mut stream).unwrap();
    stream.extend(&entry);
    let mut push = vec![0x0a];
    prost::encode_length_delimiter(stream.len(), &mut push).unwrap();
    push.extend(&stream);
    let packed = snap::raw::Encoder::new().compress_vec(&push).unwrap();
    let all = all(&packed, "").unwrap();
    assert!(all[0].as_ref().unwrap_err().contains_key("entry"));
    let labels = "x".repeat(labels::LENGTH_MAX);
    let json = format!(r#"{{"streams":[{{"stream":{{"a":"{labels}"}},"values":[]}}]}}"#);
    assert!(self::all(json.as_bytes(), "application/json").is_err());
}

#[test]
fn an_endless_list_of_nothing_is_left_when_the_sink_has_enough() {
    let stream: Vec<u8> = [0x12, 0x00].repeat(1_000_000);
    let mut push = vec![0x0a];
    prost::encode_length_delimiter(stream.len(), &mut push).unwrap();
    push.extend(&stream);
    let profile = Profile::default();
    let mut seen = 0;
    let mut sink = |_: Read, _: &[u8]| {
        seen += 1;
        if seen < 5 {
            ControlFlow::Continue(())
        } else {
            ControlFlow::Break(())
        }
    };
    read_proto(&push, &context(&profile), &mut sink).unwrap();
    assert_eq!(seen, 5);
}

proptest! {
    #[test]
    fn whatever_comes_in_every_event_keeps_the_limits(
        labels in "\\{[a-z]{0,3}=\"?.{0,12}\"?\\}",
        lines in prop::collection::vec(".{0,40}", 0..4),
        bytes in prop::collection::vec(any::<u8>(), 0..80),
        flip in any::<prop::sample::Index>(),
    ) {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let push = WholePush { streams: vec![stream(&labels, &lines)] };
        let mut spoilt = push.encode_to_vec();
        let at = flip.index(spoilt.len());
        spoilt[at] ^= 0x5a;
        let spoilt = snap::raw::Encoder::new().compress_vec(&spoilt).unwrap();
        let json = format!(
            "{{\"streams\":[{{\"stream\":{{\"a\":{labels:?}}},\"values\":[[\"1\",{lines:?}]]}}]}}"
        );
        for (body, media) in [
            (packed(&push), ""), (spoilt, ""), (bytes.clone(), ""),
            (bytes, "application/json"), (json.into_bytes(), "application/json"),
        ] {
            drop(all(&body, media));
        }
    }
}
