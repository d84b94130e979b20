//! The accept loop: every connection Watchpost serves, and every limit put on one.
//!
//! `axum::serve` installs no timer, so a client that sends nothing, or one byte a minute, keeps its
//! connection for ever. This module accepts for itself and gives every state of a connection a
//! deadline. It knows sockets, HTTP/1 framing and limits; it must not know routes, users or storage.
//!
//! Start reading at [`serve`], then `connection.rs`. HTTP/1.0 and HTTP/1.1 only: without HTTP/2
//! there are no stream resets and no continuation floods to defend against.

mod accept;
mod body;
mod caps;
mod connection;
mod framing;
mod gate;
mod gone;
mod io;
#[cfg(test)]
mod tests;

use std::{net::SocketAddr, time::Duration};

pub use accept::serve;
pub use body::BodyDeadline;
pub(crate) use caps::{AddressBlock, Admission};
pub use caps::{Cap, ConnectionCounts, Stage};
pub(crate) use gone::end_when_gone;

/// Limits what one client, and all clients together, may hold open.
///
/// [`Default`] gives the values of an installation that faces the internet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenerLimits {
    /// Bounds the time for a complete request head. Default 10 s.
    ///
    /// Counted from the accept for the first request of a connection, so a client that connects
    /// and stays silent falls under it too; from the first byte of the head for later ones.
    pub header_timeout: Duration,
    /// Bounds the waiting for a request body. Default 30 s.
    ///
    /// Time spent waiting for the client uses it up, bytes received at [`Self::min_body_rate`]
    /// give it back, never beyond this value: a fast upload of any length passes, a trickle ends
    /// after this time, and so does a fast upload that falls silent. Time in which the handler is
    /// not reading is not held against the client.
    pub body_timeout: Duration,
    /// The rate in bytes per second that keeps a body alive. Default 1,024; 0 counts as 1.
    pub min_body_rate: u64,
    /// Bounds the silence between two requests of a connection. Default 60 s.
    ///
    /// A response that is still open, such as an event stream, is not silence.
    pub idle_timeout: Duration,
    /// Bounds the time in which a pending write makes no progress. Default 30 s.
    ///
    /// Progress is what the kernel accepts: it wakes a writer when about a third of the send
    /// buffer is free, so this is coarser than single bytes.
    pub write_stall_timeout: Duration,
    /// Bounds the time from the shutdown to the end of the last connection. Default 4 s.
    ///
    /// Leaves one second of the five in which an orderly stop should be over.
    pub drain_timeout: Duration,
    /// The most connections open at once. Default 8,192; each needs a file descriptor.
    pub connections_max: usize,
    /// The most connections open at once from one address. Default 256.
    ///
    /// IPv6 is counted by /64, the smallest network one subscriber is given (RFC 6177). Behind a
    /// reverse proxy all connections share one address: set this to `connections_max` there.
    pub connections_per_address_max: usize,
    /// The most bytes of a request head, request line included. Default 64 KiB.
    ///
    /// Longer heads are answered with 431. Also bounds chunked trailers.
    pub header_bytes_max: usize,
    /// The most header lines of a request. Default 100. More are answered with 431.
    pub headers_max: usize,
}

impl Default for ListenerLimits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            min_body_rate: 1024,
            idle_timeout: Duration::from_mins(1),
            write_stall_timeout: Duration::from_secs(30),
            drain_timeout: Duration::from_secs(4),
            connections_max: 8192,
            connections_per_address_max: 256,
            header_bytes_max: 64 * 1024,
            headers_max: 100,
        }
    }
}

/// Names the socket a request came from, as a request extension.
///
/// The address of the TCP peer, never of a forwarded header. An IPv4 client of a dual-stack socket
/// appears as IPv4, so that address ranges compare as written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);
