//! PostgreSQL: a bounded set of connections, a thread each, in the same shape as SQLite's.

use std::collections::HashMap;
use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};
use futures_util::future::try_join_all;
use tokio::runtime::Runtime;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, NoTls, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::job::Job;
use crate::store::Gauges;
use crate::{Arg, OpenError, StoreError, Tx};

/// Longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// Longest the server works on one statement (`statement_timeout`).
const STATEMENT_MAX_MS: u32 = 10_000;
/// Longest we wait for it: a frozen server never reports its own time-out.
const ANSWER_MAX: Duration = Duration::from_secs(12);
/// Longest for a migration's statements.
const SCRIPT_MAX: Duration = Duration::from_mins(30);
/// After a failed attempt to connect, calls fail at once for this long.
const DOWN_MS: i64 = 500;
/// Prepared statements kept per connection; filters make a few dozen texts.
const STATEMENTS_MAX: usize = 512;

/// The queue to the connections' threads.
pub(crate) struct Postgres {
    pub(crate) jobs: Sender<(Box<dyn Job>, bool)>,
    threads: Vec<std::thread::JoinHandle<()>>,
}

impl Postgres {
    pub(crate) fn open(
        config: &Config,
        connections: usize,
        queue: usize,
        gauges: &Arc<Gauges>,
    ) -> Result<Self, OpenError> {
        let server = Arc::new(Server::new(config.clone()));
        // The first connection is made here, so that a wrong address refuses to start.
        let session = Session::connect(&server).map_err(|error| OpenError::Connect {
            server: describe(config),
            reason: error.to_string(),
        })?;
        let (jobs, receiver) = bounded(queue);
        let mut first = Some(session);
        let mut threads = Vec::new();
        for number in 0..connections.max(1) {
            let worker = Worker {
                server: Arc::clone(&server),
                session: first.take(),
                gauges: Arc::clone(gauges),
            };
            let receiver = receiver.clone();
            let thread = std::thread::Builder::new()
                .name(format!("postgres-{number}"))
                .spawn(move || worker.run(&receiver))
                .map_err(OpenError::Thread)?;
            threads.push(thread);
        }
        Ok(Self { jobs, threads })
    }

    pub(crate) fn close(self) {
        drop(self.jobs);
        for thread in self.threads {
            // A thread that panicked has nothing left to flush.
            drop(thread.join());
        }
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.threads
            .iter()
            .any(std::thread::JoinHandle::is_finished)
    }
}

/// Host, port and database, without the password.
pub(crate) fn describe(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .map(|host| match host {
            Host::Tcp(name) => name.clone(),
            Host::Unix(path) => path.display().to_string(),
        })
        .collect();
    let ports: Vec<String> = config.get_ports().iter().map(u16::to_string).collect();
    format!(
        "{}:{}/{}",
        hosts.join(","),
        ports.join(","),
        config.get_dbname().unwrap_or("postgres")
    )
}

struct Server {
    config: Config,
    /// When an attempt to connect failed last, in monotonic milliseconds.
    failed_at: AtomicI64,
    /// When a transaction succeeded last.
    worked_at: AtomicI64,
}

impl Server {
    const fn new(config: Config) -> Self {
        Self {
            config,
            failed_at: AtomicI64::new(i64::MIN),
            worked_at: AtomicI64::new(i64::MIN),
        }
    }

    /// Whether an attempt failed a moment ago and nobody has succeeded since: no need to try.
    fn is_down(&self) -> bool {
        let failed_at = self.failed_at.load(Ordering::Relaxed);
        failed_at > self.worked_at.load(Ordering::Relaxed)
            && failed_at.saturating_add(DOWN_MS) > monotonic_ms()
    }

    /// Notes a failed attempt, unless somebody succeeded since it began: it then tells nothing.
    fn failed(&self, began_at: i64) {
        if self.worked_at.load(Ordering::Relaxed) < began_at {
            self.failed_at.store(monotonic_ms(), Ordering::Relaxed);
        }
    }

    fn worked(&self) {
        self.worked_at.store(monotonic_ms(), Ordering::Relaxed);
    }
}

struct Worker {
    server: Arc<Server>,
    session: Option<Session>,
    gauges: Arc<Gauges>,
}

