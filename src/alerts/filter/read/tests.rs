use std::time::Duration;

use super::*;
use crate::alerts::{FilterField, Ordering, SortKey, Test, Way};

fn now() -> Timestamp {
    Timestamp::parse("2026-03-10T12:00:00Z").unwrap()
}

fn read(query: &str) -> (AlertFilter, Ordering, Result<(), Vec<String>>) {
    let mut params = Params::parse(query).unwrap();
    let filter = AlertFilter::take(&mut params, Some(5), now());
    let ordering = Ordering::take(&mut params);
    let end = params
        .finish()
        .map_err(|problem| problem.errors().keys().cloned().collect());
    (filter, ordering, end)
}

fn asked(query: &str) -> AlertFilter {
    let query = Query::parse(query).unwrap();
    let mut filter = AlertFilter::from_query(&query, Some(5), now()).unwrap();
    for test in &mut filter.tests {
        test.span = None;
    }
    filter
}

fn mistakes(query: &str) -> Vec<String> {
    let query = Query::parse(query).unwrap();
    let mistakes = AlertFilter::from_query(&query, None, now()).unwrap_err();
    mistakes.iter().map(ToString::to_string).collect()
}

#[test]
fn words_are_read_in_any_case() {
    let (filter, ordering, end) = read(
        "status=ack,open&status=OPEN&severity=High&country=de,None&event_type=Login&assigned_to=ME\
         &search=Root%20LOGIN&ip_address=2001:DB8::0:1&overdue=true&ordering=-severity&id=7,3,7",
    );
    assert_eq!(end, Ok(()));
    let wanted = AlertFilter {
        severity: vec![Severity::High],
        status: vec![AlertStatus::Open, AlertStatus::Acknowledged],
        id: vec![3, 7],
        overdue: Some(true),
        ..AlertFilter::default()
    };
    let tests = [
        AnyOf::Type(vec!["login".to_owned()]),
        AnyOf::Owner(vec![Assigned::Person(5)]),
        AnyOf::Country(vec![Some("DE".to_owned()), None]),
        AnyOf::Address(vec![Some("2001:db8::1".to_owned())]),
        AnyOf::Text("root".to_owned()),
        AnyOf::Text("login".to_owned()),
    ];
    assert_eq!(filter, tests.into_iter().fold(wanted, AlertFilter::and));
    assert_eq!(
        (ordering.key, ordering.way),
        (SortKey::Severity, Way::Falling)
    );
}

#[test]
fn what_is_not_allowed_is_named() {
    let (.., end) = read(
        "status=closed&severity=bad&country=Germany&ip_address=x&overdue=maybe&ordering=title\
         &search=a+b+c+d+e+f+g+h+i&colour=red&id=0&from=soon&q=sevrity:HIGH+a:%22",
    );
    let fields = [
        "colour",
        "country",
        "from",
        "id",
        "ip_address",
        "ordering",
        "overdue",
        "q",
        "search",
        "severity",
        "status",
    ];
    assert_eq!(end.unwrap_err(), fields);
}

#[test]
fn a_query_asks_what_parameters_ask() {
    for (query, params) in [
        ("severity:high,critical", "severity=HIGH,CRITICAL"),
        ("status:ack", "status=ACKNOWLEDGED"),
        ("assigned_to:none", "assigned_to=none"),
        ("owner:me", "assigned_to=me"),
        ("owner:Ana", "assigned_to=Ana"),
        ("source:\"fw 1, east\"", "source_name=fw+1,+east"),
        ("type:LOGIN,x", "event_type=login,X"),
        ("country:de,none", "country=DE,none"),
        ("ip:2001:db8::0:1", "ip_address=2001:db8::1"),
        ("overdue:yes", "overdue=true"),
        ("id:9,#7", "id=7,9"),
        ("from:2026-03-01 to:1h", "from=2026-03-01&to=1h"),
        ("Root login", "search=root+LOGIN"),
    ] {
        let (filter, _, end) = read(params);
        assert_eq!(end, Ok(()), "{params}");
        assert_eq!(asked(query), filter, "{query} {params}");
    }
    let both = read("status=open&q=-severity:LOW,INFO").0;
    assert_eq!(both, asked("status:OPEN severity:CRITICAL,HIGH,MEDIUM"));
}

#[test]
fn relative_times_are_counted_back_from_now() {
    let day = asked("from:24h").from.unwrap();
    assert_eq!(now().since(day), Duration::from_hours(24));
    assert_eq!(
        read("from=30m")
            .0
            .from
            .unwrap()
            .plus(Duration::from_mins(30)),
        now()
    );
    // The later beginning and the earlier end count; not before is from, and the other way round.
    assert_eq!(asked("from:24h from:7d").from, Some(day));
    assert_eq!(asked("to:7d to:24h").to, asked("to:7d").to);
    assert_eq!(asked("-from:24h"), asked("to:24h"));
    assert_eq!(asked("-to:24h"), asked("from:24h"));
}

