//! Making connections to PostgreSQL, with TLS where the address asks for it.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use tokio_postgres::config::{Host, SslMode};
use tokio_postgres::{Client, Config, NoTls};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::StoreError;

/// Longest wait for a connection.
const CONNECT_MAX: Duration = Duration::from_secs(3);
/// After a failed attempt to connect, calls fail at once for this long.
const DOWN_MS: i64 = 500;

/// The server, and whether it is worth an attempt.
pub(super) struct Server {
    pub(super) config: Config,
    /// When an attempt to connect failed last, in monotonic milliseconds.
    failed_at: AtomicI64,
    /// When a transaction succeeded last.
    worked_at: AtomicI64,
}

impl Server {
    pub(super) const fn new(config: Config) -> Self {
        Self {
            config,
            failed_at: AtomicI64::new(i64::MIN),
            worked_at: AtomicI64::new(i64::MIN),
        }
    }

    /// Whether an attempt failed a moment ago and nobody has succeeded since: no need to try.
    pub(super) fn is_down(&self) -> bool {
        let failed_at = self.failed_at.load(Ordering::Relaxed);
        failed_at > self.worked_at.load(Ordering::Relaxed)
            && failed_at.saturating_add(DOWN_MS) > monotonic_ms()
    }

    /// Notes a failed attempt, unless somebody succeeded since it began: it then tells nothing.
    pub(super) fn failed(&self, began_at: i64) {
        if self.worked_at.load(Ordering::Relaxed) < began_at {
            self.failed_at.store(monotonic_ms(), Ordering::Relaxed);
        }
    }

    pub(super) fn worked(&self) {
        self.worked_at.store(monotonic_ms(), Ordering::Relaxed);
    }
}

/// Connects with TLS where the address asks for it.
///
/// `sslmode=prefer`, the default, falls back to a plain connection when the server's
/// certificate is not trusted, as libpq does: it promises nothing. `require` verifies.
pub(super) async fn connect(config: &Config) -> Result<Client, StoreError> {
    let mut config = config.clone();
    config
        .connect_timeout(CONNECT_MAX)
        .keepalives_idle(Duration::from_secs(30));
    config.tcp_user_timeout(Duration::from_secs(10));
    if config.get_application_name().is_none() {
        config.application_name("watchpost");
    }
    let local = config.get_hosts().iter().all(|host| match host {
        Host::Tcp(name) => matches!(name.as_str(), "localhost" | "127.0.0.1" | "::1"),
        Host::Unix(_) => true,
    });
    let mode = config.get_ssl_mode();
    if mode == SslMode::Disable || (mode == SslMode::Prefer && local) {
        return within(connect_plain(&config)).await;
    }
    match within(connect_tls(&config)).await {
        Err(error) if mode == SslMode::Prefer => {
            tracing::warn!(%error, "no trusted TLS to PostgreSQL; connecting without");
            within(connect_plain(&config)).await
        }
        result => result,
    }
}

async fn within(
    attempt: impl Future<Output = Result<Client, tokio_postgres::Error>>,
) -> Result<Client, StoreError> {
    match tokio::time::timeout(CONNECT_MAX, attempt).await {
        // Whatever the server says before the first statement, a later attempt may succeed.
        Ok(result) => result.map_err(|error| {
            use std::error::Error as _;
            let cause = error
                .source()
                .map(|cause| format!(": {cause}"))
                .unwrap_or_default();
            StoreError::unavailable(format!("{error}{cause}"))
        }),
        Err(_) => Err(StoreError::unavailable(
            "no answer to the attempt to connect",
        )),
    }
}

async fn connect_plain(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let mut config = config.clone();
    config.ssl_mode(SslMode::Disable);
    let (client, connection) = config.connect(NoTls).await?;
    drive(connection);
    Ok(client)
}

async fn connect_tls(config: &Config) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = config.connect(MakeRustlsConnect::new(tls())).await?;
    drive(connection);
    Ok(client)
}

/// Moves the connection's bytes on the session's own runtime whenever that waits.
#[expect(
    clippy::disallowed_methods,
    reason = "the task ends with its session's own runtime"
)]
fn drive(connection: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::warn!(%error, "a PostgreSQL connection ended");
        }
    });
}

fn tls() -> rustls::ClientConfig {
    static CONFIG: OnceLock<rustls::ClientConfig> = OnceLock::new();
    CONFIG
        .get_or_init(|| {
            let mut roots = rustls::RootCertStore::empty();
            for certificate in rustls_native_certs::load_native_certs().certs {
                // One unreadable root certificate must not hide the others.
                drop(roots.add(certificate));
            }
            rustls::ClientConfig::builder()
                .with_root_certificates(roots)
                .with_no_client_auth()
        })
        .clone()
}

#[expect(
    clippy::disallowed_methods,
    reason = "a pause between attempts needs the monotonic clock"
)]
pub(super) fn monotonic_ms() -> i64 {
    static START: OnceLock<Instant> = OnceLock::new();
    i64::try_from(START.get_or_init(Instant::now).elapsed().as_millis()).unwrap_or(i64::MAX)
}
