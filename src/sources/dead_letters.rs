//! Records that were refused: the newest are kept, so that whoever sends them can see why.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use base::Timestamp;

use crate::adapters::Context;
use crate::http::{Caller, FieldErrors};

/// Refused records that wait to be written down; beyond, they are only counted.
const WAITING_MAX: usize = 1_000;
/// Bytes kept of a refused record: 4 KiB.
const EXCERPT_MAX: usize = 4 * 1024;

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
    /// What is wrong with it, by field.
    pub errors: FieldErrors,
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
            errors,
            size: bytes.len(),
            excerpt: String::from_utf8_lossy(excerpt).replace('\0', "\u{fffd}"),
            user_id: id.filter(|_| !is_key),
            key_id: id.filter(|_| is_key),
            address: caller.origin.address.to_string(),
        }
    }
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
    /// Adds refused records; beyond 1,000 that wait, the oldest go.
    pub fn push(&self, letters: Vec<DeadLetter>) {
        if letters.is_empty() {
            return;
        }
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
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
