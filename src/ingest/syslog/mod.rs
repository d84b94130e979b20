//! Syslog from the network: UDP, TCP and TLS.
//!
//! ```text
//! udp.rs ──► lane ──► gather.rs (wait a little, read) ──► store.rs (store once, again and again)
//! tcp.rs ─► connection.rs ─► lane ─► gather.rs ─► store.rs
//! ```
//!
//! There are no acknowledgements in syslog. What was read is stored; while it cannot be, TCP stops
//! reading, so that the senders' queues fill, and over UDP what finds no room is counted against
//! its source. Start reading at [`Sockets::start`].

mod connection;
mod gather;
mod kernel;
mod lane;
mod peers;
mod store;
mod tcp;
mod tls;
mod udp;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::mpsc::{self, UnboundedReceiver};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

use super::account::Account;
use super::queue::Ingest;
use super::refusals::Refusals;
use crate::app::App;
use crate::config::{Optional, SyslogSettings};
use crate::sources::DeadLetter;
use lane::{Parcel, Pending, TCP_ROOM, UDP_ROOM, lane, shared_lane};
use peers::Peers;
use tls::Tls;

/// How often the system is asked what it dropped.
const WATCH: Duration = Duration::from_secs(2);
/// How long after the stop of the server a database that is away is still waited for: an orderly
/// stop has five seconds.
const LAST_CHANCE: Duration = Duration::from_secs(3);
/// How often certificates are looked at for changes, in those.
const RELOAD_EVERY: u32 = 5;

/// Why syslog cannot be taken.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// An address cannot be listened on.
    #[error("{setting}: cannot listen on {address}: {reason}")]
    Bind {
        /// The setting.
        setting: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why.
        reason: std::io::Error,
    },
    /// A certificate or key cannot be used.
    #[error("{setting}: {file} cannot be used: {reason}", file = file.display())]
    Tls {
        /// The setting.
        setting: &'static str,
        /// The file.
        file: PathBuf,
        /// Why.
        reason: String,
    },
}

/// Where syslog is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Over UDP.
    pub udp: Vec<SocketAddr>,
    /// Over TCP.
    pub tcp: Vec<SocketAddr>,
    /// Over TLS.
    pub tls: Vec<SocketAddr>,
}

/// Sockets that are bound and not read yet.
#[derive(Debug)]
pub struct Sockets {
    udp: Vec<UdpSocket>,
    tcp: Vec<TcpListener>,
    tls: Vec<TcpListener>,
    certificate: Option<Tls>,
}

/// What every listener needs.
#[derive(Debug)]
struct Hub {
    app: App,
    ingest: Ingest,
    peers: Arc<Peers>,
    /// When a task that stores noticed that the server stops.
    stopped: OnceLock<Instant>,
    pending: Pending,
}

impl Drop for Hub {
    fn drop(&mut self) {
        let messages = self.pending.load(Ordering::Relaxed);
        if messages > 0 {
            tracing::error!(
                messages,
                "syslog messages were not stored before the server had to end"
            );
        }
    }
}

impl Hub {
    /// Waits until the server stops and the database has had its last chance.
    async fn end(&self) {
        self.app.stop.cancelled().await;
        let stopped = *self.stopped.get_or_init(Instant::now);
        tokio::time::sleep_until(stopped + LAST_CHANCE).await;
    }

    /// Counts a message that cannot be stored, and keeps it to be looked at.
    fn reject(&self, letter: DeadLetter) {
        let mut refused = Refusals::default();
        refused.push(letter);
        Account::open(&self.app, &self.ingest, &[], refused).rejected();
    }
}

impl Sockets {
    /// Binds every address of the settings and reads the certificate.
    ///
    /// # Errors
    /// [`ListenError`] naming the setting.
    pub async fn bind(settings: &SyslogSettings) -> Result<Self, ListenError> {
        let certificate = Tls::load(settings)?;
        let mut udp = Vec::new();
        for address in addresses(&settings.udp) {
            let socket = UdpSocket::bind(address).await;
            udp.push(socket.map_err(|reason| refused("SYSLOG_UDP", address, reason))?);
        }
        Ok(Self {
            udp,
            tcp: listen("SYSLOG_TCP", &settings.tcp).await?,
            tls: listen("SYSLOG_TLS", &settings.tls).await?,
            certificate,
        })
    }

