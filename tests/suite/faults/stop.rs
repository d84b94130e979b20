//! SIGTERM while events come in.

use std::time::Duration;

use rand::RngExt as _;
use tokio::net::TcpStream;

use super::load::{Load, Target, repeat_all};
use super::{chances, rounds, run, target};
use crate::harness::{Database, Kind};

async fn orderly(kind: Kind, rounds: u32) {
    let database = Database::create(kind).await;
    let place = database.place();
    let mut rng = chances();
    let mut process = place.start().await;
    let mut target = target(&process).await;
    for _ in 0..rounds {
        let load = Load::start(&target, rng.random());
        tokio::time::sleep(Duration::from_millis(rng.random_range(100..600))).await;
        process.terminate();
        let (status, took) = process.ended(Duration::from_secs(10)).await;
        assert!(status.success(), "{status}");
        assert!(took <= Duration::from_secs(5), "the stop took {took:?}");
        assert!(
            TcpStream::connect(target.address).await.is_err(),
            "nobody listens any more"
        );
        load.stop().await;
        let found = target.ledger.check(&place.url).await;
        assert_eq!(
            found.unacknowledged, 0,
            "what was stored was answered: {found:?}"
        );
        process = place.start().await;
        target = Target {
            address: process.address(),
            ..target
        };
        repeat_all(&target).await;
    }
    println!("{}", target.ledger.summary());
    target.ledger.check(&place.url).await;
    assert!(target.ledger.acknowledged() > rounds as usize * 10);
    drop(process);
    database.drop().await;
}

#[test]
fn an_orderly_stop_answers_what_it_stored_on_sqlite() {
    let rounds = rounds(5);
    run(rounds, orderly(Kind::Sqlite, rounds));
}

#[test]
fn an_orderly_stop_answers_what_it_stored_on_postgres() {
    let rounds = rounds(5);
    run(rounds, orderly(Kind::Postgres, rounds));
}
