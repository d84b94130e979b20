//! Events as files: CSV for spreadsheets, NDJSON for programs; streamed in parts.

use axum::response::Response;
use base::EventId;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use store::StoreError;

use super::model::{Event, EventFilter};
use super::sql;
use crate::app::App;
use crate::http::{ExportFormat, csv_cell as cell};

/// Events read and written at a time.
const PART: i64 = 1_000;

/// The columns of events in CSV.
pub(crate) const CSV_HEADER: [&str; 14] = [
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

/// An event under [`CSV_HEADER`]; no cell is a formula.
pub(crate) fn csv_row(event: &Event) -> [String; 14] {
    let geo = event.geo.as_ref();
    let text = |text: Option<&String>| text.map(|text| cell(text)).unwrap_or_default();
    let shown = |value: Option<String>| value.unwrap_or_default();
    [
        event.id.to_string(),
        event.timestamp.to_string(),
        shown(event.occurred_at.map(|at| at.to_string())),
        event.severity.to_string(),
        cell(&event.event_type),
        cell(&event.source_name),
        cell(&event.description),
        text(event.ip_address.as_ref()),
        text(geo.and_then(|geo| geo.country_code.as_ref())),
        text(geo.and_then(|geo| geo.city.as_ref())),
        cell(&event.tags.join(" ")),
        event.attributes.get().to_owned(),
        shown(event.alert.map(|alert| alert.to_string())),
        event.version.to_string(),
    ]
}

/// Streams every event the filter matches, newest first.
///
/// Parts are read one by one as the client takes them, each on a snapshot of its own: none comes
/// twice, and those received after the export began are left out.
///
/// # Errors
/// The database's fault; once the answer has begun, a fault breaks it off.
pub async fn export(
    app: App,
    filter: EventFilter,
    format: ExportFormat,
) -> Result<Response, StoreError> {
    let export = Export {
        app,
        filter,
        format,
    };
    // The first part is read before the answer begins, so that a refusal still has its status.
    let (first, further) = export.part(None).await?;
    let begin = format
        .header(CSV_HEADER)
        .map(|header| Bytes::from([header, first].concat()));
    let rest = stream::try_unfold((export, further), |(export, further)| async move {
        let Some(after) = further else {
            return Ok(None);
        };
        let part = export.part(Some(after)).await;
        let (text, further) = part.map_err(std::io::Error::other)?;
        Ok(Some((Bytes::from(text), (export, further))))
    });
    let parts = stream::iter(std::iter::once(begin)).chain(rest);
    Ok(format.attachment("events", parts))
}

struct Export {
    app: App,
    filter: EventFilter,
    format: ExportFormat,
}

impl Export {
    /// The events below an id as text, and the id below which the next part begins.
    async fn part(&self, below: Option<EventId>) -> Result<(Vec<u8>, Option<EventId>), StoreError> {
        let (filter, format) = (self.filter.clone(), self.format);
        self.app
            .store
            .read(move |tx| {
                let (events, further) = sql::below(tx, &filter, below, PART)?;
                let text = format
                    .lines(&events, csv_row)
                    .map_err(|error| StoreError::Shape(error.to_string().into()))?;
                Ok((text, further))
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use base::{Severity, Timestamp};
    use serde_json::value::RawValue;

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
        let row = csv_row(&event());
        let at = |name: &str| &row[CSV_HEADER.iter().position(|it| *it == name).unwrap()];
        assert_eq!(at("timestamp"), "2026-01-31T12:00:00.000000Z");
        assert_eq!(at("description"), "'=cmd|' /C calc'!A0");
        assert_eq!(at("tags"), "a b");
        assert_eq!(at("attributes"), "{\"k\":1}");
        assert_eq!(at("alert"), "17");
        assert_eq!(at("version"), "1");
    }

    #[test]
    fn an_exported_event_is_read_again() {
        let text = ExportFormat::NdJson.lines(&[event()], csv_row).unwrap();
        let read = crate::events::read_new(text.trim_ascii()).unwrap();
        assert_eq!(read.description, event().description);
        assert_eq!(read.attributes.unwrap().get(), "{\"k\":1}");
    }
}
