//! The overview: its figures lead to what they count, and change while one looks.

use super::{desk, wait_live};
use crate::harness::{ADMIN, Look, event};

on_both! {
    async fn a_figure_leads_to_the_alerts_it_counts(server) {
        for severity in ["CRITICAL", "HIGH", "HIGH", "INFO"] {
            server.event(severity, "fw-1").await;
        }
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/").await;
        for (tile, rows) in [("critical", 1), ("high", 2), ("unassigned", 3)] {
            assert_eq!(page.goto("/").await, 200);
            let tile = format!("#tile-{tile}");
            page.wait_text(format!("{tile} .tile-value").as_str(), &rows.to_string()).await;
            page.click(tile.as_str()).await;
            page.wait_until(&format!(
                "location.pathname === '/alerts' && document.querySelectorAll('.alert-row').length === {rows}"
            ))
            .await;
        }
    }
}

on_both! {
    async fn a_test_event_makes_the_open_count_rise_where_one_is(server) {
        server.event("CRITICAL", "fw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/").await;
        wait_live(&page).await;
        page.eval("void (globalThis.same = true)").await;
        assert_eq!(page.text("#tile-critical strong").await, "1");
        page.click("#page-deeds button").await;
        page.wait_text("[data-toasts]", "Test event sent").await;
        page.wait_text("#tile-critical strong", "2").await;
        page.wait_text(".side [data-open-count]", "2").await;
        page.wait_until("document.title.startsWith('(2) ')").await;
        assert_eq!(page.eval("globalThis.same").await, true, "the page was loaded anew");
        page.assert_accessible().await;
    }
}

on_both! {
    async fn what_is_drawn_is_also_a_table(server) {
        let mut private = event("LOW", "fw-2");
        private["ip_address"] = "10.0.0.1".into();
        server.admin.post("/api/events/", &private).await.expect(201);
        for severity in ["CRITICAL", "HIGH", "INFO"] {
            server.event(severity, "fw-1").await;
        }
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/").await;
        page.wait_for("[data-map] .land").await;
        page.wait_text("#origin-nowhere", "Private ranges").await;
        page.wait_text("#sources", "fw-1").await;
        page.wait_text("#latest", "CRITICAL from fw-1").await;
        page.click(".as-table summary").await;
        page.wait_for("#chart-rows tr").await;
        let sum = "[...document.querySelectorAll('#chart-rows td:last-child')].reduce((n, it) => n + Number(it.textContent), 0)";
        assert_eq!(page.eval(sum).await, 4);
        let drawn = "[...document.querySelectorAll('[data-bar]')].length > 0";
        assert_eq!(page.eval(drawn).await, true);
        page.assert_accessible().await;
    }
}

on_both! {
    async fn another_range_is_shown_and_back_shows_the_first(server) {
        server.event("HIGH", "fw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/").await;
        page.wait_text("#chart-said", "24 hours").await;
        page.choose("#range", "7d").await;
        page.wait_url("/?range=7d").await;
        page.wait_text("#chart-said", "7 days").await;
        page.history(-1).await;
        page.wait_text("#chart-said", "24 hours").await;
        page.keys("d").await;
        page.wait_text("#chart-said", "7 days").await;
        assert_eq!(page.goto("/?range=1h").await, 200);
        page.wait_text("#chart-said", "last hour").await;
        assert_eq!(page.property("#range", "value").await, "1h");
    }
}
