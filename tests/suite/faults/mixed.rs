//! `kill -9` while everything that can send sends: events of our own form, records of any make,
//! bulk clients of Elasticsearch, OpenTelemetry, Splunk, Loki, Alertmanager and syslog.
//!
//! Who has a name for what it sends repeats it under that name until it is answered: an
//! `Idempotency-Key`, an `_id`, the time and labels of a line, the fingerprint of an alert. Who has
//! none does not repeat, and neither does syslog, which is never answered: what it sent over a
//! connection that broke may be missing, and may not be there twice.

mod senders;
mod shots;

use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::StdRng;

use super::crash::age_leases;
use super::ledger;
use super::{chances, rounds, run, target};
use crate::harness::{Database, Kind, Place, Process};
use senders::{Mix, Mixed};

/// What the server is started with beside what every test has.
const UNDER: &str = "export SYSLOG_TCP=127.0.0.1:0 ALERT_BUDGET=off;";
/// Events looked for by a word at the end.
const LOOKED_FOR: usize = 40;

async fn survives(kind: Kind, rounds: u32) {
    let database = Database::create(kind).await;
    let place = database.place();
    let mut rng = chances();
    let mut process = place.start_under(UNDER).await;
    let mut mix = Mix::new(target(&process).await, process.syslog("TCP").await);
    for round in 0..rounds {
        let load = Mixed::start(&mix, rng.random());
        tokio::time::sleep(Duration::from_millis(rng.random_range(1..800))).await;
        process.kill();
        load.stop().await;
        if round % 10 == 9 {
            age_leases(&place).await;
        }
        process = place.start_under(UNDER).await;
        mix = mix.moved(process.address(), process.syslog("TCP").await);
        mix.repeat_all().await;
        mix.say_and_see(&process.admin().await).await;
        // Looking at everything takes longer with every round.
        if round < 20 || round % 10 == 9 {
            mix.target.ledger.check(&place.url).await;
        }
    }
    finish(&process, &mix, &place, &mut rng).await;
    let acknowledged = mix.target.ledger.acknowledged();
    let enough = rounds as usize * 10;
    assert!(
        acknowledged > enough,
        "too little came through: {acknowledged}"
    );
    drop(process);
    database.drop().await;
}

async fn finish(process: &Process, mix: &Mix, place: &Place, rng: &mut StdRng) {
    let ledger = &mix.target.ledger;
    let admin = process.admin().await;
    let found = ledger.check(&place.url).await;
    println!("{}\n{found:?}\n{}", ledger.summary(), mix.summary());
    ledger.check_lists(&admin, &place.url).await;
    let ended = mix.ended();
    assert!(!ended.is_empty(), "no alert was resolved by its source");
    ledger::check_ended(&place.url, &ended).await;
    let mut markers = ledger.all_acknowledged();
    for _ in 0..LOOKED_FOR.min(markers.len()) {
        let marker = markers.swap_remove(rng.random_range(0..markers.len()));
        assert_eq!(ledger::seen(&admin, marker).await, 1, "event {marker}");
    }
    mix.each_came_through();
}

#[test]
fn every_way_in_keeps_its_word_under_kill_9_on_sqlite() {
    let rounds = rounds(20);
    run(rounds, survives(Kind::Sqlite, rounds));
}

#[test]
fn every_way_in_keeps_its_word_under_kill_9_on_postgres() {
    let rounds = rounds(20);
    run(rounds, survives(Kind::Postgres, rounds));
}
