//! Requests that may come again, and what of them is audited.

use base::Timestamp;
use store::{StoreError, Tx};

use super::pipeline::{Batch, Outcome, Stored};
use super::queue::IngestError;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::http::Actor;
use crate::repeats::{self, Repeat, RepeatError};

/// The earlier answer to this request, or why it gets none.
pub(super) fn earlier<'b>(
    tx: &mut Tx<'_>,
    app: &App,
    batch: &'b Batch,
    seen: &mut Vec<&'b Repeat>,
    now: Timestamp,
) -> Result<Option<Result<Outcome, IngestError>>, IngestError> {
    let Some(repeat) = &batch.repeat else {
        return Ok(None);
    };
    if seen.iter().any(|other| other.is_same_request(repeat)) {
        return Ok(Some(Err(RepeatError::UnderWay.into())));
    }
    match repeats::find(tx, &app.secrets, repeat, now) {
        Ok(Some(answer)) => Ok(Some(Ok(Outcome::Repeated(answer)))),
        Ok(None) => {
            seen.push(repeat);
            Ok(None)
        }
        Err(RepeatError::Store(error)) => Err(error.into()),
        Err(error) => Ok(Some(Err(error.into()))),
    }
}

/// Keeps the answers of requests that may come again, before anything is audited: who waits here
/// for another transaction with the same key must not hold the end of the audit log. In the order of
/// the keys, so that two transactions never wait for each other.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    app: &App,
    batches: &[&Batch],
    stored: &[Vec<Stored>],
    now: Timestamp,
) -> Result<(), RepeatError> {
    let mut repeats: Vec<(&Repeat, &Batch, &[Stored])> = batches
        .iter()
        .zip(stored)
        .filter_map(|(batch, stored)| Some((batch.repeat.as_ref()?, *batch, stored.as_slice())))
        .collect();
    repeats.sort_unstable_by_key(|(repeat, ..)| *repeat);
    for (repeat, batch, stored) in repeats {
        let answer = (batch.answer)(&batch.events, stored, &batch.rejected);
        repeats::keep(tx, &app.secrets, repeat, &answer, now)?;
    }
    Ok(())
}

/// Audits what a person sent.
///
/// What a key sends is not audited line by line: the events themselves say which key sent them.
/// Nor is what comes from anybody on the network by syslog: they say from which address.
pub(super) fn audit(
    tx: &mut Tx<'_>,
    batch: &Batch,
    stored: &[Stored],
    now: Timestamp,
) -> Result<(), StoreError> {
    if matches!(batch.caller.actor, Actor::Key { .. } | Actor::Anonymous) {
        return Ok(());
    }
    let entry = match (batch.events.as_slice(), stored) {
        ([event], [stored]) => Entry::new("event.created")
            .on("event", stored.id)
            .after(event.stored(*stored)),
        _ => Entry::new("event.batch_created").after(serde_json::json!({
            "accepted": stored.len(),
            "first": stored.first().map(|event| event.id),
            "last": stored.last().map(|event| event.id),
        })),
    };
    audit::append(tx, &batch.caller, now, entry).map(drop)
}
