//! The administration pages, as a browser without script uses them.

use http::Method;
use serde_json::json;

use crate::harness::{Answer, Client, PASSWORD, TestServer, event};

const PAGES: [&str; 9] = [
    "/admin/users",
    "/admin/users/1",
    "/admin/keys",
    "/admin/sources",
    "/admin/sources/1",
    "/admin/dead-letters",
    "/admin/audit",
    "/admin/settings",
    "/admin/system",
];

async fn page(client: &Client, path: &str) -> String {
    let answer = client.get(path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer.text()
}

async fn form(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    client
        .with("sec-fetch-site", "same-origin")
        .with("content-type", "application/x-www-form-urlencoded")
        .send(Method::POST, path, body)
        .await
}

fn leads(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.header("location")
}

/// The secret a page shows once.
fn shown(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.header("cache-control"), "no-store");
    let html = answer.text();
    let (_, from) = html.split_once("id=\"secret\"").unwrap();
    let (_, from) = from.split_once("value=\"").unwrap();
    from.split('"').next().unwrap().to_owned()
}

async fn id_of(server: &TestServer, name: &str) -> i64 {
    let users = server
        .admin
        .get(&format!("/api/users/?search={name}"))
        .await;
    users.expect(200)["results"][0]["id"].as_i64().unwrap()
}

on_both! {
    async fn pages_are_for_those_who_may_see_them(server) {
        server.event("HIGH", "fw-01").await;
        for path in PAGES {
            page(&server.admin, path).await;
        }
        for path in ["/admin", "/admin/"] {
            assert_eq!(leads(&server.admin.get(path).await), "/admin/users");
        }
        for role in ["ANALYST", "RESPONDER"] {
            let client = server.user(&role.to_lowercase(), role).await;
            for path in PAGES.into_iter().chain(["/admin", "/admin/"]) {
                let wanted = if path == "/admin/sources" { 200 } else { 403 };
                assert_eq!(client.get(path).await.status, wanted, "{role} {path}");
            }
            for path in ["/me", "/tokens"] {
                page(&client, path).await;
            }
            for path in ["/admin/users", "/admin/users/analyst", "/admin/users/1/change", "/admin/keys", "/admin/keys/1/revoke", "/admin/audit/verify"] {
                let answer = form(&client, path, &[("action", "delete"), ("sure", "yes")]).await;
                assert_eq!(answer.status, 403, "{role} {path}");
            }
        }
        let stranger = server.anonymous().get("/admin/keys").await;
        assert_eq!(leads(&stranger), "/login?next=%2Fadmin%2Fkeys");
    }
}

on_both! {
    async fn a_user_is_made_and_managed_without_script(server) {
        let root = &server.admin;
        let bad = form(root, "/admin/users", &[("username", "a!"), ("secret", "typed"), ("password", "x")]).await;
        assert_eq!(bad.status, 400);
        assert!(bad.text().contains("id=\"username-error\"") && bad.text().contains("id=\"password-error\""));
        let made = form(root, "/admin/users", &[("username", "mara"), ("role", "RESPONDER"), ("secret", "generated")]).await;
        let password = shown(&made);
        let mut mara = server.anonymous();
        mara.sign_in("mara", &password).await;
        let id = id_of(server, "mara").await;
        let change = format!("/admin/users/{id}/change");
        let done = form(root, &change, &[("action", "role"), ("role", "ANALYST"), ("version", "1")]).await;
        assert_eq!(leads(&done), format!("/admin/users/{id}?done=role"));
        let stale = form(root, &change, &[("action", "role"), ("role", "ADMIN"), ("version", "1")]).await;
        assert_eq!(stale.status, 412);
        // What cannot be taken back is asked first.
        let asked = form(root, &change, &[("action", "reset")]).await;
        assert!(asked.text().contains("name=\"sure\" value=\"yes\""));
        mara.get("/api/me/").await.expect(200);
        let fresh = shown(&form(root, &change, &[("action", "reset"), ("sure", "yes")]).await);
        mara.get("/api/me/").await.problem(401);
        let old = json!({"username": "mara", "password": password});
        server.anonymous().post("/api/auth/token/", &old).await.problem(401);
        mara.sign_in("mara", &fresh).await;
        leads(&form(root, &change, &[("action", "disable"), ("sure", "yes")]).await);
        mara.get("/api/me/").await.problem(401);
        leads(&form(root, &change, &[("action", "delete"), ("sure", "yes")]).await);
        assert_eq!(root.get(&format!("/admin/users/{id}")).await.status, 404);
        let analyst = form(root, "/admin/users/analyst", &[]).await;
        shown(&analyst);
        assert!(analyst.text().contains("analyst-"));
    }
}

