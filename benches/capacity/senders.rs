//! Events as other programs send them, beside NDJSON of our own: with the same content, and with
//! all that is stored of theirs, which keeps the original too. The first is what a sender pays for
//! its form, the second what reading that form costs by itself.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::cpu::{Cost, measure};
use crate::protobuf::Message;
use crate::report::{Goal, Report, Samples};
use crate::server::Server;
use crate::{Setup, control, events, load, ndjson};

/// Bodies of one round, 1,000 events each.
const BODIES: usize = 60;
const EVENTS: usize = BODIES * 1_000;
const CONNECTIONS: usize = 8;
/// Longest wait for what was sent without an answer.
const STORED_MAX: Duration = Duration::from_mins(1);

/// How events get in.
enum Way {
    /// Requests that are answered.
    Http(load::Requests),
    /// Frames of syslog over TCP, a list for each connection; nothing is answered.
    Syslog(Vec<Vec<u8>>),
}

/// One form.
struct Form {
    name: &'static str,
    way: Way,
    /// What is stored of it, as NDJSON of our own.
    stored: Way,
    ratio: Samples,
    to_stored: Samples,
}

/// What is measured: a server, where it takes syslog, and what its work costs.
pub(crate) struct Subject<'a> {
    pub(crate) server: &'a Server,
    pub(crate) syslog: SocketAddr,
    pub(crate) cpu: &'a dyn Fn() -> anyhow::Result<Duration>,
    pub(crate) engine: &'static str,
}

/// Starts a server that also takes syslog over TCP, and says where.
pub(crate) fn start(
    setup: &Setup,
    database: &str,
    folder: &Path,
) -> anyhow::Result<(Server, SocketAddr)> {
    // Free now; nobody else on this machine takes ports that fast.
    let syslog = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let listen = [("SYSLOG_TCP", syslog.to_string())];
    let server = Server::start_with(setup, database, folder, &listen)?;
    Ok((server, syslog))
}

pub(crate) fn run(setup: &Setup, report: &mut Report) -> anyhow::Result<()> {
    println!("\nsenders: {BODIES} bodies of 1,000 events in each form, SQLite FULL");
    let folder = setup.dir.join("senders");
    let url = format!("sqlite://{}", folder.join("watchpost.db").display());
    let (server, syslog) = start(setup, &url, &folder)?;
    let subject = Subject {
        server: &server,
        syslog,
        cpu: &|| server.cpu(),
        engine: "SQLite",
    };
    subject.compare(setup.rounds, report)?;
    server.stop()
}

impl Subject<'_> {
    /// Each form beside NDJSON of our own, in turns.
    pub(crate) fn compare(&self, rounds: usize, report: &mut Report) -> anyhow::Result<()> {
        let key = self.server.key()?;
        let native = Way::Http(ndjson::requests(BODIES, events::Mix::Usual, &key));
        self.send(&native)?;
        let mut forms = Vec::new();
        for (name, way) in ways(&key)? {
            // The first time fills caches.
            self.send(&way).with_context(|| name)?;
            forms.push(Form {
                name,
                way,
                stored: stored(self.server, &key)?,
                ratio: Samples::default(),
                to_stored: Samples::default(),
            });
        }
        let mut rate = Samples::default();
        for round in 1..=rounds {
            let (base, per_commit) = self.send(&native)?;
            rate.push(base.per_cpu_second(EVENTS));
            println!(
                "  round {round}: NDJSON {:.2} us/event ({per_commit:.0} a commit)",
                base.micros_each(EVENTS)
            );
            for form in &mut forms {
                let (cost, per_commit) = self.send(&form.way)?;
                let (stored, _) = self.send(&form.stored)?;
                println!(
                    "    {} {:.2} us/event ({per_commit:.0} a commit), \
                     what is stored of it as NDJSON {:.2}",
                    form.name,
                    cost.micros_each(EVENTS),
                    stored.micros_each(EVENTS),
                );
                let cost = cost.micros_each(EVENTS);
                form.ratio.push(cost / base.micros_each(EVENTS));
                form.to_stored.push(cost / stored.micros_each(EVENTS));
            }
        }
        let engine = self.engine;
        let what = format!("{engine} NDJSON: events per CPU-second");
        report.add("", &what, &rate, Goal::None);
        for form in &forms {
            let what = format!("{engine} {} to NDJSON, CPU of an event", form.name);
            report.add("", &what, &form.ratio, Goal::AtMost(2.0));
            let what = format!("{engine} {} to NDJSON of all that is stored", form.name);
            report.add("", &what, &form.to_stored, Goal::None);
        }
        Ok(())
    }
}

