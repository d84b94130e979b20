//! What the server can do, beside the best known way to do the same on the same machine.
//!
//! `cargo bench --bench capacity -- [OPTIONS] [CASE…]`; `docs/performance.md` explains the cases
//! and holds figures. The unit is the CPU time of the server's process: unlike the wall clock it
//! changes little when others use the machine. Subject and baseline take turns in one run, and
//! what counts is the median of their ratios. Nothing here fails when a goal is missed.
#![expect(
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::assigning_clones,
    clippy::print_stdout,
    reason = "a measurement computes with averages, reads the clock and prints"
)]

mod control;
mod cpu;
mod disk;
mod events;
mod finding;
mod growth;
mod list;
mod load;
mod ndjson;
mod parse_only;
mod postgres;
mod postgres_rows;
mod protobuf;
mod report;
mod retention;
mod senders;
mod server;
mod single;
mod sqlite;

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};

use report::Report;

/// The server allocates this way; so does what it is compared with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Case {
    /// Bodies of 1,000 events into SQLite, beside raw prepared inserts.
    Ndjson,
    /// One event a request into SQLite, beside a route that stores nothing.
    Single,
    /// Pages of alerts and events, beside the same statements without HTTP.
    List,
    /// Every filter of many events, and what else could serve them.
    Finding,
    /// Ten million events one after the other.
    Growth,
    /// Removing old events beside ingest.
    Retention,
    /// Both ways in with PostgreSQL, beside binary COPY and an INSERT for each event.
    Postgres,
    /// Other programs' forms, beside NDJSON of the same content.
    Senders,
}

/// Measures the server's capacity.
#[derive(Debug, Parser)]
#[command(name = "capacity")]
#[expect(clippy::struct_excessive_bools, reason = "flags of a command line")]
struct Arguments {
    /// Which cases; all when none is named.
    cases: Vec<Case>,
    /// Folder for databases, on a real disk; what is put there is removed again.
    #[arg(long, default_value = "target/capacity")]
    dir: PathBuf,
    /// Rounds of subject and baseline in turn.
    #[arg(long, default_value = "5")]
    rounds: usize,
    /// The program to measure instead of the one built for this run.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_watchpost"))]
    server: PathBuf,
    /// What the server logs; `info` writes a line for each request.
    #[arg(long, default_value = "warn")]
    log_level: String,
    /// Lists over ten million events instead of one.
    #[arg(long)]
    large: bool,
    /// An empty PostgreSQL database for the cases `finding` and `retention`, instead of an SQLite
    /// file.
    #[arg(long)]
    database: Option<String>,
    /// Prints the results as JSON too.
    #[arg(long)]
    json: bool,
    /// What `cargo bench` passes.
    #[arg(long, hide = true)]
    bench: bool,
    /// Serves the route that stores nothing; what this program starts itself as.
    #[arg(long, hide = true)]
    parse_only: bool,
}

/// What every case needs to know.
#[derive(Debug)]
struct Setup {
    dir: PathBuf,
    rounds: usize,
    server: PathBuf,
    log_level: String,
    large: bool,
    database: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if arguments.parse_only {
        return parse_only::serve(&arguments.dir);
    }
    let dir = std::path::absolute(&arguments.dir)?.join(format!("run-{}", std::process::id()));
    std::fs::create_dir_all(&dir).with_context(|| format!("cannot use {}", dir.display()))?;
    let setup = Setup {
        dir: dir.clone(),
        rounds: arguments.rounds.max(1),
        server: arguments.server,
        log_level: arguments.log_level,
        large: arguments.large,
        database: arguments.database,
    };
    let wanted = |case| arguments.cases.is_empty() || arguments.cases.contains(&case);
    let mut report = Report::default();
    let result = Case::value_variants()
        .iter()
        .filter(|case| wanted(**case))
        .try_for_each(|case| match case {
            Case::Ndjson => ndjson::run(&setup, &mut report),
            Case::Single => single::run(&setup, &mut report),
            Case::List => list::run(&setup, &mut report),
            Case::Finding => finding::run(&setup, &mut report),
            Case::Growth => growth::run(&setup, &mut report),
            Case::Retention => retention::run(&setup, &mut report),
            Case::Postgres => postgres::run(&setup, &mut report),
            Case::Senders => senders::run(&setup, &mut report),
        });
    std::fs::remove_dir_all(&dir)?;
    report.print();
    if arguments.json {
        println!("{}", report.json());
    }
    result
}
