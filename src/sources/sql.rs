//! Every statement on the descriptions of sources, and on what is known of sources besides.

mod letters;
mod written;

use std::collections::HashMap;
use std::sync::Arc;

use base::{Cursor, Direction, EventId, Timestamp};
use store::{Arg, Row, Sql, StoreError, Tx};

use super::counts::Outcome;
use super::model::{Description, SourceFilter, Tally};
use super::registry::Settings;

pub(super) use letters::{
    clear_letters, count_letters, insert_letters, letter, letters, trim_letters,
};
pub(super) use written::{forget_counts, strangers, write_counts, write_seen};

/// Sources a search by name looks at: the newest.
const SEARCHED_MAX: i64 = 10_000;

/// A source as its rows say it.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) id: i64,
    pub(super) name: String,
    /// When its name was first written down.
    pub(super) named_at: Timestamp,
    pub(super) first_at: Option<Timestamp>,
    pub(super) last_at: Option<Timestamp>,
    pub(super) described: Option<Described>,
}

/// A description with what is kept beside it.
#[derive(Clone, Debug)]
pub(super) struct Described {
    pub(super) description: Description,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) version: i64,
}

fn shape(what: &str) -> StoreError {
    StoreError::Shape(Arc::from(what))
}

fn small(value: Option<i64>) -> Option<u32> {
    value.and_then(|value| u32::try_from(value).ok())
}

const KNOWN: &str = "s.id, s.name, s.created_at, v.first_at, v.last_at, t.version, t.kind, \
     t.description, t.profile, t.rate_limit, t.record_max, t.alert_budget, t.silent_after, \
     t.created_at, t.updated_at";
const JOINED: &str = " left join source_settings t on t.source_id = s.id \
     left join source_seen v on v.source = s.name ";

fn read(row: &Row<'_>) -> Result<Known, StoreError> {
    let described = match row.get::<Option<i64>>(5)? {
        None => None,
        Some(version) => Some(Described {
            version,
            description: Description {
                kind: row.get(6)?,
                description: row.get(7)?,
                profile: serde_json::from_str(&row.get::<String>(8)?)
                    .map_err(|_| shape("no profile of a source"))?,
                rate_limit: small(row.get(9)?),
                record_max: small(row.get(10)?),
                alert_budget: small(row.get(11)?),
                silent_after: small(row.get(12)?),
            },
            created_at: row.get(13)?,
            updated_at: row.get(14)?,
        }),
    };
    Ok(Known {
        id: row.get(0)?,
        name: row.get(1)?,
        named_at: row.get(2)?,
        first_at: row.get(3)?,
        last_at: row.get(4)?,
        described,
    })
}

fn filtered<'f>(sql: &mut Sql<'f>, filter: &'f SourceFilter) {
    match filter.described {
        Some(true) => sql.push(" and t.source_id is not null"),
        Some(false) => sql.push(" and t.source_id is null"),
        None => sql,
    };
    if let Some(kind) = &filter.kind {
        sql.and("t.kind =", kind);
    }
    if let Some(name) = &filter.name {
        sql.and("s.name =", name);
    }
    if let Some(search) = &filter.search {
        sql.and_contains("s.name", search);
    }
}

/// The sources looked at: all, or for a search the newest.
fn among(sql: &mut Sql<'_>, filter: &SourceFilter) {
    if filter.search.is_some() {
        sql.push("(select id, name, created_at from sources order by id desc limit ")
            .bind(SEARCHED_MAX)
            .push(") s");
    } else {
        sql.push("sources s");
    }
    sql.push(JOINED).push("where true");
}

