//! A tab: where it is, what it shows, what it did.

use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::chromium::{Chromium, Reply};
use super::look::Look;
use super::record::{Record, Request};

/// Longest a condition may stay false, on a busy machine.
const WAIT_MAX: Duration = Duration::from_secs(20);
/// Between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// One open tab. Dropping it closes it, and fails the test if the page misbehaved.
pub struct Page {
    chromium: Arc<Chromium>,
    target: String,
    session: String,
    origin: String,
    record: Arc<Record>,
    /// Whether its scripts run.
    pub(super) scripted: AtomicBool,
}

impl Page {
    pub(super) async fn open(
        chromium: &Arc<Chromium>,
        context: &str,
        server: SocketAddr,
        look: Look,
    ) -> Self {
        let params = json!({"url": "about:blank", "browserContextId": context, "newWindow": true});
        let made = chromium.send("", "Target.createTarget", params).await;
        let target = made.unwrap()["targetId"].as_str().unwrap().to_owned();
        let params = json!({"targetId": target, "flatten": true});
        let attached = chromium.send("", "Target.attachToTarget", params).await;
        let session = attached.unwrap()["sessionId"].as_str().unwrap().to_owned();
        let record = Arc::new(Record::of(server));
        chromium.record(&session, Arc::clone(&record));
        let page = Self {
            chromium: Arc::clone(chromium),
            target,
            session,
            origin: format!("http://{server}"),
            record,
            scripted: AtomicBool::new(true),
        };
        for domain in ["Page", "Runtime", "Network", "Log", "Audits", "Inspector"] {
            let enable = format!("{domain}.enable");
            page.send(&enable, json!({})).await.unwrap();
        }
        let (yes, children) = (
            json!({"enabled": true}),
            json!({"autoAttach": true, "waitForDebuggerOnStart": false, "flatten": true}),
        );
        for (method, params) in [
            ("Page.setLifecycleEventsEnabled", &yes),
            // As if every tab were the one in front.
            ("Emulation.setFocusEmulationEnabled", &yes),
            // Workers and frames of other origins are heard as well.
            ("Target.setAutoAttach", &children),
        ] {
            page.send(method, params.clone()).await.unwrap();
        }
        page.look(look).await;
        page
    }

    /// Any command of the protocol, for what has no method here.
    pub async fn send(&self, method: &str, params: Value) -> Reply {
        self.chromium.send(&self.session, method, params).await
    }

    /// Goes to a path of the server and waits until everything is loaded; the status.
    pub async fn goto(&self, path: &str) -> u64 {
        let url = if path.starts_with('/') {
            format!("{}{path}", self.origin)
        } else {
            path.to_owned()
        };
        let gone = self
            .send("Page.navigate", json!({"url": url}))
            .await
            .unwrap();
        assert!(
            gone.get("errorText").is_none(),
            "{url}: {}",
            gone["errorText"]
        );
        let Some(loader) = gone["loaderId"].as_str() else {
            return 200; // Another fragment of the same document.
        };
        self.until(&format!("{url} is loaded"), async || {
            self.record.has_loaded(loader)
        })
        .await;
        self.record.status_of(loader)
    }

    /// Loads the page again and waits until everything is loaded.
    pub async fn reload(&self) {
        self.eval("void (globalThis.watchpostReload = true)").await;
        self.send("Page.reload", json!({})).await.unwrap();
        self.wait_until("!globalThis.watchpostReload && document.readyState === 'complete'")
            .await;
    }

    /// One step back in the history, or forward with a positive number.
    pub async fn history(&self, steps: i32) {
        self.eval(&format!("void history.go({steps})")).await;
    }

    /// Path, query and fragment of where the page is.
    pub async fn url(&self) -> String {
        let url = self.eval("location.href").await;
        let url = url.as_str().unwrap();
        url.strip_prefix(&self.origin).unwrap_or(url).to_owned()
    }

    /// The document's title.
    pub async fn title(&self) -> String {
        let title = self.eval("document.title").await;
        title.as_str().unwrap().to_owned()
    }

    /// The value of an expression, awaited if it is a promise; fails if it throws.
    pub async fn eval(&self, script: &str) -> Value {
        match self.try_eval(script).await {
            Ok(value) => value,
            Err(error) => panic!("{script}: {error}"),
        }
    }

    /// The same, where the page may be changing below it.
    pub(super) async fn try_eval(&self, script: &str) -> Reply {
        let params = json!({
            "expression": script, "awaitPromise": true, "returnByValue": true,
            "userGesture": true,
        });
        value(self.send("Runtime.evaluate", params).await?)
    }

