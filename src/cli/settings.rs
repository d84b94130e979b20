//! `watchpost config show` and `watchpost config check`.

use clap::{ArgMatches, Subcommand};

use super::failure::Exit;
use super::terminal;
use crate::config::{Settings, shown};

/// What is asked about the settings.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Lists every setting with its value and where that comes from; secrets are masked.
    Show,
    /// Says whether the settings can be used together; opens nothing.
    Check,
}

impl Command {
    pub(super) fn run(
        &self,
        settings: &Settings,
        command: &clap::Command,
        matches: &ArgMatches,
    ) -> anyhow::Result<Exit> {
        match self {
            Self::Show => {
                let rows = shown(command, matches);
                terminal::table(
                    ["NAME", "VALUE", "ORIGIN"],
                    rows.into_iter()
                        .map(|it| [it.name, it.value, it.origin.word().to_owned()]),
                )?;
            }
            // Whatever could not be read, or not be combined, was refused before this.
            Self::Check => terminal::say(&format!(
                "the settings can be used: {} on http://{}",
                settings.database_url,
                settings.listen()
            ))?,
        }
        Ok(Exit::Done)
    }
}
