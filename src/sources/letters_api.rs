//! Rejected records over HTTP.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use axum::Json as Reply;
use axum::extract::State;
use serde::Serialize;

use super::{LetterFilter, RejectedRecord, Sources};
use crate::app::App;
use crate::http::{Caller, Count, Here, List, PageQuery, PageRequest, Params, PathId, Problem};

/// How many rejected records were deleted.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Cleared {
    /// So many.
    #[schema(example = 37)]
    pub cleared: u64,
}

fn filter(params: &mut Params) -> LetterFilter {
    LetterFilter {
        source: params.text("source"),
        format: params.text("format"),
    }
}

/// Lists records that were refused, newest first: the newest 10,000, at most 10 MB, are kept.
#[utoipa::path(
    get,
    path = "/api/dead-letters/",
    operation_id = "list_dead_letters",
    tag = "sources",
    params(
        ("source" = Option<String>, Query, description = "Only of this source", example = "fw-01"),
        ("format" = Option<String>, Query, description = "Only those read by this format; `event` for our own", example = "suricata"),
        PageQuery,
    ),
    responses((status = 200, description = "A page of rejected records", body = List<RejectedRecord>)),
)]
pub async fn list(
    State(app): State<App>,
    here: Here,
    mut params: Params,
) -> Result<Reply<List<RejectedRecord>>, Problem> {
    let filter = filter(&mut params);
    let page = PageRequest::take(&mut params);
    params.finish()?;
    let (rows, count) = super::letters(&app, filter, page.cursor, page.rows_wanted()).await?;
    let count = Count::exactly(count);
    Ok(Reply(List::by_id(
        &here,
        &page,
        rows,
        count,
        None,
        |letter| letter.id,
    )))
}

/// Shows one rejected record.
#[utoipa::path(
    get,
    path = "/api/dead-letters/{id}/",
    operation_id = "get_dead_letter",
    tag = "sources",
    params(("id" = i64, Path, description = "The record's id")),
    responses(
        (status = 200, description = "The record", body = RejectedRecord),
        (status = 404, description = "No such record, or it had to make room for newer ones"),
    ),
)]
pub async fn detail(
    State(app): State<App>,
    PathId(id): PathId,
    params: Params,
) -> Result<Reply<RejectedRecord>, Problem> {
    params.finish()?;
    Ok(Reply(super::letter(&app, id).await?))
}

/// Deletes rejected records: all, or those the filters name.
#[utoipa::path(
    delete,
    path = "/api/dead-letters/",
    operation_id = "clear_dead_letters",
    tag = "sources",
    params(
        ("source" = Option<String>, Query, description = "Only of this source", example = "fw-01"),
        ("format" = Option<String>, Query, description = "Only those read by this format", example = "suricata"),
    ),
    responses((status = 200, description = "How many were deleted", body = Cleared)),
)]
pub async fn clear(
    State(app): State<App>,
    State(sources): State<Sources>,
    caller: Caller,
    mut params: Params,
) -> Result<Reply<Cleared>, Problem> {
    let filter = filter(&mut params);
    params.finish()?;
    let cleared = super::clear_letters(&app, &sources, caller, filter).await?;
    Ok(Reply(Cleared { cleared }))
}
