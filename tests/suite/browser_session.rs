//! A browser's session: its cookie, what it opens, and how it ends.

use std::time::Duration;

use base::{Clock, MockClock, Timestamp};
use http::Method;
use serde_json::{Value, json};

use crate::harness::{
    ADMIN, Answer, Client, Database, Kind, PASSWORD, Place, TestServer, event, run_alone,
};

const NAME: &str = "watchpost_session";

/// Signs a browser in and answers the cookie's value.
async fn secret(client: &Client, username: &str, password: &str) -> String {
    let body = json!({"username": username, "password": password});
    let answer = client.post("/api/auth/session/", &body).await;
    assert_eq!(answer.expect(200)["username"], username);
    let set = answer.header("set-cookie");
    let (pair, rest) = set.split_once("; ").unwrap();
    assert_eq!(rest, "Path=/; HttpOnly; SameSite=Strict");
    let value = pair.strip_prefix("watchpost_session=").unwrap();
    assert_eq!(value.len(), 43);
    value.to_owned()
}

/// The same client with a cookie instead of a token.
fn holding(client: &Client, value: &str) -> Client {
    client.with("cookie", &format!("theme=x; {NAME}={value}"))
}

/// As a script of our own page sends it.
fn own(client: &Client) -> Client {
    client
        .with("sec-fetch-site", "same-origin")
        .with("x-watchpost", "1")
}

async fn user_id(server: &TestServer, name: &str) -> i64 {
    let path = format!("/api/users/?search={name}");
    let users = server.admin.get(&path).await.expect(200);
    users["results"][0]["id"].as_i64().unwrap()
}

fn csrf(answer: &Answer) {
    assert_eq!(answer.problem(403)["type"], "/problems/csrf");
}

on_both! {
    async fn the_cookie_opens_the_api(server) {
        server.user("ana", "ANALYST").await;
        let value = secret(&server.anonymous(), "ana", PASSWORD).await;
        let ana = holding(&server.anonymous(), &value);
        assert_eq!(ana.get("/api/me/").await.expect(200)["username"], "ana");
        ana.get("/api/alerts/").await.expect(200);
        ana.get("/api/users/").await.problem(403);
        ana.with("sec-fetch-site", "same-origin").get("/api/me/").await.expect(200);
        let change = json!({"preferences": {"theme": "dark"}});
        let me = own(&ana).patch("/api/me/", &change).await.expect(200);
        assert_eq!(me["preferences"]["theme"], "dark");
        own(&ana).post("/api/events/", &event("LOW", "x")).await.problem(403);
        let root = holding(&server.anonymous(), &secret(&server.anonymous(), "admin", ADMIN.1).await);
        own(&root).post("/api/events/", &event("LOW", "x")).await.expect(201);
        let log = server.admin.get("/api/audit/?action=sign_in.succeeded").await.expect(200);
        assert_eq!((&log["results"][0]["actor"], &log["results"][0]["actor_kind"]), (&json!("admin"), &json!("user")));
    }
}

