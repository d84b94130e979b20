//! What changes while one looks: it is told, and nothing moves by itself.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{alert_of, desk, raise, rows, wait_live};
use crate::harness::{ADMIN, Kind, Look, event, run};

/// From the answer to the sender until it is seen.
const SEEN_WITHIN: Duration = Duration::from_secs(2);
/// How long a page is watched that must ask nothing.
const IDLE: Duration = Duration::from_secs(10);

/// Where the rows are, to see that none moves.
const PLACES: &str = "JSON.stringify([...document.querySelectorAll('.alert-row')]
    .map((row) => [row.dataset.id, row.getBoundingClientRect().top]))";

on_both! {
    async fn a_new_alert_waits_behind_a_pill_and_no_row_moves(server) {
        raise(server, 3, "vpn-gw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts?q=severity:high,critical").await;
        wait_live(&page).await;
        assert!(page.title().await.starts_with("(3) "));
        page.keys("j x").await;
        page.wait_text("[data-selected]", "1").await;
        let (before, places) = (rows(&page).await, page.eval(PLACES).await);
        let id = alert_of(&server.admin, &event("CRITICAL", "fw-01")).await;
        let sent = Instant::now();
        page.wait_for("[data-pill]").await;
        assert!(sent.elapsed() < SEEN_WITHIN, "{:?}", sent.elapsed());
        page.wait_text("[data-pill]", "1 new alert, 1 critical").await;
        assert_eq!((rows(&page).await, page.eval(PLACES).await), (before.clone(), places));
        // What does not belong to this list is not announced in it.
        server.event("LOW", "fw-01").await;
        alert_of(&server.admin, &event("HIGH", "fw-01")).await;
        page.wait_text("[data-pill]", "2 new alerts, 1 critical").await;

        page.wait_until("document.title.startsWith('(5) ')").await;
        page.wait_text(".side [data-open-count]", "5").await;
        page.wait_until("document.querySelector('link[rel=icon]').href.includes('>5<')").await;

        page.keys("n").await;
        page.wait_for(format!("#alert-{id}").as_str()).await;
        page.wait_gone("[data-pill]").await;
        assert_eq!((rows(&page).await[0], rows(&page).await.len()), (id, 5));
    }
}

on_both! {
    async fn what_somebody_else_did_is_written_into_its_row(server) {
        let mara = server.user("mara", "RESPONDER").await;
        raise(server, 3, "vpn-gw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts?q=source:vpn-gw-1").await;
        wait_live(&page).await;
        let order = rows(&page).await;
        page.keys("j x J").await;
        page.wait_text("[data-selected]", "2").await;
        let (first, second) = (format!("#alert-{}", order[0]), format!("#alert-{}", order[1]));
        let change = json!({"status": "ACKNOWLEDGED", "assigned_to": "mara"});
        mara.patch(&format!("/api/alerts/{}/", order[1]), &change).await.expect(200);
        page.wait_text(second.as_str(), "Acknowledged").await;
        page.wait_text(second.as_str(), "mara").await;
        assert_eq!(rows(&page).await, order);
        assert_eq!(page.text("[data-selected]").await, "2");
        for row in [&first, &second] {
            assert_eq!(page.property(format!("{row} [data-pick]").as_str(), "checked").await, true);
        }
        assert!(page.has_focus(second.as_str()).await, "the focus stays on the row that was written anew");
        page.wait_until("document.title.startsWith('(2) ')").await;

        // A comment half written stays while the alert around it is written anew.
        page.goto(&format!("/alerts?q=&alert={}", order[0])).await;
        wait_live(&page).await;
        page.fill("#comment", "half a thought").await;
        mara.patch(&format!("/api/alerts/{}/", order[0]), &change).await.expect(200);
        page.wait_text("#alert-head", "Acknowledged").await;
        page.wait_text("#timeline", "mara").await;
        assert_eq!(page.property("#comment", "value").await, "half a thought");
        assert!(page.has_focus("#comment").await);
        page.fill("#comment", "").await;
    }
}

