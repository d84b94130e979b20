//! Every statement on the sums.

use base::Timestamp;
use store::{Arg, StoreError, Tx};

use super::model::{Kind, Rollup, Stretch};

/// Sums read of one stretch at the most; when there are more, some are left out, and said to be.
const ROWS_MAX: i64 = 150_000;
/// How long sums by the minute are kept, in minutes.
const MINUTES_KEPT: i64 = 2_880;

/// Sums by when (a start or the number of a bucket) and item.
pub type TimeSums = Vec<((i64, i64), i64)>;

/// Sums found, and whether all of them were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sums<K> {
    /// What was found; a key may stand more than once, once for each stretch.
    pub found: Vec<(K, i64)>,
    /// Whether nothing was left out.
    pub exact: bool,
}

impl Rollup {
    /// Writes the changes.
    ///
    /// `shard` (-1 to 32,767) keeps those who write at the same time apart.
    ///
    /// # Errors
    /// The database's fault.
    pub fn write(&self, tx: &mut Tx<'_>, shard: i64) -> Result<(), StoreError> {
        let rows: Vec<[Arg<'_>; 6]> = self
            .0
            .iter()
            .filter(|(_, n)| **n != 0)
            .map(|(key, n)| {
                [
                    key.kind.id().into(),
                    key.span.minutes().into(),
                    key.start.into(),
                    key.item.into(),
                    shard.into(),
                    (*n).into(),
                ]
            })
            .collect();
        tx.upsert_rows(
            "rollups",
            &["kind", "span", "start", "item", "shard", "n"],
            &rows,
            "on conflict (kind, span, start, item, shard) do update set n = rollups.n + excluded.n",
        )
    }
}

/// The sums of a kind by item; along the primary key, at most 150,000 rows a stretch.
///
/// # Errors
/// The database's fault.
pub fn by_item(
    tx: &mut Tx<'_>,
    kind: Kind,
    stretches: &[Stretch],
) -> Result<Sums<i64>, StoreError> {
    let mut found = Vec::new();
    let mut exact = true;
    for stretch in stretches {
        let mut rows_read = 0_i64;
        let sql = "select item, cast(sum(n) as bigint), count(*) from (select item, n \
             from rollups where kind = $1 and span = $2 and start >= $3 and start < $4 limit $5) \
             counted group by item";
        found.extend(tx.query(sql, &arguments(kind, *stretch), |row| {
            rows_read = rows_read.saturating_add(row.get(2)?);
            Ok((row.get(0)?, row.get(1)?))
        })?);
        exact &= rows_read < ROWS_MAX;
    }
    Ok(Sums { found, exact })
}

/// The sums of a kind by start, in minutes since 1970, and item; bounded as [`by_item`].
///
/// # Errors
/// The database's fault.
pub fn by_start(
    tx: &mut Tx<'_>,
    kind: Kind,
    stretches: &[Stretch],
) -> Result<TimeSums, StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = stretches
        .iter()
        .map(|stretch| arguments(kind, *stretch).to_vec())
        .collect();
    tx.query_many(
        "select start, item, cast(sum(n) as bigint) from (select start, item, n from rollups \
         where kind = $1 and span = $2 and start >= $3 and start < $4 limit $5) \
         counted group by start, item",
        &rows,
        |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)),
    )
}

/// The sums of a kind of so many minutes each, by the number of the bucket from the stretch's
/// beginning, and item; bounded as [`by_item`].
///
/// # Errors
/// The database's fault.
pub fn by_bucket(
    tx: &mut Tx<'_>,
    kind: Kind,
    stretch: Stretch,
    bucket_minutes: i64,
) -> Result<TimeSums, StoreError> {
    let mut with_bucket = arguments(kind, stretch).to_vec();
    with_bucket.push(bucket_minutes.max(1).into());
    tx.query(
        "select bucket, item, cast(sum(n) as bigint) from (select (start - $3) / $6 as bucket, \
         item, n from rollups where kind = $1 and span = $2 and start >= $3 and start < $4 \
         limit $5) counted group by bucket, item",
        &with_bucket,
        |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?)),
    )
}

fn arguments(kind: Kind, stretch: Stretch) -> [Arg<'static>; 5] {
    [
        kind.id().into(),
        stretch.span.minutes().into(),
        stretch.from.into(),
        stretch.to.into(),
        ROWS_MAX.into(),
    ]
}

/// Forgets sums by the minute that are older than two days; returns how many.
///
/// # Errors
/// The database's fault.
pub fn forget_minutes(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    let oldest = now
        .micros()
        .div_euclid(60_000_000)
        .saturating_sub(MINUTES_KEPT);
    let mut forgotten = 0_u64;
    for kind in [Kind::EventSeverity, Kind::OpenFlow] {
        let n = tx.execute(
            "delete from rollups where kind = $1 and span = 1 and start < $2",
            &[kind.id().into(), oldest.into()],
        )?;
        forgotten = forgotten.saturating_add(n);
    }
    Ok(forgotten)
}
