//! `watchpost demo`: stores the story that [`demo`](super::demo) tells.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::bail;
use base::{Clock, EventId, MockClock, Severity, Timestamp};
use clap::Args;
use store::StoreError;

use super::demo::{BACKGROUND_MAX, DemoEvent, Duty, PERIOD, Response, story};
use super::failure::Exit;
use super::storing::{BATCH_EVENTS, Counts, Storing};
use super::{session, terminal};
use crate::alerts::{self, AlertChange, Edit};
use crate::app::App;
use crate::config::Settings;
use crate::events;
use crate::http::{Actor, Caller};
use crate::identity::{self, NewKey};
use crate::ingest::Prepared;

/// The tag every event of the story carries.
const TAG: &str = "demo";
/// Events looked at together when others are searched for.
const PART: i64 = 1_000;
/// Longest that everyday events wait for the others of their batch, as senders let them wait.
const GATHERED: i64 = 15 * 60 * 1_000_000;

/// Stores a made-up intrusion and everyday noise, to try the product with.
///
/// They happened in the last seven days, and every event is tagged `demo`.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Another number tells the same story with other details.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Events of everyday noise around the intrusion (0 to 100000).
    #[arg(long, default_value_t = 4_000, value_parser = clap::value_parser!(u32).range(0..=100_000))]
    background: u32,
    /// Also into a database that holds other events.
    #[arg(long)]
    force: bool,
}

/// Which events there are already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Present {
    Nothing,
    DemoAlone,
    Others,
}

impl Demo {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<Exit> {
        let app = session::open(settings, Clock::system()).await?;
        let result = self.store(&app).await;
        session::close(app).await;
        let Counts { events, alerts, .. } = result?;
        terminal::say(&format!(
            "{} events and {} alerts of the last {} hours stored, every event tagged {TAG}",
            terminal::count(events),
            terminal::count(alerts),
            PERIOD.as_secs() / 3_600,
        ))?;
        Ok(Exit::Done)
    }

    async fn store(&self, app: &App) -> anyhow::Result<Counts> {
        let present = present(app).await?;
        if present == Present::Others && !self.force {
            bail!(
                "{} holds events that are no demo; --force puts the demo among them",
                app.store.name()
            );
        }
        let background = usize::try_from(self.background).unwrap_or(BACKGROUND_MAX);
        let story = story(app.clock.now(), self.seed, background);
        // As a sender with a key, because the activity log does not list what keys send.
        let operator = Caller::system("command line: demo");
        let new = NewKey {
            name: TAG.to_owned(),
            ..NewKey::default()
        };
        let key = identity::create_key(app, &operator, new).await?.key;
        let sender = Caller {
            actor: Actor::Key {
                id: key.id,
                name: Arc::from(TAG),
                source: None,
            },
            origin: operator.origin.clone(),
        };
        let stored = if present == Present::Nothing {
            let duty = Duty::new(app.clock.now(), self.seed);
            store_in_the_past(app, sender, story, duty).await
        } else {
            // Ids rise in the order of arrival, so what comes after others was received now.
            store_now(app, sender, story).await
        };
        identity::revoke_key(app, &operator, key.id).await?;
        stored
    }
}

/// Whether there are events, and any that are no demo.
async fn present(app: &App) -> anyhow::Result<Present> {
    let mut last: Option<EventId> = None;
    let mut present = Present::Nothing;
    loop {
        let read = move |tx: &mut store::Tx<'_>| events::part(tx, last, PART);
        let part = app.store.read::<_, StoreError, _>(read).await?;
        let Some(end) = part.last() else {
            return Ok(present);
        };
        last = Some(end.id);
        present = Present::DemoAlone;
        if part
            .iter()
            .any(|event| !event.tags.iter().any(|tag| tag == TAG))
        {
            return Ok(Present::Others);
        }
    }
}

async fn store_now(app: &App, sender: Caller, story: Vec<DemoEvent>) -> anyhow::Result<Counts> {
    let mut storing = Storing::begin(app, sender);
    let mut story = story.into_iter().peekable();
    while story.peek().is_some() {
        let batch = story.by_ref().take(BATCH_EVENTS);
        let events = batch.map(|told| Prepared::new(app, told.event)).collect();
        storing.store(events).await?;
    }
    let counts = storing.counts;
    storing.end().await?;
    Ok(counts)
}

