//! Alerts that may be like another one, each kind found along one index.

use base::Timestamp;
use store::{Row, Sql, StoreError, Tx};

use super::super::model::{AlertStatus, Resolution};
use super::{shape, status};

/// Newest alerts looked through for an address, a type or a source.
const ALERTS_MAX: i64 = 10_000;
/// Newest events of the same source looked through.
const EVENTS_MAX: i64 = 2_000;

/// What alerts are compared by.
#[derive(Clone, Debug)]
pub(in super::super) struct Traits {
    pub(in super::super) id: i64,
    pub(in super::super) title: String,
    pub(in super::super) status: AlertStatus,
    pub(in super::super) resolution: Option<Resolution>,
    pub(in super::super) source: i64,
    pub(in super::super) event_type: i64,
    pub(in super::super) ip_address: Option<String>,
    pub(in super::super) created_at: Timestamp,
}

const TRAITS: &str = "select a.id, a.title, a.status, a.resolution, a.source_id, \
    a.event_type_id, a.ip_address, a.created_at from ";

fn read(row: &Row<'_>) -> Result<Traits, StoreError> {
    Ok(Traits {
        id: row.get(0)?,
        title: row.get(1)?,
        status: status(row.get(2)?)?,
        resolution: row
            .get::<Option<String>>(3)?
            .map(|word| word.parse::<Resolution>())
            .transpose()
            .map_err(|_| shape("no resolution of an alert"))?,
        source: row.get(4)?,
        event_type: row.get(5)?,
        ip_address: row.get(6)?,
        created_at: row.get(7)?,
    })
}

/// What an alert is compared by; by primary key.
///
/// # Errors
/// The database's fault.
pub(in super::super) fn traits(tx: &mut Tx<'_>, id: i64) -> Result<Option<Traits>, StoreError> {
    let mut sql = Sql::new(TRAITS);
    sql.push("alerts a where a.id = ").bind(id);
    Ok(tx.select(&sql, read)?.pop())
}

/// What candidates have in common with an alert.
#[derive(Clone, Copy, Debug)]
pub(in super::super) enum Shared {
    /// Source and type, among the source's newest 2,000 events.
    SourceAndType,
    /// Source and type, among the newest 10,000 alerts.
    SourceAndTypeLately,
    /// The address, among the newest 10,000 alerts.
    Address,
    /// The type, among the newest 10,000 alerts.
    Type,
}

/// The newest alerts that share something with one; `limit` of them at the most.
///
/// # Errors
/// The database's fault.
pub(in super::super) fn sharing(
    tx: &mut Tx<'_>,
    shared: Shared,
    with: &Traits,
    limit: i64,
) -> Result<Vec<Traits>, StoreError> {
    let mut sql = Sql::new(TRAITS);
    if matches!(shared, Shared::SourceAndType) {
        sql.push("(select id from events where source_id = ")
            .bind(with.source)
            .push(" order by id desc limit ")
            .bind(EVENTS_MAX)
            .push(") e join alerts a on a.event_id = e.id where true");
    } else {
        sql.push(
            "(select id, title, status, resolution, source_id, event_type_id, ip_address, \
             created_at from alerts order by created_at desc, id desc limit ",
        )
        .bind(ALERTS_MAX)
        .push(") a where true");
    }
    match shared {
        Shared::SourceAndTypeLately => {
            sql.and("a.source_id =", with.source);
            sql.and("a.event_type_id =", with.event_type);
        }
        Shared::SourceAndType | Shared::Type => {
            sql.and("a.event_type_id =", with.event_type);
        }
        Shared::Address => {
            let Some(address) = &with.ip_address else {
                return Ok(Vec::new());
            };
            sql.and("a.ip_address =", address);
        }
    }
    sql.and("a.id <>", with.id);
    sql.push(" order by a.created_at desc, a.id desc limit ")
        .bind(limit);
    tx.select(&sql, read)
}
