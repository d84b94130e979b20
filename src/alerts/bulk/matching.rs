//! Which alerts a filter finds, all of them; and how many.

use base::{Direction, Timestamp};
use store::Tx;

use super::super::error::AlertError;
use super::super::filter::{AlertFilter, Ordering};
use super::super::sql::{self, Query};
use super::MATCHING_MAX;
use super::request::too_many;
use crate::app::App;
use crate::http::Count;

/// Walks for one filter at the most, each of 50,000 rows (5,000 in a search).
const WALKS_MAX: usize = 20;

/// The alerts a filter finds, if they are about as many as expected; their numbers rise.
pub(super) async fn matching(
    app: &App,
    filter: &AlertFilter,
    expected: u64,
    now: Timestamp,
) -> Result<Vec<i64>, AlertError> {
    let mut ids: Vec<i64> = Vec::new();
    let mut start = None;
    for _ in 0..WALKS_MAX {
        let filter = filter.clone();
        let wanted = MATCHING_MAX.saturating_add(1).saturating_sub(ids.len());
        let page = app
            .store
            .read(move |tx| match Query::new(tx, &filter, now)? {
                Some(query) => Ok(sql::page(tx, &query, Ordering::default(), start, wanted)?),
                None => Ok::<_, AlertError>(sql::Page::default()),
            })
            .await?;
        ids.extend(page.rows.iter().map(|row| row.id));
        if ids.len() > MATCHING_MAX {
            return Err(AlertError::Field("filter", too_many()));
        }
        let Some(place) = page.further else {
            let found = u64::try_from(ids.len()).unwrap_or(u64::MAX);
            if !is_about(expected, found) {
                return Err(AlertError::OtherCount { expected, found });
            }
            ids.sort_unstable();
            return Ok(ids);
        };
        start = Some((place, Direction::Next));
    }
    let what = "finds too few among too many alerts: narrow it, with a time range for example";
    Err(AlertError::Field("filter", what.to_owned()))
}

/// Whether people who were told one number mean the other: less than 10 and no more than 1 %
/// apart.
fn is_about(expected: u64, found: u64) -> bool {
    let apart = expected.abs_diff(found);
    apart < 10 && apart.saturating_mul(100) <= expected
}

/// How many alerts a filter finds, counted as its list counts them.
///
/// # Errors
/// [`AlertError::Field`] for an unknown user name.
pub fn count(tx: &mut Tx<'_>, filter: &AlertFilter, now: Timestamp) -> Result<Count, AlertError> {
    match Query::new(tx, filter, now)? {
        Some(query) => Ok(sql::count(tx, &query)?),
        None => Ok(Count::exactly(0)),
    }
}

#[cfg(test)]
mod tests {
    use super::is_about;

    #[test]
    fn a_number_is_meant_up_to_one_percent_and_nine() {
        for (expected, found, same) in [
            (1, 1, true),
            (1, 2, false),
            (99, 100, false),
            (100, 101, true),
            (100, 99, true),
            (100, 102, false),
            (1_000, 1_009, true),
            (1_000, 1_010, false),
            (10_000, 9_991, true),
            (10_000, 9_990, false),
            (5, 0, false),
        ] {
            assert_eq!(is_about(expected, found), same, "{expected} {found}");
        }
    }
}
