//! The server's own way in, up to where events would be stored: read, parse, validate, look up
//! the address, answer 201. Nothing is stored. It runs in a process of its own, so that its CPU
//! time is its own.

use std::io::{BufReader, Read as _, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use base::{Clock, EventId};
use clap::Parser;
use tower::util::MapRequest;
use watchpost::app::App;
use watchpost::config::Settings;
use watchpost::events::PackedEvent;
use watchpost::http::listener::{self, ConnectionCounts, ListenerLimits};
use watchpost::http::{
    Access, BodyLimits, BodyRoom, Caller, Capability, FieldErrors, Problem, canonical, finish,
    read_body,
};
use watchpost::identity::{self, Gate, NewKey, guard};
use watchpost::ingest::{Content, Prepared, Stored, Take, read_batch};

use crate::{Setup, cpu, server};

/// The route as anyone may use it, and behind the guard.
pub(crate) const OPEN: &str = "/api/events/";
pub(crate) const GUARDED: &str = "/api/guarded/";

#[derive(Parser)]
struct Flags {
    #[command(flatten)]
    settings: Settings,
}

/// Enriches events as the server does.
struct Preparing<'a>(&'a App);

impl Take<Prepared> for Preparing<'_> {
    fn event(&mut self, event: PackedEvent) -> Result<Prepared, FieldErrors> {
        Ok(Prepared::new(self.0, event))
    }

    fn refused(&mut self, _: usize, _: &FieldErrors, _: &[u8]) {}
}

async fn parse(State(app): State<App>, request: Request) -> Result<Response, Problem> {
    let limits = BodyLimits {
        compressed: 8 << 20,
        decompressed: 32 << 20,
    };
    let (parts, body) = request.into_parts();
    let body = read_body(&parts.headers, body, limits, BodyRoom::default()).await?;
    let content = read_batch(&body.bytes, body.media, &mut Preparing(&app))?;
    let Content::Single(event) = content else {
        return Err(Problem::malformed("one event, please"));
    };
    let event = event.stored(Stored {
        id: EventId::new(1),
        alert: None,
        repeated: false,
        folded: false,
    });
    Ok((http::StatusCode::CREATED, axum::Json(event)).into_response())
}

/// Serves until standard input ends; tells address and key on standard output.
pub(crate) fn serve(folder: &Path) -> anyhow::Result<()> {
    let url = format!("sqlite://{}", folder.join("parse-only.db").display());
    let flags = [
        "parse-only",
        "--database-url",
        &url,
        "--rate-limit-ingest",
        "off",
    ];
    let settings = Flags::try_parse_from(flags)?.settings;
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let app = watchpost::serve::open(settings, Clock::system()).await?;
            let new = NewKey {
                name: "capacity".to_owned(),
                ..NewKey::default()
            };
            let key = identity::create_key(&app, &Caller::system("capacity"), new).await?;
            let access = Access::CanOrKey(Capability::EventCreate);
            let gate = Gate {
                app: app.clone(),
                access,
                route: GUARDED,
            };
            let post = || axum::routing::post(parse);
            let router = axum::Router::new()
                .route(GUARDED, post().route_layer(from_fn_with_state(gate, guard)))
                .route(OPEN, post())
                .with_state(app.clone())
                .layer(from_fn_with_state(app.clone(), finish));
            let socket = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            println!("at http://{}/", socket.local_addr()?);
            println!("key {}", key.secret.expose());
            std::io::stdout().flush()?;
            let stop = app.stop.clone();
            let until_told = tokio::task::spawn_blocking(move || {
                drop(std::io::stdin().read_to_end(&mut Vec::new()));
                stop.cancel();
            });
            let service = MapRequest::new(router, canonical as fn(_) -> _);
            let limits = ListenerLimits {
                connections_per_address_max: 1024,
                ..Default::default()
            };
            let counts = Arc::new(ConnectionCounts::default());
            listener::serve(socket, service, limits, counts, app.stop.clone()).await;
            until_told.await?;
            Ok(())
        })
}

/// The other process.
#[derive(Debug)]
pub(crate) struct ParseOnly {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) key: String,
}

impl ParseOnly {
    pub(crate) fn start(setup: &Setup) -> anyhow::Result<Self> {
        let folder = setup.dir.join("parse-only");
        std::fs::create_dir_all(&folder)?;
        let mut child = Command::new(std::env::current_exe()?)
            .args(["--parse-only", "--dir"])
            .arg(&folder)
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut output = BufReader::new(child.stdout.take().context("no output")?);
        let address = server::told(&mut output, "at http://")?;
        let mut line = String::new();
        std::io::BufRead::read_line(&mut output, &mut line)?;
        let key = line.trim().strip_prefix("key ").context("no key")?;
        let key = format!("Authorization: Bearer {key}\r\n");
        Ok(Self {
            child,
            address,
            key,
        })
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        cpu::of_process(self.child.id())
    }
}

impl Drop for ParseOnly {
    fn drop(&mut self) {
        // The end of its input stops it.
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}
