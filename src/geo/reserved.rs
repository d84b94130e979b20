//! Addresses that are nowhere: private, reserved, or a way of writing another address.
//!
//! The ranges are those of the IANA special-purpose address registries (RFC 6890, updated by
//! RFC 8190) for IPv4 and IPv6, with multicast (RFC 5771, RFC 4291 §2.7). Country data often
//! names a country for them, that of the organisation which registered them; it means nothing.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Network address, prefix length, label. The first row that matches counts.
type V4Row = (Ipv4Addr, u32, &'static str);
type V6Row = (Ipv6Addr, u32, &'static str);

const fn v4(octets: [u8; 4], prefix: u32, label: &'static str) -> V4Row {
    (Ipv4Addr::from_octets(octets), prefix, label)
}

const fn v6(segments: [u16; 8], prefix: u32, label: &'static str) -> V6Row {
    (Ipv6Addr::from_segments(segments), prefix, label)
}

const V4_ROWS: &[V4Row] = &[
    v4([10, 0, 0, 0], 8, "private"),            // RFC 1918
    v4([172, 16, 0, 0], 12, "private"),         // RFC 1918
    v4([192, 168, 0, 0], 16, "private"),        // RFC 1918
    v4([127, 0, 0, 0], 8, "loopback"),          // RFC 1122
    v4([169, 254, 0, 0], 16, "link-local"),     // RFC 3927
    v4([100, 64, 0, 0], 10, "cgnat"),           // shared address space, RFC 6598
    v4([0, 0, 0, 0], 32, "unspecified"),        // RFC 1122
    v4([0, 0, 0, 0], 8, "reserved"),            // "this network", RFC 791
    v4([192, 0, 0, 9], 32, "anycast"),          // port control protocol, RFC 7723
    v4([192, 0, 0, 10], 32, "anycast"),         // TURN, RFC 8155
    v4([192, 0, 0, 0], 24, "reserved"),         // IETF protocol assignments, RFC 6890
    v4([192, 0, 2, 0], 24, "documentation"),    // RFC 5737
    v4([198, 51, 100, 0], 24, "documentation"), // RFC 5737
    v4([203, 0, 113, 0], 24, "documentation"),  // RFC 5737
    v4([192, 31, 196, 0], 24, "anycast"),       // AS112, RFC 7535
    v4([192, 175, 48, 0], 24, "anycast"),       // AS112, RFC 7534
    v4([192, 52, 193, 0], 24, "anycast"),       // multicast tunnelling, RFC 7450
    v4([192, 88, 99, 0], 24, "anycast"),        // 6to4 relays, withdrawn by RFC 7526
    v4([198, 18, 0, 0], 15, "benchmarking"),    // RFC 2544
    v4([224, 0, 0, 0], 4, "multicast"),         // RFC 5771
    v4([255, 255, 255, 255], 32, "broadcast"),  // RFC 8190
    v4([240, 0, 0, 0], 4, "reserved"),          // RFC 1112
];

const V6_ROWS: &[V6Row] = &[
    v6([0, 0, 0, 0, 0, 0, 0, 1], 128, "loopback"), // RFC 4291
    v6([0, 0, 0, 0, 0, 0, 0, 0], 128, "unspecified"), // RFC 4291
    v6([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, "link-local"), // RFC 4291
    v6([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, "private"), // unique local, RFC 4193
    v6([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, "multicast"), // RFC 4291
    v6([0x64, 0xff9b, 0, 0, 0, 0, 0, 0], 96, "nat64"), // RFC 6052
    v6([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, "nat64"), // local use, RFC 8215
    v6([0x100, 0, 0, 0, 0, 0, 0, 0], 64, "discard"), // RFC 6666
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 32, "teredo"), // RFC 4380
    v6([0x2001, 1, 0, 0, 0, 0, 0, 1], 128, "anycast"), // port control protocol, RFC 7723
    v6([0x2001, 1, 0, 0, 0, 0, 0, 2], 128, "anycast"), // TURN, RFC 8155
    v6([0x2001, 1, 0, 0, 0, 0, 0, 3], 128, "anycast"), // DNS-SD registration, RFC 9665
    v6([0x2001, 2, 0, 0, 0, 0, 0, 0], 48, "benchmarking"), // RFC 5180
    v6([0x2001, 3, 0, 0, 0, 0, 0, 0], 32, "anycast"), // multicast tunnelling, RFC 7450
    v6([0x2001, 4, 0x112, 0, 0, 0, 0, 0], 48, "anycast"), // AS112, RFC 7535
    v6([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, "reserved"), // protocol assignments, RFC 2928
    v6([0x2001, 0xdb8, 0, 0, 0, 0, 0, 0], 32, "documentation"), // RFC 3849
    v6([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, "documentation"), // RFC 9637
    v6([0x2002, 0, 0, 0, 0, 0, 0, 0], 16, "6to4"), // RFC 3056
    v6([0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0], 48, "anycast"), // AS112, RFC 7534
];

/// The only block of IPv6 from which unicast addresses are given out (RFC 3513, RFC 4291 §2.4).
const V6_GLOBAL_UNICAST: V6Row = v6([0x2000, 0, 0, 0, 0, 0, 0, 0], 3, "");

/// Names what an address is if it is no place; `None` for an ordinary public address.
///
/// Expects IPv4-mapped addresses (`::ffff:192.0.2.1`) already turned into IPv4: they are the same
/// address written otherwise, and dual-stack programs log them so.
pub(super) fn label(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => {
            let row = V4_ROWS.iter().find(|row| {
                let differing = address.to_bits() ^ row.0.to_bits();
                differing.leading_zeros() >= row.1
            })?;
            Some(row.2)
        }
        IpAddr::V6(address) => {
            let inside = |row: &V6Row| {
                let differing = address.to_bits() ^ row.0.to_bits();
                differing.leading_zeros() >= row.1
            };
            match V6_ROWS.iter().find(|row| inside(row)) {
                Some(row) => Some(row.2),
                None if inside(&V6_GLOBAL_UNICAST) => None,
                None => Some("reserved"),
            }
        }
    }
}

/// Every name [`label`] gives.
pub(super) fn labels() -> Vec<&'static str> {
    let rows = V4_ROWS.iter().map(|row| row.2);
    let mut labels: Vec<_> = rows.chain(V6_ROWS.iter().map(|row| row.2)).collect();
    labels.push("reserved");
    labels.sort_unstable();
    labels.dedup();
    labels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label_of(address: &str) -> Option<&'static str> {
        label(address.parse().unwrap())
    }

    #[test]
    fn both_ends_of_every_special_range_are_labelled_and_their_neighbours_are_not() {
        // The address before the range, its first, its last, the one after it, and the label.
        for row in [
            "9.255.255.255 10.0.0.0 10.255.255.255 11.0.0.0 private",
            "172.15.255.255 172.16.0.0 172.31.255.255 172.32.0.0 private",
            "192.167.255.255 192.168.0.0 192.168.255.255 192.169.0.0 private",
            "126.255.255.255 127.0.0.0 127.255.255.255 128.0.0.0 loopback",
            "169.253.255.255 169.254.0.0 169.254.255.255 169.255.0.0 link-local",
            "100.63.255.255 100.64.0.0 100.127.255.255 100.128.0.0 cgnat",
            "192.0.1.255 192.0.2.0 192.0.2.255 192.0.3.0 documentation",
            "198.51.99.255 198.51.100.0 198.51.100.255 198.51.101.0 documentation",
            "203.0.112.255 203.0.113.0 203.0.113.255 203.0.114.0 documentation",
            "198.17.255.255 198.18.0.0 198.19.255.255 198.20.0.0 benchmarking",
            "192.88.98.255 192.88.99.0 192.88.99.255 192.88.100.0 anycast",
            "2001:db7:ffff:: 2001:db8:: 2001:db8:ffff::1 2001:db9:: documentation",
            "2001:ffff:: 2002:: 2002:ffff:: 2003:: 6to4",
        ] {
            let [before, first, last, after, expected] =
                row.split(' ').collect::<Vec<_>>().try_into().unwrap();
            assert_eq!(label_of(before), None, "{before}");
            assert_eq!(label_of(first), Some(expected), "{first}");
            assert_eq!(label_of(last), Some(expected), "{last}");
            assert_eq!(label_of(after), None, "{after}");
        }
    }

    #[test]
    fn addresses_with_a_meaning_of_their_own_are_labelled() {
        for (address, expected) in [
            ("0.0.0.0", "unspecified"),
            ("0.0.0.1", "reserved"),
            ("192.0.0.8", "reserved"),
            ("192.0.0.9", "anycast"),
            ("192.0.0.170", "reserved"),
            ("224.0.0.1", "multicast"),
            ("239.255.255.255", "multicast"),
            ("240.0.0.0", "reserved"),
            ("255.255.255.254", "reserved"),
            ("255.255.255.255", "broadcast"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("::2", "reserved"),
            ("::192.0.2.1", "reserved"),
            ("fe80::1", "link-local"),
            ("febf:ffff::", "link-local"),
            ("fec0::", "reserved"),
            ("fc00::", "private"),
            ("fdff:ffff::", "private"),
            ("ff02::1", "multicast"),
            ("64:ff9b::808:808", "nat64"),
            ("64:ff9b:1:2::", "nat64"),
            ("64:ff9b::1:0:0", "reserved"),
            ("100::1", "discard"),
            ("100:0:0:1::", "reserved"),
            ("2001::1", "teredo"),
            ("2001:1::1", "anycast"),
            ("2001:1::4", "reserved"),
            ("2001:2::1", "benchmarking"),
            ("2001:2:1::", "reserved"),
            ("2001:20::", "reserved"),
            ("2001:1ff:ffff::", "reserved"),
            ("3fff::", "documentation"),
            ("2620:4f:8000::", "anycast"),
            ("4000::", "reserved"),
            ("5f00::", "reserved"),
            ("1fff::", "reserved"),
        ] {
            assert_eq!(label_of(address), Some(expected), "{address}");
        }
    }

    #[test]
    fn public_addresses_have_no_label() {
        for address in [
            "8.8.8.8",
            "1.1.1.1",
            "223.255.255.255",
            "2001:200::",
            "2a00::",
            "2000::",
        ] {
            assert_eq!(label_of(address), None, "{address}");
        }
    }
}
