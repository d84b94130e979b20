//! Events that are not to be kept go, with their resolved alerts, and what is counted stays right.

use std::time::Duration;

use serde_json::{Value, json};
use watchpost::events::{Sealing, seal};
use watchpost::retention::{Limits, Removed, remove};

use base::{Clock, MockClock, Timestamp};

use crate::harness::{ADMIN, Client, Kind, TestServer, event, lock_waits, run_alone};

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
    server.end().await;
}

on_each_kind!(
    a_storm_keeps_its_alert_until_its_last_event_goes,
    storm_goes_last
);

/// Sends so many small events, and then some of 6,000 bytes.
async fn small_and_large(key: &Client, small: usize, large: usize) {
    let mut lines = vec![event("LOW", "a"); small];
    let mut long = event("LOW", "a");
    long["attributes"] = json!({"x": noise(6_000)});
    lines.extend(vec![long; large]);
    for part in lines.chunks(2_000) {
        key.post("/api/events/", &Value::Array(part.to_vec()))
            .await
            .expect(200);
    }
}

/// A text that does not become much smaller by compression.
fn noise(length: usize) -> String {
    let mut state = 1_u64;
    let next = move |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b'!' + u8::try_from(state >> 58).unwrap())
    };
    let text: String = (0..length).map(next).collect();
    text.replace(['"', '\\'], "x")
}

async fn down_to(kind: Kind) {
    let (server, clock) = timed(kind, &[]).await;
    small_and_large(&server.key(None).await, 24_000, 0).await;
    clock.advance(Duration::from_hours(2));
    let app = server.server.app();
    let sized = |size| Limits {
        age: None,
        size: Some(size),
    };
    // What is kept in all, by one means or the other.
    let used: u64 = match kind {
        Kind::Sqlite => {
            let sql = "select (c.page_count - f.freelist_count) * s.page_size \
                from pragma_page_count() c, pragma_freelist_count() f, pragma_page_size() s";
            server.count(sql).await.try_into().unwrap()
        }
        Kind::Postgres => {
            let sql = "select cast(sum(pg_column_size(e.*)) * 4 / 3 as bigint) from events e";
            server.count(sql).await.try_into().unwrap()
        }
    };
    assert_eq!(
        remove(app, sized(used + used / 20), "test").await.unwrap(),
        Removed::default()
    );
    let removed = remove(app, sized(used - used / 10), "test").await.unwrap();
    assert!((2_400..20_000).contains(&removed.events), "{removed:?}");
    let left = "select count(*) from events";
    assert_eq!(
        server.count(left).await,
        24_000 - i64::try_from(removed.events).unwrap()
    );
    // The newest are the ones that are left.
    let oldest = "select min(id) from events";
    let before = server.count(oldest).await;
    assert_eq!(
        remove(app, sized(used), "test").await.unwrap(),
        Removed::default()
    );
    assert_eq!(server.count(oldest).await, before);
    server.end().await;
}

on_each_kind!(the_oldest_go_until_the_database_is_small_enough, down_to);

#[test]
fn large_events_at_the_end_do_not_stand_for_all() {
    run_alone(async {
        let (server, clock) = timed(Kind::Postgres, &[]).await;
        let key = server.key(None).await;
        small_and_large(&key, 10_000, 0).await;
        clock.advance(Duration::from_hours(2));
        small_and_large(&key, 0, 1_000).await;
        // The newest thousand, times all of them, would be 88 MB; the whole database has less than
        // 40, and its events 10.
        for size in [40_000_000, 14_000_000] {
            let limits = Limits {
                age: None,
                size: Some(size),
            };
            let removed = remove(server.server.app(), limits, "test").await.unwrap();
            assert_eq!(removed, Removed::default(), "{size}");
        }
        server.end().await;
    });
}

on_both! {
    async fn what_was_removed_is_told_once_it_can_be(server) {
        for severity in ["LOW", "INFO", "LOW"] {
            server.event(severity, "a").await;
        }
        let app = server.server.app();
        tokio::time::sleep(Duration::from_millis(2)).await;
        let (forbid, allow) = match server.database.kind() {
            Kind::Sqlite => (
                "create trigger no before insert on audit when new.action = 'events.removed' \
                 begin select raise(abort, 'no'); end",
                "drop trigger no",
            ),
            Kind::Postgres => (
                "alter table audit add constraint no check (action <> 'events.removed')",
                "alter table audit drop constraint no",
            ),
        };
        app.store.write(move |tx| tx.execute(forbid, &[])).await.unwrap();
        remove(app, ALL, "test").await.unwrap_err();
        assert_eq!(server.count("select count(*) from events").await, 0);
        app.store.write(move |tx| tx.execute(allow, &[])).await.unwrap();
        assert_eq!(remove(app, Limits::default(), "later").await.unwrap(), Removed::default());
        let told = server.admin.get("/api/audit/?action=events.removed").await.expect(200);
        assert_eq!(told["count"], 1, "{told}");
        let entry = &told["results"][0];
        assert_eq!((&entry["after"]["events"], &entry["after"]["alerts"]), (&json!(3), &json!(0)), "{told}");
        remove(app, Limits::default(), "later").await.unwrap();
        let told = server.admin.get("/api/audit/?action=events.removed").await.expect(200);
        assert_eq!(told["count"], 1);
    }
}

#[test]
fn nobody_waits_with_counts_while_a_removal_is_told() {
    run_alone(async {
        let server = TestServer::start(Kind::Postgres, &[], Clock::system()).await;
        server.event("LOW", "a").await;
        let other = server.database.connect().await;
        let watcher = server.database.connect().await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        // The end of the activity log is held: the removal can do all but tell of itself.
        other
            .batch_execute("begin; select seq from audit_head for update")
            .await
            .unwrap();
        let app = server.server.app().clone();
        let removing = tokio::spawn(async move { remove(&app, ALL, "test").await.unwrap() });
        lock_waits(&watcher, 1, || removing.is_finished()).await;
        watcher
            .batch_execute(
                "set lock_timeout = '10s'; insert into event_counts \
                 (hour, source_id, severity, shard, n) values (1, 1, 1, 1, -1), (1, 1, 1, 2, 1)",
            )
            .await
            .expect("whoever counts does not wait for it");
        other.batch_execute("commit").await.unwrap();
        removing.await.unwrap();
        // Those of the day are gone; of others it knows nothing.
        let left = "select count(*) from event_counts";
        assert_eq!(server.count(left).await, 2);
        server.end().await;
    });
}
