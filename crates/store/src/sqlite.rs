//! SQLite: one writer thread with group commit, a few read-only connections.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use rusqlite::{Connection, OpenFlags, functions::FunctionFlags};

use crate::job::Job;
use crate::store::Gauges;
use crate::{OpenError, StoreError, Tx};

/// 3.51.3 (13 March 2026) fixed the race in which two connections could reset the WAL into a
/// corrupt database.
const VERSION_MIN: i32 = 3_051_003;
/// Jobs that share one commit at the most: bounds how long the first of them waits.
const GROUP_MAX: usize = 512;
/// Pages in the WAL before the writer moves them into the database; 4,000 to 8,000 measured best.
const CHECKPOINT_PAGES: i32 = 6_000;
/// Steps of SQLite's machine between two looks at the clock.
const STEPS_PER_CHECK: i32 = 20_000;
/// Longest a read may take.
const READ_MAX: Duration = Duration::from_secs(10);

/// The queues to the threads.
pub(crate) struct Sqlite {
    pub(crate) writer: Sender<Box<dyn Job>>,
    pub(crate) reader: Sender<Box<dyn Job>>,
    pub(crate) path: PathBuf,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Sqlite {
    pub(crate) fn open(
        path: &Path,
        readers: usize,
        queue: usize,
        gauges: &Arc<Gauges>,
    ) -> Result<Self, OpenError> {
        if rusqlite::version_number() < VERSION_MIN {
            return Err(OpenError::SqliteTooOld(rusqlite::version().to_owned()));
        }
        create_private(path)?;
        let connection = open_writer(path)?;
        let (writer, jobs) = bounded(queue);
        let (reader, reads) = bounded(queue);
        let mut threads = Vec::new();
        let state = Writer {
            path: path.to_owned(),
            connection: Some(connection),
            gauges: Arc::clone(gauges),
        };
        threads.push(thread("sqlite-writer", move || state.run(&jobs))?);
        for number in 0..readers.max(1) {
            let connection = open_reader(path)?;
            let state = Reader {
                path: path.to_owned(),
                connection: Some(connection),
                gauges: Arc::clone(gauges),
            };
            let reads = reads.clone();
            threads.push(thread(&format!("sqlite-reader-{number}"), move || {
                state.run(&reads);
            })?);
        }
        Ok(Self {
            writer,
            reader,
            path: path.to_owned(),
            threads,
        })
    }

    /// Ends the threads after what is queued, and waits for them.
    pub(crate) fn close(self) {
        drop((self.writer, self.reader));
        for thread in self.threads {
            // A thread that panicked has nothing left to flush.
            drop(thread.join());
        }
    }
}

fn thread(
    name: &str,
    body: impl FnOnce() + Send + 'static,
) -> Result<std::thread::JoinHandle<()>, OpenError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(body)
        .map_err(OpenError::Thread)
}

/// Makes the file readable for its owner alone before SQLite fills it.
fn create_private(path: &Path) -> Result<(), OpenError> {
    use std::os::unix::fs::OpenOptionsExt as _;
    std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| file_error(path, &error))
}

fn file_error(path: &Path, reason: &dyn std::fmt::Display) -> OpenError {
    OpenError::File {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}

fn open_writer(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| file_error(path, &error))?;
    prepare(&connection).map_err(|error| file_error(path, &error))?;
    let set = |name: &'static str, value: &'static str, wanted: &'static str| {
        let read = || -> rusqlite::Result<String> {
            connection.pragma_update(None, name, value)?;
            connection.pragma_query_value(None, name, |row| {
                row.get::<_, rusqlite::types::Value>(0)
                    .map(|value| match value {
                        rusqlite::types::Value::Integer(number) => number.to_string(),
                        rusqlite::types::Value::Text(text) => text,
                        other => format!("{other:?}"),
                    })
            })
        };
        match read() {
            Ok(found) if found == wanted => Ok(()),
            Ok(found) => Err(OpenError::Setting {
                path: path.display().to_string(),
                setting: name,
                wanted,
                found,
            }),
            Err(error) => Err(file_error(path, &error)),
        }
    };
    set("journal_mode", "wal", "wal")?;
    // In WAL mode only FULL makes an acknowledged commit survive a power cut.
    set("synchronous", "full", "2")?;
    set("foreign_keys", "on", "1")?;
    // Memory mapping turned the WAL race of older versions into damage; it gains nothing here.
    set("mmap_size", "0", "0")?;
    connection
        .pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)
        .and_then(|()| connection.pragma_update(None, "journal_size_limit", 64 * 1024 * 1024))
        .and_then(|()| connection.pragma_update(None, "cache_size", -65_536))
        .map_err(|error| file_error(path, &error))?;
    Ok(connection)
}

