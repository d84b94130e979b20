//! Entries of the activity log as lines.

use serde_json::value::RawValue;

use crate::audit::AuditEntry;
use crate::http::csv_cell as cell;

/// The columns of the activity log.
pub(super) const AUDIT_COLUMNS: [&str; 13] = [
    "seq",
    "at",
    "actor_kind",
    "actor_id",
    "actor",
    "address",
    "user_agent",
    "request_id",
    "action",
    "object_kind",
    "object_id",
    "before",
    "after",
];

fn shown<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

/// An entry under [`AUDIT_COLUMNS`]; no cell is a formula.
pub(super) fn audit_row(entry: &AuditEntry) -> [String; 13] {
    let text = |text: Option<&String>| text.map(|text| cell(text)).unwrap_or_default();
    let json = |json: Option<&Box<RawValue>>| json.map(|it| cell(it.get())).unwrap_or_default();
    [
        entry.seq.to_string(),
        entry.at.to_string(),
        cell(&entry.actor_kind),
        shown(entry.actor_id.as_ref()),
        cell(&entry.actor),
        cell(&entry.address),
        cell(&entry.user_agent),
        cell(&entry.request_id),
        cell(&entry.action),
        text(entry.object_kind.as_ref()),
        text(entry.object_id.as_ref()),
        json(entry.before.as_ref()),
        json(entry.after.as_ref()),
    ]
}
