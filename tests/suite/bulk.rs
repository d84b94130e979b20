//! Changing many alerts at once, and taking changes back.

use std::time::Duration;

use base::{Clock, MockClock, Timestamp};
use http::Method;
use serde_json::{Value, json};

use crate::harness::{Client, Kind, TestServer, event, run_alone};

const BULK: &str = "/api/alerts/bulk/";
const UNDO: &str = "/api/undo/";

/// Raises so many alerts; their numbers, rising.
async fn raise(server: &TestServer, n: usize, source: &str) -> Vec<i64> {
    let lines: String = (0..n)
        .map(|_| format!("{}\n", event("HIGH", source)))
        .collect();
    let client = server.admin.with("content-type", "application/x-ndjson");
    let sent = client.send(Method::POST, "/api/events/", lines).await;
    sent.expect(200);
    server
        .read(move |tx| {
            let sql = "select id from alerts order by id desc limit $1";
            let mut ids: Vec<i64> =
                tx.query(sql, &[i64::try_from(n).unwrap().into()], |row| row.get(0))?;
            ids.reverse();
            Ok(ids)
        })
        .await
}

async fn alert(client: &Client, id: i64) -> Value {
    client.get(&format!("/api/alerts/{id}/")).await.expect(200)
}

/// What people changed of an alert.
fn worked_on(alert: &Value) -> Vec<Value> {
    [
        "status",
        "resolution",
        "resolution_note",
        "assigned_to",
        "acknowledged_at",
        "resolved_at",
        "reopen_count",
    ]
    .iter()
    .map(|field| alert[*field].clone())
    .collect()
}

async fn undo(client: &Client, token: &Value) -> Value {
    client
        .post(UNDO, &json!({"undo_token": token}))
        .await
        .expect(200)
}

/// The kept counts say what counting the alerts says, and the activity log is whole.
async fn books_balance(server: &TestServer) {
    let kept = "select coalesce(sum(abs(a.n - (select count(*) from alerts b \
        where b.status = a.status and b.severity = a.severity))), 0) from \
        (select status, severity, cast(sum(n) as bigint) as n from alert_counts \
        group by status, severity) a";
    let sql = format!("select cast(({kept}) as bigint)");
    let apart: i64 = server
        .read(move |tx| tx.query_one(&sql, &[], |row| row.get(0)))
        .await;
    assert_eq!(apart, 0, "kept counts are wrong");
    let verified = server.admin.get("/api/audit/verify/").await.expect(200);
    assert_eq!(verified["intact"], true, "{verified}");
}

on_both! {
    async fn one_request_changes_many_and_says_exactly_which(server) {
        let rex = server.user("rex", "RESPONDER").await;
        let ids = raise(server, 5, "fw").await;
        let resolved = format!("/api/alerts/{}/", ids[0]);
        server.admin.patch(&resolved, &json!({"status": "RESOLVED"})).await.expect(200);
        rex.patch(&format!("/api/alerts/{}/", ids[1]), &json!({"status": "ACK"})).await.expect(200);
        let audited = server.count("select count(*) from audit").await;
        let told = server.count("select count(*) from alert_history").await;
        let mut wanted = ids.clone();
        wanted.extend([ids[2], 999_999]);
        let body = json!({"ids": wanted, "action": "ACKNOWLEDGE"});
        let outcome = rex.post(BULK, &body).await.expect(200);
        assert_eq!(
            (&outcome["matched"], &outcome["changed"], &outcome["unchanged"]),
            (&json!(6), &json!(3), &json!(1))
        );
        let failed = outcome["failed"].as_array().unwrap();
        assert_eq!((&failed[0]["id"], &failed[0]["code"]), (&json!(ids[0]), &json!("conflict")));
        assert_eq!((&failed[1]["id"], &failed[1]["code"]), (&json!(999_999), &json!("not_found")));
        assert!(failed[0]["detail"].as_str().unwrap().contains("reopen"));
        assert_eq!(outcome["undo_token"].as_str().unwrap().len(), 22);
        for id in &ids[2..] {
            let alert = alert(&rex, *id).await;
            assert_eq!((&alert["status"], &alert["version"]), (&json!("ACKNOWLEDGED"), &json!(2)));
            assert_eq!(alert["assigned_to"]["username"], "rex");
            let told = rex.get(&format!("/api/alerts/{id}/timeline/")).await.expect(200);
            let last = &told["results"][1];
            assert_eq!(last["changes"]["status"], json!({"from": "OPEN", "to": "ACKNOWLEDGED"}));
            assert_eq!((&last["actor"]["username"], &last["address"]), (&json!("rex"), &json!("127.0.0.1")));
            assert_eq!(last.get("undone"), None);
        }
        assert_eq!(server.count("select count(*) from audit").await, audited + 3);
        assert_eq!(server.count("select count(*) from alert_history").await, told + 3);
        books_balance(server).await;
    }
}

