//! The records that were refused, as they are looked at.

use base::{Cursor, Timestamp};
use serde::Serialize;
use store::StoreError;

use super::error::SourceError;
use super::flush::flush;
use super::registry::Sources;
use super::sql;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::http::{Caller, FieldErrors};

/// A record that was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct RejectedRecord {
    /// Its id.
    #[schema(example = 812)]
    pub id: i64,
    /// When it came.
    pub received_at: Timestamp,
    /// The source it is counted under: the one its sender is bound to, else the sender's name.
    #[schema(example = "fw-01")]
    pub source: String,
    /// The format it was read by; `event` for our own.
    #[schema(example = "suricata")]
    pub format: String,
    /// Its place in the request, from 0.
    #[schema(example = 0)]
    pub index: i64,
    /// What is wrong with it, by field; the first 8 KiB.
    #[schema(value_type = std::collections::HashMap<String, Vec<String>>)]
    pub errors: FieldErrors,
    /// How long it was, in bytes.
    #[schema(example = 512)]
    pub size: i64,
    /// Its beginning, at most 4 KiB of it; what is no UTF-8 and U+0000 are replaced.
    #[schema(example = "{\"severity\": \"severe\"}")]
    pub excerpt: String,
    /// The id of the person who sent it.
    pub user_id: Option<i64>,
    /// The id of the ingest key that sent it.
    pub key_id: Option<i64>,
    /// The sender's address.
    #[schema(example = "192.0.2.7")]
    pub address: String,
}

/// Which rejected records are wanted; all of what is given must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LetterFilter {
    /// Of this source.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Of this format.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// A page of rejected records, newest first, oldest first when going back from a cursor; and how
/// many there are.
///
/// # Errors
/// The database's fault.
pub async fn letters(
    app: &App,
    filter: LetterFilter,
    cursor: Option<Cursor>,
    limit: i64,
) -> Result<(Vec<RejectedRecord>, i64), StoreError> {
    app.store
        .read(move |tx| {
            let rows = sql::letters(tx, &filter, cursor, limit)?;
            Ok((rows, sql::count_letters(tx, &filter)?))
        })
        .await
}

/// One rejected record.
///
/// # Errors
/// [`SourceError::NoLetter`], also for one that had to make room for newer ones.
pub async fn letter(app: &App, id: i64) -> Result<RejectedRecord, SourceError> {
    app.store
        .read(move |tx| sql::letter(tx, id)?.ok_or(SourceError::NoLetter(id)))
        .await
}

/// Deletes rejected records, audited; returns how many.
///
/// # Errors
/// The database's fault.
pub async fn clear_letters(
    app: &App,
    sources: &Sources,
    caller: Caller,
    filter: LetterFilter,
) -> Result<u64, StoreError> {
    // Those that wait were refused before this was asked for. Whoever asked may hang up meanwhile,
    // and what was written must not be written again.
    let flushing = {
        let (app, sources) = (app.clone(), sources.clone());
        async move { flush(&app, &sources).await }
    };
    let flushed = app.tasks.spawn(flushing).await;
    flushed.map_err(|error| StoreError::Unavailable(error.to_string().into()))??;
    let now = app.clock.now();
    app.store
        .write(move |tx| {
            let cleared = sql::clear_letters(tx, &filter)?;
            if cleared > 0 {
                let entry = Entry::new("dead_letters.cleared");
                let after = serde_json::json!({"filter": filter, "cleared": cleared});
                audit::append(tx, &caller, now, entry.after(after))?;
            }
            Ok(cleared)
        })
        .await
}
