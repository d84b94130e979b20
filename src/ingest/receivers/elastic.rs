//! What bulk clients of Elasticsearch and `OpenSearch` need: who answers, a licence, and `_bulk`.
//!
//! Errors of whole requests are written in their form by `http::dialect`, which also adds the
//! headers these clients look for.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

mod answer;

use std::sync::{Arc, OnceLock};

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::header;

use crate::adapters::bulk::{self, Item};
use crate::app::App;
use crate::http::{Caller, FieldErrors, Problem};
use crate::ingest::Ingest;
use crate::ingest::receive::{Arrived, Fate, receive};
use answer::{Reply, Wanted};

/// What clients are told they speak to. Shippers refuse a server older than themselves, and none
/// refuses a newer one.
const PRODUCT: &str = r#"{"name":"watchpost","cluster_name":"watchpost","cluster_uuid":"watchpost","version":{"number":"9.99.0","build_flavor":"default","build_type":"docker","build_hash":"0000000000000000000000000000000000000000","build_date":"2026-01-01T00:00:00.000000000Z","build_snapshot":false,"lucene_version":"10.0.0","minimum_wire_compatibility_version":"8.19.0","minimum_index_compatibility_version":"8.0.0"},"tagline":"You Know, for Search"}"#;

/// A licence that lets shippers of the vendor work.
const LICENCE: &str = r#"{"license":{"status":"active","uid":"watchpost","type":"basic","issue_date":"2026-01-01T00:00:00.000Z","issue_date_in_millis":1767225600000,"max_nodes":1000,"max_resource_units":null,"issued_to":"watchpost","issuer":"watchpost","start_date_in_millis":-1}}"#;

/// What is said to clients that send nothing before a cluster is well: this server answers.
const HEALTH: &str = r#"{"cluster_name":"watchpost","status":"green","timed_out":false,"number_of_nodes":1,"number_of_data_nodes":1,"active_primary_shards":1,"active_shards":1,"relocating_shards":0,"initializing_shards":0,"unassigned_shards":0,"delayed_unassigned_shards":0,"number_of_pending_tasks":0,"number_of_in_flight_fetch":0,"task_max_waiting_in_queue_millis":0,"active_shards_percent_as_number":100.0}"#;

/// Says to clients of Elasticsearch what they speak to, also at `/` when they ask for JSON.
#[utoipa::path(
    get,
    path = "/api/ingest/elastic/",
    tag = "ingest",
    operation_id = "elastic",
    responses((status = 200, description = "Name and version, as Elasticsearch answers")),
)]
pub async fn product() -> Response {
    json(PRODUCT)
}

/// Says to shippers of Elastic that their licence lets them work; also at `/_license`.
#[utoipa::path(
    get,
    path = "/api/ingest/elastic/_license/",
    tag = "ingest",
    operation_id = "elastic_license",
    responses((status = 200, description = "An active basic licence, as Elasticsearch answers")),
)]
pub async fn license() -> Response {
    json(LICENCE)
}

/// Says to clients that wait for a healthy cluster that they may begin; also at `/_cluster/health`.
#[utoipa::path(
    get,
    path = "/api/ingest/elastic/_cluster/health/",
    tag = "ingest",
    operation_id = "elastic_health",
    responses((status = 200, description = "Green, as Elasticsearch answers")),
)]
pub async fn health() -> Response {
    json(HEALTH)
}

/// Takes events of bulk clients of Elasticsearch and `OpenSearch`, also at `/_bulk`.
///
/// `index` and `create` store the document. The answer names the fate of each; `errors` says
/// whether there was any that was not stored. An `_id` makes repetitions stored once, for 48 hours.
#[utoipa::path(
    method(post, put),
    path = "/api/ingest/elastic/_bulk/",
    tag = "ingest",
    operation_id = "elastic_bulk",
    params(("filter_path" = Option<String>, Query, description = "Which parts to answer, such as errors,items.*.status; other parameters are passed over")),
    request_body(description = "Pairs of lines: an action and a document; any or no media type", content((String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "What became of each document, as Elasticsearch answers"),
        (status = 413, description = "More than 50,000 documents, 8 MiB compressed or 32 MiB unfolded"),
    ),
)]
pub async fn bulk(
    state: State<App>,
    ingest: State<Ingest>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    answer(&state, &ingest, caller, String::new(), request).await
}

