//! The ways in with PostgreSQL. CPU time is that of the client and of the whole PostgreSQL
//! server together: moving work from one to the other is no gain.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use tokio::runtime::Runtime;
use tokio_postgres::{Client, NoTls};

use crate::cpu::{measure, of_family, of_this_thread};
use crate::events::Mix;
use crate::postgres_rows::{Rows, copy, insert_each, read};
use crate::report::{Goal, Report, Samples};
use crate::server::Server;
use crate::{Setup, load, ndjson, senders, single, sqlite};

/// Bodies of one round, 1,000 events each.
const BODIES: usize = 60;
/// Single events of one round, and the connections that carry them.
const SINGLES: usize = 12_000;
const CONNECTIONS: usize = 128;

/// A PostgreSQL server of our own.
struct Cluster {
    dir: PathBuf,
    url: String,
    pid: u32,
}

impl Cluster {
    fn create(dir: PathBuf) -> anyhow::Result<Self> {
        let url = script(&dir, "create")?;
        let pid = std::fs::read_to_string(dir.join("data/postmaster.pid"))?;
        let pid = pid.lines().next().context("no process id")?.parse()?;
        Ok(Self {
            dir,
            url: url.trim().to_owned(),
            pid,
        })
    }

    fn database(&self, name: &str) -> String {
        let (before, _) = self.url.rsplit_once('/').unwrap_or((&self.url, ""));
        format!("{before}/{name}")
    }

    fn cpu(&self) -> anyhow::Result<Duration> {
        of_family(self.pid)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Err(error) = script(&self.dir, "destroy") {
            println!(
                "  the PostgreSQL server in {} is left: {error}",
                self.dir.display()
            );
        }
    }
}

fn script(dir: &Path, command: &str) -> anyhow::Result<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/postgres-for-tests");
    // It owns its standard output for as long as the server lives, unless that is a file.
    let told = std::env::temp_dir().join(format!("capacity-{}.url", std::process::id()));
    let status = Command::new(script)
        .arg(dir)
        .arg(command)
        .stdout(std::fs::File::create(&told)?)
        .status()?;
    let text = std::fs::read_to_string(&told)?;
    std::fs::remove_file(&told)?;
    ensure!(status.success(), "{script} {command} failed");
    Ok(text)
}

pub(crate) async fn connect(url: &str) -> anyhow::Result<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    // It ends when the client does.
    drop(tokio::task::spawn_local(
        async move { drop(connection.await) },
    ));
    Ok(client)
}

pub(crate) fn run(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    println!("\npostgres: CPU of client and PostgreSQL together");
    let folder = setup.dir.join("postgres");
    std::fs::create_dir_all(&folder)?;
    let cluster = Cluster::create(setup.dir.join("pg"))?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let admin = connect(&cluster.url).await?;
        admin.batch_execute("create database subject").await?;
        admin.batch_execute("create database baseline").await?;
        anyhow::Ok(())
    })?;
    sqlite::migrate(&cluster.database("baseline").parse()?)?;
    let (server, syslog) = senders::start(setup, &cluster.database("subject"), &folder)?;
    let both = Both {
        setup,
        server: &server,
        cluster: &cluster,
        runtime: &runtime,
        local: &local,
    };
    let rows = both.batches(report)?;
    both.singles(report, &rows)?;
    let forms = senders::Subject {
        server: &server,
        syslog,
        cpu: &|| both.server_cpu(),
        engine: "PostgreSQL",
    };
    forms.compare(setup.rounds, report)?;
    server.stop()
}

/// The server and what it is compared with.
struct Both<'a> {
    setup: &'a Setup,
    server: &'a Server,
    cluster: &'a Cluster,
    runtime: &'a Runtime,
    local: &'a tokio::task::LocalSet,
}

