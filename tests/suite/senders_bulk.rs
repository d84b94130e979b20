//! Bulk clients of Elasticsearch and `OpenSearch`, Splunk's senders and Loki's, as they were recorded:
//! their own heads and bodies, to their own paths.

use std::io::Write as _;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Client, TestServer};

/// A recorded request.
struct Recorded {
    method: Method,
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
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let mut request = lines.next().unwrap().split(' ');
    let headers = lines.map(|line| {
        let (name, value) = line.split_once(':').unwrap();
        (name.to_ascii_lowercase(), value.trim().to_owned())
    });
    Recorded {
        method: request.next().unwrap().parse().unwrap(),
        path: request.next().unwrap().to_owned(),
        headers: headers.collect(),
        body: bytes[end + 4..].to_vec(),
    }
}

impl Recorded {
    /// Sends it with a real key, in the scheme the client used; one without any gets `ApiKey`.
    async fn send(&self, server: &TestServer, key: &str) -> Answer {
        let mut client = server.anonymous();
        let mut scheme = "ApiKey".to_owned();
        for (name, value) in &self.headers {
            match name.as_str() {
                "host" | "content-length" | "connection" | "transfer-encoding" => {}
                "authorization" => scheme = value.split(' ').next().unwrap().to_owned(),
                _ => client = client.with(name, value),
            }
        }
        let client = client.with("authorization", &credentials(&scheme, key));
        client
            .send(self.method.clone(), &self.path, self.body.clone())
            .await
    }
}

fn credentials(scheme: &str, key: &str) -> String {
    if scheme == "Basic" {
        use base64::Engine as _;
        let pair = base64::prelude::BASE64_STANDARD.encode(format!("wp:{key}"));
        format!("Basic {pair}")
    } else {
        format!("{scheme} {key}")
    }
}

async fn key(server: &TestServer) -> String {
    let body = json!({"name": "shipper"});
    let made = server.admin.post("/api/keys/", &body).await.expect(201);
    made["key"].as_str().unwrap().to_owned()
}

/// A client of Elasticsearch.
async fn elastic(server: &TestServer) -> Client {
    let key = key(server).await;
    server
        .anonymous()
        .with("authorization", &format!("ApiKey {key}"))
}

async fn splunk(server: &TestServer) -> Client {
    let key = key(server).await;
    server
        .anonymous()
        .with("authorization", &format!("Splunk {key}"))
}

/// What is stored, newest last.
async fn events(server: &TestServer) -> Vec<Value> {
    let page = server
        .admin
        .get("/api/events/?page_size=100")
        .await
        .expect(200);
    let mut events = page["results"].as_array().unwrap().clone();
    events.reverse();
    events
}

async fn alerts(server: &TestServer) -> i64 {
    server.count("select count(*) from alerts").await
}

fn items(answer: &Answer) -> Vec<Value> {
    answer.expect(200)["items"].as_array().unwrap().clone()
}

/// Status of each item, whatever its action.
fn statuses(answer: &Answer) -> Vec<i64> {
    let status = |item: &Value| {
        item.as_object().unwrap().values().next().unwrap()["status"]
            .as_i64()
            .unwrap()
    };
    items(answer).iter().map(status).collect()
}

