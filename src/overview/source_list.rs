//! Every source with what is known of it: a page at a time, by name.

use std::collections::BTreeMap;

use base::Timestamp;
use store::{StoreError, Tx};

use super::model::AtLeast;
use super::sql;
use crate::app::App;
use crate::sources::{self, Source};

/// Sources of a page.
const PAGE: usize = 50;
/// Days summed, today included.
const DAYS: i64 = 7;

/// A source and what it has reported lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceState {
    /// What is said and known of it.
    pub source: Source,
    /// Events of the hour that has begun and the one before.
    pub two_hours: i64,
    /// Events of the last 7 days in UTC, today included.
    pub week: i64,
    /// OPEN alerts, among the newest 2,000 of each severity.
    pub open: AtLeast,
}

/// A page of sources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourcePage {
    /// At most 50, by name.
    pub sources: Vec<SourceState>,
    /// The name after which the next page begins; absent at the end.
    pub next: Option<String>,
}

/// The sources whose name comes after `after`, and holds `search` where one is given (looked for
/// among the newest 10,000 sources).
///
/// Costs a bounded number of steps along indexes, however many events there are.
///
/// # Errors
/// The database's fault.
pub async fn sources(
    app: &App,
    search: Option<String>,
    after: Option<String>,
) -> Result<SourcePage, StoreError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| page(tx, now, search.as_deref(), after.as_deref()))
        .await
}

fn page(
    tx: &mut Tx<'_>,
    now: Timestamp,
    search: Option<&str>,
    after: Option<&str>,
) -> Result<SourcePage, StoreError> {
    let search = search.map(str::to_lowercase);
    let wanted = i64::try_from(PAGE).unwrap_or(50).saturating_add(1);
    let mut found = sql::sources(tx, search.as_deref(), after, wanted)?;
    let more = found.len() > PAGE;
    found.truncate(PAGE);
    let ids: Vec<i64> = found.iter().map(|(id, ..)| *id).collect();
    let this_hour = now.hour();
    let first_day = this_hour.div_euclid(24).saturating_sub(DAYS - 1);
    let mut hours: BTreeMap<i64, i64> = BTreeMap::new();
    for (id, _, n) in sql::events_by_hour(tx, &ids, this_hour.saturating_sub(1), this_hour)? {
        let sum = hours.entry(id).or_default();
        *sum = sum.saturating_add(n);
    }
    let weeks: BTreeMap<i64, i64> = sql::events_by_day(tx, &ids, first_day, DAYS)?
        .into_iter()
        .collect();
    let (open, exact) = sql::open_by_source(tx)?;
    let open: BTreeMap<i64, i64> = open.into_iter().collect();
    let next = found.last().map(|(_, name, _)| name.clone());
    let mut known: BTreeMap<i64, Source> = sources::some(tx, &ids, now)?
        .into_iter()
        .map(|source| (source.id, source))
        .collect();
    let of = |counts: &BTreeMap<i64, i64>, id| counts.get(&id).copied().unwrap_or(0);
    let sources = ids.into_iter().filter_map(|id| {
        Some(SourceState {
            source: known.remove(&id)?,
            two_hours: of(&hours, id),
            week: of(&weeks, id),
            open: AtLeast {
                count: of(&open, id),
                exact,
            },
        })
    });
    Ok(SourcePage {
        sources: sources.collect(),
        next: next.filter(|_| more),
    })
}
