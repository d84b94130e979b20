//! The first page: is it on fire, where, and is it getting worse. Every figure leads to the
//! alerts or events it counts.

mod chart;
mod links;
mod origins;
mod sources;
mod span;
mod start;
mod tiles;

use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use base::Timestamp;
use http::HeaderMap;

use self::chart::Chart;
use self::origins::Origins;
use self::sources::SourceRow;
use self::span::{Choice, Span};
use self::start::Step;
use self::tiles::Tile;
use super::page::{Shell, render, see_other};
use super::{filters, format, map};
use crate::app::App;
use crate::http::{BaseUrl, Caller, Params, Problem};
use crate::ingest::Ingest;
use crate::ingest::api::raise_test;
use crate::overview::{self, AlertBrief, Overview, Range};
use crate::{alerts, events};

/// One of the CRITICAL alerts raised last.
struct Latest {
    alert: AlertBrief,
    href: String,
}

/// What there is to see once there was an event.
struct Board {
    chart: Chart,
    sources: Vec<SourceRow>,
    sources_exact: bool,
    origins: Origins,
    latest: Vec<Latest>,
    /// `184 220 events, 312 alerts raised, 280 resolved`.
    sums: String,
}

#[derive(Template)]
#[template(path = "overview/page.html")]
struct OverviewPage {
    shell: Shell,
    ranges: Vec<Choice>,
    /// The range in words, after `the last`, such as `24 hours`.
    said: &'static str,
    tiles: Vec<Tile>,
    /// `None` while there are no events, or no figures.
    board: Option<Board>,
    /// Why there are no figures.
    failed: Option<String>,
    here: String,
    /// What an administrator is still to do; empty when done or put away.
    steps: Vec<Step>,
    /// Whether no event was ever received.
    nothing_yet: bool,
    /// A command that sends an event.
    example: String,
    /// Whether the map's land is left out: a script that asks for fresh figures has it.
    parts_only: bool,
}

/// Shows the figures of a range, a day or what the viewer prefers when none is named.
pub(super) async fn page(
    State(app): State<App>,
    caller: Caller,
    base: Extension<BaseUrl>,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let asked = params.text("range");
    let parts_only = params.flag("parts").unwrap_or(false);
    let shell = Shell::new(&app, &caller, "/", "Overview")
        .await?
        .with_script("overview");
    let span = Span::asked(asked.as_deref(), &shell.preferences.overview_range);
    let nothing_yet = events::oldest(&app).await?.is_none() && !any_alert(&app).await?;
    let steps = if shell.can_manage() && !start::is_put_away(&headers) {
        start::steps(&app, &caller, nothing_yet).await?
    } else {
        Vec::new()
    };
    let range = Range::last(span.hours(), shell.now);
    let (found, failed) = match overview::overview(&app, range).await {
        Ok(found) => (Some(found), None),
        Err(error) => {
            tracing::error!(?error, "the overview has no figures");
            (None, Some(Problem::from(error).detail().to_owned()))
        }
    };
    let tiles = found.as_ref().map(|it| tiles::all(it, span, shell.now));
    let board = found
        .filter(|_| !nothing_yet)
        .map(|found| board(found, span, shell.now));
    render(&OverviewPage {
        ranges: span.choices(),
        said: span.said(),
        tiles: tiles.unwrap_or_default(),
        board,
        failed,
        here: span.address(),
        steps,
        nothing_yet,
        example: start::example(&base.0.0),
        parts_only,
        shell,
    })
}

async fn any_alert(app: &App) -> Result<bool, Problem> {
    let by = alerts::stats(app).await?.by_status;
    Ok(by.open > 0 || by.acknowledged > 0 || by.resolved > 0)
}

fn board(found: Overview, span: Span, now: Timestamp) -> Board {
    let from = found.from.to_string();
    Board {
        chart: chart::chart(&found, span, now),
        sources: sources::rows(&found, span, &from),
        sources_exact: found.top_sources_exact,
        origins: origins::origins(&found, &from),
        sums: format!(
            "{}, {} raised, {} resolved",
            counted(found.events_total_in_range, "event"),
            counted(found.alerts_in_range, "alert"),
            format::number(&found.resolved_in_range.to_string())
        ),
        latest: found.latest_critical.into_iter().map(latest).collect(),
    }
}

/// `1 event`, `5 120 events`.
fn counted(n: i64, one: &str) -> String {
    let s = if n == 1 { "" } else { "s" };
    format!("{} {one}{s}", format::number(&n.to_string()))
}

fn latest(alert: AlertBrief) -> Latest {
    let href = links::alerts(&[("severity", "CRITICAL")]).with("alert", alert.id);
    Latest {
        href: href.to_string(),
        alert,
    }
}

/// Makes a CRITICAL test event and leads on to the alert it raised.
pub(super) async fn test_event(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
) -> Result<Response, Problem> {
    let alert = raise_test(&app, &ingest, caller).await?;
    let path = alert.map_or_else(|| "/alerts".to_owned(), |id| format!("/alerts/{id}"));
    Ok(see_other(&path))
}

/// Puts the list of first steps away, in this browser.
pub(super) async fn put_away(caller: Caller) -> Response {
    start::put_away(&caller.origin, see_other("/"))
}
