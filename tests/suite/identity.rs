//! Signing in, refreshing, users and keys.

use base::{Clock, MockClock, Timestamp};
use serde_json::{Value, json};

use watchpost::serve::Server;

use crate::harness::{ADMIN, Client, Database, Kind, PASSWORD, TestServer, event, settings};

async fn user_id(admin: &Client, name: &str) -> i64 {
    let users = admin
        .get(&format!("/api/users/?search={name}"))
        .await
        .expect(200);
    users["results"][0]["id"].as_i64().unwrap()
}

on_both! {
    async fn a_sign_in_answers_tokens_that_work(server) {
        for path in ["/api/auth/token/", "/api/token/"] {
            let body = json!({"username": "Admin", "password": ADMIN.1});
            let answer = server.anonymous().post(path, &body).await.expect(200);
            assert_eq!((&answer["token_type"], &answer["expires_in"]), (&json!("Bearer"), &json!(900)));
            assert_eq!(answer["user"]["role"], "ADMIN");
            assert!(answer["user"].get("password_hash").is_none());
            let client = server.anonymous().with_bearer(answer["access"].as_str().unwrap());
            let me = client.get("/api/me/").await.expect(200);
            assert_eq!(me["username"], "admin");
            assert!(me["capabilities"].as_array().unwrap().contains(&json!("audit:read")));
            for verify in ["/api/auth/token/verify/", "/api/token/verify/"] {
                let token = json!({"token": answer["access"]});
                assert_eq!(server.anonymous().post(verify, &token).await.expect(200), json!({}));
            }
            server.anonymous().with_bearer(answer["refresh"].as_str().unwrap()).get("/api/me/").await.problem(401);
        }
    }
}

on_both! {
    async fn every_failed_sign_in_answers_alike(server) {
        server.user("gone", "ANALYST").await;
        let id = user_id(&server.admin, "gone").await;
        server.admin.patch(&format!("/api/users/{id}/"), &json!({"enabled": false})).await.expect(200);
        let mut answers = Vec::new();
        for (username, password) in [("nobody", PASSWORD), ("admin", "wrong password"), ("gone", PASSWORD)] {
            let body = json!({"username": username, "password": password});
            let mut problem = server.anonymous().post("/api/auth/token/", &body).await.problem(401);
            problem["request_id"] = Value::Null;
            answers.push(problem);
        }
        assert_eq!(answers[0], answers[1]);
        assert_eq!(answers[1], answers[2]);
        let long = json!({"username": "admin", "password": "x".repeat(1_025)});
        let status = server.anonymous().post("/api/auth/token/", &long).await.status;
        assert!(matches!(status.as_u16(), 400 | 401), "{status}");
    }
}

on_both! {
    async fn a_spent_refresh_token_ends_its_family(server) {
        let refresh = |token: &str| {
            let (client, body) = (server.anonymous(), json!({"refresh": token}));
            async move { client.post("/api/auth/token/refresh/", &body).await }
        };
        let first = server.admin.refresh.clone();
        let pair = refresh(&first).await.expect(200);
        let second = pair["refresh"].as_str().unwrap().to_owned();
        let client = server.anonymous().with_bearer(pair["access"].as_str().unwrap());
        client.get("/api/me/").await.expect(200);
        refresh(&first).await.problem(401);
        refresh(&second).await.problem(401);
        client.get("/api/me/").await.problem(401);
        refresh("nonsense").await.problem(401);
        let mut admin = server.anonymous();
        admin.sign_in(ADMIN.0, ADMIN.1).await;
        let audit = admin.get("/api/audit/?action=session.").await.expect(200);
        assert!(audit.to_string().contains("reuse"), "{audit}");
    }
}

