use std::collections::BTreeSet;

use base::Severity;

use super::*;
use crate::events::{
    ATTRIBUTES_MAX, DESCRIPTION_MAX, EVENT_TYPE_MAX, SOURCE_NAME_MAX, TAG_MAX, TAGS_MAX,
};
use crate::geo::{GeoDb, GeoSources};

const SEED: u64 = 42;
const BACKGROUND: usize = 4_000;

fn now() -> Timestamp {
    Timestamp::parse("2026-03-14T09:26:53.589793Z").unwrap()
}

fn told() -> Vec<DemoEvent> {
    story(now(), SEED, BACKGROUND)
}

fn attributes(told: &DemoEvent) -> serde_json::Value {
    serde_json::from_str(told.event.attributes.as_ref().unwrap().get()).unwrap()
}

fn stage(told: &DemoEvent) -> String {
    attributes(told)["demo"]["stage"]
        .as_str()
        .unwrap()
        .to_owned()
}

/// Everything but times.
fn text(events: &[DemoEvent]) -> Vec<String> {
    events
        .iter()
        .map(|told| format!("{:?}", told.event))
        .collect()
}

#[test]
fn the_same_seed_tells_the_same_story_and_another_one_another() {
    assert_eq!(text(&told()), text(&told()));
    assert_ne!(text(&told()), text(&story(now(), SEED + 1, BACKGROUND)));
}

#[test]
fn the_noise_does_not_change_the_attack() {
    let attack: Vec<String> = text(&story(now(), SEED, 0));
    let among = text(&told());
    assert_eq!(among.len(), attack.len() + BACKGROUND);
    assert!(attack.iter().all(|event| among.contains(event)));
}

#[test]
fn the_story_ends_now_and_is_told_from_the_beginning() {
    let events = told();
    let start = now().minus(PERIOD);
    for told in &events {
        assert!((start..=now()).contains(&told.at), "{}", told.at);
        assert_eq!(told.event.occurred_at, Some(told.at));
        assert_eq!(told.at.micros() % 1_000, 0);
    }
    assert!(events.is_sorted_by_key(|told| told.at));
    // It fills its period, and its last scene is fresh.
    assert!(events[0].at.since(start) < Duration::from_hours(1));
    let last = events.iter().rfind(|told| stage(told) == "impact").unwrap();
    assert!(now().since(last.at) < Duration::from_mins(10));
}

#[test]
fn every_event_is_valid_and_says_that_it_is_made_up() {
    for told in told() {
        let event = &told.event;
        assert!((1..=SOURCE_NAME_MAX).contains(&event.source_name.len()));
        assert!((1..=EVENT_TYPE_MAX).contains(&event.event_type.len()));
        let slug = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        assert!(event.event_type.bytes().all(slug), "{}", event.event_type);
        assert!((1..=DESCRIPTION_MAX).contains(&event.description.len()));
        assert!(
            !event.description.contains(['{', '}']),
            "{}",
            event.description
        );
        assert!((2..=TAGS_MAX).contains(&event.tags.len()));
        assert!(
            event
                .tags
                .iter()
                .all(|tag| (1..=TAG_MAX).contains(&tag.len()))
        );
        assert_eq!(event.tags[..2], ["demo", "synthetic"]);
        assert!(event.attributes.as_ref().unwrap().get().len() <= ATTRIBUTES_MAX);
        assert_eq!(attributes(&told)["demo"]["synthetic"], true);
    }
}

