//! Lists as files: CSV for spreadsheets, NDJSON for programs.

use std::str::FromStr;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderValue, header};
use serde::Serialize;

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

    const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::NdJson => "ndjson",
        }
    }

    /// What stands before the first row: the columns in CSV, nothing in NDJSON.
    ///
    /// # Errors
    /// The writer's fault.
    pub fn header<const N: usize>(self, columns: [&str; N]) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Csv => csv_lines(std::iter::once(columns.map(str::to_owned))),
            Self::NdJson => Ok(Vec::new()),
        }
    }

    /// Rows as text: `csv_row` gives their cells, in NDJSON they are written as they answer.
    ///
    /// # Errors
    /// When a row has no JSON form.
    pub fn lines<T: Serialize, const N: usize>(
        self,
        rows: &[T],
        csv_row: impl Fn(&T) -> [String; N],
    ) -> std::io::Result<Vec<u8>> {
        match self {
            Self::Csv => csv_lines(rows.iter().map(csv_row)),
            Self::NdJson => {
                let mut text = Vec::new();
                for row in rows {
                    serde_json::to_writer(&mut text, row)?;
                    text.push(b'\n');
                }
                Ok(text)
            }
        }
    }

    /// Answers with the parts as a file to save, `watchpost-NAME` with the format's ending.
    #[must_use]
    pub fn attachment(
        self,
        name: &str,
        parts: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Response {
        let mut response = Body::from_stream(parts).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static(self.media_type()),
        );
        let ending = self.ending();
        let disposition = format!("attachment; filename=\"watchpost-{name}.{ending}\"");
        if let Ok(disposition) = HeaderValue::from_str(&disposition) {
            headers.insert(header::CONTENT_DISPOSITION, disposition);
        }
        response
    }
}

/// A text no spreadsheet takes for a formula: an apostrophe goes in front of what begins, spaces
/// aside, with one of the signs formulas begin with, their full-width forms, a tab or a line end.
pub(crate) fn csv_cell(text: &str) -> String {
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
fn csv_lines<const N: usize>(rows: impl Iterator<Item = [String; N]>) -> std::io::Result<Vec<u8>> {
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
            assert_eq!(csv_cell(text), format!("'{text}"));
        }
        for text in ["", "a=1", "10.0.0.1", " plain", "'quoted"] {
            assert_eq!(csv_cell(text), text);
        }
    }

    #[test]
    fn every_cell_is_quoted() {
        let row = ["", "say \"hi\",\r\nthen", ""].map(str::to_owned);
        let text = String::from_utf8(csv_lines(std::iter::once(row)).unwrap()).unwrap();
        assert_eq!(text, "\"\",\"say \"\"hi\"\",\r\nthen\",\"\"\r\n");
    }

    #[test]
    fn formats_are_read_in_any_case() {
        assert_eq!("CSV".parse(), Ok(ExportFormat::Csv));
        assert_eq!("NDJSON".parse(), Ok(ExportFormat::NdJson));
        assert_eq!("xlsx".parse::<ExportFormat>(), Err(UnknownFormat));
    }
}
