//! What clients of other products hear: headers they look for, and errors in the form they read.

use std::fmt::Write as _;

use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::foreign_paths::BELOW;
use super::header_text;
use super::problem::Details;
use super::rpc_status::Encoding;

/// Seconds after which what was not there in time is to be sent again.
const RETRY_AFTER: u16 = 2;

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The way a product's clients are spoken to; by the path of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Elasticsearch, with the media type its clients ask for.
    Elastic(HeaderMedia),
    /// Splunk's HTTP Event Collector, with what the request carried to say who sends it.
    Splunk(Carried),
    /// Loki: plain text.
    Loki,
    /// OTLP, in the encoding of the request.
    Otlp(Encoding),
    /// Alertmanager's API: the code and a message.
    Alertmanager,
}

/// The JSON of which version a client of Elasticsearch accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HeaderMedia {
    Plain,
    Compatible(&'static str),
}

/// What stands in `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Carried {
    Nothing,
    SplunkToken,
    Other,
}

/// The form in which a route's errors are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorForm {
    /// A problem document.
    Problem,
    /// As Elasticsearch does.
    Elastic,
    /// As Splunk's HTTP Event Collector does.
    Splunk,
    /// As Loki does: plain text.
    Loki,
    /// `google.rpc.Status`, in the encoding of the request.
    Otlp,
    /// As Alertmanager's API does.
    Alertmanager,
}

impl ErrorForm {
    /// The form of a route, by its path or template.
    #[must_use]
    pub fn of(path: &str) -> Self {
        match Dialect::of(path, &HeaderMap::new()) {
            None => Self::Problem,
            Some(Dialect::Elastic(_)) => Self::Elastic,
            Some(Dialect::Splunk(_)) => Self::Splunk,
            Some(Dialect::Loki) => Self::Loki,
            Some(Dialect::Otlp(_)) => Self::Otlp,
            Some(Dialect::Alertmanager) => Self::Alertmanager,
        }
    }
}

impl Dialect {
    /// The dialect of a path below `/api/ingest/`; `None` where problem documents are answered.
    pub(super) fn of(path: &str, headers: &HeaderMap) -> Option<Self> {
        let text = |name: HeaderName| header_text(headers, name).unwrap_or_default();
        let below = path.strip_prefix(BELOW)?;
        match below.split('/').next()? {
            "elastic" => Some(Self::Elastic(accepted(text(header::ACCEPT)))),
            "splunk" => Some(Self::Splunk(match text(header::AUTHORIZATION).trim() {
                "" => Carried::Nothing,
                other => match other.split_once(' ') {
                    Some((scheme, _)) if scheme.eq_ignore_ascii_case("splunk") => {
                        Carried::SplunkToken
                    }
                    _ => Carried::Other,
                },
            })),
            "loki" => Some(Self::Loki),
            "otlp" => Some(Self::Otlp(Encoding::of(headers))),
            // Its webhook is answered like every format.
            "alertmanager" if below.starts_with("alertmanager/v2/") => Some(Self::Alertmanager),
            _ => None,
        }
    }

    /// Writes an error in the form its clients read.
    pub(super) fn write(self, response: &mut Response, problem: &Details) {
        let status = match self {
            // These clients drop what is answered 408, and send 503 again.
            Self::Loki | Self::Otlp(_) if problem.status == StatusCode::REQUEST_TIMEOUT => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            _ => problem.status,
        };
        let (status, media, body) = match self {
            Self::Elastic(_) => (status, JSON, elastic(status, problem)),
            Self::Splunk(carried) => {
                let (status, code, text) = hec(status, carried);
                let answer = HecError {
                    text,
                    code,
                    detail: reason(problem),
                };
                (
                    status,
                    JSON,
                    serde_json::to_vec(&answer).unwrap_or_default(),
                )
            }
            Self::Loki => {
                let media = HeaderValue::from_static("text/plain; charset=utf-8");
                (status, media, format!("{}\n", reason(problem)).into_bytes())
            }
            Self::Otlp(encoding) => {
                let (media, body) = encoding.error(status, reason(problem));
                (status, media, body)
            }
            Self::Alertmanager => {
                let body = AlertmanagerError {
                    code: status.as_u16(),
                    message: reason(problem),
                };
                (status, JSON, serde_json::to_vec(&body).unwrap_or_default())
            }
        };
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.remove(header::CONTENT_LENGTH);
        headers.insert(header::CONTENT_TYPE, media);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let soon = HeaderValue::from(RETRY_AFTER);
            headers.entry(header::RETRY_AFTER).or_insert(soon);
        }
        *response.body_mut() = Body::from(body);
    }

    /// Adds what clients look for in every answer.
    pub(super) fn sign(self, headers: &mut HeaderMap) {
        let Self::Elastic(media) = self else { return };
        // The official clients refuse to work without it, also when they were refused.
        headers.insert(
            HeaderName::from_static("x-elastic-product"),
            HeaderValue::from_static("Elasticsearch"),
        );
        if let HeaderMedia::Compatible(media) = media
            && headers.get(header::CONTENT_TYPE) == Some(&JSON)
        {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
        }
    }
}

