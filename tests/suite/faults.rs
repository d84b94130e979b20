//! What happens when things break: killed processes, full disks, databases that go away, races.
//!
//! An acknowledgement counts from its status line on; a 5xx or a broken connection leaves it
//! open; a 4xx is a refusal. After every fault each acknowledged event must be stored once, no
//! refused one may be, and each HIGH or CRITICAL one has exactly one alert.
//!
//! `WATCHPOST_FAULT_ROUNDS` sets how often each fault comes, `WATCHPOST_TEST_SEED` repeats a
//! run's choices, `WATCHPOST_TEST_BINARY` tests another build (`scripts/fault-rounds`).

#![expect(
    clippy::print_stdout,
    reason = "a failed test shows its seed and what it saw"
)]

mod clock;
mod cluster;
mod crash;
mod disk;
mod flood;
mod ledger;
mod load;
mod migration;
mod mixed;
mod outage;
mod races;
mod servers;
mod slow;
mod stop;
mod wire;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::SeedableRng as _;
use rand::rngs::StdRng;
use serde_json::json;

use crate::harness::{Client, Database, Place, Process};
use ledger::Ledger;
use load::Target;

/// How often a fault comes: as often as the test wants, or as the environment says.
fn rounds(usual: u32) -> u32 {
    let wanted = std::env::var("WATCHPOST_FAULT_ROUNDS");
    wanted.map_or(usual, |text| {
        text.parse().expect("WATCHPOST_FAULT_ROUNDS is a number")
    })
}

/// Chances that can be repeated: the seed is printed.
fn chances() -> StdRng {
    let wanted = std::env::var("WATCHPOST_TEST_SEED");
    let seed = wanted.map_or_else(|_| rand::random(), |text| text.parse().expect("a number"));
    println!("WATCHPOST_TEST_SEED={seed}");
    StdRng::seed_from_u64(seed)
}

/// Runs a test on a runtime of its own, with a deadline: 60 s, and 10 s for every round.
fn run(rounds: u32, future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let longest = Duration::from_mins(1) + Duration::from_secs(10) * rounds;
    runtime.block_on(async {
        tokio::time::timeout(longest, future)
            .await
            .expect("the test took too long");
    });
}

/// Asks again and again until the answer is yes; how long that took.
async fn until(what: &str, longest: Duration, mut yes: impl AsyncFnMut() -> bool) -> Duration {
    let began = Instant::now();
    while !yes().await {
        assert!(began.elapsed() < longest, "not within {longest:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    began.elapsed()
}

/// The status of a GET; 0 when the connection broke.
async fn status(client: &Client, path: &str) -> u16 {
    let answer = client.try_send(http::Method::GET, path, "").await;
    answer.map_or(0, |answer| answer.status.as_u16())
}

impl Database {
    /// Where a process finds it.
    fn place(&self) -> Place {
        Place {
            url: self.url(),
            folder: self.folder().to_owned(),
        }
    }
}

/// An ingest key for senders, and an empty ledger.
async fn target(process: &Process) -> Target {
    let admin = process.admin().await;
    let made = admin
        .post("/api/keys/", &json!({"name": "sensor"}))
        .await
        .expect(201);
    let key = made["key"].as_str().unwrap().to_owned();
    Target {
        address: process.address(),
        key,
        ledger: Arc::new(Ledger::default()),
    }
}
