//! What can be wrong with a request about sources.

use store::StoreError;

use crate::http::{FieldErrors, Problem};
use crate::repeats::RepeatError;

/// Why a request about sources was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// There is no such source.
    #[error("there is no source {0}")]
    NotFound(i64),
    /// There is no such rejected record; only the newest are kept.
    #[error("there is no rejected record {0}: only the newest are kept")]
    NoLetter(i64),
    /// The change was meant for another version.
    #[error("the source has version {0} by now")]
    Stale(i64),
    /// Somebody described it already.
    #[error("source {0} is described already: change it with PATCH")]
    Described(i64),
    /// As many are described as may be.
    #[error("{0} sources are described already, which is the most")]
    TooMany(i64),
    /// Values that break a rule, by field.
    #[error("not valid: {0:?}")]
    Refused(FieldErrors),
    /// A repeated request could not be answered.
    #[error(transparent)]
    Repeat(#[from] RepeatError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl SourceError {
    /// One field that breaks a rule.
    pub(super) fn field(name: &str, what: impl Into<String>) -> Self {
        Self::Refused(FieldErrors::from([(name.to_owned(), vec![what.into()])]))
    }
}

impl From<SourceError> for Problem {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::NotFound(_) | SourceError::NoLetter(_) => {
                Self::not_found(error.to_string())
            }
            SourceError::Stale(version) => Self::stale(version),
            SourceError::Described(_) | SourceError::TooMany(_) => {
                Self::conflict(error.to_string())
            }
            SourceError::Refused(errors) => Self::validation(errors),
            SourceError::Repeat(error) => error.into(),
            SourceError::Store(error) => error.into(),
        }
    }
}
