//! What can be wrong with a request about alerts.

use store::StoreError;

use super::lifecycle::Refusal;
use crate::http::Problem;
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
            AlertError::Repeat(error) => error.into(),
            AlertError::Store(error) => error.into(),
        }
    }
}
