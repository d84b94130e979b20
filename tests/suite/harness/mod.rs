//! A started server with a database of its own, and a client to speak to it.

mod browser;
mod client;
mod database;
mod process;

use std::future::Future;
use std::io::{self, Write as _};
use std::sync::Once;
use std::time::{Duration, Instant};

use base::Clock;
use clap::Parser as _;
use serde_json::{Value, json};
use watchpost::config::Settings;
use watchpost::serve::Server;

pub use browser::{Browser, Look, Page};
pub use client::{Answer, Client, exchange, exchange_cut};
pub use database::{Database, Kind};
pub use process::{Place, Process};

/// The first administrator's name and password in tests.
pub const ADMIN: (&str, &str) = ("admin", "correct horse battery");
/// The password of every other user.
pub const PASSWORD: &str = "a long enough passphrase";

/// Defines a test that runs on SQLite and on PostgreSQL.
macro_rules! on_both {
    ($(#[$meta:meta])* async fn $name:ident($server:ident) $body:block) => {
        on_both! { $(#[$meta])* [] async fn $name($server) $body }
    };
    ($(#[$meta:meta])* [$($flag:expr),*] async fn $name:ident($server:ident) $body:block) => {
        mod $name {
            #[allow(unused_imports, clippy::allow_attributes, clippy::allow_attributes_without_reason)]
            use super::*;
            async fn body($server: &crate::harness::TestServer) $body
            $(#[$meta])*
            #[test]
            fn sqlite() {
                crate::harness::run(crate::harness::Kind::Sqlite, &[$($flag),*], async |server| body(server).await);
            }
            $(#[$meta])*
            #[test]
            fn postgres() {
                crate::harness::run(crate::harness::Kind::Postgres, &[$($flag),*], async |server| body(server).await);
            }
        }
    };
}

/// Makes tests of a function that starts servers itself, one on each engine.
macro_rules! on_each_kind {
    ($name:ident, $test:ident) => {
        mod $name {
            #[test]
            fn sqlite() {
                crate::harness::run_alone(super::$test(crate::harness::Kind::Sqlite));
            }

            #[test]
            fn postgres() {
                crate::harness::run_alone(super::$test(crate::harness::Kind::Postgres));
            }
        }
    };
}

#[derive(clap::Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

/// A running server, its database, and the administrator signed in.
pub struct TestServer {
    pub server: Server,
    pub database: Database,
    pub admin: Client,
}

/// Settings of a test: limits off, cheap password hashes, then the test's own flags.
pub fn settings(database: &Database, flags: &[&str]) -> Settings {
    let url = database.url();
    let folder = database.folder().display().to_string();
    let mut all = vec![
        "watchpost",
        "--bind",
        "127.0.0.1:0",
        "--database-url",
        &url,
        "--data-dir",
        &folder,
        "--admin-username",
        ADMIN.0,
        "--admin-password",
        ADMIN.1,
        "--rate-limit-user",
        "off",
        "--rate-limit-anon",
        "off",
        "--rate-limit-sign-in",
        "off",
        "--rate-limit-ingest",
        "off",
        "--password-hash-kib",
        "64",
    ];
    // A flag of the test replaces the one above.
    for pair in flags.chunks(2) {
        if let Some(at) = all.iter().position(|flag| *flag == pair[0]) {
            all.splice(at..at + 2, pair.iter().copied());
        } else {
            all.extend(pair);
        }
    }
    Flags::try_parse_from(all).unwrap().settings
}

impl TestServer {
    /// Starts on a fresh database.
    pub async fn start(kind: Kind, flags: &[&str], clock: Clock) -> Self {
        let database = Database::create(kind).await;
        let server = Server::start(settings(&database, flags), clock)
            .await
            .unwrap();
        let mut admin = Client::to(server.address());
        admin.sign_in(ADMIN.0, ADMIN.1).await;
        Self {
            server,
            database,
            admin,
        }
    }

    /// Stops the server and takes its database away.
    pub async fn end(self) {
        self.server.stop().await;
        self.database.drop().await;
    }

    /// A client without credentials.
    pub fn anonymous(&self) -> Client {
        Client::to(self.server.address())
    }

    /// Makes a user of a role and signs in.
    pub async fn user(&self, username: &str, role: &str) -> Client {
        let body = json!({"username": username, "password": PASSWORD, "role": role});
        self.admin.post("/api/users/", &body).await.expect(201);
        let mut client = self.anonymous();
        client.sign_in(username, PASSWORD).await;
        client
    }

    /// Makes an ingest key, bound to a source or not.
    pub async fn key(&self, source: Option<&str>) -> Client {
        let body = json!({"name": "sensor", "source_name": source});
        let made = self.admin.post("/api/keys/", &body).await.expect(201);
        self.anonymous().with_bearer(made["key"].as_str().unwrap())
    }

    /// Sends one event as the administrator and returns it.
    pub async fn event(&self, severity: &str, source: &str) -> Value {
        self.admin
            .post("/api/events/", &event(severity, source))
            .await
            .expect(201)
    }

    /// Runs a closure on the server's own database.
    pub async fn read<T: Send + 'static>(
        &self,
        body: impl FnOnce(&mut store::Tx<'_>) -> Result<T, store::StoreError> + Send + 'static,
    ) -> T {
        self.server.app().store.read(body).await.unwrap()
    }

    /// Runs statements on the server's own database.
    pub async fn change(&self, statements: &'static [&'static str]) {
        let store = &self.server.app().store;
        let change = move |tx: &mut store::Tx<'_>| {
            for sql in statements {
                tx.execute(sql, &[])?;
            }
            Ok::<_, store::StoreError>(())
        };
        store.write(change).await.unwrap();
    }

    /// Counts rows by a statement of its own.
    pub async fn count(&self, sql: &'static str) -> i64 {
        self.read(move |tx| tx.query_one(sql, &[], |row| row.get(0)))
            .await
    }
}

/// Waits until something is so, a minute at the most.
pub async fn until(what: &str, is_so: impl AsyncFn() -> bool) {
    let end = Instant::now() + Duration::from_mins(1);
    while !is_so().await {
        assert!(Instant::now() < end, "never: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Waits until so many statements of a PostgreSQL database wait for locks, or until `other`.
pub async fn lock_waits(watcher: &tokio_postgres::Client, n: i64, other: impl Fn() -> bool) {
    let sql = "select count(*) from pg_stat_activity \
        where datname = current_database() and wait_event_type = 'Lock'";
    while watcher.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) < n && !other() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// An event to send.
pub fn event(severity: &str, source: &str) -> Value {
    json!({
        "source_name": source, "event_type": "intrusion", "severity": severity,
        "description": format!("{severity} from {source}"), "ip_address": "81.2.69.142",
    })
}

/// Runs a test body against a started server, with a deadline so that none can hang.
pub fn run(kind: Kind, flags: &[&str], body: impl AsyncFnOnce(&TestServer)) {
    run_alone(async move {
        let server = TestServer::start(kind, flags, Clock::system()).await;
        body(&server).await;
        server.end().await;
    });
}

/// Longest a test may take. It ends one that hangs and measures nothing: a machine with more to do
/// than this one is several times as slow.
const TEST_MAX: Duration = Duration::from_mins(5);

/// How many characters of why a test failed are said at once.
const WHY_MAX: usize = 400;

/// Has every failure said when it happens, beside the names of the tests that go on: the whole
/// story comes only when the last of them has ended.
fn say_failures_at_once() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let whole = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let test = std::thread::current();
            let why = panic.to_string().chars().take(WHY_MAX).collect::<String>();
            // Written past what the test harness keeps back.
            drop(writeln!(
                io::stderr(),
                "{}: {why}",
                test.name().unwrap_or("a thread")
            ));
            whole(panic);
        }));
    });
}

/// Runs a future on a runtime of its own, with a deadline.
pub fn run_alone(future: impl Future<Output = ()>) {
    say_failures_at_once();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let ended = tokio::time::timeout(TEST_MAX, future).await;
        assert!(ended.is_ok(), "the test took longer than {TEST_MAX:?}");
    });
}

impl Database {
    /// A connection of its own to a PostgreSQL database.
    pub async fn connect(&self) -> tokio_postgres::Client {
        let (client, connection) = tokio_postgres::connect(&self.url(), tokio_postgres::NoTls)
            .await
            .unwrap();
        tokio::spawn(connection);
        client
    }
}
