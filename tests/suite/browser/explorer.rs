//! The explorer of events: the address says what is shown, and every control writes it.

use serde_json::json;

use super::desk;
use crate::harness::{ADMIN, Browser, Look, Page, TestServer, event};

/// Three events of two sources; the explorer shows them.
async fn explorer(server: &TestServer) -> (Browser, Page) {
    for (source, user) in [("fw-1", "root"), ("fw-1", "mallory"), ("vpn-1", "mallory")] {
        let mut sent = event("LOW", source);
        sent["attributes"] = json!({"login": user});
        server.admin.post("/api/events/", &sent).await.expect(201);
    }
    let (browser, page) = desk(server, ADMIN, Look::light(), "/events").await;
    shows(&page, 3).await;
    (browser, page)
}

/// Waits until all the list holds is so many rows.
async fn shows(page: &Page, rows: u64) {
    let rows = format!("document.querySelectorAll('.event-row').length === {rows}");
    page.wait_until(&rows).await;
}

/// Waits until the words of the search begin so.
async fn searches(page: &Page, begin: &str) {
    let begins = format!(
        "document.querySelector('#q').value.startsWith({})",
        json!(begin)
    );
    page.wait_until(&begins).await;
}

/// The search between two moments that a bar has, to the second.
fn between(from: &str, to: &str) -> String {
    format!("from:{}Z to:{}Z", &from[..19], &to[..19])
}

on_both! {
    async fn a_search_narrows_the_list_and_a_chip_widens_it(server) {
        let (_browser, page) = explorer(server).await;
        page.eval("void (globalThis.same = true)").await;
        page.fill("#q", "from:24h source:vpn-1").await;
        page.keys("Enter").await;
        shows(&page, 1).await;
        page.wait_text(".event-row .col-source", "vpn-1").await;
        assert_eq!(page.url().await, "/events?q=from%3A24h+source%3Avpn-1");
        page.click("#chips a[aria-label='Remove filter: source:vpn-1']").await;
        shows(&page, 3).await;
        page.fill("#q", "severty:LOW").await;
        page.keys("Enter").await;
        page.wait_text("#search-mistakes", "did you mean severity").await;
        assert_eq!(page.eval("globalThis.same").await, true, "the page was loaded anew");
        page.assert_accessible().await;
    }
}

on_both! {
    async fn a_bar_narrows_the_range_and_back_widens_it(server) {
        let (_browser, page) = explorer(server).await;
        searches(&page, "from:24h").await;
        let bar = ".timebar:not([data-count='0'])";
        let count = page.attribute(bar, "data-count").await.unwrap();
        let from = page.attribute(bar, "data-from").await.unwrap();
        let to = page.attribute(bar, "data-to").await.unwrap();
        page.click(bar).await;
        searches(&page, &between(&from, &to)).await;
        shows(&page, count.parse().unwrap()).await;
        page.history(-1).await;
        searches(&page, "from:24h").await;
        shows(&page, 3).await;
    }
}

on_both! {
    async fn a_range_is_chosen_by_keyboard(server) {
        let (_browser, page) = explorer(server).await;
        let bar = "[...document.querySelectorAll('.timebar')]";
        let ends = format!("[{bar}.at(-6).dataset.from, {bar}.at(-4).dataset.to]");
        let ends = page.eval(&ends).await;
        page.keys("b ArrowLeft ArrowLeft ArrowLeft Shift+ArrowLeft Shift+ArrowLeft").await;
        page.wait_until("document.querySelector('[data-brush]').width.baseVal.value > 0").await;
        page.keys("Enter").await;
        searches(&page, &between(ends[0].as_str().unwrap(), ends[1].as_str().unwrap())).await;
        page.wait_text("#empty", "Nothing is kept from that time").await;
        page.history(-1).await;
        shows(&page, 3).await;
    }
}

on_both! {
    async fn a_value_of_an_event_becomes_a_filter(server) {
        let (_browser, page) = explorer(server).await;
        page.keys("j Enter").await;
        page.wait_text("#event", "LOW from vpn-1").await;
        page.click("#event a[aria-label^='Filter for this attributes.login']").await;
        shows(&page, 2).await;
        page.wait_text("#event", "LOW from vpn-1").await;
        page.wait_for("#chips a[aria-label='Remove filter: attributes.login:mallory']").await;
        page.assert_accessible().await;
        page.keys("Escape").await;
        page.wait_gone("#panel").await;
        assert!(!page.url().await.contains("event="));
    }
}

on_both! {
    async fn an_alert_is_raised_from_an_event(server) {
        let (_browser, page) = explorer(server).await;
        page.click(".event-row:last-child [data-open]").await;
        page.wait_text("#event", "Create alert").await;
        page.keys("A").await;
        page.wait_for("#raise-title").await;
        assert!(page.has_focus("#raise-title").await);
        page.type_text("Second look").await;
        page.choose("#raise-severity", "HIGH").await;
        page.click("[data-raise] .button.primary").await;
        page.wait_text("[data-toasts]", "Alert #1 created").await;
        page.wait_text(".event-row:last-child .col-alert", "#1").await;
        page.click("#event-actions a[href='/alerts/1']").await;
        page.wait_url("/alerts/1").await;
        page.wait_text("h1", "Second look").await;
        assert_eq!(page.goto("/events").await, 200);
        page.wait_text(".event-row:last-child .col-alert", "#1").await;
        let alert = server.admin.get("/api/alerts/1/").await.expect(200);
        assert_eq!(alert["severity"], "HIGH");
    }
}
