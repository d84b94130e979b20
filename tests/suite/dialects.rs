//! What every way in refuses, and how: in the form that the programs which use it read.

use base::{Clock, MockClock, Timestamp};
use http::Method;
use prost::Message as _;
use serde_json::{Value, json};

use crate::accounts::{counted, hold};
use crate::harness::{Answer, Client, Kind, TestServer, exchange, until};

/// A way in, and a body of one record for it.
pub struct Way {
    pub path: &'static str,
    pub media: &'static str,
    pub record: &'static [u8],
}

/// All of them.
pub const WAYS: [Way; 8] = [
    Way {
        path: "/api/events/",
        media: "application/json",
        record: br#"{"source_name":"fw-01","event_type":"t","severity":"LOW","description":"d"}"#,
    },
    Way {
        path: "/api/ingest/json/",
        media: "application/json",
        record: br#"{"message":"m"}"#,
    },
    Way {
        path: "/_bulk",
        media: "application/x-ndjson",
        record: b"{\"index\":{}}\n{\"message\":\"m\"}\n",
    },
    Way {
        path: "/services/collector/event",
        media: "application/json",
        record: br#"{"event":"e"}"#,
    },
    Way {
        path: "/loki/api/v1/push",
        media: "application/json",
        record: br#"{"streams":[{"stream":{"app":"a"},"values":[["1795196463000000000","l"]]}]}"#,
    },
    Way {
        path: "/v1/logs",
        media: "application/json",
        record:
            br#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"b"}}]}]}]}"#,
    },
    Way {
        path: "/v1/logs",
        media: "application/x-protobuf",
        record: b"\x0a\x09\x12\x07\x12\x05\x2a\x03\x0a\x01b",
    },
    Way {
        path: "/api/v2/alerts",
        media: "application/json",
        record: br#"[{"labels":{"alertname":"a"}}]"#,
    },
];

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Status {
    #[prost(int32, tag = "1")]
    pub code: i32,
    #[prost(string, tag = "2")]
    pub message: String,
}

impl Way {
    /// Sends a body this way.
    pub async fn send(&self, client: &Client, body: impl Into<bytes::Bytes>) -> Answer {
        let client = client.with("content-type", self.media);
        client.send(Method::POST, self.path, body).await
    }

    /// Sends the one record.
    pub async fn send_one(&self, client: &Client) -> Answer {
        self.send(client, self.record).await
    }

    /// Checks that an answer is this refusal, in the form of this way.
    #[track_caller]
    pub fn refuses(&self, answer: &Answer, status: u16) {
        let said = answer.text();
        assert_eq!(answer.status.as_u16(), status, "{}: {said}", self.path);
        if matches!(status, 429 | 503) {
            let wait: u64 = answer.header("retry-after").parse().unwrap();
            assert!(wait > 0, "{}", self.path);
        }
        match (self.path, self.media) {
            ("/_bulk", _) => {
                let value = answer.value();
                let kind = match status {
                    403 => "security_exception",
                    413 => "content_too_long_exception",
                    415 => "media_type_header_exception",
                    429 => "es_rejected_execution_exception",
                    503 => "unavailable_shards_exception",
                    _ => "illegal_argument_exception",
                };
                assert_eq!(value["error"]["type"], kind, "{said}");
                assert_eq!(value["error"]["root_cause"][0]["type"], kind, "{said}");
                assert_eq!(value["status"], status, "{said}");
                assert_eq!(answer.header("x-elastic-product"), "Elasticsearch");
            }
            ("/services/collector/event", _) => {
                let code = match status {
                    403 => 4,
                    405 => 404,
                    429 | 503 => 9,
                    _ => 6,
                };
                assert_eq!(answer.value()["code"], code, "{said}");
            }
            ("/loki/api/v1/push", _) => {
                assert!(answer.header("content-type").starts_with("text/plain"));
                assert!(said.len() > 1 && said.ends_with('\n'), "{said}");
            }
            ("/v1/logs", media) => {
                assert_eq!(answer.header("content-type"), media, "{said}");
                let code = match status {
                    403 => 7,
                    405 => 5,
                    429 => 8,
                    503 => 14,
                    _ => 3,
                };
                let status = if media == "application/json" {
                    let value = answer.value();
                    let message = value["message"].as_str().unwrap().to_owned();
                    (value["code"].as_i64().unwrap(), message)
                } else {
                    let status = Status::decode(answer.body.clone()).unwrap();
                    (i64::from(status.code), status.message)
                };
                assert_eq!(status.0, code, "{said}");
                assert!(!status.1.is_empty());
            }
            ("/api/v2/alerts", _) => {
                assert_eq!(answer.value()["code"], status, "{said}");
                assert!(answer.value()["message"].is_string(), "{said}");
            }
            _ => drop(answer.problem(status)),
        }
    }
}

async fn events(server: &TestServer) -> i64 {
    server.count("select count(*) from events").await
}

