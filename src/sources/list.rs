//! Sources with what is said and known of them.

use std::collections::HashMap;

use base::{Cursor, EventId, Timestamp};
use serde::Serialize;
use store::{StoreError, Tx};

use super::error::SourceError;
use super::model::{Source, SourceFilter, SourceKey, Tally};
use super::sql::{self, Known};
use crate::app::App;
use crate::http::COUNT_MAX;
use crate::identity;

/// Hours summed up as a day, the one that has begun included.
const HOURS: i64 = 24;
/// Seconds after which a source that says nothing of it is called silent: a day.
const SILENT: u32 = 86_400;
/// Keys shown of a source.
const KEYS_MAX: usize = 20;

/// A page of sources, newest first, oldest first when going back from a cursor; and how many
/// there are, counted up to 10,001.
///
/// # Errors
/// The database's fault.
pub async fn list(
    app: &App,
    mut filter: SourceFilter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<(Vec<Source>, i64), StoreError> {
    let now = app.clock.now();
    filter.search = filter.search.map(|text| text.to_lowercase());
    app.store
        .read(move |tx| {
            let rows = sql::page(tx, &filter, cursor, limit)?;
            let count = sql::count(tx, &filter, COUNT_MAX.saturating_add(1))?;
            Ok((complete(tx, rows, now)?, count))
        })
        .await
}

/// One source.
///
/// # Errors
/// [`SourceError::NotFound`].
pub async fn get(app: &App, id: i64) -> Result<Source, SourceError> {
    let now = app.clock.now();
    app.store.read(move |tx| get_in(tx, id, now)).await
}

/// The source of a name, if anybody heard of it.
///
/// # Errors
/// The database's fault.
pub async fn named(app: &App, name: String) -> Result<Option<Source>, StoreError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| match sql::id_of(tx, &name)? {
            Some(id) => get_in(tx, id, now).map(Some).or_else(|error| match error {
                SourceError::Store(error) => Err(error),
                _ => Ok(None),
            }),
            None => Ok(None),
        })
        .await
}

pub(super) fn get_in(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> Result<Source, SourceError> {
    let known = sql::find(tx, id)?.ok_or(SourceError::NotFound(id))?;
    let source = complete(tx, vec![known], now)?.into_iter().next();
    source.ok_or(SourceError::NotFound(id))
}

/// Some sources, in no order.
///
/// # Errors
/// The database's fault.
pub fn some(tx: &mut Tx<'_>, ids: &[i64], now: Timestamp) -> Result<Vec<Source>, StoreError> {
    let known = sql::some(tx, ids)?;
    complete(tx, known, now)
}

/// Adds to each source what other tables know of it.
fn complete(tx: &mut Tx<'_>, known: Vec<Known>, now: Timestamp) -> Result<Vec<Source>, StoreError> {
    let ids: Vec<i64> = known.iter().map(|it| it.id).collect();
    let names: Vec<&str> = known.iter().map(|it| it.name.as_str()).collect();
    let hour = now.hour();
    let span = (hour.saturating_sub(HOURS - 1), hour);
    let mut days: HashMap<String, Tally> = HashMap::new();
    for ((name, _), tally) in sql::tallies(tx, &names, span, 1)? {
        days.entry(name).or_default().join(&tally);
    }
    let events = sql::last_events(tx, &ids)?;
    let mut keys: HashMap<String, Vec<SourceKey>> = HashMap::new();
    for key in identity::keys_of_sources(tx, &names)? {
        let mine = keys.entry(key.source_name.clone().unwrap_or_default());
        let mine = mine.or_default();
        if mine.len() < KEYS_MAX {
            mine.push(key.into());
        }
    }
    let sources = known.into_iter().map(|it| {
        let day = days.remove(&it.name).unwrap_or_default();
        let keys = keys.remove(&it.name).unwrap_or_default();
        let event = events.get(&it.id).copied();
        source(it, event, day, keys, now)
    });
    Ok(sources.collect())
}

fn source(
    known: Known,
    event: Option<EventId>,
    day: Tally,
    keys: Vec<SourceKey>,
    now: Timestamp,
) -> Source {
    let newest = event.map(EventId::timestamp);
    // Events that were imported are in no counter, but their source was heard of all the same.
    let first_seen = known.first_at.or(newest.map(|at| at.min(known.named_at)));
    let last_seen = known.last_at.max(newest);
    let described = known.described;
    let kept = described.clone().map(|it| it.description);
    let kept = kept.unwrap_or_default();
    let since = last_seen.or(described.as_ref().map(|it| it.created_at));
    let limit = kept.silent_after.unwrap_or(SILENT);
    Source {
        id: known.id,
        name: known.name,
        described: described.is_some(),
        kind: kept.kind,
        description: kept.description,
        profile: kept.profile,
        rate_limit: kept.rate_limit,
        record_max: kept.record_max,
        alert_budget: kept.alert_budget,
        silent_after: kept.silent_after,
        first_seen,
        last_seen,
        silent: since.is_none_or(|at| now.since(at).as_secs() >= u64::from(limit)),
        day,
        keys,
        created_at: described.as_ref().map(|it| it.created_at),
        updated_at: described.as_ref().map(|it| it.updated_at),
        version: described.as_ref().map_or(0, |it| it.version),
    }
}

impl Tally {
    /// Adds what became of other records.
    pub(super) fn join(&mut self, other: &Self) {
        self.received = self.received.saturating_add(other.received);
        self.accepted = self.accepted.saturating_add(other.accepted);
        self.repeated = self.repeated.saturating_add(other.repeated);
        self.rejected = self.rejected.saturating_add(other.rejected);
        self.throttled = self.throttled.saturating_add(other.throttled);
    }
}

/// The length of the spans in which records are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CountsBy {
    /// Hours.
    Hour,
    /// Days in UTC.
    Day,
}

