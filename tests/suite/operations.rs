//! Health, metrics, stopping, starting again.

use base::Clock;
use watchpost::serve::Server;

use crate::harness::{ADMIN, Client, Database, Kind, event, run_alone, settings};

on_both! {
    async fn health_and_readiness_answer_anyone(server) {
        assert_eq!(server.anonymous().get("/healthz").await.expect(200)["status"], "ok");
        assert_eq!(server.anonymous().get("/readyz").await.expect(200)["status"], "ready");
    }
}

on_both! {
    async fn metrics_count_what_happened(server) {
        server.event("HIGH", "fw").await;
        server.event("LOW", "fw").await;
        let answer = server.admin.get("/metrics").await;
        assert_eq!(answer.status, 200);
        let text = answer.text();
        for line in [
            "watchpost_events_total{outcome=\"stored\"} 2",
            "watchpost_alerts_raised_total 1",
            "watchpost_audit_entries 4",
            "watchpost_sign_ins_total{outcome=\"ok\"} 1",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
        assert!(text.contains("route=\"/api/events/\""), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}

on_both! {
    ["--metrics-bind", "127.0.0.1:0"]
    async fn a_metrics_address_of_its_own_needs_no_sign_in(server) {
        let client = Client::to(server.server.metrics_address().unwrap());
        let answer = client.get("/metrics").await;
        assert_eq!(answer.status, 200);
        assert!(answer.text().contains("watchpost_store_commits"));
        assert_eq!(client.get("/api/alerts/").await.status, 404);
    }
}

async fn restarts(kind: Kind) {
    let database = Database::create(kind).await;
    let first = Server::start(settings(&database, &[]), Clock::system())
        .await
        .unwrap();
    let mut admin = Client::to(first.address());
    admin.sign_in(ADMIN.0, ADMIN.1).await;
    let stored = admin
        .post("/api/events/", &event("HIGH", "fw"))
        .await
        .expect(201);
    first.stop().await;
    assert!(
        admin
            .try_send(http::Method::GET, "/healthz", "")
            .await
            .is_err(),
        "it stopped"
    );
    let second = Server::start(settings(&database, &[]), Clock::system())
        .await
        .unwrap();
    let mut admin = Client::to(second.address());
    admin.sign_in(ADMIN.0, ADMIN.1).await;
    let path = format!("/api/events/{}/", stored["id"]);
    assert_eq!(admin.get(&path).await.expect(200), stored);
    let newer = admin
        .post("/api/events/", &event("HIGH", "fw"))
        .await
        .expect(201);
    assert!(newer["id"].as_i64() > stored["id"].as_i64());
    second.stop().await;
    database.drop().await;
}

on_each_kind!(a_restart_keeps_everything, restarts);

async fn generated_admin(kind: Kind) {
    let database = Database::create(kind).await;
    let flags = ["--admin-username", "", "--admin-password", ""];
    let server = Server::start(settings(&database, &flags), Clock::system())
        .await
        .unwrap();
    let made = server.first_admin().expect("a first administrator is made");
    let mut admin = Client::to(server.address());
    let password = made
        .generated
        .as_ref()
        .expect("its password is generated")
        .expose();
    admin.sign_in(&made.username, password).await;
    server.stop().await;
    let server = Server::start(settings(&database, &flags), Clock::system())
        .await
        .unwrap();
    assert!(server.first_admin().is_none(), "only once");
    server.stop().await;
    database.drop().await;
}

on_each_kind!(the_first_administrator_is_made_once, generated_admin);

#[test]
fn a_newer_schema_refuses_to_start() {
    run_alone(async {
        let database = Database::create(Kind::Sqlite).await;
        let server = Server::start(settings(&database, &[]), Clock::system())
            .await
            .unwrap();
        let done: Result<(), store::StoreError> = server
            .app()
            .store
            .write(|tx| {
                tx.execute(
                    "insert into schema_migrations (number, name, checksum, applied_at) \
                     values (999, 'future', 'x', 0)",
                    &[],
                )
                .map(|_| ())
            })
            .await;
        done.unwrap();
        server.stop().await;
        let refused = Server::start(settings(&database, &[]), Clock::system())
            .await
            .unwrap_err();
        assert!(refused.to_string().contains("newer program"), "{refused}");
    });
}
