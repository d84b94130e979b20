//! The running server: open, migrate, listen; and stop in order.

mod periodic;
mod source_tasks;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base::{Clock, EventIds};
use http::Method;
use store::{MigrateError, OpenError, Options, Store, StoreError};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower::util::MapRequest;

use crate::app::App;
use crate::config::{ConfigError, Settings};
use crate::events;
use crate::geo::{GeoDb, GeoError, GeoSources};
use crate::http::canonical;
use crate::http::listener::{self, ConnectionCounts, ListenerLimits};
use crate::identity::{self, FirstAdmin};
use crate::ingest::syslog::{Addresses, ListenError, Sockets};
use crate::ingest::{Ingest, NodeLease};
use crate::migrations::MIGRATIONS;
use crate::router::{self, Served, Services};
use crate::secrets::{SecretError, Secrets};
use crate::sources;
use crate::stream::Live;
use crate::web::Readiness;

/// Longest an orderly stop takes before what is left is cut off.
const STOP_MAX: Duration = Duration::from_secs(5);

/// Why the server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Settings that cannot work together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The schema cannot be brought up to date.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// There is no key.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A geo database cannot be used.
    #[error(transparent)]
    Geo(#[from] GeoError),
    /// The database failed on the way.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The first administrator could not be made.
    #[error("the first administrator could not be made: {0}")]
    FirstAdmin(String),
    /// Syslog cannot be taken.
    #[error(transparent)]
    Syslog(#[from] ListenError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: std::io::Error,
    },
}

/// A running server; what `main` and the tests hold.
#[derive(Debug)]
pub struct Server {
    app: App,
    address: SocketAddr,
    metrics_address: Option<SocketAddr>,
    syslog: Addresses,
    first_admin: Option<FirstAdmin>,
    listeners: tokio::task::JoinSet<()>,
    ingest: Ingest,
}

/// Opens database, keys and geo data: what the server and the command line both need.
///
/// # Errors
/// [`StartError`] naming what cannot be used.
pub async fn open(config: Settings, clock: Clock) -> Result<App, StartError> {
    config.check()?;
    let location = config.database_url.clone();
    let options = Options {
        connections: usize::from(config.database_pool_size),
        ..Options::default()
    };
    let store = blocking(move || Store::open(&location, options)).await?;
    store.migrate(MIGRATIONS, clock.now()).await?;
    let folder = config.data_folder();
    let secrets = Secrets::load(&config.secret_key, &folder)?;
    let sources = GeoSources {
        city_db: config.geoip_city_db.0.clone(),
        asn_db: config.geoip_asn_db.0.clone(),
        data_dir: folder,
    };
    let geo = blocking(move || GeoDb::open(&sources)).await?;
    let highest = store.read(events::highest).await?;
    let lease = NodeLease::take(&store, &clock).await?;
    let ids = EventIds::new(lease.node(), highest);
    let app = App::new(store, clock, config, geo, ids, secrets);
    lease.keep(&app);
    Ok(app)
}

async fn blocking<T, E>(
    body: impl FnOnce() -> Result<T, E> + Send + 'static,
) -> Result<T, StartError>
where
    T: Send + 'static,
    E: Into<StartError> + Send + 'static,
{
    match tokio::task::spawn_blocking(body).await {
        Ok(result) => result.map_err(Into::into),
        Err(_) => Err(StoreError::Unavailable("opening it failed".into()).into()),
    }
}

