//! What a connection is doing, and the socket wrapper that observes it.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};

use super::{
    ListenerLimits, Stage,
    framing::{Framing, Place},
};

/// Stands for "not now" in the time fields of [`Activity`].
const NEVER: u64 = u64::MAX;

/// Records what one connection is doing, for the task that enforces its deadlines.
///
/// Times are milliseconds since the accept. Everything here is written and read while the one
/// task of the connection is polled, so no ordering between the fields is needed.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    /// Whether a request is being handled or its response is still open.
    in_flight: AtomicBool,
    /// Requests handed to the service.
    requests: AtomicU64,
    /// The last response end or progress of a write.
    quiet_since: AtomicU64,
    /// When the head now arriving began.
    head_since: AtomicU64,
    /// Whether part of a body is missing.
    in_body: AtomicBool,
    /// Since when a write has been pending without progress.
    write_since: AtomicU64,
    /// The first request whose head was ambiguous, counted from 1.
    ambiguous_from: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self {
            opened: Instant::now(),
            in_flight: AtomicBool::new(false),
            requests: AtomicU64::new(0),
            quiet_since: AtomicU64::new(0),
            head_since: AtomicU64::new(NEVER),
            in_body: AtomicBool::new(false),
            write_since: AtomicU64::new(NEVER),
            ambiguous_from: AtomicU64::new(NEVER),
        }
    }

    /// Marks the begin of a request until the returned guard is dropped.
    ///
    /// Returns the guard and whether the head of this request was ambiguous.
    pub(super) fn begin_request(self: &Arc<Self>) -> (InFlight, bool) {
        self.in_flight.store(true, Relaxed);
        let number = self.requests.fetch_add(1, Relaxed).saturating_add(1);
        let ambiguous = number >= self.ambiguous_from.load(Relaxed);
        (InFlight(Arc::clone(self)), ambiguous)
    }

    /// Returns when the connection is to be closed if nothing changes, and why.
    ///
    /// `None` while a request is in flight: its body has a deadline of its own, and how long an
    /// answer may take is for the application to say.
    pub(super) fn deadline(&self, limits: &ListenerLimits) -> Option<(Instant, Stage)> {
        let pending_write = self.write_since.load(Relaxed);
        if pending_write != NEVER {
            return Some((
                self.at(pending_write, limits.write_stall_timeout),
                Stage::Write,
            ));
        }
        if self.in_flight.load(Relaxed) {
            return None;
        }
        let quiet_since = self.quiet_since.load(Relaxed);
        let head_since = self.head_since.load(Relaxed);
        let (since, timeout, stage) = if head_since != NEVER {
            let began = if self.requests.load(Relaxed) == 0 {
                0
            } else {
                head_since
            };
            // A pipelined head waits for the response before it, which is not the client's doing.
            (began.max(quiet_since), limits.header_timeout, Stage::Header)
        } else if self.is_in_body() {
            // hyper closes after an answer to a half-read request by itself; this is the backstop.
            (quiet_since, limits.body_timeout, Stage::Body)
        } else if self.requests.load(Relaxed) == 0 {
            (0, limits.header_timeout, Stage::Header)
        } else {
            (quiet_since, limits.idle_timeout, Stage::Idle)
        };
        Some((self.at(since, timeout), stage))
    }

    /// Returns whether part of a request body has not arrived yet.
    pub(super) fn is_in_body(&self) -> bool {
        self.in_body.load(Relaxed)
    }

    /// Returns whether the client may still be sending what nobody will read.
    pub(super) fn is_mid_message(&self) -> bool {
        self.is_in_body()
            || self.head_since.load(Relaxed) != NEVER
            || self.ambiguous_from.load(Relaxed) != NEVER
    }

    fn at(&self, since: u64, timeout: Duration) -> Instant {
        let since = self
            .opened
            .checked_add(Duration::from_millis(since))
            .unwrap_or(self.opened);
        // A timeout too long to represent is no timeout worth representing: a year stands for it.
        since
            .checked_add(timeout)
            .unwrap_or(since + Duration::from_hours(365 * 24))
    }

    fn now(&self) -> u64 {
        // Saturates after 584 million years.
        u64::try_from(self.opened.elapsed().as_millis()).unwrap_or(NEVER - 1)
    }

    fn read(&self, framing: &Framing, heads_before: u64) {
        let place = framing.place();
        self.in_body.store(
            matches!(place, Place::Length(_) | Place::Chunked(_)),
            Relaxed,
        );
        if place != Place::Head {
            self.head_since.store(NEVER, Relaxed);
        } else if self.head_since.load(Relaxed) == NEVER || framing.heads() != heads_before {
            self.head_since.store(self.now(), Relaxed);
        }
        if let Some(head) = framing.ambiguous_head() {
            self.ambiguous_from.store(head, Relaxed);
        }
    }

    fn wrote(&self, result: &Poll<io::Result<usize>>) {
        match result {
            Poll::Ready(_) => {
                self.write_since.store(NEVER, Relaxed);
                self.quiet_since.store(self.now(), Relaxed);
            }
            Poll::Pending if self.write_since.load(Relaxed) == NEVER => {
                self.write_since.store(self.now(), Relaxed);
            }
            Poll::Pending => {}
        }
    }
}

/// Marks a request in flight; dropping it marks the end of its response.
#[derive(Debug)]
pub(super) struct InFlight(Arc<Activity>);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.in_flight.store(false, Relaxed);
        self.0.quiet_since.store(self.0.now(), Relaxed);
    }
}

/// A socket that reports its reads and writes to an [`Activity`].
#[derive(Debug)]
pub(super) struct WatchedStream {
    stream: TcpStream,
    framing: Framing,
    activity: Arc<Activity>,
}

impl WatchedStream {
    pub(super) fn new(stream: TcpStream, activity: Arc<Activity>) -> Self {
        Self {
            stream,
            framing: Framing::new(),
            activity,
        }
    }

    pub(super) fn into_inner(self) -> TcpStream {
        self.stream
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let filled_before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let heads_before = self.framing.heads();
        if let Some(new) = buf.filled().get(filled_before..) {
            self.framing.observe(new);
        }
        self.activity.read(&self.framing, heads_before);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.activity.wrote(&result);
        result
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.activity.wrote(&result);
        result
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
