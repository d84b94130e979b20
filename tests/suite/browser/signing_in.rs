//! Getting in, staying in, getting out; and what one may not do once inside.

use base::{Clock, MockClock, Timestamp};
use serde_json::json;

use super::{alert_of, desk, enter, fill_in, rows, wait_live};
use crate::harness::{ADMIN, Browser, Kind, Look, PASSWORD, TestServer, event, run_alone};

on_both! {
    async fn a_wrong_password_is_answered_like_a_name_that_nobody_has(server) {
        let browser = Browser::start(server.server.address()).await;
        let page = browser.open("/login").await;
        let mut said = Vec::new();
        for who in [(ADMIN.0, "not the password"), ("nobody.at.all", "not the password")] {
            fill_in(&page, who).await;
            let name = json!(who.0);
            page.wait_until(&format!("document.querySelector('#username').defaultValue === {name}")).await;
            said.push(page.text("[role=alert]").await);
            assert_eq!(page.property("#password", "value").await, "");
            assert!(page.has_focus("#password").await, "the next thing to do is to type it again");
            assert_eq!(page.attribute("#password", "aria-describedby").await.as_deref(), Some("sign-in-error"));
        }
        assert_eq!(said[0], said[1]);
        assert!(said[0].contains("Invalid user name or password"), "{said:?}");
        assert!(browser.cookies().await.is_empty());
    }
}

on_both! {
    async fn the_right_password_leads_to_the_page_that_was_asked_for(server) {
        let browser = Browser::start(server.server.address()).await;
        let page = browser.page(Look::light()).await;
        page.goto("/alerts?q=status%3ARESOLVED").await;
        page.wait_for("#password").await;
        assert!(page.url().await.starts_with("/login?next="));
        // Shown to compare, then hidden again.
        page.fill("#password", "x").await;
        page.click(("button", "Show password")).await;
        assert_eq!(page.property("#password", "type").await, "text");
        page.click(("button", "Show password")).await;
        assert_eq!(page.property("#password", "type").await, "password");
        fill_in(&page, (ADMIN.0, "mistyped")).await;
        page.wait_for("[role=alert]").await;
        fill_in(&page, ADMIN).await;
        page.wait_url("/alerts?q=status%3ARESOLVED").await;
        let cookies = browser.cookies().await;
        assert_eq!(cookies.len(), 1);
        assert_eq!((&cookies[0]["httpOnly"], &cookies[0]["sameSite"]), (&json!(true), &json!("Strict")));
        page.goto("/login?next=/alerts?q=").await;
        page.wait_url("/alerts?q=").await;
    }
}

/// What the address says is the same above either database.
#[test]
fn an_address_of_somebody_else_is_not_followed() {
    crate::harness::run(Kind::Sqlite, &[], async |server| {
        for next in [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "javascript:alert(1)",
            "/%2f%2fevil.example",
            "\t//evil.example",
        ] {
            let browser = Browser::start(server.server.address()).await;
            let page = browser.page(Look::light()).await;
            let query = form_urlencoded::Serializer::new(String::new())
                .append_pair("next", next)
                .finish();
            assert_eq!(page.goto(&format!("/login?{query}")).await, 200);
            assert_eq!(page.property("[name=next]", "value").await, "/", "{next}");
            // The field may have been changed on the way as well.
            let set = format!(
                "document.querySelector('[name=next]').value = {}",
                json!(next)
            );
            page.eval(&set).await;
            fill_in(&page, ADMIN).await;
            page.wait_url("/").await;
        }
    });
}

on_both! {
    async fn a_session_that_ended_is_begun_again_over_the_page_and_nothing_typed_is_lost(server) {
        let mara = server.user("mara", "RESPONDER").await;
        let id = alert_of(&server.admin, &event("HIGH", "vpn-gw-1")).await;
        let (_browser, page) = desk(server, ("mara", PASSWORD), Look::light(), &format!("/alerts/{id}")).await;
        wait_live(&page).await;
        page.keys("c").await;
        page.type_text("Half a thought, ").await;
        let me = mara.get("/api/me/").await.expect(200);
        let ended = server.admin.delete(&format!("/api/users/{}/sessions/", me["id"])).await;
        assert!(ended.status.is_success(), "{ended:?}");
        page.type_text("then the rest").await;
        page.keys("Control+Enter").await;

        page.wait_for("#sign-in-again").await;
        assert!(page.has_focus("#again-password").await);
        assert_eq!(page.property("#comment", "value").await, "Half a thought, then the rest");
        page.keys("Escape").await;
        page.type_text("not the password").await;
        page.keys("Enter").await;
        page.wait_text("#sign-in-again [role=alert]", "Wrong password").await;
        page.type_text(PASSWORD).await;
        page.keys("Enter").await;
        page.wait_gone("#sign-in-again").await;
        page.wait_text("#timeline", "Half a thought, then the rest").await;
        page.wait_until("document.querySelector('#comment').value === ''").await;
        assert_eq!(page.url().await, format!("/alerts/{id}"));

        let timeline = server.admin.get(&format!("/api/alerts/{id}/timeline/")).await.text();
        assert_eq!(timeline.matches("then the rest").count(), 1, "{timeline}");
        // The stream goes on as well.
        server.admin.patch(&format!("/api/alerts/{id}/"), &json!({"status": "ACKNOWLEDGED"})).await.expect(200);
        page.wait_text("#alert-head", "Acknowledged").await;
    }
}

