//! What holds for every route: problems, spellings, headers, limits, the document.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{PASSWORD, event};

on_both! {
    async fn every_error_is_a_problem_document(server) {
        let admin = &server.admin;
        assert_eq!(admin.get("/api/nothing/").await.problem(404)["instance"], "/api/nothing/");
        admin.get("/nothing").await.problem(404);
        let wrong = admin.send(Method::DELETE, "/api/alerts/", "").await;
        wrong.problem(405);
        assert!(wrong.header("allow").contains("GET"), "{:?}", wrong.headers);
        let json = admin.with("content-type", "application/json");
        json.send(Method::POST, "/api/users/", "{").await.problem(400);
        json.send(Method::POST, "/api/users/", vec![b' '; 2 << 20]).await.problem(413);
        admin.send(Method::POST, "/api/users/", "{}").await.problem(415);
        let anonymous = server.anonymous();
        let refused = anonymous.get("/api/alerts/").await;
        refused.problem(401);
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
        for id in ["0", "-1", "abc", "99999999999999999999", "1.5"] {
            admin.get(&format!("/api/alerts/{id}/")).await.problem(404);
        }
    }
}

on_both! {
    async fn every_spelling_of_a_path_is_the_same_route(server) {
        for path in ["/api/alerts/", "/api/alerts", "/api/v1/alerts/", "/api/v1/alerts"] {
            server.admin.get(path).await.expect(200);
        }
        for path in ["/api/events", "/api/v1/events", "/api/v1/events/ingest", "/api/events/ingest/"] {
            server.admin.post(path, &event("LOW", "fw")).await.expect(201);
        }
        let body = json!({"username": "admin", "password": crate::harness::ADMIN.1});
        for path in ["/api/token", "/api/token/", "/api/auth/token", "/api/v1/auth/token/"] {
            server.anonymous().post(path, &body).await.expect(200);
        }
    }
}

