//! Where a request truly comes from: the socket, unless a configured proxy says otherwise.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::Request;
use http::{HeaderMap, header};
use rand::RngExt as _;

use super::listener::Peer;
use super::{BaseUrl, Origin, header_text};
use crate::config::Settings;

/// Longest `User-Agent` that is kept, in characters.
const USER_AGENT_MAX: usize = 512;

/// Reads address, agent and request id; a forged header changes nothing.
///
/// `X-Forwarded-For` is read from the right, skipping configured proxies, and only when the
/// socket's peer is one. A request id is taken over when it has 1 to 64 letters, digits or `-`.
#[must_use]
pub fn origin(config: &Settings, request: &Request) -> Origin {
    let peer = request
        .extensions()
        .get::<Peer>()
        .map_or(IpAddr::from([0, 0, 0, 0]), |peer| {
            peer.0.ip().to_canonical()
        });
    let address = client_address(config, peer, request.headers());
    Origin {
        address,
        proxy: (address != peer).then_some(peer),
        https: is_trusted(config, peer) && says_https(request.headers()),
        user_agent: user_agent(request.headers()),
        request_id: request_id(request.headers()),
    }
}

/// Scheme and host the client used.
#[must_use]
pub fn base_url(origin: &Origin, headers: &HeaderMap) -> BaseUrl {
    let host = header_text(headers, header::HOST);
    let host = host.filter(|host| host.parse::<http::uri::Authority>().is_ok());
    let scheme = origin.scheme();
    BaseUrl(host.map_or_else(
        || Arc::from(""),
        |host| Arc::from(format!("{scheme}://{host}")),
    ))
}

fn is_trusted(config: &Settings, address: IpAddr) -> bool {
    config.proxies().any(|network| network.contains(&address))
}

/// What the proxies say of the scheme. Each appends the one it saw, the client's stands first; a
/// client that forges it only keeps its own cookie from coming back.
fn says_https(headers: &HeaderMap) -> bool {
    header_text(headers, "x-forwarded-proto")
        .and_then(|scheme| scheme.split(',').next())
        .is_some_and(|scheme| scheme.trim().eq_ignore_ascii_case("https"))
}

fn client_address(config: &Settings, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = |address: IpAddr| is_trusted(config, address);
    if !trusted(peer) {
        return peer;
    }
    let mut client = peer;
    let values: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    for hop in values.iter().rev().flat_map(|value| value.rsplit(',')) {
        // An unreadable hop ends what can be believed.
        let Ok(address) = hop.trim().parse::<IpAddr>() else {
            break;
        };
        client = address.to_canonical();
        if !trusted(client) {
            break;
        }
    }
    client
}

fn user_agent(headers: &HeaderMap) -> Arc<str> {
    let bytes = headers
        .get(header::USER_AGENT)
        .map_or(&b""[..], |value| value.as_bytes());
    String::from_utf8_lossy(bytes)
        .chars()
        .take(USER_AGENT_MAX)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect::<String>()
        .into()
}

fn request_id(headers: &HeaderMap) -> Arc<str> {
    match header_text(headers, "x-request-id") {
        Some(id)
            if (1..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') =>
        {
            Arc::from(id)
        }
        _ => base::hex(&rand::rng().random::<[u8; 12]>()).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::test_settings::settings;

    fn seen(proxies: &str, peer: &str, forwarded: &[&str]) -> String {
        let config = settings(["--trusted-proxies", proxies]);
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        client_address(&config, peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn forwarded_addresses_count_only_from_configured_proxies() {
        assert_eq!(seen("", "192.0.2.1", &["198.51.100.7"]), "192.0.2.1");
        assert_eq!(
            seen("10.0.0.0/8", "192.0.2.1", &["198.51.100.7"]),
            "192.0.2.1"
        );
        assert_eq!(
            seen("10.0.0.0/8", "10.0.0.1", &["198.51.100.7"]),
            "198.51.100.7"
        );
        // What the client itself wrote stands on the left and is never reached.
        assert_eq!(
            seen("10.0.0.0/8", "10.0.0.1", &["1.1.1.1, 198.51.100.7"]),
            "198.51.100.7"
        );
        assert_eq!(
            seen("10.0.0.0/8", "10.0.0.1", &["198.51.100.7, 10.0.0.2"]),
            "198.51.100.7"
        );
        assert_eq!(
            seen("10.0.0.0/8", "10.0.0.1", &["1.1.1.1", "198.51.100.7"]),
            "198.51.100.7"
        );
        assert_eq!(seen("10.0.0.0/8", "10.0.0.1", &["nonsense"]), "10.0.0.1");
    }
}
