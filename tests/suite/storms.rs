//! Storms of alerts, and senders that want more room than there is.

use std::net::IpAddr;

use http::Method;
use serde_json::{Value, json};
use watchpost::limits::network_of;

use crate::harness::{Kind, TestServer, event, lock_waits, run};

fn batch(severity: &str, source: &str, n: usize) -> Value {
    Value::Array(vec![event(severity, source); n])
}

async fn alerts(server: &TestServer) -> Vec<Value> {
    let list = server
        .admin
        .get("/api/alerts/?page_size=100&ordering=created_at")
        .await
        .expect(200);
    list["results"].as_array().unwrap().clone()
}

on_both! {
    ["--alert-budget", "3/hour"]
    async fn beyond_its_budget_a_source_gets_one_alert_that_gathers_the_rest(server) {
        let key = server.key(None).await;
        key.post("/api/events/", &batch("HIGH", "loud", 2)).await.expect(200);
        key.post("/api/events/", &batch("HIGH", "loud", 10)).await.expect(200);
        key.post("/api/events/", &batch("HIGH", "loud", 5)).await.expect(200);
        server.event("HIGH", "calm").await;
        let found = alerts(server).await;
        let counts: Vec<i64> = found.iter().map(|it| it["event_count"].as_i64().unwrap()).collect();
        // Three of its own, one that stands for the other fourteen, and the calm source's.
        assert_eq!(counts, [1, 1, 1, 14, 1]);
        let storm = &found[3];
        assert!(storm["last_event_at"].is_string());
        assert_eq!(found[0]["last_event_at"], Value::Null);
        let path = format!("/api/alerts/{}/events/?page_size=10", storm["id"]);
        let first = server.admin.get(&path).await.expect(200);
        assert_eq!(first["count"], 14);
        let next = first["next"].as_str().unwrap().to_owned();
        let rest = server.admin.get(&next).await.expect(200);
        let events: Vec<&Value> = [&first, &rest].iter().flat_map(|it| it["results"].as_array().unwrap()).collect();
        assert_eq!(events.len(), 14);
        assert!(events.iter().all(|event| event["alert"] == storm["id"]));
        assert_eq!(events[13]["id"], storm["event"]["id"]);
        // Everything was stored, and every event names its alert.
        assert_eq!(server.count("select count(*) from events").await, 18);
        let severe = server.admin.get("/api/events/?severity=HIGH&has_alert=true&page_size=100").await.expect(200);
        assert_eq!(severe["results"].as_array().unwrap().len(), 18);
        let stats = server.admin.get("/api/stats/").await.expect(200);
        assert_eq!(stats["unresolved"], 5, "{stats}");
    }
}

on_both! {
    ["--alert-budget", "1/hour"]
    async fn a_storm_that_was_resolved_begins_anew(server) {
        let key = server.key(None).await;
        key.post("/api/events/", &batch("CRITICAL", "loud", 5)).await.expect(200);
        let storm = alerts(server).await[1].clone();
        assert_eq!(storm["event_count"], 4);
        let path = format!("/api/alerts/{}/", storm["id"]);
        server.admin.patch(&path, &json!({"status": "RESOLVED"})).await.expect(200);
        key.post("/api/events/", &batch("CRITICAL", "loud", 3)).await.expect(200);
        let found = alerts(server).await;
        let counts: Vec<i64> = found.iter().map(|it| it["event_count"].as_i64().unwrap()).collect();
        assert_eq!(counts, [1, 4, 3]);
        // Each severity has a storm of its own: a CRITICAL one is not hidden in one of HIGH.
        key.post("/api/events/", &batch("HIGH", "loud", 2)).await.expect(200);
        let found = alerts(server).await;
        assert_eq!((&found[3]["severity"], &found[3]["event_count"]), (&json!("HIGH"), &json!(2)));
    }
}

