//! Every statement on `sessions` and `spent_refresh_tokens`.

use std::sync::Arc;

use base::Timestamp;
use serde::Serialize;
use store::{Row, StoreError, Tx};

use super::open::OpenSession;
use crate::http::{Origin, Role};
use crate::identity::users::sql::role;

/// Sessions a user may have; the oldest go.
const SESSIONS_MAX: i64 = 200;

/// How a session is carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SessionKind {
    /// By a browser, in a cookie.
    Browser,
    /// By a program, as access and refresh token.
    Token,
}

impl SessionKind {
    /// Its word, as stored and answered.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Browser => "BROWSER",
            Self::Token => "TOKEN",
        }
    }
}

/// A session with its user, as authentication needs them.
#[derive(Clone, Debug)]
pub(in crate::identity) struct Session {
    pub(in crate::identity) id: String,
    pub(in crate::identity) user: i64,
    pub(in crate::identity) kind: SessionKind,
    pub(in crate::identity) username: String,
    pub(in crate::identity) role: Role,
    pub(in crate::identity) enabled: bool,
    pub(in crate::identity) created_at: Timestamp,
    pub(in crate::identity) used_at: Timestamp,
    pub(in crate::identity) expires_at: Timestamp,
    pub(in crate::identity) ended: bool,
}

impl Session {
    /// Whether it counts: not ended, not expired, its user enabled.
    pub(in crate::identity) fn is_live(&self, now: Timestamp) -> bool {
        self.enabled && !self.ended && now < self.expires_at
    }
}

const SESSION: &str = "select s.id, s.user_id, u.username, u.role, u.enabled, s.created_at, \
    s.used_at, s.expires_at, s.ended_at, s.kind from sessions s join users u on u.id = s.user_id";

fn kind(row: &Row<'_>, index: usize) -> Result<SessionKind, StoreError> {
    let word: String = row.get(index)?;
    [SessionKind::Browser, SessionKind::Token]
        .into_iter()
        .find(|kind| kind.word() == word)
        .ok_or_else(|| StoreError::Shape(Arc::from("an unknown kind of session")))
}

fn read(row: &Row<'_>) -> Result<Session, StoreError> {
    Ok(Session {
        id: row.get(0)?,
        user: row.get(1)?,
        username: row.get(2)?,
        role: role(row, 3)?,
        enabled: row.get(4)?,
        created_at: row.get(5)?,
        used_at: row.get(6)?,
        expires_at: row.get(7)?,
        ended: row.get::<Option<Timestamp>>(8)?.is_some(),
        kind: kind(row, 9)?,
    })
}

/// By both primary keys: the one query of an authenticated request.
pub(in crate::identity) fn session(
    tx: &mut Tx<'_>,
    id: &str,
) -> Result<Option<Session>, StoreError> {
    tx.query_opt(&format!("{SESSION} where s.id = $1"), &[id.into()], read)
}

/// A user's sessions that count now, last begun first, by the index on user.
pub(in crate::identity) fn open(
    tx: &mut Tx<'_>,
    user: i64,
    current: &str,
    now: Timestamp,
) -> Result<Vec<OpenSession>, StoreError> {
    tx.query(
        "select id, kind, address, user_agent, created_at, used_at, expires_at from sessions \
         where user_id = $1 and ended_at is null and expires_at > $2 \
         order by created_at desc, id limit $3",
        &[user.into(), now.into(), SESSIONS_MAX.into()],
        |row| {
            let id: String = row.get(0)?;
            Ok(OpenSession {
                current: id == current,
                id,
                kind: kind(row, 1)?,
                address: row.get(2)?,
                user_agent: row.get(3)?,
                created_at: row.get(4)?,
                last_used_at: row.get(5)?,
                expires_at: row.get(6)?,
            })
        },
    )
}

/// By the unique index on the hash of the secret that works now; a secret of the other kind finds
/// nothing.
pub(in crate::identity) fn by_secret(
    tx: &mut Tx<'_>,
    kind: SessionKind,
    hash: &[u8; 32],
) -> Result<Option<Session>, StoreError> {
    tx.query_opt(
        &format!("{SESSION} where s.secret_hash = $1 and s.kind = $2"),
        &[hash.into(), kind.word().into()],
        read,
    )
}

/// The session of the refresh token that works now.
pub(in crate::identity) fn by_refresh(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
) -> Result<Option<Session>, StoreError> {
    by_secret(tx, SessionKind::Token, hash)
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

/// What a new session holds.
pub(in crate::identity) struct NewSession<'a> {
    pub(in crate::identity) id: &'a str,
    pub(in crate::identity) user: i64,
    pub(in crate::identity) kind: SessionKind,
    pub(in crate::identity) secret_hash: &'a [u8; 32],
    pub(in crate::identity) expires_at: Timestamp,
}

/// Begins a session, and forgets the user's oldest beyond 200.
pub(in crate::identity) fn insert(
    tx: &mut Tx<'_>,
    new: &NewSession<'_>,
    origin: &Origin,
    now: Timestamp,
) -> Result<(), StoreError> {
    let address = origin.address.to_string();
    let agent = origin.user_agent.replace('\0', "\u{fffd}");
    tx.execute(
        "insert into sessions (id, user_id, kind, secret_hash, address, user_agent, created_at, \
         used_at, expires_at) values ($1, $2, $3, $4, $5, $6, $7, $7, $8)",
        &[
            new.id.into(),
            new.user.into(),
            new.kind.word().into(),
            new.secret_hash.into(),
            (&address).into(),
            (&agent).into(),
            now.into(),
            new.expires_at.into(),
        ],
    )?;
    tx.execute(
        "delete from sessions where user_id = $1 and id in (select id from sessions \
         where user_id = $1 order by created_at desc, id limit 100000 offset $2)",
        &[new.user.into(), SESSIONS_MAX.into()],
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
        "update sessions set secret_hash = $3, used_at = $4, expires_at = $5 \
         where id = $1 and secret_hash = $2 and ended_at is null",
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

/// Notes that a session is used and lasts longer, unless another request just did.
pub(in crate::identity) fn touch(
    tx: &mut Tx<'_>,
    id: &str,
    seen: Timestamp,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), StoreError> {
    tx.execute(
        "update sessions set used_at = $3, expires_at = $4 \
         where id = $1 and used_at = $2 and ended_at is null",
        &[id.into(), seen.into(), now.into(), expires_at.into()],
    )?;
    Ok(())
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