/// A key as it is given out.
async fn token(server: &TestServer) -> String {
    let body = json!({"name": "shipper"});
    let made = server.admin.post("/api/keys/", &body).await.expect(201);
    made["key"].as_str().unwrap().to_owned()
}

on_both! {
    async fn every_way_takes_its_one_record(server) {
        let key = server.key(None).await;
        for (n, way) in (1..).zip(&WAYS) {
            let answer = way.send_one(&key).await;
            assert!(answer.status.is_success(), "{}: {}", way.path, answer.text());
            assert_eq!(events(server).await, n, "{}", way.path);
        }
    }
}

on_both! {
    async fn a_key_of_another_network_is_403_in_every_dialect(server) {
        let body = json!({"name": "far", "networks": ["198.51.100.0/24"]});
        let made = server.admin.post("/api/keys/", &body).await.expect(201);
        let far = server.anonymous().with_bearer(made["key"].as_str().unwrap());
        for way in &WAYS {
            way.refuses(&way.send_one(&far).await, 403);
        }
        assert_eq!(events(server).await, 0);
    }
}

on_both! {
    async fn another_method_is_405_in_every_dialect(server) {
        let key = server.key(None).await;
        for way in &WAYS {
            let client = key.with("content-type", way.media);
            let answer = client.send(Method::PATCH, way.path, way.record).await;
            way.refuses(&answer, 405);
            assert!(answer.header("allow").contains("POST"), "{}: {:?}", way.path, answer.headers);
        }
    }
}

on_both! {
    async fn an_encoding_that_nobody_reads_is_415_in_every_dialect(server) {
        let key = server.key(None).await.with("content-encoding", "br");
        for way in &WAYS {
            let answer = way.send_one(&key).await;
            way.refuses(&answer, 415);
            assert_eq!(answer.header("accept-encoding"), "gzip, zstd", "{}", way.path);
        }
        assert_eq!(events(server).await, 0);
    }
}

on_both! {
    ["--rate-limit-ingest", "1/hour"]
    async fn a_record_beyond_the_allowance_is_429_in_every_dialect(server) {
        let key = server.key(None).await;
        WAYS[0].send_one(&key).await.expect(201);
        for way in &WAYS {
            way.refuses(&way.send_one(&key).await, 429);
        }
        assert_eq!(events(server).await, 1);
    }
}

async fn rates(kind: Kind) {
    let clock = MockClock::at(Timestamp::parse("2026-06-01T12:00:00Z").unwrap());
    let server = TestServer::start(kind, &[], Clock::mock(&clock)).await;
    let source = json!({"name": "fw-01", "rate_limit": 5});
    let key = server.key(Some("fw-01")).await;
    server
        .admin
        .post("/api/sources/", &source)
        .await
        .expect(201);
    let ten = "{\"message\":\"m\"}\n".repeat(10);
    WAYS[1].send(&key, ten.clone()).await.expect(200);
    for way in &WAYS {
        let answer = way.send_one(&key).await;
        way.refuses(&answer, 429);
        assert_eq!(answer.header("retry-after"), "1", "{}", way.path);
    }
    assert_eq!(events(&server).await, 10);
    let throttled = i64::try_from(WAYS.len()).unwrap();
    assert_eq!(counted(&server).await, [10, 0, throttled, 0]);
    clock.advance(std::time::Duration::from_secs(2));
    WAYS[1].send(&key, ten).await.expect(200);
    server.end().await;
}

on_each_kind!(a_source_beyond_its_rate_is_429_in_every_dialect, rates);

on_both! {
    async fn a_full_queue_is_503_in_every_dialect_and_another_key_still_gets_in(server) {
        let (loud, other, third) = (server.key(None).await, server.key(None).await, server.key(None).await);
        let ingest = server.server.ingest();
        let let_go = hold(server).await;
        let many = |key: &Client, n: usize| {
            let key = key.clone();
            tokio::spawn(async move { WAYS[1].send(&key, "{\"message\":\"m\"}\n".repeat(n)).await })
        };
        let half = many(&loud, 32_768);
        until("half of the room is taken", async || ingest.waiting() == 32_768).await;
        for way in &WAYS {
            let answer = way.send_one(&loud).await;
            way.refuses(&answer, 503);
            let said = String::from_utf8_lossy(&answer.body).into_owned();
            assert!(said.contains("too many events are waiting"), "{}: {said}", way.path);
        }
        let health = server.anonymous().get("/services/collector/health").await;
        assert_eq!(health.expect(200)["code"], 17);
        let rest = many(&other, 32_768);
        until("all of the room is taken", async || ingest.waiting() == 65_536).await;
        WAYS[0].refuses(&WAYS[0].send_one(&third).await, 503);
        let health = server.anonymous().get("/services/collector/health").await;
        assert_eq!(health.expect(503)["code"], 18);
        assert_eq!(health.header("retry-after"), "1");
        drop(let_go);
        for sent in [half, rest] {
            assert_eq!(sent.await.unwrap().expect(200)["accepted"], 32_768);
        }
        WAYS[0].send_one(&loud).await.expect(201);
        let throttled = i64::try_from(WAYS.len() + 1).unwrap();
        assert_eq!(counted(server).await, [65_537, 0, throttled, 0]);
        assert_eq!(events(server).await, 65_537);
    }
}

