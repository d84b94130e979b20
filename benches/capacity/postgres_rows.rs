//! Rows as the server stored them in PostgreSQL, and the plain ways to store them again.

use std::cell::Cell;
use std::pin::pin;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::cpu::Cost;
use crate::postgres::connect;

const EVENTS: &str = "events (id, source_id, event_type_id, severity, description, ip_address, \
    country, geo, occurred_at, tags, attributes, user_id, key_id)";
const ALERTS: &str = "alerts (event_id, status, severity, title, source_id, event_type_id, \
    ip_address, country, created_at, updated_at, ack_due_at, resolve_due_at)";

type Cells = Vec<Box<dyn ToSql + Sync + Send>>;

/// Rows of events and alerts, each with the event's id in front.
#[derive(Default)]
pub(crate) struct Rows {
    events: Vec<(i64, Cells)>,
    alerts: Vec<(i64, Cells)>,
}

impl Rows {
    pub(crate) fn len(&self) -> usize {
        self.events.len()
    }
}

/// Reads what was stored after the given rows.
pub(crate) async fn read(url: &str, before: &Rows) -> anyhow::Result<Rows> {
    let client = connect(url).await?;
    let after = before.events.last().map_or(-1, |row| row.0);
    Ok(Rows {
        events: select(&client, EVENTS, "id", after).await?,
        alerts: select(&client, ALERTS, "event_id", after).await?,
    })
}

/// The table and its columns.
fn parts(into: &str) -> (&str, &str) {
    into.trim_end_matches(')')
        .split_once(" (")
        .unwrap_or((into, ""))
}

async fn select(
    client: &Client,
    into: &str,
    key: &str,
    after: i64,
) -> anyhow::Result<Vec<(i64, Cells)>> {
    let (table, columns) = parts(into);
    let sql = format!("select {columns} from {table} where {key} > $1 order by {key}");
    let rows = client.query(&sql, &[&after]).await?;
    rows.iter()
        .map(|row| Ok((row.try_get(0)?, cells(row)?)))
        .collect()
}

fn cells(row: &Row) -> anyhow::Result<Cells> {
    let cell = |(at, column): (usize, &tokio_postgres::Column)| {
        anyhow::Ok(match *column.type_() {
            Type::INT8 => Box::new(row.try_get::<_, Option<i64>>(at)?) as Box<_>,
            Type::INT2 => Box::new(row.try_get::<_, Option<i16>>(at)?) as Box<_>,
            _ => Box::new(row.try_get::<_, Option<String>>(at)?) as Box<dyn ToSql + Sync + Send>,
        })
    };
    row.columns().iter().enumerate().map(cell).collect()
}

/// Stores rows by binary COPY, so many in one commit.
pub(crate) async fn copy(
    client: &Client,
    rows: &Rows,
    per_commit: usize,
    with_alerts: bool,
) -> anyhow::Result<()> {
    let mut alerts = rows.alerts.as_slice();
    for events in rows.events.chunks(per_commit.max(1)) {
        client.batch_execute("begin").await?;
        copy_into(client, EVENTS, events).await?;
        if with_alerts {
            let last = events.last().map_or(0, |row| row.0);
            let (mine, later) = alerts.split_at(alerts.partition_point(|row| row.0 <= last));
            alerts = later;
            copy_into(client, ALERTS, mine).await?;
        }
        client.batch_execute("commit").await?;
    }
    Ok(())
}

async fn copy_into(client: &Client, into: &str, rows: &[(i64, Cells)]) -> anyhow::Result<()> {
    let (table, columns) = parts(into);
    let shape = client
        .prepare(&format!("select {columns} from {table}"))
        .await?;
    let types: Vec<Type> = shape
        .columns()
        .iter()
        .map(|column| column.type_().clone())
        .collect();
    let sink = client
        .copy_in(&format!("copy {into} from stdin (format binary)"))
        .await?;
    let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
    for (_, cells) in rows {
        let cells = cells
            .iter()
            .map(|cell| cell.as_ref() as &(dyn ToSql + Sync));
        writer.as_mut().write_raw(cells).await?;
    }
    writer.finish().await?;
    Ok(())
}

/// Stores events one by one, each its own transaction, over many connections; what that cost, and
/// how much of it PostgreSQL. `cpu` reads both.
pub(crate) async fn insert_each(
    url: &str,
    rows: &Rows,
    connections: usize,
    total: usize,
    cpu: impl Fn() -> anyhow::Result<(Duration, Duration)>,
) -> anyhow::Result<(Cost, Duration)> {
    let (_, columns) = parts(EVENTS);
    let places: Vec<String> = (1..=columns.split(',').count())
        .map(|n| format!("${n}"))
        .collect();
    let sql = format!("insert into {EVENTS} values ({})", places.join(", "));
    let mut sessions = Vec::with_capacity(connections);
    for _ in 0..connections {
        let client = connect(url).await?;
        let statement = client.prepare(&sql).await?;
        sessions.push((client, statement));
    }
    let next = Cell::new(0);
    let (before, started) = (cpu()?, Instant::now());
    let all = sessions.iter().map(|(client, statement)| async {
        while next.get() < total {
            let (_, cells) = rows
                .events
                .get(next.replace(next.get() + 1))
                .context("too few rows")?;
            let cells = cells
                .iter()
                .map(|cell| cell.as_ref() as &(dyn ToSql + Sync));
            client.execute_raw(statement, cells).await?;
        }
        anyhow::Ok(())
    });
    futures_util::future::try_join_all(all).await?;
    let wall = started.elapsed();
    let after = cpu()?;
    let cost = Cost {
        cpu: after.0.saturating_sub(before.0),
        wall,
    };
    Ok((cost, after.1.saturating_sub(before.1)))
}
