//! The outermost layer: request ids, security headers, problem documents, the access log.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use super::dialect::Dialect;
use super::shown::shown;
use super::{Problem, base_url, header_text, origin};
use crate::app::App;

/// Policy for everything that is not a page of ours: nothing loads, nothing frames it.
const API_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Gives the request its id and origin, checks `Host`, and completes the answer.
pub async fn finish(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = app.clock.now();
    let method = request.method().clone();
    let path: Arc<str> = Arc::from(request.uri().path());
    let origin = origin(&app.config, &request);
    let request_id = Arc::clone(&origin.request_id);
    let address = origin.address;
    let base = base_url(&origin, request.headers());
    let dialect = Dialect::of(&path, request.headers());
    request.extensions_mut().insert(base);
    request.extensions_mut().insert(origin);
    let mut response = if is_health_check(&path)
        || host_is_allowed(&app.config.allowed_hosts, request.headers())
    {
        next.run(request).await
    } else {
        axum::response::IntoResponse::into_response(Problem::malformed(
            "the Host header names no host of this server (ALLOWED_HOSTS)",
        ))
    };
    name_bare_errors(&mut response);
    let path = shown(&path);
    write_problem(&mut response, &path, &request_id, dialect);
    if let Some(dialect) = dialect {
        dialect.sign(response.headers_mut());
    }
    add_headers(response.headers_mut(), &request_id);
    let elapsed = app.clock.now().since(started);
    let status = response.status().as_u16();
    let route = response
        .extensions_mut()
        .remove::<MatchedRoute>()
        .map_or("other", |it| it.0);
    app.metrics.request(&method, route, status, elapsed);
    // The path alone, without keys: a query may hold what people searched for.
    tracing::info!(
        request.id = &*request_id,
        %method,
        path = ?path,
        status,
        client.address = %address,
        duration_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    response
}

/// The route's template, put on the response by the routes for metrics with few labels.
#[derive(Clone, Copy, Debug)]
pub struct MatchedRoute(pub &'static str);

/// Health checks come from platforms that ask by address.
fn is_health_check(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz")
}

/// Hosts are compared without port and case; `.example.org` also matches its subdomains.
fn host_is_allowed(allowed: &[String], headers: &HeaderMap) -> bool {
    let mut allowed = allowed
        .iter()
        .map(|host| host.trim())
        .filter(|host| !host.is_empty())
        .peekable();
    if allowed.peek().is_none() {
        return true;
    }
    let host = header_text(headers, header::HOST).unwrap_or_default();
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let host = host.to_ascii_lowercase();
    allowed.any(|pattern| match pattern.strip_prefix('.') {
        _ if pattern == "*" => true,
        Some(domain) => {
            host == domain
                || host
                    .strip_suffix(domain)
                    .is_some_and(|sub| sub.ends_with('.'))
        }
        None => host == pattern.to_ascii_lowercase(),
    })
}

/// Turns an empty 404 or 405 of the router itself into a problem.
fn name_bare_errors(response: &mut Response) {
    if response.extensions().get::<Problem>().is_some() {
        return;
    }
    let problem = match response.status() {
        StatusCode::NOT_FOUND if !has_body(response) => {
            Problem::not_found("no such address; /api/docs/ lists those there are")
        }
        StatusCode::METHOD_NOT_ALLOWED => Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method",
            "This method is not answered here",
            "the Allow header names those that are",
        ),
        _ => return,
    };
    response.extensions_mut().insert(problem);
}

fn has_body(response: &Response) -> bool {
    response.headers().contains_key(header::CONTENT_TYPE)
}

fn write_problem(response: &mut Response, path: &str, request_id: &str, dialect: Option<Dialect>) {
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return;
    };
    let details = problem.details();
    if let Some(cause) = &details.cause {
        let kind = details.kind;
        if details.status == StatusCode::INTERNAL_SERVER_ERROR {
            tracing::error!(request.id = request_id, kind, ?cause, "a request failed");
        } else {
            tracing::warn!(
                request.id = request_id,
                kind,
                ?cause,
                "a request could not be served"
            );
        }
    }
    if let Some(dialect) = dialect {
        return dialect.write(response, details);
    }
    let body = serde_json::to_vec(&problem.body(path, request_id)).unwrap_or_default();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_LENGTH);
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    *response.body_mut() = axum::body::Body::from(body);
}

fn add_headers(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    // Pages set their own policy; everything else gets the strictest.
    for (name, value) in [
        ("content-security-policy", API_POLICY),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        (
            "permissions-policy",
            "camera=(), microphone=(), geolocation=()",
        ),
        ("cache-control", "no-store"),
    ] {
        headers
            .entry(HeaderName::from_static(name))
            .or_insert(HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(patterns: &[&str], host: &str) -> bool {
        let patterns: Vec<String> = patterns.iter().map(|&p| p.to_owned()).collect();
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, HeaderValue::from_str(host).unwrap());
        host_is_allowed(&patterns, &headers)
    }

    #[test]
    fn only_named_hosts_are_answered() {
        assert!(allowed(&[], "anything"));
        assert!(allowed(&["Watch.example"], "watch.example:8000"));
        assert!(allowed(&[".example"], "a.b.example"));
        assert!(allowed(&[".example"], "example"));
        assert!(!allowed(&[".example"], "badexample"));
        assert!(!allowed(&["watch.example"], "watch.example.evil"));
        assert!(allowed(&["::1"], "[::1]:8000"));
    }
}
