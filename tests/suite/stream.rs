//! What changes, as it happens.

use std::net::SocketAddr;
use std::time::Duration;

use base::Clock;
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};
use watchpost::serve::Server;

use crate::harness::{
    ADMIN, Client, Database, Kind, PASSWORD, Place, TestServer, event, run_alone, settings,
};

/// How soon something must have been told; others that store are looked for every 2 s.
const SOON: Duration = Duration::from_secs(2);

/// One event of a stream.
#[derive(Debug)]
struct Told {
    name: String,
    id: Option<String>,
    data: Value,
}

/// An open stream.
struct Stream {
    body: Incoming,
    text: String,
    /// The last id read.
    id: String,
    _driver: tokio::task::JoinHandle<hyper::Result<()>>,
}

async fn token(address: SocketAddr, name: &str, password: &str) -> String {
    let body = json!({"username": name, "password": password});
    let answer = Client::to(address).post("/api/auth/token/", &body).await;
    answer.expect(200)["access"].as_str().unwrap().to_owned()
}

async fn admin_token(server: &TestServer) -> String {
    token(server.server.address(), ADMIN.0, ADMIN.1).await
}

/// Opens a stream; the headers with the body, or the status.
async fn open(
    address: SocketAddr,
    token: &str,
    last: Option<&str>,
) -> Result<(HeaderMap, Stream), (StatusCode, HeaderMap)> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let driver = tokio::spawn(connection);
    let mut request = Request::get("/api/stream/")
        .header("host", address.to_string())
        .header("authorization", format!("Bearer {token}"));
    if let Some(last) = last {
        request = request.header("last-event-id", last);
    }
    let answer = sender
        .send_request(request.body(Empty::<Bytes>::new()).unwrap())
        .await
        .unwrap();
    let (parts, body) = answer.into_parts();
    if parts.status != StatusCode::OK {
        return Err((parts.status, parts.headers));
    }
    let stream = Stream {
        body,
        text: String::new(),
        id: String::new(),
        _driver: driver,
    };
    Ok((parts.headers, stream))
}

impl Stream {
    async fn to(server: &TestServer, last: Option<&str>) -> Self {
        let token = admin_token(server).await;
        Self::with(server.server.address(), &token, last).await
    }

    /// Opens one and reads its first event.
    async fn with(address: SocketAddr, token: &str, last: Option<&str>) -> Self {
        let (headers, mut stream) = open(address, token, last).await.unwrap();
        assert_eq!(headers["content-type"], "text/event-stream");
        assert_eq!(headers["cache-control"], "no-store");
        let hello = stream.next().await.unwrap();
        assert_eq!(hello.name, "hello");
        assert!(hello.data["time"].is_string() && hello.data["resume"].is_string());
        stream
    }

    /// The next event; `None` at the end.
    async fn next(&mut self) -> Option<Told> {
        loop {
            if let Some((part, rest)) = self.text.split_once("\n\n") {
                let (part, rest) = (part.to_owned(), rest.to_owned());
                self.text = rest;
                let field = |name: &str| {
                    let prefix = format!("{name}: ");
                    let mut lines = part.lines().filter_map(|line| line.strip_prefix(&prefix));
                    let found = lines.next().map(str::to_owned);
                    assert!(lines.next().is_none(), "one line of {name}: {part}");
                    found
                };
                let (Some(name), Some(data)) = (field("event"), field("data")) else {
                    continue;
                };
                let id = field("id");
                if let Some(id) = &id {
                    self.id.clone_from(id);
                }
                let data = serde_json::from_str(&data).unwrap();
                return Some(Told { name, id, data });
            }
            let frame = self.body.frame().await?.ok()?;
            if let Ok(data) = frame.into_data() {
                self.text.push_str(std::str::from_utf8(&data).unwrap());
            }
        }
    }

    /// The next event of a name, within so long.
    #[track_caller]
    fn within(&mut self, longest: Duration, name: &str) -> impl Future<Output = Told> {
        let caller = std::panic::Location::caller();
        async move {
            let found = timeout(longest, async {
                loop {
                    let told = self.next().await.expect("the stream goes on");
                    if told.name == name {
                        return told;
                    }
                }
            });
            found
                .await
                .unwrap_or_else(|_| panic!("no {name} within {longest:?}, {caller}"))
        }
    }

    #[track_caller]
    fn soon(&mut self, name: &str) -> impl Future<Output = Told> {
        self.within(SOON, name)
    }

    /// Every alert told of by events of a name, until one has a number.
    async fn numbers_until(&mut self, name: &str, last: i64) -> Vec<i64> {
        let mut numbers = Vec::new();
        while numbers.last() != Some(&last) {
            numbers.push(self.soon(name).await.data["id"].as_i64().unwrap());
        }
        numbers
    }
}

