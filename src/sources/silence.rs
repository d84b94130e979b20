//! Which watched sources went silent and which speak again; `ingest` tells people.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use base::{Clock, EventId, Timestamp};
use store::{StoreError, Tx};

use super::registry::Sources;
use super::sql::{self, Watched};
use crate::app::App;

/// Seconds a server gives senders to come back after it started: while it was down nobody could
/// be heard of.
const GRACE: u64 = 300;

/// By how much the clock must move against the steady time before it counts as set.
const STEP: Duration = Duration::from_secs(10);

/// Notices when the clock is set, between one look and the next.
#[derive(Debug, Default)]
pub(super) struct Steps(Mutex<Option<Look>>);

#[derive(Clone, Copy, Debug)]
struct Look {
    /// What the wall clock is ahead of the steady time, in microseconds.
    ahead: i64,
    /// The steady time at the look that found the clock set.
    set: Option<Duration>,
}

/// How long things have been as they are, in seconds of the steady time.
#[derive(Clone, Copy, Debug)]
struct Steady {
    /// Since the server started.
    up: u64,
    /// Since the clock was set, if it ever was.
    set: Option<u64>,
}

impl Steps {
    /// How long ago the clock was set, if that was seen.
    fn look(&self, clock: &Clock) -> Option<Duration> {
        let (now, steady) = (clock.now(), clock.steady());
        let passed = i64::try_from(steady.as_micros()).unwrap_or(i64::MAX);
        let ahead = now.micros().saturating_sub(passed);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = last.unwrap_or(Look { ahead, set: None });
        let by = Duration::from_micros(ahead.abs_diff(before.ahead));
        let set = if by >= STEP { Some(steady) } else { before.set };
        *last = Some(Look { ahead, set });
        set.map(|set| steady.saturating_sub(set))
    }
}

/// A watched source whose state is not what was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It was not heard of for too long, and nobody was told.
    Silent {
        /// The source's id and name.
        source: (i64, String),
        /// When it was last heard of; absent, never.
        seen: Option<Timestamp>,
        /// What the silence is counted from.
        since: Timestamp,
        /// How long it may be silent, in seconds.
        silent_after: u32,
    },
    /// It speaks again, or is watched no longer, after a silence that was told.
    Back {
        /// The source's id and name.
        source: (i64, String),
        /// When it was heard of last.
        seen: Option<Timestamp>,
        /// What the silence was counted from.
        since: Timestamp,
        /// The event that told the silence.
        event: Option<EventId>,
        /// Whether it is watched still.
        watched: bool,
    },
}

/// What is to be told now; a row of each watched source is read.
///
/// # Errors
/// The database's fault.
pub async fn turns(app: &App, sources: &Sources) -> Result<Vec<Turn>, StoreError> {
    let now = app.clock.now();
    let up = app.clock.steady().saturating_sub(app.started_steady);
    let steady = Steady {
        up: up.as_secs(),
        set: sources.steps().look(&app.clock).map(|ago| ago.as_secs()),
    };
    app.store
        .read(move |tx| {
            let watched = sql::watched(tx)?;
            let ids: Vec<i64> = watched.iter().map(|it| it.id).collect();
            // What is imported is in no counter.
            let events = sql::last_events(tx, &ids)?;
            let turns = watched.into_iter().filter_map(|mut it| {
                let newest = events.get(&it.id).copied().map(EventId::timestamp);
                it.seen = it.seen.max(newest);
                turn(it, now, steady)
            });
            Ok(turns.collect())
        })
        .await
}

fn turn(it: Watched, now: Timestamp, steady: Steady) -> Option<Turn> {
    let source = (it.id, it.name);
    // One that was described after it last spoke has its time from then on.
    let since = it.seen.map_or(it.since, |seen| seen.max(it.since));
    if let Some(told) = it.told {
        let speaks = it.seen.is_some_and(|seen| seen > told);
        let watched = it.silent_after > 0;
        return (speaks || !watched).then_some(Turn::Back {
            source,
            seen: it.seen,
            since: told,
            event: it.event,
            watched,
        });
    }
    let silent_after = u32::try_from(it.silent_after).ok().filter(|it| *it > 0)?;
    let limit = u64::from(silent_after);
    // A clock that was set forwards makes everybody silent at once: each has its time anew.
    let is_silent = now.since(since).as_secs() >= limit
        && steady.up >= limit.min(GRACE)
        && steady.set.is_none_or(|ago| ago >= limit);
    is_silent.then_some(Turn::Silent {
        source,
        seen: it.seen,
        since,
        silent_after,
    })
}