impl Both<'_> {
    fn wait<T>(&self, future: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
        self.local.block_on(self.runtime, future)
    }

    fn server_cpu(&self) -> anyhow::Result<Duration> {
        Ok(self.server.cpu()? + self.cluster.cpu()?)
    }

    fn own_cpu(&self) -> anyhow::Result<Duration> {
        Ok(of_this_thread()? + self.cluster.cpu()?)
    }

    /// NDJSON beside binary COPY of the same rows; returns the rows of the last round.
    fn batches(&self, report: &mut Report) -> anyhow::Result<Rows> {
        let n = BODIES * 1_000;
        let requests = ndjson::requests(BODIES, Mix::Usual, &self.server.key()?);
        let mut rows = Rows::default();
        let (mut ratio, mut whole, mut rate) =
            (Samples::default(), Samples::default(), Samples::default());
        let subject = self.cluster.database("subject");
        let client = self.wait(connect(&self.cluster.database("baseline")))?;
        for round in 0..=self.setup.rounds {
            let (cost, per_commit) = ndjson::send(self.server, &requests, || self.server_cpu())?;
            rows = self.wait(read(&subject, &rows))?;
            ensure!(rows.len() == n, "{} events were stored", rows.len());
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "1,000 to 8,192"
            )]
            let size = per_commit.round() as usize;
            let copy = |alerts| {
                measure(
                    || self.own_cpu(),
                    || self.wait(copy(&client, &rows, size, alerts)),
                )
            };
            let ((), plain) = copy(false)?;
            self.wait(async { Ok(client.batch_execute("truncate events cascade").await?) })?;
            let ((), all) = copy(true)?;
            println!(
                "  round {round}: NDJSON {:.2} us/event ({:.0}/s wall, {size} a commit), \
                 COPY {:.2}, COPY with alerts {:.2}",
                cost.micros_each(n),
                cost.per_second(n),
                plain.micros_each(n),
                all.micros_each(n),
            );
            // The first round fills caches and interns the names.
            if round > 0 {
                ratio.push(plain.micros_each(n) / cost.micros_each(n));
                whole.push(all.micros_each(n) / cost.micros_each(n));
                rate.push(cost.per_cpu_second(n));
            }
        }
        report.add(
            "",
            "PostgreSQL NDJSON: events per CPU-second",
            &rate,
            Goal::None,
        );
        let what = "PostgreSQL NDJSON to binary COPY of the events alone";
        report.add("G12", what, &ratio, Goal::AtLeast(0.70));
        let what = "PostgreSQL NDJSON to binary COPY of events and alerts";
        report.add("G12", what, &whole, Goal::None);
        Ok(rows)
    }

    /// Single events beside an INSERT each, committed by itself.
    fn singles(&self, report: &mut Report, rows: &Rows) -> anyhow::Result<()> {
        let requests = single::requests("/api/events/", &self.server.key()?);
        let baseline = self.cluster.database("baseline");
        let (mut cpu, mut wall, mut database) =
            (Samples::default(), Samples::default(), Samples::default());
        load::run(self.server.address(), &requests, CONNECTIONS, 2_000)?;
        for round in 1..=self.setup.rounds {
            let before = self.cluster.cpu()?;
            let (_, cost) = measure(
                || self.server_cpu(),
                || load::run(self.server.address(), &requests, CONNECTIONS, SINGLES),
            )?;
            let of_database = self.cluster.cpu()?.saturating_sub(before);
            let client = self.wait(connect(&baseline))?;
            self.wait(async { Ok(client.batch_execute("truncate events cascade").await?) })?;
            let both = || anyhow::Ok((self.own_cpu()?, self.cluster.cpu()?));
            let inserts = insert_each(&baseline, rows, CONNECTIONS, SINGLES, both);
            let (base, of_inserts) = self.wait(inserts)?;
            println!(
                "  round {round}: single {:.1} us/event ({:.0}/s wall, database {:.1}), \
                 an INSERT each {:.1} ({:.0}/s, database {:.1})",
                cost.micros_each(SINGLES),
                cost.per_second(SINGLES),
                of_database.as_secs_f64() * 1e6 / SINGLES as f64,
                base.micros_each(SINGLES),
                base.per_second(SINGLES),
                of_inserts.as_secs_f64() * 1e6 / SINGLES as f64,
            );
            database.push(of_inserts.as_secs_f64() / of_database.as_secs_f64().max(0.001));
            cpu.push(base.micros_each(SINGLES) / cost.micros_each(SINGLES));
            wall.push(cost.per_second(SINGLES) / base.per_second(SINGLES));
        }
        let what = "single to an INSERT each, 128 connections, wall";
        report.add("G13", what, &wall, Goal::AtLeast(8.0));
        let what = "single to an INSERT each, 128 connections, CPU";
        report.add("G13", what, &cpu, Goal::None);
        let what = "single to an INSERT each, 128 connections, CPU of PostgreSQL alone";
        report.add("G13", what, &database, Goal::None);
        Ok(())
    }
}
