//! The same thing wanted by several at once: one gets it, the others are told.

use std::collections::BTreeSet;
use std::future::Future;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD, TestServer};

/// The statuses of answers, sorted.
async fn statuses(answers: impl IntoIterator<Item = impl Future<Output = u16>>) -> Vec<u16> {
    let mut found = join_all(answers).await;
    found.sort_unstable();
    found
}

async fn alert(server: &TestServer) -> String {
    let alert = server.event("HIGH", "fw").await["alert"].as_i64().unwrap();
    format!("/api/alerts/{alert}/")
}

on_both! {
    async fn one_of_two_changes_to_an_alert_wins(server) {
        let clients = [server.user("rex", "RESPONDER").await, server.user("mia", "RESPONDER").await];
        for _ in 0..10 {
            let path = alert(server).await;
            let changes = [json!({"status": "ACKNOWLEDGED"}), json!({"status": "RESOLVED"})];
            let found = statuses(clients.iter().zip(&changes).map(|(client, change)| {
                let (client, path) = (client.with("if-match", "\"1\""), &path);
                async move { client.patch(path, change).await.status.as_u16() }
            })).await;
            assert_eq!(found, [200, 412]);
            let shown = server.admin.get(&path).await.expect(200);
            assert_eq!(shown["version"], 2);
            let timeline = server.admin.get(&format!("{path}timeline/")).await.expect(200);
            let entries = timeline["results"].as_array().unwrap().iter()
                .filter(|entry| entry["kind"] == "CHANGED").count();
            assert_eq!(entries, 1, "{timeline}");
        }
    }
}

on_both! {
    async fn changes_without_a_version_all_happen_one_after_the_other(server) {
        let path = alert(server).await;
        let found = statuses((0..16).map(|number| {
            let status = if number % 2 == 0 { "ACKNOWLEDGED" } else { "OPEN" };
            let (client, path) = (&server.admin, &path);
            async move { client.patch(path, &json!({"status": status})).await.status.as_u16() }
        })).await;
        assert_eq!(found, [200; 16]);
        let counted = server.count(
            "select count(*) from (select status, sum(n) as n from alert_counts group by 1) c \
             where n <> (select count(*) from alerts a where a.status = c.status)",
        ).await;
        assert_eq!(counted, 0, "alert_counts is not what is stored");
    }
}

on_both! {
    async fn a_refresh_token_works_once_and_its_reuse_ends_the_session(server) {
        let rex = server.user("rex", "RESPONDER").await;
        let body = json!({"refresh": rex.refresh});
        let answers = join_all((0..8).map(|_| {
            let (client, body) = (server.anonymous(), &body);
            async move { client.post("/api/auth/token/refresh/", body).await }
        })).await;
        let mut found: Vec<u16> = answers.iter().map(|answer| answer.status.as_u16()).collect();
        found.sort_unstable();
        assert_eq!(found, [200, 401, 401, 401, 401, 401, 401, 401]);
        let won = answers.iter().find(|answer| answer.status == 200).unwrap().value();
        let body = json!({"refresh": won["refresh"]});
        server.anonymous().post("/api/auth/token/refresh/", &body).await.problem(401);
        rex.get("/api/me/").await.problem(401);
        let won = server.anonymous().with_bearer(won["access"].as_str().unwrap());
        won.get("/api/me/").await.problem(401);
        let found = server.admin.get("/api/audit/?action=session.reuse_detected").await.expect(200);
        assert_eq!(found["results"].as_array().unwrap().len(), 1, "{found}");
    }
}

on_both! {
    async fn a_name_is_taken_once(server) {
        let names = ["Rex", "rex", "REX", "rEx", "rex", "Rex", "REX", "rex"];
        let found = statuses(names.map(|name| {
            let body = json!({"username": name, "password": PASSWORD});
            let client = server.anonymous();
            async move { client.post("/api/auth/signup/", &body).await.status.as_u16() }
        })).await;
        assert_eq!(found[0], 201, "{found:?}");
        assert!(found[1..].iter().all(|status| matches!(status, 400 | 409)), "{found:?}");
        assert_eq!(server.count("select count(*) from users where username_key = 'rex'").await, 1);
    }
}

async fn id(server: &TestServer, name: &str) -> i64 {
    let users = server
        .admin
        .get(&format!("/api/users/?search={name}"))
        .await
        .expect(200);
    users["results"][0]["id"].as_i64().unwrap()
}

/// Two administrators, alone, who each do this to the other at once; one of them remains.
async fn duel(server: &TestServer, change: impl AsyncFn(&Client, &str) -> u16) {
    for round in 0..5 {
        let names = [format!("ada{round}"), format!("bob{round}")];
        let ada = server.user(&names[0], "ADMIN").await;
        let bob = server.user(&names[1], "ADMIN").await;
        let paths = [id(server, &names[0]).await, id(server, &names[1]).await]
            .map(|id| format!("/api/users/{id}/"));
        // All others step back.
        let keep = format!("('{}', '{}')", names[0], names[1]);
        let sql = format!("update users set role = 'ANALYST' where username not in {keep}");
        execute(server, sql).await;
        let (first, second) = futures_util::join!(change(&ada, &paths[1]), change(&bob, &paths[0]));
        let sql = "select count(*) from users where role = 'ADMIN' and enabled";
        assert_eq!(server.count(sql).await, 1, "{first} and {second}");
        execute(
            server,
            "update users set role = 'ADMIN' where username = 'admin'".into(),
        )
        .await;
    }
}

async fn execute(server: &TestServer, sql: String) {
    let done: Result<u64, store::StoreError> = server
        .server
        .app()
        .store
        .write(move |tx| tx.execute(&sql, &[]))
        .await;
    done.unwrap();
}

on_both! {
    async fn two_administrators_cannot_demote_each_other(server) {
        duel(server, async |client, path| {
            client.patch(path, &json!({"role": "ANALYST"})).await.status.as_u16()
        }).await;
    }
}

on_both! {
    async fn two_administrators_cannot_disable_each_other(server) {
        duel(server, async |client, path| {
            client.patch(path, &json!({"enabled": false})).await.status.as_u16()
        }).await;
    }
}

on_both! {
    async fn two_administrators_cannot_delete_each_other(server) {
        duel(server, async |client, path| client.delete(path).await.status.as_u16()).await;
    }
}

on_both! {
    async fn comments_made_at_once_are_all_kept(server) {
        let path = alert(server).await;
        let mut sessions = Vec::new();
        for number in 0..16 {
            let role = if number % 2 == 0 { "RESPONDER" } else { "ADMIN" };
            sessions.push(server.user(&format!("user{number}"), role).await);
        }
        let comments = format!("{path}comments/");
        let found = statuses(sessions.iter().enumerate().map(|(number, client)| {
            let body = json!({"text": format!("comment {number}")});
            let comments = &comments;
            async move { client.post(comments, &body).await.status.as_u16() }
        })).await;
        assert_eq!(found, [201; 16]);
        let timeline = server.admin.get(&format!("{path}timeline/")).await.expect(200);
        let texts: BTreeSet<&str> = timeline["results"].as_array().unwrap().iter()
            .filter_map(|entry| entry["text"].as_str()).collect();
        let expected: Vec<String> = (0..16).map(|number| format!("comment {number}")).collect();
        assert_eq!(texts, expected.iter().map(String::as_str).collect(), "{timeline}");
        let verified: Value = server.admin.get("/api/audit/verify/").await.expect(200);
        assert_eq!(verified["intact"], true);
    }
}
