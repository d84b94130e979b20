//! Lists of alerts as files: CSV for spreadsheets, NDJSON for programs; streamed in parts.

use axum::response::Response;
use base::Timestamp;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};

use super::error::AlertError;
use super::filter::{AlertFilter, Ordering, Position};
use super::list::part_in;
use super::model::{Alert, Resolution};
use crate::app::App;
use crate::http::csv_cell as cell;
pub use crate::http::{ExportFormat, UnknownFormat};

/// Alerts read and written at a time.
const PART: usize = 1_000;

/// Streams every alert the filter matches, in the list's order.
///
/// Parts are read one by one as the client takes them, each on a snapshot of its own: alerts
/// raised meanwhile may be missing, none comes twice unless it changed its place meanwhile.
///
/// # Errors
/// As [`super::find`]; once the answer has begun, a fault breaks it off.
pub async fn export(
    app: App,
    filter: AlertFilter,
    ordering: Ordering,
    format: ExportFormat,
) -> Result<Response, AlertError> {
    let now = app.clock.now();
    let export = Export {
        app,
        filter,
        ordering,
        format,
        now,
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
    Ok(format.attachment("alerts", parts))
}

struct Export {
    app: App,
    filter: AlertFilter,
    ordering: Ordering,
    format: ExportFormat,
    now: Timestamp,
}

impl Export {
    async fn part(
        &self,
        after: Option<Position>,
    ) -> Result<(Vec<u8>, Option<Position>), AlertError> {
        let (filter, ordering, now) = (self.filter.clone(), self.ordering, self.now);
        let format = self.format;
        self.app
            .store
            .read(move |tx| {
                let (alerts, further) = part_in(tx, now, &filter, ordering, after, PART)?;
                let text = format
                    .lines(&alerts, csv_row)
                    .map_err(|error| store::StoreError::Shape(error.to_string().into()))?;
                Ok((text, further))
            })
            .await
    }
}

const CSV_HEADER: [&str; 24] = [
    "id",
    "status",
    "severity",
    "title",
    "source_name",
    "event_type",
    "description",
    "ip_address",
    "country",
    "city",
    "event_id",
    "occurred_at",
    "created_at",
    "acknowledged_at",
    "resolved_at",
    "updated_at",
    "assigned_to",
    "resolution",
    "resolution_note",
    "ack_due_at",
    "resolve_due_at",
    "sla_breached",
    "reopen_count",
    "version",
];

fn csv_row(alert: &Alert) -> [String; 24] {
    let Alert {
        state,
        sla_breached,
        event,
    } = alert;
    let geo = event.geo.as_ref();
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let text = |text: Option<&str>| cell(text.unwrap_or_default());
    [
        state.id.to_string(),
        state.status.to_string(),
        state.severity.to_string(),
        cell(&state.title),
        cell(&event.source_name),
        cell(&event.event_type),
        cell(&event.description),
        text(event.ip_address.as_deref()),
        text(geo.and_then(|geo| geo.country_code.as_deref())),
        text(geo.and_then(|geo| geo.city.as_deref())),
        event.id.to_string(),
        time(event.occurred_at),
        state.created_at.to_string(),
        time(state.acknowledged_at),
        time(state.resolved_at),
        state.updated_at.to_string(),
        text(state.assigned_to.as_ref().map(|it| it.username.as_str())),
        text(state.resolution.map(Resolution::word)),
        text(state.resolution_note.as_deref()),
        state.ack_due_at.to_string(),
        state.resolve_due_at.to_string(),
        sla_breached.to_string(),
        state.reopen_count.to_string(),
        state.version.to_string(),
    ]
}