async fn raise(server: &TestServer) -> i64 {
    server.event("HIGH", "fw").await["alert"].as_i64().unwrap()
}

async fn raise_many(server: &TestServer, n: usize) {
    let batch: Vec<Value> = (0..n).map(|_| event("CRITICAL", "fw")).collect();
    let answer = server.admin.post("/api/events/", &json!(batch)).await;
    assert_eq!(answer.expect(200)["accepted"], n);
}

on_both! {
    async fn what_happens_to_alerts_is_told_at_once(server) {
        let mut stream = Stream::to(server, None).await;
        let sent = server.event("HIGH", "fw-01").await;
        let told = stream.soon("alert.created").await;
        let alert = sent["alert"].as_i64().unwrap();
        assert_eq!(told.data["id"], alert);
        assert_eq!(told.data["event_id"], sent["id"]);
        assert_eq!(told.data["severity"], "HIGH");
        assert_eq!(told.data["status"], "OPEN");
        assert_eq!(told.data["source"], "fw-01");
        assert_eq!(told.data["type"], "intrusion");
        let path = format!("/api/alerts/{alert}/");
        let shown = server.admin.get(&path).await.expect(200);
        assert_eq!(told.data["title"], shown["title"]);
        assert_eq!(told.data["created_at"], shown["created_at"]);

        let change = json!({"status": "ACK", "assigned_to": "me"});
        let changed = server.admin.patch(&path, &change).await.expect(200);
        let told = stream.soon("alert.updated").await;
        for field in ["id", "version", "status", "severity", "assigned_to", "updated_at"] {
            assert_eq!(told.data[field], changed[field], "{field}");
        }
        assert_eq!(told.data["actor"]["username"], ADMIN.0);
        let comments = format!("{path}comments/");
        server.admin.post(&comments, &json!({"text": "seen"})).await.expect(201);
        let told = stream.soon("alert.updated").await;
        assert_eq!(told.data["version"], changed["version"]);
        server.event("LOW", "fw-01").await;
        let next = raise(server).await;
        let told = stream.soon("alert.created").await;
        assert_eq!(told.data["id"], next, "an event that raises nothing tells nothing");
    }
}

on_both! {
    async fn the_numbers_follow(server) {
        let mut stream = Stream::to(server, None).await;
        let alert = raise(server).await;
        let at_least = async |stream: &mut Stream, open: i64| {
            timeout(Duration::from_secs(5), async {
                loop {
                    let stats = stream.soon("stats").await.data;
                    if stats["open_by_severity"]["HIGH"] == open {
                        return stats;
                    }
                }
            })
            .await
            .unwrap()
        };
        let stats = at_least(&mut stream, 1).await;
        assert_eq!(stats["unresolved"], 1);
        assert!(stats["events_per_s"].is_number());
        let path = format!("/api/alerts/{alert}/");
        server.admin.patch(&path, &json!({"status": "RESOLVED"})).await.expect(200);
        assert_eq!(at_least(&mut stream, 0).await["unresolved"], 0);
    }
}

on_both! {
    async fn who_comes_back_has_missed_nothing(server) {
        let first = raise(server).await;
        let mut stream = Stream::to(server, None).await;
        let second = raise(server).await;
        assert_eq!(stream.soon("alert.created").await.data["id"], second);
        let id = stream.id.clone();
        drop(stream);
        let mut raised = Vec::new();
        for _ in 0..30 {
            raised.push(raise(server).await);
        }
        let path = format!("/api/alerts/{first}/");
        server.admin.patch(&path, &json!({"status": "ACK"})).await.expect(200);

        let mut stream = Stream::to(server, Some(&id)).await;
        let told = stream.numbers_until("alert.created", *raised.last().unwrap()).await;
        assert_eq!(told, raised);
        assert_eq!(stream.soon("alert.updated").await.data["id"], first);
        let third = raise(server).await;
        assert_eq!(stream.soon("alert.created").await.data["id"], third);

        // The same by polling.
        let polled = server.admin.get(&format!("/api/stats/?since={id}")).await.expect(200);
        let numbers: Vec<i64> = polled["created"]
            .as_array()
            .unwrap()
            .iter()
            .map(|alert| alert["id"].as_i64().unwrap())
            .collect();
        assert_eq!(numbers, [raised, vec![third]].concat());
        assert_eq!(polled["updated"][0]["status"], "ACKNOWLEDGED");
        assert_eq!(polled["missed"], false);
        assert_eq!(polled["unresolved"], 33);
        let path = format!("/api/stats/?since={}", polled["resume"].as_str().unwrap());
        let polled = server.admin.get(&path).await.expect(200);
        assert_eq!((polled["created"].as_array().unwrap().len(), &polled["missed"]), (0, &json!(false)));
    }
}

