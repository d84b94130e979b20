//! How many events fall into each stretch of time, by severity.

use std::time::Duration;

use base::{EventId, Severity, Timestamp};
use serde::Serialize;
use store::{StoreError, Tx};

use super::model::EventFilter;
use super::sql::{self, Bar, Counting, minute};
use crate::app::App;
use crate::rollups::{Span, Stretch};

/// Most buckets that can be asked for.
pub(super) const BUCKETS_MAX: u32 = 240;
/// Buckets when nobody says otherwise.
pub(super) const BUCKETS: u32 = 60;

/// The range when the filter names no beginning.
const RANGE: Duration = Duration::from_hours(24);
/// A range is cut when it begins so much before the oldest event, or ends so long from now: its
/// few bars would be too thin to see.
const FAR: Duration = Duration::from_hours(31 * 24);
/// Fewest bars that say enough when they are made wider to be exact.
const BARS_MIN: i64 = 6;
const HOUR: i64 = 3_600;
const DAY: i64 = 86_400;

/// Widths people read at a glance, in seconds; wider ones are whole days.
const WIDTHS: [i64; 18] = [
    1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, HOUR, 7_200, 10_800, 21_600, 43_200, DAY,
];

/// A number of events for each severity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub struct SeverityCounts {
    /// CRITICAL.
    pub critical: i64,
    /// HIGH.
    pub high: i64,
    /// MEDIUM.
    pub medium: i64,
    /// LOW.
    pub low: i64,
    /// INFO.
    pub info: i64,
}

impl SeverityCounts {
    const fn add(&mut self, severity: Severity, n: i64) {
        let place = match severity {
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::Info => &mut self.info,
        };
        *place = place.saturating_add(n);
    }
}

/// The events of one stretch of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Bucket {
    /// Where it begins; it ends where the next one begins. The first may begin before the range.
    pub from: Timestamp,
    /// How many events of the range it holds.
    #[schema(example = 42)]
    pub count: i64,
    /// The same by severity.
    pub by_severity: SeverityCounts,
}

/// How many events fall into each stretch of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Histogram {
    /// Where the range begins.
    pub from: Timestamp,
    /// Where it ends; this moment is not in it.
    pub to: Timestamp,
    /// How long a bucket is, in seconds: 1 to 30, a minute to 30, an hour to 12, or whole days.
    #[schema(example = 1800)]
    pub bucket_seconds: i64,
    /// The buckets without a gap, oldest first, empty ones included.
    pub buckets: Vec<Bucket>,
    /// Whether every event of the range was counted.
    pub exact: bool,
    /// How many events were looked at one by one; kept sums tell without looking.
    #[schema(example = 1_250)]
    pub looked_at: i64,
    /// When not exact: the time from which on every event was counted.
    pub searched_from: Option<Timestamp>,
}

/// Counts the events a filter matches in at most `buckets` (1 to 240) stretches of
/// equal length, one more where the range begins within one.
///
/// The range is the filter's, or the 24 hours before its end; it is cut to the oldest event when
/// it begins over 31 days before it. Of a filter by severity, source and time alone, kept sums
/// tell: by the minute for 47 hours, by the half hour for 400 days, by the hour when a source is
/// named. Buckets are therefore at least so long when there are more rows than may be looked at
/// (50,000, in a search 30,000); and where the range ends within a sum too large to look at, it
/// is widened to all of it.
///
/// # Errors
/// The database's fault.
pub async fn histogram(
    app: &App,
    filter: EventFilter,
    buckets: u32,
) -> Result<Histogram, StoreError> {
    let now = app.clock.now();
    app.store
        .read(move |tx| histogram_in(tx, now, &filter, buckets))
        .await
}

