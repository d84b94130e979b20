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

use base::Timestamp;
use store::{StoreError, Tx};

use crate::http::Caller;

/// Entries after a number, oldest first, at most so many.
///
/// # Errors
/// The database's fault.
pub fn part(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<AuditEntry>, StoreError> {
    let rows = sql::part(tx, after, limit)?;
    Ok(rows.into_iter().map(|(entry, ..)| entry).collect())
}

/// Appends an entry under the lock that extends the chain.
///
/// # Errors
/// The database's fault; the whole change is then to be given up.
pub fn append(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    entry: Entry,
) -> Result<i64, StoreError> {
    let (seq, previous) = sql::lock_head(tx)?;
    let row = AuditEntry::new(seq.saturating_add(1), now, caller, entry);
    let hash = chain::hash(&previous, &row);
    sql::insert(tx, &row, &previous, &hash)?;
    Ok(row.seq)
}

/// How many entries there are.
///
/// # Errors
/// The database's fault.
pub fn entries(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    Ok(sql::head(tx)?.0)
}