on_both! {
    async fn signing_out_ends_this_browser_and_signing_out_everywhere_every_one(server) {
        server.user("mara", "RESPONDER").await;
        let who = ("mara", PASSWORD);
        let (one, page) = desk(server, who, Look::light(), "/alerts").await;
        let two = one.another().await;
        let other = two.page(Look::light()).await;
        enter(server, &other, who).await;
        page.click("summary[aria-label='Your account']").await;
        page.click(("button", "Sign out")).await;
        page.wait_url("/login").await;
        assert!(one.cookies().await.is_empty());
        page.goto("/alerts").await;
        page.wait_for("#password").await;
        assert_eq!(other.goto("/alerts").await, 200, "the other browser is not signed out");
        assert_eq!(other.url().await, "/alerts");

        enter(server, &page, who).await;
        assert_eq!(page.goto("/alerts").await, 200);
        assert_eq!(page.goto("/me").await, 200);
        page.click(("button", "Sign out everywhere")).await;
        page.wait_for("dialog[open]").await;
        page.click("dialog[open] .dialog-actions button:last-child").await;
        page.wait_for("#password").await;
        for tab in [&page, &other] {
            tab.goto("/alerts").await;
            tab.wait_for("#password").await;
            assert_eq!(tab.url().await, "/login?next=%2Falerts");
        }
    }
}

on_both! {
    async fn an_analyst_reads_everything_and_is_offered_nothing_else(server) {
        server.user("ana", "ANALYST").await;
        let id = alert_of(&server.admin, &event("CRITICAL", "vpn-gw-1")).await;
        let (_browser, page) = desk(server, ("ana", PASSWORD), Look::light(), &format!("/alerts?q=&alert={id}")).await;
        assert_eq!(rows(&page).await, [id]);
        page.wait_for("#alert-facts").await;
        for offered in ["[data-pick]", "[data-pick-all]", "#bulk", "#alert-actions", "[data-comment-form]", "[data-do=alert-resolve]"] {
            assert_eq!(page.count(offered).await, 0, "{offered}");
        }
        assert!(page.text("main").await.contains("View only"));
        // Nor do the keys do anything.
        wait_live(&page).await;
        page.forget_requests();
        page.keys("j x a i u z r c").await;
        page.wait_gone("dialog").await;
        assert!(page.requests().iter().all(|it| it.method == "GET"), "{:?}", page.requests());
        assert_eq!(page.count(".side a[href^='/admin']:not([href='/admin/sources'])").await, 0);
        assert_eq!(page.goto("/admin/users").await, 403);
        page.wait_text("h1", "You may not do this").await;
        assert!(page.text("main").await.contains("administrator"));
        page.assert_accessible().await;
    }
}

/// On a clock that stands still, so that the wait is not over before the form is filled.
#[test]
fn after_many_failures_the_page_says_how_long_to_wait() {
    run_alone(async {
        let clock = MockClock::at(Timestamp::parse("2026-06-01T12:00:00Z").unwrap());
        let server = TestServer::start(Kind::Sqlite, &[], Clock::mock(&clock)).await;
        let wrong = json!({"username": ADMIN.0, "password": "not the password"});
        for _ in 0..9 {
            server.anonymous().post("/api/auth/token/", &wrong).await;
        }
        let browser = Browser::start(server.server.address()).await;
        let page = browser.open("/login").await;
        // Even the right one waits.
        fill_in(&page, ADMIN).await;
        page.wait_text(
            "[role=alert]",
            "Too many failed attempts. Try again in 1 s.",
        )
        .await;
        let requests = page.requests();
        assert!(
            requests
                .iter()
                .any(|it| it.method == "POST" && it.status == 429),
            "{requests:?}"
        );
        assert!(browser.cookies().await.is_empty());
    });
}