/// The text names no span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be hour or day")]
pub struct UnknownSpan;

impl std::str::FromStr for CountsBy {
    type Err = UnknownSpan;

    fn from_str(text: &str) -> Result<Self, UnknownSpan> {
        match text.to_ascii_lowercase().as_str() {
            "hour" => Ok(Self::Hour),
            "day" => Ok(Self::Day),
            _ => Err(UnknownSpan),
        }
    }
}

impl CountsBy {
    /// Hours of a span.
    const fn hours(self) -> i64 {
        match self {
            Self::Hour => 1,
            Self::Day => 24,
        }
    }

    /// Spans shown when nobody says how many, and at the most.
    #[must_use]
    pub const fn spans(self) -> (u32, u32) {
        match self {
            Self::Hour => (24, 168),
            Self::Day => (30, 90),
        }
    }
}

/// What became of the records of a source in one span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SpanCounts {
    /// When it begins.
    pub start: Timestamp,
    /// What became of the records.
    #[serde(flatten)]
    pub tally: Tally,
}

/// What became of the records of a source over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SourceCounts {
    /// The length of the spans.
    pub by: CountsBy,
    /// Every span, oldest first; the last one has begun.
    pub spans: Vec<SpanCounts>,
    /// Their sum.
    pub total: Tally,
}

/// What became of a source's records in the last `spans` hours or days.
///
/// # Errors
/// [`SourceError::NotFound`].
pub async fn counts(
    app: &App,
    id: i64,
    by: CountsBy,
    spans: u32,
) -> Result<SourceCounts, SourceError> {
    let hours = by.hours();
    let last = app.clock.now().hour().div_euclid(hours);
    let first = last.saturating_sub(i64::from(spans.clamp(1, by.spans().1)).saturating_sub(1));
    let read = move |tx: &mut Tx<'_>| {
        let source = sql::find(tx, id)?.ok_or(SourceError::NotFound(id))?;
        let ends = (
            first.saturating_mul(hours),
            last.saturating_add(1)
                .saturating_mul(hours)
                .saturating_sub(1),
        );
        let found = sql::tallies(tx, &[&source.name], ends, hours)?;
        Ok::<_, SourceError>((source.name, found))
    };
    let (name, mut found) = app.store.read(read).await?;
    let mut total = Tally::default();
    let spans = (first..=last).map(|span| {
        let tally = found.remove(&(name.clone(), span)).unwrap_or_default();
        total.join(&tally);
        let start = span.saturating_mul(hours).saturating_mul(3_600_000);
        SpanCounts {
            start: Timestamp::from_millis(start),
            tally,
        }
    });
    Ok(SourceCounts {
        by,
        spans: spans.collect(),
        total,
    })
}