on_both! {
    async fn recorded_bulk_requests_are_stored_and_answered_as_their_clients_expect(server) {
        let key = key(server).await;
        let mut expected = 0;
        for (name, statuses_expected, descriptions) in [
            ("elasticsearch_js_9.4_bulk_create.http", vec![201, 201], vec!["m1", "m2"]),
            ("elasticsearch_py_9.5_bulk_put.http", vec![201, 201], vec!["hi", "two"]),
            ("fluentbit_5.1_es_bulk_create.http", vec![201, 201], vec!["forced door", "fan ok"]),
            ("opensearch_js_3.9_bulk.http", vec![201], vec!["m"]),
            ("pino_elasticsearch_9_es8_bulk.http", vec![201], vec!["bad login"]),
            ("rsyslog_8.2302_omelasticsearch_bulk.http", vec![201, 201], vec!["disk failure on sda", "login failed for \"bob\""]),
            ("syslogng_3.38_es_bulk_a.http", vec![201], vec!["login failed"]),
            ("syslogng_3.38_es_bulk_b.http", vec![201], vec!["kernel panic \"quoted\""]),
        ] {
            let request = recorded(name);
            let answer = request.send(server, &key).await;
            assert_eq!(statuses(&answer), statuses_expected, "{name}: {}", answer.text());
            assert_eq!(answer.header("x-elastic-product"), "Elasticsearch", "{name}");
            let accept = request.headers.iter().find(|(name, _)| name == "accept");
            let asked = accept.and_then(|(_, value)| value.split_once("compatible-with="));
            let media = asked.map_or("application/json".to_owned(), |(_, version)| {
                format!("application/vnd.elasticsearch+json;compatible-with={version}")
            });
            assert_eq!(answer.header("content-type"), media, "{name}");
            let value = answer.value();
            assert_eq!(value["errors"], false, "{name}");
            assert!(value["took"].is_u64(), "{name}");
            expected += statuses_expected.len();
            let stored = events(server).await;
            assert_eq!(stored.len(), expected, "{name}");
            let new = &stored[expected - descriptions.len()..];
            let said: Vec<&str> = new.iter().map(|event| event["description"].as_str().unwrap()).collect();
            assert_eq!(said, descriptions, "{name}");
        }
        // `{"_id":"e1","_index":"logs-x"}` again, from another client with the same key.
        let again = recorded("opensearch_py_3.2_bulk.http").send(server, &key).await;
        assert_eq!(statuses(&again), [200]);
        assert_eq!(events(server).await.len(), expected);
        // Fluent Bit's forced door is HIGH; levels of logs wake nobody.
        assert_eq!(alerts(server).await, 1);
    }
}

on_both! {
    async fn a_created_document_that_comes_again_conflicts_and_is_stored_once(server) {
        let key = key(server).await;
        let request = recorded("fluentbit_5.1_es_bulk_create.http");
        assert_eq!(statuses(&request.send(server, &key).await), [201, 201]);
        let again = request.send(server, &key).await;
        assert_eq!(statuses(&again), [409, 409]);
        let answer = again.value();
        assert_eq!(answer["errors"], true);
        let item = &answer["items"][0]["create"];
        assert_eq!(item["_id"], "132ad035-e72f-36c8-da93-c5ec3a6114a0");
        assert_eq!(item["_index"], "watchpost");
        assert_eq!(item["error"]["type"], "version_conflict_engine_exception");
        assert_eq!(events(server).await.len(), 2);
        assert_eq!(alerts(server).await, 1);
    }
}

on_both! {
    async fn an_index_that_comes_again_is_updated_in_word_and_stored_once(server) {
        let client = elastic(server).await;
        let body = "{\"index\":{\"_id\":\"1\"}}\n{\"message\":\"first\"}\n{\"index\":{\"_id\":\"1\"}}\n{\"message\":\"again\"}\n";
        let answer = client.send(Method::POST, "/logs/_bulk", body).await;
        assert_eq!(statuses(&answer), [201, 200]);
        assert_eq!(items(&answer)[1]["index"]["result"], "updated");
        // The name counts within its index alone.
        let other = client.send(Method::PUT, "/other/_bulk?refresh=true", body).await;
        assert_eq!(statuses(&other), [201, 200]);
        let stored = events(server).await;
        let said: Vec<&Value> = stored.iter().map(|event| &event["description"]).collect();
        assert_eq!(said, ["first", "first"]);
        assert_eq!(stored[0]["attributes"]["event"]["dataset"], "logs");
        assert_eq!(stored[1]["attributes"]["event"]["dataset"], "other");
    }
}

