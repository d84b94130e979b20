//! Alerts: found, triaged, told of, exported.

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
    async fn an_alert_is_shown_with_its_event_and_due_times(server) {
        let sent = server.event("CRITICAL", "fw").await;
        let answer = server.admin.get(&format!("/api/alerts/{}/", sent["alert"])).await;
        let alert = answer.expect(200);
        assert_eq!(answer.header("etag"), "\"1\"");
        assert_eq!((&alert["status"], &alert["severity"]), (&json!("OPEN"), &json!("CRITICAL")));
        assert_eq!(alert["event"], sent);
        for field in ["title", "created_at", "updated_at", "ack_due_at", "resolve_due_at"] {
            assert!(alert[field].is_string(), "{field}");
        }
        for field in ["assigned_to", "resolution", "acknowledged_at", "resolved_at"] {
            assert_eq!(alert[field], Value::Null, "{field}");
        }
        assert_eq!(alert["sla_breached"], false);
        let time = |field: &str| base::Timestamp::parse(alert[field].as_str().unwrap()).unwrap();
        assert_eq!(time("ack_due_at").since(time("created_at")).as_secs(), 15 * 60);
        assert_eq!(time("resolve_due_at").since(time("created_at")).as_secs(), 4 * 3_600);
    }
}

on_both! {
    async fn a_life_is_told_step_by_step(server) {
        let rex = server.user("rex", "RESPONDER").await;
        let alert = server.event("HIGH", "fw").await["alert"].as_i64().unwrap();
        let path = format!("/api/alerts/{alert}/");
        let first = rex.patch(&path, &json!({"status": "ACK", "note": "looking"})).await.expect(200);
        assert_eq!(first["assigned_to"]["username"], "rex");
        assert_eq!(first["version"], 2);
        let same = rex.patch(&path, &json!({"status": "acknowledged"})).await.expect(200);
        assert_eq!(same["version"], 2, "the same status again has no effect");
        let body = json!({"status": "RESOLVED", "resolution": "false_positive", "note": "scanner"});
        let resolved = rex.patch(&format!("/api/alerts/{alert}/status/"), &body).await.expect(200);
        assert_eq!(resolved["resolution"], "FALSE_POSITIVE");
        assert!(resolved["resolved_at"].is_string());
        rex.patch(&path, &json!({"status": "ACKNOWLEDGED"})).await.problem(409);
        let reopened = rex.patch(&format!("/api/dashboard/alerts/{alert}/status/"), &json!({"status": "Open"})).await.expect(200);
        assert_eq!(reopened["reopen_count"], 1);
        assert_eq!((&reopened["resolved_at"], &reopened["resolution"]), (&Value::Null, &Value::Null));
        rex.post(&format!("/api/alerts/{alert}/comments/"), &json!({"text": "again?"})).await.expect(201);
        let timeline = rex.get(&format!("/api/alerts/{alert}/timeline/")).await.expect(200);
        let kinds: Vec<_> = timeline["results"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["RAISED", "CHANGED", "CHANGED", "CHANGED", "COMMENTED"]);
        let second = &timeline["results"][1];
        assert_eq!(second["actor"]["username"], "rex");
        assert_eq!(second["address"], "127.0.0.1");
        assert_eq!(second["changes"]["status"], json!({"from": "OPEN", "to": "ACKNOWLEDGED"}));
        assert_eq!(second["text"], "looking");
        assert_eq!(timeline["results"][4]["text"], "again?");
        let audit = server.admin.get(&format!("/api/audit/?object_kind=alert&object_id={alert}")).await.expect(200);
        assert_eq!(audit["count"], 4);
    }
}