on_both! {
    async fn requests_of_other_sites_are_refused(server) {
        let value = secret(&server.anonymous(), "admin", ADMIN.1).await;
        let browser = holding(&server.anonymous(), &value);
        let body = json!({"preferences": {"theme": "dark"}});
        let base = format!("http://{}", server.server.address());
        csrf(&browser.patch("/api/me/", &body).await);
        csrf(&browser.with("x-watchpost", "1").patch("/api/me/", &body).await);
        for site in ["cross-site", "same-site", "none", "SAME-ORIGIN"] {
            let sent = own(&browser).with("sec-fetch-site", site);
            csrf(&sent.patch("/api/me/", &body).await);
            // What the newer header says, no other one takes back.
            csrf(&sent.with("origin", &base).patch("/api/me/", &body).await);
        }
        csrf(&browser.with("sec-fetch-site", "same-origin").patch("/api/me/", &body).await);
        csrf(&own(&browser).with("x-watchpost", "2").patch("/api/me/", &body).await);
        for origin in ["null", "http://evil.example", "http://127.0.0.1:1", ""] {
            let sent = browser.with("x-watchpost", "1").with("origin", origin);
            csrf(&sent.patch("/api/me/", &body).await);
        }
        let plain = browser.with("x-watchpost", "1").with("origin", &base);
        plain.patch("/api/me/", &body).await.expect(200);
        csrf(&plain.with("host", "evil.example").patch("/api/me/", &body).await);
        csrf(&browser.with("sec-fetch-site", "cross-site").get("/api/me/").await);
        browser.with("sec-fetch-site", "same-site").get("/api/me/").await.expect(200);
        let version = browser.get("/api/me/").await.expect(200)["version"].clone();
        assert_eq!(version, 2, "only the one request of ours changed anything");
        // A token needs none of it.
        let token = server.admin.with("sec-fetch-site", "cross-site");
        token.patch("/api/me/", &body).await.expect(200);
        let sign_in = json!({"username": "admin", "password": ADMIN.1});
        let foreign = server.anonymous().with("sec-fetch-site", "cross-site");
        csrf(&foreign.post("/api/auth/session/", &sign_in).await);
        let foreign = server.anonymous().with("origin", "http://evil.example");
        csrf(&foreign.post("/api/auth/session/", &sign_in).await);
    }
}

on_both! {
    async fn no_secret_does_the_work_of_another(server) {
        let mut ana = server.user("ana", "ANALYST").await;
        let value = secret(&server.anonymous(), "ana", PASSWORD).await;
        let anonymous = server.anonymous();
        holding(&anonymous, &ana.refresh).get("/api/me/").await.problem(401);
        let body = json!({"refresh": value});
        anonymous.post("/api/auth/token/refresh/", &body).await.problem(401);
        anonymous.post("/api/auth/token/verify/", &json!({"token": value})).await.problem(401);
        anonymous.with_bearer(&value).get("/api/me/").await.problem(401);
        ana.post("/api/auth/logout/", &body).await.expect(204);
        let browser = holding(&anonymous, &value);
        browser.get("/api/me/").await.expect(200);
        // Signing the browser out leaves a program's tokens alone.
        ana.delete("/api/auth/session/").await.expect(204);
        ana.get("/api/me/").await.expect(200);
        // A header that does not count is not made good by a cookie.
        browser.with("authorization", "Bearer x").get("/api/me/").await.problem(401);
        browser.with("authorization", "").get("/api/me/").await.problem(401);
        ana.sign_in("ana", PASSWORD).await;
    }
}

on_both! {
    async fn an_unclear_cookie_is_refused(server) {
        let value = secret(&server.anonymous(), "admin", ADMIN.1).await;
        for cookies in [
            format!("{NAME}={value}; {NAME}={value}"),
            format!("{NAME}={value}; {NAME}="),
            format!("{NAME}=\"{value}\""),
            format!("{NAME}={value}A"),
            format!("{NAME}={}", "A".repeat(43)),
            format!("{NAME}="),
            format!("__Host-watchpost={value}"),
            format!("X{NAME}={value}"),
            "=".to_owned(),
        ] {
            let client = server.anonymous().with("cookie", &cookies);
            client.get("/api/me/").await.problem(401);
        }
        let value = format!("; ;a; {NAME}={value} ;b=c;");
        server.anonymous().with("cookie", &value).get("/api/me/").await.expect(200);
    }
}

