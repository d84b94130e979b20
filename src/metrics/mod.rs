//! What the server counts, in Prometheus' own types and text.

mod sources;
mod syslog;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::Method;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use store::Stats;

use sources::SourceMetrics;
pub use syslog::{Open, RefusedFor, SyslogMetrics, TimedOut, Transport};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

/// The server's counters; one per server, so that tests do not share them.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Histogram,
    events: Family<Outcome, Counter>,
    batches: Histogram,
    alerts: Counter,
    removed: Counter,
    sign_ins: Family<Outcome, Counter>,
    sources: SourceMetrics,
    syslog: SyslogMetrics,
    streams: StreamMetrics,
    store: StoreGauges,
}

#[derive(Debug)]
struct StreamMetrics {
    open: Gauge,
    missed: Counter,
    latency: Histogram,
    /// The latency observed last; 0 before the first.
    last_micros: AtomicU64,
}

#[derive(Debug, Default)]
struct StoreGauges {
    queued: Gauge,
    commits: Gauge,
    writes: Gauge,
    reads: Gauge,
    faults: Gauge,
    connections: Gauge,
    audit_entries: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// All at zero.
    #[must_use]
    pub fn new() -> Self {
        let seconds = [
            0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0,
        ];
        let rows = [1.0, 4.0, 16.0, 64.0, 256.0, 1_024.0, 4_096.0, 16_384.0];
        let mut this = Self {
            registry: Registry::with_prefix("watchpost"),
            requests: Family::default(),
            durations: Histogram::new(seconds),
            events: Family::default(),
            batches: Histogram::new(rows),
            alerts: Counter::default(),
            removed: Counter::default(),
            sign_ins: Family::default(),
            sources: SourceMetrics::default(),
            syslog: SyslogMetrics::default(),
            streams: StreamMetrics {
                open: Gauge::default(),
                missed: Counter::default(),
                latency: Histogram::new(seconds),
                last_micros: AtomicU64::new(0),
            },
            store: StoreGauges::default(),
        };
        this.register();
        this
    }

    #[expect(clippy::too_many_lines, reason = "one line a metric")]
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("http_requests", "Requests answered", self.requests.clone());
        registry.register(
            "http_request_duration_seconds",
            "Time from request to answer",
            self.durations.clone(),
        );
        registry.register("events", "Events by outcome", self.events.clone());
        registry.register(
            "ingest_commit_events",
            "Events stored by one commit",
            self.batches.clone(),
        );
        registry.register("alerts_raised", "Alerts raised", self.alerts.clone());
        registry.register(
            "retention_removed_events",
            "Events removed because they are not to be kept",
            self.removed.clone(),
        );
        registry.register("sign_ins", "Sign-ins by outcome", self.sign_ins.clone());
        self.streams.register(registry);
        self.sources.register(registry);
        self.syslog.register(registry);
        let gauges = [
            (
                "store_queue_length",
                "Closures waiting for the database",
                &self.store.queued,
            ),
            (
                "store_commits",
                "Commits since the start",
                &self.store.commits,
            ),
            (
                "store_writes",
                "Writing closures committed since the start",
                &self.store.writes,
            ),
            (
                "store_reads",
                "Reading closures run since the start",
                &self.store.reads,
            ),
            (
                "store_faults",
                "Transactions lost to the database",
                &self.store.faults,
            ),
            (
                "connections_open",
                "Client connections open",
                &self.store.connections,
            ),
            (
                "audit_entries",
                "Entries of the activity log",
                &self.store.audit_entries,
            ),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
    }

    /// Counts an answered request; `route` is the route's template, never the path.
    pub fn request(&self, method: &Method, route: &'static str, status: u16, took: Duration) {
        let method = method_label(method);
        self.requests
            .get_or_create(&RequestLabels {
                method,
                route,
                status,
            })
            .inc();
        self.durations.observe(took.as_secs_f64());
    }

    /// Counts one commit of the ingest path.
    pub fn stored(&self, events: u64, alerts: u64) {
        self.events
            .get_or_create(&Outcome { outcome: "stored" })
            .inc_by(events);
        self.alerts.inc_by(alerts);
        #[expect(clippy::cast_precision_loss, reason = "a batch is far below 2^52")]
        self.batches.observe(events as f64);
    }

