//! The limits, observed from outside over loopback sockets.
//!
//! Timeouts are tiny and differ widely from each other, so that a connection closed for the wrong
//! reason shows in the counts. Every wait on the network has a deadline.

#![expect(
    clippy::disallowed_methods,
    reason = "these tests run tasks of their own"
)]

mod answers;
mod bodies;
mod caps;
mod heads;
mod requests;
mod shutdown;

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

    /// A connection that was answered once and waits for its next request.
    async fn kept_open(&self) -> Client {
        let mut client = self.connect().await;
        client.hello().await;
        client
    }

    /// A connection whose request a handler has, until it is released.
    async fn busy(&self) -> Client {
        let mut client = self.connect().await;
        client.send(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n").await;
        within(self.app.started.notified()).await;
        client
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
