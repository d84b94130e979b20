//! PostgreSQL: a bounded set of connections, a thread each, in the same shape as SQLite's.

mod connect;
mod copy;

use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use futures_util::future::try_join_all;
use tokio::runtime::Runtime;
use tokio_postgres::config::Host;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Config, Statement};

use connect::{Server, connect, monotonic_ms};
use copy::CopyError;

use crate::job::Job;
use crate::store::Gauges;
use crate::{Arg, OpenError, StoreError, Tx};

/// Longest the server works on one statement (`statement_timeout`).
const STATEMENT_MAX_MS: u32 = 10_000;
/// Longest we wait for it: a frozen server never reports its own time-out.
const ANSWER_MAX: Duration = Duration::from_secs(12);
/// Longest for a migration's statements.
const SCRIPT_MAX: Duration = Duration::from_mins(30);
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
        let copied = copy::copy(&self.client, &statement, &types, rows);
        self.runtime.block_on(async {
            match tokio::time::timeout(ANSWER_MAX, copied).await {
                Ok(Ok(())) => Ok(()),
                Ok(Err(CopyError::Value(error))) => Err(error),
                Ok(Err(CopyError::Database(error))) => Err(error.into()),
                Err(_) => Err(StoreError::unavailable("the server did not answer in time")),
            }
        })
    }

    fn prepare_copy(
        &mut self,
        table: &'static str,
        columns: &[&'static str],
    ) -> Result<(Statement, Vec<Type>), StoreError> {
        let list = columns.join(", ");
        let types = self.types(table, &list)?;
        let copy = self.statement(&format!("copy {table} ({list}) from stdin (format binary)"))?;
        self.copies.insert(table, (copy.clone(), types.clone()));
        Ok((copy, types))
    }

    fn types(&mut self, table: &str, list: &str) -> Result<Vec<Type>, StoreError> {
        let shape = self.statement(&format!("select {list} from {table}"))?;
        let columns = shape.columns().iter();
        Ok(columns.map(|column| column.type_().clone()).collect())
    }

    /// Inserts rows with an array for each column: one text whatever their number, and far fewer
    /// arguments to read than with one for each value.
    pub(crate) fn upsert<const N: usize>(
        &mut self,
        table: &str,
        columns: &[&str; N],
        rows: &[[Arg<'_>; N]],
        conflict: &str,
    ) -> Result<(), StoreError> {
        let list = columns.join(", ");
        let types = self.types(table, &list)?;
        let arrays: Vec<String> = (1..)
            .zip(&types)
            .map(|(number, ty)| format!("${number}::{ty}[]"))
            .collect();
        let arrays = arrays.join(", ");
        let sql = format!("insert into {table} ({list}) select * from unnest({arrays}) {conflict}");
        let statement = self.statement(&sql)?;
        let values: Vec<Vec<Arg<'_>>> = (0..N)
            .map(|at| rows.iter().filter_map(|row| row.get(at).copied()).collect())
            .collect();
        let upserted = self.client.execute_raw(&statement, &values);
        Self::wait(&self.runtime, ANSWER_MAX, upserted).map(drop)
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
