//! What senders call their events: one that comes again is stored once, until it has not come for
//! 48 hours; and as long as the alert it raised is unresolved.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use base::{EventId, Timestamp};
use sha2::{Digest as _, Sha256};
use store::{Engine, Row, StoreError, Tx};

use crate::alerts;
use crate::app::App;
use crate::repeats::KEPT;

/// How exactly it is known when a key was last seen: writing it down each time would cost a write
/// for every repetition.
const SEEN_WITHIN: Duration = Duration::from_hours(1);
/// Keys looked at in one transaction that forgets: everybody else waits for it with SQLite.
const FORGOTTEN_AT_ONCE: i64 = 500;
/// How many times as long as it worked it rests.
const REST: u32 = 3;

/// A sender's name for an event, with the sender in front: the first half of a SHA-256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKey([u8; 16]);

impl EventKey {
    /// The key of an event that `scope` (a format and its sender) calls `key`.
    #[must_use]
    pub fn new(scope: &str, key: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(scope.as_bytes());
        hash.update([0]);
        hash.update(key.as_bytes());
        let mut half = [0; 16];
        for (to, from) in half.iter_mut().zip(hash.finalize()) {
            *to = from;
        }
        Self(half)
    }
}

/// What is known of some keys.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// The events they stand for.
    pub(super) events: HashMap<EventKey, EventId>,
    /// Keys that were not seen for 48 hours and stand for their events no longer.
    pub(super) stale: HashMap<EventKey, EventId>,
    /// Keys that were seen again.
    pub(super) seen: BTreeSet<EventKey>,
}

/// Looks up which keys stand for an event already: those that were seen within 48 hours, and those
/// whose event has an unresolved alert.
pub(super) fn find(
    tx: &mut Tx<'_>,
    keys: &BTreeSet<EventKey>,
    now: Timestamp,
) -> Result<Known, StoreError> {
    let rows: Vec<Vec<_>> = keys.iter().map(|key| vec![(&key.0).into()]).collect();
    let found = tx.query_many(
        "select hash, event_id, seen_at from event_keys where hash = $1",
        &rows,
        read,
    )?;
    let (mut known, mut old) = (Known::default(), Vec::new());
    for (key, event, seen_at) in found {
        if seen_at < now.minus(KEPT) {
            old.push((key, event));
            continue;
        }
        known.events.insert(key, event);
        if seen_at < now.minus(SEEN_WITHIN) {
            known.seen.insert(key);
        }
    }
    let (lasting, over) = sort_out(tx, old)?;
    known.seen.extend(lasting.iter().map(|(key, _)| *key));
    known.events.extend(lasting);
    known.stale.extend(over);
    Ok(known)
}

type Found = (EventKey, EventId, Timestamp);

fn read(row: &Row<'_>) -> Result<Found, StoreError> {
    let hash: Vec<u8> = row.get(0)?;
    let hash = hash
        .try_into()
        .map_err(|_| StoreError::Shape("no key of an event".into()))?;
    Ok((EventKey(hash), row.get(1)?, row.get(2)?))
}

type Keyed = Vec<(EventKey, EventId)>;

/// Keys apart by whether the alert of their event is unresolved.
fn sort_out(tx: &mut Tx<'_>, keys: Vec<(EventKey, EventId)>) -> Result<(Keyed, Keyed), StoreError> {
    let events: Vec<EventId> = keys.iter().map(|(_, event)| *event).collect();
    let unresolved = alerts::unresolved(tx, &events)?;
    Ok(keys
        .into_iter()
        .partition(|(_, event)| unresolved.contains(event)))
}