on_both! {
    async fn answers_carry_security_headers_and_the_request_id(server) {
        let client = server.anonymous().with("x-request-id", "my-id-1");
        for path in ["/healthz", "/api/alerts/", "/nothing", "/"] {
            let answer = client.get(path).await;
            assert_eq!(answer.header("x-request-id"), "my-id-1", "{path}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("x-frame-options"), "DENY", "{path}");
            assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{path}");
            assert!(answer.headers.get("access-control-allow-origin").is_none(), "{path}");
        }
        let forged = server.anonymous().with("x-request-id", "no spaces; please").get("/healthz").await;
        assert_eq!(forged.header("x-request-id").len(), 24);
    }
}

on_both! {
    ["--rate-limit-anon", "5/hour", "--rate-limit-user", "4/hour"]
    async fn limits_hold_and_no_forged_header_escapes_them(server) {
        let anonymous = server.anonymous();
        for n in 0..5 {
            let forged = anonymous.with("x-forwarded-for", &format!("198.51.100.{n}"));
            let answer = forged.get("/api/alerts/").await;
            answer.problem(401);
            assert!(answer.header("ratelimit").contains(&format!("r={}", 4 - n)), "{:?}", answer.headers);
        }
        let refused = anonymous.with("x-forwarded-for", "192.0.2.99").with("x-real-ip", "192.0.2.98").get("/api/alerts/").await;
        refused.problem(429);
        let wait: u64 = refused.header("retry-after").parse().unwrap();
        assert!((1..=720).contains(&wait), "{wait}");
        // Somebody with a token has a bucket of their own.
        for _ in 0..4 {
            server.admin.get("/api/me/").await.expect(200);
        }
        server.admin.get("/api/me/").await.problem(429);
        // Health checks and documentation spend nothing.
        for _ in 0..10 {
            anonymous.get("/healthz").await.expect(200);
            assert_eq!(anonymous.get("/api/docs/").await.status, 200);
        }
    }
}

on_both! {
    ["--allowed-hosts", "127.0.0.1,.watch.example"]
    async fn only_allowed_hosts_are_answered(server) {
        let named = |host| server.admin.with("host", host);
        named("eu.watch.example:8000").get("/api/me/").await.expect(200);
        named("evil.example").get("/api/me/").await.problem(400);
        // Whoever checks health asks by address.
        named("10.0.0.1:8000").get("/healthz").await.expect(200);
        named("10.0.0.1:8000").get("/readyz").await.expect(200);
    }
}

on_both! {
    async fn the_document_is_complete(server) {
        let answer = server.anonymous().get("/api/schema/").await;
        let schema = answer.expect(200);
        assert_eq!(schema["openapi"], "3.1.0");
        let yaml = server.anonymous().with("accept", "application/yaml").get("/api/schema/").await;
        assert_eq!(yaml.status, 200);
        assert!(yaml.text().starts_with("openapi: 3.1.0"), "{}", &yaml.text()[..60]);
        let mut ids = std::collections::BTreeSet::new();
        for (path, item) in schema["paths"].as_object().unwrap() {
            for (method, operation) in item.as_object().unwrap() {
                let name = format!("{method} {path}");
                let id = operation["operationId"].as_str().unwrap().to_owned();
                assert!(ids.insert(id.clone()), "{name}: operationId {id} is used twice");
                assert!(operation["summary"].is_string(), "{name} has no summary");
                let responses = operation["responses"].as_object().unwrap();
                assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
                for (status, response) in responses {
                    if status.starts_with('4') || status.starts_with('5') {
                        let content = response["content"].as_object().unwrap();
                        let media: Vec<&str> = content.keys().map(String::as_str).collect();
                        assert_eq!(media, media_of_errors(path), "{name} {status}");
                        assert!(content.values().all(|it| it["schema"].is_object()), "{name} {status}");
                    }
                }
                if operation["security"].as_array().is_some_and(|list| !list.is_empty()) {
                    assert!(responses.contains_key("401") && responses.contains_key("403"), "{name}");
                }
            }
        }
        for reference in references(&schema) {
            let pointer = reference.strip_prefix('#').unwrap();
            assert!(schema.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
    }
}

/// What errors of a route are written as, in the order of the alphabet.
fn media_of_errors(path: &str) -> &'static [&'static str] {
    let protocol = |name: &str| path.starts_with(&format!("/api/ingest/{name}/"));
    if protocol("loki") {
        &["text/plain"]
    } else if protocol("otlp") {
        &["application/json", "application/x-protobuf"]
    } else if protocol("elastic") || protocol("splunk") || protocol("alertmanager/v2") {
        &["application/json"]
    } else {
        &["application/problem+json"]
    }
}

on_both! {
    async fn errors_are_written_as_the_document_says(server) {
        let schema = server.anonymous().get("/api/schema/").await.expect(200);
        let unknown = server.anonymous().with("authorization", "Splunk wp_unknown");
        for (path, item) in schema["paths"].as_object().unwrap() {
            if !path.starts_with("/api/ingest/") || path == "/api/ingest/splunk/health/" {
                continue;
            }
            let (method, operation) = item.as_object().unwrap().iter().next().unwrap();
            let method: Method = method.to_uppercase().parse().unwrap();
            for sent in ["application/json", "application/x-protobuf"] {
                let client = unknown.with("content-type", sent);
                let path = path.replace(['{', '}'], "");
                let answer = client.send(method.clone(), &path, "{}").await;
                let declared = &operation["responses"][answer.status.as_str()]["content"];
                let media = answer.header("content-type").split(';').next().unwrap();
                assert!(declared[media].is_object(), "{method} {path} {}: {media}", answer.status);
                assert!(matches!(answer.status.as_u16(), 401 | 403), "{method} {path}");
            }
        }
    }
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| match value {
                Value::String(text) if name == "$ref" => vec![text.clone()],
                other => references(other),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}

on_both! {
    async fn the_documentation_needs_no_other_host(server) {
        let page = server.anonymous().get("/api/docs").await;
        assert_eq!(page.status, 200);
        let text = page.text();
        assert!(!text.contains("http://") && !text.contains("https://"), "{text}");
        for file in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"] {
            let answer = server.anonymous().get(&format!("/api/docs/{file}")).await;
            assert_eq!(answer.status, 200, "{file}");
        }
        server.anonymous().get("/api/docs/nothing.js").await.problem(404);
    }
}

on_both! {
    async fn pages_have_numbers_complete_links_and_counts(server) {
        let lines: String = (0..25).map(|_| format!("{}\n", event("HIGH", "fw"))).collect();
        let client = server.admin.with("content-type", "application/x-ndjson");
        client.send(Method::POST, "/api/events/", lines).await.expect(200);
        for path in ["/api/events/", "/api/alerts/"] {
            let first = server.admin.get(path).await.expect(200);
            assert_eq!(first["results"].as_array().unwrap().len(), 20, "{path}");
            assert_eq!(first["count"], 25, "{path}");
            assert!(first.get("count_exact").is_none(), "{path}");
            let own = format!("http://{}{path}?", server.server.address());
            assert!(first["next"].as_str().unwrap().starts_with(&own), "{first}");
            let by_cursor = server.admin.get(first["next"].as_str().unwrap()).await.expect(200);
            let by_number = server.admin.get(&format!("{path}?page=2")).await.expect(200);
            assert_eq!(by_cursor["results"], by_number["results"], "{path}");
            assert_eq!(by_number["results"].as_array().unwrap().len(), 5, "{path}");
            assert_eq!(by_number["next"], Value::Null, "{path}");
            let back = server.admin.get(by_number["previous"].as_str().unwrap()).await.expect(200);
            assert_eq!(back["results"], first["results"], "{path}");
            let beyond = server.admin.get(&format!("{path}?page=9")).await.expect(200);
            assert_eq!((&beyond["results"], &beyond["count"]), (&json!([]), &json!(25)), "{path}");
            let proxied = server.admin.with("x-forwarded-proto", "https").get(path).await.expect(200);
            assert!(proxied["next"].as_str().unwrap().starts_with("http://"), "no proxy is trusted here");
        }
    }
}

on_both! {
    async fn the_dashboard_helpers_work(server) {
        let answer = server.admin.post("/api/dashboard/test-api/", &json!({})).await.expect(201);
        assert_eq!(answer["event"]["severity"], "CRITICAL");
        assert_eq!(answer["event"]["alert"], answer["alert"]);
        let made = server.admin.post("/api/dashboard/create-analyst/", &json!({})).await.expect(201);
        assert_eq!(made["role"], "ANALYST");
        let mut analyst = server.anonymous();
        analyst.sign_in(made["username"].as_str().unwrap(), made["password"].as_str().unwrap()).await;
        let list = analyst.get("/api/dashboard/alerts/?severity=Critical&status=Open").await.expect(200);
        assert_eq!(list["count"], 1);
        let path = format!("/api/dashboard/alerts/{}/status/", answer["alert"]);
        analyst.patch(&path, &json!({"status": "ACKNOWLEDGED"})).await.problem(403);
        let changed = server.admin.patch(&path, &json!({"status": "Acknowledged"})).await.expect(200);
        assert_eq!(changed["status"], "ACKNOWLEDGED");
        let given = json!({"username": "ana", "password": PASSWORD, "email": "ana@example.org"});
        let made = server.admin.post("/api/dashboard/create-analyst/", &given).await.expect(201);
        assert_eq!(made["username"], "ana");
    }
}
