//! Who reports: each source with what is known of it.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::notice;
use crate::adapters::{FORMATS, Format};
use crate::app::App;
use crate::dashboard::address::Address;
use crate::dashboard::filters;
use crate::dashboard::page::{Form, Shell, render, see_other};
use crate::http::{Caller, FieldErrors, Params, Problem};
use crate::ingest::Ingest;
use crate::overview::{self, SourceState};
use crate::search::Query;
use crate::sources::{self, NewSource, SourceError};

/// A source as a line.
struct SourceRow {
    state: SourceState,
    /// Events a minute over the hour that has begun and the one before.
    rate: String,
    events: String,
    alerts: String,
}

/// The form that describes a source, as it was last sent.
#[derive(Default)]
struct Draft {
    open: bool,
    name: String,
    kind: String,
    errors: FieldErrors,
}

impl Draft {
    fn error(&self, field: &str) -> Option<String> {
        self.errors.get(field).map(|what| what.join("; "))
    }
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
    draft: Draft,
    formats: &'static [Format],
}

/// Shows the sources by name.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    render(&assemble(&app, &caller, params, Draft::default()).await?)
}

async fn assemble(
    app: &App,
    caller: &Caller,
    mut params: Params,
    draft: Draft,
) -> Result<SourcesPage, Problem> {
    let search = params.text("q");
    let after = params.text("after");
    let done = params.text("done");
    params.finish()?;
    let mut shell = Shell::new(app, caller, "/admin/sources", "Sources").await?;
    shell.notice = notice(done.as_deref());
    let is_first = after.is_none();
    let found = overview::sources(app, search.clone(), after).await?;
    let here = Address::new("/admin/sources").with_some("q", search.as_ref());
    let now = shell.now;
    Ok(SourcesPage {
        rows: found.sources.into_iter().map(|it| row(it, now)).collect(),
        search: search.unwrap_or_default(),
        is_first,
        next: found.next.map(|name| here.with("after", name).to_string()),
        first: here.to_string(),
        draft,
        formats: FORMATS,
        shell: shell.with_script("admin"),
    })
}

fn row(state: SourceState, now: base::Timestamp) -> SourceRow {
    let (events, alerts) = lists(&state.source.name);
    SourceRow {
        rate: rate(state.two_hours, now),
        events,
        alerts,
        state,
    }
}

/// Where the events and the open alerts of a source are.
pub(super) fn lists(name: &str) -> (String, String) {
    let query = Query::default().with("source", name);
    let open = query.with("status", "OPEN");
    (
        Address::new("/events").with("q", &query).to_string(),
        Address::new("/alerts").with("q", &open).to_string(),
    )
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

/// Describes a source by the form, and leads to its page for the rest.
pub(in crate::dashboard) async fn create(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    let text = |name| form.exact(name).unwrap_or_default().to_owned();
    let (name, kind) = (text("name"), text("kind"));
    let new = NewSource {
        name: name.clone(),
        kind: Some(kind.clone()).filter(|kind| !kind.is_empty()),
        ..NewSource::default()
    };
    let made = sources::create(&app, ingest.sources(), caller.clone(), None, new).await;
    let errors = match made {
        Ok(_) => {
            let made = sources::named(&app, name.trim().to_owned()).await?;
            let id = made.map_or(0, |source| source.id);
            return Ok(see_other(&format!("/admin/sources/{id}?done=described")));
        }
        // It is what was asked for.
        Err(SourceError::Described(id)) => {
            return Ok(see_other(&format!("/admin/sources/{id}")));
        }
        Err(SourceError::Refused(errors)) => errors,
        Err(error) => return Err(error.into()),
    };
    let draft = Draft {
        open: true,
        name,
        kind,
        errors,
    };
    let page = assemble(&app, &caller, Params::default(), draft).await?;
    let mut response = render(&page)?;
    *response.status_mut() = http::StatusCode::BAD_REQUEST;
    Ok(response)
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
