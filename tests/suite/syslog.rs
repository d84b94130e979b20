//! Syslog over UDP, TCP and TLS: what is received is stored, once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use base::Clock;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::{Value, json};
use store::{Engine, StoreError, Tx};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use watchpost::serve::Server;
use watchpost::sources::flush;

use crate::harness::{Database, Kind, TestServer, run, run_alone, settings, until};

/// Longest until there is room, on a busy machine.
const SOON: Duration = Duration::from_mins(1);

async fn stored(server: &TestServer) -> i64 {
    server.count("select count(*) from events").await
}

async fn stored_once(server: &TestServer, expected: i64) {
    until(&format!("{expected} are stored"), async || {
        stored(server).await >= expected
    })
    .await;
    assert_eq!(stored(server).await, expected);
    let distinct = server
        .count("select count(distinct description) from events")
        .await;
    assert_eq!(distinct, expected, "each once");
}

fn udp(server: &TestServer) -> SocketAddr {
    server.server.syslog().udp[0]
}

fn tcp(server: &TestServer) -> SocketAddr {
    server.server.syslog().tcp[0]
}

async fn send_udp(to: SocketAddr, messages: &[&str]) {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for message in messages {
        socket.send_to(message.as_bytes(), to).await.unwrap();
    }
}

async fn send_tcp(to: SocketAddr, bytes: &[u8]) {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
}

fn message(number: usize) -> String {
    format!("<13>1 2026-11-20T17:19:39Z vm app 7 - - message {number}")
}

fn counted(message: &str) -> String {
    format!("{} {message}", message.len())
}

/// The events, oldest first.
async fn events(server: &TestServer) -> Vec<Value> {
    let list = server
        .admin
        .get("/api/events/?page_size=100")
        .await
        .expect(200);
    let mut events = list["results"].as_array().unwrap().clone();
    events.reverse();
    events
}

/// The sum of a metric's series whose labels hold a text.
async fn metric(server: &TestServer, name: &str, label: &str) -> u64 {
    let text = server.admin.get("/metrics").await.text();
    let lines = text
        .lines()
        .filter(|line| line.starts_with(name) && line.contains(label));
    lines
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}

on_both! {
    ["--syslog-udp", "127.0.0.1:0", "--syslog-tcp", "127.0.0.1:0"]
    async fn what_is_sent_over_udp_and_tcp_is_an_event(server) {
        send_udp(udp(server), &["<84>Nov 20 17:19:39 host-a backupd[812]: tape 3 is full\n"]).await;
        until("the datagram is stored", async || stored(server).await == 1).await;
        send_tcp(tcp(server), b"<11>disk failed\0").await;
        until("the message is stored", async || stored(server).await == 2).await;
        let events = events(server).await;
        let first = &events[0];
        assert_eq!(first["source_name"], "host-a");
        assert_eq!(first["event_type"], "backupd");
        assert_eq!(first["severity"], "LOW");
        assert_eq!(first["description"], "tape 3 is full");
        assert!(first["occurred_at"].as_str().unwrap().contains("-11-20T17:19:39"));
        let attributes = &first["attributes"];
        assert_eq!(attributes["log"]["source"]["address"], "127.0.0.1");
        assert_eq!(attributes["log"]["syslog"]["facility"], json!({"code": 10, "name": "authpriv"}));
        assert_eq!(attributes["log"]["syslog"]["severity"], json!({"code": 4, "name": "warning"}));
        assert_eq!(attributes["process"]["pid"], 812);
        assert_eq!(events[1]["source_name"], "127.0.0.1", "the sender, where no host is named");
        assert_eq!(events[1]["severity"], "MEDIUM");
        assert_eq!(stored(server).await, 2);
        let audited = "select count(*) from audit where action like 'event.%'";
        assert_eq!(server.count(audited).await, 0, "the activity log is about people");
        flush(server.server.app(), server.server.ingest().sources()).await.unwrap();
        assert_eq!(metric(server, "watchpost_records_total", "accepted").await, 2);
        assert_eq!(metric(server, "watchpost_syslog_messages_total", "\"datagram\"").await, 1);
        assert_eq!(metric(server, "watchpost_syslog_messages_total", "\"nul\"").await, 1);
        let page = server.admin.get("/admin/system").await;
        assert!(page.status.is_success() || page.status.is_redirection());
    }
}

