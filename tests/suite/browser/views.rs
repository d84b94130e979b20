//! The list as somebody wants it: views, columns, groups, and taking it away as a file.

use serde_json::json;

use super::{desk, enter, found, raise, rows};
use crate::harness::{ADMIN, Look, PASSWORD};

on_both! {
    async fn a_view_is_kept_made_the_default_shared_and_deleted(server) {
        raise(server, 2, "vpn-gw-1").await;
        let fw = raise(server, 1, "fw-01").await;
        server.user("ana", "ANALYST").await;
        let (browser, page) = desk(server, ADMIN, Look::light(), "/alerts?q=status:OPEN+source:fw-01&sort=-created_at").await;
        page.click(("button", "Save view")).await;
        page.wait_for("#ask-text").await;
        page.type_text("Firewall").await;
        page.keys("Enter").await;
        page.wait_text("#views [aria-current=true]", "Firewall").await;
        assert!(page.url().await.contains("view="), "{}", page.url().await);
        assert_eq!(rows(&page).await, fw);
        page.click(("button", "Make default")).await;
        page.wait_text("[data-toasts]", "Alerts now open with this view").await;
        page.wait_for(("button", "Not default")).await;
        page.click(("button", "Share")).await;
        page.wait_text("[data-toasts]", "Everybody sees this view now").await;
        page.wait_for(("button", "Stop sharing")).await;

        // The default is where the list opens; a departure from it is said, and kept or taken back.
        assert_eq!(page.goto("/alerts").await, 200);
        page.wait_text("#views [aria-current=true]", "Firewall").await;
        assert_eq!(rows(&page).await, fw);
        page.choose("#sort", "created_at").await;
        page.wait_text("#views", "modified").await;
        page.click(("link", "Revert")).await;
        page.wait_gone(".chip-note").await;
        page.choose("#sort", "created_at").await;
        page.wait_text("#views", "modified").await;
        page.click(("button", "Save")).await;
        page.wait_text("[data-toasts]", "View saved").await;
        page.wait_gone(".chip-note").await;

        // Somebody else sees it, and cannot change it.
        let other = browser.another().await;
        let theirs = other.page(Look::light()).await;
        enter(server, &theirs, ("ana", PASSWORD)).await;
        assert_eq!(theirs.goto("/alerts").await, 200);
        assert_eq!(rows(&theirs).await.len(), 3, "one's default is one's own");
        let link = "[...document.querySelectorAll('#views a')].find((it) => it.innerText.includes('Firewall')).click()";
        theirs.eval(link).await;
        theirs.wait_text("#views [aria-current=true]", "Firewall").await;
        assert_eq!(rows(&theirs).await, fw);
        assert_eq!(theirs.count("[data-do=view-delete], [data-do=view-rename], [data-do=view-share]").await, 0);

        page.click(("button", "Rename")).await;
        page.wait_for("#ask-text").await;
        page.fill("#ask-text", "Walls").await;
        page.keys("Enter").await;
        page.wait_text("#views [aria-current=true]", "Walls").await;
        page.click(("button", "Delete")).await;
        page.wait_for("dialog[open]").await;
        page.click("dialog[open] .danger").await;
        page.wait_text("[data-toasts]", "View deleted").await;
        page.wait_until("!document.querySelector('#views').innerText.includes('Walls')").await;
        assert_eq!(server.admin.get("/api/views/").await.expect(200)["count"], 0);
    }
}

on_both! {
    async fn columns_are_chosen_and_stay(server) {
        raise(server, 2, "vpn-gw-1").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        assert_eq!(page.count("th.col-ip").await, 0);
        page.click("details:has([data-columns-form]) > summary").await;
        page.click("[data-columns-form] [value=ip]").await;
        page.click("[data-columns-form] [value=owner]").await;
        page.click("[data-columns-form] button").await;
        page.wait_for("th.col-ip").await;
        page.wait_gone("th.col-owner").await;
        assert!(page.text("td.col-ip").await.contains("81.2.69.142"));
        assert_eq!(page.goto("/alerts?q=").await, 200);
        page.wait_for("th.col-ip").await;
        assert_eq!(page.count("th.col-owner").await, 0);
        // Of the address before those of the person, so that a link shows what its sender saw.
        assert_eq!(page.goto("/alerts?q=&column=title,owner").await, 200);
        page.wait_for("th.col-owner").await;
        assert_eq!(page.count("th.col-ip").await, 0);
    }
}

on_both! {
    async fn alerts_are_grouped_and_a_group_is_acknowledged_at_once(server) {
        raise(server, 3, "vpn-gw-1").await;
        let fw = raise(server, 2, "fw-01").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts").await;
        page.choose("#group", "source").await;
        page.wait_until("document.querySelectorAll('.groups tbody tr').length === 2").await;
        page.assert_accessible().await;
        page.reload().await;
        assert_eq!(page.count(".groups tbody tr").await, 2);
        page.click(".groups tr[data-group-query*='vpn-gw-1'] [data-do=group-acknowledge]").await;
        page.wait_text("[data-toasts]", "3 acknowledged").await;
        assert_eq!((found(&server.admin, "status:ACKNOWLEDGED source:vpn-gw-1").await, found(&server.admin, "status:OPEN").await), (3, 2));
        page.wait_gone(".groups tr[data-group-query*='vpn-gw-1'] [data-do=group-acknowledge]").await;
        page.click(".groups tr[data-group-query*='fw-01'] th a").await;
        page.wait_for(".alert-row").await;
        let mut shown = rows(&page).await;
        shown.sort_unstable();
        assert_eq!(shown, fw);
    }
}

on_both! {
    async fn what_the_list_shows_is_taken_away_as_a_file(server) {
        raise(server, 3, "vpn-gw-1").await;
        raise(server, 2, "fw-01").await;
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/alerts?q=source:fw-01").await;
        for (kind, name) in [("text/csv", "CSV, for a spreadsheet"), ("application/x-ndjson", "NDJSON, for a program")] {
            let got = page.eval(&format!(
                "(async () => {{ const link = [...document.querySelectorAll('.menu-list a')].find((it) => it.innerText === {name} || it.textContent === {name}); \
                 const answer = await fetch(link.href); \
                 return [answer.status, answer.headers.get('content-type'), answer.headers.get('content-disposition'), await answer.text()]; }})()",
                name = json!(name),
            )).await;
            assert_eq!(got[0], 200);
            assert!(got[1].as_str().unwrap().starts_with(kind), "{got}");
            assert!(got[2].as_str().unwrap().starts_with("attachment"), "{got}");
            let text = got[3].as_str().unwrap();
            assert!(!text.contains("vpn-gw-1"), "{text}");
            assert!(text.matches("HIGH from fw-01").count() >= 2, "{text}");
        }
    }
}
