//! Sources over HTTP.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use axum::Json as Reply;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::{
    CountsBy, NewSource, Preview, Previewed, Source, SourceChange, SourceCounts, SourceFilter,
    Sources,
};
use crate::app::App;
use crate::http::{
    Caller, Count, Here, IfMatch, Json, List, PageQuery, PageRequest, Params, PathId, Problem,
    with_etag,
};
use crate::repeats::{Answer, RepeatKey};

/// Lists sources, newest first: those described and those that reported.
#[utoipa::path(
    get,
    path = "/api/sources/",
    operation_id = "list_sources",
    tag = "sources",
    params(
        ("described" = Option<bool>, Query, description = "Only those somebody described, or only the others"),
        ("kind" = Option<String>, Query, description = "Only those described as of this format", example = "suricata"),
        ("search" = Option<String>, Query, description = "Part of a name, in any case; among the newest 10,000"),
        PageQuery,
    ),
    responses((status = 200, description = "A page of sources", body = List<Source>)),
)]
pub async fn list(
    State(app): State<App>,
    here: Here,
    mut params: Params,
) -> Result<Reply<List<Source>>, Problem> {
    let filter = SourceFilter {
        described: params.flag("described"),
        kind: params.text("kind"),
        search: params.text("search"),
        name: None,
    };
    let page = PageRequest::take(&mut params);
    params.finish()?;
    let (rows, count) = super::list(&app, filter, page.cursor, page.rows_wanted()).await?;
    let count = Count::up_to_max(count);
    Ok(Reply(List::by_id(
        &here,
        &page,
        rows,
        count,
        None,
        |source| source.id,
    )))
}

/// Describes a source, whether it has reported already or not.
#[utoipa::path(
    post,
    path = "/api/sources/",
    operation_id = "create_source",
    tag = "sources",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless"),
    ),
    request_body(
        content = NewSource,
        example = json!({
            "name": "shop", "kind": "json", "description": "The web shop's own log",
            "profile": {
                "default_type": "payment", "highest_severity": "HIGH",
                "severities": {"sev1": "CRITICAL", "sev2": "HIGH"},
                "mapping": {"severity": "/level", "description": "/what", "ip_address": "/client/ip"},
                "labels": {"team": "payments"},
            },
            "rate_limit": 200, "silent_after": 3600,
        }),
    ),
    responses(
        (status = 201, description = "The source", body = Source),
        (status = 409, description = "It is described already, 10,000 are, or the Idempotency-Key was used with another body"),
    ),
)]
pub async fn create(
    State(app): State<App>,
    State(sources): State<Sources>,
    caller: Caller,
    repeat: RepeatKey,
    params: Params,
    body: Json<NewSource>,
) -> Result<Answer, Problem> {
    params.finish()?;
    let repeat = repeat.bind(&caller, "/api/sources/", body.digest);
    Ok(super::create(&app, &sources, caller, repeat, body.value).await?)
}

/// Shows one source.
#[utoipa::path(
    get,
    path = "/api/sources/{id}/",
    operation_id = "get_source",
    tag = "sources",
    params(("id" = i64, Path, description = "The source's id")),
    responses(
        (status = 200, description = "The source; `ETag` is its version", body = Source),
        (status = 404, description = "No such source"),
    ),
)]
pub async fn detail(
    State(app): State<App>,
    PathId(id): PathId,
    params: Params,
) -> Result<Response, Problem> {
    params.finish()?;
    let source = super::get(&app, id).await?;
    Ok(with_etag(&source, source.version))
}