on_both! {
    ["--syslog-udp", "127.0.0.1:0"]
    async fn several_messages_in_a_datagram_are_several_and_several_lines_are_one(server) {
        let datagrams = ["<13>one\n<13>two\n", "<13>Traceback\n  line 1\n  line 2"];
        send_udp(udp(server), &datagrams).await;
        until("three are stored", async || stored(server).await == 3).await;
        let told: Vec<String> = events(server).await.iter().map(|it| it["description"].to_string()).collect();
        assert_eq!(told[..2], ["\"one\"", "\"two\""]);
        assert!(told[2].contains("line 2"), "{}", told[2]);
    }
}

on_both! {
    ["--syslog-tcp", "127.0.0.1:0"]
    async fn every_framing_is_understood_however_its_bytes_arrive(server) {
        let stream = |number: usize| {
            let m = |part: usize| message(number * 10 + part);
            format!(
                "{}\n{}\r\n{}\0{}{}\n{}",
                m(0), m(1), m(2), counted(&m(3)), counted(&(m(4) + "\n")), m(5)
            )
        };
        let length = stream(0).len();
        for at in 1..length {
            let text = stream(at);
            let (first, second) = text.as_bytes().split_at(at.min(text.len()));
            let mut stream = TcpStream::connect(tcp(server)).await.unwrap();
            stream.set_nodelay(true).unwrap();
            stream.write_all(first).await.unwrap();
            tokio::task::yield_now().await;
            stream.write_all(second).await.unwrap();
            stream.shutdown().await.unwrap();
        }
        stored_once(server, 6 * (i64::try_from(length).unwrap() - 1)).await;
        assert_eq!(metric(server, "watchpost_syslog_truncated_total", "").await, 0);
    }
}

on_both! {
    ["--syslog-tcp", "127.0.0.1:0"]
    async fn a_slow_sender_and_one_that_breaks_off_lose_nothing(server) {
        let mut slow = TcpStream::connect(tcp(server)).await.unwrap();
        slow.set_nodelay(true).unwrap();
        let mut broken = TcpStream::connect(tcp(server)).await.unwrap();
        broken.write_all(format!("{}\n{}", message(1), message(2)).as_bytes()).await.unwrap();
        until("the whole line is stored", async || stored(server).await == 1).await;
        // The connection is reset: what was read of the second is all there will be.
        socket2::SockRef::from(&broken).set_linger(Some(Duration::ZERO)).unwrap();
        drop(broken);
        for byte in counted(&message(3)).as_bytes() {
            slow.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        stored_once(server, 3).await;
        drop(slow);
    }
}

on_both! {
    ["--syslog-tcp", "127.0.0.1:0"]
    async fn ten_thousand_messages_over_eight_connections_are_stored_once(server) {
        let address = tcp(server);
        let senders = (0..8).map(|sender| {
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(address).await.unwrap();
                for chunk in (0..1_250).collect::<Vec<usize>>().chunks(50) {
                    let framed = chunk.iter().map(|number| {
                        let message = message(sender * 1_250 + number);
                        if sender % 2 == 0 { counted(&message) } else { message + "\n" }
                    });
                    let bytes: String = framed.collect();
                    stream.write_all(bytes.as_bytes()).await.unwrap();
                }
                stream.shutdown().await.unwrap();
            })
        });
        for sender in senders.collect::<Vec<_>>() {
            sender.await.unwrap();
        }
        stored_once(server, 10_000).await;
        assert_eq!(metric(server, "watchpost_syslog_messages_total", "octet_counted").await, 5_000);
        assert_eq!(metric(server, "watchpost_syslog_messages_total", "\"lf\"").await, 5_000);
        assert_eq!(metric(server, "watchpost_syslog_connections_open", "").await, 0);
    }
}

