//! One connection: bytes in, messages out. Nothing is ever written to it.

use std::net::IpAddr;
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::lane::{Closed, Lane, Parcel};
use crate::adapters::syslog::{Frames, Framing};
use crate::metrics::{SyslogMetrics, TimedOut, Transport};

/// Longest message; of a longer one the beginning is kept: 64 KiB.
pub(super) const MESSAGE_MAX: usize = 64 * 1024;
/// Bytes read at once.
const READ_MAX: usize = 32 * 1024;
/// Messages of one parcel.
const PARCEL_MAX: usize = 512;
/// Longest silence between two messages. Long, because a sender that says little finds out that
/// its connection is gone by losing a message; keepalive finds peers that are dead.
const IDLE_MAX: Duration = Duration::from_hours(24);
/// Longest from a message's first byte to its last.
const MESSAGE_TIME_MAX: Duration = Duration::from_mins(1);
/// When the server stops, a connection is read until nothing came for this long …
const DRAIN_PAUSE: Duration = Duration::from_millis(50);
/// … and at the most for this long.
const DRAIN_MAX: Duration = Duration::from_millis(300);

/// Whose connection it is, and what it is part of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Connection<'a> {
    pub(super) peer: IpAddr,
    pub(super) transport: Transport,
    pub(super) lane: &'a Lane,
    pub(super) metrics: &'a SyslogMetrics,
    pub(super) stop: &'a CancellationToken,
}

/// How reading ended.
enum End {
    /// The other end closed, or the connection broke.
    Closed,
    TimedOut(TimedOut),
    Stopping,
}

/// Reads messages until the connection ends or is ended.
pub(super) async fn read<S: AsyncRead + Unpin>(mut stream: S, connection: Connection<'_>) {
    let mut reader = Reader {
        connection,
        frames: Frames::new(MESSAGE_MAX),
        buffer: BytesMut::new(),
        began: None,
    };
    let end = reader.run(&mut stream).await;
    if let Ok(End::Stopping) = end {
        drop(reader.drain(&mut stream).await);
    }
    if let Ok(End::TimedOut(what)) = end {
        connection.metrics.timed_out(what);
        tracing::debug!(peer = %connection.peer, ?what, "a syslog connection was ended");
    }
    let cut_off = !matches!(end, Ok(End::Closed));
    drop(reader.deliver(Some(cut_off)).await);
}

struct Reader<'a> {
    connection: Connection<'a>,
    frames: Frames,
    buffer: BytesMut,
    /// When the message began whose end is yet to come.
    began: Option<Instant>,
}

