//! A time without a year, a zone or a meaning.

use base::Timestamp;

use super::*;

#[test]
fn a_time_without_a_year_is_of_the_year_that_brings_it_nearest() {
    let at = |now: &str, line: &str| {
        let receipt = Receipt::at(Timestamp::parse(now).unwrap());
        Header::read(line, &receipt)
            .time
            .map(|time| time.to_string())
    };
    for (now, written, expected) in [
        (
            "2027-01-01T00:00:30Z",
            "Dec 31 23:59:59",
            "2026-12-31T23:59:59.000000Z",
        ),
        (
            "2026-12-31T23:59:30Z",
            "Jan  1 00:00:10",
            "2027-01-01T00:00:10.000000Z",
        ),
        (
            "2026-07-01T00:00:00Z",
            "Jan  2 00:00:00",
            "2026-01-02T00:00:00.000000Z",
        ),
        (
            "2026-03-01T00:00:00Z",
            "Oct 15 00:00:00",
            "2025-10-15T00:00:00.000000Z",
        ),
        (
            "2028-03-01T00:00:00Z",
            "Feb 29 12:00:00",
            "2028-02-29T12:00:00.000000Z",
        ),
        (
            "2027-03-01T00:00:00Z",
            "Feb 29 12:00:00",
            "2028-02-29T12:00:00.000000Z",
        ),
    ] {
        let line = format!("<13>{written} vm app: m");
        assert_eq!(
            at(now, &line).as_deref(),
            Some(expected),
            "{written} received {now}"
        );
    }
}

#[test]
fn a_time_without_a_zone_is_in_the_zone_of_the_receipt() {
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(2));
    let receipt = Receipt {
        now: now(),
        zone: &zone,
    };
    let at = |line: &str| Header::read(line, &receipt).time;
    assert_eq!(
        at("<13>Nov 20 17:19:39 vm app: m"),
        time("2026-11-20T15:19:39Z")
    );
    assert_eq!(
        at("<13>2026-11-20 17:19:39 vm app: m"),
        time("2026-11-20T15:19:39Z")
    );
    assert_eq!(
        at("<13>2026-11-20T17:19:39Z vm app: m"),
        time("2026-11-20T17:19:39Z")
    );
    assert_eq!(
        at("<13>Nov 20 17:19:39 EST: %A-1-B: m"),
        time("2026-11-20T22:19:39Z")
    );
}

#[test]
fn a_day_and_a_time_apart_count_less_than_the_header_without_their_zone() {
    for (zone, expected) in [
        ("", "2026-11-20T17:00:00.000000Z"),
        (" timezone=\"+01\"", "2026-11-20T16:19:06.000000Z"),
    ] {
        let line = format!(
            "<30>1 2026-11-20T17:00:00Z fw - - - - device=\"SFW\" date=2026-11-20 time=17:19:06{zone} src_ip=192.0.2.1"
        );
        let event = &read(&line)[0];
        assert_eq!(event.occurred_at.unwrap().to_string(), expected, "{zone}");
    }
}

#[test]
fn what_stands_for_a_time_and_is_none_is_kept() {
    let event = &read("<14>1 $timestamp$ h app - - - text")[0];
    let found = attributes_of(event);
    assert_eq!(found["log"]["syslog"]["timestamp"], "$timestamp$");
    assert_eq!(
        (found["host"]["name"].as_str(), event.occurred_at),
        (Some("h"), None)
    );
    let good = &read("<14>1 2026-11-20T17:00:00Z h app - - - text")[0];
    assert!(
        attributes_of(good)["log"]["syslog"]
            .get("timestamp")
            .is_none()
    );
}
