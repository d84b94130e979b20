//! What people do to an alert: change it, comment on it.

use std::time::Duration;

use base::Timestamp;
use serde::Deserialize;
use store::Tx;

use super::bulk::{Telling, store_changes, store_note};
use super::error::AlertError;
use super::history;
use super::lifecycle::{Edit, Wish, apply};
use super::model::{
    Alert, AlertState, AlertStatus, Person, Resolution, TEXT_MAX, TimelineEntry, TimelineKind,
};
use super::sql;
use super::undo::{Ticket, Undo};
use crate::app::{App, Change};
use crate::audit::{self, Entry};
use crate::http::{Caller, Capability, Role};
use crate::repeats::{self, Answer, Repeat};

/// How long the same words of the same person are one comment: a button pressed twice.
const SAID_TWICE: Duration = Duration::from_secs(10);

/// What a change asks for; at least one field.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertChange {
    /// The status.
    #[schema(example = "RESOLVED")]
    pub status: Option<AlertStatus>,
    /// Why it is resolved; with RESOLVED only. `null` takes it back.
    #[serde(default)]
    #[schema(value_type = Option<Resolution>, example = "FALSE_POSITIVE")]
    pub resolution: Edit<Resolution>,
    /// A note for the timeline, at most 16,384 characters; of a resolved alert its
    /// `resolution_note`.
    #[schema(max_length = 16_384, example = "Penetration test, announced")]
    pub note: Option<String>,
    /// A user name, a user's id, `me`, or `null` for nobody.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "me")]
    pub assigned_to: Edit<Assignee>,
}

/// A person as a change names them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "must be a user name, a user's id, me or null")]
pub enum Assignee {
    /// By id.
    Id(i64),
    /// By user name, or `me`.
    Name(String),
}

impl AlertChange {
    /// Checks what one field alone can show; a blank note is none.
    pub(super) fn checked(mut self) -> Result<Self, AlertError> {
        self.note = self.note.filter(|note| !note.trim().is_empty());
        if let Some(note) = &self.note {
            check_text("note", note)?;
        }
        let Self {
            status,
            resolution,
            note,
            assigned_to,
        } = &self;
        let silent = status.is_none() && note.is_none();
        if silent && *resolution == Edit::Keep && *assigned_to == Edit::Keep {
            let what = "give at least one of status, resolution, note, assigned_to";
            return Err(AlertError::Field("body", what.to_owned()));
        }
        Ok(self)
    }
}

fn check_text(name: &'static str, text: &str) -> Result<(), AlertError> {
    let refuse = |what: &str| Err(AlertError::Field(name, what.to_owned()));
    if text.trim().is_empty() {
        refuse("must not be empty")
    } else if text.contains('\0') {
        refuse("must not contain U+0000")
    } else if text.chars().count() > TEXT_MAX {
        refuse("at most 16384 characters")
    } else {
        Ok(())
    }
}

/// An alert after a change.
#[derive(Clone, Debug)]
pub struct Changed {
    /// As it is now.
    pub alert: Alert,
    /// What takes the change back; absent when the alert is as it was, or was only commented on.
    pub undo: Option<Undo>,
}

/// Changes an alert as the rules of `lifecycle.rs` allow: alert, counts, history and audit
/// log in one transaction, announced once it is kept. A change without effect leaves no trace.
///
/// # Errors
/// [`AlertError::NotFound`], [`AlertError::Stale`] when `version` is another than the alert's,
/// [`AlertError::Refused`], [`AlertError::Field`].
pub async fn change(
    app: &App,
    caller: Caller,
    id: i64,
    version: Option<i64>,
    change: AlertChange,
) -> Result<Changed, AlertError> {
    let change = change.checked()?;
    let now = app.clock.now();
    let (alert, effect) = app
        .store
        .write(move |tx| change_in(tx, &caller, now, id, version, &change))
        .await?;
    if effect.is_some() {
        app.announce(Change::AlertChanged(id));
    }
    let undo = match effect {
        Some(Effect::Changed(undo)) => undo,
        Some(Effect::Said) | None => None,
    };
    Ok(Changed { alert, undo })
}

