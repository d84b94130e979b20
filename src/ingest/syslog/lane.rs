//! The way from a socket to the store: bounded in bytes, so that a sender waits or is counted, and
//! memory stays what it is. Who cannot wait has a share, so that nobody takes the others' room.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::limits::{Share, Shares, network_of};

/// Bytes that may wait from UDP: 32 MiB, each message counted with what it becomes. Nobody waits
/// for room there, so it holds a burst; one sender alone gets half, and there is room for another.
pub(super) const UDP_ROOM: usize = 32 << 20;
/// Bytes that may wait from TCP and TLS: 8 MiB, about 5,000 messages, half of them in the commit
/// under way: of two small commits each writes the same ends of the indexes again. What is beyond
/// waits with its sender, and little is left to be stored when the server stops.
pub(super) const TCP_ROOM: u32 = 8 << 20;
/// What a message takes beside its own bytes, as an event that is about to be stored.
const MESSAGE_ROOM: usize = 1_024;

/// Messages of one sender as they were taken from the socket at once.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) peer: IpAddr,
    text: Vec<u8>,
    ends: Vec<(usize, bool)>,
    /// Held until they are stored.
    room: Option<Held>,
}

/// Room that is given back when it is dropped.
#[derive(Debug)]
#[expect(dead_code, reason = "held, not read")]
enum Held {
    Waited(OwnedSemaphorePermit),
    Shared(Share<u64>),
}

impl Parcel {
    pub(super) const fn of(peer: IpAddr) -> Self {
        Self {
            peer,
            text: Vec::new(),
            ends: Vec::new(),
            room: None,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8], truncated: bool) {
        self.text.extend_from_slice(bytes);
        self.ends.push((self.text.len(), truncated));
    }

    pub(super) const fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Its bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Each message, and whether its end is missing.
    pub(super) fn messages(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut begin = 0;
        self.ends.iter().map(move |(end, truncated)| {
            let bytes = self.text.get(begin..*end).unwrap_or_default();
            begin = *end;
            (bytes, *truncated)
        })
    }

    fn cost(&self) -> usize {
        let own = self.len().saturating_mul(MESSAGE_ROOM);
        own.saturating_add(self.text.len())
    }
}

/// Where parcels are put by those who wait for room.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    out: Out,
    room: Arc<Semaphore>,
    /// All the room there is.
    size: u32,
}

/// Where parcels are put by those who cannot wait, as many as their sender has room for.
#[derive(Clone, Debug)]
pub(super) struct SharedLane {
    out: Out,
    /// By the sender's network.
    room: Shares<u64>,
}

#[derive(Clone, Debug)]
struct Out {
    sender: UnboundedSender<Parcel>,
    /// Messages put in here and not stored yet.
    pending: Pending,
}

/// How many messages were read and are not stored yet.
pub(super) type Pending = Arc<AtomicUsize>;

/// Nobody stores any more.
#[derive(Debug)]
pub(super) struct Closed;

/// A lane with room for so many bytes, and its other end. What is larger gets in alone.
pub(super) fn lane(size: u32, pending: Pending) -> (Lane, UnboundedReceiver<Parcel>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let permits = usize::try_from(size).unwrap_or(Semaphore::MAX_PERMITS);
    let room = Arc::new(Semaphore::new(permits));
    let out = Out { sender, pending };
    (Lane { out, room, size }, receiver)
}

/// A lane with room for so many bytes that senders share, and its other end.
pub(super) fn shared_lane(
    size: usize,
    pending: Pending,
) -> (SharedLane, UnboundedReceiver<Parcel>) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let (out, room) = (Out { sender, pending }, Shares::new(size));
    (SharedLane { out, room }, receiver)
}

impl Lane {
    /// Waits for room and puts a parcel in.
    pub(super) async fn put(&self, mut parcel: Parcel) -> Result<(), Closed> {
        let cost = u32::try_from(parcel.cost()).map_or(self.size, |cost| cost.min(self.size));
        let room = Arc::clone(&self.room).acquire_many_owned(cost).await;
        parcel.room = Some(Held::Waited(room.map_err(|_| Closed)?));
        self.out.send(parcel).map_err(|_| Closed)
    }
}

impl SharedLane {
    /// Puts a parcel in if there is room now; gives it back otherwise.
    pub(super) fn try_put(&self, mut parcel: Parcel) -> Result<(), Parcel> {
        match self.room.take(&network_of(parcel.peer), parcel.cost()) {
            Some(room) => {
                parcel.room = Some(Held::Shared(room));
                self.out.send(parcel)
            }
            None => Err(parcel),
        }
    }
}

impl Out {
    fn send(&self, parcel: Parcel) -> Result<(), Parcel> {
        self.pending.fetch_add(parcel.len(), Ordering::Relaxed);
        self.sender.send(parcel).map_err(|error| error.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(sender: u8, size: usize) -> Parcel {
        let mut parcel = Parcel::of(IpAddr::from([192, 0, 2, sender]));
        parcel.push(&vec![b'x'; size], false);
        parcel
    }

    #[test]
    fn messages_come_out_as_they_were_put_in() {
        let mut parcel = parcel(1, 3);
        parcel.push(b"", true);
        parcel.push(b"yy", true);
        let told: Vec<_> = parcel.messages().collect();
        assert_eq!(told, [(&b"xxx"[..], false), (b"", true), (b"yy", true)]);
    }

    #[tokio::test]
    async fn a_full_lane_has_room_again_when_something_was_stored() {
        let (lane, mut receiver) = lane(TCP_ROOM, Pending::default());
        for _ in 0..7 {
            lane.put(parcel(1, 1 << 20)).await.unwrap();
        }
        let waiting = lane.put(parcel(2, 1 << 20));
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        drop(receiver.recv().await);
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn what_is_larger_than_the_room_gets_in_alone() {
        let (lane, mut receiver) = lane(TCP_ROOM, Pending::default());
        lane.put(parcel(1, 64 << 20)).await.unwrap();
        let waiting = lane.put(parcel(1, 1));
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        drop(receiver.recv().await);
        waiting.await.unwrap();
    }

    #[tokio::test]
    async fn who_cannot_wait_takes_no_more_than_their_share() {
        let (lane, mut receiver) = shared_lane(UDP_ROOM, Pending::default());
        let fill = |sender| {
            let parcels = std::iter::repeat_with(|| lane.try_put(parcel(sender, 1 << 20)));
            parcels.take_while(Result::is_ok).count()
        };
        assert_eq!(fill(1), 15, "half: each is a little more than 1 MiB");
        assert!(fill(2) >= 7, "another is heard");
        assert_eq!(fill(1), 0);
        assert!(fill(3) > 0);
        for _ in 0..15 {
            drop(receiver.recv().await);
        }
        assert!(fill(1) > 0, "there is room again");
    }
}
