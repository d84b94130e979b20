//! Every filter of events over many of them, with the filters of blocks that the server makes; what
//! those cost, beside what else could serve: a full-text index, a table of every value.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use base::{EventId, Timestamp};
use rusqlite::Connection;
use store::{Arg, Engine, Location, Options, Store, StoreError};
use watchpost::migrations::MIGRATIONS;

use crate::cpu::{measure, of_this_thread};
use crate::report::{Goal, Report, Samples};
use crate::server::Server;
use crate::{Setup, load};

/// Rows of one commit.
const PART: u64 = 10_000;
/// Pages for each filter: the 99th percentile is then the slowest but one.
const PAGES: usize = 150;
/// Milliseconds between two events: ten million are ten days.
const APART: i64 = 86;
/// Events the alternatives are built of.
const ALTERNATIVES: u64 = 1_000_000;

/// What is looked for, and how often it is there among ten million.
const FILTERS: [&str; 36] = [
    "",
    "severity=LOW",
    "severity=HIGH,CRITICAL",
    "severity=CRITICAL",
    "source_name=sensor-007",
    "source_name=sensor-007&severity=CRITICAL",
    "event_type=malware",
    "event_type=malware&severity=CRITICAL&source_name=sensor-007",
    "country=GB",
    "country=IS",
    "country=ZZ",
    "ip_address=81.2.7.9",
    "ip_address=198.51.100.77",
    "ip_address=203.0.113.9",
    "source_name=sensor-007&ip_address=198.51.100.77",
    "q=tag:blocked",
    "q=tag:quarantined",
    "q=tag:nosuchtag",
    "q=attributes.user.name:svc-017",
    "q=attributes.host.name:host-00421",
    "q=attributes.host.name:nosuchhost",
    "q=attributes.flow:4711",
    "q=attributes.flow:99999999999",
    "search=malware%20session",
    "search=nosuchword",
    "search=0000abcdef",
    "search=mimikatz",
    "search=mimik",
    "search=81.2.7.9",
    "severity=CRITICAL&search=nosuchword",
    "ordering=timestamp&search=nosuchword",
    "ordering=timestamp&ip_address=198.51.100.77",
    "has_alert=true&event_type=malware&q=attributes.host.name:host-00421",
    "q=-type:malware%20ip:198.51.100.77",
    "q=*imikat",
    "from=2020-01-01&to=2021-01-01",
];

/// Spreads consecutive numbers over all 64 bits.
const fn scatter(n: u64) -> u64 {
    let z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z ^ (z >> 32)
}

const TYPES: [&str; 16] = [
    "intrusion",
    "malware",
    "anomaly",
    "brute_force",
    "port_scan",
    "phishing",
    "ddos",
    "recon",
    "web_attack",
    "login_failed",
    "dns_tunnel",
    "ransomware",
    "beaconing",
    "policy",
    "process",
    "audit",
];
const NETWORKS: [(&str, &str); 6] = [
    ("81.2", "GB"),
    ("8.8", "US"),
    ("133.11", "JP"),
    ("200.160", "BR"),
    ("41.0", "ZA"),
    ("139.130", "AU"),
];

/// One event of the synthetic many.
struct Made {
    id: i64,
    source: i64,
    kind: i64,
    severity: i64,
    description: String,
    address: String,
    country: &'static str,
    tags: Option<&'static str>,
    attributes: String,
}

fn made(n: u64) -> Made {
    let start = Timestamp::parse("2026-01-01").map_or(0, |it| EventId::first_at(it).number());
    let bits = scatter(n);
    let pick = |shift: u32, of: u64| (bits >> shift) % of;
    let number = |value: u64| i64::try_from(value).unwrap_or(0);
    let index = |value: u64| usize::try_from(value).unwrap_or(0);
    let kind = pick(8, 16);
    let (network, country) = NETWORKS[index(pick(16, 6))];
    let (c, d) = (pick(20, 100), pick(30, 250));
    let mut address = format!("{network}.{c}.{d}");
    let mut country = country;
    // One in 5,000, and three in ten million.
    if n % 5_000 == 77 {
        address = "198.51.100.77".to_owned();
        country = "IS";
    } else if n % 3_333_333 == 99 {
        address = "203.0.113.9".to_owned();
    }
    let (user, host) = (pick(24, 256), pick(12, 5_000));
    let word = if n % 20_000 == 9 { " mimikatz.exe" } else { "" };
    let kind_name = TYPES[index(kind)];
    let rule = pick(40, 400);
    Made {
        id: start + ((number(n) * APART) << 12),
        source: number(pick(3, 200)) + 1,
        kind: number(kind) + 1,
        severity: match pick(48, 100) {
            0..2 => 5,
            2..8 => 4,
            8..30 => 3,
            30..60 => 2,
            _ => 1,
        },
        description: format!(
            "{kind_name} seen by rule {rule}: {d} packets from {address} towards the service behind \
             the edge firewall,{word} session {n:010x} ended"
        ),
        attributes: format!(
            "{{\"proto\":\"tcp\",\"src_port\":{},\"destination\":{{\"ip\":\"10.0.{c}.{d}\",\"port\":443}},\
             \"user\":{{\"name\":\"svc-{user:03}\"}},\"host\":{{\"name\":\"host-{host:05}\"}},\
             \"rule\":{{\"id\":{rule}}},\"process\":{{\"pid\":{},\"hash\":\"{:016x}{:016x}\"}},\"flow\":{n}}}",
            1024 + pick(33, 60_000),
            pick(13, 32_768),
            scatter(n / 7),
            scatter(n / 7 + 1),
        ),
        address,
        country,
        tags: match n % 100_000 {
            5 => Some("[\"quarantined\"]"),
            place if place % 3 == 0 => Some("[\"blocked\",\"edge\"]"),
            _ => None,
        },
    }
}

