//! Saved views: kept, shared, counted.

use serde_json::{Value, json};

use crate::harness::{Client, TestServer};

const VIEWS: &str = "/api/views/";

fn view(name: &str) -> Value {
    json!({
        "name": name, "page": "alerts", "query": "status:open severity:critical,high",
        "columns": ["severity", "title"], "sort": "-severity", "group": "source_name",
    })
}

async fn keep(client: &Client, body: &Value) -> (String, Value) {
    let made = client.post(VIEWS, body).await.expect(201);
    (format!("{VIEWS}{}/", made["id"]), made)
}

fn names(list: &Value) -> Vec<String> {
    let rows = list["results"].as_array().unwrap();
    let name = |row: &Value| row["name"].as_str().unwrap().to_owned();
    rows.iter().map(name).collect()
}

async fn audited(server: &TestServer, action: &str) -> i64 {
    let path = format!("/api/audit/?action={action}");
    let log = server.admin.get(&path).await.expect(200);
    log["count"].as_i64().unwrap()
}

on_both! {
    async fn a_view_is_kept_changed_and_deleted(server) {
        let ana = server.user("ana", "ANALYST").await;
        let answer = ana.post(VIEWS, &view("  Needs action ")).await;
        let made = answer.expect(201);
        let path = answer.header("location").to_owned();
        assert_eq!(path, format!("{VIEWS}{}/", made["id"]));
        for (field, expected) in [
            ("name", json!("Needs action")), ("page", json!("alerts")), ("shared", json!(false)),
            ("default", json!(false)), ("version", json!(1)), ("sort", json!("-severity")),
            ("group", json!("source_name")), ("columns", json!(["severity", "title"])),
        ] {
            assert_eq!(made[field], expected, "{field}");
        }
        assert_eq!(made["owner"]["username"], "ana");
        let shown = ana.get(&path).await;
        assert_eq!((shown.expect(200), shown.header("etag")), (made.clone(), "\"1\""));
        let change = json!({"name": "Mine", "sort": null, "columns": []});
        let changed = ana.with("if-match", "\"1\"").patch(&path, &change).await.expect(200);
        assert_eq!((&changed["name"], &changed["sort"], &changed["version"]), (&json!("Mine"), &Value::Null, &json!(2)));
        assert_eq!(changed["query"], made["query"]);
        ana.with("if-match", "\"1\"").patch(&path, &change).await.problem(412);
        assert_eq!(ana.patch(&path, &change).await.expect(200)["version"], 2, "the same again is no change");
        ana.with("if-match", "\"1\"").delete(&path).await.problem(412);
        assert_eq!(ana.delete(&path).await.status, 204);
        ana.get(&path).await.problem(404);
        for action in ["view.created", "view.changed", "view.deleted"] {
            assert_eq!(audited(server, action).await, 1, "{action}");
        }
    }
}

on_both! {
    async fn everyone_sees_their_own_and_the_shared_ones(server) {
        let ana = server.user("ana", "ANALYST").await;
        let rex = server.user("rex", "RESPONDER").await;
        let (own, _) = keep(&ana, &view("ana's")).await;
        let mut everyones = view("Team");
        everyones["shared"] = json!(true);
        rex.post(VIEWS, &everyones).await.problem(403);
        let (team, made) = keep(&server.admin, &everyones).await;
        let mut events = json!({"name": "Odd events", "page": "events", "query": "", "sort": "timestamp"});
        keep(&ana, &events).await;
        events["sort"] = json!("-severity");
        assert_eq!(ana.post(VIEWS, &events).await.refused(), ["sort"]);
        assert_eq!(names(&ana.get(VIEWS).await.expect(200)), ["Odd events", "Team", "ana's"]);
        assert_eq!(names(&ana.get(&format!("{VIEWS}?of=alerts")).await.expect(200)), ["Team", "ana's"]);
        assert_eq!(names(&rex.get(VIEWS).await.expect(200)), ["Team"]);
        assert_eq!(rex.get(&format!("{VIEWS}?of=users")).await.refused(), ["of"]);
        let page = ana.get(&format!("{VIEWS}?page_size=2")).await.expect(200);
        assert_eq!((page["count"].as_i64(), names(&page).len()), (Some(3), 2));
        let next = ana.get(page["next"].as_str().unwrap()).await.expect(200);
        assert_eq!(names(&next), ["ana's"]);
        let back = ana.get(next["previous"].as_str().unwrap()).await.expect(200);
        assert_eq!(names(&back), ["Odd events", "Team"]);
        for client in [&rex, &server.admin] {
            client.get(&own).await.problem(404);
            client.patch(&own, &json!({"name": "x"})).await.problem(404);
            client.delete(&own).await.problem(404);
        }
        rex.get(&team).await.expect(200);
        rex.patch(&team, &json!({"name": "x"})).await.problem(403);
        rex.delete(&team).await.problem(403);
        ana.patch(&own, &json!({"shared": true})).await.problem(403);
        let other = server.user("eve", "ADMIN").await;
        let changed = other.patch(&team, &json!({"name": "Team 2"})).await.expect(200);
        assert_eq!((&changed["name"], &changed["owner"]), (&json!("Team 2"), &made["owner"]));
    }
}