/// What a change did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The alert is another, and can be made what it was.
    Changed(Option<Undo>),
    /// Only its note was kept, as a comment.
    Said,
}

/// The same within a transaction; says what it did, if anything.
pub(super) fn change_in(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    id: i64,
    version: Option<i64>,
    change: &AlertChange,
) -> Result<(Alert, Option<Effect>), AlertError> {
    let intent = Intent::new(tx, caller, change)?;
    change_to(tx, caller, now, (id, version), &intent)
}

/// The same with the person looked up already.
pub(super) fn change_to(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    (id, version): (i64, Option<i64>),
    intent: &Intent,
) -> Result<(Alert, Option<Effect>), AlertError> {
    let before = sql::lock(tx, id)?.ok_or(AlertError::NotFound(id))?;
    if version.is_some_and(|version| version != before.version) {
        return Err(AlertError::Stale(before.version));
    }
    let after = intent.apply(&before, now)?;
    let note = intent.note();
    let effect = if after != before {
        let ticket = Ticket::new(caller, now);
        let telling = Telling::Change(note, ticket.as_ref());
        store_changes(tx, caller, now, &mut [(before, after)], telling)?;
        Some(Effect::Changed(ticket.map(|it| it.undo().clone())))
    } else if let Some(note) = note {
        let said = store_note(tx, caller, now, &[id], note)?;
        (!said.is_empty()).then_some(Effect::Said)
    } else {
        None
    };
    let alert = sql::get(tx, id, now)?.ok_or(AlertError::NotFound(id))?;
    Ok((alert, effect))
}

/// A change with the person it names looked up: what one caller wants of one alert or many.
pub(super) struct Intent {
    wish: Wish,
    actor: Person,
    /// Why nobody new may be given to the person it names.
    objection: Option<String>,
}

impl Intent {
    /// Looks the person up, who stays until commit; an unknown one is refused. To be called
    /// before alerts and the audit log are locked ([`sql::keep_people`]).
    pub(super) fn new(
        tx: &mut Tx<'_>,
        caller: &Caller,
        change: &AlertChange,
    ) -> Result<Self, AlertError> {
        let actor = Person {
            id: caller.actor.id().unwrap_or(0),
            username: caller.actor.name().to_owned(),
        };
        let (assigned_to, objection) = match &change.assigned_to {
            Edit::Keep => {
                if change.status == Some(AlertStatus::Acknowledged) && actor.id != 0 {
                    // The alert may become theirs.
                    appointed(tx, &Assignee::Id(actor.id), &actor)?;
                }
                (Edit::Keep, None)
            }
            Edit::Clear => (Edit::Clear, None),
            Edit::Set(wanted) => {
                let (person, objection) = appointed(tx, wanted, &actor)?;
                (Edit::Set(person), objection)
            }
        };
        let wish = Wish {
            status: change.status,
            resolution: change.resolution,
            note: change.note.clone(),
            assigned_to,
        };
        Ok(Self {
            wish,
            actor,
            objection,
        })
    }

    /// The alert as it is wanted; whoever is assigned already stays without being checked again.
    pub(super) fn apply(
        &self,
        alert: &AlertState,
        now: Timestamp,
    ) -> Result<AlertState, AlertError> {
        if let (Some(objection), Edit::Set(person)) = (&self.objection, &self.wish.assigned_to)
            && alert.assigned_to.as_ref() != Some(person)
        {
            return Err(AlertError::Field("assigned_to", objection.clone()));
        }
        Ok(apply(alert, &self.wish, &self.actor, now)?)
    }

    /// The note that goes with it.
    pub(super) const fn note(&self) -> Option<&String> {
        self.wish.note.as_ref()
    }
}