on_both! {
    async fn without_network_the_page_says_so_and_then_misses_nothing(server) {
        let ids = raise(server, 2, "vpn-gw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts?q=source:vpn-gw-1").await;
        wait_live(&page).await;
        page.offline(true).await;
        page.wait_text("[data-live]", "Offline since").await;
        let late = alert_of(&server.admin, &event("CRITICAL", "vpn-gw-1")).await;
        let change = json!({"status": "ACKNOWLEDGED"});
        server.admin.patch(&format!("/api/alerts/{}/", ids[0]), &change).await.expect(200);
        // Nothing can be changed meanwhile, and nothing is lost by trying.
        page.keys("j a").await;
        page.wait_text("[data-toasts]", "The server cannot be reached").await;
        page.wait_until("document.querySelectorAll('.alert-row.busy').length === 0").await;
        assert_eq!(page.count(".alert-row[data-status=OPEN]").await, 2);
        page.offline(false).await;
        wait_live(&page).await;
        page.wait_text("[data-pill]", "1 new alert, 1 critical").await;
        page.wait_text(format!("#alert-{}", ids[0]).as_str(), "Acknowledged").await;
        page.keys("n").await;
        page.wait_for(format!("#alert-{late}").as_str()).await;
    }
}

on_both! {
    async fn a_pause_holds_everything_back_until_it_ends(server) {
        raise(server, 1, "vpn-gw-1").await;
        let (browser, page) = desk(server, ADMIN, Look::light(), "/alerts?q=").await;
        wait_live(&page).await;
        page.keys("p").await;
        page.wait_text("[data-live]", "Paused").await;
        // Another tab of the same person goes on, which shows that the news came.
        let other = browser.open("/alerts?q=").await;
        wait_live(&other).await;
        let id = alert_of(&server.admin, &event("CRITICAL", "vpn-gw-1")).await;
        other.wait_for("[data-pill]").await;
        assert!(!page.sees("[data-pill]").await);
        assert!(page.title().await.starts_with("(1) "));
        page.keys("p").await;
        page.wait_for("[data-live][data-state=live]").await;
        page.wait_text("[data-toasts]", "changes were missed").await;
        page.click(("button", "Show the list as it is now")).await;
        page.wait_for(format!("#alert-{id}").as_str()).await;
    }
}

/// What a page asks is the same above either database.
#[test]
fn an_idle_page_asks_nothing() {
    run(Kind::Sqlite, &[], async |server| {
        raise(server, 3, "vpn-gw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        wait_live(&page).await;
        page.forget_requests();
        // The one place that waits for time to pass: nothing else shows that nothing happens.
        tokio::time::sleep(IDLE).await;
        assert_eq!(page.requests().len(), 0, "{:?}", page.requests());
        // It was listening all the while.
        server.event("CRITICAL", "vpn-gw-1").await;
        page.wait_for("[data-pill]").await;
    });
}

on_both! {
    async fn nothing_is_exchanged_under_a_pressed_pointer(server) {
        let mara = server.user("mara", "RESPONDER").await;
        let id = raise(server, 1, "vpn-gw-1").await[0];
        let (_browser, page) = desk(server, ADMIN, Look::light(), &format!("/alerts?q=&alert={id}")).await;
        wait_live(&page).await;
        let release = page.press("a[data-close]").await;
        let change = json!({"status": "ACKNOWLEDGED"});
        mara.patch(&format!("/api/alerts/{id}/"), &change).await.expect(200);
        // Asked for, and held: the link that is pressed stays the one that is released.
        page.wait_until("performance.getEntriesByType('resource').some((it) => it.name.includes('beside=true'))").await;
        page.eval("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))").await;
        assert!(page.text("#alert-head").await.contains("Open"));
        release.await;
        page.wait_gone("#panel").await;
        page.wait_text(format!("#alert-{id}").as_str(), "Acknowledged").await;
    }
}
