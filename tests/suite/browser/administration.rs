//! Administration and one's own account, as people use them.

use serde_json::json;

use super::{desk, enter, wait_live};
use crate::harness::{ADMIN, Look, PASSWORD, Page, event};

/// Says yes to what a page asks.
async fn confirm(page: &Page, label: &str) {
    page.wait_text("dialog h2", &format!("{label}?")).await;
    page.click("dialog .dialog-actions button:last-child").await;
}

/// What a page shows once.
async fn secret(page: &Page) -> String {
    page.wait_for("#secret").await;
    let secret = page.property("#secret", "value").await;
    secret.as_str().unwrap().to_owned()
}

async fn html(page: &Page) -> String {
    let html = page.eval("document.documentElement.outerHTML").await;
    html.as_str().unwrap().to_owned()
}

on_both! {
    async fn an_analyst_is_made_kept_out_and_disabled(server) {
        let (browser, page) = desk(server, ADMIN, Look::light(), "/admin/users").await;
        page.click("form[action='/admin/users/analyst'] button").await;
        confirm(&page, "Create analyst").await;
        let password = secret(&page).await;
        page.assert_accessible().await;
        let name = page.text(".admin-secret dl dd").await;
        page.click(".admin-secret a.button").await;
        page.wait_text("main", &name).await;
        assert!(!html(&page).await.contains(&password), "shown more than once");

        let other = browser.another().await;
        let analyst = other.page(Look::light()).await;
        enter(server, &analyst, (&name, &password)).await;
        assert_eq!(analyst.goto("/").await, 200);
        assert_eq!(analyst.count(".side a[href='/admin/users']").await, 0);
        assert_eq!(analyst.goto("/admin/users").await, 403);
        analyst.wait_text("h1", "You may not do this").await;
        analyst.assert_accessible().await;
        assert_eq!(analyst.goto("/alerts").await, 200);
        wait_live(&analyst).await;
        // A refused page is an error to the browser's console as well.
        analyst.take_problems().await;

        page.click("a[href='/admin/users/2']").await;
        page.wait_text("h1", &name).await;
        page.click("button[value=disable]").await;
        confirm(&page, "Disable").await;
        page.wait_text(".admin-state", "Disabled").await;
        analyst.wait_text("#sign-in-again", "Your session has ended").await;
        analyst.take_problems().await;
        assert_eq!(analyst.goto("/alerts").await, 200);
        assert_eq!(analyst.url().await, "/login?next=%2Falerts");
        analyst.take_problems().await;

        page.click("a[href^='/admin/audit?object_kind=user']").await;
        page.wait_for("table.audit").await;
        page.click("table.audit details summary").await;
        page.wait_text(".admin-diff-table", "enabled\ttrue\tfalse").await;
        page.click("[data-verify] button").await;
        page.wait_text("#chain", "Chain verified to #").await;
        page.assert_accessible().await;
    }
}

on_both! {
    async fn a_key_is_made_shown_once_used_and_revoked(server) {
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/admin/keys").await;
        page.fill("#name", "edge firewall").await;
        page.fill("#source", "fw-1").await;
        page.click("#create .button.primary").await;
        let key = secret(&page).await;
        let sensor = server.anonymous().with_bearer(&key);
        sensor.post("/api/events/", &event("LOW", "fw-1")).await.expect(201);
        sensor.post("/api/events/", &event("LOW", "fw-2")).await.problem(400);
        page.click(".admin-secret a.button").await;
        page.wait_for(("button", "Revoke edge firewall")).await;
        assert!(!html(&page).await.contains(&key), "shown more than once");
        page.assert_accessible().await;
        page.click(("button", "Revoke edge firewall")).await;
        page.wait_text("dialog", "edge firewall").await;
        page.keys("Escape").await;
        page.wait_gone("dialog").await;
        sensor.post("/api/events/", &event("LOW", "fw-1")).await.expect(201);
        page.click(("button", "Revoke edge firewall")).await;
        confirm(&page, "Revoke").await;
        page.wait_url("/admin/keys?done=revoked").await;
        page.wait_gone(("button", "Revoke edge firewall")).await;
        sensor.post("/api/events/", &event("LOW", "fw-1")).await.problem(401);
    }
}

