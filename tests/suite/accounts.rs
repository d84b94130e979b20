//! Each record is counted once, whatever its sender does; what is refused for want of room spends
//! nothing, and no small request becomes a large one.

use http::Method;
use serde_json::{Value, json};
use store::{Engine, StoreError, Tx};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use watchpost::sources::flush;

use crate::harness::{TestServer, event, until};

/// Holds everybody's commits until the sender is used or dropped.
pub async fn hold(server: &TestServer) -> std::sync::mpsc::Sender<()> {
    let (let_go, wait) = std::sync::mpsc::channel::<()>();
    let (holds, held) = tokio::sync::oneshot::channel();
    let store = server.server.app().store.clone();
    tokio::spawn(async move {
        store
            .write(move |tx: &mut Tx<'_>| {
                if tx.engine() == Engine::Postgres {
                    tx.execute("lock table events in access exclusive mode", &[])?;
                }
                holds.send(()).ok();
                wait.recv().ok();
                Ok::<_, StoreError>(())
            })
            .await
    });
    held.await.unwrap();
    let_go
}

async fn open_connections(server: &TestServer) -> i64 {
    let metrics = server.admin.get("/metrics").await.text();
    let line = metrics
        .lines()
        .find_map(|line| line.strip_prefix("watchpost_connections_open "));
    line.unwrap().parse().unwrap()
}

async fn key_of(server: &TestServer) -> String {
    let key = server
        .admin
        .post("/api/keys/", &json!({"name": "hasty"}))
        .await
        .expect(201);
    key["key"].as_str().unwrap().to_owned()
}

/// Sums of the counts by outcome: 0 accepted, 1 rejected, 2 repeated, 3 throttled.
pub async fn counted(server: &TestServer) -> [i64; 4] {
    flush(server.server.app(), server.server.ingest().sources())
        .await
        .unwrap();
    let sum = |outcome: &'static str| async move { server.count(outcome).await };
    [
        sum("select cast(coalesce(sum(n), 0) as bigint) from source_counts where outcome = 1")
            .await,
        sum("select cast(coalesce(sum(n), 0) as bigint) from source_counts where outcome = 2")
            .await,
        sum("select cast(coalesce(sum(n), 0) as bigint) from source_counts where outcome = 3")
            .await,
        sum("select count(*) from dead_letters").await,
    ]
}

on_both! {
    async fn what_a_client_does_not_wait_for_is_counted(server) {
        let key = key_of(server).await;
        for path in ["/api/events/", "/api/ingest/json/"] {
            let before = (open_connections(server).await, server.count("select count(*) from events").await);
            let already = counted(server).await;
            let let_go = hold(server).await;
            let body = format!("{}\n[1]\n{}\n", event("LOW", "fw-01"), event("LOW", "fw-02"));
            let length = body.len();
            let request = format!(
                "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\
                 Content-Type: application/x-ndjson\r\nContent-Length: {length}\r\n\r\n{body}"
            );
            let mut client = TcpStream::connect(server.server.address()).await.unwrap();
            client.write_all(request.as_bytes()).await.unwrap();
            until("it waits", async || server.server.ingest().waiting() == 2).await;
            drop(client);
            until("it is gone", async || open_connections(server).await == before.0).await;
            drop(let_go);
            until("it is stored", async || {
                server.count("select count(*) from events").await == before.1 + 2
            }).await;
            until("it is counted", async || {
                let now = counted(server).await;
                [now[0] - already[0], now[1] - already[1], now[2] - already[2], now[3] - already[3]]
                    == [2, 1, 0, 1]
            }).await;
        }
    }
}

on_both! {
    async fn a_source_over_its_rate_takes_nothing_from_the_others(server) {
        for name in ["fw-01", "fw-02"] {
            server.admin.post("/api/sources/", &json!({"name": name, "rate_limit": 5})).await.expect(201);
        }
        let (one, other) = (server.key(None).await, server.key(None).await);
        let many = |source: &str, n: usize| -> Value { (0..n).map(|_| event("LOW", source)).collect() };
        one.post("/api/events/", &many("fw-02", 10)).await.expect(200);
        let both: Value = (0..20).map(|n| event("LOW", if n % 2 == 0 { "fw-01" } else { "fw-02" })).collect();
        one.post("/api/events/", &both).await.problem(429);
        one.post("/api/events/", &many("fw-01", 10)).await.expect(200);
        // Whoever else claims to be it has spent nothing of another's allowance.
        other.post("/api/events/", &many("fw-02", 10)).await.expect(200);
        other.post("/api/events/", &many("fw-02", 10)).await.problem(429);
    }
}

