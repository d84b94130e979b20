//! The first page: its figures lead to what they count, first steps are the administrator's.

use http::Method;
use serde_json::json;

use crate::harness::{Client, TestServer, event};

async fn page(client: &Client, path: &str) -> String {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

/// The addresses linked to that begin so, in their order.
fn links(html: &str, to: &str) -> Vec<String> {
    let pieces = html.split("href=\"").skip(1);
    let found = pieces.filter_map(|it| it.split('"').next());
    found
        .filter(|it| it.starts_with(to))
        .map(|it| it.replace("&#61;", "=").replace("&amp;", "&"))
        .collect()
}

/// How many rows the list has that a link leads to.
async fn rows(server: &TestServer, address: &str) -> i64 {
    page(&server.admin, address).await;
    let (path, query) = address.split_once('?').unwrap();
    let search = query.split('&').find(|it| it.starts_with("q=")).unwrap();
    let list = format!("/api{path}/?{search}");
    server.admin.get(&list).await.expect(200)["count"]
        .as_i64()
        .unwrap()
}

on_both! {
    async fn an_empty_server_says_what_to_do_first(server) {
        let html = page(&server.admin, "/").await;
        assert!(html.contains("Nothing was reported yet") && html.contains("/api/events/"));
        assert!(html.contains("Finish setting up") && html.contains("Create an analyst"));
        assert!(!html.contains("data-chart"));

        let ana = server.user("ana", "ANALYST").await;
        let html = page(&ana, "/").await;
        assert!(html.contains("Nothing was reported yet"));
        assert!(!html.contains("Finish setting up") && !html.contains("/test-event"));
    }
}

on_both! {
    async fn the_first_steps_can_be_put_away(server) {
        let own = server.admin.with("sec-fetch-site", "same-origin");
        let answer = own.send(Method::POST, "/first-steps/put-away", "").await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/"));
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        let html = page(&server.admin.with("cookie", &cookie), "/").await;
        assert!(!html.contains("Finish setting up"));
        assert!(html.contains("Nothing was reported yet"));
    }
}

on_both! {
    async fn a_test_event_is_sent_without_script_by_administrators_only(server) {
        for role in ["ANALYST", "RESPONDER"] {
            let client = server.user(&role.to_lowercase(), role).await;
            let own = client.with("sec-fetch-site", "same-origin");
            let answer = own.send(Method::POST, "/test-event", "").await;
            assert_eq!(answer.status, 403);
        }
        assert_eq!(server.count("select count(*) from events").await, 0);
        let own = server.admin.with("sec-fetch-site", "same-origin");
        let answer = own.send(Method::POST, "/test-event", "").await;
        assert_eq!(answer.status, 303);
        let html = page(&server.admin, answer.header("location")).await;
        assert!(html.contains("Test event, sent by"));
        let html = page(&server.admin, "/").await;
        assert!(html.contains("data-chart") && html.contains("Latest critical"));
    }
}

on_both! {
    async fn every_figure_leads_to_what_it_counts(server) {
        let hostile = "<b>\"' severity:LOW \u{202e}gpj.exe";
        for (severity, source) in [("CRITICAL", hostile), ("HIGH", "fw-01"), ("INFO", hostile)] {
            server.event(severity, source).await;
        }
        let mut private = event("HIGH", "fw-01");
        private["ip_address"] = json!("10.0.0.1");
        server.admin.post("/api/events/", &private).await.expect(201);

        let html = page(&server.admin, "/").await;
        assert!(!html.contains("<b>\"") && !html.contains('\u{202e}'));
        assert!(html.contains("4 events, 3 alerts raised, 0 resolved in the last 24 hours"));
        let alerts = links(&html, "/alerts?");
        // Critical, high and all unassigned; then those not acknowledged, not resolved.
        let mut counts = Vec::new();
        for address in alerts.iter().take(5) {
            counts.push(rows(server, address).await);
        }
        assert_eq!(counts, [1, 2, 3, 3, 3]);
        let of_source: Vec<&String> =
            alerts.iter().filter(|it| it.contains("gpj.exe")).collect();
        assert_eq!(of_source.len(), 1);
        assert_eq!(rows(server, of_source[0]).await, 1);
        let events = links(&html, "/events?");
        let of_source: Vec<&String> =
            events.iter().filter(|it| it.contains("gpj.exe")).collect();
        assert_eq!(rows(server, of_source[0]).await, 2);
        // The whole range, then a severity each, then the bar.
        let mut counts = Vec::new();
        for address in events.iter().take(6) {
            counts.push(rows(server, address).await);
        }
        assert_eq!(counts, [4, 1, 2, 0, 0, 1]);
        let bars = events.iter().filter(|it| it.contains("+to%3A"));
        let mut in_bars = 0;
        for address in bars.collect::<std::collections::BTreeSet<_>>() {
            in_bars += rows(server, address).await;
        }
        assert_eq!(in_bars, 4);
    }
}

on_both! {
    async fn the_range_is_the_addresss_or_the_preferred_one(server) {
        server.event("INFO", "fw-01").await;
        let chosen = |html: &str, word: &str| html.contains(&format!("value=\"{word}\" selected"));
        assert!(chosen(&page(&server.admin, "/").await, "24h"));
        assert!(chosen(&page(&server.admin, "/?range=30d").await, "30d"));
        let change = json!({"preferences": {"overview_range": "7d"}});
        server.admin.patch("/api/me/", &change).await.expect(200);
        assert!(chosen(&page(&server.admin, "/").await, "7d"));
        assert!(chosen(&page(&server.admin, "/?range=1h").await, "1h"));
        assert!(chosen(&page(&server.admin, "/?range=%3Cb%3E").await, "7d"));
        // What scripts have already is not sent again.
        let whole = page(&server.admin, "/").await;
        let parts = page(&server.admin, "/?parts=true").await;
        assert!(whole.contains("class=\"land\"") && !parts.contains("class=\"land\""));
    }
}