fn histogram_in(
    tx: &mut Tx<'_>,
    now: Timestamp,
    filter: &EventFilter,
    buckets: u32,
) -> Result<Histogram, StoreError> {
    let lowest = sql::lowest(tx)?.map(EventId::timestamp);
    let highest = sql::highest(tx)?.map(EventId::timestamp);
    // Ids may run ahead of the clock in a burst.
    let latest = highest.map_or(now, |at| at.plus(Duration::from_millis(1)).max(now));
    let range = Range::of(filter, lowest.unwrap_or(now), latest);
    if range.is_empty() {
        return Ok(range.filled(1, &[]));
    }
    let seconds = width(range.length(), buckets);
    let Some(counting) = Counting::new(tx, filter)? else {
        return Ok(range.filled(seconds, &[]));
    };
    let span = counting.span(now, range.from);
    let shortest = span.minutes().saturating_mul(60);
    let enough = Duration::from_secs(u64::try_from(shortest.saturating_mul(BARS_MIN)).unwrap_or(0));
    let is_kept = filter.is_counted() && range.length() >= enough;
    if is_kept && seconds % shortest == 0 {
        return kept(tx, &counting, range, latest, seconds, span);
    }
    if !is_kept
        && let Some((bars, looked_at, searched_from)) =
            counting.past_blocks(tx, range.from, range.to, seconds)?
    {
        return Ok(Histogram {
            exact: searched_from.is_none(),
            looked_at,
            searched_from,
            ..range.filled(seconds, &bars)
        });
    }
    let (looked_at, searched_from) = counting.reach(tx, range.from, range.to)?;
    if is_kept && searched_from.is_some() {
        let seconds = seconds.max(shortest);
        return kept(tx, &counting, range, latest, seconds, span);
    }
    let bars = counting.rows(tx, range.from, range.to, seconds)?;
    Ok(Histogram {
        exact: searched_from.is_none(),
        looked_at,
        searched_from,
        ..range.filled(seconds, &bars)
    })
}

/// Counts by kept sums, and by looking at rows where the range begins or ends within one.
fn kept(
    tx: &mut Tx<'_>,
    counting: &Counting<'_>,
    mut range: Range,
    latest: Timestamp,
    seconds: i64,
    span: Span,
) -> Result<Histogram, StoreError> {
    let mut bars = Vec::new();
    let mut looked_at = 0_i64;
    let mut edge = |tx: &mut Tx<'_>, from, to| -> Result<bool, StoreError> {
        let (rows, beyond) = counting.reach(tx, from, to)?;
        if beyond.is_none() {
            looked_at = looked_at.saturating_add(rows);
            bars.extend(counting.rows(tx, from, to, seconds)?);
        }
        Ok(beyond.is_none())
    };
    let next = |start: i64| start.saturating_add(span.minutes());
    let mut first = span.start(minute(range.from));
    if range.from != at_minute(first) {
        if edge(tx, range.from, at_minute(next(first)))? {
            first = next(first);
        } else {
            range.from = at_minute(first);
        }
    }
    let mut end = span.start(minute(range.to));
    if range.to >= latest {
        // Nothing was received after the range: what the span sums up so far is what it holds.
        end = next(end);
    } else if range.to != at_minute(end) && !edge(tx, at_minute(end), range.to)? {
        end = next(end);
        range.to = at_minute(end);
    }
    let stretch = Stretch {
        span,
        from: first,
        to: end,
    };
    let (sums, cut) = counting.sums(tx, stretch, seconds)?;
    bars.extend(sums);
    Ok(Histogram {
        exact: cut.is_none(),
        looked_at,
        searched_from: cut.map(at_minute),
        ..range.filled(seconds, &bars)
    })
}

/// The beginning of a minute since 1970.
const fn at_minute(minute: i64) -> Timestamp {
    Timestamp::from_micros(minute.saturating_mul(60_000_000))
}

/// How long a bucket is, in seconds, so that so many of them cover the range.
fn width(range: Duration, buckets: u32) -> i64 {
    let buckets = i64::from(buckets.clamp(1, BUCKETS_MAX));
    let micros = i64::try_from(range.as_micros()).unwrap_or(i64::MAX);
    let covers =
        |seconds: &i64| micros <= seconds.saturating_mul(buckets).saturating_mul(1_000_000);
    WIDTHS.into_iter().find(covers).unwrap_or_else(|| {
        let days = micros / DAY.saturating_mul(buckets).saturating_mul(1_000_000).max(1);
        days.saturating_add(1).saturating_mul(DAY)
    })
}

/// A stretch of time, the end excluded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    from: Timestamp,
    to: Timestamp,
}

impl Range {
    fn of(filter: &EventFilter, oldest: Timestamp, latest: Timestamp) -> Self {
        let to = filter.to.unwrap_or(latest);
        let to = if to.since(latest) > FAR { latest } else { to };
        let from = filter.from.unwrap_or_else(|| to.minus(RANGE));
        let from = if oldest.since(from) > FAR {
            oldest
        } else {
            // No id is older.
            from.max(EventId::new(0).timestamp())
        };
        Self { from, to }
    }

    fn is_empty(&self) -> bool {
        self.from >= self.to
    }

    fn length(&self) -> Duration {
        self.to.since(self.from)
    }

