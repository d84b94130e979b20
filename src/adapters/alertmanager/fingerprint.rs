//! What an alert is known by: its labels.

use serde_json::Value;

use crate::adapters::Object;

/// FNV-1a over the labels in the order of their names, each name and value followed by a byte that
/// no UTF-8 holds: what Prometheus and Alertmanager call an alert, in 16 hexadecimal digits.
pub(super) fn fingerprint(labels: &Object) -> String {
    const SEPARATOR: u8 = 255;
    let mut labels: Vec<(&str, &str)> = labels
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        // An empty label is the same as none.
        .filter(|(_, value)| !value.is_empty())
        .collect();
    labels.sort_unstable();
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for (name, value) in labels {
        name.bytes().for_each(&mut add);
        add(SEPARATOR);
        value.bytes().for_each(&mut add);
        add(SEPARATOR);
    }
    format!("{hash:016x}")
}

/// The same labels in one text, by which nobody can make two alerts look like one.
pub(super) fn identity(labels: &Object) -> String {
    let mut labels: Vec<(&String, &Value)> = labels
        .iter()
        .filter(|(_, value)| value.as_str() != Some(""))
        .collect();
    labels.sort_unstable_by_key(|(name, _)| *name);
    let mut text = String::new();
    for (name, value) in labels {
        // Quoted, so that the ends of names and values are where they are.
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push_str(&value.to_string());
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> &Object {
        value.as_object().unwrap()
    }

    #[test]
    fn it_is_the_one_alertmanager_gives() {
        // As recorded from Alertmanager 0.25.
        for (instance, expected) in [
            ("cam-3:9100", "e93fc2bcbc3054ee"),
            ("cam-4:9100", "2d8f90f8daf2abd3"),
        ] {
            let labels = json!({"severity": "critical", "instance": instance, "alertname": "HostDown", "none": ""});
            assert_eq!(fingerprint(object(&labels)), expected);
        }
    }

    #[test]
    fn labels_are_told_apart_wherever_their_ends_are() {
        let one = json!({"a": "b", "c": "d"});
        let same = json!({"c": "d", "a": "b", "e": ""});
        assert_eq!(identity(object(&one)), identity(object(&same)));
        for other in [
            json!({"a": "bc", "": "d"}),
            json!({"a": "b\"\"c\"\"d"}),
            json!({"a": "b"}),
        ] {
            assert_ne!(identity(object(&one)), identity(object(&other)));
        }
    }
}
