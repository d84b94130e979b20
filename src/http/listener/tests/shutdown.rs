//! A stop lets requests in flight finish, until its own time is over.

use super::*;

#[tokio::test]
async fn shutdown_finishes_the_request_in_flight_and_closes_idle_connections() {
    let server = start(patient()).await;
    let mut idle = server.kept_open().await;
    let mut silent = server.connect().await;
    let mut busy = server.busy().await;

    server.shutdown.cancel();

    assert_eq!(idle.read_to_close().await, "");
    assert_eq!(silent.read_to_close().await, "");
    let refused = within(TcpStream::connect(server.address)).await;
    assert_eq!(
        refused.unwrap_err().kind(),
        io::ErrorKind::ConnectionRefused
    );
    assert!(!server.served.is_finished());
    server.app.release.notify_one();
    let answer = busy.read_to_close().await;
    assert!(answer.ends_with("released"), "{answer}");
    assert!(answer.contains("connection: close"), "{answer}");
    within(server.served).await.unwrap();
    assert_eq!(server.counts.open(), 0);
}

#[tokio::test]
async fn connections_still_open_after_the_drain_timeout_are_aborted() {
    let server = start(ListenerLimits {
        drain_timeout: ms(150),
        ..patient()
    })
    .await;
    let mut busy = server.busy().await;

    server.shutdown.cancel();

    within(server.served).await.unwrap();
    assert_eq!(busy.read_to_close().await, "");
    assert_eq!(server.counts.open(), 0);
}
