//! Who reports: each source with what is known of it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use crate::app::App;
use crate::dashboard::address::Address;
use crate::dashboard::filters;
use crate::dashboard::page::{Shell, render};
use crate::http::{Caller, Params, Problem};
use crate::overview::{self, SourceState};
use crate::search::Query;

/// Seconds without an event after which a source is called silent: a day.
const SILENT: u64 = 86_400;

/// A source as a line.
struct SourceRow {
    state: SourceState,
    /// Events a minute over the hour that has begun and the one before.
    rate: String,
    silent: bool,
    events: String,
    alerts: String,
}

#[derive(Template)]
#[template(path = "admin/sources.html")]
struct SourcesPage {
    shell: Shell,
    rows: Vec<SourceRow>,
    search: String,
    is_first: bool,
    next: Option<String>,
    first: String,
    rejected: u64,
    started: base::Timestamp,
}

/// Shows the sources by name.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let search = params.text("q");
    let after = params.text("after");
    params.finish()?;
    let shell = Shell::new(&app, &caller, "/admin/sources", "Sources").await?;
    let is_first = after.is_none();
    let found = overview::sources(&app, search.clone(), after).await?;
    let here = Address::new("/admin/sources").with_some("q", search.as_ref());
    let now = shell.now;
    render(&SourcesPage {
        rows: found.sources.into_iter().map(|it| row(it, now)).collect(),
        search: search.unwrap_or_default(),
        is_first,
        next: found.next.map(|name| here.with("after", name).to_string()),
        first: here.to_string(),
        rejected: app.metrics.rejected_so_far(),
        started: app.started_at,
        shell: shell.with_script("admin"),
    })
}

fn row(state: SourceState, now: base::Timestamp) -> SourceRow {
    let query = Query::default().with("source", &state.name);
    let open = query.with("status", "OPEN");
    let quiet = state.last_seen.map(|at| now.since(at).as_secs());
    SourceRow {
        rate: rate(state.two_hours, now),
        silent: quiet.is_none_or(|seconds| seconds >= SILENT),
        events: Address::new("/events").with("q", &query).to_string(),
        alerts: Address::new("/alerts").with("q", &open).to_string(),
        state,
    }
}

/// Events a minute over the time since the hour before the present one began.
fn rate(events: i64, now: base::Timestamp) -> String {
    let seconds = now.seconds().rem_euclid(3_600).saturating_add(3_600);
    // In tenths, without floating point.
    let tenths = events.saturating_mul(600).checked_div(seconds).unwrap_or(0);
    match tenths {
        0 if events > 0 => "< 0.1".to_owned(),
        0 => "0".to_owned(),
        _ => format!("{}.{}", tenths / 10, tenths % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_from_the_hour_before() {
        let half_past = base::Timestamp::from_millis(1_800_000);
        assert_eq!(rate(90, half_past), "1.0");
        assert_eq!(rate(1, half_past), "< 0.1");
        assert_eq!(rate(0, half_past), "0");
    }
}