/// The person a change names, and what speaks against giving them an alert.
fn appointed(
    tx: &mut Tx<'_>,
    wanted: &Assignee,
    actor: &Person,
) -> Result<(Person, Option<String>), AlertError> {
    let (found, name) = match wanted {
        Assignee::Id(id) => (kept(tx, *id)?, format!("user {id}")),
        Assignee::Name(name) if name.eq_ignore_ascii_case("me") => {
            (kept(tx, actor.id)?, "you".to_owned())
        }
        // PostgreSQL cannot even be asked about U+0000.
        Assignee::Name(name) if name.contains('\0') => (None, format!("{name:?}")),
        Assignee::Name(name) => (sql::keep_person_named(tx, name)?, format!("{name:?}")),
    };
    let Some((person, enabled, role)) = found else {
        let what = format!("{name}: there is no such user");
        return Err(AlertError::Field("assigned_to", what));
    };
    let objection = match (enabled, triages(&role)) {
        (false, _) => Some(format!("{name}: the account is disabled")),
        (true, false) => Some(format!("{name}: the role {role} does not triage alerts")),
        (true, true) => None,
    };
    Ok((person, objection))
}

fn kept(tx: &mut Tx<'_>, id: i64) -> Result<Option<sql::Account>, AlertError> {
    Ok(sql::keep_people(tx, &[id])?.into_iter().next())
}

/// Whether a role, by its word, may work on alerts.
pub(super) fn triages(role: &str) -> bool {
    role.parse::<Role>()
        .is_ok_and(|role| role.can(Capability::AlertTriage))
}

/// Comments on an alert, audited, announced once it is kept; the answer is the comment as the
/// timeline shows it. A comment changes neither the alert's version nor `updated_at`.
///
/// When the history ends with the same comment of the same person, not 10 seconds old, that one
/// is the answer and nothing is written.
///
/// # Errors
/// [`AlertError::NotFound`], [`AlertError::Field`] for an empty or too long text,
/// [`AlertError::Repeat`].
pub async fn comment(
    app: &App,
    caller: Caller,
    repeat: Option<Repeat>,
    id: i64,
    text: String,
) -> Result<Answer, AlertError> {
    check_text("text", &text)?;
    let now = app.clock.now();
    let secrets = std::sync::Arc::clone(&app.secrets);
    let answer = app
        .store
        .write(move |tx| {
            repeats::once(tx, &secrets, repeat.as_ref(), now, |tx| {
                sql::lock(tx, id)?.ok_or(AlertError::NotFound(id))?;
                let comment = match said_just_now(tx, &caller, now, id, &text)? {
                    Some(comment) => comment,
                    None => say(tx, &caller, now, id, text)?,
                };
                let location = format!("/api/alerts/{id}/timeline/");
                Ok::<_, AlertError>(Answer::created(location, &comment)?)
            })
        })
        .await?;
    app.announce(Change::AlertChanged(id));
    Ok(answer)
}

/// The comment an alert's history ends with, if it says this and the caller just made it.
fn said_just_now(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    id: i64,
    text: &str,
) -> Result<Option<TimelineEntry>, AlertError> {
    let last = sql::history(tx, id, sql::Stretch::Before(i64::MAX), 1)?;
    let who = caller.actor.id();
    Ok(last.into_iter().next().filter(|entry| {
        entry.kind == TimelineKind::Commented
            && entry.text.as_deref() == Some(text)
            && who.is_some()
            && entry.actor.as_ref().and_then(|actor| actor.id) == who
            && now.since(entry.at) < SAID_TWICE
    }))
}

fn say(
    tx: &mut Tx<'_>,
    caller: &Caller,
    now: Timestamp,
    id: i64,
    text: String,
) -> Result<TimelineEntry, AlertError> {
    let comment = sql::record(tx, id, history::commented(caller, now, text))?;
    let entry = Entry::new("alert.commented")
        .on("alert", id)
        .after(&comment);
    audit::append(tx, caller, now, entry)?;
    Ok(comment)
}
