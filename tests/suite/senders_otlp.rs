//! Exporters and collectors of OpenTelemetry, as they were recorded and as their protocol has it.

use std::io::Write as _;

use http::Method;
use prost::Message as _;
use serde_json::{Value, json};

use crate::dialects::Status;
use crate::harness::{Answer, Client, TestServer};

const PROTOBUF: &str = "application/x-protobuf";

fn recorded(name: &str) -> Vec<u8> {
    let path = format!("{}/tests/fixtures/wire/{name}", env!("CARGO_MANIFEST_DIR"));
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let end = bytes
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .unwrap();
    bytes[end + 4..].to_vec()
}

async fn exporter(server: &TestServer) -> Client {
    server.key(None).await
}

async fn send(client: &Client, media: &str, body: impl Into<bytes::Bytes>) -> Answer {
    client
        .with("content-type", media)
        .send(Method::POST, "/v1/logs", body)
        .await
}

/// One record a word.
fn request(words: &[&str]) -> Value {
    let records: Vec<Value> = words
        .iter()
        .map(|word| {
            json!({
                "body": {"stringValue": word},
                "attributes": [{"key": "severity", "value": {"stringValue": "HIGH"}}],
            })
        })
        .collect();
    json!({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]})
}

async fn newest(server: &TestServer) -> Value {
    let page = server
        .admin
        .get("/api/events/?page_size=1")
        .await
        .expect(200);
    page["results"][0].clone()
}

#[derive(Clone, PartialEq, prost::Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<Partial>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Partial {
    #[prost(int64, tag = "1")]
    rejected_log_records: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

on_both! {
    async fn recorded_exporters_are_stored_and_answered_in_their_encoding(server) {
        let client = exporter(server).await;
        for (name, media, encoding, description, severity) in [
            ("otel_python_1.45_otlp_protobuf.http", PROTOBUF, None, "intrusion detected", "HIGH"),
            ("otel_python_1.45_otlp_protobuf_gzip.http", PROTOBUF, Some("gzip"), "intrusion detected", "HIGH"),
            ("otel_js_0.223_otlp_json.http", "application/json", None, "camera offline", "MEDIUM"),
            ("fluentbit_5.1_otlp_protobuf.http", PROTOBUF, None, "fan ok", "LOW"),
        ] {
            let client = match encoding {
                Some(encoding) => client.with("content-encoding", encoding),
                None => client.clone(),
            };
            let answer = send(&client, media, recorded(name)).await;
            assert_eq!(answer.status, 200, "{name}: {}", answer.text());
            assert_eq!(answer.header("content-type"), media, "{name}");
            let expected: &[u8] = if media == PROTOBUF { b"" } else { b"{}" };
            assert_eq!(&*answer.body, expected, "{name}");
            let event = newest(server).await;
            assert_eq!(event["description"], description, "{name}");
            assert_eq!(event["severity"], severity, "{name}");
        }
        assert_eq!(server.count("select count(*) from events").await, 5);
        assert_eq!(server.count("select count(*) from alerts").await, 3, "two of Python, one of Fluent Bit");
    }
}

on_both! {
    async fn records_that_cannot_be_read_are_told_and_the_others_stored(server) {
        let client = exporter(server).await;
        let mut request = request(&["one", "two", "three"]);
        let records = &mut request["resourceLogs"][0]["scopeLogs"][0]["logRecords"];
        records[1]["severityNumber"] = "loud".into();
        let answer = send(&client, "application/json", request.to_string()).await.expect(200);
        assert_eq!(answer["partialSuccess"]["rejectedLogRecords"], "1");
        let reason = answer["partialSuccess"]["errorMessage"].as_str().unwrap();
        assert!(reason.starts_with("record 1, severityNumber: "), "{reason}");
        assert_eq!(server.count("select count(*) from events").await, 2);
    }
}

