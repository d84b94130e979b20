//! Removing events from the oldest on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use base::{EventId, Timestamp};
use store::{Engine, StoreError, Tx};

use super::sql::Old;
use super::{Removed, sql};
use crate::alerts::Resolved;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::events;
use crate::geo::Geo;
use crate::http::Caller;
use crate::ingest::{Counts, origin};
use crate::rollups::Origin;

/// Events of one transaction, and what it may take: at the first their number is a guess.
const FIRST: usize = 200;
const FEWEST: usize = 20;
const MOST: usize = 4_000;
/// With SQLite every writer waits for it; with PostgreSQL none does, and a commit costs more.
const AIM_SQLITE: Duration = Duration::from_millis(8);
const AIM_POSTGRES: Duration = Duration::from_millis(100);
/// How many times as long as it worked it rests.
const REST: u32 = 3;
/// Events between two looks at the size.
const BETWEEN_LOOKS: u64 = 10_000;
const DAY_MICROS: i64 = 86_400_000_000;

/// A removal under way.
pub(super) struct Removing<'a> {
    app: &'a App,
    caller: Caller,
    /// Where it has come.
    after: EventId,
    most: usize,
    removed: Removed,
    /// The day it is in, and what it lost so far.
    day: i64,
    of_day: Removed,
}

/// What one transaction came to.
#[derive(Default)]
struct Step {
    /// The last event looked at; `None` when there is none left.
    last: Option<EventId>,
    removed: Removed,
    took: Duration,
}

impl<'a> Removing<'a> {
    pub(super) fn new(app: &'a App, occasion: &str) -> Self {
        Self {
            app,
            caller: Caller::system(occasion),
            after: EventId::new(-1),
            most: FIRST,
            removed: Removed::default(),
            day: 0,
            of_day: Removed::default(),
        }
    }

    /// Removes what was received before a time.
    pub(super) async fn before(&mut self, time: Timestamp) -> Result<(), StoreError> {
        while self.step(time).await? {}
        Ok(())
    }

    /// Removes the oldest until the database is no larger, but nothing received after a time.
    pub(super) async fn down_to(
        &mut self,
        bytes: u64,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        loop {
            let used = self.app.store.read(sql::used).await?;
            if used <= bytes {
                return Ok(());
            }
            let enough = self.removed.events.saturating_add(BETWEEN_LOOKS);
            while self.removed.events < enough {
                if !self.step(before).await? {
                    return Ok(());
                }
            }
        }
    }

    /// Says the last day's end, and drops the filters of what is gone; what was removed in all.
    pub(super) async fn end(mut self) -> Result<Removed, StoreError> {
        self.end_day().await?;
        let before = EventId::new(self.after.number().saturating_add(1));
        events::drop_empty_blocks(self.app, before).await?;
        Ok(self.removed)
    }

    /// One transaction and the pause behind it; `false` when nothing is left, or the server stops.
    async fn step(&mut self, before: Timestamp) -> Result<bool, StoreError> {
        if self.app.stop.is_cancelled() {
            return Ok(false);
        }
        let (app, after, most) = (self.app.clone(), self.after, self.most);
        let before = EventId::first_at(before);
        let step = self
            .app
            .store
            .write(move |tx| step(tx, &app, after, before, most))
            .await?;
        let Some(last) = step.last else {
            return Ok(false);
        };
        let day = day_of(last);
        if day != self.day {
            self.end_day().await?;
            self.day = day;
        }
        self.after = last;
        for sum in [&mut self.removed, &mut self.of_day] {
            sum.events = sum.events.saturating_add(step.removed.events);
            sum.alerts = sum.alerts.saturating_add(step.removed.alerts);
        }
        self.app.metrics.removed(step.removed.events);
        let aim = match self.app.store.engine() {
            Engine::Sqlite => AIM_SQLITE,
            Engine::Postgres => AIM_POSTGRES,
        };
        self.most = if step.took > aim {
            (self.most / 2).max(FEWEST)
        } else if step.took < aim / 2 {
            self.most.saturating_add(self.most / 4).min(MOST)
        } else {
            self.most
        };
        let pause = step.took.saturating_mul(REST);
        drop(tokio::time::timeout(pause, self.app.stop.cancelled()).await);
        Ok(true)
    }

