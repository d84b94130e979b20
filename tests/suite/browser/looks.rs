//! Every page in every way people look at it: colours, sizes, zones, without script.

use serde_json::json;

use super::{desk, fill_in, found, pages, raise, wait_live};
use crate::harness::{ADMIN, Kind, Look, Page, TestServer, run};

/// Alerts of each kind, one with a comment, an owner and an end.
async fn furnish(server: &TestServer) -> i64 {
    for severity in ["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"] {
        server.event(severity, "vpn-gw-1").await;
    }
    let ids = raise(server, 6, "fw-01").await;
    let path = |id: i64| format!("/api/alerts/{id}/");
    let change = async |id: i64, body: serde_json::Value| {
        server.admin.patch(&path(id), &body).await.expect(200)
    };
    change(
        ids[0],
        json!({"status": "ACKNOWLEDGED", "assigned_to": "me"}),
    )
    .await;
    change(
        ids[1],
        json!({"status": "RESOLVED", "resolution": "FALSE_POSITIVE", "note": "a test"}),
    )
    .await;
    server
        .admin
        .post(
            &format!("/api/alerts/{}/comments/", ids[0]),
            &json!({"text": "Two\nlines"}),
        )
        .await
        .expect(201);
    let view =
        json!({"name": "Firewall", "page": "alerts", "query": "source:fw-01", "shared": true});
    server.admin.post("/api/views/", &view).await.expect(201);
    server
        .admin
        .post("/api/keys/", &json!({"name": "sensor"}))
        .await
        .expect(201);
    ids[0]
}

async fn assert_no_sideways_scrolling(page: &Page, path: &str) {
    // Not `innerWidth`: on a telephone that grows with what is too wide.
    let wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth ? [document.documentElement.scrollWidth, \
        ...[...document.querySelectorAll('body *')].filter((it) => it.getBoundingClientRect().right > document.documentElement.clientWidth + 1) \
        .slice(0, 8).map((it) => it.tagName + '.' + it.className + ' in ' + it.parentElement.tagName + '.' + it.parentElement.className)] : []";
    assert_eq!(page.eval(wide).await, json!([]), "{path} scrolls sideways");
}

// How a page looks is the same above either database: all here run on SQLite, but where it says
// otherwise.

async fn assert_every_page_accessible(server: &TestServer, look: Look) {
    let alert = furnish(server).await;
    let (_browser, page) = desk(server, ADMIN, look, "/alerts").await;
    for path in pages(server, alert).await {
        assert_eq!(page.goto(&path).await, 200, "{path}");
        page.assert_accessible().await;
        assert_no_sideways_scrolling(&page, &path).await;
        // What is shown beside the list stands under the list's name.
        let names = u64::from(!path.contains("beside=true"));
        assert_eq!(page.count("h1").await, names, "{path}");
    }
}

#[test]
fn every_page_is_accessible_in_the_light() {
    run(Kind::Sqlite, &[], async |server| {
        assert_every_page_accessible(server, Look::light()).await;
    });
}

#[test]
fn every_page_is_accessible_in_the_dark() {
    run(Kind::Sqlite, &[], async |server| {
        assert_every_page_accessible(server, Look::dark()).await;
    });
}

#[test]
fn every_page_fits_a_telephone_and_is_accessible_there() {
    run(Kind::Sqlite, &[], async |server| {
        assert_every_page_accessible(server, Look::mobile()).await;
    });
}

/// 1280 pixels at 400 %, which is no telephone: no touch, and as flat as it is wide.
#[test]
fn every_page_fits_a_desktop_enlarged_four_times() {
    run(Kind::Sqlite, &[], async |server| {
        let alert = furnish(server).await;
        let look = Look::light().size(320, 200);
        let (_browser, page) = desk(server, ADMIN, look, "/alerts").await;
        for path in pages(server, alert).await {
            assert_eq!(page.goto(&path).await, 200, "{path}");
            assert_no_sideways_scrolling(&page, &path).await;
        }
    });
}

/// What the head of a page says of the connection is not always as short as `Live`.
#[test]
fn every_state_of_the_connection_fits_a_telephone() {
    run(Kind::Sqlite, &[], async |server| {
        let look = Look::light().size(320, 640);
        let (_browser, page) = desk(server, ADMIN, look, "/alerts").await;
        wait_live(&page).await;
        // Too short a moment to be met.
        page.eval("void (document.querySelector('[data-live-text]').textContent = 'Connecting')")
            .await;
        assert_no_sideways_scrolling(&page, "connecting").await;
        page.click("[data-live]").await;
        page.wait_text("[data-live]", "Paused").await;
        assert_no_sideways_scrolling(&page, "paused").await;
        page.click("[data-live]").await;
        page.offline(true).await;
        page.wait_text("[data-live]", "Offline").await;
        assert_no_sideways_scrolling(&page, "offline").await;
        page.offline(false).await;
        wait_live(&page).await;
    });
}

/// The whole way on a telephone: the navigation, a filter, an alert, a change.
#[test]
fn an_alert_is_found_and_acknowledged_on_a_telephone() {
    run(Kind::Sqlite, &[], async |server| {
        furnish(server).await;
        let (_browser, page) = desk(server, ADMIN, Look::mobile(), "/alerts").await;
        page.click(".nav-button").await;
        page.wait_for(".side a[href='/alerts']").await;
        page.click(".nav-close").await;
        page.wait_gone(".side a[href='/alerts']").await;
        page.click("#facets > summary").await;
        page.click("#facets a[data-facet][data-only*='severity%3ACRITICAL']")
            .await;
        page.wait_until("document.querySelectorAll('.alert-row').length === 1")
            .await;
        page.click(".alert-row [data-open]").await;
        page.wait_for("#alert-title").await;
        assert_no_sideways_scrolling(&page, "the alert over the list").await;
        page.click(("button", "Acknowledge")).await;
        page.wait_text("#alert-head", "Acknowledged").await;
    });
}