on_both! {
    ["--alert-budget", "1/hour"]
    async fn an_event_of_a_storm_changes_and_goes_without_its_alert(server) {
        let key = server.key(None).await;
        key.post("/api/events/", &batch("HIGH", "loud", 4)).await.expect(200);
        let storm = alerts(server).await[1].clone();
        let path = format!("/api/alerts/{}/events/", storm["id"]);
        let newest = server.admin.get(&path).await.expect(200)["results"][0].clone();
        let event = format!("/api/events/{}/", newest["id"]);
        let changed = server.admin.patch(&event, &json!({"description": "another"})).await.expect(200);
        assert_eq!(changed["alert"], storm["id"]);
        server.admin.delete(&event).await.expect(204);
        let after = server.admin.get(&format!("/api/alerts/{}/", storm["id"])).await.expect(200);
        assert_eq!(after["title"], storm["title"]);
        assert_eq!((&after["event_count"], &after["version"]), (&json!(2), &storm["version"]));
        let left = server.admin.get(&path).await.expect(200);
        assert_eq!((&left["count"], left["results"].as_array().unwrap().len()), (&json!(2), 2));
        assert_eq!(server.count("select count(*) from alerts").await, 2);
    }
}

on_both! {
    ["--alert-budget", "1/hour"]
    async fn the_event_that_began_a_storm_stays_while_its_alert_gathers(server) {
        let key = server.key(None).await;
        key.post("/api/events/", &batch("HIGH", "loud", 4)).await.expect(200);
        let storm = alerts(server).await[1].clone();
        server.admin.patch(&format!("/api/alerts/{}/", storm["id"]), &json!({"status": "RESOLVED"})).await.expect(200);
        let first = format!("/api/events/{}/", storm["event"]["id"]);
        let refused = server.admin.delete(&first).await.problem(409);
        assert!(refused["detail"].as_str().unwrap().contains(&format!("#{}", storm["id"])), "{refused}");
        let path = format!("/api/alerts/{}/events/", storm["id"]);
        let events = server.admin.get(&path).await.expect(200)["results"].as_array().unwrap().clone();
        assert_eq!(events.len(), 3);
        for folded in &events[..2] {
            let by_hand = format!("/api/events/{}/alert/", folded["id"]);
            server.admin.post(&by_hand, &json!({})).await.problem(409);
            server.admin.delete(&format!("/api/events/{}/", folded["id"])).await.expect(204);
        }
        let alone = server.admin.get(&format!("/api/alerts/{}/", storm["id"])).await.expect(200);
        assert_eq!(alone["event_count"], 1);
        server.admin.delete(&first).await.expect(204);
        assert_eq!(server.count("select count(*) from alerts").await, 1);
        // What comes then is another storm.
        key.post("/api/events/", &batch("HIGH", "loud", 2)).await.expect(200);
        let found = alerts(server).await;
        assert_eq!((found.len(), &found[1]["event_count"]), (2, &json!(2)));
    }
}

on_both! {
    ["--alert-budget", "20/hour"]
    async fn a_storm_over_many_connections_is_one_alert(server) {
        let key = server.key(None).await;
        let senders: Vec<_> = (0..8).map(|_| {
            let key = key.clone();
            tokio::spawn(async move {
                for _ in 0..10 {
                    key.post("/api/events/", &batch("HIGH", "loud", 5)).await.expect(200);
                }
            })
        }).collect();
        for sender in senders {
            sender.await.unwrap();
        }
        assert_eq!(server.count("select count(*) from events").await, 400);
        assert_eq!(server.count("select count(*) from alerts").await, 21);
        let gathered = "select cast(sum(event_count) as bigint) from alerts";
        assert_eq!(server.count(gathered).await, 400);
    }
}

