//! Events: found by every filter, shown, changed and deleted.

use serde_json::{Value, json};

use crate::harness::event;

fn ids(list: &Value) -> Vec<i64> {
    list["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["id"].as_i64().unwrap())
        .collect()
}

on_both! {
    async fn a_stored_event_is_answered_whole(server) {
        let sent = json!({
            "source_name": "fw-01", "event_type": "Intrusion", "severity": "high",
            "description": "12 failed logins", "ip_address": "81.2.69.142",
            "occurred_at": "2026-01-31T23:59:00+01:00", "tags": ["ssh"],
            "attributes": {"port": 22}, "sensor": {"rack": 4},
            "id": 1, "timestamp": "1999-01-01T00:00:00Z", "alert": 5, "geo": {"country": "XX"},
        });
        let answer = server.admin.post("/api/events/", &sent).await;
        let event = answer.expect(201);
        assert_eq!(answer.header("location"), format!("/api/events/{}/", event["id"]));
        assert_eq!(event["event_type"], "intrusion");
        assert_eq!(event["severity"], "HIGH");
        assert_eq!(event["occurred_at"], "2026-01-31T22:59:00.000000Z");
        assert_eq!(event["tags"], json!(["ssh"]));
        assert_eq!(event["attributes"], json!({"port": 22, "sensor": {"rack": 4}}));
        assert_eq!(event["geo"]["country_code"], "GB");
        assert!(event["id"].as_i64().unwrap() > 1);
        assert!(event["timestamp"].as_str().unwrap() > "2025");
        assert!(event["alert"].as_i64().unwrap() > 0);
        let path = format!("/api/events/{}/", event["id"]);
        let shown = server.admin.get(&path).await;
        assert_eq!(shown.expect(200), event);
        assert_eq!(shown.header("etag"), "\"1\"");
    }
}

on_both! {
    async fn private_and_reserved_addresses_are_labelled(server) {
        for (address, label) in [("10.1.2.3", "private"), ("127.0.0.1", "loopback"), ("203.0.113.9", "documentation")] {
            let mut sent = event("LOW", "fw");
            sent["ip_address"] = json!(address);
            let event = server.admin.post("/api/events/", &sent).await.expect(201);
            assert_eq!(event["geo"]["label"], label, "{event}");
            assert_eq!(event["geo"]["country_code"], Value::Null);
        }
    }
}

on_both! {
    async fn every_filter_finds_what_it_names(server) {
        let mut all = Vec::new();
        for (severity, source) in [("INFO", "a"), ("LOW", "a"), ("HIGH", "b"), ("CRITICAL", "c")] {
            all.push(server.event(severity, source).await);
        }
        let mut odd = event("MEDIUM", "Käse-Sensor");
        odd["event_type"] = json!("malware");
        odd["description"] = json!("Ransom NOTE Überall");
        odd["ip_address"] = json!("2001:db8::0001");
        all.push(server.admin.post("/api/events/", &odd).await.expect(201));
        let time = all[2]["timestamp"].as_str().unwrap().to_owned();
        let find = async |query: &str| {
            let list = server.admin.get(&format!("/api/events/?{query}")).await.expect(200);
            let found = ids(&list);
            let mut places: Vec<usize> = found
                .iter()
                .map(|id| all.iter().position(|event| event["id"] == *id).unwrap())
                .collect();
            places.sort_unstable();
            places
        };
        assert_eq!(find("").await, [0, 1, 2, 3, 4]);
        assert_eq!(find("severity=high").await, [2]);
        assert_eq!(find("severity=High,critical").await, [2, 3]);
        assert_eq!(find("severity=LOW&severity=INFO").await, [0, 1]);
        assert_eq!(find("source_name=a").await, [0, 1]);
        assert_eq!(find("source=a&severity=LOW").await, [1]);
        assert_eq!(find("source_name=nobody").await, [] as [usize; 0]);
        assert_eq!(find("event_type=malware").await, [4]);
        assert_eq!(find("ip_address=2001:db8:0::1").await, [4]);
        assert_eq!(find("country=gb").await, [0, 1, 2, 3]);
        assert_eq!(find("search=note%20ransom").await, [4]);
        assert_eq!(find("search=%C3%BCBERALL%20k%C3%A4se").await, [4]);
        assert_eq!(find("search=100%25").await, [] as [usize; 0]);
        assert_eq!(find("has_alert=true").await, [2, 3]);
        assert_eq!(find("has_alert=false&severity=medium").await, [4]);
        assert!(!find(&format!("to={time}")).await.contains(&2));
        assert!(find(&format!("from={time}")).await.contains(&2));
    }
}

on_both! {
    async fn what_is_unknown_in_a_query_is_refused_by_name(server) {
        for (query, field) in [
            ("colour=red", "colour"), ("severity=severe", "severity"), ("from=yesterday", "from"),
            ("ip_address=300.1.1.1", "ip_address"), ("country=Germany", "country"),
            ("has_alert=maybe", "has_alert"), ("ordering=colour", "ordering"),
            ("page_size=0", "page_size"), ("page_size=101", "page_size"), ("page=0", "page"), ("page=501", "page"), ("cursor=abc", "cursor"),
            ("search=%00", "search"),
        ] {
            let answer = server.admin.get(&format!("/api/events/?{query}")).await;
            assert_eq!(answer.refused(), [field], "{query}");
        }
    }
}

on_both! {
    async fn pages_go_forth_and_back_without_loss(server) {
        let lines: String = (0..25).map(|n| {
            let severity = if n % 5 == 0 { "HIGH" } else { "LOW" };
            format!("{}\n", event(severity, "s"))
        }).collect();
        let client = server.admin.with("content-type", "application/x-ndjson");
        client.send(http::Method::POST, "/api/events/", lines).await.expect(200);
        for query in ["", "&ordering=timestamp", "&severity=HIGH", "&source=s"] {
            let whole = server.admin.get(&format!("/api/events/?page_size=100{query}")).await.expect(200);
            let whole = ids(&whole);
            let mut path = format!("/api/events/?page_size=4{query}");
            let mut forth = Vec::new();
            let mut pages = Vec::new();
            loop {
                let page = server.admin.get(&path).await.expect(200);
                forth.extend(ids(&page));
                pages.push(ids(&page));
                let Some(next) = page["next"].as_str() else {
                    // And back again, page by page.
                    let mut at = page;
                    pages.pop();
                    while let Some(previous) = at["previous"].as_str() {
                        at = server.admin.get(previous).await.expect(200);
                        assert_eq!(Some(ids(&at)), pages.pop(), "{query}");
                    }
                    break;
                };
                path = next.to_owned();
            }
            assert_eq!(forth, whole, "{query}");
            assert!(pages.is_empty(), "{query}");
        }
        let list = server.admin.get("/api/events/?severity=HIGH").await.expect(200);
        assert_eq!(list["count"], 5);
        let list = server.admin.get("/api/events/").await.expect(200);
        assert_eq!(list["count"], 25);
    }
}

on_both! {
    async fn a_change_that_lifts_an_event_raises_its_alert_once(server) {
        let event = server.event("LOW", "fw").await;
        assert_eq!(event["alert"], Value::Null);
        let path = format!("/api/events/{}/", event["id"]);
        let lifted = server.admin.patch(&path, &json!({"severity": "critical"})).await.expect(200);
        assert_eq!(lifted["version"], 2);
        let alert = lifted["alert"].as_i64().unwrap();
        let again = server.admin.patch(&path, &json!({"severity": "HIGH", "tags": ["x"], "ip_address": null})).await.expect(200);
        assert_eq!(again["alert"], alert);
        assert_eq!(again["ip_address"], Value::Null);
        assert_eq!(again["description"], event["description"]);
        assert_eq!(server.count("select count(*) from alerts").await, 1);
        let shown = server.admin.get(&format!("/api/alerts/{alert}/")).await.expect(200);
        assert_eq!(shown["severity"], "HIGH");
        let high = server.admin.get("/api/alerts/?severity=HIGH&status=OPEN").await.expect(200);
        assert_eq!(high["count"], 1);
        assert_eq!(server.admin.get("/api/alerts/?severity=CRITICAL").await.expect(200)["count"], 0);
    }
}

on_both! {
    async fn put_replaces_and_patch_keeps(server) {
        let mut sent = event("LOW", "fw");
        sent["tags"] = json!(["one"]);
        sent["extra"] = json!(7);
        let made = server.admin.post("/api/events/", &sent).await.expect(201);
        let path = format!("/api/events/{}/", made["id"]);
        let kept = server.admin.patch(&path, &json!({"description": "new"})).await.expect(200);
        assert_eq!(kept["tags"], json!(["one"]));
        assert_eq!(kept["attributes"], json!({"extra": 7}));
        let replaced = server.admin.put(&path, &event("LOW", "other")).await.expect(200);
        assert_eq!(replaced["source_name"], "other");
        assert_eq!(replaced["tags"], json!([]));
        assert_eq!(replaced["attributes"], json!({}));
        assert_eq!(replaced["timestamp"], made["timestamp"]);
        assert_eq!(server.admin.get(&path).await.expect(200), replaced);
        let list = server.admin.get("/api/events/?source=other").await.expect(200);
        assert_eq!(list["count"], 1);
        let list = server.admin.get("/api/events/?source=fw").await.expect(200);
        assert_eq!(list["count"], 0);
        assert_eq!(server.admin.patch(&path, &json!({"colour": 1})).await.refused(), ["colour"]);
        assert_eq!(server.admin.put(&path, &json!({})).await.refused().len(), 4);
    }
}

on_both! {
    async fn a_stale_change_is_refused(server) {
        let event = server.event("LOW", "fw").await;
        let path = format!("/api/events/{}/", event["id"]);
        let second = server.admin.with("if-match", "\"2\"");
        second.patch(&path, &json!({"description": "x"})).await.problem(412);
        let first = server.admin.with("if-match", "\"1\"");
        first.patch(&path, &json!({"description": "x"})).await.expect(200);
        first.patch(&path, &json!({"description": "y"})).await.problem(412);
        first.delete(&path).await.problem(412);
        server.admin.with("if-match", "nonsense").patch(&path, &json!({"description": "x"})).await.problem(400);
    }
}

on_both! {
    async fn deleting_an_event_deletes_its_alert(server) {
        let event = server.event("CRITICAL", "fw").await;
        let path = format!("/api/events/{}/", event["id"]);
        server.admin.delete(&path).await.expect(204);
        server.admin.get(&path).await.problem(404);
        server.admin.delete(&path).await.problem(404);
        let alert = format!("/api/alerts/{}/", event["alert"]);
        server.admin.get(&alert).await.problem(404);
        assert_eq!(server.admin.get("/api/alerts/").await.expect(200)["count"], 0);
        assert_eq!(server.admin.get("/api/events/").await.expect(200)["count"], 0);
        let audit = server.admin.get("/api/audit/?action=event.deleted").await.expect(200);
        assert_eq!(audit["results"][0]["before"]["event"]["id"], event["id"]);
    }
}