impl Worker {
    fn run(mut self, jobs: &Receiver<(Box<dyn Job>, bool)>) {
        while let Ok((mut job, writes)) = jobs.recv() {
            if job.is_abandoned() {
                continue;
            }
            let outcome = self.transact(&mut job, writes);
            if outcome.is_ok() {
                self.server.worked();
            }
            match &outcome {
                Ok(()) if writes => {
                    self.gauges.commits.fetch_add(1, Ordering::Relaxed);
                    self.gauges.writes.fetch_add(1, Ordering::Relaxed);
                }
                Ok(()) => {
                    self.gauges.reads.fetch_add(1, Ordering::Relaxed);
                }
                Err(error) => {
                    tracing::error!(%error, "a database transaction failed");
                    self.gauges.faults.fetch_add(1, Ordering::Relaxed);
                    self.session = None;
                }
            }
            job.answer(outcome);
        }
    }

    fn transact(&mut self, job: &mut Box<dyn Job>, writes: bool) -> Result<(), StoreError> {
        let begin = if writes {
            "begin"
        } else {
            "begin isolation level repeatable read read only"
        };
        let session = self.begin(begin)?;
        let mut tx = Tx::postgres(session);
        let keep = job.run(&mut tx);
        if let Some(fault) = tx.fault() {
            return Err(fault.clone());
        }
        session.script(if keep { "commit" } else { "rollback" })
    }

    /// Begins on the open connection, or once more on a new one: nothing has run yet.
    fn begin(&mut self, begin: &str) -> Result<&mut Session, StoreError> {
        if let Some(mut open) = self.session.take()
            && !open.client.is_closed()
            && open.script(begin).is_ok()
        {
            return Ok(self.session.insert(open));
        }
        let mut session = Session::connect(&self.server)?;
        session.script(begin)?;
        Ok(self.session.insert(session))
    }
}

/// One connection with its own small runtime, so that callers stay synchronous.
pub(crate) struct Session {
    runtime: Runtime,
    client: Client,
    statements: HashMap<String, Statement>,
    copies: HashMap<&'static str, (Statement, Vec<Type>)>,
}

