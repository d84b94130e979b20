//! Events to try the dashboard with: one made-up intrusion and the everyday noise around it.
//!
//! Pure: the same time, seed and amount always give the same events, and nothing is stored here.
//! Every event carries the tags `demo` and `synthetic`, and `attributes.demo` with the stage of
//! the attack and the MITRE ATT&CK ids (version 17) it would be filed under. `docs/demo.md` tells
//! the story. Start reading at [`story`]; the attack stands in `outside`, `inside` and
//! `damage`, the noise
//! in `background` and `routines`, the addresses and why they are nobody's in `places`, and what
//! people did about it in `responses`.

mod background;
mod damage;
mod inside;
mod outside;
mod places;
mod random;
mod responses;
mod routines;
mod stage;
mod told;

use std::time::Duration;

use base::Timestamp;

use crate::events::NewEvent;
use random::Random;

pub use responses::{Duty, Response};

/// How far back the story goes: a week, of which the attack takes the last three days.
pub const PERIOD: Duration = Duration::from_hours(168);
/// Most events of everyday noise made at once, about 100 MB: all are in memory together.
pub const BACKGROUND_MAX: usize = 100_000;

/// An event, and when it is to have happened.
#[derive(Clone, Debug)]
pub struct DemoEvent {
    /// The event, valid as it is; `occurred_at` is [`at`](Self::at).
    pub event: NewEvent,
    /// When it happened, in whole milliseconds.
    pub at: Timestamp,
}

/// Tells the story that ends now: the attack, and `background` events of everyday noise.
///
/// Oldest first, all of them within [`PERIOD`] before `now`. Noise is INFO, LOW or MEDIUM and
/// follows the hours of an office on UTC; more than [`BACKGROUND_MAX`] events of it are cut off.
/// The attack is the same for every seed but for seconds and for who guesses passwords when.
#[must_use]
pub fn story(now: Timestamp, seed: u64, background: usize) -> Vec<DemoEvent> {
    let mut random = Random::new(seed);
    let mut events = outside::events(now, &mut random);
    events.extend(inside::events(now, &mut random));
    let amount = background.min(BACKGROUND_MAX);
    events.extend(background::events(now, amount, &mut random));
    // Stable, so that events of the same millisecond keep their order too.
    events.sort_by_key(|event| event.at);
    events
}

#[cfg(test)]
mod tests;
