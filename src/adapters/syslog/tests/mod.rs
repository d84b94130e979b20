//! Syslog as programs, routers and nobody in particular write it.

mod events;
mod frames;
mod headers;
mod properties;
mod senders;
mod times;

use base::Timestamp;
use serde_json::{Value, json};

use super::*;
use crate::adapters::Profile;
use crate::adapters::tests::{attributes_of, context, fates, keeps_the_limits};
use crate::events::NewEvent;

fn now() -> Timestamp {
    Timestamp::parse("2026-11-20T18:00:00Z").unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "as the header has it")]
fn time(text: &str) -> Option<Timestamp> {
    Some(Timestamp::parse(text).unwrap())
}

fn header_of(line: &str) -> Header<'_> {
    Header::read(line, &Receipt::at(now()))
}

/// A line of somebody who gave no name but an address.
fn received(profile: &Profile) -> Context<'_> {
    Context {
        now: now(),
        source: "198.51.100.4",
        ..context(profile)
    }
}

fn read_with(profile: &Profile, bytes: &[u8]) -> Vec<NewEvent> {
    let body = Body { bytes, media: "" };
    let (_, found) = fates(FORMAT.read, &body, &received(profile));
    let events = found.into_iter().flatten().map(|reading| reading.event);
    events.collect()
}

fn read(bytes: impl AsRef<[u8]>) -> Vec<NewEvent> {
    read_with(&Profile::default(), bytes.as_ref())
}

fn one(bytes: impl AsRef<[u8]>) -> NewEvent {
    let mut events = read(bytes);
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn level(code: u8, name: &str) -> Value {
    json!({"code": code, "name": name})
}