on_both! {
    async fn a_change_that_makes_no_sense_is_refused(server) {
        let alert = server.event("HIGH", "fw").await["alert"].as_i64().unwrap();
        let path = format!("/api/alerts/{alert}/");
        for (body, field) in [
            (json!({"status": "closed"}), "status"),
            (json!({"status": "RESOLVED", "resolution": "because"}), "resolution"),
            (json!({"assigned_to": "nobody"}), "assigned_to"),
            (json!({"severity": "LOW"}), "severity"),
        ] {
            assert_eq!(server.admin.patch(&path, &body).await.refused(), [field], "{body}");
        }
        server.admin.patch(&path, &json!({})).await.problem(400);
        server.admin.patch("/api/alerts/999999/", &json!({"status": "ACK"})).await.problem(404);
        server.admin.with("if-match", "\"9\"").patch(&path, &json!({"status": "ACK"})).await.problem(412);
        let comments = format!("{path}comments/");
        for text in [json!(""), json!("a\u{0}b"), json!("x".repeat(16_385)), json!(5)] {
            assert_eq!(server.admin.post(&comments, &json!({"text": text})).await.refused(), ["text"]);
        }
        let shown = server.admin.get(&path).await.expect(200);
        assert_eq!((&shown["status"], &shown["version"]), (&json!("OPEN"), &json!(1)));
    }
}

on_both! {
    async fn every_filter_finds_what_it_names(server) {
        let ana = server.user("ana", "RESPONDER").await;
        let mut alerts = Vec::new();
        for (n, (severity, source)) in [("HIGH", "a"), ("CRITICAL", "a"), ("HIGH", "b")].iter().enumerate() {
            let mut sent = event(severity, source);
            sent["event_type"] = json!(if n == 2 { "malware" } else { "intrusion" });
            sent["ip_address"] = json!(if n == 1 { "1.1.1.1" } else { "81.2.69.142" });
            sent["description"] = json!(format!("number {n} Überfall"));
            alerts.push(server.admin.post("/api/events/", &sent).await.expect(201)["alert"].as_i64().unwrap());
        }
        ana.patch(&format!("/api/alerts/{}/", alerts[0]), &json!({"status": "ACK"})).await.expect(200);
        server.admin.patch(&format!("/api/alerts/{}/", alerts[2]), &json!({"status": "RESOLVED"})).await.expect(200);
        let find = async |query: &str| {
            let list = ana.get(&format!("/api/alerts/?{query}")).await.expect(200);
            let mut found: Vec<usize> = ids(&list).iter().map(|id| alerts.iter().position(|a| a == id).unwrap()).collect();
            found.sort_unstable();
            (found, list["count"].as_i64())
        };
        assert_eq!(find("").await, (vec![0, 1, 2], Some(3)));
        assert_eq!(find("severity=High&status=Open").await, (vec![], Some(0)));
        assert_eq!(find("severity=CRITICAL&status=OPEN").await, (vec![1], Some(1)));
        assert_eq!(find("status=ACK").await, (vec![0], Some(1)));
        assert_eq!(find("status=ack,resolved").await, (vec![0, 2], Some(2)));
        assert_eq!(find("source_name=a").await, (vec![0, 1], Some(2)));
        assert_eq!(find("event_type=malware").await, (vec![2], Some(1)));
        assert_eq!(find("assigned_to=me").await, (vec![0], Some(1)));
        assert_eq!(find("assigned_to=ana&status=ACKNOWLEDGED").await, (vec![0], Some(1)));
        assert!(find("assigned_to=none").await.0.contains(&1));
        assert_eq!(find("country=AU").await.0, [1]);
        assert_eq!(find("ip_address=1.1.1.1").await.0, [1]);
        assert_eq!(find("search=%C3%9CBERFALL%202").await.0, [2]);
        assert_eq!(find("overdue=true").await.0, [] as [usize; 0]);
        assert_eq!(find("overdue=false").await.0, [0, 1, 2]);
        assert_eq!(find("from=2020-01-01").await.0, [0, 1, 2]);
        assert_eq!(find("to=2020-01-01").await.0, [] as [usize; 0]);
        for (query, field) in [("status=closed", "status"), ("colour=red", "colour"), ("ordering=x", "ordering"), ("overdue=perhaps", "overdue")] {
            assert_eq!(ana.get(&format!("/api/alerts/?{query}")).await.refused(), [field]);
        }
    }
}

