//! What is known of an alert's source and address, from local data only.

use base::Timestamp;
use serde::Serialize;
use store::Tx;

use super::error::AlertError;
use super::filter::{AlertFilter, AnyOf};
use super::model::{Alert, AlertStatus};
use super::sql::{self, Query};
use crate::app::App;
use crate::geo::Geo;
use crate::http::Count;

/// Days told of, today included.
const DAYS: i64 = 7;

/// Events of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct DayCount {
    /// The day, in UTC.
    #[schema(example = "2026-11-20")]
    pub day: String,
    /// Events received on it.
    #[schema(example = 128)]
    pub count: i64,
}

/// What is known of a source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SourceFigures {
    /// Its name.
    #[schema(example = "fw-01")]
    pub name: String,
    /// When it first reported.
    pub first_seen: Option<Timestamp>,
    /// When its newest event was received.
    pub last_seen: Option<Timestamp>,
    /// Its events of the last seven days, today the last.
    pub events_by_day: Vec<DayCount>,
    /// Its OPEN alerts, among the newest 10,000 OPEN ones.
    #[schema(example = 3)]
    pub alerts_open: u64,
    /// Whether that is all of them.
    pub alerts_open_exact: bool,
}

/// What is known of an address.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct AddressFigures {
    /// The address.
    #[schema(example = "203.0.113.9")]
    pub ip: String,
    /// Where it is, as found when the event came, else as known now.
    pub geo: Option<Geo>,
    /// What it is instead of a place, such as `private` or `documentation`.
    #[schema(example = "documentation")]
    pub label: Option<String>,
    /// Alerts with it, among the newest 10,000.
    #[schema(example = 14)]
    pub alerts_from_it: u64,
    /// Whether that is all of them.
    pub alerts_from_it_exact: bool,
}

/// What is known of where an alert comes from.
#[derive(Clone, Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Enrichment {
    /// Who reported its event.
    pub source: SourceFigures,
    /// The address it is about; null without one.
    pub address: Option<AddressFigures>,
}

/// Tells what is known of an alert's source and address; asks no other host.
///
/// # Errors
/// [`AlertError::NotFound`].
pub async fn enrichment(app: &App, id: i64) -> Result<Enrichment, AlertError> {
    let now = app.clock.now();
    let mut enrichment = app.store.read(move |tx| enrichment_in(tx, now, id)).await?;
    if let Some(address) = &mut enrichment.address {
        if address.geo.is_none() {
            address.geo = address.ip.parse().ok().and_then(|ip| app.geo.lookup(ip));
        }
        address.label = address.geo.as_ref().and_then(|geo| geo.label.clone());
    }
    Ok(enrichment)
}

/// The same within a transaction, of stored data alone.
pub(super) fn enrichment_in(
    tx: &mut Tx<'_>,
    now: Timestamp,
    id: i64,
) -> Result<Enrichment, AlertError> {
    let alert = sql::get(tx, id, now)?.ok_or(AlertError::NotFound(id))?;
    Ok(Enrichment {
        source: source(tx, now, &alert)?,
        address: address(tx, now, &alert)?,
    })
}

fn source(tx: &mut Tx<'_>, now: Timestamp, alert: &Alert) -> Result<SourceFigures, AlertError> {
    let name = alert.event.source_name.clone();
    let found = sql::source(tx, &name)?;
    let today = now.hour().div_euclid(24);
    let first_day = today.saturating_sub(DAYS).saturating_add(1);
    let mut counts = [0_i64; 7];
    let mut last_seen = None;
    if let Some((source, _)) = found {
        let first_hour = first_day.saturating_mul(24);
        let hours = (0..DAYS.saturating_mul(24)).map(|n| first_hour.saturating_add(n));
        for (hour, n) in sql::events_by_hour(tx, source, hours)? {
            let day = hour.div_euclid(24).saturating_sub(first_day);
            if let Some(count) = usize::try_from(day)
                .ok()
                .and_then(|day| counts.get_mut(day))
            {
                *count = count.saturating_add(n);
            }
        }
        last_seen = sql::last_seen(tx, source)?;
    }
    let open = count(
        tx,
        now,
        &AlertFilter {
            status: vec![AlertStatus::Open],
            ..AlertFilter::default()
        }
        .and(AnyOf::Source(vec![name.clone()])),
    )?;
    Ok(SourceFigures {
        name,
        first_seen: found.map(|(_, at)| at),
        last_seen,
        events_by_day: (first_day..=today)
            .zip(counts)
            .map(|(day, count)| DayCount {
                day: date(day),
                count,
            })
            .collect(),
        alerts_open: open.n,
        alerts_open_exact: open.exact,
    })
}

fn address(
    tx: &mut Tx<'_>,
    now: Timestamp,
    alert: &Alert,
) -> Result<Option<AddressFigures>, AlertError> {
    let Some(ip) = alert.event.ip_address.clone() else {
        return Ok(None);
    };
    let alerts = count(
        tx,
        now,
        &AlertFilter::default().and(AnyOf::Address(vec![Some(ip.clone())])),
    )?;
    Ok(Some(AddressFigures {
        ip,
        geo: alert.event.geo.clone(),
        label: None,
        alerts_from_it: alerts.n,
        alerts_from_it_exact: alerts.exact,
    }))
}

fn count(tx: &mut Tx<'_>, now: Timestamp, filter: &AlertFilter) -> Result<Count, AlertError> {
    Ok(match Query::new(tx, filter, now)? {
        Some(query) => sql::count(tx, &query)?,
        None => Count::exactly(0),
    })
}

/// A day since 1970 as year, month and day.
fn date(day: i64) -> String {
    let text = Timestamp::from_micros(day.saturating_mul(86_400_000_000)).to_string();
    text.get(..10).map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_written_as_dates() {
        assert_eq!(date(0), "1970-01-01");
        assert_eq!(date(20_454), "2026-01-01");
        assert_eq!(date(20_454 + 58), "2026-02-28");
    }
}
