//! Senders of every kind at work at once, and what they have to send again.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use base::Severity;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::shots::{Shot, WAYS, Way};
use crate::faults::ledger::{marked, seen};
use crate::faults::load::Target;
use crate::faults::until;
use crate::faults::wire::Wire;
use crate::harness::Client;

/// Longest a sender waits for an answer before the server counts as hung.
const ANSWER_MAX: Duration = Duration::from_mins(1);
/// Longest until a message of syslog that the server has is stored.
const STORED_MAX: Duration = Duration::from_secs(30);

/// What all senders have in common.
#[derive(Clone)]
pub(super) struct Mix {
    pub(super) target: Target,
    syslog: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    /// What has a name and no answer.
    again: BTreeMap<Way, VecDeque<Shot>>,
    /// How many requests were acknowledged, and how many of them when repeated.
    told: BTreeMap<Way, (usize, usize)>,
    /// Alerts that fired and are over: the markers of both events.
    ended: Vec<(u64, u64)>,
    syslog_sent: usize,
    syslog_seen: usize,
}

/// Senders at work.
pub(super) struct Mixed {
    senders: JoinSet<()>,
    stop: Arc<AtomicBool>,
}

impl Mixed {
    pub(super) fn start(mix: &Mix, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut senders = JoinSet::new();
        for (number, way) in (0..).zip(WAYS) {
            let sender = Sender::new(mix.clone(), seed ^ number);
            senders.spawn(sender.run(way, Arc::clone(&stop)));
        }
        senders.spawn(log(
            mix.clone(),
            StdRng::seed_from_u64(!seed),
            Arc::clone(&stop),
        ));
        Self { senders, stop }
    }

    /// Lets every sender end its request, and waits for them.
    pub(super) async fn stop(mut self) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.senders.join_next().await {
            ended.unwrap();
        }
    }
}

impl Mix {
    pub(super) fn new(target: Target, syslog: SocketAddr) -> Self {
        Self {
            target,
            syslog,
            state: Arc::default(),
        }
    }

