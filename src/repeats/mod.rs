//! Repeated requests: the same `Idempotency-Key` and body get the first answer again.
//!
//! The answer is kept in the transaction that creates the thing, sealed (it may hold a password
//! or key shown once), for 48 hours.

mod sql;

use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use base::Timestamp;
use http::request::Parts;
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use store::{StoreError, Tx};

use crate::http::{Caller, Problem};
use crate::secrets::Secrets;

/// How long an answer is kept.
pub const KEPT: Duration = Duration::from_hours(48);
/// Longest key, in bytes.
const KEY_MAX: usize = 255;

/// The `Idempotency-Key` of a request, if it carries one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepeatKey(Option<String>);

/// One request that may come again: whose, which key, which body.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Repeat {
    scope: String,
    key: String,
    body_hash: [u8; 32],
}

/// An answer that can be kept and given again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The `Location`, if there is one.
    pub location: Option<String>,
    /// The JSON body.
    pub body: String,
}

/// Why a repeated request is not answered.
#[derive(Debug, thiserror::Error)]
pub enum RepeatError {
    /// The key was used with another body.
    #[error("this Idempotency-Key was used with another body")]
    OtherBody,
    /// The first request with this key is still under way.
    #[error("the first request with this Idempotency-Key is still being answered")]
    UnderWay,
    /// The kept answer cannot be opened, or the new one not written.
    #[error("the kept answer cannot be used: {0}")]
    Unusable(String),
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<RepeatError> for Problem {
    fn from(error: RepeatError) -> Self {
        match error {
            RepeatError::OtherBody | RepeatError::UnderWay => Self::conflict(error.to_string()),
            RepeatError::Unusable(cause) => Self::internal(cause),
            RepeatError::Store(error) => error.into(),
        }
    }
}

impl RepeatKey {
    /// Binds the key to its caller, route and body; `None` when the request carries no key.
    #[must_use]
    pub fn bind(self, caller: &Caller, route: &str, body_hash: [u8; 32]) -> Option<Repeat> {
        self.bind_with(caller, route, || body_hash)
    }

    /// The same, hashing the body only when there is a key.
    #[must_use]
    pub fn bind_with(
        self,
        caller: &Caller,
        route: &str,
        body_hash: impl FnOnce() -> [u8; 32],
    ) -> Option<Repeat> {
        let actor = &caller.actor;
        self.0.map(|key| Repeat {
            scope: format!("{}:{} {route}", actor.kind(), actor.id().unwrap_or(0)),
            key,
            body_hash: body_hash(),
        })
    }
}

impl<S: Sync> FromRequestParts<S> for RepeatKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get("idempotency-key") else {
            return Ok(Self(None));
        };
        let text = value.to_str().unwrap_or_default();
        if text.is_empty() || text.len() > KEY_MAX || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(Problem::field(
                "Idempotency-Key",
                "must be 1 to 255 visible ASCII characters",
            ));
        }
        Ok(Self(Some(text.to_owned())))
    }
}

impl Repeat {
    /// Whether both stand for the same request, whatever its body.
    #[must_use]
    pub fn is_same_request(&self, other: &Self) -> bool {
        self.scope == other.scope && self.key == other.key
    }
}

impl Answer {
    /// 201 with a JSON body and its address.
    ///
    /// # Errors
    /// [`RepeatError::Unusable`] when the value has no JSON form.
    pub fn created<T: Serialize>(location: String, value: &T) -> Result<Self, RepeatError> {
        let body = serde_json::to_string(value)
            .map_err(|error| RepeatError::Unusable(error.to_string()))?;
        Ok(Self {
            status: 201,
            location: Some(location),
            body,
        })
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::OK);
        let mut response = (status, self.body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        );
        if let Some(location) = self
            .location
            .and_then(|text| HeaderValue::from_str(&text).ok())
        {
            headers.insert(header::LOCATION, location);
        }
        response
    }
}

/// Finds the answer given before to this request.
///
/// # Errors
/// [`RepeatError::OtherBody`] when the key stands for another body.
pub fn find(
    tx: &mut Tx<'_>,
    secrets: &Secrets,
    repeat: &Repeat,
    now: Timestamp,
) -> Result<Option<Answer>, RepeatError> {
    let Some(kept) = sql::find(tx, &repeat.scope, &repeat.key, now.minus(KEPT))? else {
        return Ok(None);
    };
    if kept.body_hash != repeat.body_hash {
        return Err(RepeatError::OtherBody);
    }
    let unusable = |error: &dyn std::fmt::Display| RepeatError::Unusable(error.to_string());
    let plain = secrets
        .open(&kept.answer)
        .map_err(|error| unusable(&error))?;
    serde_json::from_slice(&plain)
        .map(Some)
        .map_err(|error| unusable(&error))
}

/// Keeps an answer in the transaction that made it.
///
/// # Errors
/// [`RepeatError::UnderWay`] when another request with this key got there first.
pub fn keep(
    tx: &mut Tx<'_>,
    secrets: &Secrets,
    repeat: &Repeat,
    answer: &Answer,
    now: Timestamp,
) -> Result<(), RepeatError> {
    let unusable = |error: &dyn std::fmt::Display| RepeatError::Unusable(error.to_string());
    let plain = serde_json::to_vec(answer).map_err(|error| unusable(&error))?;
    let sealed = secrets.seal(&plain).map_err(|error| unusable(&error))?;
    let kept = sql::keep(
        tx,
        &repeat.scope,
        &repeat.key,
        &repeat.body_hash,
        &sealed,
        now,
        now.minus(KEPT),
    )?;
    if kept {
        Ok(())
    } else {
        Err(RepeatError::UnderWay)
    }
}

/// Answers a request that creates something: as before when it is a repetition, else by `create`,
/// whose answer is kept. All in the caller's transaction.
///
/// # Errors
/// [`RepeatError`], or whatever `create` returns.
pub fn once<E: From<RepeatError>>(
    tx: &mut Tx<'_>,
    secrets: &Secrets,
    repeat: Option<&Repeat>,
    now: Timestamp,
    create: impl FnOnce(&mut Tx<'_>) -> Result<Answer, E>,
) -> Result<Answer, E> {
    let Some(repeat) = repeat else {
        return create(tx);
    };
    if let Some(answer) = find(tx, secrets, repeat, now)? {
        return Ok(answer);
    }
    let answer = create(tx)?;
    keep(tx, secrets, repeat, &answer, now)?;
    Ok(answer)
}

/// Forgets answers older than 48 hours; returns how many.
///
/// # Errors
/// The database's fault.
pub fn forget_old(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64, StoreError> {
    sql::forget(tx, now.minus(KEPT))
}
