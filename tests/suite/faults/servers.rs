//! Two servers on one PostgreSQL database.

use std::sync::Arc;
use std::time::Duration;

use base::Clock;
use rand::RngExt as _;
use serde_json::json;
use watchpost::serve::Server;

use super::load::{Load, Target, repeat_all};
use super::{Ledger, chances, run, until};
use crate::harness::{ADMIN, Client, Database, Kind, PASSWORD, settings};

struct Pair {
    servers: [Server; 2],
    admins: [Client; 2],
    database: Database,
}

impl Pair {
    async fn start() -> Self {
        let database = Database::create(Kind::Postgres).await;
        let start = async || {
            let server = Server::start(settings(&database, &[]), Clock::system())
                .await
                .unwrap();
            let mut admin = Client::to(server.address());
            admin.sign_in(ADMIN.0, ADMIN.1).await;
            (server, admin)
        };
        let (first, second) = (start().await, start().await);
        Self {
            servers: [first.0, second.0],
            admins: [first.1, second.1],
            database,
        }
    }

    async fn stop(self) {
        for server in self.servers {
            server.stop().await;
        }
        self.database.drop().await;
    }
}

async fn share() {
    let pair = Pair::start().await;
    let made = pair.admins[0]
        .post("/api/keys/", &json!({"name": "sensor"}))
        .await
        .expect(201);
    let key = made["key"].as_str().unwrap();
    let ledger = Arc::new(Ledger::default());
    let mut rng = chances();
    let targets = pair.servers.each_ref().map(|server| Target {
        address: server.address(),
        key: key.to_owned(),
        ledger: Arc::clone(&ledger),
    });
    let loads = targets
        .each_ref()
        .map(|target| Load::start(target, rng.random()));
    // Entries of the activity log from both sides at once.
    let writers = pair.admins.each_ref().map(|admin| async {
        for number in 0..20 {
            let body = json!({"name": format!("key {number}")});
            admin.post("/api/keys/", &body).await.expect(201);
        }
    });
    futures_util::future::join_all(writers).await;
    let enough = async || ledger.acknowledged() > 500;
    until("both store events", Duration::from_secs(30), enough).await;
    for load in loads {
        load.stop().await;
    }
    repeat_all(&targets[1]).await;
    println!("{}", ledger.summary());
    assert_eq!(
        ledger.with_status(503),
        0,
        "neither kept the other from its work"
    );
    ledger.check(&pair.database.url()).await;
    for admin in &pair.admins {
        ledger.check_lists(admin, &pair.database.url()).await;
        assert_eq!(
            admin.get("/api/audit/verify/").await.expect(200)["intact"],
            true
        );
    }
    for server in &pair.servers {
        let stored = server.app().store.stats().commits;
        assert!(stored > 20, "both servers wrote: {stored}");
    }
    pair.stop().await;
}

#[test]
fn two_servers_share_a_database() {
    run(2, share());
}

/// A token made by one server counts on the other, and a change of rights at the next request.
async fn rights() {
    let pair = Pair::start().await;
    let [here, there] = &pair.admins;
    let body = json!({"username": "rex", "password": PASSWORD, "role": "RESPONDER"});
    let user = here.post("/api/users/", &body).await.expect(201);
    let user = format!("/api/users/{}/", user["id"]);
    let mut rex = Client::to(pair.servers[1].address());
    rex.sign_in("rex", PASSWORD).await;
    let token = rex
        .post("/api/auth/token/refresh/", &json!({"refresh": rex.refresh}))
        .await;
    let token = token.expect(200)["access"].as_str().unwrap().to_owned();
    let rexes = [&pair.servers[0], &pair.servers[1]]
        .map(|server| Client::to(server.address()).with_bearer(&token));
    let event = here
        .post("/api/events/", &crate::harness::event("HIGH", "fw"))
        .await
        .expect(201);
    let alert = format!("/api/alerts/{}/comments/", event["alert"]);
    let comment = json!({"text": "seen"});
    for round in 0..10 {
        let (admin, other) = if round % 2 == 0 {
            (here, &rexes[1])
        } else {
            (there, &rexes[0])
        };
        other.post(&alert, &comment).await.expect(201);
        admin
            .patch(&user, &json!({"role": "ANALYST"}))
            .await
            .expect(200);
        other.post(&alert, &comment).await.problem(403);
        admin
            .patch(&user, &json!({"role": "RESPONDER"}))
            .await
            .expect(200);
    }
    here.patch(&user, &json!({"enabled": false}))
        .await
        .expect(200);
    rexes[1].get("/api/me/").await.problem(401);
    pair.stop().await;
}

#[test]
fn a_change_of_rights_works_on_the_other_server_at_the_next_request() {
    run(2, rights());
}
