//! The activity log over HTTP.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use futures_util::stream;
use http::{HeaderValue, header};

use super::chain::{Verification, verify};
use super::model::{AuditEntry, AuditFilter};
use super::sql;
use crate::app::App;
use crate::http::{Count, Here, List, PageQuery, PageRequest, Params, Problem};

/// Entries read at a time for an export.
const EXPORT_PART: i64 = 1_000;

fn filter(params: &mut Params) -> AuditFilter {
    AuditFilter {
        actor: params.text("actor"),
        action: params.text("action"),
        object_kind: params.text("object_kind"),
        object_id: params.text("object_id"),
        address: params.text("address"),
        from: params.time("from"),
        to: params.time("to"),
    }
}

/// Lists the activity log, newest first.
#[utoipa::path(
    get,
    path = "/api/audit/",
    tag = "audit",
    params(
        ("actor" = Option<String>, Query, description = "User name, or key name"),
        ("action" = Option<String>, Query, description = "Action; `alert.` means every action on alerts"),
        ("object_kind" = Option<String>, Query),
        ("object_id" = Option<String>, Query),
        ("address" = Option<String>, Query, description = "Client address"),
        ("from" = Option<String>, Query, description = "From this time on (RFC 3339)"),
        ("to" = Option<String>, Query, description = "Before this time"),
        PageQuery,
    ),
    responses((status = 200, description = "A page of the log", body = List<AuditEntry>)),
)]
pub async fn list(
    State(app): State<App>,
    here: Here,
    mut params: Params,
) -> Result<Json<List<AuditEntry>>, Problem> {
    let filter = filter(&mut params);
    let page = PageRequest::take(&mut params);
    params.finish()?;
    let (rows, count) = super::list(&app.store, filter, page.cursor, page.rows_wanted()).await?;
    let count = Count::up_to_max(count);
    Ok(Json(List::by_id(
        &here,
        &page,
        rows,
        count,
        None,
        |entry| entry.seq,
    )))
}

/// Verifies the chain of the activity log and names the first broken entry.
#[utoipa::path(
    get,
    path = "/api/audit/verify/",
    tag = "audit",
    responses((status = 200, description = "What was found", body = Verification)),
)]
pub async fn verify_chain(State(app): State<App>) -> Result<Json<Verification>, Problem> {
    Ok(Json(verify(&app.store).await?))
}

/// Exports the activity log as NDJSON, oldest first, streamed.
#[utoipa::path(
    get,
    path = "/api/audit/export/",
    tag = "audit",
    responses(
        (status = 200, description = "One entry a line", content_type = "application/x-ndjson", body = String),
        (status = 400, description = "An unknown parameter: there are none"),
    ),
)]
pub async fn export(State(app): State<App>, params: Params) -> Result<Response, Problem> {
    params.finish()?;
    let parts = stream::try_unfold((app, 0_i64), |(app, after)| async move {
        let part = app
            .store
            .read(move |tx| sql::part(tx, after, EXPORT_PART))
            .await
            .map_err(std::io::Error::other)?;
        let Some((last, ..)) = part.last() else {
            return Ok(None);
        };
        let last = last.seq;
        let mut text = Vec::new();
        for (entry, ..) in part {
            serde_json::to_writer(&mut text, &entry).map_err(std::io::Error::other)?;
            text.push(b'\n');
        }
        Ok::<_, std::io::Error>(Some((text, (app, last))))
    });
    let mut response = Body::from_stream(parts).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/x-ndjson"),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"watchpost-audit.ndjson\""),
    );
    Ok(response)
}
