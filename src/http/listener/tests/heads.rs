//! A head has its time from its first byte, and the connection before it another.

use super::*;

#[tokio::test]
async fn a_client_that_sends_nothing_is_closed_after_the_header_timeout() {
    let server = start(ListenerLimits {
        header_timeout: ms(150),
        ..patient()
    })
    .await;

    assert_eq!(server.exchange(b"").await, "");

    assert_eq!(server.timed_out(), [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_trickled_head_is_closed_after_the_header_timeout() {
    let server = start(ListenerLimits {
        header_timeout: ms(200),
        ..patient()
    })
    .await;
    let began = Instant::now();
    let mut client = server.connect().await;
    let mut tick = interval(ms(20));

    client.send(b"GET /hello HTTP/1.1\r\nHost: a\r\n").await;
    within(async {
        while client.0.write_all(b"X-Slow: 1\r\n").await.is_ok() {
            tick.tick().await;
        }
    })
    .await;

    assert!(began.elapsed() >= ms(200), "{:?}", began.elapsed());
    assert_eq!(server.timed_out(), [1, 0, 0, 0]);
    assert_eq!(server.calls(), 0);
}

#[tokio::test]
async fn a_trickled_second_head_is_closed_after_the_header_timeout() {
    let server = start(ListenerLimits {
        header_timeout: ms(150),
        ..patient()
    })
    .await;
    let mut client = server.kept_open().await;
    client.send(b"GET /hello").await;

    assert_eq!(client.read_to_close().await, "");
    assert_eq!(server.timed_out(), [1, 0, 0, 0]);
}

#[tokio::test]
async fn a_later_head_has_the_header_timeout_from_its_own_first_byte() {
    let server = start(ListenerLimits {
        header_timeout: ms(400),
        ..patient()
    })
    .await;
    let mut client = server.kept_open().await;
    let mut tick = interval(ms(250));
    tick.tick().await;
    tick.tick().await;
    tick.tick().await;

    client.send(b"GET /hello HTTP/1.1\r\n").await;
    tick.tick().await;
    client.send(b"Host: a\r\n\r\n").await;

    client.read_through("hello").await;
    assert_eq!(server.timed_out(), [0; 4]);
}

#[tokio::test]
async fn a_pipelined_head_is_not_blamed_for_the_response_before_it() {
    let server = start(ListenerLimits {
        header_timeout: ms(300),
        ..patient()
    })
    .await;
    let mut client = server.connect().await;
    client
        .send(b"GET /ticks HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\n")
        .await;
    client.read_through("\r\n0\r\n\r\n").await;

    client.send(b"Host: a\r\n\r\n").await;

    client.read_through("hello").await;
    assert_eq!(server.timed_out(), [0; 4]);
}

#[tokio::test]
async fn an_idle_connection_outlives_the_header_timeout_and_ends_after_the_idle_timeout() {
    let limits = ListenerLimits {
        header_timeout: ms(100),
        idle_timeout: ms(500),
        ..patient()
    };
    let server = start(limits).await;
    let mut client = server.kept_open().await;
    let mut tick = interval(ms(300));
    tick.tick().await;
    tick.tick().await;

    let quiet_since = Instant::now();
    client.hello().await;

    assert_eq!(client.read_to_close().await, "");
    assert!(
        quiet_since.elapsed() >= ms(500),
        "{:?}",
        quiet_since.elapsed()
    );
    assert_eq!(server.timed_out(), [0, 1, 0, 0]);
}