/// A page by id: newest first, oldest first when going back from a cursor. `search` is in small
/// letters already.
pub(super) fn page(
    tx: &mut Tx<'_>,
    filter: &SourceFilter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<Known>, StoreError> {
    let mut sql = Sql::new("select ");
    sql.push(KNOWN).push(" from ");
    among(&mut sql, filter);
    filtered(&mut sql, filter);
    let order = match cursor {
        Some(Cursor {
            direction: Direction::Previous,
            id,
            ..
        }) => {
            sql.and("s.id >", id);
            " order by s.id limit "
        }
        Some(Cursor { id, .. }) => {
            sql.and("s.id <", id);
            " order by s.id desc limit "
        }
        None => " order by s.id desc limit ",
    };
    sql.push(order).bind(limit);
    tx.select(&sql, read)
}

/// How many there are, counted up to `limit`.
pub(super) fn count(tx: &mut Tx<'_>, filter: &SourceFilter, limit: i64) -> Result<i64, StoreError> {
    let mut sql = Sql::new("select count(*) from (select s.id from ");
    among(&mut sql, filter);
    filtered(&mut sql, filter);
    sql.push(" limit ").bind(limit).push(") counted");
    tx.query_one(sql.text(), sql.args(), |row| row.get(0))
}

/// One source; by primary key.
pub(super) fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<Known>, StoreError> {
    let mut sql = Sql::new("select ");
    sql.push(KNOWN)
        .push(" from sources s")
        .push(JOINED)
        .push("where s.id = ")
        .bind(id);
    Ok(tx.select(&sql, read)?.into_iter().next())
}

/// Some sources; by primary key.
pub(super) fn some(tx: &mut Tx<'_>, ids: &[i64]) -> Result<Vec<Known>, StoreError> {
    let mut sql = Sql::new("select ");
    sql.push(KNOWN)
        .push(" from sources s")
        .push(JOINED)
        .push("where true");
    sql.and_in("s.id", ids.iter().copied());
    tx.select(&sql, read)
}

/// The id of a source of a name.
pub(super) fn id_of(tx: &mut Tx<'_>, name: &str) -> Result<Option<i64>, StoreError> {
    tx.query_opt(
        "select id from sources where name = $1",
        &[name.into()],
        |row| row.get(0),
    )
}

/// How many sources are described.
pub(super) fn described(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.query_one("select count(*) from source_settings", &[], |row| {
        row.get(0)
    })
}

/// Lets one change of a description follow the other, and the other servers know of it.
pub(super) fn touch(tx: &mut Tx<'_>) -> Result<(), StoreError> {
    tx.execute(
        "update source_changes set version = version + 1 where one = 1",
        &[],
    )
    .map(drop)
}

/// The version of all descriptions together.
pub(super) fn version(tx: &mut Tx<'_>) -> Result<i64, StoreError> {
    tx.query_one("select version from source_changes", &[], |row| row.get(0))
}

/// What counts for every described source.
pub(super) fn all_settings(tx: &mut Tx<'_>) -> Result<HashMap<String, Arc<Settings>>, StoreError> {
    let rows = tx.query(
        "select s.name, t.kind, t.profile, t.rate_limit, t.record_max, t.alert_budget \
         from source_settings t join sources s on s.id = t.source_id",
        &[],
        |row| {
            let settings = Settings {
                kind: row.get(1)?,
                profile: serde_json::from_str(&row.get::<String>(2)?)
                    .map_err(|_| shape("no profile of a source"))?,
                rate_limit: small(row.get(3)?),
                record_max: small(row.get(4)?).and_then(|max| usize::try_from(max).ok()),
                alert_budget: small(row.get(5)?),
            };
            Ok((row.get(0)?, Arc::new(settings)))
        },
    )?;
    Ok(rows.into_iter().collect())
}

/// Writes a description, new or changed.
pub(super) fn save(tx: &mut Tx<'_>, id: i64, described: &Described) -> Result<(), StoreError> {
    let it = &described.description;
    let profile = serde_json::to_string(&it.profile).map_err(|error| shape(&error.to_string()))?;
    tx.execute(
        "insert into source_settings (source_id, kind, description, profile, rate_limit, \
         record_max, alert_budget, silent_after, created_at, updated_at, version) \
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) \
         on conflict (source_id) do update set kind = excluded.kind, \
         description = excluded.description, profile = excluded.profile, \
         rate_limit = excluded.rate_limit, record_max = excluded.record_max, \
         alert_budget = excluded.alert_budget, silent_after = excluded.silent_after, \
         updated_at = excluded.updated_at, version = excluded.version",
        &[
            id.into(),
            it.kind.as_ref().into(),
            (&it.description).into(),
            (&profile).into(),
            it.rate_limit.into(),
            it.record_max.into(),
            it.alert_budget.into(),
            it.silent_after.into(),
            described.created_at.into(),
            described.updated_at.into(),
            described.version.into(),
        ],
    )
    .map(drop)
}

/// Takes a description away. A silence that was told is kept until [`untell`].
pub(super) fn remove(tx: &mut Tx<'_>, id: i64) -> Result<(), StoreError> {
    tx.execute(
        "insert into silences_left (source_id, told, event_id) \
         select source_id, silent_told, silent_event from source_settings \
         where source_id = $1 and silent_told is not null and silent_event is not null \
         on conflict (source_id, told) do nothing",
        &[id.into()],
    )?;
    tx.execute(
        "delete from source_settings where source_id = $1",
        &[id.into()],
    )
    .map(drop)
}

/// The newest event of each source; the end of an index each.
pub(super) fn last_events(
    tx: &mut Tx<'_>,
    sources: &[i64],
) -> Result<HashMap<i64, EventId>, StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = sources.iter().map(|id| vec![(*id).into()]).collect();
    let found: Vec<(i64, EventId)> = tx.query_many(
        "select source_id, id from events where source_id = $1 order by id desc limit 1",
        &rows,
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    Ok(found.into_iter().collect())
}

/// What became of the records of sources from one hour to another, both included, by source and
/// by the number of the span of so many hours; along the primary key.
pub(super) fn tallies(
    tx: &mut Tx<'_>,
    sources: &[&str],
    (from, to): (i64, i64),
    hours: i64,
) -> Result<HashMap<(String, i64), Tally>, StoreError> {
    let mut sql = Sql::new("select source, hour, outcome, n from source_counts where true");
    sql.and_in("source", sources.iter().copied())
        .and("hour >=", from)
        .and("hour <=", to);
    let mut found: HashMap<(String, i64), Tally> = HashMap::new();
    let rows: Vec<(String, i64, i64, i64)> = tx.select(&sql, |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })?;
    for (source, hour, outcome, n) in rows {
        let span = hour.div_euclid(hours.max(1));
        found.entry((source, span)).or_default().add(outcome, n);
    }
    Ok(found)
}

