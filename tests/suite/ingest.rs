//! Events on their way in: one or many, compressed, repeated, refused.

use std::io::Write as _;

use http::Method;
use serde_json::{Value, json};

use crate::harness::event;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

on_both! {
    async fn high_and_critical_raise_one_open_alert_and_others_none(server) {
        for severity in ["INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"] {
            let event = server.event(severity, "fw").await;
            assert_eq!(event["alert"].is_i64(), matches!(severity, "HIGH" | "CRITICAL"), "{severity}");
        }
        let alerts = server.admin.get("/api/alerts/?status=OPEN").await.expect(200);
        assert_eq!(alerts["count"], 2);
        assert_eq!(server.count("select count(*) from alerts").await, 2);
    }
}

on_both! {
    async fn a_batch_stores_the_good_and_names_the_bad(server) {
        let key = server.key(None).await;
        let array = json!([event("HIGH", "a"), {"severity": "x"}, event("LOW", "b")]);
        let answer = key.post("/api/events/ingest/", &array).await.expect(200);
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(1)));
        assert_eq!(answer["errors"][0]["index"], 1);
        assert!(answer["errors"][0]["errors"]["severity"][0].as_str().unwrap().contains("CRITICAL"));
        let lines = format!("{}\n\nnonsense\n{}\r\n", event("CRITICAL", "a"), event("INFO", "c"));
        let ndjson = key.with("content-type", "application/x-ndjson");
        let answer = ndjson.send(Method::POST, "/api/events", lines).await.expect(200);
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(1)));
        assert_eq!(answer["errors"][0]["index"], 2);
        assert_eq!(server.count("select count(*) from events").await, 4);
        assert_eq!(server.count("select count(*) from alerts").await, 2);
    }
}

on_both! {
    async fn gzip_and_zstd_bodies_are_read_and_bombs_are_not(server) {
        let text = event("LOW", "z").to_string().into_bytes();
        let client = server.admin.with("content-type", "application/json");
        let send = async |coding: &str, body: Vec<u8>| {
            client.with("content-encoding", coding).send(Method::POST, "/api/events/", body).await
        };
        send("gzip", gzip(&text)).await.expect(201);
        send("zstd", zstd::encode_all(&text[..], 3).unwrap()).await.expect(201);
        send("identity", text.clone()).await.expect(201);
        send("br", text.clone()).await.problem(415);
        send("gzip, gzip", gzip(&gzip(&text))).await.problem(415);
        send("gzip", text.clone()).await.problem(400);
        send("gzip", gzip(&text)[..20].to_vec()).await.problem(400);
        let bomb = vec![b' '; 40 << 20];
        send("gzip", gzip(&bomb)).await.problem(413);
        send("zstd", zstd::encode_all(&bomb[..], 1).unwrap()).await.problem(413);
        assert_eq!(server.count("select count(*) from events").await, 3);
    }
}

