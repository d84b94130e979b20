//! The caller's own account.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use axum::Json as Reply;
use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;

use crate::app::App;
use crate::credentials::Secret;
use crate::http::{Caller, IfMatch, Json, Problem};
use crate::identity::model::ProfileChange;
use crate::identity::{self, Profile};

/// The password now and the one to come.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordChange {
    /// The password that works now.
    #[schema(value_type = String, example = "plum-orbit-cello-93")]
    current_password: Secret,
    /// The new one: at least 8 characters and none of the common ones.
    #[schema(value_type = String, example = "slate-violin-harbor-28")]
    new_password: Secret,
}

/// Shows the caller's own account, and what it may do.
#[utoipa::path(
    get,
    path = "/api/me/",
    tag = "me",
    responses((status = 200, description = "The account", body = Profile)),
)]
pub async fn me(State(app): State<App>, caller: Caller) -> Result<Reply<Profile>, Problem> {
    Ok(Reply(identity::profile(&app, &caller).await?))
}

/// Changes the caller's own address or preferences.
#[utoipa::path(
    patch,
    path = "/api/me/",
    tag = "me",
    params(("If-Match" = Option<String>, Header, description = "The `version` the change is meant for")),
    request_body(content = ProfileChange, example = json!({"email": "mara@example.org", "preferences": {"theme": "dark"}})),
    responses(
        (status = 200, description = "The account", body = Profile),
        (status = 412, description = "It was changed meanwhile"),
    ),
)]
pub async fn change_me(
    State(app): State<App>,
    caller: Caller,
    IfMatch(version): IfMatch,
    json: Json<ProfileChange>,
) -> Result<Reply<Profile>, Problem> {
    let profile = identity::change_me(&app, &caller, json.value, version).await?;
    Ok(Reply(profile))
}

/// Changes the caller's own password and ends their other sessions.
#[utoipa::path(
    post,
    path = "/api/me/password/",
    tag = "me",
    request_body = PasswordChange,
    responses((status = 204, description = "Changed")),
)]
pub async fn change_password(
    State(app): State<App>,
    caller: Caller,
    json: Json<PasswordChange>,
) -> Result<StatusCode, Problem> {
    let PasswordChange {
        current_password,
        new_password,
    } = json.value;
    identity::change_own_password(&app, &caller, &current_password, &new_password).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends every session of the caller, the one in use too.
#[utoipa::path(
    post,
    path = "/api/me/sign-out-everywhere/",
    tag = "me",
    responses((status = 204, description = "Ended")),
)]
pub async fn sign_out_everywhere(
    State(app): State<App>,
    caller: Caller,
) -> Result<StatusCode, Problem> {
    identity::sign_out_everywhere(&app, &caller).await?;
    Ok(StatusCode::NO_CONTENT)
}
