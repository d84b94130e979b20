//! The activity log: complete, append-only, and its chain finds what was changed.

use serde_json::json;

use crate::harness::{Kind, PASSWORD, TestServer, run};

on_both! {
    async fn every_change_is_told_with_who_where_and_what(server) {
        let agent = server.admin.with("user-agent", "curl/9 (test)");
        let event = agent.post("/api/events/", &crate::harness::event("HIGH", "fw")).await.expect(201);
        let path = format!("/api/alerts/{}/", event["alert"]);
        agent.patch(&path, &json!({"status": "ACKNOWLEDGED", "note": "mine"})).await.expect(200);
        let list = agent.get(&format!("/api/audit/?object_kind=alert&object_id={}", event["alert"])).await.expect(200);
        let entry = &list["results"][0];
        assert_eq!(entry["action"], "alert.changed");
        assert_eq!(entry["actor"], "admin");
        assert_eq!(entry["actor_kind"], "user");
        assert_eq!(entry["address"], "127.0.0.1");
        assert_eq!(entry["user_agent"], "curl/9 (test)");
        assert_eq!(entry["before"]["status"], "OPEN");
        assert_eq!(entry["after"]["status"], "ACKNOWLEDGED");
        assert!(!entry["request_id"].as_str().unwrap().is_empty());
        let created = agent.get("/api/audit/?action=event.").await.expect(200);
        assert_eq!(created["results"][0]["after"]["id"], event["id"]);
    }
}

on_both! {
    async fn sign_ins_good_and_failed_are_told(server) {
        let body = json!({"username": "nobody", "password": "wrong password"});
        server.anonymous().post("/api/auth/token/", &body).await.problem(401);
        let list = server.admin.get("/api/audit/?action=sign_in.failed").await.expect(200);
        assert_eq!(list["results"][0]["actor"], "nobody");
        assert!(!list.to_string().contains("wrong password"));
        let list = server.admin.get("/api/audit/?action=sign_in.succeeded&actor=admin").await.expect(200);
        assert_eq!(list["count"], 1);
        let body = json!({"username": "ana", "email": "a@example.org", "password": PASSWORD, "role": "ADMIN"});
        server.anonymous().post("/api/auth/signup/", &body).await.expect(201);
        let list = server.admin.get("/api/audit/?actor=ana").await.expect(200);
        assert!(list["count"].as_i64().unwrap() >= 1);
        assert!(!list.to_string().contains(PASSWORD));
    }
}

on_both! {
    async fn pages_and_export_hold_every_entry(server) {
        for n in 0..12 {
            server.event("LOW", &format!("s{n}")).await;
        }
        let whole = server.admin.get("/api/audit/?page_size=100").await.expect(200);
        let whole: Vec<_> = whole["results"].as_array().unwrap().iter().map(|e| e["seq"].as_i64().unwrap()).collect();
        let mut path = "/api/audit/?page_size=5".to_owned();
        let mut paged = Vec::new();
        loop {
            let page = server.admin.get(&path).await.expect(200);
            paged.extend(page["results"].as_array().unwrap().iter().map(|e| e["seq"].as_i64().unwrap()));
            match page["next"].as_str() {
                Some(next) => path = next.to_owned(),
                None => break,
            }
        }
        assert_eq!(paged, whole);
        let export = server.admin.get("/api/audit/export/").await;
        assert_eq!(export.status, 200);
        assert_eq!(export.text().lines().count(), whole.len());
    }
}

on_both! {
    async fn the_database_refuses_to_change_the_log(server) {
        for sql in ["update audit set actor = 'x' where seq = 1", "delete from audit where seq = 1"] {
            let refused: Result<(), store::StoreError> = server
                .server
                .app()
                .store
                .write(move |tx| tx.execute(sql, &[]).map(|_| ()))
                .await;
            assert!(refused.unwrap_err().to_string().contains("append-only"), "{sql}");
        }
        let found = server.admin.get("/api/audit/verify/").await.expect(200);
        assert_eq!(found["intact"], true);
        assert!(found["entries"].as_i64().unwrap() >= 2);
    }
}

/// Changes the log behind the server's back, past its triggers.
async fn tamper(server: &TestServer, sql: &'static str) {
    let off = match server.database.kind() {
        Kind::Sqlite => "drop trigger audit_no_update; drop trigger audit_no_delete",
        Kind::Postgres => "alter table audit disable trigger all",
    };
    let done: Result<(), store::StoreError> = server
        .server
        .app()
        .store
        .write(move |tx| {
            tx.execute_script(off)?;
            tx.execute(sql, &[]).map(|_| ())
        })
        .await;
    done.unwrap();
}

fn finds(kind: Kind, sql: &'static str, broken_at: i64) {
    run(kind, &[], async |server| {
        for n in 0..4 {
            server.event("LOW", &format!("s{n}")).await;
        }
        tamper(server, sql).await;
        let found = server.admin.get("/api/audit/verify/").await.expect(200);
        assert_eq!(found["intact"], false, "{sql}");
        assert_eq!(found["broken_at"], broken_at, "{sql}: {found}");
        assert!(found["reason"].is_string());
    });
}

/// Every way to falsify, with the entry that must be named.
const FALSIFIED: [(&str, i64); 5] = [
    ("update audit set actor = 'somebody else' where seq = 3", 3),
    ("update audit set after = null where seq = 4", 4),
    ("delete from audit where seq = 2", 2),
    (
        "delete from audit where seq = (select max(seq) from audit)",
        6,
    ),
    ("update audit set address = '' where seq = 1", 1),
];

#[test]
fn a_falsified_entry_is_named_on_sqlite() {
    for (sql, broken_at) in FALSIFIED {
        finds(Kind::Sqlite, sql, broken_at);
    }
}

#[test]
fn a_falsified_entry_is_named_on_postgres() {
    for (sql, broken_at) in FALSIFIED {
        finds(Kind::Postgres, sql, broken_at);
    }
}
