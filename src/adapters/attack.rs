//! MITRE ATT&CK, in the many ways detectors write it.

use serde_json::{Value, json};

use super::draft::Draft;
use super::members;

/// Most tactics and most techniques of one event.
const NAMED_MAX: usize = 8;
/// Longest name kept, in characters.
const NAME_MAX: usize = 64;

/// The tactics of the enterprise matrix.
const TACTICS: [(&str, &str); 14] = [
    ("TA0043", "Reconnaissance"),
    ("TA0042", "Resource Development"),
    ("TA0001", "Initial Access"),
    ("TA0002", "Execution"),
    ("TA0003", "Persistence"),
    ("TA0004", "Privilege Escalation"),
    ("TA0005", "Defense Evasion"),
    ("TA0006", "Credential Access"),
    ("TA0007", "Discovery"),
    ("TA0008", "Lateral Movement"),
    ("TA0009", "Collection"),
    ("TA0011", "Command and Control"),
    ("TA0010", "Exfiltration"),
    ("TA0040", "Impact"),
];

/// Tactics and techniques a record names.
#[derive(Clone, Debug, Default)]
pub(super) struct Attack {
    tactic_ids: Vec<String>,
    tactics: Vec<String>,
    technique_ids: Vec<String>,
    techniques: Vec<String>,
}

impl Attack {
    /// Takes a word that may name a tactic or the id of either: `T1110.001`, `attack.t1110`,
    /// `TA0006`, `Credential Access`, `mitre_credential_access`. Anything else is passed over.
    pub(super) fn read(&mut self, word: &str) {
        let word = word.trim();
        if word.len() > 100 {
            return;
        }
        let lower = word.to_ascii_lowercase();
        let bare = ["attack.", "mitre_", "mitre."]
            .iter()
            .find_map(|prefix| lower.strip_prefix(prefix))
            .unwrap_or(&lower);
        let id = bare.to_ascii_uppercase();
        if is_technique(&id) {
            add(&mut self.technique_ids, &id);
        } else if let Some((id, name)) = tactic(bare) {
            add(&mut self.tactic_ids, id);
            add(&mut self.tactics, name);
        } else if is_tactic(&id) {
            add(&mut self.tactic_ids, &id);
        }
    }

    /// Takes the name of a tactic, also one that is not in the matrix.
    pub(super) fn tactic(&mut self, name: &str) {
        match tactic(&name.trim().to_ascii_lowercase()) {
            Some(_) => self.read(name),
            None => add(&mut self.tactics, name),
        }
    }

    /// Takes the name of a technique.
    pub(super) fn technique(&mut self, name: &str) {
        add(&mut self.techniques, name);
    }

    /// Puts what was named into an event: `threat.*`, and the ids as tags.
    pub(super) fn put(self, draft: &mut Draft) {
        let mut named = false;
        for (part, ids, names) in [
            ("threat.tactic", &self.tactic_ids, &self.tactics),
            ("threat.technique", &self.technique_ids, &self.techniques),
        ] {
            let mut value = serde_json::Map::new();
            if !ids.is_empty() {
                value.insert("id".to_owned(), json!(ids));
            }
            if !names.is_empty() {
                value.insert("name".to_owned(), json!(names));
            }
            if !value.is_empty() {
                named = true;
                draft.fields.set(part, Some(Value::Object(value)));
            }
        }
        if named {
            draft.fields.set("threat.framework", Some("MITRE ATT&CK"));
        }
        for id in self.tactic_ids.into_iter().chain(self.technique_ids) {
            draft.tag(id);
        }
    }
}

fn add(list: &mut Vec<String>, word: &str) {
    members::add(list, word, NAMED_MAX, NAME_MAX);
}

/// A tactic by its id or name in small letters, words parted by anything.
fn tactic(word: &str) -> Option<(&'static str, &'static str)> {
    let same = |name: &str| {
        name.len() == word.len()
            && name
                .bytes()
                .zip(word.bytes())
                .all(|(a, b)| a.eq_ignore_ascii_case(&b) || (a == b' ' && matches!(b, b'_' | b'-')))
    };
    TACTICS
        .iter()
        .copied()
        .find(|(id, name)| id.eq_ignore_ascii_case(word) || same(name))
}

/// `T1071`, or with a sub-technique `T1071.001`.
pub(super) fn is_technique(id: &str) -> bool {
    let Some(number) = id.strip_prefix('T') else {
        return false;
    };
    let (number, sub) = number.split_once('.').unwrap_or((number, "000"));
    is_four_digits(number) && sub.len() == 3 && sub.bytes().all(|byte| byte.is_ascii_digit())
}

/// `TA0011`.
pub(super) fn is_tactic(id: &str) -> bool {
    id.strip_prefix("TA").is_some_and(is_four_digits)
}

fn is_four_digits(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_understood_and_nothing_else() {
        let mut attack = Attack::default();
        for word in [
            "T1110",
            "attack.t1110.001",
            "TA0006",
            "mitre_credential_access",
            "Lateral Movement",
            "command-and-control",
            "attack.g0016",
            "container",
            "T11",
            "TA1",
            "T1110",
        ] {
            attack.read(word);
        }
        attack.tactic("Stealth");
        attack.technique("Brute Force");
        let mut draft = Draft::default();
        attack.put(&mut draft);
        assert_eq!(
            draft.tags,
            ["TA0006", "TA0008", "TA0011", "T1110", "T1110.001"]
        );
        assert_eq!(
            Value::Object(draft.fields.into_object()),
            json!({"threat": {
                "framework": "MITRE ATT&CK",
                "tactic": {
                    "id": ["TA0006", "TA0008", "TA0011"],
                    "name": ["Credential Access", "Lateral Movement", "Command and Control", "Stealth"],
                },
                "technique": {"id": ["T1110", "T1110.001"], "name": ["Brute Force"]},
            }})
        );
    }

    #[test]
    fn without_a_name_there_is_no_threat() {
        let mut draft = Draft::default();
        Attack::default().put(&mut draft);
        assert!(draft.fields.is_empty());
    }
}
