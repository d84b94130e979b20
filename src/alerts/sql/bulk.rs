//! Every statement on many alerts at once; at most 1,000 each, by primary keys.

use base::Timestamp;
use store::{Arg, StoreError, Tx};

use super::super::history;
use super::super::model::{AlertState, Resolution, TimelineEntry};
use super::{READ_SIZES, STATE_COLUMNS, read_state};
use crate::http::Caller;

/// Ids as places of a statement written for one of a few sizes; no alert has the id 0.
fn places(ids: &[i64]) -> (String, Vec<Arg<'_>>) {
    let size = READ_SIZES
        .into_iter()
        .find(|size| *size >= ids.len())
        .unwrap_or(1_000);
    let args = ids.iter().copied().chain(std::iter::repeat(0)).take(size);
    let places: Vec<String> = (1..=size).map(|n| format!("${n}")).collect();
    (places.join(", "), args.map(Arg::from).collect())
}

/// Locks alerts until commit, in the order of their ids, so that two of these never wait for each
/// other.
pub(in super::super) fn lock_rows(tx: &mut Tx<'_>, ids: &[i64]) -> Result<(), StoreError> {
    let suffix = tx.engine().for_update();
    if suffix.is_empty() {
        return Ok(());
    }
    let (places, args) = places(ids);
    let sql = format!("select id from alerts where id in ({places}) order by id{suffix}");
    tx.query(&sql, &args, |_| Ok(())).map(drop)
}

/// Alerts without their events, in the order of their ids, locked until commit; those that are
/// gone are left out.
pub(in super::super) fn lock_all(
    tx: &mut Tx<'_>,
    ids: &[i64],
) -> Result<Vec<AlertState>, StoreError> {
    // A statement of its own: the outer join's side cannot be locked.
    lock_rows(tx, ids)?;
    let (places, args) = places(ids);
    let sql = format!(
        "select {STATE_COLUMNS} from alerts a left join users u on u.id = a.assigned_to \
         where a.id in ({places}) order by a.id"
    );
    tx.query(&sql, &args, read_state)
}

/// Writes what people changed.
pub(in super::super) fn update_all<'a>(
    tx: &mut Tx<'_>,
    alerts: impl Iterator<Item = &'a AlertState>,
) -> Result<(), StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = alerts
        .map(|alert| {
            vec![
                alert.id.into(),
                alert.status.into(),
                alert.assigned_to.as_ref().map(|person| person.id).into(),
                alert.resolution.map(Resolution::word).into(),
                alert.resolution_note.as_ref().into(),
                alert.acknowledged_at.into(),
                alert.resolved_at.into(),
                alert.updated_at.into(),
                alert.version.into(),
                alert.reopen_count.into(),
            ]
        })
        .collect();
    tx.execute_many(
        "update alerts set status = $2, assigned_to = $3, resolution = $4, resolution_note = $5, \
         acknowledged_at = $6, resolved_at = $7, updated_at = $8, version = $9, \
         reopen_count = $10 where id = $1",
        &rows,
    )
}

/// Appends to the history of each alert what one caller changed.
pub(in super::super) fn record_changes(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    changed: &[(AlertState, AlertState)],
    note: Option<&String>,
    undone: bool,
) -> Result<(), StoreError> {
    let told = changed.iter().map(|change| (caller, change, note));
    record_each(tx, now, told, undone)
}

/// The same for changes by several callers, each with its note.
pub(in super::super) fn record_each<'a>(
    tx: &mut Tx<'_>,
    now: Timestamp,
    changed: impl Iterator<Item = (&'a Caller, &'a (AlertState, AlertState), Option<&'a String>)>,
    undone: bool,
) -> Result<(), StoreError> {
    const COLUMNS: [&str; 9] = [
        "alert_id", "at", "actor_id", "actor", "address", "kind", "changes", "text", "undone",
    ];
    let texts: Vec<(&Caller, i64, String, String, Option<&String>)> = changed
        .map(|(caller, (before, after), note)| {
            let address = caller.origin.address.to_string();
            let what = history::changes_text(before, after);
            (caller, after.id, address, what, note)
        })
        .collect();
    let rows = texts.iter().map(|(caller, alert, address, what, note)| {
        [
            (*alert).into(),
            now.into(),
            history::person(caller).into(),
            caller.actor.name().into(),
            address.into(),
            "CHANGED".into(),
            what.into(),
            (*note).into(),
            undone.into(),
        ]
    });
    tx.insert_rows("alert_history", &COLUMNS, rows)
}

/// Appends one comment to the history of each alert; the entries, in the same order.
pub(in super::super) fn record_comments(
    tx: &mut Tx<'_>,
    ids: &[i64],
    comment: &TimelineEntry,
) -> Result<Vec<TimelineEntry>, StoreError> {
    let actor = comment.actor.as_ref();
    let rows: Vec<Vec<Arg<'_>>> = ids
        .iter()
        .map(|&alert| {
            vec![
                alert.into(),
                comment.at.into(),
                actor.and_then(|actor| actor.id).into(),
                actor.map_or("", |actor| &actor.username).into(),
                comment.address.as_ref().into(),
                comment.kind.word().into(),
                comment.text.as_ref().into(),
            ]
        })
        .collect();
    tx.query_many(
        "insert into alert_history (alert_id, at, actor_id, actor, address, kind, text) \
         values ($1, $2, $3, $4, $5, $6, $7) returning id",
        &rows,
        |row| {
            Ok(TimelineEntry {
                id: row.get(0)?,
                ..comment.clone()
            })
        },
    )
}

/// Of some alerts those whose history ends with these words of this actor.
pub(in super::super) fn already_said(
    tx: &mut Tx<'_>,
    ids: &[i64],
    actor: Option<i64>,
    text: &str,
) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = ids.iter().map(|&id| vec![id.into()]).collect();
    let last = tx.query_many(
        "select alert_id, actor_id, text from alert_history where alert_id = $1 \
         order by id desc limit 1",
        &rows,
        |row| {
            let who = row.get::<Option<i64>>(1)?;
            Ok((row.get::<i64>(0)?, who, row.get::<Option<String>>(2)?))
        },
    )?;
    let same = last
        .into_iter()
        .filter(|(_, who, said)| *who == actor && said.as_deref() == Some(text));
    Ok(same.map(|(id, ..)| id).collect())
}
