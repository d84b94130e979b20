//! `watchpost openapi`.

use anyhow::Context as _;
use clap::Args;
use std::io::Write as _;

use super::failure::Exit;
use crate::router;

/// Prints the OpenAPI document.
///
/// Needs no database and no running server.
#[derive(Debug, Args)]
pub(super) struct Openapi {
    /// As YAML instead of JSON.
    #[arg(long)]
    yaml: bool,
}

impl Openapi {
    pub(super) fn run(&self) -> anyhow::Result<Exit> {
        let document = router::document();
        let text = if self.yaml {
            document.to_yaml().context("writing the document as YAML")?
        } else {
            document
                .to_pretty_json()
                .context("writing the document as JSON")?
        };
        writeln!(std::io::stdout(), "{}", text.trim_end())?;
        Ok(Exit::Done)
    }
}
