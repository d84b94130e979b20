//! A request is served with its peer; one that two readers would read differently is refused.

use super::*;

#[tokio::test]
async fn a_request_is_answered_and_carries_its_peer() {
    let server = start(patient()).await;
    let mut client = server.connect().await;
    let own_address = client.0.local_addr().unwrap();

    client
        .send(b"GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await;

    let answer = client.read_to_close().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.ends_with(&own_address.to_string()), "{answer}");
    assert_eq!(server.counts.accepted_total(), 1);
    eventually(|| server.counts.open() == 0).await;
}

#[tokio::test]
async fn an_ambiguous_request_gets_one_400_and_reaches_no_handler() {
    let smuggled = "0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n";
    for pair in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 5",
        "Content-Length: 44\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 5, 5",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
    ] {
        let server = start(patient()).await;
        let request = format!("POST /length HTTP/1.1\r\nHost: a\r\n{pair}\r\n\r\n{smuggled}");

        let answer = server.exchange(request.as_bytes()).await;

        assert!(answer.starts_with("HTTP/1.1 400 "), "{pair}: {answer}");
        assert_eq!(answers(&answer), 1, "{pair}: {answer}");
        assert_eq!(server.calls(), 0, "{pair}");
    }
}

#[tokio::test]
async fn an_ambiguous_request_is_found_behind_others_of_every_framing() {
    let server = start(patient()).await;
    let requests = "POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc\
        POST /length HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        3\r\nabc\r\n0\r\n\r\n\
        GET /hello HTTP/1.1\r\nHost: a\r\n\r\n\
        POST /length HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n\
        0\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

    let answer = server.exchange(requests.as_bytes()).await;

    assert_eq!(answer.matches("HTTP/1.1 200 ").count(), 3, "{answer}");
    assert_eq!(answer.matches("HTTP/1.1 400 ").count(), 1, "{answer}");
    assert_eq!(server.calls(), 3);
}

#[tokio::test]
async fn heads_are_checked_and_the_connection_closed() {
    let server = start(ListenerLimits {
        header_bytes_max: 4 * 1024,
        ..patient()
    })
    .await;
    let many = "X: y\r\n".repeat(100);
    let long = "x".repeat(6 * 1024);
    for (request, status) in [
        ("GET /hello HTTP/1.1\r\n\r\n".to_owned(), "400"),
        (
            "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(),
            "400",
        ),
        (
            "GET /hello HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n".to_owned(),
            "501",
        ),
        (
            "POST /length HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            "400",
        ),
        (
            format!("GET /hello HTTP/1.1\r\nHost: a\r\n{many}\r\n"),
            "431",
        ),
        (
            format!("GET /hello HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"),
            "431",
        ),
    ] {
        let answer = server.exchange(request.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status} ")),
            "{request}: {answer}"
        );
    }
    assert_eq!(server.calls(), 0);
}

#[tokio::test]
async fn http_1_0_without_a_host_is_served_and_closed() {
    let server = start(patient()).await;
    let answer = server.exchange(b"GET /hello HTTP/1.0\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.0 200 "), "{answer}");
    assert!(answer.ends_with("hello"), "{answer}");
}