on_both! {
    async fn bad_documents_and_actions_are_refused_by_themselves(server) {
        let client = elastic(server).await.with("content-type", "application/x-ndjson");
        let body = "\n{\"index\":{\"_index\":\"a\"}}\n{\"message\":\"one\",\"severity\":\"HIGH\"}\n\
            {\"index\":{}}\n{\"message\":\n\
            {\"update\":{\"_id\":\"1\"}}\n{\"doc\":{\"a\":1}}\n\
            {\"delete\":{\"_id\":\"1\"}}\n\
            {\"create\":{}\n{\"message\":\"lost with its action\"}\n\
            {\"create\":{\"_id\":7}}\n{\"message\":\"two\"}\r\n\
            {\"create\":{}}";
        let answer = client.send(Method::POST, "/_bulk", body).await;
        assert_eq!(statuses(&answer), [201, 400, 400, 400, 400, 201, 400], "{}", answer.text());
        let items = items(&answer);
        let error = |at: usize, verb: &str| items[at][verb]["error"].clone();
        assert_eq!(error(1, "index")["type"], "document_parsing_exception");
        assert!(error(1, "index")["reason"].as_str().unwrap().contains("EOF"), "{items:?}");
        assert!(error(2, "update")["reason"].as_str().unwrap().contains("not served"));
        assert!(error(3, "delete")["reason"].as_str().unwrap().contains("not served"));
        assert_eq!(items[5]["create"]["_id"], "7");
        let stored = events(server).await;
        assert_eq!(stored.len(), 2);
        // Without a name of the sender's it has ours.
        let id = stored[0]["id"].as_i64().unwrap().to_string();
        assert_eq!(items[0]["index"]["_id"], id);
        assert_eq!(alerts(server).await, 1);
    }
}

on_both! {
    async fn a_body_that_can_never_be_read_is_a_400_in_the_clients_form(server) {
        let client = elastic(server).await;
        for body in ["", "\n\n", "plain words", "{\"message\":\"no action\"}\n{\"message\":\"x\"}\n"] {
            let answer = client.send(Method::POST, "/_bulk", body).await;
            let error = answer.expect(400);
            assert_eq!(error["status"], 400, "{body}");
            assert!(error["error"]["reason"].is_string() && error["error"]["root_cause"].is_array(), "{body}");
            assert_eq!(answer.header("x-elastic-product"), "Elasticsearch");
        }
        let pair = "{\"index\":{}}\n{\"message\":\"m\"}\n";
        let answer = client.send(Method::POST, "/_bulk", pair.repeat(50_001)).await;
        assert_eq!(answer.expect(413)["error"]["type"], "content_too_long_exception");
        assert_eq!(server.count("select count(*) from events").await, 0);
    }
}

on_both! {
    async fn bulk_bodies_may_be_compressed_and_answers_shortened(server) {
        let client = elastic(server).await;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"{\"create\":{}}\n{\"message\":\"packed\"}").unwrap();
        let packed = client.with("content-encoding", "gzip").with("content-type", "text/anything");
        let answer = packed
            .send(Method::POST, "/_bulk?filter_path=errors,items.*.status", encoder.finish().unwrap())
            .await;
        assert_eq!(answer.expect(200), json!({"errors": false, "items": [{"create": {"status": 201}}]}));
    }
}

