//! Addresses that have a place on the map and are nobody's machine.
//!
//! The ranges for documentation have no place, and an address of somebody's machine must not
//! stand in a list of attackers, not even a made-up one. These are the first addresses of large
//! blocks, all host bits zero: they name a network, not a host (RFC 1122 §3.2.1.3; for IPv6 the
//! routers' anycast address, RFC 4291 §2.6.1). The countries were picked for the map, not for
//! what is sent from them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network and the country it is registered in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// ISO 3166-1 alpha-2; a test compares it with the built-in country table.
    #[cfg_attr(not(test), expect(dead_code, reason = "checked by a test"))]
    pub(super) country: &'static str,
    /// The network's own address.
    pub(super) address: IpAddr,
}

const fn v4(country: &'static str, first: u8, second: u8) -> Place {
    Place {
        country,
        address: IpAddr::V4(Ipv4Addr::new(first, second, 0, 0)),
    }
}

const fn v6(country: &'static str, first: u16, second: u16) -> Place {
    Place {
        country,
        address: IpAddr::V6(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0)),
    }
}

/// Scans everything, then tries the web shop.
pub(super) const SCANNER: Place = v4("BR", 177, 30);
/// Looks for known holes in the VPN gateway.
pub(super) const PROBER: Place = v4("TH", 124, 120);
/// Sends the phishing mails and hosts the copied sign-in page.
pub(super) const MAILER: Place = v4("RO", 79, 118);
/// Signs in with the stolen password.
pub(super) const TAKEOVER: Place = v4("CL", 190, 160);
/// The malware's operator.
pub(super) const OPERATOR: Place = v4("SG", 116, 14);
/// Uses the stolen cloud key.
pub(super) const KEY_USER: Place = v4("ZA", 105, 0);
/// Receives what is stolen.
pub(super) const DROP: Place = v4("MX", 187, 128);

/// Where the victim lives.
pub(super) const STAFF_HOME: Place = v4("DE", 217, 224);

/// Where the staff works from.
pub(super) const STAFF: &[Place] = &[
    STAFF_HOME,
    v6("DE", 0x2003, 0),
    v4("NL", 77, 248),
    v4("FR", 86, 192),
    v6("FR", 0x2a01, 0xc000),
    v4("AT", 85, 124),
];

/// Where the rest of the world knocks from.
pub(super) const STRANGERS: &[Place] = &[
    v4("US", 72, 147),
    v4("CA", 96, 48),
    v4("AR", 181, 20),
    v4("GB", 94, 0),
    v4("ES", 2, 136),
    v4("IT", 2, 112),
    v4("PL", 31, 0),
    v4("SE", 217, 208),
    v4("FI", 84, 248),
    v4("TR", 78, 160),
    v4("RU", 5, 136),
    v4("CN", 223, 240),
    v4("IN", 59, 164),
    v4("KR", 123, 32),
    v4("JP", 119, 150),
    v4("ID", 120, 160),
    v4("AU", 121, 44),
    v4("NG", 105, 112),
    v4("KE", 105, 160),
    v4("EG", 102, 40),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geo::{GeoDb, GeoSources};

    #[test]
    fn every_place_is_a_network_of_its_country() {
        let attackers = [SCANNER, PROBER, MAILER, TAKEOVER, OPERATOR, KEY_USER, DROP];
        let geo = GeoDb::open(&GeoSources::default()).unwrap();
        for place in attackers.iter().chain(STAFF).chain(STRANGERS) {
            let found = geo.lookup(place.address).unwrap();
            assert_eq!(
                found.country_code.as_deref(),
                Some(place.country),
                "{place:?}"
            );
            match place.address {
                IpAddr::V4(v4) => assert_eq!(v4.octets()[2..], [0, 0]),
                IpAddr::V6(v6) => assert_eq!(v6.segments()[2..], [0; 6]),
            }
        }
    }
}
