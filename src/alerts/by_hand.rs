//! Alerts people raise from events that raised none by themselves.

use std::sync::Arc;

use base::{EventId, Severity, Timestamp};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::to_raw_value;
use store::{StoreError, Tx};

use super::change::{AlertChange, Assignee, Intent, change_to};
use super::error::AlertError;
use super::history;
use super::lifecycle::Edit;
use super::model::{Alert, TimelineEntry, TimelineKind};
use super::raise::{NewAlert, PEOPLE, TITLE_MAX, raise, title_of};
use super::sql;
use crate::app::{App, Change};
use crate::audit::{self, Entry};
use crate::events::{self, Event};
use crate::http::{Caller, Problem};
use crate::repeats::{self, Answer, Repeat, RepeatError};

/// An alert to be; what is left out is taken from the event.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertByHand {
    /// What happened, in one line of at most 200 characters; else as the event's description
    /// begins.
    #[schema(max_length = 200, example = "Second new device for bob today")]
    pub title: Option<String>,
    /// How bad it is; else as bad as the event.
    pub severity: Option<Severity>,
    /// Who is to work on it: a user name, a user's id, or `me`.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "me")]
    pub assigned_to: Edit<Assignee>,
    /// A note for the timeline, at most 16,384 characters.
    #[schema(max_length = 16_384, example = "He is on leave")]
    pub note: Option<String>,
}

/// Why no alert was raised by hand.
#[derive(Debug, thiserror::Error)]
pub enum ByHandError {
    /// There is no such event.
    #[error("there is no event {0}")]
    NoEvent(EventId),
    /// The event has one.
    #[error("the event has the alert #{0} already")]
    Raised(i64),
    /// A value is not valid, or the person cannot be given an alert.
    #[error(transparent)]
    Alert(#[from] AlertError),
    /// A repeated request could not be answered.
    #[error(transparent)]
    Repeat(#[from] RepeatError),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ByHandError> for Problem {
    fn from(error: ByHandError) -> Self {
        match error {
            ByHandError::NoEvent(_) => Self::not_found(error.to_string()),
            ByHandError::Raised(_) => Self::conflict(error.to_string()),
            ByHandError::Alert(error) => error.into(),
            ByHandError::Repeat(error) => error.into(),
            ByHandError::Store(error) => error.into(),
        }
    }
}

impl AlertByHand {
    /// Checks what the request alone can show; blank texts are none.
    fn checked(mut self) -> Result<Self, AlertError> {
        let filled = |text: &String| !text.trim().is_empty();
        self.title = self
            .title
            .filter(filled)
            .map(|title| title.trim().to_owned());
        if let Some(title) = &self.title {
            let refuse = |what: &str| Err(AlertError::Field("title", what.to_owned()));
            if title.chars().any(char::is_control) {
                return refuse("must be one line without control characters");
            }
            if title.chars().count() > TITLE_MAX {
                return refuse("at most 200 characters");
            }
        }
        self.note = self.note.filter(filled);
        if self.note.is_some() {
            let note = self.note.take();
            let change = AlertChange {
                note,
                ..AlertChange::default()
            };
            self.note = change.checked()?.note;
        }
        Ok(self)
    }

    /// Who is to be given it, looked up before anything is locked; `None` for nobody.
    fn assignment(&self, tx: &mut Tx<'_>, caller: &Caller) -> Result<Option<Intent>, AlertError> {
        if !matches!(self.assigned_to, Edit::Set(_)) {
            return Ok(None);
        }
        let change = AlertChange {
            assigned_to: self.assigned_to.clone(),
            ..AlertChange::default()
        };
        Intent::new(tx, caller, &change).map(Some)
    }
}

/// Raises an OPEN alert from an event that has none: alert, counts, history and audit log in
/// one transaction, announced once it is kept; the answer is the alert.
///
/// Its severity and title may differ from the event's; those that do stay when the event is
/// changed ([`super::follow_event`]). Due times count from now.
///
/// # Errors
/// [`ByHandError`].
pub async fn raise_by_hand(
    app: &App,
    caller: Caller,
    repeat: Option<Repeat>,
    event: EventId,
    wanted: AlertByHand,
) -> Result<Answer, ByHandError> {
    let wanted = wanted.checked()?;
    let now = app.clock.now();
    let this = app.clone();
    let answer = app
        .store
        .write(move |tx| {
            let secrets = Arc::clone(&this.secrets);
            repeats::once(tx, &secrets, repeat.as_ref(), now, |tx| {
                let alert = raise_in(tx, &this, &caller, now, event, &wanted)?;
                let location = format!("/api/alerts/{}/", alert.state.id);
                Ok::<_, ByHandError>(Answer::created(location, &alert)?)
            })
        })
        .await?;
    app.announce(Change::AlertsRaised(event));
    Ok(answer)
}

fn raise_in(
    tx: &mut Tx<'_>,
    app: &App,
    caller: &Caller,
    now: Timestamp,
    event: EventId,
    wanted: &AlertByHand,
) -> Result<Alert, ByHandError> {
    let intent = wanted.assignment(tx, caller)?;
    // Held until commit: of two people one sees the other's alert.
    let event = events::get(tx, event, true)?.ok_or(ByHandError::NoEvent(event))?;
    if let Some(alert) = event.alert {
        return Err(ByHandError::Raised(alert));
    }
    let country = event.geo.as_ref().and_then(|it| it.country_code.as_deref());
    let title = wanted.title.as_deref();
    let new = NewAlert {
        event_id: event.id,
        severity: wanted.severity.unwrap_or(event.severity),
        title: title.unwrap_or_else(|| title_of(&event.description)),
        source_id: events::source_id(tx, &event.source_name, now)?,
        event_type_id: events::event_type_id(tx, &event.event_type, now)?,
        ip_address: event.ip_address.as_deref(),
        country,
    };
    let raised = raise(tx, &app.config, PEOPLE, now, &[new])?;
    let gone = || StoreError::Shape("an alert just raised is not there".into());
    let id = raised.first().copied().ok_or_else(gone)?;
    sql::record(tx, id, told(caller, now, &event, &new, wanted.note.clone()))?;
    let alert = sql::get(tx, id, now)?.ok_or_else(gone)?;
    let entry = Entry::new("alert.raised_by_hand")
        .on("alert", id)
        .after(json!({ "event": event.id, "alert": alert.state, "note": wanted.note }));
    audit::append(tx, caller, now, entry)?;
    match intent {
        Some(intent) => Ok(change_to(tx, caller, now, (id, None), &intent)?.0),
        None => Ok(alert),
    }
}

/// The timeline's entry that names whoever raised it, and what is not as in the event.
fn told(
    caller: &Caller,
    now: Timestamp,
    event: &Event,
    alert: &NewAlert<'_>,
    note: Option<String>,
) -> TimelineEntry {
    let mut changes = json!({ "raised_by_hand": { "from": false, "to": true } });
    if let Some(changes) = changes.as_object_mut() {
        if alert.severity != event.severity {
            let severity = json!({ "from": event.severity, "to": alert.severity });
            changes.insert("severity".to_owned(), severity);
        }
        let title = title_of(&event.description);
        if alert.title != title {
            let title = json!({ "from": title, "to": alert.title });
            changes.insert("title".to_owned(), title);
        }
    }
    TimelineEntry {
        kind: TimelineKind::Changed,
        changes: to_raw_value(&changes).ok(),
        text: note,
        ..history::commented(caller, now, String::new())
    }
}
