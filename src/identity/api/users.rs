//! Users, for administrators.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use std::sync::Arc;

use axum::Json as Reply;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::credentials::Secret;
use crate::http::{
    Caller, Count, Here, IfMatch, Json, List, PageQuery, PageRequest, Params, PathId, Problem, Role,
};
use crate::identity::users::{Prepared, Weak, insert, prepare};
use crate::identity::{self, IdentityError, ListedUser, NewUser, User, UserChange, UserFilter};
use crate::repeats::{self, Answer, Repeat, RepeatKey};

/// A user that was made; the password only when it was generated.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CreatedUser {
    /// The user.
    #[serde(flatten)]
    user: User,
    /// The generated password: shown this once.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "k3vwq8m2ht7xzc5nbp4r")]
    password: Option<String>,
}

/// A password to be set; generated when left out.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PasswordReset {
    /// The password: at least 8 characters and none of the common ones.
    #[schema(value_type = Option<String>, example = "plum-orbit-cello-93")]
    password: Option<Secret>,
}

/// An analyst to be made; what is left out is generated.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewAnalyst {
    /// The user name.
    #[schema(example = "mara")]
    username: Option<String>,
    /// The password.
    #[schema(value_type = Option<String>, example = "plum-orbit-cello-93")]
    password: Option<Secret>,
    /// Where the analyst can be written to.
    #[schema(example = "mara@example.org")]
    email: Option<String>,
}

/// An analyst that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub struct CreatedAnalyst {
    /// The user's id.
    #[schema(example = 7)]
    id: i64,
    /// The user name.
    #[schema(example = "mara")]
    username: String,
    /// The password: shown this once.
    #[schema(example = "k3vwq8m2ht7xzc5nbp4r")]
    password: String,
    /// Always ANALYST.
    role: Role,
}

/// Lists users, newest first.
#[utoipa::path(
    get,
    path = "/api/users/",
    tag = "users",
    params(
        ("role" = Option<Role>, Query, description = "With this role"),
        ("enabled" = Option<bool>, Query, description = "Enabled, or disabled"),
        ("search" = Option<String>, Query, description = "With this in user name or address"),
        PageQuery,
    ),
    responses((status = 200, description = "A page of users", body = List<ListedUser>)),
)]
pub async fn list_users(
    State(app): State<App>,
    here: Here,
    mut params: Params,
) -> Result<Reply<List<ListedUser>>, Problem> {
    let filter = UserFilter {
        role: params.value("role"),
        enabled: params.flag("enabled"),
        search: params.text("search"),
    };
    let page = PageRequest::take(&mut params);
    params.finish()?;
    let wanted = page.rows_wanted();
    let (rows, count) = identity::list_users(&app, filter, page.cursor, wanted).await?;
    let count = Count::up_to_max(count);
    Ok(Reply(List::by_id(
        &here,
        &page,
        rows,
        count,
        None,
        |listed| listed.user.id,
    )))
}

/// Makes a user; without a password one is generated and shown once.
#[utoipa::path(
    post,
    path = "/api/users/",
    tag = "users",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating key and body gives the first answer again, for 48 hours")),
    request_body = NewUser,
    responses(
        (status = 201, description = "The user", body = CreatedUser),
        (status = 409, description = "The Idempotency-Key was used with another body"),
    ),
)]
pub async fn create_user(
    State(app): State<App>,
    caller: Caller,
    repeat: RepeatKey,
    json: Json<NewUser>,
) -> Result<Answer, Problem> {
    let repeat = repeat.bind(&caller, "/api/users/", json.digest);
    let prepared = prepare(&app, json.value, Weak::Refused).await?;
    let generated = prepared.generated.clone();
    store(app, caller, repeat, prepared, move |user| {
        let password = generated.map(|password| password.expose().to_owned());
        Answer::created(location(&user), &CreatedUser { user, password })
    })
    .await
}

