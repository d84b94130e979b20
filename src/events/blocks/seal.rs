//! Sealing blocks in the background: claim, wait, read, keep.

use std::time::Duration;

use base::{EventId, Timestamp};
use rand::RngExt as _;
use store::{StoreError, Tx};

use super::gather::{Filter, Gathered};
use super::{BLOCK, PART};
use crate::app::App;
use crate::events::sql::{self, Claim, Range};

/// Blocks claimed at once: their filters lie side by side, so that one commit writes a page once
/// for several.
const CLAIMS: usize = 8;
/// Claims as old as this are of a server that is gone.
const ABANDONED: Duration = Duration::from_mins(2);
/// How often, and how long apart, it is looked whether the transactions under way have ended.
const LOOKS: u32 = 100;
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// How events are gathered into blocks; tests make them small.
#[derive(Clone, Copy, Debug)]
pub struct Sealing {
    /// Events of a block.
    pub block: i64,
    /// Events of a part, at most 48 of which make a block.
    pub part: usize,
    /// How old the newest event of a block must be. It saves work and keeps nothing right: that is
    /// done by the claims.
    pub settled: Duration,
}

impl Default for Sealing {
    fn default() -> Self {
        Self {
            block: BLOCK,
            part: PART,
            settled: Duration::from_secs(10),
        }
    }
}

/// Makes filters for all events that have none and are many enough; returns for how many.
///
/// It rests as long as it works, so that it never takes more than half of a processor.
///
/// # Errors
/// The database's fault; what is sealed by then stays.
pub async fn seal(app: &App, sealing: Sealing) -> Result<u64, StoreError> {
    let mut sealed = 0_u64;
    while !app.stop.is_cancelled() {
        let started = app.clock.now();
        let below = EventId::first_at(started.minus(sealing.settled));
        let ranges = app
            .store
            .read(move |tx| uncovered(tx, sealing.block, below, CLAIMS))
            .await?;
        if ranges.is_empty() {
            break;
        }
        let claims = claim(app, started, ranges).await?;
        if claims.is_empty() || !others_ended(app).await? {
            give_up(app, &claims).await?;
            break;
        }
        let mut blocks = Vec::with_capacity(claims.len());
        for claim in claims {
            if let Some(filter) = gather(app, claim, sealing).await? {
                blocks.push((claim, filter));
            } else {
                give_up(app, &[claim]).await?;
            }
        }
        let kept = keep(app, blocks).await?;
        sealed = sealed.saturating_add(kept);
        if kept == 0 {
            break;
        }
        let pause = app.clock.now().since(started).min(Duration::from_secs(2));
        app.rest(pause).await;
    }
    Ok(sealed)
}

/// Ids that no block covers and that could be blocks, at most so many.
fn uncovered(
    tx: &mut Tx<'_>,
    block: i64,
    below: EventId,
    most: usize,
) -> Result<Vec<Range>, StoreError> {
    let covered = sql::covered(tx)?;
    let Some(lowest) = sql::lowest(tx)? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    let mut first = lowest.number();
    for next in covered {
        let hole = Range {
            first,
            last: next.first.saturating_sub(1),
        };
        first = first.max(next.last.saturating_add(1));
        cut(tx, hole, block, true, most, &mut found)?;
    }
    let end = Range {
        first,
        last: below.number().saturating_sub(1),
    };
    cut(tx, end, block, false, most, &mut found)?;
    Ok(found)
}

/// Cuts a range into blocks; what is left over is one too when other blocks follow it.
fn cut(
    tx: &mut Tx<'_>,
    mut range: Range,
    block: i64,
    is_between: bool,
    most: usize,
    found: &mut Vec<Range>,
) -> Result<(), StoreError> {
    while range.first <= range.last && found.len() < most {
        let mut nth = |n| {
            let id = sql::nth(tx, range.first, n)?;
            Ok::<_, StoreError>(id.filter(|id| *id <= range.last))
        };
        // First whether there is any: the other looks at events behind a small range as well.
        if nth(0)?.is_none() {
            break;
        }
        let Some(last) = nth(block.saturating_sub(1))? else {
            if is_between {
                found.push(range);
            }
            break;
        };
        found.push(Range { last, ..range });
        range.first = last.saturating_add(1);
    }
    Ok(())
}

async fn claim(app: &App, now: Timestamp, ranges: Vec<Range>) -> Result<Vec<Claim>, StoreError> {
    app.store
        .write(move |tx| {
            let mark = || rand::rng().random::<i64>();
            sql::claim(tx, now, now.minus(ABANDONED), &ranges, mark)
        })
        .await
}

async fn give_up(app: &App, claims: &[Claim]) -> Result<(), StoreError> {
    let claims = claims.to_vec();
    app.store
        .write(move |tx| claims.iter().try_for_each(|claim| sql::give_up(tx, *claim)))
        .await
}

/// Waits until every transaction has ended that may have written before it could see the claims.
async fn others_ended(app: &App) -> Result<bool, StoreError> {
    let (begun, _) = app.store.read(sql::horizon).await?;
    for _ in 0..LOOKS {
        let (_, ended) = app.store.read(sql::horizon).await?;
        if ended >= begun {
            return Ok(true);
        }
        app.rest(BETWEEN_LOOKS).await;
    }
    Ok(false)
}

/// Reads the events of a block, a part at a time; `None` when there are far more than expected.
async fn gather(app: &App, claim: Claim, sealing: Sealing) -> Result<Option<Filter>, StoreError> {
    let mut gathered = Gathered::new(sealing.part);
    let mut range = claim.range;
    loop {
        let (read, more, fits) = app
            .store
            .read(move |tx| {
                let mut fits = true;
                let more = sql::contents(tx, range, sealing.part, |event| {
                    fits &= gathered.add(event).is_some();
                })?;
                Ok::<_, StoreError>((gathered, more, fits))
            })
            .await?;
        gathered = read;
        match more {
            _ if !fits => return Ok(None),
            Some(last) => range.first = last.saturating_add(1),
            None => break,
        }
    }
    let made = tokio::task::spawn_blocking(move || gathered.filter()).await;
    made.map(Some)
        .map_err(|error| StoreError::Unavailable(error.to_string().into()))
}

/// Keeps the filters of what has not changed meanwhile, each in a short transaction of its own;
/// returns how many.
async fn keep(app: &App, blocks: Vec<(Claim, Filter)>) -> Result<u64, StoreError> {
    let mut kept = 0_u64;
    for (claim, filter) in blocks {
        let is_kept = app
            .store
            .write(move |tx| sql::keep(tx, claim, &filter))
            .await?;
        kept = kept.saturating_add(u64::from(is_kept));
    }
    Ok(kept)
}