on_both! {
    async fn logging_out_ends_the_session_at_once(server) {
        let ana = server.user("ana", "ANALYST").await;
        ana.post("/api/auth/logout/", &json!({"refresh": ana.refresh})).await.expect(204);
        ana.get("/api/me/").await.problem(401);
        let body = json!({"refresh": ana.refresh});
        server.anonymous().post("/api/auth/token/refresh/", &body).await.problem(401);
    }
}

on_both! {
    async fn signing_up_always_makes_an_analyst(server) {
        let body = json!({"username": "newbie", "email": "n@example.org", "password": PASSWORD, "role": "ADMIN"});
        let made = server.anonymous().post("/api/auth/signup/", &body).await.expect(201);
        assert_eq!(made["role"], "ANALYST");
        assert!(!made.to_string().contains(PASSWORD));
        let mut newbie = server.anonymous();
        newbie.sign_in("newbie", PASSWORD).await;
        newbie.get("/api/users/").await.problem(403);
        for (body, field) in [
            (json!({"username": "NEWBIE", "email": "n@example.org", "password": PASSWORD}), "username"),
            (json!({"username": "a b", "email": "n@example.org", "password": PASSWORD}), "username"),
            (json!({"username": "аdmin2", "email": "n@example.org", "password": PASSWORD}), "username"),
            (json!({"username": "other", "email": "none", "password": PASSWORD}), "email"),
            (json!({"username": "other", "email": "n@example.org", "password": "short"}), "password"),
            (json!({"username": "other", "email": "n@example.org", "password": "password123"}), "password"),
            (json!({"username": "otherother", "email": "n@example.org", "password": "otherother"}), "password"),
            (json!({"username": "other", "email": "n@example.org", "password": PASSWORD, "is_staff": true}), "is_staff"),
        ] {
            let answer = server.anonymous().post("/api/auth/signup/", &body).await;
            assert_eq!(answer.refused(), [field], "{body}");
        }
    }
}

on_both! {
    ["--allow-signup", "false"]
    async fn a_closed_sign_up_says_so(server) {
        let body = json!({"username": "newbie", "email": "n@example.org", "password": PASSWORD});
        let problem = server.anonymous().post("/api/auth/signup/", &body).await.problem(403);
        assert!(problem["detail"].as_str().unwrap().to_lowercase().contains("sign-up"), "{problem}");
    }
}

on_both! {
    async fn a_changed_password_ends_the_other_sessions(server) {
        let ana = server.user("ana", "ANALYST").await;
        let mut other = server.anonymous();
        other.sign_in("ana", PASSWORD).await;
        let new = "another long passphrase";
        let wrong = json!({"current_password": "wrong", "new_password": new});
        let status = ana.post("/api/me/password/", &wrong).await.status;
        assert!(matches!(status.as_u16(), 400 | 403), "{status}");
        let body = json!({"current_password": PASSWORD, "new_password": new});
        ana.post("/api/me/password/", &body).await.expect(204);
        ana.get("/api/me/").await.expect(200);
        other.get("/api/me/").await.problem(401);
        let old = json!({"username": "ana", "password": PASSWORD});
        server.anonymous().post("/api/auth/token/", &old).await.problem(401);
        server.anonymous().sign_in("ana", new).await;
    }
}

