//! One event a request into SQLite, answered after its synced commit; beside the same route that
//! stores nothing, and beside a bare sync.

use std::sync::Arc;

use crate::cpu::{Cost, measure};
use crate::parse_only::{GUARDED, OPEN, ParseOnly};
use crate::report::{Goal, Report, Samples};
use crate::server::Server;
use crate::{Setup, disk, events, load};

/// Connections, and requests of one round.
const LEVELS: [(usize, usize); 3] = [(1, 2_000), (32, 20_000), (128, 40_000)];
/// Syncs timed in a round.
const SYNCS: usize = 300;

/// Prepared requests with one event each.
pub(crate) fn requests(path: &str, key: &str) -> load::Requests {
    let event = |n| events::json(n, events::Mix::Usual);
    let posts = (0..1_000).map(|n| load::post(path, "application/json", key, &event(n)));
    Arc::new(posts.collect())
}

#[derive(Debug, Default)]
struct Level {
    ratio: Samples,
    rate: Samples,
    wall: Samples,
    commits: Samples,
    times: Samples,
}

pub(crate) fn run(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    println!("\nsingle: one event a request, SQLite FULL");
    let folder = setup.dir.join("single");
    let url = format!("sqlite://{}", folder.join("watchpost.db").display());
    let server = Server::start(setup, &url, &folder)?;
    let parser = ParseOnly::start(setup)?;
    let storing = requests("/api/events/", &server.key()?);
    let (open, guarded) = (requests(OPEN, ""), requests(GUARDED, &parser.key));
    load::run(server.address(), &storing, 32, 5_000)?;
    load::run(parser.address, &open, 32, 5_000)?;
    let mut levels: [Level; 3] = Default::default();
    let (mut syncs, mut guard) = (Samples::default(), Samples::default());
    for round in 1..=setup.rounds {
        syncs.extend(disk::append_and_sync(&setup.dir, SYNCS)?);
        for ((connections, total), level) in LEVELS.into_iter().zip(&mut levels) {
            let commits = || server.metric("watchpost_ingest_commit_events_count");
            let before = commits()?;
            let (times, cost) = measure(
                || server.cpu(),
                || load::run(server.address(), &storing, connections, total),
            )?;
            let per_commit = total as f64 / (commits()? - before).max(1.0);
            let (_, base) = parse(&parser, &open, connections, total)?;
            println!(
                "  round {round}: {connections} connections {:.1} us/event ({:.0}/s wall, \
                 {per_commit:.1} a commit), without storing {:.1} ({:.0}/s)",
                cost.micros_each(total),
                cost.per_second(total),
                base.micros_each(total),
                base.per_second(total),
            );
            level
                .ratio
                .push(base.micros_each(total) / cost.micros_each(total));
            level.rate.push(cost.per_cpu_second(total));
            level.wall.push(cost.per_second(total));
            level.commits.push(per_commit / connections as f64);
            level.times.extend(times);
            if connections == 128 {
                let (_, checked) = parse(&parser, &guarded, connections, total)?;
                guard.push(base.micros_each(total) / checked.micros_each(total));
            }
        }
    }
    server.stop()?;
    tell(report, &levels, &syncs, &guard);
    Ok(())
}

fn parse(
    parser: &ParseOnly,
    requests: &load::Requests,
    connections: usize,
    total: usize,
) -> anyhow::Result<(Vec<f64>, Cost)> {
    measure(
        || parser.cpu(),
        || load::run(parser.address, requests, connections, total),
    )
}

fn tell(report: &mut Report, levels: &[Level; 3], syncs: &Samples, guard: &Samples) {
    let [one, some, many] = levels;
    for (level, connections) in [(one, 1), (some, 32), (many, 128)] {
        let what = format!("single, {connections} connections: events per CPU-second");
        report.add("", &what, &level.rate, Goal::None);
        let what = format!("single, {connections} connections: events per second, wall");
        report.add("", &what, &level.wall, Goal::None);
    }
    let what = "single, 32 connections, to the route that stores nothing";
    report.add("G3", what, &some.ratio, Goal::None);
    let what = "single, 128 connections, to the route that stores nothing";
    report.add("G3", what, &many.ratio, Goal::AtLeast(0.45));
    report.add(
        "",
        "append of 4 KiB and sync, ms, p50",
        &Samples::one(syncs),
        Goal::None,
    );
    report.add(
        "",
        "single, 1 connection, ms, p50",
        &Samples::one(&one.times),
        Goal::None,
    );
    let most = 2.0 + 0.2 / syncs.median().max(0.001);
    let times = one.times.median() / syncs.median();
    report.add_one(
        "G4",
        "the same p50 in syncs (at most 2, plus 0.2 ms)",
        times,
        Goal::AtMost(most),
    );
    let what = "events per commit at 128 connections, per connection";
    report.add("G5", what, &many.commits, Goal::AtLeast(0.4));
    let what = "parsing without an ingest key, to parsing with one";
    report.add("G18", what, guard, Goal::AtLeast(0.85));
}
