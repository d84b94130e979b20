//! What can be wrong with a request about views.

use store::StoreError;

use crate::http::{FieldErrors, Problem};
use crate::repeats::RepeatError;

/// Why a request about views was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    /// There is no such view, or it is another person's own.
    #[error("there is no view {0} that you can see")]
    NotFound(i64),
    /// The change was meant for another version.
    #[error("the view has version {0} by now")]
    Stale(i64),
    /// Shared views are the administrators'.
    #[error("shared views are made, changed and deleted by administrators: keep one of your own")]
    Shared,
    /// Values that break a rule, by field.
    #[error("not valid: {0:?}")]
    Refused(FieldErrors),
    /// A person has as many views as they may.
    #[error("you have {0} views already, which is the most: delete one first")]
    TooMany(i64),
    /// A repeated request could not be answered.
    #[error(transparent)]
    Repeat(#[from] RepeatError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ViewError {
    /// One field that breaks a rule.
    pub(super) fn field(name: &str, what: impl Into<String>) -> Self {
        Self::Refused(FieldErrors::from([(name.to_owned(), vec![what.into()])]))
    }
}

impl From<ViewError> for Problem {
    fn from(error: ViewError) -> Self {
        match error {
            ViewError::NotFound(_) => Self::not_found(error.to_string()),
            ViewError::Stale(version) => Self::stale(version),
            ViewError::Shared => Self::forbidden(error.to_string()),
            ViewError::Refused(errors) => Self::validation(errors),
            ViewError::TooMany(_) => Self::conflict(error.to_string()),
            ViewError::Repeat(error) => error.into(),
            ViewError::Store(error) => error.into(),
        }
    }
}
