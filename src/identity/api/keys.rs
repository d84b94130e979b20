//! Ingest keys, for administrators.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use std::sync::Arc;

use axum::Json as Reply;
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;

use crate::app::App;
use crate::http::{
    Caller, Count, Here, Json, List, PageQuery, PageRequest, Params, PathId, Problem,
};
use crate::identity::keys::{insert, prepare};
use crate::identity::{self, IdentityError, Key, NewKey};
use crate::repeats::{self, Answer, RepeatKey};

/// An ingest key that was made.
#[derive(Serialize, utoipa::ToSchema)]
pub struct NewlyMadeKey {
    /// What is stored of it.
    #[serde(flatten)]
    stored: Key,
    /// The key itself: shown this once.
    #[schema(example = "wp_3kT9xQ2aLmZs8Rk0pXbYtLdQeNhUjMiGaKoSyTzWxCv")]
    key: String,
}

/// Lists ingest keys, newest first, revoked ones too.
#[utoipa::path(
    get,
    path = "/api/keys/",
    tag = "keys",
    params(PageQuery),
    responses((status = 200, description = "A page of keys", body = List<Key>)),
)]
pub async fn list_keys(
    State(app): State<App>,
    here: Here,
    mut params: Params,
) -> Result<Reply<List<Key>>, Problem> {
    let page = PageRequest::take(&mut params);
    params.finish()?;
    let (rows, count) = identity::list_keys(&app, page.cursor, page.rows_wanted()).await?;
    let count = Count::up_to_max(count);
    Ok(Reply(List::by_id(&here, &page, rows, count, None, |key| {
        key.id
    })))
}

/// Makes an ingest key; the key itself is shown once.
#[utoipa::path(
    post,
    path = "/api/keys/",
    tag = "keys",
    params(("Idempotency-Key" = Option<String>, Header, description = "Repeating key and body gives the first answer again, for 48 hours")),
    request_body = NewKey,
    responses(
        (status = 201, description = "The key", body = NewlyMadeKey),
        (status = 409, description = "The Idempotency-Key was used with another body"),
    ),
)]
pub async fn create_key(
    State(app): State<App>,
    caller: Caller,
    repeat: RepeatKey,
    json: Json<NewKey>,
) -> Result<Answer, Problem> {
    let repeat = repeat.bind(&caller, "/api/keys/", json.digest);
    let now = app.clock.now();
    let created = prepare(&caller, json.value, now)?;
    let secrets = Arc::clone(&app.secrets);
    let answer = app
        .store
        .write(move |tx| {
            repeats::once(tx, &secrets, repeat.as_ref(), now, |tx| {
                let stored = insert(tx, &caller, &created)?;
                let location = format!("/api/keys/{}/", stored.id);
                let answer = NewlyMadeKey {
                    stored,
                    key: created.secret.expose().to_owned(),
                };
                Ok::<_, IdentityError>(Answer::created(location, &answer)?)
            })
        })
        .await?;
    Ok(answer)
}

/// Revokes an ingest key at once.
#[utoipa::path(
    delete,
    path = "/api/keys/{id}/",
    tag = "keys",
    params(("id" = i64, Path, description = "The key's id")),
    responses(
        (status = 204, description = "Revoked, or revoked before"),
        (status = 404, description = "There is no such key"),
    ),
)]
pub async fn revoke_key(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
) -> Result<StatusCode, Problem> {
    identity::revoke_key(&app, &caller, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