on_both! {
    ["--rate-limit-anon", "4/hour"]
    async fn clients_of_elasticsearch_find_their_product_in_every_answer(server) {
        let client = elastic(server).await;
        let accept = "application/vnd.elasticsearch+json; compatible-with=8";
        let client = client.with("accept", accept);
        let product = client.get("/").await;
        assert!(product.expect(200)["version"]["number"].is_string());
        assert_eq!(product.header("content-type"), "application/vnd.elasticsearch+json;compatible-with=8");
        let head = client.send(Method::HEAD, "/", "").await;
        assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
        let licence = client.get("/_license").await;
        assert_eq!(licence.expect(200)["license"]["status"], "active");
        let health = client.get("/_cluster/health?wait_for_status=yellow&timeout=5s").await;
        assert_eq!(health.expect(200)["status"], "green");
        client.send(Method::POST, "/logs/_refresh", "").await.expect(200);
        client.get("/logs/_refresh").await.expect(200);
        let missing = client.get("/api/ingest/elastic/_cat/").await;
        missing.expect(404);
        let nobody = server.anonymous().with("accept", accept);
        let unknown = nobody.with("authorization", &format!("ApiKey wp_{}", "x".repeat(43)));
        let mut answers = vec![product, head, licence, missing];
        for client in [&nobody, &unknown, &nobody, &unknown] {
            let refused = client.send(Method::POST, "/_bulk", "").await;
            assert_eq!(refused.expect(401)["error"]["type"], "security_exception");
            answers.push(refused);
        }
        let limited = nobody.send(Method::POST, "/_bulk", "").await;
        assert_eq!(limited.expect(429)["status"], 429);
        assert!(!limited.header("retry-after").is_empty());
        answers.push(limited);
        for answer in answers {
            assert_eq!(answer.header("x-elastic-product"), "Elasticsearch");
        }
        // People in a browser get the page.
        let browser = server.anonymous().with("accept", "text/html");
        assert_eq!(browser.get("/").await.header("x-elastic-product"), "");
    }
}

on_both! {
    ["--rate-limit-ingest", "5/hour"]
    async fn a_request_beyond_the_allowance_is_429_in_each_form(server) {
        let key = key(server).await;
        let client = |scheme: &str| server.anonymous().with("authorization", &format!("{scheme} {key}"));
        let five = "{\"create\":{}}\n{\"message\":\"m\"}\n".repeat(5);
        client("ApiKey").send(Method::POST, "/_bulk", five.clone()).await.expect(200);
        let bulk = client("ApiKey").send(Method::POST, "/_bulk", five).await;
        assert_eq!(bulk.expect(429)["error"]["type"], "es_rejected_execution_exception");
        let hec = client("Splunk").send(Method::POST, "/services/collector", "{\"event\":\"x\"}").await;
        assert_eq!(hec.expect(429)["code"], 9);
        let push = r#"{"streams":[{"stream":{},"values":[["1","x"]]}]}"#;
        let loki = client("Bearer").send(Method::POST, "/loki/api/v1/push", push).await;
        assert_eq!(loki.status.as_u16(), 429);
        assert!(loki.header("content-type").starts_with("text/plain"));
        for answer in [bulk, hec, loki] {
            assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
        }
        assert_eq!(events(server).await.len(), 5);
    }
}

on_both! {
    async fn fluent_bits_events_for_splunk_are_stored(server) {
        let key = key(server).await;
        let answer = recorded("fluentbit_5.1_splunk_hec.http").send(server, &key).await;
        assert_eq!(answer.expect(200), json!({"text": "Success", "code": 0}));
        let stored = events(server).await;
        assert_eq!(stored[0]["description"], "forced door");
        assert_eq!(stored[0]["severity"], "HIGH");
        assert_eq!(stored[0]["occurred_at"], "2026-11-20T17:41:03.769550Z");
        assert_eq!(stored[1]["description"], "fan ok");
        assert_eq!((stored.len(), alerts(server).await), (2, 1));
    }
}

on_both! {
    async fn splunks_codes_say_what_is_wrong(server) {
        let client = splunk(server).await;
        let post = async |path: &str, body: &str| client.send(Method::POST, path, body.to_owned()).await;
        for (body, code) in [
            ("", 5),
            ("  \n", 5),
            ("{\"event\":", 6),
            ("{}", 12),
            ("{\"event\":\"\"}", 13),
            ("{\"event\":\"x\",\"fields\":[1]}", 15),
        ] {
            let answer = post("/services/collector/event", body).await.expect(400);
            assert_eq!(answer["code"], code, "{body}: {answer}");
            assert!(answer["text"].is_string());
        }
        assert_eq!(post("/services/collector/raw", "\n").await.expect(400)["code"], 5);
        assert_eq!(server.count("select count(*) from events").await, 0);
        // What can be stored is; a request of which anything was stored must not come again.
        let mixed = post("/services/collector/event/1.0", "{\"event\":\"a\"}{\"host\":\"h\"}{\"event\":\"c\"}").await.expect(200);
        assert_eq!((&mixed["code"], &mixed["invalid-event-number"], &mixed["rejected"]), (&json!(0), &json!(1), &json!(1)));
        assert_eq!(events(server).await.len(), 2);
        let refused = async |authorization: Option<&str>| {
            let client = server.anonymous();
            let client = authorization.map_or(client.clone(), |value| client.with("authorization", value));
            let answer = client.send(Method::POST, "/services/collector", "{\"event\":\"x\"}").await;
            (answer.status.as_u16(), answer.value()["code"].as_u64().unwrap())
        };
        assert_eq!(refused(None).await, (401, 2));
        assert_eq!(refused(Some("Bearer a.b.c")).await, (401, 3));
        assert_eq!(refused(Some("Splunk 11111111-2222-3333-4444-555555555555")).await, (403, 4));
    }
}

