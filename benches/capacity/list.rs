//! Pages of alerts and of events over HTTP, with sign-in, beside the same statements without.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use base::{Cursor, Direction};
use rusqlite::Connection;

use crate::cpu::{Cost, measure, of_this_thread};
use crate::events::Mix;
use crate::report::{Goal, Report, Samples};
use crate::server::Server;
use crate::{Setup, load, ndjson, sqlite};

/// Pages of one round.
const PAGES: usize = 1_000;
/// Pages for each filter of events; the 99th percentile is then the slowest but one.
const PAGES_OF_FILTER: usize = 60;
/// Bodies that are sent again and again to fill a database.
const BODIES: usize = 100;

const FIRST: &str = "select id, created_at, severity from alerts where severity = 4 and status = 1 \
    order by created_at desc, id desc limit 51";
const COUNTS: &str = "select status, severity, cast(sum(n) as bigint) from alert_counts \
    group by status, severity";
const WHOLE: &str = "select a.id, a.status, a.severity, a.title, a.assigned_to, u.username, \
    a.resolution, a.resolution_note, a.created_at, a.acknowledged_at, a.resolved_at, \
    a.updated_at, a.version, a.ack_due_at, a.resolve_due_at, a.reopen_count, e.id, s.name, \
    t.name, e.severity, e.description, e.ip_address, e.geo, e.occurred_at, e.tags, e.attributes, \
    e.version from events e join sources s on s.id = e.source_id \
    join event_types t on t.id = e.event_type_id join alerts a on a.event_id = e.id \
    left join users u on u.id = a.assigned_to where a.id in ";

/// Filters of events; those in the second half match nothing.
const FILTERS: [&str; 17] = [
    "",
    "severity=LOW",
    "severity=HIGH,CRITICAL",
    "source_name=sensor-007",
    "source_name=sensor-007&severity=CRITICAL",
    "event_type=malware",
    "search=malware%20session",
    "has_alert=true",
    "has_alert=false",
    "country=ZZ",
    "ip_address=203.0.113.9",
    "search=nosuchword",
    "source_name=sensor-007&country=ZZ",
    "severity=CRITICAL&search=nosuchword",
    "event_type=malware&has_alert=true&severity=LOW",
    "from=2020-01-01&to=2021-01-01",
    "ordering=timestamp&search=nosuchword",
];

/// A database of events that a server is started on again and again.
struct Filled<'s> {
    setup: &'s Setup,
    folder: PathBuf,
    path: PathBuf,
}

impl<'s> Filled<'s> {
    fn new(setup: &'s Setup, name: &str) -> Self {
        let folder = setup.dir.join(name);
        Self {
            setup,
            path: folder.join("watchpost.db"),
            folder,
        }
    }

    fn serve(&self) -> anyhow::Result<Server> {
        Server::start(
            self.setup,
            &format!("sqlite://{}", self.path.display()),
            &self.folder,
        )
    }

    /// Sends events, a thousand to a body.
    fn fill(&self, bodies: usize, mix: Mix) -> anyhow::Result<()> {
        let server = self.serve()?;
        let requests = ndjson::requests(BODIES, mix, &server.key()?);
        let started = Instant::now();
        load::run(server.address(), &requests, 4, bodies)?;
        println!(
            "  {bodies},000 events sent in {:.1} s",
            started.elapsed().as_secs_f64()
        );
        server.stop()
    }

    /// Gives each status a third of the alerts.
    fn spread(&self) -> anyhow::Result<()> {
        Ok(sqlite::open(&self.path)?.execute_batch(
            "begin; update alerts set status = 1 + id % 3 where status <> 1 + id % 3; \
             delete from alert_counts; insert into alert_counts (status, severity, shard, n) \
             select status, severity, 0, count(*) from alerts group by status, severity; commit",
        )?)
    }
}

pub(crate) fn run(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    println!("\nlist: pages of 50 over HTTP, one connection, SQLite");
    let alerts = Filled::new(setup, "alerts");
    for (bodies, name) in [(100, "100 k"), (900, "1 M")] {
        alerts.fill(bodies, Mix::Severe)?;
        alerts.spread()?;
        pages(&alerts, name, report)?;
    }
    deep(&alerts, report)?;
    std::fs::remove_dir_all(&alerts.folder)?;
    let (bodies, name) = if setup.large {
        (10_000, "10 M")
    } else {
        (1_000, "1 M")
    };
    let events = Filled::new(setup, "events");
    events.fill(bodies, Mix::Usual)?;
    filters(&events, name, report)
}