on_both! {
    async fn more_elements_than_any_request_may_have_are_413_and_nothing_of_them_is_kept(server) {
        let key = server.key(None).await;
        let list = |element: &str| format!("[{}{element}]", format!("{element},").repeat(100_000));
        let records = |name: &str| format!("{{\"{name}\":{}}}", list("{}"));
        let logs = format!("{{\"resourceLogs\":[{{\"scopeLogs\":[{{\"logRecords\":{}}}]}}]}}", list("{}"));
        let scopes = format!("{{\"resourceLogs\":[{{\"scopeLogs\":{}}}]}}", list("{}"));
        for (way, body) in [
            (&WAYS[1], list("{\"a\":1}")),
            (&WAYS[1], records("Records")),
            (&WAYS[3], list("{\"event\":1}")),
            (&WAYS[5], logs),
            (&WAYS[5], scopes),
            (&WAYS[7], list("{}")),
        ] {
            way.refuses(&way.send(&key, body).await, 413);
        }
        for (format, body) in [("alertmanager", records("alerts")), ("cloudtrail", records("Records")), ("guardduty", records("Findings")), ("wazuh", list("1"))] {
            let client = key.with("content-type", "application/json");
            let answer = client.send(Method::POST, &format!("/api/ingest/{format}/"), body).await;
            let problem = answer.problem(413);
            assert!(problem["detail"].as_str().unwrap().contains("50000 records"), "{problem}");
        }
        assert_eq!(events(server).await, 0);
        assert_eq!(counted(server).await, [0, 0, 0, 0]);
    }
}

on_both! {
    async fn more_bytes_than_a_body_may_have_are_413_in_every_dialect(server) {
        let token = token(server).await;
        let address = server.server.address();
        let head = |way: &Way, more: &str| {
            format!(
                "POST {} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
                 Content-Type: {}\r\n{more}\r\n",
                way.path, way.media
            )
        };
        for way in &WAYS {
            // Said at the beginning, nothing of it need be sent.
            let plain = head(way, &format!("Content-Length: {}\r\n", (32 << 20) + 1));
            way.refuses(&exchange(address, plain.as_bytes()).await, 413);
            let packed = head(way, &format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n", (8 << 20) + 1));
            way.refuses(&exchange(address, packed.as_bytes()).await, 413);
            let mut chunked = head(way, "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n").into_bytes();
            chunked.extend(format!("{:x}\r\n", (8 << 20) + 1).into_bytes());
            chunked.resize(chunked.len() + (8 << 20) + 1, b'x');
            way.refuses(&exchange(address, &chunked).await, 413);
        }
        for way in &WAYS[..2] {
            let mut chunked = head(way, "Transfer-Encoding: chunked\r\n").into_bytes();
            chunked.extend(format!("{:x}\r\n", (32 << 20) + 1).into_bytes());
            chunked.resize(chunked.len() + (32 << 20) + 1, b' ');
            way.refuses(&exchange(address, &chunked).await, 413);
        }
        assert_eq!(events(server).await, 0);
    }
}

on_both! {
    async fn an_index_or_a_name_that_is_too_long_is_refused_as_elasticsearch_does_it(server) {
        let key = server.key(None).await;
        let long = key.send(Method::POST, &format!("/{}/_bulk", "x".repeat(256)), WAYS[2].record).await;
        WAYS[2].refuses(&long, 400);
        assert!(long.text().contains("index"), "{}", long.text());
        let name = |length: usize| format!("{{\"create\":{{\"_id\":\"{}\"}}}}\n{{\"message\":\"m\"}}\n", "i".repeat(length));
        let body = [name(513), name(512)].concat();
        let answer = key.send(Method::POST, &format!("/{}/_bulk", "x".repeat(255)), body).await.expect(200);
        assert_eq!(answer["errors"], true);
        let statuses: Vec<&Value> = answer["items"].as_array().unwrap().iter().map(|item| &item["create"]["status"]).collect();
        assert_eq!(statuses, [400, 201], "{answer}");
        assert_eq!(events(server).await, 1);
    }
}

on_both! {
    async fn too_many_acknowledgements_are_not_asked_for_at_once(server) {
        let key = server.key(None).await;
        let ask = async |n: usize, pad: usize| {
            let body = format!("{{\"acks\":[{}7]}}{}", "7,".repeat(n - 1), " ".repeat(pad));
            key.send(Method::POST, "/services/collector/ack", body).await
        };
        assert_eq!(ask(10_000, 0).await.expect(200), json!({"acks": {"7": true}}));
        assert_eq!(ask(10_001, 0).await.expect(400)["code"], 6);
        assert_eq!(ask(1, 1 << 20).await.expect(413)["code"], 6);
    }
}
