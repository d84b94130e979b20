//! Alertmanager's webhook, and Prometheus posting to `/api/v2/alerts`: what fires opens an alert,
//! what is resolved closes it, and nothing is told twice.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, TestServer};

const HOOK: &str = "/api/ingest/alertmanager/";
const POSTED: &str = "/api/v2/alerts";

fn recorded(name: &str) -> Value {
    let path = format!("{}/tests/fixtures/wire/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    serde_json::from_slice(&bytes[end + 4..]).unwrap()
}

fn alert(status: &str, name: &str, starts: &str) -> Value {
    json!({
        "status": status,
        "labels": {"alertname": name, "severity": "critical", "instance": "192.0.2.7:9100"},
        "annotations": {"summary": format!("{name} is down")},
        "startsAt": starts,
        "endsAt": if status == "firing" { "0001-01-01T00:00:00Z" } else { "2026-01-01T01:00:00Z" },
        "fingerprint": format!("{name}-fp"),
    })
}

fn message(alerts: &[Value]) -> Value {
    json!({"version": "4", "receiver": "wp", "status": "firing", "alerts": alerts})
}

const START: &str = "2026-01-01T00:00:00.123456789Z";

fn firing() -> Value {
    message(&[alert("firing", "a", START)])
}

fn resolved() -> Value {
    message(&[alert("resolved", "a", START)])
}

/// As Prometheus sends it: with a start, and an end before or after now.
fn prometheus(name: &str, starts: Option<&str>, ends: &str) -> Value {
    let mut alert = json!({
        "labels": {"alertname": name, "severity": "page"},
        "annotations": {"summary": format!("{name} fires")},
        "endsAt": ends, "generatorURL": "http://prometheus:9090/graph",
    });
    if let Some(starts) = starts {
        alert["startsAt"] = starts.into();
    }
    json!([alert])
}

const FUTURE: &str = "2099-01-01T00:00:00Z";
const PAST: &str = "2026-01-02T00:00:00Z";

async fn hook(client: &Client, message: &Value) -> Value {
    client.post(HOOK, message).await.expect(200)
}

async fn post(client: &Client, alerts: &Value) -> Answer {
    let answer = client.post(POSTED, alerts).await;
    if answer.status == 200 {
        assert!(answer.body.is_empty());
    }
    answer
}

async fn events(server: &TestServer) -> i64 {
    server.count("select count(*) from events").await
}

/// Alerts by their numbers, oldest first.
async fn alerts(server: &TestServer) -> Vec<Value> {
    let page = server
        .admin
        .get("/api/alerts/?page_size=100")
        .await
        .expect(200);
    let mut alerts = page["results"].as_array().unwrap().clone();
    alerts.sort_by_key(|alert| alert["id"].as_i64());
    alerts
}

async fn statuses(server: &TestServer) -> Vec<String> {
    let alerts = alerts(server).await;
    alerts
        .iter()
        .map(|it| it["status"].as_str().unwrap().to_owned())
        .collect()
}

on_both! {
    async fn recorded_messages_open_alerts_and_close_them(server) {
        let client = server.key(None).await;
        let answer = hook(&client, &recorded("alertmanager_0.25_firing.http")).await;
        assert_eq!((&answer["accepted"], &answer["repeated"]), (&json!(2), &json!(0)));
        assert_eq!(statuses(server).await, ["OPEN", "OPEN"]);
        let event = &alerts(server).await[0]["event"];
        assert_eq!(event["source_name"], "alertmanager");
        assert_eq!(event["event_type"], "hostdown");
        assert_eq!(event["severity"], "CRITICAL");
        assert_eq!(event["attributes"]["rule"]["reference"], "http://127.0.0.1/rb");
        hook(&client, &recorded("alertmanager_0.25_resolved.http")).await;
        for alert in alerts(server).await {
            assert_eq!(alert["status"], "RESOLVED");
            assert_eq!(alert["resolution"], "AUTO_RESOLVED");
            assert_eq!(alert["resolution_note"], "Resolved by its source alertmanager");
        }
        assert_eq!(events(server).await, 4);
        let stats = server.admin.get("/api/stats/").await.expect(200);
        assert_eq!((&stats["unresolved"], &stats["by_status"]["OPEN"]), (&json!(0), &json!(0)));
    }
}

on_both! {
    async fn what_fires_on_is_stored_once(server) {
        let client = server.key(None).await;
        let first = hook(&client, &firing()).await;
        for _ in 0..3 {
            let again = hook(&client, &firing()).await;
            assert_eq!((&again["accepted"], &again["repeated"]), (&json!(1), &json!(1)));
        }
        assert_eq!(first["repeated"], 0);
        assert_eq!((events(server).await, statuses(server).await.len()), (1, 1));
        hook(&client, &resolved()).await;
        assert_eq!(hook(&client, &resolved()).await["repeated"], 1);
        assert_eq!(events(server).await, 2);
        assert_eq!(hook(&client, &firing()).await["repeated"], 1, "a late copy opens nothing");
        assert_eq!(statuses(server).await, ["RESOLVED"]);
        let later = message(&[alert("firing", "a", "2026-01-03T00:00:00Z")]);
        assert_eq!(hook(&client, &later).await["repeated"], 0, "it fires anew");
        assert_eq!(statuses(server).await, ["RESOLVED", "OPEN"]);
    }
}

on_both! {
    async fn the_same_labels_have_one_unresolved_alert(server) {
        let client = server.key(None).await;
        hook(&client, &firing()).await;
        // It stopped and began again between two messages, or its sender was started anew.
        let restarted = "2026-01-01T00:30:00Z";
        let again = message(&[alert("firing", "a", restarted)]);
        assert_eq!(hook(&client, &again).await["repeated"], 1);
        assert_eq!(hook(&client, &again).await["repeated"], 1);
        assert_eq!(statuses(server).await, ["OPEN"]);
        hook(&client, &message(&[alert("resolved", "a", restarted)])).await;
        assert_eq!(statuses(server).await, ["RESOLVED"]);
    }
}

on_both! {
    async fn the_timeline_and_the_audit_log_say_who_resolved_it(server) {
        let client = server.key(Some("edge")).await;
        hook(&client, &firing()).await;
        hook(&client, &resolved()).await;
        let id = alerts(server).await[0]["id"].as_i64().unwrap();
        let timeline = server.admin.get(&format!("/api/alerts/{id}/timeline/")).await.expect(200);
        let last = timeline["results"].as_array().unwrap().last().unwrap().clone();
        assert_eq!(last["kind"], "CHANGED");
        assert_eq!(last["actor"], json!({"id": null, "username": "sensor"}), "a key is no person");
        assert_eq!(last["text"], "Resolved by its source edge");
        assert_eq!(last["changes"]["status"], json!({"from": "OPEN", "to": "RESOLVED"}));
        assert_eq!(last["changes"]["resolution"], json!({"from": null, "to": "AUTO_RESOLVED"}));
        let audit = server.admin.get("/api/audit/?action=alert.resolved_at_source").await.expect(200);
        let entry = &audit["results"][0];
        assert_eq!((&entry["actor_kind"], &entry["actor"]), (&json!("key"), &json!("sensor")));
        assert_eq!(entry["object_id"], id.to_string());
        assert_eq!(entry["before"]["status"], "OPEN");
        assert_eq!(entry["after"]["status"], "RESOLVED");
        server.admin.get("/api/audit/verify/").await.expect(200);
    }
}

on_both! {
    async fn an_alert_somebody_works_on_is_resolved_and_stays_theirs(server) {
        let client = server.key(None).await;
        let rex = server.user("rex", "RESPONDER").await;
        hook(&client, &firing()).await;
        let id = alerts(server).await[0]["id"].as_i64().unwrap();
        let path = format!("/api/alerts/{id}/");
        rex.patch(&path, &json!({"status": "ACKNOWLEDGED"})).await.expect(200);
        hook(&client, &resolved()).await;
        let after = server.admin.get(&path).await.expect(200);
        assert_eq!(after["status"], "RESOLVED");
        assert_eq!(after["assigned_to"]["username"], "rex");
        assert!(after["acknowledged_at"].is_string());
    }
}

on_both! {
    async fn what_somebody_resolved_stays_as_they_left_it(server) {
        let client = server.key(None).await;
        hook(&client, &firing()).await;
        let id = alerts(server).await[0]["id"].as_i64().unwrap();
        let path = format!("/api/alerts/{id}/");
        let change = json!({"status": "RESOLVED", "resolution": "FALSE_POSITIVE", "note": "a drill"});
        server.admin.patch(&path, &change).await.expect(200);
        assert_eq!(hook(&client, &firing()).await["repeated"], 1, "it fires on, and was dealt with");
        hook(&client, &resolved()).await;
        let after = server.admin.get(&path).await.expect(200);
        assert_eq!(after["resolution"], "FALSE_POSITIVE");
        assert_eq!(after["version"], 2);
        server.admin.patch(&path, &json!({"status": "OPEN"})).await.expect(200);
        hook(&client, &resolved()).await;
        assert_eq!(statuses(server).await, ["OPEN"], "a copy ends nothing that was reopened");
    }
}

on_both! {
    async fn what_ends_before_it_is_known_opens_nothing(server) {
        let client = server.key(None).await;
        assert_eq!(hook(&client, &resolved()).await["accepted"], 1);
        assert_eq!(hook(&client, &firing()).await["repeated"], 1, "it came late and is over");
        assert_eq!((events(server).await, statuses(server).await.len()), (1, 0));
        let both = message(&[alert("firing", "b", START), alert("resolved", "b", START), alert("firing", "b", "2026-01-05T00:00:00Z")]);
        assert_eq!(hook(&client, &both).await["repeated"], 0);
        assert_eq!(statuses(server).await, ["RESOLVED", "OPEN"], "in the order they came");
    }
}

on_both! {
    async fn senders_do_not_close_what_others_opened(server) {
        let (one, other) = (server.key(Some("one")).await, server.key(Some("other")).await);
        hook(&one, &firing()).await;
        hook(&other, &resolved()).await;
        assert_eq!(statuses(server).await, ["OPEN"]);
        hook(&one, &resolved()).await;
        assert_eq!(statuses(server).await, ["RESOLVED"]);
    }
}

on_both! {
    async fn many_at_once_open_and_close_each_once(server) {
        let client = server.key(None).await;
        let names: Vec<String> = (0..8).map(|n| format!("host{n}")).collect();
        let mut sent = tokio::task::JoinSet::new();
        for round in 0..4 {
            for name in &names {
                let status = if round % 2 == 0 { "firing" } else { "resolved" };
                let message = message(&[alert(status, name, START)]);
                let client = client.clone();
                sent.spawn(async move { client.post(HOOK, &message).await.status.as_u16() });
            }
        }
        while let Some(status) = sent.join_next().await {
            assert_eq!(status.unwrap(), 200);
        }
        // Whichever came first: nothing fires any more.
        let open = "select count(*) from alerts where status <> 3";
        assert_eq!(server.count(open).await, 0);
        let alerts = server.count("select count(*) from alerts").await;
        assert!(alerts <= 8, "{alerts}");
        let counted = "select cast(coalesce(sum(n), 0) as bigint) from alert_counts where status <> 3";
        assert_eq!(server.count(counted).await, 0);
    }
}

on_both! {
    async fn people_and_sources_change_alerts_at_the_same_time(server) {
        let client = server.key(None).await;
        let names: Vec<String> = (0..12).map(|n| format!("host{n}")).collect();
        let of = |status: &str| {
            let alerts: Vec<Value> = names.iter().map(|name| alert(status, name, START)).collect();
            message(&alerts)
        };
        hook(&client, &of("firing")).await;
        let ids: Vec<i64> = alerts(server).await.iter().map(|it| it["id"].as_i64().unwrap()).collect();
        let mut sent = tokio::task::JoinSet::new();
        for id in ids.into_iter().rev() {
            let admin = server.admin.clone();
            sent.spawn(async move {
                let path = format!("/api/alerts/{id}/");
                admin.patch(&path, &json!({"status": "ACKNOWLEDGED"})).await.status.as_u16()
            });
        }
        let over = of("resolved");
        sent.spawn({
            let client = client.clone();
            async move { client.post(HOOK, &over).await.status.as_u16() }
        });
        while let Some(status) = sent.join_next().await {
            // One who comes too late hears that it is resolved.
            assert!([200, 409].contains(&status.unwrap()));
        }
        assert!(statuses(server).await.iter().all(|status| status == "RESOLVED"));
        server.admin.get("/api/audit/verify/").await.expect(200);
    }
}

on_both! {
    async fn keys_last_as_long_as_their_alerts_and_two_days_more(server) {
        let client = server.key(None).await;
        hook(&client, &firing()).await;
        let open = message(&[alert("firing", "b", START)]);
        hook(&client, &open).await;
        hook(&client, &resolved()).await;
        // Three days pass without a word.
        let store = &server.server.app().store;
        let age = async || {
            let sql = "update event_keys set seen_at = seen_at - 259200000000";
            store.write(|tx| tx.execute(sql, &[])).await.unwrap();
        };
        age().await;
        // Far more than one transaction forgets.
        store.write(|tx| {
            let old = "insert into event_keys (hash, event_id, seen_at) values ($1, 1, 5)";
            let hashes: Vec<[u8; 16]> = (0..1_200_u128).map(u128::to_be_bytes).collect();
            let rows: Vec<Vec<store::Arg<'_>>> = hashes.iter().map(|hash| vec![hash.into()]).collect();
            tx.execute_many(old, &rows)
        }).await.unwrap();
        watchpost::ingest::forget_old_keys(server.server.app()).await.unwrap();
        assert_eq!(server.count("select count(*) from event_keys").await, 2, "those of the open alert");
        age().await;
        assert_eq!(hook(&client, &open).await["repeated"], 1, "it fires on, and is known");
        hook(&client, &message(&[alert("resolved", "b", START)])).await;
        assert_eq!(statuses(server).await, ["RESOLVED", "RESOLVED"]);
        age().await;
        assert_eq!(hook(&client, &open).await["repeated"], 0, "nobody spoke of it for days");
        assert_eq!(statuses(server).await, ["RESOLVED", "RESOLVED", "OPEN"]);
    }
}

on_both! {
    async fn what_prometheus_sends_fires_until_its_end_is_past(server) {
        let client = server.key(None).await;
        let start = Some("2026-01-01T00:00:00Z");
        for _ in 0..3 {
            post(&client, &prometheus("DiskFull", start, FUTURE)).await.expect(200);
        }
        assert_eq!((events(server).await, statuses(server).await), (1, vec!["OPEN".to_owned()]));
        // A Prometheus that was restarted names another start.
        post(&client, &prometheus("DiskFull", Some("2026-01-01T05:00:00Z"), FUTURE)).await.expect(200);
        assert_eq!(statuses(server).await, ["OPEN"]);
        for _ in 0..3 {
            post(&client, &prometheus("DiskFull", Some("2026-01-01T05:00:00Z"), PAST)).await.expect(200);
        }
        assert_eq!((events(server).await, statuses(server).await), (2, vec!["RESOLVED".to_owned()]));
        let event = &alerts(server).await[0]["event"];
        assert_eq!((&event["source_name"], &event["severity"]), (&json!("prometheus"), &json!("CRITICAL")));
    }
}

on_both! {
    async fn without_a_start_the_first_arrival_counts(server) {
        let client = server.key(None).await;
        post(&client, &prometheus("X", None, FUTURE)).await.expect(200);
        post(&client, &prometheus("X", None, FUTURE)).await.expect(200);
        assert_eq!((events(server).await, statuses(server).await), (1, vec!["OPEN".to_owned()]));
        post(&client, &prometheus("X", None, PAST)).await.expect(200);
        assert_eq!(statuses(server).await, ["RESOLVED"]);
        post(&client, &prometheus("X", None, FUTURE)).await.expect(200);
        assert_eq!(statuses(server).await, ["RESOLVED", "OPEN"], "it fires anew");
    }
}

on_both! {
    async fn a_bad_alert_is_named_and_the_others_stored(server) {
        let client = server.key(None).await;
        let body = json!([{"labels": {}}, {"labels": {"alertname": "Good", "severity": "high"}}, {"labels": {"a": 5}}]);
        let answer = post(&client, &body).await;
        let error = answer.expect(400);
        assert_eq!(error["code"], 400);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("[0].labels: at least one label"), "{message}");
        assert!(message.contains("[2].labels.a: must be a text"), "{message}");
        assert_eq!(statuses(server).await, ["OPEN"]);
        for bad in ["", "{}", "[1,", "\"x\""] {
            let answer = client.with("content-type", "application/json").send(Method::POST, POSTED, bad).await;
            assert_eq!(answer.expect(400)["code"], 400, "{bad}");
        }
        let answer = server.anonymous().post(POSTED, &json!([])).await;
        assert_eq!(answer.expect(401)["code"], 401);
    }
}

on_both! {
    async fn live_pages_hear_that_an_alert_was_resolved_at_its_source(server) {
        let client = server.key(None).await;
        hook(&client, &firing()).await;
        let id = alerts(server).await[0]["id"].as_i64().unwrap();
        let mut changes = server.server.app().changes.subscribe();
        hook(&client, &resolved()).await;
        let told = changes.try_recv().expect("announced before the answer");
        assert_eq!(told, watchpost::app::Change::AlertChanged(id));
    }
}