on_both! {
    ["--syslog-udp", "127.0.0.1:0"]
    async fn of_an_overload_over_udp_everything_is_accounted_for(server) {
        let address = udp(server);
        let app = server.server.app();
        let throttled = async || metric(server, "watchpost_syslog_throttled_total", "").await;
        // Nothing can be stored until there is no room any more.
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel();
        let store = app.store.clone();
        let blocked = tokio::spawn(async move {
            let body = move |tx: &mut Tx<'_>| {
                if tx.engine() == Engine::Postgres {
                    tx.execute("lock table events in exclusive mode", &[])?;
                }
                tell.send(()).unwrap_or_default();
                wait.recv().unwrap_or_default();
                Ok::<_, StoreError>(())
            };
            store.write(body).await
        });
        told.await.unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let padding = "x".repeat(400);
        let mut sent = 0_u64;
        let end = Instant::now() + SOON;
        while throttled().await == 0 {
            assert!(Instant::now() < end, "there is always room");
            for _ in 0..2_000 {
                let message = format!("{} {padding}", message(usize::try_from(sent).unwrap()));
                socket.send_to(message.as_bytes(), address).await.unwrap();
                sent += 1;
            }
        }
        release.send(()).unwrap();
        blocked.await.unwrap().unwrap();
        let sources = server.server.ingest().sources();
        let sum = async || {
            flush(app, sources).await.unwrap();
            let mut sum = metric(server, "watchpost_syslog_udp_dropped_total", "").await;
            for outcome in ["accepted", "rejected", "throttled"] {
                sum += metric(server, "watchpost_records_total", outcome).await;
            }
            sum
        };
        until("all is accounted for", async || sum().await >= sent).await;
        assert_eq!(sum().await, sent);
        let accepted = metric(server, "watchpost_records_total", "accepted").await;
        assert_eq!(i64::try_from(accepted).unwrap(), stored(server).await);
        assert!(accepted > 0 && throttled().await > 0);
    }
}

on_both! {
    ["--syslog-udp", "127.0.0.1:0"]
    async fn a_source_beyond_its_rate_is_throttled_and_counted(server) {
        let source = json!({"name": "chatty", "kind": "syslog", "rate_limit": 5});
        server.admin.post("/api/sources/", &source).await.expect(201);
        server.server.ingest().sources().load(server.server.app()).await.unwrap();
        let messages: Vec<String> =
            (0..200).map(|it| format!("<13>Nov 20 17:19:39 chatty app: {it}")).collect();
        let messages: Vec<&str> = messages.iter().map(String::as_str).collect();
        send_udp(udp(server), &messages).await;
        let outcome = async |outcome: &str| {
            flush(server.server.app(), server.server.ingest().sources()).await.unwrap();
            metric(server, "watchpost_source_events_total", &format!("\"{outcome}\"")).await
        };
        until("all are counted", async || {
            outcome("accepted").await + outcome("throttled").await == 200
        })
        .await;
        assert!(outcome("accepted").await >= 10, "two seconds' worth at once");
        assert!(outcome("throttled").await > 0);
        let accepted = i64::try_from(outcome("accepted").await).unwrap();
        assert_eq!(stored(server).await, accepted);
    }
}

on_both! {
    ["--syslog-udp", "127.0.0.1:0", "--syslog-tcp", "127.0.0.1:0", "--syslog-networks", "192.0.2.0/24"]
    async fn who_is_not_in_the_networks_is_not_heard(server) {
        send_udp(udp(server), &["<13>a", "<13>b"]).await;
        let mut stream = TcpStream::connect(tcp(server)).await.unwrap();
        drop(stream.write_all(b"<13>c\n").await);
        until("they are counted", async || {
            metric(server, "watchpost_syslog_refused_total", "network").await == 3
        })
        .await;
        assert_eq!(stored(server).await, 0);
        assert_eq!(metric(server, "watchpost_syslog_messages_total", "").await, 0);
    }
}

fn finding(activity: u64, time: u64) -> String {
    let finding = json!({
        "class_uid": 2004, "activity_id": activity, "severity_id": 5, "time": time,
        "metadata": {"version": "1.1.0", "product": {"name": "edr"}},
        "finding_info": {"uid": "f-1", "title": "Ransomware"},
    });
    format!("<13>1 - edr-1 edr - - - {finding}")
}

on_both! {
    ["--syslog-udp", "127.0.0.1:0"]
    async fn an_alert_that_is_over_was_ended_by_the_address_that_says_so(server) {
        let address = udp(server);
        send_udp(address, &[&finding(1, 1_795_195_450_000)]).await;
        until("it is stored", async || stored(server).await == 1).await;
        assert_eq!(server.count("select count(*) from alerts").await, 1);
        // Several senders within a moment are one batch.
        let sending = tokio::task::spawn_blocking(move || {
            let of = |ip: &str| std::net::UdpSocket::bind((ip, 0)).unwrap();
            let (loud, edr) = (of("127.0.0.1"), of("127.0.0.2"));
            loud.send_to(b"<13>one", address).unwrap();
            edr.send_to(finding(3, 1_795_195_460_000).as_bytes(), address).unwrap();
            loud.send_to(b"<13>two", address).unwrap();
        });
        sending.await.unwrap();
        until("all are stored", async || stored(server).await == 4).await;
        let log = server.admin.get("/api/audit/?action=alert.resolved_at_source").await.expect(200);
        assert_eq!(log["count"], 1, "{log}");
        assert_eq!(log["results"][0]["address"], "127.0.0.2", "{log}");
    }
}

