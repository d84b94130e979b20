//! Checks on the head of a request that the HTTP parser leaves to its caller.

use std::{convert::Infallible, future::Future, pin::Pin, sync::Arc};

use axum::{
    body::Body,
    http::{
        HeaderMap, HeaderValue, Request, StatusCode, Version,
        header::{CONNECTION, CONTENT_TYPE, HOST, TRANSFER_ENCODING},
        uri::Authority,
    },
    response::Response,
};
use hyper::body::{Body as _, Incoming};
use tower::{Service, ServiceExt as _};

use super::{
    ConnectionCounts, ListenerLimits, Peer,
    body::{DeadlineBody, TrackedBody},
    io::Activity,
};

/// Hands the requests of one connection to the application, if their head is sound.
pub(super) struct Gate<S> {
    pub(super) app: S,
    pub(super) peer: Peer,
    pub(super) limits: ListenerLimits,
    pub(super) counts: Arc<ConnectionCounts>,
    pub(super) activity: Arc<Activity>,
}

impl<S> hyper::service::Service<Request<Incoming>> for Gate<S>
where
    S: Service<Request<Body>, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<TrackedBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let (in_flight, is_ambiguous) = self.activity.begin_request();
        if let Err(fault) = check(&request, is_ambiguous) {
            let response = fault.into_response();
            return Box::pin(
                async move { Ok(response.map(|body| TrackedBody::new(body, in_flight))) },
            );
        }
        let mut request = request.map(|incoming| {
            if incoming.is_end_stream() {
                Body::empty()
            } else {
                let counts = Arc::clone(&self.counts);
                Body::new(DeadlineBody::new(incoming, &self.limits, counts))
            }
        });
        request.extensions_mut().insert(self.peer);
        let app = self.app.clone();
        let activity = Arc::clone(&self.activity);
        Box::pin(async move {
            let Ok(mut response) = app.oneshot(request).await;
            if activity.is_in_body() {
                // hyper closes after an unread body but does not announce it, so a client would
                // send its next request into the closing connection (RFC 9112 section 9.6).
                response
                    .headers_mut()
                    .insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(response.map(|body| TrackedBody::new(body, in_flight)))
        })
    }
}

/// What is wrong with the head of a request; answered below the application, then closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HeadFault {
    AmbiguousLength,
    UnknownCoding,
    Host,
}

impl HeadFault {
    fn into_response(self) -> Response {
        let (status, problem) = match self {
            Self::AmbiguousLength => (
                StatusCode::BAD_REQUEST,
                r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"Content-Length and Transfer-Encoding contradict each other; send one of them, once."}"#,
            ),
            Self::UnknownCoding => (
                StatusCode::NOT_IMPLEMENTED,
                r#"{"type":"about:blank","title":"Not Implemented","status":501,"detail":"The only transfer coding understood is a single chunked."}"#,
            ),
            Self::Host => (
                StatusCode::BAD_REQUEST,
                r#"{"type":"about:blank","title":"Bad Request","status":400,"detail":"The request needs exactly one valid Host header."}"#,
            ),
        };
        let mut response = Response::new(Body::from(problem));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

fn check<B>(request: &Request<B>, is_ambiguous: bool) -> Result<(), HeadFault> {
    if is_ambiguous {
        return Err(HeadFault::AmbiguousLength);
    }
    check_coding(request.headers())?;
    check_host(request.version(), request.headers())
}

/// Takes a single `chunked` and nothing else (RFC 9112 section 6.1).
///
/// hyper looks only at the last coding, and would pass on a body that is still coded.
fn check_coding(headers: &HeaderMap) -> Result<(), HeadFault> {
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    match (codings.next(), codings.next()) {
        (None, _) => Ok(()),
        (Some(coding), None) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(HeadFault::UnknownCoding),
    }
}

/// Requires one valid `Host`, which only HTTP/1.0 may omit (RFC 9112 section 3.2).
fn check_host(version: Version, headers: &HeaderMap) -> Result<(), HeadFault> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::HTTP_10 => Ok(()),
        (Some(host), None) if is_host(host) => Ok(()),
        _ => Err(HeadFault::Host),
    }
}

fn is_host(value: &HeaderValue) -> bool {
    // An empty value is how a client says that its target has no authority.
    value.is_empty()
        || Authority::try_from(value.as_bytes()).is_ok_and(|host| !host.as_str().contains('@'))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderName, HeaderValue, Version};

    use super::{HeadFault, check_coding, check_host};

    fn headers(name: &'static str, values: &[&'static str]) -> HeaderMap {
        let name = HeaderName::from_static(name);
        values
            .iter()
            .map(|value| (name.clone(), HeaderValue::from_static(value)))
            .collect()
    }

    #[test]
    fn exactly_one_valid_host_is_required_except_by_http_1_0() {
        for (version, hosts, sound) in [
            (Version::HTTP_11, &["watchpost.example:8080"][..], true),
            (Version::HTTP_11, &["[::1]:8080"], true),
            (Version::HTTP_11, &[""], true),
            (Version::HTTP_11, &[], false),
            (Version::HTTP_11, &["a", "a"], false),
            (Version::HTTP_11, &["user@a"], false),
            (Version::HTTP_11, &["a/b"], false),
            (Version::HTTP_10, &[], true),
            (Version::HTTP_10, &["a", "b"], false),
        ] {
            let result = check_host(version, &headers("host", hosts));
            assert_eq!(result.is_ok(), sound, "{version:?} {hosts:?}");
        }
    }

    #[test]
    fn a_transfer_coding_other_than_one_chunked_is_refused() {
        for (codings, sound) in [
            (&[][..], true),
            (&["Chunked"], true),
            (&["gzip, chunked"], false),
            (&["chunked", "chunked"], false),
            (&["identity"], false),
        ] {
            let result = check_coding(&headers("transfer-encoding", codings));
            let expected = if sound {
                Ok(())
            } else {
                Err(HeadFault::UnknownCoding)
            };
            assert_eq!(result, expected, "{codings:?}");
        }
    }
}
