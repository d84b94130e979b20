//! More datagrams than the system holds for a server that does not get to them.

use std::net::UdpSocket;
use std::time::Duration;

use super::{run, until};
use crate::harness::{Client, Database, Kind, Process};

/// Bytes of a datagram, and most that are sent: 240 MB, more than any receive buffer.
const DATAGRAM: usize = 60_000;
const DATAGRAMS_MAX: u64 = 4_000;
/// Longest until what was received is read and counted.
const COUNTED_MAX: Duration = Duration::from_secs(30);

/// The sum of a metric's series.
async fn metric(admin: &Client, name: &str) -> u64 {
    let text = admin.get("/metrics").await.text();
    let lines = text.lines().filter(|line| line.starts_with(name));
    lines
        .map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap())
        .sum()
}

async fn counted(process: &Process) {
    let admin = process.admin().await;
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.connect(process.syslog("UDP").await).unwrap();
    let mut text = vec![b'x'; DATAGRAM];
    text[..4].copy_from_slice(b"<13>");
    process.freeze();
    for _ in 0..DATAGRAMS_MAX {
        socket.send(&text).unwrap();
    }
    process.thaw();
    let all = async || {
        let read = metric(&admin, "watchpost_syslog_messages_total").await;
        let dropped = metric(&admin, "watchpost_syslog_udp_dropped_total").await;
        assert!(read + dropped <= DATAGRAMS_MAX, "{read} and {dropped}");
        dropped > 0 && read > 0 && read + dropped == DATAGRAMS_MAX
    };
    until("each datagram is read or dropped", COUNTED_MAX, all).await;
}

#[test]
fn datagrams_that_the_system_drops_are_counted_each_once() {
    run(1, async {
        let database = Database::create(Kind::Sqlite).await;
        let place = database.place();
        let process = place
            .start_under("export SYSLOG_UDP=127.0.0.1:0 SYSLOG_TCP=127.0.0.1:0;")
            .await;
        counted(&process).await;
        drop(process);
        database.drop().await;
    });
}
