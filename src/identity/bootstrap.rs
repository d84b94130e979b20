//! The first administrator, made at start and never through sign-up.

use secrecy::ExposeSecret as _;

use super::model::NewUser;
use super::users::{Weak, insert, prepare, sql};
use super::{IdentityError, rules};
use crate::app::App;
use crate::credentials::Secret;
use crate::http::{Caller, Role};

/// The name when the operator gives none.
const NAME: &str = "admin";

/// An administrator made at start.
#[derive(Clone, Debug)]
pub struct FirstAdmin {
    /// The user name.
    pub username: String,
    /// The password, when it was generated: to be printed once, to the terminal.
    pub generated: Option<Secret>,
    /// Whether the password set by the operator breaks the rules.
    pub weak: bool,
}

/// What the sign-in page tells before anybody is signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FirstRun {
    /// Whether somebody can administer the server: an enabled administrator exists.
    pub has_admin: bool,
    /// Whether people may sign themselves up.
    pub signup_open: bool,
}

/// Says whether an administrator exists and sign-up is open.
///
/// # Errors
/// The database's fault.
pub async fn first_run(app: &App) -> Result<FirstRun, IdentityError> {
    Ok(FirstRun {
        has_admin: app.store.read(sql::any_admin).await?,
        signup_open: app.config.signup_is_open(),
    })
}

/// Makes the first administrator, if one is due:
///
/// - `ADMIN_USERNAME` is set and nobody has that name: that one, whoever else there is. An
///   account that is there already is left as it is, password and role too.
/// - `ADMIN_USERNAME` is not set and there is no user at all: `admin`.
///
/// Without `ADMIN_PASSWORD` the password is generated. A weak one is accepted, logged and marked.
///
/// # Errors
/// [`IdentityError::Refused`] when the name or address breaks the rules or the password has more
/// than 1,024 bytes; the database's fault.
pub async fn first_admin(app: &App) -> Result<Option<FirstAdmin>, IdentityError> {
    let config = &app.config;
    let configured = config.admin_username.0.clone();
    let username = configured.clone().unwrap_or_else(|| NAME.to_owned());
    let key = rules::name_key(&username);
    let due = app
        .store
        .read(move |tx| match configured {
            Some(_) => Ok::<_, IdentityError>(sql::account_by_name(tx, &key)?.is_none()),
            None => Ok(!sql::any_user(tx)?),
        })
        .await?;
    if !due {
        return Ok(None);
    }
    let password = config.admin_password.expose_secret();
    let new = NewUser {
        username,
        email: config.admin_email.0.clone(),
        password: (!password.is_empty()).then(|| Secret::new(password.to_owned())),
        role: Some(Role::Admin),
    };
    let prepared = prepare(app, new, Weak::Marked).await?;
    let admin = FirstAdmin {
        username: prepared.username.clone(),
        generated: prepared.generated.clone(),
        weak: prepared.weak,
    };
    let now = app.clock.now();
    let made = app
        .store
        .write(move |tx| {
            let caller = Caller::system("startup");
            insert(tx, &caller, now, "user.created", &prepared)
        })
        .await;
    match made {
        Ok(_) => {}
        // Another server of the same database was first.
        Err(IdentityError::Refused(_)) => return Ok(None),
        Err(error) => return Err(error),
    }
    if admin.weak {
        tracing::warn!(
            user.name = admin.username,
            "ADMIN_PASSWORD is weak: sign in and change it"
        );
    }
    tracing::info!(
        user.name = admin.username,
        "the first administrator was made"
    );
    Ok(Some(admin))
}