on_both! {
    async fn a_page_has_one_default(server) {
        let ana = server.user("ana", "ANALYST").await;
        let mut first = view("first");
        first["default"] = json!(true);
        let (first, made) = keep(&ana, &first).await;
        assert_eq!(made["default"], true);
        let mut team = view("team");
        team["shared"] = json!(true);
        let (team, _) = keep(&server.admin, &team).await;
        let (events, _) = keep(&ana, &json!({"name": "events", "page": "events", "default": true})).await;
        let starred = async |client: &Client| {
            let mut found = Vec::new();
            for path in [&first, &team, &events] {
                let shown = client.get(path).await;
                found.push(shown.status == 200 && shown.value()["default"] == true);
            }
            found
        };
        assert_eq!(starred(&ana).await, [true, false, true]);
        let chosen = ana.patch(&team, &json!({"default": true})).await.expect(200);
        assert_eq!((&chosen["default"], &chosen["version"]), (&json!(true), &json!(1)), "somebody else's view is not changed by it");
        assert_eq!(starred(&ana).await, [false, true, true]);
        assert_eq!(starred(&server.admin).await, [false, false, false]);
        let unshared = server.admin.patch(&team, &json!({"shared": false})).await.expect(200);
        assert_eq!(unshared["shared"], false);
        assert_eq!(starred(&ana).await, [false, false, true]);
        assert_eq!(server.count("select count(*) from view_defaults").await, 1);
        ana.patch(&events, &json!({"default": false})).await.expect(200);
        assert_eq!(starred(&ana).await, [false, false, false]);
    }
}

on_both! {
    async fn what_makes_no_sense_is_refused_by_name(server) {
        let many: Vec<String> = (0..31).map(|n| format!("c{n}")).collect();
        for (field, value) in [
            ("name", json!("")), ("name", json!("  ")), ("name", json!("n".repeat(81))),
            ("name", json!("a\u{0}b")), ("name", json!("a\nb")), ("name", json!(5)),
            ("page", json!("users")), ("query", json!("q".repeat(2_001))),
            ("query", json!("colour:red")), ("query", json!("status:shut")), ("query", json!("\"open")),
            ("columns", json!(many)), ("columns", json!(["a", "a"])), ("columns", json!(["<b>"])),
            ("sort", json!("title; drop table views")), ("group", json!("<script>")),
            ("colour", json!(1)), ("version", json!(1)),
        ] {
            let mut body = view("name");
            body[field] = value;
            assert_eq!(server.admin.post(VIEWS, &body).await.refused(), [field], "{body}");
        }
        let (path, _) = keep(&server.admin, &view("Überblick")).await;
        assert_eq!(server.admin.post(VIEWS, &view("ÜBERBLICK")).await.refused(), ["name"]);
        let (other, _) = keep(&server.admin, &view("other")).await;
        assert_eq!(server.admin.patch(&other, &json!({"name": "überblick"})).await.refused(), ["name"]);
        assert_eq!(server.admin.patch(&path, &json!({"query": "colour:red"})).await.refused(), ["query"]);
        assert_eq!(server.admin.patch(&path, &json!({"page": "events"})).await.refused(), ["page"]);
        server.admin.patch(&path, &json!({"name": "überBLICK"})).await.expect(200);
        let ana = server.user("ana", "ANALYST").await;
        keep(&ana, &view("Überblick")).await;
        let hostile = "<img src=x onerror=alert(1)>' --";
        assert_eq!(keep(&ana, &view(hostile)).await.1["name"], hostile);
    }
}

