//! Clients that send half a request, or never read their answer.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::harness::{TestServer, event};

/// Clients that send half a request, of each kind.
const HALF: usize = 40;
/// Clients that never read; each costs what fits into the system's buffers.
const UNREAD: usize = 6;
/// Longest anybody else may wait meanwhile: more than a busy machine needs, less than the
/// deadlines that end slow clients.
const SERVED_MAX: Duration = Duration::from_secs(5);

/// Opens a connection and sends what fits; nothing of the answer is ever read.
async fn say(server: &TestServer, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server.server.address()).await.unwrap();
    // The server stops reading when its answers are not read.
    let sent = tokio::time::timeout(Duration::from_millis(50), stream.write_all(text.as_bytes()));
    drop(sent.await);
    stream
}

on_both! {
    async fn slow_clients_do_not_keep_others_waiting(server) {
        let token = server.admin.post("/api/auth/token/", &serde_json::json!({
            "username": crate::harness::ADMIN.0, "password": crate::harness::ADMIN.1,
        })).await.expect(200);
        let key = token["access"].as_str().unwrap();
        let lines = format!("{}\n", event("HIGH", "fw")).repeat(200);
        let client = server.admin.with("content-type", "application/x-ndjson");
        client.send(http::Method::POST, "/api/events/", lines).await.expect(200);
        let head = format!("host: localhost\r\nauthorization: Bearer {key}\r\n");
        let half = format!(
            "POST /api/events/ HTTP/1.1\r\n{head}content-type: application/json\r\n\
             content-length: 100000\r\n\r\n{{\"source_name\": \"fw"
        );
        // Some 13 MB of answers: more than the system's buffers take.
        let list = format!("GET /api/events/?page_size=100 HTTP/1.1\r\n{head}\r\n").repeat(300);
        let mut open = Vec::new();
        for _ in 0..HALF {
            open.push(say(server, &half).await);
            open.push(say(server, "GET /api/events/ HT").await);
        }
        for _ in 0..UNREAD {
            open.push(say(server, &list).await);
        }
        for _ in 0..20 {
            let began = Instant::now();
            let stored = server.event("HIGH", "fw").await;
            server.admin.get(&format!("/api/alerts/{}/", stored["alert"])).await.expect(200);
            server.anonymous().get("/readyz").await.expect(200);
            let took = began.elapsed();
            assert!(took < SERVED_MAX, "others waited {took:?}");
        }
        assert_eq!(server.count("select count(*) from events").await, 220);
        drop(open);
    }
}