/// Makes an analyst; what is left out is generated and shown once.
#[utoipa::path(
    post,
    path = "/api/dashboard/create-analyst/",
    tag = "users",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating key and body gives the first answer again, for 48 hours")),
    request_body = NewAnalyst,
    responses(
        (status = 201, description = "The analyst", body = CreatedAnalyst),
        (status = 409, description = "The Idempotency-Key was used with another body"),
    ),
)]
pub async fn create_analyst(
    State(app): State<App>,
    caller: Caller,
    repeat: RepeatKey,
    json: Json<NewAnalyst>,
) -> Result<Answer, Problem> {
    let repeat = repeat.bind(&caller, "/api/dashboard/create-analyst/", json.digest);
    let NewAnalyst {
        username,
        password,
        email,
    } = json.value;
    let new = NewUser {
        username: username.unwrap_or_else(identity::analyst_name),
        email,
        password: password.clone(),
        role: Some(Role::Analyst),
    };
    let prepared = prepare(&app, new, Weak::Refused).await?;
    let password = password.or_else(|| prepared.generated.clone());
    store(app, caller, repeat, prepared, move |user| {
        let location = location(&user);
        let created = CreatedAnalyst {
            id: user.id,
            password: password.map_or_else(String::new, |it| it.expose().to_owned()),
            role: user.role,
            username: user.username,
        };
        Answer::created(location, &created)
    })
    .await
}

fn location(user: &User) -> String {
    format!("/api/users/{}/", user.id)
}

/// Stores a prepared user once, however often the request comes.
async fn store<F>(
    app: App,
    caller: Caller,
    repeat: Option<Repeat>,
    prepared: Prepared,
    answer: F,
) -> Result<Answer, Problem>
where
    F: FnOnce(User) -> Result<Answer, repeats::RepeatError> + Send + 'static,
{
    let now = app.clock.now();
    let secrets = Arc::clone(&app.secrets);
    let answer = app
        .store
        .write(move |tx| {
            repeats::once(tx, &secrets, repeat.as_ref(), now, |tx| {
                let user = insert(tx, &caller, now, "user.created", &prepared)?;
                Ok::<_, IdentityError>(answer(user)?)
            })
        })
        .await?;
    Ok(answer)
}

/// Shows a user.
#[utoipa::path(
    get,
    path = "/api/users/{id}/",
    tag = "users",
    params(("id" = i64, Path, description = "The user's id")),
    responses(
        (status = 200, description = "The user", body = User),
        (status = 404, description = "There is no such user"),
    ),
)]
pub async fn get_user(State(app): State<App>, PathId(id): PathId) -> Result<Reply<User>, Problem> {
    Ok(Reply(identity::get_user(&app, id).await?))
}

/// Changes a user; disabling and a new password end every session.
#[utoipa::path(
    patch,
    path = "/api/users/{id}/",
    tag = "users",
    params(
        ("id" = i64, Path, description = "The user's id"),
        ("If-Match" = Option<String>, Header, description = "The `version` the change is meant for"),
    ),
    request_body(content = UserChange, example = json!({"role": "RESPONDER"})),
    responses(
        (status = 200, description = "The user", body = User),
        (status = 404, description = "There is no such user"),
        (status = 409, description = "It is the last enabled administrator"),
        (status = 412, description = "It was changed meanwhile"),
    ),
)]
pub async fn change_user(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    IfMatch(version): IfMatch,
    json: Json<UserChange>,
) -> Result<Reply<User>, Problem> {
    let user = identity::change_user(&app, &caller, id, json.value, version).await?;
    Ok(Reply(user))
}

/// Gives a user a new password and ends every session; without one it is generated and shown once.
///
/// Until its owner changes it, the account is marked `weak_password`.
#[utoipa::path(
    post,
    path = "/api/users/{id}/reset-password/",
    tag = "users",
    params(("id" = i64, Path, description = "The user's id")),
    request_body(content = PasswordReset, example = json!({})),
    responses(
        (status = 200, description = "The user", body = CreatedUser),
        (status = 404, description = "There is no such user"),
    ),
)]
pub async fn reset_password(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    json: Json<PasswordReset>,
) -> Result<Reply<CreatedUser>, Problem> {
    let password = json.value.password;
    let reset = identity::reset_password_of(&app, &caller, id, password).await?;
    Ok(Reply(CreatedUser {
        user: reset.user,
        password: reset.generated.map(|it| it.expose().to_owned()),
    }))
}

/// Deletes a user and their sessions.
#[utoipa::path(
    delete,
    path = "/api/users/{id}/",
    tag = "users",
    params(
        ("id" = i64, Path, description = "The user's id"),
        ("If-Match" = Option<String>, Header, description = "The `version` that is meant"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "There is no such user"),
        (status = 409, description = "It is the last enabled administrator"),
        (status = 412, description = "It was changed meanwhile"),
    ),
)]
pub async fn delete_user(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    IfMatch(version): IfMatch,
) -> Result<StatusCode, Problem> {
    identity::delete_user(&app, &caller, id, version).await?;
    Ok(StatusCode::NO_CONTENT)
}
