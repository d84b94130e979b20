//! The one follower of a server: reads what is new once, and hands it to everybody who listens.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, broadcast};
use tokio::time::{Instant, sleep_until};

use super::message::{Figures, Lines};
use super::places::Places;
use super::rate::Rate;
use super::reader::{Queue, Reader};
use super::resume::Resume;
use super::sql::{self, News, Position};
use crate::alerts::{AlertError, stats_in};
use crate::app::App;
use crate::http::{Actor, Capability, Problem};
use crate::identity;

/// Batches kept for a reader that is behind before it is told that it missed some.
pub(super) const BATCHES_KEPT: usize = 64;
/// Least time between two readings: at most 20 a second, however many alerts come in.
const PAUSE_LEAST: Duration = Duration::from_millis(50);
/// The same when more came in than is told one by one: pages that load anew need a moment.
const PAUSE_STORM: Duration = Duration::from_secs(1);
/// Longest time between two readings: what others store in the same database is found by looking.
const PAUSE_MOST: Duration = Duration::from_secs(2);
/// Least time between two `stats`.
const STATS_EVERY: Duration = Duration::from_secs(1);
/// How often it is checked whether those who listen still may; a stream ends within 5 s.
const SESSIONS_EVERY: Duration = Duration::from_secs(4);
/// Sessions checked in one reading.
const SESSIONS_AT_ONCE: usize = 100;
/// Everything there is.
const ALL: Resume = Resume {
    alert: i64::MAX,
    entry: i64::MAX,
};

/// The live side of a server: cheap to clone, shared by everyone.
#[derive(Clone, Debug)]
pub struct Live(Arc<Hub>);

#[derive(Debug)]
struct Hub {
    app: App,
    places: Places,
    batches: broadcast::Sender<Batch>,
    state: Mutex<State>,
}

/// What one reading gave, ready to be sent.
#[derive(Clone, Debug)]
pub(super) struct Batch {
    pub(super) bytes: Bytes,
    /// How many alerts and changes came before it, counted from the server's start.
    pub(super) before: u64,
    /// How many it tells of, those it only counts included.
    pub(super) count: u64,
}

#[derive(Debug, Default)]
struct State {
    /// Up to where has been read; nothing while nobody listens.
    position: Option<Position>,
    /// How many alerts and changes were told since the start.
    told: u64,
    figures: Option<Figures>,
    figures_at: Option<Instant>,
    rate: Rate,
    /// Whether the last reading failed.
    failing: bool,
}

/// From where on somebody wants to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Since {
    /// From now on.
    Now,
    /// From where they were.
    At(Resume),
    /// From an id no server gave.
    Unreadable,
}

/// How long to wait for the next reading: at the least, and without an announcement.
type Pause = (Duration, Duration);

impl Live {
    /// Starts the follower, which reads nothing while nobody listens; it ends with the server.
    #[must_use]
    pub fn start(app: &App) -> Self {
        let live = Self(Arc::new(Hub {
            app: app.clone(),
            places: Places::new(Arc::clone(&app.metrics)),
            batches: broadcast::channel(BATCHES_KEPT).0,
            state: Mutex::default(),
        }));
        let (follower, checker) = (live.clone(), live.clone());
        app.tasks.spawn(async move {
            let stop = follower.0.app.stop.clone();
            stop.run_until_cancelled(follower.0.follow()).await;
        });
        app.tasks.spawn(async move {
            let stop = checker.0.app.stop.clone();
            stop.run_until_cancelled(checker.0.check_sessions()).await;
        });
        live
    }

    /// Lets somebody listen.
    ///
    /// # Errors
    /// 429 when the user, or everybody together, has too many streams open; 503 without a
    /// database.
    pub(super) async fn listen(
        &self,
        user: i64,
        actor: Actor,
        since: Since,
    ) -> Result<Reader, Problem> {
        let hub = &self.0;
        let place = hub.places.take(user, actor)?;
        let mut state = hub.state.lock().await;
        let position = match (&state.position, since) {
            // An id from further on: another server of this database may have read more.
            (Some(position), Since::At(resume)) if position.is_behind(resume) => None,
            (position, _) => position.clone(),
        };
        let position = match position {
            Some(position) => position,
            None => hub.read(&mut state).await?,
        };
        // Under the lock, so that what is read before and what is told from now on meet exactly.
        let queue = Queue::new(hub.batches.subscribe(), state.told);
        let figures = state.figures;
        drop(state);
        let mut lines = hub.greet(since, position).await?;
        if let Some(figures) = figures {
            lines.figures(&figures);
        }
        Ok(Reader::new(&hub.app, place, queue, lines))
    }
}