    /// Waits until an expression is true, whatever page it is then.
    pub async fn wait_until(&self, script: &str) {
        let script_is_true = format!("Promise.resolve({script}).then(Boolean)");
        self.until(script, async || {
            self.try_eval(&script_is_true).await == Ok(Value::Bool(true))
        })
        .await;
    }

    /// Waits until the page is at a path, with its query and fragment.
    pub async fn wait_url(&self, path: &str) {
        let wanted = json!(format!("{}{path}", self.origin));
        self.wait_until(&format!("location.href === {wanted}"))
            .await;
    }

    /// Repeats until it is so.
    pub(super) async fn until(&self, what: &str, mut so: impl AsyncFnMut() -> bool) {
        let deadline = Instant::now() + WAIT_MAX;
        while !so().await {
            assert!(
                Instant::now() < deadline,
                "not within {WAIT_MAX:?}: {what}\n{}",
                self.story()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The requests of the page so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        self.record.requests()
    }

    /// Forgets the requests so far, to count from here.
    pub fn forget_requests(&self) {
        self.record.forget_requests();
    }

    /// Bytes received so far, headers included, as compressed as they came.
    pub fn transferred(&self) -> u64 {
        self.requests().iter().map(|request| request.bytes).sum()
    }

    /// Takes out what would fail the test at the end: violations of the content security policy,
    /// requests to foreign hosts, errors and warnings of the console, uncaught exceptions.
    pub async fn take_problems(&self) -> Vec<String> {
        // What was said before this answer has arrived with it.
        self.eval("0").await;
        self.record.take_problems()
    }

    /// Takes out the texts of the dialogs that were shown; each was accepted at once.
    pub fn take_dialogs(&self) -> Vec<String> {
        self.record.take_dialogs()
    }

    /// What is in view, as PNG.
    pub async fn screenshot(&self) -> Vec<u8> {
        let params = json!({"format": "png"});
        let taken = self.send("Page.captureScreenshot", params).await.unwrap();
        BASE64.decode(taken["data"].as_str().unwrap()).unwrap()
    }

    /// What happened, for whoever must find out why a test failed.
    fn story(&self) -> String {
        let mut story = String::new();
        for request in self.requests() {
            writeln!(story, "{request:?}").unwrap();
        }
        for problem in self.record.take_problems() {
            writeln!(story, "{problem}").unwrap();
        }
        story
    }

    /// Keeps what can be kept of a page whose test failed.
    fn keep(&self) -> std::io::Result<()> {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        std::fs::create_dir_all(&folder)?;
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("test").replace("::", "-");
        let file = folder.join(format!("{test}-{}", &self.target[..4]));
        let now = |method, params| self.chromium.send_now(&self.session, method, &params);
        let html =
            json!({"expression": "location.href + '\\n' + document.documentElement.outerHTML"});
        let html = now("Runtime.evaluate", html).unwrap_or_default();
        let html = html["result"]["value"].as_str().unwrap_or_default();
        let story = format!("{}\n{html}\n", self.story());
        std::fs::write(file.with_extension("txt"), story)?;
        let taken = now("Page.captureScreenshot", json!({"format": "png"})).unwrap_or_default();
        let picture = BASE64.decode(taken["data"].as_str().unwrap_or_default());
        std::fs::write(file.with_extension("png"), picture.unwrap_or_default())?;
        writeln!(
            std::io::stderr(),
            "the page is kept in {}.png and .txt",
            file.display()
        )
    }
}

/// What an evaluation gave, or threw.
pub(super) fn value(mut answer: Value) -> Reply {
    if let Some(thrown) = answer.get("exceptionDetails") {
        let said = &thrown["exception"]["description"];
        return Err(said
            .as_str()
            .map_or_else(|| thrown.to_string(), str::to_owned));
    }
    Ok(answer["result"]["value"].take())
}

impl Drop for Page {
    fn drop(&mut self) {
        let ask = json!({"expression": "0"});
        self.chromium
            .send_now(&self.session, "Runtime.evaluate", &ask);
        let failing = std::thread::panicking();
        let problems = if failing {
            Vec::new()
        } else {
            self.record.take_problems()
        };
        if failing || !problems.is_empty() {
            // That the test fails is what matters.
            drop(self.keep());
        }
        let target = json!({"targetId": self.target});
        self.chromium.send_now("", "Target.closeTarget", &target);
        assert!(problems.is_empty(), "what no page may do: {problems:#?}");
    }
}
