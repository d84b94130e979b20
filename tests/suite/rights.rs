//! Who may use which route: every route against everyone, compared with one table.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Client, PASSWORD};

/// Everyone who may knock: nobody, a disabled account, a key, and each role.
const ACTORS: [&str; 6] = [
    "anonymous",
    "disabled",
    "key",
    "analyst",
    "responder",
    "admin",
];

/// Lets in: everyone.
const ALL: &str = "anonymous disabled key analyst responder admin";
/// Any signed-in person.
const PEOPLE: &str = "analyst responder admin";
const TRIAGE: &str = "responder admin";
const ADMIN: &str = "admin";
const SENDERS: &str = "key admin";

/// Each route with those it lets in. A new route without a row fails.
const TABLE: &[(&str, &str, &str)] = &[
    ("POST", "/api/auth/token/", ALL),
    ("POST", "/api/token/", ALL),
    ("POST", "/api/auth/token/refresh/", ALL),
    ("POST", "/api/token/refresh/", ALL),
    ("POST", "/api/auth/token/verify/", ALL),
    ("POST", "/api/token/verify/", ALL),
    ("POST", "/api/auth/signup/", ALL),
    ("POST", "/api/auth/logout/", PEOPLE),
    ("POST", "/api/auth/session/", ALL),
    ("DELETE", "/api/auth/session/", PEOPLE),
    ("GET", "/api/me/", PEOPLE),
    ("PATCH", "/api/me/", PEOPLE),
    ("POST", "/api/me/password/", PEOPLE),
    ("GET", "/api/me/sessions/", PEOPLE),
    ("DELETE", "/api/me/sessions/{id}/", PEOPLE),
    ("GET", "/api/users/", ADMIN),
    ("POST", "/api/users/", ADMIN),
    ("GET", "/api/users/{id}/", ADMIN),
    ("PATCH", "/api/users/{id}/", ADMIN),
    ("DELETE", "/api/users/{id}/", ADMIN),
    ("POST", "/api/users/{id}/reset-password/", ADMIN),
    ("GET", "/api/users/{id}/sessions/", ADMIN),
    ("DELETE", "/api/users/{id}/sessions/", ADMIN),
    ("GET", "/api/keys/", ADMIN),
    ("POST", "/api/keys/", ADMIN),
    ("DELETE", "/api/keys/{id}/", ADMIN),
    ("POST", "/api/dashboard/create-analyst/", ADMIN),
    ("POST", "/api/dashboard/test-api/", ADMIN),
    ("GET", "/api/events/", PEOPLE),
    ("POST", "/api/events/", SENDERS),
    ("POST", "/api/events/ingest/", SENDERS),
    ("POST", "/api/ingest/", SENDERS),
    ("POST", "/api/ingest/otlp/v1/logs/", SENDERS),
    ("POST", "/api/ingest/alertmanager/v2/alerts/", SENDERS),
    ("POST", "/api/ingest/{format}/", SENDERS),
    ("GET", "/api/ingest/elastic/", SENDERS),
    ("GET", "/api/ingest/elastic/_license/", SENDERS),
    ("GET", "/api/ingest/elastic/_cluster/health/", SENDERS),
    ("POST", "/api/ingest/elastic/_bulk/", SENDERS),
    ("PUT", "/api/ingest/elastic/_bulk/", SENDERS),
    ("POST", "/api/ingest/elastic/{index}/_bulk/", SENDERS),
    ("PUT", "/api/ingest/elastic/{index}/_bulk/", SENDERS),
    ("POST", "/api/ingest/elastic/{index}/_refresh/", SENDERS),
    ("GET", "/api/ingest/elastic/{index}/_refresh/", SENDERS),
    ("POST", "/api/ingest/splunk/event/", SENDERS),
    ("POST", "/api/ingest/splunk/raw/", SENDERS),
    ("POST", "/api/ingest/splunk/ack/", SENDERS),
    ("GET", "/api/ingest/splunk/health/", ALL),
    ("POST", "/api/ingest/loki/push/", SENDERS),
    ("GET", "/api/events/histogram/", PEOPLE),
    ("GET", "/api/events/fields/", PEOPLE),
    ("GET", "/api/events/export/", PEOPLE),
    ("GET", "/api/events/{id}/", PEOPLE),
    ("GET", "/api/events/{id}/around/", PEOPLE),
    ("POST", "/api/events/{id}/alert/", TRIAGE),
    ("PUT", "/api/events/{id}/", ADMIN),
    ("PATCH", "/api/events/{id}/", ADMIN),
    ("DELETE", "/api/events/{id}/", ADMIN),
    ("GET", "/api/alerts/", PEOPLE),
    ("GET", "/api/dashboard/alerts/", PEOPLE),
    ("GET", "/api/alerts/export/", PEOPLE),
    ("GET", "/api/alerts/facets/", PEOPLE),
    ("GET", "/api/alerts/groups/", PEOPLE),
    ("GET", "/api/alerts/{id}/", PEOPLE),
    ("GET", "/api/alerts/{id}/similar/", PEOPLE),
    ("GET", "/api/alerts/{id}/enrichment/", PEOPLE),
    ("GET", "/api/alerts/{id}/timeline/", PEOPLE),
    ("GET", "/api/alerts/{id}/events/", PEOPLE),
    ("PATCH", "/api/alerts/{id}/", TRIAGE),
    ("PATCH", "/api/alerts/{id}/status/", TRIAGE),
    ("PATCH", "/api/dashboard/alerts/{id}/status/", TRIAGE),
    ("POST", "/api/alerts/{id}/comments/", TRIAGE),
    ("POST", "/api/alerts/bulk/", TRIAGE),
    ("POST", "/api/undo/", TRIAGE),
    ("GET", "/api/views/", PEOPLE),
    ("POST", "/api/views/", PEOPLE),
    ("GET", "/api/views/counts/", PEOPLE),
    ("GET", "/api/views/{id}/", PEOPLE),
    ("PATCH", "/api/views/{id}/", PEOPLE),
    ("DELETE", "/api/views/{id}/", PEOPLE),
    ("GET", "/api/sources/", ADMIN),
    ("POST", "/api/sources/", ADMIN),
    ("POST", "/api/sources/preview/", ADMIN),
    ("GET", "/api/sources/{id}/", ADMIN),
    ("PATCH", "/api/sources/{id}/", ADMIN),
    ("DELETE", "/api/sources/{id}/", ADMIN),
    ("GET", "/api/sources/{id}/counts/", ADMIN),
    ("GET", "/api/dead-letters/", ADMIN),
    ("GET", "/api/dead-letters/{id}/", ADMIN),
    ("DELETE", "/api/dead-letters/", ADMIN),
    ("GET", "/api/stats/", PEOPLE),
    ("GET", "/api/stats/overview/", PEOPLE),
    ("GET", "/api/stream/", PEOPLE),
    ("GET", "/api/audit/", ADMIN),
    ("GET", "/api/audit/verify/", ADMIN),
    ("GET", "/api/audit/export/", ADMIN),
    ("GET", "/api/schema/", ALL),
    ("GET", "/healthz", ALL),
    ("GET", "/readyz", ALL),
    ("GET", "/metrics", ADMIN),
    // Last, because it ends the sessions the others need.
    ("POST", "/api/me/sign-out-everywhere/", PEOPLE),
];

