//! What else was received shortly before and after an event.

use std::time::Duration;

use base::{EventId, Timestamp};
use serde::Serialize;
use store::{StoreError, Tx};

use super::model::Event;
use super::sql::{self, Side};
use crate::app::App;

/// Seconds to both sides when nobody says otherwise: two minutes.
pub(super) const SECONDS: u32 = 120;
/// Most seconds to both sides: an hour.
pub(super) const SECONDS_MAX: u32 = 3_600;
/// Most events shown of each side, those nearest to the event.
const SIDE_MAX: usize = 100;

/// An event among those around it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Neighbour {
    /// The event itself.
    #[serde(flatten)]
    pub event: Event,
    /// Whether it is the one that was asked about.
    pub is_this: bool,
}

/// What was received around an event.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Around {
    /// From when on.
    pub from: Timestamp,
    /// Until when; this moment is not included.
    pub to: Timestamp,
    /// Whether there are more before the first 100 to the past.
    pub more_before: bool,
    /// Whether there are more after the first 100 to the future.
    pub more_after: bool,
    /// The events, newest first, with the one asked about among them.
    pub results: Vec<Neighbour>,
}

/// Finds the events received at most so many seconds (up to 3,600) before or after an
/// event, at most 100 of each side; of its source alone if wanted. `None` when there is no such
/// event.
///
/// # Errors
/// The database's fault.
pub async fn around(
    app: &App,
    id: EventId,
    seconds: u32,
    same_source: bool,
) -> Result<Option<Around>, StoreError> {
    let reach = Duration::from_secs(u64::from(seconds.min(SECONDS_MAX)));
    app.store
        .read(move |tx| around_in(tx, id, reach, same_source))
        .await
}

fn around_in(
    tx: &mut Tx<'_>,
    id: EventId,
    reach: Duration,
    same_source: bool,
) -> Result<Option<Around>, StoreError> {
    let Some(event) = sql::get(tx, id, false)? else {
        return Ok(None);
    };
    let from = event.timestamp.minus(reach);
    // The millisecond that lies exactly so far ahead is included.
    let to = event.timestamp.plus(reach).plus(Duration::from_millis(1));
    let mut side = |side, bound| -> Result<(Vec<Event>, bool), StoreError> {
        let bound = EventId::first_at(bound);
        let limit = i64::try_from(SIDE_MAX.saturating_add(1)).unwrap_or(i64::MAX);
        let mut found = sql::neighbours(tx, &event, side, bound, same_source, limit)?;
        let more = found.len() > SIDE_MAX;
        found.truncate(SIDE_MAX);
        Ok((found, more))
    };
    let (before, more_before) = side(Side::Before, from)?;
    let (after, more_after) = side(Side::After, to)?;
    let other = |event| Neighbour {
        event,
        is_this: false,
    };
    let this = Neighbour {
        event,
        is_this: true,
    };
    Ok(Some(Around {
        from,
        to,
        more_before,
        more_after,
        results: after
            .into_iter()
            .rev()
            .map(other)
            .chain(std::iter::once(this))
            .chain(before.into_iter().map(other))
            .collect(),
    }))
}