impl Server {
    /// Opens everything and listens.
    ///
    /// # Errors
    /// [`StartError`] naming what cannot be used.
    pub async fn start(config: Settings, clock: Clock) -> Result<Self, StartError> {
        config.check()?;
        // Before anything else: a port in use must cost neither a node number nor the password
        // of a first administrator, which nobody would see.
        let (wanted, wanted_for_metrics) = (config.listen(), config.metrics_bind.0);
        let socket = bind(wanted).await?;
        let address = local(&socket, wanted);
        let metrics_socket = match wanted_for_metrics {
            Some(wanted) => Some((bind(wanted).await?, wanted)),
            None => None,
        };
        let syslog_sockets = Sockets::bind(&config.syslog).await?;
        let syslog = syslog_sockets.addresses();
        let app = open(config, clock).await?;
        let first_admin = identity::first_admin(&app)
            .await
            .map_err(|error| StartError::FirstAdmin(error.to_string()))?;
        let ingest = Ingest::start(&app);
        ingest.sources().load(&app).await?;
        let connections = Arc::new(ConnectionCounts::default());
        let services = Services::from(Served {
            app: app.clone(),
            ingest: ingest.clone(),
            live: Live::start(&app),
            readiness: Readiness::default(),
            connections: Arc::clone(&connections),
            document: Arc::new(OnceLock::new()),
        });
        let (router, _) = router::service(&services);
        let mut listeners = tokio::task::JoinSet::new();
        let limits = limits(&app.config);
        let metrics_address = metrics_socket.map(|(socket, wanted)| {
            let address = local(&socket, wanted);
            let router = metrics_router(app.clone(), Arc::clone(&connections));
            let own = Arc::new(ConnectionCounts::default());
            listeners.spawn(listener::serve(
                socket,
                router,
                limits,
                own,
                app.stop.clone(),
            ));
            address
        });
        let service = MapRequest::new(router, canonical as fn(_) -> _);
        let stop = app.stop.clone();
        listeners.spawn(listener::serve(socket, service, limits, connections, stop));
        syslog_sockets.start(&app, &ingest, &mut listeners);
        periodic::start(&app);
        source_tasks::start(&app, &ingest);
        tracing::info!(%address, database = app.store.name(), "listening");
        Ok(Self {
            app,
            address,
            metrics_address,
            syslog,
            first_admin,
            listeners,
            ingest,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it answers `/metrics` without sign-in, if anywhere.
    #[must_use]
    pub const fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics_address
    }

    /// Where it takes syslog.
    #[must_use]
    pub const fn syslog(&self) -> &Addresses {
        &self.syslog
    }

    /// The first administrator's sign-in, when one was made with a generated password.
    #[must_use]
    pub const fn first_admin(&self) -> Option<&FirstAdmin> {
        self.first_admin.as_ref()
    }

    /// The server's parts, for tests and the command line.
    #[must_use]
    pub const fn app(&self) -> &App {
        &self.app
    }

    /// The way in for events, for tests.
    #[must_use]
    pub const fn ingest(&self) -> &Ingest {
        &self.ingest
    }

    /// Fires when the server is to stop, whoever wants it.
    #[must_use]
    pub fn stopping(&self) -> CancellationToken {
        self.app.stop.clone()
    }

    /// Stops: not ready, no new connections, requests under way answered, the queue stored,
    /// the database closed. At most five seconds.
    pub async fn stop(mut self) {
        self.app.stop.cancel();
        let orderly = async {
            while self.listeners.join_next().await.is_some() {}
            let sources = self.ingest.sources().clone();
            drop(self.ingest);
            self.app.tasks.close();
            self.app.tasks.wait().await;
            // Nobody counts any more.
            if let Err(error) = sources::flush(&self.app, &sources).await {
                tracing::warn!(%error, "the last counts of sources were not written down");
            }
        };
        if tokio::time::timeout(STOP_MAX, orderly).await.is_err() {
            tracing::warn!("some requests did not end in time and were cut off");
        }
        let store = self.app.store.clone();
        // What is committed is safe; closing only tidies the files.
        drop(tokio::task::spawn_blocking(move || store.close()).await);
        tracing::info!("stopped");
    }
}

/// Behind a proxy every client has the proxy's address, so the cap per address cannot hold.
fn limits(config: &Settings) -> ListenerLimits {
    let defaults = ListenerLimits::default();
    let per_address = if config.proxies().next().is_some() || config.listen().ip().is_loopback() {
        defaults.connections_max
    } else {
        defaults.connections_per_address_max
    };
    ListenerLimits {
        connections_per_address_max: per_address,
        ..defaults
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address)
        .await
        .map_err(|reason| StartError::Bind { address, reason })
}

fn local(socket: &TcpListener, wanted: SocketAddr) -> SocketAddr {
    socket.local_addr().unwrap_or(wanted)
}

fn metrics_router(app: App, counts: Arc<ConnectionCounts>) -> axum::Router {
    axum::Router::new().fallback(move |request: axum::extract::Request| {
        let (app, counts) = (app.clone(), Arc::clone(&counts));
        async move {
            use axum::response::IntoResponse as _;
            if request.method() == Method::GET && request.uri().path() == "/metrics" {
                crate::web::render_metrics(&app, &counts).await
            } else {
                http::StatusCode::NOT_FOUND.into_response()
            }
        }
    })
}
