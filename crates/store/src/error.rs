//! What can go wrong at the database, in words a caller can act on.

use std::sync::Arc;

/// A statement or transaction that did not happen.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The queue before the database is full; try again shortly.
    #[error("the database queue is full")]
    Busy,
    /// The database cannot be reached, was restarted, took too long, or its thread died.
    ///
    /// After a failed commit the outcome is unknown: a retry needs an idempotency key.
    #[error("the database is not available: {0}")]
    Unavailable(Arc<str>),
    /// Transactions stood in each other's way, and this one was rolled back whole: nothing of it
    /// is kept, the connection is sound, and the same again may go through.
    #[error("the database rolled the transaction back: {0}")]
    RolledBack(Arc<str>),
    /// The disk, or the quota, is full.
    #[error("the database has no space left")]
    Full,
    /// A unique or foreign-key rule refused the row.
    #[error("the database refused a duplicate or dangling row: {0}")]
    Constraint(Arc<str>),
    /// The statement is wrong: a defect of this program.
    #[error("the statement failed: {0}")]
    Statement(Arc<str>),
    /// The result does not have the expected shape: a defect of this program.
    #[error("the result has another shape: {0}")]
    Shape(Arc<str>),
}

impl StoreError {
    /// Whether the same call may succeed later: what a client hears as 503 with `Retry-After`.
    #[must_use]
    pub const fn is_temporary(&self) -> bool {
        matches!(
            self,
            Self::Busy | Self::Unavailable(_) | Self::RolledBack(_) | Self::Full
        )
    }

    /// Whether the connection that met it must not be used again.
    pub(crate) const fn breaks_connection(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Full)
    }

    pub(crate) fn shape(text: impl AsRef<str>) -> Self {
        Self::Shape(Arc::from(text.as_ref()))
    }

    pub(crate) fn unavailable(text: impl AsRef<str>) -> Self {
        Self::Unavailable(Arc::from(text.as_ref()))
    }
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let text = Arc::from(error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ConstraintViolation) => Self::Constraint(text),
            // A failed sync must not be tried again on the same connection: reopen.
            Some(
                ErrorCode::SystemIoFailure
                | ErrorCode::DatabaseCorrupt
                | ErrorCode::NotADatabase
                | ErrorCode::CannotOpen
                | ErrorCode::ReadOnly
                | ErrorCode::PermissionDenied
                | ErrorCode::DatabaseBusy
                | ErrorCode::DatabaseLocked
                | ErrorCode::OutOfMemory
                | ErrorCode::OperationInterrupted,
            ) => Self::Unavailable(text),
            _ => Self::Statement(text),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        let Some(db) = error.as_db_error() else {
            // No answer from the server: the connection is gone, or the value did not fit.
            let text = describe(&error);
            return if error.is_closed() || text.contains("communicating") {
                Self::unavailable(text)
            } else {
                Self::Statement(Arc::from(text))
            };
        };
        let text = Arc::from(format!("{}: {}", db.code().code(), db.message()));
        Self::of_state(db.code().code(), text)
    }
}

impl StoreError {
    /// What an SQLSTATE of PostgreSQL stands for (its manual, appendix A).
    fn of_state(state: &str, text: Arc<str>) -> Self {
        match (state, state.get(..2)) {
            // A serialization failure and a deadlock.
            ("40001" | "40P01", _) => Self::RolledBack(text),
            (_, Some("23")) => Self::Constraint(text),
            // 53100 is disk full; 53300 too many connections and the like are temporary.
            ("53100", _) => Self::Full,
            // 08 connection, 40 rollback, 53 resources, 55 lock timeout, 57 shutdown or cancel,
            // 58 system error; 25006 is a read-only failover.
            ("25006", _) | (_, Some("08" | "40" | "53" | "55" | "57" | "58")) => {
                Self::Unavailable(text)
            }
            _ => Self::Statement(text),
        }
    }
}

fn describe(error: &tokio_postgres::Error) -> String {
    use std::error::Error as _;
    error
        .source()
        .map_or_else(|| error.to_string(), |cause| format!("{error}: {cause}"))
}

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The library is older than the corruption fix of SQLite 3.51.3.
    #[error("SQLite {0} is too old: 3.51.3 or later is needed")]
    SqliteTooOld(String),
    /// A file could not be opened or created.
    #[error("cannot open {path}: {reason}")]
    File {
        /// The database file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A setting that keeps acknowledged data safe did not take.
    #[error("{path}: {setting} is {found}, not {wanted}")]
    Setting {
        /// The database file.
        path: String,
        /// The pragma.
        setting: &'static str,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// The server could not be reached or refused us.
    #[error("cannot connect to PostgreSQL at {server}: {reason}")]
    Connect {
        /// Host, port and database; never the password.
        server: String,
        /// Why.
        reason: String,
    },
    /// A thread could not be started.
    #[error("cannot start a database thread: {0}")]
    Thread(std::io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadlock_is_temporary_and_keeps_the_connection() {
        for (state, temporary, breaks) in [
            ("40P01", true, false),
            ("40001", true, false),
            // Whether the statement was completed is not known.
            ("40003", true, true),
            ("57P01", true, true),
            ("25006", true, true),
            ("53100", true, true),
            ("53300", true, true),
            ("55P03", true, true),
            ("23503", false, false),
            ("25001", false, false),
            ("42601", false, false),
            ("", false, false),
        ] {
            let error = StoreError::of_state(state, Arc::from(state));
            assert_eq!(
                (error.is_temporary(), error.breaks_connection()),
                (temporary, breaks),
                "{state}: {error:?}"
            );
        }
    }
}
