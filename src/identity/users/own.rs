//! What people do with their own account.

use std::sync::Arc;

use base::Timestamp;
use store::Tx;

use super::change::{lock, save};
use super::{read_account, reasons_against};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::credentials::{Secret, Verified};
use crate::http::{Actor, Caller};
use crate::identity::model::{Account, Profile, ProfileChange};
use crate::identity::preferences::Preferences;
use crate::identity::rules::{self, Faults};
use crate::identity::{IdentityError, sessions, sign_in};

fn person(caller: &Caller) -> Result<(i64, Arc<str>), IdentityError> {
    match &caller.actor {
        Actor::User { id, session, .. } => Ok((*id, Arc::clone(session))),
        _ => Err(IdentityError::Token),
    }
}

fn view(account: Account) -> Profile {
    Profile {
        capabilities: account.user.role.capabilities(),
        user: account.user,
        preferences: Preferences::read(&account.preferences),
    }
}

/// The caller's own account.
///
/// # Errors
/// The database's fault.
pub async fn profile(app: &App, caller: &Caller) -> Result<Profile, IdentityError> {
    let (id, _) = person(caller)?;
    read_account(app, id).await.map(view)
}

/// Changes the caller's own address or preferences.
///
/// # Errors
/// [`IdentityError::Refused`], [`IdentityError::Stale`].
pub async fn change_me(
    app: &App,
    caller: &Caller,
    change: ProfileChange,
    version: Option<i64>,
) -> Result<Profile, IdentityError> {
    let (id, _) = person(caller)?;
    let mut faults = Faults::default();
    faults.email(rules::tidy(change.email.clone()).as_deref());
    if let Some(preferences) = &change.preferences {
        preferences.check(&mut faults);
    }
    faults.finish()?;
    let now = app.clock.now();
    let caller = caller.clone();
    let account = app
        .store
        .write(move |tx| {
            let before = lock(tx, id, version)?;
            let mut after = before.clone();
            if change.email.is_some() {
                after.user.email = rules::tidy(change.email);
            }
            if let Some(change) = change.preferences {
                let kept = Preferences::read(&after.preferences);
                after.preferences = kept.changed(change).ok_or_else(|| {
                    IdentityError::field("preferences", "must have at most 8 KiB as JSON")
                })?;
            }
            if after.user == before.user && after.preferences == before.preferences {
                return Ok(before);
            }
            save(tx, &mut after, now)?;
            let entry = Entry::new("user.changed")
                .on("user", id)
                .before(view(before))
                .after(view(after.clone()));
            audit::append(tx, &caller, now, entry)?;
            Ok::<_, IdentityError>(after)
        })
        .await?;
    Ok(view(account))
}

/// Changes the caller's own password and ends their other sessions.
///
/// A wrong current password counts as a failed sign-in: a stolen session is no way to guess it.
///
/// # Errors
/// [`IdentityError::Refused`] naming the field, [`IdentityError::Throttled`].
pub async fn change_own_password(
    app: &App,
    caller: &Caller,
    current: &Secret,
    new: &Secret,
) -> Result<(), IdentityError> {
    let (id, session) = person(caller)?;
    let account = read_account(app, id).await?;
    if let Some(seconds) = account.failures.wait(app.clock.now()) {
        return Err(IdentityError::Throttled(seconds));
    }
    let not_yours = || IdentityError::field("current_password", "is not your password");
    if rules::too_long(current).is_some() {
        return Err(not_yours());
    }
    let hasher = &app.credentials.hasher;
    let stored = account.password_hash;
    if hasher.verify(current, Some(&stored)).await? == Verified::No {
        let now = app.clock.now();
        app.store
            .write(move |tx| sign_in::note_failure(tx, id, now))
            .await?;
        return Err(not_yours());
    }
    let user = &account.user;
    let mut faults = Faults::default();
    let reasons = reasons_against(app, new, &user.username, user.email.as_deref()).await?;
    faults.password("new_password", reasons);
    if current.expose() == new.expose() {
        faults.note("new_password", "must differ from the current one");
    }
    faults.finish()?;
    let hash = hasher.hash(new).await?;
    let now = app.clock.now();
    let caller = caller.clone();
    app.store
        .write(move |tx| replace(tx, &caller, now, (id, &session), &stored, hash))
        .await
}

fn replace(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    (id, session): (i64, &str),
    verified: &str,
    hash: String,
) -> Result<(), IdentityError> {
    let mut account = lock(tx, id, None)?;
    if account.password_hash != verified {
        return Err(IdentityError::field(
            "current_password",
            "was changed meanwhile",
        ));
    }
    account.password_hash = hash;
    account.user.weak_password = false;
    save(tx, &mut account, now)?;
    sessions::sql::end_all(tx, id, Some(session), "password", now)?;
    let entry = Entry::new("password.changed").on("user", id);
    audit::append(tx, caller, now, entry)?;
    Ok(())
}
