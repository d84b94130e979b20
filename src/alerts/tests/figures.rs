//! Figures of more alerts than may be looked at.

use super::super::facets::facets_in;
use super::super::groups::groups_in;
use super::super::similar::similar_in;
use super::super::{AlertFilter, AlertStatus, AnyOf, Assigned, FacetValue, GroupBy};
use super::*;

/// 100 alerts a minute apart: the oldest 90 RESOLVED and somebody's, the newest 10 OPEN.
fn fill(tx: &mut Tx<'_>) -> Result<(), AlertError> {
    for n in 1..=100 {
        let sample = Sample {
            source: n % 2 + 1,
            ..Sample::new(n, Severity::High)
        };
        store(tx, 0, at(n * 60), &[sample])?;
    }
    let sql = "update alerts set status = 3, assigned_to = id % 2 + 1 where id <= 90";
    tx.execute(sql, &[])?;
    Ok(())
}

fn count(values: &[FacetValue], value: &str) -> Option<i64> {
    values
        .iter()
        .find(|it| it.value == value)
        .map(|it| it.count)
}

#[tokio::test]
async fn what_is_not_looked_at_is_not_counted_and_said_so() {
    let database = Database::new().await;
    database
        .run(|tx| {
            fill(tx)?;
            let all = AlertFilter::default();
            let bounded = facets_in(tx, at(0), &all, 20)?;
            assert_eq!((bounded.exact, bounded.looked_at), (false, 20));
            assert_eq!(bounded.exact_facets, ["severity", "status"]);
            assert_eq!(count(&bounded.facets.source, "fw-01"), Some(10));
            let whole = facets_in(tx, at(0), &all, 101)?;
            assert_eq!((whole.exact, whole.looked_at), (true, 100));
            assert_eq!(count(&whole.facets.source, "fw-01"), Some(50));
            let groups = groups_in(tx, at(0), &all, GroupBy::Source, 20)?;
            assert_eq!((groups.exact, groups.looked_at), (false, 20));
            assert_eq!(groups.groups.iter().map(|it| it.count).sum::<i64>(), 20);
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn each_facet_is_walked_along_the_index_that_serves_it() {
    let database = Database::new().await;
    database
        .run(|tx| {
            fill(tx)?;
            // The few OPEN ones are all looked at, however many others there are.
            let open = AlertFilter {
                status: vec![AlertStatus::Open],
                ..AlertFilter::default()
            }
            .and(AnyOf::Source(vec!["fw-01".to_owned()]));
            let facets = facets_in(tx, at(0), &open, 20)?;
            assert_eq!(
                facets.exact_facets,
                ["severity", "owner", "source", "type", "country"]
            );
            assert_eq!(count(&facets.facets.source, "fw-01"), Some(5));
            assert_eq!(count(&facets.facets.source, "web-02"), Some(5));
            assert_eq!(
                facets.looked_at,
                10 + 10,
                "OPEN ones, and the newest of all"
            );
            assert_eq!(count(&facets.facets.status, "OPEN"), Some(5));
            // A person's own are found by the index on person.
            let hers = AlertFilter::default().and(AnyOf::Owner(vec![Assigned::Person(1)]));
            let facets = facets_in(tx, at(0), &hers, 46)?;
            assert_eq!(
                facets.exact_facets,
                ["severity", "status", "source", "type", "country"]
            );
            assert_eq!(count(&facets.facets.status, "RESOLVED"), Some(45));
            assert_eq!(count(&facets.facets.owner, "none"), Some(10));
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn a_rare_sources_alerts_are_found_far_back() {
    let database = Database::new().await;
    database
        .run(|tx| {
            store(tx, 0, at(0), &[Sample::new(1, Severity::High)])?;
            let rare = Sample {
                source: 2,
                ..Sample::new(2, Severity::Critical)
            };
            let ids = store(tx, 0, at(1), &[rare])?;
            let again = Sample {
                source: 2,
                title: "quite another".to_owned(),
                kind: 2,
                ..Sample::new(3, Severity::High)
            };
            let other = store(tx, 0, at(2), &[again])?;
            let found = similar_in(tx, at(9), ids[0])?;
            assert_eq!(found.total, 1, "the first has the same text: title #");
            assert_eq!(found.results[0].why, ["same text"]);
            assert_eq!(similar_in(tx, at(9), other[0])?.total, 0);
            let missing = similar_in(tx, at(9), 77).map(|found| found.total);
            assert!(matches!(missing, Err(AlertError::NotFound(77))));
            Ok(())
        })
        .await;
}
