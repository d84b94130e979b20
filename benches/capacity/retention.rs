//! Removing old events beside ingest: what senders notice of it, and what an event's removal costs.

use std::time::{Duration, Instant};

use crate::cpu::{Cost, measure};
use crate::report::{Goal, Report, Samples};
use crate::server::Server;
use crate::{Setup, events, finding, load, ndjson};

/// Old events, three days of them; those with an unresolved alert (8 %) stay.
const OLD: u64 = 3_000_000;
const BODIES: usize = 100;
const REMOVED: &str = "watchpost_retention_removed_events_total";

pub(crate) fn run(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    println!("\nretention: {OLD} old events removed beside bodies of 1,000 new ones");
    let folder = setup.dir.join("retention");
    std::fs::create_dir_all(&folder)?;
    let url = match &setup.database {
        Some(url) => url.clone(),
        None => format!("sqlite://{}", folder.join("watchpost.db").display()),
    };
    finding::fill(&url.parse()?, OLD)?;
    let server = Server::start(setup, &url, &folder)?;
    let key = server.key()?;
    let (calm, calm_times) = send(setup, &server, &key)?;
    server.stop()?;
    let days = [("RETENTION_DAYS", "30".to_owned())];
    let server = Server::start_with(setup, &url, &folder, &days)?;
    let started = Instant::now();
    while server.metric(REMOVED)? < 1.0 {
        anyhow::ensure!(
            started.elapsed() < Duration::from_mins(2),
            "nothing is removed"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let before = server.metric(REMOVED)?;
    let (beside, beside_times) = send(setup, &server, &key)?;
    let gone = server.metric(REMOVED)? - before;
    let sent = BODIES * 1_000 * setup.rounds;
    println!(
        "  alone {:.0}/s, p99 {:.1} ms; beside {gone:.0} removals {:.0}/s, p99 {:.1} ms",
        calm.per_second(sent),
        calm_times.quantile(0.99),
        beside.per_second(sent),
        beside_times.quantile(0.99),
    );
    let what = "events stored per second beside removal, to alone, wall";
    report.add_one(
        "G9",
        what,
        beside.per_second(sent) / calm.per_second(sent),
        Goal::AtLeast(0.5),
    );
    let what = "p99 of a body beside removal, ms";
    report.add_one("G9", what, beside_times.quantile(0.99), Goal::None);
    alone(&server, report)?;
    server.stop()
}

/// Sends the rounds' bodies; the cost, and the time of each in milliseconds.
fn send(setup: &Setup, server: &Server, key: &str) -> anyhow::Result<(Cost, Samples)> {
    let requests = ndjson::requests(BODIES, events::Mix::Usual, key);
    let (times, cost) = measure(
        || server.cpu(),
        || load::run(server.address(), &requests, 8, BODIES * setup.rounds),
    )?;
    let mut samples = Samples::default();
    samples.extend(times);
    Ok((cost, samples))
}

/// What is removed in ten seconds with nothing else to do.
fn alone(server: &Server, report: &mut Report) -> anyhow::Result<()> {
    let before = server.metric(REMOVED)?;
    let ((), cost) = measure(
        || server.cpu(),
        || {
            std::thread::sleep(Duration::from_secs(10));
            Ok(())
        },
    )?;
    let gone = server.metric(REMOVED)? - before;
    let micros = cost.cpu.as_secs_f64() * 1e6 / gone.max(1.0);
    report.add_one("", "removing an event, us of CPU", micros, Goal::None);
    let rate = gone / cost.wall.as_secs_f64();
    report.add_one("", "events removed per second, alone", rate, Goal::None);
    Ok(())
}
