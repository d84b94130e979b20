//! Syslog over UDP (RFC 5426): a datagram is a message.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use tokio::net::UdpSocket;
use tokio::time::Instant;

use super::Hub;
use super::lane::{Parcel, SharedLane};
use crate::adapters::syslog::{self, Framing, Header, Receipt};
use crate::metrics::Transport;
use crate::sources::Outcome;

/// The longest datagram there can be.
const DATAGRAM_MAX: usize = 65_536;
/// Datagrams taken before others get their turn.
const BURST_MAX: usize = 256;
/// Longest that what the system still holds is read when the server stops.
const DRAIN_MAX: Duration = Duration::from_millis(500);

/// Receives until the server stops, then what the system still holds.
pub(super) async fn receive(socket: UdpSocket, hub: Arc<Hub>, lane: SharedLane) {
    let mut buffer = vec![0; DATAGRAM_MAX];
    loop {
        tokio::select! {
            biased;
            () = hub.app.stop.cancelled() => break,
            ready = socket.readable() => if let Err(error) = ready {
                tracing::error!(%error, "a syslog socket cannot be read any more");
                return;
            },
        }
        if burst(&socket, &mut buffer, &hub, &lane) {
            tokio::task::yield_now().await;
        }
    }
    let end = Instant::now() + DRAIN_MAX;
    while burst(&socket, &mut buffer, &hub, &lane) && Instant::now() < end {
        tokio::task::yield_now().await;
    }
}

/// Takes what is there; whether there may be more.
fn burst(socket: &UdpSocket, buffer: &mut [u8], hub: &Hub, lane: &SharedLane) -> bool {
    let metrics = hub.app.metrics.syslog();
    let mut refused = BTreeMap::new();
    let (mut messages, mut more) = (0_u64, true);
    for _ in 0..BURST_MAX {
        let (length, peer) = match socket.try_recv_from(buffer) {
            Ok(received) => received,
            Err(error) => {
                if error.kind() != ErrorKind::WouldBlock {
                    tracing::debug!(%error, "a datagram could not be read");
                }
                more = false;
                break;
            }
        };
        let peer = peer.ip().to_canonical();
        if !hub.peers.hears(peer, metrics) {
            continue;
        }
        let mut parcel = Parcel::of(peer);
        for frame in syslog::datagram(buffer.get(..length).unwrap_or_default()) {
            parcel.push(frame.bytes, false);
        }
        messages = messages.saturating_add(parcel.len() as u64);
        if !parcel.is_empty()
            && let Err(parcel) = lane.try_put(parcel)
        {
            no_room(&parcel, hub.app.clock.now(), &mut refused);
        }
    }
    metrics.messages(Transport::Udp, Framing::Datagram.word(), messages);
    let now = hub.app.clock.now();
    for (source, n) in refused {
        metrics.throttled(Transport::Udp, n);
        hub.ingest
            .sources()
            .counters()
            .add(&source, Outcome::Throttled, n, now);
    }
    more
}

/// Counts messages for which there is no room by the source they would have had.
fn no_room(parcel: &Parcel, now: Timestamp, refused: &mut BTreeMap<String, u64>) {
    for (bytes, _) in parcel.messages() {
        let n = refused
            .entry(source_of(bytes, parcel.peer, now))
            .or_default();
        *n = n.saturating_add(1);
    }
}

fn source_of(bytes: &[u8], peer: IpAddr, now: Timestamp) -> String {
    let line = syslog::line(bytes);
    let header = Header::read(&line, &Receipt::at(now));
    header
        .hostname
        .map_or_else(|| peer.to_string(), str::to_owned)
}
