//! `kill -9` while events come in.

use std::time::Duration;

use rand::RngExt as _;

use super::ledger::{self, Ledger};
use super::load::{Load, Target, repeat_all};
use super::{chances, rounds, run, target};
use crate::harness::{Database, Kind, Place, Process};

/// Lets the leases of killed servers run out, as they do by themselves within a minute.
pub(super) async fn age_leases(place: &Place) {
    let store = ledger::open(&place.url).await;
    let aged: Result<_, store::StoreError> = store
        .write(|tx| tx.execute("update nodes set lease_until = 0", &[]))
        .await;
    aged.unwrap();
    tokio::task::spawn_blocking(move || store.close())
        .await
        .unwrap();
}

async fn survives(kind: Kind, rounds: u32) {
    let database = Database::create(kind).await;
    let place = database.place();
    let mut rng = chances();
    let mut process = place.start().await;
    let mut target = target(&process).await;
    for round in 0..rounds {
        let load = Load::start(&target, rng.random());
        tokio::time::sleep(Duration::from_millis(rng.random_range(1..800))).await;
        process.kill();
        load.stop().await;
        if round % 10 == 9 {
            age_leases(&place).await;
        }
        process = place.start().await;
        target = Target {
            address: process.address(),
            ..target
        };
        repeat_all(&target).await;
        // Looking at everything takes longer with every round.
        if round < 20 || round % 10 == 9 {
            target.ledger.check(&place.url).await;
        }
    }
    target.ledger.check(&place.url).await;
    finish(&process, &target.ledger, &place, rounds).await;
    drop(process);
    database.drop().await;
}

async fn finish(process: &Process, ledger: &Ledger, place: &Place, rounds: u32) {
    println!("{}", ledger.summary());
    ledger.check_lists(&process.admin().await, &place.url).await;
    let acknowledged = ledger.acknowledged();
    assert!(
        acknowledged > rounds as usize * 10,
        "too little came through: {acknowledged}"
    );
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9_on_sqlite() {
    let rounds = rounds(20);
    run(rounds, survives(Kind::Sqlite, rounds));
}

#[test]
fn nothing_acknowledged_is_lost_by_kill_9_on_postgres() {
    let rounds = rounds(20);
    run(rounds, survives(Kind::Postgres, rounds));
}
