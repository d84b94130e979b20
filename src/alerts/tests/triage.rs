//! What people do, and the traces it leaves.

use base::{Cursor, Direction, Severity};

use super::super::change::{Effect, change_in};
use super::super::list::timeline_in;
use super::super::{AlertChange, AlertStatus, Refusal, Resolution, TimelineKind, sql};
use super::*;
use crate::http::Problem;

fn change(json: serde_json::Value) -> AlertChange {
    serde_json::from_value(json).unwrap()
}

fn number(tx: &mut Tx<'_>, sql: &str) -> Result<i64, StoreError> {
    tx.query_one(sql, &[], |row| row.get(0))
}

/// How many history rows and audit entries there are.
fn traces(tx: &mut Tx<'_>) -> Result<(i64, i64), StoreError> {
    Ok((
        number(tx, "select count(*) from alert_history")?,
        number(tx, "select count(*) from audit")?,
    ))
}

#[tokio::test]
async fn an_alert_goes_through_its_life_and_leaves_traces() {
    let database = Database::new().await;
    database
        .run(|tx| {
            let id = store(tx, 0, at(0), &[Sample::new(1, Severity::High)])?[0];
            let acknowledge = change(serde_json::json!({"status": "ack"}));
            let (alert, changed) = change_in(tx, &rob(), at(60), id, Some(1), &acknowledge)?;
            assert!(matches!(changed, Some(Effect::Changed(Some(_)))));
            assert_eq!(alert.state.status, AlertStatus::Acknowledged);
            assert_eq!(alert.state.acknowledged_at, Some(at(60)));
            assert_eq!(alert.state.assigned_to.unwrap().username, "Rob");
            assert_eq!((alert.state.version, alert.state.updated_at), (2, at(60)));

            let resolve = change(serde_json::json!(
                {"status": "Resolved", "resolution": "false_positive", "note": "a drill"}
            ));
            let (alert, _) = change_in(tx, &ada(), at(90), id, Some(2), &resolve)?;
            assert_eq!(alert.state.resolution, Some(Resolution::FalsePositive));
            assert_eq!(alert.state.resolution_note.as_deref(), Some("a drill"));

            let back = change_in(tx, &ada(), at(91), id, None, &acknowledge);
            assert!(matches!(
                back,
                Err(AlertError::Refused(Refusal::AcknowledgeResolved))
            ));
            let reopen = change(serde_json::json!({"status": "OPEN"}));
            let (alert, _) = change_in(tx, &ada(), at(99), id, None, &reopen)?;
            assert_eq!(alert.state.reopen_count, 1);
            assert_eq!(
                (alert.state.resolved_at, alert.state.resolution),
                (None, None)
            );

            assert_eq!(traces(tx)?, (3, 3));
            let timeline = timeline_in(tx, id, page(50, None))?;
            assert_eq!(timeline.count.n, 4);
            assert_eq!(timeline.rows[0].kind, TimelineKind::Raised);
            let last = serde_json::to_value(&timeline.rows[3]).unwrap();
            assert_eq!(
                last["changes"]["resolution"],
                serde_json::json!({"from": "FALSE_POSITIVE", "to": null})
            );
            assert_eq!(
                last["actor"],
                serde_json::json!({"id": 1, "username": "ada"})
            );
            assert_eq!(last["address"], "192.0.2.7");
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn the_log_tells_of_an_alert_before_and_after() {
    let database = Database::new().await;
    database
        .run(|tx| {
            let id = store(tx, 0, at(0), &[Sample::new(1, Severity::High)])?[0];
            for wanted in [
                serde_json::json!({"status": "ACK"}),
                serde_json::json!({"status": "RESOLVED", "note": "a drill"}),
            ] {
                change_in(tx, &rob(), at(60), id, None, &change(wanted))?;
            }
            let audited = tx.query_one(
                "select action, object_id, before, after from audit where seq = 2",
                &[],
                |row| {
                    let json = |index| -> Result<serde_json::Value, StoreError> {
                        Ok(serde_json::from_str(&row.get::<String>(index)?).unwrap())
                    };
                    Ok((
                        (row.get::<String>(0)?, row.get::<String>(1)?),
                        json(2)?["status"].clone(),
                        json(3)?["resolution_note"].clone(),
                    ))
                },
            )?;
            assert_eq!(audited.0, ("alert.changed".to_owned(), id.to_string()));
            assert_eq!(
                (audited.1, audited.2),
                ("ACKNOWLEDGED".into(), "a drill".into())
            );
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn the_same_again_leaves_no_trace() {
    let database = Database::new().await;
    database
        .run(|tx| {
            let id = store(tx, 0, at(0), &[Sample::new(1, Severity::High)])?[0];
            for status in ["ACKNOWLEDGED", "RESOLVED"] {
                let wanted = change(serde_json::json!({"status": status, "note": "once"}));
                let (first, _) = change_in(tx, &rob(), at(60), id, None, &wanted)?;
                let before = traces(tx)?;
                let (second, changed) = change_in(tx, &rob(), at(70), id, None, &wanted)?;
                assert_eq!(changed, None);
                assert_eq!(second.state, first.state);
                assert_eq!(traces(tx)?, before);
            }
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn a_note_alone_is_kept_as_a_comment() {
    let database = Database::new().await;
    database
        .run(|tx| {
            let id = store(tx, 0, at(0), &[Sample::new(1, Severity::High)])?[0];
            let note = change(serde_json::json!({"note": "looking at it"}));
            for said in [true, false] {
                let (alert, changed) = change_in(tx, &rob(), at(60), id, None, &note)?;
                assert_eq!(
                    (alert.state.version, changed),
                    (1, said.then_some(Effect::Said))
                );
            }
            let (_, changed) = change_in(tx, &ada(), at(61), id, None, &note)?;
            assert_eq!(
                changed,
                Some(Effect::Said),
                "somebody else may say the same"
            );
            let timeline = timeline_in(tx, id, page(50, None))?;
            let kinds: Vec<_> = timeline.rows.iter().map(|it| it.kind).collect();
            let commented = TimelineKind::Commented;
            assert_eq!(kinds, [TimelineKind::Raised, commented, commented]);
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn only_people_who_triage_are_assigned() {
    let database = Database::new().await;
    let id = database
        .run(|tx| Ok(store(tx, 0, at(0), &[Sample::new(1, Severity::High)])?[0]))
        .await;
    for (wanted, expected) in [
        (serde_json::json!("rob"), Some(2)),
        (serde_json::json!("ME"), Some(1)),
        (serde_json::json!(2), Some(2)),
        (serde_json::json!(null), None),
    ] {
        let change = change(serde_json::json!({"assigned_to": wanted}));
        let assigned = database
            .run(move |tx| Ok(change_in(tx, &ada(), at(1), id, None, &change)?.0))
            .await;
        assert_eq!(assigned.state.assigned_to.map(|it| it.id), expected);
    }
    for wanted in [
        serde_json::json!("ann"),
        serde_json::json!("don"),
        serde_json::json!(4),
        serde_json::json!(99),
        serde_json::json!("who"),
        serde_json::json!("a\u{0}b"),
    ] {
        let change = change(serde_json::json!({"assigned_to": wanted}));
        let refused = database
            .attempt(move |tx| change_in(tx, &ada(), at(1), id, None, &change))
            .await
            .unwrap_err();
        let problem = Problem::from(refused);
        assert_eq!(problem.status(), 400, "{wanted}");
        assert!(problem.errors().contains_key("assigned_to"), "{wanted}");
    }
}

#[tokio::test]
async fn refusals_have_their_status_and_change_nothing() {
    let database = Database::new().await;
    let id = database
        .run(|tx| Ok(store(tx, 0, at(0), &[Sample::new(1, Severity::High)])?[0]))
        .await;
    for (id, version, json, status) in [
        (id + 1, None, serde_json::json!({"status": "OPEN"}), 404),
        (id, Some(2), serde_json::json!({"status": "ACK"}), 412),
        (
            id,
            None,
            serde_json::json!({"resolution": "DUPLICATE"}),
            409,
        ),
        (
            id,
            None,
            serde_json::json!({"status": "ACK", "resolution": "DUPLICATE"}),
            400,
        ),
        (
            id,
            None,
            serde_json::json!({"status": "RESOLVED", "resolution": "OTHER"}),
            400,
        ),
    ] {
        let wanted = change(json.clone());
        let refused = database
            .attempt(move |tx| change_in(tx, &rob(), at(1), id, version, &wanted))
            .await
            .unwrap_err();
        assert_eq!(Problem::from(refused).status(), status, "{json}");
    }
    let left = database
        .run(move |tx| Ok((sql::state(tx, id)?.unwrap(), traces(tx)?)))
        .await;
    assert_eq!((left.0.version, left.1), (1, (0, 0)));
}

#[test]
fn bodies_are_read_strictly() {
    for bad in [
        serde_json::json!({"state": "OPEN"}),
        serde_json::json!({"status": "closed"}),
        serde_json::json!({"resolution": "fixed"}),
        serde_json::json!({"assigned_to": true}),
        serde_json::json!([]),
    ] {
        assert!(
            serde_json::from_value::<AlertChange>(bad.clone()).is_err(),
            "{bad}"
        );
    }
}

#[tokio::test]
async fn a_timeline_is_paged_both_ways() {
    let database = Database::new().await;
    database
        .run(|tx| {
            let id = store(tx, 0, at(0), &[Sample::new(1, Severity::High)])?[0];
            for n in 0..6 {
                let note = change(serde_json::json!({"note": format!("note {n}")}));
                change_in(tx, &rob(), at(n), id, None, &note)?;
            }
            for size in 1..9 {
                let mut found = timeline_in(tx, id, page(size, None))?;
                assert_eq!((found.count.n, found.previous), (7, None));
                let mut forth: Vec<i64> = found.rows.iter().map(|it| it.id).collect();
                while let Some(cursor) = found.next {
                    let cursor = Some(cursor);
                    found = timeline_in(tx, id, page(size, cursor))?;
                    forth.extend(found.rows.iter().map(|it| it.id));
                }
                assert_eq!((forth.len(), forth[0]), (7, 0), "pages of {size}");
                assert!(forth.is_sorted_by(|a, b| a < b));
                let end = Cursor {
                    direction: Direction::Previous,
                    key: i64::MAX,
                    id: i64::MAX,
                };
                let (mut back, mut cursor) = (Vec::new(), Some(end));
                while cursor.is_some() {
                    found = timeline_in(tx, id, page(size, cursor))?;
                    back.splice(0..0, found.rows.iter().map(|it| it.id));
                    cursor = found.previous;
                }
                assert_eq!(back, forth, "pages of {size}");
            }
            Ok(())
        })
        .await;
}