impl Hub {
    async fn follow(&self) {
        loop {
            self.places.somebody().await;
            let mut changes = self.app.changes.subscribe();
            while let Some((least, most)) = self.step().await {
                let begin = Instant::now();
                sleep_until(begin + least).await;
                // Whatever is announced, and that announcements were missed, means the same.
                let announced = tokio::time::timeout_at(begin + most, changes.recv());
                drop(announced.await);
                // What has been announced by now is in the reading that follows.
                changes = changes.resubscribe();
            }
        }
    }

    /// Reads and tells; `None` when nobody listens any more.
    async fn step(&self) -> Option<Pause> {
        let mut state = self.state.lock().await;
        if self.places.total() == 0 {
            *state = State {
                told: state.told,
                ..State::default()
            };
            return None;
        }
        let told = state.told;
        match self.read(&mut state).await {
            Ok(_) => {
                state.failing = false;
                let figures_due = state.figures_at.map_or(Duration::ZERO, |at| {
                    STATS_EVERY.saturating_sub(at.elapsed())
                });
                let news = state.told.saturating_sub(told);
                if news > u64::try_from(sql::NEWS_MAX).unwrap_or(u64::MAX) {
                    Some((PAUSE_STORM, PAUSE_STORM))
                } else if news > 0 && figures_due < STATS_EVERY {
                    Some((PAUSE_LEAST, figures_due.max(PAUSE_LEAST)))
                } else {
                    Some((PAUSE_LEAST, PAUSE_MOST))
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut state.failing, true) {
                    tracing::warn!(%error, "what is new cannot be read; streams wait");
                }
                Some((PAUSE_MOST, PAUSE_MOST))
            }
        }
    }

    /// Reads what is new since the last time and tells it; from the end the first time.
    async fn read(&self, state: &mut State) -> Result<Position, AlertError> {
        let now = self.app.clock.now();
        let before = state.position.clone();
        let with_figures = state
            .figures_at
            .is_none_or(|at| at.elapsed() >= STATS_EVERY);
        let (position, news, counts) = self
            .app
            .store
            .read(move |tx| {
                let (position, news) = match before {
                    None => (Position::end(tx, now)?, News::default()),
                    Some(mut position) => {
                        let news = sql::news(tx, &mut position, ALL, now)?;
                        (position, news)
                    }
                };
                let counts = if with_figures {
                    Some(stats_in(tx)?)
                } else {
                    None
                };
                Ok::<_, AlertError>((position, news, counts))
            })
            .await?;
        let mut lines = Lines::default();
        lines.news(&news);
        lines.mark(position.resume());
        if let Some(counts) = counts {
            let rate = state.rate.read(now, self.app.metrics.stored_so_far());
            let figures = Figures::new(counts, rate);
            if state.figures.is_none_or(|told| told.differs(&figures)) {
                lines.figures(&figures);
            }
            state.figures = Some(figures);
            state.figures_at = Some(Instant::now());
        }
        state.position = Some(position.clone());
        self.tell(state, &news, lines.into_bytes());
        Ok(position)
    }

    fn tell(&self, state: &mut State, news: &News, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        let missed = u64::try_from(news.missed).unwrap_or(0);
        let count = news.count();
        let before = state.told;
        state.told = before.saturating_add(count);
        // Fails only when nobody listens.
        drop(self.batches.send(Batch {
            bytes,
            before,
            count,
        }));
        let now = self.app.clock.now();
        for alert in &news.created {
            self.app.metrics.streamed(now.since(alert.created_at));
        }
        self.app.metrics.stream_missed(missed);
    }

    /// The first event, and what is new since the client was here.
    async fn greet(&self, since: Since, position: Position) -> Result<Lines, AlertError> {
        let now = self.app.clock.now();
        let resume = position.resume();
        let from = match since {
            Since::At(from) if !position.is_behind(from) => from,
            other => {
                let mut lines = Lines::hello(now, resume);
                if other != Since::Now {
                    lines.missed(0);
                }
                lines.mark(resume);
                return Ok(lines);
            }
        };
        let upto = position.highest();
        let news = self
            .app
            .store
            .read(move |tx| sql::news(tx, &mut Position::after(from), upto, now))
            .await?;
        let mut lines = Lines::hello(now, from);
        lines.news(&news);
        lines.mark(resume);
        let missed = u64::try_from(news.missed).unwrap_or(0);
        self.app.metrics.stream_missed(missed);
        Ok(lines)
    }

    async fn check_sessions(&self) {
        loop {
            self.places.somebody().await;
            sleep_until(Instant::now() + SESSIONS_EVERY).await;
            for part in self.places.listeners().chunks(SESSIONS_AT_ONCE) {
                let actors = part.iter().map(|listener| listener.actor.clone()).collect();
                let still = identity::still(&self.app, actors, Capability::MonitorRead).await;
                // Without a database nothing is known, and nothing is told either.
                let still = still.unwrap_or_default();
                for (listener, still) in part.iter().zip(still) {
                    if !still {
                        listener.expired.cancel();
                    }
                }
            }
        }
    }
}