on_both! {
    async fn too_much_at_once_is_counted_instead_of_told(server) {
        let mut stream = Stream::to(server, None).await;
        let id = server.admin.get("/api/stats/").await.expect(200);
        assert!(id.get("created").is_none());
        let id = id["resume"].as_str().unwrap().to_owned();
        raise_many(server, 600).await;
        assert_eq!(stream.soon("missed").await.data["n"], 600);
        let next = raise(server).await;
        let told = stream.soon("alert.created").await;
        assert_eq!(told.data["id"], next, "and it goes on after them");

        let mut back = Stream::to(server, Some(&id)).await;
        assert_eq!(back.soon("missed").await.data["n"], 601);
        let polled = server.admin.get(&format!("/api/stats/?since={id}")).await.expect(200);
        assert_eq!((&polled["missed"], &polled["created"]), (&json!(true), &json!([])));
    }
}

on_both! {
    async fn ids_of_elsewhere_mean_to_load_anew(server) {
        raise(server).await;
        for id in ["999999.0", "0.999999", "nonsense"] {
            let mut stream = Stream::to(server, Some(id)).await;
            assert_eq!(stream.soon("missed").await.data["n"], 0, "{id}");
            let next = raise(server).await;
            assert_eq!(stream.soon("alert.created").await.data["id"], next);
        }
        let polled = server.admin.get("/api/stats/?since=999999.0").await.expect(200);
        assert_eq!(polled["missed"], true);
        let refused = server.admin.get("/api/stats/?since=nonsense").await.refused();
        assert_eq!(refused, ["since"]);
        let refused = server.admin.get("/api/stream/?last_event_id=x&colour=red").await.refused();
        assert_eq!(refused, ["colour", "last_event_id"]);
        server.anonymous().get("/api/stream/").await.problem(401);
        server.key(None).await.get("/api/stream/").await.problem(403);
    }
}

on_both! {
    async fn hostile_text_forges_nothing(server) {
        let mut stream = Stream::to(server, None).await;
        let text = "x\n\nevent: server.restarting\ndata: {}\n\nid: 9.9\r\rdata: y\u{2028}\u{85}z";
        let mut hostile = event("HIGH", "evil\r\nevent: stats");
        hostile["description"] = json!(text);
        let sent = server.admin.post("/api/events/", &hostile).await;
        // A source with line breaks may be refused; the text may not.
        if sent.status != 201 {
            hostile["source_name"] = json!("evil data: x");
            server.admin.post("/api/events/", &hostile).await.expect(201);
        }
        let next = raise(server).await;
        loop {
            let told = timeout(SOON, stream.next()).await.unwrap().unwrap();
            assert!(["alert.created", "stats"].contains(&told.name.as_str()), "{told:?}");
            if told.name == "stats" {
                assert!(told.data["unresolved"].is_i64() && told.id.is_none());
            }
            if told.data["id"] == next {
                break;
            }
        }
    }
}

on_both! {
    async fn a_user_has_eight_streams_at_the_most(server) {
        let address = server.server.address();
        let token = admin_token(server).await;
        let mut streams = Vec::new();
        for _ in 0..8 {
            streams.push(Stream::with(address, &token, None).await);
        }
        let (status, headers) = open(address, &token, None).await.err().unwrap();
        assert_eq!(status, 429);
        assert!(headers["retry-after"].to_str().unwrap().parse::<u64>().unwrap() > 0);
        assert_eq!(headers["content-type"], "application/problem+json");
        server.user("ana", "ANALYST").await;
        let ana = super::token(address, "ana", PASSWORD).await;
        let mut other = Stream::with(address, &ana, None).await;
        let metrics = server.admin.get("/metrics").await.text();
        assert!(metrics.contains("watchpost_streams_open 9\n"), "{metrics}");
        streams.pop();
        let begin = Instant::now();
        let stream = loop {
            match open(address, &token, None).await {
                Ok((_, stream)) => break stream,
                Err(_) => assert!(begin.elapsed() < SOON, "the place is given back"),
            }
        };
        streams.push(stream);
        let alert = raise(server).await;
        for stream in streams.iter_mut().chain([&mut other]) {
            assert_eq!(stream.soon("alert.created").await.data["id"], alert);
        }
        let metrics = server.admin.get("/metrics").await.text();
        assert!(metrics.contains("watchpost_alert_to_stream_seconds_count 1\n"), "{metrics}");
    }
}