on_both! {
    async fn bad_input_is_a_400_that_names_the_field_and_stores_nothing(server) {
        let bad = |field: &str, value: Value| {
            let mut sent = event("HIGH", "fw");
            sent[field] = value;
            sent
        };
        for (field, value) in [
            ("severity", json!("severe")), ("severity", json!(4)), ("severity", json!(null)),
            ("source_name", json!("")), ("source_name", json!("x".repeat(256))),
            ("event_type", json!("two words")), ("description", json!(" ")),
            ("description", json!("x".repeat(16_385))), ("description", json!("a\u{0}b")),
            ("ip_address", json!("1.2.3")), ("occurred_at", json!("soon")),
            ("tags", json!("x")), ("attributes", json!([1])),
            ("attributes", json!({"k": "a\u{0}"})), ("attributes", json!({"k": "x".repeat(66_000)})),
        ] {
            let answer = server.admin.post("/api/events/", &bad(field, value.clone())).await;
            assert_eq!(answer.refused(), [field], "{field} = {value}");
        }
        let raw = server.admin.with("content-type", "application/json");
        for body in ["", "{", "nonsense", "5", "\"x\"", "{\"severity\":\"LOW\",\"severity\":\"HIGH\"}"] {
            raw.send(Method::POST, "/api/events/", body).await.problem(400);
        }
        let invalid_utf8 = [b"{\"source\":\"\xff\"}".to_vec()].concat();
        raw.send(Method::POST, "/api/events/", invalid_utf8).await.problem(400);
        raw.send(Method::POST, "/api/events/", r#"{"source":"\ud800"}"#).await.problem(400);
        let plain = server.admin.with("content-type", "text/plain");
        plain.send(Method::POST, "/api/events/", event("LOW", "x").to_string()).await.problem(415);
        assert_eq!(server.count("select count(*) from events").await, 0);
        assert_eq!(server.count("select count(*) from alerts").await, 0);
    }
}

on_both! {
    async fn every_character_but_nul_comes_back_as_sent(server) {
        let text = "\u{1}\u{7f}\u{202e}evil\u{200b} \u{1f525} 'drop table' \\ \" <script> %_\n\t\u{fffd}\u{10ffff}";
        let mut sent = event("HIGH", "fw");
        sent["description"] = json!(text);
        sent["source_name"] = json!(text);
        sent["attributes"] = json!({text: [text, 1e300, -0.0, 9_007_199_254_740_993_i64]});
        let made = server.admin.post("/api/events/", &sent).await.expect(201);
        let shown = server.admin.get(&format!("/api/events/{}/", made["id"])).await.expect(200);
        for field in ["description", "source_name", "attributes"] {
            assert_eq!(shown[field], sent[field], "{field}");
        }
    }
}

on_both! {
    async fn a_repeated_request_gets_the_first_answer(server) {
        let key = server.key(None).await.with("idempotency-key", "abc-1");
        let first = key.post("/api/events/", &event("HIGH", "fw")).await.expect(201);
        let again = key.post("/api/events/", &event("HIGH", "fw")).await.expect(201);
        assert_eq!(first, again);
        key.post("/api/events/", &event("LOW", "fw")).await.problem(409);
        let other = server.admin.with("idempotency-key", "abc-1");
        let theirs = other.post("/api/events/", &event("HIGH", "fw")).await.expect(201);
        assert_ne!(theirs["id"], first["id"], "keys of different callers do not meet");
        let batch = key.with("idempotency-key", "abc-2");
        let body = json!([event("HIGH", "a"), {}]);
        let first = batch.post("/api/events/", &body).await.expect(200);
        assert_eq!(batch.post("/api/events/", &body).await.expect(200), first);
        assert_eq!(server.count("select count(*) from events").await, 3);
        assert_eq!(server.count("select count(*) from alerts").await, 3);
        key.with("idempotency-key", "").post("/api/events/", &event("LOW", "x")).await.problem(400);
    }
}

on_both! {
    async fn one_of_many_equal_requests_at_once_is_stored(server) {
        let key = server.key(None).await.with("idempotency-key", "race");
        let sends = (0..16).map(|_| {
            let key = key.clone();
            async move { key.post("/api/events/", &event("HIGH", "fw")).await }
        });
        let answers = futures_util::future::join_all(sends).await;
        for answer in &answers {
            assert!(matches!(answer.status.as_u16(), 201 | 409 | 503), "{}", answer.text());
        }
        assert!(answers.iter().any(|answer| answer.status == 201));
        assert_eq!(server.count("select count(*) from events").await, 1);
        assert_eq!(server.count("select count(*) from alerts").await, 1);
    }
}

on_both! {
    async fn a_key_bound_to_a_source_speaks_for_no_other(server) {
        let key = server.key(Some("cam-1")).await;
        key.post("/api/events/", &event("LOW", "cam-1")).await.expect(201);
        assert_eq!(key.post("/api/events/", &event("LOW", "cam-2")).await.refused(), ["source_name"]);
        let both = json!([event("LOW", "cam-1"), event("LOW", "cam-2")]);
        let answer = key.post("/api/events/", &both).await.expect(200);
        assert_eq!((&answer["accepted"], &answer["errors"][0]["index"]), (&json!(1), &json!(1)));
    }
}

on_both! {
    ["--rate-limit-ingest", "10/hour"]
    async fn a_key_has_its_own_bucket_in_events(server) {
        let key = server.key(None).await;
        let eight: Value = (0..8).map(|_| event("LOW", "a")).collect();
        key.post("/api/events/", &eight).await.expect(200);
        let refused = key.post("/api/events/", &eight).await;
        refused.problem(429);
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
        server.admin.post("/api/events/", &event("LOW", "a")).await.expect(201);
        assert_eq!(server.count("select count(*) from events").await, 9);
    }
}

on_both! {
    async fn more_than_ten_thousand_events_are_413_and_none_is_stored(server) {
        let key = server.key(None).await;
        let ndjson = key.with("content-type", "application/x-ndjson");
        let json = key.with("content-type", "application/json");
        let one = event("LOW", "fw").to_string();
        let lines = |n: usize| format!("{one}\n").repeat(n);
        let array = |n: usize| format!("[{}{one}]", format!("{one},").repeat(n - 1));
        ndjson.send(Method::POST, "/api/events/", lines(10_001)).await.problem(413);
        json.send(Method::POST, "/api/events/", array(10_001)).await.problem(413);
        // NDJSON under the wrong name.
        json.send(Method::POST, "/api/events/", lines(10_001)).await.problem(413);
        assert_eq!(server.count("select count(*) from events").await, 0);
        let answer = json.send(Method::POST, "/api/events/", array(10_000)).await.expect(200);
        assert_eq!(answer["accepted"], 10_000);
        let answer = ndjson.send(Method::POST, "/api/events/", lines(10_000)).await.expect(200);
        assert_eq!(answer["accepted"], 10_000);
    }
}

on_both! {
    async fn a_batch_of_nothing_is_a_400(server) {
        let json = server.admin.with("content-type", "application/json");
        for (body, kind) in [("[1,", "/problems/malformed"), ("[]", "/problems/validation"), (" [ ] ", "/problems/validation")] {
            let problem = json.send(Method::POST, "/api/events/", body).await.problem(400);
            assert_eq!(problem["type"], kind, "{body}");
        }
        let ndjson = server.admin.with("content-type", "application/x-ndjson");
        for body in ["", "\n", " \r\n\n"] {
            assert_eq!(ndjson.send(Method::POST, "/api/events/", body).await.refused(), ["body"], "{body:?}");
        }
        assert_eq!(server.count("select count(*) from events").await, 0);
    }
}

on_both! {
    async fn an_event_of_more_than_256_kib_is_refused_by_itself(server) {
        let json = server.admin.with("content-type", "application/json");
        let of = |length: usize| {
            let text = event("LOW", "fw").to_string();
            text.replacen('{', &format!("{{{}", " ".repeat(length - text.len())), 1)
        };
        let (fits, long) = (of(256 * 1024), of(256 * 1024 + 1));
        json.send(Method::POST, "/api/events/", fits.clone()).await.expect(201);
        assert_eq!(json.send(Method::POST, "/api/events/", long.clone()).await.refused(), ["body"]);
        let batch = format!("[{fits},{long},{fits}]");
        let lines = format!("{fits}\n{long}\n{fits}\n");
        let ndjson = server.admin.with("content-type", "application/x-ndjson");
        for answer in [
            json.send(Method::POST, "/api/events/", batch).await.expect(200),
            ndjson.send(Method::POST, "/api/events/", lines).await.expect(200),
        ] {
            assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(1)));
            assert_eq!(answer["errors"][0]["index"], 1);
            assert!(answer["errors"][0]["errors"]["body"][0].as_str().unwrap().contains("262144"), "{answer}");
        }
        assert_eq!(server.count("select count(*) from events").await, 5);
    }
}

