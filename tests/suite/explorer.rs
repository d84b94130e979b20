//! The events explorer: counted over time, by field, around one event, exported, and made alerts.

use serde_json::{Value, json};

use crate::harness::{TestServer, event};

fn ids(rows: &Value) -> Vec<i64> {
    let rows = rows.as_array().unwrap();
    rows.iter().map(|row| row["id"].as_i64().unwrap()).collect()
}

fn values(fields: &Value, name: &str) -> Vec<(String, i64)> {
    let all = fields["fields"].as_array().unwrap();
    let field = all.iter().find(|field| field["name"] == name);
    let values = field.map(|field| field["values"].as_array().unwrap().as_slice());
    values
        .unwrap_or_default()
        .iter()
        .map(|it| {
            (
                it["value"].as_str().unwrap().to_owned(),
                it["count"].as_i64().unwrap(),
            )
        })
        .collect()
}

fn total(histogram: &Value) -> i64 {
    let buckets = histogram["buckets"].as_array().unwrap();
    let counts = buckets.iter().map(|it| {
        let by_severity = it["by_severity"].as_object().unwrap();
        let sum: i64 = by_severity.values().map(|n| n.as_i64().unwrap()).sum();
        assert_eq!(it["count"], sum, "{it}");
        sum
    });
    counts.sum()
}

/// One of each severity from `a`, and two LOW ones of another type from `b`.
async fn seven(server: &TestServer) {
    for severity in ["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"] {
        server.event(severity, "a").await;
    }
    let mut sent = event("LOW", "b");
    sent["event_type"] = json!("malware");
    for _ in 0..2 {
        server.admin.post("/api/events/", &sent).await.expect(201);
    }
}

on_both! {
    async fn a_histogram_counts_what_the_list_finds(server) {
        seven(server).await;
        let ask = async |query: &str| server.admin.get(&format!("/api/events/histogram/?{query}")).await.expect(200);
        for query in ["", "severity=LOW", "severity=LOW,HIGH&source=a", "source=b", "event_type=malware", "search=from%20b", "has_alert=true", "source=nobody", "country=GB", "q=-type:malware", "q=source:a,b%20severity:LOW", "q=-severity:LOW", "q=-source:a", "q=from:1h"] {
            let list = server.admin.get(&format!("/api/events/?{query}")).await.expect(200);
            for range in ["", "&from=2020-01-01", "&buckets=1", "&buckets=240", "&to=2099-01-01&from=2024-01-01"] {
                let found = ask(&format!("{query}{range}")).await;
                assert_eq!(total(&found), list["count"].as_i64().unwrap(), "{query}{range}: {found}");
                assert_eq!((&found["exact"], &found["searched_from"]), (&json!(true), &Value::Null));
            }
        }
        let day = ask("").await;
        assert_eq!(day["bucket_seconds"], 1_800);
        let buckets = day["buckets"].as_array().unwrap();
        assert!((48..=49).contains(&buckets.len()), "{}", buckets.len());
        let last = buckets.iter().rfind(|it| it["count"] != 0).unwrap();
        assert_eq!(last["by_severity"]["CRITICAL"], 1, "{last}");
        let none = ask("from=2026-01-02&to=2026-01-01").await;
        assert_eq!(none["buckets"], json!([]));
        for query in ["buckets=0", "buckets=241", "buckets=x"] {
            let answer = server.admin.get(&format!("/api/events/histogram/?{query}")).await;
            assert_eq!(answer.refused(), ["buckets"]);
        }
        let answer = server.admin.get("/api/events/histogram/?page=2").await;
        assert_eq!(answer.refused(), ["page"]);
    }
}

on_both! {
    async fn a_histogram_ends_where_the_range_ends(server) {
        seven(server).await;
        let newest = server.admin.get("/api/events/?page_size=3").await.expect(200);
        let third = newest["results"][2]["timestamp"].as_str().unwrap();
        let list = server.admin.get(&format!("/api/events/?to={third}&page_size=100")).await.expect(200);
        let before = i64::try_from(list["results"].as_array().unwrap().len()).unwrap();
        for from in ["", "&from=2020-01-01", "&severity=INFO,LOW,MEDIUM,HIGH,CRITICAL"] {
            let found = server.admin.get(&format!("/api/events/histogram/?to={third}{from}")).await.expect(200);
            assert_eq!(total(&found), before, "{from}");
            assert_eq!(found["to"], *third);
        }
        let found = server.admin.get(&format!("/api/events/histogram/?from={third}")).await.expect(200);
        assert_eq!(total(&found), 7 - before);
        assert_eq!(found["from"], *third);
    }
}

