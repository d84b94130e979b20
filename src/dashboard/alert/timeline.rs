//! What happened to an alert, as sentences.

use base::Timestamp;
use serde_json::Value;

use super::first_page;
use crate::alerts::{self, TimelineEntry, TimelineKind};
use crate::app::App;
use crate::http::Problem;

/// One thing that happened.
pub(in crate::dashboard) struct Entry {
    pub(in crate::dashboard) icon: &'static str,
    pub(in crate::dashboard) actor: Option<String>,
    pub(in crate::dashboard) what: String,
    /// What was, and what is, field by field.
    pub(in crate::dashboard) changes: Vec<Shift>,
    pub(in crate::dashboard) text: Option<String>,
    pub(in crate::dashboard) at: Timestamp,
    pub(in crate::dashboard) address: Option<String>,
}

/// A field that changed.
pub(in crate::dashboard) struct Shift {
    pub(in crate::dashboard) field: String,
    pub(in crate::dashboard) from: String,
    pub(in crate::dashboard) to: String,
}

/// The timeline, newest first.
pub(super) async fn entries(app: &App, id: i64, most: u32) -> Result<Vec<Entry>, Problem> {
    let found = alerts::timeline(app, id, first_page(most)).await?;
    Ok(found.rows.into_iter().rev().map(entry).collect())
}

fn entry(entry: TimelineEntry) -> Entry {
    let changes = entry
        .changes
        .as_deref()
        .and_then(|raw| serde_json::from_str::<Value>(raw.get()).ok())
        .map(|value| shifts(&value))
        .unwrap_or_default();
    let (icon, what) = match entry.kind {
        TimelineKind::Raised => ("alerts", "raised"),
        TimelineKind::Commented => ("comment", "commented"),
        TimelineKind::Changed if entry.undone => ("undo", "took a change back"),
        TimelineKind::Changed => said(&changes),
    };
    Entry {
        icon,
        actor: entry.actor.map(|actor| actor.username),
        what: what.to_owned(),
        changes,
        text: entry.text,
        at: entry.at,
        address: entry.address,
    }
}

/// A change of status by its own word, any other as a change.
fn said(changes: &[Shift]) -> (&'static str, &'static str) {
    let status = changes.iter().find(|it| it.field == "status");
    match status.map(|it| it.to.as_str()) {
        Some("ACKNOWLEDGED") => ("acknowledged", "acknowledged"),
        Some("RESOLVED") => ("resolved", "resolved"),
        Some("OPEN") => ("open", "reopened"),
        _ if changes.iter().any(|it| it.field == "assigned_to") => ("user", "assigned"),
        _ => ("edit", "changed"),
    }
}

fn shifts(changes: &Value) -> Vec<Shift> {
    let Value::Object(fields) = changes else {
        return Vec::new();
    };
    // Times follow from the status; they are on the entry itself.
    let told = fields
        .iter()
        .filter(|(field, _)| !field.ends_with("_at") && *field != "reopen_count");
    told.map(|(field, change)| Shift {
        field: field.replace('_', " "),
        from: word(change.get("from")),
        to: word(change.get("to")),
    })
    .collect()
}

fn word(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => "none".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Object(person)) => person
            .get("username")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
        Some(other) => other.to_string(),
    }
}
