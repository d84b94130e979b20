//! Lists: every filter, both orders, both directions, and what is walked.

use base::{Cursor, Direction, Severity};
use proptest::prelude::*;

use super::super::filter::Position;
use super::super::list::{find_in, page_of, start};
use super::super::sql::{self, Query};
use super::super::{Alert, AlertFilter, AlertStatus, Assigned, Found, Ordering, SortKey, Way};
use super::*;
use crate::http::PageRequest;

/// 120 alerts: five to a moment, of every severity and status, with various of everything else.
fn fill(tx: &mut Tx<'_>) -> Result<Vec<Alert>, AlertError> {
    let mut ids = Vec::new();
    for moment in 0..24 {
        let samples: Vec<Sample> = (0..5_i64)
            .map(|n| {
                let event = moment * 5 + n + 1;
                Sample {
                    title: format!("Alarm {event}"),
                    source: event % 2 + 1,
                    kind: event % 3 % 2 + 1,
                    description: format!("Größe {} on door", event % 7),
                    address: (event % 4 == 0).then_some("198.51.100.7"),
                    country: [Some("DE"), Some("FR"), None]
                        .into_iter()
                        .nth(usize::try_from(event % 3).unwrap())
                        .unwrap(),
                    ..Sample::new(event, Severity::from_id((event * 7) % 5 + 1).unwrap())
                }
            })
            .collect();
        ids.extend(store(tx, 0, at(moment * 600), &samples)?);
    }
    for id in &ids {
        let assignee = [None, Some(1_i64), Some(2)][usize::try_from(id % 3).unwrap()];
        tx.execute(
            "update alerts set status = $2, assigned_to = $3 where id = $1",
            &[(*id).into(), (id % 4 % 3 + 1).into(), assignee.into()],
        )?;
    }
    tx.execute("delete from alert_counts", &[])?;
    tx.execute(
        "insert into alert_counts (status, severity, shard, n) \
         select status, severity, 0, count(*) from alerts group by status, severity",
        &[],
    )?;
    Ok(sql::read_all(tx, &ids, at(0))?)
}

/// What the filter means, said in Rust.
fn matches(filter: &AlertFilter, alert: &Alert, now: Timestamp) -> bool {
    let (state, event) = (&alert.state, &alert.event);
    let any = |values: &[String], value: Option<&str>| {
        values.is_empty() || values.iter().any(|it| Some(it.as_str()) == value)
    };
    let text = format!(
        "{} {} {}",
        state.title, event.source_name, event.description
    );
    let text = text.to_lowercase();
    let overdue = state.status != AlertStatus::Resolved
        && (state.resolve_due_at < now
            || (state.status == AlertStatus::Open && state.ack_due_at < now));
    // The samples' country follows from the event's number.
    let country = [Some("DE"), Some("FR"), None][usize::try_from(event.id.number() % 3).unwrap()];
    let assignee = state.assigned_to.as_ref();
    (filter.severity.is_empty() || filter.severity.contains(&state.severity))
        && (filter.status.is_empty() || filter.status.contains(&state.status))
        && filter
            .source_name
            .as_ref()
            .is_none_or(|it| *it == event.source_name)
        && any(&filter.event_type, Some(&event.event_type))
        && any(&filter.country, country)
        && filter
            .ip_address
            .as_ref()
            .is_none_or(|it| Some(it) == event.ip_address.as_ref())
        && filter.words.iter().all(|word| text.contains(word))
        && filter.from.is_none_or(|from| state.created_at >= from)
        && filter.to.is_none_or(|to| state.created_at < to)
        && filter.overdue.is_none_or(|wanted| wanted == overdue)
        && match &filter.assigned_to {
            None => true,
            Some(Assigned::Nobody) => assignee.is_none(),
            Some(Assigned::Person(id)) => assignee.is_some_and(|it| it.id == *id),
            Some(Assigned::Name(name)) => {
                assignee.is_some_and(|it| it.username.eq_ignore_ascii_case(name))
            }
        }
}

/// The ids a filter matches, in the list's order.
fn expected(all: &[Alert], filter: &AlertFilter, ordering: Ordering, now: Timestamp) -> Vec<i64> {
    let mut found: Vec<&Alert> = all.iter().filter(|it| matches(filter, it, now)).collect();
    found.sort_by_key(|it| {
        let severity = match ordering.key {
            SortKey::CreatedAt => None,
            SortKey::Severity => Some(it.state.severity),
        };
        (severity, it.state.created_at, it.state.id)
    });
    if ordering.way == Way::Falling {
        found.reverse();
    }
    found.iter().map(|it| it.state.id).collect()
}

