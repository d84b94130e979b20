//! One spelling for each API path.

use std::borrow::Cow;

use axum::extract::Request;
use http::Uri;

use super::foreign_paths;

/// Rewrites `/api/v1/…` to `/api/…`, adds the trailing slash, leads the paths built into other
/// programs to ours, and takes an ingest key out of the address, before routing.
///
/// No redirect: one would lose the body of a POST.
#[must_use]
pub fn canonical(mut request: Request) -> Request {
    let (path, query) = (request.uri().path(), request.uri().query());
    let Some(path) = foreign_paths::built_in(request.method(), path, request.headers())
        .or_else(|| canonical_path(path))
    else {
        return request;
    };
    let taken = foreign_paths::take_token(&path, query);
    let rewritten = match &taken {
        Some((path, Some(query), _)) => format!("{path}?{query}"),
        Some((path, None, _)) => path.clone(),
        None => match query {
            Some(query) => format!("{path}?{query}"),
            None => path.into_owned(),
        },
    };
    if let Ok(uri) = rewritten.parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    if let Some((.., token)) = taken {
        request.extensions_mut().insert(token);
    }
    request
}

fn canonical_path(path: &str) -> Option<Cow<'static, str>> {
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