    /// Counts events that were removed because they are not to be kept.
    pub fn removed(&self, events: u64) {
        self.removed.inc_by(events);
    }

    /// How many events were removed since the start because they are not to be kept.
    #[must_use]
    pub fn removed_so_far(&self) -> u64 {
        self.removed.get()
    }

    /// How many events were refused since the start, whoever sent them.
    #[must_use]
    pub fn rejected_so_far(&self) -> u64 {
        self.events
            .get_or_create(&Outcome {
                outcome: "rejected",
            })
            .get()
    }

    /// How many event streams are open.
    #[must_use]
    pub fn streams_open(&self) -> i64 {
        self.streams.open.get()
    }

    /// How long the last alert took from its receipt to the event streams; `None` before the
    /// first.
    #[must_use]
    pub fn last_streamed(&self) -> Option<Duration> {
        let micros = self.streams.last_micros.load(Ordering::Relaxed);
        (micros > 0).then(|| Duration::from_micros(micros))
    }

    /// How many events were stored since the start.
    #[must_use]
    pub fn stored_so_far(&self) -> u64 {
        self.events
            .get_or_create(&Outcome { outcome: "stored" })
            .get()
    }

    /// Says how many event streams are open.
    pub fn streams(&self, open: usize) {
        self.streams
            .open
            .set(i64::try_from(open).unwrap_or(i64::MAX));
    }

    /// Notes how long an alert took from its receipt to the event streams.
    pub fn streamed(&self, took: Duration) {
        self.streams.latency.observe(took.as_secs_f64());
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX).max(1);
        self.streams.last_micros.store(micros, Ordering::Relaxed);
    }

    /// Counts alerts and changes that streams were not told one by one.
    pub fn stream_missed(&self, n: u64) {
        self.streams.missed.inc_by(n);
    }

    /// Counts events that were refused.
    pub fn rejected(&self, events: u64) {
        self.events
            .get_or_create(&Outcome {
                outcome: "rejected",
            })
            .inc_by(events);
    }

    /// Counts records of a source by outcome; one that is not `known` is counted among others
    /// unless it has its own series already.
    pub fn records(&self, source: &str, known: bool, outcomes: [(&'static str, u64); 4]) {
        self.sources.add(source, known, outcomes);
    }

    /// Counts rejected records that had to make room for newer ones.
    pub fn letters_dropped(&self, records: u64) {
        self.sources.dropped.inc_by(records);
    }

    /// What comes in over the syslog listeners.
    #[must_use]
    pub const fn syslog(&self) -> &SyslogMetrics {
        &self.syslog
    }

    /// Counts a sign-in attempt: `ok`, `failed` or `throttled`.
    pub fn sign_in(&self, outcome: &'static str) {
        self.sign_ins.get_or_create(&Outcome { outcome }).inc();
    }

    /// The text Prometheus reads (`OpenMetrics` 1.0).
    #[must_use]
    pub fn render(&self, stats: Stats, connections: u64, audit_entries: Option<i64>) -> String {
        let signed = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        self.store
            .queued
            .set(i64::try_from(stats.queued).unwrap_or(i64::MAX));
        self.store.commits.set(signed(stats.commits));
        self.store.writes.set(signed(stats.writes));
        self.store.reads.set(signed(stats.reads));
        self.store.faults.set(signed(stats.faults));
        self.store.connections.set(signed(connections));
        // With the database away the last known number stays.
        if let Some(entries) = audit_entries {
            self.store.audit_entries.set(entries);
        }
        let mut text = String::new();
        if let Err(error) = encode(&mut text, &self.registry) {
            tracing::error!(%error, "metrics could not be written");
        }
        text
    }
}

impl StreamMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register("streams_open", "Event streams open", self.open.clone());
        registry.register(
            "stream_missed",
            "Alerts and changes that streams were not told one by one",
            self.missed.clone(),
        );
        registry.register(
            "alert_to_stream_seconds",
            "Time from the receipt of an alert's event to its message on the streams",
            self.latency.clone(),
        );
    }
}

/// The methods people may see in metrics; anything else is `OTHER`, so that labels stay few.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
