//! The real program as a process of its own, to be killed, stopped and starved.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{ADMIN, Client};

/// Longest a start may take, on a busy machine.
const START_MAX: Duration = Duration::from_secs(30);

/// A running server. Dropping it kills it.
pub struct Process {
    child: Child,
    address: SocketAddr,
    said: Said,
    log: PathBuf,
}

/// What it says on its standard output after where it listens.
type Said = Arc<Mutex<Vec<String>>>;

/// A start that did not come to listening.
#[derive(Debug)]
pub struct Refused {
    pub status: ExitStatus,
    pub log: String,
}

/// A program that was started and may not listen yet. Dropping it kills it.
pub struct Starting {
    child: Option<Child>,
    log: PathBuf,
}

/// Where the server keeps what it keeps.
#[derive(Clone)]
pub struct Place {
    /// As in `DATABASE_URL`.
    pub url: String,
    /// For its key and its log.
    pub folder: PathBuf,
}

impl Place {
    /// The program, ready to be spawned; `under` is shell text run before it, in its process.
    fn command(&self, under: &str) -> Command {
        // Another build of the program, for long rounds and for builds broken on purpose.
        let own = env!("CARGO_BIN_EXE_watchpost");
        let program = std::env::var("WATCHPOST_TEST_BINARY").unwrap_or_else(|_| own.to_owned());
        let mut command = if under.is_empty() {
            Command::new(program)
        } else {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("{under} exec \"$@\""), "sh", &program]);
            shell
        };
        command.env_clear();
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        for limit in ["USER", "ANON", "SIGN_IN", "INGEST"] {
            command.env(format!("RATE_LIMIT_{limit}"), "off");
        }
        command
            .current_dir(&self.folder)
            .env("BIND", "127.0.0.1:0")
            .env("DATABASE_URL", &self.url)
            .env("DATA_DIR", &self.folder)
            .env("ADMIN_USERNAME", ADMIN.0)
            .env("ADMIN_PASSWORD", ADMIN.1)
            .env("PASSWORD_HASH_KIB", "64")
            .env("LOG_LEVEL", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        command
    }

    /// Spawns the program and does not wait for it.
    pub fn spawn(&self, under: &str) -> Starting {
        let log = self.folder.join("server.log");
        let file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&log)
            .unwrap();
        let child = self.command(under).stderr(file).spawn().unwrap();
        Starting {
            child: Some(child),
            log,
        }
    }

    /// Starts the server and waits until it listens.
    pub async fn start(&self) -> Process {
        self.start_under("").await
    }

    /// The same, in a process prepared by shell text.
    pub async fn start_under(&self, under: &str) -> Process {
        self.spawn(under).listening().await.unwrap()
    }
}

impl Starting {
    /// Kills it as it is.
    pub fn kill(self) {
        drop(self);
    }

    /// Waits until it says where it listens.
    pub async fn listening(mut self) -> Result<Process, Refused> {
        let mut child = self.child.take().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = Said::default();
        let saying = Arc::clone(&said);
        let listens = tokio::task::spawn_blocking(move || {
            let found = lines.by_ref().map_while(Result::ok).find_map(|line| {
                let (_, rest) = line.split_once(" listens on http://")?;
                rest.split_whitespace().next()?.parse::<SocketAddr>().ok()
            });
            // What it says later must not fill the pipe.
            std::thread::spawn(move || {
                for line in lines.map_while(Result::ok) {
                    saying.lock().unwrap().push(line);
                }
            });
            found
        });
        let log = self.log.clone();
        match tokio::time::timeout(START_MAX, listens).await {
            Ok(Ok(Some(address))) => Ok(Process {
                child,
                address,
                said,
                log,
            }),
            Ok(_) => {
                let status = child.wait().unwrap();
                Err(Refused {
                    status,
                    log: std::fs::read_to_string(&log).unwrap(),
                })
            }
            Err(_) => {
                drop(Self {
                    child: Some(child),
                    log: log.clone(),
                });
                panic!("no start in {START_MAX:?}: {}", tail(&log));
            }
        }
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

impl Process {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it takes syslog over UDP, TCP or TLS, once it has said so.
    pub async fn syslog(&self, transport: &str) -> SocketAddr {
        let began = Instant::now();
        let start = format!("Syslog over {transport}: ");
        loop {
            let said = self.said.lock().unwrap().clone();
            let mut told = said
                .iter()
                .filter_map(|line| line.trim().strip_prefix(&start));
            if let Some(address) = told.next() {
                return address.parse().unwrap();
            }
            assert!(began.elapsed() < START_MAX, "no syslog: {}", self.log());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// A client without credentials.
    pub fn anonymous(&self) -> Client {
        Client::to(self.address)
    }

    /// The administrator, signed in; a 503 is repeated, as clients are asked to.
    pub async fn admin(&self) -> Client {
        let mut admin = self.anonymous();
        for _ in 0..100 {
            if admin.get("/readyz").await.status == 200 && admin.try_sign_in(ADMIN.0, ADMIN.1).await
            {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        admin
    }

    /// Its number, as the system knows it.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL, and waits until it is gone.
    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Stops it where it stands; what it has open stays open and says nothing.
    pub fn freeze(&self) {
        self.signal("STOP");
    }

    /// Lets it go on.
    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -\"$0\" \"$1\"", name, &id])
            .status()
            .unwrap();
        assert!(sent.success(), "SIG{name} could not be sent");
    }

    /// Waits for its end; how it ended and how long that took.
    pub async fn ended(mut self, longest: Duration) -> (ExitStatus, Duration) {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return (status, began.elapsed());
            }
            assert!(
                began.elapsed() < longest,
                "no end in {longest:?}: {}",
                self.log()
            );
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// The end of what it logged.
    pub fn log(&self) -> String {
        tail(&self.log)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
