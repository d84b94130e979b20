//! The figures over HTTP.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use axum::Json;
use axum::extract::State;
use base::Timestamp;

use super::figures;
use super::model::Overview;
use super::range::{Last, Range, RangeError};
use crate::app::App;
use crate::http::{Params, Problem};

/// Shows the figures of a range and of now, from kept sums.
///
/// A named range is so many whole hours and the hour that has begun. Events count by when they
/// were received, alerts by when they were raised.
#[utoipa::path(
    get,
    path = "/api/stats/overview/",
    operation_id = "get_overview",
    tag = "stats",
    params(
        ("range" = Option<String>, Query, description = "`1h`, `24h` (default), `7d` or `30d`; not together with `from`", example = "24h"),
        ("from" = Option<String>, Query, description = "From this whole hour on (RFC 3339)"),
        ("to" = Option<String>, Query, description = "Before this whole hour, at most 90 days after `from`; the end of the current one when left out"),
    ),
    responses((status = 200, description = "The figures", body = Overview)),
)]
pub async fn overview(
    State(app): State<App>,
    mut params: Params,
) -> Result<Json<Overview>, Problem> {
    let range = take(&mut params, app.clock.now());
    params.finish()?;
    Ok(Json(figures::overview(&app, range).await?))
}

/// Reads the range; when it is refused, a day, which nobody will see.
fn take(params: &mut Params, now: Timestamp) -> Range {
    let last = params.value::<Last>("range");
    let (from, to) = (params.time("from"), params.time("to"));
    let default = Range::named(last.unwrap_or(Last::DAY), now);
    let Some(from) = from else {
        if to.is_some() {
            params.refuse("to", "needs `from`");
        }
        return default;
    };
    if last.is_some() {
        params.refuse("range", "not together with `from`");
    }
    let is_whole = |at: Timestamp| at.micros().rem_euclid(3_600_000_000) == 0;
    if !is_whole(from) {
        params.refuse("from", RangeError::NotWholeHour.to_string());
        return default;
    }
    Range::between(from, to.unwrap_or_else(|| default.to())).unwrap_or_else(|error| {
        params.refuse("to", error.to_string());
        default
    })
}
