//! Every statement on `undo_steps`.

use base::Timestamp;
use store::{StoreError, Tx};

/// How an alert was before a change, and the version the change left.
#[derive(Debug)]
pub(in super::super) struct Step {
    pub(in super::super) alert: i64,
    pub(in super::super) version: i64,
    /// JSON.
    pub(in super::super) before: String,
}

/// Keeps what a change can be taken back to.
pub(in super::super) fn keep_steps(
    tx: &mut Tx<'_>,
    token: &[u8; 32],
    user: i64,
    expires_at: Timestamp,
    steps: &[Step],
) -> Result<(), StoreError> {
    const COLUMNS: [&str; 6] = [
        "token_hash",
        "alert_id",
        "user_id",
        "version",
        "before",
        "expires_at",
    ];
    let rows = steps.iter().map(|step| {
        [
            token.into(),
            step.alert.into(),
            user.into(),
            step.version.into(),
            (&step.before).into(),
            expires_at.into(),
        ]
    });
    tx.insert_rows("undo_steps", &COLUMNS, rows)
}

/// The next steps of a token, in the order of their alerts, locked until commit; by primary key.
pub(in super::super) fn next_steps(
    tx: &mut Tx<'_>,
    token: &[u8; 32],
    user: i64,
    now: Timestamp,
    limit: i64,
) -> Result<Vec<Step>, StoreError> {
    let suffix = tx.engine().for_update();
    tx.query(
        &format!(
            "select alert_id, version, before from undo_steps \
             where token_hash = $1 and user_id = $2 and expires_at > $3 \
             order by alert_id limit $4{suffix}"
        ),
        &[token.into(), user.into(), now.into(), limit.into()],
        |row| {
            Ok(Step {
                alert: row.get(0)?,
                version: row.get(1)?,
                before: row.get(2)?,
            })
        },
    )
}

/// Deletes the steps of a token up to an alert; by primary key.
pub(in super::super) fn spend_steps(
    tx: &mut Tx<'_>,
    token: &[u8; 32],
    up_to: i64,
) -> Result<(), StoreError> {
    tx.execute(
        "delete from undo_steps where token_hash = $1 and alert_id <= $2",
        &[token.into(), up_to.into()],
    )
    .map(drop)
}

/// Deletes steps nobody can take any more, at most so many; says how many. By the index on
/// expiry.
pub(in super::super) fn forget_steps(
    tx: &mut Tx<'_>,
    now: Timestamp,
    limit: i64,
) -> Result<u64, StoreError> {
    tx.execute(
        "delete from undo_steps where (token_hash, alert_id) in (select token_hash, alert_id \
         from undo_steps where expires_at <= $1 order by expires_at limit $2)",
        &[now.into(), limit.into()],
    )
}
