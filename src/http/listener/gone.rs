//! Peers that go away without a word: a machine without power, a network without a route.
//!
//! Deadlines find those of which something is expected. A stream that is open and has little to
//! say, and a sender of syslog that says little, expect nothing: there the system asks.

use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::TcpStream;

/// Silence after which the system asks whether the other end is still there.
const ASKED_AFTER: Duration = Duration::from_mins(1);
/// How often it asks then, and how many times in vain before the connection ends.
const ASKED_EVERY: (Duration, u32) = (Duration::from_secs(15), 4);
/// Longest that what was sent may stay unacknowledged before the connection ends; without it, the
/// system tries for a quarter of an hour. As long as asking takes.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_mins(2);

/// Has the system end a connection whose peer is gone: two minutes after its last sign of life.
pub(crate) fn end_when_gone(stream: &TcpStream) {
    let socket = SockRef::from(stream);
    let (every, times) = ASKED_EVERY;
    let keepalive = TcpKeepalive::new()
        .with_time(ASKED_AFTER)
        .with_interval(every)
        .with_retries(times);
    if let Err(error) = socket.set_tcp_keepalive(&keepalive) {
        tracing::debug!(%error, "keepalive could not be set");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = socket.set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX)) {
        tracing::debug!(%error, "TCP_USER_TIMEOUT could not be set");
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_system_looks_after_a_connection_for_two_minutes() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (_client, (stream, _)) = (client.unwrap(), accepted.unwrap());
        end_when_gone(&stream);
        let socket = SockRef::from(&stream);
        assert!(socket.keepalive().unwrap());
        let (every, times) = (
            socket.tcp_keepalive_interval().unwrap(),
            socket.tcp_keepalive_retries().unwrap(),
        );
        let longest = socket.tcp_keepalive_time().unwrap() + every * times;
        assert_eq!(longest, Duration::from_mins(2));
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(longest));
    }
}
