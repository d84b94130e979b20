//! What can go wrong with users, sessions and keys.

use http::{StatusCode, header};
use store::StoreError;

use crate::credentials::HashError;
use crate::http::{FieldErrors, Problem};
use crate::repeats::RepeatError;

/// Why a request about identity is not fulfilled.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Values that break a rule, by field.
    #[error("not valid: {0:?}")]
    Refused(FieldErrors),
    /// The same for an unknown name, a wrong password and a disabled account.
    #[error("no account can be used with this user name and password")]
    Credentials,
    /// A token that is expired, spent, ended, forged or no token.
    #[error("the token cannot be used")]
    Token,
    /// Too many failures; seconds to wait.
    #[error("too many failed sign-ins: wait {0} s")]
    Throttled(u64),
    /// `ALLOW_SIGNUP` says no.
    #[error("sign-up is closed on this server: ask an administrator for an account")]
    SignUpClosed,
    /// There is no such user or key.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// Nobody could administer the server any more.
    #[error(
        "this is the last enabled administrator: it can be neither demoted, disabled nor deleted"
    )]
    LastAdmin,
    /// Somebody else changed it; the version it has now.
    #[error("it was changed meanwhile: its version is {0}")]
    Stale(i64),
    /// The password was neither hashed nor verified.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A token could not be signed.
    #[error("a token could not be signed")]
    Signing(#[source] jsonwebtoken::errors::Error),
    /// A repeated request cannot be answered.
    #[error(transparent)]
    Repeat(#[from] RepeatError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl IdentityError {
    /// One field that breaks a rule.
    pub(super) fn field(name: &str, what: impl Into<String>) -> Self {
        Self::Refused(FieldErrors::from([(name.to_owned(), vec![what.into()])]))
    }
}

fn unauthorized(kind: &'static str, title: &'static str, error: &IdentityError) -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, kind, title, error.to_string())
        .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"watchpost\"")
}

impl From<IdentityError> for Problem {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Refused(errors) => Self::validation(errors),
            IdentityError::Credentials => {
                unauthorized("credentials", "Signing in did not work", &error)
            }
            IdentityError::Token => unauthorized("token", "The token does not count", &error),
            IdentityError::Throttled(seconds) => Self::too_many(error.to_string(), seconds),
            IdentityError::SignUpClosed => Self::forbidden(error.to_string()),
            IdentityError::NotFound(_) => Self::not_found(error.to_string()),
            IdentityError::LastAdmin => Self::conflict(error.to_string()),
            IdentityError::Stale(version) => Self::stale(version),
            IdentityError::Hash(HashError::Overloaded) => {
                Self::unavailable("too many passwords are being checked; nothing was changed")
            }
            IdentityError::Hash(HashError::Failed(cause)) => Self::internal(cause),
            IdentityError::Signing(cause) => Self::internal(cause),
            IdentityError::Repeat(error) => error.into(),
            IdentityError::Store(error) => error.into(),
        }
    }
}
