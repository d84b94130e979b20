//! Settings of the syslog listeners.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use ipnet::IpNet;
use jiff::tz::TimeZone;

use super::{ConfigError, Optional};

/// Who may send syslog when nothing else is said: loopback, link-local and private networks.
const NETWORKS: &str = "127.0.0.0/8,::1/128,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,\
                        169.254.0.0/16,fc00::/7,fe80::/10";

/// Where syslog is taken, from whom, and how it is read; see `docs/senders/syslog.md`.
#[derive(Clone, Debug, clap::Args)]
pub struct SyslogSettings {
    /// Addresses for syslog over UDP, comma separated, such as 0.0.0.0:514; none when empty.
    #[arg(
        long = "syslog-udp",
        env = "SYSLOG_UDP",
        default_value = "",
        global = true,
        value_delimiter = ',',
        id = "syslog_udp"
    )]
    pub udp: Vec<Optional<SocketAddr>>,
    /// Addresses for syslog over TCP, comma separated; none when empty.
    #[arg(
        long = "syslog-tcp",
        env = "SYSLOG_TCP",
        default_value = "",
        global = true,
        value_delimiter = ',',
        id = "syslog_tcp"
    )]
    pub tcp: Vec<Optional<SocketAddr>>,
    /// Addresses for syslog over TLS, comma separated, such as 0.0.0.0:6514; none when empty.
    #[arg(
        long = "syslog-tls",
        env = "SYSLOG_TLS",
        default_value = "",
        global = true,
        value_delimiter = ',',
        id = "syslog_tls"
    )]
    pub tls: Vec<Optional<SocketAddr>>,
    /// Certificate for syslog over TLS, with its intermediates (PEM).
    #[arg(
        long = "syslog-tls-cert",
        env = "SYSLOG_TLS_CERT",
        default_value = "",
        global = true,
        id = "syslog_tls_cert"
    )]
    pub tls_cert: Optional<PathBuf>,
    /// Its private key (PEM).
    #[arg(
        long = "syslog-tls-key",
        env = "SYSLOG_TLS_KEY",
        default_value = "",
        global = true,
        id = "syslog_tls_key"
    )]
    pub tls_key: Optional<PathBuf>,
    /// Certificate authorities of senders (PEM): then each must show a certificate of theirs.
    #[arg(
        long = "syslog-tls-client-ca",
        env = "SYSLOG_TLS_CLIENT_CA",
        default_value = "",
        global = true,
        id = "syslog_tls_client_ca"
    )]
    pub tls_client_ca: Optional<PathBuf>,
    /// Networks whose senders are heard, comma separated; by default loopback and private ones.
    #[arg(
        long = "syslog-networks",
        env = "SYSLOG_NETWORKS",
        default_value = NETWORKS,
        global = true,
        value_delimiter = ',',
        id = "syslog_networks"
    )]
    pub networks: Vec<Optional<IpNet>>,
    /// Zone of times in syslog lines that name none: UTC, or such as Europe/Berlin.
    #[arg(
        long = "syslog-time-zone",
        env = "SYSLOG_TIME_ZONE",
        default_value = "UTC",
        global = true,
        id = "syslog_time_zone"
    )]
    pub time_zone: Zone,
}

/// A time zone by its name in the IANA database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(pub TimeZone);

/// The text is no zone known here.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("write UTC, or a name such as Europe/Berlin; names need the system's time zone database")]
pub struct ZoneError;

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        match text.trim() {
            "" | "UTC" | "Z" => Ok(Self(TimeZone::UTC)),
            name => TimeZone::get(name).map(Self).map_err(|_| ZoneError),
        }
    }
}

impl SyslogSettings {
    /// Whether there is an address to listen on.
    #[must_use]
    pub fn listens(&self) -> bool {
        let mut addresses = self.udp.iter().chain(&self.tcp).chain(&self.tls);
        addresses.any(|address| address.0.is_some())
    }

    /// Checks what one value alone cannot show.
    ///
    /// # Errors
    /// [`ConfigError`] naming the setting.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let listens = self.tls.iter().any(|address| address.0.is_some());
        if !listens {
            return Ok(());
        }
        if self.tls_cert.0.is_none() {
            return Err(ConfigError::TlsWithout("SYSLOG_TLS_CERT"));
        }
        if self.tls_key.0.is_none() {
            return Err(ConfigError::TlsWithout("SYSLOG_TLS_KEY"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_utc_or_named() {
        assert_eq!("".parse::<Zone>().unwrap(), Zone(TimeZone::UTC));
        assert_eq!(" UTC ".parse::<Zone>().unwrap(), Zone(TimeZone::UTC));
        assert!("Middle/Earth".parse::<Zone>().is_err());
    }

    #[test]
    fn the_usual_networks_are_networks() {
        let networks: Vec<IpNet> = NETWORKS.split(',').map(|it| it.parse().unwrap()).collect();
        let hears = |address: &str| {
            let address = address.parse::<std::net::IpAddr>().unwrap();
            networks.iter().any(|network| network.contains(&address))
        };
        assert!(hears("127.0.0.1") && hears("172.31.0.9") && hears("fd00::1") && hears("::1"));
        assert!(!hears("172.32.0.1") && !hears("203.0.113.7") && !hears("2001:db8::1"));
    }
}
