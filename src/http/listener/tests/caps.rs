//! Connections over a cap are refused, by address and in total.

use super::*;

#[tokio::test]
async fn connections_over_the_address_cap_are_refused_until_one_closes() {
    let server = start(ListenerLimits {
        connections_per_address_max: 2,
        ..patient()
    })
    .await;
    let first = server.kept_open().await;
    let _second = server.kept_open().await;

    let refused = server.exchange(GET).await;

    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(refused.contains("\r\nRetry-After: 5\r\n"), "{refused}");
    assert_eq!(server.counts.refused_total(Cap::Address), 1);
    assert_eq!(server.counts.refused_total(Cap::Total), 0);
    drop(first);
    eventually(|| server.counts.open() == 1).await;
    server.kept_open().await;
    assert_eq!(server.counts.accepted_total(), 3);
}

// Only Linux answers on the whole of 127.0.0.0/8 without being told to.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_address_cap_leaves_other_addresses_alone() {
    let server = start(ListenerLimits {
        connections_per_address_max: 1,
        ..patient()
    })
    .await;
    let _first = server.kept_open().await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();

    let mut other = Client(within(socket.connect(server.address)).await.unwrap());

    other.hello().await;
    assert_eq!(server.counts.refused_total(Cap::Address), 0);
}

#[tokio::test]
async fn connections_over_the_total_cap_are_refused() {
    let server = start(ListenerLimits {
        connections_max: 1,
        ..patient()
    })
    .await;
    let mut first = server.kept_open().await;

    assert!(server.exchange(GET).await.starts_with("HTTP/1.1 503 "));

    assert_eq!(server.counts.refused_total(Cap::Total), 1);
    first.hello().await;
}
