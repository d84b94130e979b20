//! `watchpost prune`.

use std::time::Duration;

use clap::Args;

use super::failure::Exit;
use super::{session, terminal};
use crate::config::{ByteSize, Settings};
use crate::retention::{self, Limits};

/// Removes old events with their alerts; those with an unresolved alert stay.
///
/// Without options it removes what `RETENTION_DAYS` and `RETENTION_SIZE` say. The server may run
/// meanwhile.
#[derive(Debug, Args)]
pub(super) struct Prune {
    /// Events received longer ago go: 90d, 48h.
    #[arg(long, value_parser = age)]
    older_than: Option<Duration>,
    /// The oldest events go until the database is no larger: 50GB.
    #[arg(long)]
    down_to: Option<ByteSize>,
}

fn age(text: &str) -> Result<Duration, &'static str> {
    let units = [("d", 86_400), ("h", 3_600)];
    let found = units.iter().find_map(|(unit, seconds)| {
        Some((text.strip_suffix(unit)?.parse::<u32>().ok()?, *seconds))
    });
    let (count, seconds) = found.ok_or("write days or hours, such as 90d or 48h")?;
    Ok(Duration::from_secs(
        u64::from(count).saturating_mul(seconds),
    ))
}

impl Prune {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<Exit> {
        let app = session::open_existing(settings).await?;
        let limits = match (self.older_than, self.down_to) {
            (None, None) => Limits::of(&app),
            (age, size) => Limits {
                age,
                size: size.map(|size| size.0),
            },
        };
        let removed = retention::remove(&app, limits, "command line").await;
        session::close(app).await;
        let removed = removed?;
        terminal::say(&format!(
            "removed {} events and {} alerts",
            removed.events, removed.alerts
        ))?;
        Ok(Exit::Done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_days_or_hours() {
        assert_eq!(age("90d").unwrap(), Duration::from_hours(90 * 24));
        assert_eq!(age("48h").unwrap(), Duration::from_hours(48));
        for bad in ["", "90", "d", "-1d", "1.5d", "1w"] {
            assert!(age(bad).is_err(), "{bad}");
        }
    }
}
