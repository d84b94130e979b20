//! The clock is set, forwards and back, by hours, while senders send.

use std::time::Duration;

use base::{Clock, MockClock, Timestamp};
use http::Method;
use serde_json::{Value, json};
use watchpost::ingest::tell_silence;
use watchpost::sources::flush;

use super::ledger;
use crate::harness::{ADMIN, Client, Kind, PASSWORD, TestServer, event, run_alone};

const HOUR: Duration = Duration::from_hours(1);

/// A server whose clock a test sets.
struct Scene {
    server: TestServer,
    clock: MockClock,
}

impl Scene {
    async fn start(kind: Kind, flags: &[&str]) -> Self {
        let clock = MockClock::at(Timestamp::from_millis(1_800_000_000_000));
        let server = TestServer::start(kind, flags, Clock::mock(&clock)).await;
        Self { server, clock }
    }

    fn forwards(&self, by: Duration) {
        self.clock.set(self.clock.now().plus(by));
    }

    fn back(&self, by: Duration) {
        self.clock.set(self.clock.now().minus(by));
    }

    /// The administrator, signed in now: tokens end by the clock.
    async fn admin(&self) -> Client {
        let mut admin = self.server.anonymous();
        admin.sign_in(ADMIN.0, ADMIN.1).await;
        admin
    }

    async fn look(&self) -> usize {
        let server = &self.server.server;
        flush(server.app(), server.ingest().sources())
            .await
            .unwrap();
        tell_silence(server.app(), server.ingest()).await.unwrap()
    }

    async fn stop(self) {
        self.server.end().await;
    }
}

/// The tests of this file, each on both engines.
macro_rules! by_clock {
    ($name:ident, $flags:expr, $body:expr) => {
        mod $name {
            use super::*;

            fn run(kind: Kind) {
                run_alone(async move {
                    let scene = Scene::start(kind, $flags).await;
                    $body(&scene).await;
                    scene.stop().await;
                });
            }

            #[test]
            fn sqlite() {
                run(Kind::Sqlite);
            }

            #[test]
            fn postgres() {
                run(Kind::Postgres);
            }
        }
    };
}

/// What was sent between two settings of the clock, under the names of its senders.
struct Round {
    number: usize,
    /// The event of the single request.
    id: i64,
}

fn bulk(number: usize) -> String {
    (0..3)
        .map(|n| {
            let document = event("HIGH", &format!("bulk {number} {n}"));
            format!("{{\"create\":{{\"_id\":\"{number}-{n}\"}}}}\n{document}\n")
        })
        .collect()
}

fn firing(number: usize) -> Value {
    json!({"version": "4", "receiver": "wp", "status": "firing", "alerts": [{
        "status": "firing",
        "labels": {"alertname": "a", "severity": "critical", "instance": number.to_string()},
        "annotations": {"summary": format!("{number} is down")},
        "startsAt": "2026-01-01T00:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": number.to_string(),
    }]})
}

/// Sends a round, or sends it again; the id of its single event.
async fn send(key: &Client, number: usize, again: bool) -> i64 {
    let single = key.with("idempotency-key", &format!("round-{number}"));
    let stored = single
        .post("/api/events/", &event("HIGH", &format!("single {number}")))
        .await
        .expect(201);
    let lines = key.with("content-type", "application/x-ndjson");
    let answer = lines.send(Method::POST, "/_bulk", bulk(number)).await;
    let answer = answer.expect(200);
    for item in answer["items"].as_array().unwrap() {
        let status = if again { 409 } else { 201 };
        assert_eq!(item["create"]["status"], status, "round {number}: {item}");
    }
    let told = key.post("/api/ingest/alertmanager/", &firing(number)).await;
    assert_eq!(told.expect(200)["repeated"], i32::from(again));
    stored["id"].as_i64().unwrap()
}

async fn set_while_sending(scene: &Scene) {
    let key = scene.server.key(None).await;
    let mut rounds: Vec<Round> = Vec::new();
    for hours in [0, 6, -6, -13, 30, -5, 1] {
        let by = HOUR * i64::unsigned_abs(hours).try_into().unwrap();
        if hours < 0 {
            scene.back(by);
        } else {
            scene.forwards(by);
        }
        for old in &rounds {
            assert_eq!(send(&key, old.number, true).await, old.id, "the same again");
        }
        for _ in 0..3 {
            let number = rounds.len();
            let id = send(&key, number, false).await;
            let before = rounds.last().map_or(0, |round| round.id);
            assert!(id > before, "set by {hours} h: {id} after {before}");
            rounds.push(Round { number, id });
            scene.clock.advance(Duration::from_millis(3));
        }
        let newest = scene.admin().await.get("/api/events/?page_size=5").await;
        let newest = newest.expect(200);
        let listed = newest["results"].as_array().unwrap();
        let last = rounds.last().unwrap();
        assert_eq!(listed[4]["id"], last.id, "the newest stand first");
    }
    let sent = i64::try_from(rounds.len() * 5).unwrap();
    for sql in [
        "select count(*) from events",
        "select count(distinct id) from events",
        "select count(distinct description) from events",
        "select count(*) from alerts",
        "select cast(sum(n) as bigint) from event_counts",
        "select cast(sum(n) as bigint) from alert_counts",
    ] {
        assert_eq!(scene.server.count(sql).await, sent, "{sql}");
    }
    ledger::lists_are_whole(&scene.admin().await, &scene.server.database.url()).await;
}

