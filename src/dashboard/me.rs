//! What people set and see of their own account.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use http::{StatusCode, header};

use super::filters;
use super::page::{Form, Notice, Shell, render, see_other};
use crate::app::App;
use crate::audit::{self, AuditEntry};
use crate::credentials::Secret;
use crate::http::{Caller, FieldErrors, Params, Problem, clear_session_cookie};
use crate::identity::{
    self, Density, IdentityError, OpenSession, Preference, PreferencesChange, ProfileChange,
    SessionKind, Theme, TimeZone, User,
};
use crate::views::{self, ViewChange, ViewPage};

/// Own entries of the audit log shown.
const ENTRIES: i64 = 10;

/// A line of a select.
struct Choice {
    value: String,
    label: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "me.html")]
struct MePage {
    shell: Shell,
    user: User,
    themes: Vec<Choice>,
    densities: Vec<Choice>,
    zones: Vec<Choice>,
    views: Vec<Choice>,
    sessions: Vec<OpenSession>,
    entries: Vec<AuditEntry>,
    errors: FieldErrors,
    email: String,
    password_min: u8,
}

impl MePage {
    fn error(&self, field: &str) -> Option<String> {
        self.errors.get(field).map(|what| what.join("; "))
    }

    fn is_browser(session: &OpenSession) -> bool {
        session.kind == SessionKind::Browser
    }
}

fn notice(code: Option<&str>) -> Option<Notice> {
    let text = match code? {
        "email" => "Your e-mail address was changed.",
        "password" => "Your password was changed. Your other sessions were ended.",
        "preferences" => "Your preferences were saved.",
        "session" => "The session was ended.",
        _ => return None,
    };
    Some(Notice {
        kind: "done",
        text: text.to_owned(),
    })
}

/// Shows the viewer's own account.
pub(super) async fn page(
    State(app): State<App>,
    caller: Caller,
    mut params: Params,
) -> Result<Response, Problem> {
    let done = params.text("done");
    params.finish()?;
    let mut page = assemble(&app, &caller).await?;
    page.shell.notice = notice(done.as_deref());
    render(&page)
}

fn choice(value: &str, label: &str, chosen: bool) -> Choice {
    Choice {
        value: value.to_owned(),
        label: label.to_owned(),
        chosen,
    }
}

async fn assemble(app: &App, caller: &Caller) -> Result<MePage, Problem> {
    let (id, _) = caller.user()?;
    let profile = identity::profile(app, caller).await?;
    let shell = Shell::new(app, caller, "/me", "Profile and preferences").await?;
    let prefers = &shell.preferences;
    let (theme, density, zone) = (prefers.theme, prefers.density, prefers.time_zone);
    let seen = views::list(app, id).await?.into_iter();
    let seen: Vec<Choice> = seen
        .filter(|view| view.page == ViewPage::Alerts)
        .map(|view| Choice {
            value: view.id.to_string(),
            label: view.name,
            chosen: view.default,
        })
        .collect();
    let none = !seen.iter().any(|view| view.chosen);
    let first = choice("", "Open and acknowledged alerts", none);
    let mut entries = audit::latest_of(&app.store, profile.user.username.clone(), ENTRIES).await?;
    // A name can have been somebody else's before.
    entries.retain(|entry| entry.actor_id == Some(id));
    Ok(MePage {
        themes: vec![
            choice("system", "As the device is set", theme == Theme::System),
            choice("dark", "Dark", theme == Theme::Dark),
            choice("light", "Light", theme == Theme::Light),
        ],
        densities: vec![
            choice("compact", "Compact", density == Density::Compact),
            choice("standard", "Standard", density == Density::Standard),
            choice(
                "comfortable",
                "Comfortable",
                density == Density::Comfortable,
            ),
        ],
        zones: vec![
            choice("UTC", "UTC", zone == TimeZone::Utc),
            choice("local", "The browser's own zone", zone == TimeZone::Local),
        ],
        views: std::iter::once(first).chain(seen).collect(),
        sessions: identity::own_sessions(app, caller).await?,
        entries,
        errors: FieldErrors::new(),
        email: profile.user.email.clone().unwrap_or_default(),
        user: profile.user,
        password_min: app.config.password_min_length,
        shell: shell.with_script("admin"),
    })
}

