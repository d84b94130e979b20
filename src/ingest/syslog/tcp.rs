//! Syslog over TCP (RFC 6587) and TLS (RFC 5425): accepting connections.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::TaskTracker;

use super::Hub;
use super::connection::{Connection, read};
use super::lane::Lane;
use super::peers::{LOG_INTERVAL, PlaceTaken};
use super::tls::{HANDSHAKE_MAX, Tls};
use crate::http::Seldom;
use crate::http::listener::end_when_gone;
use crate::metrics::Transport;

/// The pause after a failed accept; the usual cause is the limit of open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Accepts until the server stops, then waits for its connections.
pub(super) async fn accept(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    hub: Arc<Hub>,
    lane: Lane,
) {
    let connections = TaskTracker::new();
    let mut failures = Seldom::every(LOG_INTERVAL);
    loop {
        let accepted = tokio::select! {
            biased;
            () = hub.app.stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let peer = peer.ip().to_canonical();
                if let Some(place) = hub.peers.admit(peer, hub.app.metrics.syslog()) {
                    let (tls, hub, lane) = (tls.clone(), Arc::clone(&hub), lane.clone());
                    connections.spawn(serve(stream, peer, place, tls, hub, lane));
                }
            }
            Err(error) => {
                if let Some(others) = failures.due() {
                    tracing::error!(%error, others, "accepting a syslog connection failed");
                }
                hub.app.rest(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, lane));
    connections.close();
    connections.wait().await;
}

async fn serve(
    stream: TcpStream,
    peer: IpAddr,
    _place: PlaceTaken,
    tls: Option<Arc<Tls>>,
    hub: Arc<Hub>,
    lane: Lane,
) {
    // We write nothing, so nothing else would show that the other end is gone.
    end_when_gone(&stream);
    let transport = if tls.is_some() {
        Transport::Tls
    } else {
        Transport::Tcp
    };
    let _open = hub.app.metrics.syslog().connection(transport);
    let connection = Connection {
        peer,
        transport,
        lane: &lane,
        metrics: hub.app.metrics.syslog(),
        stop: &hub.app.stop,
    };
    let Some(tls) = tls else {
        read(stream, connection).await;
        return;
    };
    let handshake = tokio::time::timeout(HANDSHAKE_MAX, tls.acceptor().accept(stream));
    let agreed = tokio::select! {
        biased;
        () = hub.app.stop.cancelled() => return,
        agreed = handshake => agreed,
    };
    let reason = match agreed {
        Ok(Ok(stream)) => {
            read(stream, connection).await;
            return;
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "it took too long".to_owned(),
    };
    hub.app.metrics.syslog().tls_failed();
    let due = tls
        .failures
        .lock()
        .map_or(None, |mut failures| failures.due());
    if let Some(others) = due {
        tracing::warn!(%peer, reason, others, "no TLS with a syslog sender");
    }
}