    /// Where they are bound.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        let tcp = |listeners: &[TcpListener]| {
            listeners
                .iter()
                .filter_map(|it| it.local_addr().ok())
                .collect()
        };
        Addresses {
            udp: self
                .udp
                .iter()
                .filter_map(|it| it.local_addr().ok())
                .collect(),
            tcp: tcp(&self.tcp),
            tls: tcp(&self.tls),
        }
    }

    /// Reads them until the server stops; the tasks end when all that was read is stored.
    pub fn start(self, app: &App, ingest: &Ingest, tasks: &mut JoinSet<()>) {
        if self.udp.is_empty() && self.tcp.is_empty() && self.tls.is_empty() {
            return;
        }
        let networks = app
            .config
            .syslog
            .networks
            .iter()
            .filter_map(|network| network.0);
        let hub = Arc::new(Hub {
            app: app.clone(),
            ingest: ingest.clone(),
            peers: Arc::new(Peers::new(networks.collect())),
            stopped: OnceLock::new(),
            pending: Pending::default(),
        });
        let certificate = self.certificate.map(Arc::new);
        let inodes = self.udp.iter().filter_map(kernel::inode).collect();
        if !self.udp.is_empty() {
            let (lane, parcels) = shared_lane(UDP_ROOM, Arc::clone(&hub.pending));
            store_all(parcels, &hub, tasks);
            for socket in self.udp {
                if let Some(bytes) = kernel::enlarge(&socket) {
                    tracing::debug!(bytes, "receive buffer for syslog over UDP");
                }
                tasks.spawn(udp::receive(socket, Arc::clone(&hub), lane.clone()));
            }
        }
        if !self.tcp.is_empty() || !self.tls.is_empty() {
            let (lane, parcels) = lane(TCP_ROOM, Arc::clone(&hub.pending));
            store_all(parcels, &hub, tasks);
            for listener in self.tcp {
                tasks.spawn(tcp::accept(listener, None, Arc::clone(&hub), lane.clone()));
            }
            for listener in self.tls {
                let tls = certificate.clone();
                tasks.spawn(tcp::accept(listener, tls, Arc::clone(&hub), lane.clone()));
            }
        }
        tasks.spawn(watch(hub, inodes, certificate));
    }
}

/// Starts what stores the messages of a lane.
fn store_all(parcels: UnboundedReceiver<Parcel>, hub: &Arc<Hub>, tasks: &mut JoinSet<()>) {
    // One batch is read while the one before it is stored, no more.
    let (sender, receiver) = mpsc::channel(1);
    tasks.spawn(gather::run(Arc::clone(hub), parcels, sender));
    tasks.spawn(store::run(Arc::clone(hub), receiver));
}

/// Asks the system what it dropped, and looks for renewed certificates.
async fn watch(hub: Arc<Hub>, inodes: Vec<u64>, certificate: Option<Arc<Tls>>) {
    let mut ticks = tokio::time::interval(WATCH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut count = 0_u32;
    loop {
        tokio::select! {
            biased;
            () = hub.app.stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if !inodes.is_empty() {
            let dropped = kernel::dropped(&inodes).await;
            hub.app.metrics.syslog().dropped_by_system(dropped);
        }
        count = count.wrapping_add(1);
        if let Some(certificate) = certificate
            .as_ref()
            .filter(|_| count.is_multiple_of(RELOAD_EVERY))
        {
            match certificate.reload() {
                Ok(true) => tracing::info!("the certificate for syslog was read again"),
                Ok(false) => {}
                Err(error) => {
                    tracing::error!(%error, "the certificate for syslog stays the old one");
                }
            }
        }
    }
}

fn addresses(setting: &[Optional<SocketAddr>]) -> impl Iterator<Item = SocketAddr> {
    setting.iter().filter_map(|address| address.0)
}

async fn listen(
    setting: &'static str,
    wanted: &[Optional<SocketAddr>],
) -> Result<Vec<TcpListener>, ListenError> {
    let mut listeners = Vec::new();
    for address in addresses(wanted) {
        let listener = TcpListener::bind(address).await;
        listeners.push(listener.map_err(|reason| refused(setting, address, reason))?);
    }
    Ok(listeners)
}

fn refused(setting: &'static str, address: SocketAddr, reason: std::io::Error) -> ListenError {
    ListenError::Bind {
        setting,
        address,
        reason,
    }
}