on_both! {
    async fn one_person_keeps_a_hundred_and_repetitions_make_none(server) {
        let ana = server.user("ana", "ANALYST").await;
        let client = ana.with("idempotency-key", "v1");
        let first = client.post(VIEWS, &view("one")).await.expect(201);
        assert_eq!(client.post(VIEWS, &view("one")).await.expect(201), first);
        client.post(VIEWS, &view("two")).await.problem(409);
        for n in 1..100 {
            keep(&ana, &view(&format!("view {n}"))).await;
        }
        ana.post(VIEWS, &view("one too many")).await.problem(409);
        assert_eq!(server.count("select count(*) from views").await, 100);
        let all = async |name: &str| {
            let body = view(name);
            let (a, b) = tokio::join!(server.admin.post(VIEWS, &body), server.admin.post(VIEWS, &body));
            let (a, b) = (a.status.as_u16(), b.status.as_u16());
            [a.min(b), a.max(b)]
        };
        assert_eq!(all("race").await, [201, 400]);
    }
}

on_both! {
    async fn badges_count_what_the_lists_count(server) {
        let rex = server.user("rex", "RESPONDER").await;
        for severity in ["HIGH", "HIGH", "CRITICAL"] {
            server.event(severity, "fw").await;
        }
        let first = rex.get("/api/alerts/?severity=CRITICAL").await.expect(200)["results"][0]["id"].clone();
        rex.patch(&format!("/api/alerts/{first}/"), &json!({"status": "ACK"})).await.expect(200);
        let mut ids = Vec::new();
        for (n, (query, count)) in [("", 3), ("severity:high", 2), ("owner:me", 1), ("status:ack owner:rex", 1), ("owner:none", 2)].iter().enumerate() {
            let mut body = view(&format!("v{n}"));
            body["query"] = json!(query);
            ids.push((keep(&rex, &body).await.1["id"].clone(), *count));
        }
        let (events, _) = keep(&rex, &json!({"name": "events", "page": "events"})).await;
        let (foreign, _) = keep(&server.admin, &view("foreign")).await;
        let mut wanted: Vec<String> = ids.iter().map(|(id, _)| id.to_string()).collect();
        wanted.extend([&events, &foreign].map(|path| path.split('/').nth(3).unwrap().to_owned()));
        let counts = rex.get(&format!("/api/views/counts/?ids={}", wanted.join(","))).await.expect(200);
        assert_eq!(counts.as_object().unwrap().len(), ids.len(), "{counts}");
        for (id, count) in &ids {
            assert_eq!(counts[id.to_string()], json!({"count": count, "exact": true}));
        }
        let twenty_one: Vec<String> = (1..=21).map(|n| n.to_string()).collect();
        for bad in ["", "?ids=x", &format!("?ids={}", twenty_one.join(","))] {
            assert_eq!(rex.get(&format!("/api/views/counts/{bad}")).await.refused(), ["ids"]);
        }
    }
}

on_both! {
    async fn what_is_shared_outlives_its_maker(server) {
        let eve = server.user("eve", "ADMIN").await;
        let mut team = view("team");
        team["shared"] = json!(true);
        let (team, made) = keep(&eve, &team).await;
        keep(&eve, &view("eve's own")).await;
        let user = format!("/api/users/{}/", made["owner"]["id"]);
        server.admin.delete(&user).await.expect(204);
        assert_eq!(server.admin.get(&team).await.expect(200)["owner"], Value::Null);
        keep(&server.admin, &view("another")).await;
        assert_eq!(server.count("select count(*) from views").await, 2, "what was eve's own is gone");
        server.admin.patch(&team, &json!({"name": "renamed"})).await.expect(200);
        // What nobody owns and nobody shares would be seen by nobody.
        assert_eq!(server.admin.patch(&team, &json!({"shared": false})).await.refused(), ["shared"]);
        assert_eq!(server.admin.delete(&team).await.status, 204);
    }
}
