//! How bad an alert is, by the label people give it.

use base::Severity::{self, Critical, High, Info, Low, Medium};

use crate::adapters::severity;

/// The severity of a label `severity` or `priority`.
///
/// `critical`, `page`, `disaster`, `emergency`, `p0` and `p1` are CRITICAL; `error`, `high`, `major`
/// and `p2` HIGH; `warning`, `warn`, `medium`, `average`, `ticket` and `p3` MEDIUM; `low`, `minor`,
/// `p4` LOW; `info`, `none`, `ok`, `p5` INFO.
pub(super) fn level(word: &str) -> Option<Severity> {
    Some(match word.trim().to_ascii_lowercase().as_str() {
        "page" | "pager" | "paging" | "disaster" | "emergency" | "emerg" | "crit" | "blocker"
        | "p0" | "p1" | "sev0" | "sev1" => Critical,
        "error" | "err" | "alert" | "p2" | "sev2" => High,
        "warning" | "warn" | "average" | "ticket" | "p3" | "sev3" => Medium,
        "notice" | "p4" | "sev4" => Low,
        "ok" | "debug" | "deadman" | "heartbeat" | "p5" | "sev5" => Info,
        other => return severity::threat(other),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_labels_are_understood() {
        for (word, expected) in [
            ("critical", Some(Critical)),
            ("Page", Some(Critical)),
            ("P1", Some(Critical)),
            ("error", Some(High)),
            ("major", Some(High)),
            ("warning", Some(Medium)),
            (" low ", Some(Low)),
            ("info", Some(Info)),
            ("none", Some(Info)),
            ("3", None),
            ("purple", None),
        ] {
            assert_eq!(level(word), expected, "{word}");
        }
    }
}