on_both! {
    async fn users_are_made_listed_changed_and_deleted(server) {
        let body = json!({"username": "rex", "password": PASSWORD, "role": "responder", "email": "r@example.org"});
        let made = server.admin.post("/api/users/", &body).await;
        let rex = made.expect(201);
        assert_eq!(made.header("location"), format!("/api/users/{}/", rex["id"]));
        assert_eq!(server.admin.post("/api/users/", &body).await.refused(), ["username"]);
        let path = format!("/api/users/{}/", rex["id"]);
        let shown = server.admin.get(&path).await.expect(200);
        assert_eq!(shown["role"], "RESPONDER");
        let stale = server.admin.with("if-match", "\"7\"");
        stale.patch(&path, &json!({"role": "ANALYST"})).await.problem(412);
        server.admin.patch(&path, &json!({"role": "king"})).await.problem(400);
        server.admin.patch(&path, &json!({"is_admin": true})).await.problem(400);
        let changed = server.admin.patch(&path, &json!({"role": "ANALYST"})).await.expect(200);
        assert_eq!(changed["version"], 2);
        let list = server.admin.get("/api/users/?role=ANALYST").await.expect(200);
        assert_eq!(list["results"][0]["username"], "rex");
        server.admin.delete(&path).await.expect(204);
        server.admin.get(&path).await.problem(404);
        let audit = server.admin.get("/api/audit/?action=user.").await.expect(200);
        let actions: Vec<_> = audit["results"].as_array().unwrap().iter().map(|e| e["action"].as_str().unwrap()).collect();
        assert_eq!(&actions[..3], ["user.deleted", "user.changed", "user.created"]);
        assert!(!audit.to_string().contains("argon2"));
    }
}

on_both! {
    async fn the_last_administrator_stays(server) {
        let id = user_id(&server.admin, "admin").await;
        let path = format!("/api/users/{id}/");
        server.admin.patch(&path, &json!({"role": "ANALYST"})).await.problem(409);
        server.admin.patch(&path, &json!({"enabled": false})).await.problem(409);
        server.admin.delete(&path).await.problem(409);
        server.user("second", "ADMIN").await;
        server.admin.patch(&path, &json!({"role": "ANALYST"})).await.expect(200);
    }
}

on_both! {
    async fn keys_are_shown_once_and_end_at_once(server) {
        let body = json!({"name": "edge", "source_name": "fw-01"});
        let made = server.admin.post("/api/keys/", &body).await.expect(201);
        let secret = made["key"].as_str().unwrap().to_owned();
        assert!(secret.starts_with("wp_") && secret.len() > 40);
        let list = server.admin.get("/api/keys/").await.expect(200);
        assert!(!list.to_string().contains(&secret));
        let key = server.anonymous().with_bearer(&secret);
        key.post("/api/events/", &event("LOW", "fw-01")).await.expect(201);
        let api_key = server.anonymous().with("authorization", &format!("ApiKey {secret}"));
        api_key.post("/api/events/", &event("LOW", "fw-01")).await.expect(201);
        server.anonymous().with_bearer(&format!("{secret}x")).post("/api/events/", &event("LOW", "fw-01")).await.problem(401);
        server.admin.delete(&format!("/api/keys/{}/", made["id"])).await.expect(204);
        key.post("/api/events/", &event("LOW", "fw-01")).await.problem(401);
        assert_eq!(server.count("select count(*) from events where key_id is not null").await, 2);
    }
}

on_both! {
    async fn a_key_works_only_from_its_networks_and_until_it_ends(server) {
        let make = async |extra: Value| {
            let mut body = json!({"name": "edge"});
            body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            server.admin.post("/api/keys/", &body).await
        };
        let far = make(json!({"networks": ["198.51.100.0/24"]})).await.expect(201);
        let near = make(json!({"networks": ["127.0.0.0/8"]})).await.expect(201);
        let client = |made: &Value| server.anonymous().with_bearer(made["key"].as_str().unwrap());
        client(&far).post("/api/events/", &event("LOW", "x")).await.problem(403);
        client(&near).post("/api/events/", &event("LOW", "x")).await.expect(201);
        assert_eq!(make(json!({"networks": ["nonsense"]})).await.refused(), ["networks"]);
        let ended = make(json!({"expires_at": "2020-01-01T00:00:00Z"})).await;
        assert!(matches!(ended.status.as_u16(), 400 | 201), "{}", ended.text());
    }
}

