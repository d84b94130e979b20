//! The two ends of a connection: which is inside, which outside.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde_json::Value;

use super::draft::Draft;
use super::fields::Fields;

/// One end.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct End {
    /// IPv4-mapped addresses are already IPv4.
    pub(super) ip: Option<IpAddr>,
    pub(super) port: Option<u16>,
}

/// Both ends, as the packet went.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ends {
    pub(super) source: End,
    pub(super) destination: End,
}

impl Ends {
    /// Reads both ends out of `source` and `destination`.
    pub(super) fn of(fields: &Fields) -> Self {
        let end = |ip: &str, port: &str| End {
            ip: fields
                .get(ip)
                .and_then(Value::as_str)
                .and_then(|ip| ip.parse().ok()),
            port: fields
                .get(port)
                .and_then(Value::as_u64)
                .and_then(|port| port.try_into().ok()),
        };
        Self {
            source: end("source.ip", "source.port"),
            destination: end("destination.ip", "destination.port"),
        }
    }

    /// Says which way the packet went, and that the event is about the party outside.
    pub(super) fn put(draft: &mut Draft) {
        let ends = Self::of(&draft.fields);
        draft
            .fields
            .set_if_absent("network.direction", ends.direction());
        draft.ip_address = draft.ip_address.or_else(|| ends.external());
    }

    /// The party outside, where exactly one is; else the source.
    pub(super) fn external(&self) -> Option<IpAddr> {
        match (self.source.ip, self.destination.ip) {
            (Some(source), Some(outside)) if is_inside(source) && !is_inside(outside) => {
                Some(outside)
            }
            (source, destination) => source.or(destination),
        }
    }

    /// ECS `network.direction`, as seen from inside; `None` unless both ends are known.
    pub(super) fn direction(&self) -> Option<&'static str> {
        let inside = |end: End| end.ip.map(is_inside);
        Some(match (inside(self.source)?, inside(self.destination)?) {
            (true, true) => "internal",
            (true, false) => "outbound",
            (false, true) => "inbound",
            (false, false) => "external",
        })
    }
}

/// Whether an address means something only within a network of one's own.
///
/// Private use (RFC 1918, RFC 4193), provider-internal (RFC 6598), loopback, link-local,
/// unspecified, "this network", multicast and broadcast. Documentation ranges count as outside:
/// examples use them for strangers.
fn is_inside(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_multicast()
                || v4.is_broadcast()
                || first == 0
                || (first == 100 && (64..128).contains(&second))
        }
        IpAddr::V6(v6) => {
            v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local()
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ip, self.port) {
            (Some(ip), Some(port)) => SocketAddr::new(ip, port).fmt(f),
            (Some(ip), None) => ip.fmt(f),
            (None, _) => f.write_str("?"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(source: &str, destination: &str) -> Ends {
        let end = |ip: &str| End {
            ip: ip.parse().ok(),
            port: None,
        };
        Ends {
            source: end(source),
            destination: end(destination),
        }
    }

    #[test]
    fn the_party_outside_is_found_on_either_side() {
        for (source, destination, external, direction) in [
            ("192.168.1.5", "8.8.8.8", "8.8.8.8", Some("outbound")),
            ("8.8.8.8", "10.0.0.1", "8.8.8.8", Some("inbound")),
            ("8.8.8.8", "1.1.1.1", "8.8.8.8", Some("external")),
            ("172.16.0.1", "172.31.0.1", "172.16.0.1", Some("internal")),
            ("172.32.0.1", "172.31.0.1", "172.32.0.1", Some("inbound")),
            ("100.64.0.9", "9.9.9.9", "9.9.9.9", Some("outbound")),
            ("100.128.0.9", "9.9.9.9", "100.128.0.9", Some("external")),
            ("10.0.0.1", "203.0.113.7", "203.0.113.7", Some("outbound")),
            ("10.0.0.1", "239.255.255.250", "10.0.0.1", Some("internal")),
            ("0.0.0.0", "255.255.255.255", "0.0.0.0", Some("internal")),
            ("fe80::1", "2001:db8::1", "2001:db8::1", Some("outbound")),
            ("fd00::1", "ff02::fb", "fd00::1", Some("internal")),
            ("10.0.0.1", "", "10.0.0.1", None),
            ("", "10.0.0.1", "10.0.0.1", None),
        ] {
            let ends = ends(source, destination);
            assert_eq!(
                ends.external(),
                external.parse().ok(),
                "{source} {destination}"
            );
            assert_eq!(ends.direction(), direction, "{source} {destination}");
        }
        assert_eq!(ends("", "").external(), None);
    }
}
