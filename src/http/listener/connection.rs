//! One connection from accept to close.

use std::{
    convert::Infallible,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{body::Body, http::Request, response::Response};
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::{
    io::AsyncReadExt as _,
    net::TcpStream,
    time::{Instant, Sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::{
    ConnectionCounts, ListenerLimits, Peer, Stage,
    gate::Gate,
    io::{Activity, WatchedStream},
};

/// Bounds the reading of what a client still sends after its last answer.
///
/// Closing a socket with unread bytes makes the kernel reset the connection, and the client may
/// lose the answer that tells it why (RFC 9112 section 9.6).
const LINGER_TIMEOUT: Duration = Duration::from_secs(2);

/// The smallest buffer hyper takes; it panics below.
const BUFFER_BYTES_MIN: usize = 8192;

/// What every connection of a listener shares.
pub(super) struct Shared<S> {
    pub(super) app: S,
    pub(super) http: http1::Builder,
    pub(super) limits: ListenerLimits,
    pub(super) counts: Arc<ConnectionCounts>,
    pub(super) shutdown: CancellationToken,
}

/// Sets up the HTTP/1 parser for these limits.
pub(super) fn http_builder(limits: &ListenerLimits) -> http1::Builder {
    let mut http = http1::Builder::new();
    http.max_headers(limits.headers_max)
        .max_header_size(limits.header_bytes_max)
        .max_buf_size(limits.header_bytes_max.max(BUFFER_BYTES_MIN))
        // hyper's own timer starts when the previous response ends, so it would close an idle
        // connection after the header timeout; the watchdog tells the two apart.
        .header_read_timeout(None);
    http
}

/// Serves the requests of one connection until it ends, times out or is drained.
pub(super) async fn run<S>(stream: TcpStream, peer: Peer, shared: Arc<Shared<S>>)
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send,
{
    let activity = Arc::new(Activity::new());
    let gate = Gate {
        app: shared.app.clone(),
        peer,
        limits: shared.limits,
        counts: Arc::clone(&shared.counts),
        activity: Arc::clone(&activity),
    };
    let io = TokioIo::new(WatchedStream::new(stream, Arc::clone(&activity)));
    let mut connection = shared.http.serve_connection(io, gate);
    let mut watchdog = Watchdog::new(&activity, &shared.limits);
    let mut stopping = pin!(shared.shutdown.cancelled());
    let mut is_draining = false;

    let stage = loop {
        tokio::select! {
            // The connection first: the watchdog judges by what this poll has changed.
            biased;
            ended = &mut connection => {
                if let Err(error) = ended {
                    tracing::debug!(peer = %peer.0, %error, "connection ended by an error");
                }
                break None;
            }
            stage = poll_fn(|cx| watchdog.poll_expired(cx)) => break Some(stage),
            () = &mut stopping, if !is_draining => {
                is_draining = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };

    let stream = connection.into_parts().io.into_inner().into_inner();
    match stage {
        None if activity.is_mid_message() => linger(stream).await,
        None => {}
        Some(stage) => {
            tracing::debug!(peer = %peer.0, ?stage, "connection timed out");
            shared.counts.count_timeout(stage);
            abandon(stream, stage);
        }
    }
}

/// Reads and forgets until the client closes, at most [`LINGER_TIMEOUT`].
pub(super) async fn linger(mut stream: TcpStream) {
    let mut forgotten = [0; 4096];
    let until_closed = async { while matches!(stream.read(&mut forgotten).await, Ok(1..)) {} };
    // Both outcomes mean the same: the stream is dropped now.
    timeout(LINGER_TIMEOUT, until_closed)
        .await
        .unwrap_or_default();
}

fn abandon(stream: TcpStream, stage: Stage) {
    // A reader that stalled would leave the kernel holding megabytes for minutes after a normal
    // close; a reset frees them at once.
    if stage == Stage::Write
        && let Err(error) = stream.set_zero_linger()
    {
        tracing::debug!(%error, "a stalled connection could not be reset");
    }
    drop(stream);
}

/// Watches the deadline of a connection with a single timer.
///
/// The deadline moves with every request, the timer does not: it is left to ring early and then
/// set again, which costs one wake-up per timeout instead of a timer operation per request.
struct Watchdog<'a> {
    activity: &'a Activity,
    limits: &'a ListenerLimits,
    timer: Pin<Box<Sleep>>,
}

impl<'a> Watchdog<'a> {
    fn new(activity: &'a Activity, limits: &'a ListenerLimits) -> Self {
        let first = activity
            .deadline(limits)
            .map_or_else(Instant::now, |(deadline, _)| deadline);
        Self {
            activity,
            limits,
            timer: Box::pin(sleep_until(first)),
        }
    }

    fn poll_expired(&mut self, cx: &mut Context<'_>) -> Poll<Stage> {
        loop {
            let Some((deadline, stage)) = self.activity.deadline(self.limits) else {
                // Whatever ends the request in flight polls this again.
                return Poll::Pending;
            };
            if deadline <= Instant::now() {
                return Poll::Ready(stage);
            }
            if self.timer.deadline() > deadline || self.timer.is_elapsed() {
                self.timer.as_mut().reset(deadline);
            }
            ready!(self.timer.as_mut().poll(cx));
        }
    }
}
