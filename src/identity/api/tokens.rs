//! Tokens: sign in, refresh, verify, sign out, sign up.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use std::sync::Arc;

use axum::Json as Reply;
use axum::extract::State;
use http::StatusCode;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::credentials::Secret;
use crate::http::{Caller, Json, Problem};
use crate::identity::model::NewUser;
use crate::identity::users::{insert, prepare_sign_up};
use crate::identity::{self, IdentityError, Pair, User};
use crate::repeats::{self, Answer, RepeatKey};

/// Name and password.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// The user name, in any case.
    #[schema(example = "mara")]
    pub(super) username: String,
    /// The password.
    #[schema(value_type = String, example = "plum-orbit-cello-93")]
    pub(super) password: Secret,
}

/// A refresh token to be spent.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// The refresh token.
    #[schema(value_type = String, example = "3q2-7wF1cVZs8Rk0pXbYtLdQeNhUjMiGaKoSyTzWxCv")]
    refresh: Secret,
}

/// A token to be verified.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Verify {
    /// An access or refresh token.
    #[schema(value_type = String, example = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln")]
    token: Secret,
}

/// Which session ends.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignOut {
    /// The refresh token of the session; left out, the session of the access token.
    #[schema(value_type = Option<String>, example = "3q2-7wF1cVZs8Rk0pXbYtLdQeNhUjMiGaKoSyTzWxCv")]
    refresh: Option<Secret>,
}

/// A new account.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// 3 to 64 letters, digits and `. _ @ -`, unique without regard to case.
    #[schema(example = "mara")]
    username: String,
    /// Where its owner can be written to.
    #[schema(example = "mara@example.org")]
    email: Option<String>,
    /// At least 8 characters and none of the common ones.
    #[schema(value_type = String, example = "plum-orbit-cello-93")]
    password: Secret,
    /// Ignored: whoever signs up is an analyst.
    #[serde(rename = "role")]
    #[schema(value_type = Option<String>)]
    _role: Option<IgnoredAny>,
}

/// A pair of tokens; shown once, never logged.
#[derive(Serialize, utoipa::ToSchema)]
pub struct Tokens {
    /// Goes into `Authorization: Bearer`; counts for 15 minutes.
    #[schema(example = "eyJhbGciOiJIUzI1NiJ9.e30.c2ln")]
    access: String,
    /// Gets the next pair, once, within 7 days.
    #[schema(example = "3q2-7wF1cVZs8Rk0pXbYtLdQeNhUjMiGaKoSyTzWxCv")]
    refresh: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds the access token counts.
    #[schema(example = 900)]
    expires_in: u64,
    /// Whose they are.
    user: User,
}

/// Nothing: the token counts.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Valid {}

impl From<Pair> for Tokens {
    fn from(pair: Pair) -> Self {
        Self {
            access: pair.access.expose().to_owned(),
            refresh: pair.refresh.expose().to_owned(),
            token_type: "Bearer",
            expires_in: pair.expires_in,
            user: pair.user,
        }
    }
}

/// Signs in with user name and password.
#[utoipa::path(
    post,
    path = "/api/auth/token/",
    tag = "auth",
    request_body = SignIn,
    responses((status = 200, description = "Signed in", body = Tokens)),
)]
pub async fn token(
    State(app): State<App>,
    caller: Caller,
    json: Json<SignIn>,
) -> Result<Reply<Tokens>, Problem> {
    let SignIn { username, password } = json.value;
    let pair = identity::sign_in(&app, &caller.origin, &username, &password).await?;
    Ok(Reply(pair.into()))
}

/// Signs in with user name and password: the short address.
#[utoipa::path(
    post,
    path = "/api/token/",
    tag = "auth",
    request_body = SignIn,
    responses((status = 200, description = "Signed in", body = Tokens)),
)]
pub async fn token_short(
    app: State<App>,
    caller: Caller,
    json: Json<SignIn>,
) -> Result<Reply<Tokens>, Problem> {
    token(app, caller, json).await
}

