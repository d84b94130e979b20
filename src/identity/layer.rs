//! The layer every route runs through: who asks, may they, and how often.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{keys, sessions};
use crate::app::App;
use crate::http::{Access, Actor, Caller, Capability, MatchedRoute, Origin, Problem};
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

/// What a request carries in `Authorization`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Presented<'a> {
    Nothing,
    Token(&'a str),
    Key(&'a str),
    Unreadable,
}

/// Lets a request through to its handler, with its [`Caller`] put on it, or refuses it: 401
/// without valid credentials, 403 without the capability, 429 beyond the rate.
///
/// A token's signature is checked in memory before the database is asked. What is refused spends
/// the address's allowance, what is let through the user's; events are counted by ingestion.
pub async fn guard(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let Some(origin) = request.extensions().get::<Origin>().cloned() else {
        return Problem::internal("a route was mounted outside of http::finish").into_response();
    };
    let presented = match gate.access {
        Access::Open | Access::Public | Access::SignIn => Presented::Nothing,
        Access::SignedIn | Access::Can(_) | Access::CanOrKey(_) => presented(request.headers()),
    };
    let (verdict, admitted) = admit(&gate, origin, presented).await;
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

fn presented(headers: &HeaderMap) -> Presented<'_> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else {
        return Presented::Nothing;
    };
    let text = value.to_str().unwrap_or_default().trim();
    let (scheme, credentials) = text.split_once(' ').unwrap_or((text, ""));
    let credentials = credentials.trim();
    // Two headers: a proxy and we might each believe another one.
    if values.next().is_some() || credentials.is_empty() {
        return Presented::Unreadable;
    }
    let is_key = credentials.starts_with(keys::PREFIX);
    match (scheme.to_ascii_lowercase().as_str(), is_key) {
        ("bearer" | "apikey", true) => Presented::Key(credentials),
        ("bearer", false) => Presented::Token(credentials),
        _ => Presented::Unreadable,
    }
}

type Admitted = Result<Caller, Problem>;

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

async fn authenticate(
    gate: &Gate,
    origin: Origin,
    presented: Presented<'_>,
) -> (Option<Verdict>, Admitted) {
    let app = &gate.app;
    match identify(app, &origin, presented).await {
        Ok(actor) => {
            let verdict = match &actor {
                Actor::User { id, .. } => app.limits.user.take(id, 1),
                _ => None,
            };
            let admitted = within(verdict).and_then(|()| permit(gate.access, &actor));
            (verdict, admitted.map(|()| Caller { actor, origin }))
        }
        Err(problem) if problem.status() == http::StatusCode::UNAUTHORIZED => {
            let verdict = app.limits.anonymous.take(&network_of(origin.address), 1);
            (verdict, within(verdict).and(Err(problem)))
        }
        Err(problem) => (None, Err(problem)),
    }
}

/// Who presents these credentials.
async fn identify(app: &App, origin: &Origin, presented: Presented<'_>) -> Result<Actor, Problem> {
    match presented {
        Presented::Nothing | Presented::Unreadable => Err(Problem::unauthorized()),
        Presented::Token(token) => sessions::access_actor(app, token)
            .await?
            .ok_or_else(Problem::unauthorized),
        Presented::Key(text) => {
            let key = keys::known(app, text)
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

fn within(verdict: Option<Verdict>) -> Result<(), Problem> {
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
fn tell(headers: &mut HeaderMap, verdict: Verdict) {
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

    fn headers(values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (header::AUTHORIZATION, HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    #[test]
    fn credentials_are_read_in_any_case_of_the_scheme() {
        for (given, expected) in [
            ("Bearer a.b.c", Presented::Token("a.b.c")),
            ("bEARER  a.b.c ", Presented::Token("a.b.c")),
            ("Bearer wp_x", Presented::Key("wp_x")),
            ("apikey wp_x", Presented::Key("wp_x")),
            ("ApiKey a.b.c", Presented::Unreadable),
            ("Basic dTpw", Presented::Unreadable),
            ("Bearer", Presented::Unreadable),
            ("a.b.c", Presented::Unreadable),
            ("", Presented::Unreadable),
        ] {
            assert_eq!(presented(&headers(&[given])), expected, "{given}");
        }
        assert_eq!(presented(&headers(&[])), Presented::Nothing);
        let twice = headers(&["Bearer a.b.c", "Bearer a.b.c"]);
        assert_eq!(presented(&twice), Presented::Unreadable);
    }

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
