//! The administration pages. All of them work without script; secrets are shown once, on the
//! answer to the form that made them, and stand in no address.

pub(super) mod audit;
pub(super) mod dead_letters;
mod diff;
pub(super) mod keys;
mod roles;
pub(super) mod settings;
pub(super) mod source;
mod source_bars;
mod source_draft;
pub(super) mod sources;
pub(super) mod system;
pub(super) mod tokens;
pub(super) mod user;
pub(super) mod users;

use askama::Template;
use axum::response::Response;
use base::{Cursor, Direction};

use super::filters;
use super::page::{Form, Notice, Shell, see_other};
use crate::http::Capability::{AuditRead, Manage};
use crate::http::{Caller, PageRequest, Problem};

/// Leads to the first administration page the viewer may see.
pub(super) async fn index(caller: Caller) -> Result<Response, Problem> {
    let (_, role) = caller.user()?;
    if role.can(Manage) {
        Ok(see_other("/admin/users"))
    } else if role.can(AuditRead) {
        Ok(see_other("/admin/audit"))
    } else {
        Err(Problem::forbidden(
            "only administrators may see these pages",
        ))
    }
}

/// A secret that is shown this once.
#[derive(Template)]
#[template(path = "admin/secret.html")]
struct SecretPage {
    shell: Shell,
    /// What it belongs to, in a sentence without text from outside.
    sentence: &'static str,
    /// Lines above it: what, and its value.
    facts: Vec<(&'static str, String)>,
    label: &'static str,
    secret: String,
    /// A command that uses it.
    example: Option<String>,
    back: String,
    back_label: &'static str,
}

/// The question asked before something that cannot be taken back, where no script asks it.
#[derive(Template)]
#[template(path = "admin/confirm.html")]
struct ConfirmPage {
    shell: Shell,
    /// What it is about, such as a user's name.
    object: String,
    consequence: &'static str,
    action: String,
    /// The form's fields, sent again with the answer.
    fields: Vec<(&'static str, String)>,
    label: &'static str,
    back: String,
}

/// Whether the person said yes: to the script's dialog, or on the page that asks.
fn is_sure(form: &Form) -> bool {
    form.text("sure") == Some("yes")
}

/// What to say after a form, by the code its answer led here with.
fn notice(code: Option<&str>) -> Option<Notice> {
    let text = match code? {
        "role" => "The role was changed. It counts from the next request on.",
        "email" => "The e-mail address was changed.",
        "enabled" => "The account was enabled.",
        "disabled" => "The account was disabled and its sessions were ended.",
        "signed-out" => "Every session of this user was ended.",
        "unlocked" => "The user may sign in again at once.",
        "deleted" => "The user was deleted. What they did stays in the audit log.",
        "described" => "The source is described. It counts from the next record on.",
        "saved" => "The source was saved. It counts from the next record on.",
        "forgotten" => "The source is described no longer. Its events stay.",
        "cleared" => "The rejected records were deleted.",
        "revoked" => "The key was revoked. It is refused at once.",
        _ => return None,
    };
    Some(Notice {
        kind: "done",
        text: text.to_owned(),
    })
}

/// Something that did not work, above the page it was tried on.
fn mishap(text: String) -> Notice {
    Notice {
        kind: "error",
        text,
    }
}

/// Cuts rows read in the order of their ids down to the page; the places before and after it.
fn neighbours<T>(
    page: &PageRequest,
    rows: &mut Vec<T>,
    id: impl Fn(&T) -> i64,
) -> (Option<Cursor>, Option<Cursor>) {
    let more = page.cut(rows);
    let (first, last) = (rows.first().map(&id), rows.last().map(&id));
    let came_from = page.cursor.map(|cursor| cursor.id);
    let (previous, next) = if page.is_backwards() {
        (first.filter(|_| more), last.or(came_from))
    } else {
        (first.filter(|_| came_from.is_some()), last.filter(|_| more))
    };
    let at = |direction, id: Option<i64>| {
        id.map(|id| Cursor {
            direction,
            key: id,
            id,
        })
    };
    (at(Direction::Previous, previous), at(Direction::Next, next))
}
