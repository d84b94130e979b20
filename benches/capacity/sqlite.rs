//! The same rows put into SQLite with nothing in between.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use base::Clock;
use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params};
use store::{Location, Options, Store};
use watchpost::migrations::MIGRATIONS;
use watchpost::rollups::{Kind, Origin};

const EVENT_COLUMNS: &str = "id, source_id, event_type_id, severity, description, ip_address, \
    country, geo, occurred_at, tags, attributes, user_id, key_id";
const ALERT_COLUMNS: &str = "event_id, status, severity, title, source_id, event_type_id, \
    ip_address, country, created_at, updated_at, ack_due_at, resolve_due_at";

/// Rows as the server stored them.
#[derive(Debug)]
pub(crate) struct Rows {
    events: Vec<Vec<Value>>,
    alerts: Vec<Vec<Value>>,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }

    fn last(&self) -> i64 {
        self.events.last().map_or(0, |row| number(row, 0))
    }
}

fn number(row: &[Value], at: usize) -> i64 {
    match row.get(at) {
        Some(Value::Integer(number)) => *number,
        _ => 0,
    }
}

/// Reads what a server stored, a part at a time.
#[derive(Debug)]
pub(crate) struct Stored {
    connection: Connection,
    after: i64,
}

impl Stored {
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        Ok(Self {
            connection,
            after: -1,
        })
    }

    /// The rows since the last call.
    pub(crate) fn next(&mut self) -> anyhow::Result<Rows> {
        let events = self.read("events", EVENT_COLUMNS, "id")?;
        let alerts = self.read("alerts", ALERT_COLUMNS, "event_id")?;
        let rows = Rows { events, alerts };
        self.after = rows.last();
        Ok(rows)
    }

    fn read(&self, table: &str, columns: &str, key: &str) -> anyhow::Result<Vec<Vec<Value>>> {
        let sql = format!("select {columns} from {table} where {key} > ?1 order by {key}");
        let mut statement = self.connection.prepare(&sql)?;
        let width = statement.column_count();
        let rows = statement.query_map([self.after], |row| {
            (0..width).map(|at| row.get::<_, Value>(at)).collect()
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// Which rows a baseline inserts, and into what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Into {
    /// Events, into the server's table with its indexes.
    Events,
    /// Events, into the same table without its secondary indexes.
    WithoutIndexes,
    /// Events, alerts and the counts of both.
    Everything,
}

/// A database that the same rows go into.
#[derive(Debug)]
pub(crate) struct Raw {
    connection: Connection,
    into: Into,
}

impl Raw {
    /// Makes one with the server's schema and settings.
    pub(crate) fn create(folder: &Path, into: Into) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let path = folder.join(format!("{into:?}.db"));
        migrate(&Location::Sqlite(path.clone()))?;
        let connection = open(&path)?;
        if into == Into::WithoutIndexes {
            drop_indexes(&connection)?;
        }
        Ok(Self { connection, into })
    }

    /// Inserts rows, so many in one commit.
    pub(crate) fn insert(&self, rows: &Rows, per_commit: usize) -> anyhow::Result<()> {
        let mut alerts = rows.alerts.iter().peekable();
        for events in rows.events.chunks(per_commit.max(1)) {
            self.connection.execute_batch("begin immediate")?;
            self.insert_into("events", EVENT_COLUMNS, events.iter())?;
            if self.into == Into::Everything {
                let last = events.last().map_or(0, |row| number(row, 0));
                let mut mine = Vec::new();
                while let Some(alert) = alerts.next_if(|row| number(row, 0) <= last) {
                    mine.push(alert);
                }
                self.insert_into("alerts", ALERT_COLUMNS, mine.iter().copied())?;
                self.count(events, &mine)?;
            }
            self.connection.execute_batch("commit")?;
        }
        Ok(())
    }

    fn insert_into<'r>(
        &self,
        table: &str,
        columns: &str,
        rows: impl Iterator<Item = &'r Vec<Value>>,
    ) -> anyhow::Result<()> {
        let places: Vec<String> = (1..=columns.split(',').count())
            .map(|n| format!("?{n}"))
            .collect();
        let places = places.join(", ");
        let sql = format!("insert into {table} ({columns}) values ({places})");
        let mut statement = self.connection.prepare_cached(&sql)?;
        for row in rows {
            for (at, value) in row.iter().enumerate() {
                statement.raw_bind_parameter(at + 1, value)?;
            }
            statement.raw_execute()?;
        }
        Ok(())
    }

    fn count(&self, events: &[Vec<Value>], alerts: &[&Vec<Value>]) -> anyhow::Result<()> {
        let mut by_hour: BTreeMap<(i64, i64, i64), i64> = BTreeMap::new();
        for row in events {
            let hour = base::EventId::new(number(row, 0)).timestamp().hour();
            *by_hour
                .entry((hour, number(row, 1), number(row, 3)))
                .or_default() += 1;
        }
        let mut statement = self.connection.prepare_cached(
            "insert into event_counts (hour, source_id, severity, shard, n) \
             values (?1, ?2, ?3, 0, ?4) on conflict (hour, source_id, severity, shard) \
             do update set n = event_counts.n + excluded.n",
        )?;
        for ((hour, source, severity), n) in by_hour {
            statement.execute(params![hour, source, severity, n])?;
        }
        let mut statement = self.connection.prepare_cached(
            "insert into alert_counts (status, severity, shard, n) values (1, ?1, 0, ?2) \
             on conflict (status, severity, shard) do update set n = alert_counts.n + excluded.n",
        )?;
        for severity in [4_i64, 5] {
            let n = alerts
                .iter()
                .filter(|row| number(row, 2) == severity)
                .count();
            statement.execute(params![severity, i64::try_from(n)?])?;
        }
        self.sum(events, alerts)
    }

    /// The sums by minute, half hour, hour and day.
    fn sum(&self, events: &[Vec<Value>], alerts: &[&Vec<Value>]) -> anyhow::Result<()> {
        let mut sums: BTreeMap<(i64, i64, i64, i64), i64> = BTreeMap::new();
        let mut add = |kind: Kind, at: i64, item: i64| {
            let minute = at.div_euclid(60_000_000);
            for span in kind.spans() {
                let key = (kind.id(), span.minutes(), span.start(minute), item);
                *sums.entry(key).or_default() += 1;
            }
        };
        let origin = |row: &[Value], at: usize| match row.get(at) {
            Some(Value::Text(code)) => Origin::new(Some(code), false).item(),
            _ => Origin::Unknown.item(),
        };
        for row in events {
            let at = base::EventId::new(number(row, 0)).timestamp().micros();
            add(Kind::EventSeverity, at, number(row, 3));
            add(Kind::EventSource, at, number(row, 1));
            add(Kind::EventOrigin, at, origin(row, 6));
        }
        for row in alerts {
            let at = number(row, 8);
            add(Kind::AlertSeverity, at, number(row, 2));
            add(Kind::OpenFlow, at, number(row, 2));
            add(Kind::AlertSource, at, number(row, 4));
            add(Kind::AlertOrigin, at, origin(row, 7));
        }
        let mut statement = self.connection.prepare_cached(
            "insert into rollups (kind, span, start, item, shard, n) values (?1, ?2, ?3, ?4, 0, ?5) \
             on conflict (kind, span, start, item, shard) do update set n = rollups.n + excluded.n",
        )?;
        for ((kind, span, start, item), n) in sums {
            statement.execute(params![kind, span, start, item, n])?;
        }
        Ok(())
    }
}

/// Leaves the table of events its primary key alone.
fn drop_indexes(connection: &Connection) -> anyhow::Result<()> {
    let sql = "select name from sqlite_master where type = 'index' and tbl_name = 'events' \
               and sql is not null";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([], |row| row.get::<_, String>(0))?;
    let names: Vec<String> = names.collect::<Result<_, _>>()?;
    for name in names {
        connection.execute_batch(&format!("drop index {name}"))?;
    }
    Ok(())
}

/// Opens a database with the settings the server uses for writing.
pub(crate) fn open(path: &PathBuf) -> anyhow::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; \
         pragma mmap_size = 0; pragma wal_autocheckpoint = 6000; pragma cache_size = -65536",
    )?;
    Ok(connection)
}

/// Gives an empty database the server's schema.
pub(crate) fn migrate(location: &Location) -> anyhow::Result<()> {
    let store = Store::open(
        location,
        Options {
            connections: 1,
            ..Options::default()
        },
    )?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(store.migrate(MIGRATIONS, Clock::system().now()))?;
    store.close();
    Ok(())
}