fn ids(found: &Found<Alert>) -> Vec<i64> {
    found.rows.iter().map(|it| it.state.id).collect()
}

/// Walks a list to its end and back again; returns what was found each way, with the pages.
fn walk(
    tx: &mut Tx<'_>,
    query: &Query<'_>,
    ordering: Ordering,
    size: u32,
    now: Timestamp,
) -> Result<(Vec<i64>, Vec<i64>, usize), AlertError> {
    let mut page = |cursor: Option<Cursor>| {
        let request = PageRequest {
            size,
            offset: 0,
            cursor,
        };
        page_of(
            tx,
            now,
            query,
            ordering,
            start(cursor, ordering.key)?,
            request,
        )
    };
    let (mut forth, mut back, mut pages) = (Vec::new(), Vec::new(), 1_usize);
    let mut found = page(None)?;
    assert_eq!(found.previous, None, "nothing is before the beginning");
    forth.extend(ids(&found));
    while let Some(next) = found.next {
        found = page(Some(next))?;
        forth.extend(ids(&found));
        pages += 1;
        assert!(pages < 1_000, "the walk does not end");
    }
    let last = ids(&found);
    while let Some(previous) = found.previous {
        found = page(Some(previous))?;
        assert!(found.next.is_some(), "the way back is always open");
        back.splice(0..0, ids(&found));
        pages += 1;
        assert!(pages < 2_000, "the walk back does not end");
    }
    back.extend(last);
    Ok((forth, back, pages))
}

fn filters() -> impl Strategy<Value = AlertFilter> {
    let severity = prop::collection::btree_set(prop::sample::select(Severity::ALL.to_vec()), 0..3);
    let status = prop::collection::btree_set(prop::sample::select(AlertStatus::ALL.to_vec()), 0..3);
    let maybe = |values: &[&str]| {
        let values: Vec<String> = values.iter().map(|&it| it.to_owned()).collect();
        prop::option::weighted(0.2, prop::sample::select(values))
    };
    let assigned = prop::option::weighted(
        0.3,
        prop_oneof![
            Just(Assigned::Nobody),
            Just(Assigned::Person(2)),
            Just(Assigned::Person(77)),
            Just(Assigned::Name("ROB".to_owned())),
        ],
    );
    let moment = || prop::option::weighted(0.3, (0_i64..25).prop_map(|n| at(n * 600)));
    (
        (
            severity,
            status,
            maybe(&["fw-01", "web-02", "none"]),
            maybe(&["login", "other"]),
        ),
        (
            assigned,
            maybe(&["DE", "FR", "US"]),
            maybe(&["198.51.100.7"]),
            maybe(&["größe", "1"]),
        ),
        (
            moment(),
            moment(),
            prop::option::weighted(0.3, any::<bool>()),
        ),
    )
        .prop_map(
            |((severity, status, source, kind), (assigned, country, ip, word), rest)| AlertFilter {
                severity: severity.into_iter().collect(),
                status: status.into_iter().collect(),
                source_name: source,
                event_type: kind.into_iter().collect(),
                assigned_to: assigned,
                country: country.into_iter().collect(),
                ip_address: ip,
                words: word.into_iter().collect(),
                from: rest.0,
                to: rest.1,
                overdue: rest.2,
            },
        )
}

fn orderings() -> impl Strategy<Value = Ordering> {
    let keys = prop::sample::select(vec![SortKey::CreatedAt, SortKey::Severity]);
    (keys, prop::sample::select(vec![Way::Falling, Way::Rising]))
        .prop_map(|(key, way)| Ordering { key, way })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Each case asks many questions of one table; `budget` bounds what a page walks.
    #[test]
    fn every_list_is_whole_in_order_and_walks_both_ways(
        questions in prop::collection::vec(
            (filters(), orderings(), 1_u32..30, 3_i64..200, 0_i64..20_000),
            25,
        )
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let database = Database::new().await;
            database
                .run(move |tx| {
                    let all = fill(tx)?;
                    for (filter, ordering, size, budget, second) in questions {
                        let now = at(second);
                        let expected = expected(&all, &filter, ordering, now);
                        let Some(query) = Query::new(tx, &filter, now)? else {
                            assert!(expected.is_empty(), "{filter:?}");
                            continue;
                        };
                        let count = sql::count(tx, &query)?;
                        assert_eq!(count.n, u64::try_from(expected.len()).unwrap(), "{filter:?}");
                        let query = query.walking(budget);
                        let (forth, back, _) = walk(tx, &query, ordering, size, now)?;
                        assert_eq!(forth, expected, "{filter:?} {ordering:?} {size} {budget}");
                        assert_eq!(back, expected, "{filter:?} {ordering:?} {size} {budget}");
                    }
                    Ok(())
                })
                .await;
        });
    }
}