/// Changes what is said of a source, or describes one that nobody described.
///
/// It counts on this server at once, on others within 2 seconds. `profile` is replaced as a whole.
#[utoipa::path(
    patch,
    path = "/api/sources/{id}/",
    operation_id = "change_source",
    tag = "sources",
    params(
        ("id" = i64, Path, description = "The source's id"),
        ("If-Match" = Option<String>, Header, description = "The version the change is meant for"),
    ),
    request_body(content = SourceChange, example = json!({"rate_limit": 500, "silent_after": null})),
    responses(
        (status = 200, description = "The source as it is now; `ETag` is its version", body = Source),
        (status = 404, description = "No such source"),
        (status = 409, description = "It is not described yet, and 10,000 are"),
        (status = 412, description = "It has another version by now"),
    ),
)]
pub async fn update(
    State(app): State<App>,
    State(sources): State<Sources>,
    caller: Caller,
    PathId(id): PathId,
    IfMatch(version): IfMatch,
    params: Params,
    body: Json<SourceChange>,
) -> Result<Response, Problem> {
    params.finish()?;
    let source = super::change(&app, &sources, caller, id, version, body.value).await?;
    Ok(with_etag(&source, source.version))
}

/// Takes a source's description away; its events, its keys and its name stay.
#[utoipa::path(
    delete,
    path = "/api/sources/{id}/",
    operation_id = "delete_source",
    tag = "sources",
    params(
        ("id" = i64, Path, description = "The source's id"),
        ("If-Match" = Option<String>, Header, description = "The version the deletion is meant for"),
    ),
    responses(
        (status = 204, description = "It is described no longer"),
        (status = 404, description = "No such source"),
        (status = 412, description = "It has another version by now"),
    ),
)]
pub async fn remove(
    State(app): State<App>,
    State(sources): State<Sources>,
    caller: Caller,
    PathId(id): PathId,
    IfMatch(version): IfMatch,
    params: Params,
) -> Result<StatusCode, Problem> {
    params.finish()?;
    super::delete(&app, &sources, caller, id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Counts what became of a source's records, by hour or day, in UTC.
///
/// `received` is `accepted` and `rejected` and `throttled`; the last seconds may be missing. Counts
/// are kept for 90 days.
#[utoipa::path(
    get,
    path = "/api/sources/{id}/counts/",
    operation_id = "count_source",
    tag = "sources",
    params(
        ("id" = i64, Path, description = "The source's id"),
        ("by" = Option<String>, Query, description = "hour or day, default hour"),
        ("spans" = Option<u32>, Query, description = "How many, the one that has begun included: 1 to 168 hours, default 24; 1 to 90 days, default 30"),
    ),
    responses(
        (status = 200, description = "The counts, oldest first", body = SourceCounts),
        (status = 404, description = "No such source"),
    ),
)]
pub async fn counts(
    State(app): State<App>,
    PathId(id): PathId,
    mut params: Params,
) -> Result<Reply<SourceCounts>, Problem> {
    let by = params.value::<CountsBy>("by").unwrap_or(CountsBy::Hour);
    let (usual, most) = by.spans();
    let spans = params.value::<u32>("spans").unwrap_or(usual);
    if !(1..=most).contains(&spans) {
        params.refuse("spans", format!("must be 1 to {most}"));
    }
    params.finish()?;
    Ok(Reply(super::counts(&app, id, by, spans).await?))
}

/// Shows the events a sample would become, and stores nothing.
///
/// For trying a profile out: `sample` is read exactly as a body of that format would be on its way
/// in.
#[utoipa::path(
    post,
    path = "/api/sources/preview/",
    operation_id = "preview_source",
    tag = "sources",
    request_body(
        content = Preview,
        example = json!({
            "kind": "json",
            "profile": {"mapping": {"severity": "/level", "description": "/what"}, "severities": {"sev2": "HIGH"}},
            "sample": {"what": "card refused", "level": "sev2", "client": {"ip": "203.0.113.9"}},
        }),
    ),
    responses((status = 200, description = "What would become of each record", body = Previewed)),
)]
pub async fn preview(
    State(app): State<App>,
    State(sources): State<Sources>,
    params: Params,
    body: Json<Preview>,
) -> Result<Reply<Previewed>, Problem> {
    params.finish()?;
    Ok(Reply(super::preview(&app, &sources, body.value).await?))
}
