//! The sessions of browsers: an opaque secret in a cookie, 256 random bits, stored as its SHA-256.
//!
//! They end 12 hours after the last request and 7 days after the sign-in, whichever is first: over
//! a shift and its breaks nobody signs in twice, and a forgotten browser is signed out by morning.

use std::sync::Arc;
use std::time::Duration;

use base::Timestamp;
use store::StoreError;

use super::sql::{self, Session, SessionKind};
use crate::app::App;
use crate::credentials::Secret;
use crate::http::Actor;
use crate::identity::model::User;
use crate::identity::tokens::digest;

/// How long a browser's session lasts after its last request.
pub(super) const IDLE: Duration = Duration::from_hours(12);
/// How long it lasts at the most.
const ABSOLUTE: Duration = Duration::from_hours(7 * 24);
/// How often its use is written down.
const TOUCHED_EVERY: Duration = Duration::from_mins(5);

/// What a browser's sign-in gives.
#[derive(Clone, Debug)]
pub struct BrowserSession {
    /// What the session's cookie holds: 43 characters, shown this once.
    pub cookie: Secret,
    /// Who signed in.
    pub user: User,
    /// The session's id.
    pub session: Arc<str>,
}

/// The person behind a session's cookie, read from the database on every request, so that an
/// ended session, a disabled account and a changed role count at once.
pub(in crate::identity) async fn cookie_actor(
    app: &App,
    cookie: &str,
) -> Result<Option<Actor>, StoreError> {
    let now = app.clock.now();
    let hash = digest(&Secret::new(cookie.to_owned()));
    let session = app
        .store
        .read(move |tx| sql::by_secret(tx, SessionKind::Browser, &hash))
        .await?;
    let Some(session) = session.filter(|session| session.is_live(now)) else {
        return Ok(None);
    };
    note_use(app, &session, now);
    Ok(Some(super::actor(&session)))
}

/// Writes the use down in the background: a request does not wait for it, and a full disk signs
/// nobody out.
fn note_use(app: &App, session: &Session, now: Timestamp) {
    let seen = session.used_at;
    if now.since(seen) < TOUCHED_EVERY {
        return;
    }
    let expires_at = now.plus(IDLE).min(session.created_at.plus(ABSOLUTE));
    let id = session.id.clone();
    let store = app.store.clone();
    app.tasks.spawn(async move {
        let touched = store
            .write(move |tx| sql::touch(tx, &id, seen, now, expires_at))
            .await;
        if let Err(error) = touched {
            tracing::debug!(%error, "the use of a session was not written down");
        }
    });
}
