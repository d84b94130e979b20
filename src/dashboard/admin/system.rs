//! How the server itself is doing.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use store::Engine;

use crate::alerts;
use crate::app::App;
use crate::audit;
use crate::dashboard::filters;
use crate::dashboard::page::{Shell, render};
use crate::geo::{DatabaseKind, DatabaseStatus, GeoStatus};
use crate::http::listener::ConnectionCounts;
use crate::http::{Caller, Params, Problem};
use crate::ingest::Ingest;
use crate::overview::{self, StoreFigures};
use crate::retention;
use crate::web::{Readiness, health};

#[derive(Template)]
#[template(path = "admin/system.html")]
struct SystemPage {
    shell: Shell,
    version: &'static str,
    started: base::Timestamp,
    uptime: u64,
    listen: String,
    node: i64,
    memory: Option<String>,
    ready: Result<(), String>,
    database: &'static str,
    place: String,
    figures: StoreFigures,
    size: String,
    alerts: i64,
    open: i64,
    entries: i64,
    commits: u64,
    faults: u64,
    queued: usize,
    waiting: usize,
    room: usize,
    stored: u64,
    kept: String,
    removed: u64,
    rejected: u64,
    /// Messages received, dropped for want of room, dropped by the system; none without listeners.
    syslog: Option<(u64, u64, u64)>,
    streams: i64,
    latency: Option<String>,
    connections: u64,
    accepted: u64,
    geo: GeoStatus,
    /// The databases of `geo` with their sizes in words.
    databases: Vec<(DatabaseStatus, String)>,
    metrics_bind: Option<String>,
}

/// Shows what is known of the server now.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    State(ingest): State<Ingest>,
    State(readiness): State<Readiness>,
    State(connections): State<Arc<ConnectionCounts>>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    params.finish()?;
    let shell = Shell::new(&app, &caller, "/admin/system", "System").await?;
    let ready = health::readyz(State(app.clone()), State(readiness)).await;
    let geo = app.geo.status();
    let figures = overview::store_figures(&app).await?;
    let by_status = alerts::stats(&app).await?.by_status;
    let stats = app.store.stats();
    render(&SystemPage {
        version: env!("CARGO_PKG_VERSION"),
        started: app.started_at,
        uptime: shell.now.since(app.started_at).as_secs(),
        listen: app.config.listen().to_string(),
        node: app.ids.node(),
        memory: resident().map(size),
        ready: ready
            .map(|_| ())
            .map_err(|problem| problem.detail().to_owned()),
        database: match app.store.engine() {
            Engine::Sqlite => "SQLite, embedded",
            Engine::Postgres => "PostgreSQL",
        },
        place: app.store.name().to_owned(),
        size: size(figures.bytes),
        figures,
        alerts: by_status.open + by_status.acknowledged + by_status.resolved,
        open: by_status.open,
        entries: app.store.read(audit::entries).await?,
        commits: stats.commits,
        faults: stats.faults,
        queued: stats.queued,
        waiting: ingest.waiting(),
        room: Ingest::room(),
        stored: app.metrics.stored_so_far(),
        kept: kept(retention::Limits::of(&app)),
        removed: app.metrics.removed_so_far(),
        rejected: app.metrics.rejected_so_far(),
        syslog: app
            .config
            .syslog
            .listens()
            .then(|| app.metrics.syslog().so_far()),
        streams: app.metrics.streams_open(),
        latency: app
            .metrics
            .last_streamed()
            .map(|it| format!("{} ms", it.as_millis())),
        connections: connections.open(),
        accepted: connections.accepted_total(),
        databases: databases(&geo),
        geo,
        metrics_bind: app.config.metrics_bind.0.map(|it| it.to_string()),
        shell: shell.with_script("admin"),
    })
}

fn databases(geo: &GeoStatus) -> Vec<(DatabaseStatus, String)> {
    let with_size = |it: &DatabaseStatus| {
        let bytes = i64::try_from(it.size_bytes).unwrap_or(i64::MAX);
        (it.clone(), size(bytes))
    };
    geo.databases.iter().map(with_size).collect()
}

/// How long, and how much, is kept.
fn kept(limits: retention::Limits) -> String {
    let age = limits
        .age
        .map(|age| format!("{} days", age.as_secs() / 86_400));
    let bytes = limits
        .size
        .map(|bytes| i64::try_from(bytes).unwrap_or(i64::MAX));
    match (age, bytes.map(size)) {
        (None, None) => "for ever".to_owned(),
        (Some(age), None) => age,
        (None, Some(size)) => format!("up to {size}"),
        (Some(age), Some(size)) => format!("{age}, up to {size}"),
    }
}

/// Memory of this process that is not swapped out, in bytes; known on Linux only.
fn resident() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: i64 = line.trim().trim_end_matches("kB").trim().parse().ok()?;
    kib.checked_mul(1_024)
}

/// Bytes in the largest unit that leaves at least one, with one digit behind the point.
fn size(bytes: i64) -> String {
    const UNITS: [(i64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = UNITS.iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(unit, name)| {
            let tenths = bytes / (unit / 10);
            format!("{}.{} {name}", tenths / 10, tenths % 10)
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_said_in_the_largest_unit() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1_536), "1.5 KiB");
        assert_eq!(size(3 << 20), "3.0 MiB");
    }
}
