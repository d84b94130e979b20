//! Lists of alerts as files: CSV for spreadsheets, NDJSON for programs; streamed in parts.

use std::str::FromStr;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use base::Timestamp;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderValue, header};

use super::error::AlertError;
use super::filter::{AlertFilter, Ordering, Position};
use super::list::part_in;
use super::model::{Alert, Resolution};
use crate::app::App;

/// Alerts read and written at a time.
const PART: usize = 1_000;

/// What kind of file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExportFormat {
    /// RFC 4180, with a header.
    #[default]
    Csv,
    /// One JSON object a line.
    NdJson,
}

/// The text names no format.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("must be csv or ndjson")]
pub struct UnknownFormat;

impl FromStr for ExportFormat {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        match text.to_ascii_lowercase().as_str() {
            "csv" => Ok(Self::Csv),
            "ndjson" => Ok(Self::NdJson),
            _ => Err(UnknownFormat),
        }
    }
}

impl ExportFormat {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::NdJson => "application/x-ndjson",
        }
    }

    const fn disposition(self) -> &'static str {
        match self {
            Self::Csv => "attachment; filename=\"watchpost-alerts.csv\"",
            Self::NdJson => "attachment; filename=\"watchpost-alerts.ndjson\"",
        }
    }

    fn header(self) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Csv => csv_lines(std::iter::once(CSV_HEADER.map(str::to_owned))),
            Self::NdJson => Ok(Vec::new()),
        }
    }

    fn lines(self, alerts: &[Alert]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Csv => csv_lines(alerts.iter().map(csv_row)),
            Self::NdJson => {
                let mut text = Vec::new();
                for alert in alerts {
                    serde_json::to_writer(&mut text, alert)?;
                    text.push(b'\n');
                }
                Ok(text)
            }
        }
    }
}

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
        .header()
        .map(|header| Bytes::from([header, first].concat()));
    let rest = stream::try_unfold((export, further), |(export, further)| async move {
        let Some(after) = further else {
            return Ok(None);
        };
        let part = export.part(Some(after)).await;
        let (text, further) = part.map_err(std::io::Error::other)?;
        Ok(Some((Bytes::from(text), (export, further))))
    });
    let mut response =
        Body::from_stream(stream::iter(std::iter::once(begin)).chain(rest)).into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.media_type()),
    );
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static(format.disposition()),
    );
    Ok(response)
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
                    .lines(&alerts)
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

/// A text no spreadsheet takes for a formula: an apostrophe goes in front of what begins, spaces
/// aside, with one of the signs formulas begin with, their full-width forms, a tab or a line end.
pub(crate) fn cell(text: &str) -> String {
    let begins = |text: &str| {
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
    };
    let mut cell = String::with_capacity(text.len().saturating_add(1));
    if begins(text) || begins(text.trim_start()) {
        cell.push('\'');
    }
    cell.push_str(text);
    cell
}

/// Rows as RFC 4180 text, every cell quoted.
pub(crate) fn csv_lines<const N: usize>(
    rows: impl Iterator<Item = [String; N]>,
) -> std::io::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .quote_style(csv::QuoteStyle::Always)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        writer.write_record(&row)?;
    }
    writer.into_inner().map_err(csv::IntoInnerError::into_error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            "\tx",
            "\rx",
            "\nx",
            "  =cmd|' /C calc'!A0",
            "\u{a0}=1",
            "＝1+1",
        ] {
            assert_eq!(cell(text), format!("'{text}"));
        }
        for text in ["", "a=1", "10.0.0.1", " plain", "'quoted"] {
            assert_eq!(cell(text), text);
        }
    }

    #[test]
    fn every_cell_is_quoted() {
        let mut row = CSV_HEADER.map(|_| String::new());
        row[3] = "say \"hi\",\r\nthen".to_owned();
        let text = String::from_utf8(csv_lines(std::iter::once(row)).unwrap()).unwrap();
        assert!(text.starts_with("\"\",\"\",\"\",\"say \"\"hi\"\",\r\nthen\",\"\","));
        assert!(text.ends_with("\"\"\r\n"));
        assert_eq!(text.matches("\",\"").count(), 23);
    }

    #[test]
    fn formats_are_read_in_any_case() {
        assert_eq!("CSV".parse(), Ok(ExportFormat::Csv));
        assert_eq!("NDJSON".parse(), Ok(ExportFormat::NdJson));
        assert_eq!("xlsx".parse::<ExportFormat>(), Err(UnknownFormat));
    }
}
