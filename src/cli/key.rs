//! `watchpost key …`: ingest keys, from where the server runs.

use std::time::Duration;

use anyhow::Context as _;
use base::Timestamp;
use clap::{Args, Subcommand};

use super::failure::Exit;
use super::user::{after, time};
use super::{session, terminal};
use crate::app::App;
use crate::config::Settings;
use crate::http::Caller;
use crate::identity::{self, Key, NewKey};

/// Keys read at a time.
const PART: i64 = 200;

/// What is done about ingest keys.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes a key and shows it once.
    Create(Create),
    /// Ends a key.
    Revoke {
        /// The key's number, as `watchpost key list` shows it.
        id: i64,
    },
    /// Lists all keys, without the keys themselves.
    List,
}

#[derive(Debug, Args)]
pub(super) struct Create {
    /// What people call it, 1 to 100 characters.
    name: String,
    /// The only source it may speak for; without, any.
    #[arg(long)]
    source: Option<String>,
    /// Network or address it may be used from; can be given again. Without, any.
    #[arg(long = "network", value_name = "CIDR")]
    networks: Vec<String>,
    /// When it ends (RFC 3339); without, never.
    #[arg(long, value_name = "TIME", value_parser = Timestamp::parse)]
    expires_at: Option<Timestamp>,
    /// In how many days it ends.
    #[arg(long, value_name = "DAYS", conflicts_with = "expires_at", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    expires_in_days: Option<u32>,
}

impl Command {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<Exit> {
        session::with_existing(settings, async |app| {
            let caller = Caller::system("command line");
            match self {
                Self::Create(create) => create.run(app, &caller).await?,
                Self::Revoke { id } => {
                    let key = identity::revoke_key(app, &caller, id)
                        .await
                        .with_context(|| format!("key {id}"))?;
                    terminal::say(&format!("key {id} ({}) was revoked", key.name))?;
                }
                Self::List => list(app).await?,
            }
            Ok(Exit::Done)
        })
        .await
    }
}

impl Create {
    async fn run(self, app: &App, caller: &Caller) -> anyhow::Result<()> {
        let days = |days: u32| Duration::from_secs(u64::from(days).saturating_mul(86_400));
        let ends = self
            .expires_in_days
            .map(|it| app.clock.now().plus(days(it)));
        let new = NewKey {
            name: self.name,
            source_name: self.source,
            scopes: None,
            networks: self.networks,
            expires_at: self.expires_at.or(ends),
        };
        let created = identity::create_key(app, caller, new).await?;
        let Key { id, name, .. } = &created.key;
        terminal::say(&format!("key {id} ({name}) was made; it is shown once:"))?;
        terminal::say(created.secret.expose())?;
        Ok(())
    }
}

async fn list(app: &App) -> anyhow::Result<()> {
    let mut keys: Vec<Key> = Vec::new();
    loop {
        let cursor = keys.last().map(|key| after(key.id));
        let (part, _) = identity::list_keys(app, cursor, PART).await?;
        if part.is_empty() {
            break;
        }
        keys.extend(part);
    }
    let now = app.clock.now();
    let rows = keys.into_iter().rev().map(|key| {
        let state = match (key.revoked_at, key.expires_at) {
            (Some(_), _) => "revoked",
            (None, Some(end)) if end <= now => "expired",
            _ => "usable",
        };
        let networks: Vec<String> = key.networks.iter().map(ToString::to_string).collect();
        [
            key.id.to_string(),
            key.prefix,
            state.to_owned(),
            time(key.expires_at),
            time(key.last_used_at),
            key.source_name.unwrap_or_else(|| "any".to_owned()),
            if networks.is_empty() {
                "any".to_owned()
            } else {
                networks.join(",")
            },
            key.name,
        ]
    });
    let headings = [
        "ID",
        "PREFIX",
        "STATE",
        "EXPIRES",
        "LAST USED",
        "SOURCE",
        "NETWORKS",
        "NAME",
    ];
    terminal::table(headings, rows)?;
    Ok(())
}