/// The page again with what is wrong beside the fields.
async fn refuse(
    app: &App,
    caller: &Caller,
    errors: FieldErrors,
    email: Option<&str>,
) -> Result<Response, Problem> {
    let mut page = assemble(app, caller).await?;
    page.errors = errors;
    if let Some(email) = email {
        email.clone_into(&mut page.email);
    }
    page.shell.notice = Some(Notice {
        kind: "error",
        text: "Nothing was changed: see what is marked below.".to_owned(),
    });
    let mut response = render(&page)?;
    *response.status_mut() = StatusCode::BAD_REQUEST;
    Ok(response)
}

async fn saved(
    app: &App,
    caller: &Caller,
    change: ProfileChange,
    done: &'static str,
) -> Result<Response, Problem> {
    let email = change.email.clone();
    match identity::change_me(app, caller, change, None).await {
        Ok(_) => Ok(see_other(done)),
        Err(IdentityError::Refused(errors)) => refuse(app, caller, errors, email.as_deref()).await,
        Err(error) => Err(error.into()),
    }
}

/// Changes the viewer's e-mail address.
pub(super) async fn email(
    State(app): State<App>,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    let change = ProfileChange {
        email: Some(form.text("email").unwrap_or_default().to_owned()),
        preferences: None,
    };
    saved(&app, &caller, change, "/me?done=email").await
}

/// Changes the viewer's preferences; those the form does not have stay.
pub(super) async fn preferences(
    State(app): State<App>,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    let ticked = |name| Preference::To(form.text(name).is_some());
    let change = PreferencesChange {
        theme: Preference::To(match form.text("theme") {
            Some("dark") => Theme::Dark,
            Some("light") => Theme::Light,
            _ => Theme::System,
        }),
        density: Preference::To(match form.text("density") {
            Some("compact") => Density::Compact,
            Some("comfortable") => Density::Comfortable,
            _ => Density::Standard,
        }),
        time_zone: Preference::To(match form.text("time_zone") {
            Some("local") => TimeZone::Local,
            _ => TimeZone::Utc,
        }),
        single_key_shortcuts: ticked("single_key_shortcuts"),
        sound: ticked("sound"),
        notifications: ticked("notifications"),
        ..PreferencesChange::default()
    };
    let change = ProfileChange {
        email: None,
        preferences: Some(change),
    };
    begin_with(&app, &caller, form.text("default_view")).await?;
    saved(&app, &caller, change, "/me?done=preferences").await
}

/// Lets the alerts begin with a view, or with none.
async fn begin_with(app: &App, caller: &Caller, wanted: Option<&str>) -> Result<(), Problem> {
    let (id, _) = caller.user()?;
    let wanted: Option<i64> = wanted
        .map(str::parse)
        .transpose()
        .map_err(|_| Problem::field("default_view", "must be the id of a view"))?;
    let seen = views::list(app, id).await?.into_iter();
    let mut of_alerts = seen.filter(|view| view.page == ViewPage::Alerts);
    let before = of_alerts.find(|view| view.default).map(|view| view.id);
    let (view, default) = match (before, wanted) {
        (before, Some(id)) if before != Some(id) => (id, true),
        (Some(id), None) => (id, false),
        _ => return Ok(()),
    };
    let change = ViewChange {
        default: Some(default),
        ..ViewChange::default()
    };
    views::change(app, caller.clone(), view, None, change).await?;
    Ok(())
}

/// Changes the viewer's password.
pub(super) async fn password(
    State(app): State<App>,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    let typed = |name| Secret::new(form.exact(name).unwrap_or_default().to_owned());
    let (current, new) = (typed("current_password"), typed("new_password"));
    match identity::change_own_password(&app, &caller, &current, &new).await {
        Ok(()) => Ok(see_other("/me?done=password")),
        Err(IdentityError::Refused(errors)) => refuse(&app, &caller, errors, None).await,
        Err(error) => Err(error.into()),
    }
}

/// Ends one of the viewer's sessions.
pub(super) async fn end_session(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    _: Form,
) -> Result<Response, Problem> {
    identity::end_own_session(&app, &caller, &id).await?;
    Ok(see_other("/me?done=session#sessions"))
}

/// Ends every session of the viewer, this one too.
pub(super) async fn sign_out_everywhere(
    State(app): State<App>,
    caller: Caller,
    _: Form,
) -> Result<Response, Problem> {
    identity::sign_out_everywhere(&app, &caller).await?;
    let mut response = see_other("/login");
    let cookie = clear_session_cookie(&caller.origin);
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}
