//! Whatever bytes and values come in, events keep the limits and values stay what they were.

use std::borrow::Cow;

use proptest::prelude::*;

use super::super::value::{Any, Pairs};
use super::*;

/// Values as senders may write them, in both encodings.
fn kinds() -> impl Strategy<Value = proto::AnyValue> {
    let leaf = prop_oneof![
        any::<String>().prop_map(proto::Kind::Text),
        any::<bool>().prop_map(proto::Kind::Bool),
        any::<i64>().prop_map(proto::Kind::Int),
        any::<f64>().prop_map(proto::Kind::Double),
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(proto::Kind::Bytes),
    ];
    let leaf = leaf.prop_map(any_value);
    leaf.prop_recursive(4, 40, 6, |inner| {
        let list = proptest::collection::vec(inner.clone(), 0..6)
            .prop_map(|values| proto::Kind::List(proto::List { values }));
        let map = proptest::collection::vec((".{0,12}", inner), 0..6).prop_map(|pairs| {
            let values = pairs
                .into_iter()
                .map(|(key, value)| key_value(key, value))
                .collect();
            proto::Kind::Map(proto::Map { values })
        });
        prop_oneof![list, map].prop_map(any_value)
    })
}

fn borrowed(value: &proto::AnyValue) -> Any<'_> {
    match &value.kind {
        None => Any::Empty,
        Some(proto::Kind::Text(text)) => Any::Text(Cow::Borrowed(text)),
        Some(proto::Kind::Bool(truth)) => Any::Bool(*truth),
        Some(proto::Kind::Int(number)) => Any::Int(*number),
        Some(proto::Kind::Double(number)) => Any::Double(*number),
        Some(proto::Kind::Bytes(bytes)) => Any::Bytes(Cow::Borrowed(bytes)),
        Some(proto::Kind::List(list)) => Any::List(list.values.iter().map(borrowed).collect()),
        Some(proto::Kind::Map(map)) => Any::Map(Pairs(
            map.values
                .iter()
                .map(|pair| {
                    let value = pair.value.as_ref().map_or(Any::Empty, borrowed);
                    (Cow::Borrowed(pair.key.as_str()), value)
                })
                .collect(),
        )),
    }
}

/// Requests whose records hold such values.
fn requests() -> impl Strategy<Value = proto::Request> {
    let names = prop_oneof![
        Just("severity".to_owned()),
        Just("client.address".to_owned()),
        Just("host.name".to_owned()),
        Just("log.record.uid".to_owned()),
        "[a-z.]{0,40}",
        ".{0,30}",
    ];
    let pairs = proptest::collection::vec((names, kinds()), 0..12).prop_map(|pairs| {
        let pairs = pairs.into_iter();
        pairs
            .map(|(key, value)| key_value(key, value))
            .collect::<Vec<_>>()
    });
    let pairs = pairs.boxed();
    (
        pairs.clone(),
        pairs,
        kinds(),
        any::<u64>(),
        any::<i32>(),
        ".{0,40}",
    )
        .prop_map(
            |(resource, attributes, body, time, severity_number, word)| {
                let mut request = full();
                let logs = &mut request.resource_logs[0];
                logs.resource = Some(proto::Resource {
                    attributes: resource,
                    dropped: 0,
                });
                let record = &mut logs.scope_logs[0].log_records[0];
                record.attributes = attributes;
                record.body = Some(body);
                record.time = time;
                record.severity_number = severity_number;
                record.severity_text.clone_from(&word);
                record.event_name = word;
                request
            },
        )
}

/// What an event says is read by the rules a record is read by; its limits were checked before.
fn is_read_again(read: &Read) {
    let Ok(reading) = read else { return };
    if let Some(raw) = &reading.event.attributes {
        crate::adapters::value(raw.get().as_bytes()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_bytes_come_in_events_keep_the_limits(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for media in [PROTOBUF, JSON, ""] {
            for read in body_of(&bytes, media).unwrap_or_default() {
                is_read_again(&read);
            }
        }
    }

    #[test]
    fn whatever_a_request_holds_events_keep_the_limits(request in requests(), at in any::<usize>(), byte in any::<u8>()) {
        let mut bytes = request.encode_to_vec();
        for read in body_of(&bytes, PROTOBUF).unwrap() {
            prop_assert!(read.is_ok(), "{read:?}");
            is_read_again(&read);
        }
        let at = at % bytes.len();
        bytes[at] = byte;
        for read in body_of(&bytes, PROTOBUF).unwrap_or_default() {
            is_read_again(&read);
        }
    }

    #[test]
    fn values_are_read_as_they_were_written(value in kinds()) {
        let pair = key_value("k", value.clone());
        let mut request = proto::Request::default();
        request.resource_logs.push(proto::ResourceLogs {
            scope_logs: vec![proto::ScopeLogs {
                scope: None,
                log_records: vec![proto::LogRecord { attributes: vec![pair], ..Default::default() }],
            }],
            ..Default::default()
        });
        let bytes = request.encode_to_vec();
        let mut written = String::new();
        protobuf::each(&bytes, &mut |_, record, _| {
            let record = record.unwrap();
            written = serde_json::to_string(record.attributes.get("k").unwrap()).unwrap();
            ControlFlow::Continue(())
        }).unwrap();
        prop_assert_eq!(written, serde_json::to_string(&borrowed(&value)).unwrap());
    }
}
