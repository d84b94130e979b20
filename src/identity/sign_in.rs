//! Signing in with name and password.
//!
//! An unknown name, a wrong password and a disabled account are answered alike and in the same
//! time: each costs one hash and one transaction.

use std::sync::Arc;

use base::Timestamp;
use http::HeaderMap;
use store::Tx;

use super::model::{Account, User};
use super::sessions::{self, BrowserSession, Pair, SessionKind};
use super::tokens::digest;
use super::users::sql;
use super::{IdentityError, rules};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::credentials::{Failures, Secret, Verified};
use crate::http::{Actor, Caller, Origin, SessionCookie, session_cookie};

/// Signs a program in for a person and begins a session of tokens.
///
/// # Errors
/// [`IdentityError::Credentials`] without saying why; [`IdentityError::Throttled`] after many
/// failures, even with the right password; [`IdentityError::Refused`] for a password above
/// 1,024 bytes; an overloaded hash queue.
pub async fn sign_in(
    app: &App,
    origin: &Origin,
    username: &str,
    password: &Secret,
) -> Result<Pair, IdentityError> {
    let kind = SessionKind::Token;
    let signed_in = check(app, origin, username, password, (kind, None)).await?;
    let SignedIn {
        user,
        session,
        secret,
        now,
    } = signed_in;
    Pair::issue(app, *user, session, secret, now)
}

/// Signs a person in and begins a session of their browser. What the session's cookie is to hold
/// is answered this once.
///
/// A session that the request's cookie belongs to ends as `replaced`, whoever's it is: its cookie
/// is overwritten, and nobody could sign it out any more.
///
/// # Errors
/// As [`sign_in`].
pub async fn sign_in_browser(
    app: &App,
    origin: &Origin,
    headers: &HeaderMap,
    username: &str,
    password: &Secret,
) -> Result<BrowserSession, IdentityError> {
    let held = match session_cookie(origin, headers) {
        SessionCookie::Value(cookie) => Some(digest(&Secret::new(cookie.to_owned()))),
        SessionCookie::Absent | SessionCookie::Unusable => None,
    };
    let kind = SessionKind::Browser;
    let signed_in = check(app, origin, username, password, (kind, held)).await?;
    Ok(BrowserSession {
        cookie: signed_in.secret,
        user: *signed_in.user,
        session: signed_in.session,
    })
}

/// A person who gave the right name and password, and the session begun for them.
struct SignedIn {
    user: Box<User>,
    session: Arc<str>,
    secret: Secret,
    now: Timestamp,
}

async fn check(
    app: &App,
    origin: &Origin,
    username: &str,
    password: &Secret,
    (kind, held): (SessionKind, Option<[u8; 32]>),
) -> Result<SignedIn, IdentityError> {
    if let Some(reason) = rules::too_long(password) {
        return Err(IdentityError::field("password", reason));
    }
    let key = rules::name_key(username);
    let account = {
        let key = key.clone();
        app.store
            .read(move |tx| sql::account_by_name(tx, &key))
            .await?
    };
    let caller = Caller {
        actor: Actor::Anonymous,
        origin: origin.clone(),
    };
    let attempt = Attempt {
        caller,
        account,
        key,
        kind,
        held,
    };
    let failures = attempt.account.as_ref().map_or_else(
        || app.credentials.names.get(&attempt.key),
        |account| account.failures,
    );
    if let Some(seconds) = failures.wait(app.clock.now()) {
        return attempt.throttled(app, seconds).await;
    }
    let stored = attempt
        .account
        .as_ref()
        .filter(|account| account.user.enabled)
        .map(|account| account.password_hash.as_str());
    let verified = app.credentials.hasher.verify(password, stored).await?;
    let fresh = match verified {
        Verified::No => return attempt.failed(app).await,
        Verified::Yes => None,
        Verified::Outdated => Some(app.credentials.hasher.hash(password).await?),
    };
    attempt.succeeded(app, fresh).await
}

/// One attempt to sign in.
struct Attempt {
    caller: Caller,
    account: Option<Account>,
    key: String,
    kind: SessionKind,
    /// The hash of the cookie that the new one overwrites.
    held: Option<[u8; 32]>,
}

/// What the last look at the account, under its lock, found.
enum Found {
    Session(SignedIn),
    Throttled(u64),
    Changed,
}

impl Attempt {
    fn entry(&self, action: &'static str) -> Entry {
        let entry = Entry::new(action).by(&self.key);
        match &self.account {
            Some(account) => entry.on("user", account.user.id),
            None => entry,
        }
    }

    async fn throttled(self, app: &App, seconds: u64) -> Result<SignedIn, IdentityError> {
        let now = app.clock.now();
        app.store
            .write(move |tx| {
                let entry = self.entry("sign_in.throttled");
                audit::append(tx, &self.caller, now, entry)
            })
            .await?;
        app.metrics.sign_in("throttled");
        Err(IdentityError::Throttled(seconds))
    }

