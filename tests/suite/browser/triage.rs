//! The triage queue: keys, many at once, taking back, the search, the alert beside the list.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::{alert_of, asked, desk, found, raise, rows, wait_live};
use crate::harness::{ADMIN, Look, event};

/// Ten alerts, from the first key to the last: nobody waits for an answer in between.
const TEN_MAX: Duration = Duration::from_secs(15);

on_both! {
    async fn ten_alerts_are_triaged_by_keyboard_alone(server) {
        raise(server, 10, "vpn-gw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        let order = rows(&page).await;
        assert_eq!(order.len(), 10);
        let begun = Instant::now();
        // Nothing waits for an answer: each key means what is marked when it is pressed.
        page.keys("j a a a a a r 1 Enter r 2 Enter r 3 Enter r 1 Enter").await;
        page.keys("r 8 Enter").await; // Other needs a note.
        page.type_text("see ticket").await;
        page.keys("Control+Enter").await;
        assert!(begun.elapsed() < TEN_MAX, "{:?}", begun.elapsed());
        page.wait_until("document.querySelectorAll('.alert-row:not(.leaving)').length === 5").await;
        page.wait_until("document.querySelectorAll('.alert-row[data-status=ACKNOWLEDGED]:not(.busy, .leaving)').length === 5").await;

        for (place, id) in order.iter().enumerate() {
            let now = server.admin.get(&format!("/api/alerts/{id}/")).await.expect(200);
            let wanted = ["", "TRUE_POSITIVE", "BENIGN_POSITIVE", "FALSE_POSITIVE", "TRUE_POSITIVE", "OTHER"];
            let wanted = wanted[place.saturating_sub(4)];
            if wanted.is_empty() {
                assert_eq!(now["status"], "ACKNOWLEDGED", "{place}");
            } else {
                assert_eq!((&now["status"], &now["resolution"]), (&json!("RESOLVED"), &json!(wanted)), "{place}");
            }
        }
        let last = server.admin.get(&format!("/api/alerts/{}/", order[9])).await.expect(200);
        assert_eq!(last["resolution_note"], "see ticket");
        // What was resolved no longer belongs here, and leaves by itself.
        page.wait_until("document.querySelectorAll('.alert-row').length === 5").await;
        assert_eq!(rows(&page).await, order[..5]);
    }
}

on_both! {
    async fn keys_act_on_nothing_that_is_not_marked(server) {
        let ids = raise(server, 2, "vpn-gw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        page.forget_requests();
        page.keys("a").await;
        page.wait_text("[data-toasts]", "Choose an alert first").await;
        // In a dialog, its own keys only.
        page.keys("j r").await;
        page.wait_for("dialog[open]").await;
        page.keys("a i u x").await;
        page.keys("Escape").await;
        page.wait_gone("dialog").await;
        assert!(page.requests().iter().all(|it| it.method == "GET"), "{:?}", page.requests());
        assert_eq!(found(&server.admin, "status:OPEN").await, 2);
        assert!(page.has_focus(format!("#alert-{}", rows(&page).await[0]).as_str()).await);
        assert_eq!(ids.len(), 2);
    }
}

on_both! {
    async fn three_are_acknowledged_by_one_request_and_taken_back(server) {
        raise(server, 4, "vpn-gw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        page.keys("j x J J").await;
        page.wait_text("[data-selected]", "3").await;
        assert_eq!(page.property("[data-pick-all]", "indeterminate").await, true);
        page.forget_requests();
        page.keys("a").await;
        page.wait_text("[data-toasts]", "3 acknowledged").await;
        page.wait_gone("#bulk").await;
        page.wait_until("document.querySelectorAll('.alert-row[data-status=ACKNOWLEDGED]:not(.busy)').length === 3").await;
        assert_eq!(asked(&page, "POST", "/api/alerts/bulk/"), 1);
        assert_eq!((found(&server.admin, "status:OPEN").await, found(&server.admin, "status:ACKNOWLEDGED").await), (1, 3));
        let stats = server.admin.get("/api/stats/").await.expect(200);
        assert_eq!((&stats["by_status"]["OPEN"], &stats["by_status"]["ACKNOWLEDGED"]), (&json!(1), &json!(3)), "{stats}");
        page.keys("z").await;
        page.wait_text("[data-toasts]", "3 taken back").await;
        page.wait_until("document.querySelectorAll('.alert-row[data-status=OPEN]').length === 4").await;
        assert_eq!(found(&server.admin, "status:OPEN").await, 4);
        let stats = server.admin.get("/api/stats/").await.expect(200);
        assert_eq!(stats["by_status"]["OPEN"], 4);
        page.keys("z").await;
        page.wait_text("[data-toasts]", "Nothing to undo").await;
    }
}

on_both! {
    async fn all_that_match_are_changed_only_when_their_number_was_typed(server) {
        raise(server, 130, "vpn-gw-1").await;
        raise(server, 2, "fw-01").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts?q=status:OPEN+source:vpn-gw-1").await;
        page.click("[data-pick-all]").await;
        page.wait_text("[data-selected]", "50").await;
        page.click(("button", "Select all 130 matching")).await;
        page.wait_text("[data-selected]", "130").await;
        page.forget_requests();
        page.keys("a").await;
        page.wait_for("#sure-count").await;
        page.type_text("50").await;
        page.keys("Enter").await;
        page.wait_for("#sure-count[aria-invalid=true]").await;
        page.keys("Escape").await;
        page.wait_gone("dialog").await;
        assert_eq!(asked(&page, "POST", "/api/alerts/bulk/"), 0);
        page.click(("button", "Acknowledge a")).await;
        page.wait_for("#sure-count").await;
        page.type_text("130").await;
        page.keys("Enter").await;
        page.wait_text("[data-toasts]", "130 acknowledged").await;
        assert_eq!(asked(&page, "POST", "/api/alerts/bulk/"), 1);
        assert_eq!((found(&server.admin, "status:ACKNOWLEDGED").await, found(&server.admin, "status:OPEN").await), (130, 2));
    }
}

on_both! {
    async fn the_search_is_in_the_address_and_survives_reload_and_back(server) {
        let one = alert_of(&server.admin, &event("CRITICAL", "vpn-gw-1")).await;
        let two = alert_of(&server.admin, &event("HIGH", "vpn-gw-1")).await;
        let three = alert_of(&server.admin, &event("HIGH", "fw-01")).await;
        let shows = |ids: &[i64]| {
            let rows = "[...document.querySelectorAll('.alert-row')].map((row) => Number(row.dataset.id))";
            format!("JSON.stringify({rows}) === '{}'", json!(ids))
        };
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        page.wait_until(&shows(&[one, three, two])).await;
        page.keys("/").await;
        assert!(page.has_focus("#q").await);
        page.fill("#q", "status:OPEN source:vpn-gw-1").await;
        page.keys("Enter").await;
        page.wait_until(&shows(&[one, two])).await;
        let narrowed = page.url().await;
        assert!(narrowed.contains("source%3Avpn-gw-1"), "{narrowed}");
        assert_eq!(page.count("#chips li").await, 2);
        page.reload().await;
        page.wait_until(&shows(&[one, two])).await;
        assert_eq!(page.property("#q", "value").await, "status:OPEN source:vpn-gw-1");

        page.click("#facets a[data-facet][data-only*='severity%3ACRITICAL']").await;
        page.wait_until(&shows(&[one])).await;
        page.wait_for("#facets a[aria-checked=true][data-only*='severity%3ACRITICAL']").await;
        page.history(-1).await;
        page.wait_until(&shows(&[one, two])).await;
        assert_eq!(page.url().await, narrowed);
        page.history(-1).await;
        page.wait_until(&shows(&[one, three, two])).await;
        page.history(2).await;
        page.wait_until(&shows(&[one])).await;

        // Without a value, then without that filter.
        page.goto("/alerts?q=status:OPEN").await;
        page.hover("#facets a[data-facet][data-only*='vpn-gw-1']").await;
        page.click(("link", "Not vpn-gw-1")).await;
        page.wait_until(&shows(&[three])).await;
        page.wait_for("#facets .excluded").await;
        page.wait_for("#chips .chip.not").await;
        page.click(("link", "Remove filter: not source:vpn-gw-1")).await;
        page.wait_until(&shows(&[one, three, two])).await;
        page.wait_gone("#chips .chip.not").await;
    }
}

on_both! {
    async fn what_the_address_gets_wrong_is_explained_on_the_page(server) {
        let id = raise(server, 1, "vpn-gw-1").await[0];
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts?q=severity:nonsense+source:vpn-gw-1").await;
        page.wait_text("#search-mistakes", "nonsense").await;
        assert_eq!(page.text("#search-mistakes mark").await, "nonsense");
        assert_eq!(page.property("#q", "value").await, "severity:nonsense source:vpn-gw-1");
        assert_eq!(page.attribute("#q", "aria-invalid").await.as_deref(), Some("true"));
        page.assert_accessible().await;
        // Put right, from where it is.
        page.fill("#q", "severity:high source:vpn-gw-1").await;
        page.keys("Enter").await;
        page.wait_for(format!("#alert-{id}").as_str()).await;
        page.wait_gone("#search-mistakes").await;
        for broken in ["(", "\"", "-", "::", "a:b:c", "id:99999999999999999999", "created:yesterday"] {
            page.fill("#q", broken).await;
            page.keys("Enter").await;
            page.wait_until(&format!("new URLSearchParams(location.search).get('q') === {}", json!(broken))).await;
            assert_eq!(page.property("#q", "value").await, broken);
        }
        for gone in ["/alerts?view=999999", "/alerts?q=&view=999999"] {
            assert_eq!(page.goto(gone).await, 200);
            page.wait_text(".banner", "That view is gone").await;
            page.wait_for(format!("#alert-{id}").as_str()).await;
        }
        assert_eq!(page.goto("/alerts?q=&alert=999999").await, 200);
        page.wait_text(".banner", "There is no alert #999999").await;
        page.wait_gone("#panel").await;
        assert_eq!(page.goto("/alerts/999999").await, 404);
        page.wait_text("main", "here is no alert #999999").await;
    }
}

on_both! {
    async fn an_alert_opens_beside_the_list_which_is_walked_meanwhile(server) {
        raise(server, 4, "vpn-gw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        let ids = rows(&page).await;
        let shows = |id: i64| format!("#panel:not([hidden]) #alert[data-alert='{id}']");
        page.keys("j Enter").await;
        page.wait_for(shows(ids[0]).as_str()).await;
        assert!(page.has_focus("#alert-title").await);
        assert!(page.url().await.ends_with(&format!("alert={}", ids[0])));
        page.click("#panel a[data-tab=raw]").await;
        page.wait_text("#alert-section", "event_type").await;
        page.click("#panel a[data-tab=timeline]").await;
        page.wait_for("#comment").await;
        page.fill("#comment", "half a thought").await;
        page.click("#alert-title").await;
        // Faster than the answers: the one asked for last stays.
        page.keys("j j j k").await;
        page.wait_for(shows(ids[2]).as_str()).await;
        page.wait_for(format!("#alert-{}[aria-current=true]", ids[2]).as_str()).await;
        assert_eq!(page.property("#comment", "value").await, "");
        page.keys("k k").await;
        page.wait_for(shows(ids[0]).as_str()).await;
        page.wait_until("document.querySelector('#comment').value === 'half a thought'").await;
        page.fill("#comment", "").await;
        page.keys("Escape").await;
        page.wait_gone("#panel").await;
        assert!(!page.url().await.contains("alert="));
        assert!(page.has_focus(format!("#alert-{}", ids[0]).as_str()).await);
        page.history(-1).await;
        page.wait_for(shows(ids[0]).as_str()).await;
        page.history(-1).await;
        page.wait_gone("#panel").await;

        // Straight to it, then acted on.
        assert_eq!(page.goto(&format!("/alerts?q=&alert={}", ids[1])).await, 200);
        page.wait_for(shows(ids[1]).as_str()).await;
        page.keys("a").await;
        page.wait_text("#alert-head", "Acknowledged").await;
        assert_eq!(found(&server.admin, "status:ACKNOWLEDGED").await, 1);
        page.choose("#alert-owner", ADMIN.0).await;
        page.wait_text("#alert-facts", ADMIN.0).await;
        assert_eq!(found(&server.admin, "owner:admin").await, 1);
        page.click("a[data-close]").await;
        page.wait_gone("#panel").await;
    }
}

on_both! {
    async fn a_change_that_came_second_is_asked_about(server) {
        let mara = server.user("mara", "RESPONDER").await;
        let id = raise(server, 1, "vpn-gw-1").await[0];
        let (_browser, page) = desk(server, ADMIN, Look::light(), &format!("/alerts/{id}")).await;
        wait_live(&page).await;
        page.keys("p").await; // Nothing arrives by itself any more.
        page.wait_for("[data-live][data-state=paused]").await;
        let change = json!({"status": "RESOLVED", "resolution": "FALSE_POSITIVE"});
        mara.patch(&format!("/api/alerts/{id}/"), &change).await.expect(200);
        page.keys("a").await;
        page.wait_text("dialog[open]", "It was changed meanwhile").await;
        page.wait_text("dialog[open]", "mara").await;
        page.assert_accessible().await;
        page.click(("button", "Leave it as it is")).await;
        page.wait_gone("dialog").await;
        assert_eq!(found(&server.admin, "status:RESOLVED").await, 1);
        page.wait_text("#alert-head", "Resolved").await;

        mara.patch(&format!("/api/alerts/{id}/"), &json!({"status": "OPEN"})).await.expect(200);
        page.keys("r").await;
        page.wait_for("dialog[open]").await;
        page.keys("1 Enter").await;
        page.wait_text("dialog[open]", "It was changed meanwhile").await;
        page.click(("button", "Apply anyway")).await;
        page.wait_text("#alert-head", "Resolved").await;
        let now = server.admin.get(&format!("/api/alerts/{id}/")).await.expect(200);
        assert_eq!((&now["status"], &now["resolution"]), (&json!("RESOLVED"), &json!("TRUE_POSITIVE")));
    }
}