    /// Writes what the day lost into the activity log, and drops counts that have become zero.
    async fn end_day(&mut self) -> Result<(), StoreError> {
        let lost = std::mem::take(&mut self.of_day);
        if lost.events == 0 {
            return Ok(());
        }
        let (caller, now) = (self.caller.clone(), self.app.clock.now());
        let start = Timestamp::from_micros(self.day.saturating_mul(DAY_MICROS));
        let first = start.hour();
        self.app
            .store
            .write(move |tx| {
                sql::forget_zeros(tx, first, first.saturating_add(24))?;
                let text = start.to_string();
                let day = text.get(..10).unwrap_or(&text);
                let entry = Entry::new("events.removed")
                    .on("day", day)
                    .after(serde_json::json!({ "events": lost.events, "alerts": lost.alerts }));
                audit::append(tx, &caller, now, entry).map(drop)
            })
            .await
    }
}

/// Removes some events of one day.
fn step(
    tx: &mut Tx<'_>,
    app: &App,
    after: EventId,
    before: EventId,
    most: usize,
) -> Result<Step, StoreError> {
    let now = app.clock.now();
    let Some((first, last)) = sql::stretch(tx, after, before, most)? else {
        return Ok(Step::default());
    };
    let next_day = day_of(first).saturating_add(1).saturating_mul(DAY_MICROS);
    let next_day = EventId::first_at(Timestamp::from_micros(next_day));
    let last = last.min(EventId::new(next_day.number().saturating_sub(1)));
    let mut rows = sql::removable(tx, first, last)?;
    let raised = sql::raised(tx, first, last)?;
    rows.retain(|row| row.raised_by.is_some() || raised.binary_search(&row.id).is_err());
    let alerts = delete(tx, now, &mut rows)?;
    uncount(tx, &rows)?;
    Ok(Step {
        last: Some(last),
        removed: Removed {
            events: u64::try_from(rows.len()).unwrap_or(u64::MAX),
            alerts,
        },
        took: app.clock.now().since(now),
    })
}

fn day_of(id: EventId) -> i64 {
    id.timestamp().micros().div_euclid(DAY_MICROS)
}

/// Deletes events with their alerts, how many of which is returned; what has to stay is taken out of
/// the rows: an event whose alert was reopened meanwhile, and one whose alert gathers events that
/// are not removed yet.
fn delete(tx: &mut Tx<'_>, now: Timestamp, rows: &mut Vec<Old>) -> Result<u64, StoreError> {
    let raised_by: BTreeSet<EventId> = rows.iter().filter_map(|row| row.raised_by).collect();
    let resolved = Resolved::of(tx, &raised_by)?;
    rows.retain(|row| row.raised_by.is_none_or(|by| resolved.holds(by)));
    let (mut raisers, mut others) = (Vec::new(), Vec::new());
    let mut gone: BTreeMap<EventId, i64> = BTreeMap::new();
    for row in rows.iter() {
        match row.raised_by {
            Some(by) if by == row.id => raisers.push(by),
            Some(by) => {
                others.push(row.id);
                let n = gone.entry(by).or_default();
                *n = n.saturating_add(1);
            }
            None => others.push(row.id),
        }
    }
    sql::delete(tx, &others)?;
    let withdrawn = resolved.withdraw(tx, now, &raisers, &gone)?;
    rows.retain(|row| row.raised_by != Some(row.id) || withdrawn.contains(&row.id));
    let withdrawn: Vec<EventId> = withdrawn.into_iter().collect();
    sql::delete(tx, &withdrawn)?;
    Ok(u64::try_from(withdrawn.len()).unwrap_or(u64::MAX))
}

/// Takes what events added to the kept counts away.
fn uncount(tx: &mut Tx<'_>, rows: &[Old]) -> Result<(), StoreError> {
    let mut counts = Counts::default();
    let mut origins: HashMap<Option<&str>, Origin> = HashMap::new();
    for row in rows {
        // A day knows few places; each is read out of its JSON once.
        let origin = *origins.entry(row.geo.as_deref()).or_insert_with(|| {
            let geo: Option<Geo> = row
                .geo
                .as_deref()
                .and_then(|geo| serde_json::from_str(geo).ok());
            origin(geo.as_ref())
        });
        counts.add(row.id.timestamp(), row.source_id, row.severity, origin, -1);
    }
    counts.write(tx, 0)
}
