//! Every statement on `audit` and `audit_head`.

use base::{Cursor, Direction, Timestamp};
use serde_json::value::{RawValue, to_raw_value};
use store::{Row, Sql, StoreError, Tx};

use super::model::{AuditEntry, AuditFilter};

const COLUMNS: &str = "select seq, at, actor_kind, actor_id, actor, address, user_agent, \
    request_id, action, object_kind, object_id, before, after, previous_hash, hash from audit";

/// The end of the chain, locked until commit.
pub(super) fn lock_head(tx: &mut Tx<'_>) -> Result<(i64, Vec<u8>), StoreError> {
    let lock = tx.engine().for_update();
    tx.query_one(
        &format!("select seq, hash from audit_head where id = 1{lock}"),
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// The end of the chain.
pub(super) fn head(tx: &mut Tx<'_>) -> Result<(i64, Vec<u8>), StoreError> {
    tx.query_one(
        "select seq, hash from audit_head where id = 1",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// An entry with the hash before it and its own.
pub(super) type Link = (AuditEntry, Vec<u8>, [u8; 32]);

/// Appends entries that follow the end of the chain and one another.
pub(super) fn insert(tx: &mut Tx<'_>, links: &[Link]) -> Result<(), StoreError> {
    const COLUMNS: [&str; 15] = [
        "seq",
        "at",
        "actor_kind",
        "actor_id",
        "actor",
        "address",
        "user_agent",
        "request_id",
        "action",
        "object_kind",
        "object_id",
        "before",
        "after",
        "previous_hash",
        "hash",
    ];
    let Some((last, _, end)) = links.last() else {
        return Ok(());
    };
    let rows = links.iter().map(|(entry, previous, hash)| {
        [
            entry.seq.into(),
            entry.at.into(),
            (&entry.actor_kind).into(),
            entry.actor_id.into(),
            (&entry.actor).into(),
            (&entry.address).into(),
            (&entry.user_agent).into(),
            (&entry.request_id).into(),
            (&entry.action).into(),
            entry.object_kind.as_ref().into(),
            entry.object_id.as_ref().into(),
            entry.before.as_ref().map(|json| json.get()).into(),
            entry.after.as_ref().map(|json| json.get()).into(),
            previous.into(),
            hash.into(),
        ]
    });
    tx.insert_rows("audit", &COLUMNS, rows)?;
    tx.execute(
        "update audit_head set seq = $1, hash = $2 where id = 1",
        &[last.seq.into(), end.into()],
    )?;
    Ok(())
}

fn read(row: &Row<'_>) -> Result<AuditEntry, StoreError> {
    let json = |index| -> Result<Option<Box<RawValue>>, StoreError> {
        // A text that is no JSON any more was tampered with: shown as text, found by verify.
        Ok(row.get::<Option<String>>(index)?.and_then(|text| {
            RawValue::from_string(text.clone())
                .or_else(|_| to_raw_value(&text))
                .ok()
        }))
    };
    Ok(AuditEntry {
        seq: row.get(0)?,
        at: row.get(1)?,
        actor_kind: row.get(2)?,
        actor_id: row.get(3)?,
        actor: row.get(4)?,
        address: row.get(5)?,
        user_agent: row.get(6)?,
        request_id: row.get(7)?,
        action: row.get(8)?,
        object_kind: row.get(9)?,
        object_id: row.get(10)?,
        before: json(11)?,
        after: json(12)?,
    })
}

/// An entry with the hash before it and its own.
pub(super) type Chained = (AuditEntry, Vec<u8>, Vec<u8>);

/// Entries after `seq`, with the hash before and their own.
pub(super) fn part(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<Chained>, StoreError> {
    tx.query(
        &format!("{COLUMNS} where seq > $1 order by seq limit $2"),
        &[after.into(), limit.into()],
        |row| Ok((read(row)?, row.get(13)?, row.get(14)?)),
    )
}

/// A page of the log, newest first (oldest first when going back from a cursor).
///
/// Served by the primary key, or the indexes on actor and object.
pub(super) fn page(
    tx: &mut Tx<'_>,
    filter: &AuditFilter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<Vec<AuditEntry>, StoreError> {
    let mut sql = Sql::new(
        "select seq, at, actor_kind, actor_id, actor, address, user_agent, \
        request_id, action, object_kind, object_id, before, after from audit where true",
    );
    where_filter(&mut sql, filter);
    let order = match cursor {
        Some(Cursor {
            direction: Direction::Previous,
            id,
            ..
        }) => {
            sql.and("seq >", id);
            " order by seq limit "
        }
        Some(Cursor { id, .. }) => {
            sql.and("seq <", id);
            " order by seq desc limit "
        }
        None => " order by seq desc limit ",
    };
    sql.push(order).bind(limit);
    tx.select(&sql, read)
}

/// How many entries match, counted up to `limit`.
pub(super) fn count(tx: &mut Tx<'_>, filter: &AuditFilter, limit: i64) -> Result<i64, StoreError> {
    let mut sql = Sql::new("select count(*) from (select seq from audit where true");
    where_filter(&mut sql, filter);
    sql.push(" limit ").bind(limit).push(") counted");
    Ok(tx
        .select(&sql, |row| row.get(0))?
        .first()
        .copied()
        .unwrap_or(0))
}

fn where_filter<'a>(sql: &mut Sql<'a>, filter: &'a AuditFilter) {
    if let Some(actor) = &filter.actor {
        sql.and("actor =", actor);
    }
    match &filter.action {
        // Every action of a kind begins alike, and `.` sorts just before `/`.
        Some(action) if action.ends_with('.') => {
            sql.push(" and strpos(action, ").bind(action).push(") = 1");
        }
        Some(action) => {
            sql.and("action =", action);
        }
        None => {}
    }
    if let Some(kind) = &filter.object_kind {
        sql.and("object_kind =", kind);
    }
    if let Some(id) = &filter.object_id {
        sql.and("object_id =", id);
    }
    if let Some(address) = &filter.address {
        sql.and("address =", address);
    }
    let mut time = |condition, at: Option<Timestamp>| {
        if let Some(at) = at {
            sql.and(condition, at);
        }
    };
    time("at >=", filter.from);
    time("at <", filter.to);
}