by_clock!(
    a_clock_that_is_set_loses_and_doubles_nothing,
    &["--alert-budget", "off"],
    set_while_sending
);

async fn own_alerts(scene: &Scene) -> i64 {
    let sql = "select count(*) from events where severity >= 4 and folded_into is null";
    scene.server.count(sql).await
}

async fn budget(scene: &Scene) {
    let key = scene.server.key(None).await;
    let high = event("HIGH", "fw");
    scene.forwards(HOUR * 6);
    for _ in 0..5 {
        key.post("/api/events/", &high).await.expect(201);
    }
    assert_eq!(own_alerts(scene).await, 3, "two, and the one that gathers");
    scene.back(HOUR * 6);
    key.post("/api/events/", &high).await.expect(201);
    assert_eq!(own_alerts(scene).await, 3, "nothing is given away");
    scene.clock.advance(Duration::from_secs(61));
    key.post("/api/events/", &high).await.expect(201);
    assert_eq!(own_alerts(scene).await, 4, "it came back in its minute");
}

by_clock!(
    after_a_clock_is_set_back_alerts_are_raised_again_within_the_minute,
    &["--alert-budget", "2/minute"],
    budget
);

async fn sign_in(scene: &Scene) {
    scene.server.user("rex", "RESPONDER").await;
    scene.forwards(HOUR * 6);
    let anonymous = scene.server.anonymous();
    let of = |name: &str, password: &str| json!({"username": name, "password": password});
    for name in ["rex", "nobody"] {
        for _ in 0..10 {
            let wrong = of(name, "wrong wrong wrong");
            anonymous
                .post("/api/auth/token/", &wrong)
                .await
                .problem(401);
            scene.clock.advance(Duration::from_secs(40));
        }
        let wrong = of(name, "wrong wrong wrong");
        anonymous
            .post("/api/auth/token/", &wrong)
            .await
            .problem(401);
        anonymous
            .post("/api/auth/token/", &wrong)
            .await
            .problem(429);
    }
    scene.back(HOUR * 6);
    let wrong = of("nobody", "wrong wrong wrong");
    anonymous
        .post("/api/auth/token/", &wrong)
        .await
        .problem(401);
    anonymous
        .post("/api/auth/token/", &wrong)
        .await
        .problem(429);
    let right = of("rex", PASSWORD);
    anonymous.post("/api/auth/token/", &right).await.expect(200);
}

by_clock!(
    after_a_clock_is_set_back_people_can_sign_in_and_guessing_is_slow,
    &[],
    sign_in
);

async fn sessions(scene: &Scene) {
    let mut rex = scene.server.user("rex", "RESPONDER").await;
    scene.forwards(HOUR * 6);
    rex.sign_in("rex", PASSWORD).await;
    rex.get("/api/me/").await.expect(200);
    scene.back(HOUR * 6);
    rex.get("/api/me/").await.problem(401);
    let fresh = rex
        .post("/api/auth/token/refresh/", &json!({"refresh": rex.refresh}))
        .await
        .expect(200);
    rex = rex.with_bearer(fresh["access"].as_str().unwrap());
    rex.refresh = fresh["refresh"].as_str().unwrap().to_owned();
    rex.get("/api/me/").await.expect(200);
    scene.forwards(HOUR * 24 * 8);
    rex.get("/api/me/").await.problem(401);
    rex.post("/api/auth/token/refresh/", &json!({"refresh": rex.refresh}))
        .await
        .problem(401);
    rex.sign_in("rex", PASSWORD).await;
    rex.get("/api/me/").await.expect(200);
}

by_clock!(
    a_clock_that_is_set_ends_tokens_early_and_lets_people_in_again,
    &[],
    sessions
);

async fn silence(scene: &Scene) {
    let key = scene.server.key(None).await;
    let names: Vec<String> = (0..5).map(|n| format!("fw-{n}")).collect();
    for name in &names {
        let described = json!({"name": name, "silent_after": 3_600});
        let admin = &scene.server.admin;
        admin.post("/api/sources/", &described).await.expect(201);
    }
    let speak = async |names: &[String]| {
        for name in names {
            key.post("/api/events/", &event("LOW", name))
                .await
                .expect(201);
        }
    };
    speak(&names).await;
    assert_eq!(scene.look().await, 0);
    scene.clock.advance(Duration::from_secs(400));
    scene.forwards(HOUR * 6);
    assert_eq!(scene.look().await, 0, "nobody fell silent at once");
    scene.clock.advance(HOUR / 2);
    speak(&names[1..]).await;
    assert_eq!(scene.look().await, 0);
    scene.clock.advance(HOUR / 2);
    assert_eq!(scene.look().await, 1, "the one that did not speak since");
    // Set back: what was told stays told, and nobody is told anew.
    scene.back(HOUR * 6);
    speak(&names[1..]).await;
    assert_eq!(scene.look().await, 0);
    scene.clock.advance(HOUR / 2);
    speak(&names).await;
    assert_eq!(scene.look().await, 1, "it is back");
    assert_eq!(scene.look().await, 0);
}

by_clock!(
    a_clock_that_is_set_makes_no_storm_of_silent_sources,
    &[],
    silence
);
