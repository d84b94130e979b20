//! Why a body as a whole is not read.

/// Why nothing of a body is read; nothing of it is to be stored then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is nothing that its format writes.
    #[error("{0}")]
    Unreadable(String),
    /// It has more elements than this, which are more than a request may have of records.
    #[error("more than {0} records")]
    TooMany(usize),
}

impl From<String> for BodyError {
    fn from(what: String) -> Self {
        Self::Unreadable(what)
    }
}

impl From<&str> for BodyError {
    fn from(what: &str) -> Self {
        Self::Unreadable(what.to_owned())
    }
}
