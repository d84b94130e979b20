//! The records that were refused, with why.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{ConfirmPage, is_sure, neighbours, notice};
use crate::app::App;
use crate::dashboard::address::Address;
use crate::dashboard::filters;
use crate::dashboard::page::{Form, Shell, render, see_other};
use crate::http::{Caller, PageRequest, Params, Problem};
use crate::ingest::Ingest;
use crate::sources::{self, LetterFilter, RejectedRecord};

/// Rows of a page.
const ROWS: u32 = 50;

#[derive(Template)]
#[template(path = "admin/dead_letters.html")]
struct LettersPage {
    shell: Shell,
    rows: Vec<RejectedRecord>,
    count: i64,
    source: String,
    format: String,
    next: Option<String>,
    previous: Option<String>,
}

/// Shows rejected records, newest first.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let filter = LetterFilter {
        source: params.text("source"),
        format: params.text("format"),
    };
    let done = params.text("done");
    let page = PageRequest {
        size: ROWS,
        ..PageRequest::take(&mut params)
    };
    params.finish()?;
    let mut shell = Shell::new(&app, &caller, "/admin/sources", "Rejected records").await?;
    shell.notice = notice(done.as_deref());
    let (mut rows, count) =
        sources::letters(&app, filter.clone(), page.cursor, page.rows_wanted()).await?;
    let (previous, next) = neighbours(&page, &mut rows, |letter| letter.id);
    let here = Address::new("/admin/dead-letters")
        .with_some("source", filter.source.as_ref())
        .with_some("format", filter.format.as_ref());
    let at = |cursor: base::Cursor| here.with("cursor", cursor.encode()).to_string();
    render(&LettersPage {
        rows,
        count,
        source: filter.source.unwrap_or_default(),
        format: filter.format.unwrap_or_default(),
        next: next.map(at),
        previous: previous.map(at),
        shell: shell.with_script("admin"),
    })
}

/// Deletes those that the filters name, after asking.
pub(in crate::dashboard) async fn clear(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    let text = |name| {
        form.exact(name)
            .filter(|it| !it.is_empty())
            .map(str::to_owned)
    };
    let filter = LetterFilter {
        source: text("source"),
        format: text("format"),
    };
    let here = Address::new("/admin/dead-letters")
        .with_some("source", filter.source.as_ref())
        .with_some("format", filter.format.as_ref());
    if is_sure(&form) {
        sources::clear_letters(&app, ingest.sources(), caller, filter).await?;
        return Ok(see_other(&here.with("done", "cleared").to_string()));
    }
    let object = match (&filter.source, &filter.format) {
        (None, None) => "all rejected records".to_owned(),
        (source, format) => {
            let given = [source.as_deref(), format.as_deref()];
            let given: Vec<&str> = given.into_iter().flatten().collect();
            format!("rejected records of {}", given.join(", "))
        }
    };
    render(&ConfirmPage {
        shell: Shell::new(&app, &caller, "/admin/sources", "Delete rejected records").await?,
        object,
        consequence: "They are deleted for good. The counts stay.",
        action: "/admin/dead-letters/clear".to_owned(),
        fields: vec![
            ("source", filter.source.unwrap_or_default()),
            ("format", filter.format.unwrap_or_default()),
        ],
        label: "Delete",
        back: here.to_string(),
    })
}
