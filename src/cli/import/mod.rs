//! `watchpost import`: a file of events, or of records of other programs, into the database in
//! batches.
//!
//! One blocking thread reads, unfolds and checks lines ([`source`], [`lines`], [`reader`],
//! [`records`]); this side stores what it sends ([`Storing`]) while it reads on. Both hold a few batches at most.

mod lines;
mod reader;
mod records;
mod refusals;
mod source;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use base::Clock;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::sync::mpsc;

use super::failure::Exit;
use super::signals::Signals;
use super::storing::{Counts, Storing};
use super::{session, terminal};
use crate::adapters::{FORMATS, Format};
use crate::app::App;
use crate::config::Settings;
use crate::events::SOURCE_NAME_MAX;
use crate::http::Caller;
use reader::{Part, Reading};
use refusals::Refusals;
use source::{Source, Unfolded};

/// Batches read ahead of the database.
const AHEAD: usize = 2;

/// Stores events from a file; gzip and zstd are recognised.
///
/// Lines that cannot be stored are counted by reason and left out; exit code 3 says there were
/// some. Runs beside a server.
#[derive(Debug, Args)]
pub(super) struct Import {
    /// The file, or `-` for standard input.
    file: PathBuf,
    /// What the file holds: event (as `POST /api/events/` takes it), or what another program writes:
    /// json, suricata, wazuh, crowdsec, falco, alertmanager, cloudtrail, guardduty, ocsf, zeek,
    /// windows, syslog, cef, leef, keyvalue.
    #[arg(long, value_name = "NAME", default_value = "event", value_parser = what)]
    format: What,
    /// The source of every event, whatever the lines say.
    #[arg(long, value_name = "NAME", value_parser = source_name)]
    source: Option<String>,
    /// Begins at this line, from 1: goes on where an import stopped.
    #[arg(long, value_name = "LINE", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    from_line: u64,
}

/// What the file holds.
#[derive(Clone, Copy, Debug)]
pub(super) enum What {
    /// An event on each line, as `POST /api/events/` takes it.
    Events,
    /// Records of another program.
    Records(&'static Format),
}

fn what(name: &str) -> Result<What, String> {
    if name == "event" {
        return Ok(What::Events);
    }
    Format::named(name).map(What::Records).ok_or_else(|| {
        let names: Vec<&str> = FORMATS.iter().map(|format| format.name).collect();
        format!("no such format; there are event, {}", names.join(", "))
    })
}

fn source_name(text: &str) -> Result<String, String> {
    let length = text.chars().count();
    if text.trim().is_empty() || length > SOURCE_NAME_MAX || text.contains('\0') {
        return Err(format!(
            "must be 1 to {SOURCE_NAME_MAX} characters, without U+0000"
        ));
    }
    Ok(text.to_owned())
}

/// How an import ended.
struct Report {
    counts: Counts,
    refusals: Refusals,
    end: End,
    took: Duration,
}

/// Why nothing more came.
enum End {
    /// The input ended.
    Input,
    /// Somebody wanted it to end.
    Interrupted,
    /// The input or the database failed.
    Failed(anyhow::Error),
}

impl Import {
    fn name(&self) -> String {
        if source::is_standard_input(&self.file) {
            "standard input".to_owned()
        } else {
            self.file.display().to_string()
        }
    }

    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<Exit> {
        let source =
            Source::open(&self.file).with_context(|| format!("cannot open {}", self.name()))?;
        let app = session::open(settings, Clock::system()).await?;
        let result = self.store(&app, source).await;
        session::close(app).await;
        let report = result?;
        report.print()?;
        match report.end {
            End::Failed(error) => Err(error),
            End::Interrupted => Ok(Exit::Interrupted),
            End::Input if report.refusals.count() > 0 => Ok(Exit::Partly),
            End::Input => Ok(Exit::Done),
        }
    }

    /// The source of records that name none.
    fn default_source(&self) -> &str {
        match (&self.source, self.format) {
            (Some(source), _) => source,
            (None, What::Records(format)) => format.name,
            (None, What::Events) => "",
        }
    }

