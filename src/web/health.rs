//! Whether the server lives, whether it can do its work, and what it counts.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use base::Timestamp;
use http::header;
use serde::Serialize;
use store::StoreError;
use tokio::sync::Mutex;

use crate::app::App;
use crate::audit;
use crate::http::{Problem, listener::ConnectionCounts};

/// How long a found readiness is believed: anyone may ask, and each look costs a commit.
const BELIEVED: Duration = Duration::from_secs(1);

/// Whether the database takes writes, as last seen.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<Option<Seen>>>);

/// When somebody last looked, and what was wrong then.
type Seen = (Timestamp, Result<(), String>);

/// The server lives.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    pub status: &'static str,
    /// The program's version.
    #[schema(example = "0.1.0")]
    pub version: &'static str,
}

/// Says that the process lives; looks at nothing else.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, description = "It lives", body = Health)))]
pub async fn healthz() -> Json<Health> {
    Json(Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
    })
}

/// Says whether requests can be served: the database is there and takes a write.
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "operations",
    responses(
        (status = 200, description = "Ready", body = Health),
        (status = 503, description = "Not ready: stopping, or the database does not take writes"),
    ),
)]
pub async fn readyz(
    State(app): State<App>,
    State(readiness): State<Readiness>,
) -> Result<Json<Health>, Problem> {
    if app.stop.is_cancelled() {
        return Err(Problem::unavailable("the server is stopping"));
    }
    let mut last = readiness.0.lock().await;
    let now = app.clock.now();
    let fresh = last
        .as_ref()
        .filter(|(at, _)| now.since(*at) < BELIEVED && *at <= now);
    let found = if let Some((_, found)) = fresh {
        found.clone()
    } else {
        let found = probe(&app, now).await.map_err(|error| error.to_string());
        *last = Some((now, found.clone()));
        found
    };
    drop(last);
    match found {
        Ok(()) => Ok(Json(Health {
            status: "ready",
            version: env!("CARGO_PKG_VERSION"),
        })),
        Err(cause) => {
            Err(Problem::unavailable("the database does not take writes").with_cause(cause))
        }
    }
}

async fn probe(app: &App, now: Timestamp) -> Result<(), StoreError> {
    if !app.store.is_alive() {
        return Err(StoreError::Unavailable(
            "a database thread has ended".into(),
        ));
    }
    app.store
        .write(move |tx| {
            tx.execute("update heartbeat set at = $1 where id = 1", &[now.into()])
                .map(|_| ())
        })
        .await
}

/// What the server counts, in the text Prometheus reads.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "operations",
    responses((status = 200, description = "OpenMetrics text", content_type = "application/openmetrics-text", body = String)),
)]
pub async fn metrics(
    State(app): State<App>,
    State(connections): State<Arc<ConnectionCounts>>,
) -> Response {
    render_metrics(&app, &connections).await
}

/// The metrics as an answer, for the guarded route and for `METRICS_BIND`.
pub async fn render_metrics(app: &App, connections: &ConnectionCounts) -> Response {
    let entries = app.store.read(audit::entries).await.ok();
    let text = app
        .metrics
        .render(app.store.stats(), connections.open(), entries);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}
