//! What is not to be kept for ever: events older than the operator wants them, or more of them
//! than there is room for, removed bit by bit while others are stored.
//!
//! An event whose alert is unresolved stays, however old it is, and so does the one that began a
//! storm, until the last one that its alert gathers is gone. With an event goes its alert, what both
//! added to the kept counts, and with the last of a block its filter.

mod remove;
mod sql;

use std::time::Duration;

use base::Timestamp;
use store::StoreError;

use crate::app::App;
use remove::Removing;

/// The newest events stay, whatever room there is.
const SPARED: Duration = Duration::from_hours(1);

/// How much is kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Events received longer ago go.
    pub age: Option<Duration>,
    /// Bytes of the database; beyond, the oldest events go, but none of the last hour.
    pub size: Option<u64>,
}

/// What was removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Events.
    pub events: u64,
    /// Alerts among what they raised.
    pub alerts: u64,
}

impl Limits {
    /// As the settings say.
    #[must_use]
    pub fn of(app: &App) -> Self {
        let days = app.config.retention_days.0;
        Self {
            age: days.map(|days| Duration::from_hours(u64::from(days.get()).saturating_mul(24))),
            size: app.config.retention_size.0.map(|size| size.0),
        }
    }
}

/// Removes what is beyond the limits, in transactions of about ten milliseconds (PostgreSQL: a tenth of a second) with pauses in
/// between, so that less than a third of the writer's time is taken; `occasion` is who did it, in
/// the activity log, where each day that lost events has an entry.
///
/// # Errors
/// The database's fault; what is removed by then is gone.
pub async fn remove(app: &App, limits: Limits, occasion: &str) -> Result<Removed, StoreError> {
    let now = app.clock.now();
    let mut removing = Removing::new(app, occasion);
    removing.begin().await?;
    let done = within(&mut removing, limits, now).await;
    removing.end().await?;
    done?;
    let removed = removing.removed();
    if removed.events > 0 {
        tracing::info!(
            events = removed.events,
            alerts = removed.alerts,
            seconds = app.clock.now().since(now).as_secs(),
            "removed what is not to be kept"
        );
    }
    Ok(removed)
}

async fn within(
    removing: &mut Removing<'_>,
    limits: Limits,
    now: Timestamp,
) -> Result<(), StoreError> {
    if let Some(age) = limits.age {
        removing.before(now.minus(age)).await?;
    }
    if let Some(size) = limits.size {
        removing.down_to(size, now.minus(SPARED)).await?;
    }
    Ok(())
}
