//! What of sources, samples and rejected records is refused, and that nothing is changed then.

use http::Method;
use serde_json::{Value, json};
use watchpost::sources::flush;

use crate::harness::TestServer;

on_both! {
    async fn a_filter_that_is_none_deletes_no_rejected_record(server) {
        server.admin.post("/api/ingest/suricata/", &json!({"nothing": 1})).await.expect(200);
        flush(server.server.app(), server.server.ingest().sources()).await.unwrap();
        for (query, named) in [("sorce=x", "sorce"), ("source=x&formt=json", "formt"), ("source=x&source=y", "source")] {
            let answer = server.admin.delete(&format!("/api/dead-letters/?{query}")).await;
            assert_eq!(answer.refused(), [named], "{query}");
        }
        assert_eq!(server.count("select count(*) from dead_letters").await, 1);
        assert_eq!(server.admin.delete("/api/dead-letters/?source=x").await.expect(200)["cleared"], 0);
        assert_eq!(server.admin.delete("/api/dead-letters/").await.expect(200)["cleared"], 1);
    }
}

async fn described(server: &TestServer) -> i64 {
    server.count("select count(*) from source_settings").await
}

on_both! {
    async fn ten_thousand_sources_are_described_and_no_more(server) {
        let admin = &server.admin;
        server.event("LOW", "spoken").await;
        server.change(&[
            "insert into sources (name, created_at) with recursive n (i) as \
                (select 1 union all select i + 1 from n where i < 9999) select 'src-' || i, 0 from n",
            "insert into source_settings (source_id, created_at, updated_at) \
                select id, 0, 0 from sources where name <> 'spoken'",
        ]).await;
        let last = admin.post("/api/sources/", &json!({"name": "last"})).await.expect(201);
        let spoken = server.count("select id from sources where name = 'spoken'").await;
        let path = format!("/api/sources/{spoken}/");
        for refused in [
            admin.post("/api/sources/", &json!({"name": "new"})).await,
            admin.post("/api/sources/", &json!({"name": "spoken"})).await,
            admin.patch(&path, &json!({"description": "d"})).await,
        ] {
            let problem = refused.problem(409);
            assert!(problem["detail"].as_str().unwrap().contains("10000"), "{problem}");
        }
        assert_eq!(described(server).await, 10_000);
        assert_eq!(server.count("select count(*) from sources where name = 'new'").await, 0);
        // Those that are described can be changed, and one less leaves room for another.
        let last = format!("/api/sources/{}/", last["id"]);
        admin.patch(&last, &json!({"description": "d"})).await.expect(200);
        admin.delete(&last).await.expect(204);
        admin.patch(&path, &json!({"description": "d"})).await.expect(200);
        assert_eq!(described(server).await, 10_000);
    }
}

on_both! {
    async fn a_number_beyond_what_a_source_may_have_is_refused_by_name(server) {
        let source = |field: &str, value: u32| json!({"name": format!("{field} {value}"), field: value});
        for (field, most) in [("rate_limit", 1_000_000), ("record_max", 1_048_576), ("alert_budget", 100_000), ("silent_after", 31_536_000)] {
            let beyond = server.admin.post("/api/sources/", &source(field, most + 1)).await;
            assert_eq!(beyond.refused(), [field]);
            let made = server.admin.post("/api/sources/", &source(field, most)).await.expect(201);
            assert_eq!(made[field], most);
        }
        assert_eq!(described(server).await, 4);
    }
}

on_both! {
    async fn a_sample_of_what_breaks_a_rule_is_refused_by_name(server) {
        let path = "/api/sources/preview/";
        let sample = |field: &str, value: Value| {
            let mut sent = json!({"sample": {"message": "m"}});
            sent[field] = value;
            sent
        };
        for (field, value, named) in [
            ("kind", json!("morse"), "kind"),
            ("profile", json!({"default_severity": "severe"}), "profile.default_severity"),
            ("profile", json!({"mapping": {"severity": "level"}}), "profile.mapping.severity"),
            ("profile", json!({"severities": {"sev1": "worst"}}), "profile.severities.sev1"),
            ("profile", json!({"maps": {}}), "profile.maps"),
            ("sample", json!(""), "sample"),
            ("sample", json!([]), "sample"),
            ("sampel", json!(1), "sampel"),
        ] {
            let answer = server.admin.post(path, &sample(field, value.clone())).await;
            assert_eq!(answer.refused(), [named], "{field} = {value}");
        }
        server.admin.post(path, &sample("kind", json!("json"))).await.expect(200);
        server.key(None).await.post(path, &sample("kind", json!("json"))).await.problem(403);
        assert_eq!(server.count("select count(*) from events").await, 0);
    }
}

on_both! {
    async fn a_record_longer_than_its_source_may_send_is_named_in_every_format_of_lines(server) {
        let source = json!({"name": "short", "record_max": 64});
        server.admin.post("/api/sources/", &source).await.expect(201);
        let key = server.key(Some("short")).await;
        let long = "x".repeat(65);
        for (n, format) in (1..).zip(["syslog", "cef", "keyvalue"]) {
            let body = format!("{long}\n<13>short\n");
            let answer = key.send(Method::POST, &format!("/api/ingest/{format}/"), body).await.expect(200);
            assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!(1)), "{format}");
            assert_eq!(answer["errors"][0]["index"], 0, "{format}");
            assert_eq!(server.count("select count(*) from events").await, n);
        }
    }
}
