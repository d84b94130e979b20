//! Keep-alive HTTP/1.1 connections that send prepared requests and wait for each answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use anyhow::{Context as _, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Requests as they go over the wire, sent in turn.
pub(crate) type Requests = Arc<Vec<Vec<u8>>>;

/// A request with a body.
pub(crate) fn post(path: &str, media: &str, authorization: &str, body: &str) -> Vec<u8> {
    post_bytes(path, media, authorization, body.as_bytes())
}

/// A request with a body of any bytes.
pub(crate) fn post_bytes(path: &str, media: &str, authorization: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}Content-Type: {media}\r\n\
         Content-Length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A request without one.
pub(crate) fn get(path: &str, authorization: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{authorization}\r\n").into_bytes()
}

/// Sends `total` requests over some connections; returns how long each took, in milliseconds.
///
/// Any answer other than 2xx ends it.
pub(crate) fn run(
    address: SocketAddr,
    requests: &Requests,
    connections: usize,
    total: usize,
) -> anyhow::Result<Vec<f64>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..connections {
            let (requests, next) = (Arc::clone(requests), Arc::clone(&next));
            tasks.spawn(async move { send(address, &requests, &next, total).await });
        }
        let mut times = Vec::with_capacity(total);
        while let Some(ended) = tasks.join_next().await {
            times.extend(ended??);
        }
        Ok(times)
    })
}

async fn send(
    address: SocketAddr,
    requests: &[Vec<u8>],
    next: &AtomicUsize,
    total: usize,
) -> anyhow::Result<Vec<f64>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(256 * 1024);
    let mut times = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= total {
            return Ok(times);
        }
        let started = Instant::now();
        let request = requests
            .get(number % requests.len().max(1))
            .context("no requests")?;
        stream.write_all(request).await?;
        receive(&mut stream, &mut buffer).await?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
    }
}

/// Reads one answer to its end.
async fn receive(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    buffer.clear();
    let mut wanted = None;
    loop {
        if wanted.is_some_and(|wanted| buffer.len() >= wanted) {
            ensure!(
                buffer.starts_with(b"HTTP/1.1 2"),
                "{}",
                String::from_utf8_lossy(buffer)
            );
            return Ok(());
        }
        if stream.read_buf(buffer).await? == 0 {
            bail!(
                "the connection was closed after {:?}",
                String::from_utf8_lossy(buffer)
            );
        }
        if wanted.is_none()
            && let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n")
        {
            let head = String::from_utf8_lossy(buffer.get(..end).unwrap_or_default());
            let mut lines = head.lines().filter_map(|line| line.split_once(':'));
            let length = lines
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .and_then(|(_, value)| value.trim().parse::<usize>().ok())
                .context("an answer without Content-Length")?;
            wanted = Some(end.saturating_add(4).saturating_add(length));
        }
    }
}
