//! `watchpost export`: everything of a kind as NDJSON or CSV, oldest first, in parts.

mod rows;
mod target;

use std::path::PathBuf;

use anyhow::Context as _;
use base::EventId;
use clap::{Args, ValueEnum};
use futures_util::StreamExt as _;
use store::StoreError;

use super::failure::Exit;
use super::session;
use crate::alerts::{self, AlertFilter, Ordering, SortKey, Way};
use crate::app::App;
use crate::audit::{self, AuditEntry};
use crate::config::Settings;
use crate::events::{self, Event};
use crate::http::ExportFormat;
use rows::{AUDIT_COLUMNS, audit_row};
use target::Target;

/// Rows read and written at a time.
const PART: i64 = 1_000;

/// Writes events, alerts or the activity log to standard output or a new file.
///
/// Oldest first. Parts are read one by one, so that a running server is not held up; what comes meanwhile may
/// or may not be among them.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("what").multiple(false))]
pub(super) struct Export {
    /// The events (the default); `watchpost import` reads them again.
    #[arg(long, group = "what")]
    events: bool,
    /// The alerts, each with its event.
    #[arg(long, group = "what")]
    alerts: bool,
    /// The activity log.
    #[arg(long, group = "what")]
    audit: bool,
    /// One JSON object a line, or a table that no spreadsheet takes for formulas.
    #[arg(long, value_enum, default_value_t = Format::Ndjson)]
    format: Format,
    /// The file to make; it must not exist yet. Without, standard output.
    file: Option<PathBuf>,
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// One JSON object a line.
    Ndjson,
    /// RFC 4180, with a header.
    Csv,
}

impl From<Format> for ExportFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Ndjson => Self::NdJson,
            Format::Csv => Self::Csv,
        }
    }
}

impl Export {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<Exit> {
        session::with_existing(settings, async |app| {
            let mut target = Target::open(self.file.as_deref())?;
            match self.write(app, &mut target).await {
                Ok(()) => target.finish()?,
                Err(error) => {
                    target.discard();
                    return Err(error);
                }
            }
            Ok(Exit::Done)
        })
        .await
    }

    async fn write(&self, app: &App, target: &mut Target) -> anyhow::Result<()> {
        if self.alerts {
            write_alerts(app, self.format, target).await
        } else if self.audit {
            write_audit(app, self.format, target).await
        } else {
            write_events(app, self.format, target).await
        }
    }
}

async fn write_alerts(app: &App, format: Format, target: &mut Target) -> anyhow::Result<()> {
    let ordering = Ordering {
        key: SortKey::CreatedAt,
        way: Way::Rising,
    };
    let answer =
        alerts::export(app.clone(), AlertFilter::default(), ordering, format.into()).await?;
    let mut parts = answer.into_body().into_data_stream();
    while let Some(part) = parts.next().await {
        target.write(&part.context("reading alerts")?)?;
    }
    Ok(())
}

async fn write_events(app: &App, format: Format, target: &mut Target) -> anyhow::Result<()> {
    let format = ExportFormat::from(format);
    target.write(&format.header(events::CSV_HEADER)?)?;
    let mut last: Option<EventId> = None;
    loop {
        let read = move |tx: &mut store::Tx<'_>| events::part(tx, last, PART);
        let part: Vec<Event> = app.store.read::<_, StoreError, _>(read).await?;
        let Some(end) = part.last() else {
            return Ok(());
        };
        last = Some(end.id);
        target.write(&format.lines(&part, events::csv_row)?)?;
    }
}

async fn write_audit(app: &App, format: Format, target: &mut Target) -> anyhow::Result<()> {
    let format = ExportFormat::from(format);
    target.write(&format.header(AUDIT_COLUMNS)?)?;
    let mut last = 0;
    loop {
        let read = move |tx: &mut store::Tx<'_>| audit::part(tx, last, PART);
        let part: Vec<AuditEntry> = app.store.read::<_, StoreError, _>(read).await?;
        let Some(end) = part.last() else {
            return Ok(());
        };
        last = end.seq;
        target.write(&format.lines(&part, audit_row)?)?;
    }
}
