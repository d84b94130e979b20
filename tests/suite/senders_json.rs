//! Programs that send JSON, forms, CEF or LEEF over HTTP, as they were recorded, to the addresses
//! their configuration names.

use http::Method;
use serde_json::{Value, json};
use watchpost::sources::flush;

use crate::harness::{Client, TestServer};

/// A recorded request: its path, the headers that say what the body is, and the body.
struct Recorded {
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

fn recorded(name: &str) -> Recorded {
    let path = format!("{}/tests/fixtures/wire/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    let head = std::str::from_utf8(&bytes[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let path = lines.next().unwrap().split(' ').nth(1).unwrap().to_owned();
    let headers = lines.filter_map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        let name = name.to_ascii_lowercase();
        let kept = matches!(
            name.as_str(),
            "content-type" | "content-encoding" | "user-agent" | "accept"
        );
        kept.then(|| (name, value.trim().to_owned()))
    });
    Recorded {
        path,
        headers: headers.collect(),
        body: bytes[end + 4..].to_vec(),
    }
}

impl Recorded {
    /// Sends it, to its own path or another, and returns the answer.
    async fn send(&self, key: &Client, path: Option<&str>) -> Value {
        let mut client = key.clone();
        for (name, value) in &self.headers {
            client = client.with(name, value);
        }
        let path = path.unwrap_or(&self.path);
        client
            .send(Method::POST, path, self.body.clone())
            .await
            .expect(200)
    }
}

/// All events, oldest first.
async fn events(server: &TestServer) -> Vec<Value> {
    let list = server
        .admin
        .get("/api/events/?page_size=100")
        .await
        .expect(200);
    let mut events = list["results"].as_array().unwrap().clone();
    events.sort_by_key(|event| event["id"].as_i64());
    events
}

on_both! {
    async fn winston_fail2ban_and_python_are_understood_at_the_paths_they_were_given(server) {
        let key = server.key(None).await;
        for (name, records, alerts) in [
            ("winston_3.19_http_single.http", 1, 1),
            ("winston_3.19_http_batch.http", 2, 0),
            ("fail2ban_1.0_ban.http", 1, 1),
            ("fail2ban_1.0_unban.http", 1, 0),
            ("python_httphandler_form.http", 1, 0),
            ("syslogng_3.38_http_ndjson.http", 2, 0),
        ] {
            let before = server.count("select count(*) from alerts").await;
            let answer = recorded(name).send(&key, None).await;
            assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(records), &json!(0)), "{name}");
            let after = server.count("select count(*) from alerts").await;
            assert_eq!(after - before, alerts, "{name}");
        }
        let events = events(server).await;
        let told: Vec<(&str, &str, &str, &str)> = events
            .iter()
            .map(|event| {
                let text = |name: &str| event[name].as_str().unwrap();
                (text("source_name"), text("event_type"), text("severity"), text("description"))
            })
            .collect();
        assert_eq!(told, [
            ("sensor", "event", "HIGH", "intrusion"),
            ("sensor", "event", "MEDIUM", "a1"),
            ("sensor", "event", "LOW", "a2"),
            ("fail2ban", "ban", "HIGH", "ban: failures=3 jail=sshd src_ip=203.0.113.50"),
            ("fail2ban", "unban", "LOW", "unban: jail=sshd src_ip=203.0.113.50"),
            ("sensor", "a", "MEDIUM", "login failed for bob"),
            ("vm", "app", "MEDIUM", "kernel panic \"quoted\""),
            ("vm", "app", "MEDIUM", "login failed"),
        ]);
        assert_eq!(events[0]["ip_address"], "203.0.113.7");
        assert_eq!(events[3]["occurred_at"], "2026-11-20T17:24:10.000000Z");
        assert_eq!(events[3]["attributes"]["record"]["jail"], "sshd");
        assert_eq!(events[5]["attributes"]["record"]["args"], "('bob',)");
    }
}

