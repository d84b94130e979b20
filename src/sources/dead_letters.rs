//! Records that were refused: the newest are kept, so that whoever sends them can see why.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use base::Timestamp;

use crate::adapters::{Context, cut};
use crate::http::{Caller, FieldErrors};

/// Refused records that wait to be written down; beyond, they are only counted.
pub const WAITING_MAX: usize = 1_000;
/// Bytes kept of a refused record: 4 KiB.
const EXCERPT_MAX: usize = 4 * 1024;

/// Bytes kept of what is wrong with a refused record: 8 KiB.
const ERRORS_MAX: usize = 8 * 1024;
/// Characters kept of each text about it.
const REASON_MAX: usize = 300;

/// A record that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// When it came.
    pub received_at: Timestamp,
    /// The source it is counted under.
    pub source: String,
    /// The format it was read by.
    pub format: &'static str,
    /// Its place in the request, from 0.
    pub place: usize,
    /// What is wrong with it, by field; the first 8 KiB, and of each text 300 characters.
    pub errors: Arc<FieldErrors>,
    /// How long it was, in bytes.
    pub size: usize,
    /// Its beginning, at most 4 KiB; what is no UTF-8 and U+0000 are replaced.
    pub excerpt: String,
    /// The person who sent it.
    pub user_id: Option<i64>,
    /// The ingest key that sent it.
    pub key_id: Option<i64>,
    /// The sender's address.
    pub address: String,
}

impl DeadLetter {
    /// A refused record of a request.
    #[must_use]
    pub fn new(
        cx: &Context<'_>,
        format: &'static str,
        caller: &Caller,
        place: usize,
        errors: FieldErrors,
        bytes: &[u8],
    ) -> Self {
        let excerpt = bytes.get(..EXCERPT_MAX).unwrap_or(bytes);
        let id = caller.actor.id();
        let is_key = caller.actor.kind() == "key";
        Self {
            received_at: cx.now,
            source: cx.source.to_owned(),
            format,
            place,
            errors: Arc::new(first_of(errors)),
            size: bytes.len(),
            excerpt: String::from_utf8_lossy(excerpt).replace('\0', "\u{fffd}"),
            user_id: id.filter(|_| !is_key),
            key_id: id.filter(|_| is_key),
            address: caller.origin.address.to_string(),
        }
    }
}

/// As much of what is wrong as there is room for: a thousand records wait in memory.
fn first_of(errors: FieldErrors) -> FieldErrors {
    let mut kept = FieldErrors::new();
    let mut room = ERRORS_MAX;
    for (field, what) in errors {
        let field = cut(&field, REASON_MAX);
        for text in what {
            let text = cut(&text, REASON_MAX);
            let Some(left) = room.checked_sub(field.len().saturating_add(text.len())) else {
                return kept;
            };
            room = left;
            kept.entry(field.clone()).or_default().push(text);
        }
    }
    kept
}

/// Refused records that wait to be written down.
#[derive(Debug, Default)]
pub struct DeadLetters(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    letters: VecDeque<DeadLetter>,
    lost: u64,
}

impl DeadLetters {
    /// Adds refused records, and how many came with them that nobody kept; beyond 1,000 that wait,
    /// the oldest go.
    pub fn push(&self, letters: impl IntoIterator<Item = DeadLetter>, lost: u64) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.lost = waiting.lost.saturating_add(lost);
        for letter in letters {
            if waiting.letters.len() >= WAITING_MAX {
                waiting.letters.pop_front();
                waiting.lost = waiting.lost.saturating_add(1);
            }
            waiting.letters.push_back(letter);
        }
    }

    /// Puts back what could not be written down, in front of what came since.
    pub(super) fn put_back(&self, letters: Vec<DeadLetter>) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = WAITING_MAX.saturating_sub(waiting.letters.len());
        let out = letters.len().saturating_sub(room);
        waiting.lost = waiting
            .lost
            .saturating_add(u64::try_from(out).unwrap_or(u64::MAX));
        for letter in letters.into_iter().skip(out).rev() {
            waiting.letters.push_front(letter);
        }
    }

    /// Takes those that wait, oldest first, and how many were pushed out before.
    #[must_use]
    pub fn take(&self) -> (Vec<DeadLetter>, u64) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lost = std::mem::take(&mut waiting.lost);
        (waiting.letters.drain(..).collect(), lost)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::Profile;

    #[test]
    fn of_what_is_wrong_the_beginning_is_kept_however_long_it_is() {
        let profile = Profile::default();
        let cx = Context {
            now: Timestamp::from_millis(0),
            bound: None,
            source: "fw-01",
            profile: &profile,
        };
        let long = "\u{1f4a3}".repeat(1 << 12);
        let errors = (0..9).map(|n| (format!("{n:03}{long}"), vec![long.clone(); 3]));
        let caller = Caller::system("test");
        let letter = DeadLetter::new(&cx, "json", &caller, 0, errors.collect(), b"");
        let (field, what) = letter.errors.first_key_value().unwrap();
        assert!(field.starts_with("000\u{1f4a3}") && what[0].ends_with('…'));
        let texts = letter.errors.values().flatten();
        let bytes: usize = texts.chain(letter.errors.keys()).map(String::len).sum();
        assert!((1_000..=ERRORS_MAX).contains(&bytes), "{bytes}");
    }
}
