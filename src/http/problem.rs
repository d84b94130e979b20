//! Errors as RFC 9457 problem documents.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use store::StoreError;

/// What is wrong with each field, and what is allowed.
pub type FieldErrors = BTreeMap<String, Vec<String>>;

/// Longest name of a field in a refusal, in characters.
const FIELD_MAX: usize = 200;
/// Longest text about a record in a refusal, in characters.
const REASON_MAX: usize = 300;
/// Longest text about a field of a request, in characters: some list what is allowed.
const DETAIL_MAX: usize = 1_000;

/// What is wrong with one field of a record, at most 300 characters: parsers quote what they could
/// not read, and records are long and many.
#[must_use]
pub fn refusal(field: &str, what: impl Into<String>) -> FieldErrors {
    let field = brief(field.to_owned(), FIELD_MAX);
    FieldErrors::from([(field, vec![brief(what.into(), REASON_MAX)])])
}

/// A text, its end replaced by `…` beyond so many characters.
fn brief(mut text: String, max: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(max) {
        text.truncate(end);
        text.push('…');
        text.shrink_to_fit();
    }
    text
}

/// An error on its way to the client; [`super::finish`] writes it with path and request id.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

/// Boxed, because every handler's result is as large as its error.
#[derive(Clone, Debug)]
pub(super) struct Details {
    pub(super) status: StatusCode,
    pub(super) kind: &'static str,
    pub(super) title: &'static str,
    pub(super) detail: Cow<'static, str>,
    pub(super) errors: FieldErrors,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log alone.
    pub(super) cause: Option<String>,
}

/// The document as clients read it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// Says which kind of problem it is; stable.
    #[serde(rename = "type")]
    #[schema(example = "/problems/validation")]
    pub kind: Cow<'a, str>,
    /// The kind in words; the same for each of its kind.
    #[schema(example = "Some values are not valid")]
    pub title: Cow<'a, str>,
    /// The HTTP status.
    #[schema(example = 400)]
    pub status: u16,
    /// What happened here and what to do.
    pub detail: Cow<'a, str>,
    /// The path that was asked for.
    #[schema(example = "/api/events/")]
    pub instance: Cow<'a, str>,
    /// The request's id, as in `X-Request-Id` and in the server's log.
    pub request_id: Cow<'a, str>,
    /// For each field what is wrong and what is allowed.
    #[serde(skip_serializing_if = "FieldErrors::is_empty")]
    #[schema(value_type = Option<std::collections::HashMap<String, Vec<String>>>)]
    pub errors: FieldErrors,
}

