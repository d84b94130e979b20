//! `watchpost source …`: sources as administrators describe them, from where the server runs.

use std::fmt::Write as _;
use std::io::Read as _;

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};

use super::failure::Exit;
use super::user::{after, time};
use super::{session, terminal};
use crate::adapters::Profile;
use crate::app::App;
use crate::config::Settings;
use crate::http::Caller;
use crate::sources::{
    self, Edit, NewSource, Source, SourceChange, SourceError, SourceFilter, Sources,
};

/// Sources read at a time.
const PART: i64 = 200;
/// Longest profile, in bytes.
const PROFILE_MAX: u64 = 1024 * 1024;

/// What is done about sources.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists all sources: those described and those that reported.
    List {
        /// As JSON, one source a line.
        #[arg(long)]
        json: bool,
    },
    /// Shows one source.
    Show {
        /// Its name.
        name: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Describes a source, or changes what is said of it; what is left out stays.
    Set(Box<Set>),
    /// Takes a source's description away; its events stay.
    Remove {
        /// Its name.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct Set {
    /// Its name, as its events have it.
    name: String,
    /// The format of its records, such as suricata.
    #[arg(long)]
    kind: Option<String>,
    /// What it is, for people.
    #[arg(long)]
    description: Option<String>,
    /// A file with the profile as JSON, as the API takes it; - is standard input.
    #[arg(long, value_name = "FILE")]
    profile: Option<std::path::PathBuf>,
    /// Events a second.
    #[arg(long)]
    rate_limit: Option<u32>,
    /// Bytes of one record.
    #[arg(long)]
    record_max: Option<u32>,
    /// Alerts a minute before more are gathered in one.
    #[arg(long)]
    alerts_per_minute: Option<u32>,
    /// Seconds without a record after which an alert says so.
    #[arg(long)]
    silent_after: Option<u32>,
    /// What is no longer to be said; can be given again.
    #[arg(long, value_name = "WHAT")]
    clear: Vec<Cleared>,
}

/// What can be taken out of a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Cleared {
    Kind,
    Description,
    Profile,
    RateLimit,
    RecordMax,
    AlertsPerMinute,
    SilentAfter,
}

impl Command {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<Exit> {
        session::with_existing(settings, async |app| {
            match self {
                Self::List { json } => list(app, json).await?,
                Self::Show { name, json } => show(&find(app, name).await?, json)?,
                Self::Set(set) => set.run(app).await?,
                Self::Remove { name } => {
                    let source = find(app, name).await?;
                    let caller = Caller::system("command line");
                    sources::delete(app, &Sources::default(), caller, source.id, None).await?;
                    terminal::say(&format!("source {} is described no longer", source.name))?;
                }
            }
            Ok(Exit::Done)
        })
        .await
    }
}

async fn find(app: &App, name: String) -> anyhow::Result<Source> {
    let found = sources::named(app, name.clone()).await?;
    found.with_context(|| format!("there is no source {name}"))
}

impl Set {
    async fn run(self, app: &App) -> anyhow::Result<()> {
        let profile = match &self.profile {
            Some(file) => Some(profile(file)?),
            None => None,
        };
        let caller = Caller::system("command line");
        let known = sources::named(app, self.name.trim().to_owned()).await?;
        let change = self.change(profile);
        let sources = Sources::default();
        if let Some(source) = known {
            sources::change(app, &sources, caller, source.id, None, change).await?;
        } else {
            let new = new_source(self.name.clone(), change);
            sources::create(app, &sources, caller, None, new).await?;
        }
        terminal::say(&format!("source {} is described", self.name.trim()))?;
        Ok(())
    }

    fn change(&self, profile: Option<Profile>) -> SourceChange {
        let cleared = |what| self.clear.contains(&what);
        SourceChange {
            kind: edit(self.kind.clone(), cleared(Cleared::Kind)),
            description: match &self.description {
                None if cleared(Cleared::Description) => Some(String::new()),
                given => given.clone(),
            },
            profile: edit(profile, cleared(Cleared::Profile)),
            rate_limit: edit(self.rate_limit, cleared(Cleared::RateLimit)),
            record_max: edit(self.record_max, cleared(Cleared::RecordMax)),
            alert_budget: edit(self.alerts_per_minute, cleared(Cleared::AlertsPerMinute)),
            silent_after: edit(self.silent_after, cleared(Cleared::SilentAfter)),
        }
    }
}

fn edit<T>(given: Option<T>, cleared: bool) -> Edit<T> {
    match given {
        None if !cleared => Edit::Keep,
        given => Edit::To(given),
    }
}