fn page(size: u32) -> PageRequest {
    PageRequest {
        size,
        offset: 0,
        cursor: None,
    }
}

#[tokio::test]
async fn a_page_stops_where_the_rows_it_may_walk_end() {
    let database = Database::new().await;
    database
        .run(|tx| {
            fill(tx)?;
            // Only the oldest five of 120 match.
            let filter = AlertFilter {
                words: vec!["alarm".to_owned()],
                to: Some(at(600)),
                ..AlertFilter::default()
            };
            let narrow = AlertFilter {
                to: None,
                words: vec!["alarm 5".to_owned()],
                ..filter.clone()
            };
            let whole = find_in(tx, at(0), &filter, Ordering::default(), page(50))?;
            assert_eq!((whole.rows.len(), whole.next), (5, None));
            let query = Query::new(tx, &narrow, at(0))?.unwrap().walking(50);
            let short = page_of(tx, at(0), &query, Ordering::default(), None, page(50))?;
            assert!(short.rows.len() < 50 && short.next.is_some());
            let (forth, _, pages) = walk(tx, &query, Ordering::default(), 50, at(0))?;
            assert_eq!(forth.len(), 11, "5 and 50 to 59");
            assert!(pages >= 3, "three times 50 rows");
            Ok(())
        })
        .await;
}

#[tokio::test]
async fn unknown_people_and_foreign_cursors_are_refused() {
    let database = Database::new().await;
    let by_time = Position {
        severity: Severity::High,
        created_at: at(0),
        id: 1,
    };
    let cursor = by_time.cursor(SortKey::CreatedAt, Direction::Next);
    for (filter, cursor, field) in [
        (
            AlertFilter {
                assigned_to: Some(Assigned::Name("nobody-i-know".to_owned())),
                ..AlertFilter::default()
            },
            None,
            "assigned_to",
        ),
        (AlertFilter::default(), Some(cursor), "cursor"),
    ] {
        let found = database
            .attempt(move |tx| {
                let ordering = Ordering {
                    key: SortKey::Severity,
                    way: Way::Falling,
                };
                find_in(
                    tx,
                    at(0),
                    &filter,
                    ordering,
                    PageRequest {
                        size: 5,
                        offset: 0,
                        cursor,
                    },
                )
            })
            .await;
        assert!(
            matches!(found, Err(AlertError::Field(name, _)) if name == field),
            "{field}: {found:?}"
        );
    }
}

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
            let after = Position {
                severity: Severity::High,
                created_at: at(0),
                id: 1,
            };
            let by_kind = "SEARCH alerts USING COVERING INDEX alerts_severity_status \
                (severity=? AND status=? AND created_at<?)";
            let one_kind = AlertFilter {
                severity: vec![Severity::High],
                status: vec![AlertStatus::Open],
                ..AlertFilter::default()
            };
            let query = Query::new(tx, &one_kind, at(0))?.unwrap();
            let plan = sql::plan(tx, &query, Ordering::default(), Some(after))?;
            assert_eq!(steps(&plan), [by_kind]);
            // Deep in a window the walk begins at the cursor, not at the window's end.
            let window = AlertFilter {
                from: Some(at(-9)),
                to: Some(at(9)),
                ..one_kind
            };
            let query = Query::new(tx, &window, at(0))?.unwrap();
            let plan = sql::plan(tx, &query, Ordering::default(), Some(after))?;
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
            let by_severity = Ordering {
                key: SortKey::Severity,
                way: Way::Falling,
            };
            let after = Position {
                severity: Severity::High,
                created_at: at(0),
                id: 1,
            };
            let mine = AlertFilter {
                assigned_to: Some(Assigned::Person(1)),
                ..AlertFilter::default()
            };
            let open = AlertFilter {
                status: vec![AlertStatus::Open],
                country: vec!["DE".to_owned()],
                words: vec!["door".to_owned()],
                ..AlertFilter::default()
            };
            let country = AlertFilter {
                country: vec!["DE".to_owned()],
                from: Some(at(0)),
                ..AlertFilter::default()
            };
            for (filter, ordering, index) in [
                (&mine, Ordering::default(), "alerts_assigned"),
                (&country, Ordering::default(), "alerts_created"),
                (&open, Ordering::default(), "alerts_severity_status"),
                (&country, by_severity, "alerts_severity_status"),
            ] {
                let query = Query::new(tx, filter, at(0))?.unwrap();
                let plan = sql::plan(tx, &query, ordering, Some(after))?;
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
