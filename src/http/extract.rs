//! Extractors that answer mistakes with problems: JSON bodies, ids in paths, `If-Match`
//! with the `ETag` it goes by.

use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::response::{IntoResponse as _, Response};
use http::header;
use http::request::Parts;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::{BodyLimits, BodyRoom, FieldErrors, MediaType, Problem, read_body};

/// Largest JSON body outside of ingestion: 1 MiB.
const JSON_MAX: usize = 1024 * 1024;

/// A JSON body of a known shape; unknown fields are refused by name when the type says so.
#[derive(Clone, Debug)]
pub struct Json<T> {
    /// What it says.
    pub value: T,
    /// SHA-256 of its bytes, by which a repeated request is known.
    pub digest: [u8; 32],
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let limits = BodyLimits {
            compressed: JSON_MAX,
            decompressed: JSON_MAX,
        };
        let body = read_body(&parts.headers, body, limits, BodyRoom::default()).await?;
        if body.media != MediaType::Json {
            return Err(Problem::media_type("send Content-Type: application/json"));
        }
        let digest = Sha256::digest(&body.bytes).into();
        Ok(Self {
            value: parse_json(&body.bytes)?,
            digest,
        })
    }
}

/// Reads JSON and names the field that is wrong.
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        json_problem(&path, error.inner())
    })?;
    reader.end().map_err(|error| json_problem(".", &error))?;
    Ok(value)
}

fn json_problem(path: &str, error: &serde_json::Error) -> Problem {
    use serde_json::error::Category;
    if !matches!(error.classify(), Category::Data) {
        return Problem::malformed(format!("not JSON: {error}"));
    }
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    let named = what.split('`').nth(1);
    let (field, what) = match (what.split(' ').next(), named) {
        (Some("missing"), Some(name)) => (join(path, name), "required".to_owned()),
        (Some("unknown"), Some(name)) if what.starts_with("unknown field") => {
            let allowed = what.split(", expected ").nth(1).unwrap_or("none");
            let allowed = allowed.trim_start_matches("one of ");
            (
                last(path, name),
                format!("unknown field; allowed: {}", allowed.replace('`', "")),
            )
        }
        (Some("duplicate"), Some(name)) => (join(path, name), "given twice".to_owned()),
        _ => (
            if path == "." {
                "body".to_owned()
            } else {
                path.to_owned()
            },
            what.to_owned(),
        ),
    };
    Problem::validation(FieldErrors::from([(field, vec![what])]))
}

fn join(path: &str, name: &str) -> String {
    if path == "." || path == name || path.ends_with(&format!(".{name}")) {
        last(path, name)
    } else {
        format!("{path}.{name}")
    }
}

fn last(path: &str, name: &str) -> String {
    if path == "." {
        name.to_owned()
    } else {
        path.to_owned()
    }
}

/// The id in a path such as `/api/alerts/{id}/`; anything but a positive integer is a 404.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PathId(pub i64);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let id = Path::<String>::from_request_parts(parts, state).await.ok();
        id.and_then(|id| id.parse::<i64>().ok())
            .filter(|id| *id > 0)
            .map(Self)
            .ok_or_else(|| Problem::not_found("an id is a positive whole number"))
    }
}

/// The version a change is meant for, from `If-Match`; absent or `*` is any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IfMatch(pub Option<i64>);

impl IfMatch {
    /// Whether a change to this version may go on.
    ///
    /// # Errors
    /// 412 naming the current version.
    pub fn check(self, version: i64) -> Result<(), Problem> {
        match self.0 {
            Some(wanted) if wanted != version => Err(Problem::stale(version)),
            _ => Ok(()),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(header::IF_MATCH) else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or_default().trim();
        if text == "*" {
            return Ok(Self(None));
        }
        let bare = text.trim_start_matches("W/").trim_matches('"');
        bare.parse()
            .map(|version| Self(Some(version)))
            .map_err(|_| {
                Problem::malformed("If-Match takes the resource's `version`, such as \"3\", or *")
            })
    }
}

/// An answer with its version as `ETag`, which [`IfMatch`] reads again.
pub fn with_etag(value: &impl Serialize, version: i64) -> Response {
    let tag = [(header::ETAG, format!("\"{version}\""))];
    (tag, axum::Json(value)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Shape {
        name: String,
        inner: Option<Inner>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        size: u8,
    }

    fn errors(text: &str) -> Vec<(String, String)> {
        let problem = parse_json::<Shape>(text.as_bytes()).unwrap_err();
        assert_eq!(problem.status(), 400);
        problem
            .errors()
            .iter()
            .map(|(field, what)| (field.clone(), what.join(" ")))
            .collect()
    }

    #[test]
    fn the_wrong_field_is_named() {
        let pair = |field: &str, what: &str| vec![(field.to_owned(), what.to_owned())];
        assert_eq!(errors("{}"), pair("name", "required"));
        assert_eq!(
            errors(r#"{"name":"a","x":1}"#),
            pair("x", "unknown field; allowed: name or inner")
        );
        assert_eq!(
            errors(r#"{"name":"a","name":"b"}"#),
            pair("name", "given twice")
        );
        assert_eq!(
            errors(r#"{"name":"a","inner":{}}"#),
            pair("inner.size", "required")
        );
        assert_eq!(errors(r#"{"name":1}"#)[0].0, "name");
        assert_eq!(errors("[]")[0].0, "body");
        assert!(
            errors("{").is_empty(),
            "no field is at fault when it is not JSON"
        );
    }
}
