//! Sessions: a browser's sign-in, and what is signed in now.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::AppendHeaders;
use axum::{Extension, Json as Reply};
use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

use super::tokens::SignIn;
use crate::app::App;
use crate::http::{
    Actor, BaseUrl, Caller, Count, Here, Json, List, Params, PathId, Problem, clear_session_cookie,
    set_session_cookie,
};
use crate::identity::same_origin::check_sign_in;
use crate::identity::{self, OpenSession, Profile};

type Cookie = AppendHeaders<[(HeaderName, HeaderValue); 1]>;

/// Signs a browser in: the session's cookie is set, `HttpOnly` and `SameSite=Strict`.
///
/// With the cookie, changes need `X-Watchpost: 1` and must come from a page of this server.
#[utoipa::path(
    post,
    path = "/api/auth/session/",
    tag = "auth",
    request_body = SignIn,
    responses(
        (status = 200, description = "Signed in: the account, with `Set-Cookie`", body = Profile),
        (status = 403, description = "Another site asked for it"),
    ),
)]
pub async fn session_begin(
    State(app): State<App>,
    caller: Caller,
    base: Option<Extension<BaseUrl>>,
    headers: HeaderMap,
    json: Json<SignIn>,
) -> Result<(Cookie, Reply<Profile>), Problem> {
    check_sign_in(&headers, base.as_deref())?;
    let SignIn { username, password } = json.value;
    let origin = &caller.origin;
    let begun = identity::sign_in_browser(&app, origin, &headers, &username, &password).await?;
    let cookie = set_session_cookie(&caller.origin, begun.cookie.expose());
    let caller = Caller {
        actor: Actor::User {
            id: begun.user.id,
            username: Arc::from(begun.user.username),
            role: begun.user.role,
            session: begun.session,
        },
        origin: caller.origin,
    };
    let profile = identity::profile(&app, &caller).await?;
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Reply(profile)))
}

/// Signs this browser out and clears its cookie; a caller with tokens has none and keeps them.
#[utoipa::path(
    delete,
    path = "/api/auth/session/",
    tag = "auth",
    responses((status = 204, description = "Signed out, with `Set-Cookie`")),
)]
pub async fn session_end(
    State(app): State<App>,
    caller: Caller,
) -> Result<(StatusCode, Cookie), Problem> {
    identity::sign_out_browser(&app, &caller).await?;
    let cookie = clear_session_cookie(&caller.origin);
    let headers = AppendHeaders([(SET_COOKIE, cookie)]);
    Ok((StatusCode::NO_CONTENT, headers))
}

/// Lists the caller's own sessions that count now, last begun first: at most 200, on one page.
#[utoipa::path(
    get,
    path = "/api/me/sessions/",
    tag = "me",
    responses(
        (status = 200, description = "The sessions", body = List<OpenSession>),
        (status = 400, description = "An unknown parameter: there are none"),
    ),
)]
pub async fn own_sessions(
    State(app): State<App>,
    caller: Caller,
    here: Here,
    params: Params,
) -> Result<Reply<List<OpenSession>>, Problem> {
    params.finish()?;
    let sessions = identity::own_sessions(&app, &caller).await?;
    Ok(Reply(whole(&here, sessions)))
}

/// Ends one of the caller's own sessions.
#[utoipa::path(
    delete,
    path = "/api/me/sessions/{id}/",
    tag = "me",
    params(("id" = String, Path, description = "The session's id")),
    responses(
        (status = 204, description = "Ended"),
        (status = 404, description = "The caller has no such session that counts"),
    ),
)]
pub async fn end_own_session(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    identity::end_own_session(&app, &caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists a user's sessions that count now, last begun first: at most 200, on one page.
#[utoipa::path(
    get,
    path = "/api/users/{id}/sessions/",
    tag = "users",
    params(("id" = i64, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The sessions", body = List<OpenSession>),
        (status = 404, description = "There is no such user"),
    ),
)]
pub async fn user_sessions(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    here: Here,
    params: Params,
) -> Result<Reply<List<OpenSession>>, Problem> {
    params.finish()?;
    let sessions = identity::user_sessions(&app, &caller, id).await?;
    Ok(Reply(whole(&here, sessions)))
}

/// Ends every session of a user.
#[utoipa::path(
    delete,
    path = "/api/users/{id}/sessions/",
    tag = "users",
    params(("id" = i64, Path, description = "The user's id")),
    responses(
        (status = 204, description = "Ended, or there were none"),
        (status = 404, description = "There is no such user"),
    ),
)]
pub async fn end_user_sessions(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    identity::end_user_sessions(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn whole(here: &Here, sessions: Vec<OpenSession>) -> List<OpenSession> {
    let count = i64::try_from(sessions.len()).unwrap_or(i64::MAX);
    List::new(here, sessions, Count::exactly(count), None, None)
}
