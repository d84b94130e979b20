//! What administrators change on accounts.

use base::Timestamp;
use serde::Serialize;
use store::{StoreError, Tx};

use super::{Created, GENERATED, find_user, read_account, readable, reasons_against, sql};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::credentials::Secret;
use crate::http::{Actor, Caller, Role};
use crate::identity::model::{Account, User, UserChange};
use crate::identity::rules::{self, Faults};
use crate::identity::{IdentityError, sessions};

/// A change as the activity log shows it.
#[derive(Serialize)]
struct Changed<'a> {
    #[serde(flatten)]
    user: &'a User,
    password_changed: bool,
}

/// Changes a user. Disabling and a new password end every session; a role counts from the next
/// request on. A change that changes nothing is none.
///
/// # Errors
/// [`IdentityError::LastAdmin`], [`IdentityError::Stale`], [`IdentityError::Refused`],
/// [`IdentityError::NotFound`].
pub async fn change_user(
    app: &App,
    caller: &Caller,
    id: i64,
    change: UserChange,
    version: Option<i64>,
) -> Result<User, IdentityError> {
    let before = read_account(app, id).await?;
    let mut faults = Faults::default();
    faults.email(rules::tidy(change.email.clone()).as_deref());
    if let Some(password) = &change.password {
        let name = &before.user.username;
        let reasons = reasons_against(app, password, name, None).await?;
        faults.password("password", reasons);
    }
    faults.finish()?;
    let hash = match &change.password {
        Some(password) => Some(app.credentials.hasher.hash(password).await?),
        None => None,
    };
    let wanted = Wanted {
        email: change.email,
        role: change.role,
        enabled: change.enabled,
        hash,
    };
    let now = app.clock.now();
    let caller = caller.clone();
    app.store
        .write(move |tx| apply(tx, &caller, now, id, wanted, version))
        .await
}

/// A checked change.
#[derive(Default)]
struct Wanted {
    email: Option<String>,
    role: Option<Role>,
    enabled: Option<bool>,
    hash: Option<String>,
}

fn apply(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    id: i64,
    wanted: Wanted,
    version: Option<i64>,
) -> Result<User, IdentityError> {
    let admins = sql::lock_admins(tx)?;
    let before = lock(tx, id, version)?;
    let mut after = before.clone();
    let password_changed = wanted.hash.is_some();
    let user = &mut after.user;
    if wanted.email.is_some() {
        user.email = rules::tidy(wanted.email);
    }
    user.role = wanted.role.unwrap_or(user.role);
    user.enabled = wanted.enabled.unwrap_or(user.enabled);
    if password_changed {
        // Whoever set it knows it: only its owner should.
        user.weak_password = matches!(&caller.actor, Actor::User { id: by, .. } if *by != id);
    }
    if after.user == before.user && !password_changed {
        return Ok(before.user);
    }
    let administers = after.user.enabled && after.user.role == Role::Admin;
    if !administers && admins == [id] {
        return Err(IdentityError::LastAdmin);
    }
    after.password_hash = wanted.hash.unwrap_or(after.password_hash);
    save(tx, &mut after, now)?;
    if password_changed || !after.user.enabled {
        let reason = if password_changed {
            "password"
        } else {
            "disabled"
        };
        sessions::sql::end_all(tx, id, None, reason, now)?;
    }
    let entry = Entry::new("user.changed")
        .on("user", id)
        .before(&before.user)
        .after(Changed {
            user: &after.user,
            password_changed,
        });
    audit::append(tx, caller, now, entry)?;
    Ok(after.user)
}

/// The account, locked, when it has the version the change is meant for.
pub(super) fn lock(
    tx: &mut Tx<'_>,
    id: i64,
    version: Option<i64>,
) -> Result<Account, IdentityError> {
    let account = sql::lock_account(tx, id)?.ok_or(IdentityError::NotFound("user"))?;
    let current = account.user.version;
    if version.is_some_and(|wanted| wanted != current) {
        return Err(IdentityError::Stale(current));
    }
    Ok(account)
}

/// Writes an account as its next version.
pub(super) fn save(
    tx: &mut Tx<'_>,
    account: &mut Account,
    now: Timestamp,
) -> Result<(), StoreError> {
    account.user.version = account.user.version.saturating_add(1);
    account.user.updated_at = now;
    sql::update_user(tx, account)
}

/// Deletes a user and their sessions; what they did stays in the activity log.
///
/// # Errors
/// [`IdentityError::LastAdmin`], [`IdentityError::Stale`], [`IdentityError::NotFound`].
pub async fn delete_user(
    app: &App,
    caller: &Caller,
    id: i64,
    version: Option<i64>,
) -> Result<(), IdentityError> {
    let now = app.clock.now();
    let caller = caller.clone();
    app.store
        .write(move |tx| {
            let admins = sql::lock_admins(tx)?;
            let account = lock(tx, id, version)?;
            if admins == [id] {
                return Err(IdentityError::LastAdmin);
            }
            sql::delete_user(tx, id)?;
            let entry = Entry::new("user.deleted")
                .on("user", id)
                .before(&account.user);
            audit::append(tx, &caller, now, entry)?;
            Ok(())
        })
        .await
}

/// Gives a user a new password, generated when none is given, and ends every session.
///
/// # Errors
/// [`IdentityError::NotFound`], or [`IdentityError::Refused`] with the reasons against it.
pub async fn reset_password(
    app: &App,
    caller: &Caller,
    username: &str,
    password: Option<Secret>,
) -> Result<Created, IdentityError> {
    let user = find_user(app, username)
        .await?
        .ok_or(IdentityError::NotFound("user"))?;
    reset_password_of(app, caller, user.id, password).await
}

/// The same by the user's id. A password set by another person than its owner is marked as to be
/// changed.
///
/// # Errors
/// As [`reset_password`].
pub async fn reset_password_of(
    app: &App,
    caller: &Caller,
    id: i64,
    password: Option<Secret>,
) -> Result<Created, IdentityError> {
    let generated = password.is_none().then(|| Secret::new(readable(GENERATED)));
    let change = UserChange {
        password: password.or_else(|| generated.clone()),
        ..UserChange::default()
    };
    let user = change_user(app, caller, id, change, None).await?;
    Ok(Created { user, generated })
}
