//! Lists people keep: a search with its columns, order and grouping, for oneself or for everyone.
//!
//! Everyone sees their own views and the shared ones, and changes their own; what is shared is
//! made, changed and deleted by administrators. One view of each page may be a person's default.

pub mod api;
mod change;
mod counts;
mod error;
mod model;
mod rules;
mod sql;

pub use change::{change, create, delete};
pub use counts::{COUNTED_MAX, ViewCount, counts};
pub use error::ViewError;
pub use model::{NewView, Owner, UnknownPage, View, ViewChange, ViewPage};

use base::Cursor;
use store::StoreError;

use crate::app::App;

/// Views listed at the most.
const LISTED_MAX: i64 = 500;

/// Every view a person sees, at most 500: their own first, then the shared ones, by name.
///
/// # Errors
/// The database's fault.
pub async fn list(app: &App, user: i64) -> Result<Vec<View>, StoreError> {
    app.store
        .read(move |tx| sql::all(tx, user, LISTED_MAX))
        .await
}

/// A page of the views a person sees, newest first, oldest first when going back from a cursor;
/// and how many there are, counted up to 10,001.
///
/// # Errors
/// The database's fault.
pub async fn page(
    app: &App,
    user: i64,
    of: Option<ViewPage>,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<(Vec<View>, i64), StoreError> {
    app.store
        .read(move |tx| {
            let rows = sql::page(tx, user, of, cursor, limit)?;
            let count = sql::count(tx, user, of, crate::http::COUNT_MAX.saturating_add(1))?;
            Ok((rows, count))
        })
        .await
}

/// One view a person sees.
///
/// # Errors
/// [`ViewError::NotFound`], also for another person's own view.
pub async fn get(app: &App, user: i64, id: i64) -> Result<View, ViewError> {
    app.store
        .read(move |tx| sql::find(tx, user, id)?.ok_or(ViewError::NotFound(id)))
        .await
}
