//! PostgreSQL goes away under load, or falls silent, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::RngExt as _;
use tokio::task::JoinHandle;

use super::cluster::Cluster;
use super::ledger::Ledger;
use super::load::{Load, repeat_all};
use super::{chances, rounds, run, status, target, until};
use crate::harness::{Client, Place, Process};

/// Longest until the server is ready after its database is back.
const READY_MAX: Duration = Duration::from_secs(15);

/// Asks `/healthz` all the time: whatever the database does, the process lives.
struct Watch {
    stop: Arc<AtomicBool>,
    task: JoinHandle<usize>,
}

impl Watch {
    fn start(client: Client) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let task = tokio::spawn(async move {
            let mut asked = 0;
            while !stopped.load(Ordering::Relaxed) {
                let began = Instant::now();
                assert_eq!(status(&client, "/healthz").await, 200, "the process lives");
                let took = began.elapsed();
                assert!(took < Duration::from_secs(2), "/healthz took {took:?}");
                asked += 1;
                tokio::time::sleep(Duration::from_millis(25)).await;
            }
            asked
        });
        Self { stop, task }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        assert!(self.task.await.unwrap() > 10, "it was asked");
    }
}

struct Scene {
    cluster: Cluster,
    process: Process,
    target: super::Target,
    place: Place,
    _folder: tempfile::TempDir,
}

impl Scene {
    async fn set() -> Self {
        let cluster = Cluster::spawn().await;
        let folder = tempfile::tempdir().unwrap();
        let place = Place {
            url: cluster.url().to_owned(),
            folder: folder.path().to_owned(),
        };
        let process = place.start().await;
        let target = target(&process).await;
        Self {
            cluster,
            process,
            target,
            place,
            _folder: folder,
        }
    }

    /// Waits until senders are answered again, and the server says that it is ready.
    async fn recovers(&self) {
        let anonymous = self.process.anonymous();
        let ready = async || status(&anonymous, "/readyz").await == 200;
        let took = until("ready again", READY_MAX, ready).await;
        let before = self.target.ledger.acknowledged();
        let more = async || self.target.ledger.acknowledged() > before + 20;
        let flows = until("events are stored again", READY_MAX, more).await;
        println!("ready after {took:?}, storing after {:?}", took + flows);
    }

    async fn finish(self) {
        repeat_all(&self.target).await;
        let ledger: &Ledger = &self.target.ledger;
        println!("{}", ledger.summary());
        assert_eq!(ledger.broken(), 0, "the process answers every request");
        ledger.check(&self.place.url).await;
        ledger
            .check_lists(&self.process.admin().await, &self.place.url)
            .await;
    }
}

async fn restarted(rounds: u32) {
    let scene = Scene::set().await;
    let mut rng = chances();
    let watch = Watch::start(scene.process.anonymous());
    let load = Load::start(&scene.target, rng.random());
    let anonymous = scene.process.anonymous();
    for round in 0..rounds {
        tokio::time::sleep(Duration::from_millis(rng.random_range(100..700))).await;
        let down: &[&str] = match round % 3 {
            0 => &["stop", "immediate"],
            1 => &["kill"],
            _ => &["stop", "fast"],
        };
        scene.cluster.act(down).await;
        let before = scene.target.ledger.with_status(503);
        let away = async || status(&anonymous, "/readyz").await == 503;
        until("not ready without a database", READY_MAX, away).await;
        let refused = async || scene.target.ledger.with_status(503) > before;
        until("senders hear 503", READY_MAX, refused).await;
        scene.cluster.act(&["start"]).await;
        scene.recovers().await;
    }
    load.stop().await;
    watch.end().await;
    scene.finish().await;
}

#[test]
fn nothing_acknowledged_is_lost_when_postgres_restarts() {
    let rounds = rounds(4);
    run(rounds, restarted(rounds));
}

/// Longest a sender waits for an answer while the database is silent.
const SILENCE_MAX: Duration = Duration::from_secs(20);

async fn frozen(rounds: u32) {
    let scene = Scene::set().await;
    let mut rng = chances();
    let watch = Watch::start(scene.process.anonymous());
    let load = Load::start(&scene.target, rng.random());
    for _ in 0..rounds {
        tokio::time::sleep(Duration::from_millis(rng.random_range(100..700))).await;
        let before = scene.target.ledger.with_status(503);
        scene.cluster.freeze();
        let refused = async || scene.target.ledger.with_status(503) >= before + 6;
        let took = until("senders hear 503", SILENCE_MAX, refused).await;
        println!("503 after {took:?}");
        scene.cluster.thaw();
        scene.recovers().await;
    }
    load.stop().await;
    watch.end().await;
    let slowest = scene.target.ledger.slowest();
    assert!(slowest <= SILENCE_MAX, "a sender waited {slowest:?}");
    scene.finish().await;
}

#[test]
fn a_silent_postgres_is_a_503_and_no_false_acknowledgement() {
    // Each takes as long as twenty others.
    let rounds = rounds(20).div_ceil(20);
    run(rounds * 6, frozen(rounds));
}
