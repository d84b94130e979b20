//! Every statement on `repeats`.

use base::Timestamp;
use store::{StoreError, Tx};

pub(super) struct Kept {
    pub(super) body_hash: Vec<u8>,
    pub(super) answer: Vec<u8>,
}

/// By primary key.
pub(super) fn find(
    tx: &mut Tx<'_>,
    scope: &str,
    key: &str,
    oldest: Timestamp,
) -> Result<Option<Kept>, StoreError> {
    tx.query_opt(
        "select body_hash, answer from repeats where scope = $1 and key = $2 and created_at > $3",
        &[scope.into(), key.into(), oldest.into()],
        |row| {
            Ok(Kept {
                body_hash: row.get(0)?,
                answer: row.get(1)?,
            })
        },
    )
}

/// `false` when a live row is there already; an expired one is replaced.
pub(super) fn keep(
    tx: &mut Tx<'_>,
    scope: &str,
    key: &str,
    body_hash: &[u8; 32],
    answer: &[u8],
    now: Timestamp,
    oldest: Timestamp,
) -> Result<bool, StoreError> {
    let rows = tx.execute(
        "insert into repeats (scope, key, body_hash, answer, created_at) \
         values ($1, $2, $3, $4, $5) on conflict (scope, key) do update \
         set body_hash = excluded.body_hash, answer = excluded.answer, \
         created_at = excluded.created_at where repeats.created_at <= $6",
        &[
            scope.into(),
            key.into(),
            body_hash.into(),
            answer.into(),
            now.into(),
            oldest.into(),
        ],
    )?;
    Ok(rows == 1)
}

/// By the index on age.
pub(super) fn forget(tx: &mut Tx<'_>, oldest: Timestamp) -> Result<u64, StoreError> {
    tx.execute(
        "delete from repeats where created_at <= $1",
        &[oldest.into()],
    )
}
