//! Raised, moved and withdrawn, with counts that stay right.

use std::collections::{BTreeMap, BTreeSet};

use base::{EventId, Severity};
use proptest::prelude::*;
use store::{StoreError, Tx};

use super::super::change::change_in;
use super::super::stats::stats_in;
use super::super::{
    AlertChange, AlertError, AlertStatus, BySeverity, ByStatus, Withdrawn, follow_event, of_event,
    sql, withdraw,
};
use super::*;

type Counts = BTreeMap<(AlertStatus, Severity), i64>;

/// The counts as they should be, from the alerts themselves.
fn counted(tx: &mut Tx<'_>) -> Result<Counts, StoreError> {
    let rows = tx.query(
        "select status, severity, count(*) from alerts group by status, severity",
        &[],
        |row| {
            let status = AlertStatus::from_id(row.get(0)?).unwrap();
            Ok(((status, row.get(1)?), row.get(2)?))
        },
    )?;
    Ok(rows.into_iter().collect())
}

fn kept(tx: &mut Tx<'_>) -> Result<Counts, StoreError> {
    let mut kept = sql::counts(tx)?;
    kept.retain(|_, n| *n != 0);
    Ok(kept)
}

#[tokio::test]
async fn a_batch_of_alerts_is_open_due_and_counted() {
    let database = Database::new().await;
    database
        .run(|tx| {
            let mut samples: Vec<Sample> = (1..=6)
                .map(|event| Sample::new(event * 10, Severity::High))
                .collect();
            samples[2].severity = Severity::Critical;
            // Ids come back in the order asked for, whatever the order of the events.
            samples.swap(0, 4);
            let ids = store(tx, 3, at(0), &samples)?;
            assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 6);
            for (sample, id) in samples.iter().zip(&ids) {
                assert_eq!(of_event(tx, EventId::new(sample.event))?, Some(*id));
            }
            let alert = sql::get(tx, ids[2], at(0))?.unwrap();
            assert_eq!(alert.state.status, AlertStatus::Open);
            assert_eq!(alert.state.created_at, at(0));
            assert_eq!(alert.state.ack_due_at, at(15 * 60));
            assert_eq!(alert.state.resolve_due_at, at(4 * 3_600));
            assert_eq!(alert.event.alert, Some(ids[2]));
            assert_eq!(alert.event.description, "description 30");
            assert!(!alert.sla_breached);
            let json = serde_json::to_value(&alert).unwrap();
            assert_eq!(json["title"], "title 30");
            assert_eq!(json["event"]["source_name"], "fw-01");
            assert!(json["assigned_to"].is_null());
            let stats = stats_in(tx)?;
            assert_eq!(stats.unresolved, 6);
            let by_severity = BySeverity {
                critical: 1,
                high: 5,
                ..BySeverity::default()
            };
            assert_eq!(stats.open_by_severity, by_severity);
            let by_status = ByStatus {
                open: 6,
                ..ByStatus::default()
            };
            assert_eq!(stats.by_status, by_status);
            assert!(store(tx, 3, at(0), &[])?.is_empty());
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn an_event_raises_one_alert_only() {
    let database = Database::new().await;
    let again = database
        .attempt(|tx| {
            let sample = Sample::new(1, Severity::High);
            store(tx, 0, at(0), std::slice::from_ref(&sample))?;
            Ok(raise(tx, &settings(), 0, at(1), &[sample.alert()])?)
        })
        .await;
    assert!(
        matches!(again, Err(AlertError::Store(StoreError::Constraint(_)))),
        "{again:?}"
    );
}

#[tokio::test]
async fn a_deleted_event_takes_its_alert_along() {
    let database = Database::new().await;
    database
        .run(|tx| {
            let ids = store(tx, 0, at(0), &[Sample::new(1, Severity::Critical)])?;
            let note = AlertChange {
                status: Some(AlertStatus::Acknowledged),
                ..AlertChange::default()
            };
            change_in(tx, &rob(), at(1), ids[0], None, &note)?;
            let Withdrawn::Alert(gone) = withdraw(tx, at(2), EventId::new(1))? else {
                panic!("it stays");
            };
            assert_eq!((gone.id, gone.status), (ids[0], AlertStatus::Acknowledged));
            assert_eq!(gone.assigned_to.unwrap().username, "Rob");
            assert_eq!(withdraw(tx, at(2), EventId::new(1))?, Withdrawn::Nothing);
            assert_eq!(of_event(tx, EventId::new(1))?, None);
            let history = "select count(*) from alert_history";
            assert_eq!(tx.query_one(history, &[], |row| row.get::<i64>(0))?, 0);
            assert_eq!(kept(tx)?, Counts::new());
            tx.execute("delete from events where id = 1", &[])?;
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn an_alert_follows_its_event() {
    let database = Database::new().await;
    database
        .run(|tx| {
            let ids = store(tx, 0, at(0), &[Sample::new(1, Severity::High)])?;
            let changed = Sample {
                severity: Severity::Critical,
                title: "worse".to_owned(),
                source: 2,
                kind: 2,
                address: Some("198.51.100.7"),
                country: Some("DE"),
                ..Sample::new(1, Severity::High)
            };
            let alert = changed.alert();
            let was = (Severity::High, "title 1");
            let followed = follow_event(tx, &settings(), &ada(), at(9), was, &alert)?;
            assert_eq!(followed, Some(ids[0]));
            let state = sql::state(tx, ids[0])?.unwrap();
            assert_eq!(state.severity, Severity::Critical);
            assert_eq!((state.title.as_str(), state.version), ("worse", 2));
            assert_eq!(state.ack_due_at, at(15 * 60));
            assert_eq!(kept(tx)?, counted(tx)?);
            let copied = tx.query_one(
                "select source_id, event_type_id, ip_address, country from alerts",
                &[],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
            )?;
            let (address, country) = ("198.51.100.7".to_owned(), "DE".to_owned());
            assert_eq!(copied, (2_i64, 2_i64, Some(address), Some(country)));
            // The same again changes nothing more.
            let now = (Severity::Critical, "worse");
            follow_event(tx, &settings(), &ada(), at(10), now, &alert)?;
            assert_eq!(sql::state(tx, ids[0])?.unwrap().version, 2);
            // What a person gave it stays, whatever becomes of the event.
            let other = (Severity::Low, "as the event was called");
            let back = Sample::new(1, Severity::Medium);
            follow_event(tx, &settings(), &ada(), at(11), other, &back.alert())?;
            let kept = sql::state(tx, ids[0])?.unwrap();
            assert_eq!(
                (kept.severity, kept.title.as_str()),
                (Severity::Critical, "worse")
            );
            let stranger = Sample::new(7, Severity::High);
            let none = follow_event(tx, &settings(), &ada(), at(10), was, &stranger.alert())?;
            assert_eq!(none, None);
            Ok(())
        })
        .await;
}

/// Something that happens to alerts.
#[derive(Clone, Debug)]
enum Step {
    Raise(Vec<Severity>, i64),
    Change(usize, AlertStatus),
    Follow(usize, Severity),
    Withdraw(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let severity = || prop::sample::select(Severity::ALL.to_vec());
    let status = prop::sample::select(AlertStatus::ALL.to_vec());
    prop_oneof![
        (prop::collection::vec(severity(), 1..8), 0_i64..3)
            .prop_map(|(all, s)| Step::Raise(all, s)),
        (0_usize..50, status).prop_map(|(which, status)| Step::Change(which, status)),
        (0_usize..50, severity()).prop_map(|(which, severity)| Step::Follow(which, severity)),
        (0_usize..50).prop_map(Step::Withdraw),
    ]
}

/// Events with alerts, and the next event's id.
struct Model {
    events: Vec<i64>,
    next: i64,
}

fn take(tx: &mut Tx<'_>, model: &mut Model, step: Step, now: Timestamp) -> Result<(), AlertError> {
    let pick = |which: usize| model.events.get(which % model.events.len().max(1)).copied();
    match step {
        Step::Raise(severities, shard) => {
            let samples: Vec<Sample> = severities
                .into_iter()
                .zip(model.next..)
                .map(|(severity, event)| Sample::new(event, severity))
                .collect();
            store(tx, shard, now, &samples)?;
            model.events.extend(samples.iter().map(|it| it.event));
            model.next += i64::try_from(samples.len()).unwrap();
        }
        Step::Change(which, status) => {
            let Some(event) = pick(which) else {
                return Ok(());
            };
            let alert = of_event(tx, EventId::new(event))?.unwrap();
            let change = AlertChange {
                status: Some(status),
                ..AlertChange::default()
            };
            match change_in(tx, &ada(), now, alert, None, &change) {
                Ok(_) | Err(AlertError::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Step::Follow(which, severity) => {
            let Some(event) = pick(which) else {
                return Ok(());
            };
            let sample = Sample::new(event, severity);
            let alert = of_event(tx, EventId::new(event))?.unwrap();
            let state = sql::state(tx, alert)?.unwrap();
            let was = (state.severity, state.title.as_str());
            follow_event(tx, &settings(), &ada(), now, was, &sample.alert())?;
        }
        Step::Withdraw(which) => {
            let Some(event) = pick(which) else {
                return Ok(());
            };
            let gone = withdraw(tx, at(2), EventId::new(event))?;
            assert!(matches!(gone, Withdrawn::Alert(_)));
            model.events.retain(|it| *it != event);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn counts_stay_right_whatever_happens(steps in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (kept, counted) = runtime.block_on(async {
            let database = Database::new().await;
            database
                .run(move |tx| {
                    let mut model = Model { events: Vec::new(), next: 1 };
                    for (step, second) in steps.into_iter().zip(0..) {
                        take(tx, &mut model, step, at(second))?;
                    }
                    Ok((kept(tx)?, counted(tx)?))
                })
                .await
        });
        prop_assert_eq!(kept, counted);
    }
}
