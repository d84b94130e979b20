//! One connection, read byte by byte: an acknowledgement counts from its status line on.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

/// A connection that is used for one request after the other.
pub(super) struct Wire {
    stream: BufReader<TcpStream>,
    host: SocketAddr,
    /// Whether the server announced that it closes the connection.
    pub(super) closing: bool,
}

fn broken(what: &str) -> Error {
    Error::new(ErrorKind::UnexpectedEof, what)
}

impl Wire {
    pub(super) async fn open(host: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            host,
            closing: false,
        })
    }

    /// Sends a POST.
    pub(super) async fn post(&mut self, path: &str, headers: &str, body: &str) -> Result<()> {
        let (host, length) = (self.host, body.len());
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {length}\r\n{headers}\r\n{body}"
        );
        self.stream.write_all(request.as_bytes()).await
    }

    /// Reads the status line.
    pub(super) async fn status(&mut self) -> Result<u16> {
        let line = self.line().await?;
        let code = line.split(' ').nth(1).and_then(|code| code.parse().ok());
        code.ok_or_else(|| broken("no status line"))
    }

    /// Reads what follows the status line: the value of one header, and the body.
    pub(super) async fn rest(&mut self, header: &str) -> Result<(Option<String>, Vec<u8>)> {
        let (mut length, mut found) = (0, None);
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").ok_or_else(|| broken("no header"))?;
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().map_err(|_| broken("no length"))?;
            } else if name.eq_ignore_ascii_case("connection") {
                self.closing |= value.eq_ignore_ascii_case("close");
            } else if name.eq_ignore_ascii_case(header) {
                found = Some(value.to_owned());
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).await?;
        Ok((found, body))
    }

    async fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 || !line.ends_with('\n') {
            return Err(broken("the connection ended"));
        }
        Ok(line.trim_end().to_owned())
    }
}
