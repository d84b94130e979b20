//! Accounts: made, read, changed, deleted.

mod change;
mod own;
pub(super) mod sql;

pub use change::{change_user, delete_user, reset_password, reset_password_of};
pub use own::{change_me, change_own_password, profile};

use base::{Cursor, Timestamp};
use rand::RngExt as _;
use store::Tx;

use super::IdentityError;
use super::model::{Account, ListedUser, NewUser, User, UserFilter};
use super::rules::{self, Faults};
use crate::app::App;
use crate::audit::{self, Entry};
use crate::credentials::Secret;
use crate::http::{Actor, Caller, Role};

/// Letters and digits that are not mistaken for one another.
const READABLE: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";
/// Characters of a generated password: 20 of 32 make 100 bits.
const GENERATED: usize = 20;
/// Characters of the random part of a generated user name.
const NAME_RANDOM: usize = 8;

/// A user that was made.
#[derive(Clone, Debug)]
pub struct Created {
    /// The user.
    pub user: User,
    /// The password, when it was generated: to be shown once.
    pub generated: Option<Secret>,
}

/// A checked user with the hash made, ready for a transaction.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    pub(super) username: String,
    pub(super) email: Option<String>,
    pub(super) role: Role,
    pub(super) hash: String,
    pub(super) weak: bool,
    pub(super) generated: Option<Secret>,
}

/// How a password that breaks the rules is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weak {
    Refused,
    /// The operator set it: accepted with a warning.
    Marked,
}

/// Random letters and digits.
pub(super) fn readable(length: usize) -> String {
    let mut rng = rand::rng();
    (0..length)
        .filter_map(|_| READABLE.get(rng.random_range(0..READABLE.len())))
        .map(|byte| char::from(*byte))
        .collect()
}

/// A user name for an analyst who was given none: `analyst-` and 8 random letters and digits.
#[must_use]
pub fn analyst_name() -> String {
    format!("analyst-{}", readable(NAME_RANDOM))
}

/// Every reason against a new password, found on a blocking thread.
pub(super) async fn reasons_against(
    app: &App,
    password: &Secret,
    username: &str,
    email: Option<&str>,
) -> Result<Vec<String>, IdentityError> {
    let length_min = app.config.password_min_length;
    let (password, username) = (password.clone(), username.to_owned());
    let email = email.map(str::to_owned);
    let reasons = app
        .credentials
        .hasher
        .run(move || {
            Ok(rules::against(
                &password,
                length_min,
                &username,
                email.as_deref(),
            ))
        })
        .await?;
    Ok(reasons)
}

/// Checks everything about a new user and hashes the password, outside of any transaction.
pub(super) async fn prepare(
    app: &App,
    new: NewUser,
    weak: Weak,
) -> Result<Prepared, IdentityError> {
    let username = new.username.trim().to_owned();
    let email = rules::tidy(new.email);
    let mut faults = Faults::default();
    faults.username(&username);
    faults.email(email.as_deref());
    let generated = new
        .password
        .is_none()
        .then(|| Secret::new(readable(GENERATED)));
    let mut is_weak = false;
    if let Some(password) = &new.password {
        let reasons = reasons_against(app, password, &username, email.as_deref()).await?;
        is_weak = !reasons.is_empty();
        // Length above the limit is no weakness: it is never hashed.
        if weak == Weak::Refused || rules::too_long(password).is_some() {
            faults.password("password", reasons);
        }
    }
    faults.finish()?;
    let password = new.password.as_ref().or(generated.as_ref());
    let hash = match password {
        Some(password) => app.credentials.hasher.hash(password).await?,
        None => return Err(IdentityError::field("password", "required")),
    };
    Ok(Prepared {
        username,
        email,
        role: new.role.unwrap_or(Role::Analyst),
        hash,
        weak: is_weak,
        generated,
    })
}

/// Stores a prepared user and audits it under the given action.
pub(super) fn insert(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    action: &'static str,
    prepared: &Prepared,
) -> Result<User, IdentityError> {
    let row = sql::UserRow {
        username: &prepared.username,
        key: &rules::name_key(&prepared.username),
        email: prepared.email.as_deref(),
        role: prepared.role,
        password_hash: &prepared.hash,
        weak_password: prepared.weak,
    };
    let id = sql::insert_user(tx, &row, now)?
        .ok_or_else(|| IdentityError::field("username", "is taken: choose another"))?;
    let account = sql::account(tx, id)?.ok_or(IdentityError::NotFound("user"))?;
    let mut entry = Entry::new(action).on("user", id).after(&account.user);
    if matches!(caller.actor, Actor::Anonymous) {
        entry = entry.by(&account.user.username);
    }
    audit::append(tx, caller, now, entry)?;
    Ok(account.user)
}

/// Makes a user; without a password one is generated.
///
/// # Errors
/// [`IdentityError::Refused`] naming each field that breaks a rule, a taken name among them.
pub async fn create_user(
    app: &App,
    caller: &Caller,
    new: NewUser,
) -> Result<Created, IdentityError> {
    let prepared = prepare(app, new, Weak::Refused).await?;
    let generated = prepared.generated.clone();
    let now = app.clock.now();
    let caller = caller.clone();
    let user = app
        .store
        .write(move |tx| insert(tx, &caller, now, "user.created", &prepared))
        .await?;
    Ok(Created { user, generated })
}

/// Checks a sign-up and prepares its user, always an analyst.
///
/// # Errors
/// [`IdentityError::SignUpClosed`], or as [`create_user`].
pub(super) async fn prepare_sign_up(app: &App, new: NewUser) -> Result<Prepared, IdentityError> {
    if !app.config.signup_is_open() {
        return Err(IdentityError::SignUpClosed);
    }
    let new = NewUser {
        role: Some(Role::Analyst),
        ..new
    };
    prepare(app, new, Weak::Refused).await
}

/// Signs somebody up as an analyst, where that is open.
///
/// # Errors
/// [`IdentityError::SignUpClosed`], or as [`create_user`].
pub async fn sign_up(app: &App, caller: &Caller, new: NewUser) -> Result<User, IdentityError> {
    let prepared = prepare_sign_up(app, new).await?;
    let now = app.clock.now();
    let caller = caller.clone();
    app.store
        .write(move |tx| insert(tx, &caller, now, "sign_up", &prepared))
        .await
}

/// A page of users with their sessions that count now, newest first, and how many match (counted to 10,001).
///
/// # Errors
/// The database's fault.
pub async fn list_users(
    app: &App,
    filter: UserFilter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<(Vec<ListedUser>, i64), IdentityError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| {
            let rows = sql::users(tx, &filter, cursor, limit, now)?;
            let most = crate::http::COUNT_MAX.saturating_add(1);
            Ok((rows, sql::count_users(tx, &filter, most)?))
        })
        .await
}

/// One user by id.
///
/// # Errors
/// [`IdentityError::NotFound`], or the database's fault.
pub async fn get_user(app: &App, id: i64) -> Result<User, IdentityError> {
    Ok(read_account(app, id).await?.user)
}

async fn read_account(app: &App, id: i64) -> Result<Account, IdentityError> {
    app.store
        .read(move |tx| sql::account(tx, id))
        .await?
        .ok_or(IdentityError::NotFound("user"))
}

/// One user by name, in any case.
///
/// # Errors
/// The database's fault.
pub async fn find_user(app: &App, username: &str) -> Result<Option<User>, IdentityError> {
    let key = rules::name_key(username);
    let account = app
        .store
        .read(move |tx| sql::account_by_name(tx, &key))
        .await?;
    Ok(account.map(|account| account.user))
}
