//! Making, changing and deleting views; each audited in its own transaction.

use base::Timestamp;
use store::{StoreError, Tx};

use super::error::ViewError;
use super::model::{NewView, Owner, View, ViewChange};
use super::{rules, sql};
use crate::alerts::Edit;
use crate::app::App;
use crate::audit::{self, Entry};
use crate::http::{Actor, Caller, Capability};
use crate::repeats::{self, Answer, Repeat};

/// Most views of one person.
const OWNED_MAX: i64 = 100;

/// Who asks, and whether they look after shared views.
struct Asker {
    id: i64,
    username: String,
    manages: bool,
}

impl Asker {
    /// Only people have views; a route lets nobody else in.
    fn of(caller: &Caller) -> Result<Self, ViewError> {
        match &caller.actor {
            Actor::User {
                id, username, role, ..
            } => Ok(Self {
                id: *id,
                username: username.to_string(),
                manages: role.can(Capability::Manage),
            }),
            _ => Err(ViewError::Shared),
        }
    }
}

/// Keeps a new view; the answer is the view.
///
/// # Errors
/// [`ViewError::Refused`] naming each field that breaks a rule, a name taken among them,
/// [`ViewError::Shared`] when only an administrator may, [`ViewError::TooMany`],
/// [`ViewError::Repeat`].
pub async fn create(
    app: &App,
    caller: Caller,
    repeat: Option<Repeat>,
    new: NewView,
) -> Result<Answer, ViewError> {
    let asker = Asker::of(&caller)?;
    if new.shared && !asker.manages {
        return Err(ViewError::Shared);
    }
    let now = app.clock.now();
    let mut view = View {
        id: 0,
        name: new.name,
        page: new.page,
        query: new.query,
        columns: new.columns,
        sort: new.sort,
        group: new.group,
        shared: new.shared,
        owner: Some(Owner {
            id: asker.id,
            username: asker.username,
        }),
        default: new.default,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    rules::check(&mut view)?;
    let secrets = std::sync::Arc::clone(&app.secrets);
    app.store
        .write(move |tx| {
            repeats::once(tx, &secrets, repeat.as_ref(), now, |tx| {
                let view = insert(tx, &caller, now, asker.id, view)?;
                let location = format!("/api/views/{}/", view.id);
                Ok::<_, ViewError>(Answer::created(location, &view)?)
            })
        })
        .await
}

fn insert(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    user: i64,
    mut view: View,
) -> Result<View, ViewError> {
    sql::clear_orphans(tx)?;
    if sql::owned(tx, user)? >= OWNED_MAX {
        return Err(ViewError::TooMany(OWNED_MAX));
    }
    view.id = sql::insert(tx, &view)?.ok_or_else(name_is_taken)?;
    if view.default {
        sql::set_default(tx, user, view.page, view.id)?;
    }
    let entry = Entry::new("view.created").on("view", view.id).after(&view);
    audit::append(tx, caller, now, entry)?;
    Ok(view)
}

fn name_is_taken() -> ViewError {
    ViewError::field("name", "is taken: the owner has a view of this name")
}

/// Changes a view, or whether one's page begins with it. A change that changes nothing is none.
///
/// # Errors
/// [`ViewError::NotFound`], [`ViewError::Stale`] when `version` is another than the view's,
/// [`ViewError::Shared`], [`ViewError::Refused`].
pub async fn change(
    app: &App,
    caller: Caller,
    id: i64,
    version: Option<i64>,
    change: ViewChange,
) -> Result<View, ViewError> {
    let asker = Asker::of(&caller)?;
    let now = app.clock.now();
    app.store
        .write(move |tx| change_in(tx, &caller, &asker, now, (id, version), change))
        .await
}

fn change_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    asker: &Asker,
    now: Timestamp,
    (id, version): (i64, Option<i64>),
    change: ViewChange,
) -> Result<View, ViewError> {
    let before = locked(tx, asker.id, id, version)?;
    let mut after = wanted(&before, change);
    let touched = View {
        default: before.default,
        ..after.clone()
    };
    if touched != before {
        if (before.shared || after.shared) && !asker.manages {
            return Err(ViewError::Shared);
        }
        if after.owner.is_none() && !after.shared {
            let what = "must stay: its owner's account is gone, so nobody would see it";
            return Err(ViewError::field("shared", what));
        }
        rules::check(&mut after)?;
        after.version = before.version.saturating_add(1);
        after.updated_at = now;
        sql::update(tx, &after).map_err(|error| match error {
            StoreError::Constraint(_) => name_is_taken(),
            error => error.into(),
        })?;
        if before.shared && !after.shared {
            let owner = after.owner.as_ref().map_or(0, |owner| owner.id);
            sql::clear_defaults_of_others(tx, owner, id)?;
        }
    }
    match (before.default, after.default) {
        (false, true) => sql::set_default(tx, asker.id, after.page, id)?,
        (true, false) => sql::clear_default(tx, asker.id, id)?,
        _ => {}
    }
    if after != before {
        let entry = Entry::new("view.changed").on("view", id);
        audit::append(tx, caller, now, entry.before(&before).after(&after))?;
    }
    // Whoever stops sharing another person's view no longer sees it: answered as it was left.
    Ok(after)
}

/// A view somebody sees, locked, when it has the version that is meant.
fn locked(tx: &mut Tx<'_>, user: i64, id: i64, version: Option<i64>) -> Result<View, ViewError> {
    let view = sql::lock(tx, user, id)?.ok_or(ViewError::NotFound(id))?;
    match version {
        Some(version) if version != view.version => Err(ViewError::Stale(view.version)),
        _ => Ok(view),
    }
}

fn wanted(before: &View, change: ViewChange) -> View {
    let edited = |edit: Edit<String>, now: &Option<String>| match edit {
        Edit::Keep => now.clone(),
        Edit::Clear => None,
        Edit::Set(text) => Some(text),
    };
    View {
        name: change.name.unwrap_or_else(|| before.name.clone()),
        query: change.query.unwrap_or_else(|| before.query.clone()),
        columns: change.columns.unwrap_or_else(|| before.columns.clone()),
        sort: edited(change.sort, &before.sort),
        group: edited(change.group, &before.group),
        shared: change.shared.unwrap_or(before.shared),
        default: change.default.unwrap_or(before.default),
        ..before.clone()
    }
}

/// Deletes a view.
///
/// # Errors
/// [`ViewError::NotFound`], [`ViewError::Stale`], [`ViewError::Shared`].
pub async fn delete(
    app: &App,
    caller: Caller,
    id: i64,
    version: Option<i64>,
) -> Result<(), ViewError> {
    let asker = Asker::of(&caller)?;
    let now = app.clock.now();
    app.store
        .write(move |tx| {
            let view = locked(tx, asker.id, id, version)?;
            if view.shared && !asker.manages {
                return Err(ViewError::Shared);
            }
            sql::delete(tx, id)?;
            let entry = Entry::new("view.deleted").on("view", id).before(&view);
            audit::append(tx, &caller, now, entry)?;
            Ok(())
        })
        .await
}
