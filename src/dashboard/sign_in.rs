//! Getting in and out: sign-in, sign-up where it is open, the first run, sign-out.

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode, header};

use super::filters;
use super::page::{Form, Notice, Shell, render, see_other};
use crate::app::App;
use crate::credentials::Secret;
use crate::http::{
    Actor, Caller, Origin, Params, Problem, clear_session_cookie, set_session_cookie,
};
use crate::identity::{self, IdentityError, NewUser};

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    shell: Shell,
    next: String,
    username: String,
    error: Option<String>,
    signup_open: bool,
    tls: bool,
}

#[derive(Template)]
#[template(path = "first_run.html")]
struct FirstRunPage {
    shell: Shell,
}

/// Shows the sign-in page, or what is missing before anybody can sign in.
pub(super) async fn page(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let next = params.text("next").unwrap_or_default();
    let created = params.flag("created").unwrap_or(false);
    let next = identity::safe_next(&next).unwrap_or("/");
    if matches!(caller.actor, Actor::User { .. }) {
        return Ok(see_other(next));
    }
    let first_run = identity::first_run(&app).await?;
    if !first_run.has_admin {
        let shell = Shell::outside(&app, "Finish setting up").with_script("shell");
        return render(&FirstRunPage { shell });
    }
    let mut page = blank(&app, &caller.origin, next).await?;
    if created {
        page.shell.notice = Some(Notice {
            kind: "done",
            text: "The account was created. Sign in with it.".to_owned(),
        });
    }
    render(&page)
}

async fn blank(app: &App, origin: &Origin, next: &str) -> Result<SignInPage, Problem> {
    let first_run = identity::first_run(app).await?;
    Ok(SignInPage {
        shell: Shell::outside(app, "Sign in"),
        next: next.to_owned(),
        username: String::new(),
        error: None,
        signup_open: first_run.signup_open,
        tls: origin.https || origin.address.is_loopback(),
    })
}

/// Signs in by the form, and leads on to the page that was asked for.
pub(super) async fn sign_in(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
    form: Form,
) -> Result<Response, Problem> {
    let next = form.text("next").and_then(identity::safe_next);
    let next = next.unwrap_or("/");
    let username = form.text("username").unwrap_or_default();
    let password = Secret::new(form.exact("password").unwrap_or_default().to_owned());
    let origin = &caller.origin;
    let signed_in = identity::sign_in_browser(&app, origin, &headers, username, &password).await;
    let (status, error) = match signed_in {
        Ok(session) => {
            let mut response = see_other(next);
            let cookie = set_session_cookie(&caller.origin, session.cookie.expose());
            response.headers_mut().insert(header::SET_COOKIE, cookie);
            return Ok(response);
        }
        Err(IdentityError::Credentials | IdentityError::Refused(_)) => (
            StatusCode::UNAUTHORIZED,
            "Invalid user name or password".to_owned(),
        ),
        Err(IdentityError::Throttled(seconds)) => (
            StatusCode::TOO_MANY_REQUESTS,
            format!("Too many failed attempts. Try again in {seconds} s."),
        ),
        Err(error) => return Err(error.into()),
    };
    let page = SignInPage {
        username: username.to_owned(),
        error: Some(error),
        ..blank(&app, &caller.origin, next).await?
    };
    let mut response = render(&page)?;
    *response.status_mut() = status;
    Ok(response)
}

/// Signs this browser out.
pub(super) async fn sign_out(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    if matches!(caller.actor, Actor::User { .. }) {
        identity::sign_out(&app, &caller, None).await?;
    }
    let mut response = see_other("/login");
    let cookie = clear_session_cookie(&caller.origin);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// A field of the sign-up form.
struct Field {
    name: &'static str,
    label: &'static str,
    kind: &'static str,
    autocomplete: &'static str,
    hint: &'static str,
    required: bool,
    value: String,
    error: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_up.html")]
struct SignUpPage {
    shell: Shell,
    fields: Vec<Field>,
}

fn sign_up_fields(form: &Form) -> Vec<Field> {
    let field = |name, label, kind, autocomplete, hint, required| Field {
        name,
        label,
        kind,
        autocomplete,
        hint,
        required,
        // A password is never sent back.
        value: if kind == "password" {
            String::new()
        } else {
            form.exact(name).unwrap_or_default().to_owned()
        },
        error: None,
    };
    vec![
        field(
            "username",
            "User name",
            "text",
            "username",
            "3 to 64 letters, digits and . _ @ -",
            true,
        ),
        field("email", "E-mail (optional)", "email", "email", "", false),
        field(
            "password",
            "Password",
            "password",
            "new-password",
            "At least 12 characters that are hard to guess",
            true,
        ),
    ]
}

/// Shows the sign-up page, where it is open.
pub(super) async fn sign_up_page(State(app): State<App>) -> Result<Response, Problem> {
    if !identity::first_run(&app).await?.signup_open {
        return Err(IdentityError::SignUpClosed.into());
    }
    render(&SignUpPage {
        shell: Shell::outside(&app, "Create an account"),
        fields: sign_up_fields(&Form::default()),
    })
}

/// Signs somebody up as an analyst.
pub(super) async fn sign_up(
    State(app): State<App>,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    let new = NewUser {
        username: form.text("username").unwrap_or_default().to_owned(),
        email: form.text("email").map(str::to_owned),
        password: Some(Secret::new(
            form.exact("password").unwrap_or_default().to_owned(),
        )),
        role: None,
    };
    match identity::sign_up(&app, &caller, new).await {
        Ok(_) => Ok(see_other("/login?created=true")),
        Err(IdentityError::Refused(errors)) => {
            let mut fields = sign_up_fields(&form);
            for field in &mut fields {
                field.error = errors.get(field.name).map(|what| what.join("; "));
            }
            let shell = Shell::outside(&app, "Create an account");
            let mut response = render(&SignUpPage { shell, fields })?;
            *response.status_mut() = StatusCode::BAD_REQUEST;
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}
