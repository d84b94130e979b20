//! The sessions that count now: listed and ended, by their owner or an administrator.

use std::sync::Arc;

use base::Timestamp;
use serde::Serialize;

use super::sql::{self, SessionKind};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::http::{Actor, Caller};
use crate::identity::IdentityError;
use crate::identity::users::sql as users;

/// A session that counts now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct OpenSession {
    /// Its id; no secret.
    #[schema(example = "n2o8Vd0yTq6p4s1KcXb9Zg")]
    pub id: String,
    /// How it is carried.
    pub kind: SessionKind,
    /// The address it was begun from.
    #[schema(example = "192.0.2.7")]
    pub address: String,
    /// What its client called itself, at most 512 characters: not to be believed.
    #[schema(example = "Mozilla/5.0")]
    pub user_agent: String,
    /// When it was begun.
    pub created_at: Timestamp,
    /// When it was last used: to five minutes for a browser, the last refresh for tokens.
    pub last_used_at: Timestamp,
    /// When it ends unless it is used.
    pub expires_at: Timestamp,
    /// Whether it is the one that asks.
    pub current: bool,
}

fn person(caller: &Caller) -> Result<(i64, Arc<str>), IdentityError> {
    match &caller.actor {
        Actor::User { id, session, .. } => Ok((*id, Arc::clone(session))),
        _ => Err(IdentityError::Token),
    }
}

/// The caller's own sessions that count now, last begun first: at most 200.
///
/// # Errors
/// The database's fault, or 401 when the caller is no person.
pub async fn own_sessions(app: &App, caller: &Caller) -> Result<Vec<OpenSession>, IdentityError> {
    let (user, current) = person(caller)?;
    let now = app.clock.now();
    Ok(app
        .store
        .read(move |tx| sql::open(tx, user, &current, now))
        .await?)
}

/// A user's sessions that count now, last begun first: at most 200.
///
/// # Errors
/// [`IdentityError::NotFound`] without such a user, or the database's fault.
pub async fn user_sessions(
    app: &App,
    caller: &Caller,
    user: i64,
) -> Result<Vec<OpenSession>, IdentityError> {
    let current = person(caller).map_or_else(|_| Arc::from(""), |(_, session)| session);
    let now = app.clock.now();
    app.store
        .read(move |tx| {
            users::account(tx, user)?.ok_or(IdentityError::NotFound("user"))?;
            Ok(sql::open(tx, user, &current, now)?)
        })
        .await
}

/// Ends one of the caller's own sessions; the one in use is allowed.
///
/// # Errors
/// [`IdentityError::NotFound`] when the caller has no such session that counts; the database's
/// fault.
pub async fn end_own_session(app: &App, caller: &Caller, id: &str) -> Result<(), IdentityError> {
    let (user, _) = person(caller)?;
    // Not every text may go to the database: PostgreSQL refuses U+0000.
    if !id.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(IdentityError::NotFound("session"));
    }
    let now = app.clock.now();
    let id = id.to_owned();
    let caller = caller.clone();
    app.store
        .write(move |tx| {
            let found = sql::session(tx, &id)?
                .filter(|session| session.user == user && session.is_live(now));
            if found.is_none() || !sql::end(tx, &id, "ended", now)? {
                return Err(IdentityError::NotFound("session"));
            }
            let entry = Entry::new("session.ended").on("user", user);
            audit::append(tx, &caller, now, entry)?;
            Ok(())
        })
        .await
}

/// Ends the session the caller's browser uses; a caller with tokens has none and ends nothing.
///
/// # Errors
/// The database's fault, or 401 when the caller is no person.
pub async fn sign_out_browser(app: &App, caller: &Caller) -> Result<(), IdentityError> {
    let (user, id) = person(caller)?;
    let now = app.clock.now();
    let caller = caller.clone();
    app.store
        .write(move |tx| {
            let found = sql::session(tx, &id)?;
            let is_browser = found.is_some_and(|session| session.kind == SessionKind::Browser);
            if is_browser && sql::end(tx, &id, "sign-out", now)? {
                let entry = Entry::new("session.ended").on("user", user);
                audit::append(tx, &caller, now, entry)?;
            }
            Ok(())
        })
        .await
}

/// Ends every session of a user, for administrators; returns how many there were.
///
/// # Errors
/// [`IdentityError::NotFound`] without such a user, or the database's fault.
pub async fn end_user_sessions(
    app: &App,
    caller: &Caller,
    user: i64,
) -> Result<u64, IdentityError> {
    let now = app.clock.now();
    let caller = caller.clone();
    app.store
        .write(move |tx| {
            users::lock_account(tx, user)?.ok_or(IdentityError::NotFound("user"))?;
            let ended = sql::end_all(tx, user, None, "administrator", now)?;
            let entry = Entry::new("session.ended")
                .on("user", user)
                .after(serde_json::json!({ "sessions": ended }));
            audit::append(tx, &caller, now, entry)?;
            Ok(ended)
        })
        .await
}
