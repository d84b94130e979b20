//! `watchpost audit verify`.

use clap::Subcommand;

use super::failure::Exit;
use super::{session, terminal};
use crate::audit::{self, Verification};
use crate::config::Settings;

/// What is asked about the activity log.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Walks the whole chain of the activity log and names the first entry that was changed,
    /// removed or put in (exit code 1).
    Verify,
}

impl Command {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<Exit> {
        let Self::Verify = self;
        let store = session::open_store(&settings).await?;
        let found = audit::verify(&store).await;
        session::close_store(store).await;
        let Verification {
            intact,
            entries,
            broken_at,
            reason,
            head,
        } = found?;
        if intact {
            terminal::say(&format!(
                "the activity log is intact: {entries} entries, the last one's hash is {head}"
            ))?;
            return Ok(Exit::Done);
        }
        terminal::say(&format!(
            "the activity log is BROKEN at entry {}: {}; {entries} entries before it are intact",
            broken_at.unwrap_or_default(),
            reason.unwrap_or_default(),
        ))?;
        Ok(Exit::Failed)
    }
}