on_both! {
    async fn a_stream_ends_with_its_session(server) {
        let address = server.server.address();
        server.user("ana", "ANALYST").await;
        server.user("rex", "RESPONDER").await;
        let rex = token(address, "rex", PASSWORD).await;
        let ana = token(address, "ana", PASSWORD).await;
        let mut gone = Stream::with(address, &ana, None).await;
        let mut signed_out = Stream::with(address, &rex, None).await;
        let mut stays = Stream::to(server, None).await;
        let users = server.admin.get("/api/users/?search=ana").await.expect(200);
        let path = format!("/api/users/{}/", users["results"][0]["id"]);
        server.admin.patch(&path, &json!({"enabled": false})).await.expect(200);
        let rex = server.anonymous().with_bearer(&rex);
        rex.post("/api/auth/logout/", &json!({})).await.expect(204);
        for stream in [&mut gone, &mut signed_out] {
            stream.within(Duration::from_secs(6), "session.expired").await;
            assert!(timeout(SOON, stream.next()).await.unwrap().is_none(), "it ends");
        }
        let alert = raise(server).await;
        assert_eq!(stays.soon("alert.created").await.data["id"], alert);
    }
}

async fn stop(kind: Kind) {
    let database = Database::create(kind).await;
    let place = Place {
        url: database.url(),
        folder: database.folder().to_owned(),
    };
    let process = place.start().await;
    let address = process.address();
    let token = token(address, ADMIN.0, ADMIN.1).await;
    let mut streams = Vec::new();
    for _ in 0..8 {
        streams.push(Stream::with(address, &token, None).await);
    }
    process.terminate();
    for stream in &mut streams {
        stream.soon("server.restarting").await;
        assert!(timeout(SOON, stream.next()).await.unwrap().is_none());
    }
    let (status, took) = process.ended(Duration::from_secs(10)).await;
    assert!(status.success(), "{status}");
    assert!(took < Duration::from_secs(3), "the stop took {took:?}");
    database.drop().await;
}

on_each_kind!(a_stop_ends_streams, stop);

/// What another server of the same database stores is told here, and an id counts there.
#[test]
fn another_server_is_followed() {
    run_alone(async {
        let here = TestServer::start(Kind::Postgres, &[], Clock::system()).await;
        let there = Server::start(settings(&here.database, &[]), Clock::system())
            .await
            .unwrap();
        let token = admin_token(&here).await;
        let mut stream = Stream::with(there.address(), &token, None).await;
        let alert = raise(&here).await;
        let told = stream.within(Duration::from_secs(4), "alert.created").await;
        assert_eq!(told.data["id"], alert);
        let path = format!("/api/alerts/{alert}/");
        here.admin
            .patch(&path, &json!({"status": "ACK"}))
            .await
            .expect(200);
        let told = stream.within(Duration::from_secs(4), "alert.updated").await;
        assert_eq!(told.data["id"], alert);
        let next = raise(&here).await;
        let mut moved = Stream::with(here.server.address(), &token, Some(&stream.id)).await;
        assert_eq!(moved.soon("alert.created").await.data["id"], next);
        drop((stream, moved));
        there.stop().await;
        here.server.stop().await;
        here.database.drop().await;
    });
}

/// PostgreSQL shows rows in the order of the commits, not of their numbers.
#[test]
fn an_alert_that_is_committed_late_is_told_all_the_same() {
    run_alone(async {
        let server = TestServer::start(Kind::Postgres, &[], Clock::system()).await;
        let mut stream = Stream::to(&server, None).await;
        raise(&server).await;
        stream.soon("alert.created").await;
        let (client, connection) =
            tokio_postgres::connect(&server.database.url(), tokio_postgres::NoTls)
                .await
                .unwrap();
        let driver = tokio::spawn(connection);
        let sql = "insert into events (id, source_id, event_type_id, severity, description) \
             values (1, 1, 1, 4, 'late'); \
             insert into alerts (event_id, status, severity, title, source_id, event_type_id, \
             created_at, updated_at, ack_due_at, resolve_due_at) \
             values (1, 1, 4, 'late', 1, 1, 0, 0, 0, 0)";
        client
            .batch_execute(&format!("begin; {sql}"))
            .await
            .unwrap();
        let early = raise(&server).await;
        assert_eq!(stream.soon("alert.created").await.data["id"], early);
        let id = stream.id.clone();
        let polled = server.admin.get("/api/stats/").await.expect(200);
        // Another that comes now knows of the gap too.
        let mut other = Stream::to(&server, None).await;
        let others = other.id.clone();
        client.batch_execute("commit").await.unwrap();
        for stream in [&mut stream, &mut other] {
            let told = stream.within(Duration::from_secs(4), "alert.created").await;
            assert_eq!(told.data["title"], "late");
            assert_eq!(told.data["id"], early - 1);
        }
        assert_eq!(
            stream.id.split('.').next(),
            Some(early.to_string().as_str())
        );
        // Whoever left in between is told of it when they come back.
        for id in [&id, &others, polled["resume"].as_str().unwrap()] {
            let mut back = Stream::to(&server, Some(id)).await;
            let told = back.numbers_until("alert.created", early).await;
            assert_eq!(told, [early - 1, early], "{id}");
        }
        drop((client, stream, other));
        driver.abort();
        server.server.stop().await;
        server.database.drop().await;
    });
}
