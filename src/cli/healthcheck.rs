//! `watchpost healthcheck`: for containers, whose image has no other client.

use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use http::Uri;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::failure::Exit;
use super::server::reachable;
use super::terminal;
use crate::config::Settings;

/// Longest the whole check takes.
const LONGEST: Duration = Duration::from_secs(4);
/// Bytes of the answer that are read: the status line stands at its beginning.
const ANSWER_MAX: u64 = 4_096;

/// Asks a running server whether it is ready.
///
/// Exit code 0 when it is, 1 when not, or when nobody answers within 4 seconds.
#[derive(Debug, Args)]
pub(super) struct Healthcheck {
    /// What is asked; without, `/readyz` where these settings say the server listens.
    #[arg(long, value_name = "http://HOST:PORT/PATH")]
    url: Option<Uri>,
}

/// Whom to connect to, and what to say.
#[derive(Debug, PartialEq, Eq)]
struct Question {
    address: String,
    host: String,
    path: String,
}

impl Healthcheck {
    pub(super) async fn run(self, settings: &Settings) -> anyhow::Result<Exit> {
        let question = match &self.url {
            Some(url) => of_url(url)?,
            None => of_settings(settings),
        };
        let Question { address, path, .. } = &question;
        let status = tokio::time::timeout(LONGEST, ask(&question))
            .await
            .map_err(|_| anyhow::anyhow!("no answer in {} s", LONGEST.as_secs()))
            .flatten()
            .with_context(|| format!("http://{address}{path}"))?;
        if status != 200 {
            bail!("http://{address}{path}: not ready, it answers {status}");
        }
        terminal::say(&format!("http://{address}{path}: ready"))?;
        Ok(Exit::Done)
    }
}

fn of_settings(settings: &Settings) -> Question {
    let address = reachable(settings.listen()).to_string();
    // The server answers only to the names in ALLOWED_HOSTS; the first one will do.
    let mut names = settings.allowed_hosts.iter().map(|name| name.trim());
    let host = names.find(|name| !name.is_empty() && *name != "*");
    let host = host
        .map_or(address.as_str(), |name| name.trim_start_matches('.'))
        .to_owned();
    Question {
        host,
        address,
        path: "/readyz".to_owned(),
    }
}

fn of_url(url: &Uri) -> anyhow::Result<Question> {
    let (Some("http"), Some(authority)) = (url.scheme_str(), url.authority()) else {
        bail!("--url must be http://HOST:PORT/PATH: a server without TLS, on this machine or near");
    };
    let port = url.port_u16().unwrap_or(80);
    Ok(Question {
        address: format!("{}:{port}", authority.host()),
        host: authority
            .as_str()
            .rsplit('@')
            .next()
            .unwrap_or_default()
            .to_owned(),
        path: url
            .path_and_query()
            .map_or("/", |it| it.as_str())
            .to_owned(),
    })
}

/// One request of HTTP/1.1 (RFC 9112); the status is all that is wanted of the answer.
async fn ask(question: &Question) -> anyhow::Result<u16> {
    let Question {
        address,
        host,
        path,
    } = question;
    let mut stream = TcpStream::connect(address.as_str()).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: watchpost-healthcheck\r\n\
         Connection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_MAX).read_to_end(&mut answer).await?;
    status(&answer).context("what answers there does not speak HTTP")
}

fn status(answer: &[u8]) -> Option<u16> {
    let line = answer.split(|byte| *byte == b'\r').next()?;
    let rest = std::str::from_utf8(line).ok()?.strip_prefix("HTTP/1.")?;
    rest.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::Arguments;

    fn settings(args: &[&str]) -> Settings {
        let args = std::iter::once("watchpost").chain(args.iter().copied());
        Arguments::try_parse_from(args).unwrap().settings
    }

    fn question(address: &str, host: &str, path: &str) -> Question {
        let [address, host, path] = [address, host, path].map(str::to_owned);
        Question {
            address,
            host,
            path,
        }
    }

    #[test]
    fn the_configured_server_is_asked() {
        let asked = of_settings(&settings(&["--bind", "0.0.0.0:81"]));
        assert_eq!(asked, question("127.0.0.1:81", "127.0.0.1:81", "/readyz"));
        let hosts = ["--bind", "[::]:81", "--allowed-hosts", "*, .example.org"];
        let asked = of_settings(&settings(&hosts));
        assert_eq!(asked, question("[::1]:81", "example.org", "/readyz"));
    }

    #[test]
    fn an_address_is_taken_as_given() {
        let of = |text: &str| of_url(&text.parse().unwrap());
        let asked = of("http://watch.example:81/healthz?x=1").unwrap();
        assert_eq!(
            asked,
            question("watch.example:81", "watch.example:81", "/healthz?x=1")
        );
        assert_eq!(
            of("http://[::1]").unwrap(),
            question("[::1]:80", "[::1]", "/")
        );
        assert!(of("https://watch.example/").is_err());
        assert!(of("/readyz").is_err());
    }

    #[test]
    fn a_status_is_read_from_its_line_alone() {
        assert_eq!(
            status(b"HTTP/1.1 503 Service Unavailable\r\nx: HTTP/1.1 200\r\n"),
            Some(503)
        );
        assert_eq!(status(b"HTTP/1.0 200\r\n"), Some(200));
        assert_eq!(status(b"SSH-2.0-x\r\n"), None);
        assert_eq!(status(b""), None);
    }
}
