//! Removing events from the oldest on.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use base::{EventId, Timestamp};
use store::{Engine, StoreError, Tx};

use super::sql::{Look, Old};
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
/// Counts dropped in one transaction.
const ZEROS: usize = 500;
const DAY_MICROS: i64 = 86_400_000_000;

/// A removal under way.
pub(super) struct Removing<'a> {
    app: &'a App,
    caller: Caller,
    /// Where it has come.
    after: EventId,
    most: usize,
    removed: Removed,
    /// The day that lost events last.
    day: Option<i64>,
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
            day: None,
        }
    }

    /// Removes what was received before a time.
    pub(super) async fn before(&mut self, time: Timestamp) -> Result<(), StoreError> {
        while self.step(time).await? {}
        Ok(())
    }

    /// Removes the oldest until the database is no larger, but nothing received after a time; gives
    /// up when it becomes no smaller by that.
    pub(super) async fn down_to(
        &mut self,
        bytes: u64,
        before: Timestamp,
    ) -> Result<(), StoreError> {
        let mut earlier: Option<(Look, u64)> = None;
        loop {
            let newest = earlier.map(|(look, _)| look.newest);
            let look = self.app.store.read(move |tx| Look::at(tx, newest)).await?;
            if look.size.used.min(look.size.whole) <= bytes {
                return Ok(());
            }
            if let Some((earlier, removed)) = earlier {
                let removed = self.removed.events.saturating_sub(removed);
                if look.is_in_vain(&earlier, removed) {
                    tracing::warn!(
                        bytes = look.size.used,
                        wanted = bytes,
                        removed,
                        "removing events makes the database no smaller: the rest of them stays"
                    );
                    return Ok(());
                }
            }
            earlier = Some((look, self.removed.events));
            let enough = self.removed.events.saturating_add(BETWEEN_LOOKS);
            while self.removed.events < enough {
                if !self.step(before).await? {
                    return Ok(());
                }
            }
        }
    }

    /// Says what an earlier removal was not able to say any more.
    pub(super) async fn begin(&mut self) -> Result<(), StoreError> {
        for day in self.app.store.read(sql::noted).await? {
            self.end_day(day).await?;
        }
        Ok(())
    }

    /// Says the last day's end, and drops the filters of what is gone.
    pub(super) async fn end(&mut self) -> Result<(), StoreError> {
        if let Some(day) = self.day.take() {
            self.end_day(day).await?;
        }
        let before = EventId::new(self.after.number().saturating_add(1));
        events::drop_empty_blocks(self.app, before).await
    }

    /// What was removed in all.
    pub(super) const fn removed(&self) -> Removed {
        self.removed
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
        self.after = last;
        let sum = &mut self.removed;
        sum.events = sum.events.saturating_add(step.removed.events);
        sum.alerts = sum.alerts.saturating_add(step.removed.alerts);
        self.app.metrics.removed(step.removed.events);
        let day = Some(day_of(last)).filter(|_| step.removed.events > 0);
        if let Some(ended) = self.day.filter(|it| day.is_some_and(|day| *it != day)) {
            self.end_day(ended).await?;
        }
        self.day = day.or(self.day);
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
        self.app.rest(pause).await;
        Ok(true)
    }

    /// Drops the counts of a day that have become zero, an hour at a time, and writes what it lost
    /// into the activity log.
    async fn end_day(&self, day: i64) -> Result<(), StoreError> {
        let start = Timestamp::from_micros(day.saturating_mul(DAY_MICROS));
        let first = start.hour();
        for hour in first..first.saturating_add(24) {
            self.forget_zeros(hour).await?;
        }
        let (caller, now) = (self.caller.clone(), self.app.clock.now());
        self.app
            .store
            .write(move |tx| {
                let Some(lost) = sql::take_note(tx, day)? else {
                    return Ok(());
                };
                let text = start.to_string();
                let day = text.get(..10).unwrap_or(&text);
                let entry = Entry::new("events.removed")
                    .on("day", day)
                    .after(serde_json::json!({ "events": lost.events, "alerts": lost.alerts }));
                audit::append(tx, &caller, now, entry).map(drop)
            })
            .await
    }

    async fn forget_zeros(&self, hour: i64) -> Result<(), StoreError> {
        loop {
            let store = &self.app.store;
            let keys = store.read(move |tx| sql::zeros(tx, hour, ZEROS)).await?;
            let is_last = keys.len() < ZEROS;
            if !keys.is_empty() {
                let forget = move |tx: &mut Tx<'_>| sql::forget_zeros(tx, hour, &keys);
                store.write(forget).await?;
            }
            if is_last {
                return Ok(());
            }
        }
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
    let removed = Removed {
        events: u64::try_from(rows.len()).unwrap_or(u64::MAX),
        alerts,
    };
    if removed.events > 0 {
        sql::note(tx, day_of(first), removed)?;
    }
    Ok(Step {
        last: Some(last),
        removed,
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
