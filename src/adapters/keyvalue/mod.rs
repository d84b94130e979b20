//! Lines of key=value: logfmt, firewalls (`FortiGate`, `SonicWall`, netfilter), auditd.
//!
//! A line with at least three pairs is read as such. The names are looked up in the table of
//! [`json`](super::json); what is not in it is kept under `labels`.

mod audit;
mod firewall;
mod pairs;
#[cfg(test)]
mod tests;

pub(super) use pairs::{Pair, pairs};

use super::json::{Facts, Given, Weight};
use super::{Context, Draft, Format, text};

/// Lines of key=value.
pub const FORMAT: Format = Format {
    name: "keyvalue",
    aliases: &["logfmt", "fortigate", "sonicwall", "auditd"],
    title: "Lines of key=value",
    read: text::lines,
};

/// Fewer pairs may stand in any sentence.
const PAIRS_MIN: usize = 3;
/// Pairs kept under `labels`.
const LABELS_MAX: usize = 64;

/// Gives a draft what the pairs of a line say; `None` when it has too few of them.
pub(super) fn look(line: &str, draft: &mut Draft, cx: &Context<'_>) -> Option<Weight> {
    let pairs = pairs(line);
    if pairs.len() < PAIRS_MIN {
        return None;
    }
    if audit::is(&pairs) {
        audit::give(&pairs, draft);
        return Some(Weight::None);
    }
    let device = firewall::device(&pairs);
    let mut facts = Facts::new(cx.now);
    let mut labels = Vec::new();
    for pair in &pairs {
        let known = !device.is_own(pair.name) && facts.pair(pair.name, &pair.value);
        // Parts of the name of an entry in a directory are no pairs.
        let named = matches!(pair.name, "CN" | "OU" | "DC");
        if !known
            && !named
            && labels.len() < LABELS_MAX
            && Given::Text(&pair.value).text().is_some()
        {
            labels.push((pair.name, &*pair.value));
        }
    }
    facts.give(draft, false);
    let judged = facts.judged();
    if judged.severity.is_some() {
        draft.severity = judged.severity;
        draft.said = judged.said;
    }
    let begins = pairs.first().is_some_and(|first| first.at == 0);
    if begins && let Some(message) = facts.message().filter(|message| message.contains(' ')) {
        message.clone_into(&mut draft.description);
    }
    if device.give(line, &pairs, draft, cx) {
        for (name, value) in labels {
            draft.fields.label(name, Some(value));
        }
    }
    Some(judged.weight)
}

/// The value of a pair.
fn of<'p>(pairs: &'p [Pair<'_>], name: &str) -> Option<&'p str> {
    let pair = pairs.iter().find(|pair| pair.name == name)?;
    Given::Text(&pair.value).text()
}