impl Made {
    fn event(&self) -> [Arg<'_>; 9] {
        [
            self.id.into(),
            self.source.into(),
            self.kind.into(),
            self.severity.into(),
            (&self.description).into(),
            (&self.address).into(),
            self.country.into(),
            self.tags.into(),
            (&self.attributes).into(),
        ]
    }

    fn alert(&self) -> [Arg<'_>; 10] {
        [
            self.id.into(),
            1.into(),
            self.severity.into(),
            (&self.description).into(),
            self.source.into(),
            self.kind.into(),
            0.into(),
            0.into(),
            0.into(),
            0.into(),
        ]
    }
}

fn open(location: &Location) -> anyhow::Result<(Store, tokio::runtime::Runtime)> {
    let runtime = tokio::runtime::Runtime::new()?;
    let store = Store::open(location, Options::default())?;
    runtime.block_on(store.migrate(MIGRATIONS, Timestamp::from_micros(0)))?;
    Ok((store, runtime))
}

/// Puts the events into the server's own schema.
pub(crate) fn fill(location: &Location, events: u64) -> anyhow::Result<()> {
    let (store, runtime) = open(location)?;
    let started = Instant::now();
    runtime.block_on(store.write(|tx| {
        for source in 0..200 {
            let name = format!("sensor-{source:03}");
            let sql = "insert into sources (name, created_at) values ($1, 0)";
            tx.execute(sql, &[(&name).into()])?;
        }
        for name in TYPES {
            let sql = "insert into event_types (name, created_at) values ($1, 0)";
            tx.execute(sql, &[name.into()])?;
        }
        Ok::<_, StoreError>(())
    }))?;
    for part in 0..events / PART {
        runtime.block_on(store.write(move |tx| {
            let rows: Vec<Made> = (part * PART..(part + 1) * PART).map(made).collect();
            tx.insert_rows(
                "events",
                &[
                    "id",
                    "source_id",
                    "event_type_id",
                    "severity",
                    "description",
                    "ip_address",
                    "country",
                    "tags",
                    "attributes",
                ],
                rows.iter().map(Made::event),
            )?;
            let severe: Vec<&Made> = rows.iter().filter(|row| row.severity > 3).collect();
            tx.insert_rows(
                "alerts",
                &[
                    "event_id",
                    "status",
                    "severity",
                    "title",
                    "source_id",
                    "event_type_id",
                    "created_at",
                    "updated_at",
                    "ack_due_at",
                    "resolve_due_at",
                ],
                severe.iter().map(|row| row.alert()),
            )
        }))?;
    }
    println!(
        "  {events} events put in within {:.0} s",
        started.elapsed().as_secs_f64()
    );
    store.close();
    Ok(())
}

pub(crate) fn run(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    let folder = setup.dir.join("finding");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("watchpost.db");
    let file = || format!("sqlite://{}", path.display());
    let url = setup.database.clone().unwrap_or_else(file);
    let events = match (setup.large, &setup.database) {
        (true, _) => 10_000_000,
        (false, Some(_)) => 2_000_000,
        (false, None) => 1_000_000,
    };
    println!("\nfinding: pages of 50 of {events} events");
    fill(&url.parse()?, events)?;
    let server = Server::start(setup, &url, &folder)?;
    sealing(&server, &url, events, report)?;
    filters(&server, events, report)?;
    server.stop()?;
    if setup.database.is_none() && !setup.large {
        alternatives(&folder, &path, report)?;
    }
    Ok(())
}

