//! What everybody may see without signing in.

use crate::harness::{Browser, Look};

on_both! {
    async fn the_sign_in_page_is_readable_at_every_size_and_in_every_colour(server) {
        let browser = Browser::start(server.server.address()).await;
        for look in [Look::light(), Look::dark(), Look::mobile(), Look::light().forced_colors()] {
            let page = browser.page(look).await;
            assert_eq!(page.goto("/login").await, 200);
            page.wait_for("h1").await;
            assert!(!page.title().await.is_empty());
            let sideways = "document.documentElement.scrollWidth > innerWidth";
            assert_eq!(page.eval(sideways).await, false, "it scrolls sideways");
            page.assert_accessible().await;
        }
    }
}

on_both! {
    async fn the_api_documentation_works_under_the_content_security_policy(server) {
        let browser = Browser::start(server.server.address()).await;
        let page = browser.open("/api/docs/").await;
        page.wait_for(".opblock").await;
        let operations = page.count(".opblock").await;
        assert!(operations > 20, "{operations} operations");
        assert!(page.requests().iter().all(|request| request.status < 400));
    }
}