on_both! {
    ["--syslog-tcp", "127.0.0.1:0"]
    async fn of_a_message_that_is_too_long_the_beginning_is_stored_and_says_so(server) {
        let long = format!("<13>1 - vm app - - - {}", "x".repeat(100_000));
        send_tcp(tcp(server), format!("{long}\n<13>next\n").as_bytes()).await;
        until("both are stored", async || stored(server).await == 2).await;
        let events = events(server).await;
        assert_eq!(events[0]["tags"], json!(["truncated"]));
        assert_eq!(events[1]["tags"], json!([]));
        assert_eq!(metric(server, "watchpost_syslog_truncated_total", "").await, 1);
    }
}

/// Ends every connection of the database, or lets them come again.
async fn connections(server: &TestServer, allowed: bool) {
    let (before, _) = server
        .database
        .url()
        .rsplit_once('/')
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    let name = server.database.url().rsplit('/').next().unwrap().to_owned();
    let (client, connection) =
        tokio_postgres::connect(&format!("{before}/postgres"), tokio_postgres::NoTls)
            .await
            .unwrap();
    let driver = tokio::spawn(connection);
    client
        .batch_execute(&format!(
            "alter database {name} allow_connections {allowed}"
        ))
        .await
        .unwrap();
    if !allowed {
        let end = format!(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'"
        );
        client.batch_execute(&end).await.unwrap();
    }
    drop(client);
    drop(driver.await);
}

/// What is sent while the database goes away and comes back, many times, is stored once.
async fn away_and_back(server: &TestServer) {
    let address = tcp(server);
    let total = 3_000;
    let sending = tokio::spawn(async move {
        let mut stream = TcpStream::connect(address).await.unwrap();
        for number in 0..total {
            stream
                .write_all((message(number) + "\n").as_bytes())
                .await
                .unwrap();
            if number % 10 == 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
        stream.shutdown().await.unwrap();
    });
    for _ in 0..6 {
        let before = stored(server).await;
        if server.database.kind() == Kind::Sqlite {
            let path = server.database.folder().join("test.db");
            let lock = rusqlite::Connection::open(path).unwrap();
            lock.busy_timeout(SOON).unwrap();
            lock.execute_batch("begin immediate").unwrap();
            tokio::time::sleep(Duration::from_millis(200)).await;
            lock.execute_batch("rollback").unwrap();
        } else {
            connections(server, false).await;
            tokio::time::sleep(Duration::from_millis(100)).await;
            connections(server, true).await;
        }
        until("events flow again", async || {
            stored_if_there(server)
                .await
                .is_some_and(|now| now > before)
                || sending.is_finished()
        })
        .await;
    }
    sending.await.unwrap();
    until("the database is back", async || {
        stored_if_there(server).await.is_some()
    })
    .await;
    stored_once(server, i64::try_from(total).unwrap()).await;
}

async fn stored_if_there(server: &TestServer) -> Option<i64> {
    let count = |tx: &mut Tx<'_>| -> Result<i64, StoreError> {
        tx.query_one("select count(*) from events", &[], |row| row.get(0))
    };
    server.server.app().store.read(count).await.ok()
}

#[test]
fn while_the_database_is_away_messages_wait_and_are_stored_once_sqlite() {
    run(
        Kind::Sqlite,
        &["--syslog-tcp", "127.0.0.1:0"],
        away_and_back,
    );
}

#[test]
fn while_the_database_is_away_messages_wait_and_are_stored_once_postgres() {
    run(
        Kind::Postgres,
        &["--syslog-tcp", "127.0.0.1:0"],
        away_and_back,
    );
}

