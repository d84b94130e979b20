//! What an event costs when many are there already: bodies of 1,000 events until eleven million are
//! stored. Once without a pause, so that from the third million on filters of blocks are made
//! beside it; once waiting after each million until its filters are made, so that each bears all
//! that is ever done for it.

use crate::cpu::{Cost, measure};
use crate::finding::wait_sealed;
use crate::report::{Goal, Report};
use crate::server::Server;
use crate::{Setup, events, load, ndjson};

const MILLION: usize = 1_000_000;
const MILLIONS: usize = 11;
/// Bodies prepared; they are sent again and again.
const BODIES: usize = 250;

/// What a million events cost.
struct Step {
    /// Until they were stored.
    stored: Cost,
    /// Until their filters were made too, if that was waited for.
    whole: Cost,
}

pub(crate) fn run(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    println!(
        "\ngrowth: {MILLIONS} million events, in bodies of 1,000 over 8 connections, SQLite FULL"
    );
    let without_pause = grow(setup, false)?;
    tell(report, "without a pause", &without_pause);
    tell(report, "each million with its filters", &grow(setup, true)?);
    Ok(())
}

fn grow(setup: &Setup, waits: bool) -> anyhow::Result<Vec<Step>> {
    let folder = setup
        .dir
        .join(if waits { "growth-waiting" } else { "growth" });
    let url = format!("sqlite://{}", folder.join("watchpost.db").display());
    let server = Server::start(setup, &url, &folder)?;
    let requests = ndjson::requests(BODIES, events::Mix::Usual, &server.key()?);
    let mut steps = Vec::with_capacity(MILLIONS);
    for million in 1..=MILLIONS {
        let (stored, whole) = measure(
            || server.cpu(),
            || {
                let send = || load::run(server.address(), &requests, 8, MILLION / 1_000);
                let (_, stored) = measure(|| server.cpu(), send)?;
                if waits {
                    wait_sealed(&url, (million * MILLION) as u64)?;
                }
                Ok(stored)
            },
        )?;
        println!(
            "  million {million}: {:.2} us/event stored, {:.0}/s wall, {:.2} us/event at the end",
            stored.micros_each(MILLION),
            stored.per_second(MILLION),
            whole.micros_each(MILLION),
        );
        steps.push(Step { stored, whole });
    }
    server.stop()?;
    std::fs::remove_dir_all(&folder)?;
    Ok(steps)
}

fn tell(report: &mut Report, how: &str, steps: &[Step]) {
    // The first finds indexes of one page.
    if let [empty, at_one, .., at_ten] = steps {
        let per_cpu = |step: &Step| step.whole.per_cpu_second(MILLION);
        let per_second = |step: &Step| step.stored.per_second(MILLION);
        let what = format!("{how}: events per CPU-second, at 10 million to at 1 million");
        let cpu = per_cpu(at_ten) / per_cpu(at_one);
        report.add_one("G6", &what, cpu, Goal::AtLeast(0.9));
        let what = format!("{how}: events per second, wall, the same");
        let wall = per_second(at_ten) / per_second(at_one);
        report.add_one("G6", &what, wall, Goal::AtLeast(0.9));
        let what = format!("{how}: events per CPU-second, at 10 million to an empty database");
        report.add_one("", &what, per_cpu(at_ten) / per_cpu(empty), Goal::None);
    }
}
