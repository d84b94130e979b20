//! The limits, observed from outside over loopback sockets.
//!
//! Timeouts are tiny and differ widely from each other, so that a connection closed for the wrong
//! reason shows in the counts. Every wait on the network has a deadline.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests run tasks of their own"
)]

use std::{
    convert::Infallible,
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use axum::{
    Json, Router,
    body::{Body, Bytes, to_bytes},
    extract::{Extension, rejection::JsonRejection},
    http::StatusCode,
    routing::{any, get, post},
};
use futures_util::stream;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::JoinHandle,
    time::{Instant, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{BodyDeadline, Cap, ConnectionCounts, ListenerLimits, Peer, Stage, serve};

/// Bounds each wait of a test; far above every timeout under test.
const PATIENCE: Duration = Duration::from_secs(10);

const GET: &[u8] = b"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// Limits under which nothing times out; each test shortens the one it is about.
fn patient() -> ListenerLimits {
    ListenerLimits::default()
}

struct Server {
    address: SocketAddr,
    counts: Arc<ConnectionCounts>,
    shutdown: CancellationToken,
    served: JoinHandle<()>,
    app: TestApp,
}

#[derive(Clone, Default)]
struct TestApp {
    calls: Arc<AtomicUsize>,
    started: Arc<Notify>,
    release: Arc<Notify>,
}

impl TestApp {
    fn router(&self) -> Router {
        let Self {
            calls,
            started,
            release,
        } = self.clone();
        let held = move || async move {
            started.notify_one();
            release.notified().await;
            "released"
        };
        let count = move |request, next: axum::middleware::Next| {
            calls.fetch_add(1, SeqCst);
            next.run(request)
        };
        Router::new()
            .route("/hello", any(|| async { "hello" }))
            .route(
                "/peer",
                get(|peer: Extension<Peer>| async move { peer.0.0.to_string() }),
            )
            .route("/length", post(length))
            .route("/json", post(json))
            .route(
                "/ignore",
                post(|| async { (StatusCode::PAYLOAD_TOO_LARGE, "ignored") }),
            )
            .route("/big", get(|| async { vec![b'x'; BIG] }))
            .route(
                "/ticks",
                get(|| async { Body::from_stream(ticks(10, ms(60))) }),
            )
            .route(
                "/late",
                get(|| async { Body::from_stream(ticks(2, ms(700))) }),
            )
            .route("/held", get(held))
            .layer(axum::middleware::from_fn(count))
    }
}

const BIG: usize = 48 * 1024 * 1024;

async fn length(body: Body) -> (StatusCode, String) {
    match to_bytes(body, usize::MAX).await {
        Ok(bytes) => (StatusCode::OK, bytes.len().to_string()),
        Err(error) if BodyDeadline::is_cause_of(&error) => {
            (StatusCode::REQUEST_TIMEOUT, error.to_string())
        }
        Err(error) => (StatusCode::BAD_REQUEST, error.to_string()),
    }
}

async fn json(body: Result<Json<Vec<u8>>, JsonRejection>) -> StatusCode {
    match body {
        Ok(_) => StatusCode::OK,
        Err(error) if BodyDeadline::is_cause_of(&error) => StatusCode::REQUEST_TIMEOUT,
        Err(error) => error.status(),
    }
}

fn ticks(
    count: u32,
    period: Duration,
) -> impl futures_util::Stream<Item = Result<Bytes, Infallible>> {
    let mut ticks = interval(period);
    let mut left = count;
    stream::poll_fn(move |cx| {
        if left == 0 {
            return std::task::Poll::Ready(None);
        }
        ticks.poll_tick(cx).map(|_| {
            left -= 1;
            Some(Ok(Bytes::from_static(b"tick\n")))
        })
    })
}

async fn start(limits: ListenerLimits) -> Server {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = TestApp::default();
    let counts = Arc::new(ConnectionCounts::default());
    let shutdown = CancellationToken::new();
    let served = tokio::spawn(serve(
        listener,
        app.router(),
        limits,
        Arc::clone(&counts),
        shutdown.clone(),
    ));
    Server {
        address,
        counts,
        shutdown,
        served,
        app,
    }
}

impl Server {
    async fn connect(&self) -> Client {
        Client(within(TcpStream::connect(self.address)).await.unwrap())
    }

    fn timed_out(&self) -> [u64; 4] {
        [Stage::Header, Stage::Idle, Stage::Body, Stage::Write]
            .map(|stage| self.counts.timed_out_total(stage))
    }

    fn calls(&self) -> usize {
        self.app.calls.load(SeqCst)
    }

    /// Sends the bytes on a new connection and returns everything answered until the close.
    async fn exchange(&self, request: &[u8]) -> String {
        let mut client = self.connect().await;
        client.send(request).await;
        client.read_to_close().await
    }
}

struct Client(TcpStream);

impl Client {
    async fn send(&mut self, bytes: &[u8]) {
        within(self.0.write_all(bytes)).await.unwrap();
    }

    /// Reads until the connection ends, whether orderly or by a reset.
    async fn read_to_close(&mut self) -> String {
        let mut bytes = Vec::new();
        if let Err(error) = within(self.0.read_to_end(&mut bytes)).await {
            assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        }
        String::from_utf8(bytes).unwrap()
    }

    /// Reads until the answer so far ends with this text.
    async fn read_through(&mut self, end: &str) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(end.as_bytes()) {
            let byte = within(self.0.read_u8()).await;
            bytes.push(byte.unwrap_or_else(|error| {
                panic!("{error} after {:?}", String::from_utf8_lossy(&bytes))
            }));
        }
        String::from_utf8(bytes).unwrap()
    }

    async fn hello(&mut self) {
        self.send(GET).await;
        self.read_through("hello").await;
    }
}

async fn within<F: Future>(future: F) -> F::Output {
    timeout(PATIENCE, future)
        .await
        .expect("the test should not have to wait this long")
}

async fn eventually(what: impl Fn() -> bool) {
    let mut tick = interval(ms(10));
    within(async {
        while !what() {
            tick.tick().await;
        }
    })
    .await;
}

fn answers(text: &str) -> usize {
    text.matches("HTTP/1.").count()
}

#[tokio::test]
async fn a_request_is_answered_and_carries_its_peer() {
    let server = start(patient()).await;
    let mut client = server.connect().await;
    let own_address = client.0.local_addr().unwrap();

    client
        .send(b"GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;

    let answer = client.read_to_close().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.ends_with(&own_address.to_string()), "{answer}");
    assert_eq!(server.counts.accepted_total(), 1);
    eventually(|| server.counts.open() == 0).await;
}

#[tokio::test]
async fn a_client_that_sends_nothing_is_closed_after_the_header_timeout() {
    let server = start(ListenerLimits {
        header_timeout: ms(150),
        ..patient()
    })
    .await;

    assert_eq!(server.exchange(b"").await, "");

    assert_eq!(server.timed_out(), [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_trickled_head_is_closed_after_the_header_timeout() {
    let server = start(ListenerLimits {
        header_timeout: ms(200),
        ..patient()
    })
    .await;
    let began = Instant::now();
    let mut client = server.connect().await;
    let mut tick = interval(ms(20));

    client.send(b"GET /hello HTTP/1.1\r\nHost: a\r\n").await;
    within(async {
        while client.0.write_all(b"X-Slow: 1\r\n").await.is_ok() {
            tick.tick().await;
        }
    })
    .await;

    assert!(began.elapsed() >= ms(200), "{:?}", began.elapsed());
    assert_eq!(server.timed_out(), [1, 0, 0, 0]);
    assert_eq!(server.calls(), 0);
}

#[tokio::test]
async fn a_trickled_second_head_is_closed_after_the_header_timeout() {
    let server = start(ListenerLimits {
        header_timeout: ms(150),
        ..patient()
    })
    .await;
    let mut client = server.connect().await;

    client.hello().await;
    client.send(b"GET /hello").await;

    assert_eq!(client.read_to_close().await, "");
    assert_eq!(server.timed_out(), [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_later_head_has_the_header_timeout_from_its_own_first_byte() {
    let server = start(ListenerLimits {
        header_timeout: ms(400),
        ..patient()
    })
    .await;
    let mut client = server.connect().await;
    client.hello().await;
    let mut tick = interval(ms(250));
    tick.tick().await;
    tick.tick().await;
    tick.tick().await;

    client.send(b"GET /hello HTTP/1.1\r\n").await;
    tick.tick().await;
    client.send(b"Host: a\r\n\r\n").await;

    client.read_through("hello").await;
    assert_eq!(server.timed_out(), [0; 4]);
}

#[tokio::test]
async fn a_pipelined_head_is_not_blamed_for_the_response_before_it() {
    let server = start(ListenerLimits {
        header_timeout: ms(300),
        ..patient()
    })
    .await;
    let mut client = server.connect().await;
    client
        .send(b"GET /ticks HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\n")
        .await;
    client.read_through("\r\n0\r\n\r\n").await;

    client.send(b"Host: a\r\n\r\n").await;

    client.read_through("hello").await;
    assert_eq!(server.timed_out(), [0; 4]);
}

#[tokio::test]
async fn an_idle_connection_outlives_the_header_timeout_and_ends_after_the_idle_timeout() {
    let limits = ListenerLimits {
        header_timeout: ms(100),
        idle_timeout: ms(500),
        ..patient()
    };
    let server = start(limits).await;
    let mut client = server.connect().await;
    client.hello().await;
    let mut tick = interval(ms(300));
    tick.tick().await;
    tick.tick().await;

    let quiet_since = Instant::now();
    client.hello().await;

    assert_eq!(client.read_to_close().await, "");
    assert!(
        quiet_since.elapsed() >= ms(500),
        "{:?}",
        quiet_since.elapsed()
    );
    assert_eq!(server.timed_out(), [0, 1, 0, 0]);
}

#[tokio::test]
async fn a_trickled_body_is_a_408_and_ends_the_connection() {
    let limits = ListenerLimits {
        body_timeout: ms(200),
        min_body_rate: 1000,
        ..patient()
    };
    let server = start(limits).await;
    for (path, framing, piece) in [
        ("/length", "Content-Length: 1000", "1"),
        ("/length", "Transfer-Encoding: chunked", "1\r\n1\r\n"),
        (
            "/json",
            "Content-Type: application/json\r\nContent-Length: 1000",
            "[",
        ),
    ] {
        let mut client = server.connect().await;
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
        client.send(head.as_bytes()).await;
        let (mut reader, mut writer) = client.0.split();
        let trickle = async {
            let mut tick = interval(ms(20));
            while writer.write_all(piece.as_bytes()).await.is_ok() {
                tick.tick().await;
            }
        };
        let mut answer = String::new();

        tokio::select! {
            () = trickle => {}
            read = within(reader.read_to_string(&mut answer)) => {
                read.unwrap();
            }
        }

        assert!(
            answer.starts_with("HTTP/1.1 408 "),
            "{path} {framing}: {answer}"
        );
        assert_eq!(answers(&answer), 1);
    }
    assert_eq!(server.timed_out(), [0, 0, 3, 0]);
}

#[tokio::test]
async fn a_fast_body_that_falls_silent_is_a_408() {
    let limits = ListenerLimits {
        body_timeout: ms(200),
        min_body_rate: 1,
        ..patient()
    };
    let server = start(limits).await;
    let mut request = b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n".to_vec();
    request.resize(request.len() + 50_000, b'x');

    let answer = server.exchange(&request).await;

    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.ends_with("stalled after 50000 bytes"), "{answer}");
}

#[tokio::test]
async fn a_body_above_the_minimum_rate_outlives_the_body_timeout() {
    let limits = ListenerLimits {
        body_timeout: ms(200),
        min_body_rate: 1000,
        ..patient()
    };
    let server = start(limits).await;
    let mut client = server.connect().await;
    let mut tick = interval(ms(20));
    client
        .send(b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n")
        .await;

    for _ in 0..40 {
        tick.tick().await;
        client.send(&[b'x'; 500]).await;
    }

    client.read_through("20000").await;
    assert_eq!(server.timed_out(), [0; 4]);
}

#[tokio::test]
async fn an_unread_body_does_not_keep_the_connection() {
    let server = start(patient()).await;

    let answer = server
        .exchange(b"POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin")
        .await;

    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert_eq!(answers(&answer), 1);
}

#[tokio::test]
async fn a_client_that_sends_its_whole_body_first_still_sees_the_refusal() {
    let server = start(patient()).await;
    let mut client = server.connect().await;
    let body = vec![b'x'; 16 * 1024 * 1024];
    let head = format!(
        "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );

    client.send(head.as_bytes()).await;
    client.send(&body).await;

    assert!(client.read_to_close().await.starts_with("HTTP/1.1 413 "));
}

#[tokio::test]
async fn a_client_that_does_not_read_is_reset_after_the_write_stall_timeout() {
    let server = start(ListenerLimits {
        write_stall_timeout: ms(200),
        ..patient()
    })
    .await;
    let mut client = server.connect().await;
    client.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n").await;

    eventually(|| server.counts.open() == 1).await;
    eventually(|| server.counts.open() == 0).await;

    assert_eq!(server.timed_out(), [0, 0, 0, 1]);
    let mut received = Vec::new();
    let end = within(client.0.read_to_end(&mut received)).await;
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert!(received.len() < BIG);
}

#[tokio::test]
async fn a_slow_reader_that_makes_progress_gets_the_whole_response() {
    let limits = ListenerLimits {
        write_stall_timeout: ms(250),
        idle_timeout: ms(250),
        ..patient()
    };
    let server = start(limits).await;
    let mut client = server.connect().await;
    let mut tick = interval(ms(20));
    let mut buffer = vec![0; 1024 * 1024];
    client
        .send(b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;

    let mut received = 0;
    loop {
        tick.tick().await;
        match within(client.0.read(&mut buffer)).await.unwrap() {
            0 => break,
            bytes => received += bytes,
        }
    }

    assert!(received > BIG, "{received}");
    assert_eq!(server.timed_out(), [0; 4]);
}

#[tokio::test]
async fn an_open_stream_outlives_every_timeout_even_when_it_is_silent() {
    let limits = ListenerLimits {
        header_timeout: ms(150),
        body_timeout: ms(150),
        idle_timeout: ms(150),
        write_stall_timeout: ms(150),
        ..patient()
    };
    let server = start(limits).await;
    let ticking = server.exchange(b"GET /ticks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let silent = server.exchange(b"GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    let (ticking, silent) = tokio::join!(ticking, silent);

    assert_eq!(ticking.matches("tick").count(), 10);
    assert_eq!(silent.matches("tick").count(), 2);
    assert_eq!(server.timed_out(), [0; 4]);
}

#[tokio::test]
async fn connections_over_the_address_cap_are_refused_until_one_closes() {
    let server = start(ListenerLimits {
        connections_per_address_max: 2,
        ..patient()
    })
    .await;
    let mut first = server.connect().await;
    let mut second = server.connect().await;
    first.hello().await;
    second.hello().await;

    let refused = server.exchange(GET).await;

    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("\r\nRetry-After: 5\r\n"), "{refused}");
    assert_eq!(server.counts.refused_total(Cap::Address), 1);
    assert_eq!(server.counts.refused_total(Cap::Total), 0);
    drop(first);
    eventually(|| server.counts.open() == 1).await;
    server.connect().await.hello().await;
    assert_eq!(server.counts.accepted_total(), 3);
}

// Only Linux answers on the whole of 127.0.0.0/8 without being told to.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_address_cap_leaves_other_addresses_alone() {
    let server = start(ListenerLimits {
        connections_per_address_max: 1,
        ..patient()
    })
    .await;
    let mut first = server.connect().await;
    first.hello().await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();

    let mut other = Client(within(socket.connect(server.address)).await.unwrap());

    other.hello().await;
    assert_eq!(server.counts.refused_total(Cap::Address), 0);
}

#[tokio::test]
async fn connections_over_the_total_cap_are_refused() {
    let server = start(ListenerLimits {
        connections_max: 1,
        ..patient()
    })
    .await;
    let mut first = server.connect().await;
    first.hello().await;

    assert!(server.exchange(GET).await.starts_with("HTTP/1.1 503 "));

    assert_eq!(server.counts.refused_total(Cap::Total), 1);
    first.hello().await;
}

#[tokio::test]
async fn an_ambiguous_request_gets_one_400_and_reaches_no_handler() {
    let smuggled = "0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    for pair in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 44\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    ] {
        let server = start(patient()).await;
        let request = format!("POST /length HTTP/1.1\r\nHost: a\r\n{pair}\r\n\r\n{smuggled}");

        let answer = server.exchange(request.as_bytes()).await;

        assert!(answer.starts_with("HTTP/1.1 400 "), "{pair}: {answer}");
        assert_eq!(answers(&answer), 1, "{pair}: {answer}");
        assert_eq!(server.calls(), 0, "{pair}");
    }
}

#[tokio::test]
async fn an_ambiguous_request_is_found_behind_others_of_every_framing() {
    let server = start(patient()).await;
    let requests = "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
        POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        3\r\nabc\r\n0\r\n\r\n\
        GET /hello HTTP/1.1\r\nHost: a\r\n\r\n\
        POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n\
        0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

    let answer = server.exchange(requests.as_bytes()).await;

    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 3, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 400 ").count(), 1, "{answer}");
    assert_eq!(server.calls(), 3);
}

#[tokio::test]
async fn heads_are_checked_and_the_connection_closed() {
    let server = start(ListenerLimits {
        header_bytes_max: 4 * 1024,
        ..patient()
    })
    .await;
    let many = "X: y\r\n".repeat(100);
    let long = "x".repeat(6 * 1024);
    for (request, status) in [
        ("GET /hello HTTP/1.1\r\n\r\n".to_owned(), "400"),
        (
            "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "GET /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n".to_owned(),
            "501",
        ),
        (
            "POST /length HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            "400",
        ),
        (
            format!("GET /hello HTTP/1.1\r\nHost: a\r\n{many}\r\n"),
            "431",
        ),
        (
            format!("GET /hello HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"),
            "431",
        ),
    ] {
        let answer = server.exchange(request.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {answer}"
        );
    }
    assert_eq!(server.calls(), 0);
}

#[tokio::test]
async fn http_1_0_without_a_host_is_served_and_closed() {
    let server = start(patient()).await;
    let answer = server.exchange(b"GET /hello HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");
}

#[tokio::test]
async fn shutdown_finishes_the_request_in_flight_and_closes_idle_connections() {
    let server = start(patient()).await;
    let mut idle = server.connect().await;
    idle.hello().await;
    let mut silent = server.connect().await;
    let mut busy = server.connect().await;
    busy.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n").await;
    within(server.app.started.notified()).await;

    server.shutdown.cancel();

    assert_eq!(idle.read_to_close().await, "");
    assert_eq!(silent.read_to_close().await, "");
    let refused = within(TcpStream::connect(server.address)).await;
    assert_eq!(
        refused.unwrap_err().kind(),
        io::ErrorKind::ConnectionRefused
    );
    assert!(!server.served.is_finished());
    server.app.release.notify_one();
    let answer = busy.read_to_close().await;
    assert!(answer.ends_with("released"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    within(server.served).await.unwrap();
    assert_eq!(server.counts.open(), 0);
}

#[tokio::test]
async fn connections_still_open_after_the_drain_timeout_are_aborted() {
    let server = start(ListenerLimits {
        drain_timeout: ms(150),
        ..patient()
    })
    .await;
    let mut busy = server.connect().await;
    busy.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n").await;
    within(server.app.started.notified()).await;

    server.shutdown.cancel();

    within(server.served).await.unwrap();
    assert_eq!(busy.read_to_close().await, "");
    assert_eq!(server.counts.open(), 0);
}

#[tokio::test]
async fn an_offered_upgrade_is_ignored_and_the_response_is_whole() {
    let server = start(patient()).await;

    let answer = server
        .exchange(
            b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n",
        )
        .await;

    assert!(answer.starts_with("HTTP/1.1 200 "));
    assert!(answer.len() > BIG, "{}", answer.len());
}
