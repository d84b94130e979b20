//! From parcels to events: what comes within a few milliseconds is read and stored together.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use tokio::sync::mpsc::{Sender, UnboundedReceiver};
use tokio::time::{Instant, timeout_at};

use super::Hub;
use super::lane::Parcel;
use crate::adapters::syslog::{self, Header, Receipt};
use crate::adapters::{Context, Reading};
use crate::http::{Actor, Caller, Origin};
use crate::ingest::event_keys::EventKey;
use crate::ingest::pipeline::{Places, Prepared};
use crate::ingest::receive::INLINE_MAX;
use crate::sources::{DeadLetter, Outcome};

/// Events of one batch, and a parcel more.
const EVENTS_MAX: usize = 4_000;
/// Longest that a message waits for others to be stored with.
const GATHER_MAX: Duration = Duration::from_millis(5);

/// An event, and what its sender says about repetitions.
#[derive(Debug)]
pub(super) struct Item {
    pub(super) event: Prepared,
    /// Who sent it.
    pub(super) peer: IpAddr,
    /// Whether its sender has a name for it, which the event carries then.
    pub(super) named: bool,
    pub(super) closes: Option<EventKey>,
}

/// What is to be stored together.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) items: Vec<Item>,
    /// How many messages it came from.
    pub(super) messages: usize,
    /// Who sent it; of several one: what matters is said by each event itself.
    pub(super) caller: Caller,
    /// The parcels it came in: they hold its room.
    _parcels: Vec<Parcel>,
}

/// Gathers and reads until nobody sends any more.
pub(super) async fn run(
    hub: Arc<Hub>,
    mut parcels: UnboundedReceiver<Parcel>,
    sender: Sender<Ready>,
) {
    while let Some(gathered) = gather(&mut parcels).await {
        let bytes = gathered
            .iter()
            .map(Parcel::bytes)
            .fold(0, usize::saturating_add);
        let ready = if bytes < INLINE_MAX {
            read(&hub, gathered)
        } else {
            let hub = Arc::clone(&hub);
            match tokio::task::spawn_blocking(move || read(&hub, gathered)).await {
                Ok(ready) => ready,
                Err(error) => {
                    tracing::error!(%error, "syslog messages were lost: reading them failed");
                    continue;
                }
            }
        };
        if sender.send(ready).await.is_err() {
            return;
        }
    }
}

async fn gather(parcels: &mut UnboundedReceiver<Parcel>) -> Option<Vec<Parcel>> {
    let first = parcels.recv().await?;
    let until = Instant::now() + GATHER_MAX;
    let mut events = first.len();
    let mut gathered = vec![first];
    while events < EVENTS_MAX {
        let next = match parcels.try_recv() {
            Ok(next) => next,
            Err(_) => match timeout_at(until, parcels.recv()).await {
                Ok(Some(next)) => next,
                _ => break,
            },
        };
        events = events.saturating_add(next.len());
        gathered.push(next);
    }
    Some(gathered)
}

/// Anybody at an address: syslog knows no names. The audit log is left out of it.
pub(super) fn caller(peer: IpAddr) -> Caller {
    Caller {
        actor: Actor::Anonymous,
        origin: Origin {
            address: peer,
            ..Caller::system("syslog").origin
        },
    }
}

fn read(hub: &Hub, parcels: Vec<Parcel>) -> Ready {
    let messages = parcels.iter().map(Parcel::len);
    let messages = messages.fold(0, usize::saturating_add);
    let unspecified = IpAddr::from([0, 0, 0, 0]);
    let mut reading = Reader {
        hub,
        now: hub.app.clock.now(),
        places: Places::default(),
        items: Vec::with_capacity(messages),
        throttled: BTreeMap::new(),
    };
    for parcel in &parcels {
        reading.parcel(parcel);
    }
    let counters = hub.ingest.sources().counters();
    for (source, n) in reading.throttled {
        counters.add(&source, Outcome::Throttled, n, reading.now);
    }
    Ready {
        items: reading.items,
        messages,
        caller: caller(parcels.first().map_or(unspecified, |parcel| parcel.peer)),
        _parcels: parcels,
    }
}

struct Reader<'a> {
    hub: &'a Hub,
    now: Timestamp,
    places: Places,
    items: Vec<Item>,
    /// By source: what is beyond its own rate.
    throttled: BTreeMap<String, u64>,
}

impl Reader<'_> {
    fn parcel(&mut self, parcel: &Parcel) {
        let peer = parcel.peer.to_string();
        for (place, (bytes, truncated)) in parcel.messages().enumerate() {
            self.message(parcel.peer, &peer, place, bytes, truncated);
        }
    }

    fn message(&mut self, peer: IpAddr, name: &str, place: usize, bytes: &[u8], truncated: bool) {
        let sources = self.hub.ingest.sources();
        let line = syslog::line(bytes);
        let receipt = Receipt {
            now: self.now,
            zone: &self.hub.app.config.syslog.time_zone.0,
        };
        let header = Header::read(&line, &receipt);
        let source = header.hostname.unwrap_or(name);
        if sources
            .take(source, crate::http::Sender::Address(peer), self.now)
            .is_err()
        {
            let n = self.throttled.entry(source.to_owned()).or_default();
            *n = n.saturating_add(1);
            return;
        }
        let settings = sources.of(source);
        let cx = Context {
            now: self.now,
            bound: None,
            source,
            profile: &settings.profile,
        };
        let read = settings.admits(bytes);
        match read.and_then(|()| syslog::event(&header, Some(peer), truncated, &cx)) {
            Ok(reading) => self.good(peer, reading),
            Err(errors) => {
                let letter = DeadLetter::new(&cx, "syslog", &caller(peer), place, errors, bytes);
                self.hub.reject(letter);
            }
        }
    }

    fn good(&mut self, peer: IpAddr, reading: Reading) {
        let source = &reading.event.source_name;
        let scope = || format!("syslog source {source}");
        let key = |key: Option<String>| key.map(|key| EventKey::new(&scope(), &key));
        let (key, closes) = (key(reading.key), key(reading.closes));
        let event = Prepared::with_places(&self.hub.app, &mut self.places, reading.event);
        let mut event = event.with_keys(key, closes);
        if closes.is_some() {
            // The alert it ends remembers who said so.
            event = event.with_sender(caller(peer));
        }
        self.items.push(Item {
            event,
            peer,
            named: key.is_some(),
            closes,
        });
    }
}