on_both! {
    async fn fluent_bit_is_read_compressed_in_lines_and_as_gelf(server) {
        let key = server.key(None).await;
        let gzip = recorded("fluentbit_5.1_http_json_gzip.http").send(&key, Some("/api/ingest/json/")).await;
        let lines = recorded("fluentbit_5.1_http_json_lines.http").send(&key, Some("/api/ingest/fluent-bit/")).await;
        let gelf = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/wire/fluentbit_gelf_tcp_nul.bin"));
        let gelf = key.send(Method::POST, "/api/ingest/json/", gelf.unwrap()).await.expect(200);
        for answer in [gzip, lines, gelf] {
            assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(0)));
        }
        let events = events(server).await;
        for pair in events.chunks(2) {
            let text = |at: usize, name: &str| pair[at][name].as_str().unwrap().to_owned();
            assert_eq!([text(0, "severity"), text(0, "description"), text(0, "source_name")], ["HIGH", "forced door", "cam-3"]);
            assert_eq!([text(1, "severity"), text(1, "description")], ["LOW", "fan ok"]);
            assert_eq!(pair[0]["attributes"]["source"]["ip"], "203.0.113.7");
            assert_eq!(pair[0]["event_type"], "vms");
        }
        assert_eq!(server.count("select count(*) from alerts").await, 3);
    }
}

on_both! {
    async fn lines_of_cef_and_leef_are_events_with_or_without_a_header(server) {
        let key = server.key(None).await;
        let cef = "CEF:0|Acme|Guard|1|7|Worm stopped|9|src=203.0.113.9 act=blocked\r\n\
            <134>Nov 20 17:24:10 fw-01 CEF:0|Acme|Guard|1|8|Link up|2|dvchost=fw-02\n\
            no record at all\n";
        let answer = key.send(Method::POST, "/api/ingest/cef/", cef).await.expect(200);
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(3), &json!(0)));
        let leef = "<13>Nov 20 17:24:10 qr-1 LEEF:2.0|Acme|Guard|1|41|^|src=203.0.113.9^sev=8^cat=anomaly";
        key.send(Method::POST, "/api/ingest/leef/", leef).await.expect(200);
        let events = events(server).await;
        let told: Vec<(&str, &str, &str)> = events
            .iter()
            .map(|event| {
                let text = |name: &str| event[name].as_str().unwrap();
                (text("source_name"), text("severity"), text("description"))
            })
            .collect();
        assert_eq!(told, [
            ("Acme Guard", "CRITICAL", "Worm stopped (blocked, from 203.0.113.9)"),
            ("fw-02", "LOW", "Link up"),
            ("sensor", "INFO", "no record at all"),
            ("qr-1", "HIGH", "41 (from 203.0.113.9)"),
        ]);
        assert_eq!(server.count("select count(*) from alerts").await, 2);
    }
}

on_both! {
    async fn an_event_with_a_key_is_stored_once_and_a_plain_id_is_none(server) {
        let key = server.key(None).await;
        let envelope = json!({
            "specversion": "1.0", "id": "1", "source": "/door", "type": "door.forced",
            "data": {"severity": "HIGH", "message": "forced"},
        });
        let external = "CEF:0|Acme|Guard|1|7|Worm|9|externalId=5 rt=1795195450000 dvchost=fw";
        for _ in 0..2 {
            key.post("/api/ingest/json/", &envelope).await.expect(200);
            key.post("/api/ingest/json/", &json!({"_id": "a", "message": "once"})).await.expect(200);
            key.post("/api/ingest/json/", &json!({"id": "a", "message": "twice"})).await.expect(200);
            key.send(Method::POST, "/api/ingest/cef/", external).await.expect(200);
        }
        assert_eq!(server.count("select count(*) from events").await, 5);
        assert_eq!(server.count("select count(*) from alerts").await, 2);
    }
}

on_both! {
    async fn a_broken_record_is_named_and_the_others_are_stored(server) {
        let key = server.key(None).await.with("content-type", "application/json");
        let body = "{\"message\":\"a\"}\n{\"message\":\n{\"a\":1,\"a\":2}\n{\"message\":\"b\"}\n";
        let answer = key.send(Method::POST, "/api/ingest/json/", body).await.expect(200);
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(2)));
        let places: Vec<&Value> = answer["errors"].as_array().unwrap().iter().map(|it| &it["index"]).collect();
        assert_eq!(places, [1, 2]);
        let form = key.with("content-type", "application/x-www-form-urlencoded");
        form.send(Method::POST, "/api/ingest/form/", "no form").await.problem(400);
        key.send(Method::POST, "/api/ingest/json/", "[{\"message\":\"a\"},").await.problem(400);
        key.send(Method::POST, "/api/ingest/json/", "").await.problem(400);
        assert_eq!(server.count("select count(*) from events").await, 2);
    }
}

