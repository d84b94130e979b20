//! Request bodies with a deadline, and response bodies that mark a request as in flight.

use std::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use axum::{BoxError, body::Bytes};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{ConnectionCounts, ListenerLimits, Stage, io::InFlight};

/// Reports that a request body did not arrive in time; answered with 408.
///
/// Reaches a handler as the source of the error its extractor gives, at some depth: find it with
/// [`BodyDeadline::is_cause_of`]. The connection closes after the answer, because the rest of the
/// body is never read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BodyDeadline {
    /// The bytes of the body received until then.
    pub received_bytes: u64,
}

impl BodyDeadline {
    /// Returns whether an error is, or was caused by, a passed body deadline.
    #[must_use]
    pub fn is_cause_of(error: &(dyn Error + 'static)) -> bool {
        let mut cause = Some(error);
        while let Some(error) = cause {
            if error.is::<Self>() {
                return true;
            }
            cause = error.source();
        }
        false
    }
}

impl fmt::Display for BodyDeadline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the request body stalled after {} bytes",
            self.received_bytes
        )
    }
}

impl Error for BodyDeadline {}

/// How long a client may still keep the server waiting for its body.
///
/// A leaky bucket of time: waiting drains it, bytes refill it, `full` is the most it holds.
#[derive(Debug)]
struct Patience {
    full: Duration,
    left: Duration,
    bytes_per_second: u64,
}

impl Patience {
    fn new(limits: &ListenerLimits) -> Self {
        Self {
            full: limits.body_timeout,
            left: limits.body_timeout,
            bytes_per_second: limits.min_body_rate.max(1),
        }
    }

    fn waited(&mut self, time: Duration) {
        self.left = self.left.saturating_sub(time);
    }

    fn received(&mut self, bytes: u64) {
        let earned = bytes
            .saturating_mul(1_000_000)
            .checked_div(self.bytes_per_second);
        let earned = Duration::from_micros(earned.unwrap_or(u64::MAX));
        self.left = self.left.saturating_add(earned).min(self.full);
    }
}

/// A request body that fails with [`BodyDeadline`] when the client sends too slowly.
pub(super) struct DeadlineBody {
    incoming: Incoming,
    patience: Patience,
    received_bytes: u64,
    waiting_since: Option<Instant>,
    /// Made at the first wait: most bodies arrive together with their head and never need it.
    timer: Option<Pin<Box<Sleep>>>,
    is_over: bool,
    counts: Arc<ConnectionCounts>,
}

impl DeadlineBody {
    pub(super) fn new(
        incoming: Incoming,
        limits: &ListenerLimits,
        counts: Arc<ConnectionCounts>,
    ) -> Self {
        Self {
            incoming,
            patience: Patience::new(limits),
            received_bytes: 0,
            waiting_since: None,
            timer: None,
            is_over: false,
            counts,
        }
    }

    fn received(&mut self, frame: &Frame<Bytes>) {
        if let Some(since) = self.waiting_since.take() {
            self.patience.waited(since.elapsed());
        }
        let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
        self.received_bytes = self.received_bytes.saturating_add(bytes);
        self.patience.received(bytes);
    }

    /// Completes when the client has used up the patience.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let Some(deadline) = since.checked_add(self.patience.left) else {
            return Poll::Pending;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}

impl Body for DeadlineBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                self.received(&frame);
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(error.into()))),
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => {
                ready!(self.poll_deadline(cx));
                self.is_over = true;
                self.counts.count_timeout(Stage::Body);
                let error = BodyDeadline {
                    received_bytes: self.received_bytes,
                };
                Poll::Ready(Some(Err(error.into())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_over || self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}

/// A response body that keeps its request in flight until it is written or dropped.
pub(super) struct TrackedBody {
    body: axum::body::Body,
    _in_flight: InFlight,
}

impl TrackedBody {
    pub(super) fn new(body: axum::body::Body, in_flight: InFlight) -> Self {
        Self {
            body,
            _in_flight: in_flight,
        }
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{ListenerLimits, Patience};

    #[test]
    fn patience_is_refilled_by_bytes_but_never_beyond_the_body_timeout() {
        let mut patience = Patience::new(&ListenerLimits {
            body_timeout: Duration::from_secs(30),
            min_body_rate: 1024,
            ..ListenerLimits::default()
        });

        patience.received(100 * 1024 * 1024);
        assert_eq!(patience.left, Duration::from_secs(30));
        patience.waited(Duration::from_secs(20));
        patience.received(5 * 1024);
        assert_eq!(patience.left, Duration::from_secs(15));
        patience.waited(Duration::from_secs(16));
        assert_eq!(patience.left, Duration::ZERO);
    }
}
