//! The forms that change an alert without any script.

use axum::extract::State;
use axum::response::Response;

use crate::alerts::{self, AlertChange, AlertStatus, Assignee, Edit, Resolution};
use crate::app::App;
use crate::dashboard::page::{Form, see_other};
use crate::http::{Caller, PathId, Problem};
use crate::identity;

/// Where a form leads afterwards: back to where it stood.
fn back(form: &Form, id: i64) -> String {
    let next = form.text("back").and_then(identity::safe_next);
    next.map_or_else(|| format!("/alerts/{id}"), str::to_owned)
}

/// Changes an alert: `action` is acknowledge, resolve, reopen or assign.
pub(in crate::dashboard) async fn change(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let version = form.text("version").and_then(|it| it.parse().ok());
    let change = read(&form)?;
    let leads = back(&form, id);
    alerts::change(&app, caller, id, version, change).await?;
    Ok(see_other(&leads))
}

fn read(form: &Form) -> Result<AlertChange, Problem> {
    let note = form.text("note").map(str::to_owned);
    let status = |status| AlertChange {
        status: Some(status),
        note: note.clone(),
        ..AlertChange::default()
    };
    match form.text("action") {
        Some("acknowledge") => Ok(status(AlertStatus::Acknowledged)),
        Some("reopen") => Ok(status(AlertStatus::Open)),
        Some("resolve") => {
            let word = form.text("resolution");
            let word =
                word.ok_or_else(|| Problem::field("resolution", "choose why it is resolved"))?;
            let resolution: Resolution =
                word.parse().map_err(|error: alerts::UnknownResolution| {
                    Problem::field("resolution", error.to_string())
                })?;
            Ok(AlertChange {
                resolution: Edit::Set(resolution),
                ..status(AlertStatus::Resolved)
            })
        }
        Some("assign") => Ok(AlertChange {
            assigned_to: match form.text("assigned_to") {
                None => Edit::Clear,
                Some(name) => Edit::Set(Assignee::Name(name.to_owned())),
            },
            note,
            ..AlertChange::default()
        }),
        _ => Err(Problem::field(
            "action",
            "must be acknowledge, resolve, reopen or assign",
        )),
    }
}

/// Comments on an alert.
pub(in crate::dashboard) async fn comment(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let text = form.exact("text").unwrap_or_default().to_owned();
    let leads = back(&form, id);
    alerts::comment(&app, caller, None, id, text).await?;
    Ok(see_other(&leads))
}
