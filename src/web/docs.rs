//! The OpenAPI document and Swagger UI, both from the binary.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use std::sync::{Arc, OnceLock};

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use http::{HeaderMap, HeaderValue, header};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, serve};

use crate::http::{Problem, header_text};

/// Swagger UI styles elements as it draws them, and its icons are data addresses; scripts come
/// from our own files alone.
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' \
    'unsafe-inline'; img-src 'self' data:; connect-src 'self'; font-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The OpenAPI document of this API; YAML when `Accept` asks for it.
#[utoipa::path(
    get,
    path = "/api/schema/",
    tag = "operations",
    responses((status = 200, description = "OpenAPI 3.1", content((Object = "application/json"), (String = "application/yaml")))),
)]
pub async fn schema(
    State(document): State<Arc<OnceLock<OpenApi>>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let document = document
        .get()
        .ok_or_else(|| Problem::unavailable("still starting"))?;
    let accept = header_text(&headers, header::ACCEPT).unwrap_or_default();
    let (kind, text) = if accept.contains("yaml") {
        (
            "application/yaml",
            document.to_yaml().map_err(Problem::internal)?,
        )
    } else {
        (
            "application/json",
            document.to_json().map_err(Problem::internal)?,
        )
    };
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}

/// Swagger UI's page.
pub async fn docs() -> Result<Response, Problem> {
    file("index.html")
}

/// Swagger UI's files.
pub async fn docs_file(Path(name): Path<String>) -> Result<Response, Problem> {
    if name == "index.html" {
        return Ok(Redirect::permanent("/api/docs/").into_response());
    }
    file(&name)
}

fn file(name: &str) -> Result<Response, Problem> {
    let config = Arc::new(Config::from("/api/schema/").try_it_out_enabled(true));
    let found = serve(name, config)
        .map_err(Problem::internal)?
        .ok_or_else(|| Problem::not_found("no such file of the documentation"))?;
    let mut response = found.bytes.into_owned().into_response();
    let headers = response.headers_mut();
    if let Ok(kind) = HeaderValue::from_str(&found.content_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(DOCS_POLICY),
    );
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("max-age=3600"),
    );
    Ok(response)
}
