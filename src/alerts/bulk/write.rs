//! Writing changed alerts: the alerts, counts and rollups, history, audit log, and what they can be taken
//! back to. One change by a person is a bulk of one.

use base::Timestamp;
use store::{StoreError, Tx};

use super::super::history;
use super::super::model::AlertState;
use super::super::raise::PEOPLE;
use super::super::rollup;
use super::super::sql::{self, Tally};
use super::super::undo::Ticket;
use crate::audit::{self, Entry};
use crate::http::Caller;

/// How a change is told of.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Telling<'a> {
    /// Somebody changed it, with or without a note; it can be taken back by the ticket.
    Change(Option<&'a String>, Option<&'a Ticket>),
    /// Somebody took an earlier change back.
    Undo,
}

/// Writes changed alerts, each with its next version. Their ids rise; at most 1,000.
pub(in super::super) fn store_changes(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    changed: &mut [(AlertState, AlertState)],
    telling: Telling<'_>,
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let mut moved = Tally::new();
    for (before, after) in changed.iter_mut() {
        after.version = before.version.saturating_add(1);
        after.updated_at = now;
        for (alert, by) in [(&*before, -1_i64), (&*after, 1)] {
            let n = moved.entry((alert.status, alert.severity)).or_default();
            *n = n.saturating_add(by);
        }
    }
    sql::update_all(tx, changed.iter().map(|(_, after)| after))?;
    sql::tally(tx, PEOPLE, &moved)?;
    rollup::changed_all(tx, now, changed)?;
    let (action, note, ticket) = match telling {
        Telling::Change(note, ticket) => ("alert.changed", note, ticket),
        Telling::Undo => ("alert.change_undone", None, None),
    };
    let undone = matches!(telling, Telling::Undo);
    sql::record_changes(tx, caller, now, changed, note, undone)?;
    if let Some(ticket) = ticket {
        ticket.keep(tx, changed)?;
    }
    let entries = changed.iter().map(|(before, after)| {
        Entry::new(action)
            .on("alert", after.id)
            .before(before)
            .after(after)
    });
    audit::append_all(tx, caller, now, entries.collect()).map(drop)
}

/// Says the same on each alert; those whose last word it was already are left alone. Returns
/// the others.
pub(in super::super) fn store_note(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    ids: &[i64],
    note: &str,
) -> Result<Vec<i64>, StoreError> {
    let repeated = sql::already_said(tx, ids, caller.actor.id(), note)?;
    let said: Vec<i64> = ids
        .iter()
        .copied()
        .filter(|id| !repeated.contains(id))
        .collect();
    if said.is_empty() {
        return Ok(said);
    }
    let comment = history::commented(caller, now, note.to_owned());
    let comments = sql::record_comments(tx, &said, &comment)?;
    let entries = said
        .iter()
        .zip(&comments)
        .map(|(id, comment)| Entry::new("alert.commented").on("alert", id).after(comment));
    audit::append_all(tx, caller, now, entries.collect())?;
    Ok(said)
}