fn accepted(accept: &str) -> HeaderMedia {
    let Some((_, version)) = accept
        .split_once("application/vnd.elasticsearch+json")
        .and_then(|(_, rest)| rest.split_once("compatible-with="))
    else {
        return HeaderMedia::Plain;
    };
    match version.trim_start_matches('"').chars().next() {
        Some('7') => {
            HeaderMedia::Compatible("application/vnd.elasticsearch+json;compatible-with=7")
        }
        Some('8') => {
            HeaderMedia::Compatible("application/vnd.elasticsearch+json;compatible-with=8")
        }
        Some('9') => {
            HeaderMedia::Compatible("application/vnd.elasticsearch+json;compatible-with=9")
        }
        _ => HeaderMedia::Plain,
    }
}

/// What is wrong, in one line.
fn reason(problem: &Details) -> String {
    let mut reason = String::new();
    for (field, what) in &problem.errors {
        let gap = if reason.is_empty() { "" } else { "; " };
        if write!(reason, "{gap}{field}: {}", what.join(", ")).is_err() {
            break;
        }
    }
    if reason.is_empty() {
        problem.detail.to_string()
    } else {
        reason
    }
}

#[derive(Serialize)]
struct AlertmanagerError {
    code: u16,
    message: String,
}

#[derive(Serialize)]
struct HecError {
    text: &'static str,
    code: u16,
    detail: String,
}

/// Status, code and text of Splunk's own table for a status of ours.
fn hec(status: StatusCode, carried: Carried) -> (StatusCode, u16, &'static str) {
    match (status.as_u16(), carried) {
        (401, Carried::Nothing) => (status, 2, "Token is required"),
        (401, Carried::SplunkToken) => (StatusCode::FORBIDDEN, 4, "Invalid token"),
        (401, Carried::Other) => (status, 3, "Invalid authorization"),
        (403, _) => (status, 4, "Invalid token"),
        (404 | 405, _) => (
            status,
            404,
            "The requested URL was not found on this server.",
        ),
        (429 | 503, _) => (status, 9, "Server is busy"),
        (500.., _) => (status, 8, "Internal server error"),
        _ => (status, 6, "Invalid data format"),
    }
}

#[derive(Serialize)]
struct ElasticError<'a> {
    error: ElasticCauses<'a>,
    status: u16,
}

#[derive(Serialize)]
struct ElasticCauses<'a> {
    root_cause: [ElasticCause<'a>; 1],
    #[serde(flatten)]
    cause: ElasticCause<'a>,
}

#[derive(Clone, Copy, Serialize)]
struct ElasticCause<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    reason: &'a str,
}

