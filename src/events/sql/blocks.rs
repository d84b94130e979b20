//! Statements on blocks and their filters.

use base::{Severity, Timestamp};
use store::{Arg, Engine, Sql, StoreError, Tx};

use super::super::blocks::{Content, Filter, SLICES};

/// The lock under which servers claim blocks, one at a time.
const CLAIMING: i64 = 0x5741_5443_4801;

/// Ids from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Range {
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// A sealed block as a search sees it.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) range: Range,
    pub(crate) events: i64,
    pub(crate) starts: Vec<u8>,
    pub(crate) open_parts: i64,
}

/// A block whose events are being read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) range: Range,
    pub(crate) mark: i64,
}

/// Gives up every block that covers an id of the range: what was read of it is out of date.
///
/// To be called behind the write: see [`super::super::blocks`].
pub(crate) fn touch(tx: &mut Tx<'_>, range: Range) -> Result<(), StoreError> {
    loop {
        // The last that begins before the end: of new events it says that it ends before them.
        let last: Option<Range> = tx.query_opt(
            "select first_id, last_id from event_blocks where first_id <= $1 \
             order by first_id desc limit 1",
            &[range.last.into()],
            |row| {
                Ok(Range {
                    first: row.get(0)?,
                    last: row.get(1)?,
                })
            },
        )?;
        match last {
            Some(block) if block.last >= range.first => remove(tx, &[block.first])?,
            _ => return Ok(()),
        }
    }
}

/// Deletes blocks with their filters.
pub(crate) fn remove(tx: &mut Tx<'_>, firsts: &[i64]) -> Result<(), StoreError> {
    for first in firsts {
        tx.execute(
            "delete from event_blocks where first_id = $1",
            &[(*first).into()],
        )?;
        let bits: Vec<Vec<Arg<'_>>> = (0..SLICES)
            .map(|slice| vec![slice.into(), (*first).into()])
            .collect();
        tx.execute_many(
            "delete from event_block_bits where slice = $1 and first_id = $2",
            &bits,
        )?;
    }
    Ok(())
}

/// Sealed blocks that cover ids of a range, in the order they are walked.
pub(crate) fn sealed(
    tx: &mut Tx<'_>,
    range: Range,
    upwards: bool,
    limit: usize,
) -> Result<Vec<Block>, StoreError> {
    let mut sql = Sql::new(
        "select first_id, last_id, n, starts, open_parts from event_blocks where sealed = true",
    );
    sql.and("first_id <=", range.last);
    if upwards {
        sql.and("last_id >=", range.first).push(" and first_id >= ");
        // Blocks do not overlap: of those that begin before the range only the last can reach it.
        sql.push("coalesce((select max(first_id) from event_blocks where first_id <= ")
            .bind(range.first)
            .push("), 0) order by first_id limit ");
    } else {
        sql.push(" order by first_id desc limit ");
    }
    sql.bind(i64::try_from(limit).unwrap_or(i64::MAX));
    let mut blocks = tx.select(&sql, |row| {
        Ok(Block {
            range: Range {
                first: row.get(0)?,
                last: row.get(1)?,
            },
            events: row.get(2)?,
            starts: row.get(3)?,
            open_parts: row.get(4)?,
        })
    })?;
    blocks.retain(|block| block.range.last >= range.first);
    Ok(blocks)
}

/// One slice of the filters of the blocks that begin in a range, by the blocks' first ids.
pub(crate) fn bits(
    tx: &mut Tx<'_>,
    slice: u8,
    firsts: Range,
    mut read: impl FnMut(i64, &[u8]),
) -> Result<(), StoreError> {
    tx.query(
        "select first_id, bits from event_block_bits where slice = $1 and first_id >= $2 \
         and first_id <= $3",
        &[slice.into(), firsts.first.into(), firsts.last.into()],
        |row| {
            let bits: Vec<u8> = row.get(1)?;
            read(row.get(0)?, &bits);
            Ok(())
        },
    )?;
    Ok(())
}

/// What every block covers, oldest first.
pub(crate) fn covered(tx: &mut Tx<'_>) -> Result<Vec<Range>, StoreError> {
    tx.query(
        "select first_id, last_id from event_blocks order by first_id",
        &[],
        |row| {
            Ok(Range {
                first: row.get(0)?,
                last: row.get(1)?,
            })
        },
    )
}

/// The id of the event so many behind the first from an id on, that one being number 0; walks the
/// primary key. No end is given: of a range PostgreSQL without statistics expects so little that
/// it reads and sorts all of it.
pub(crate) fn nth(tx: &mut Tx<'_>, first: i64, n: i64) -> Result<Option<i64>, StoreError> {
    tx.query_opt(
        "select id from events where id >= $1 order by id limit 1 offset $2",
        &[first.into(), n.into()],
        |row| row.get(0),
    )
}

