//! The audit log: filtered, taken apart, verified.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use base::{Cursor, Direction};

use super::diff::{FieldChange, changes};
use super::{mishap, neighbours};
use crate::app::App;
use crate::audit::{self, AuditEntry, AuditFilter, Verification};
use crate::dashboard::address::Address;
use crate::dashboard::filters;
use crate::dashboard::page::{Form, Shell, explanation, render};
use crate::http::{Caller, Count, PageRequest, Params, Problem};

/// Rows of a page.
const ROWS: u32 = 50;

/// An entry as a line.
struct EntryRow {
    entry: AuditEntry,
    changes: Vec<FieldChange>,
    /// Fields that are the same or left out.
    rest: usize,
    /// Where the object is shown, if anywhere.
    object: Option<String>,
}

/// The filter as it was typed.
#[derive(Default)]
struct Typed {
    actor: String,
    action: String,
    object_kind: String,
    object_id: String,
    address: String,
    from: String,
    to: String,
}

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct AuditPage {
    shell: Shell,
    rows: Vec<EntryRow>,
    typed: Typed,
    filtered: bool,
    count: Count,
    next: Option<String>,
    previous: Option<String>,
    found: Option<Verification>,
    /// The list beginning with the first broken entry.
    broken: Option<String>,
}

/// Words offered for actions.
const ACTIONS: [&str; 12] = [
    "alert.",
    "dead_letters.",
    "event.",
    "key.",
    "password.changed",
    "session.",
    "sign_in.",
    "sign_in.failed",
    "sign_in.throttled",
    "source.",
    "user.",
    "view.",
];

impl AuditPage {
    fn actions() -> &'static [&'static str] {
        &ACTIONS
    }
}

/// Shows the entries the address asks for, newest first.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    let page = assemble(&app, &caller, params).await?;
    let mut response = render(&page)?;
    if page.shell.notice.is_some() {
        *response.status_mut() = http::StatusCode::BAD_REQUEST;
    }
    Ok(response)
}

/// Verifies the chain and says what was found above the list.
pub(in crate::dashboard) async fn verify(
    State(app): State<App>,
    caller: Caller,
    _: Form,
) -> Result<Response, Problem> {
    let found = audit::verify(&app.store).await?;
    let mut page = assemble(&app, &caller, Params::default()).await?;
    let here = Address::new("/admin/audit");
    page.broken = found.broken_at.map(|at| {
        let cursor = Cursor {
            direction: Direction::Next,
            key: at.saturating_add(1),
            id: at.saturating_add(1),
        };
        here.with("cursor", cursor.encode()).to_string()
    });
    page.found = Some(found);
    render(&page)
}

fn read(params: &mut Params) -> (Typed, AuditFilter, Address) {
    // Times are read twice: as they were typed, to stand in the form again, and as times.
    let words = |params: &mut Params, name| params.text(name).map(|it| it.trim().to_owned());
    let filter = AuditFilter {
        actor: words(params, "actor"),
        action: words(params, "action"),
        object_kind: words(params, "object_kind"),
        object_id: words(params, "object_id"),
        address: words(params, "address"),
        from: None,
        to: None,
    };
    let shown = |it: &Option<String>| it.clone().unwrap_or_default();
    let mut typed = Typed {
        actor: shown(&filter.actor),
        action: shown(&filter.action),
        object_kind: shown(&filter.object_kind),
        object_id: shown(&filter.object_id),
        address: shown(&filter.address),
        ..Typed::default()
    };
    let mut time = |name| {
        let text = params.text(name)?;
        let at = base::Timestamp::parse(text.trim());
        let at = at.map_err(|error| params.refuse(name, error.to_string()));
        Some((text, at.ok()))
    };
    let (from, to) = (time("from"), time("to"));
    let filter = AuditFilter {
        from: from.as_ref().and_then(|it| it.1),
        to: to.as_ref().and_then(|it| it.1),
        ..filter
    };
    typed.from = from.map(|it| it.0).unwrap_or_default();
    typed.to = to.map(|it| it.0).unwrap_or_default();
    let given = |text: &str| Some(text.to_owned()).filter(|it| !it.is_empty());
    let here = Address::new("/admin/audit")
        .with_some("actor", given(&typed.actor))
        .with_some("action", given(&typed.action))
        .with_some("object_kind", given(&typed.object_kind))
        .with_some("object_id", given(&typed.object_id))
        .with_some("address", given(&typed.address))
        .with_some("from", given(&typed.from))
        .with_some("to", given(&typed.to));
    (typed, filter, here)
}

async fn assemble(app: &App, caller: &Caller, mut params: Params) -> Result<AuditPage, Problem> {
    let (typed, filter, here) = read(&mut params);
    let page = PageRequest {
        size: ROWS,
        ..PageRequest::take(&mut params)
    };
    let shell = Shell::new(app, caller, "/admin/audit", "Audit log").await?;
    let mut shell = shell.with_script("admin");
    let filtered = filter != AuditFilter::default();
    let (mut entries, count) = match params.finish() {
        Ok(()) => audit::list(&app.store, filter, page.cursor, page.rows_wanted()).await?,
        Err(problem) => {
            shell.notice = Some(mishap(explanation(&problem)));
            (Vec::new(), 0)
        }
    };
    let (previous, next) = neighbours(&page, &mut entries, |entry| entry.seq);
    let at = |cursor: Cursor| here.with("cursor", cursor.encode()).to_string();
    Ok(AuditPage {
        shell,
        rows: entries.into_iter().map(row).collect(),
        typed,
        filtered,
        count: Count::up_to_max(count),
        next: next.map(at),
        previous: previous.map(at),
        found: None,
        broken: None,
    })
}

fn row(entry: AuditEntry) -> EntryRow {
    let (changes, rest) = changes(entry.before.as_deref(), entry.after.as_deref());
    let object = match (entry.object_kind.as_deref(), entry.object_id.as_deref()) {
        (Some("alert"), Some(id)) if is_number(id) => Some(format!("/alerts/{id}")),
        (Some("user"), Some(id)) if is_number(id) => Some(format!("/admin/users/{id}")),
        (Some("source"), Some(id)) if is_number(id) => Some(format!("/admin/sources/{id}")),
        (Some("event"), Some(id)) if is_number(id) => Some(format!("/events?event={id}")),
        _ => None,
    };
    EntryRow {
        entry,
        changes,
        rest,
        object,
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