fn open_reader(path: &Path) -> Result<Connection, OpenError> {
    let connection = Connection::open_with_flags(
        path,
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
    )
    .map_err(|error| file_error(path, &error))?;
    prepare(&connection)
        .and_then(|()| connection.pragma_update(None, "query_only", "on"))
        .and_then(|()| connection.pragma_update(None, "cache_size", -16_384))
        .map_err(|error| file_error(path, &error))?;
    Ok(connection)
}

/// What every connection needs: patience with other processes, and the functions PostgreSQL has.
fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(256);
    connection.pragma_update(None, "trusted_schema", "off")?;
    let flags = FunctionFlags::SQLITE_UTF8
        | FunctionFlags::SQLITE_DETERMINISTIC
        | FunctionFlags::SQLITE_INNOCUOUS;
    // SQLite's own lower() knows ASCII alone.
    connection.create_scalar_function("lower", 1, flags, |context| {
        context
            .get::<Option<String>>(0)
            .map(|text| text.map(|text| text.to_lowercase()))
    })?;
    connection.create_scalar_function("word_begins", 2, flags, |context| {
        let text = context.get_raw(0).as_str_or_null()?;
        let beginning = context.get_raw(1).as_str_or_null()?;
        let both = text.zip(beginning);
        Ok(both.map(|(text, beginning)| word_begins(text, beginning)))
    })?;
    connection.create_scalar_function("strpos", 2, flags, |context| {
        let text = context.get_raw(0).as_str_or_null()?;
        let needle = context.get_raw(1).as_str_or_null()?;
        Ok(text.zip(needle).map(|(text, needle)| {
            text.find(needle).map_or(0, |at| {
                i64::try_from(at).unwrap_or(i64::MAX).saturating_add(1)
            })
        }))
    })
}

/// Whether a text, in any case, has a beginning (in lower case) where a word begins: at its own
/// beginning or behind a character of ASCII that is no letter, no digit and no `_`.
fn word_begins(text: &str, beginning: &str) -> bool {
    let lowered = if text.is_ascii() {
        text.to_ascii_lowercase()
    } else {
        text.to_lowercase()
    };
    let mut from = 0;
    while let Some(at) = lowered.get(from..).and_then(|rest| rest.find(beginning)) {
        let at = from.saturating_add(at);
        let before = lowered.as_bytes().get(..at).and_then(<[u8]>::last);
        if before
            .is_none_or(|byte| byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'_')
        {
            return true;
        }
        // The next may overlap this one.
        let first = beginning.chars().next().map_or(1, char::len_utf8);
        from = at.saturating_add(first);
    }
    false
}

struct Writer {
    path: PathBuf,
    connection: Option<Connection>,
    gauges: Arc<Gauges>,
}

impl Writer {
    fn run(mut self, jobs: &Receiver<Box<dyn Job>>) {
        while let Ok(first) = jobs.recv() {
            let mut group = vec![first];
            group.extend(jobs.try_iter().take(GROUP_MAX.saturating_sub(1)));
            self.commit_group(group);
        }
        if let Some(connection) = self.connection.take() {
            // Leaves one tidy file behind for whoever copies it.
            drop(connection.pragma_update(None, "wal_checkpoint", "truncate"));
        }
    }

    fn commit_group(&mut self, mut group: Vec<Box<dyn Job>>) {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => match open_writer(&self.path) {
                Ok(connection) => {
                    tracing::info!("database reopened for writing");
                    connection
                }
                Err(error) => {
                    let error = StoreError::unavailable(error.to_string());
                    return answer_all(group, &Err(error));
                }
            },
        };
        let outcome = run_group(&connection, &mut group);
        match &outcome {
            Ok(()) => {
                self.gauges.commits.fetch_add(1, Ordering::Relaxed);
                self.gauges.writes.fetch_add(
                    u64::try_from(group.len()).unwrap_or(u64::MAX),
                    Ordering::Relaxed,
                );
                self.connection = Some(connection);
            }
            Err(error) => {
                // A sync that failed once may report success when tried again without having
                // written anything: only a fresh connection is to be trusted.
                tracing::error!(%error, "a group of writes failed; the database will be reopened");
                self.gauges.faults.fetch_add(1, Ordering::Relaxed);
                drop(connection.execute_batch("rollback"));
            }
        }
        answer_all(group, &outcome);
    }
}

