//! What an event costs when many are there already: bodies of 1,000 events until eleven million are
//! stored, the filters of blocks made beside it.

use crate::cpu::{Cost, measure};
use crate::report::{Goal, Report};
use crate::server::Server;
use crate::{Setup, events, load, ndjson};

const MILLION: usize = 1_000_000;
const MILLIONS: usize = 11;
/// Bodies prepared; they are sent again and again.
const BODIES: usize = 250;

pub(crate) fn run(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    println!(
        "\ngrowth: {MILLIONS} million events, in bodies of 1,000 over 8 connections, SQLite FULL"
    );
    let folder = setup.dir.join("growth");
    let path = folder.join("watchpost.db");
    let server = Server::start(setup, &format!("sqlite://{}", path.display()), &folder)?;
    let requests = ndjson::requests(BODIES, events::Mix::Usual, &server.key()?);
    let mut costs: Vec<Cost> = Vec::with_capacity(MILLIONS);
    for million in 1..=MILLIONS {
        let (_, cost) = measure(
            || server.cpu(),
            || load::run(server.address(), &requests, 8, MILLION / 1_000),
        )?;
        println!(
            "  million {million}: {:.2} us/event, {:.0}/s wall",
            cost.micros_each(MILLION),
            cost.per_second(MILLION),
        );
        costs.push(cost);
    }
    server.stop()?;
    // The first has next to nothing sealed beside it, and indexes of one page.
    if let [empty, at_one, .., at_ten] = costs.as_slice() {
        let per_cpu = |cost: &Cost| cost.per_cpu_second(MILLION);
        let per_second = |cost: &Cost| cost.per_second(MILLION);
        let what = "events per CPU-second, at 10 million to at 1 million";
        let cpu = per_cpu(at_ten) / per_cpu(at_one);
        report.add_one("", what, cpu, Goal::AtLeast(0.9));
        let what = "events per second, wall, the same";
        let wall = per_second(at_ten) / per_second(at_one);
        report.add_one("", what, wall, Goal::None);
        let what = "events per CPU-second, at 10 million to an empty database";
        report.add_one("", what, per_cpu(at_ten) / per_cpu(empty), Goal::None);
    }
    Ok(())
}
