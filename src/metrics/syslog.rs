//! What comes in over the syslog listeners.

use std::sync::atomic::{AtomicU64, Ordering};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct MessageLabels {
    transport: &'static str,
    framing: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct TransportLabels {
    transport: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

/// How messages travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// RFC 5426.
    Udp,
    /// RFC 6587.
    Tcp,
    /// RFC 5425.
    Tls,
}

/// Why a sender is not heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedFor {
    /// `SYSLOG_NETWORKS` does not hold it.
    Network,
    /// Too many connections are open.
    Connections,
    /// Too many of one peer are.
    ConnectionsOfPeer,
}

/// Why a connection was ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimedOut {
    /// It said nothing for too long.
    Idle,
    /// A message did not come to its end.
    Slow,
}

/// Counters of the syslog listeners.
#[derive(Debug, Default)]
pub struct SyslogMetrics {
    messages: Family<MessageLabels, Counter>,
    truncated: Counter,
    throttled: Family<TransportLabels, Counter>,
    connections: Family<TransportLabels, Gauge>,
    refused: Family<ReasonLabels, Counter>,
    timed_out: Family<ReasonLabels, Counter>,
    tls_failures: Counter,
    dropped: Counter,
    /// Of [`Self::messages`], all together.
    received: AtomicU64,
}

/// A connection that is open, for as long as this is held.
#[derive(Debug)]
pub struct Open(Gauge);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Transport {
    const fn word(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
        }
    }
}

impl SyslogMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register(
            "syslog_messages",
            "Syslog messages received",
            self.messages.clone(),
        );
        registry.register(
            "syslog_truncated",
            "Syslog messages whose end is missing",
            self.truncated.clone(),
        );
        registry.register(
            "syslog_throttled",
            "Syslog messages received and dropped for want of room",
            self.throttled.clone(),
        );
        registry.register(
            "syslog_connections_open",
            "Syslog connections open",
            self.connections.clone(),
        );
        registry.register(
            "syslog_refused",
            "Syslog datagrams and connections that were not heard",
            self.refused.clone(),
        );
        registry.register(
            "syslog_timeouts",
            "Syslog connections ended for silence or slowness",
            self.timed_out.clone(),
        );
        registry.register(
            "syslog_tls_failures",
            "TLS handshakes of syslog senders that failed",
            self.tls_failures.clone(),
        );
        registry.register(
            "syslog_udp_dropped",
            "Datagrams the system dropped before they could be read",
            self.dropped.clone(),
        );
    }

    /// Counts messages that were received; `framing` says how they were told apart.
    pub fn messages(&self, transport: Transport, framing: &'static str, n: u64) {
        if n > 0 {
            let transport = transport.word();
            let labels = MessageLabels { transport, framing };
            self.messages.get_or_create(&labels).inc_by(n);
            self.received.fetch_add(n, Ordering::Relaxed);
        }
    }

    /// Counts messages whose end is missing.
    pub fn truncated(&self, n: u64) {
        self.truncated.inc_by(n);
    }

    /// Counts messages that were received and found no room.
    pub fn throttled(&self, transport: Transport, n: u64) {
        let transport = transport.word();
        self.throttled
            .get_or_create(&TransportLabels { transport })
            .inc_by(n);
    }

    /// Counts a connection for as long as what is returned is held.
    #[must_use]
    pub fn connection(&self, transport: Transport) -> Open {
        let transport = transport.word();
        let gauge = self
            .connections
            .get_or_create_owned(&TransportLabels { transport });
        gauge.inc();
        Open(gauge)
    }

    /// Counts a sender that is not heard.
    pub fn refused(&self, reason: RefusedFor) {
        let reason = match reason {
            RefusedFor::Network => "network",
            RefusedFor::Connections => "connections",
            RefusedFor::ConnectionsOfPeer => "connections_of_peer",
        };
        self.refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts a connection that was ended.
    pub fn timed_out(&self, reason: TimedOut) {
        let reason = match reason {
            TimedOut::Idle => "idle",
            TimedOut::Slow => "slow",
        };
        self.timed_out.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// How many connections were ended since the start.
    #[must_use]
    pub fn timed_out_so_far(&self) -> u64 {
        let ended = ["idle", "slow"]
            .map(|reason| self.timed_out.get_or_create(&ReasonLabels { reason }).get());
        ended.into_iter().fold(0, u64::saturating_add)
    }

    /// Counts a handshake that failed.
    pub fn tls_failed(&self) {
        self.tls_failures.inc();
    }

    /// Notes how many datagrams the system has dropped since the start.
    pub fn dropped_by_system(&self, total: u64) {
        self.dropped
            .inc_by(total.saturating_sub(self.dropped.get()));
    }

    /// Messages received, dropped for want of room, and dropped by the system, since the start.
    #[must_use]
    pub fn so_far(&self) -> (u64, u64, u64) {
        let throttled = [Transport::Udp, Transport::Tcp, Transport::Tls].map(|transport| {
            let transport = transport.word();
            self.throttled
                .get_or_create(&TransportLabels { transport })
                .get()
        });
        let throttled = throttled.into_iter().fold(0, u64::saturating_add);
        (
            self.received.load(Ordering::Relaxed),
            throttled,
            self.dropped.get(),
        )
    }
}
