//! MITRE ATT&CK as rule authors write it into a signature's metadata.

use serde_json::{Value, json};

use super::record::Object;
use crate::adapters::attack::{is_tactic, is_technique};

/// Most tactics or techniques read of one signature; published rules name one or two.
const NAMED_MAX: usize = 8;
/// Longest name of a tactic or technique kept, in characters.
const NAME_MAX: usize = 64;

/// The ids of tactics and techniques, without those that are none.
pub(super) fn ids(metadata: Option<&Object>) -> Vec<&str> {
    let mut found = tactics(metadata);
    found.extend(techniques(metadata));
    found
}

/// ECS `threat`, if the signature names a tactic or a technique.
pub(super) fn threat(metadata: Option<&Object>) -> Option<Value> {
    let mut threat = Object::new();
    for (part, ids, names) in [
        ("tactic", tactics(metadata), "mitre_tactic_name"),
        ("technique", techniques(metadata), "mitre_technique_name"),
    ] {
        if !ids.is_empty() {
            let names: Vec<String> = words(metadata, names)
                .map(|name| name.chars().take(NAME_MAX).collect::<String>())
                .map(|name| name.replace('_', " "))
                .collect();
            threat.insert(part.to_owned(), json!({ "id": ids, "name": names }));
        }
    }
    if threat.is_empty() {
        return None;
    }
    threat.insert("framework".to_owned(), "MITRE ATT&CK".into());
    Some(Value::Object(threat))
}

fn tactics(metadata: Option<&Object>) -> Vec<&str> {
    words(metadata, "mitre_tactic_id")
        .filter(|id| is_tactic(id))
        .collect()
}

fn techniques(metadata: Option<&Object>) -> Vec<&str> {
    words(metadata, "mitre_technique_id")
        .filter(|id| is_technique(id))
        .collect()
}

/// A metadata key's values: Suricata writes lists, some shippers a single text.
fn words<'a>(metadata: Option<&'a Object>, key: &str) -> impl Iterator<Item = &'a str> {
    let value = metadata.and_then(|metadata| metadata.get(key));
    let list = value
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    let single = value.and_then(Value::as_str);
    single
        .into_iter()
        .chain(list.iter().filter_map(Value::as_str))
        .take(NAMED_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_ids_are_kept() {
        let metadata = json!({
            "mitre_tactic_id": ["TA0011", "ta0001", "TA01", 7],
            "mitre_tactic_name": ["Command_And_Control"],
            "mitre_technique_id": ["T1071", "T1071.001", "T1071.", "T1071.0x1", "1071", ""],
            "mitre_technique_name": "Application_Layer_Protocol",
        });
        let metadata = metadata.as_object();
        assert_eq!(ids(metadata), ["TA0011", "T1071", "T1071.001"]);
        assert_eq!(
            threat(metadata),
            Some(json!({
                "framework": "MITRE ATT&CK",
                "tactic": { "id": ["TA0011"], "name": ["Command And Control"] },
                "technique": {
                    "id": ["T1071", "T1071.001"],
                    "name": ["Application Layer Protocol"],
                },
            }))
        );
        assert_eq!(threat(None), None);
        assert_eq!(
            threat(json!({ "affected_product": ["x"] }).as_object()),
            None
        );
    }
}