/// Keeps the keys of new events; `false` when another writer got there first with one of them, and
/// everything has to be done again.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    keys: &BTreeMap<EventKey, EventId>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if tx.engine() == Engine::Sqlite {
        let rows = keys
            .iter()
            .map(|(key, id)| [(&key.0).into(), (*id).into(), now.into()]);
        tx.insert_rows("event_keys", &["hash", "event_id", "seen_at"], rows)?;
        return Ok(true);
    }
    // In order, so that two writers never wait for each other.
    let rows: Vec<Vec<_>> = keys
        .iter()
        .map(|(key, id)| vec![(&key.0).into(), (*id).into(), now.into()])
        .collect();
    let kept = tx.query_many(
        "insert into event_keys (hash, event_id, seen_at) values ($1, $2, $3) \
         on conflict (hash) do nothing returning event_id",
        &rows,
        |row| row.get::<EventId>(0),
    )?;
    Ok(kept.len() == keys.len())
}

/// Lets keys that are there stand for the second of two events instead of the first, or the same
/// one for longer. `false` when one stood for another event: another writer got there first.
pub(super) fn change(
    tx: &mut Tx<'_>,
    keys: &BTreeMap<EventKey, (EventId, EventId)>,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // In order, as above, and before new ones are inserted.
    let rows: Vec<Vec<_>> = keys
        .iter()
        .map(|(key, (before, after))| {
            vec![
                (&key.0).into(),
                (*before).into(),
                (*after).into(),
                now.into(),
            ]
        })
        .collect();
    let changed = tx.query_many(
        "update event_keys set event_id = $3, seen_at = $4 where hash = $1 and event_id = $2 \
         returning hash, event_id, seen_at",
        &rows,
        read,
    )?;
    let changed: BTreeSet<EventKey> = changed.into_iter().map(|(key, ..)| key).collect();
    Ok(keys
        .iter()
        .all(|(key, (before, after))| before == after || changed.contains(key)))
}

/// Forgets keys whose sender will not ask for them again.
pub(super) fn forget(tx: &mut Tx<'_>, keys: &[EventKey]) -> Result<(), StoreError> {
    let rows: Vec<Vec<_>> = keys.iter().map(|key| vec![(&key.0).into()]).collect();
    tx.execute_many("delete from event_keys where hash = $1", &rows)
}

/// Forgets the keys that were not seen for 48 hours and whose alert is not unresolved, in short
/// transactions with pauses in between; returns how many.
///
/// # Errors
/// The database's fault; what is forgotten by then stays so.
pub async fn forget_old_keys(app: &App) -> Result<u64, StoreError> {
    let mut forgotten = 0_u64;
    while !app.stop.is_cancelled() {
        let now = app.clock.now();
        let (over, is_more) = app.store.write(move |tx| forget_some(tx, now)).await?;
        forgotten = forgotten.saturating_add(over);
        if !is_more {
            break;
        }
        let pause = app.clock.now().since(now).saturating_mul(REST);
        app.rest(pause).await;
    }
    Ok(forgotten)
}

/// How many keys were forgotten of the oldest, and whether there may be more.
fn forget_some(tx: &mut Tx<'_>, now: Timestamp) -> Result<(u64, bool), StoreError> {
    let old = tx.query(
        "select hash, event_id, seen_at from event_keys where seen_at < $1 \
         order by seen_at limit $2",
        &[now.minus(KEPT).into(), FORGOTTEN_AT_ONCE.into()],
        read,
    )?;
    let is_more = i64::try_from(old.len()).unwrap_or(i64::MAX) >= FORGOTTEN_AT_ONCE;
    let old = old
        .into_iter()
        .map(|(key, event, _)| (key, event))
        .collect();
    let (lasting, mut over) = sort_out(tx, old)?;
    // They would be the oldest again the next time.
    let lasting = lasting
        .into_iter()
        .map(|(key, event)| (key, (event, event)));
    change(tx, &lasting.collect(), now)?;
    over.sort_unstable();
    // Not one that somebody saw again just before.
    let limit = now.minus(KEPT);
    let rows: Vec<Vec<_>> = over
        .iter()
        .map(|(key, _)| vec![(&key.0).into(), limit.into()])
        .collect();
    tx.execute_many(
        "delete from event_keys where hash = $1 and seen_at < $2",
        &rows,
    )?;
    Ok((u64::try_from(over.len()).unwrap_or(u64::MAX), is_more))
}
