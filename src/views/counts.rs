//! How many alerts each of some views finds: for badges, in one request.

use std::collections::BTreeMap;

use base::Timestamp;
use serde::Serialize;
use store::{StoreError, Tx};

use super::model::{View, ViewPage};
use super::{rules, sql};
use crate::alerts::{self, AlertError};
use crate::app::App;

/// Most views counted in one request.
pub const COUNTED_MAX: usize = 20;

/// How many alerts a view finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ViewCount {
    /// How many; absent when the view can no longer be searched for, such as by the name of an
    /// account that is gone.
    #[schema(example = 15)]
    pub count: Option<u64>,
    /// Whether it is the whole number; otherwise there are at least so many.
    pub exact: bool,
}

/// Counts the alerts each view finds, as its list counts them; `me` is the person. Views of
/// events and those the person does not see are left out.
///
/// # Errors
/// The database's fault.
pub async fn counts(
    app: &App,
    user: i64,
    ids: Vec<i64>,
) -> Result<BTreeMap<i64, ViewCount>, StoreError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| {
            let views = sql::some(tx, user, &ids)?;
            let mut counts = BTreeMap::new();
            for view in views.iter().filter(|it| it.page == ViewPage::Alerts) {
                counts.insert(view.id, count(tx, user, view, now)?);
            }
            Ok(counts)
        })
        .await
}

fn count(tx: &mut Tx<'_>, user: i64, view: &View, now: Timestamp) -> Result<ViewCount, StoreError> {
    const UNKNOWN: ViewCount = ViewCount {
        count: None,
        exact: false,
    };
    let Ok(filter) = rules::alert_filter(&view.query, Some(user), now) else {
        return Ok(UNKNOWN);
    };
    match alerts::count(tx, &filter, now) {
        Ok(count) => Ok(ViewCount {
            count: Some(count.n),
            exact: count.exact,
        }),
        Err(AlertError::Store(error)) => Err(error),
        Err(_) => Ok(UNKNOWN),
    }
}