on_both! {
    async fn pages_go_forth_and_back_in_every_order(server) {
        let lines: String = (0..23).map(|n| format!("{}\n", event(if n % 3 == 0 { "CRITICAL" } else { "HIGH" }, "s"))).collect();
        let client = server.admin.with("content-type", "application/x-ndjson");
        client.send(http::Method::POST, "/api/events/", lines).await.expect(200);
        for query in ["", "&ordering=created_at", "&ordering=-severity", "&ordering=severity", "&severity=HIGH", "&status=OPEN&severity=CRITICAL"] {
            let whole = ids(&server.admin.get(&format!("/api/alerts/?page_size=100{query}")).await.expect(200));
            let mut path = format!("/api/alerts/?page_size=4{query}");
            let (mut forth, mut pages) = (Vec::new(), Vec::new());
            let last = loop {
                let page = server.admin.get(&path).await.expect(200);
                forth.extend(ids(&page));
                pages.push(ids(&page));
                match page["next"].as_str() {
                    Some(next) => path = next.to_owned(),
                    None => break page,
                }
            };
            assert_eq!(forth, whole, "{query}");
            pages.pop();
            let mut at = last;
            while let Some(previous) = at["previous"].as_str() {
                at = server.admin.get(previous).await.expect(200);
                assert_eq!(Some(ids(&at)), pages.pop(), "{query}");
            }
            assert!(pages.is_empty(), "{query}");
        }
    }
}

on_both! {
    async fn exports_hold_the_filtered_alerts_and_no_formula(server) {
        for text in ["=HYPERLINK(\"http://evil\")", "+1", "-1", "@x", "\t=1", "plain, with \"quotes\"\nand lines"] {
            let mut sent = event("HIGH", "fw");
            sent["description"] = json!(text);
            server.admin.post("/api/events/", &sent).await.expect(201);
        }
        server.event("CRITICAL", "fw").await;
        let answer = server.admin.get("/api/alerts/export/?format=csv&severity=HIGH").await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-disposition").starts_with("attachment"));
        let text = answer.text();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 6);
        for cell in rows.iter().flatten() {
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell:?}");
        }
        let answer = server.admin.get("/api/alerts/export/?format=ndjson").await;
        let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines.len(), 7);
        assert_eq!(server.admin.get("/api/alerts/export/?format=xml").await.refused(), ["format"]);
    }
}

on_both! {
    async fn figures_agree_with_the_lists(server) {
        for severity in ["HIGH", "HIGH", "CRITICAL", "LOW"] {
            server.event(severity, "fw").await;
        }
        let first = ids(&server.admin.get("/api/alerts/?severity=HIGH").await.expect(200))[0];
        server.admin.patch(&format!("/api/alerts/{first}/"), &json!({"status": "RESOLVED"})).await.expect(200);
        let stats = server.admin.get("/api/stats/").await.expect(200);
        assert_eq!(stats["unresolved"], 2);
        assert_eq!(stats["open_by_severity"]["HIGH"], 1);
        assert_eq!(stats["open_by_severity"]["CRITICAL"], 1);
        assert_eq!(stats["open_by_severity"]["LOW"], 0);
    }
}

on_both! {
    async fn only_those_who_triage_can_be_assigned(server) {
        server.user("ana", "ANALYST").await;
        server.user("rex", "RESPONDER").await;
        let alert = server.event("HIGH", "fw").await["alert"].as_i64().unwrap();
        let path = format!("/api/alerts/{alert}/");
        let assign = |who: Value| {
            let (admin, path) = (server.admin.clone(), path.clone());
            async move { admin.patch(&path, &json!({"assigned_to": who})).await }
        };
        assert_eq!(assign(json!("rex")).await.expect(200)["assigned_to"]["username"], "rex");
        assert_eq!(assign(json!("me")).await.expect(200)["assigned_to"]["username"], "admin");
        assert_eq!(assign(Value::Null).await.expect(200)["assigned_to"], Value::Null);
        assert_eq!(assign(json!("ana")).await.refused(), ["assigned_to"]);
    }
}

on_both! {
    async fn a_repeated_comment_is_made_once(server) {
        let alert = server.event("HIGH", "fw").await["alert"].as_i64().unwrap();
        let path = format!("/api/alerts/{alert}/comments/");
        let client = server.admin.with("idempotency-key", "c1");
        let first = client.post(&path, &json!({"text": "once"})).await.expect(201);
        assert_eq!(client.post(&path, &json!({"text": "once"})).await.expect(201), first);
        client.post(&path, &json!({"text": "other"})).await.problem(409);
        assert_eq!(server.count("select count(*) from alert_history").await, 1);
    }
}