on_both! {
    async fn a_session_ends_with_what_it_stands_on(server) {
        server.user("ana", "ANALYST").await;
        let id = user_id(server, "ana").await;
        let user = format!("/api/users/{id}/");
        let begin = async || holding(&server.anonymous(), &secret(&server.anonymous(), "ana", PASSWORD).await);
        let alive = async |client: &Client| client.get("/api/me/").await.status == 200;

        let (first, second) = (begin().await, begin().await);
        let out = own(&first).delete("/api/auth/session/").await;
        out.expect(204);
        assert_eq!(out.header("set-cookie"), "watchpost_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
        assert!(!alive(&first).await && alive(&second).await);
        own(&second).post("/api/auth/logout/", &json!({})).await.expect(204);
        assert!(!alive(&second).await);

        let (first, second) = (begin().await, begin().await);
        own(&first).post("/api/me/sign-out-everywhere/", &json!({})).await.expect(204);
        assert!(!alive(&first).await && !alive(&second).await);

        let first = begin().await;
        server.admin.patch(&user, &json!({"enabled": false})).await.expect(200);
        first.get("/api/me/").await.problem(401);
        let body = json!({"username": "ana", "password": PASSWORD});
        let refused = server.anonymous().post("/api/auth/session/", &body).await;
        refused.problem(401);
        assert_eq!(refused.header("set-cookie"), "");
        server.admin.patch(&user, &json!({"enabled": true})).await.expect(200);
        assert!(!alive(&first).await, "enabling revives no session");

        let first = begin().await;
        server.admin.patch(&user, &json!({"role": "RESPONDER"})).await.expect(200);
        assert_eq!(first.get("/api/me/").await.expect(200)["role"], "RESPONDER");

        let (first, second) = (begin().await, begin().await);
        let change = json!({"current_password": PASSWORD, "new_password": "another long passphrase"});
        own(&first).post("/api/me/password/", &change).await.expect(204);
        assert!(alive(&first).await && !alive(&second).await);
        let reset = server.admin.post(&format!("{user}reset-password/"), &json!({"password": PASSWORD})).await.expect(200);
        assert_eq!((&reset["weak_password"], reset.get("password")), (&json!(true), None));
        assert!(!alive(&first).await);

        let first = begin().await;
        server.admin.delete(&user).await.expect(204);
        assert!(!alive(&first).await);
    }
}

on_both! {
    async fn sessions_are_listed_and_ended_one_by_one(server) {
        let ana = server.user("ana", "ANALYST").await;
        let agent = server.anonymous().with("user-agent", "<b>Browser</b>");
        let browser = holding(&agent, &secret(&agent, "ana", PASSWORD).await);
        let list = browser.get("/api/me/sessions/").await.expect(200);
        assert_eq!((&list["count"], &list["next"], &list["previous"]), (&json!(2), &Value::Null, &Value::Null));
        let rows = list["results"].as_array().unwrap();
        let mine = rows.iter().find(|row| row["kind"] == "BROWSER").unwrap();
        let tokens = rows.iter().find(|row| row["kind"] == "TOKEN").unwrap();
        assert_eq!((&mine["current"], &tokens["current"]), (&json!(true), &json!(false)));
        assert_eq!((&mine["user_agent"], &mine["address"]), (&json!("<b>Browser</b>"), &json!("127.0.0.1")));
        assert!(!list.to_string().contains("secret"), "{list}");
        let id = user_id(server, "ana").await;
        let users = server.admin.get("/api/users/?search=ana").await.expect(200);
        assert_eq!(users["results"][0]["sessions"], 2);
        let seen = server.admin.get(&format!("/api/users/{id}/sessions/")).await.expect(200);
        assert_eq!(seen["count"], 2);
        assert!(seen["results"].as_array().unwrap().iter().all(|row| row["current"] == false));
        browser.get(&format!("/api/users/{id}/sessions/")).await.problem(403);
        browser.get("/api/me/sessions/?x=1").await.problem(400);

        // Nobody ends another's session, and the answer does not tell that it exists.
        let own_path = |row: &Value| format!("/api/me/sessions/{}/", row["id"].as_str().unwrap());
        server.admin.delete(&own_path(tokens)).await.problem(404);
        browser.delete(&own_path(tokens)).await.problem(403);
        own(&browser).delete(&own_path(tokens)).await.expect(204);
        ana.get("/api/me/").await.problem(401);
        own(&browser).delete(&own_path(tokens)).await.problem(404);
        for odd in ["%00", "a%00", "..", "%2F", "%C3%A9", "%FF", "0"] {
            let status = own(&browser).delete(&format!("/api/me/sessions/{odd}/")).await.status;
            assert!(matches!(status.as_u16(), 400 | 404 | 405), "{odd}: {status}");
        }
        server.admin.delete(&format!("/api/users/{id}/sessions/")).await.expect(204);
        browser.get("/api/me/").await.problem(401);
        server.admin.delete("/api/users/999999999/sessions/").await.problem(404);
        let users = server.admin.get("/api/users/?search=ana").await.expect(200);
        assert_eq!(users["results"][0]["sessions"], 0);
        let log = server.admin.get("/api/audit/?action=session.ended").await.expect(200);
        assert_eq!(log["results"].as_array().unwrap().len(), 2);
    }
}

on_both! {
    async fn a_password_is_reset_and_shown_once(server) {
        server.user("ana", "ANALYST").await;
        let id = user_id(server, "ana").await;
        let path = format!("/api/users/{id}/reset-password/");
        let browser = holding(&server.anonymous(), &secret(&server.anonymous(), "ana", PASSWORD).await);
        let reset = server.admin.post(&path, &json!({})).await.expect(200);
        let password = reset["password"].as_str().unwrap().to_owned();
        browser.get("/api/me/").await.problem(401);
        let mut ana = server.anonymous();
        assert_eq!(ana.sign_in("ana", &password).await["user"]["weak_password"], true);
        assert_eq!(server.admin.post(&path, &json!({"password": "short"})).await.refused(), ["password"]);
        assert_eq!(server.admin.post(&path, &json!({"x": 1})).await.refused(), ["x"]);
        server.admin.post("/api/users/999999999/reset-password/", &json!({})).await.problem(404);
        let change = json!({"current_password": password, "new_password": PASSWORD});
        ana.post("/api/me/password/", &change).await.expect(204);
        assert_eq!(ana.get("/api/me/").await.expect(200)["weak_password"], false);
        let log = server.admin.get("/api/audit/?action=user.changed").await.expect(200);
        assert!(!log.to_string().contains(&password));
    }
}

on_both! {
    ["--rate-limit-user", "5/hour", "--rate-limit-anon", "3/hour"]
    async fn pages_do_not_spend_the_hour_of_programs(server) {
        let value = secret(&server.anonymous(), "admin", ADMIN.1).await;
        let browser = holding(&server.anonymous(), &value);
        for _ in 0..20 {
            let answer = browser.get("/api/me/").await;
            answer.expect(200);
            assert!(answer.header("ratelimit-policy").starts_with("\"browser\";q=200;w=4"));
        }
        let answer = server.admin.get("/api/me/").await;
        assert!(answer.header("ratelimit").starts_with("\"user\";r=4"), "{}", answer.header("ratelimit"));
        // Neither does a browser whose session has ended use up what strangers have.
        let ended = holding(&server.anonymous(), &"A".repeat(43));
        for _ in 0..10 {
            ended.get("/api/me/").await.problem(401);
        }
        server.anonymous().get("/api/me/").await.problem(401);
        let flood = futures_util::future::join_all((0..400).map(|_| browser.get("/api/me/"))).await;
        let refused: Vec<_> = flood.iter().filter(|answer| answer.status == 429).collect();
        assert!(!refused.is_empty(), "a script that runs wild is stopped");
        assert!(refused.iter().all(|answer| answer.header("retry-after") == "1"));
    }
}

on_both! {
    async fn preferences_are_checked_by_name(server) {
        let me = server.admin.get("/api/me/").await.expect(200);
        assert_eq!(me["preferences"], json!({
            "theme": "system", "density": "standard", "time_zone": "UTC", "single_key_shortcuts": true,
            "sound": false, "notifications": false, "overview_range": "24h", "columns": {},
        }));
        let patch = async |preferences: Value| {
            server.admin.patch("/api/me/", &json!({"preferences": preferences})).await
        };
        for (preferences, field) in [
            (json!({"colour": "red"}), "preferences.colour"),
            (json!({"theme": "pink"}), "preferences.theme"),
            (json!({"sound": "yes"}), "preferences.sound"),
            (json!({"default_view": 1}), "preferences.default_view"),
            (json!({"overview_range": "<b>"}), "preferences.overview_range"),
            (json!({"columns": {"<b>": []}}), "preferences.columns"),
        ] {
            assert_eq!(patch(preferences).await.refused(), [field]);
        }
        let names: Vec<String> = (0..32).map(|n| format!("{n:032}")).collect();
        let wide: serde_json::Map<_, _> = names.iter().map(|name| (name.clone(), json!(names))).collect();
        assert_eq!(patch(json!({"columns": wide})).await.refused(), ["preferences"]);
        let set = json!({"time_zone": "local", "density": "compact", "columns": {"alerts": ["severity", "age"]}});
        patch(set).await.expect(200);
        let me = patch(json!({"sound": true, "density": null})).await.expect(200);
        assert_eq!(me["preferences"]["columns"], json!({"alerts": ["severity", "age"]}));
        assert_eq!((&me["preferences"]["time_zone"], &me["preferences"]["density"]), (&json!("local"), &json!("standard")));
    }
}

on_both! {
    ["--trusted-proxies", "127.0.0.0/8"]
    async fn behind_tls_the_cookie_is_bound_to_the_host(server) {
        let proxied = server.anonymous().with("x-forwarded-proto", "https").with("host", "watch.example");
        let body = json!({"username": "admin", "password": ADMIN.1});
        let answer = proxied.post("/api/auth/session/", &body).await;
        answer.expect(200);
        let set = answer.header("set-cookie");
        let (pair, rest) = set.split_once("; ").unwrap();
        assert_eq!(rest, "Path=/; HttpOnly; SameSite=Strict; Secure");
        let value = pair.strip_prefix("__Host-watchpost=").unwrap();
        let browser = proxied.with("cookie", pair);
        browser.get("/api/me/").await.expect(200);
        let change = json!({"preferences": {"sound": true}});
        let from = |origin| browser.with("x-watchpost", "1").with("origin", origin);
        from("https://watch.example").patch("/api/me/", &change).await.expect(200);
        csrf(&from("http://watch.example").patch("/api/me/", &change).await);
        proxied.with("cookie", &format!("{NAME}={value}")).get("/api/me/").await.problem(401);
        server.anonymous().with("cookie", pair).get("/api/me/").await.problem(401);
    }
}

on_both! {
    async fn nobody_but_a_proxy_says_it_is_tls(server) {
        let forged = server.anonymous().with("x-forwarded-proto", "https");
        secret(&forged, "admin", ADMIN.1).await;
    }
}

async fn ended_by_time(kind: Kind) {
    let clock = MockClock::at(Timestamp::parse("2026-06-01T12:00:00Z").unwrap());
    let server = TestServer::start(kind, &[], Clock::mock(&clock)).await;
    let hours = |n| Duration::from_hours(n);
    let begin = async || {
        holding(
            &server.anonymous(),
            &secret(&server.anonymous(), "admin", ADMIN.1).await,
        )
    };
    let idle = begin().await;
    clock.advance(hours(12).checked_sub(Duration::from_secs(1)).unwrap());
    let used = begin().await;
    clock.advance(Duration::from_secs(1));
    idle.get("/api/me/").await.problem(401);
    // Six hours apart, it never is idle; after seven days it ends all the same.
    let mut lasted = 0;
    loop {
        clock.advance(hours(6));
        lasted += 6;
        let answer = used.get("/api/me/").await;
        if answer.status != 200 {
            answer.problem(401);
            break;
        }
        settled(&server, &clock).await;
    }
    assert_eq!(lasted, 7 * 24);
    let fresh = begin().await;
    // Within five minutes nothing is written.
    let before = server.count("select max(used_at) from sessions").await;
    clock.advance(Duration::from_secs(299));
    fresh.get("/api/me/").await.expect(200);
    assert_eq!(
        server.count("select max(used_at) from sessions").await,
        before
    );
    clock.advance(Duration::from_secs(1));
    fresh.get("/api/me/").await.expect(200);
    settled(&server, &clock).await;
    server.end().await;
}

/// Waits until a use at this time is written down, which happens beside the request.
async fn settled(server: &TestServer, clock: &MockClock) {
    let now = Clock::mock(clock).now().micros();
    for _ in 0..500 {
        if server.count("select max(used_at) from sessions").await >= now {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the use was not written down");
}

on_each_kind!(a_session_ends_idle_or_old, ended_by_time);

on_both! {
    async fn a_new_sign_in_ends_the_session_it_takes_the_place_of(server) {
        server.user("ana", "ANALYST").await;
        let anonymous = server.anonymous();
        let old = holding(&anonymous, &secret(&anonymous, "ana", PASSWORD).await);
        let other = holding(&anonymous, &secret(&anonymous, "ana", PASSWORD).await);
        let ended = async || {
            let log = server.admin.get("/api/audit/?action=session.ended").await.expect(200);
            log["count"].as_i64().unwrap()
        };
        // A sign-in that fails ends nothing.
        let wrong = json!({"username": "ana", "password": "wrong password"});
        own(&old).post("/api/auth/session/", &wrong).await.problem(401);
        old.get("/api/me/").await.expect(200);
        assert_eq!(ended().await, 0);
        let second = holding(&anonymous, &secret(&own(&old), "ana", PASSWORD).await);
        old.get("/api/me/").await.problem(401);
        other.get("/api/me/").await.expect(200);
        assert_eq!(ended().await, 1);
        // Somebody else at the same browser, by the form.
        let form = own(&second).with("content-type", "application/x-www-form-urlencoded");
        let sent = format!("username=admin&password={}", ADMIN.1);
        let answer = form.send(Method::POST, "/login", sent).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        second.get("/api/me/").await.problem(401);
        assert_eq!(ended().await, 2);
        let replaced = "select count(*) from sessions where end_reason = 'replaced'";
        assert_eq!(server.count(replaced).await, 2);
        // A cookie that does not count any more is nothing to end.
        secret(&own(&old), "ana", PASSWORD).await;
        secret(&own(&holding(&anonymous, &"A".repeat(43))), "ana", PASSWORD).await;
        assert_eq!(ended().await, 2);
    }
}

#[test]
fn the_cookie_is_in_no_log_at_any_level() {
    run_alone(async {
        let database = Database::create(Kind::Sqlite).await;
        let place = Place {
            url: database.url(),
            folder: database.folder().to_path_buf(),
        };
        let process = place.start_under("export LOG_LEVEL=trace;").await;
        let anonymous = process.anonymous();
        let value = secret(&anonymous, ADMIN.0, ADMIN.1).await;
        let browser = holding(&anonymous, &value);
        browser.get("/api/me/").await.expect(200);
        browser.patch("/api/me/", &json!({})).await.problem(403);
        let twice = anonymous.with("cookie", &format!("{NAME}={value}; {NAME}={value}"));
        twice.get("/api/me/").await.problem(401);
        own(&browser)
            .send(Method::DELETE, "/api/auth/session/", "")
            .await
            .expect(204);
        browser.get("/api/me/").await.problem(401);
        let log = std::fs::read_to_string(place.folder.join("server.log")).unwrap();
        assert!(log.contains("/api/auth/session/"), "requests are logged");
        assert!(!log.contains(&value), "{log}");
        assert!(!log.contains(ADMIN.1));
        process.kill();
        database.drop().await;
    });
}
