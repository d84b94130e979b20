//! Requests that no client library would send: bytes on a connection, to the real server.

use std::net::SocketAddr;

use serde_json::json;

use crate::harness::{Answer, TestServer, event, exchange, exchange_cut};

/// Who sends, and where to.
struct Sender {
    address: SocketAddr,
    key: String,
}

impl Sender {
    async fn of(server: &TestServer) -> Self {
        let body = json!({"name": "k"});
        let made = server.admin.post("/api/keys/", &body).await.expect(201);
        Self {
            address: server.server.address(),
            key: made["key"].as_str().unwrap().to_owned(),
        }
    }

    /// A request for an event, with other headers; its body as it stands.
    fn request(&self, headers: &str, body: &str) -> Vec<u8> {
        let key = &self.key;
        let request = format!(
            "POST /api/events/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Authorization: Bearer {key}\r\nContent-Type: application/json\r\n{headers}\r\n{body}"
        );
        request.into_bytes()
    }

    async fn send(&self, headers: &str, body: &str) -> Answer {
        exchange(self.address, &self.request(headers, body)).await
    }

    async fn break_off(&self, headers: &str, body: &str) -> Answer {
        exchange_cut(self.address, &self.request(headers, body)).await
    }
}

fn length(of: usize) -> String {
    format!("Content-Length: {of}\r\n")
}

on_both! {
    async fn what_is_said_twice_counts_as_nothing(server) {
        let sender = Sender::of(server).await;
        let body = event("LOW", "fw").to_string();
        sender.send(&length(body.len()), &body).await.expect(201);
        for (first, second) in [("identity", "gzip"), ("gzip", "identity"), ("identity", "identity")] {
            let headers = format!("Content-Encoding: {first}\r\nContent-Encoding: {second}\r\n{}", length(body.len()));
            sender.send(&headers, &body).await.problem(415);
        }
        for scheme in ["Bearer", "ApiKey", "Splunk"] {
            let headers = format!("Authorization: {scheme} {}\r\n{}", sender.key, length(body.len()));
            sender.send(&headers, &body).await.problem(401);
        }
        assert_eq!(server.count("select count(*) from events").await, 1);
    }
}

on_both! {
    async fn a_body_that_breaks_off_is_no_event(server) {
        let sender = Sender::of(server).await;
        let body = event("LOW", "fw").to_string();
        let short = sender.break_off(&length(body.len() + 1), &body).await;
        short.problem(400);
        let chunk = format!("{:x}\r\n{body}", body.len());
        let cut = sender.break_off("Transfer-Encoding: chunked\r\n", &chunk).await;
        cut.problem(400);
        let whole = format!("{chunk}\r\n0\r\n\r\n");
        sender.send("Transfer-Encoding: chunked\r\n", &whole).await.expect(201);
        assert_eq!(server.count("select count(*) from events").await, 1);
    }
}

on_both! {
    async fn heads_that_can_be_understood_in_two_ways_are_refused(server) {
        let sender = Sender::of(server).await;
        let body = event("LOW", "fw").to_string();
        let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
        for (headers, status) in [
            (format!("Transfer-Encoding: chunked\r\n{}", length(body.len())), 400),
            (format!("{}Transfer-Encoding: chunked\r\n", length(body.len())), 400),
            (format!("{}{}", length(body.len()), length(body.len() - 1)), 400),
            ("Content-Length: -1\r\n".to_owned(), 400),
            ("Transfer-Encoding: gzip\r\n".to_owned(), 400),
            ("Transfer-Encoding: gzip, chunked\r\n".to_owned(), 501),
            (format!("X-Long: {}\r\n", "x".repeat(70_000)), 431),
            ("X-Many: x\r\n".repeat(1_000), 431),
        ] {
            let answer = sender.send(&headers, &chunked).await;
            assert_eq!(answer.status.as_u16(), status, "{}: {}", &headers[..40.min(headers.len())], answer.text());
        }
        assert_eq!(server.count("select count(*) from events").await, 0);
        server.admin.get("/api/me/").await.expect(200);
    }
}