on_both! {
    async fn the_last_administrator_and_ones_own_role_are_guarded(server) {
        let root = &server.admin;
        let own = id_of(server, "admin").await;
        let change = format!("/admin/users/{own}/change");
        for action in ["role", "disable", "delete", "reset"] {
            let answer = form(root, &change, &[("action", action), ("role", "ANALYST"), ("sure", "yes")]).await;
            assert_eq!(answer.status, 409, "{action}");
        }
        assert!(page(root, &format!("/admin/users/{own}")).await.contains("aria-describedby=\"fixed\""));
        let zoe = server.user("zoe", "ADMIN").await;
        leads(&form(&zoe, &change, &[("action", "role"), ("role", "ANALYST")]).await);
        root.get("/admin/users").await.problem(403);
    }
}

on_both! {
    async fn a_key_is_made_used_and_revoked_without_script(server) {
        let root = &server.admin;
        let bad = form(root, "/admin/keys", &[("name", ""), ("networks", "here"), ("days", "90")]).await;
        assert_eq!(bad.status, 400);
        assert!(bad.text().contains("id=\"name-error\""));
        let made = form(root, "/admin/keys", &[("name", "<b>\u{202e}"), ("source_name", "fw-01"), ("days", "90")]).await;
        let secret = shown(&made);
        let sender = server.anonymous().with_bearer(&secret);
        sender.post("/api/events/", &event("LOW", "fw-01")).await.expect(201);
        let html = page(root, "/admin/keys").await;
        assert!(!html.contains(&secret) && !html.contains("<b>") && !html.contains('\u{202e}'));
        assert!(html.contains("⟦U+202E⟧"));
        let id = root.get("/api/keys/").await.expect(200)["results"][0]["id"].clone();
        let revoke = format!("/admin/keys/{id}/revoke");
        assert!(form(root, &revoke, &[]).await.text().contains("name=\"sure\""));
        sender.post("/api/events/", &event("LOW", "fw-01")).await.expect(201);
        assert_eq!(leads(&form(root, &revoke, &[("sure", "yes")]).await), "/admin/keys?done=revoked");
        sender.post("/api/events/", &event("LOW", "fw-01")).await.problem(401);
    }
}

on_both! {
    async fn sources_are_counted_found_and_paged(server) {
        for n in 0..52 {
            server.event(if n < 2 { "HIGH" } else { "LOW" }, &format!("src-{n:02}")).await;
        }
        server.event("LOW", "src-00").await;
        watchpost::sources::flush(server.server.app(), server.server.ingest().sources()).await.unwrap();
        let first = page(&server.admin, "/admin/sources").await;
        assert!(first.contains(">src-00<") && first.contains(">src-49<") && !first.contains(">src-50<"));
        let row = first.split("role=\"row\"").find(|row| row.contains(">src-00<")).unwrap();
        for (cell, n) in [("Received in 24 h", 2), ("Accepted", 2), ("Rejected", 0), ("Throttled", 0)] {
            assert!(row.contains(&format!("data-label=\"{cell}\" class=\"number\">{n}<")), "{cell}: {row}");
        }
        assert!(row.contains("2 events of src-00 in 7 days"), "{row}");
        assert!(row.contains("1 open alerts of"), "{row}");
        let second = page(&server.admin, "/admin/sources?after=src-49").await;
        assert!(second.contains(">src-50<") && second.contains(">src-51<") && !second.contains(">src-49<"));
        let found = page(&server.admin, "/admin/sources?q=SRC-31").await;
        assert!(found.contains(">src-31<") && !found.contains(">src-30<"));
    }
}

