//! Saved views over HTTP.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use std::collections::BTreeMap;

use axum::Json as Reply;
use axum::extract::State;
use axum::response::Response;
use http::StatusCode;

use super::{COUNTED_MAX, NewView, View, ViewChange, ViewCount, ViewPage};
use crate::app::App;
use crate::http::{
    Caller, Count, Here, IfMatch, Json, List, PageQuery, PageRequest, Params, PathId, Problem,
    with_etag,
};
use crate::repeats::{Answer, RepeatKey};

/// Lists your own views and the shared ones, newest first.
#[utoipa::path(
    get,
    path = "/api/views/",
    operation_id = "list_views",
    tag = "views",
    params(
        ("of" = Option<String>, Query, description = "alerts or events: only views of this list", example = "alerts"),
        PageQuery,
    ),
    responses((status = 200, description = "A page of views", body = List<View>)),
)]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    here: Here,
    mut params: Params,
) -> Result<Reply<List<View>>, Problem> {
    let of = params.value::<ViewPage>("of");
    let page = PageRequest::take(&mut params);
    params.finish()?;
    let (user, _) = caller.user()?;
    let (rows, count) = super::page(&app, user, of, page.cursor, page.rows_wanted()).await?;
    let count = Count::up_to_max(count);
    Ok(Reply(List::by_id(
        &here,
        &page,
        rows,
        count,
        None,
        |view| view.id,
    )))
}

/// Keeps a view: a search with its columns, order and grouping.
#[utoipa::path(
    post,
    path = "/api/views/",
    operation_id = "create_view",
    tag = "views",
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "Makes a repetition harmless"),
    ),
    request_body(
        content = NewView,
        example = json!({
            "name": "Needs action", "page": "alerts", "query": "status:open severity:critical",
            "columns": ["severity", "status", "title"], "sort": "-severity", "default": true,
        }),
    ),
    responses(
        (status = 201, description = "The view", body = View),
        (status = 409, description = "You have 100 views already, or the Idempotency-Key was used with another body"),
    ),
)]
pub async fn create(
    State(app): State<App>,
    caller: Caller,
    repeat: RepeatKey,
    params: Params,
    body: Json<NewView>,
) -> Result<Answer, Problem> {
    params.finish()?;
    let repeat = repeat.bind(&caller, "/api/views/", body.digest);
    Ok(super::create(&app, caller, repeat, body.value).await?)
}

/// Shows one view.
#[utoipa::path(
    get,
    path = "/api/views/{id}/",
    operation_id = "get_view",
    tag = "views",
    params(("id" = i64, Path, description = "The view's id")),
    responses(
        (status = 200, description = "The view; `ETag` is its version", body = View),
        (status = 404, description = "No such view that you can see"),
    ),
)]
pub async fn detail(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    params: Params,
) -> Result<Response, Problem> {
    params.finish()?;
    let (user, _) = caller.user()?;
    let view = super::get(&app, user, id).await?;
    Ok(with_etag(&view, view.version))
}

/// Changes a view, or makes it your default.
///
/// Your own views are yours to change; shared ones are the administrators'. `default` is for
/// everyone, of each view they see: setting another clears the first.
#[utoipa::path(
    patch,
    path = "/api/views/{id}/",
    operation_id = "change_view",
    tag = "views",
    params(
        ("id" = i64, Path, description = "The view's id"),
        ("If-Match" = Option<String>, Header, description = "The version the change is meant for"),
    ),
    request_body(content = ViewChange, example = json!({"name": "Mine", "default": true})),
    responses(
        (status = 200, description = "The view as it is now; `ETag` is its version", body = View),
        (status = 404, description = "No such view that you can see"),
        (status = 412, description = "It has another version by now"),
    ),
)]
pub async fn update(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    IfMatch(version): IfMatch,
    params: Params,
    body: Json<ViewChange>,
) -> Result<Response, Problem> {
    params.finish()?;
    let view = super::change(&app, caller, id, version, body.value).await?;
    Ok(with_etag(&view, view.version))
}

/// Deletes a view.
#[utoipa::path(
    delete,
    path = "/api/views/{id}/",
    operation_id = "delete_view",
    tag = "views",
    params(
        ("id" = i64, Path, description = "The view's id"),
        ("If-Match" = Option<String>, Header, description = "The version the deletion is meant for"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "No such view that you can see"),
        (status = 412, description = "It has another version by now"),
    ),
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    IfMatch(version): IfMatch,
    params: Params,
) -> Result<StatusCode, Problem> {
    params.finish()?;
    super::delete(&app, caller, id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Counts the alerts each of some views finds, for badges.
///
/// Counted as the list counts: kept counts where they can tell, else at least so many. Views of
/// events, and views you do not see, are left out.
#[utoipa::path(
    get,
    path = "/api/views/counts/",
    operation_id = "count_views",
    tag = "views",
    params(("ids" = String, Query, description = "1 to 20 ids of views, by comma", example = "1,2")),
    responses((
        status = 200, description = "For each view its count", body = BTreeMap<String, ViewCount>,
        example = json!({"1": {"count": 15, "exact": true}, "2": {"count": 3, "exact": true}}),
    )),
)]
pub async fn counts(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Reply<BTreeMap<i64, ViewCount>>, Problem> {
    let mut ids = params.values::<i64>("ids");
    ids.sort_unstable();
    ids.dedup();
    if !(1..=COUNTED_MAX).contains(&ids.len()) {
        params.refuse(
            "ids",
            format!("must be 1 to {COUNTED_MAX} ids of views, by comma"),
        );
    }
    params.finish()?;
    let (user, _) = caller.user()?;
    Ok(Reply(super::counts(&app, user, ids).await?))
}