    async fn store(&self, app: &App, source: Source) -> anyhow::Result<Report> {
        let mut signals = Signals::take()?;
        let started = app.clock.now();
        let bar = progress(&source);
        let mut storing = Storing::begin(app, Caller::system("command line: import"));
        storing.learn().await?;
        let (sender, mut parts) = mpsc::channel(AHEAD);
        let unfolded = source.unfolded();
        let reading = Reading {
            app: app.clone(),
            what: self.format,
            source: self.source.clone(),
            profile: storing.profile(self.default_source()),
            from_line: self.from_line,
            parts: sender,
        };
        // Not waited for: standard input may never end, and without a receiver it stops itself.
        drop(tokio::task::spawn_blocking(move || reading.run(source)));
        let mut refusals = Refusals::default();
        let end = loop {
            let part = tokio::select! {
                part = parts.recv() => part,
                () = signals.next() => break End::Interrupted,
            };
            let Some(part) = part else { break End::Input };
            if let Err(error) = self.take(part, &mut storing, &mut refusals).await {
                break End::Failed(error);
            }
            show(&bar, &unfolded, storing.counts, &refusals);
        };
        bar.finish_and_clear();
        let (counts, took) = (storing.counts, app.clock.now().since(started));
        let ended = storing.end().await;
        // What failed first is what people are told.
        if !matches!(end, End::Failed(_)) {
            ended?;
        }
        Ok(Report {
            counts,
            refusals,
            end,
            took,
        })
    }

    /// Stores what was read, or says how far it got.
    async fn take(
        &self,
        part: Part,
        storing: &mut Storing,
        refusals: &mut Refusals,
    ) -> anyhow::Result<()> {
        let so_far = |line: u64| {
            let file = self.name();
            format!("{file} was stored before line {line}: go on with `--from-line {line}`")
        };
        match part {
            Part::Batch {
                events,
                refused,
                first_line,
            } => {
                let stored = storing.store(events).await;
                stored.with_context(|| so_far(first_line))?;
                // Counted only now: who goes on from this batch reads them again.
                refusals.join(refused);
                Ok(())
            }
            Part::Failed { error, first_line } => Err(error).with_context(|| so_far(first_line)),
        }
    }
}

/// How far it is, on a terminal: by bytes where the size is known.
fn progress(source: &Source) -> ProgressBar {
    let (bar, template) = match source.size() {
        Some(size) => (
            ProgressBar::new(size),
            "{bar:30} {percent:>3} %  {msg}  {eta} left",
        ),
        None => (ProgressBar::new_spinner(), "{spinner} {bytes} read  {msg}"),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}

fn show(bar: &ProgressBar, unfolded: &Unfolded, counts: Counts, refusals: &Refusals) {
    bar.set_position(unfolded.bytes());
    bar.set_message(format!(
        "{} stored, {} refused",
        terminal::count(counts.events),
        terminal::count(refusals.count())
    ));
}

impl Report {
    fn print(&self) -> std::io::Result<()> {
        let Counts {
            events,
            alerts,
            repeated,
        } = self.counts;
        let millis = u64::try_from(self.took.as_millis())
            .unwrap_or(u64::MAX)
            .max(1);
        let rate = events.saturating_mul(1_000) / millis;
        let number = terminal::count;
        let before = match repeated {
            0 => String::new(),
            repeated => format!(", stored before: {}", number(repeated)),
        };
        terminal::say(&format!(
            "events stored: {}, alerts raised: {}, lines refused: {}{before}; {}.{} s, {} events/s",
            number(events),
            number(alerts),
            number(self.refusals.count()),
            millis / 1_000,
            millis % 1_000 / 100,
            number(rate),
        ))?;
        for line in self.refusals.lines() {
            terminal::say(&line)?;
        }
        if matches!(self.end, End::Interrupted) {
            terminal::say("interrupted: the rest of the input is not stored")?;
        }
        Ok(())
    }
}