on_both! {
    async fn a_source_is_described_tried_given_a_key_and_counted(server) {
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/admin/sources").await;
        page.click("#create summary").await;
        page.fill("#name", "shop").await;
        page.choose("#kind", "json").await;
        page.click("#create .button.primary").await;
        page.wait_text("h1", "shop").await;
        page.assert_accessible().await;
        page.fill("#severities", "sev2 worst").await;
        page.click("button[value=save]").await;
        page.wait_text(".error", "line 1 must be").await;
        page.take_problems().await;
        page.fill("#severities", "sev2 = HIGH").await;
        page.fill("#mapping", "severity = /level\ndescription = /what").await;
        page.fill("#sample", r#"{"level": "SEV2", "what": "card refused"}"#).await;
        page.click("button[value=try]").await;
        page.wait_text("#tried-out", "card refused").await;
        page.wait_text("#tried-out", "raises an alert").await;
        page.assert_accessible().await;
        page.click("button[value=save]").await;
        page.wait_until("location.search === '?done=saved'").await;
        page.click(("button", "Create key for a year")).await;
        let key = secret(&page).await;
        let sensor = server.anonymous().with_bearer(&key);
        let records = json!([{"level": "sev2", "what": "card refused"}, {"level": "x"}, 7]);
        let answer = sensor.post("/api/ingest/", &records).await.expect(200);
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(1)));
        let alerts = server.admin.get("/api/alerts/?q=source:shop").await.expect(200);
        assert_eq!(alerts["results"][0]["title"], "card refused");
        watchpost::sources::flush(server.server.app(), server.server.ingest().sources()).await.unwrap();
        page.click(".admin-secret a.button").await;
        page.wait_text("h1", "shop").await;
        let label = page.attribute(".source-bars", "aria-label").await.unwrap();
        assert!(label.starts_with("3 records in 24 hours: 2 accepted, 1 rejected"), "{label}");
        page.wait_text(".source-keys", "shop").await;
        page.click(".letter summary").await;
        page.wait_text(".letter pre", "7").await;
        page.assert_accessible().await;
        page.click(("link", "Show all")).await;
        page.wait_text(".admin-count", "1 record").await;
        page.click(("button", "Delete these…")).await;
        confirm(&page, "Delete").await;
        page.wait_text(".empty", "No rejected record matches").await;
        page.click(".admin-trail a").await;
        page.wait_text("table.sources", "shop").await;
        page.assert_accessible().await;
    }
}

on_both! {
    async fn tokens_of_the_generator_count(server) {
                server.user("mara", "ANALYST").await;
        let (_browser, page) = desk(server, ("mara", PASSWORD), Look::light(), "/tokens").await;
        page.fill("#username", "mara").await;
        page.fill("#password", PASSWORD).await;
        page.click(("button", "Make tokens")).await;
        page.wait_for("#access").await;
        let token = page.property("#access", "value").await;
        let program = server.anonymous().with_bearer(token.as_str().unwrap());
        assert_eq!(program.get("/api/me/").await.expect(200)["username"], "mara");
        assert_eq!(page.property("#password", "value").await, "");
        page.click("button[value=verify]").await;
        page.wait_text("[data-token-said]", "counts").await;
        page.click("button[value=refresh]").await;
        page.wait_text("[data-token-said]", "new pair").await;
        assert_ne!(page.property("#access", "value").await, token);
        page.assert_accessible().await;
    }
}

on_both! {
    async fn the_audit_log_is_filtered_by_its_form(server) {
        server.user("mara", "ANALYST").await;
        server.admin.patch("/api/users/2/", &json!({"role": "RESPONDER"})).await.expect(200);
        let (_browser, page) = desk(server, ADMIN, Look::light(), "/admin/audit").await;
        page.fill("#action", "user.changed").await;
        page.keys("Enter").await;
        page.wait_text(".admin-count", "1 entry").await;
        page.click("table.audit details summary").await;
        page.wait_text(".admin-diff-table", "role\tANALYST\tRESPONDER").await;
    }
}

on_both! {
    async fn preferences_are_kept_by_a_form_and_all_sessions_end_at_once(server) {
        let (browser, page) = desk(server, ADMIN, Look::light(), "/me").await;
        page.choose("#theme", "dark").await;
        page.choose("#density", "compact").await;
        page.click(("button", "Save preferences")).await;
        page.wait_url("/me?done=preferences").await;
        page.wait_for("html[data-theme=dark][data-density=compact]").await;
        page.assert_accessible().await;

        let other = browser.another().await;
        let second = other.page(Look::light()).await;
        enter(server, &second, ADMIN).await;
        assert_eq!(second.goto("/me").await, 200);
        assert_eq!(second.attribute("html", "data-theme").await.unwrap(), "dark");
        wait_live(&second).await;
        page.click(("button", "Sign out everywhere")).await;
        confirm(&page, "Sign out everywhere").await;
        page.wait_until("location.pathname === '/login'").await;
        // Its own stream may have ended before it was gone.
        page.take_problems().await;
        second.wait_text("#sign-in-again", "Your session has ended").await;
        second.fill("#again-password", ADMIN.1).await;
        second.keys("Enter").await;
        second.wait_gone("#sign-in-again").await;
        wait_live(&second).await;
        second.take_problems().await;
        assert_eq!(second.goto("/me").await, 200);
        assert_eq!(second.url().await, "/me");
        assert_eq!(page.goto("/me").await, 200);
        assert_eq!(page.url().await, "/login?next=%2Fme");
    }
}