on_both! {
    async fn lines_of_the_raw_collector_get_what_the_address_says(server) {
        let client = splunk(server).await;
        let path = "/services/collector/raw?host=fw-1&sourcetype=pf&source=%2Fvar%2Flog%2Fpf&channel=c-1";
        let answer = client.send(Method::POST, path, "blocked one\r\n\nblocked two").await.expect(200);
        let stored = events(server).await;
        assert_eq!(stored.len(), 2);
        assert_eq!(stored[0]["source_name"], "fw-1");
        assert_eq!(stored[0]["attributes"]["log"]["file"]["path"], "/var/log/pf");
        assert_eq!(stored[0]["attributes"]["event"]["dataset"], "pf");
        // A channel asks for acknowledgement; what was answered is stored.
        assert_eq!(answer["ackId"], stored[0]["id"]);
        let question = json!({"acks": [answer["ackId"]]}).to_string();
        let acks = client.send(Method::POST, "/services/collector/ack?channel=c-1", question).await;
        assert_eq!(acks.expect(200), json!({"acks": {answer["ackId"].to_string(): true}}));
        for bad in ["", "{}", "{\"acks\":\"x\"}"] {
            client.send(Method::POST, "/services/collector/ack", bad).await.expect(400);
        }
    }
}

on_both! {
    async fn the_collectors_health_is_told_to_everyone(server) {
        for path in ["/services/collector/health", "/services/collector/health/1.0"] {
            let health = server.anonymous().get(path).await;
            assert_eq!(health.expect(200), json!({"text": "HEC is healthy", "code": 17}));
        }
    }
}

on_both! {
    async fn fluent_bits_streams_for_loki_are_stored_once(server) {
        let key = key(server).await;
        let mut request = recorded("fluentbit_5.1_loki_push.http");
        request.headers.push(("authorization".to_owned(), "Bearer".to_owned()));
        for _ in 0..2 {
            let answer = request.send(server, &key).await;
            assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
        }
        let stored = events(server).await;
        assert_eq!(stored.len(), 2);
        assert_eq!(stored[0]["description"], "forced door");
        assert_eq!(stored[0]["severity"], "HIGH");
        assert_eq!(stored[0]["attributes"]["labels"]["job"], "wp");
        assert_eq!(stored[1]["severity"], "LOW");
        assert_eq!(alerts(server).await, 1);
    }
}

/// A push of one stream in protobuf and Snappy, written byte by byte.
fn packed_push(labels: &str, line: &str, metadata: &[(&str, &str)]) -> Vec<u8> {
    fn part(tag: u8, bytes: &[u8]) -> Vec<u8> {
        assert!(bytes.len() < 128);
        [&[tag << 3 | 2, u8::try_from(bytes.len()).unwrap()], bytes].concat()
    }
    // 1795196463 s and 5 ns.
    let time = [&[0x08][..], &[0xaf, 0x8c, 0x82, 0xd8, 0x06], &[0x10, 5]].concat();
    let pairs: Vec<u8> = metadata
        .iter()
        .flat_map(|(name, value)| {
            part(
                3,
                &[part(1, name.as_bytes()), part(2, value.as_bytes())].concat(),
            )
        })
        .collect();
    let entry = [part(1, &time), part(2, line.as_bytes()), pairs].concat();
    let stream = [part(1, labels.as_bytes()), part(2, &entry)].concat();
    let push = part(1, &stream);
    // A block of Snappy: its length, then everything as one literal.
    let length = u8::try_from(push.len()).unwrap();
    assert!(length > 60 && length < 128);
    [&[length, 60 << 2, length - 1], &push[..]].concat()
}

