//! `POST /api/v2/alerts`, as Prometheus and Alertmanager know it.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use crate::adapters::alertmanager;
use crate::app::App;
use crate::http::{Caller, FieldErrors, Problem};
use crate::ingest::Ingest;
use crate::ingest::receive::{Arrived, Fate, receive};

/// Refused alerts whose reasons are told.
const REASONS_MAX: usize = 20;

/// Takes alerts as Prometheus sends them to an Alertmanager, also at `/api/v2/alerts`.
///
/// What fires on is sent again and again, and stored once; what ends resolves the alert it raised.
/// An alert that is not valid is named in an answer 400; the others are stored all the same, as
/// Alertmanager does it.
#[utoipa::path(
    post,
    path = "/api/ingest/alertmanager/v2/alerts/",
    tag = "ingest",
    operation_id = "alertmanager_alerts",
    request_body(
        description = "An array of alerts: labels, annotations, generatorURL, startsAt, endsAt",
        content((Object = "application/json")),
    ),
    responses(
        (status = 200, description = "All of them are stored"),
        (status = 400, description = "An alert is not valid; the others are stored"),
        (status = 413, description = "More than 50,000 alerts, 8 MiB compressed or 32 MiB unfolded"),
        (status = 503, description = "No room at the moment; send it again"),
    ),
)]
pub async fn alerts(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let arrived = Arrived::read(&app, caller, request).await?;
    let read = alertmanager::posted;
    receive(
        &app,
        &ingest,
        arrived,
        "alertmanager",
        read,
        |fates| match refused(fates) {
            None => Ok(StatusCode::OK.into_response()),
            Some(errors) => Err(Problem::validation(errors)),
        },
    )
    .await
}

fn refused(fates: &[Fate]) -> Option<FieldErrors> {
    let mut all = FieldErrors::new();
    let refused = fates
        .iter()
        .enumerate()
        .filter_map(|(place, fate)| match fate {
            Fate::Refused(errors) => Some((place, errors)),
            Fate::Stored(_) => None,
        });
    for (place, errors) in refused.take(REASONS_MAX) {
        for (field, what) in errors.iter() {
            all.insert(format!("[{place}].{field}"), what.clone());
        }
    }
    (!all.is_empty()).then_some(all)
}
