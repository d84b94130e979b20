//! Sessions: a browser with its cookie, or a program's sign-in and every refresh that follows.
//!
//! The refresh token is opaque, 256 random bits, stored as its SHA-256, and good for one use. One
//! that comes back after use was stolen, or its thief was first: the whole session ends.

mod browser;
mod open;
pub(super) mod sql;

pub use browser::BrowserSession;
pub(super) use browser::cookie_actor;
pub use open::{
    OpenSession, end_own_session, end_user_sessions, own_sessions, sign_out_browser, user_sessions,
};
pub use sql::SessionKind;

use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use store::{StoreError, Tx};

use self::sql::{NewSession, Session};
use super::IdentityError;
use super::model::User;
use super::tokens::{self, digest, random};
use super::users::sql as users;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::credentials::Secret;
use crate::http::{Actor, Caller, Origin};

/// How long a session of tokens lasts after its last refresh.
const SESSION_LIFE: Duration = Duration::from_hours(7 * 24);
/// Bytes of an opaque token: 32 random ones as base64url.
const REFRESH_LENGTH: usize = 43;

/// What a sign-in or a refresh gives.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The access token, good for 15 minutes.
    pub access: Secret,
    /// The refresh token, good for one use within 7 days.
    pub refresh: Secret,
    /// Seconds the access token counts.
    pub expires_in: u64,
    /// Whose they are.
    pub user: User,
    /// The session they belong to.
    pub session: Arc<str>,
}

impl Pair {
    pub(super) fn issue(
        app: &App,
        user: User,
        session: Arc<str>,
        refresh: Secret,
        now: Timestamp,
    ) -> Result<Self, IdentityError> {
        Ok(Self {
            access: tokens::issue(&app.secrets, user.id, &session, now)?,
            expires_in: tokens::ACCESS_LIFE.as_secs(),
            refresh,
            user,
            session,
        })
    }
}

/// Begins a session in the caller's transaction; returns its id and its secret: the refresh
/// token, or what the cookie holds.
pub(super) fn begin(
    tx: &mut Tx<'_>,
    user: i64,
    kind: SessionKind,
    origin: &Origin,
    now: Timestamp,
) -> Result<(Arc<str>, Secret), StoreError> {
    let id = random::<16>();
    let secret = Secret::new(random::<32>());
    let life = match kind {
        SessionKind::Browser => browser::IDLE,
        SessionKind::Token => SESSION_LIFE,
    };
    let new = NewSession {
        id: &id,
        user,
        kind,
        secret_hash: &digest(&secret),
        expires_at: now.plus(life),
    };
    sql::insert(tx, &new, origin, now)?;
    Ok((Arc::from(id), secret))
}

fn is_refresh_token(token: &Secret) -> bool {
    token.expose().len() == REFRESH_LENGTH
}

/// The person a session belongs to, as a caller.
fn actor(session: &Session) -> Actor {
    Actor::User {
        id: session.user,
        username: Arc::from(session.username.as_str()),
        role: session.role,
        session: Arc::from(session.id.as_str()),
    }
}

/// What became of a refresh token.
enum Refreshed {
    Pair(User, Arc<str>, Secret),
    Reused,
    Unknown,
}

/// Spends a refresh token for a new pair. Of requests at the same time one succeeds; to the
/// others the token is spent.
///
/// # Errors
/// [`IdentityError::Token`] for one that is unknown, expired or spent; a spent one also ends its
/// session, audited as `session.reuse_detected`.
pub async fn refresh(app: &App, origin: &Origin, token: &Secret) -> Result<Pair, IdentityError> {
    if !is_refresh_token(token) {
        return Err(IdentityError::Token);
    }
    let now = app.clock.now();
    let hash = digest(token);
    let origin = origin.clone();
    let refreshed = app
        .store
        .write(move |tx| spend(tx, &hash, origin, now))
        .await?;
    match refreshed {
        Refreshed::Pair(user, session, refresh) => Pair::issue(app, user, session, refresh, now),
        Refreshed::Reused => {
            tracing::warn!("a spent refresh token came back: its session was ended");
            Err(IdentityError::Token)
        }
        Refreshed::Unknown => Err(IdentityError::Token),
    }
}

