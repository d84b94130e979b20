//! Every statement on the history of alerts.

use serde_json::value::RawValue;
use store::{Row, StoreError, Tx};

use super::super::model::{TimelineActor, TimelineEntry, TimelineKind};
use super::shape;

/// Appends to an alert's history; gives the entry its id.
pub(in super::super) fn record(
    tx: &mut Tx<'_>,
    alert: i64,
    entry: TimelineEntry,
) -> Result<TimelineEntry, StoreError> {
    let actor = entry.actor.as_ref();
    let id = tx.query_one(
        "insert into alert_history (alert_id, at, actor_id, actor, address, kind, changes, text) \
         values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        &[
            alert.into(),
            entry.at.into(),
            actor.and_then(|actor| actor.id).into(),
            actor.map_or("", |actor| &actor.username).into(),
            entry.address.as_ref().into(),
            entry.kind.word().into(),
            entry.changes.as_ref().map(|json| json.get()).into(),
            entry.text.as_ref().into(),
        ],
        |row| row.get(0),
    )?;
    Ok(TimelineEntry { id, ..entry })
}

/// A stretch of an alert's history: after an entry, oldest first, or before one, newest first.
///
/// By the index on alert.
pub(in super::super) fn history(
    tx: &mut Tx<'_>,
    alert: i64,
    from: Stretch,
    limit: i64,
) -> Result<Vec<TimelineEntry>, StoreError> {
    let (condition, id) = match from {
        Stretch::After(id) => ("id > $2 order by id", id),
        Stretch::Before(id) => ("id < $2 order by id desc", id),
    };
    tx.query(
        &format!(
            "select id, at, actor_id, actor, address, kind, changes, text, undone \
             from alert_history \
             where alert_id = $1 and {condition} limit $3"
        ),
        &[alert.into(), id.into(), limit.into()],
        read_entry,
    )
}

/// Which part of a history is meant.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Stretch {
    After(i64),
    Before(i64),
}

fn read_entry(row: &Row<'_>) -> Result<TimelineEntry, StoreError> {
    let kind: String = row.get(5)?;
    Ok(TimelineEntry {
        id: row.get(0)?,
        at: row.get(1)?,
        actor: Some(TimelineActor {
            id: row.get(2)?,
            username: row.get(3)?,
        }),
        address: row.get(4)?,
        kind: TimelineKind::from_word(&kind).ok_or_else(|| shape("no kind of history"))?,
        changes: row
            .get::<Option<String>>(6)?
            .and_then(|text| RawValue::from_string(text).ok()),
        text: row.get(7)?,
        undone: row.get(8)?,
    })
}

/// How long an alert's history is, RAISED included; by the index on alert.
pub(in super::super) fn history_length(tx: &mut Tx<'_>, alert: i64) -> Result<i64, StoreError> {
    tx.query_one(
        "select count(*) + 1 from alert_history where alert_id = $1",
        &[alert.into()],
        |row| row.get(0),
    )
}
