//! Tokens for programs: made from a user name and a password, read, verified, refreshed.
//!
//! The script asks the API and keeps them in memory; without it each form is answered by a page
//! that holds them once.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::Value;

use crate::app::App;
use crate::credentials::Secret;
use crate::dashboard::filters;
use crate::dashboard::page::{Form, Notice, Shell, explanation, render};
use crate::http::{Caller, Params, Problem};
use crate::identity::{self, IdentityError, Pair};
use crate::limits::network_of;

/// Bytes of a token that is looked at.
const TOKEN_MAX: usize = 4_096;

/// What a claim means.
const CLAIMS: [(&str, &str); 9] = [
    ("typ", "what kind of token it is"),
    ("sub", "whose it is, by id"),
    ("sid", "the session it belongs to"),
    ("jti", "its own id"),
    ("iat", "when it was issued"),
    ("nbf", "from when it counts"),
    ("exp", "when it expires"),
    ("iss", "who issued it"),
    ("aud", "whom it is for"),
];

/// A claim of the access token.
struct Claim {
    name: String,
    value: String,
    meaning: &'static str,
}

#[derive(Template)]
#[template(path = "admin/tokens.html")]
struct TokensPage {
    shell: Shell,
    username: String,
    error: Option<String>,
    access: String,
    refresh: String,
    claims: Vec<Claim>,
}

/// Shows the empty generator.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    params.finish()?;
    render(&blank(&app, &caller).await?)
}

async fn blank(app: &App, caller: &Caller) -> Result<TokensPage, Problem> {
    let shell = Shell::new(app, caller, "/tokens", "Token generator").await?;
    Ok(TokensPage {
        username: caller.actor.name().to_owned(),
        shell: shell.with_script("admin"),
        error: None,
        access: String::new(),
        refresh: String::new(),
        claims: Vec::new(),
    })
}

/// Makes, verifies or refreshes tokens: `action` is sign-in, verify or refresh.
pub(in crate::dashboard) async fn make(
    State(app): State<App>,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    spend(&app, &caller)?;
    let mut page = blank(&app, &caller).await?;
    let held = |name| {
        let text = form.text(name).filter(|it| it.len() <= TOKEN_MAX);
        Secret::new(text.unwrap_or_default().to_owned())
    };
    let outcome = match form.text("action") {
        Some("verify") => {
            page.hold(held("access").expose(), held("refresh").expose());
            let verified = identity::verify_token(&app, &held("access")).await;
            verified.map(|()| "The access token counts.")
        }
        Some("refresh") => {
            page.hold(held("access").expose(), held("refresh").expose());
            let pair = identity::refresh(&app, &caller.origin, &held("refresh")).await;
            pair.map(|pair| page.take(&pair))
                .map(|()| "Here is a new pair. The old refresh token is spent.")
        }
        _ => {
            form.text("username")
                .unwrap_or_default()
                .clone_into(&mut page.username);
            let password = Secret::new(form.exact("password").unwrap_or_default().to_owned());
            let pair = identity::sign_in(&app, &caller.origin, &page.username, &password).await;
            pair.map(|pair| page.take(&pair))
                .map(|()| "The tokens were made. They are not shown again.")
        }
    };
    page.finish(outcome)
}

/// Takes an attempt out of the address's allowance of sign-ins.
fn spend(app: &App, caller: &Caller) -> Result<(), Problem> {
    let network = network_of(caller.origin.address);
    let verdict = app.limits.sign_in.take(&network, 1);
    match verdict.and_then(|it| it.refused_for) {
        None => Ok(()),
        Some(seconds) => Err(Problem::too_many(
            "too many sign-ins from this address",
            seconds,
        )),
    }
}

impl TokensPage {
    fn hold(&mut self, access: &str, refresh: &str) {
        access.clone_into(&mut self.access);
        refresh.clone_into(&mut self.refresh);
        self.claims = claims(access);
    }

    fn take(&mut self, pair: &Pair) {
        self.hold(pair.access.expose(), pair.refresh.expose());
    }

    fn finish(mut self, outcome: Result<&'static str, IdentityError>) -> Result<Response, Problem> {
        let status = match outcome {
            Ok(said) => {
                self.shell.notice = Some(Notice {
                    kind: "done",
                    text: said.to_owned(),
                });
                StatusCode::OK
            }
            Err(IdentityError::Store(error)) => return Err(error.into()),
            Err(error) => {
                let problem = Problem::from(error);
                self.error = Some(explanation(&problem));
                // 401 would say that the viewer's own session has ended.
                match problem.status() {
                    StatusCode::UNAUTHORIZED => StatusCode::BAD_REQUEST,
                    other => other,
                }
            }
        };
        let mut response = render(&self)?;
        *response.status_mut() = status;
        Ok(response)
    }
}

/// What an access token says, unverified; empty when it is none.
fn claims(token: &str) -> Vec<Claim> {
    let payload = token
        .split('.')
        .nth(1)
        .and_then(|it| URL_SAFE_NO_PAD.decode(it).ok());
    let payload = payload.and_then(|it| serde_json::from_slice::<Value>(&it).ok());
    let Some(Value::Object(fields)) = payload else {
        return Vec::new();
    };
    fields
        .into_iter()
        .map(|(name, value)| claim(name, &value))
        .collect()
}

fn claim(name: String, value: &Value) -> Claim {
    let known = CLAIMS.iter().find(|(known, _)| *known == name);
    let is_time = ["iat", "nbf", "exp"].contains(&name.as_str());
    let at = value
        .as_i64()
        .filter(|_| is_time)
        .and_then(|seconds| seconds.checked_mul(1_000));
    Claim {
        value: match (value, at) {
            (_, Some(millis)) => format!("{value} ({})", base::Timestamp::from_millis(millis)),
            (Value::String(text), _) => text.clone(),
            (other, _) => other.to_string(),
        },
        meaning: known.map_or("", |(_, meaning)| meaning),
        name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_read_and_no_token_has_none() {
        let payload = URL_SAFE_NO_PAD.encode(br#"{"sub":"7","exp":1767225600}"#);
        let found = claims(&format!("x.{payload}.y"));
        let said: Vec<(&str, &str)> = found.iter().map(|it| (&*it.name, &*it.value)).collect();
        assert_eq!(
            said,
            [
                ("exp", "1767225600 (2026-01-01T00:00:00.000000Z)"),
                ("sub", "7")
            ]
        );
        assert!(claims("").is_empty() && claims("a.b.c").is_empty());
    }
}
