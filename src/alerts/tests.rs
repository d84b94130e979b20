//! Alerts on a database of their own: raised, changed, found, counted.

mod counting;
mod figures;
mod finding;
mod plans;
mod triage;

use std::sync::Arc;

use base::{Cursor, EventId, Severity, Timestamp};
use store::{Arg, Location, Options, Store, StoreError, Tx};
use tempfile::TempDir;

use super::filter::Position;
use super::{AlertError, NewAlert, Ordering, SortKey, Way, raise};
use crate::config::{Settings, test_settings};
use crate::http::{Actor, Caller, Origin, PageRequest, Role};
use crate::migrations::MIGRATIONS;

/// Midnight of 1 January 2026.
const START: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(START.micros() + seconds * 1_000_000)
}

/// CRITICAL 15 minutes and 4 hours, HIGH 1 hour and 24 hours.
fn settings() -> Settings {
    test_settings::settings(["--sla-critical", "15m/4h", "--sla-high", "1h/24h"])
}

/// A database with the users 1 `ada` (ADMIN), 2 `rob` (RESPONDER), 3 `ann` (ANALYST) and
/// 4 `don` (RESPONDER, disabled), the sources 1 `fw-01` and 2 `web-02`, and the types 1 `intrusion`
/// and 2 `login`.
struct Database {
    store: Store,
    _folder: TempDir,
}

impl Database {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(folder.path().join("test.db"));
        let options = Options {
            connections: 1,
            queue: 8,
        };
        let store = Store::open(&location, options).unwrap();
        store.migrate(MIGRATIONS, START).await.unwrap();
        let this = Self {
            store,
            _folder: folder,
        };
        this.run(|tx| {
            let user = "insert into users (username, username_key, role, password_hash, enabled, \
                created_at, updated_at) values ($1, $2, $3, '', $4, 0, 0)";
            for (name, role, enabled) in [
                ("ada", "ADMIN", true),
                ("Rob", "RESPONDER", true),
                ("ann", "ANALYST", true),
                ("don", "RESPONDER", false),
            ] {
                let key = name.to_lowercase();
                let key = key.as_str();
                tx.execute(
                    user,
                    &[name.into(), key.into(), role.into(), enabled.into()],
                )?;
            }
            for source in ["fw-01", "web-02"] {
                let source = source.into();
                tx.execute(
                    "insert into sources (name, created_at) values ($1, 0)",
                    &[source],
                )?;
            }
            for kind in ["intrusion", "login"] {
                let sql = "insert into event_types (name, created_at) values ($1, 0)";
                tx.execute(sql, &[kind.into()])?;
            }
            Ok(())
        })
        .await;
        this
    }

    async fn attempt<T: Send + 'static>(
        &self,
        body: impl FnOnce(&mut Tx<'_>) -> Result<T, AlertError> + Send + 'static,
    ) -> Result<T, AlertError> {
        self.store.write(body).await
    }

    async fn run<T: Send + 'static>(
        &self,
        body: impl FnOnce(&mut Tx<'_>) -> Result<T, AlertError> + Send + 'static,
    ) -> T {
        self.attempt(body).await.unwrap()
    }
}

/// A place in a list; any will do.
const SOMEWHERE: Position = Position {
    severity: Severity::High,
    created_at: START,
    id: 1,
};

const BY_SEVERITY: Ordering = Ordering {
    key: SortKey::Severity,
    way: Way::Falling,
};

/// One event to be stored, and the alert it raises.
#[derive(Clone, Debug)]
struct Sample {
    event: i64,
    severity: Severity,
    title: String,
    source: i64,
    kind: i64,
    description: String,
    address: Option<&'static str>,
    country: Option<&'static str>,
}

impl Sample {
    fn new(event: i64, severity: Severity) -> Self {
        Self {
            event,
            severity,
            title: format!("title {event}"),
            source: 1,
            kind: 1,
            description: format!("description {event}"),
            address: None,
            country: None,
        }
    }

    fn alert(&self) -> NewAlert<'_> {
        NewAlert {
            event_id: EventId::new(self.event),
            severity: self.severity,
            title: &self.title,
            source_id: self.source,
            event_type_id: self.kind,
            ip_address: self.address,
            country: self.country,
        }
    }
}

/// Stores events and raises their alerts; returns the alerts' ids.
fn store(
    tx: &mut Tx<'_>,
    shard: i64,
    now: Timestamp,
    samples: &[Sample],
) -> Result<Vec<i64>, StoreError> {
    let rows: Vec<Vec<Arg<'_>>> = samples
        .iter()
        .map(|it| {
            vec![
                it.event.into(),
                it.source.into(),
                it.kind.into(),
                it.severity.into(),
                (&it.description).into(),
                it.address.into(),
                it.country.into(),
            ]
        })
        .collect();
    tx.execute_many(
        "insert into events (id, source_id, event_type_id, severity, description, ip_address, \
         country) values ($1, $2, $3, $4, $5, $6, $7)",
        &rows,
    )?;
    let alerts: Vec<NewAlert<'_>> = samples.iter().map(Sample::alert).collect();
    raise(tx, &settings(), shard, now, &alerts)
}

/// A page from the beginning, or from a cursor on.
const fn page(size: u32, cursor: Option<Cursor>) -> PageRequest {
    PageRequest {
        size,
        offset: 0,
        cursor,
    }
}

fn caller(id: i64, username: &str, role: Role) -> Caller {
    Caller {
        actor: Actor::User {
            id,
            username: Arc::from(username),
            role,
            session: Arc::from("session"),
        },
        origin: Origin {
            address: [192, 0, 2, 7].into(),
            request_id: Arc::from("request"),
            ..Caller::system("test").origin
        },
    }
}

fn ada() -> Caller {
    caller(1, "ada", Role::Admin)
}

fn rob() -> Caller {
    caller(2, "Rob", Role::Responder)
}
