//! What the newest matching events say in each field.

use base::{Severity, Timestamp};
use store::{StoreError, Tx};

use super::super::model::EventFilter;
use super::scan::scan;
use super::search::Search;
use super::tested::Names;

/// The columns of [`Said`]; `attributes` of over 8,192 characters are not looked into, so that
/// 2,000 events stay below 16 MiB.
const COLUMNS: &str = "e.severity, s.name, t.name, e.country, e.ip_address, e.tags, \
    case when length(e.attributes) <= 8192 then e.attributes end, \
    case when length(e.attributes) > 8192 then 1 else 0 end";

/// What one event says.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) severity: Severity,
    pub(crate) source_name: String,
    pub(crate) event_type: String,
    pub(crate) country: Option<String>,
    pub(crate) ip_address: Option<String>,
    /// JSON, as stored.
    pub(crate) tags: Option<String>,
    /// JSON, as stored; absent also when it is too long to look into.
    pub(crate) attributes: Option<String>,
    pub(crate) attributes_left_out: bool,
}

/// What the newest matching events say, and whether that is all of them.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) events: Vec<Said>,
    /// Whether there may be more that match.
    pub(crate) more: bool,
    /// The time from which on every row was looked at, when the row budget ran out.
    pub(crate) searched_from: Option<Timestamp>,
}

/// The newest matching events, at most `limit`; walks as many rows as a page may.
pub(crate) fn sample(
    tx: &mut Tx<'_>,
    filter: &EventFilter,
    limit: i64,
) -> Result<Sample, StoreError> {
    let Some(names) = Names::resolve(tx, filter)? else {
        return Ok(Sample {
            events: Vec::new(),
            more: false,
            searched_from: None,
        });
    };
    let found = scan(
        tx,
        Search::new(filter, &names, false),
        COLUMNS,
        limit.saturating_add(1),
        |row| {
            Ok(Said {
                severity: row.get(0)?,
                source_name: row.get(1)?,
                event_type: row.get(2)?,
                country: row.get(3)?,
                ip_address: row.get(4)?,
                tags: row.get(5)?,
                attributes: row.get(6)?,
                attributes_left_out: row.get(7)?,
            })
        },
    )?;
    let searched_from = found.searched_from();
    let mut events = found.rows;
    let length = usize::try_from(limit).unwrap_or(usize::MAX);
    if events.len() > length {
        events.truncate(length);
        return Ok(Sample {
            events,
            more: true,
            searched_from: None,
        });
    }
    Ok(Sample {
        events,
        more: searched_from.is_some(),
        searched_from,
    })
}
