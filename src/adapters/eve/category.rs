//! How bad an alert is: Suricata's priority, corrected by its category where that says more.
//!
//! A category is the description of a rule's class in Suricata's `classification.config`, which
//! also gives each class a priority. Rules may set a priority of their own.

use base::Severity;
use base::Severity::{Critical, High, Low, Medium};

/// What a category says about severity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Correction {
    /// The class reports a success, not an attempt: its own priority counts one step more.
    /// A rule that set another priority knew better and keeps it.
    Raise {
        /// What the class's own priority gives.
        from: Severity,
        /// One step more.
        to: Severity,
    },
    /// The class reports no attack, or one that failed: never more than this.
    AtMost(Severity),
}

use Correction::{AtMost, Raise};

const RAISE_HIGH: Correction = Raise {
    from: High,
    to: Critical,
};
const RAISE_MEDIUM: Correction = Raise {
    from: Medium,
    to: High,
};

/// Every category that changes a severity; the reasons stand in `docs/senders/suricata.md`.
/// Whatever is not listed keeps its priority: an attempt is as bad as its rule says.
pub(super) const CORRECTIONS: &[(&str, Correction)] = &[
    // A machine inside is under somebody else's control.
    ("A Network Trojan was detected", RAISE_HIGH),
    ("Malware Command and Control Activity Detected", RAISE_HIGH),
    ("Domain Observed Used for C2 Detected", RAISE_HIGH),
    ("Targeted Malicious Activity was Detected", RAISE_HIGH),
    // The attacker got what the attempt was for.
    ("Successful Administrator Privilege Gain", RAISE_HIGH),
    ("Successful User Privilege Gain", RAISE_HIGH),
    ("Successful Credential Theft Detected", RAISE_HIGH),
    ("Large Scale Information Leak", RAISE_MEDIUM),
    ("Denial of Service", RAISE_MEDIUM),
    // Against the rules of the house, perhaps; no attack.
    ("Potential Corporate Privacy Violation", AtMost(Medium)),
    ("Inappropriate Content was Detected", AtMost(Medium)),
    // The attack failed.
    ("Unsuccessful User Privilege Gain", AtMost(Medium)),
    // Suricata describes traffic, and calls it harmless or does not judge it.
    ("Not Suspicious Traffic", AtMost(Low)),
    ("Unknown Traffic", AtMost(Low)),
    ("Generic Protocol Command Decode", AtMost(Low)),
    ("Generic ICMP event", AtMost(Low)),
    ("A TCP connection was detected", AtMost(Low)),
];

/// Gives the severity of an alert from Suricata's `alert.severity` and `alert.category`.
///
/// 1 is HIGH, 2 MEDIUM, 3 LOW and anything else INFO, unless the category corrects it. Whether
/// Suricata blocked the packet (`alert.action`) changes nothing: what tried it is still there.
#[must_use]
pub(super) fn severity(priority: u64, category: &str) -> Severity {
    let plain = match priority {
        1 => High,
        2 => Medium,
        3 => Low,
        _ => Severity::Info,
    };
    // Letter case differs between versions: "was Detected" became "was detected".
    let known = |row: &&(&str, Correction)| row.0.eq_ignore_ascii_case(category.trim());
    match CORRECTIONS.iter().find(known) {
        Some((_, Raise { from, to })) if plain == *from => *to,
        Some((_, AtMost(most))) => plain.min(*most),
        _ => plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_priority_alone_decides_where_the_category_says_nothing() {
        for category in ["", "Misc activity", "Web Application Attack", "Denial of"] {
            let by_priority = [0, 1, 2, 3, 4, 255, u64::MAX].map(|n| severity(n, category));
            let info = Severity::Info;
            assert_eq!(
                by_priority,
                [info, High, Medium, Low, info, info, info],
                "{category}"
            );
        }
    }

    #[test]
    fn success_is_worse_than_the_attempt_unless_the_rule_itself_says_less() {
        for (category, expected) in [
            ("A Network Trojan was Detected", [Critical, Medium, Low]),
            (
                " Successful administrator privilege gain ",
                [Critical, Medium, Low],
            ),
            (
                "Attempted Administrator Privilege Gain",
                [High, Medium, Low],
            ),
            ("Denial of Service", [High, High, Low]),
            ("Attempted Denial of Service", [High, Medium, Low]),
        ] {
            assert_eq!(
                [1, 2, 3].map(|n| severity(n, category)),
                expected,
                "{category}"
            );
        }
    }

    #[test]
    fn what_is_no_attack_raises_no_alert() {
        for (category, expected) in [
            ("Not Suspicious Traffic", [Low, Low, Low]),
            ("Generic Protocol Command Decode", [Low, Low, Low]),
            (
                "Potential Corporate Privacy Violation",
                [Medium, Medium, Low],
            ),
        ] {
            assert_eq!(
                [1, 2, 3].map(|n| severity(n, category)),
                expected,
                "{category}"
            );
            assert_eq!(severity(4, category), Severity::Info, "{category}");
        }
    }

    #[test]
    fn no_category_is_listed_twice_and_a_raise_is_one_step() {
        for (place, (category, correction)) in CORRECTIONS.iter().enumerate() {
            let earlier = CORRECTIONS.iter().take(place);
            assert!(
                !earlier
                    .into_iter()
                    .any(|row| row.0.eq_ignore_ascii_case(category)),
                "{category}"
            );
            if let Raise { from, to } = correction {
                assert_eq!(to.id(), from.id() + 1, "{category}");
            }
        }
    }

    #[test]
    fn the_manual_lists_the_same_categories() {
        let manual = include_str!("../../../docs/senders/suricata.md");
        let rows: Vec<(&str, String)> = CORRECTIONS
            .iter()
            .map(|(category, correction)| match correction {
                Raise { from, to } => (*category, format!("{from} becomes {to}")),
                AtMost(most) => (*category, format!("at most {most}")),
            })
            .collect();
        let told: Vec<(&str, String)> = manual
            .lines()
            .filter_map(|line| line.strip_prefix("| ")?.split_once(" | "))
            .filter_map(|(category, rest)| {
                let effect = rest.split(" | ").next()?;
                let is_effect = effect.contains(" becomes ") || effect.starts_with("at most ");
                is_effect.then(|| (category, effect.to_owned()))
            })
            .collect();
        assert_eq!(told, rows);
    }
}