/// Waits until every block is sealed, and says what that cost.
fn sealing(server: &Server, url: &str, events: u64, report: &mut Report) -> anyhow::Result<()> {
    let started = Instant::now();
    wait_sealed(url, events)?;
    let (store, runtime) = open(&url.parse()?)?;
    let micros = server.cpu()?.as_secs_f64() * 1e6 / events as f64;
    let bytes: i64 = runtime.block_on(store.read(|tx| {
        let sql = match tx.engine() {
            Engine::Sqlite => "select sum(length(bits)) from event_block_bits",
            Engine::Postgres => "select pg_total_relation_size('event_block_bits')",
        };
        tx.query_one(sql, &[], |row| row.get(0))
    }))?;
    println!("  sealed in {:.1} s", started.elapsed().as_secs_f64());
    let engine = store.engine().name();
    let what = format!("sealing {events} events, {engine}, us of the server's CPU an event");
    report.add_one("", &what, micros, Goal::AtMost(10.0));
    let what = format!("filters of {events} events, {engine}, bytes an event");
    report.add_one("", &what, bytes as f64 / events as f64, Goal::None);
    store.close();
    Ok(())
}

/// Waits until so many events are sealed, but for a last block that is not full.
pub(crate) fn wait_sealed(url: &str, events: u64) -> anyhow::Result<()> {
    let (store, runtime) = open(&url.parse()?)?;
    let blocks = i64::try_from(events / 8_192)?;
    loop {
        let sealed: i64 = runtime.block_on(store.read(|tx| {
            let sql = "select count(*) from event_blocks where sealed = true";
            tx.query_one(sql, &[], |row| row.get(0))
        }))?;
        if sealed >= blocks {
            break;
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    store.close();
    Ok(())
}

/// Each filter: CPU and time of a page, and how much of the events one request searched.
fn filters(server: &Server, events: u64, report: &mut Report) -> anyhow::Result<()> {
    let admin = server.sign_in()?;
    let mut slowest = 0.0_f64;
    println!("  a page: CPU ms, p50 ms, p99 ms, found, goes on");
    for filter in FILTERS {
        let path = format!("/api/events/?page_size=50&{filter}");
        let path = path.trim_end_matches('&');
        let answer = crate::control::request(server.address(), &format!("GET {path}"), &admin, "")?;
        let answer: serde_json::Value = serde_json::from_str(&answer)?;
        let requests: load::Requests = Arc::new(vec![load::get(path, &admin)]);
        load::run(server.address(), &requests, 1, 3)?;
        let (times, cost) = measure(
            || server.cpu(),
            || load::run(server.address(), &requests, 1, PAGES),
        )?;
        let mut samples = Samples::default();
        samples.extend(times);
        let p99 = samples.quantile(0.99);
        slowest = slowest.max(p99);
        println!(
            "  {filter:66} {:8.2} {:8.2} {p99:8.2} {:4} {}",
            cost.micros_each(PAGES) / 1e3,
            samples.median(),
            answer["results"].as_array().map_or(0, Vec::len),
            if answer["next"].is_null() {
                "end"
            } else {
                "on"
            },
        );
    }
    let what = format!("page of {events} events, slowest filter, ms, p99");
    report.add_one("G9", &what, slowest, Goal::AtMost(100.0));
    Ok(())
}

/// Builds in bulk what else could serve, of the first million events.
fn alternatives(folder: &Path, events: &Path, report: &mut Report) -> anyhow::Result<()> {
    let path: PathBuf = folder.join("alternatives.db");
    let connection = Connection::open(&path)?;
    connection.execute_batch(&format!(
        "pragma journal_mode = wal; pragma cache_size = -65536; attach '{}' as main_db;",
        events.display()
    ))?;
    let pages = || -> anyhow::Result<i64> {
        Ok(connection.query_row("pragma page_count", [], |row| row.get(0))?)
    };
    for (name, make) in [
        (
            "FTS5 of descriptions, words",
            "create virtual table words using fts5(description, content='', detail='none'); \
             insert into words (rowid, description) select id, description from main_db.events",
        ),
        (
            "FTS5 of descriptions, beginnings of 3, 4, 6",
            "create virtual table begun using fts5(description, content='', detail='none', prefix='3 4 6'); \
             insert into begun (rowid, description) select id, description from main_db.events",
        ),
        (
            "table of every attribute, sorted",
            "create table of_value (value integer, id integer, primary key (value, id)) without rowid; \
             insert into of_value select hash, id from (select distinct \
             unicode(j.value) * 1000003 + length(j.fullkey) * 7919 + e.id % 65536 as hash, e.id as id \
             from main_db.events e, json_tree(e.attributes) j where j.atom is not null) order by 1, 2",
        ),
        (
            "table of the addresses, sorted",
            "create table of_address (value text, id integer, primary key (value, id)) without rowid; \
             insert into of_address select ip_address, id from main_db.events order by 1, 2",
        ),
    ] {
        let before = pages()?;
        let ((), cost) = measure(of_this_thread, || Ok(connection.execute_batch(make)?))?;
        let count = ALTERNATIVES as f64;
        let micros = cost.cpu.as_secs_f64() * 1e6 / count;
        let bytes = (pages()? - before) as f64 * 4_096.0 / count;
        report.add_one(
            "",
            &format!("{name}: us of CPU an event"),
            micros,
            Goal::None,
        );
        report.add_one("", &format!("{name}: bytes an event"), bytes, Goal::None);
    }
    Ok(())
}
