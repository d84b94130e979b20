//! `watchpost backup`.

use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use clap::Args;
use store::{Location, Store};

use super::failure::Exit;
use super::{session, terminal};
use crate::config::Settings;

/// What PostgreSQL's own tool is called.
const PG_DUMP: &str = "pg_dump";
/// Bytes of its complaints that are read.
const COMPLAINT_MAX: u64 = 64 * 1024;

/// Copies the database to a new file while the server runs.
///
/// The copy is an SQLite database; of PostgreSQL, by its own `pg_dump`, what `pg_restore` reads.
#[derive(Debug, Args)]
pub(super) struct Backup {
    /// The file to make; it must not exist yet.
    file: PathBuf,
}

impl Backup {
    pub(super) async fn run(self, settings: Settings) -> anyhow::Result<Exit> {
        let file = self.file;
        if file.exists() {
            bail!(
                "{} exists already: a backup is never written over",
                file.display()
            );
        }
        let target = file.clone();
        match &settings.database_url {
            Location::Sqlite(_) => {
                let store = session::open_store(&settings).await?;
                let copied = blocking(&store, move |store| copy_sqlite(store, &target)).await;
                session::close_store(store).await;
                copied?;
            }
            location @ Location::Postgres(_) => {
                let location = location.clone();
                tokio::task::spawn_blocking(move || dump_postgres(&location, &target)).await??;
            }
        }
        let size = std::fs::metadata(&file)
            .map(|it| it.len())
            .unwrap_or_default();
        terminal::say(&format!(
            "{}: {} bytes",
            file.display(),
            terminal::count(size)
        ))?;
        let key = settings.data_folder().join("secret.key");
        if key.exists() {
            terminal::say(&format!(
                "{} is not part of it: keep a copy of it apart",
                key.display()
            ))?;
        }
        Ok(Exit::Done)
    }
}

async fn blocking(
    store: &Store,
    work: impl FnOnce(&Store) -> anyhow::Result<()> + Send + 'static,
) -> anyhow::Result<()> {
    let store = store.clone();
    tokio::task::spawn_blocking(move || work(&store)).await?
}

fn copy_sqlite(store: &Store, to: &Path) -> anyhow::Result<()> {
    store.backup(to).inspect_err(|_| remove(to))?;
    File::open(to)
        .and_then(|file| file.sync_all())
        .context("syncing the copy to disk")
}

/// Half a backup must not be taken for one.
fn remove(file: &Path) {
    if let Err(error) = std::fs::remove_file(file)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(?file, %error, "an unfinished backup was left behind");
    }
}

/// Runs `pg_dump`; the password goes through its environment, which others cannot read.
fn dump_postgres(location: &Location, to: &Path) -> anyhow::Result<()> {
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .with_context(|| format!("cannot make {}", to.display()))?;
    let sync = file.try_clone().context("opening it twice")?;
    let dumped = run_pg_dump(location, file)
        .and_then(|()| sync.sync_all().context("syncing the copy to disk"));
    dumped.inspect_err(|_| remove(to))
}

fn run_pg_dump(location: &Location, to: File) -> anyhow::Result<()> {
    let mut child = match Command::new(PG_DUMP)
        .args(["--format=custom", "--no-password"])
        .envs(location.libpq_environment())
        .stdin(Stdio::null())
        .stdout(to)
        .stderr(Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(error) if error.kind() == ErrorKind::NotFound => bail!(
            "{PG_DUMP} is not installed here: it comes with PostgreSQL's client programs, such \
             as the package postgresql-client"
        ),
        Err(error) => return Err(error).context(PG_DUMP),
    };
    let complaint = child.stderr.take().map(first_line).unwrap_or_default();
    let status = child.wait().context(PG_DUMP)?;
    if !status.success() {
        bail!("{PG_DUMP} ended with {status}: {complaint}");
    }
    Ok(())
}

/// The first line a program complains with, its own name left out; the rest is read and
/// dropped, so that it does not wait for us.
fn first_line(complaints: impl Read) -> String {
    let mut reader = BufReader::new(complaints);
    let mut line = String::new();
    let read = reader.by_ref().take(COMPLAINT_MAX).read_line(&mut line);
    let drained = std::io::copy(&mut reader, &mut std::io::sink());
    if read.and(drained.map(|_| 0)).is_err() {
        return "it said why in no readable way".to_owned();
    }
    let line = line.trim();
    line.strip_prefix("pg_dump: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_is_one_line() {
        let text = "pg_dump: error: connection refused\n\tIs the server running?\n";
        assert_eq!(first_line(text.as_bytes()), "error: connection refused");
        assert_eq!(first_line(&b""[..]), "");
    }

    #[test]
    fn half_a_backup_does_not_stay() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("x.dump");
        let nowhere: Location = "postgres://nobody@127.0.0.1:1/none".parse().unwrap();
        let error = dump_postgres(&nowhere, &to).unwrap_err().to_string();
        assert!(error.starts_with("pg_dump"), "{error}");
        assert!(!to.exists());
    }
}
