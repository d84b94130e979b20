//! The one Chromium of a test process, spoken to through a pair of pipes.
//!
//! Commands and events of the `DevTools` protocol go as JSON, each ended by a NUL. When the test
//! process ends, however it ends, the pipes close, Chromium leaves, and its profile is removed.

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::record::Record;

/// Longest an answer may take, on a busy machine.
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// Ends the browser and its profile with the pipes; a Ctrl-C of the tests' terminal is not for it.
/// The protocol's pipes are the descriptors 3 and 4.
const LAUNCH: &str = r#"
    trap '' INT HUP TERM
    profile=$(mktemp -d "${TMPDIR:-/tmp}/watchpost-browser.XXXXXX") || exit 1
    "$0" "$@" "--user-data-dir=$profile" 3<&0 4>&1 </dev/null >/dev/null 2>"$profile/log" ||
        tail -n 5 "$profile/log" >&2
    rm -rf "$profile" 2>/dev/null || { sleep 1; rm -rf "$profile"; }
"#;

/// Quiet, without a sandbox (the pages are ours, and containers have none), and unable to reach
/// any address but this machine's.
const FLAGS: [&str; 18] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
    "--force-color-profile=srgb",
    "--lang=en-US",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
];

/// What came back for a command.
pub type Reply = Result<Value, String>;

/// A started browser.
pub struct Chromium {
    commands: Mutex<ChildStdin>,
    number: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Reply>>>,
    records: Mutex<HashMap<String, Arc<Record>>>,
}

/// Locks, also after a test that held the lock has failed.
pub fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Chromium {
    /// The browser of this process, started when it is first wanted.
    pub fn shared() -> Arc<Self> {
        static SHARED: OnceLock<Arc<Chromium>> = OnceLock::new();
        Arc::clone(SHARED.get_or_init(Self::launch))
    }

    fn launch() -> Arc<Self> {
        let named = std::env::var("WATCHPOST_TEST_BROWSER");
        let program = named.unwrap_or_else(|_| "chromium".to_owned());
        let mut child = Command::new("sh")
            .args(["-c", LAUNCH, &program])
            .args(FLAGS)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let browser = Arc::new(Self {
            commands: Mutex::new(child.stdin.take().unwrap()),
            number: AtomicU64::new(1),
            waiting: Mutex::default(),
            records: Mutex::default(),
        });
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let listening = Arc::clone(&browser);
        std::thread::spawn(move || {
            let mut message = Vec::new();
            while matches!(answers.read_until(0, &mut message), Ok(1..)) {
                listening.hear(&message);
                message.clear();
            }
            // Whoever waits now, or asks later, learns that nobody answers.
            lock(&listening.waiting).clear();
            drop(child.wait());
        });
        browser
    }

    fn hear(&self, message: &[u8]) {
        let text = String::from_utf8_lossy(message);
        let text = text.trim_end_matches('\0');
        let mut heard: Value = serde_json::from_str(text)
            .or_else(|_| serde_json::from_str(&without_lone_surrogates(text)))
            .unwrap_or_else(|error| panic!("the browser said what is no JSON: {error}: {text}"));
        if let Some(number) = heard["id"].as_u64() {
            let reply = match heard.get("error") {
                Some(error) => Err(error["message"].as_str().unwrap_or_default().to_owned()),
                None => Ok(heard["result"].take()),
            };
            if let Some(waiting) = lock(&self.waiting).remove(&number) {
                // Nobody waits for what is sent without asking.
                drop(waiting.send(reply));
            }
            return;
        }
        let Some(session) = heard["sessionId"].as_str().map(str::to_owned) else {
            return;
        };
        let record = lock(&self.records).get(&session).cloned();
        let Some(record) = record else { return };
        let method = heard["method"].as_str().unwrap_or_default().to_owned();
        if method == "Page.javascriptDialogOpening" {
            // It stops the page, and with it the test, until somebody answers.
            drop(self.ask(
                &session,
                "Page.handleJavaScriptDialog",
                &json!({"accept": true}),
            ));
        }
        if method == "Target.attachedToTarget" {
            let child = heard["params"]["sessionId"].as_str().unwrap_or_default();
            self.record(child, Arc::clone(&record));
            for domain in ["Network.enable", "Runtime.enable", "Log.enable"] {
                drop(self.ask(child, domain, &json!({})));
            }
        }
        record.hear(&method, &heard["params"]);
    }

    /// Events of a session go here from now on.
    pub fn record(&self, session: &str, record: Arc<Record>) {
        lock(&self.records).insert(session.to_owned(), record);
    }

    /// Sends a command; the answer arrives in the returned channel.
    fn ask(&self, session: &str, method: &str, params: &Value) -> oneshot::Receiver<Reply> {
        let number = self.number.fetch_add(1, Ordering::Relaxed);
        let mut command = json!({"id": number, "method": method, "params": params});
        if !session.is_empty() {
            command["sessionId"] = session.into();
        }
        let (sender, answer) = oneshot::channel();
        lock(&self.waiting).insert(number, sender);
        let line = format!("{command}\0");
        if lock(&self.commands).write_all(line.as_bytes()).is_err() {
            lock(&self.waiting).remove(&number);
        }
        answer
    }

    /// Sends a command to a page, or with an empty session to the browser, and waits.
    pub async fn send(&self, session: &str, method: &str, params: Value) -> Reply {
        let answer = self.ask(session, method, &params);
        let answer = tokio::time::timeout(ANSWER_MAX, answer)
            .await
            .unwrap_or_else(|_| panic!("the browser gave no answer to {method}: {ANSWER_MAX:?}"));
        let reply = answer.expect(
            "the browser is not running: run ./test, which installs chromium, or name one in \
             WATCHPOST_TEST_BROWSER",
        );
        reply.map_err(|error| format!("{method}: {error}"))
    }

    /// The same where nothing can be awaited, and where failing is no use.
    pub fn send_now(&self, session: &str, method: &str, params: &Value) -> Option<Value> {
        let mut answer = self.ask(session, method, params);
        for _ in 0..5000 {
            match answer.try_recv() {
                Ok(reply) => return reply.ok(),
                Err(oneshot::error::TryRecvError::Closed) => return None,
                Err(oneshot::error::TryRecvError::Empty) => {
                    std::thread::sleep(Duration::from_millis(1));
                }
            }
        }
        None
    }
}

/// Strings of a page may hold half a surrogate pair, which no other string can.
fn without_lone_surrogates(text: &str) -> String {
    let escape = |at: usize| {
        let hex = text.get(at..at + 6)?.strip_prefix("\\u")?;
        u16::from_str_radix(hex, 16).ok()
    };
    let mut clean = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(next) = text[at..].find('\\').map(|found| at + found) {
        clean.push_str(&text[at..next]);
        let whole_pair = matches!(escape(next), Some(0xd800..=0xdbff))
            && matches!(escape(next + 6), Some(0xdc00..=0xdfff));
        let length = match escape(next) {
            _ if whole_pair => 12,
            Some(_) => 6,
            None => 2,
        };
        if !whole_pair && matches!(escape(next), Some(0xd800..=0xdfff)) {
            clean.push('\u{fffd}');
        } else {
            clean.push_str(&text[next..next + length]);
        }
        at = next + length;
    }
    clean.push_str(&text[at..]);
    clean
}
