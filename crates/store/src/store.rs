//! The door to the database.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use base::Timestamp;
use crossbeam_channel::TrySendError;

use crate::job::{Job, job};
use crate::migrate::{self, MigrateError, Migration, MigrationState};
use crate::postgres::{self, Postgres};
use crate::sqlite::{self, Sqlite};
use crate::{Engine, OpenError, StoreError, Tx};

/// Longest a caller waits for its answer, queue included.
const ANSWER_MAX: Duration = Duration::from_secs(15);

/// Where the data is kept.
#[derive(Clone, Debug)]
pub enum Location {
    /// A file, created when absent.
    Sqlite(PathBuf),
    /// A server.
    Postgres(Box<tokio_postgres::Config>),
}

/// The text names no database.
#[derive(Debug, thiserror::Error)]
#[error("{0}; write sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/DATABASE")]
pub struct LocationError(String);

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        if let Some(path) = text.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || path == ":memory:" {
                return Err(LocationError("a file name is missing".to_owned()));
            }
            return Ok(Self::Sqlite(PathBuf::from(path)));
        }
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            // Verification is what `require` means here; libpq's stricter names are the same.
            let text = text
                .replace("sslmode=verify-full", "sslmode=require")
                .replace("sslmode=verify-ca", "sslmode=require");
            let config = text.parse::<tokio_postgres::Config>().map_err(|error| {
                LocationError(format!("unreadable PostgreSQL address ({error})"))
            })?;
            if config.get_hosts().is_empty() {
                return Err(LocationError(
                    "the PostgreSQL address names no host".to_owned(),
                ));
            }
            return Ok(Self::Postgres(Box::new(config)));
        }
        Err(LocationError("unknown kind of database".to_owned()))
    }
}

impl std::fmt::Display for Location {
    /// Never shows a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(config) => write!(f, "postgres://{}", postgres::describe(config)),
        }
    }
}

/// How many threads and how long a queue.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Connections to PostgreSQL, or reading connections to SQLite; at least 1.
    pub connections: usize,
    /// Jobs that may wait before callers hear [`StoreError::Busy`].
    pub queue: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connections: 4,
            queue: 4_096,
        }
    }
}

/// Counters of the database threads; since the start, but for the queue's length.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stats {
    /// Closures waiting now.
    pub queued: usize,
    /// Commits made; with group commit fewer than writes.
    pub commits: u64,
    /// Writing closures committed.
    pub writes: u64,
    /// Reading closures run.
    pub reads: u64,
    /// Transactions lost to a fault of the database.
    pub faults: u64,
}

#[derive(Debug, Default)]
pub(crate) struct Gauges {
    pub(crate) commits: AtomicU64,
    pub(crate) writes: AtomicU64,
    pub(crate) reads: AtomicU64,
    pub(crate) faults: AtomicU64,
}

/// The database: cheap to clone, shared by everyone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    threads: RwLock<Option<Threads>>,
    engine: Engine,
    gauges: Arc<Gauges>,
    name: String,
}

enum Threads {
    Sqlite(Sqlite),
    Postgres(Postgres),
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Store").field(&self.0.name).finish()
    }
}

impl Store {
    /// Opens the database and starts its threads. Blocks; call it outside async code or on a
    /// blocking thread.
    ///
    /// # Errors
    /// [`OpenError`] when the file or server cannot be used safely.
    pub fn open(location: &Location, options: Options) -> Result<Self, OpenError> {
        let gauges = Arc::new(Gauges::default());
        let Options { connections, queue } = options;
        let (threads, engine) = match location {
            Location::Sqlite(path) => {
                let sqlite = Sqlite::open(path, connections, queue, &gauges)?;
                (Threads::Sqlite(sqlite), Engine::Sqlite)
            }
            Location::Postgres(config) => {
                let postgres = Postgres::open(config, connections, queue, &gauges)?;
                (Threads::Postgres(postgres), Engine::Postgres)
            }
        };
        let name = location.to_string();
        Ok(Self(Arc::new(Inner {
            threads: RwLock::new(Some(threads)),
            engine,
            gauges,
            name,
        })))
    }

