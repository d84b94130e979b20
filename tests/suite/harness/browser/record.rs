//! What a page did while it was open: requests, messages, and whatever it must not do.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::Mutex;

use serde_json::Value;

use super::chromium::lock;

/// A request the page made.
#[derive(Clone, Debug, Default)]
pub struct Request {
    pub method: String,
    /// Path and query on the tested server; the whole address elsewhere.
    pub url: String,
    /// As the protocol names it: `Document`, `Script`, `Stylesheet`, `Fetch`, `EventSource`.
    pub kind: String,
    /// 0 until an answer comes.
    pub status: u64,
    /// Bytes of the answer as transferred, headers included.
    pub bytes: u64,
    /// Why it failed, or nothing.
    pub failure: String,
    id: String,
}

/// Everything that is remembered of a page.
#[derive(Default)]
struct Memory {
    requests: Vec<Request>,
    problems: Vec<String>,
    dialogs: Vec<String>,
    loaded: HashSet<String>,
}

/// Listens to the events of one page.
pub struct Record {
    own: String,
    memory: Mutex<Memory>,
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

impl Record {
    pub fn of(server: SocketAddr) -> Self {
        Self {
            own: format!("http://{server}"),
            memory: Mutex::default(),
        }
    }

    /// Takes an event in.
    pub fn hear(&self, method: &str, params: &Value) {
        let mut memory = lock(&self.memory);
        match method {
            "Network.requestWillBeSent" | "Network.webSocketCreated" => {
                memory.request(&self.own, params);
            }
            "Network.responseReceived" => memory.answer(params),
            "Network.dataReceived" => {
                if let Some(request) = memory.find(params) {
                    request.bytes += params["encodedDataLength"].as_u64().unwrap_or_default();
                }
            }
            "Network.loadingFinished" => {
                if let Some(request) = memory.find(params) {
                    let whole = params["encodedDataLength"].as_u64();
                    request.bytes = request.bytes.max(whole.unwrap_or_default());
                }
            }
            "Network.loadingFailed" => {
                if let Some(request) = memory.find(params) {
                    request.failure = text(&params["errorText"]);
                }
            }
            "Page.lifecycleEvent" if params["name"] == "load" => {
                memory.loaded.insert(text(&params["loaderId"]));
            }
            "Page.javascriptDialogOpening" => memory.dialogs.push(text(&params["message"])),
            _ => memory.problems.extend(problem(method, params)),
        }
    }

    /// The requests so far, in order.
    pub fn requests(&self) -> Vec<Request> {
        lock(&self.memory).requests.clone()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        lock(&self.memory).requests.clear();
    }

    /// Takes out what the page must not have done.
    pub fn take_problems(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.memory).problems)
    }

    /// Takes out the texts of the dialogs that were shown (and accepted).
    pub fn take_dialogs(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.memory).dialogs)
    }

    /// Whether a document is loaded with everything it names.
    pub fn has_loaded(&self, loader: &str) -> bool {
        lock(&self.memory).loaded.contains(loader)
    }

    /// The status of the answer a document came with; 0 when there is none.
    pub fn status_of(&self, loader: &str) -> u64 {
        let memory = lock(&self.memory);
        let found = memory.requests.iter().rev().find(|r| r.id == loader);
        found.map_or(0, |request| request.status)
    }
}

impl Memory {
    fn find(&mut self, params: &Value) -> Option<&mut Request> {
        let id = params["requestId"].as_str()?;
        self.requests.iter_mut().rev().find(|r| r.id == id)
    }

    fn request(&mut self, own: &str, params: &Value) {
        if let Some(before) = params.get("redirectResponse") {
            let (status, bytes) = (&before["status"], &before["encodedDataLength"]);
            let (status, bytes) = (status.as_u64(), bytes.as_u64());
            if let Some(request) = self.find(params) {
                request.status = status.unwrap_or_default();
                request.bytes = bytes.unwrap_or_default();
            }
        }
        let sent = &params["request"];
        let url = text(if sent.is_null() {
            &params["url"]
        } else {
            &sent["url"]
        });
        let path = url.strip_prefix(own).filter(|path| path.starts_with('/'));
        let local = ["data:", "blob:", "about:"];
        if path.is_none() && !local.iter().any(|scheme| url.starts_with(scheme)) {
            self.problems
                .push(format!("request to a foreign host: {url}"));
        }
        self.requests.push(Request {
            method: text(&sent["method"]),
            url: path.unwrap_or(&url).to_owned(),
            kind: text(&params["type"]),
            id: text(&params["requestId"]),
            ..Request::default()
        });
    }

    fn answer(&mut self, params: &Value) {
        let response = &params["response"];
        if let Some(request) = self.find(params) {
            request.status = response["status"].as_u64().unwrap_or_default();
            if response["fromDiskCache"] != true {
                request.bytes += response["encodedDataLength"].as_u64().unwrap_or_default();
            }
        }
    }
}

/// What an event says that no page of ours may do; statuses from 400 on are no such thing.
fn problem(method: &str, params: &Value) -> Option<String> {
    match method {
        "Audits.issueAdded" => {
            let details = &params["issue"]["details"]["contentSecurityPolicyIssueDetails"];
            details.is_object().then(|| {
                format!(
                    "content security policy violated: {} {} at {}",
                    text(&details["violatedDirective"]),
                    text(&details["blockedURL"]),
                    details["sourceCodeLocation"],
                )
            })
        }
        "Log.entryAdded" => {
            let entry = &params["entry"];
            let counts = ["error", "warning"].contains(&entry["level"].as_str()?);
            (counts && entry["source"] != "network").then(|| {
                format!(
                    "browser {}: {} {}",
                    text(&entry["level"]),
                    text(&entry["text"]),
                    text(&entry["url"])
                )
            })
        }
        "Runtime.consoleAPICalled" => {
            let kind = params["type"].as_str()?;
            ["error", "warning", "assert"].contains(&kind).then(|| {
                let arguments = params["args"].as_array().cloned().unwrap_or_default();
                let words: Vec<String> = arguments
                    .iter()
                    .map(|word| match &word["value"] {
                        Value::Null => text(&word["description"]),
                        Value::String(said) => said.clone(),
                        other => other.to_string(),
                    })
                    .collect();
                format!("console {kind}: {}", words.join(" "))
            })
        }
        "Runtime.exceptionThrown" => {
            let details = &params["exceptionDetails"];
            let said = match text(&details["exception"]["description"]) {
                said if said.is_empty() => text(&details["text"]),
                said => said,
            };
            Some(format!("exception: {said} ({})", text(&details["url"])))
        }
        "Inspector.targetCrashed" => Some("the page crashed".to_owned()),
        _ => None,
    }
}
