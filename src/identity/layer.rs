//! The layer every route runs through: who asks, may they, and how often.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::presented::{Presented, presented};
use super::same_origin::{self, Kind};
use super::{keys, sessions};
use crate::app::App;
use crate::http::{Access, Actor, BaseUrl, Caller, Capability, MatchedRoute, Origin, Problem};
use crate::limits::{Verdict, network_of};

/// What a route demands, handed to [`guard`] where the route is declared.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The server.
    pub app: App,
    /// What it demands of its caller.
    pub access: Access,
    /// The route's template, for metrics.
    pub route: &'static str,
}

/// Lets a request through to its handler, with its [`Caller`] put on it, or refuses it: 401
/// without valid credentials, 403 without the capability, 429 beyond the rate.
///
/// Without `Authorization` a browser's cookie counts, for requests of our own pages alone: see
/// [`page_guard`](super::page_guard). A token's signature is checked in memory before the database
/// is asked. What is refused spends the address's allowance, what is let through the user's, or
/// with a cookie the browser's; events are counted by ingestion.
pub async fn guard(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Some(origin) = request.extensions().get::<Origin>().cloned() else {
        return Problem::internal("a route was mounted outside of http::finish").into_response();
    };
    let presented = match gate.access {
        Access::Open | Access::Public | Access::SignIn => Presented::Nothing,
        Access::SignedIn | Access::Can(_) | Access::CanOrKey(_) => {
            presented(&origin, request.headers(), request.extensions())
        }
    };
    let (verdict, admitted) = match foreign(&presented, &request) {
        Err(problem) => (None, Err(problem)),
        Ok(()) => admit(&gate, origin, presented).await,
    };
    let mut response = match admitted {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    if let Some(verdict) = verdict {
        tell(response.headers_mut(), verdict);
    }
    response.extensions_mut().insert(MatchedRoute(gate.route));
    response
}

/// Refuses a request with a cookie that no page of ours sent.
fn foreign(presented: &Presented<'_>, request: &Request) -> Result<(), Problem> {
    if !matches!(presented, Presented::Cookie(_)) {
        return Ok(());
    }
    let base = request.extensions().get::<BaseUrl>();
    same_origin::check(Kind::Api, request.method(), request.headers(), base)
}

pub(super) type Admitted = Result<Caller, Problem>;

async fn admit(
    gate: &Gate,
    origin: Origin,
    presented: Presented<'_>,
) -> (Option<Verdict>, Admitted) {
    let app = &gate.app;
    let network = network_of(origin.address);
    let verdict = match gate.access {
        Access::Open => None,
        Access::Public => app.limits.anonymous.take(&network, 1),
        Access::SignIn => app.limits.sign_in.take(&network, 1),
        Access::SignedIn | Access::Can(_) | Access::CanOrKey(_) => {
            return authenticate(gate, origin, presented).await;
        }
    };
    let actor = Actor::Anonymous;
    (verdict, within(verdict).map(|()| Caller { actor, origin }))
}

pub(super) async fn authenticate(
    gate: &Gate,
    origin: Origin,
    presented: Presented<'_>,
) -> (Option<Verdict>, Admitted) {
    let app = &gate.app;
    let by_cookie = matches!(presented, Presented::Cookie(_));
    match identify(app, &origin, presented).await {
        Ok(actor) => {
            let verdict = match &actor {
                Actor::User { id, .. } if by_cookie => app.limits.browser.take(id, 1),
                Actor::User { id, .. } => app.limits.user.take(id, 1),
                _ => None,
            };
            let admitted = within(verdict).and_then(|()| permit(gate.access, &actor));
            (verdict, admitted.map(|()| Caller { actor, origin }))
        }
        Err(problem) if problem.status() == http::StatusCode::UNAUTHORIZED => {
            let network = network_of(origin.address);
            // A page left open over night asks on: that is not to use up what programs have.
            let verdict = if by_cookie {
                app.limits.visitor.take(&network, 1)
            } else {
                app.limits.anonymous.take(&network, 1)
            };
            (verdict, within(verdict).and(Err(problem)))
        }
        Err(problem) => (None, Err(problem)),
    }
}

/// Who presents these credentials.
pub(super) async fn identify(
    app: &App,
    origin: &Origin,
    presented: Presented<'_>,
) -> Result<Actor, Problem> {
    match presented {
        Presented::Nothing | Presented::Unreadable => Err(Problem::unauthorized()),
        Presented::Token(token) => sessions::access_actor(app, token)
            .await?
            .ok_or_else(Problem::unauthorized),
        Presented::Cookie(secret) => sessions::cookie_actor(app, secret)
            .await?
            .ok_or_else(Problem::unauthorized),
        Presented::Key(text) => {
            let key = keys::known(app, &text)
                .await?
                .ok_or_else(Problem::unauthorized)?;
            if !keys::reaches(&key, origin.address) {
                return Err(Problem::forbidden(
                    "this ingest key may not be used from this address",
                ));
            }
            if !key.scopes.split(' ').any(|it| it == keys::EVENTS_WRITE) {
                return Err(Problem::forbidden("this ingest key may not send events"));
            }
            keys::note_use(app, key.id);
            Ok(Actor::Key {
                id: key.id,
                name: key.name.clone(),
                source: key.source.clone(),
            })
        }
    }
}

/// Whether the route's demand is met; the reason names what is missing.
fn permit(access: Access, actor: &Actor) -> Result<(), Problem> {
    match (access, actor) {
        (Access::Open | Access::Public | Access::SignIn, _)
        | (Access::SignedIn, Actor::User { .. })
        | (Access::CanOrKey(Capability::EventCreate), Actor::Key { .. }) => Ok(()),
        (Access::Can(needed) | Access::CanOrKey(needed), Actor::User { role, .. }) => {
            if role.can(needed) {
                return Ok(());
            }
            Err(Problem::forbidden(format!(
                "this needs {}, which the role {} does not have",
                needed.word(),
                role.word()
            )))
        }
        (_, Actor::Key { .. }) => Err(Problem::forbidden(
            "an ingest key may send events and nothing else",
        )),
        (_, Actor::Anonymous | Actor::System) => Err(Problem::unauthorized()),
    }
}

pub(super) fn within(verdict: Option<Verdict>) -> Result<(), Problem> {
    match verdict {
        Some(Verdict {
            refused_for: Some(seconds),
            limit,
            window,
            ..
        }) => Err(Problem::too_many(
            format!("{limit} requests in {window} s are allowed here; wait {seconds} s"),
            seconds,
        )),
        _ => Ok(()),
    }
}

/// Says what is left, in the syntax of draft-ietf-httpapi-ratelimit-headers-10.
pub(super) fn tell(headers: &mut HeaderMap, verdict: Verdict) {
    let Verdict {
        policy,
        limit,
        window,
        remaining,
        refused_for,
    } = verdict;
    let missing = u64::from(limit.saturating_sub(remaining));
    let until_full = missing
        .saturating_mul(window)
        .div_ceil(u64::from(limit).max(1));
    let seconds = refused_for.unwrap_or(until_full);
    let mut set = |name: &'static str, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    set(
        "ratelimit-policy",
        format!("\"{policy}\";q={limit};w={window}"),
    );
    set(
        "ratelimit",
        format!("\"{policy}\";r={remaining};t={seconds}"),
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Role;

    #[test]
    fn what_is_demanded_decides() {
        let user = |role| Actor::User {
            id: 1,
            username: "u".into(),
            role,
            session: "s".into(),
        };
        let key = Actor::Key {
            id: 1,
            name: "k".into(),
            source: None,
        };
        let status = |access, actor: &Actor| match permit(access, actor) {
            Ok(()) => 200,
            Err(problem) => problem.status().as_u16(),
        };
        let triage = Access::Can(Capability::AlertTriage);
        let create = Access::CanOrKey(Capability::EventCreate);
        for (access, expected) in [
            (Access::Public, [200, 200, 200, 200, 200]),
            (Access::SignIn, [200, 200, 200, 200, 200]),
            (Access::SignedIn, [200, 200, 200, 403, 401]),
            (triage, [200, 200, 403, 403, 401]),
            (create, [200, 403, 403, 200, 401]),
            (
                Access::CanOrKey(Capability::Manage),
                [200, 403, 403, 403, 401],
            ),
        ] {
            let found = [
                status(access, &user(Role::Admin)),
                status(access, &user(Role::Responder)),
                status(access, &user(Role::Analyst)),
                status(access, &key),
                status(access, &Actor::Anonymous),
            ];
            assert_eq!(found, expected, "{access:?}");
        }
    }

    #[test]
    fn headers_say_what_is_left() {
        let mut headers = HeaderMap::new();
        let verdict = Verdict {
            policy: "user",
            limit: 1_000,
            window: 3_600,
            remaining: 999,
            refused_for: None,
        };
        tell(&mut headers, verdict);
        assert_eq!(headers["ratelimit-policy"], "\"user\";q=1000;w=3600");
        assert_eq!(headers["ratelimit"], "\"user\";r=999;t=4");
    }
}