impl Session {
    fn connect(server: &Server) -> Result<Self, StoreError> {
        if server.is_down() {
            return Err(StoreError::unavailable(
                "the server did not answer a moment ago",
            ));
        }
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| StoreError::unavailable(error.to_string()))?;
        let began_at = monotonic_ms();
        let client = runtime
            .block_on(connect(&server.config))
            .inspect_err(|_| server.failed(began_at))?;
        let mut session = Self {
            runtime,
            client,
            statements: HashMap::new(),
            copies: HashMap::new(),
        };
        session.script(&format!(
            "set statement_timeout = {STATEMENT_MAX_MS}; set lock_timeout = {STATEMENT_MAX_MS}; \
             set idle_in_transaction_session_timeout = '60s'; set timezone = 'UTC'; \
             set synchronous_commit = on; set client_min_messages = warning; \
             set jit = off"
        ))?;
        Ok(session)
    }

    fn wait<T>(
        runtime: &Runtime,
        longest: Duration,
        future: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, StoreError> {
        runtime.block_on(async {
            match tokio::time::timeout(longest, future).await {
                Ok(result) => result.map_err(StoreError::from),
                Err(_) => Err(StoreError::unavailable("the server did not answer in time")),
            }
        })
    }

    fn statement(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        if self.statements.len() >= STATEMENTS_MAX {
            self.statements.clear();
        }
        let statement = Self::wait(&self.runtime, ANSWER_MAX, self.client.prepare(sql))?;
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(crate) fn execute(&mut self, sql: &str, args: &[Arg<'_>]) -> Result<u64, StoreError> {
        let statement = self.statement(sql)?;
        Self::wait(
            &self.runtime,
            ANSWER_MAX,
            self.client.execute_raw(&statement, args),
        )
    }

    pub(crate) fn query(
        &mut self,
        sql: &str,
        args: &[Arg<'_>],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let statement = self.statement(sql)?;
        let client = &self.client;
        Self::wait(&self.runtime, ANSWER_MAX, collect(client, &statement, args))
    }

    pub(crate) fn query_many(
        &mut self,
        sql: &str,
        rows: &[Vec<Arg<'_>>],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let statement = self.statement(sql)?;
        let client = &self.client;
        let mut all = Vec::new();
        // Bounded, so that neither side's buffer grows without end.
        for part in rows.chunks(512) {
            let queries = part.iter().map(|args| collect(client, &statement, args));
            let parts = Self::wait(&self.runtime, ANSWER_MAX, try_join_all(queries))?;
            all.extend(parts.into_iter().flatten());
        }
        Ok(all)
    }

    pub(crate) fn copy<'r, const N: usize>(
        &mut self,
        table: &'static str,
        columns: &[&'static str; N],
        rows: impl Iterator<Item = [Arg<'r>; N]>,
    ) -> Result<(), StoreError> {
        let (statement, types) = match self.copies.get(table) {
            Some(known) => known.clone(),
            None => self.prepare_copy(table, columns)?,
        };
        let client = &self.client;
        Self::wait(&self.runtime, ANSWER_MAX, async {
            let sink = client.copy_in(&statement).await?;
            let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
            for row in rows {
                writer.as_mut().write_raw(row).await?;
            }
            writer.finish().await.map(drop)
        })
    }

    fn prepare_copy(
        &mut self,
        table: &'static str,
        columns: &[&'static str],
    ) -> Result<(Statement, Vec<Type>), StoreError> {
        let list = columns.join(", ");
        let shape = self.statement(&format!("select {list} from {table}"))?;
        let types = shape
            .columns()
            .iter()
            .map(|column| column.type_().clone())
            .collect();
        let copy = self.statement(&format!("copy {table} ({list}) from stdin (format binary)"))?;
        self.copies.insert(table, (copy.clone(), types));
        self.copies
            .get(table)
            .cloned()
            .ok_or_else(|| StoreError::shape("no copy statement"))
    }

    pub(crate) fn script(&mut self, script: &str) -> Result<(), StoreError> {
        let longest = if script.len() > 64 {
            SCRIPT_MAX
        } else {
            ANSWER_MAX
        };
        Self::wait(&self.runtime, longest, self.client.batch_execute(script))
    }
}

async fn collect(
    client: &Client,
    statement: &Statement,
    args: &[Arg<'_>],
) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
    use futures_util::TryStreamExt as _;
    client.query_raw(statement, args).await?.try_collect().await
}

/// Connects with TLS where the address asks for it.
///
/// `sslmode=prefer`, the default, falls back to a plain connection when the server's
/// certificate is not trusted, as libpq does: it promises nothing. `require` verifies.
async fn connect(config: &Config) -> Result<Client, StoreError> {
    let mut config = config.clone();
    config
        .connect_timeout(CONNECT_MAX)
        .keepalives_idle(Duration::from_secs(30));
    config.tcp_user_timeout(Duration::from_secs(10));
    if config.get_application_name().is_none() {
        config.application_name("watchpost");
    }
    let local = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        Host::Unix(_) => true,
    });
    let mode = config.get_ssl_mode();
    if mode == SslMode::Disable || (mode == SslMode::Prefer && local) {
        return within(connect_plain(&config)).await;
    }
    match within(connect_tls(&config)).await {
        Err(error) if mode == SslMode::Prefer => {
            tracing::warn!(%error, "no trusted TLS to PostgreSQL; connecting without");
            within(connect_plain(&config)).await
        }
        result => result,
    }
}

async fn within(
    attempt: impl Future<Output = Result<Client, tokio_postgres::Error>>,
) -> Result<Client, StoreError> {
    match tokio::time::timeout(CONNECT_MAX, attempt).await {
        // Whatever the server says before the first statement, a later attempt may succeed.
        Ok(result) => result.map_err(|error| {
            use std::error::Error as _;
            let cause = error
                .source()
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            StoreError::unavailable(format!("{error}{cause}"))
        }),
        Err(_) => Err(StoreError::unavailable(
            "no answer to the attempt to connect",
        )),
    }
}

async fn connect_plain(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let mut config = config.clone();
    config.ssl_mode(SslMode::Disable);
    let (client, connection) = config.connect(NoTls).await?;
    drive(connection);
    Ok(client)
}

async fn connect_tls(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(MakeRustlsConnect::new(tls())).await?;
    drive(connection);
    Ok(client)
}

/// Moves the connection's bytes on the session's own runtime whenever that waits.
#[expect(
    clippy::disallowed_methods,
    reason = "the task ends with its session's own runtime"
)]
fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "a PostgreSQL connection ended");
        }
    });
}

fn tls() -> rustls::ClientConfig {
    static CONFIG: OnceLock<rustls::ClientConfig> = OnceLock::new();
    CONFIG
        .get_or_init(|| {
            let mut roots = rustls::RootCertStore::empty();
            for certificate in rustls_native_certs::load_native_certs().certs {
                // One unreadable root certificate must not hide the others.
                drop(roots.add(certificate));
            }
            rustls::ClientConfig::builder()
                .with_root_certificates(roots)
                .with_no_client_auth()
        })
        .clone()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a pause between attempts needs the monotonic clock"
)]
fn monotonic_ms() -> i64 {
    static START: OnceLock<Instant> = OnceLock::new();
    i64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(i64::MAX)
}
