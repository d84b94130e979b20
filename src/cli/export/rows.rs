//! Events and entries of the activity log as lines.

use std::io;

use serde::Serialize;
use serde_json::value::RawValue;

use super::Format;
use crate::alerts::{csv_cell as cell, csv_lines};
use crate::audit::AuditEntry;
use crate::events::Event;

/// The columns of events.
pub(super) const EVENT_COLUMNS: [&str; 14] = [
    "id",
    "timestamp",
    "occurred_at",
    "severity",
    "event_type",
    "source_name",
    "description",
    "ip_address",
    "country",
    "city",
    "tags",
    "attributes",
    "alert",
    "version",
];

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

/// What stands before the first row.
pub(super) fn header<const N: usize>(format: Format, columns: [&str; N]) -> io::Result<Vec<u8>> {
    match format {
        Format::Ndjson => Ok(Vec::new()),
        Format::Csv => csv_lines(std::iter::once(columns.map(str::to_owned))),
    }
}

/// Rows as text.
pub(super) fn lines<T: Serialize, const N: usize>(
    format: Format,
    rows: &[T],
    csv_row: fn(&T) -> [String; N],
) -> io::Result<Vec<u8>> {
    match format {
        Format::Csv => csv_lines(rows.iter().map(csv_row)),
        Format::Ndjson => {
            let mut text = Vec::new();
            for row in rows {
                serde_json::to_writer(&mut text, row)?;
                text.push(b'\n');
            }
            Ok(text)
        }
    }
}

fn shown<T: ToString>(value: Option<&T>) -> String {
    value.map(ToString::to_string).unwrap_or_default()
}

pub(super) fn event_row(event: &Event) -> [String; 14] {
    let geo = event.geo.as_ref();
    let text = |text: Option<&String>| text.map(|text| cell(text)).unwrap_or_default();
    [
        event.id.to_string(),
        event.timestamp.to_string(),
        shown(event.occurred_at.as_ref()),
        event.severity.to_string(),
        cell(&event.event_type),
        cell(&event.source_name),
        cell(&event.description),
        text(event.ip_address.as_ref()),
        text(geo.and_then(|geo| geo.country_code.as_ref())),
        text(geo.and_then(|geo| geo.city.as_ref())),
        cell(&event.tags.join(" ")),
        event.attributes.get().to_owned(),
        shown(event.alert.as_ref()),
        event.version.to_string(),
    ]
}

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

#[cfg(test)]
mod tests {
    use base::{EventId, Severity, Timestamp};

    use super::*;

    fn event() -> Event {
        let id = EventId::first_at(Timestamp::parse("2026-01-31T12:00:00Z").unwrap());
        Event {
            id,
            source_name: "fw-01".to_owned(),
            event_type: "intrusion".to_owned(),
            severity: Severity::High,
            description: "=cmd|' /C calc'!A0".to_owned(),
            ip_address: Some("198.51.100.7".to_owned()),
            geo: None,
            timestamp: id.timestamp(),
            occurred_at: None,
            tags: vec!["a".to_owned(), "b".to_owned()],
            attributes: RawValue::from_string("{\"k\":1}".to_owned()).unwrap(),
            version: 1,
            alert: Some(17),
        }
    }

    #[test]
    fn an_event_is_a_row_under_its_columns_and_no_formula() {
        let row = event_row(&event());
        let at = |name: &str| &row[EVENT_COLUMNS.iter().position(|it| *it == name).unwrap()];
        assert_eq!(at("timestamp"), "2026-01-31T12:00:00.000000Z");
        assert_eq!(at("description"), "'=cmd|' /C calc'!A0");
        assert_eq!(at("tags"), "a b");
        assert_eq!(at("attributes"), "{\"k\":1}");
        assert_eq!(at("alert"), "17");
        assert_eq!(at("version"), "1");
    }

    #[test]
    fn an_exported_event_is_read_again() {
        let text = lines(Format::Ndjson, &[event()], event_row).unwrap();
        let read = crate::events::read_new(text.trim_ascii()).unwrap();
        assert_eq!(read.description, event().description);
        assert_eq!(read.attributes.unwrap().get(), "{\"k\":1}");
    }
}