/// Stops the server while many send; nothing that it took from the network is missing.
async fn stopped_while_sending(kind: Kind) {
    let flags = ["--syslog-tcp", "127.0.0.1:0", "--syslog-udp", "127.0.0.1:0"];
    let TestServer {
        server, database, ..
    } = TestServer::start(kind, &flags, Clock::system()).await;
    let (tcp, udp) = (server.syslog().tcp[0], server.syslog().udp[0]);
    let datagrams = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for number in 0..500 {
        datagrams
            .send_to(message(1_000_000 + number).as_bytes(), udp)
            .await
            .unwrap();
    }
    let senders: Vec<_> = (0..4)
        .map(|sender| {
            tokio::spawn(async move {
                let mut stream = TcpStream::connect(tcp).await.unwrap();
                let mut sent = 0;
                // Until the server hangs up.
                for number in 0..100_000 {
                    let message = message(sender * 100_000 + number) + "\n";
                    if stream.write_all(message.as_bytes()).await.is_err() {
                        break;
                    }
                    sent += 1;
                    if number % 50 == 0 {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                }
                sent
            })
        })
        .collect();
    let app = server.app().clone();
    let received = || app.metrics.syslog().so_far();
    until("it is in full swing", async || received().0 > 5_000).await;
    server.stop().await;
    let (received, throttled, dropped) = received();
    for sender in senders {
        let sent = sender.await.unwrap();
        assert!(sent < 100_000, "it was stopped while they sent");
    }
    let server = Server::start(settings(&database, &[]), Clock::system())
        .await
        .unwrap();
    let count = |sql: &'static str| {
        let store = server.app().store.clone();
        async move {
            let read = move |tx: &mut Tx<'_>| -> Result<i64, StoreError> {
                tx.query_one(sql, &[], |row| row.get(0))
            };
            store.read(read).await.unwrap()
        }
    };
    let there = count("select count(*) from events").await;
    assert_eq!(
        u64::try_from(there).unwrap(),
        received - throttled,
        "what was read is stored"
    );
    // A message cut off in the middle may look like another, once for each connection.
    let distinct = count("select count(distinct description) from events").await;
    assert!(there - distinct <= 4, "{there} {distinct}");
    let datagrams =
        count("select count(*) from events where description like 'message 1000%'").await;
    assert!(datagrams + i64::try_from(throttled + dropped).unwrap() >= 500);
    server.stop().await;
    database.drop().await;
}

on_each_kind!(
    a_stop_while_many_send_loses_nothing_that_was_read,
    stopped_while_sending
);

/// A certificate authority, and certificates of it.
struct Certificates {
    folder: tempfile::TempDir,
    ca: rcgen::CertifiedIssuer<'static, rcgen::KeyPair>,
}

impl Certificates {
    fn make() -> Self {
        let mut params = rcgen::CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let ca = rcgen::CertifiedIssuer::self_signed(params, key).unwrap();
        let this = Self {
            folder: tempfile::tempdir().unwrap(),
            ca,
        };
        std::fs::write(this.path("ca.pem"), this.ca.pem()).unwrap();
        let (certificate, key) = this.issue("watchpost.test");
        std::fs::write(this.path("cert.pem"), certificate.pem()).unwrap();
        std::fs::write(this.path("key.pem"), key.serialize_pem()).unwrap();
        this
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn issue(&self, name: &str) -> (rcgen::Certificate, rcgen::KeyPair) {
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        let key = rcgen::KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.ca).unwrap(), key)
    }

    /// A sender's side of TLS, with a certificate of its own or without.
    fn connector(&self, own: bool) -> TlsConnector {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(self.ca.der().to_vec()))
            .unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = if own {
            let (certificate, key) = self.issue("sender.test");
            let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
            config
                .with_client_auth_cert(vec![certificate.der().clone()], key)
                .unwrap()
        } else {
            config.with_no_client_auth()
        };
        TlsConnector::from(Arc::new(config))
    }
}

async fn send_tls(to: SocketAddr, connector: TlsConnector, bytes: &[u8]) -> std::io::Result<()> {
    let stream = TcpStream::connect(to).await?;
    let name = ServerName::try_from("watchpost.test").unwrap();
    let mut stream = connector.connect(name, stream).await?;
    stream.write_all(bytes).await?;
    stream.shutdown().await
}

