//! A database of the test's own: a file in a temporary folder, or one made in the PostgreSQL
//! that `./test` started.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;
use tokio_postgres::NoTls;

/// Which engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Sqlite,
    Postgres,
}

/// A database that lives as long as its test.
pub struct Database {
    kind: Kind,
    folder: TempDir,
    name: String,
}

fn server() -> String {
    std::env::var("WATCHPOST_TEST_PG").expect(
        "WATCHPOST_TEST_PG is not set: run ./test, which starts the PostgreSQL these tests need",
    )
}

/// Runs a statement on the server itself.
async fn administer(sql: &str) {
    let (client, connection) = tokio_postgres::connect(&server(), NoTls).await.unwrap();
    let driver = tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
    drop(client);
    driver.await.unwrap().unwrap();
}

impl Database {
    /// Makes an empty one.
    pub async fn create(kind: Kind) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("t_{}_{number}", std::process::id());
        if kind == Kind::Postgres {
            administer(&format!("create database {name}")).await;
        }
        Self {
            kind,
            folder: tempfile::tempdir().unwrap(),
            name,
        }
    }

    /// Its address, as in `DATABASE_URL`.
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Sqlite => format!("sqlite://{}", self.folder.path().join("test.db").display()),
            Kind::Postgres => {
                let server = server();
                let (before, _) = server.rsplit_once('/').unwrap();
                format!("{before}/{}", self.name)
            }
        }
    }

    /// Which engine it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// A folder for files of the server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Removes it.
    pub async fn drop(self) {
        if self.kind == Kind::Postgres {
            administer(&format!("drop database {} with (force)", self.name)).await;
        }
    }
}