/// Spends a refresh token for a new pair; using one twice ends the whole session.
#[utoipa::path(
    post,
    path = "/api/auth/token/refresh/",
    tag = "auth",
    request_body = Refresh,
    responses((status = 200, description = "A new pair", body = Tokens)),
)]
pub async fn token_refresh(
    State(app): State<App>,
    caller: Caller,
    json: Json<Refresh>,
) -> Result<Reply<Tokens>, Problem> {
    let pair = identity::refresh(&app, &caller.origin, &json.value.refresh).await?;
    Ok(Reply(pair.into()))
}

/// Spends a refresh token for a new pair: the short address.
#[utoipa::path(
    post,
    path = "/api/token/refresh/",
    tag = "auth",
    request_body = Refresh,
    responses((status = 200, description = "A new pair", body = Tokens)),
)]
pub async fn token_refresh_short(
    app: State<App>,
    caller: Caller,
    json: Json<Refresh>,
) -> Result<Reply<Tokens>, Problem> {
    token_refresh(app, caller, json).await
}

/// Says whether a token counts now: 200, or 401.
#[utoipa::path(
    post,
    path = "/api/auth/token/verify/",
    tag = "auth",
    request_body = Verify,
    responses((status = 200, description = "It counts", body = Valid)),
)]
pub async fn token_verify(
    State(app): State<App>,
    json: Json<Verify>,
) -> Result<Reply<Valid>, Problem> {
    identity::verify_token(&app, &json.value.token).await?;
    Ok(Reply(Valid {}))
}

/// Says whether a token counts now: the short address.
#[utoipa::path(
    post,
    path = "/api/token/verify/",
    tag = "auth",
    request_body = Verify,
    responses((status = 200, description = "It counts", body = Valid)),
)]
pub async fn token_verify_short(
    app: State<App>,
    json: Json<Verify>,
) -> Result<Reply<Valid>, Problem> {
    token_verify(app, json).await
}

/// Ends the session of the given refresh token; without one, the session in use.
#[utoipa::path(
    post,
    path = "/api/auth/logout/",
    tag = "auth",
    request_body = SignOut,
    responses((status = 204, description = "Ended, or there was nothing to end")),
)]
pub async fn logout(
    State(app): State<App>,
    caller: Caller,
    json: Json<SignOut>,
) -> Result<StatusCode, Problem> {
    identity::sign_out(&app, &caller, json.value.refresh.as_ref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes an analyst's account, where sign-up is open.
#[utoipa::path(
    post,
    path = "/api/auth/signup/",
    tag = "auth",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating key and body gives the first answer again, for 48 hours")),
    request_body = SignUp,
    responses(
        (status = 201, description = "The account, always an analyst's", body = User),
        (status = 403, description = "Sign-up is closed on this server"),
        (status = 409, description = "The Idempotency-Key was used with another body"),
    ),
)]
pub async fn signup(
    State(app): State<App>,
    caller: Caller,
    repeat: RepeatKey,
    json: Json<SignUp>,
) -> Result<Answer, Problem> {
    let repeat = repeat.bind(&caller, "/api/auth/signup/", json.digest);
    let SignUp {
        username,
        email,
        password,
        ..
    } = json.value;
    let new = NewUser {
        username,
        email,
        password: Some(password),
        role: None,
    };
    let prepared = prepare_sign_up(&app, new).await?;
    let now = app.clock.now();
    let secrets = Arc::clone(&app.secrets);
    let answer = app
        .store
        .write(move |tx| {
            repeats::once(tx, &secrets, repeat.as_ref(), now, |tx| {
                let user = insert(tx, &caller, now, "sign_up", &prepared)?;
                Ok::<_, IdentityError>(Answer::created("/api/me/".to_owned(), &user)?)
            })
        })
        .await?;
    Ok(answer)
}