fn with_tls(kind: Kind, client_ca: bool, body: impl AsyncFnOnce(&TestServer, &Certificates)) {
    let certificates = Certificates::make();
    let (cert, key, ca) = ("cert.pem", "key.pem", "ca.pem");
    let (cert, key, ca) = (
        certificates.path(cert),
        certificates.path(key),
        certificates.path(ca),
    );
    let mut flags = vec![
        "--syslog-tls",
        "127.0.0.1:0",
        "--syslog-tls-cert",
        &cert,
        "--syslog-tls-key",
        &key,
    ];
    if client_ca {
        flags.extend(["--syslog-tls-client-ca", &ca]);
    }
    run(kind, &flags, async |server| {
        body(server, &certificates).await;
    });
}

async fn over_tls(server: &TestServer, certificates: &Certificates) {
    let address = server.server.syslog().tls[0];
    let bytes = counted(&message(1)) + &counted(&message(2));
    send_tls(address, certificates.connector(false), bytes.as_bytes())
        .await
        .unwrap();
    stored_once(server, 2).await;
    assert_eq!(
        metric(server, "watchpost_syslog_messages_total", "\"tls\"").await,
        2
    );
    // No TLS at all, and a sender that does not trust us.
    send_tcp(address, b"<13>plain\n").await;
    let stranger = Certificates::make();
    drop(send_tls(address, stranger.connector(false), b"<13>x\n").await);
    until("both are counted", async || {
        metric(server, "watchpost_syslog_tls_failures_total", "").await == 2
    })
    .await;
    assert_eq!(stored(server).await, 2);
}

#[test]
fn messages_come_over_tls_and_nothing_else_does_sqlite() {
    with_tls(Kind::Sqlite, false, over_tls);
}

#[test]
fn messages_come_over_tls_and_nothing_else_does_postgres() {
    with_tls(Kind::Postgres, false, over_tls);
}

#[test]
fn with_a_client_ca_only_senders_with_a_certificate_of_it_are_heard() {
    with_tls(Kind::Sqlite, true, async |server, certificates| {
        let address = server.server.syslog().tls[0];
        let line = (message(1) + "\n").into_bytes();
        drop(send_tls(address, certificates.connector(false), b"<13>without\n").await);
        drop(
            send_tls(
                address,
                Certificates::make().connector(true),
                b"<13>of another\n",
            )
            .await,
        );
        until("both are counted", async || {
            metric(server, "watchpost_syslog_tls_failures_total", "").await == 2
        })
        .await;
        send_tls(address, certificates.connector(true), &line)
            .await
            .unwrap();
        stored_once(server, 1).await;
    });
}

#[test]
fn what_cannot_be_listened_on_is_named_before_the_database_is_touched() {
    run_alone(async {
        let database = Database::create(Kind::Sqlite).await;
        let holder = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = holder.local_addr().unwrap().to_string();
        let folder = database.folder().display().to_string();
        let missing = format!("{folder}/no.pem");
        let cases: [(&[&str], &str); 4] = [
            (&["--syslog-tcp", &address], "SYSLOG_TCP: cannot listen on"),
            (
                &["--syslog-udp", "192.0.2.1:5514"],
                "SYSLOG_UDP: cannot listen on 192.0.2.1:5514",
            ),
            (
                &["--syslog-tls", "127.0.0.1:0", "--syslog-tls-key", "x"],
                "SYSLOG_TLS_CERT is not",
            ),
            (
                &[
                    "--syslog-tls",
                    "127.0.0.1:0",
                    "--syslog-tls-key",
                    &missing,
                    "--syslog-tls-cert",
                    &missing,
                ],
                "SYSLOG_TLS_CERT: ",
            ),
        ];
        for (flags, expected) in cases {
            let error = Server::start(settings(&database, flags), Clock::system())
                .await
                .unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        assert!(!database.folder().join("test.db").exists());
    });
}

on_both! {
    async fn lines_are_taken_over_http_in_both_framings(server) {
        let key = server.key(None).await;
        let lines = format!("{}\n{}\n", message(1), message(2));
        let both = [lines, counted(&message(3)) + &counted(&message(4))];
        for body in both {
            let sent = key.with("content-type", "text/plain");
            let answer = sent.send(http::Method::POST, "/api/ingest/syslog/", body).await;
            let answer = answer.expect(200);
            assert_eq!((&answer["accepted"], &answer["rejected"]), (&json!(2), &json!(0)));
        }
        stored_once(server, 4).await;
        assert_eq!(events(server).await[3]["source_name"], "vm");
    }
}
