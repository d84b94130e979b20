//! An answer goes to whoever makes progress reading it, however slowly, and to nobody else.

use super::*;

#[tokio::test]
async fn a_client_that_does_not_read_is_reset_after_the_write_stall_timeout() {
    let server = start(ListenerLimits {
        write_stall_timeout: ms(200),
        ..patient()
    })
    .await;
    let mut client = server.connect().await;
    client.send(b"GET /big HTTP/1.1\r\nHost: a\r\n\r\n").await;

    eventually(|| server.counts.open() == 1).await;
    eventually(|| server.counts.open() == 0).await;

    assert_eq!(server.timed_out(), [0, 0, 0, 1]);
    let mut received = Vec::new();
    let end = within(client.0.read_to_end(&mut received)).await;
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    assert!(received.len() < BIG);
}

#[tokio::test]
async fn a_slow_reader_that_makes_progress_gets_the_whole_response() {
    let limits = ListenerLimits {
        write_stall_timeout: ms(250),
        idle_timeout: ms(250),
        ..patient()
    };
    let server = start(limits).await;
    let mut client = server.connect().await;
    let mut tick = interval(ms(20));
    let mut buffer = vec![0; 1024 * 1024];
    client
        .send(b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;

    let mut received = 0;
    loop {
        tick.tick().await;
        match within(client.0.read(&mut buffer)).await.unwrap() {
            0 => break,
            bytes => received += bytes,
        }
    }

    assert!(received > BIG, "{received}");
    assert_eq!(server.timed_out(), [0; 4]);
}

#[tokio::test]
async fn an_open_stream_outlives_every_timeout_even_when_it_is_silent() {
    let limits = ListenerLimits {
        header_timeout: ms(150),
        body_timeout: ms(150),
        idle_timeout: ms(150),
        write_stall_timeout: ms(150),
        ..patient()
    };
    let server = start(limits).await;
    let ticking = server.exchange(b"GET /ticks HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let silent = server.exchange(b"GET /late HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");

    let (ticking, silent) = tokio::join!(ticking, silent);

    assert_eq!(ticking.matches("tick").count(), 10);
    assert_eq!(silent.matches("tick").count(), 2);
    assert_eq!(server.timed_out(), [0; 4]);
}

#[tokio::test]
async fn an_offered_upgrade_is_ignored_and_the_response_is_whole() {
    let server = start(patient()).await;

    let answer = server
        .exchange(
            b"GET /big HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c\r\n\r\n",
        )
        .await;

    assert!(answer.starts_with("HTTP/1.1 200 "));
    assert!(answer.len() > BIG, "{}", answer.len());
}