on_both! {
    async fn every_route_lets_in_exactly_whom_the_table_names(server) {
        let clients = clients(server).await;
        let schema = server.anonymous().get("/api/schema/").await.expect(200);
        let mut routes = routes_of(&schema);
        let mut table: Vec<_> = TABLE.iter().map(|(m, p, _)| ((*m).to_owned(), (*p).to_owned())).collect();
        routes.sort();
        table.sort();
        assert_eq!(routes, table, "the routes of the document are those of the table");
        for (method, path, allowed) in TABLE {
            for (actor, client) in ACTORS.iter().zip(&clients) {
                let status = knock(client, method, path).await;
                let let_in = !matches!(status, 401 | 403);
                let credentials_count = !matches!(*actor, "anonymous" | "disabled");
                // Signing in with nothing is a 400, a wrong password a 401 of its own.
                assert_eq!(
                    let_in,
                    allowed.split(' ').any(|name| name == *actor),
                    "{actor} {method} {path}: {status}"
                );
                if !let_in {
                    let expected = if credentials_count { 403 } else { 401 };
                    assert_eq!(status, expected, "{actor} {method} {path}");
                }
            }
        }
    }
}

/// Each page for people who are signed in, with those it lets in. A new page without a row fails.
const PAGES: &[(&str, &str, &str)] = &[
    ("GET", "/", PEOPLE),
    ("POST", "/test-event", ADMIN),
    ("POST", "/first-steps/put-away", ADMIN),
    ("GET", "/alerts", PEOPLE),
    ("GET", "/alerts/{id}", PEOPLE),
    ("POST", "/alerts/{id}/change", TRIAGE),
    ("POST", "/alerts/{id}/comment", TRIAGE),
    ("GET", "/events", PEOPLE),
    ("GET", "/events/{id}", PEOPLE),
    ("POST", "/events/{id}/alert", TRIAGE),
    // They lead to the first page of administration that somebody may see, if there is one.
    ("GET", "/admin", ADMIN),
    ("GET", "/admin/", ADMIN),
    ("GET", "/admin/users", ADMIN),
    ("POST", "/admin/users", ADMIN),
    ("POST", "/admin/users/analyst", ADMIN),
    ("GET", "/admin/users/{id}", ADMIN),
    ("POST", "/admin/users/{id}/change", ADMIN),
    ("GET", "/admin/keys", ADMIN),
    ("POST", "/admin/keys", ADMIN),
    ("POST", "/admin/keys/{id}/revoke", ADMIN),
    ("GET", "/admin/sources", PEOPLE),
    ("POST", "/admin/sources", ADMIN),
    ("GET", "/admin/sources/{id}", ADMIN),
    ("POST", "/admin/sources/{id}/change", ADMIN),
    ("GET", "/admin/dead-letters", ADMIN),
    ("POST", "/admin/dead-letters/clear", ADMIN),
    ("GET", "/admin/audit", ADMIN),
    ("POST", "/admin/audit/verify", ADMIN),
    ("GET", "/admin/settings", ADMIN),
    ("GET", "/admin/system", ADMIN),
    ("GET", "/tokens", PEOPLE),
    ("POST", "/tokens", PEOPLE),
    ("GET", "/me", PEOPLE),
    ("POST", "/me/email", PEOPLE),
    ("POST", "/me/password", PEOPLE),
    ("POST", "/me/preferences", PEOPLE),
    ("POST", "/me/sessions/{id}/end", PEOPLE),
    ("POST", "/me/sign-out-everywhere", PEOPLE),
];