/// HIGH and OPEN alerts, over HTTP and without.
fn pages(alerts: &Filled<'_>, name: &str, report: &mut Report) -> anyhow::Result<()> {
    let server = alerts.serve()?;
    let admin = server.sign_in()?;
    let request = load::get(
        "/api/alerts/?severity=HIGH&status=OPEN&page_size=50",
        &admin,
    );
    let requests: load::Requests = Arc::new(vec![request]);
    let connection = Connection::open(&alerts.path)?;
    let (mut ratio, mut over_http, mut raw) =
        (Samples::default(), Samples::default(), Samples::default());
    load::run(server.address(), &requests, 1, PAGES)?;
    raw_pages(&connection)?;
    for round in 1..=alerts.setup.rounds {
        let (times, cost) = get(&server, &requests, PAGES)?;
        over_http.extend(times);
        let (times, base) = measure(of_this_thread, || raw_pages(&connection))?;
        raw.extend(times);
        ratio.push(cost.micros_each(PAGES) / base.micros_each(PAGES));
        println!(
            "  round {round}, {name} alerts: {:.0} us of CPU a page over HTTP, {:.0} without",
            cost.micros_each(PAGES),
            base.micros_each(PAGES),
        );
    }
    let what = format!("page of HIGH, OPEN alerts at {name}, CPU to the same SQL alone");
    report.add("G8", &what, &ratio, Goal::AtMost(2.0));
    for (samples, way) in [(&over_http, "over HTTP"), (&raw, "SQL alone")] {
        for (part, p) in [(0.5, "p50"), (0.99, "p99")] {
            let what = format!("page of HIGH, OPEN alerts at {name}, {way}, ms, {p}");
            report.add_one("", &what, samples.quantile(part), Goal::None);
        }
    }
    server.stop()
}

fn get(
    server: &Server,
    requests: &load::Requests,
    pages: usize,
) -> anyhow::Result<(Vec<f64>, Cost)> {
    measure(
        || server.cpu(),
        || load::run(server.address(), requests, 1, pages),
    )
}

/// The statements of a page, every value of every row read; milliseconds each.
fn raw_pages(connection: &Connection) -> anyhow::Result<Vec<f64>> {
    let places: Vec<String> = (1..=50).map(|n| format!("?{n}")).collect();
    let whole = format!("{WHOLE}({})", places.join(", "));
    let mut times = Vec::with_capacity(PAGES);
    for _ in 0..PAGES {
        let started = Instant::now();
        connection.prepare_cached("begin")?.execute([])?;
        let mut first = connection.prepare_cached(FIRST)?;
        let ids = first
            .query_map([], |row| row.get(0))?
            .collect::<Result<Vec<i64>, _>>()?;
        read_all(connection, COUNTS, &[])?;
        read_all(connection, &whole, ids.get(..50).unwrap_or_default())?;
        connection.prepare_cached("commit")?.execute([])?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
    Ok(times)
}

fn read_all(connection: &Connection, sql: &str, ids: &[i64]) -> anyhow::Result<()> {
    let mut statement = connection.prepare_cached(sql)?;
    let width = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(ids))?;
    while let Some(row) = rows.next()? {
        for at in 0..width {
            std::hint::black_box(row.get_ref(at)?);
        }
    }
    Ok(())
}

/// Page 10,000 of all alerts beside the first.
fn deep(alerts: &Filled<'_>, report: &mut Report) -> anyhow::Result<()> {
    let (key, id) = Connection::open(&alerts.path)?.query_row(
        "select created_at, id from alerts order by created_at desc, id desc limit 1 offset 499949",
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let cursor = Cursor {
        direction: Direction::Next,
        key,
        id,
    }
    .encode();
    let server = alerts.serve()?;
    let admin = server.sign_in()?;
    let page = |path: &str| Arc::new(vec![load::get(path, &admin)]);
    let first = page("/api/alerts/?page_size=50");
    let later = page(&format!("/api/alerts/?page_size=50&cursor={cursor}"));
    let mut ratio = Samples::default();
    for requests in [&first, &later] {
        load::run(server.address(), requests, 1, PAGES)?;
    }
    for _ in 0..alerts.setup.rounds {
        let (_, first) = get(&server, &first, PAGES)?;
        let (_, later) = get(&server, &later, PAGES)?;
        ratio.push(later.micros_each(PAGES) / first.micros_each(PAGES));
    }
    report.add(
        "G11",
        "page 10,000 of alerts to the first, CPU",
        &ratio,
        Goal::AtMost(1.5),
    );
    server.stop()
}

/// Each filter of events: CPU and time of a page.
fn filters(events: &Filled<'_>, name: &str, report: &mut Report) -> anyhow::Result<()> {
    let server = events.serve()?;
    let admin = server.sign_in()?;
    let mut slowest: Option<f64> = None;
    println!("  a page of events at {name}: CPU ms, p50 ms, p99 ms");
    for filter in FILTERS {
        let path = format!("/api/events/?page_size=50&{filter}");
        let requests: load::Requests =
            Arc::new(vec![load::get(path.trim_end_matches('&'), &admin)]);
        load::run(server.address(), &requests, 1, 3)?;
        let (times, cost) = get(&server, &requests, PAGES_OF_FILTER)?;
        let mut samples = Samples::default();
        samples.extend(times);
        let p99 = samples.quantile(0.98);
        slowest = Some(slowest.map_or(p99, |slowest| slowest.max(p99)));
        println!(
            "  {filter:50} {:8.2} {:8.2} {p99:8.2}",
            cost.micros_each(PAGES_OF_FILTER) / 1e3,
            samples.median(),
        );
    }
    let what = format!("page of events at {name}, slowest filter, ms, p99");
    report.add_one(
        "G9",
        &what,
        slowest.unwrap_or(f64::NAN),
        Goal::AtMost(100.0),
    );
    server.stop()
}