fn elastic(status: StatusCode, problem: &Details) -> Vec<u8> {
    let kind = match status.as_u16() {
        401 | 403 => "security_exception",
        404 => "resource_not_found_exception",
        413 => "content_too_long_exception",
        415 => "media_type_header_exception",
        429 => "es_rejected_execution_exception",
        503 => "unavailable_shards_exception",
        500.. => "exception",
        _ => "illegal_argument_exception",
    };
    let reason = reason(problem);
    let cause = ElasticCause {
        kind,
        reason: &reason,
    };
    let error = ElasticError {
        error: ElasticCauses {
            root_cause: [cause],
            cause,
        },
        status: status.as_u16(),
    };
    serde_json::to_vec(&error).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use axum::response::IntoResponse as _;
    use serde_json::Value;

    use super::*;
    use crate::http::Problem;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "a test's problem is made for it"
    )]
    fn said(dialect: Dialect, problem: Problem) -> (u16, HeaderMap, String) {
        let mut response = problem.clone().into_response();
        dialect.write(&mut response, problem.details());
        dialect.sign(response.headers_mut());
        let (parts, body) = response.into_parts();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let body = runtime
            .block_on(axum::body::to_bytes(body, 10_000))
            .unwrap();
        (
            parts.status.as_u16(),
            parts.headers,
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    #[test]
    fn the_path_says_which_dialect_is_spoken() {
        let none = HeaderMap::new();
        let of = |path: &str| Dialect::of(path, &none);
        assert_eq!(
            of("/api/ingest/elastic/x/_bulk/"),
            Some(Dialect::Elastic(HeaderMedia::Plain))
        );
        assert_eq!(
            of("/api/ingest/splunk/raw/"),
            Some(Dialect::Splunk(Carried::Nothing))
        );
        assert_eq!(of("/api/ingest/loki/push/"), Some(Dialect::Loki));
        for path in ["/api/ingest/", "/api/ingest/wazuh/", "/api/elastic/", "/"] {
            assert_eq!(of(path), None, "{path}");
        }
    }

    #[test]
    fn clients_of_elasticsearch_find_their_product_and_their_media_type() {
        let accept = "application/vnd.elasticsearch+json; compatible-with=9";
        let asked = headers(&[(header::ACCEPT, accept)]);
        let dialect = Dialect::of("/api/ingest/elastic/", &asked).unwrap();
        let (status, headers, body) = said(dialect, Problem::unauthorized());
        assert_eq!(status, 401);
        assert_eq!(headers["x-elastic-product"], "Elasticsearch");
        assert_eq!(
            headers["content-type"],
            "application/vnd.elasticsearch+json;compatible-with=9"
        );
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["status"], 401);
        assert_eq!(body["error"]["type"], "security_exception");
        assert_eq!(body["error"]["root_cause"][0]["type"], "security_exception");
        let (_, headers, body) = said(
            Dialect::Elastic(HeaderMedia::Plain),
            Problem::field("body", "holds no action"),
        );
        assert_eq!(headers["content-type"], "application/json");
        assert!(
            body.contains("\"reason\":\"body: holds no action\""),
            "{body}"
        );
    }

    #[test]
    fn splunks_senders_read_its_codes() {
        let of = |authorization: &str| {
            let headers = headers(&[(header::AUTHORIZATION, authorization)]);
            Dialect::of("/api/ingest/splunk/event/", &headers).unwrap()
        };
        for (dialect, problem, status, code) in [
            (of(""), Problem::unauthorized(), 401, 2),
            (of("Bearer a.b.c"), Problem::unauthorized(), 401, 3),
            (of("splunk 1111"), Problem::unauthorized(), 403, 4),
            (
                of("Splunk wp_x"),
                Problem::forbidden("not from here"),
                403,
                4,
            ),
            (of("Splunk wp_x"), Problem::unavailable("full"), 503, 9),
            (of("Splunk wp_x"), Problem::too_many("slow", 3), 429, 9),
            (of("Splunk wp_x"), Problem::malformed("bad"), 400, 6),
            (of("Splunk wp_x"), Problem::internal("bug"), 500, 8),
        ] {
            let (told, headers, body) = said(dialect, problem);
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(
                (told, body["code"].as_u64()),
                (status, Some(code)),
                "{body}"
            );
            assert_eq!(
                headers.contains_key("retry-after"),
                matches!(status, 429 | 503)
            );
        }
    }

    #[test]
    fn what_came_too_slowly_is_sent_again_by_who_would_drop_it() {
        let slow = || Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", "slow", "too slow");
        for dialect in [
            Dialect::Loki,
            Dialect::Otlp(Encoding::Json),
            Dialect::Otlp(Encoding::Protobuf),
        ] {
            let (status, headers, body) = said(dialect, slow());
            assert_eq!(status, 503);
            assert_eq!(headers["retry-after"], "2");
            assert!(body.contains("too slow"), "{body}");
        }
        let (status, headers, _) = said(Dialect::Alertmanager, slow());
        assert_eq!((status, headers.contains_key("retry-after")), (408, false));
    }

    #[test]
    fn loki_answers_in_plain_text() {
        let (status, headers, body) = said(Dialect::Loki, Problem::field("body", "is no push"));
        assert_eq!((status, body.as_str()), (400, "body: is no push\n"));
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
    }
}
