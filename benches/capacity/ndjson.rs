//! Bodies of 1,000 events over HTTP into SQLite, each answer after its synced commit; beside
//! prepared inserts of the very same rows in commits of the same size.

use std::sync::Arc;

use crate::cpu::{Cost, measure, of_this_thread};
use crate::report::{Goal, Report, Samples};
use crate::server::Server;
use crate::sqlite::{Into, Raw, Stored};
use crate::{Setup, events, load};

/// Bodies of one round, 1,000 events each.
const BODIES: usize = 150;
const EVENTS: usize = BODIES * 1_000;
const CONNECTIONS: usize = 8;

/// Sends a round of bodies; what it cost the server, and the events of an average commit.
pub(crate) fn send(
    server: &Server,
    requests: &load::Requests,
    cpu: impl Fn() -> anyhow::Result<std::time::Duration>,
) -> anyhow::Result<(Cost, f64)> {
    let commits = || server.metric("watchpost_ingest_commit_events_count");
    let before = commits()?;
    let (_, cost) = measure(cpu, || {
        load::run(server.address(), requests, CONNECTIONS, requests.len())
    })?;
    let per_commit = requests.len() as f64 * 1_000.0 / (commits()? - before).max(1.0);
    Ok((cost, per_commit))
}

/// Prepared requests with so many bodies.
pub(crate) fn requests(bodies: usize, mix: events::Mix, key: &str) -> load::Requests {
    let bodies = events::bodies(bodies as u64, mix);
    let posts = bodies.iter();
    let posts = posts.map(|body| load::post("/api/events/", "application/x-ndjson", key, body));
    Arc::new(posts.collect())
}

pub(crate) fn run(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    println!("\nndjson: {BODIES} bodies of 1,000 events, {CONNECTIONS} connections, SQLite FULL");
    let folder = setup.dir.join("ndjson");
    let path = folder.join("watchpost.db");
    let server = Server::start(setup, &format!("sqlite://{}", path.display()), &folder)?;
    let key = server.key()?;
    let usual = requests(BODIES, events::Mix::Usual, &key);
    let harmless = requests(BODIES, events::Mix::Harmless, &key);
    let size: usize = usual.iter().map(Vec::len).sum();
    println!("  {} bytes an event", size / EVENTS);
    let raw = |into| Raw::create(&folder, into);
    let (plain, bare, whole) = (
        raw(Into::Events)?,
        raw(Into::WithoutIndexes)?,
        raw(Into::Everything)?,
    );
    let mut stored = Stored::open(&path)?;
    // A first round fills caches and interns the names.
    send(&server, &usual, || server.cpu())?;
    let first = stored.next()?;
    for raw in [&plain, &bare, &whole] {
        raw.insert(&first, 4_000)?;
    }
    let mut seen = Seen::default();
    for round in 1..=setup.rounds {
        let (cost, per_commit) = send(&server, &usual, || server.cpu())?;
        let rows = stored.next()?;
        anyhow::ensure!(rows.len() == EVENTS, "{} events were stored", rows.len());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "1,000 to 8,192"
        )]
        let size = per_commit.round() as usize;
        let insert = |raw: &Raw| measure(of_this_thread, || raw.insert(&rows, size)).map(|it| it.1);
        let (plain, bare, whole) = (insert(&plain)?, insert(&bare)?, insert(&whole)?);
        let (calm, _) = send(&server, &harmless, || server.cpu())?;
        stored.next()?;
        println!(
            "  round {round}: {:.2} us/event ({:.0}/s wall, {size} a commit), raw events {:.2}, \
             without indexes {:.2}, with alerts and counts {:.2}; without severe events {:.2}",
            cost.micros_each(EVENTS),
            cost.per_second(EVENTS),
            plain.micros_each(EVENTS),
            bare.micros_each(EVENTS),
            whole.micros_each(EVENTS),
            calm.micros_each(EVENTS),
        );
        seen.note(&cost, &plain, &bare, &whole, &calm);
    }
    server.stop()?;
    seen.tell(report);
    Ok(())
}

#[derive(Default)]
struct Seen {
    rate: Samples,
    wall: Samples,
    raw_rate: Samples,
    to_events: Samples,
    to_all: Samples,
    layout: Samples,
    companions: Samples,
    alerts: Samples,
}

impl Seen {
    fn note(&mut self, cost: &Cost, plain: &Cost, bare: &Cost, whole: &Cost, calm: &Cost) {
        let [cost_us, plain_us, bare_us, whole_us, calm_us] =
            [cost, plain, bare, whole, calm].map(|cost| cost.micros_each(EVENTS));
        self.rate.push(cost.per_cpu_second(EVENTS));
        self.wall.push(cost.per_second(EVENTS));
        self.raw_rate.push(plain.per_cpu_second(EVENTS));
        self.to_events.push(plain_us / cost_us);
        self.to_all.push(whole_us / cost_us);
        self.layout.push(bare_us / plain_us);
        self.companions
            .push((whole_us - plain_us) / cost_us * 100.0);
        self.alerts.push((cost_us - calm_us) / cost_us * 100.0);
    }

    fn tell(&self, report: &mut Report) {
        report.add(
            "",
            "NDJSON: events per CPU-second of the server",
            &self.rate,
            Goal::None,
        );
        report.add(
            "",
            "NDJSON: events per second, wall",
            &self.wall,
            Goal::None,
        );
        report.add(
            "",
            "raw prepared insert: events per CPU-second",
            &self.raw_rate,
            Goal::None,
        );
        let what = "NDJSON to raw insert of events, alerts and counts";
        report.add("G1", what, &self.to_all, Goal::AtLeast(0.70));
        let what = "NDJSON to raw insert of the events alone";
        report.add("G1", what, &self.to_events, Goal::None);
        let what = "index-free insert to insert, raw";
        report.add("G2", what, &self.layout, Goal::AtLeast(0.60));
        let what = "alerts and counts, percent of the ingest (raw difference)";
        report.add("G7", what, &self.companions, Goal::AtMost(10.0));
        let what = "8 % severe events, percent of the ingest (server difference)";
        report.add("G7", what, &self.alerts, Goal::None);
    }
}
