//! Single requests that are not measured: signing in, making keys, reading metrics.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, ensure};

/// Sends one request and returns the body of a 2xx answer; as HTTP/1.0, so that it comes whole
/// and not in chunks.
pub(crate) fn request(
    address: SocketAddr,
    head: &str,
    headers: &str,
    body: &str,
) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let length = body.len();
    write!(
        stream,
        "{head} HTTP/1.0\r\nHost: {address}\r\nConnection: close\r\n{headers}\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (answer_head, answer_body) = answer.split_once("\r\n\r\n").context("no answer")?;
    ensure!(answer_head.starts_with("HTTP/1.0 2"), "{head}: {answer}");
    Ok(answer_body.to_owned())
}