fn new_source(name: String, change: SourceChange) -> NewSource {
    fn to<T>(edit: Edit<T>) -> Option<T> {
        match edit {
            Edit::To(value) => value,
            Edit::Keep => None,
        }
    }
    NewSource {
        name,
        kind: to(change.kind),
        description: change.description.unwrap_or_default(),
        profile: to(change.profile).unwrap_or_default(),
        rate_limit: to(change.rate_limit),
        record_max: to(change.record_max),
        alert_budget: to(change.alert_budget),
        silent_after: to(change.silent_after),
    }
}

/// Reads a profile; whatever is wrong with it is wrong with the argument.
fn profile(file: &std::path::Path) -> anyhow::Result<Profile> {
    let mut text = String::new();
    let read = if file.as_os_str() == "-" {
        std::io::stdin().take(PROFILE_MAX).read_to_string(&mut text)
    } else {
        std::fs::File::open(file).and_then(|it| it.take(PROFILE_MAX).read_to_string(&mut text))
    };
    read.with_context(|| format!("cannot read {}", file.display()))?;
    let mut reader = serde_json::Deserializer::from_str(&text);
    match serde_path_to_error::deserialize(&mut reader) {
        Ok(profile) => Ok(profile),
        Err(error) => {
            let at = format!("profile.{}", error.path());
            let what = vec![error.inner().to_string()];
            bail!(SourceError::Refused([(at, what)].into()))
        }
    }
}

async fn list(app: &App, json: bool) -> anyhow::Result<()> {
    let mut all: Vec<Source> = Vec::new();
    loop {
        let cursor = all.last().map(|source| after(source.id));
        let (part, _) = sources::list(app, SourceFilter::default(), cursor, PART).await?;
        if part.is_empty() {
            break;
        }
        all.extend(part);
    }
    all.reverse();
    if json {
        for source in &all {
            terminal::say(&written(source)?)?;
        }
        return Ok(());
    }
    let rows = all.into_iter().map(|source| {
        [
            source.id.to_string(),
            source.kind.unwrap_or_else(|| "-".to_owned()),
            if source.described { "yes" } else { "no" }.to_owned(),
            time(source.last_seen),
            if source.silent { "yes" } else { "no" }.to_owned(),
            source.day.received.to_string(),
            source.day.rejected.to_string(),
            source.day.throttled.to_string(),
            source.name,
        ]
    });
    let headings = [
        "ID",
        "KIND",
        "DESCRIBED",
        "LAST HEARD OF",
        "SILENT",
        "RECEIVED 24 H",
        "REJECTED",
        "THROTTLED",
        "NAME",
    ];
    terminal::table(headings, rows)?;
    Ok(())
}

fn show(source: &Source, json: bool) -> anyhow::Result<()> {
    if json {
        terminal::say(&written(source)?)?;
        return Ok(());
    }
    let shown = |value: Option<u32>| value.map_or_else(|| "-".to_owned(), |it| it.to_string());
    let keys: Vec<String> = source
        .keys
        .iter()
        .map(|key| format!("{} ({})", key.id, key.name))
        .collect();
    let facts = [
        ("name", source.name.clone()),
        ("id", source.id.to_string()),
        ("described", source.described.to_string()),
        (
            "kind",
            source.kind.clone().unwrap_or_else(|| "-".to_owned()),
        ),
        ("description", source.description.clone()),
        ("profile", serde_json::to_string(&source.profile)?),
        ("rate limit", shown(source.rate_limit)),
        ("record max", shown(source.record_max)),
        ("alert budget", shown(source.alert_budget)),
        ("silent after", shown(source.silent_after)),
        ("first heard of", time(source.first_seen)),
        ("last heard of", time(source.last_seen)),
        ("silent", source.silent.to_string()),
        ("received in 24 h", source.day.received.to_string()),
        ("accepted", source.day.accepted.to_string()),
        ("repeated", source.day.repeated.to_string()),
        ("rejected", source.day.rejected.to_string()),
        ("throttled", source.day.throttled.to_string()),
        ("keys", keys.join(", ")),
    ];
    for (name, value) in facts {
        terminal::say(format!("{name:18}{value}").trim_end())?;
    }
    Ok(())
}

/// JSON of visible ASCII alone: whatever else a terminal might obey is escaped as JSON does it.
fn written(source: &Source) -> anyhow::Result<String> {
    let json = serde_json::to_string(source)?;
    let mut ascii = String::with_capacity(json.len());
    for c in json.chars() {
        if c <= '~' {
            ascii.push(c);
            continue;
        }
        let mut units = [0; 2];
        for unit in c.encode_utf16(&mut units) {
            write!(ascii, "\\u{unit:04x}")?;
        }
    }
    Ok(ascii)
}