fn answer_all(group: Vec<Box<dyn Job>>, outcome: &Result<(), StoreError>) {
    for job in group {
        job.answer(outcome.clone());
    }
}

/// Runs the jobs in one transaction: a savepoint each, so that one refusal undoes only itself.
fn run_group(connection: &Connection, group: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    let statement = |sql: &str| -> Result<(), StoreError> {
        connection
            .prepare_cached(sql)?
            .execute([])
            .map(drop)
            .map_err(StoreError::from)
    };
    statement("begin immediate")?;
    let alone = group.len() == 1;
    for job in group.iter_mut() {
        if !alone {
            statement("savepoint job")?;
        }
        let mut tx = Tx::sqlite(connection);
        let keep = job.run(&mut tx);
        if let Some(fault) = tx.fault() {
            return Err(fault.clone());
        }
        match (keep, alone) {
            (true, true) => {}
            (true, false) => statement("release job")?,
            (false, true) => return statement("rollback"),
            (false, false) => {
                statement("rollback to job")?;
                statement("release job")?;
            }
        }
    }
    statement("commit")
}

struct Reader {
    path: PathBuf,
    connection: Option<Connection>,
    gauges: Arc<Gauges>,
}

impl Reader {
    fn run(mut self, jobs: &Receiver<Box<dyn Job>>) {
        while let Ok(mut job) = jobs.recv() {
            if job.is_abandoned() {
                continue;
            }
            let outcome = self.read(&mut job);
            if outcome.is_err() {
                self.gauges.faults.fetch_add(1, Ordering::Relaxed);
                self.connection = None;
            }
            self.gauges.reads.fetch_add(1, Ordering::Relaxed);
            job.answer(outcome);
        }
    }

    fn read(&mut self, job: &mut Box<dyn Job>) -> Result<(), StoreError> {
        if self.connection.is_none() {
            let opened = open_reader(&self.path);
            self.connection =
                Some(opened.map_err(|error| StoreError::unavailable(error.to_string()))?);
        }
        let Some(connection) = &mut self.connection else {
            return Err(StoreError::unavailable("no connection"));
        };
        limit_time(connection);
        let connection = &*connection;
        connection.prepare_cached("begin")?.execute([])?;
        let mut tx = Tx::sqlite(connection);
        job.run(&mut tx);
        let fault = tx.fault().cloned();
        connection.prepare_cached("commit")?.execute([])?;
        fault.map_or(Ok(()), Err)
    }
}

/// Interrupts whatever runs longer than [`READ_MAX`] from now.
#[expect(
    clippy::disallowed_methods,
    reason = "a time limit needs the monotonic clock"
)]
fn limit_time(connection: &mut Connection) {
    let started = Instant::now();
    // Setting it cannot fail on an open connection; without it the read is merely unbounded.
    drop(connection.progress_handler(STEPS_PER_CHECK, Some(move || started.elapsed() > READ_MAX)));
}

/// Copies the live database to a new file, page by page, without stopping writers.
pub(crate) fn backup(path: &Path, to: &Path) -> Result<(), OpenError> {
    if to.exists() {
        return Err(file_error(to, &"it exists already"));
    }
    create_private(to)?;
    let copy = || -> rusqlite::Result<()> {
        let source = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        source.busy_timeout(Duration::from_secs(5))?;
        let mut target = Connection::open_with_flags(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let backup = rusqlite::backup::Backup::new(&source, &mut target)?;
        // One step: a writer in between would start the copy anew each time.
        backup.run_to_completion(i32::MAX, Duration::from_millis(5), None)
    };
    copy().map_err(|error| file_error(to, &error))
}

/// Whether the writer thread is gone for good.
pub(crate) fn is_dead(writer: &Sqlite) -> bool {
    writer
        .threads
        .iter()
        .any(std::thread::JoinHandle::is_finished)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_begins_behind_what_is_of_no_word() {
        for (text, beginning) in [
            ("Failed login", "fail"),
            ("Failed login", "login"),
            ("from 203.0.113.7:22", "203.0.113.7"),
            ("C:\\Windows\\x.exe", "windows\\x"),
            ("xa a a", "a a"),
            ("ÜBER alles", "über"),
            ("a—b", "a—"),
            ("x", ""),
        ] {
            assert!(word_begins(text, beginning), "{text} {beginning}");
        }
        for (text, beginning) in [
            ("Mimikatz", "katz"),
            ("1203.0.113.7", "203.0"),
            ("un_failed", "failed"),
            ("äfailed", "failed"),
            ("a—b", "b"),
            ("", "a"),
        ] {
            assert!(!word_begins(text, beginning), "{text} {beginning}");
        }
    }
}
