//! Who may send: networks, and how many connections.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ipnet::IpNet;

use crate::http::Seldom;
use crate::http::listener::{AddressBlock, Admission, Cap, ListenerLimits};
use crate::metrics::{RefusedFor, SyslogMetrics};

/// Connections at once, over TCP and TLS together.
const CONNECTIONS_MAX: usize = 1_024;
/// Connections at once from one address (IPv6: one /64).
const CONNECTIONS_PER_PEER_MAX: usize = 128;
/// The least time between two log lines of one kind.
pub(super) const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Decides who is heard.
#[derive(Debug)]
pub(super) struct Peers {
    networks: Vec<IpNet>,
    admission: Mutex<Admission>,
    refused: Mutex<Seldom>,
}

/// A connection's place; given back when it is dropped.
#[derive(Debug)]
pub(super) struct PlaceTaken {
    peers: Arc<Peers>,
    block: Option<AddressBlock>,
}

impl Drop for PlaceTaken {
    fn drop(&mut self) {
        if let Some(block) = self.block.take() {
            self.peers.admission().release(block);
        }
    }
}

impl Peers {
    pub(super) fn new(networks: Vec<IpNet>) -> Self {
        let limits = ListenerLimits {
            connections_max: CONNECTIONS_MAX,
            connections_per_address_max: CONNECTIONS_PER_PEER_MAX,
            ..ListenerLimits::default()
        };
        Self {
            networks,
            admission: Mutex::new(Admission::new(&limits)),
            refused: Mutex::new(Seldom::every(LOG_INTERVAL)),
        }
    }

    /// Whether a sender may be heard at all; counts and, once a minute, logs one who may not.
    pub(super) fn hears(&self, peer: IpAddr, metrics: &SyslogMetrics) -> bool {
        if self.networks.iter().any(|network| network.contains(&peer)) {
            return true;
        }
        metrics.refused(RefusedFor::Network);
        if let Some(others) = self
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .due()
        {
            tracing::warn!(%peer, others, "syslog refused: SYSLOG_NETWORKS does not hold the sender");
        }
        false
    }

    /// A place for one more connection; counts and, once a minute, logs one that gets none.
    pub(super) fn admit(
        self: &Arc<Self>,
        peer: IpAddr,
        metrics: &SyslogMetrics,
    ) -> Option<PlaceTaken> {
        if !self.hears(peer, metrics) {
            return None;
        }
        let cap = match self.admission().admit(peer) {
            Ok(block) => {
                return Some(PlaceTaken {
                    peers: Arc::clone(self),
                    block: Some(block),
                });
            }
            Err(cap) => cap,
        };
        metrics.refused(match cap {
            Cap::Total => RefusedFor::Connections,
            Cap::Address => RefusedFor::ConnectionsOfPeer,
        });
        if let Some(others) = self
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .due()
        {
            tracing::warn!(%peer, ?cap, others, "syslog connection refused: too many are open");
        }
        None
    }

    fn admission(&self) -> std::sync::MutexGuard<'_, Admission> {
        self.admission
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_networks_are_heard() {
        let metrics = SyslogMetrics::default();
        let peers = Peers::new(vec!["10.0.0.0/8".parse().unwrap()]);
        assert!(peers.hears("10.1.2.3".parse().unwrap(), &metrics));
        assert!(!peers.hears("192.0.2.1".parse().unwrap(), &metrics));
        assert!(!peers.hears("::1".parse().unwrap(), &metrics));
    }

    #[test]
    fn one_peer_gets_its_share_of_connections_and_no_more() {
        let metrics = SyslogMetrics::default();
        let peers = Arc::new(Peers::new(vec!["10.0.0.0/8".parse().unwrap()]));
        let address = "10.0.0.1".parse().unwrap();
        let mut places: Vec<_> = std::iter::from_fn(|| peers.admit(address, &metrics)).collect();
        assert_eq!(places.len(), CONNECTIONS_PER_PEER_MAX);
        assert!(peers.admit("10.0.0.2".parse().unwrap(), &metrics).is_some());
        places.pop();
        assert!(peers.admit(address, &metrics).is_some());
    }
}
