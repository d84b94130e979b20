//! Events that are not to be kept go, with their resolved alerts, and what is counted stays right.

use std::time::Duration;

use serde_json::{Value, json};
use watchpost::events::{Sealing, seal};
use watchpost::retention::{Limits, Removed, remove};

use base::{Clock, MockClock, Timestamp};

use crate::harness::{ADMIN, Client, Kind, TestServer, event, run_alone};

/// Everything received until now.
const ALL: Limits = Limits {
    age: Some(Duration::ZERO),
    size: None,
};

on_both! {
    async fn what_is_unresolved_stays_and_counts_stay_right(server) {
        let admin = &server.admin;
        let mut alerts = Vec::new();
        for (severity, source) in [("HIGH", "a"), ("LOW", "a"), ("CRITICAL", "b"), ("INFO", "b"), ("HIGH", "b"), ("MEDIUM", "a")] {
            let sent = admin.post("/api/events/", &event(severity, source)).await.expect(201);
            alerts.extend(sent["alert"].as_i64());
        }
        for resolved in [alerts[0], alerts[2]] {
            let change = json!({"status": "RESOLVED", "resolution": "DUPLICATE"});
            admin.patch(&format!("/api/alerts/{resolved}/"), &change).await.expect(200);
        }
        let app = server.server.app();
        let small = Sealing { block: 2, part: 1, settled: Duration::ZERO };
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(seal(app, small).await.unwrap(), 3);
        assert_eq!(remove(app, ALL, "test").await.unwrap(), Removed { events: 5, alerts: 2 });
        let left = admin.get("/api/events/").await.expect(200);
        assert_eq!((&left["count"], &left["results"][0]["severity"]), (&json!(1), &json!("CRITICAL")));
        assert_eq!(left["results"][0]["alert"], alerts[1]);
        let listed = admin.get("/api/alerts/").await.expect(200);
        assert_eq!((&listed["count"], &listed["results"][0]["id"]), (&json!(1), &json!(alerts[1])));
        let found = admin.get("/api/events/?q=ip:81.2.69.142").await.expect(200);
        assert_eq!(found["count"], 1);
        for (sql, n) in [
            ("select cast(coalesce(sum(n), 0) as bigint) from event_counts", 1),
            ("select cast(count(*) as bigint) from event_counts", 1),
            ("select cast(coalesce(sum(n), 0) as bigint) from alert_counts", 1),
            ("select cast(coalesce(sum(n), 0) as bigint) from rollups where kind = 1 and span = 30", 1),
            // The filter of what holds the one that stays is as it was.
            ("select count(*) from event_blocks where sealed = true", 1),
            ("select count(*) from event_block_bits where first_id not in (select first_id from event_blocks)", 0),
            ("select count(*) from audit where action = 'events.removed' and actor_kind = 'system'", 1),
        ] {
            assert_eq!(server.count(sql).await, n, "{sql}");
        }
        // Once more: what is left stays.
        assert_eq!(remove(app, ALL, "test").await.unwrap(), Removed::default());
        let metrics = admin.get("/metrics").await;
        assert!(metrics.text().contains("watchpost_retention_removed_events_total 5"));
    }
}

on_both! {
    async fn the_last_hour_stays_whatever_the_size(server) {
        server.event("LOW", "a").await;
        let tiny = Limits { age: None, size: Some(1) };
        assert_eq!(remove(server.server.app(), tiny, "test").await.unwrap(), Removed::default());
        let day = Limits { age: Some(Duration::from_hours(24)), size: Some(u64::MAX) };
        assert_eq!(remove(server.server.app(), day, "test").await.unwrap(), Removed::default());
        assert_eq!(server.count("select count(*) from events").await, 1);
    }
}

/// A server whose time the test moves.
async fn timed(kind: Kind, flags: &[&str]) -> (TestServer, MockClock) {
    let clock = MockClock::at(Timestamp::from_millis(1_800_000_000_000));
    let server = TestServer::start(kind, flags, Clock::mock(&clock)).await;
    (server, clock)
}

/// Signed in now: tokens end by the clock.
async fn admin(server: &TestServer) -> Client {
    let mut admin = server.anonymous();
    admin.sign_in(ADMIN.0, ADMIN.1).await;
    admin
}

async fn stop(server: TestServer) {
    server.server.stop().await;
    server.database.drop().await;
}

async fn storm_goes_last(kind: Kind) {
    let (server, clock) = timed(kind, &["--alert-budget", "1/hour"]).await;
    let key = server.key(None).await;
    let batch = |n| Value::Array(vec![event("HIGH", "loud"); n]);
    key.post("/api/events/", &batch(3)).await.expect(200);
    clock.advance(Duration::from_mins(5));
    key.post("/api/events/", &batch(3)).await.expect(200);
    let admin = admin(&server).await;
    let list = admin
        .get("/api/alerts/?ordering=created_at")
        .await
        .expect(200);
    let alerts = list["results"].as_array().unwrap();
    assert_eq!(alerts.len(), 2);
    let storm = format!("/api/alerts/{}/", alerts[1]["id"]);
    assert_eq!(admin.get(&storm).await.expect(200)["event_count"], json!(5));
    let old = Limits {
        age: Some(Duration::from_mins(4)),
        size: None,
    };
    let app = server.server.app();
    assert_eq!(remove(app, old, "test").await.unwrap(), Removed::default());
    for alert in alerts {
        let change = json!({"status": "RESOLVED"});
        let path = format!("/api/alerts/{}/", alert["id"]);
        admin.patch(&path, &change).await.expect(200);
    }
    // One had an alert of its own, and one is folded; what began the storm stands for others yet.
    let removed = remove(app, old, "test").await.unwrap();
    assert_eq!(
        removed,
        Removed {
            events: 2,
            alerts: 1
        }
    );
    let without = "select count(*) from events e where not exists \
        (select 1 from alerts a where a.event_id = coalesce(e.folded_into, e.id))";
    assert_eq!(server.count(without).await, 0);
    assert_eq!(admin.get(&storm).await.expect(200)["event_count"], json!(4));
    let listed = admin.get(&format!("{storm}events/")).await.expect(200);
    assert_eq!(
        (
            &listed["count"],
            listed["results"].as_array().unwrap().len()
        ),
        (&json!(4), 4)
    );
    clock.advance(Duration::from_mins(5));
    let removed = remove(app, old, "test").await.unwrap();
    assert_eq!(
        removed,
        Removed {
            events: 4,
            alerts: 1
        }
    );
    for empty in [
        "select count(*) from events",
        "select count(*) from alerts",
        "select cast(coalesce(sum(n), 0) as bigint) from alert_counts",
        "select cast(coalesce(sum(n), 0) as bigint) from event_counts",
    ] {
        assert_eq!(server.count(empty).await, 0, "{empty}");
    }
    stop(server).await;
}

#[test]
fn a_storm_keeps_its_alert_until_its_last_event_goes_sqlite() {
    run_alone(storm_goes_last(Kind::Sqlite));
}

#[test]
fn a_storm_keeps_its_alert_until_its_last_event_goes_postgres() {
    run_alone(storm_goes_last(Kind::Postgres));
}