on_both! {
    async fn more_rows_than_may_be_looked_at_are_counted_or_owned_up_to(server) {
        seven(server).await;
        // Rows of their own, straight into the table: 60,000 in the hour of the newest event.
        server.server.app().store.write(|tx| {
            let newest: i64 = tx.query_one("select max(id) from events", &[], |row| row.get(0))?;
            let sql = "insert into events (id, source_id, event_type_id, severity, description) \
                with recursive more(n) as (select 1 union all select n + 1 from more where n < 60000) \
                select cast($1 as bigint) + n, 1, 1, 2, 'made' from more";
            tx.execute(sql, &[newest.into()])
        }).await.unwrap_or_else(|error: store::StoreError| panic!("{error}"));
        let found = server.admin.get("/api/events/histogram/?event_type=intrusion").await.expect(200);
        assert_eq!((&found["exact"], &found["looked_at"]), (&json!(false), &json!(50_000)));
        assert_eq!(total(&found), 50_000);
        assert!(found["searched_from"].is_string());
        // The kept sums do not know those rows: whoever asks them gets what they say.
        let found = server.admin.get("/api/events/histogram/?buckets=24").await.expect(200);
        assert_eq!((total(&found), &found["exact"]), (7, &json!(true)));
        let fields = server.admin.get("/api/events/fields/").await.expect(200);
        assert_eq!((&fields["looked_at"], &fields["exact"]), (&json!(2_000), &json!(false)));
        let fields = server.admin.get("/api/events/fields/?event_type=malware").await.expect(200);
        assert_eq!((&fields["looked_at"], &fields["exact"]), (&json!(0), &json!(false)));
        assert!(fields["searched_from"].is_string());
        let text = server.admin.get("/api/events/export/?format=ndjson&event_type=malware").await.text();
        assert_eq!(text.lines().count(), 2, "an export goes on where a search stops");
        let text = server.admin.get("/api/events/export/?format=ndjson").await.text();
        let mut exported: Vec<i64> = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["id"].as_i64().unwrap()).collect();
        assert!(exported.is_sorted_by(|a, b| a > b), "newest first, none twice");
        exported.dedup();
        assert_eq!(exported.len(), 60_007);
    }
}

on_both! {
    async fn fields_show_what_the_matching_events_say(server) {
        for (port, user) in [(22, "bob"), (22, "eve"), (443, "bob")] {
            let mut sent = event("LOW", "fw");
            sent["tags"] = json!(["vpn", "night"]);
            sent["attributes"] = json!({"port": port, "user": user, "deep": {"x": 1}});
            server.admin.post("/api/events/", &sent).await.expect(201);
        }
        let mut large = event("HIGH", "large");
        large["event_type"] = json!("other");
        large["ip_address"] = Value::Null;
        large["attributes"] = json!({"text": "x".repeat(9_000)});
        server.admin.post("/api/events/", &large).await.expect(201);
        let pair = |value: &str, n: i64| (value.to_owned(), n);
        let all = server.admin.get("/api/events/fields/").await.expect(200);
        assert_eq!((&all["looked_at"], &all["exact"]), (&json!(4), &json!(false)), "one was too large");
        assert_eq!(values(&all, "severity"), [pair("LOW", 3), pair("HIGH", 1)]);
        let some = server.admin.get("/api/events/fields/?source=fw").await.expect(200);
        assert_eq!((&some["looked_at"], &some["exact"]), (&json!(3), &json!(true)));
        assert_eq!(values(&some, "source"), [pair("fw", 3)]);
        assert_eq!(values(&some, "type"), [pair("intrusion", 3)]);
        assert_eq!(values(&some, "country"), [pair("GB", 3)]);
        assert_eq!(values(&some, "ip"), [pair("81.2.69.142", 3)]);
        assert_eq!(values(&some, "tag"), [pair("night", 3), pair("vpn", 3)]);
        assert_eq!(values(&some, "attributes.port"), [pair("22", 2), pair("443", 1)]);
        assert_eq!(values(&some, "attributes.user"), [pair("bob", 2), pair("eve", 1)]);
        assert_eq!(values(&some, "attributes.deep"), []);
        for name in ["severity:LOW", "source:fw", "type:intrusion", "country:GB", "ip:81.2.69.142", "tag:vpn", "attributes.user:bob,eve", "attributes.port:22,443"] {
            let found = server.admin.get(&format!("/api/events/fields/?q={name}")).await.expect(200);
            assert_eq!(found, some, "what a field is called is what a query calls it: {name}");
        }
        let none = server.admin.get("/api/events/fields/?source=nobody").await.expect(200);
        assert_eq!(none, json!({"fields": [], "looked_at": 0, "exact": true, "searched_from": null}));
    }
}

