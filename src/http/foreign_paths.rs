//! The addresses and tokens of programs that cannot be told ours.
//!
//! Everything that takes events from other programs lives below `/api/ingest/`. Clients of
//! Elasticsearch, Splunk, Loki, OpenTelemetry and Alertmanager have their paths built in; those
//! lead there too.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, Method, header};

use super::header_text;
use crate::credentials::{KEY_LENGTH, KEY_PREFIX};

/// Where senders' requests are answered.
pub(super) const BELOW: &str = "/api/ingest/";

/// An ingest key out of the address, for senders that can send no header. It is taken out before
/// anything reads or logs the address.
#[derive(Clone, PartialEq, Eq)]
pub struct UrlToken(Arc<str>);

impl fmt::Debug for UrlToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UrlToken(…)")
    }
}

impl UrlToken {
    /// The key.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Our path for a path that is built into clients; `None` when it is none of theirs.
pub(super) fn built_in(
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Option<Cow<'static, str>> {
    let path = match path.strip_suffix('/') {
        Some(shorter) if !shorter.is_empty() => shorter,
        _ => path,
    };
    let plain = |path| Some(Cow::Borrowed(path));
    match path {
        "/_bulk" => plain("/api/ingest/elastic/_bulk/"),
        "/_license" => plain("/api/ingest/elastic/_license/"),
        "/_cluster/health" => plain("/api/ingest/elastic/_cluster/health/"),
        "/v1/logs" => plain("/api/ingest/otlp/v1/logs/"),
        "/services/collector" | "/services/collector/event" | "/services/collector/event/1.0" => {
            plain("/api/ingest/splunk/event/")
        }
        "/services/collector/raw" | "/services/collector/raw/1.0" => {
            plain("/api/ingest/splunk/raw/")
        }
        "/services/collector/health" | "/services/collector/health/1.0" => {
            plain("/api/ingest/splunk/health/")
        }
        "/services/collector/ack" | "/services/collector/ack/1.0" => {
            plain("/api/ingest/splunk/ack/")
        }
        "/loki/api/v1/push" => plain("/api/ingest/loki/push/"),
        "/api/v2/alerts" => plain("/api/ingest/alertmanager/v2/alerts/"),
        "/" if asks_for_elastic(method, headers) => plain("/api/ingest/elastic/"),
        _ => {
            let (index, what) = path.strip_prefix('/')?.rsplit_once('/')?;
            let is_known = matches!(what, "_bulk" | "_refresh");
            let is_index = !index.is_empty() && !index.contains('/');
            (is_known && is_index)
                .then(|| Cow::Owned(format!("/api/ingest/elastic/{index}/{what}/")))
        }
    }
}

/// Whether a request for `/` comes from a client of Elasticsearch rather than a browser: browsers
/// ask for HTML, these clients send a key or ask for JSON.
fn asks_for_elastic(method: &Method, headers: &HeaderMap) -> bool {
    if method != Method::GET && method != Method::HEAD {
        return false;
    }
    let text = |name: HeaderName| {
        let text = header_text(headers, name).unwrap_or_default();
        text.to_ascii_lowercase()
    };
    let accept = text(header::ACCEPT);
    if accept.contains("text/html") {
        return false;
    }
    let scheme = text(header::AUTHORIZATION);
    accept.contains("json") || scheme.starts_with("basic ") || scheme.starts_with("apikey ")
}

/// Takes an ingest key out of a path and query below `/api/ingest/`: `?token=wp_…`, or a part of
/// the path that is a key. Returns them without it.
pub(super) fn take_token(
    path: &str,
    query: Option<&str>,
) -> Option<(String, Option<String>, UrlToken)> {
    let rest = path.strip_prefix(BELOW)?;
    let mut token = None;
    let mut kept = String::from(BELOW);
    for part in rest.split_inclusive('/') {
        let name = part.trim_end_matches('/');
        // Of that length: an index of Elasticsearch may be called `wp_logs`.
        if name.starts_with(KEY_PREFIX) && name.len() == KEY_LENGTH {
            token = Some(name.to_owned());
        } else {
            kept.push_str(part);
        }
    }
    let mut others = Vec::new();
    for pair in query
        .unwrap_or_default()
        .split('&')
        .filter(|pair| !pair.is_empty())
    {
        match pair.split_once('=') {
            Some(("token" | "api_key" | "key", value)) => token = Some(value.to_owned()),
            _ => others.push(pair),
        }
    }
    let query = (!others.is_empty()).then(|| others.join("&"));
    token.map(|token| (kept, query, UrlToken(token.into())))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn paths_of_clients_lead_below_one_place() {
        let none = HeaderMap::new();
        let found = |path: &str| built_in(&Method::POST, path, &none).map(Cow::into_owned);
        for (given, meant) in [
            ("/_bulk", "/api/ingest/elastic/_bulk/"),
            ("/logs-x/_bulk", "/api/ingest/elastic/logs-x/_bulk/"),
            ("/logs-x/_refresh", "/api/ingest/elastic/logs-x/_refresh/"),
            ("/v1/logs", "/api/ingest/otlp/v1/logs/"),
            ("/services/collector/event", "/api/ingest/splunk/event/"),
            ("/loki/api/v1/push", "/api/ingest/loki/push/"),
            ("/api/v2/alerts", "/api/ingest/alertmanager/v2/alerts/"),
            ("/api/v2/alerts/", "/api/ingest/alertmanager/v2/alerts/"),
        ] {
            assert_eq!(found(given).as_deref(), Some(meant), "{given}");
        }
        for other in [
            "/",
            "/alerts",
            "/a/b/_bulk",
            "//_bulk",
            "/a/_search",
            "/api/alerts/",
        ] {
            assert_eq!(found(other), None, "{other}");
        }
    }

    #[test]
    fn a_browser_gets_the_page_and_a_client_the_product() {
        let asked = |accept: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_str(accept).unwrap());
            built_in(&Method::GET, "/", &headers).is_some()
        };
        assert!(asked(
            "application/vnd.elasticsearch+json; compatible-with=9"
        ));
        assert!(!asked("text/html,application/xhtml+xml,*/*;q=0.8"));
        assert!(!asked("*/*"));
    }

    #[test]
    fn a_token_is_taken_out_of_the_address() {
        let key = format!("wp_{}", "k".repeat(43));
        let given = format!("/api/ingest/wazuh/{key}/");
        let (path, query, token) = take_token(&given, Some("a=b")).unwrap();
        assert_eq!(
            (path.as_str(), query.as_deref()),
            ("/api/ingest/wazuh/", Some("a=b"))
        );
        assert_eq!(token.expose(), key);
        assert_eq!(format!("{token:?}"), "UrlToken(…)");
        let (path, query, token) = take_token("/api/ingest/wazuh/", Some("token=wp_x")).unwrap();
        assert_eq!((path.as_str(), query), ("/api/ingest/wazuh/", None));
        assert_eq!(token.expose(), "wp_x");
        assert!(take_token("/api/events/", Some("token=wp_x")).is_none());
        assert!(take_token("/api/ingest/wazuh/", None).is_none());
        assert!(take_token("/api/ingest/elastic/wp_logs/_bulk/", None).is_none());
    }
}
