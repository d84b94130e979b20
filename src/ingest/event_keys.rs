//! What senders call their events: one that comes again within 48 hours is stored once.

use std::collections::{BTreeSet, HashMap};

use base::{EventId, Timestamp};
use sha2::{Digest as _, Sha256};
use store::{Engine, StoreError, Tx};

use crate::repeats::KEPT;

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

/// Which keys stand for an event already; ones older than 48 hours no longer do, and are deleted.
pub(super) fn find(
    tx: &mut Tx<'_>,
    keys: &BTreeSet<EventKey>,
    now: Timestamp,
) -> Result<HashMap<EventKey, EventId>, StoreError> {
    let rows: Vec<Vec<_>> = keys.iter().map(|key| vec![(&key.0).into()]).collect();
    let found = tx.query_many(
        "select hash, event_id from event_keys where hash = $1",
        &rows,
        |row| Ok((row.get::<Vec<u8>>(0)?, row.get::<EventId>(1)?)),
    )?;
    let oldest = EventId::first_at(now.minus(KEPT));
    let mut known = HashMap::new();
    for (hash, event) in found {
        let Ok(hash) = <[u8; 16]>::try_from(hash) else {
            continue;
        };
        if event >= oldest {
            known.insert(EventKey(hash), event);
        } else {
            tx.execute("delete from event_keys where hash = $1", &[(&hash).into()])?;
        }
    }
    Ok(known)
}

/// Keeps the keys of new events; `false` when another writer got there first with one of them, and
/// everything has to be done again.
pub(super) fn keep(tx: &mut Tx<'_>, keys: &[(EventKey, EventId)]) -> Result<bool, StoreError> {
    if tx.engine() == Engine::Sqlite {
        let rows = keys.iter().map(|(key, id)| [(&key.0).into(), (*id).into()]);
        tx.insert_rows("event_keys", &["hash", "event_id"], rows)?;
        return Ok(true);
    }
    // In order, so that two writers never wait for each other.
    let mut keys = keys.to_vec();
    keys.sort_unstable();
    let rows: Vec<Vec<_>> = keys
        .iter()
        .map(|(key, id)| vec![(&key.0).into(), (*id).into()])
        .collect();
    let kept = tx.query_many(
        "insert into event_keys (hash, event_id) values ($1, $2) \
         on conflict (hash) do nothing returning event_id",
        &rows,
        |row| row.get::<EventId>(0),
    )?;
    Ok(kept.len() == keys.len())
}

/// Forgets keys older than 48 hours, at most 10,000 at once; returns how many.
///
/// # Errors
/// The database's fault.
pub fn forget_old_keys(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    let oldest = EventId::first_at(now.minus(KEPT));
    tx.execute(
        "delete from event_keys where hash in \
         (select hash from event_keys where event_id < $1 order by event_id limit 10000)",
        &[oldest.into()],
    )
}