    async fn failed(self, app: &App) -> Result<SignedIn, IdentityError> {
        let now = app.clock.now();
        if self.account.is_none() {
            app.credentials.names.fail(&self.key, now);
        }
        app.store
            .write(move |tx| {
                if let Some(account) = &self.account {
                    note_failure(tx, account.user.id, now)?;
                }
                let entry = self.entry("sign_in.failed");
                audit::append(tx, &self.caller, now, entry)?;
                Ok::<_, IdentityError>(())
            })
            .await?;
        app.metrics.sign_in("failed");
        Err(IdentityError::Credentials)
    }

    async fn succeeded(self, app: &App, fresh: Option<String>) -> Result<SignedIn, IdentityError> {
        let now = app.clock.now();
        let found = app
            .store
            .write(move |tx| self.settle(tx, fresh.as_deref(), now))
            .await?;
        match found {
            Found::Session(signed_in) => {
                app.metrics.sign_in("ok");
                Ok(signed_in)
            }
            Found::Throttled(seconds) => {
                app.metrics.sign_in("throttled");
                Err(IdentityError::Throttled(seconds))
            }
            Found::Changed => {
                app.metrics.sign_in("failed");
                Err(IdentityError::Credentials)
            }
        }
    }

    /// Looks again under the lock: while the hash was computed the account may have been
    /// disabled or changed, and other guesses at the same time may have failed.
    fn settle(
        &self,
        tx: &mut Tx<'_>,
        fresh: Option<&str>,
        now: Timestamp,
    ) -> Result<Found, IdentityError> {
        let before = self.account.as_ref().ok_or(IdentityError::Credentials)?;
        let account = sql::lock_account(tx, before.user.id)?
            .filter(|it| it.user.enabled && it.password_hash == before.password_hash);
        let Some(account) = account else {
            let entry = self.entry("sign_in.failed");
            audit::append(tx, &self.caller, now, entry)?;
            return Ok(Found::Changed);
        };
        if let Some(seconds) = account.failures.wait(now) {
            let entry = self.entry("sign_in.throttled");
            audit::append(tx, &self.caller, now, entry)?;
            return Ok(Found::Throttled(seconds));
        }
        let hash = fresh.unwrap_or(&account.password_hash);
        sql::signed_in(tx, account.user.id, hash, now)?;
        let replaced = self.end_held(tx, now)?;
        let origin = &self.caller.origin;
        let (session, secret) = sessions::begin(tx, account.user.id, self.kind, origin, now)?;
        let user = User {
            last_sign_in_at: Some(now),
            throttled_until: None,
            ..account.user
        };
        let caller = Caller {
            actor: Actor::User {
                id: user.id,
                username: Arc::from(user.username.as_str()),
                role: user.role,
                session: Arc::clone(&session),
            },
            origin: self.caller.origin.clone(),
        };
        let mut entries = Vec::from_iter(replaced);
        entries.push(Entry::new("sign_in.succeeded").on("user", user.id));
        audit::append_all(tx, &caller, now, entries)?;
        Ok(Found::Session(SignedIn {
            user: Box::new(user),
            session,
            secret,
            now,
        }))
    }

    /// Ends the browser's session that the new one takes the place of, if it still counts.
    fn end_held(&self, tx: &mut Tx<'_>, now: Timestamp) -> Result<Option<Entry>, IdentityError> {
        let Some(hash) = &self.held else {
            return Ok(None);
        };
        let held = sessions::sql::by_secret(tx, SessionKind::Browser, hash)?;
        let Some(held) = held.filter(|session| session.is_live(now)) else {
            return Ok(None);
        };
        let ended = sessions::sql::end(tx, &held.id, "replaced", now)?;
        let reason = serde_json::json!({ "reason": "replaced" });
        Ok(ended.then(|| {
            Entry::new("session.ended")
                .on("user", held.user)
                .after(reason)
        }))
    }
}

/// Counts a failure of an account, under its lock.
pub(super) fn note_failure(
    tx: &mut Tx<'_>,
    user: i64,
    now: Timestamp,
) -> Result<(), IdentityError> {
    if let Some(account) = sql::lock_account(tx, user)? {
        sql::set_failures(tx, user, account.failures.and_one(now))?;
    }
    Ok(())
}

/// Lifts the throttle of an account.
///
/// # Errors
/// [`IdentityError::NotFound`], or the database's fault.
pub async fn unlock(app: &App, caller: &Caller, username: &str) -> Result<User, IdentityError> {
    let key = rules::name_key(username);
    let now = app.clock.now();
    let caller = caller.clone();
    app.store
        .write(move |tx| {
            let account = sql::account_by_name(tx, &key)?.ok_or(IdentityError::NotFound("user"))?;
            sql::set_failures(tx, account.user.id, Failures::default())?;
            let entry = Entry::new("user.unlocked").on("user", account.user.id);
            audit::append(tx, &caller, now, entry)?;
            Ok(User {
                throttled_until: None,
                ..account.user
            })
        })
        .await
}