/// Notes which silence of a source was told, and by which event.
///
/// # Errors
/// The database's fault.
pub fn silence_told(
    tx: &mut Tx<'_>,
    source: i64,
    since: Timestamp,
    event: EventId,
) -> Result<(), StoreError> {
    sql::tell(tx, source, since, event)
}

/// Notes that the silence of a source that was told is over.
///
/// # Errors
/// The database's fault.
pub fn silence_over(tx: &mut Tx<'_>, source: i64, since: Timestamp) -> Result<(), StoreError> {
    sql::untell(tx, source, since)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(seen: Option<i64>, told: Option<i64>) -> Watched {
        Watched {
            id: 1,
            name: "fw".to_owned(),
            silent_after: 60,
            since: Timestamp::from_millis(0),
            seen: seen.map(Timestamp::from_millis),
            told: told.map(Timestamp::from_millis),
            event: None,
        }
    }

    fn up(seconds: u64) -> Steady {
        Steady {
            up: seconds,
            set: None,
        }
    }

    fn at(it: Watched, seconds: i64) -> Option<&'static str> {
        turn(it, Timestamp::from_millis(seconds * 1_000), up(300)).map(|turn| match turn {
            Turn::Silent { .. } => "silent",
            Turn::Back { .. } => "back",
        })
    }

    #[test]
    fn a_silence_is_told_once_and_ends_with_the_next_word() {
        assert_eq!(at(watched(None, None), 59), None);
        assert_eq!(at(watched(None, None), 60), Some("silent"));
        assert_eq!(at(watched(Some(30_000), None), 60), None);
        assert_eq!(at(watched(Some(30_000), None), 90), Some("silent"));
        assert_eq!(at(watched(Some(30_000), Some(30_000)), 900), None);
        assert_eq!(at(watched(Some(30_001), Some(30_000)), 900), Some("back"));
        assert_eq!(at(watched(None, Some(0)), 900), None);
        let no_longer = Watched {
            silent_after: 0,
            ..watched(Some(30_000), Some(30_000))
        };
        assert_eq!(at(no_longer, 900), Some("back"));
    }

    #[test]
    fn a_server_that_starts_waits_for_senders_to_come_back() {
        let later = Timestamp::from_millis(90_000_000);
        let long = Watched {
            silent_after: 3_600,
            ..watched(Some(1), None)
        };
        assert_eq!(turn(long.clone(), later, up(299)), None);
        assert!(turn(long, later, up(300)).is_some());
        assert_eq!(turn(watched(None, None), later, up(59)), None);
        assert!(turn(watched(None, None), later, up(60)).is_some());
    }

    #[test]
    fn after_the_clock_was_set_a_source_has_its_whole_time() {
        let later = Timestamp::from_millis(90_000_000);
        let set = |ago| Steady {
            set: Some(ago),
            ..up(90_000)
        };
        assert_eq!(turn(watched(Some(1), None), later, set(59)), None);
        assert!(turn(watched(Some(1), None), later, set(60)).is_some());
    }

    #[test]
    fn a_clock_that_is_set_is_noticed_and_one_that_goes_on_is_not() {
        let mock = base::MockClock::at(Timestamp::from_millis(1_800_000_000_000));
        let (clock, steps) = (Clock::mock(&mock), Steps::default());
        for _ in 0..3 {
            assert_eq!(steps.look(&clock), None);
            mock.advance(Duration::from_hours(5));
        }
        let hours = Duration::from_hours(6);
        for time in [mock.now().plus(hours), mock.now().minus(hours)] {
            mock.set(time);
            assert_eq!(steps.look(&clock), Some(Duration::ZERO));
            mock.advance(hours);
            assert_eq!(steps.look(&clock), Some(hours));
        }
    }

    #[test]
    fn a_source_described_late_is_not_silent_at_once() {
        let late = Watched {
            since: Timestamp::from_millis(500_000),
            ..watched(Some(10_000), None)
        };
        assert_eq!(at(late.clone(), 559), None);
        assert_eq!(at(late, 560), Some("silent"));
    }
}