#[test]
fn colours_of_the_system_more_contrast_and_less_movement_are_respected() {
    run(Kind::Sqlite, &[], async |server| {
        let alert = furnish(server).await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        let looks = [
            Look::light().forced_colors(),
            Look::dark().forced_colors().reduced_motion(),
            Look::dark().more_contrast().reduced_motion(),
        ];
        for look in looks {
            page.look(look).await;
            for path in pages(server, alert).await {
                assert_eq!(page.goto(&path).await, 200, "{path}");
            }
            page.goto("/alerts").await;
            page.keys("j Enter").await;
            page.wait_for("#alert-title").await;
        }
        let moving = "document.getAnimations().filter((it) => it.effect.getComputedTiming().duration > 10).length";
        assert_eq!(page.eval(moving).await, 0);
    });
}

#[test]
fn theme_and_zone_are_kept_for_the_person() {
    run(Kind::Sqlite, &[], async |server| {
        let id = furnish(server).await;
        let look = Look::light().zone("Asia/Kathmandu");
        let (_browser, page) = desk(server, ADMIN, look, &format!("/alerts/{id}")).await;
        let ground = "getComputedStyle(document.documentElement).backgroundColor";
        let light = page.eval(ground).await;
        page.click("[data-do=theme]").await;
        page.wait_text("[data-toasts]", "Theme: dark").await;
        let dark = page.eval(ground).await;
        assert_ne!(light, dark);
        let said = page.text("#alert-facts time").await;
        assert!(said.ends_with(" UTC"), "{said}");
        page.click("[data-do=zone]").await;
        page.wait_text("#alert-facts time", "+05:45").await;
        page.wait_text("[data-zone-name]", "Kat").await;
        let kept = async || server.admin.get("/api/me/").await.expect(200)["preferences"].clone();
        loop {
            let now = kept().await;
            if now["theme"] == "dark" && now["time_zone"] == "local" {
                break;
            }
        }
        page.reload().await;
        assert_eq!(page.eval(ground).await, dark);
        page.wait_text("#alert-facts time", "+05:45").await;
        page.keys("t").await;
        page.wait_text("#alert-facts time", " UTC").await;
        page.keys("Shift+D").await; // After dark comes light.
        page.wait_text("[data-toasts]", "Theme: light").await;
        assert_eq!(page.eval(ground).await, light);
        page.keys("Shift+D").await;
        page.wait_until("document.documentElement.dataset.theme === 'system'")
            .await;
        page.look(Look::dark()).await;
        page.wait_until(&format!("{ground} === {dark}")).await;
    });
}

on_both! {
    async fn without_script_the_queue_is_filtered_and_an_alert_is_changed(server) {
        let alert = furnish(server).await;
        let (browser, page) = desk(server, ADMIN, Look::light().without_script(), "/alerts").await;
        page.fill("#q", "source:vpn-gw-1").await;
        page.click(("button", "Search")).await;
        page.wait_until("document.querySelectorAll('.alert-row').length === 2").await;
        page.click("#facets a[data-facet][data-only*='severity%3ACRITICAL']").await;
        page.wait_until("document.querySelectorAll('.alert-row').length === 1").await;
        page.click(".alert-row [data-open]").await;
        page.wait_for("#panel #alert-title").await;
        page.click(("button", "Acknowledge")).await;
        page.wait_text("#panel #alert-head", "Acknowledged").await;
        assert_eq!(found(&server.admin, "status:ACKNOWLEDGED source:vpn-gw-1").await, 1);
        page.click("details[data-noscript] > summary").await;
        page.click("[name=resolution][value=TRUE_POSITIVE]").await;
        page.fill("#resolve-note", "cut off").await;
        page.click(("button", "Resolve")).await;
        page.wait_text("#panel #alert-head", "Resolved").await;
        page.fill("#comment", "by form alone").await;
        page.click("[data-comment-form] button").await;
        page.wait_text("#timeline", "by form alone").await;
        // Whoever works on it owns it; now nobody does.
        page.wait_until("document.querySelector('#alert-owner').value === 'admin'").await;
        page.choose("#alert-owner", "").await;
        page.click(("button", "Assign")).await;
        page.wait_text("#alert-facts", "nobody").await;
        assert_eq!(found(&server.admin, "status:RESOLVED resolution:TRUE_POSITIVE owner:none").await, 1);

        // Nothing that only a script could do is offered, and everything is there.
        page.goto("/alerts").await;
        for offered in ["[data-do]", "[data-pick]", "[data-live]", "#bulk", "[data-pill]"] {
            assert!(!page.sees(offered).await, "{offered}");
        }
        page.choose("#group", "source").await;
        page.click("[data-sorting] button").await;
        page.wait_for(".groups").await;
        for path in pages(server, alert).await {
            assert_eq!(page.goto(&path).await, 200, "{path}");
        }
        // Signing out and in again are forms as well.
        page.click("summary[aria-label='Your account']").await;
        page.click(("button", "Sign out")).await;
        page.wait_url("/login").await;
        assert!(browser.cookies().await.is_empty());
        fill_in(&page, ADMIN).await;
        page.wait_url("/").await;
    }
}
