//! What the timeline says about a change.

use std::collections::BTreeMap;

use base::Timestamp;
use serde::Serialize;
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use super::model::{AlertState, TimelineActor, TimelineEntry, TimelineKind};
use crate::http::Caller;

#[derive(Debug, PartialEq, Serialize)]
pub(super) struct FromTo {
    from: Value,
    to: Value,
}

/// For each field people can see change what it was and what it is.
pub(super) fn changes(before: &AlertState, after: &AlertState) -> BTreeMap<&'static str, FromTo> {
    let name = |alert: &AlertState| alert.assigned_to.as_ref().map(|it| it.username.clone());
    [
        pair("status", before.status, after.status),
        pair("severity", before.severity, after.severity),
        pair("title", &before.title, &after.title),
        pair("assigned_to", name(before), name(after)),
        pair("resolution", before.resolution, after.resolution),
        pair(
            "resolution_note",
            &before.resolution_note,
            &after.resolution_note,
        ),
        pair(
            "acknowledged_at",
            before.acknowledged_at,
            after.acknowledged_at,
        ),
        pair("resolved_at", before.resolved_at, after.resolved_at),
        pair("reopen_count", before.reopen_count, after.reopen_count),
    ]
    .into_iter()
    .filter(|(_, change)| change.from != change.to)
    .collect()
}

fn pair<T: Serialize>(name: &'static str, from: T, to: T) -> (&'static str, FromTo) {
    let value = |it: T| serde_json::to_value(it).unwrap_or_default();
    (
        name,
        FromTo {
            from: value(from),
            to: value(to),
        },
    )
}

/// The same as JSON text.
pub(super) fn changes_text(before: &AlertState, after: &AlertState) -> String {
    // Names and plain values always have a JSON form.
    serde_json::to_string(&changes(before, after)).unwrap_or_default()
}

/// An entry about a change.
pub(super) fn changed(
    caller: &Caller,
    now: Timestamp,
    changes: &BTreeMap<&'static str, FromTo>,
    note: Option<String>,
) -> TimelineEntry {
    entry(
        TimelineKind::Changed,
        caller,
        now,
        to_raw_value(changes).ok(),
        note,
    )
}

/// An entry about something that was said.
pub(super) fn commented(caller: &Caller, now: Timestamp, text: String) -> TimelineEntry {
    entry(TimelineKind::Commented, caller, now, None, Some(text))
}

/// The id of the person who acts; the id of a key is another's.
pub(super) fn person(caller: &Caller) -> Option<i64> {
    caller.user().ok().map(|(id, _)| id)
}

fn entry(
    kind: TimelineKind,
    caller: &Caller,
    at: Timestamp,
    changes: Option<Box<RawValue>>,
    text: Option<String>,
) -> TimelineEntry {
    TimelineEntry {
        id: 0,
        kind,
        at,
        actor: Some(TimelineActor {
            id: person(caller),
            username: caller.actor.name().to_owned(),
        }),
        address: Some(caller.origin.address.to_string()),
        changes,
        text,
        undone: false,
    }
}

/// The first entry: kept in the alert itself.
pub(super) fn raised(alert: &AlertState) -> TimelineEntry {
    TimelineEntry {
        id: 0,
        kind: TimelineKind::Raised,
        at: alert.created_at,
        actor: None,
        address: None,
        changes: None,
        text: None,
        undone: false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::lifecycle::tests::open_alert;
    use super::super::model::{AlertStatus, Person};
    use super::*;

    #[test]
    fn only_what_changed_is_told() {
        let before = open_alert();
        let after = AlertState {
            status: AlertStatus::Acknowledged,
            assigned_to: Some(Person {
                id: 2,
                username: "dana".to_owned(),
            }),
            version: 2,
            updated_at: Timestamp::from_micros(99),
            ..before.clone()
        };
        assert_eq!(
            serde_json::to_value(changes(&before, &after)).unwrap(),
            serde_json::json!({
                "assigned_to": {"from": null, "to": "dana"},
                "status": {"from": "OPEN", "to": "ACKNOWLEDGED"},
            })
        );
    }
}
