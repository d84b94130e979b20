//! Accepting connections, refusing those over a cap, and draining at the end.

use std::{
    collections::HashMap, convert::Infallible, io, net::SocketAddr, pin::pin, sync::Arc,
    time::Duration,
};

use axum::{body::Body, http::Request, response::Response};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
    task::{Id, JoinError, JoinSet},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::Service;

use super::{
    ConnectionCounts, ListenerLimits, Peer,
    caps::{AddressBlock, Admission},
    connection::{self, Shared},
    gone::end_when_gone,
};
use crate::http::Seldom;

/// The answer to a connection over a cap; it is sent before any request is read.
const REFUSAL: &str = concat!(
    "HTTP/1.1 503 Service Unavailable\r\n",
    "Content-Type: application/problem+json\r\n",
    "Content-Length: 115\r\n",
    "Retry-After: 5\r\n",
    "Connection: close\r\n",
    "\r\n",
    r#"{"type":"about:blank","title":"Service Unavailable","status":503,"#,
    r#""detail":"Too many connections; try again later."}"#,
);

/// The most connections being refused at once; beyond it they are closed without an answer.
const REFUSALS_MAX: usize = 64;

/// Bounds the sending of a refusal to a client that does not read.
const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);

/// The least time between two log lines of one kind.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// Serves HTTP/1 connections from a listener until the shutdown, then drains them.
///
/// Each request carries [`Peer`]. On shutdown the listening socket closes at once, idle
/// connections end, and requests in flight are finished with `Connection: close`; what is still
/// open after [`ListenerLimits::drain_timeout`] is aborted. Open event streams count as in flight:
/// they must watch the same token and end themselves. Returns when no connection is left.
///
/// Never ends because of a failed accept: it pauses for 10 ms to 1 s and goes on, since the usual
/// cause is the limit of open files, which closing connections cures. Dropping the future aborts
/// all connections.
pub async fn serve<S>(
    listener: TcpListener,
    app: S,
    limits: ListenerLimits,
    counts: Arc<ConnectionCounts>,
    shutdown: CancellationToken,
) where
    S: Service<Request<Body>, Response = Response, Error = Infallible>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
{
    let mut connections = Connections::new(&limits, Arc::clone(&counts));
    let http = connection::http_builder(&limits);
    let shared = Arc::new(Shared {
        app,
        http,
        limits,
        counts,
        shutdown: shutdown.clone(),
    });
    let mut stopping = pin!(shutdown.cancelled());
    let mut pause = AcceptPause::new();

    loop {
        tokio::select! {
            // Ended connections before new ones, so that the caps count what is really open.
            biased;
            () = &mut stopping => break,
            Some(ended) = connections.tasks.join_next_with_id() => connections.forget(ended),
            accepted = accept(&listener, pause.until) => match accepted {
                Ok((stream, address)) => {
                    pause.reset();
                    connections.begin(stream, address, &shared);
                }
                Err(error) => pause.extend(&error),
            },
        }
    }
    drop(listener);
    connections.drain(limits.drain_timeout).await;
}

async fn accept(
    listener: &TcpListener,
    pause_until: Option<Instant>,
) -> io::Result<(TcpStream, SocketAddr)> {
    if let Some(until) = pause_until {
        sleep_until(until).await;
    }
    listener.accept().await
}

/// The tasks of all connections, and the places they take.
struct Connections {
    tasks: JoinSet<()>,
    /// The tasks that hold a place; refusals do not.
    places: HashMap<Id, AddressBlock>,
    admission: Admission,
    counts: Arc<ConnectionCounts>,
    log: Seldom,
}

impl Connections {
    fn new(limits: &ListenerLimits, counts: Arc<ConnectionCounts>) -> Self {
        Self {
            tasks: JoinSet::new(),
            places: HashMap::new(),
            admission: Admission::new(limits),
            counts,
            log: Seldom::every(LOG_INTERVAL),
        }
    }