async fn throttled(kind: Kind) {
    let clock = MockClock::at(Timestamp::parse("2026-06-01T12:00:00Z").unwrap());
    let server = TestServer::start(kind, &[], Clock::mock(&clock)).await;
    let attempt = |password: &str| {
        let (client, body) = (
            server.anonymous(),
            json!({"username": "admin", "password": password}),
        );
        async move { client.post("/api/auth/token/", &body).await }
    };
    let mut refused = None;
    for _ in 0..12 {
        let answer = attempt("wrong password").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        answer.problem(401);
    }
    let refused = refused.expect("after some failures the account answers 429");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    // Nobody learns by the answer whether a password guessed meanwhile is right.
    attempt(ADMIN.1).await.problem(429);
    clock.advance(std::time::Duration::from_secs(wait));
    attempt(ADMIN.1).await.expect(200);
    server.end().await;
}

on_each_kind!(failures_delay_the_account_and_never_lock_it, throttled);

async fn expired(kind: Kind) {
    let clock = MockClock::at(Timestamp::parse("2026-06-01T12:00:00Z").unwrap());
    let server = TestServer::start(kind, &[], Clock::mock(&clock)).await;
    server.admin.get("/api/me/").await.expect(200);
    clock.advance(std::time::Duration::from_secs(15 * 60 + 61));
    server.admin.get("/api/me/").await.problem(401);
    let body = json!({"refresh": server.admin.refresh});
    server
        .anonymous()
        .post("/api/auth/token/refresh/", &body)
        .await
        .expect(200);
    clock.advance(std::time::Duration::from_hours(8 * 24));
    server
        .anonymous()
        .post("/api/auth/token/refresh/", &body)
        .await
        .problem(401);
    server.end().await;
}

async fn expired_key(kind: Kind) {
    let clock = MockClock::at(Timestamp::parse("2026-06-01T12:00:00Z").unwrap());
    let server = TestServer::start(kind, &[], Clock::mock(&clock)).await;
    let body = json!({"name": "edge", "expires_at": "2026-06-01T13:00:00Z"});
    let made = server.admin.post("/api/keys/", &body).await.expect(201);
    let key = server
        .anonymous()
        .with_bearer(made["key"].as_str().unwrap());
    key.post("/api/events/", &event("LOW", "x"))
        .await
        .expect(201);
    clock.advance(std::time::Duration::from_mins(59));
    key.post("/api/events/", &event("LOW", "x"))
        .await
        .expect(201);
    clock.advance(std::time::Duration::from_secs(61));
    key.post("/api/events/", &event("LOW", "x"))
        .await
        .problem(401);
    assert_eq!(server.count("select count(*) from events").await, 2);
    server.end().await;
}

on_each_kind!(a_key_ends_when_it_says, expired_key);

on_each_kind!(tokens_end_when_they_say, expired);

on_both! {
    async fn words_that_stand_for_people_are_no_user_names(server) {
        for name in ["none", "None", "me"] {
            let body = json!({"username": name, "role": "RESPONDER"});
            let refused = server.admin.post("/api/users/", &body).await;
            assert_eq!(refused.refused(), ["username"]);
            assert!(refused.text().contains("nobody and oneself"), "{}", refused.text());
        }
        server.admin.post("/api/users/", &json!({"username": "nonesuch"})).await.expect(201);
    }
}

async fn weak_first_password(kind: Kind) {
    let database = Database::create(kind).await;
    let weak = "Admin@123";
    let config = settings(&database, &["--admin-password", weak]);
    let server = Server::start(config, Clock::system()).await.unwrap();
    let mut admin = Client::to(server.address());
    admin.sign_in(ADMIN.0, weak).await;
    let me = admin.get("/api/me/").await.expect(200);
    assert_eq!(me["weak_password"], true);
    let body = json!({"current_password": weak, "new_password": PASSWORD});
    admin.post("/api/me/password/", &body).await.expect(204);
    let me = admin.get("/api/me/").await.expect(200);
    assert_eq!(me["weak_password"], false);
    server.stop().await;
    database.drop().await;
}

on_each_kind!(
    a_weak_first_password_is_taken_and_marked,
    weak_first_password
);
