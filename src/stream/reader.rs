//! One client's stream.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use tokio::sync::broadcast::{self, error::RecvError};
use tokio::time::timeout;

use super::hub::Batch;
use super::message::Lines;
use super::places::Place;
use crate::app::App;

/// Longest silence. Proxies commonly close what is silent for 30 to 60 s, and writing is how a
/// client that is gone is noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// What one client is still to be sent. It buffers nothing itself: a client that does not read
/// falls behind in what is kept for all, and is told how much it missed; one that reads nothing
/// for 30 s is cut off by the listener.
#[derive(Debug)]
pub(super) struct Reader {
    app: App,
    place: Place,
    queue: Queue,
    greeting: Option<Bytes>,
    is_over: bool,
}

impl Reader {
    pub(super) fn new(app: &App, place: Place, queue: Queue, greeting: Lines) -> Self {
        Self {
            app: app.clone(),
            place,
            queue,
            greeting: Some(greeting.into_bytes()),
            is_over: false,
        }
    }

    /// The rest of the stream as a body.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut reader| async move {
            let bytes = reader.next().await?;
            Some((Ok::<_, Infallible>(bytes), reader))
        }))
    }

    /// What comes next; `None` after the last.
    async fn next(&mut self) -> Option<Bytes> {
        if self.is_over {
            return None;
        }
        if let Some(greeting) = self.greeting.take() {
            return Some(greeting);
        }
        let last = tokio::select! {
            biased;
            () = self.app.stop.cancelled() => Lines::server_restarting(),
            () = self.place.expired.cancelled() => Lines::session_expired(),
            received = timeout(HEARTBEAT, self.queue.next()) => match received {
                Ok(Some((bytes, missed))) => {
                    self.app.metrics.stream_missed(missed);
                    return Some(bytes);
                }
                Ok(None) => Lines::server_restarting(),
                Err(_) => return Some(Lines::heartbeat()),
            },
        };
        self.is_over = true;
        Some(last.into_bytes())
    }
}

/// What was told to all and not yet to this client.
#[derive(Debug)]
pub(super) struct Queue {
    batches: broadcast::Receiver<Batch>,
    /// How many alerts and changes the client knows of, counted from the server's start.
    told: u64,
}

impl Queue {
    pub(super) fn new(batches: broadcast::Receiver<Batch>, told: u64) -> Self {
        Self { batches, told }
    }

    /// The next batch, after a `missed` where some were lost before it, and how many those were;
    /// `None` after the last.
    async fn next(&mut self) -> Option<(Bytes, u64)> {
        let batch = loop {
            match self.batches.recv().await {
                Ok(batch) => break batch,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        };
        let missed = batch.before.saturating_sub(self.told);
        self.told = batch.before.saturating_add(batch.count);
        if missed == 0 {
            return Some((batch.bytes, 0));
        }
        let mut lines = Lines::default();
        lines.missed(i64::try_from(missed).unwrap_or(i64::MAX));
        Some((lines.before(&batch.bytes), missed))
    }
}

#[cfg(test)]
mod tests {
    use super::super::hub::BATCHES_KEPT;
    use super::*;

    #[tokio::test]
    async fn a_slow_reader_is_told_how_much_it_missed() {
        let (sender, receiver) = broadcast::channel(BATCHES_KEPT);
        let batch = |number: u64| Batch {
            bytes: Bytes::from(format!("batch {number}")),
            before: number * 10,
            count: 10,
        };
        let mut queue = Queue::new(receiver, 0);
        sender.send(batch(0)).unwrap();
        assert_eq!(queue.next().await, Some(("batch 0".into(), 0)));
        for number in 1..=100 {
            sender.send(batch(number)).unwrap();
        }
        // 64 of the 100 are kept: 36 of 10 each are lost.
        let expected = "event: missed\ndata: {\"n\":360}\n\nbatch 37";
        assert_eq!(queue.next().await, Some((expected.into(), 360)));
        for number in 38..=100 {
            let expected = format!("batch {number}");
            assert_eq!(queue.next().await, Some((expected.into(), 0)));
        }
        drop(sender);
        assert_eq!(queue.next().await, None);
    }
}
