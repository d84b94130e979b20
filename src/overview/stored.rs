//! How much there is, for whoever runs the server.

use store::StoreError;

use super::sql;
use crate::app::App;

/// What the database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoreFigures {
    /// Its size on disk, in bytes, as the engine says.
    pub bytes: i64,
    /// Events kept.
    pub events: i64,
    /// Whether every sum was read; otherwise there are at least so many events.
    pub events_exact: bool,
}

/// How much the database holds; at most 200,000 kept sums are read.
///
/// # Errors
/// The database's fault.
pub async fn store_figures(app: &App) -> Result<StoreFigures, StoreError> {
    app.store
        .read(|tx| {
            let (events, events_exact) = sql::events_kept(tx)?;
            Ok(StoreFigures {
                bytes: sql::database_bytes(tx)?,
                events,
                events_exact,
            })
        })
        .await
}
