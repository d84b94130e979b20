//! One source: how it is described, its keys, what became of what it sent.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use base::Severity;
use serde_json::value::to_raw_value;

use super::source_bars::Bars;
use super::source_draft::Draft;
use super::sources::lists;
use super::{ConfirmPage, is_sure, notice};
use crate::adapters::{FORMATS, Format};
use crate::app::App;
use crate::dashboard::address::Address;
use crate::dashboard::filters;
use crate::dashboard::page::{Form, Shell, explanation, render, see_other};
use crate::http::{BaseUrl, Caller, FieldErrors, Params, PathId, Problem};
use crate::ingest::Ingest;
use crate::sources::{
    self, CountsBy, Edit, LetterFilter, Preview, Previewed, RejectedRecord, Source, SourceError,
};

/// Hours shown.
const HOURS: u32 = 24;
/// Rejected records shown.
const LETTERS: i64 = 5;
/// Longest name of a key.
const KEY_NAME_MAX: usize = 100;

#[derive(Template)]
#[template(path = "admin/source.html")]
struct SourcePage {
    shell: Shell,
    source: Source,
    draft: Draft,
    bars: Bars,
    letters: Vec<RejectedRecord>,
    all_letters: String,
    events: String,
    alerts: String,
    formats: &'static [Format],
    severities: [Severity; 5],
    /// A command for a POSIX shell that sends a file of records.
    example: String,
    /// What a key made here is called.
    key_name: String,
    previewed: Option<Previewed>,
}

/// Shows a source.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    caller: Caller,
    base: axum::Extension<BaseUrl>,
    PathId(id): PathId,
    mut params: Params,
) -> Result<Response, Problem> {
    let done = params.text("done");
    params.finish()?;
    let mut page = assemble(&app, &caller, &base.0.0, id).await?;
    page.shell.notice = notice(done.as_deref());
    render(&page)
}

async fn assemble(app: &App, caller: &Caller, base: &str, id: i64) -> Result<SourcePage, Problem> {
    let source = sources::get(app, id).await?;
    let counts = sources::counts(app, id, CountsBy::Hour, HOURS).await?;
    let filter = LetterFilter {
        source: Some(source.name.clone()),
        format: None,
    };
    let (letters, _) = sources::letters(app, filter, None, LETTERS).await?;
    let shell = Shell::new(app, caller, "/admin/sources", source.name.clone()).await?;
    let (events, alerts) = lists(&source.name);
    Ok(SourcePage {
        shell: shell.with_script("admin"),
        draft: Draft::of(&source),
        bars: Bars::of(counts),
        letters,
        all_letters: Address::new("/admin/dead-letters")
            .with("source", &source.name)
            .to_string(),
        events,
        alerts,
        formats: FORMATS,
        severities: Severity::ALL,
        example: example(base, source.kind.as_deref()),
        key_name: source.name.chars().take(KEY_NAME_MAX).collect(),
        previewed: None,
        source,
    })
}

fn example(base: &str, kind: Option<&str>) -> String {
    let of_kind = kind.map_or(String::new(), |kind| format!("{kind}/"));
    format!(
        "curl -X POST '{base}/api/ingest/{of_kind}' \\\n  -H \"Authorization: Bearer $KEY\" \\\n  \
         --data-binary @records"
    )
}

/// Saves the form, tries it with a sample, or takes the description away after asking.
pub(in crate::dashboard) async fn change(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    caller: Caller,
    base: axum::Extension<BaseUrl>,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let version = form.text("version").and_then(|text| text.parse().ok());
    match form.text("action") {
        Some("forget") => return forget(&app, &ingest, caller, (id, version), &form).await,
        Some("save" | "try") => {}
        _ => return Err(Problem::field("action", "must be save, try or forget")),
    }
    let mut draft = Draft::read(&form);
    let tried = if form.text("action") == Some("try") {
        let name = sources::get(&app, id).await?.name;
        try_out(&app, &ingest, &draft, name).await.map(Some)
    } else {
        save(&app, &ingest, &caller, (id, version), &draft)
            .await
            .map(|()| None)
    };
    let previewed = match tried {
        Ok(None) => return Ok(see_other(&format!("/admin/sources/{id}?done=saved"))),
        Ok(previewed) => previewed,
        Err(SourceError::Refused(errors)) => {
            draft.errors = errors;
            None
        }
        Err(error) => return Err(error.into()),
    };
    let refused = !draft.errors.is_empty();
    let mut page = assemble(&app, &caller, &base.0.0, id).await?;
    if refused {
        page.shell.notice = Some(super::mishap(explanation(&Problem::validation(
            draft.errors.clone(),
        ))));
    }
    page.draft = draft;
    page.previewed = previewed;
    let mut response = render(&page)?;
    if refused {
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
    }
    Ok(response)
}

async fn save(
    app: &App,
    ingest: &Ingest,
    caller: &Caller,
    (id, version): (i64, Option<i64>),
    draft: &Draft,
) -> Result<(), SourceError> {
    let change = draft.change().map_err(SourceError::Refused)?;
    sources::change(app, ingest.sources(), caller.clone(), id, version, change).await?;
    Ok(())
}

async fn try_out(
    app: &App,
    ingest: &Ingest,
    draft: &Draft,
    name: String,
) -> Result<Previewed, SourceError> {
    let change = draft.change().map_err(SourceError::Refused)?;
    let to = |edit| match edit {
        Edit::To(value) => value,
        Edit::Keep => None,
    };
    let sample = to_raw_value(&draft.sample).map_err(|error| {
        SourceError::Refused(FieldErrors::from([(
            "sample".to_owned(),
            vec![error.to_string()],
        )]))
    })?;
    let wanted = Preview {
        name: Some(name),
        kind: Some(match change.kind {
            Edit::To(Some(kind)) => kind,
            _ => "json".to_owned(),
        }),
        profile: to(change.profile),
        sample,
    };
    sources::preview(app, ingest.sources(), wanted).await
}

async fn forget(
    app: &App,
    ingest: &Ingest,
    caller: Caller,
    (id, version): (i64, Option<i64>),
    form: &Form,
) -> Result<Response, Problem> {
    if is_sure(form) {
        sources::delete(app, ingest.sources(), caller, id, version).await?;
        return Ok(see_other("/admin/sources?done=forgotten"));
    }
    let source = sources::get(app, id).await?;
    let version = form.text("version").unwrap_or_default().to_owned();
    render(&ConfirmPage {
        shell: Shell::new(app, &caller, "/admin/sources", "Remove description").await?,
        object: source.name,
        consequence: "Its records come as they are from now on. Its events and keys stay.",
        action: format!("/admin/sources/{id}/change"),
        fields: vec![("action", "forget".to_owned()), ("version", version)],
        label: "Remove description",
        back: format!("/admin/sources/{id}"),
    })
}
