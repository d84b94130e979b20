//! Senders: single events, batches, requests that are repeated, and some that must be refused.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base::Severity;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::ledger::Ledger;
use super::wire::Wire;

/// How many send at once; two of each kind.
const SENDERS: u64 = 6;
/// Longest a sender waits for an answer before the server counts as hung.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// Senders at work.
pub(super) struct Load {
    senders: JoinSet<()>,
    stop: Arc<AtomicBool>,
}

/// What every sender needs.
#[derive(Clone)]
pub(super) struct Target {
    pub(super) address: SocketAddr,
    pub(super) key: String,
    pub(super) ledger: Arc<Ledger>,
}

impl Load {
    pub(super) fn start(target: &Target, seed: u64) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut senders = JoinSet::new();
        for number in 0..SENDERS {
            let sender = Sender {
                target: target.clone(),
                rng: StdRng::seed_from_u64(seed ^ number),
                wire: None,
            };
            senders.spawn(sender.run(number % 3, Arc::clone(&stop)));
        }
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

/// Repeats every request with an Idempotency-Key that has no answer yet.
pub(super) async fn repeat_all(target: &Target) {
    let mut sender = Sender {
        target: target.clone(),
        rng: StdRng::seed_from_u64(0),
        wire: None,
    };
    while let Some((marker, body)) = target.ledger.repeat() {
        let request = Request::repeatable(marker, body);
        let answered = sender.exchange(request).await;
        assert!(answered, "not when repeated: {}", target.ledger.summary());
    }
}

struct Request {
    media: &'static str,
    /// Whether it carries an Idempotency-Key.
    repeatable: bool,
    body: String,
    markers: Vec<u64>,
    /// Status of success, and how many lines of a batch are stored and refused.
    expected: (u16, usize, usize),
}

impl Request {
    fn repeatable(marker: u64, body: String) -> Self {
        let media = "application/json";
        Self {
            media,
            repeatable: true,
            body,
            markers: vec![marker],
            expected: (201, 1, 0),
        }
    }

    fn head(&self, key: &str) -> String {
        let Self { media, .. } = self;
        let repeat = if self.repeatable {
            format!("idempotency-key: fault-{}\r\n", self.markers[0])
        } else {
            String::new()
        };
        format!("authorization: Bearer {key}\r\ncontent-type: {media}\r\n{repeat}")
    }
}

struct Sender {
    target: Target,
    rng: StdRng,
    wire: Option<Wire>,
}

impl Sender {
    async fn run(mut self, kind: u64, stop: Arc<AtomicBool>) {
        while !stop.load(Ordering::Relaxed) {
            if self.wire.is_none() {
                self.wire = Wire::open(self.target.address).await.ok();
            }
            let answered = self.wire.is_some() && {
                let request = self.next(kind);
                self.exchange(request).await
            };
            if !answered {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }

    fn next(&mut self, kind: u64) -> Request {
        match kind {
            0 => self.single(),
            1 => self.batch(),
            _ => {
                let (marker, body) = self.target.ledger.repeat().unwrap_or_else(|| {
                    let (marker, event) = self.event(true);
                    (marker, event.to_string())
                });
                Request::repeatable(marker, body)
            }
        }
    }

    fn single(&mut self) -> Request {
        let good = self.rng.random_ratio(19, 20);
        let (marker, event) = self.event(good);
        let expected = if good { (201, 1, 0) } else { (400, 0, 1) };
        let media = "application/json";
        Request {
            media,
            repeatable: false,
            body: event.to_string(),
            markers: vec![marker],
            expected,
        }
    }

    fn batch(&mut self) -> Request {
        let (mut markers, mut lines, mut refused) = (Vec::new(), Vec::new(), 0);
        let size = self.rng.random_range(2..40);
        for _ in 0..size {
            let good = self.rng.random_ratio(19, 20);
            let (marker, event) = self.event(good);
            markers.push(marker);
            lines.push(event.to_string());
            refused += usize::from(!good);
        }
        let expected = (200, size - refused, refused);
        let (media, body) = if self.rng.random() {
            ("application/x-ndjson", lines.join("\n"))
        } else {
            ("application/json", format!("[{}]", lines.join(",")))
        };
        Request {
            media,
            repeatable: false,
            body,
            markers,
            expected,
        }
    }

    /// An event, noted as sent; three in ten raise an alert.
    fn event(&mut self, good: bool) -> (u64, Value) {
        let severity = match self.rng.random_range(0..10) {
            0 => Severity::Critical,
            1 | 2 => Severity::High,
            3 | 4 => Severity::Medium,
            5 | 6 => Severity::Low,
            _ => Severity::Info,
        };
        let marker = self.target.ledger.sending(good.then_some(severity));
        let event = json!({
            "source_name": format!("fw-{:02}", self.rng.random_range(0..12)),
            "event_type": "intrusion",
            "severity": if good { severity.word() } else { "SEVERE" },
            "description": "x".repeat(self.rng.random_range(1..400)),
            "ip_address": "81.2.69.142",
            "attributes": {"marker": marker},
        });
        (marker, event)
    }

    /// Sends a request and notes its answer; `false` when it got none, or is to be repeated.
    async fn exchange(&mut self, request: Request) -> bool {
        let began = Instant::now();
        let result = tokio::time::timeout(ANSWER_MAX, self.try_exchange(&request)).await;
        let ledger = &self.target.ledger;
        let answered = match result {
            Ok(Ok(status)) => {
                ledger.waited(began.elapsed());
                status < 500 && status != 409
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
        if !answered && request.repeatable {
            ledger.again(request.markers[0], request.body);
        }
        answered
    }

    async fn try_exchange(&mut self, request: &Request) -> std::io::Result<u16> {
        let Target {
            address,
            key,
            ledger,
        } = &self.target;
        if self.wire.is_none() {
            self.wire = Some(Wire::open(*address).await?);
        }
        let wire = self.wire.as_mut().unwrap();
        wire.post("/api/events/", &request.head(key), &request.body)
            .await?;
        let status = wire.status().await?;
        // Two requests under one key at once are a conflict; its events stay open.
        let under_way = status == 409 && request.repeatable;
        ledger.answered(status, if under_way { &[] } else { &request.markers });
        let (retry_after, body) = wire.rest("retry-after").await?;
        let closing = wire.closing;
        let (success, stored, refused) = request.expected;
        let batch = || serde_json::from_slice::<Value>(&body).unwrap_or_default();
        let as_promised = match status {
            200 => {
                let answer = batch();
                success == 200 && answer["accepted"] == stored && answer["rejected"] == refused
            }
            409 => under_way,
            429 | 503 => retry_after.is_some(),
            other => other == success,
        };
        if !as_promised {
            ledger.wrong(format!("{status} {}", String::from_utf8_lossy(&body)));
        }
        if closing {
            self.wire = None;
        }
        Ok(status)
    }
}