on_both! {
    async fn a_source_is_described_and_tried_without_script(server) {
        let root = &server.admin;
        let bad = form(root, "/admin/sources", &[("name", " "), ("kind", "")]).await;
        assert_eq!(bad.status, 400);
        assert!(bad.text().contains("id=\"name-error\""));
        let made = form(root, "/admin/sources", &[("name", "shop"), ("kind", "json")]).await;
        let path = leads(&made).replace("?done=described", "");
        let again = form(root, "/admin/sources", &[("name", "shop"), ("kind", "")]).await;
        assert_eq!(leads(&again), path);
        let change = format!("{path}/change");
        let fields = [
            ("kind", "json"), ("severities", "sev2 = high"), ("mapping", "severity = /level"),
            ("labels", "site = berlin"), ("rate_limit", "50"), ("silent_after", ""), ("version", "1"),
            ("sample", "{\"level\": \"sev2\", \"message\": \"<b>m</b>\"}"),
        ];
        let with = |more: &[(&'static str, &'static str)]| [&fields[..], more].concat();
        let tried = form(root, &change, &with(&[("action", "try")])).await;
        assert_eq!(tried.status, 200);
        assert!(tried.text().contains("raises an alert") && tried.text().contains("&lt;b&gt;m"), "{}", tried.text());
        assert!(!tried.text().contains("<b>m"));
        let saved = form(root, &change, &with(&[("action", "save")])).await;
        assert_eq!(leads(&saved), format!("{path}?done=saved"));
        assert_eq!(form(root, &change, &with(&[("action", "save")])).await.status, 412);
        let api = path.replace("/admin/sources", "/api/sources");
        let source = root.get(&format!("{api}/")).await.expect(200);
        assert_eq!((&source["rate_limit"], &source["profile"]["severities"]["sev2"]), (&json!(50), &json!("HIGH")));
        let html = page(root, &path).await;
        assert!(html.contains("sev2 &#61; HIGH") && html.contains("site &#61; berlin"), "{html}");
        let bad = form(root, &change, &[("action", "save"), ("version", "2"), ("mapping", "severity = level"), ("rate_limit", "many")]).await;
        assert_eq!(bad.status, 400);
        assert!(bad.text().contains("line 1: ") && bad.text().contains("must be a whole number"));
        assert_eq!(form(root, &change, &[("action", "burn")]).await.status, 400);
        let forget = [("action", "forget"), ("version", "2")];
        assert!(form(root, &change, &forget).await.text().contains("name=\"sure\""));
        let forgotten = form(root, &change, &[&forget[..], &[("sure", "yes")]].concat()).await;
        assert_eq!(leads(&forgotten), "/admin/sources?done=forgotten");
        assert_eq!(root.get(&format!("{api}/")).await.expect(200)["described"], false);
    }
}

on_both! {
    async fn rejected_records_are_shown_as_text_and_deleted_after_asking(server) {
        let key = server.key(Some("<i>fw</i>")).await.with("content-type", "application/json");
        let hostile = "{\"<img src=x>\": \"\u{202e}</pre><script>alert(1)</script>\"";
        key.send(Method::POST, "/api/ingest/json/", hostile).await.expect(200);
        watchpost::sources::flush(server.server.app(), server.server.ingest().sources()).await.unwrap();
        let html = page(&server.admin, "/admin/dead-letters").await;
        assert!(html.contains("&lt;script&gt;alert(1)") && html.contains("U+202E"), "{html}");
        for raw in ["<script>alert", "<img src=x", "\u{202e}", "<i>fw"] {
            assert!(!html.contains(raw), "{raw}");
        }
        assert!(page(&server.admin, "/admin/dead-letters?source=nobody").await.contains("No rejected record matches"));
        let clear = "/admin/dead-letters/clear";
        assert!(form(&server.admin, clear, &[("source", "<i>fw</i>")]).await.text().contains("name=\"sure\""));
        let gone = form(&server.admin, clear, &[("source", "nobody"), ("sure", "yes")]).await;
        assert_eq!(leads(&gone), "/admin/dead-letters?source=nobody&done=cleared");
        assert_eq!(server.count("select count(*) from dead_letters").await, 1);
        leads(&form(&server.admin, clear, &[("source", "<i>fw</i>"), ("sure", "yes")]).await);
        assert_eq!(server.count("select count(*) from dead_letters").await, 0);
    }
}

