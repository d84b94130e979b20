//! What is written down of the counters.

use std::collections::{BTreeMap, BTreeSet};

use base::Timestamp;
use store::{Arg, Sql, StoreError, Tx};

use crate::sources::counts::{Counted, Counts, OTHERS, Outcome};

/// Names looked up by one statement.
const NAMES_MAX: usize = 500;

/// Adds counts to those of their hours, always in the same order: two servers that wrote the same
/// ones in different orders would wait for each other.
///
/// Of `strangers` only what was refused is told apart.
pub(in crate::sources) fn write_counts(
    tx: &mut Tx<'_>,
    counts: &Counts,
    strangers: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let mut sums: BTreeMap<(&str, i64, i64), i64> = BTreeMap::new();
    for (hour, sources) in counts {
        for (name, counted) in sources {
            for outcome in Outcome::ALL {
                let n = i64::try_from(counted.of(outcome)).unwrap_or(i64::MAX);
                if n == 0 {
                    continue;
                }
                let unknown = outcome == Outcome::Throttled && strangers.contains(name);
                let name = if unknown { OTHERS } else { name };
                let sum = sums.entry((name, *hour, outcome.id())).or_default();
                *sum = sum.saturating_add(n);
            }
        }
    }
    let rows: Vec<[Arg<'_>; 4]> = sums
        .iter()
        .map(|((name, hour, outcome), n)| {
            [
                (*name).into(),
                (*hour).into(),
                (*outcome).into(),
                (*n).into(),
            ]
        })
        .collect();
    tx.upsert_rows(
        "source_counts",
        &["source", "hour", "outcome", "n"],
        &rows,
        "on conflict (source, hour, outcome) do update set n = source_counts.n + excluded.n",
    )
}

/// Names that are no source's and came with requests that found no room: told apart, they would
/// fill the tables without a single event being stored.
pub(in crate::sources) fn strangers(
    tx: &mut Tx<'_>,
    counts: &Counts,
) -> Result<BTreeSet<String>, StoreError> {
    let only_throttled = |counted: &Counted| {
        counted.of(Outcome::Accepted) == 0 && counted.of(Outcome::Throttled) > 0
    };
    let mut names: Vec<&str> = counts
        .values()
        .flatten()
        .filter(|(_, counted)| only_throttled(counted))
        .map(|(name, _)| name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut strangers = BTreeSet::new();
    for part in names.chunks(NAMES_MAX) {
        let mut sql = Sql::new("select name from sources where true");
        sql.and_in("name", part.iter().copied());
        let known: Vec<String> = tx.select(&sql, |row| row.get(0))?;
        let unknown = part
            .iter()
            .filter(|name| !known.iter().any(|it| it == *name));
        strangers.extend(unknown.map(|name| (*name).to_owned()));
    }
    Ok(strangers)
}

/// Notes when sources were heard of, in the order of their names.
pub(in crate::sources) fn write_seen(
    tx: &mut Tx<'_>,
    counts: &Counts,
    strangers: &BTreeSet<String>,
) -> Result<(), StoreError> {
    let mut seen: BTreeMap<&str, (Timestamp, Timestamp)> = BTreeMap::new();
    for (name, counted) in counts.values().flatten() {
        let (Some(first), Some(last)) = (counted.first, counted.seen) else {
            continue;
        };
        if strangers.contains(name) && counted.of(Outcome::Rejected) == 0 {
            continue;
        }
        let mine = seen.entry(name).or_insert((first, last));
        *mine = (mine.0.min(first), mine.1.max(last));
    }
    let rows: Vec<[Arg<'_>; 3]> = seen
        .iter()
        .map(|(name, (first, last))| [(*name).into(), (*first).into(), (*last).into()])
        .collect();
    tx.upsert_rows(
        "source_seen",
        &["source", "first_at", "last_at"],
        &rows,
        "on conflict (source) do update set \
         first_at = case when excluded.first_at < source_seen.first_at \
         then excluded.first_at else source_seen.first_at end, \
         last_at = case when excluded.last_at > source_seen.last_at \
         then excluded.last_at else source_seen.last_at end",
    )
}

/// Forgets counts of hours before one, along the primary key; returns how many.
pub(in crate::sources) fn forget_counts(tx: &mut Tx<'_>, before: i64) -> Result<u64, StoreError> {
    let known = tx.execute(
        "delete from source_counts where source in (select source from source_seen) and hour < $1",
        &[before.into()],
    )?;
    let others = tx.execute(
        "delete from source_counts where source = $1 and hour < $2",
        &[OTHERS.into(), before.into()],
    )?;
    Ok(known.saturating_add(others))
}