    /// The buckets of the range with what the bars say, and everything else as if all of it had
    /// been counted.
    fn filled(&self, seconds: i64, bars: &[Bar]) -> Histogram {
        let begin = EventId::new(0).timestamp().micros();
        let micros = seconds.saturating_mul(1_000_000).max(1);
        let bucket_of = |at: Timestamp| at.micros().saturating_sub(begin).div_euclid(micros);
        let start = |bucket: i64| {
            Timestamp::from_micros(begin.saturating_add(bucket.saturating_mul(micros)))
        };
        let first = bucket_of(self.from);
        let end = if self.is_empty() {
            first
        } else {
            let last = Timestamp::from_micros(self.to.micros().saturating_sub(1));
            bucket_of(last).saturating_add(1)
        };
        let mut buckets: Vec<Bucket> = (first..end)
            .map(|bucket| Bucket {
                from: start(bucket),
                count: 0,
                by_severity: SeverityCounts::default(),
            })
            .collect();
        for bar in bars {
            let place = usize::try_from(bar.bucket.saturating_sub(first)).ok();
            if let Some(bucket) = place.and_then(|place| buckets.get_mut(place)) {
                bucket.count = bucket.count.saturating_add(bar.n);
                bucket.by_severity.add(bar.severity, bar.n);
            }
        }
        Histogram {
            from: self.from,
            to: self.to,
            bucket_seconds: seconds,
            buckets,
            exact: true,
            looked_at: 0,
            searched_from: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    #[test]
    fn widths_are_those_people_read_at_a_glance() {
        let hours = Duration::from_hours;
        for (range, buckets, seconds) in [
            (Duration::from_secs(10), 60, 1),
            (Duration::from_mins(30), 60, 30),
            (hours(1), 60, 60),
            (hours(1) + Duration::from_micros(1), 60, 120),
            (hours(24), 60, 1_800),
            (hours(24), 24, 3_600),
            (hours(7 * 24), 60, 10_800),
            (hours(60 * 24), 60, 86_400),
            (hours(61 * 24), 60, 2 * 86_400),
            (hours(24), 0, 86_400),
        ] {
            assert_eq!(width(range, buckets), seconds, "{range:?} {buckets}");
        }
    }

    #[test]
    fn never_more_buckets_than_asked_for_and_one() {
        let now = time("2026-11-20T17:13:01.5Z");
        for hours in [1_u64, 5, 24, 100, 1_000, 10_000] {
            for buckets in [1, 7, 60, 240] {
                let from = now.minus(Duration::from_hours(hours));
                let range = Range { from, to: now };
                let made = range.filled(width(range.length(), buckets), &[]).buckets;
                assert!(!made.is_empty() && made.len() <= buckets as usize + 1);
                assert!(made[0].from <= from);
            }
        }
    }

    #[test]
    fn a_far_beginning_is_cut_to_the_oldest_event() {
        let now = time("2026-11-20T17:00:00Z");
        let oldest = time("2026-11-19T17:00:00Z");
        let of = |from: &str, to: Option<&str>| {
            let filter = EventFilter {
                from: Some(time(from)),
                to: to.map(time),
                ..EventFilter::default()
            };
            Range::of(&filter, oldest, now)
        };
        assert_eq!(of("2020-01-01", None).from, oldest);
        assert_eq!(of("2026-11-13", None).from, time("2026-11-13"));
        assert_eq!(of("2026-11-13", Some("2099-01-01")).to, now);
        assert!(of("2026-11-13", Some("2026-11-12")).is_empty());
        let default = Range::of(&EventFilter::default(), oldest, now);
        assert_eq!(default.length(), RANGE);
    }

    #[test]
    fn bars_go_into_the_bucket_of_their_time() {
        let range = Range {
            from: time("2026-11-20T17:10:00Z"),
            to: time("2026-11-20T19:00:00Z"),
        };
        let begin = EventId::new(0).timestamp();
        let bucket = range.from.hour() - begin.hour();
        let bar = |bucket, severity, n| Bar {
            bucket,
            severity,
            n,
        };
        let bars = [
            bar(bucket, Severity::Low, 2),
            bar(bucket, Severity::High, 3),
            bar(bucket + 1, Severity::Low, 4),
            bar(bucket + 9, Severity::Low, 99),
        ];
        let made = range.filled(3_600, &bars);
        let counts: Vec<_> = made.buckets.iter().map(|bucket| bucket.count).collect();
        assert_eq!(counts, [5, 4]);
        assert_eq!(made.buckets[0].by_severity.high, 3);
        assert_eq!(made.buckets[1].from, time("2026-11-20T18:00:00Z"));
    }
}
