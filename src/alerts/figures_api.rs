//! Figures beside alerts, over HTTP.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use axum::Json;
use axum::extract::State;

use super::api::AlertQuery;
use super::enrichment::{self, Enrichment};
use super::facets::{self, Facets};
use super::filter::{AlertFilter, Ordering};
use super::groups::{self, GroupBy, Groups, UnknownGroupBy};
use super::similar::{self, Similar};
use crate::app::App;
use crate::http::{Caller, Params, PathId, Problem};

/// Takes what a list is found by; its order changes no figure.
fn filter(app: &App, params: &mut Params, caller: &Caller) -> AlertFilter {
    let filter = AlertFilter::take(params, caller.actor.id(), app.clock.now());
    Ordering::take(params);
    filter
}

/// Counts the alerts of a list by severity, status, owner, source, type and country.
///
/// Each is counted with every filter but its own. Where more alerts match than are looked at,
/// `exact` is false and the counts are of the newest.
#[utoipa::path(
    get,
    path = "/api/alerts/facets/",
    operation_id = "get_alert_facets",
    tag = "alerts",
    params(AlertQuery),
    responses((status = 200, description = "The values and their counts", body = Facets)),
)]
pub async fn facets(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Json<Facets>, Problem> {
    let filter = filter(&app, &mut params, &caller);
    params.finish()?;
    Ok(Json(facets::facets(&app, filter).await?))
}

/// Gathers the alerts of a list by source, type, country or owner.
#[utoipa::path(
    get,
    path = "/api/alerts/groups/",
    operation_id = "get_alert_groups",
    tag = "alerts",
    params(
        ("by" = String, Query, description = "source, type, country or owner", example = "source"),
        AlertQuery,
    ),
    responses((status = 200, description = "The groups", body = Groups)),
)]
pub async fn groups(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Json<Groups>, Problem> {
    let by = params.text("by").unwrap_or_default().parse::<GroupBy>();
    if let Err(error @ UnknownGroupBy) = &by {
        params.refuse("by", error.to_string());
    }
    let filter = filter(&app, &mut params, &caller);
    params.finish()?;
    // Refused above when it cannot be read.
    let by = by.map_err(|error| Problem::field("by", error.to_string()))?;
    Ok(Json(groups::groups(&app, filter, by).await?))
}

/// Finds alerts like one, and tells how they were closed.
#[utoipa::path(
    get,
    path = "/api/alerts/{id}/similar/",
    operation_id = "get_similar_alerts",
    tag = "alerts",
    params(("id" = i64, Path, description = "The alert's number")),
    responses(
        (status = 200, description = "The most alike, and how all found were closed", body = Similar),
        (status = 404, description = "No such alert"),
    ),
)]
pub async fn similar(
    State(app): State<App>,
    PathId(id): PathId,
    params: Params,
) -> Result<Json<Similar>, Problem> {
    params.finish()?;
    Ok(Json(similar::similar(&app, id).await?))
}

/// Tells what is known of an alert's source and address.
#[utoipa::path(
    get,
    path = "/api/alerts/{id}/enrichment/",
    operation_id = "get_alert_enrichment",
    tag = "alerts",
    params(("id" = i64, Path, description = "The alert's number")),
    responses(
        (status = 200, description = "Figures of its source and address", body = Enrichment),
        (status = 404, description = "No such alert"),
    ),
)]
pub async fn enrichment(
    State(app): State<App>,
    PathId(id): PathId,
    params: Params,
) -> Result<Json<Enrichment>, Problem> {
    params.finish()?;
    Ok(Json(enrichment::enrichment(&app, id).await?))
}