on_both! {
    async fn a_key_of_a_repetition_is_visible_ascii_and_stands_for_one_body(server) {
        let key = |text: &str| server.admin.with("idempotency-key", text);
        let ways = |n: usize| [
            ("/api/events/", event("LOW", if n == 1 { "fw" } else { "door" })),
            ("/api/ingest/json/", json!({"message": format!("m{n}")})),
            ("/api/sources/", json!({"name": format!("s{n}")})),
        ];
        for (path, body) in ways(1) {
            for wrong in ["x".repeat(256), "a b".to_owned(), String::new()] {
                assert_eq!(key(&wrong).post(path, &body).await.refused(), ["Idempotency-Key"], "{path} {wrong:?}");
            }
            let first = key(&"x".repeat(255)).post(path, &body).await;
            assert!(first.status.is_success(), "{path}: {}", first.text());
            let again = key(&"x".repeat(255)).post(path, &body).await;
            assert_eq!((again.status, again.value()), (first.status, first.value()), "{path}");
        }
        for (path, body) in ways(2) {
            let problem = key(&"x".repeat(255)).post(path, &body).await.problem(409);
            assert!(problem["detail"].as_str().unwrap().contains("another body"), "{path}: {problem}");
        }
        assert_eq!(server.count("select count(*) from events").await, 2);
        assert_eq!(server.count("select count(*) from source_settings").await, 1);
    }
}

on_both! {
    async fn nothing_of_the_senders_headers_is_stored(server) {
        let client = server.admin.with("x-secret-header", "leaked-value-1234").with("cookie", "leaked-value-1234");
        let event = client.post("/api/events/", &event("HIGH", "fw")).await.expect(201);
        assert!(!event.to_string().contains("leaked-value"));
        let audit = server.admin.get("/api/audit/").await.expect(200);
        assert!(!audit.to_string().contains("leaked-value"));
    }
}
