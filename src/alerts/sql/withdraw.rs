//! Statements on alerts whose events go.

use base::EventId;
use store::{Arg, StoreError, Tx};

use super::super::rollup::Place;

fn rows<T: Copy + Into<Arg<'static>>>(values: &[T]) -> Vec<Vec<Arg<'static>>> {
    values.iter().map(|value| vec![(*value).into()]).collect()
}

/// Those of some events that others are folded into; by the partial index on that.
pub(in super::super) fn gathering(
    tx: &mut Tx<'_>,
    events: &[EventId],
) -> Result<Vec<EventId>, StoreError> {
    tx.query_many(
        "select folded_into from events where folded_into = $1 limit 1",
        &rows(events),
        |row| row.get(0),
    )
}

/// Counts fewer events to the alerts that gather them; by the index on event.
pub(in super::super) fn gather_fewer(
    tx: &mut Tx<'_>,
    fewer: impl Iterator<Item = (EventId, i64)>,
) -> Result<(), StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = fewer
        .map(|(event, n)| vec![event.into(), n.into()])
        .collect();
    tx.execute_many(
        "update alerts set event_count = case when event_count > $2 then event_count - $2 else 1 \
         end where event_id = $1",
        &rows,
    )
}

/// Counts one less to the alert that gathers an event, if one does.
pub(in super::super) fn leave(tx: &mut Tx<'_>, event: EventId) -> Result<(), StoreError> {
    let by: Option<Option<EventId>> = tx.query_opt(
        "select folded_into from events where id = $1",
        &[event.into()],
        |row| row.get(0),
    )?;
    gather_fewer(tx, by.flatten().map(|by| (by, 1)).into_iter())
}

/// Where alerts belong, by primary key; in the order of the numbers, those that are gone left out.
pub(in super::super) fn places(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<Place>, StoreError> {
    tx.query_many(
        "select source_id, country, ip_address from alerts where id = $1",
        &rows(ids),
        |row| {
            let country: Option<String> = row.get(1)?;
            let address: Option<String> = row.get(2)?;
            let (country, address) = (country.as_deref(), address.as_deref());
            Ok(Place::new(row.get(0)?, country, address))
        },
    )
}

/// Deletes an alert and its history.
pub(in super::super) fn delete(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    delete_all(tx, &[id])
}

/// Deletes alerts and their history.
pub(in super::super) fn delete_all(tx: &mut Tx<'_>, ids: &[i64]) -> Result<(), StoreError> {
    tx.execute_many("delete from alert_history where alert_id = $1", &rows(ids))?;
    tx.execute_many("delete from alerts where id = $1", &rows(ids))
}
