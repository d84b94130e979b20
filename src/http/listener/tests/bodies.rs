//! A body is fast enough or ends the connection; one that nobody reads keeps nothing.

use super::*;

#[tokio::test]
async fn a_trickled_body_is_a_408_and_ends_the_connection() {
    let limits = ListenerLimits {
        body_timeout: ms(200),
        min_body_rate: 1000,
        ..patient()
    };
    let server = start(limits).await;
    for (path, framing, piece) in [
        ("/length", "Content-Length: 1000", "1"),
        ("/length", "Transfer-Encoding: chunked", "1\r\n1\r\n"),
        (
            "/json",
            "Content-Type: application/json\r\nContent-Length: 1000",
            "[",
        ),
    ] {
        let mut client = server.connect().await;
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n");
        client.send(head.as_bytes()).await;
        let (mut reader, mut writer) = client.0.split();
        let trickle = async {
            let mut tick = interval(ms(20));
            while writer.write_all(piece.as_bytes()).await.is_ok() {
                tick.tick().await;
            }
        };
        let mut answer = String::new();

        tokio::select! {
            () = trickle => {}
            read = within(reader.read_to_string(&mut answer)) => {
                read.unwrap();
            }
        }

        assert!(
            answer.starts_with("HTTP/1.1 408 "),
            "{path} {framing}: {answer}"
        );
        assert_eq!(answers(&answer), 1);
    }
    assert_eq!(server.timed_out(), [0, 0, 3, 0]);
}

#[tokio::test]
async fn a_fast_body_that_falls_silent_is_a_408() {
    let limits = ListenerLimits {
        body_timeout: ms(200),
        min_body_rate: 1,
        ..patient()
    };
    let server = start(limits).await;
    let mut request = b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n".to_vec();
    request.resize(request.len() + 50_000, b'x');

    let answer = server.exchange(&request).await;

    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.ends_with("stalled after 50000 bytes"), "{answer}");
}

#[tokio::test]
async fn a_body_above_the_minimum_rate_outlives_the_body_timeout() {
    let limits = ListenerLimits {
        body_timeout: ms(200),
        min_body_rate: 1000,
        ..patient()
    };
    let server = start(limits).await;
    let mut client = server.connect().await;
    let mut tick = interval(ms(20));
    client
        .send(b"POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n")
        .await;

    for _ in 0..40 {
        tick.tick().await;
        client.send(&[b'x'; 500]).await;
    }

    client.read_through("20000").await;
    assert_eq!(server.timed_out(), [0; 4]);
}

#[tokio::test]
async fn an_unread_body_does_not_keep_the_connection() {
    let server = start(patient()).await;

    let answer = server
        .exchange(b"POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin")
        .await;

    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    assert!(answer.contains("connection: close\r\n"), "{answer}");
    assert_eq!(answers(&answer), 1);
}

#[tokio::test]
async fn a_client_that_sends_its_whole_body_first_still_sees_the_refusal() {
    let server = start(patient()).await;
    let mut client = server.connect().await;
    let body = vec![b'x'; 16 * 1024 * 1024];
    let head = format!(
        "POST /ignore HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );

    client.send(head.as_bytes()).await;
    client.send(&body).await;

    assert!(client.read_to_close().await.starts_with("HTTP/1.1 413 "));
}
