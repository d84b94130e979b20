//! The database answers a list along an index, from the cursor on.

use base::Severity;

use super::super::sql::{self, Query};
use super::super::{AlertFilter, AlertStatus, AnyOf, Assigned};
use super::*;

/// The plan's lines that search, scan or sort.
fn steps(plan: &[String]) -> Vec<&str> {
    let told = |line: &&str| {
        ["SEARCH", "SCAN", "USE"]
            .iter()
            .any(|it| line.starts_with(it))
    };
    plan.iter().map(String::as_str).filter(told).collect()
}

#[tokio::test]
async fn an_index_serves_a_kind_from_the_cursor_on() {
    let database = Database::new().await;
    database
        .run(|tx| {
            let by_kind = "SEARCH alerts USING COVERING INDEX alerts_severity_status \
                (severity=? AND status=? AND created_at<?)";
            let one_kind = AlertFilter {
                severity: vec![Severity::High],
                status: vec![AlertStatus::Open],
                ..AlertFilter::default()
            };
            let query = Query::new(tx, &one_kind, at(0))?.unwrap();
            let plan = sql::plan(tx, &query, Ordering::default(), Some(SOMEWHERE))?;
            assert_eq!(steps(&plan), [by_kind]);
            // Deep in a window the walk begins at the cursor, not at the window's end.
            let window = AlertFilter {
                from: Some(at(-9)),
                to: Some(at(9)),
                ..one_kind
            };
            let query = Query::new(tx, &window, at(0))?.unwrap();
            let plan = sql::plan(tx, &query, Ordering::default(), Some(SOMEWHERE))?;
            assert!(!plan[0].contains("created_at < $"), "{plan:#?}");
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn rows_are_tested_along_an_index_and_nothing_is_sorted() {
    let database = Database::new().await;
    database
        .run(|tx| {
            let germany = || AnyOf::Country(vec![Some("DE".to_owned()), None]);
            let mine = AlertFilter::default().and(AnyOf::Owner(vec![Assigned::Person(1)]));
            let open = AlertFilter {
                status: vec![AlertStatus::Open],
                ..AlertFilter::default()
            }
            .and(germany())
            .and(AnyOf::Text("door".to_owned()));
            let country = AlertFilter {
                from: Some(at(0)),
                ..AlertFilter::default()
            }
            .and(germany());
            for (filter, ordering, index) in [
                (&mine, Ordering::default(), "alerts_assigned"),
                (&country, Ordering::default(), "alerts_created"),
                (&open, Ordering::default(), "alerts_severity_status"),
                (&country, BY_SEVERITY, "alerts_severity_status"),
            ] {
                let query = Query::new(tx, filter, at(0))?.unwrap();
                let plan = sql::plan(tx, &query, ordering, Some(SOMEWHERE))?;
                assert!(
                    plan.iter().all(|line| !line.contains("TEMP B-TREE")),
                    "{plan:#?}"
                );
                let served = plan.iter().any(|line| line.contains(index));
                assert!(served, "{plan:#?}");
            }
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn given_ids_are_looked_up_in_any_order() {
    let database = Database::new().await;
    database
        .run(|tx| {
            let filter = AlertFilter {
                id: (1..=100).collect(),
                status: vec![AlertStatus::Open],
                from: Some(at(0)),
                ..AlertFilter::default()
            }
            .and(AnyOf::Text("door".to_owned()));
            let query = Query::new(tx, &filter, at(0))?.unwrap();
            for key in [SortKey::CreatedAt, SortKey::Severity] {
                let way = Way::Falling;
                let plan = sql::plan(tx, &query, Ordering { key, way }, None)?;
                let by_id = "SEARCH alerts USING INTEGER PRIMARY KEY (rowid=?)";
                assert!(plan.iter().any(|line| line == by_id), "{plan:#?}");
            }
            Ok(())
        })
        .await;
}