on_both! {
    async fn every_action_does_what_one_change_does(server) {
        server.user("rex", "RESPONDER").await;
        server.user("ana", "ANALYST").await;
        let ids = raise(server, 2, "fw").await;
        let act = async |mut body: Value| {
            body["ids"] = json!(ids);
            server.admin.post(BULK, &body).await
        };
        let done = act(json!({"action": "assign", "assigned_to": "rex"})).await.expect(200);
        assert_eq!(done["changed"], 2);
        assert_eq!(alert(&server.admin, ids[1]).await["assigned_to"]["username"], "rex");
        assert_eq!(act(json!({"action": "assign", "assigned_to": "ana"})).await.refused(), ["assigned_to"]);
        assert_eq!(act(json!({"action": "assign", "assigned_to": "who"})).await.refused(), ["assigned_to"]);
        let done = act(json!({"action": "assign", "assigned_to": null})).await.expect(200);
        assert_eq!(done["changed"], 2);
        let done = act(json!({"action": "comment", "note": "all ours"})).await.expect(200);
        assert_eq!((&done["changed"], &done["undo_token"]), (&json!(2), &Value::Null));
        let done = act(json!({"action": "comment", "note": "all ours"})).await.expect(200);
        assert_eq!((&done["changed"], &done["unchanged"]), (&json!(0), &json!(2)), "said already");
        let body = json!({"action": "resolve", "resolution": "false_positive", "note": "a drill"});
        assert_eq!(act(body.clone()).await.expect(200)["changed"], 2);
        assert_eq!(act(body).await.expect(200)["unchanged"], 2);
        let shown = alert(&server.admin, ids[0]).await;
        assert_eq!((&shown["resolution"], &shown["resolution_note"]), (&json!("FALSE_POSITIVE"), &json!("a drill")));
        assert_eq!(act(json!({"action": "reopen"})).await.expect(200)["changed"], 2);
        assert_eq!(alert(&server.admin, ids[0]).await["reopen_count"], 1);
        let told = server.admin.get(&format!("/api/alerts/{}/timeline/", ids[0])).await.expect(200);
        let kinds: Vec<_> = told["results"].as_array().unwrap().iter().map(|it| it["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["RAISED", "CHANGED", "CHANGED", "COMMENTED", "CHANGED", "CHANGED"]);
        assert_eq!(told["results"][4]["text"], "a drill");
        for (body, field) in [
            (json!({"action": "acknowledge", "colour": 1}), "colour"),
            (json!({"action": "close"}), "action"),
            (json!({}), "action"),
            (json!({"action": "reopen", "resolution": "DUPLICATE"}), "resolution"),
            (json!({"action": "comment"}), "note"),
            (json!({"action": "comment", "note": "x".repeat(16_385)}), "note"),
            (json!({"action": "assign"}), "assigned_to"),
        ] {
            assert_eq!(act(body.clone()).await.refused(), [field], "{body}");
        }
        books_balance(server).await;
    }
}

on_both! {
    async fn a_filter_changes_what_it_was_said_to_find(server) {
        raise(server, 12, "fw").await;
        raise(server, 3, "web").await;
        let body = |count: u64| json!({
            "filter": {"source_name": "fw", "status": "open", "ordering": "severity"},
            "expect_count": count, "action": "resolve", "note": "drill",
        });
        let refused = server.admin.post(BULK, &body(11)).await.problem(409);
        assert!(refused["detail"].as_str().unwrap().contains("12 alerts"), "{refused}");
        server.admin.post(BULK, &body(30)).await.problem(409);
        assert_eq!(server.count("select count(*) from alert_history").await, 0);
        let client = server.admin.with("idempotency-key", "f1");
        let outcome = client.post(BULK, &body(12)).await.expect(200);
        assert_eq!((&outcome["matched"], &outcome["changed"]), (&json!(12), &json!(12)));
        // Nothing matches by now: only the kept answer can say the same again.
        assert_eq!(client.post(BULK, &body(12)).await.expect(200), outcome);
        client.post(BULK, &body(13)).await.problem(409);
        assert_eq!(server.count("select count(*) from alert_history").await, 12);
        let mine = json!({"filter": {"assigned_to": "me"}, "expect_count": 1, "action": "reopen"});
        let refused = server.admin.post(BULK, &mine).await.problem(409);
        assert!(refused["detail"].as_str().unwrap().contains("0 alerts"), "{refused}");
        let bad = json!({"filter": {"state": "x", "status": "shut"}, "expect_count": 1, "action": "reopen"});
        assert_eq!(server.admin.post(BULK, &bad).await.refused(), ["filter.state", "filter.status"]);
        let bad = json!({"filter": {"status": ["OPEN"]}, "expect_count": 1, "action": "reopen"});
        assert_eq!(server.admin.post(BULK, &bad).await.refused(), ["filter.status"]);
        books_balance(server).await;
    }
}

on_both! {
    async fn a_repeated_bulk_is_done_once(server) {
        let ids = raise(server, 3, "fw").await;
        let client = server.admin.with("idempotency-key", "b1");
        let body = json!({"ids": ids, "action": "acknowledge"});
        let first = client.post(BULK, &body).await.expect(200);
        assert_eq!(client.post(BULK, &body).await.expect(200), first);
        assert_eq!(server.admin.post(BULK, &body).await.expect(200)["unchanged"], 3);
        client.post(BULK, &json!({"ids": ids, "action": "reopen"})).await.problem(409);
        let client = server.admin.with("idempotency-key", "b2");
        let body = json!({"ids": ids, "action": "resolve"});
        let (a, b) = tokio::join!(client.post(BULK, &body), client.post(BULK, &body));
        assert!(a.status == 200 || b.status == 200, "{} {}", a.text(), b.text());
        assert_eq!(server.count("select count(*) from alert_history").await, 6);
    }
}

on_both! {
    ["--alert-budget", "off"]
    async fn more_than_a_thousand_are_changed_and_taken_back(server) {
        let ids = raise(server, 1_200, "many").await;
        let body = json!({"filter": {"source_name": "many"}, "expect_count": 1_200, "action": "acknowledge"});
        let outcome = server.admin.post(BULK, &body).await.expect(200);
        assert_eq!((&outcome["matched"], &outcome["changed"]), (&json!(1_200), &json!(1_200)));
        assert_eq!(server.count("select count(*) from alerts where status = 2").await, 1_200);
        let touched = format!("/api/alerts/{}/", ids[1_100]);
        server.admin.patch(&touched, &json!({"status": "RESOLVED"})).await.expect(200);
        let undone = undo(&server.admin, &outcome["undo_token"]).await;
        assert_eq!(undone["undone"], 1_199);
        assert_eq!(undone["skipped"], json!([{"id": ids[1_100], "code": "changed_since"}]));
        assert_eq!(server.count("select count(*) from alerts where status = 1 and version = 3").await, 1_199);
        assert_eq!(server.count("select count(*) from undo_steps").await, 1, "of the one change in between");
        let stats = server.admin.get("/api/stats/").await.expect(200);
        assert_eq!((&stats["by_status"]["OPEN"], &stats["unresolved"]), (&json!(1_199), &json!(1_199)));
        books_balance(server).await;
    }
}

on_both! {
    async fn undo_puts_everything_back_and_says_so(server) {
        let rex = server.user("rex", "RESPONDER").await;
        let ids = raise(server, 3, "fw").await;
        let path = |n: usize| format!("/api/alerts/{}/", ids[n]);
        // A whole life before: acknowledged, resolved with a note, or untouched.
        rex.patch(&path(0), &json!({"status": "ACK"})).await.expect(200);
        let body = json!({"status": "RESOLVED", "resolution": "OTHER", "note": "said before"});
        rex.patch(&path(1), &body).await.expect(200);
        let mut before = Vec::new();
        for id in &ids {
            before.push(worked_on(&alert(&rex, *id).await));
        }
        let body = json!({"ids": ids, "action": "resolve", "resolution": "duplicate", "note": "all one"});
        let outcome = rex.post(BULK, &body).await.expect(200);
        assert_eq!(outcome["changed"], 3);
        let token = &outcome["undo_token"];
        server.admin.post(UNDO, &json!({"undo_token": token})).await.problem(410);
        let audited = server.count("select count(*) from audit").await;
        assert_eq!(undo(&rex, token).await, json!({"undone": 3, "skipped": []}));
        for (id, before) in ids.iter().zip(&before) {
            let shown = alert(&rex, *id).await;
            assert_eq!(&worked_on(&shown), before);
            let told = rex.get(&format!("/api/alerts/{id}/timeline/")).await.expect(200);
            let last = told["results"].as_array().unwrap().last().unwrap();
            assert_eq!((&last["kind"], &last["undone"]), (&json!("CHANGED"), &json!(true)));
            assert_eq!(last["actor"]["username"], "rex");
            assert_eq!(last["changes"]["resolution"]["from"], "DUPLICATE");
        }
        assert_eq!(server.count("select count(*) from audit").await, audited + 3);
        let log = server.admin.get("/api/audit/?action=alert.change_undone").await.expect(200);
        assert_eq!(log["count"], 3);
        assert_eq!(log["results"][0]["before"]["resolution_note"], "all one");
        let again = rex.post(UNDO, &json!({"undo_token": token})).await.problem(410);
        assert!(again["detail"].as_str().unwrap().contains("30 seconds"), "{again}");
        // Reopening is taken back as well: its count too.
        let body = json!({"ids": [ids[1]], "action": "reopen"});
        let outcome = rex.post(BULK, &body).await.expect(200);
        assert_eq!(alert(&rex, ids[1]).await["reopen_count"], 1);
        undo(&rex, &outcome["undo_token"]).await;
        assert_eq!(worked_on(&alert(&rex, ids[1]).await), before[1]);
        books_balance(server).await;
    }
}

on_both! {
    async fn one_change_can_be_taken_back_too(server) {
        let id = raise(server, 1, "fw").await[0];
        let path = format!("/api/alerts/{id}/");
        let change = server.admin.patch(&path, &json!({"status": "RESOLVED", "resolution": "DUPLICATE"})).await;
        let token = json!(change.header("x-undo-token"));
        assert_eq!(change.expect(200).get("undo_token"), None);
        assert_eq!(undo(&server.admin, &token).await["undone"], 1);
        let shown = alert(&server.admin, id).await;
        assert_eq!((&shown["status"], &shown["version"], &shown["resolution"]), (&json!("OPEN"), &json!(3), &Value::Null));
        for body in [json!({"status": "OPEN"}), json!({"note": "just saying"})] {
            let answer = server.admin.patch(&path, &body).await;
            answer.expect(200);
            assert_eq!(answer.header("x-undo-token"), "", "{body}");
        }
        books_balance(server).await;
    }
}

on_both! {
    async fn undo_passes_over_what_is_gone_or_changed(server) {
        let rex = server.user("rex", "RESPONDER").await;
        let ids = raise(server, 3, "fw").await;
        let body = json!({"ids": ids, "action": "assign", "assigned_to": "rex"});
        server.admin.post(BULK, &body).await.expect(200);
        let outcome = server.admin.post(BULK, &json!({"ids": ids, "action": "resolve"})).await.expect(200);
        let event = alert(&rex, ids[0]).await["event"]["id"].clone();
        server.admin.delete(&format!("/api/events/{event}/")).await.expect(204);
        let commented = format!("/api/alerts/{}/comments/", ids[1]);
        rex.post(&commented, &json!({"text": "a comment is no change"})).await.expect(201);
        let users = server.admin.get("/api/users/?search=rex").await.expect(200);
        let user = format!("/api/users/{}/", users["results"][0]["id"]);
        server.admin.delete(&user).await.expect(204);
        let undone = undo(&server.admin, &outcome["undo_token"]).await;
        assert_eq!(undone, json!({"undone": 2, "skipped": [{"id": ids[0], "code": "not_found"}]}));
        let shown = alert(&server.admin, ids[1]).await;
        assert_eq!((&shown["status"], &shown["assigned_to"]), (&json!("OPEN"), &Value::Null));
        books_balance(server).await;
    }
}

on_both! {
    async fn forged_tokens_and_foreign_ones_are_over(server) {
        let ids = raise(server, 1, "fw").await;
        let rex = server.user("rex", "RESPONDER").await;
        let outcome = server.admin.post(BULK, &json!({"ids": ids, "action": "resolve"})).await.expect(200);
        let token = &outcome["undo_token"];
        rex.post(UNDO, &json!({"undo_token": token})).await.problem(410);
        for forged in ["", "x", "' or 1=1 --", "\u{0}", &"a".repeat(5_000)] {
            server.admin.post(UNDO, &json!({"undo_token": forged})).await.problem(410);
        }
        assert_eq!(server.admin.post(UNDO, &json!({"token": token})).await.refused(), ["token"]);
        let stored = server.count("select count(*) from undo_steps where length(token_hash) = 32").await;
        assert_eq!(stored, 1, "only the hash is stored");
        let body = json!({"undo_token": token});
        let (a, b) = tokio::join!(server.admin.post(UNDO, &body), server.admin.post(UNDO, &body));
        let (a, b) = (a.status.as_u16(), b.status.as_u16());
        assert_eq!([a.min(b), a.max(b)], [200, 410], "one of two wins");
        assert_eq!(alert(&rex, ids[0]).await["version"], 3);
    }
}

on_both! {
    async fn bulks_that_meet_wait_for_one_another(server) {
        let ids = raise(server, 60, "fw").await;
        let mut backwards = ids.clone();
        backwards.reverse();
        let mut all = Vec::new();
        for n in 0..12 {
            let admin = server.admin.clone();
            let ids = if n % 2 == 0 { ids.clone() } else { backwards.clone() };
            let action = ["acknowledge", "resolve", "reopen"][n % 3];
            all.push(tokio::spawn(async move {
                admin.post(BULK, &json!({"ids": ids, "action": action})).await.status.as_u16()
            }));
        }
        for done in all {
            assert_eq!(done.await.unwrap(), 200);
        }
        books_balance(server).await;
    }
}

on_both! {
    async fn undo_gives_nothing_back_to_who_may_not_have_it(server) {
        let mut users = Vec::new();
        for name in ["rex", "ria", "roy"] {
            server.user(name, "RESPONDER").await;
            let found = server.admin.get(&format!("/api/users/?search={name}")).await.expect(200);
            users.push(format!("/api/users/{}/", found["results"][0]["id"]));
        }
        let ids = raise(server, 4, "fw").await;
        for (id, name) in ids.iter().zip(["rex", "ria", "roy", "rex"]) {
            let body = json!({"assigned_to": name});
            server.admin.patch(&format!("/api/alerts/{id}/"), &body).await.expect(200);
        }
        let body = json!({"ids": ids[..3], "action": "assign", "assigned_to": null});
        let taken = server.admin.post(BULK, &body).await.expect(200);
        let body = json!({"ids": ids[3..], "action": "resolve"});
        let resolved = server.admin.post(BULK, &body).await.expect(200);
        server.admin.patch(&users[0], &json!({"enabled": false})).await.expect(200);
        server.admin.patch(&users[1], &json!({"role": "ANALYST"})).await.expect(200);
        assert_eq!(undo(&server.admin, &taken["undo_token"]).await["undone"], 3);
        assert_eq!(undo(&server.admin, &resolved["undo_token"]).await["undone"], 1);
        let mut owners = Vec::new();
        for id in &ids {
            owners.push(alert(&server.admin, *id).await["assigned_to"]["username"].clone());
        }
        // The last one never left rex: only given back it is to nobody.
        assert_eq!(json!(owners), json!([null, null, "roy", "rex"]));
    }
}

on_both! {
    async fn people_deleted_while_they_are_given_alerts_are_no_fault(server) {
        let ids = raise(server, 120, "fw").await;
        for n in 0..6 {
            let name = format!("gone{n}");
            server.user(&name, "RESPONDER").await;
            let found = server.admin.get(&format!("/api/users/?search={name}")).await.expect(200);
            let user = format!("/api/users/{}/", found["results"][0]["id"]);
            let body = json!({"ids": ids, "action": "assign", "assigned_to": name});
            let (assign, delete) = tokio::join!(server.admin.post(BULK, &body), server.admin.delete(&user));
            assert_eq!(delete.status, 204, "{}", delete.text());
            if assign.status != 200 {
                assert_eq!(assign.refused(), ["assigned_to"]);
            }
            assert_eq!(server.count("select count(*) from alerts where assigned_to is not null").await, 0);
        }
        books_balance(server).await;
    }
}

on_both! {
    async fn a_comment_sent_twice_at_once_is_made_once(server) {
        let rex = server.user("rex", "RESPONDER").await;
        let id = raise(server, 1, "fw").await[0];
        let path = format!("/api/alerts/{id}/comments/");
        let say = async |client: &Client, key: &str, text: &str| {
            client.with("idempotency-key", key).post(&path, &json!({"text": text})).await.expect(201)
        };
        let first = say(&rex, "a", "on it").await;
        assert_eq!(say(&rex, "b", "on it").await, first);
        assert_ne!(say(&server.admin, "c", "on it").await["id"], first["id"], "somebody else");
        assert_ne!(say(&rex, "d", "on it").await["id"], first["id"], "not the last word any more");
        say(&rex, "e", "on it!").await;
        assert_eq!(server.count("select count(*) from alert_history").await, 4);
        let log = server.admin.get("/api/audit/?action=alert.commented").await.expect(200);
        assert_eq!(log["count"], 4);
    }
}

fn undo_expires(kind: Kind) {
    run_alone(async {
        let clock = MockClock::at(Timestamp::parse("2026-03-01T12:00:00Z").unwrap());
        let server = TestServer::start(kind, &[], Clock::mock(&clock)).await;
        let ids = raise(&server, 2, "fw").await;
        let act = async |action: &str| {
            let body = json!({"ids": ids, "action": action});
            server.admin.post(BULK, &body).await.expect(200)
        };
        let first = act("acknowledge").await;
        assert_eq!(first["undo_expires_at"], "2026-03-01T12:00:30.000000Z");
        clock.advance(Duration::from_secs(29));
        assert_eq!(undo(&server.admin, &first["undo_token"]).await["undone"], 2);
        let second = act("resolve").await;
        clock.advance(Duration::from_secs(30));
        let body = json!({"undo_token": second["undo_token"]});
        server.admin.post(UNDO, &body).await.problem(410);
        let forgotten = watchpost::alerts::forget_undo(server.server.app())
            .await
            .unwrap();
        assert_eq!(forgotten, 2);
        server.end().await;
    });
}

#[test]
fn a_token_works_for_thirty_seconds_sqlite() {
    undo_expires(Kind::Sqlite);
}

#[test]
fn a_token_works_for_thirty_seconds_postgres() {
    undo_expires(Kind::Postgres);
}