#[test]
fn the_attack_names_tactics_and_techniques() {
    let mut techniques = BTreeSet::new();
    let mut stages = BTreeSet::new();
    for told in story(now(), SEED, 0) {
        let stage = stage(&told);
        let attributes = attributes(&told);
        let named = attributes["demo"]["techniques"].as_array().unwrap();
        let is_attack = !matches!(stage.as_str(), "background" | "physical");
        assert_eq!(is_attack, !named.is_empty(), "{stage}");
        assert_eq!(
            is_attack,
            attributes["demo"]["tactic"].is_string(),
            "{stage}"
        );
        assert_eq!(is_attack, attributes["threat"].is_object(), "{stage}");
        for technique in named {
            let technique = technique.as_str().unwrap();
            let digits = technique.strip_prefix('T').unwrap().replacen('.', "", 1);
            assert!(digits.len() == 4 || digits.len() == 7, "{technique}");
            assert!(
                digits.bytes().all(|byte| byte.is_ascii_digit()),
                "{technique}"
            );
            assert!(told.event.tags.iter().any(|tag| tag == technique));
            techniques.insert(technique.to_owned());
        }
        stages.insert(stage);
    }
    assert!(techniques.len() >= 30, "{techniques:?}");
    // Every stage; the everyday one for the victim's last honest sign-in.
    assert_eq!(stages.len(), 15, "{stages:?}");
}

#[test]
fn all_severities_occur_and_only_the_attack_raises_alerts() {
    let events = told();
    for severity in Severity::ALL {
        assert!(
            events.iter().any(|told| told.event.severity == severity),
            "{severity}"
        );
    }
    let raising: Vec<&DemoEvent> = events
        .iter()
        .filter(|told| told.event.severity.raises_alert())
        .collect();
    assert!((20..=40).contains(&raising.len()), "{}", raising.len());
    assert!(raising.iter().all(|told| stage(told) != "background"));
}

#[test]
fn many_sources_report_from_many_countries() {
    let events = told();
    let sources: BTreeSet<&str> = events
        .iter()
        .map(|told| told.event.source_name.as_str())
        .collect();
    assert!(sources.len() >= 25, "{sources:?}");
    let geo = GeoDb::open(&GeoSources::default()).unwrap();
    let countries: BTreeSet<String> = events
        .iter()
        .filter_map(|told| geo.lookup(told.event.ip_address?)?.country_code)
        .collect();
    assert!(countries.len() >= 25, "{countries:?}");
}

#[test]
fn no_address_is_a_machine_of_somebody_else() {
    for address in told().iter().filter_map(|told| told.event.ip_address) {
        match address {
            std::net::IpAddr::V4(v4) if v4.is_private() => {}
            std::net::IpAddr::V4(v4) => assert_eq!(v4.octets()[2..], [0, 0], "{v4}"),
            std::net::IpAddr::V6(v6) => assert_eq!(v6.segments()[2..], [0; 6], "{v6}"),
        }
    }
}

#[test]
fn people_work_by_day_and_backups_run_by_night() {
    let mut by_hour = [0_u32; 24];
    for told in told().iter().filter(|told| stage(told) == "background") {
        let hour = usize::try_from(told.at.hour().rem_euclid(24)).unwrap();
        by_hour[hour] += 1;
        if told.event.event_type == "backup" {
            assert!(hour < 5, "{}", told.at);
        }
        if told.event.event_type == "access" {
            assert!((6..21).contains(&hour), "{}", told.at);
        }
    }
    let sum = |hours: std::ops::Range<usize>| by_hour[hours].iter().sum::<u32>();
    assert!(sum(8..12) > 2 * sum(20..24), "{by_hour:?}");
    assert!(by_hour.iter().all(|&count| count > 0), "{by_hour:?}");
}

#[test]
fn the_amount_of_noise_has_an_end() {
    let attack = story(now(), SEED, 0).len();
    assert!((100..=200).contains(&attack), "{attack}");
    let longest = story(now(), SEED, BACKGROUND_MAX + 1).len();
    assert_eq!(longest, attack + BACKGROUND_MAX);
}

#[test]
fn a_clock_at_the_beginning_of_time_makes_a_story_too() {
    for now in [0, i64::MIN, i64::MAX].map(Timestamp::from_micros) {
        assert!(story(now, SEED, 10).len() > 100);
    }
}