fn spend(
    tx: &mut Tx<'_>,
    hash: &[u8; 32],
    origin: Origin,
    now: Timestamp,
) -> Result<Refreshed, IdentityError> {
    if let Some(session) = sql::by_refresh(tx, hash)? {
        if !session.is_live(now) {
            return Ok(Refreshed::Unknown);
        }
        let fresh = Secret::new(random::<32>());
        let expires_at = now.plus(SESSION_LIFE);
        if sql::rotate(tx, &session.id, hash, &digest(&fresh), now, expires_at)? {
            let account = users::account(tx, session.user)?.ok_or(IdentityError::Token)?;
            return Ok(Refreshed::Pair(account.user, Arc::from(session.id), fresh));
        }
        // Between the query and the update another request spent it.
    }
    let Some(session) = sql::by_spent(tx, hash)? else {
        return Ok(Refreshed::Unknown);
    };
    if !sql::end(tx, &session.id, "reuse", now)? {
        return Ok(Refreshed::Unknown);
    }
    let caller = Caller {
        actor: Actor::Anonymous,
        origin,
    };
    let entry = Entry::new("session.reuse_detected")
        .by(&session.username)
        .on("user", session.user);
    audit::append(tx, &caller, now, entry)?;
    Ok(Refreshed::Reused)
}

/// Verifies that a token counts now: an access token, or a refresh token without spending it.
///
/// # Errors
/// [`IdentityError::Token`] when it does not.
pub async fn verify_token(app: &App, token: &Secret) -> Result<(), IdentityError> {
    let now = app.clock.now();
    let session = if let Some(access) = tokens::read(&app.secrets, token.expose(), now) {
        read_session(app, access).await?
    } else if is_refresh_token(token) {
        let hash = digest(token);
        app.store.read(move |tx| sql::by_refresh(tx, &hash)).await?
    } else {
        None
    };
    match session {
        Some(session) if session.is_live(now) => Ok(()),
        _ => Err(IdentityError::Token),
    }
}

async fn read_session(app: &App, access: tokens::Access) -> Result<Option<Session>, StoreError> {
    let tokens::Access { user, session } = access;
    let session = app.store.read(move |tx| sql::session(tx, &session)).await?;
    Ok(session.filter(|session| session.user == user))
}

/// The person behind an access token: checked in memory first, then against the database, so
/// that a forged token costs no query and an ended session counts at once.
pub(super) async fn access_actor(app: &App, token: &str) -> Result<Option<Actor>, StoreError> {
    let now = app.clock.now();
    let Some(access) = tokens::read(&app.secrets, token, now) else {
        return Ok(None);
    };
    let session = read_session(app, access).await?;
    Ok(session
        .filter(|session| session.is_live(now))
        .map(|session| actor(&session)))
}

/// Ends the session of the given refresh token, spent or not, when it is the caller's own;
/// without one, the session the caller uses.
///
/// # Errors
/// The database's fault, or 401 when the caller is no person.
pub async fn sign_out(
    app: &App,
    caller: &Caller,
    token: Option<&Secret>,
) -> Result<(), IdentityError> {
    let Actor::User { id, session, .. } = &caller.actor else {
        return Err(IdentityError::Token);
    };
    let (user, own) = (*id, Arc::clone(session));
    let hash = token.map(digest);
    let now = app.clock.now();
    let caller = caller.clone();
    app.store
        .write(move |tx| {
            let ended = match hash {
                None => Some(own.to_string()),
                Some(hash) => match sql::by_refresh(tx, &hash)? {
                    Some(session) => Some(session),
                    None => sql::by_spent(tx, &hash)?,
                }
                .filter(|session| session.user == user)
                .map(|session| session.id),
            };
            if let Some(id) = ended
                && sql::end(tx, &id, "sign-out", now)?
            {
                let entry = Entry::new("session.ended").on("user", user);
                audit::append(tx, &caller, now, entry)?;
            }
            Ok::<_, IdentityError>(())
        })
        .await
}

/// Ends every session of the caller, the one in use too; returns how many there were.
///
/// # Errors
/// The database's fault, or 401 when the caller is no person.
pub async fn sign_out_everywhere(app: &App, caller: &Caller) -> Result<u64, IdentityError> {
    let Actor::User { id, .. } = caller.actor else {
        return Err(IdentityError::Token);
    };
    let now = app.clock.now();
    let caller = caller.clone();
    app.store
        .write(move |tx| {
            let ended = sql::end_all(tx, id, None, "sign-out-everywhere", now)?;
            let entry = Entry::new("session.ended")
                .on("user", id)
                .after(serde_json::json!({ "sessions": ended }));
            audit::append(tx, &caller, now, entry)?;
            Ok(ended)
        })
        .await
}

/// Deletes expired sessions with their spent tokens; to be called now and then. Returns how many.
///
/// # Errors
/// The database's fault.
pub async fn forget_sessions(app: &App) -> Result<u64, IdentityError> {
    let now = app.clock.now();
    Ok(app.store.write(move |tx| sql::forget(tx, now)).await?)
}
