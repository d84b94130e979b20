//! The way from a socket to the store: bounded in bytes, so that a sender waits or is counted, and
//! memory stays what it is.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes that may wait from UDP: 32 MiB, each message counted with what it becomes. Nobody waits
/// for room there, so it holds a burst.
pub(super) const UDP_ROOM: u32 = 32 << 20;
/// Bytes that may wait from TCP and TLS: 4 MiB. What is beyond waits with its sender, and little is
/// left to be stored when the server stops.
pub(super) const TCP_ROOM: u32 = 4 << 20;
/// What a message takes beside its own bytes, as an event that is about to be stored.
const MESSAGE_ROOM: usize = 1_024;

/// Messages of one sender as they were taken from the socket at once.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) peer: IpAddr,
    text: Vec<u8>,
    ends: Vec<(usize, bool)>,
    /// Held until they are stored.
    room: Option<OwnedSemaphorePermit>,
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

    fn cost(&self) -> u32 {
        let own = self.len().saturating_mul(MESSAGE_ROOM);
        u32::try_from(own.saturating_add(self.text.len())).unwrap_or(u32::MAX)
    }
}

/// Where parcels are put.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    sender: UnboundedSender<Parcel>,
    room: Arc<Semaphore>,
    /// All the room there is.
    size: u32,
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
    let lane = Lane {
        sender,
        room,
        size,
        pending,
    };
    (lane, receiver)
}

impl Lane {
    fn cost(&self, parcel: &Parcel) -> u32 {
        parcel.cost().min(self.size)
    }

    /// Waits for room and puts a parcel in.
    pub(super) async fn put(&self, mut parcel: Parcel) -> Result<(), Closed> {
        let room = Arc::clone(&self.room)
            .acquire_many_owned(self.cost(&parcel))
            .await;
        parcel.room = Some(room.map_err(|_| Closed)?);
        self.send(parcel).map_err(|_| Closed)
    }

    /// Puts a parcel in if there is room now; gives it back otherwise.
    pub(super) fn try_put(&self, mut parcel: Parcel) -> Result<(), Parcel> {
        match Arc::clone(&self.room).try_acquire_many_owned(self.cost(&parcel)) {
            Ok(room) => {
                parcel.room = Some(room);
                self.send(parcel)
            }
            Err(_) => Err(parcel),
        }
    }

    fn send(&self, parcel: Parcel) -> Result<(), Parcel> {
        self.pending.fetch_add(parcel.len(), Ordering::Relaxed);
        self.sender.send(parcel).map_err(|error| error.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parcel(size: usize) -> Parcel {
        let mut parcel = Parcel::of(IpAddr::from([192, 0, 2, 1]));
        parcel.push(&vec![b'x'; size], false);
        parcel
    }

    #[test]
    fn messages_come_out_as_they_were_put_in() {
        let mut parcel = parcel(3);
        parcel.push(b"", true);
        parcel.push(b"yy", true);
        let told: Vec<_> = parcel.messages().collect();
        assert_eq!(told, [(&b"xxx"[..], false), (b"", true), (b"yy", true)]);
    }

    #[tokio::test]
    async fn a_full_lane_refuses_and_has_room_again_when_something_was_stored() {
        let (lane, mut receiver) = lane(UDP_ROOM, Pending::default());
        let mut taken = 0;
        while lane.try_put(parcel(1 << 20)).is_ok() {
            taken += 1;
        }
        assert_eq!(taken, 31, "each is a little more than 1 MiB");
        let waiting = lane.put(parcel(1 << 20));
        tokio::pin!(waiting);
        assert!(futures_util::poll!(waiting.as_mut()).is_pending());
        drop(receiver.recv().await);
        waiting.await.unwrap();
        assert!(lane.try_put(parcel(1 << 20)).is_err());
    }

    #[tokio::test]
    async fn what_is_larger_than_the_room_gets_in_alone() {
        let (lane, mut receiver) = lane(UDP_ROOM, Pending::default());
        lane.put(parcel(64 << 20)).await.unwrap();
        assert!(lane.try_put(parcel(1)).is_err());
        drop(receiver.recv().await);
        lane.try_put(parcel(1)).unwrap();
    }
}