on_both! {
    async fn large_bodies_share_their_memory_and_small_ones_still_get_in(server) {
        let key = server.key(None).await.with("content-type", "application/x-ndjson");
        // Each unfolds to 30 MiB: more of them at once than there is room for.
        let line = format!("{}\n", event("LOW", "large"));
        let padding = " ".repeat(6_000);
        let text = format!("{padding}{line}").repeat(4_000);
        let packed = zstd::encode_all(text.as_bytes(), 1).unwrap();
        let large = key.with("content-encoding", "zstd");
        let senders: Vec<_> = (0..8).map(|_| {
            let (large, packed) = (large.clone(), packed.clone());
            tokio::spawn(async move {
                large.send(Method::POST, "/api/events/", packed).await.status
            })
        }).collect();
        key.send(Method::POST, "/api/events/", line.clone()).await.expect(200);
        let mut stored = 1;
        for sender in senders {
            match sender.await.unwrap().as_u16() {
                200 => stored += 4_000,
                status => assert_eq!(status, 503),
            }
        }
        assert_eq!(server.count("select count(*) from events").await, stored);
        let room = server.server.app().limits.bodies.clone();
        assert_eq!(room.used(), 0);
        // While most of a sender's share is held, what unfolds to much finds no room.
        let held = room.take(&network_of(IpAddr::from([127, 0, 0, 1])), 100 << 20).unwrap();
        let refused = large.send(Method::POST, "/api/events/", packed.clone()).await;
        refused.problem(503);
        assert_eq!(refused.header("retry-after"), "2");
        key.send(Method::POST, "/api/events/", line).await.expect(200);
        drop(held);
        large.send(Method::POST, "/api/events/", packed).await.expect(200);
        assert_eq!(server.count("select count(*) from events").await, stored + 4_001);
        assert_eq!(room.used(), 0);
    }
}

/// A bulk change locks alerts in the order of their numbers, and so does whoever gathers in several.
#[test]
fn several_storms_gather_in_the_order_in_which_people_change_alerts() {
    run(
        Kind::Postgres,
        &["--alert-budget", "1/hour"],
        async |server| {
            let key = server.key(None).await;
            key.post("/api/events/", &batch("LOW", "loud", 1))
                .await
                .expect(200);
            // The CRITICAL storm is the older one, and the lesser in the order of severities.
            for severity in ["CRITICAL", "HIGH"] {
                key.post("/api/events/", &batch(severity, "loud", 3))
                    .await
                    .expect(200);
            }
            let found = alerts(server).await;
            let of = |severity: &str| {
                let mut storms = found.iter().filter(|it| it["event_count"] != 1);
                let storm = storms.find(|it| it["severity"] == severity).unwrap();
                storm["id"].as_i64().unwrap()
            };
            let (critical, high) = (of("CRITICAL"), of("HIGH"));
            assert!(critical < high);
            let people = server.database.connect().await;
            let watcher = server.database.connect().await;
            let lock = |id: i64| format!("select id from alerts where id = {id} for update nowait");
            people
                .batch_execute(&format!("begin; {}", lock(critical)))
                .await
                .unwrap();
            let sent = tokio::spawn({
                let key = key.clone();
                async move {
                    let events = json!([event("HIGH", "loud"), event("CRITICAL", "loud")]);
                    key.post("/api/events/", &events).await.expect(200);
                }
            });
            lock_waits(&watcher, 1, || sent.is_finished()).await;
            people
                .batch_execute(&lock(high))
                .await
                .expect("whoever waits for the first holds none of the others");
            people.batch_execute("commit").await.unwrap();
            sent.await.unwrap();
            let gathered = "select cast(sum(event_count) as bigint) from alerts";
            assert_eq!(server.count(gathered).await, 8);
        },
    );
}

/// A transaction that waits for the answer of another with the same key holds up nobody's audit.
#[test]
fn who_waits_for_an_answer_does_not_hold_the_audit_log() {
    run(Kind::Postgres, &[], async |server| {
        let other = server.database.connect().await;
        let watcher = server.database.connect().await;
        let keyed = server.admin.with("idempotency-key", "k-1");
        keyed
            .post("/api/events/", &event("LOW", "a"))
            .await
            .expect(201);
        // Another server is about to keep an answer under the next key.
        other
            .batch_execute(
                "begin; insert into repeats (scope, key, body_hash, answer, created_at) \
                 select scope, 'k-2', body_hash, answer, created_at from repeats where key = 'k-1'",
            )
            .await
            .unwrap();
        let sent = tokio::spawn({
            let keyed = server.admin.with("idempotency-key", "k-2");
            async move { keyed.post("/api/events/", &event("LOW", "a")).await.status }
        });
        lock_waits(&watcher, 1, || sent.is_finished()).await;
        assert!(!sent.is_finished());
        other
            .batch_execute("select seq from audit_head for update nowait")
            .await
            .expect("the end of the audit log is free");
        other.batch_execute("rollback").await.unwrap();
        assert_eq!(sent.await.unwrap(), 201);
    });
}