on_both! {
    async fn protobuf_for_loki_is_stored_and_its_bombs_are_not_unpacked(server) {
        let key = server.key(None).await.with("content-type", "application/x-protobuf");
        let path = "/loki/api/v1/push";
        let push = packed_push("{host=\"web-1\", level=\"error\"}", "disk failed", &[("pod", "p-7")]);
        for client in [key.clone(), key.with("content-encoding", "snappy")] {
            let answer = client.send(Method::POST, path, push.clone()).await;
            assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
        }
        let stored = events(server).await;
        assert_eq!(stored.len(), 1);
        assert_eq!(stored[0]["description"], "disk failed");
        assert_eq!(stored[0]["severity"], "MEDIUM");
        assert_eq!(stored[0]["source_name"], "web-1");
        assert_eq!(stored[0]["occurred_at"], "2026-11-20T17:41:03.000000Z");
        assert_eq!(stored[0]["attributes"]["labels"]["pod"], "p-7");
        let bomb = key.send(Method::POST, path, vec![0x80, 0x80, 0x80, 0x80, 0x08]).await;
        assert_eq!(bomb.status.as_u16(), 413, "{}", bomb.text());
        for bad in [vec![0xff; 10], vec![], push[..push.len() - 1].to_vec()] {
            let answer = key.send(Method::POST, path, bad).await;
            assert_eq!(answer.status.as_u16(), 400);
            assert!(answer.header("content-type").starts_with("text/plain"), "{}", answer.text());
        }
        let labels = packed_push("{host=web-1, level=\"error\"}}}", "never stored anywhere, for its labels are none", &[]);
        assert_eq!(key.send(Method::POST, path, labels).await.status.as_u16(), 400);
        assert_eq!(events(server).await.len(), 1);
    }
}

on_both! {
    async fn pushes_of_loki_may_be_compressed_and_keep_what_is_good(server) {
        let key = server.key(None).await;
        let push = br#"{"streams":[{"stream":{"app":"shop"},"values":[["1795196463000000000","bought",{"user":"u"}],["soon","lost"]]}]}"#;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(push).unwrap();
        let client = key.with("content-encoding", "gzip").with("content-type", "application/json");
        let answer = client.send(Method::POST, "/loki/api/v1/push", encoder.finish().unwrap()).await;
        assert_eq!(answer.status.as_u16(), 204, "{}", answer.text());
        let stored = events(server).await;
        assert_eq!(stored.len(), 1);
        assert_eq!(stored[0]["source_name"], "shop");
        assert_eq!(stored[0]["attributes"]["labels"]["user"], "u");
    }
}

on_both! {
    async fn a_key_bound_to_a_source_speaks_for_no_other(server) {
        let key = server.key(Some("edge")).await;
        let bulk = "{\"index\":{\"_id\":\"1\"}}\n{\"message\":\"m\",\"host\":\"other\"}\n";
        key.send(Method::POST, "/_bulk", bulk).await.expect(200);
        key.send(Method::POST, "/services/collector", "{\"event\":\"x\",\"host\":\"other\"}").await.expect(200);
        let push = r#"{"streams":[{"stream":{"host":"other"},"values":[["1","x"]]}]}"#;
        assert_eq!(key.send(Method::POST, "/loki/api/v1/push", push).await.status.as_u16(), 204);
        let stored = events(server).await;
        assert_eq!(stored.len(), 3);
        assert!(stored.iter().all(|event| event["source_name"] == "edge"));
    }
}