/// Pages as they are declared, but those for everyone.
fn declared_pages() -> Vec<(String, String)> {
    let text = include_str!("../../src/dashboard/mod.rs");
    let lines = text
        .split(".add(")
        .skip(1)
        .filter(|line| line.contains('"'));
    let demanding = lines.filter(|line| {
        let access = line.trim_start();
        !access.starts_with("Public") && !access.starts_with("SignIn,")
    });
    demanding
        .map(|line| {
            let path = line.split('"').nth(1).unwrap().to_owned();
            let rest = line.split('"').nth(2).unwrap();
            let method = if rest
                .trim_start_matches([',', ' ', '\n'])
                .starts_with("get(")
            {
                "GET"
            } else {
                "POST"
            };
            (method.to_owned(), path)
        })
        .collect()
}

on_both! {
    async fn every_page_lets_in_exactly_those_of_the_table(server) {
        let mut declared = declared_pages();
        let mut table: Vec<(String, String)> = PAGES
            .iter()
            .map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()))
            .collect();
        declared.sort();
        table.sort();
        assert_eq!(declared, table, "the pages declared are those of the table");
        let clients = clients(server).await;
        for (method, path, allowed) in PAGES {
            for (actor, client) in ACTORS.iter().zip(&clients) {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                let path = path.replace("{id}", "999999999");
                // No form of ours: whoever is let in changes nothing.
                let client = client.with("content-type", "application/json");
                let answer = client.send(method.clone(), &path, "[]").await;
                let status = answer.status.as_u16();
                let sent_away = status == 303 && answer.header("location").starts_with("/login");
                assert_eq!(
                    !(sent_away || matches!(status, 401 | 403)),
                    allowed.split(' ').any(|name| name == *actor),
                    "{actor} {method} {path}: {status}"
                );
            }
        }
    }
}

on_both! {
    async fn a_demotion_works_at_the_next_request(server) {
        let rex = server.user("rex", "RESPONDER").await;
        let alert = server.event("HIGH", "fw").await["alert"].as_i64().unwrap();
        let path = format!("/api/alerts/{alert}/");
        rex.patch(&path, &json!({"status": "ack"})).await.expect(200);
        let users = server.admin.get("/api/users/?search=rex").await.expect(200);
        let id = users["results"][0]["id"].as_i64().unwrap();
        let user = format!("/api/users/{id}/");
        server.admin.patch(&user, &json!({"role": "ANALYST"})).await.expect(200);
        rex.patch(&path, &json!({"status": "resolved"})).await.problem(403);
        server.admin.patch(&user, &json!({"enabled": false})).await.expect(200);
        rex.get("/api/me/").await.problem(401);
    }
}

/// Everyone of [`ACTORS`], in that order.
async fn clients(server: &crate::harness::TestServer) -> [Client; 6] {
    [
        server.anonymous(),
        disabled(server).await,
        server.key(None).await,
        server.user("ana", "ANALYST").await,
        server.user("rex", "RESPONDER").await,
        server.admin.clone(),
    ]
}

async fn disabled(server: &crate::harness::TestServer) -> Client {
    let client = server.user("gone", "RESPONDER").await;
    let users = server
        .admin
        .get("/api/users/?search=gone")
        .await
        .expect(200);
    let id = users["results"][0]["id"].as_i64().unwrap();
    let path = format!("/api/users/{id}/");
    server
        .admin
        .patch(&path, &json!({"enabled": false}))
        .await
        .expect(200);
    let body = json!({"username": "gone", "password": PASSWORD});
    server
        .anonymous()
        .post("/api/auth/token/", &body)
        .await
        .problem(401);
    client
}

fn routes_of(schema: &Value) -> Vec<(String, String)> {
    let paths = schema["paths"].as_object().unwrap();
    paths
        .iter()
        .flat_map(|(path, item)| {
            let methods = item.as_object().unwrap().keys();
            methods
                .filter(|name| ["get", "put", "post", "patch", "delete"].contains(&name.as_str()))
                .map(|name| (name.to_uppercase(), path.clone()))
        })
        .collect()
}

/// Sends a request no body of ours looks like, about things that do not exist.
async fn knock(client: &Client, method: &str, path: &str) -> u16 {
    let mut path = path.replace("{id}", "999999999");
    if path == "/api/stream/" {
        // Whoever is let in would be answered without end.
        path.push_str("?last_event_id=none");
    }
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let client = client.with("content-type", "application/json");
    client.send(method, &path, "[]").await.status.as_u16()
}