on_both! {
    async fn the_audit_page_filters_explains_and_verifies(server) {
        server.user("mara", "ANALYST").await;
        let id = id_of(server, "mara").await;
        let path = format!("/api/users/{id}/");
        server.admin.patch(&path, &json!({"role": "RESPONDER"})).await.expect(200);
        let html = page(&server.admin, &format!("/admin/audit?action=user.changed&object_id={id}")).await;
        assert!(html.contains("<del><bdi dir=\"auto\">ANALYST</bdi></del>"), "{html}");
        assert!(html.contains("<ins><bdi dir=\"auto\">RESPONDER</bdi></ins>"));
        assert!(!html.contains("user.created</bdi>"));
        let refused = server.admin.get("/admin/audit?from=yesterday").await;
        assert_eq!(refused.status, 400);
        let intact = form(&server.admin, "/admin/audit/verify", &[]).await.text();
        assert!(intact.contains("Chain verified to #") && !intact.contains("banner error"));
    }
}

on_both! {
    async fn a_profile_is_kept_without_script(server) {
        let mara = server.user("mara", "ANALYST").await;
        let saved = form(&mara, "/me/preferences", &[("theme", "dark"), ("density", "compact"), ("time_zone", "UTC"), ("sound", "yes")]).await;
        assert_eq!(leads(&saved), "/me?done=preferences");
        let me = mara.get("/api/me/").await.expect(200);
        assert_eq!(me["preferences"]["theme"], "dark");
        assert_eq!(me["preferences"]["sound"], true);
        assert_eq!(me["preferences"]["single_key_shortcuts"], false);
        let html = page(&mara, "/me").await;
        assert!(html.contains("data-theme=\"dark\"") && html.contains("sign_in.succeeded"));
        assert_eq!(form(&mara, "/me/email", &[("email", "no")]).await.status, 400);
        let wrong = form(&mara, "/me/password", &[("current_password", "no"), ("new_password", "tin-Harbour-velvet-71")]).await;
        assert!(wrong.text().contains("id=\"current-error\""));
        leads(&form(&mara, "/me/password", &[("current_password", PASSWORD), ("new_password", "tin-Harbour-velvet-71")]).await);
        let mut second = server.anonymous();
        second.sign_in("mara", "tin-Harbour-velvet-71").await;
        let sessions = mara.get("/api/me/sessions/").await.expect(200);
        let listed = sessions["results"].as_array().unwrap();
        let other = listed.iter().find(|it| it["current"] == false).unwrap();
        let end = format!("/me/sessions/{}/end", other["id"].as_str().unwrap());
        leads(&form(&mara, &end, &[]).await);
        second.get("/api/me/").await.problem(401);
        assert_eq!(leads(&form(&mara, "/me/sign-out-everywhere", &[]).await), "/login");
        mara.get("/api/me/").await.problem(401);
    }
}

on_both! {
    async fn tokens_are_made_verified_and_refreshed_without_script(server) {
        let mara = server.user("mara", "ANALYST").await;
        let wrong = form(&mara, "/tokens", &[("username", "mara"), ("password", "no")]).await;
        assert_eq!(wrong.status, 400);
        let made = form(&mara, "/tokens", &[("username", "mara"), ("password", PASSWORD)]).await;
        assert_eq!(made.header("cache-control"), "no-store");
        let html = made.text();
        let between = |from: &str, to: &str| html.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
        let (access, refresh) = (between("data-access>", "<"), between("data-refresh value=\"", "\""));
        server.anonymous().with_bearer(&access).get("/api/me/").await.expect(200);
        let held = [("access", access.as_str()), ("refresh", refresh.as_str())];
        let verified = form(&mara, "/tokens", &[&held[..], &[("action", "verify")]].concat()).await;
        assert_eq!(verified.status, 200);
        let renew = [&held[..], &[("action", "refresh")]].concat();
        assert_eq!(form(&mara, "/tokens", &renew).await.status, 200);
        assert_eq!(form(&mara, "/tokens", &renew).await.status, 400);
    }
}
