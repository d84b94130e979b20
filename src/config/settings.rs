//! The settings, one field each.

use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::sync::Arc;

use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use store::Location;

use super::{ByteSize, LogFormat, Optional, Rate, Shown, Sla, SyslogSettings, Toggle};

/// Everything the operator can decide; see `docs/config.md`.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Settings (each also an environment variable)")]
pub struct Settings {
    /// Address and port to listen on; 127.0.0.1:8000 when neither this nor PORT is given.
    #[arg(long, env = "BIND", default_value = "", global = true)]
    pub bind: Optional<SocketAddr>,
    /// Port to listen on, on every address unless BIND is given: what hosting platforms set.
    #[arg(long, env = "PORT", default_value = "", global = true)]
    pub port: Optional<u16>,
    /// Where the data is: `sqlite://FILE` or `postgres://USER:PASSWORD@HOST/DATABASE`.
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite://watchpost.db",
        global = true,
        hide_env_values = true
    )]
    pub database_url: Location,
    /// Connections to PostgreSQL, or reading connections to SQLite (1 to 64).
    #[arg(long, env = "DATABASE_POOL_SIZE", default_value = "4", global = true, value_parser = clap::value_parser!(u8).range(1..=64))]
    pub database_pool_size: u8,
    /// Folder for the signing key and geo databases; beside the SQLite file when not given.
    #[arg(long, env = "DATA_DIR", default_value = "", global = true)]
    pub data_dir: Optional<PathBuf>,
    /// Signs tokens, at least 32 bytes; when not given, one is kept in `DATA_DIR/secret.key`.
    #[arg(long, env = "SECRET_KEY", default_value = "", global = true, hide_env_values = true, value_parser = secret)]
    pub secret_key: SecretString,
    /// User name of the first administrator.
    #[arg(long, env = "ADMIN_USERNAME", default_value = "", global = true)]
    pub admin_username: Optional<String>,
    /// Password of the first administrator; generated and printed once when not given.
    #[arg(long, env = "ADMIN_PASSWORD", default_value = "", global = true, hide_env_values = true, value_parser = secret)]
    pub admin_password: SecretString,
    /// E-mail address of the first administrator.
    #[arg(long, env = "ADMIN_EMAIL", default_value = "", global = true)]
    pub admin_email: Optional<String>,
    /// Host names requests may name, comma separated, `.example.org` for subdomains; empty, any.
    #[arg(
        long,
        env = "ALLOWED_HOSTS",
        default_value = "",
        global = true,
        value_delimiter = ','
    )]
    pub allowed_hosts: Vec<String>,
    /// Whether anyone may sign up as an analyst; by default only while listening on loopback with
    /// no `TRUSTED_PROXIES` set.
    #[arg(long, env = "ALLOW_SIGNUP", default_value = "", global = true)]
    pub allow_signup: Optional<Toggle>,
    /// Networks of reverse proxies whose X-Forwarded-For counts, comma separated.
    #[arg(
        long,
        env = "TRUSTED_PROXIES",
        default_value = "",
        global = true,
        value_delimiter = ','
    )]
    pub trusted_proxies: Vec<Optional<IpNet>>,
    /// City database (MMDB); one in `DATA_DIR` is found by itself.
    #[arg(long, env = "GEOIP_CITY_DB", default_value = "", global = true)]
    pub geoip_city_db: Optional<PathBuf>,
    /// Database of autonomous systems (MMDB).
    #[arg(long, env = "GEOIP_ASN_DB", default_value = "", global = true)]
    pub geoip_asn_db: Optional<PathBuf>,
    /// Requests a signed-in user may make.
    #[arg(
        long,
        env = "RATE_LIMIT_USER",
        default_value = "1000/hour",
        global = true
    )]
    pub rate_limit_user: Rate,
    /// Requests an address may make without signing in.
    #[arg(
        long,
        env = "RATE_LIMIT_ANON",
        default_value = "100/hour",
        global = true
    )]
    pub rate_limit_anon: Rate,
    /// Sign-ins, sign-ups and refreshes an address may make.
    #[arg(
        long,
        env = "RATE_LIMIT_SIGN_IN",
        default_value = "20/minute",
        global = true
    )]
    pub rate_limit_sign_in: Rate,
    /// Records an ingest key may send, those included that are refused.
    #[arg(
        long,
        env = "RATE_LIMIT_INGEST",
        default_value = "50000/second",
        global = true
    )]
    pub rate_limit_ingest: Rate,
    /// Alerts each source may raise before more are gathered in one, such as 1000/minute, or off.
    #[arg(
        long,
        env = "ALERT_BUDGET",
        default_value = "1000/minute",
        global = true
    )]
    pub alert_budget: Rate,
    /// Days events are kept; those with an unresolved alert stay. Not set, for ever.
    #[arg(long, env = "RETENTION_DAYS", default_value = "", global = true)]
    pub retention_days: Optional<NonZeroU32>,
    /// Size of the database beyond which the oldest events go, such as 50GB. Not set, any.
    #[arg(long, env = "RETENTION_SIZE", default_value = "", global = true)]
    pub retention_size: Optional<ByteSize>,
    /// Fewest characters of a password (8 to 128).
    #[arg(long, env = "PASSWORD_MIN_LENGTH", default_value = "8", global = true, value_parser = clap::value_parser!(u8).range(8..=128))]
    pub password_min_length: u8,
    /// Memory for hashing one password, in KiB; below 19456 passwords are easier to guess.
    #[arg(long, env = "PASSWORD_HASH_KIB", default_value = "19456", global = true, hide = true, value_parser = clap::value_parser!(u32).range(64..=1_048_576))]
    pub password_hash_kib: u32,
    /// How soon CRITICAL alerts are to be acknowledged and resolved.
    #[arg(long, env = "SLA_CRITICAL", default_value = "15m/4h", global = true)]
    pub sla_critical: Sla,
    /// How soon HIGH alerts are to be acknowledged and resolved.
    #[arg(long, env = "SLA_HIGH", default_value = "60m/24h", global = true)]
    pub sla_high: Sla,
    /// How soon MEDIUM alerts are to be acknowledged and resolved.
    #[arg(long, env = "SLA_MEDIUM", default_value = "8h/72h", global = true)]
    pub sla_medium: Sla,
    /// How soon LOW and INFO alerts are to be acknowledged and resolved.
    #[arg(long, env = "SLA_LOW", default_value = "24h/7d", global = true)]
    pub sla_low: Sla,
    /// Address for /metrics alone, without sign-in; else /metrics asks for an administrator.
    #[arg(long, env = "METRICS_BIND", default_value = "", global = true)]
    pub metrics_bind: Optional<SocketAddr>,
    /// The syslog listeners.
    #[command(flatten)]
    pub syslog: SyslogSettings,
    /// Verbose logs: the same as `LOG_LEVEL=debug`, nothing else.
    #[arg(long, env = "DEBUG", default_value = "false", global = true, num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub debug: Toggle,
    /// What is logged: error, warn, info, debug, trace, or filters such as `info,watchpost=debug`.
    #[arg(long, env = "LOG_LEVEL", default_value = "info", global = true)]
    pub log_level: String,
    /// How log lines look: text or json.
    #[arg(long, env = "LOG_FORMAT", default_value = "text", global = true)]
    pub log_format: LogFormat,
    /// Every setting with its value and where that comes from, secrets masked; empty unless the
    /// program was started from its command line.
    #[arg(skip)]
    pub shown: Arc<[Shown]>,
}

