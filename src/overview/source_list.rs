//! Every source with what is known of it: a page at a time, by name.

use std::collections::BTreeMap;

use base::{EventId, Timestamp};
use store::{StoreError, Tx};

use super::model::AtLeast;
use super::sql;
use crate::app::App;

/// Sources of a page.
const PAGE: usize = 50;
/// Days summed, today included.
const DAYS: i64 = 7;
/// Hours summed, the one that has begun included.
const HOURS: i64 = 24;

/// A source and what it has reported lately.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceState {
    /// Its name.
    pub name: String,
    /// When its first event was received.
    pub first_seen: Timestamp,
    /// When its newest event was received; absent when all its events were deleted.
    pub last_seen: Option<Timestamp>,
    /// Events of the hour that has begun and the one before.
    pub two_hours: i64,
    /// Events of the hour that has begun.
    pub hour: i64,
    /// Events of the last 24 hours, the one that has begun included.
    pub day: i64,
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
    let first_hour = this_hour.saturating_sub(HOURS - 1);
    let first_day = this_hour.div_euclid(24).saturating_sub(DAYS - 1);
    let hours = sql::events_by_hour(tx, &ids, first_hour, this_hour)?;
    let weeks: BTreeMap<i64, i64> = sql::events_by_day(tx, &ids, first_day, DAYS)?
        .into_iter()
        .collect();
    let seen: BTreeMap<i64, EventId> = sql::last_events(tx, &ids)?.into_iter().collect();
    let (open, exact) = sql::open_by_source(tx)?;
    let open: BTreeMap<i64, i64> = open.into_iter().collect();
    let of = |source: i64, from: i64| {
        let mine = hours.iter().filter(|it| it.0 == source && it.1 >= from);
        mine.map(|it| it.2).sum()
    };
    let next = found.last().map(|(_, name, _)| name.clone());
    let sources = found.into_iter().map(|(id, name, first_seen)| SourceState {
        name,
        first_seen,
        last_seen: seen.get(&id).map(|event| event.timestamp()),
        hour: of(id, this_hour),
        two_hours: of(id, this_hour.saturating_sub(1)),
        day: of(id, first_hour),
        week: weeks.get(&id).copied().unwrap_or(0),
        open: AtLeast {
            count: open.get(&id).copied().unwrap_or(0),
            exact,
        },
    });
    Ok(SourcePage {
        sources: sources.collect(),
        next: next.filter(|_| more),
    })
}
