//! The server as it ships, started for a case.

use std::io::BufReader;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::{Setup, control, cpu};

const ADMIN: (&str, &str) = ("bench", "correct horse battery staple");

/// A running server; it ends with this.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    address: SocketAddr,
    metrics: SocketAddr,
    /// Kept open: the server writes to it.
    _output: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it on a database; its log goes to a file in the folder.
    pub(crate) fn start(setup: &Setup, database: &str, folder: &Path) -> anyhow::Result<Self> {
        Self::start_with(setup, database, folder, &[])
    }

    /// The same with further settings in its environment.
    pub(crate) fn start_with(
        setup: &Setup,
        database: &str,
        folder: &Path,
        settings: &[(&str, String)],
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder)?;
        let log = std::fs::File::create(folder.join("server.log"))?;
        let mut child = Command::new(&setup.server)
            .args([
                "serve",
                "--bind",
                "127.0.0.1:0",
                "--metrics-bind",
                "127.0.0.1:0",
            ])
            .args(["--database-url", database, "--log-level", &setup.log_level])
            .args(["--admin-username", ADMIN.0, "--admin-password", ADMIN.1])
            .args(["--rate-limit-user", "off", "--rate-limit-ingest", "off"])
            // Every severe event raises its alert: gathering a storm would be less work.
            .args(["--alert-budget", "off"])
            .envs(settings.iter().map(|(name, value)| (name, value)))
            .arg("--data-dir")
            .arg(folder)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot start {}", setup.server.display()))?;
        let output = child.stdout.take().context("no output")?;
        let mut output = BufReader::new(output);
        let address = told(&mut output, "listens on http://")?;
        let metrics = told(&mut output, "Metrics: http://")?;
        Ok(Self {
            child,
            address,
            metrics,
            _output: output,
        })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// CPU time so far.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        cpu::of_process(self.child.id())
    }

    /// The value of a metric without labels.
    pub(crate) fn metric(&self, name: &str) -> anyhow::Result<f64> {
        let text = control::request(self.metrics, "GET /metrics", "", "")?;
        let mut values = text.lines().filter_map(|line| line.split_once(' '));
        let (_, value) = values
            .find(|(found, _)| *found == name)
            .with_context(|| format!("no metric {name}"))?;
        Ok(value.parse()?)
    }

    /// Signs in; the header of an administrator's requests.
    pub(crate) fn sign_in(&self) -> anyhow::Result<String> {
        let body = serde_json::json!({"username": ADMIN.0, "password": ADMIN.1}).to_string();
        let answer = control::request(self.address, "POST /api/auth/token/", "", &body)?;
        bearer(&answer, "access")
    }

    /// Makes an ingest key; the header of a sensor's requests.
    pub(crate) fn key(&self) -> anyhow::Result<String> {
        let admin = self.sign_in()?;
        let body = r#"{"name":"capacity"}"#;
        let answer = control::request(self.address, "POST /api/keys/", &admin, body)?;
        bearer(&answer, "key")
    }

    /// Stops it as an operator does, and waits for its end.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args(["-TERM", &pid]).status()?;
        ensure!(status.success(), "cannot stop the server");
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // After `stop` it is gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn bearer(answer: &str, field: &str) -> anyhow::Result<String> {
    let answer: serde_json::Value = serde_json::from_str(answer)?;
    let word = answer
        .get(field)
        .and_then(serde_json::Value::as_str)
        .context("no credentials")?;
    Ok(format!("Authorization: Bearer {word}\r\n"))
}

/// Reads lines until one tells an address.
pub(crate) fn told(output: &mut impl std::io::BufRead, before: &str) -> anyhow::Result<SocketAddr> {
    let mut line = String::new();
    loop {
        line.clear();
        ensure!(
            output.read_line(&mut line)? > 0,
            "it did not start; its log says why"
        );
        if let Some((_, rest)) = line.split_once(before) {
            let address = rest.split(['/', ' ']).next().unwrap_or_default().trim();
            return address
                .parse()
                .with_context(|| format!("no address: {line}"));
        }
    }
}