impl Reader<'_> {
    async fn run<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<End, Closed> {
        loop {
            let (deadline, what) = match self.began {
                Some(began) => (began + MESSAGE_TIME_MAX, TimedOut::Slow),
                None => (Instant::now() + IDLE_MAX, TimedOut::Idle),
            };
            self.buffer.reserve(READ_MAX);
            let read = tokio::select! {
                biased;
                () = self.connection.stop.cancelled() => return Ok(End::Stopping),
                read = timeout_at(deadline, stream.read_buf(&mut self.buffer)) => read,
            };
            match read {
                Ok(Ok(1..)) => self.deliver(None).await?,
                // A TLS sender that does not say good-bye has sent what it has sent.
                Ok(Ok(0) | Err(_)) => return Ok(End::Closed),
                Err(_) => return Ok(End::TimedOut(what)),
            }
        }
    }

    /// Reads what the other end has sent already.
    async fn drain<S: AsyncRead + Unpin>(&mut self, stream: &mut S) -> Result<(), Closed> {
        let end = Instant::now() + DRAIN_MAX;
        while Instant::now() < end {
            self.buffer.reserve(READ_MAX);
            let pause = Instant::now() + DRAIN_PAUSE;
            match timeout_at(pause.min(end), stream.read_buf(&mut self.buffer)).await {
                Ok(Ok(1..)) => self.deliver(None).await?,
                _ => break,
            }
        }
        Ok(())
    }

    /// Hands on every message that is complete; with `last`, the rest too, which then was cut off
    /// or not.
    async fn deliver(&mut self, last: Option<bool>) -> Result<(), Closed> {
        let mut waited = false;
        loop {
            let (parcel, counts) = self.parcel(last);
            if parcel.is_empty() {
                break;
            }
            for (framing, n) in counts {
                let Connection {
                    metrics, transport, ..
                } = self.connection;
                metrics.messages(transport, framing.word(), n);
            }
            waited = true;
            // While there is no room nothing more is read, and the sender's queue fills.
            self.connection.lane.put(parcel).await?;
        }
        if !self.frames.is_within(&self.buffer) {
            self.began = None;
            // Thousands of silent connections hold no memory.
            self.buffer = BytesMut::new();
        } else if waited || self.began.is_none() {
            self.began = Some(Instant::now());
        }
        Ok(())
    }

    fn parcel(&mut self, last: Option<bool>) -> (Parcel, [(Framing, u64); 3]) {
        let mut parcel = Parcel::of(self.connection.peer);
        let mut counts = [
            (Framing::OctetCounted, 0),
            (Framing::Lf, 0),
            (Framing::Nul, 0),
        ];
        let mut truncated = 0;
        let mut rest: &[u8] = &self.buffer;
        while parcel.len() < PARCEL_MAX {
            let Some(frame) = self.frames.next(&mut rest, last.is_some()) else {
                break;
            };
            // Nothing follows the message that the end of the connection ended.
            let cut_off = last == Some(true) && rest.is_empty();
            let is_cut = frame.truncated || cut_off;
            truncated += u64::from(is_cut);
            parcel.push(frame.bytes, is_cut);
            for (framing, n) in &mut counts {
                *n += u64::from(*framing == frame.framing);
            }
        }
        let used = self.buffer.len().saturating_sub(rest.len());
        self.buffer.advance(used);
        self.connection.metrics.truncated(truncated);
        (parcel, counts)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncWriteExt as _, DuplexStream};
    use tokio::sync::mpsc::UnboundedReceiver;
    use tokio::task::JoinHandle;

    use super::super::lane::{Pending, TCP_ROOM, lane};
    use super::*;

    struct Scene {
        sender: DuplexStream,
        parcels: UnboundedReceiver<Parcel>,
        stop: CancellationToken,
        task: JoinHandle<u64>,
    }

    /// A connection that is read; its task tells how many ended for slowness or silence.
    fn scene() -> Scene {
        let (sender, stream) = tokio::io::duplex(1 << 20);
        let (lane, parcels) = lane(TCP_ROOM, Pending::default());
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        #[expect(clippy::disallowed_methods, reason = "a test waits for it itself")]
        let task = tokio::spawn(async move {
            let metrics = SyslogMetrics::default();
            let connection = Connection {
                peer: IpAddr::from([192, 0, 2, 1]),
                transport: Transport::Tcp,
                lane: &lane,
                metrics: &metrics,
                stop: &stopping,
            };
            read(stream, connection).await;
            metrics.timed_out_so_far()
        });
        Scene {
            sender,
            parcels,
            stop,
            task,
        }
    }

    async fn all(mut parcels: UnboundedReceiver<Parcel>) -> Vec<(String, bool)> {
        let mut told = Vec::new();
        while let Some(parcel) = parcels.recv().await {
            for (bytes, truncated) in parcel.messages() {
                told.push((String::from_utf8(bytes.to_vec()).unwrap(), truncated));
            }
        }
        told
    }

    fn whole(text: &str) -> (String, bool) {
        (text.to_owned(), false)
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_does_not_come_to_its_end_ends_the_connection_and_is_kept() {
        let mut scene = scene();
        scene.sender.write_all(b"<13>a\n<13>half").await.unwrap();
        let began = Instant::now();
        assert_eq!(scene.task.await.unwrap(), 1);
        assert_eq!(began.elapsed().as_secs(), MESSAGE_TIME_MAX.as_secs());
        let half = ("<13>half".to_owned(), true);
        assert_eq!(all(scene.parcels).await, [whole("<13>a"), half]);
        assert!(
            scene.sender.write_all(b"more").await.is_err(),
            "it is closed"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_trickle_does_not_keep_a_message_alive() {
        let mut scene = scene();
        let began = Instant::now();
        let mut sent = 0;
        while scene.sender.write_all(b"x").await.is_ok() {
            sent += 1;
            tokio::time::advance(Duration::from_secs(5)).await;
        }
        assert!(
            began.elapsed() <= MESSAGE_TIME_MAX + Duration::from_secs(15),
            "{sent}"
        );
        assert_eq!(scene.task.await.unwrap(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn silence_between_messages_is_allowed_for_a_day() {
        let mut scene = scene();
        for _ in 0..3 {
            scene.sender.write_all(b"<13>a\n").await.unwrap();
            tokio::time::sleep_until(Instant::now() + Duration::from_hours(23)).await;
        }
        assert_eq!(scene.task.await.unwrap(), 1);
        assert_eq!(all(scene.parcels).await.len(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_and_steady_passes() {
        let mut scene = scene();
        for byte in b"<13>a\n<13>b\n14 <13>c and more" {
            scene.sender.write_all(&[*byte]).await.unwrap();
            tokio::time::sleep_until(Instant::now() + Duration::from_secs(3)).await;
        }
        drop(scene.sender);
        assert_eq!(scene.task.await.unwrap(), 0);
        let expected = [whole("<13>a"), whole("<13>b"), whole("<13>c and more")];
        assert_eq!(all(scene.parcels).await, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stop_takes_what_was_sent() {
        let mut scene = scene();
        for number in 0..20_000 {
            let message = format!("<13>{number}\n");
            scene.sender.write_all(message.as_bytes()).await.unwrap();
        }
        scene.sender.write_all(b"<13>half").await.unwrap();
        scene.stop.cancel();
        let told = all(scene.parcels).await;
        assert_eq!(told.len(), 20_001);
        assert_eq!(told[20_000], ("<13>half".to_owned(), true));
        assert_eq!(scene.task.await.unwrap(), 0);
    }
}