on_both! {
    async fn around_an_event_are_its_neighbours(server) {
        let mut sent = Vec::new();
        for n in 0..7 {
            let source = if n % 2 == 0 { "a" } else { "b" };
            sent.push(server.event("LOW", source).await["id"].as_i64().unwrap());
        }
        let path = format!("/api/events/{}/around/", sent[3]);
        let all = server.admin.get(&path).await.expect(200);
        let newest_first: Vec<i64> = sent.iter().rev().copied().collect();
        assert_eq!(ids(&all["results"]), newest_first);
        let marked: Vec<_> = all["results"].as_array().unwrap().iter().map(|row| row["is_this"] == true).collect();
        assert_eq!(marked, [false, false, false, true, false, false, false]);
        assert_eq!((&all["more_before"], &all["more_after"]), (&json!(false), &json!(false)));
        let same = server.admin.get(&format!("{path}?same_source=true")).await.expect(200);
        assert_eq!(ids(&same["results"]), [sent[5], sent[3], sent[1]]);
        assert_eq!(all["results"][0]["source_name"], "a");
        for (query, field) in [("seconds=0", "seconds"), ("seconds=3601", "seconds"), ("seconds=-1", "seconds"), ("same_source=x", "same_source"), ("q=x", "q")] {
            assert_eq!(server.admin.get(&format!("{path}?{query}")).await.refused(), [field]);
        }
        server.admin.get("/api/events/5/around/").await.problem(404);
        server.admin.get("/api/events/x/around/").await.problem(404);
    }
}

on_both! {
    async fn around_a_busy_event_a_hundred_of_each_side_are_shown(server) {
        let lines: String = (0..250).map(|n| format!("{}\n", event("LOW", &format!("s{n}")))).collect();
        let client = server.admin.with("content-type", "application/x-ndjson");
        client.send(http::Method::POST, "/api/events/", lines).await.expect(200);
        let middle: i64 = server.count("select id from events order by id limit 1 offset 124").await;
        let all = server.admin.get(&format!("/api/events/{middle}/around/?seconds=3600")).await.expect(200);
        let found = ids(&all["results"]);
        assert_eq!(found.len(), 201);
        assert!(found.is_sorted_by(|a, b| a > b));
        assert_eq!(found[100], middle);
        assert_eq!((&all["more_before"], &all["more_after"]), (&json!(true), &json!(true)));
    }
}

on_both! {
    async fn exports_hold_the_filtered_events_and_no_formula(server) {
        for text in ["=HYPERLINK(\"http://evil\")", "+1", "-1", "@x", "\t=1", "plain, with \"quotes\"\nand lines"] {
            let mut sent = event("LOW", "=cmd|x");
            sent["description"] = json!(text);
            sent["tags"] = json!(["-2+3"]);
            server.admin.post("/api/events/", &sent).await.expect(201);
        }
        server.event("HIGH", "fw").await;
        let answer = server.admin.get("/api/events/export/?severity=LOW").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"watchpost-events.csv\"");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert!(answer.header("content-type").starts_with("text/csv"));
        let text = answer.text();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(&reader.headers().unwrap()[3], "severity");
        let rows: Vec<_> = reader.records().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 6);
        for cell in rows.iter().flatten() {
            assert!(!cell.trim_start().starts_with(['=', '+', '-', '@']), "{cell:?}");
        }
        let answer = server.admin.get("/api/events/export/?format=ndjson").await;
        assert_eq!(answer.header("content-disposition"), "attachment; filename=\"watchpost-events.ndjson\"");
        let lines: Vec<Value> = answer.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let list = server.admin.get("/api/events/").await.expect(200);
        assert_eq!(json!(lines), list["results"]);
        assert_eq!(server.admin.get("/api/events/export/?format=xml").await.refused(), ["format"]);
        assert_eq!(server.admin.get("/api/events/export/?cursor=x").await.refused(), ["cursor"]);
        let none = server.admin.get("/api/events/export/?source=nobody").await.text();
        assert_eq!(none.lines().count(), 1);
    }
}