on_both! {
    async fn labels_that_all_records_share_do_not_multiply_without_end(server) {
        let key = server.key(None).await;
        let labels: serde_json::Map<String, Value> =
            (0..54).map(|n| (format!("label_{n}"), "x".repeat(1_000).into())).collect();
        let push = |entries: usize| {
            let values: Vec<Value> = (0..entries).map(|n| json!([format!("17000000000{n:08}"), "x"])).collect();
            json!({"streams": [{"stream": labels, "values": values}]})
        };
        let refused = key.json(Method::POST, "/loki/api/v1/push", &push(9_000)).await;
        assert_eq!(refused.status, 413, "{}", refused.text());
        assert!(refused.text().contains("nothing was stored"), "{}", refused.text());
        assert_eq!(server.count("select count(*) from events").await, 0);
        key.json(Method::POST, "/loki/api/v1/push", &push(100)).await.expect(204);
        assert_eq!(server.count("select count(*) from events").await, 100);
    }
}

on_both! {
    async fn a_shipper_sends_more_than_ten_thousand_records_at_once(server) {
        let key = server.key(None).await.with("content-type", "application/x-ndjson");
        let lines = |n: usize| (0..n).map(|n| format!("{{\"message\":\"m{n}\"}}\n")).collect::<String>();
        let answer = key.send(Method::POST, "/api/ingest/json/", lines(50_000)).await.expect(200);
        assert_eq!(answer["accepted"], 50_000);
        key.send(Method::POST, "/api/ingest/json/", lines(50_001)).await.problem(413);
        assert_eq!(server.count("select count(*) from events").await, 50_000);
    }
}

on_both! {
    async fn more_than_half_of_the_bytes_that_may_wait_are_503(server) {
        let (loud, other) = (server.key(None).await, server.key(None).await);
        let large: Value = (0..510)
            .map(|_| {
                let mut event = event("LOW", "fw");
                event["attributes"] = json!({"pad": "x".repeat(62_000)});
                event
            })
            .collect();
        let send = |key: &crate::harness::Client, events: &Value| {
            let (key, events) = (key.clone(), events.clone());
            tokio::spawn(async move { key.post("/api/events/", &events).await })
        };
        let let_go = hold(server).await;
        let half = send(&loud, &large);
        until("half of the room is taken", async || server.server.ingest().waiting() == 510).await;
        let some: Value = large.as_array().unwrap()[..100].to_vec().into();
        let refused = loud.post("/api/events/", &some).await;
        let problem = refused.problem(503);
        assert_eq!(problem["detail"], "too many events are waiting; nothing was stored");
        assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
        let theirs = send(&other, &some);
        until("another's wait beside them", async || server.server.ingest().waiting() == 610).await;
        drop(let_go);
        assert_eq!(half.await.unwrap().expect(200)["accepted"], 510);
        assert_eq!(theirs.await.unwrap().expect(200)["accepted"], 100);
        assert_eq!(loud.post("/api/events/", &some).await.expect(200)["accepted"], 100);
        assert_eq!(counted(server).await, [710, 0, 100, 0]);
    }
}

on_both! {
    async fn a_repetition_of_what_is_still_under_way_is_409(server) {
        let key = server.key(None).await;
        let (named, waiting) = (key.with("idempotency-key", "k"), || server.server.ingest().waiting());
        let send = |key: &crate::harness::Client| {
            let key = key.clone();
            tokio::spawn(async move { key.post("/api/events/", &event("HIGH", "fw")).await })
        };
        let let_go = hold(server).await;
        // The commit that is under way keeps the two that follow together.
        let before = send(&key);
        until("the first waits", async || waiting() == 1).await;
        server.anonymous().get("/healthz").await.expect(200);
        let first = send(&named);
        until("the second waits", async || waiting() == 2).await;
        let again = send(&named);
        until("the third waits", async || waiting() == 3).await;
        drop(let_go);
        before.await.unwrap().expect(201);
        let first = first.await.unwrap().expect(201);
        let problem = again.await.unwrap().problem(409);
        assert!(problem["detail"].as_str().unwrap().contains("still being answered"), "{problem}");
        assert_eq!(send(&named).await.unwrap().expect(201), first);
        assert_eq!(server.count("select count(*) from events").await, 2);
    }
}