on_both! {
    ["--rate-limit-ingest", "50000/day"]
    async fn refused_records_are_counted_bounded_and_spend_the_allowance_of_their_key(server) {
        let key = server.key(None).await.with("content-type", "application/json");
        let answer = key.send(Method::POST, "/api/ingest/json/", "1\n".repeat(50_000)).await.expect(200);
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(0), &json!(50_000)));
        let errors = answer["errors"].as_array().unwrap();
        assert_eq!((errors.len(), &errors[999]["index"]), (1_000, &json!(999)));
        // Whatever way they come, there is nothing left for more of them.
        key.send(Method::POST, "/api/ingest/json/", "1\n").await.problem(429);
        key.send(Method::POST, "/api/events/", "1").await.problem(429);
        key.send(Method::POST, "/api/events/", "[1, 2]").await.problem(429);
        let (app, sources) = (server.server.app(), server.server.ingest().sources());
        flush(app, sources).await.unwrap();
        assert_eq!(server.count("select count(*) from dead_letters").await, 1_000);
        assert_eq!(server.count("select max(place) from dead_letters").await, 49_999);
        let metrics = server.admin.get("/metrics").await.text();
        for line in [
            "watchpost_dead_letters_dropped_total 49000",
            "watchpost_records_total{outcome=\"rejected\"} 50000",
            "watchpost_records_total{outcome=\"throttled\"} 4",
        ] {
            assert!(metrics.contains(line), "{line}: {metrics}");
        }
    }
}

on_both! {
    ["--rate-limit-ingest", "10/hour"]
    async fn records_refused_beside_good_ones_spend_the_allowance_as_well(server) {
        let key = server.key(None).await.with("content-type", "application/json");
        let bodies = [("/api/ingest/json/", "{\"message\":\"a\"}\n1\n2\n3\n"), ("/api/events/", "[{\"source_name\":\"a\",\"event_type\":\"t\",\"severity\":\"LOW\",\"description\":\"d\"},1,2,3]")];
        for (path, body) in bodies {
            let answer = key.send(Method::POST, path, body).await.expect(200);
            assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!(3)));
        }
        for (path, body) in bodies {
            key.send(Method::POST, path, body).await.problem(429);
        }
        assert_eq!(server.count("select count(*) from events").await, 2);
    }
}

on_both! {
    async fn a_record_of_more_than_a_mebibyte_is_named_and_the_next_one_stored(server) {
        let key = server.key(None).await.with("content-type", "application/json");
        let long = format!("{{\"message\":\"{}\"}}", "x".repeat(1 << 20));
        let conn = r#"{"_path":"conn","ts":1795195450.0,"uid":"C1","id.orig_h":"192.0.2.1","id.resp_h":"192.0.2.2"}"#;
        for (n, (format, next)) in (1..).zip([("json", "{\"message\":\"next\"}"), ("zeek", conn)]) {
            let body = format!("{long}\n{next}\n");
            let answer = key.send(Method::POST, &format!("/api/ingest/{format}/"), body).await.expect(200);
            assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!(1)), "{format}");
            assert_eq!(answer["errors"][0]["index"], 0, "{format}");
            assert!(answer["errors"][0]["errors"]["record"].is_array(), "{format}: {answer}");
            flush(server.server.app(), server.server.ingest().sources()).await.unwrap();
            let letters = server.admin.get("/api/dead-letters/").await.expect(200);
            assert_eq!(letters["count"], n, "{format}");
            assert_eq!((&letters["results"][0]["format"], &letters["results"][0]["size"]), (&json!(format), &json!(long.len())));
        }
        let table = format!("#separator \\x09\n#path\tconn\n#fields\tts\tuid\n{}\n1795195450.0\tC2\n", "x".repeat((1 << 20) + 1));
        let answer = key.send(Method::POST, "/api/ingest/zeek/", table).await.expect(200);
        assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(1), &json!(1)), "{answer}");
        assert!(answer["errors"][0]["errors"]["record"].is_array(), "{answer}");
        assert_eq!(server.count("select count(*) from events").await, 3);
    }
}