on_both! {
    async fn an_alert_is_raised_by_hand(server) {
        let rex = server.user("rex", "RESPONDER").await;
        let event = server.event("LOW", "fw").await;
        let path = format!("/api/events/{}/alert/", event["id"]);
        let body = json!({"title": " Looks like bob ", "severity": "high", "assigned_to": "me", "note": "he is on leave"});
        let answer = rex.post(&path, &body).await;
        let alert = answer.expect(201);
        assert_eq!(answer.header("location"), format!("/api/alerts/{}/", alert["id"]));
        assert_eq!((&alert["severity"], &alert["title"]), (&json!("HIGH"), &json!("Looks like bob")));
        assert_eq!((&alert["status"], &alert["assigned_to"]["username"]), (&json!("OPEN"), &json!("rex")));
        assert_eq!(alert["event"]["severity"], "LOW");
        let location = answer.header("location").to_owned();
        assert_eq!(rex.get(&location).await.expect(200), alert);
        let timeline = rex.get(&format!("{location}timeline/")).await.expect(200);
        let told = &timeline["results"][1];
        assert_eq!((&told["kind"], &told["text"]), (&json!("CHANGED"), &json!("he is on leave")));
        assert_eq!(told["actor"]["username"], "rex");
        assert_eq!(told["changes"], json!({
            "raised_by_hand": {"from": false, "to": true},
            "severity": {"from": "LOW", "to": "HIGH"},
            "title": {"from": "LOW from fw", "to": "Looks like bob"},
        }));
        let audit = server.admin.get("/api/audit/?action=alert.raised_by_hand").await.expect(200);
        assert_eq!(audit["count"], 1);
        assert_eq!(audit["results"][0]["after"]["event"], event["id"]);
        let stats = rex.get("/api/stats/").await.expect(200);
        assert_eq!((&stats["unresolved"], &stats["open_by_severity"]["HIGH"]), (&json!(1), &json!(1)));
        let detail = rex.post(&path, &json!({})).await.problem(409)["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(&format!("#{}", alert["id"])), "{detail}");
        let found = rex.get("/api/events/?has_alert=true").await.expect(200);
        assert_eq!(found["results"][0]["alert"], alert["id"]);
    }
}

on_both! {
    async fn what_is_left_out_is_taken_from_the_event(server) {
        let event = server.event("MEDIUM", "fw").await;
        let path = format!("/api/events/{}/alert/", event["id"]);
        let alert = server.admin.post(&path, &json!({})).await.expect(201);
        assert_eq!((&alert["severity"], &alert["title"]), (&json!("MEDIUM"), &json!("MEDIUM from fw")));
        assert_eq!(alert["assigned_to"], Value::Null);
        let high = server.event("HIGH", "fw").await;
        server.admin.post(&format!("/api/events/{}/alert/", high["id"]), &json!({})).await.problem(409);
    }
}

on_both! {
    async fn an_alert_raised_by_hand_outlives_a_change_of_its_event(server) {
        let raise = async |body: Value| {
            let event = server.event("LOW", "fw").await;
            let path = format!("/api/events/{}/", event["id"]);
            let alert = server.admin.post(&format!("{path}alert/"), &body).await.expect(201);
            (path, format!("/api/alerts/{}/", alert["id"]))
        };
        let (event, alert) = raise(json!({"severity": "HIGH", "title": "mine"})).await;
        server.admin.patch(&event, &json!({"severity": "INFO", "description": "other"})).await.expect(200);
        let shown = server.admin.get(&alert).await.expect(200);
        assert_eq!((&shown["severity"], &shown["title"]), (&json!("HIGH"), &json!("mine")));
        server.admin.patch(&event, &json!({"severity": "CRITICAL", "ip_address": null})).await.expect(200);
        let shown = server.admin.get(&alert).await.expect(200);
        assert_eq!((&shown["severity"], &shown["event"]["severity"]), (&json!("HIGH"), &json!("CRITICAL")));
        // What was taken from the event goes on following it.
        let (event, alert) = raise(json!({})).await;
        let put = json!({"severity": "MEDIUM", "source_name": "x", "event_type": "y", "description": "other"});
        server.admin.put(&event, &put).await.expect(200);
        let shown = server.admin.get(&alert).await.expect(200);
        assert_eq!((&shown["severity"], &shown["title"]), (&json!("MEDIUM"), &json!("other")));
        let stats = server.admin.get("/api/stats/").await.expect(200);
        assert_eq!((&stats["open_by_severity"]["HIGH"], &stats["open_by_severity"]["MEDIUM"]), (&json!(1), &json!(1)));
        assert_eq!(server.count("select count(*) from alerts").await, 2);
    }
}

on_both! {
    async fn an_alert_that_makes_no_sense_is_not_raised(server) {
        server.user("ana", "ANALYST").await;
        let event = server.event("LOW", "fw").await;
        let path = format!("/api/events/{}/alert/", event["id"]);
        for (body, field) in [
            (json!({"title": "a\nb"}), "title"),
            (json!({"title": "a\u{0}b"}), "title"),
            (json!({"title": "x".repeat(201)}), "title"),
            (json!({"severity": "severe"}), "severity"),
            (json!({"note": "x".repeat(16_385)}), "note"),
            (json!({"note": "a\u{0}b"}), "note"),
            (json!({"assigned_to": "ana"}), "assigned_to"),
            (json!({"assigned_to": "nobody"}), "assigned_to"),
            (json!({"status": "OPEN"}), "status"),
        ] {
            assert_eq!(server.admin.post(&path, &body).await.refused(), [field], "{body}");
        }
        server.admin.post("/api/events/5/alert/", &json!({})).await.problem(404);
        assert_eq!(server.count("select count(*) from alerts").await, 0);
        assert_eq!(server.count("select count(*) from alert_history").await, 0);
        let stats = server.admin.get("/api/stats/").await.expect(200);
        assert_eq!(stats["unresolved"], 0);
        let blank = json!({"title": "  ", "note": " ", "assigned_to": null});
        assert_eq!(server.admin.post(&path, &blank).await.expect(201)["title"], "LOW from fw");
    }
}

on_both! {
    async fn of_many_who_raise_at_once_one_does(server) {
        let event = server.event("LOW", "fw").await;
        let path = format!("/api/events/{}/alert/", event["id"]);
        let all = (0..12).map(|_| {
            let (admin, path) = (server.admin.clone(), path.clone());
            tokio::spawn(async move { admin.post(&path, &json!({})).await.status.as_u16() })
        });
        let mut answers = Vec::new();
        for answer in all.collect::<Vec<_>>() {
            answers.push(answer.await.unwrap());
        }
        answers.sort_unstable();
        assert_eq!(answers[0], 201);
        assert!(answers[1..].iter().all(|status| *status == 409), "{answers:?}");
        assert_eq!(server.count("select count(*) from alerts").await, 1);
        assert_eq!(server.admin.get("/api/stats/").await.expect(200)["unresolved"], 1);
    }
}

on_both! {
    async fn a_repeated_raise_gets_the_first_answer(server) {
        let event = server.event("LOW", "fw").await;
        let path = format!("/api/events/{}/alert/", event["id"]);
        let client = server.admin.with("idempotency-key", "r1");
        let first = client.post(&path, &json!({"note": "x"})).await.expect(201);
        assert_eq!(client.post(&path, &json!({"note": "x"})).await.expect(201), first);
        client.post(&path, &json!({"note": "y"})).await.problem(409);
        assert_eq!(server.count("select count(*) from alerts").await, 1);
    }
}

on_both! {
    async fn raising_for_oneself_waits_for_nobody_who_waits_for_it(server) {
        let mut paths = Vec::new();
        for _ in 0..24 {
            let event = server.event("LOW", "fw").await;
            paths.push(format!("/api/events/{}/alert/", event["id"]));
        }
        let mut all = Vec::new();
        for (n, path) in paths.into_iter().enumerate() {
            let (raises, changes) = (server.admin.clone(), server.admin.clone());
            all.push(tokio::spawn(async move {
                raises.post(&path, &json!({"assigned_to": "me"})).await.status.as_u16()
            }));
            all.push(tokio::spawn(async move {
                let theme = if n % 2 == 0 { "dark" } else { "light" };
                let body = json!({"preferences": {"theme": theme}});
                changes.patch("/api/me/", &body).await.status.as_u16()
            }));
        }
        let mut answers = Vec::new();
        for answer in all {
            answers.push(answer.await.unwrap());
        }
        assert!(answers.chunks(2).all(|pair| pair == [201, 200]), "{answers:?}");
        let alerts = "select count(*) from alerts where assigned_to is not null";
        assert_eq!(server.count(alerts).await, 24);
    }
}
