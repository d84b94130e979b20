//! Writing down what was counted and what was refused, every few seconds and at the end.

use base::Timestamp;
use store::{StoreError, Tx};

use super::counts::{Counts, Outcome, join};
use super::dead_letters::DeadLetter;
use super::registry::Sources;
use super::sql;
use crate::app::App;

/// Rejected records kept.
pub const LETTERS_MAX: usize = 10_000;
/// Bytes they may have together: 10 MB.
const LETTERS_BYTES_MAX: i64 = 10_000_000;
/// Days counts by the hour are kept.
pub const COUNTS_DAYS: i64 = 90;

/// Counts the database did not take yet.
#[derive(Debug, Default)]
pub(super) struct Unwritten(Counts);

/// Writes down what was counted of each source, and the records that were refused.
///
/// What the database does not take is kept for the next time: counts always, records as long as
/// there is room. A server that is killed loses the last 2 seconds of both.
///
/// # Errors
/// The database's fault.
pub async fn flush(app: &App, sources: &Sources) -> Result<(), StoreError> {
    // The others wait: whoever writes last has seen what the one before could not write.
    let mut unwritten = sources.unwritten().lock().await;
    let fresh = sources.counters().take();
    measure(app, sources, &fresh);
    join(&mut unwritten.0, fresh);
    let (letters, lost) = sources.dead_letters().take();
    app.metrics.letters_dropped(lost);
    if unwritten.0.is_empty() && letters.is_empty() {
        return Ok(());
    }
    let (counts, kept) = (unwritten.0.clone(), letters.clone());
    let written = app.store.write(move |tx| write(tx, &counts, &kept)).await;
    match written {
        Ok(dropped) => {
            unwritten.0.clear();
            app.metrics.letters_dropped(dropped);
            Ok(())
        }
        Err(error) => {
            sources.dead_letters().put_back(letters);
            Err(error)
        }
    }
}

/// Writes both; how many old records had to go.
fn write(tx: &mut Tx<'_>, counts: &Counts, letters: &[DeadLetter]) -> Result<u64, StoreError> {
    let strangers = sql::strangers(tx, counts)?;
    sql::write_counts(tx, counts, &strangers)?;
    sql::write_seen(tx, counts, &strangers)?;
    if letters.is_empty() {
        return Ok(0);
    }
    sql::insert_letters(tx, letters)?;
    sql::trim_letters(tx, (LETTERS_MAX, LETTERS_BYTES_MAX))
}

/// Shows what was counted to whoever reads the metrics.
fn measure(app: &App, sources: &Sources, counts: &Counts) {
    for (name, counted) in counts.values().flatten() {
        // A name costs its sender nothing as long as no event of it was stored.
        let is_known = counted.of(Outcome::Accepted) > 0 || sources.is_described(name);
        let outcomes = Outcome::ALL.map(|outcome| (outcome.word(), counted.of(outcome)));
        app.metrics.records(name, is_known, outcomes);
    }
}

/// Forgets counts older than 90 days; returns how many.
///
/// # Errors
/// The database's fault.
pub fn forget_counts(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    sql::forget_counts(
        tx,
        now.hour().saturating_sub(COUNTS_DAYS.saturating_mul(24)),
    )
}
