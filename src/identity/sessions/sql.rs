//! Every statement on `sessions` and `spent_refresh_tokens`.

use base::Timestamp;
use store::{StoreError, Tx};

use crate::http::{Origin, Role};
use crate::identity::users::sql::role;

/// Sessions a user may have; the oldest go.
const SESSIONS_MAX: i64 = 200;

/// A session with its user, as authentication needs them.
#[derive(Clone, Debug)]
pub(in crate::identity) struct Session {
    pub(in crate::identity) id: String,
    pub(in crate::identity) user: i64,
    pub(in crate::identity) username: String,
    pub(in crate::identity) role: Role,
    pub(in crate::identity) enabled: bool,
    pub(in crate::identity) expires_at: Timestamp,
    pub(in crate::identity) ended: bool,
}

impl Session {
    /// Whether it counts: not ended, not expired, its user enabled.
    pub(in crate::identity) fn is_live(&self, now: Timestamp) -> bool {
        self.enabled && !self.ended && now < self.expires_at
    }
}

const SESSION: &str = "select s.id, s.user_id, u.username, u.role, u.enabled, s.expires_at, \
    s.ended_at from sessions s join users u on u.id = s.user_id";

fn read(row: &store::Row<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.get(0)?,
        user: row.get(1)?,
        username: row.get(2)?,
        role: role(row, 3)?,
        enabled: row.get(4)?,
        expires_at: row.get(5)?,
        ended: row.get::<Option<Timestamp>>(6)?.is_some(),
    })
}

/// By both primary keys: the one query of an authenticated request.
pub(in crate::identity) fn session(
    tx: &mut Tx<'_>,
    id: &str,
) -> Result<Option<Session>, StoreError> {
    tx.query_opt(&format!("{SESSION} where s.id = $1"), &[id.into()], read)
}

/// By the unique index on the hash of the refresh token that works now.
pub(in crate::identity) fn by_refresh(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
) -> Result<Option<Session>, StoreError> {
    tx.query_opt(
        &format!("{SESSION} where s.refresh_hash = $1"),
        &[hash.into()],
        read,
    )
}

/// The session a spent refresh token belonged to, by primary key.
pub(in crate::identity) fn by_spent(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
) -> Result<Option<Session>, StoreError> {
    tx.query_opt(
        &format!("{SESSION} join spent_refresh_tokens t on t.session_id = s.id where t.hash = $1"),
        &[hash.into()],
        read,
    )
}

/// Begins a session, and forgets the user's oldest beyond 200.
pub(in crate::identity) fn insert(
    tx: &mut Tx<'_>,
    id: &str,
    user: i64,
    refresh_hash: &[u8; 32],
    origin: &Origin,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    let address = origin.address.to_string();
    let agent = origin.user_agent.replace('\0', "\u{fffd}");
    tx.execute(
        "insert into sessions (id, user_id, refresh_hash, address, user_agent, created_at, \
         refreshed_at, expires_at) values ($1, $2, $3, $4, $5, $6, $6, $7)",
        &[
            id.into(),
            user.into(),
            refresh_hash.into(),
            (&address).into(),
            (&agent).into(),
            now.into(),
            expires_at.into(),
        ],
    )?;
    tx.execute(
        "delete from sessions where user_id = $1 and id in (select id from sessions \
         where user_id = $1 order by created_at desc, id limit 100000 offset $2)",
        &[user.into(), SESSIONS_MAX.into()],
    )?;
    Ok(())
}

/// Replaces the refresh token; `false` when it was not the one that works now: another request
/// was first.
pub(in crate::identity) fn rotate(
    tx: &mut Tx<'_>,
    id: &str,
    spent: &[u8; 32],
    fresh: &[u8; 32],
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<bool, StoreError> {
    let rows = tx.execute(
        "update sessions set refresh_hash = $3, refreshed_at = $4, expires_at = $5 \
         where id = $1 and refresh_hash = $2 and ended_at is null",
        &[
            id.into(),
            spent.into(),
            fresh.into(),
            now.into(),
            expires_at.into(),
        ],
    )?;
    if rows == 0 {
        return Ok(false);
    }
    tx.execute(
        "insert into spent_refresh_tokens (hash, session_id, spent_at) values ($1, $2, $3)",
        &[spent.into(), id.into(), now.into()],
    )?;
    Ok(true)
}

/// Ends one session; `false` when it had ended before.
pub(in crate::identity) fn end(
    tx: &mut Tx<'_>,
    id: &str,
    reason: &'static str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let rows = tx.execute(
        "update sessions set ended_at = $2, end_reason = $3 where id = $1 and ended_at is null",
        &[id.into(), now.into(), reason.into()],
    )?;
    Ok(rows == 1)
}

/// Ends a user's sessions but the one kept, by the index on user; returns how many.
pub(in crate::identity) fn end_all(
    tx: &mut Tx<'_>,
    user: i64,
    kept: Option<&str>,
    reason: &'static str,
    now: Timestamp,
) -> Result<u64, StoreError> {
    // No id is empty: an absent one keeps nothing.
    tx.execute(
        "update sessions set ended_at = $3, end_reason = $4 \
         where user_id = $1 and id <> $2 and ended_at is null",
        &[
            user.into(),
            kept.unwrap_or_default().into(),
            now.into(),
            reason.into(),
        ],
    )
}

/// Deletes expired sessions with their spent tokens, by the index on expiry.
pub(in crate::identity) fn forget(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute("delete from sessions where expires_at <= $1", &[now.into()])
}
