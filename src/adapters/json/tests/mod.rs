//! Objects of any make, read by their usual names.

mod keys;
mod media;
mod names;
mod own_form;
mod profile;
mod properties;
mod senders;
mod wrapped;

use base::Severity;
use serde_json::Value;

use super::*;
use crate::adapters::Profile;
use crate::adapters::tests::{
    context, field, fields_are, keeps_the_limits, read_all, read_with, reads, recorded_body,
};

fn all(body: impl AsRef<[u8]>) -> Vec<Reading> {
    read_all(&FORMAT, body)
        .into_iter()
        .map(Result::unwrap)
        .collect()
}

fn one(value: &Value) -> Reading {
    let mut found = all(value.to_string());
    assert_eq!(found.len(), 1);
    found.remove(0)
}

fn at(reading: &Reading) -> String {
    reading
        .event
        .occurred_at
        .map(|time| time.to_string())
        .unwrap_or_default()
}

/// How bad it is, and what people read.
fn told(reading: &Reading) -> (Severity, &str) {
    (reading.event.severity, &reading.event.description)
}
