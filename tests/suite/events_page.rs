//! The events explorer as a page: what it shows without any script, and the form that raises.

use http::Method;
use serde_json::json;

use crate::harness::{ADMIN, Client, PASSWORD, TestServer, event};

/// Somebody's browser, signed in.
async fn browser(server: &TestServer, username: &str, password: &str) -> Client {
    let body = json!({"username": username, "password": password});
    let answer = server.anonymous().post("/api/auth/session/", &body).await;
    answer.expect(200);
    let cookie = answer.header("set-cookie").split(';').next().unwrap();
    let client = server.anonymous().with("cookie", cookie);
    client.with("sec-fetch-site", "same-origin")
}

async fn page(client: &Client, path: &str) -> String {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text()
}

/// Sends a form as a browser without script does.
async fn form(client: &Client, path: &str, fields: &str) -> crate::harness::Answer {
    let client = client.with("content-type", "application/x-www-form-urlencoded");
    client.send(Method::POST, path, fields.to_owned()).await
}

on_both! {
    async fn the_list_is_told_by_the_address(server) {
        let admin = browser(server, ADMIN.0, ADMIN.1).await;
        assert!(page(&admin, "/events").await.contains("No events yet"));
        for source in ["a", "a", "b"] {
            server.event("LOW", source).await;
        }
        let of = async |path: &str| page(&admin, path).await;
        let all = of("/events").await;
        assert!(all.contains("3 of 3") && all.contains("value=\"from:24h\""), "{all}");
        assert!(of("/events?q=source:b").await.contains("1 of 1"));
        assert!(of("/events?q=source:nobody").await.contains("No events match"));
        assert!(of("/events?q=to:2020-01-01").await.contains("Nothing is kept from that time"));
        assert!(of("/events?q=from:1h+to:2h").await.contains("The range ends before it begins"));
        assert!(of("/events?q=severty:LOW").await.contains("did you mean severity"));
        assert!(of("/events?event=5").await.contains("There is no event 5."));
        assert_eq!(admin.get("/events/5").await.status, 404);
        assert_eq!(admin.get("/events?nonsense=1").await.status, 400);
    }
}

on_both! {
    async fn the_form_of_the_range_becomes_words_of_the_search(server) {
        let admin = browser(server, ADMIN.0, ADMIN.1).await;
        let answer = admin.get("/events?q=from:24h+source:b&from=2026-11-20T10:00&to=").await;
        assert_eq!(answer.status, 303);
        assert_eq!(answer.header("location"), "/events?q=source%3Ab+from%3A2026-11-20T10%3A00%3A00Z");
    }
}

on_both! {
    async fn what_a_sender_wrote_stays_text(server) {
        let mut sent = event("LOW", "<b>fw</b>");
        sent["description"] = json!("photo\u{202e}gpj.exe <script>alert(1)</script>");
        sent["attributes"] = json!({"k": "\"><img src=x onerror=alert(1)>"});
        let id = server.admin.post("/api/events/", &sent).await.expect(201)["id"].as_i64().unwrap();
        let admin = browser(server, ADMIN.0, ADMIN.1).await;
        for tab in ["fields", "json", "around"] {
            for path in [format!("/events?event={id}&tab={tab}"), format!("/events/{id}?tab={tab}")] {
                let html = page(&admin, &path).await;
                assert!(!html.contains("<script>alert") && !html.contains("<img src=x") && !html.contains("<b>fw"), "{path}");
                assert!(!html.contains('\u{202e}') && html.contains("⟦U+202E⟧"), "{path}");
            }
        }
    }
}

on_both! {
    async fn an_alert_is_raised_by_a_form(server) {
        let id = server.event("LOW", "a").await["id"].as_i64().unwrap();
        server.user("ana", "ANALYST").await;
        server.user("rita", "RESPONDER").await;
        let (ana, rita) = (browser(server, "ana", PASSWORD).await, browser(server, "rita", PASSWORD).await);
        let path = format!("/events/{id}/alert");
        assert_eq!(form(&ana, &path, "title=x").await.status, 403);
        assert!(!page(&ana, &format!("/events/{id}")).await.contains("data-raise"));
        assert_eq!(form(&rita, &path, "severity=BAD").await.status, 400);
        let raised = form(&rita, &path, "title=Second+look&severity=HIGH&assigned_to=me&note=why&back=%2Fevents%3Fq%3D").await;
        assert_eq!((raised.status.as_u16(), raised.header("location")), (303, "/events?q="));
        let alert = &server.admin.get("/api/alerts/").await.expect(200)["results"][0];
        assert_eq!((&alert["title"], &alert["severity"]), (&json!("Second look"), &json!("HIGH")));
        assert_eq!(alert["assigned_to"]["username"], "rita");
        assert!(page(&ana, &format!("/events/{id}")).await.contains("Open alert #1"));
        assert_eq!(form(&rita, &path, "back=//elsewhere").await.status, 409);
    }
}
