//! Work that comes round: each task is one function, run by one shared loop.

use std::future::Future;
use std::time::Duration;

use store::StoreError;

use crate::app::App;
use crate::{alerts, events, identity, repeats, retention, rollups};

/// Starts every periodic task; they end when the server stops.
pub(super) fn start(app: &App) {
    every(app, "forget limits", Duration::from_mins(1), forget_limits);
    every(
        app,
        "reload geo databases",
        Duration::from_secs(30),
        reload_geo,
    );
    every(
        app,
        "forget repeated requests",
        Duration::from_mins(10),
        forget_repeats,
    );
    every(
        app,
        "forget ended sessions",
        Duration::from_mins(10),
        forget_sessions,
    );
    every(
        app,
        "forget sums by the minute",
        Duration::from_mins(10),
        forget_minutes,
    );
    every(app, "forget undo", Duration::from_mins(1), forget_undo);
    every(
        app,
        "remove old events",
        Duration::from_mins(10),
        remove_old_events,
    );
    every(app, "seal events", Duration::from_secs(5), seal_events);
}

pub(super) fn every<F>(
    app: &App,
    name: &'static str,
    pause: Duration,
    run_once: impl Fn(App) -> F + Send + 'static,
) where
    F: Future<Output = Result<(), String>> + Send + 'static,
{
    let app = app.clone();
    let tasks = app.tasks.clone();
    tasks.spawn(async move {
        let mut ticks = tokio::time::interval(pause);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = app.stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if let Err(error) = run_once(app.clone()).await {
                tracing::warn!(
                    task = name,
                    ?error,
                    "a periodic task failed; it will run again"
                );
            }
        }
    });
}

async fn forget_limits(app: App) -> Result<(), String> {
    app.limits.shrink();
    Ok(())
}

async fn reload_geo(app: App) -> Result<(), String> {
    let geo = app.geo.clone();
    let reloaded = tokio::task::spawn_blocking(move || geo.reload_if_changed())
        .await
        .map_err(|error| error.to_string())?
        .map_err(|error| error.to_string())?;
    if reloaded {
        tracing::info!("geo databases reloaded");
    }
    Ok(())
}

async fn forget_repeats(app: App) -> Result<(), String> {
    let now = app.clock.now();
    app.store
        .write(move |tx| repeats::forget_old(tx, now))
        .await
        .map(|_| ())
        .map_err(|error: StoreError| error.to_string())
}

async fn forget_minutes(app: App) -> Result<(), String> {
    let now = app.clock.now();
    app.store
        .write(move |tx| rollups::forget_minutes(tx, now))
        .await
        .map(|_| ())
        .map_err(|error: StoreError| error.to_string())
}

async fn forget_sessions(app: App) -> Result<(), String> {
    identity::forget_sessions(&app)
        .await
        .map(|_| ())
        .map_err(|error| error.to_string())
}

async fn forget_undo(app: App) -> Result<(), String> {
    alerts::forget_undo(&app)
        .await
        .map(|_| ())
        .map_err(|error| error.to_string())
}

async fn seal_events(app: App) -> Result<(), String> {
    events::seal(&app, events::Sealing::default())
        .await
        .map(|_| ())
        .map_err(|error| error.to_string())
}

async fn remove_old_events(app: App) -> Result<(), String> {
    let limits = retention::Limits::of(&app);
    retention::remove(&app, limits, "retention")
        .await
        .map(|_| ())
        .map_err(|error| error.to_string())
}
