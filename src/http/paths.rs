//! One spelling for each API path.

use std::borrow::Cow;

use axum::extract::Request;
use http::Uri;

/// Rewrites `/api/v1/…` to `/api/…` and adds the trailing slash, before routing.
///
/// No redirect: one would lose the body of a POST.
#[must_use]
pub fn canonical(mut request: Request) -> Request {
    let path = request.uri().path();
    if let Some(path) = canonical_path(path) {
        let rewritten = match request.uri().query() {
            Some(query) => format!("{path}?{query}"),
            None => path.into_owned(),
        };
        if let Ok(uri) = rewritten.parse::<Uri>() {
            *request.uri_mut() = uri;
        }
    }
    request
}

fn canonical_path(path: &str) -> Option<Cow<'_, str>> {
    let rest = path.strip_prefix("/api")?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let rest = match rest.strip_prefix("/v1") {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => rest,
        _ => rest,
    };
    // Files of the documentation page have an extension and no trailing slash.
    let is_file = rest.starts_with("/docs/") && rest.rsplit('/').next()?.contains('.');
    let slash = if rest.ends_with('/') || is_file {
        ""
    } else {
        "/"
    };
    Some(Cow::Owned(format!("/api{rest}{slash}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_means_the_same() {
        for (given, meant) in [
            ("/api/events", "/api/events/"),
            ("/api/events/", "/api/events/"),
            ("/api/v1/events", "/api/events/"),
            ("/api/v1", "/api/"),
            ("/api", "/api/"),
            ("/api/v1x", "/api/v1x/"),
            ("/api/docs/swagger-ui.css", "/api/docs/swagger-ui.css"),
        ] {
            assert_eq!(canonical_path(given).as_deref(), Some(meant), "{given}");
        }
        assert_eq!(canonical_path("/apis"), None);
        assert_eq!(canonical_path("/alerts"), None);
    }
}