impl Subject<'_> {
    /// Sends everything once and waits until it is stored; what it cost, and the events of a commit.
    fn send(&self, way: &Way) -> anyhow::Result<(Cost, f64)> {
        let server = self.server;
        let stored = || server.metric("watchpost_ingest_commit_events_sum");
        let commits = || server.metric("watchpost_ingest_commit_events_count");
        let before = stored()?;
        let earlier = commits()?;
        let ((), cost) = match way {
            Way::Http(requests) => measure(self.cpu, || {
                load::run(server.address(), requests, CONNECTIONS, requests.len()).map(drop)
            })?,
            Way::Syslog(streams) => measure(self.cpu, || {
                stream(streams, self.syslog)?;
                let started = Instant::now();
                while stored()? - before < EVENTS as f64 {
                    ensure!(started.elapsed() < STORED_MAX, "not everything was stored");
                    std::thread::sleep(Duration::from_millis(20));
                }
                Ok(())
            })?,
        };
        let new = stored()? - before;
        ensure!(new >= EVENTS as f64, "{new} events were stored");
        Ok((cost, new / (commits()? - earlier).max(1.0)))
    }
}

/// The newest events as NDJSON of our own.
fn stored(server: &Server, key: &str) -> anyhow::Result<Way> {
    let admin = server.sign_in()?;
    // Of all that came in within the last seconds, the last are those that are meant.
    let export = "GET /api/events/export/?format=ndjson&from=5m";
    let text = control::request(server.address(), export, &admin, "")?;
    let lines: Vec<String> = text
        .lines()
        .take(EVENTS)
        .map(own)
        .collect::<Result<_, _>>()?;
    ensure!(lines.len() == EVENTS, "{} events were found", lines.len());
    let posts = lines.chunks(1_000).map(|lines| {
        load::post(
            "/api/events/",
            "application/x-ndjson",
            key,
            &lines.join("\n"),
        )
    });
    Ok(Way::Http(Arc::new(posts.collect())))
}

/// What a sender would say of an event as it is shown.
fn own(line: &str) -> anyhow::Result<String> {
    let shown: BTreeMap<String, Value> = serde_json::from_str(line)?;
    let said = |name: &str| {
        matches!(
            name,
            "source_name"
                | "event_type"
                | "severity"
                | "description"
                | "ip_address"
                | "occurred_at"
                | "tags"
                | "attributes"
        )
    };
    let event: BTreeMap<_, _> = shown.into_iter().filter(|(name, _)| said(name)).collect();
    Ok(serde_json::to_string(&event)?)
}

fn stream(streams: &[Vec<u8>], to: SocketAddr) -> anyhow::Result<()> {
    std::thread::scope(|scope| {
        let threads: Vec<_> = streams
            .iter()
            .map(|frames| scope.spawn(move || TcpStream::connect(to)?.write_all(frames)))
            .collect();
        for thread in threads {
            let ended = thread
                .join()
                .map_err(|_| anyhow::anyhow!("a sender panicked"))?;
            ended.context("no syslog")?;
        }
        Ok(())
    })
}

