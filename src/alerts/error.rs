//! What can be wrong with a request about alerts.

use http::StatusCode;
use store::StoreError;

use super::lifecycle::Refusal;
use crate::http::{FieldErrors, Problem};
use crate::repeats::RepeatError;

/// Why a request about alerts was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum AlertError {
    /// There is no such alert.
    #[error("there is no alert #{0}")]
    NotFound(i64),
    /// The change was meant for another version.
    #[error("the alert has version {0} by now")]
    Stale(i64),
    /// The rules of the lifecycle do not allow it.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A value is not valid.
    #[error("{0}: {1}")]
    Field(&'static str, String),
    /// Several values are not valid, by field.
    #[error("not valid: {0:?}")]
    Fields(FieldErrors),
    /// A filter finds another number of alerts than whoever asked was told.
    #[error(
        "the filter finds {found} alerts, not {expected}: nothing was changed; ask again with \
         expect_count {found} if those are meant"
    )]
    OtherCount {
        /// How many were expected.
        expected: u64,
        /// How many there are.
        found: u64,
    },
    /// A change cannot be taken back, or not any more.
    #[error(
        "this change cannot be taken back any more: a token works once, for 30 seconds, for \
         whoever made the change"
    )]
    UndoGone,
    /// A repeated request could not be answered.
    #[error(transparent)]
    Repeat(#[from] RepeatError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<AlertError> for Problem {
    fn from(error: AlertError) -> Self {
        match error {
            AlertError::NotFound(_) => Self::not_found(error.to_string()),
            AlertError::Stale(version) => Self::stale(version),
            AlertError::Refused(refusal) => match refusal {
                Refusal::AcknowledgeResolved | Refusal::NotResolved(_) => {
                    Self::conflict(refusal.to_string())
                }
                Refusal::ResolutionWith(_) => Self::field("resolution", refusal.to_string()),
                Refusal::OtherWithoutNote => Self::field("note", refusal.to_string()),
            },
            AlertError::Field(name, what) => Self::field(name, what),
            AlertError::Fields(errors) => Self::validation(errors),
            AlertError::OtherCount { found, .. } => Self::conflict(error.to_string()).with_errors(
                FieldErrors::from([("expect_count".to_owned(), vec![found.to_string()])]),
            ),
            AlertError::UndoGone => {
                Self::new(StatusCode::GONE, "gone", "This is over", error.to_string())
            }
            AlertError::Repeat(error) => error.into(),
            AlertError::Store(error) => error.into(),
        }
    }
}