/// Stores each event as received when it happened, and lets people respond in between, so that
/// charts, due times and figures have a past.
async fn store_in_the_past(
    app: &App,
    sender: Caller,
    story: Vec<DemoEvent>,
    mut duty: Duty,
) -> anyhow::Result<Counts> {
    let Some(first) = story.first() else {
        return Ok(Counts::default());
    };
    let clock = MockClock::at(first.at);
    let past = app.with_clock(Clock::mock(&clock));
    let mut storing = Storing::begin(&past, sender);
    let mut due = Responses::new();
    for batch in batches(story) {
        if let Some(last) = batch.last() {
            respond(&past, &clock, &mut due, last.at).await?;
            clock.advance(last.at.since(clock.now()));
        }
        let events: Vec<Prepared> = batch
            .into_iter()
            .map(|told| Prepared::new(app, told.event))
            .collect();
        let severities: Vec<Severity> = events.iter().map(Prepared::severity).collect();
        let stored = storing.store(events).await?;
        for (stored, severity) in stored.iter().zip(severities) {
            let responses = duty.responses(clock.now(), severity);
            if let Some(alert) = stored.alert {
                due.extend(responses.into_iter().map(|it| ((it.at, alert), it)));
            }
        }
    }
    respond(&past, &clock, &mut due, app.clock.now()).await?;
    let counts = storing.counts;
    storing.end().await?;
    Ok(counts)
}

/// What people are yet to do, in the order they do it.
type Responses = BTreeMap<(Timestamp, i64), Response>;

/// Lets people do what they did until a time.
async fn respond(
    past: &App,
    clock: &MockClock,
    due: &mut Responses,
    until: Timestamp,
) -> anyhow::Result<()> {
    while let Some(next) = due.first_entry() {
        let ((at, alert), response) = (*next.key(), *next.get());
        if at > until {
            break;
        }
        next.remove();
        clock.advance(at.since(clock.now()));
        let change = AlertChange {
            status: Some(response.status),
            resolution: response.resolution.map_or(Edit::Keep, Edit::Set),
            // Nobody of the house is known here who could be working on it.
            assigned_to: Edit::Clear,
            ..AlertChange::default()
        };
        alerts::change(
            past,
            Caller::system("command line: demo"),
            alert,
            None,
            change,
        )
        .await?;
    }
    Ok(())
}

/// Cuts the story into batches, each received when its last event happens: what raises an alert
/// at once, everyday events after a quarter of an hour at the latest.
fn batches(story: Vec<DemoEvent>) -> Vec<Vec<DemoEvent>> {
    let mut batches: Vec<Vec<DemoEvent>> = Vec::new();
    let mut begun: Option<Timestamp> = None;
    for told in story {
        let ends = told.event.severity.raises_alert();
        let fits = begun.is_some_and(|at| told.at.micros().saturating_sub(at.micros()) < GATHERED);
        let (at, event_count) = (told.at, batches.last().map_or(0, Vec::len));
        match batches.last_mut() {
            Some(batch) if fits && event_count < BATCH_EVENTS => batch.push(told),
            _ => {
                batches.push(vec![told]);
                begun = Some(at);
            }
        }
        if ends {
            begun = None;
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alerts_are_raised_when_they_happen_and_nothing_waits_long() {
        let now = Timestamp::parse("2026-01-31T12:00:00Z").unwrap();
        let told = story(now, 1, 3_000);
        let total = told.len();
        let batches = batches(told);
        assert_eq!(batches.iter().map(Vec::len).sum::<usize>(), total);
        for batch in &batches {
            let (first, last) = (batch.first().unwrap(), batch.last().unwrap());
            assert!(last.at.micros() - first.at.micros() < GATHERED);
            let severe = batch.iter().filter(|it| it.event.severity.raises_alert());
            assert!(severe.map(|it| it.at).all(|at| at == last.at));
        }
    }
}