/// The same, with the index of actions that name none; also at `/{index}/_bulk`.
#[utoipa::path(
    method(post, put),
    path = "/api/ingest/elastic/{index}/_bulk/",
    tag = "ingest",
    operation_id = "elastic_index_bulk",
    params(
        ("index" = String, Path, description = "Kept as event.dataset"),
        ("filter_path" = Option<String>, Query, description = "As there"),
    ),
    request_body(description = "As there", content((String = "application/x-ndjson"))),
    responses(
        (status = 200, description = "As there"),
        (status = 413, description = "As there"),
    ),
)]
pub async fn bulk_of_index(
    state: State<App>,
    ingest: State<Ingest>,
    Path(index): Path<String>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    answer(&state, &ingest, caller, index, request).await
}

/// What a refresh answers: nothing waits to be made visible.
const REFRESHED: &str = r#"{"_shards":{"total":1,"successful":1,"failed":0}}"#;

/// Does nothing, for clients that end with a refresh; also at `/{index}/_refresh`.
#[utoipa::path(
    method(post, get),
    path = "/api/ingest/elastic/{index}/_refresh/",
    tag = "ingest",
    operation_id = "elastic_refresh",
    params(("index" = String, Path, description = "Passed over")),
    responses((status = 200, description = "As Elasticsearch answers")),
)]
pub async fn refresh() -> Response {
    json(REFRESHED)
}

/// Longest name of an index in the path, in bytes.
const INDEX_MAX: usize = 255;

async fn answer(
    app: &App,
    ingest: &Ingest,
    caller: Caller,
    index: String,
    request: Request,
) -> Result<Response, Problem> {
    let started = app.clock.now();
    if index.len() > INDEX_MAX || index.contains('\0') {
        let what = format!("must have at most {INDEX_MAX} bytes, without U+0000");
        return Err(Problem::field("index", what));
    }
    let wanted = Wanted::of(request.uri().query().unwrap_or_default());
    let arrived = Arrived::read(app, caller, request).await?;
    let body = arrived.bytes.clone();
    let asked: Arc<OnceLock<Vec<Item>>> = Arc::default();
    let read = {
        let (asked, index) = (Arc::clone(&asked), index.clone());
        move |body: &crate::adapters::Body<'_>,
              cx: &crate::adapters::Context<'_>,
              sink: &mut crate::adapters::Sink<'_>| {
            let mut items = Vec::new();
            let done = bulk::read(body.bytes, &index, cx, &mut |item, read, bytes| {
                items.push(item);
                sink(read, bytes)
            });
            asked.get_or_init(|| items);
            done
        }
    };
    receive(app, ingest, arrived, "elastic", read, |fates| {
        let items = asked.get().map_or(&[][..], Vec::as_slice);
        if !items.is_empty() && items.iter().all(Item::is_unreadable) {
            return Err(no_action(fates));
        }
        let took = app.clock.now().since(started).as_millis();
        let reply = Reply {
            body: &body,
            index: &index,
            wanted,
        };
        Ok(json(reply.write(took, items, fates)))
    })
    .await
}

/// A body in which no line is an action will be none the next time either.
fn no_action(fates: &[Fate]) -> Problem {
    match fates.first() {
        Some(Fate::Refused(errors)) => Problem::validation(FieldErrors::clone(errors)),
        _ => Problem::field("body", "holds no action"),
    }
}

fn json(body: impl Into<axum::body::Body>) -> Response {
    let media = [(header::CONTENT_TYPE, "application/json")];
    (media, body.into()).into_response()
}
