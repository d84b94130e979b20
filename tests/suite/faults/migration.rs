//! Schemas on their way up: from every earlier one, cut off in the middle, and tampered with.

use std::time::{Duration, Instant};

use base::Clock;
use rand::RngExt as _;
use watchpost::migrations::MIGRATIONS;

use super::{chances, ledger, rounds, run};
use crate::harness::{Database, Kind, Place, event};

/// Applies the first steps of the schema, as an earlier program did.
async fn migrate(place: &Place, steps: usize) {
    let store = ledger::open(&place.url).await;
    let state = store
        .migrate(&MIGRATIONS[..steps], Clock::system().now())
        .await
        .unwrap();
    assert_eq!((state.before, state.now), (0, steps));
    tokio::task::spawn_blocking(move || store.close())
        .await
        .unwrap();
}

/// Starts the server and sees it work: the schema is whole.
async fn works(place: &Place) {
    let process = place.start().await;
    let admin = process.admin().await;
    let stored = admin
        .post("/api/events/", &event("HIGH", "fw"))
        .await
        .expect(201);
    admin
        .get(&format!("/api/alerts/{}/", stored["alert"]))
        .await
        .expect(200);
    assert_eq!(
        admin.get("/api/audit/verify/").await.expect(200)["intact"],
        true
    );
    drop(process);
    let store = ledger::open(&place.url).await;
    let applied = store
        .read(|tx| {
            let sql = "select number from schema_migrations order by number";
            tx.query(sql, &[], |row| row.get::<u32>(0))
        })
        .await;
    let applied: Vec<u32> = Result::<_, store::StoreError>::unwrap(applied);
    let known: Vec<u32> = MIGRATIONS.iter().map(|step| step.number).collect();
    assert_eq!(applied, known);
    tokio::task::spawn_blocking(move || store.close())
        .await
        .unwrap();
}

async fn from_every_earlier_schema(kind: Kind) {
    for steps in 0..=MIGRATIONS.len() {
        let database = Database::create(kind).await;
        migrate(&database.place(), steps).await;
        works(&database.place()).await;
        database.drop().await;
    }
}

#[test]
fn every_earlier_schema_is_brought_up_to_date_on_sqlite() {
    run(0, from_every_earlier_schema(Kind::Sqlite));
}

#[test]
fn every_earlier_schema_is_brought_up_to_date_on_postgres() {
    run(0, from_every_earlier_schema(Kind::Postgres));
}

async fn killed_while_starting(kind: Kind, rounds: u32) {
    let mut rng = chances();
    let mut usual = Duration::ZERO;
    for round in 0..=rounds {
        let database = Database::create(kind).await;
        let place = database.place();
        let began = Instant::now();
        let starting = place.spawn("");
        if round == 0 {
            drop(starting.listening().await.unwrap());
            usual = began.elapsed();
        } else {
            // At any moment of a start, and of the next one.
            tokio::time::sleep(usual.mul_f64(rng.random_range(0.0..1.0))).await;
            starting.kill();
            let second = place.spawn("");
            tokio::time::sleep(usual.mul_f64(rng.random_range(0.0..1.0))).await;
            second.kill();
        }
        works(&place).await;
        database.drop().await;
    }
}

#[test]
fn a_start_killed_in_the_middle_is_made_again_on_sqlite() {
    let rounds = rounds(5);
    run(rounds, killed_while_starting(Kind::Sqlite, rounds));
}

#[test]
fn a_start_killed_in_the_middle_is_made_again_on_postgres() {
    let rounds = rounds(5);
    run(rounds, killed_while_starting(Kind::Postgres, rounds));
}

async fn tampered(kind: Kind) {
    let database = Database::create(kind).await;
    let place = database.place();
    migrate(&place, MIGRATIONS.len()).await;
    for (sql, said) in [
        (
            "update schema_migrations set checksum = 'x' where number = 2",
            "0002_events was changed",
        ),
        (
            "update schema_migrations set number = 999 where number = 2",
            "was changed",
        ),
    ] {
        let store = ledger::open(&place.url).await;
        let done: Result<u64, store::StoreError> =
            store.write(move |tx| tx.execute(sql, &[])).await;
        assert_eq!(done.unwrap(), 1);
        tokio::task::spawn_blocking(move || store.close())
            .await
            .unwrap();
        let Err(refused) = place.spawn("").listening().await else {
            panic!("it started: {sql}")
        };
        assert_eq!(refused.status.code(), Some(1), "{}", refused.log);
        assert!(refused.log.contains(said), "{}", refused.log);
    }
    database.drop().await;
}

#[test]
fn a_changed_step_refuses_to_start_on_sqlite() {
    run(0, tampered(Kind::Sqlite));
}

#[test]
fn a_changed_step_refuses_to_start_on_postgres() {
    run(0, tampered(Kind::Postgres));
}