/// Claims blocks; those that another server has claimed meanwhile are left out. Claims made before
/// `abandoned` are given up: whoever made them is gone.
pub(crate) fn claim(
    tx: &mut Tx<'_>,
    now: Timestamp,
    abandoned: Timestamp,
    ranges: &[Range],
    mut mark: impl FnMut() -> i64,
) -> Result<Vec<Claim>, StoreError> {
    if tx.engine() == Engine::Postgres {
        tx.query(
            "select pg_advisory_xact_lock($1)",
            &[CLAIMING.into()],
            |_| Ok(()),
        )?;
    }
    tx.execute(
        "delete from event_blocks where sealed = false and made_at < $1",
        &[abandoned.into()],
    )?;
    let mut claims = Vec::new();
    for range in ranges {
        let before: Option<i64> = tx.query_opt(
            "select last_id from event_blocks where first_id <= $1 order by first_id desc limit 1",
            &[range.last.into()],
            |row| row.get(0),
        )?;
        if before.is_some_and(|last| last >= range.first) {
            continue;
        }
        let mark = mark();
        tx.execute(
            "insert into event_blocks \
             (first_id, last_id, n, starts, open_parts, sealed, mark, made_at) \
             values ($1, $2, 0, $3, 0, false, $4, $5)",
            &[
                range.first.into(),
                range.last.into(),
                Arg::Bytes(&[]),
                mark.into(),
                now.into(),
            ],
        )?;
        claims.push(Claim {
            range: *range,
            mark,
        });
    }
    Ok(claims)
}

/// The first transaction that has not begun yet, and the first that has not ended: once the second
/// has reached what the first was, everything that was under way then has ended. SQLite has one
/// writer: nothing is.
pub(crate) fn horizon(tx: &mut Tx<'_>) -> Result<(i64, i64), StoreError> {
    if tx.engine() == Engine::Sqlite {
        return Ok((0, 0));
    }
    tx.query_one(
        "select txid_snapshot_xmax(txid_current_snapshot()), \
         txid_snapshot_xmin(txid_current_snapshot())",
        &[],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// Reads what events of a range can be found by, in the order of their ids; returns the last id
/// when there may be more.
pub(crate) fn contents(
    tx: &mut Tx<'_>,
    range: Range,
    limit: usize,
    mut read: impl FnMut(&Content<'_>),
) -> Result<Option<i64>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let ids = tx.query(
        "select e.id, e.source_id, s.name, e.event_type_id, e.severity, e.description, \
         e.ip_address, e.country, e.tags, e.attributes \
         from events e join sources s on s.id = e.source_id \
         where e.id >= $1 and e.id <= $2 order by e.id limit $3",
        &[range.first.into(), range.last.into(), limit.into()],
        |row| {
            let id = row.get(0)?;
            let text = |at| row.get::<Option<String>>(at);
            let (name, description): (String, String) = (row.get(2)?, row.get(5)?);
            let (ip_address, country, tags, attributes) = (text(6)?, text(7)?, text(8)?, text(9)?);
            read(&Content {
                id,
                source_id: row.get(1)?,
                source_name: &name,
                event_type_id: row.get(3)?,
                severity: row.get::<Severity>(4)?,
                description: &description,
                ip_address: ip_address.as_deref(),
                country: country.as_deref(),
                tags: tags.as_deref(),
                attributes: attributes.as_deref(),
            });
            Ok(id)
        },
    )?;
    let is_full = i64::try_from(ids.len()).unwrap_or(i64::MAX) >= limit;
    Ok(ids.last().copied().filter(|_| is_full))
}

/// Seals a claimed block; `false` when its events were changed meanwhile, and the claim is gone.
pub(crate) fn keep(tx: &mut Tx<'_>, claim: Claim, filter: &Filter) -> Result<bool, StoreError> {
    let kept = tx.execute(
        "update event_blocks set n = $3, starts = $4, open_parts = $5, sealed = true \
         where first_id = $1 and mark = $2",
        &[
            claim.range.first.into(),
            claim.mark.into(),
            filter.events.into(),
            (&filter.starts).into(),
            filter.open_parts.into(),
        ],
    )?;
    if kept == 0 {
        return Ok(false);
    }
    let rows: Vec<[Arg<'_>; 3]> = (0_i64..)
        .zip(&filter.slices)
        .filter(|(_, bits)| !bits.is_empty())
        .map(|(slice, bits)| [slice.into(), claim.range.first.into(), bits.into()])
        .collect();
    tx.insert_rows(
        "event_block_bits",
        &["slice", "first_id", "bits"],
        rows.into_iter(),
    )?;
    Ok(true)
}

/// Gives a claim up.
pub(crate) fn give_up(tx: &mut Tx<'_>, claim: Claim) -> Result<(), StoreError> {
    tx.execute(
        "delete from event_blocks where first_id = $1 and mark = $2",
        &[claim.range.first.into(), claim.mark.into()],
    )?;
    Ok(())
}

/// Sealed blocks behind one id and wholly before another that hold no event any more, oldest first;
/// looks at the first event of each.
pub(crate) fn empty(
    tx: &mut Tx<'_>,
    after: i64,
    before: i64,
    limit: i64,
) -> Result<Vec<i64>, StoreError> {
    tx.query(
        "select b.first_id from event_blocks b \
         where b.first_id > $1 and b.last_id < $2 and b.sealed = true and not exists \
         (select 1 from events e where e.id >= b.first_id and e.id <= b.last_id) \
         order by b.first_id limit $3",
        &[after.into(), before.into(), limit.into()],
        |row| row.get(0),
    )
}