    /// Which engine it is.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.0.engine
    }

    /// Where it is, without any password.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Runs a closure in a writing transaction; once this returns `Ok` the changes are synced
    /// to disk. An `Err` from the closure undoes them.
    ///
    /// # Errors
    /// The closure's own, or a [`StoreError`] turned into it. After
    /// [`StoreError::Unavailable`] the outcome is unknown.
    pub async fn write<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.call(body, true).await
    }

    /// Runs a closure on one snapshot of the data; it cannot change anything.
    ///
    /// # Errors
    /// The closure's own, or a [`StoreError`] turned into it.
    pub async fn read<T, E, F>(&self, body: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.call(body, false).await
    }

    async fn call<T, E, F>(&self, body: F, writes: bool) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (job, answer) = job(body);
        self.enqueue(job, writes)?;
        match tokio::time::timeout(ANSWER_MAX, answer).await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(StoreError::unavailable("the database thread ended").into()),
            Err(_) => Err(StoreError::unavailable("no answer in time").into()),
        }
    }

    fn enqueue(&self, job: Box<dyn Job>, writes: bool) -> Result<(), StoreError> {
        let threads = self
            .0
            .threads
            .read()
            .map_err(|_| StoreError::unavailable("closed in a panic"))?;
        let refused = match threads.as_ref() {
            None => return Err(StoreError::unavailable("the database is closed")),
            Some(Threads::Sqlite(sqlite)) => {
                let queue = if writes {
                    &sqlite.writer
                } else {
                    &sqlite.reader
                };
                queue
                    .try_send(job)
                    .err()
                    .map(|error| matches!(error, TrySendError::Full(_)))
            }
            Some(Threads::Postgres(postgres)) => postgres
                .jobs
                .try_send((job, writes))
                .err()
                .map(|error| matches!(error, TrySendError::Full(_))),
        };
        match refused {
            None => Ok(()),
            Some(true) => Err(StoreError::Busy),
            Some(false) => Err(StoreError::unavailable("the database thread ended")),
        }
    }

    /// Brings the schema up to date, under a lock, in one transaction.
    ///
    /// # Errors
    /// [`MigrateError`]; nothing of this run was kept then.
    pub async fn migrate(
        &self,
        migrations: &'static [Migration],
        now: Timestamp,
    ) -> Result<MigrationState, MigrateError> {
        let (job, answer) = job(move |tx: &mut Tx<'_>| migrate::run(tx, migrations, now));
        self.enqueue(job, true)?;
        answer
            .await
            .unwrap_or_else(|_| Err(StoreError::unavailable("the database thread ended").into()))
    }

    /// Copies a live SQLite database to a new file; blocks.
    ///
    /// # Errors
    /// [`OpenError::File`] when the target exists or cannot be written, or the engine is
    /// PostgreSQL, which has its own tools.
    pub fn backup(&self, to: &Path) -> Result<(), OpenError> {
        let path = match self.0.threads.read().as_deref() {
            Ok(Some(Threads::Sqlite(sqlite))) => sqlite.path.clone(),
            _ => {
                return Err(OpenError::File {
                    path: self.0.name.clone(),
                    reason: "only an SQLite database is copied this way".to_owned(),
                });
            }
        };
        sqlite::backup(&path, to)
    }

    /// Counters for metrics and health.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let queued = match self.0.threads.read().as_deref() {
            Ok(Some(Threads::Sqlite(sqlite))) => {
                sqlite.writer.len().saturating_add(sqlite.reader.len())
            }
            Ok(Some(Threads::Postgres(postgres))) => postgres.jobs.len(),
            _ => 0,
        };
        let gauges = &self.0.gauges;
        Stats {
            queued,
            commits: gauges.commits.load(Ordering::Relaxed),
            writes: gauges.writes.load(Ordering::Relaxed),
            reads: gauges.reads.load(Ordering::Relaxed),
            faults: gauges.faults.load(Ordering::Relaxed),
        }
    }

    /// Whether every database thread still lives; one that does not comes back only by restart.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        match self.0.threads.read().as_deref() {
            Ok(Some(Threads::Sqlite(sqlite))) => !sqlite::is_dead(sqlite),
            Ok(Some(Threads::Postgres(postgres))) => !postgres.is_dead(),
            _ => false,
        }
    }

    /// Finishes what is queued and ends the threads; blocks. Later calls hear
    /// [`StoreError::Unavailable`].
    pub fn close(&self) {
        let threads = self
            .0
            .threads
            .write()
            .ok()
            .and_then(|mut threads| threads.take());
        match threads {
            Some(Threads::Sqlite(sqlite)) => sqlite.close(),
            Some(Threads::Postgres(postgres)) => postgres.close(),
            None => {}
        }
    }
}