fn ways(key: &str) -> anyhow::Result<Vec<(&'static str, Way)>> {
    let events: Vec<Value> = (0..EVENTS as u64)
        .map(|n| serde_json::from_str(&events::json(n, events::Mix::Usual)))
        .collect::<Result<_, _>>()?;
    let bodies = || events.chunks(1_000);
    let posts = |path: &str, media: &str, bodies: Vec<Vec<u8>>| {
        let posts = bodies
            .iter()
            .map(|body| load::post_bytes(path, media, key, body));
        Way::Http(Arc::new(posts.collect()))
    };
    let streams = events
        .chunks(EVENTS.div_ceil(CONNECTIONS))
        .map(syslog)
        .collect();
    Ok(vec![
        (
            "Elasticsearch _bulk",
            posts(
                "/api/ingest/elastic/_bulk/",
                "application/x-ndjson",
                bodies().map(bulk).collect(),
            ),
        ),
        (
            "OTLP, protobuf over HTTP",
            posts(
                "/api/ingest/otlp/v1/logs/",
                "application/x-protobuf",
                bodies().map(otlp).collect(),
            ),
        ),
        ("syslog over TCP", Way::Syslog(streams)),
    ])
}

fn text<'v>(event: &'v Value, name: &str) -> &'v str {
    event.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn bulk(events: &[Value]) -> Vec<u8> {
    let mut body = String::new();
    for event in events {
        body.push_str("{\"create\":{\"_index\":\"capacity\"}}\n");
        body.push_str(&event.to_string());
        body.push('\n');
    }
    body.into_bytes()
}

/// A resource for each source, as collectors send them.
fn otlp(events: &[Value]) -> Vec<u8> {
    let mut by_source: BTreeMap<&str, Message> = BTreeMap::new();
    for event in events {
        let scope = by_source.entry(text(event, "source_name")).or_default();
        scope.message(2, &log_record(event));
    }
    let mut request = Message::default();
    for (source, scope) in by_source {
        let mut resource = Message::default();
        resource.message(1, &attribute("service.name", &Value::from(source)));
        let mut logs = Message::default();
        logs.message(1, &resource);
        logs.message(2, &scope);
        request.message(1, &logs);
    }
    request.into_bytes()
}

fn log_record(event: &Value) -> Message {
    let mut body = Message::default();
    body.text(1, text(event, "description"));
    let mut record = Message::default();
    record.fixed64(1, 1_772_366_400_000_000_000);
    record.message(5, &body);
    for (name, field) in [
        ("event.name", "event_type"),
        ("severity", "severity"),
        ("source.ip", "ip_address"),
    ] {
        record.message(
            6,
            &attribute(name, event.get(field).unwrap_or(&Value::Null)),
        );
    }
    for (name, value) in event
        .get("attributes")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        record.message(6, &attribute(name, value));
    }
    record
}

fn attribute(name: &str, value: &Value) -> Message {
    let mut any = Message::default();
    match value {
        Value::Number(number) => any.varint(3, number.as_u64().unwrap_or_default()),
        other => any.text(1, other.as_str().unwrap_or_default()),
    }
    let mut pair = Message::default();
    pair.text(1, name);
    pair.message(2, &any);
    pair
}

/// RFC 5424 with the length in front (RFC 6587); the attributes as structured data.
fn syslog(events: &[Value]) -> Vec<u8> {
    let mut frames = Vec::new();
    for event in events {
        let severity = match text(event, "severity") {
            "CRITICAL" => 2,
            "HIGH" => 3,
            "MEDIUM" => 4,
            "LOW" => 5,
            _ => 6,
        };
        let mut data = String::new();
        for (name, value) in event
            .get("attributes")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            let value = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            data.extend([" ", name, "=\"", &value, "\""]);
        }
        let line = format!(
            "<{}>1 {} {} {} - - [event@32473 src_ip=\"{}\"{data}] {}",
            16 * 8 + severity,
            text(event, "occurred_at"),
            text(event, "source_name"),
            text(event, "event_type"),
            text(event, "ip_address"),
            text(event, "description"),
        );
        frames.extend_from_slice(format!("{} {line}", line.len()).as_bytes());
    }
    frames
}
