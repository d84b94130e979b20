//! Lists: every filter, both orders, both directions, and what is walked.

use base::{Cursor, Direction, Severity};
use proptest::prelude::*;

use super::super::list::{find_in, page_of, start};
use super::super::sql::{self, Query};
use super::super::{Alert, AlertFilter, AlertStatus, AnyOf, Assigned, Found, Resolution, Test};
use super::*;

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
        let resolution = [None, Some("DUPLICATE")][usize::try_from(id % 2).unwrap()];
        tx.execute(
            "update alerts set status = $2, assigned_to = $3, resolution = $4 where id = $1",
            &[
                (*id).into(),
                (id % 4 % 3 + 1).into(),
                assignee.into(),
                resolution.into(),
            ],
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
    let state = &alert.state;
    let overdue = state.status != AlertStatus::Resolved
        && (state.resolve_due_at < now
            || (state.status == AlertStatus::Open && state.ack_due_at < now));
    (filter.severity.is_empty() || filter.severity.contains(&state.severity))
        && (filter.status.is_empty() || filter.status.contains(&state.status))
        && (filter.id.is_empty() || filter.id.contains(&state.id))
        && filter.from.is_none_or(|from| state.created_at >= from)
        && filter.to.is_none_or(|to| state.created_at < to)
        && filter.overdue.is_none_or(|wanted| wanted == overdue)
        && filter.never.is_empty()
        && filter
            .tests
            .iter()
            .all(|test| holds(&test.any, alert) != test.negated)
}

