//! What a page costs: bytes, requests, elements. Counted, not timed: time is for the benchmarks.

use http::Method;
use serde_json::Value;

use super::{asked, desk, found, raise};
use crate::harness::{ADMIN, Kind, Look, TestServer, run};

/// Bytes of a first visit, headers included, compressed as they come.
const FIRST_VISIT_MAX: u64 = 100_000;
/// Requests of a first visit, without the stream.
const REQUESTS_MAX: usize = 8;
/// Elements of a page: what a browser lays out without a pause.
const ELEMENTS_MAX: u64 = 6_000;

async fn raise_many(server: &TestServer, n: usize) {
    for from in (0..n).step_by(500) {
        let lines: String = (from..n.min(from + 500))
            .map(|i| {
                let severity = if i % 7 == 0 { "CRITICAL" } else { "HIGH" };
                let event = crate::harness::event(severity, &format!("sensor-{}", i % 40));
                format!("{event}\n")
            })
            .collect();
        let client = server.admin.with("content-type", "application/x-ndjson");
        client
            .send(Method::POST, "/api/events/", lines)
            .await
            .expect(200);
    }
}

/// The pages and what they ask are the same above either database.
#[test]
fn a_first_visit_is_small() {
    run(Kind::Sqlite, &[], async |server| {
        raise_many(server, 120).await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        page.wait_for(".alert-row").await;
        let requests = page.requests();
        let own: Vec<_> = requests
            .iter()
            .filter(|it| !it.url.starts_with("/api/stream/"))
            .collect();
        assert!(
            own.len() <= REQUESTS_MAX,
            "{} requests: {own:#?}",
            own.len()
        );
        let bytes: u64 = own.iter().map(|it| it.bytes).sum();
        assert!(bytes <= FIRST_VISIT_MAX, "{bytes} bytes: {own:#?}");
        // Files with a version in their name are not asked for again.
        assert_eq!(page.goto("/alerts?q=").await, 200);
        let fetched = "performance.getEntriesByType('resource')
            .filter((it) => it.name.includes('/assets/') && it.transferSize > 0).map((it) => it.name)";
        assert_eq!(page.eval(fetched).await, Value::Array(Vec::new()));
    });
}

on_both! {
    async fn ten_thousand_alerts_make_no_larger_page(server) {
        raise_many(server, 10_000).await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        page.wait_for(".alert-row").await;
        let elements = page.count("*").await;
        assert!(elements < ELEMENTS_MAX, "{elements}");
        let requests = page.requests();
        let own = requests.iter().filter(|it| !it.url.starts_with("/api/stream/")).count();
        assert!(own <= REQUESTS_MAX, "{requests:#?}");
        let bytes: u64 = requests.iter().map(|it| it.bytes).sum();
        assert!(bytes <= FIRST_VISIT_MAX, "{bytes}");
        // Another list of it is one request.
        page.forget_requests();
        page.click("#facets a[data-facet][data-only*='severity%3ACRITICAL']").await;
        page.wait_until("document.querySelectorAll('.alert-row.critical').length === 50").await;
        assert_eq!(asked(&page, "GET", "/alerts"), 1, "{:#?}", page.requests());
        assert!(page.count("*").await < ELEMENTS_MAX);
    }
}

on_both! {
    async fn a_hundred_alerts_are_changed_by_one_request(server) {
        raise(server, 100, "vpn-gw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        page.click("[data-pick-all]").await;
        page.click(("button", "Select all 100 matching")).await;
        page.forget_requests();
        page.keys("i").await;
        page.wait_text("[data-toasts]", "100 assigned").await;
        page.wait_until("document.querySelectorAll('.alert-row.busy').length === 0").await;
        let changing: Vec<_> = page.requests().into_iter().filter(|it| it.method != "GET").collect();
        assert_eq!(changing.len(), 1, "{changing:#?}");
        assert_eq!(asked(&page, "GET", "/alerts"), 1, "the rows are fetched anew together");
        assert_eq!(found(&server.admin, "owner:admin").await, 100);
        let owners = page.eval("[...document.querySelectorAll('td.col-owner')].every((it) => it.innerText.includes('admin'))").await;
        assert_eq!(owners, Value::Bool(true));
    }
}
