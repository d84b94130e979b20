//! The pages' style, scripts and pictures, served from the binary.
//!
//! Their addresses hold a hash of them all, so that browsers keep them for good and an upgrade is
//! seen at once.

use std::io::Write as _;
use std::sync::LazyLock;

use askama::filters::Safe;
use axum::extract::Path;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use sha2::{Digest as _, Sha256};

use crate::http::{Problem, header_text};

macro_rules! style {
    ($($name:literal),+ $(,)?) => {
        concat!($(include_str!(concat!("../../assets/dashboard/css/", $name, ".css"))),+)
    };
}

/// One stylesheet, written in parts.
const STYLE: &str = style!(
    "tokens", "base", "shell", "parts", "sign_in", "overview", "alerts", "alert", "events",
    "admin",
);

macro_rules! script {
    ($name:literal) => {
        (
            concat!($name, ".js"),
            "text/javascript; charset=utf-8",
            include_str!(concat!("../../assets/dashboard/js/", $name, ".js")),
        )
    };
}

const FILES: &[(&str, &str, &str)] = &[
    ("watchpost.css", "text/css; charset=utf-8", STYLE),
    (
        "icons.svg",
        "image/svg+xml",
        include_str!("../../assets/dashboard/icons.svg"),
    ),
    script!("page"),
    script!("live"),
    script!("shell"),
    script!("overview"),
    script!("alerts"),
    script!("alert"),
    script!("events"),
    script!("admin"),
];

struct File {
    name: &'static str,
    kind: &'static str,
    plain: &'static str,
    gzip: Bytes,
}

struct Assets {
    version: String,
    /// Where they are: `/assets/<version>`.
    base: String,
    files: Vec<File>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for (name, _, content) in FILES {
        hash.update(name);
        hash.update(content);
    }
    let version = base::hex(hash.finalize().get(..6).unwrap_or_default());
    Assets {
        base: format!("/assets/{version}"),
        version,
        files: FILES
            .iter()
            .map(|&(name, kind, plain)| File {
                name,
                kind,
                plain,
                gzip: gzip(plain.as_bytes()),
            })
            .collect(),
    }
});

/// Compressed; empty when that fails, which memory alone cannot make it.
fn gzip(content: &[u8]) -> Bytes {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    let written = encoder.write_all(content);
    written
        .and_then(|()| encoder.finish())
        .map(Bytes::from)
        .unwrap_or_default()
}

/// Where the files are, without a slash at the end.
pub(super) fn base() -> &'static str {
    &ASSETS.base
}

/// A picture of the sprite as an element hidden from screen readers.
pub(super) fn icon(name: &str) -> Safe<String> {
    Safe(format!(
        "<svg class=\"icon\" aria-hidden=\"true\" focusable=\"false\">\
         <use href=\"{}/icons.svg#{name}\"/></svg>",
        ASSETS.base
    ))
}

/// Serves one of them; an address of another version is answered with what there is now.
pub(super) async fn file(
    Path((version, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let file = ASSETS
        .files
        .iter()
        .find(|file| file.name == name)
        .ok_or_else(|| Problem::not_found("no such file"))?;
    let accepts_gzip =
        header_text(&headers, header::ACCEPT_ENCODING).is_some_and(|value| value.contains("gzip"));
    let packed = accepts_gzip && !file.gzip.is_empty();
    let mut response = if packed {
        file.gzip.clone().into_response()
    } else {
        file.plain.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if packed {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let keep = if version == ASSETS.version {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    Ok(response)
}