fn holds(any: &AnyOf, alert: &Alert) -> bool {
    let (state, event) = (&alert.state, &alert.event);
    // The samples' country follows from the event's number.
    let country = [Some("DE"), Some("FR"), None][usize::try_from(event.id.number() % 3).unwrap()];
    let optional = |values: &[Option<String>], value: Option<&str>| {
        values.iter().any(|it| it.as_deref() == value)
    };
    match any {
        AnyOf::Source(names) => names.contains(&event.source_name),
        AnyOf::Type(names) => names.contains(&event.event_type),
        AnyOf::Country(codes) => optional(codes, country),
        AnyOf::Address(addresses) => optional(addresses, event.ip_address.as_deref()),
        AnyOf::Resolution(words) => words.contains(&state.resolution),
        AnyOf::Id(ids) => ids.contains(&state.id),
        AnyOf::Owner(people) => people.iter().any(|person| {
            let assignee = state.assigned_to.as_ref();
            match person {
                Assigned::Nobody => assignee.is_none(),
                Assigned::Person(id) => assignee.is_some_and(|it| it.id == *id),
                Assigned::Name(name) => {
                    assignee.is_some_and(|it| it.username.eq_ignore_ascii_case(name))
                }
            }
        }),
        AnyOf::Text(text) => {
            let whole = format!(
                "{} {} {}",
                state.title, event.source_name, event.description
            );
            let whole = whole.to_lowercase();
            let mut places = whole.match_indices(text.as_str()).map(|(at, _)| at);
            let between =
                |byte: &u8| byte.is_ascii() && !byte.is_ascii_alphanumeric() && *byte != b'_';
            places.any(|at| whole.as_bytes()[..at].last().is_none_or(between))
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
    let mut ask = |cursor: Option<Cursor>| {
        let request = page(size, cursor);
        let start = start(cursor, ordering.key)?;
        page_of(tx, now, query, ordering, start, request)
    };
    let (mut forth, mut back, mut pages) = (Vec::new(), Vec::new(), 1_usize);
    let mut found = ask(None)?;
    assert_eq!(found.previous, None, "nothing is before the beginning");
    forth.extend(ids(&found));
    while let Some(next) = found.next {
        found = ask(Some(next))?;
        forth.extend(ids(&found));
        pages += 1;
        assert!(pages < 1_000, "the walk does not end");
    }
    let last = ids(&found);
    while let Some(previous) = found.previous {
        found = ask(Some(previous))?;
        assert!(found.next.is_some(), "the way back is always open");
        back.splice(0..0, ids(&found));
        pages += 1;
        assert!(pages < 2_000, "the walk back does not end");
    }
    back.extend(last);
    Ok((forth, back, pages))
}

fn tests() -> impl Strategy<Value = Vec<Test>> {
    fn some<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Vec<T>> {
        let most = values.len();
        prop::sample::subsequence(values, 1..=most)
    }
    let texts =
        |values: &[&str]| -> Vec<String> { values.iter().map(|&it| it.to_owned()).collect() };
    let optional = |values: &[&str]| -> Vec<Option<String>> {
        let values = values.iter().map(|&it| Some(it.to_owned()));
        values.chain([None]).collect()
    };
    let people = vec![
        Assigned::Nobody,
        Assigned::Person(2),
        Assigned::Person(77),
        Assigned::Name("ROB".to_owned()),
    ];
    let any = prop_oneof![
        some(texts(&["fw-01", "web-02", "none"])).prop_map(AnyOf::Source),
        some(texts(&["login", "other"])).prop_map(AnyOf::Type),
        some(people).prop_map(AnyOf::Owner),
        some(optional(&["DE", "FR", "US"])).prop_map(AnyOf::Country),
        some(optional(&["198.51.100.7"])).prop_map(AnyOf::Address),
        some(vec![
            None,
            Some(Resolution::Duplicate),
            Some(Resolution::Other)
        ])
        .prop_map(AnyOf::Resolution),
        prop::collection::vec(1_i64..125, 1..9).prop_map(AnyOf::Id),
        prop::sample::select(texts(&["größe", "1", "on door", "web-02"])).prop_map(AnyOf::Text),
    ];
    let test = (proptest::bool::ANY, any).prop_map(|(negated, any)| Test {
        negated,
        any,
        span: None,
    });
    prop::collection::vec(test, 0..4)
}

fn filters() -> impl Strategy<Value = AlertFilter> {
    let severity = prop::collection::btree_set(prop::sample::select(Severity::ALL.to_vec()), 0..3);
    let status = prop::collection::btree_set(prop::sample::select(AlertStatus::ALL.to_vec()), 0..3);
    let moment = || prop::option::weighted(0.3, (0_i64..25).prop_map(|n| at(n * 600)));
    let ids = prop::collection::vec(1_i64..125, 1..30);
    (
        (severity, status, tests()),
        (
            moment(),
            moment(),
            prop::option::weighted(0.3, any::<bool>()),
            prop::option::weighted(0.2, ids),
        ),
    )
        .prop_map(
            |((severity, status, tests), (from, to, overdue, id))| AlertFilter {
                severity: severity.into_iter().collect(),
                status: status.into_iter().collect(),
                id: id.unwrap_or_default(),
                from,
                to,
                overdue,
                tests,
                never: Vec::new(),
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

#[tokio::test]
async fn a_page_stops_where_the_rows_it_may_walk_end() {
    let database = Database::new().await;
    database
        .run(|tx| {
            fill(tx)?;
            // Only the oldest five of 120 match.
            let filter = AlertFilter {
                to: Some(at(600)),
                ..AlertFilter::default()
            }
            .and(AnyOf::Text("alarm".to_owned()));
            let narrow = AlertFilter::default().and(AnyOf::Text("alarm 5".to_owned()));
            let whole = find_in(tx, at(0), &filter, Ordering::default(), page(50, None))?;
            assert_eq!((whole.rows.len(), whole.next), (5, None));
            let query = Query::new(tx, &narrow, at(0))?.unwrap().walking(50);
            let short = page_of(tx, at(0), &query, Ordering::default(), None, page(50, None))?;
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
    let cursor = SOMEWHERE.cursor(SortKey::CreatedAt, Direction::Next);
    for (filter, cursor, field) in [
        (
            AlertFilter::default().and(AnyOf::Owner(vec![Assigned::Name(
                "nobody-i-know".to_owned(),
            )])),
            None,
            "assigned_to",
        ),
        (AlertFilter::default(), Some(cursor), "cursor"),
    ] {
        let found = database
            .attempt(move |tx| find_in(tx, at(0), &filter, BY_SEVERITY, page(5, cursor)))
            .await;
        assert!(
            matches!(found, Err(AlertError::Field(name, _)) if name == field),
            "{field}: {found:?}"
        );
    }
}