impl Problem {
    /// A problem of a kind: `kind` is the last part of its `type`.
    #[must_use]
    pub fn new(
        status: StatusCode,
        kind: &'static str,
        title: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Details {
            status,
            kind,
            title,
            detail: detail.into(),
            errors: FieldErrors::new(),
            headers: Vec::new(),
            cause: None,
        }))
    }

    /// 400: values that are not valid, named by field.
    #[must_use]
    pub fn validation(errors: FieldErrors) -> Self {
        let fields: Vec<&str> = errors.keys().map(String::as_str).collect();
        let detail = format!("not valid: {}", fields.join(", "));
        let mut problem = Self::new(
            StatusCode::BAD_REQUEST,
            "validation",
            "Some values are not valid",
            detail,
        );
        problem.0.errors = errors;
        problem
    }

    /// 400: one field that is not valid; at most 1,000 characters are said of it.
    #[must_use]
    pub fn field(name: impl Into<String>, what: impl Into<String>) -> Self {
        let (name, what) = (name.into(), what.into());
        let errors = [(brief(name, FIELD_MAX), vec![brief(what, DETAIL_MAX)])];
        Self::validation(FieldErrors::from(errors))
    }

    /// 400: a request that cannot be read at all.
    #[must_use]
    pub fn malformed(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "malformed",
            "The request cannot be read",
            detail,
        )
    }

    /// 401: no credentials, or none that count.
    #[must_use]
    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "unauthorized",
            "Sign in first",
            "send `Authorization: Bearer` with a valid access token or ingest key",
        )
        .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"watchpost\"")
    }

    /// 403: known, and not allowed.
    #[must_use]
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "forbidden",
            "You may not do this",
            detail,
        )
    }

    /// 404: nothing there, named by what was looked for.
    #[must_use]
    pub fn not_found(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "not-found",
            "There is nothing here",
            detail,
        )
    }

    /// 409: the state does not allow it.
    #[must_use]
    pub fn conflict(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::CONFLICT,
            "conflict",
            "The current state does not allow this",
            detail,
        )
    }

    /// The same with what is wrong by field.
    #[must_use]
    pub fn with_errors(mut self, errors: FieldErrors) -> Self {
        self.0.errors = errors;
        self
    }

    /// 412: somebody else changed it meanwhile.
    #[must_use]
    pub fn stale(version: i64) -> Self {
        Self::new(
            StatusCode::PRECONDITION_FAILED,
            "stale",
            "It was changed meanwhile",
            format!("its version is {version}: read it again, then repeat the change"),
        )
    }

    /// 413: too much.
    #[must_use]
    pub fn too_large(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too-large",
            "The body is too large",
            detail,
        )
    }

    /// 415: a kind of body this route does not read.
    #[must_use]
    pub fn media_type(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            "This kind of body is not read here",
            detail,
        )
    }

    /// 429: too often; `seconds` until the next attempt can succeed.
    #[must_use]
    pub fn too_many(detail: impl Into<Cow<'static, str>>, seconds: u64) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "rate-limit",
            "Too many requests",
            detail,
        )
        .with_retry_after(seconds)
    }

    /// 503: not now; nothing was stored.
    #[must_use]
    pub fn unavailable(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "unavailable",
            "Not available now",
            detail,
        )
        .with_retry_after(2)
    }

    /// 500: a defect of ours; the cause goes to the log alone.
    #[must_use]
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "The server failed",
            "this is a defect of the server; its log names the cause under this request id",
        )
        .with_cause(cause)
    }

    /// Adds a response header; a value that is no header text is left out.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: impl AsRef<str>) -> Self {
        if let Ok(value) = HeaderValue::from_str(value.as_ref()) {
            self.0.headers.push((name, value));
        }
        self
    }

    /// Adds `Retry-After`, at least one second.
    #[must_use]
    pub fn with_retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, seconds.max(1).to_string())
    }

    /// Adds what only the log may say.
    #[must_use]
    pub fn with_cause(mut self, cause: impl std::fmt::Display) -> Self {
        self.0.cause = Some(cause.to_string());
        self
    }

    /// The status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What kind of thing went wrong, as a title.
    #[must_use]
    pub fn title(&self) -> &'static str {
        self.0.title
    }

    /// What happened and what to do.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Why, for the log alone.
    pub(crate) fn cause(&self) -> Option<&str> {
        self.0.cause.as_deref()
    }

    /// The errors by field.
    #[must_use]
    pub fn errors(&self) -> &FieldErrors {
        &self.0.errors
    }

    pub(super) fn body<'a>(&'a self, instance: &'a str, request_id: &'a str) -> ProblemBody<'a> {
        ProblemBody {
            kind: Cow::Owned(format!("/problems/{}", self.0.kind)),
            title: Cow::Borrowed(self.0.title),
            status: self.0.status.as_u16(),
            detail: Cow::Borrowed(&self.0.detail),
            instance: Cow::Borrowed(instance),
            request_id: Cow::Borrowed(request_id),
            errors: self.0.errors.clone(),
        }
    }

    pub(super) fn details(&self) -> &Details {
        &self.0
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::unavailable("too much is waiting; nothing was stored"),
            StoreError::Full => {
                Self::unavailable("the disk is full; nothing was stored").with_cause(error)
            }
            StoreError::Unavailable(_) => Self::unavailable(
                "the database is not available; repeat with an Idempotency-Key to store it once",
            )
            .with_cause(error),
            StoreError::RolledBack(_) => Self::unavailable(
                "another change stood in the way; nothing was stored: send it again",
            )
            .with_cause(error),
            StoreError::Constraint(_) | StoreError::Statement(_) | StoreError::Shape(_) => {
                Self::internal(error)
            }
        }
    }
}

impl IntoResponse for Problem {
    /// Status and headers; the body is written by [`super::finish`], which knows the path.
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response
            .headers_mut()
            .extend(self.0.headers.iter().cloned());
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_parser_quotes_is_not_said_whole() {
        let long = "é".repeat(1 << 20);
        let errors = refusal(&long, long.clone());
        let (field, what) = errors.first_key_value().unwrap();
        assert_eq!((field.chars().count(), what[0].chars().count()), (201, 301));
        assert!(what[0].ends_with("é…"));
        let problem = Problem::field("body", long);
        let told = &problem.details().errors["body"][0];
        assert_eq!(told.chars().count(), 1_001);
        let short = FieldErrors::from([("a".to_owned(), vec!["b".to_owned()])]);
        assert_eq!(refusal("a", "b"), short);
    }
}