on_both! {
    async fn refusals_are_told_in_the_encoding_of_the_request(server) {
        let client = exporter(server).await;
        let answer = send(&client, "application/json", "{\"resourceLogs\":").await;
        let status = answer.expect(400);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(status["code"], 3);
        assert!(status["message"].as_str().unwrap().starts_with("body: not OTLP"), "{status}");
        let answer = send(&client, PROTOBUF, &b"\x0a\x05abc"[..]).await;
        assert_eq!(answer.status, 400);
        assert_eq!(answer.header("content-type"), PROTOBUF);
        let status = Status::decode(answer.body).unwrap();
        assert_eq!(status.code, 3);
        assert!(status.message.contains("ends within a field"), "{}", status.message);
        let answer = send(&server.anonymous(), PROTOBUF, recorded("otel_python_1.45_otlp_protobuf.http")).await;
        assert_eq!(answer.status, 401);
        assert_eq!(Status::decode(answer.body).unwrap().code, 16);
        let answer = send(&client, "text/plain", "hello").await;
        assert_eq!(answer.expect(415)["code"], 3);
        let answer = send(&client.with("content-encoding", "br"), PROTOBUF, "x").await;
        assert_eq!(answer.status, 415);
        assert_eq!(server.count("select count(*) from events").await, 0);
    }
}

on_both! {
    async fn a_request_may_have_fifty_thousand_records(server) {
        let client = exporter(server).await;
        let words = vec!["x"; 50_001];
        let answer = send(&client, "application/json", request(&words).to_string()).await;
        assert_eq!(answer.expect(413)["code"], 3);
        assert_eq!(server.count("select count(*) from events").await, 0);
        let answer = send(&client, "application/json", request(&words[..50_000]).to_string()).await;
        answer.expect(200);
        assert_eq!(server.count("select count(*) from events").await, 50_000);
    }
}

on_both! {
    ["--rate-limit-ingest", "2/minute"]
    async fn a_sender_beyond_its_allowance_is_told_when_to_come_back(server) {
        let client = exporter(server).await;
        let body = request(&["one", "two"]).to_string();
        send(&client, "application/json", body.clone()).await.expect(200);
        let answer = send(&client, "application/json", body).await;
        assert_eq!(answer.expect(429)["code"], 8);
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=60).contains(&seconds), "{seconds}");
    }
}

on_both! {
    async fn a_record_with_a_uid_is_stored_once(server) {
        let client = exporter(server).await;
        let mut body = request(&["door forced"]);
        body["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["attributes"] = json!([
            {"key": "log.record.uid", "value": {"stringValue": "01ARZ3NDEKTSV4RRFFQ69G5FAV"}},
            {"key": "severity", "value": {"stringValue": "critical"}},
        ]);
        for _ in 0..3 {
            send(&client, "application/json", body.to_string()).await.expect(200);
        }
        assert_eq!(server.count("select count(*) from events").await, 1);
        assert_eq!(server.count("select count(*) from alerts").await, 1);
    }
}

on_both! {
    async fn an_empty_request_is_a_success(server) {
        let client = exporter(server).await;
        let answer = send(&client, PROTOBUF, "").await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
        let answer = send(&client, "application/json", "{\"resourceLogs\":[]}").await;
        assert_eq!(answer.expect(200), json!({}));
    }
}

on_both! {
    async fn a_broken_record_is_counted_in_either_encoding(server) {
        let client = exporter(server).await;
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        let mut body = request(&["good", "bad"]);
        body["resourceLogs"][0]["scopeLogs"][0]["logRecords"][1]["body"] = json!({"intValue": "x"});
        gzip.write_all(body.to_string().as_bytes()).unwrap();
        let client = client.with("content-encoding", "gzip");
        let answer = send(&client, "application/json", gzip.finish().unwrap()).await.expect(200);
        assert_eq!(answer["partialSuccess"]["rejectedLogRecords"], "1");
        let protobuf = send(&exporter(server).await, PROTOBUF, {
            // resource_logs { scope_logs { log_records { body { cut off } } } }
            vec![0x0a, 7, 0x12, 5, 0x12, 3, 0x2a, 5, b'x']
        }).await;
        let partial = Response::decode(protobuf.body).unwrap().partial_success.unwrap();
        assert_eq!(partial.rejected_log_records, 1);
        assert!(partial.error_message.starts_with("record 0, record: ends within"), "{}", partial.error_message);
    }
}