impl Tally {
    fn add(&mut self, outcome: i64, n: i64) {
        let outcome = Outcome::ALL.into_iter().find(|it| it.id() == outcome);
        let (sum, is_whole) = match outcome {
            Some(Outcome::Accepted) => (&mut self.accepted, true),
            Some(Outcome::Rejected) => (&mut self.rejected, true),
            Some(Outcome::Throttled) => (&mut self.throttled, true),
            Some(Outcome::Repeated) => (&mut self.repeated, false),
            None => return,
        };
        *sum = sum.saturating_add(n);
        if is_whole {
            self.received = self.received.saturating_add(n);
        }
    }
}

/// A described source that is watched for silence.
#[derive(Clone, Debug)]
pub(super) struct Watched {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) silent_after: i64,
    /// When it was described: one that never spoke counts from there.
    pub(super) since: Timestamp,
    pub(super) seen: Option<Timestamp>,
    pub(super) told: Option<Timestamp>,
    pub(super) event: Option<EventId>,
}

/// Every source that is watched for silence, or was when a silence was told.
pub(super) fn watched(tx: &mut Tx<'_>) -> Result<Vec<Watched>, StoreError> {
    let read = |row: &Row<'_>| {
        Ok(Watched {
            id: row.get(0)?,
            name: row.get(1)?,
            silent_after: row.get(2)?,
            since: row.get(3)?,
            seen: row.get(4)?,
            told: row.get(5)?,
            event: row.get(6)?,
        })
    };
    let mut all = tx.query(
        "select s.id, s.name, coalesce(t.silent_after, 0), t.created_at, v.last_at, \
         t.silent_told, t.silent_event from source_settings t \
         join sources s on s.id = t.source_id left join source_seen v on v.source = s.name \
         where t.silent_after is not null or t.silent_told is not null order by s.id",
        &[],
        read,
    )?;
    all.extend(tx.query(
        "select s.id, s.name, cast(0 as bigint), l.told, v.last_at, l.told, l.event_id \
         from silences_left l join sources s on s.id = l.source_id \
         left join source_seen v on v.source = s.name order by s.id",
        &[],
        read,
    )?);
    Ok(all)
}

/// Notes which silence was told and by which event, unless another was meanwhile.
pub(super) fn tell(
    tx: &mut Tx<'_>,
    id: i64,
    since: Timestamp,
    event: EventId,
) -> Result<(), StoreError> {
    tx.execute(
        "update source_settings set silent_told = $2, silent_event = $3 \
         where source_id = $1 and silent_told is null",
        &[id.into(), since.into(), event.into()],
    )
    .map(drop)
}

/// Notes that a silence that was told is over.
pub(super) fn untell(tx: &mut Tx<'_>, id: i64, since: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "update source_settings set silent_told = null, silent_event = null \
         where source_id = $1 and silent_told = $2",
        &[id.into(), since.into()],
    )?;
    tx.execute(
        "delete from silences_left where source_id = $1 and told = $2",
        &[id.into(), since.into()],
    )
    .map(drop)
}