#[expect(clippy::unnecessary_wraps, reason = "the shape clap asks for")]
fn secret(text: &str) -> Result<SecretString, std::convert::Infallible> {
    Ok(SecretString::from(text))
}

/// A combination of settings that cannot work.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Too little key to sign with.
    #[error(
        "SECRET_KEY has {0} bytes: at least 32 are needed, such as from `openssl rand -hex 32`"
    )]
    SecretKeyShort(usize),
    /// Half a first administrator.
    #[error("ADMIN_PASSWORD is set but ADMIN_USERNAME is not: set both or neither")]
    AdminWithoutName,
    /// The filter cannot be read.
    #[error("LOG_LEVEL {0:?} is no log filter: write error, warn, info, debug or trace")]
    LogLevel(String),
    /// TLS without what it needs.
    #[error("SYSLOG_TLS is set but {0} is not: syslog over TLS needs a certificate and its key")]
    TlsWithout(&'static str),
    /// A host entry cannot match anything.
    #[error("ALLOWED_HOSTS entry {0:?} is no host name")]
    Host(String),
}

impl Settings {
    /// Checks what one value alone cannot show.
    ///
    /// # Errors
    /// [`ConfigError`] naming the setting.
    pub fn check(&self) -> Result<(), ConfigError> {
        let key = self.secret_key.expose_secret();
        if !key.is_empty() && key.len() < 32 {
            return Err(ConfigError::SecretKeyShort(key.len()));
        }
        if self.admin_username.0.is_none() && !self.admin_password.expose_secret().is_empty() {
            return Err(ConfigError::AdminWithoutName);
        }
        if self
            .log_level
            .parse::<tracing_subscriber::EnvFilter>()
            .is_err()
        {
            return Err(ConfigError::LogLevel(self.log_level.clone()));
        }
        let bad = |host: &&String| host.contains(['/', ' ']) || host.as_str() == ".";
        if let Some(host) = self.allowed_hosts.iter().find(bad) {
            return Err(ConfigError::Host(host.clone()));
        }
        self.syslog.check()
    }

    /// Where to listen: BIND, else PORT on every address, else 127.0.0.1:8000.
    #[must_use]
    pub fn listen(&self) -> SocketAddr {
        match (self.bind.0, self.port.0) {
            (Some(bind), Some(port)) => SocketAddr::new(bind.ip(), port),
            (Some(bind), None) => bind,
            (None, Some(port)) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)),
            (None, None) => SocketAddr::from((Ipv4Addr::LOCALHOST, 8000)),
        }
    }

    /// Whether anyone may sign up: as set, else only while nobody but this machine can reach us,
    /// which a configured proxy contradicts.
    #[must_use]
    pub fn signup_is_open(&self) -> bool {
        self.allow_signup.0.map_or_else(
            || self.listen().ip().is_loopback() && self.proxies().next().is_none(),
            |toggle| toggle.0,
        )
    }

    /// The networks of trusted proxies.
    pub fn proxies(&self) -> impl Iterator<Item = &IpNet> {
        self.trusted_proxies
            .iter()
            .filter_map(|network| network.0.as_ref())
    }

    /// The folder for files of ours.
    #[must_use]
    pub fn data_folder(&self) -> PathBuf {
        if let Some(folder) = &self.data_dir.0 {
            return folder.clone();
        }
        match &self.database_url {
            Location::Sqlite(path) => match path.parent() {
                Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
                _ => PathBuf::from("."),
            },
            Location::Postgres(_) => PathBuf::from("."),
        }
    }

    /// The log filter's text.
    #[must_use]
    pub fn log_filter(&self) -> &str {
        if self.debug.0 && self.log_level == "info" {
            "debug"
        } else {
            &self.log_level
        }
    }
}
