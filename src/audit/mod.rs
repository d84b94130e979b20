//! The activity log: who did what, when, from where; append-only and hash-chained.
//!
//! [`append`] is called inside the transaction of the change it tells of, so that neither is
//! ever there without the other.

pub mod api;
mod chain;
mod model;
mod sql;

pub use chain::{Verification, verify};
pub use model::{AuditEntry, AuditFilter, Entry};

use base::{Cursor, Timestamp};
use store::{Store, StoreError, Tx};

use crate::http::{COUNT_MAX, Caller};

/// Entries after a number, oldest first, at most so many.
///
/// # Errors
/// The database's fault.
pub fn part(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
    let rows = sql::part(tx, after, limit)?;
    Ok(rows.into_iter().map(|(entry, ..)| entry).collect())
}

/// A page of the log, newest first, oldest first when going back from a cursor; and how many
/// entries match, counted up to 10,001.
///
/// # Errors
/// The database's fault.
pub async fn list(
    store: &Store,
    filter: AuditFilter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<(Vec<AuditEntry>, i64), StoreError> {
    store
        .read(move |tx| {
            let rows = sql::page(tx, &filter, cursor, limit)?;
            let count = sql::count(tx, &filter, COUNT_MAX.saturating_add(1))?;
            Ok((rows, count))
        })
        .await
}

/// The entries under an actor's name, newest first, at most so many; along the index on actors.
///
/// # Errors
/// The database's fault.
pub async fn latest_of(
    store: &Store,
    actor: String,
    limit: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let filter = AuditFilter {
        actor: Some(actor),
        ..AuditFilter::default()
    };
    store
        .read(move |tx| sql::page(tx, &filter, None, limit))
        .await
}

/// Appends an entry under the lock that extends the chain; returns its number.
///
/// # Errors
/// The database's fault; the whole change is then to be given up.
pub fn append(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    entry: Entry,
) -> Result<i64, StoreError> {
    append_all(tx, caller, now, vec![entry])
}

/// Appends entries in their order, under one lock; returns the number of the last.
///
/// # Errors
/// As [`append`].
pub fn append_all(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    entries: Vec<Entry>,
) -> Result<i64, StoreError> {
    let (mut seq, mut previous) = sql::lock_head(tx)?;
    let mut links = Vec::with_capacity(entries.len());
    for entry in entries {
        seq = seq.saturating_add(1);
        let row = AuditEntry::new(seq, now, caller, entry);
        let hash = chain::hash(&previous, &row);
        let before = std::mem::replace(&mut previous, hash.to_vec());
        links.push((row, before, hash));
    }
    sql::insert(tx, &links)?;
    Ok(seq)
}

/// How many entries there are.
///
/// # Errors
/// The database's fault.
pub fn entries(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    Ok(sql::head(tx)?.0)
}
