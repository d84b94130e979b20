//! Where an export goes.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// Standard output, or a new file that only its owner can read.
pub(super) enum Target {
    Output(io::Stdout),
    File { file: File, path: PathBuf },
}

impl Target {
    /// Makes the file, which must not exist; without one, standard output.
    pub(super) fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self::Output(io::stdout()));
        };
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self::File {
            file,
            path: path.to_owned(),
        })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Output(output) => output.write_all(bytes),
            Self::File { file, .. } => file.write_all(bytes),
        }
    }

    /// Makes sure that all of it has arrived.
    pub(super) fn finish(self) -> io::Result<()> {
        match self {
            Self::Output(mut output) => output.flush(),
            Self::File { file, .. } => file.sync_all(),
        }
    }

    /// Removes what is there: half an export must not be taken for one.
    pub(super) fn discard(self) {
        if let Self::File { file, path } = self {
            drop(file);
            if let Err(error) = std::fs::remove_file(&path) {
                tracing::warn!(?path, %error, "an unfinished export was left behind");
            }
        }
    }
}