    fn begin<S>(&mut self, stream: TcpStream, address: SocketAddr, shared: &Arc<Shared<S>>)
    where
        S: Service<Request<Body>, Response = Response, Error = Infallible>,
        S: Clone + Send + Sync + 'static,
        S::Future: Send,
    {
        // Answers are written whole, so waiting to fill packets only delays them.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
        end_when_gone(&stream);
        let peer = SocketAddr::new(address.ip().to_canonical(), address.port());
        match self.admission.admit(peer.ip()) {
            Ok(block) => {
                let run = connection::run(stream, Peer(peer), Arc::clone(shared));
                let task = self.tasks.spawn(run);
                self.places.insert(task.id(), block);
                self.counts.count_accept();
                self.counts.set_open(self.admission.total());
            }
            Err(cap) => {
                self.counts.count_refusal(cap);
                if let Some(unlogged) = self.log.due() {
                    tracing::warn!(%peer, ?cap, unlogged, "connection refused: cap reached");
                }
                if self.tasks.len().saturating_sub(self.places.len()) < REFUSALS_MAX {
                    self.tasks.spawn(refuse(stream));
                }
            }
        }
    }

    fn forget(&mut self, ended: Result<(Id, ()), JoinError>) {
        let id = match ended {
            Ok((id, ())) => id,
            Err(error) => {
                if error.is_panic() {
                    tracing::error!(%error, "connection ended by a panic");
                }
                error.id()
            }
        };
        if let Some(block) = self.places.remove(&id) {
            self.admission.release(block);
            self.counts.set_open(self.admission.total());
        }
    }

    async fn drain(&mut self, drain_timeout: Duration) {
        let all_ended = async {
            while let Some(ended) = self.tasks.join_next_with_id().await {
                self.forget(ended);
            }
        };
        if timeout(drain_timeout, all_ended).await.is_err() {
            let aborted = self.places.len();
            tracing::warn!(
                aborted,
                "connections aborted: still open at the end of the drain"
            );
            self.tasks.shutdown().await;
        }
        self.counts.set_open(0);
    }
}

/// Says that the server is full, if the client listens.
async fn refuse(mut stream: TcpStream) {
    let answer = async {
        stream.write_all(REFUSAL.as_bytes()).await?;
        stream.shutdown().await
    };
    if let Ok(Ok(())) = timeout(REFUSAL_TIMEOUT, answer).await {
        connection::linger(stream).await;
    }
}

/// The growing pause after failed accepts.
#[derive(Debug)]
struct AcceptPause {
    until: Option<Instant>,
    length: Duration,
    log: Seldom,
}

impl AcceptPause {
    const FIRST: Duration = Duration::from_millis(10);
    const LONGEST: Duration = Duration::from_secs(1);

    const fn new() -> Self {
        Self {
            until: None,
            length: Duration::ZERO,
            log: Seldom::every(LOG_INTERVAL),
        }
    }

    fn reset(&mut self) {
        self.until = None;
        self.length = Duration::ZERO;
    }

    fn extend(&mut self, error: &io::Error) {
        self.length = self
            .length
            .saturating_mul(2)
            .clamp(Self::FIRST, Self::LONGEST);
        self.until = Some(Instant::now() + self.length);
        if let Some(unlogged) = self.log.due() {
            let pause_ms = self.length.as_millis();
            tracing::error!(%error, pause_ms, unlogged, "accepting a connection failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io, time::Duration};

    use super::{AcceptPause, REFUSAL};

    #[test]
    fn the_refusal_is_a_complete_response() {
        let (head, body) = REFUSAL.split_once("\r\n\r\n").unwrap();
        assert!(
            head.contains(&format!("Content-Length: {}\r\n", body.len())),
            "{}",
            body.len()
        );
        assert!(head.contains("Retry-After: "));
    }

    #[tokio::test(start_paused = true)]
    async fn failed_accepts_pause_ever_longer_up_to_a_second_and_success_resets() {
        let mut pause = AcceptPause::new();
        let error = io::Error::from_raw_os_error(24);
        let mut lengths = Vec::new();
        for _ in 0..9 {
            pause.extend(&error);
            lengths.push(pause.length.as_millis());
        }
        assert_eq!(lengths, [10, 20, 40, 80, 160, 320, 640, 1000, 1000]);

        pause.reset();
        assert_eq!(pause.until, None);
        pause.extend(&error);
        assert_eq!(pause.length, Duration::from_millis(10));
    }
}
