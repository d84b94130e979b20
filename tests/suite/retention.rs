//! Events that are not to be kept go, with their resolved alerts, and what is counted stays right.

use std::time::Duration;

use serde_json::json;
use watchpost::events::{Sealing, seal};
use watchpost::retention::{Limits, Removed, remove};

use crate::harness::event;

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