    /// The same to a server that was started anew.
    pub(super) fn moved(self, address: SocketAddr, syslog: SocketAddr) -> Self {
        let target = Target {
            address,
            ..self.target
        };
        Self {
            target,
            syslog,
            ..self
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// What is to be sent again.
    fn again(&self, way: Way) -> Option<Shot> {
        self.state().again.entry(way).or_default().pop_front()
    }

    /// Repeats everything that has a name and no answer.
    pub(super) async fn repeat_all(&self) {
        let mut sender = Sender::new(self.clone(), 0);
        for way in WAYS {
            while let Some(shot) = self.again(way) {
                let answered = sender.exchange(shot, true).await;
                assert!(
                    answered,
                    "not when repeated: {}",
                    self.target.ledger.summary()
                );
            }
        }
    }

    /// Says something over syslog on a connection of its own and waits until it can be read:
    /// from then on it must stay.
    pub(super) async fn say_and_see(&self, admin: &Client) {
        let ledger = &self.target.ledger;
        let mut stream = TcpStream::connect(self.syslog).await.unwrap();
        let (markers, bytes) = said(self, 5);
        stream.write_all(bytes.as_bytes()).await.unwrap();
        for marker in &markers {
            let is_there = async || seen(admin, *marker).await > 0;
            until("syslog is stored", STORED_MAX, is_there).await;
        }
        ledger.answered(200, &markers);
        self.state().syslog_seen += markers.len();
    }

    /// Alerts that fired and are over: the markers of both events.
    pub(super) fn ended(&self) -> Vec<(u64, u64)> {
        self.state().ended.clone()
    }

    /// Every way in was answered.
    pub(super) fn each_came_through(&self) {
        let state = self.state();
        for way in WAYS {
            assert!(state.told.contains_key(&way), "{way:?}: {:?}", state.told);
        }
    }

    /// For the log of a run.
    pub(super) fn summary(&self) -> String {
        let state = self.state();
        format!(
            "requests answered, and of them when repeated: {:?}; syslog sent {}, seen {}; ended {}",
            state.told,
            state.syslog_sent,
            state.syslog_seen,
            state.ended.len()
        )
    }
}

struct Sender {
    mix: Mix,
    rng: StdRng,
    wire: Option<Wire>,
}

impl Sender {
    fn new(mix: Mix, seed: u64) -> Self {
        Self {
            mix,
            rng: StdRng::seed_from_u64(seed),
            wire: None,
        }
    }

    async fn run(mut self, way: Way, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::Relaxed) {
            if self.wire.is_none() {
                self.wire = Wire::open(self.mix.target.address).await.ok();
            }
            let answered = self.wire.is_some() && {
                let old = self.mix.again(way);
                let repeated = old.is_some();
                let shot =
                    old.unwrap_or_else(|| Shot::new(way, &self.mix.target.ledger, &mut self.rng));
                self.exchange(shot, repeated).await
            };
            if !answered {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    /// Sends a request; `false` when it got no answer. What has a name is kept then.
    async fn exchange(&mut self, shot: Shot, repeated: bool) -> bool {
        let began = Instant::now();
        let result = tokio::time::timeout(ANSWER_MAX, self.try_exchange(&shot)).await;
        let ledger = &self.mix.target.ledger;
        let answered = match result {
            Ok(Ok(answered)) => {
                ledger.waited(began.elapsed());
                answered
            }
            Ok(Err(_)) => {
                ledger.broke();
                self.wire = None;
                false
            }
            Err(_) => {
                ledger.wrong(format!("no answer in {ANSWER_MAX:?}"));
                self.wire = None;
                false
            }
        };
        let mut state = self.mix.state();
        if answered {
            let told = state.told.entry(shot.way).or_default();
            told.0 += 1;
            told.1 += usize::from(repeated);
            if let Some(firing) = shot.firing.filter(|_| self.rng.random_ratio(2, 3)) {
                let end = Shot::end_of(&firing, ledger);
                state.ended.push((shot.markers[0], end.markers[0]));
                state.again.entry(end.way).or_default().push_back(end);
            }
        } else if shot.way.has_names() {
            state.again.entry(shot.way).or_default().push_back(shot);
        }
        drop(state);
        answered
    }

    async fn try_exchange(&mut self, shot: &Shot) -> std::io::Result<bool> {
        let Target {
            address,
            key,
            ledger,
        } = &self.mix.target;
        if self.wire.is_none() {
            self.wire = Some(Wire::open(*address).await?);
        }
        let wire = self.wire.as_mut().unwrap();
        wire.post(shot.path(), &shot.head(key), &shot.body).await?;
        let status = wire.status().await?;
        let (retry_after, body) = wire.rest("retry-after").await?;
        let stored = shot.is_stored(status, &body);
        ledger.answered(status, if stored { &shot.markers } else { &[] });
        let later = matches!(status, 429 | 503) && retry_after.is_some();
        let is_told = stored || later || status == 409;
        if !is_told {
            let body = String::from_utf8_lossy(&body);
            ledger.wrong(format!("{:?}: {status} {body}", shot.way));
        }
        if wire.closing {
            self.wire = None;
        }
        Ok(stored)
    }
}

/// Messages of syslog, octet counted.
fn said(mix: &Mix, count: usize) -> (Vec<u64>, String) {
    let (mut markers, mut bytes) = (Vec::new(), String::new());
    for _ in 0..count {
        let marker = mix.target.ledger.sending(Some(Severity::Low));
        let text = marked(marker, "by syslog");
        let message = format!("<84>1 2026-11-20T17:19:39Z log-1 app 7 - - {text}");
        bytes += &message.len().to_string();
        bytes += " ";
        bytes += &message;
        markers.push(marker);
    }
    mix.state().syslog_sent += count;
    (markers, bytes)
}

/// Says things over one connection until it breaks or is to stop; nothing is said twice.
async fn log(mix: Mix, mut rng: StdRng, stop: Arc<AtomicBool>) {
    let Ok(mut stream) = TcpStream::connect(mix.syslog).await else {
        return;
    };
    while !stop.load(Ordering::Relaxed) {
        let (_, bytes) = said(&mix, rng.random_range(1..20));
        if stream.write_all(bytes.as_bytes()).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(8)).await;
    }
}