#[test]
fn what_is_excluded_stays_countable_where_it_can() {
    use AlertStatus::{Acknowledged, Open};
    let filter = asked("-status:RESOLVED -severity:INFO severity:LOW,INFO");
    assert_eq!(
        (&*filter.status, &*filter.severity),
        (&[Open, Acknowledged][..], &[Severity::Low][..])
    );
    assert!(filter.is_counted());
    assert!(!asked("-status:RESOLVED x").is_counted());
    assert!(!asked("id:1").is_counted());
    assert_eq!(
        asked("severity:CRITICAL,HIGH,MEDIUM,LOW,INFO"),
        AlertFilter::default()
    );
    assert_eq!(asked("-overdue:true").overdue, Some(false));
    let test = |query: &str| asked(query).tests.first().cloned().unwrap();
    assert_eq!(
        test("-source:a,b"),
        Test {
            negated: true,
            any: AnyOf::Source(vec!["a".to_owned(), "b".to_owned()]),
            span: None,
        }
    );
    assert_eq!(test("-id:4,2").any, AnyOf::Id(vec![2, 4]));
    assert_eq!(test("-\"A B\"").any, AnyOf::Text("a b".to_owned()));
}

#[test]
fn conditions_that_contradict_each_other_are_known_by_field() {
    for (query, field) in [
        ("severity:HIGH -severity:HIGH", FilterField::Severity),
        ("status:OPEN status:RESOLVED", FilterField::Status),
        ("id:1 id:2", FilterField::Id),
        ("overdue:true overdue:false", FilterField::Overdue),
    ] {
        let filter = asked(query);
        assert_eq!(filter.never, [field], "{query}");
        assert!(!filter.is_counted());
        assert!(!filter.only(field).never.is_empty());
        let others = asked(&format!("{query} country:DE")).without(field);
        assert_eq!(others, asked("country:DE"), "{query}");
    }
}

#[test]
fn a_field_can_be_set_apart() {
    let filter = asked("severity:HIGH -source:a source:b root -owner:me");
    assert_eq!(
        filter.only(FilterField::Source),
        asked("-source:a source:b")
    );
    assert_eq!(
        filter
            .without(FilterField::Source)
            .without(FilterField::Text),
        asked("severity:HIGH -owner:me")
    );
    let of_one = |query| asked(query).is_of_one();
    assert!(of_one("owner:me") && of_one("owner:ana"));
    assert!(!of_one("-owner:me") && !of_one("owner:none") && !of_one("owner:me,ana"));
}

#[test]
fn mistakes_are_told_with_their_place() {
    let found = mistakes("root sevrity:HIGH -status:shut country:Germany");
    assert_eq!(found.len(), 3);
    assert!(found[0].starts_with("characters 6-12: unknown field sevrity; did you mean severity?"));
    assert!(found[1].starts_with("characters 27-30: status is one of OPEN, ACKNOWLEDGED"));
    assert!(found[2].starts_with("characters 40-46: country is a code of two letters"));
    let (.., end) = read("q=a&q=b");
    assert_eq!(end.unwrap_err(), ["q"]);
}

/// Whatever the table promises, the filter must take; else a field would be ignored.
#[test]
fn every_field_of_the_table_narrows() {
    for field in ALERT_FIELDS {
        let value = match field.kind {
            Kind::Number => "7",
            Kind::Country => "DE",
            Kind::Address => "::1",
            Kind::Text | Kind::Word => "x",
            _ => field.kind.known().first().unwrap(),
        };
        for name in std::iter::once(&field.name).chain(field.aliases) {
            for sign in ["", "-"] {
                let filter = asked(&format!("{sign}{name}:{value}"));
                assert_ne!(filter, AlertFilter::default(), "{sign}{name}:{value}");
            }
        }
        for word in field.kind.known() {
            asked(&format!("{}:{word}", field.name));
        }
    }
    let words = |name: &str| {
        let field = ALERT_FIELDS.iter().find(|it| it.name == name).unwrap();
        field.kind.known().to_vec()
    };
    let known = Severity::ALL.iter().rev().map(|it| it.word());
    assert_eq!(words("severity"), known.collect::<Vec<_>>());
    assert_eq!(words("status"), AlertStatus::ALL.map(AlertStatus::word));
    let known = Resolution::ALL.iter().map(|it| it.word()).chain([NONE]);
    assert_eq!(words("resolution"), known.collect::<Vec<_>>());
}
