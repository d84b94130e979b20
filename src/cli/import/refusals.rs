//! Lines that were not stored: why, how many, and the first of each kind.

use std::collections::HashMap;

use crate::cli::terminal;

/// Reasons told apart; what comes later is counted together.
const REASONS_MAX: usize = 50;
/// Line numbers shown for a reason.
const SHOWN: usize = 5;
/// Bytes of a reason that are kept: it may name fields of the input.
const REASON_MAX: usize = 300;

/// Refused lines by reason, in bounded memory.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    reasons: HashMap<String, Refused>,
    others: Refused,
}

#[derive(Debug, Default)]
struct Refused {
    count: u64,
    first: Vec<u64>,
}

impl Refused {
    fn add(&mut self, count: u64, lines: &[u64]) {
        self.count = self.count.saturating_add(count);
        let room = SHOWN.saturating_sub(self.first.len());
        self.first.extend(lines.iter().take(room));
    }

    fn line(&self, reason: &str) -> String {
        let shown: Vec<String> = self
            .first
            .iter()
            .map(|&line| terminal::count(line))
            .collect();
        let more = self.count > u64::try_from(self.first.len()).unwrap_or(u64::MAX);
        let word = if self.count == 1 { "line" } else { "lines" };
        let end = if more { " …" } else { "" };
        let count = terminal::count(self.count);
        format!(
            "  {count} refused: {reason}  ({word} {}{end})",
            shown.join(" ")
        )
    }
}

impl Refusals {
    /// Notes one line.
    pub(super) fn note(&mut self, line: u64, reason: &str) {
        let end = reason.floor_char_boundary(REASON_MAX);
        let reason = reason.get(..end).unwrap_or_default();
        self.of(reason).add(1, &[line]);
    }

    fn of(&mut self, reason: &str) -> &mut Refused {
        if self.reasons.len() >= REASONS_MAX && !self.reasons.contains_key(reason) {
            return &mut self.others;
        }
        self.reasons.entry(reason.to_owned()).or_default()
    }

    /// Adds those of a later part of the input.
    pub(super) fn join(&mut self, later: Self) {
        for (reason, refused) in later.reasons {
            self.of(&reason).add(refused.count, &refused.first);
        }
        self.others.add(later.others.count, &later.others.first);
    }

    /// How many lines they are.
    pub(super) fn count(&self) -> u64 {
        let reasons = self.reasons.values().chain([&self.others]);
        reasons.fold(0, |sum, refused| sum.saturating_add(refused.count))
    }

    /// One line of text a reason, the most frequent first.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut reasons: Vec<_> = self.reasons.iter().collect();
        reasons.sort_by_key(|(reason, refused)| (u64::MAX - refused.count, reason.as_str()));
        let mut lines: Vec<String> = reasons
            .into_iter()
            .map(|(reason, refused)| refused.line(reason))
            .collect();
        if self.others.count > 0 {
            lines.push(self.others.line("for other reasons"));
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_counted_and_their_first_lines_named() {
        let mut refusals = Refusals::default();
        refusals.note(3, "too long");
        let mut later = Refusals::default();
        for line in 4..1_204 {
            later.note(line, "not JSON");
        }
        refusals.join(later);
        assert_eq!(refusals.count(), 1_201);
        assert_eq!(
            refusals.lines(),
            [
                "  1,200 refused: not JSON  (lines 4 5 6 7 8 …)",
                "  1 refused: too long  (line 3)",
            ]
        );
    }

    #[test]
    fn memory_is_bounded_whatever_the_reasons() {
        let mut refusals = Refusals::default();
        for line in 1..=1_000 {
            refusals.note(line, &format!("{line}{}", "ü".repeat(10_000)));
        }
        assert_eq!(refusals.count(), 1_000);
        let lines = refusals.lines();
        assert_eq!(lines.len(), REASONS_MAX + 1);
        assert!(lines.iter().all(|line| line.len() < REASON_MAX + 100));
        assert_eq!(
            lines[REASONS_MAX],
            "  950 refused: for other reasons  (lines 51 52 53 54 55 …)"
        );
    }
}
