//! One person: their account, their sessions, and what an administrator may do with them.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::{ConfirmPage, SecretPage, is_sure, mishap, notice};
use crate::app::App;
use crate::dashboard::filters;
use crate::dashboard::page::{Form, Shell, explanation, render, see_other};
use crate::http::{Caller, Params, PathId, Problem, Role};
use crate::identity::{
    self, IdentityError, OpenSession, SessionKind, User, UserChange, UserFilter,
};

#[derive(Template)]
#[template(path = "admin/user.html")]
struct UserPage {
    shell: Shell,
    user: User,
    sessions: Vec<OpenSession>,
    roles: [Role; 3],
    locked: bool,
    /// Why role and account cannot be changed here, where they cannot.
    fixed: Option<&'static str>,
    own: bool,
}

impl UserPage {
    fn is_browser(session: &OpenSession) -> bool {
        session.kind == SessionKind::Browser
    }
}

/// Shows a user.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    mut params: Params,
) -> Result<Response, Problem> {
    let done = params.text("done");
    params.finish()?;
    let mut page = assemble(&app, &caller, id).await?;
    page.shell.notice = notice(done.as_deref());
    render(&page)
}

async fn assemble(app: &App, caller: &Caller, id: i64) -> Result<UserPage, Problem> {
    let user = identity::get_user(app, id).await?;
    let sessions = identity::user_sessions(app, caller, id).await?;
    let shell = Shell::new(app, caller, "/admin/users", user.username.clone()).await?;
    let own = caller.actor.id() == Some(id);
    let fixed = if own {
        Some("This is your own account: another administrator can change role and status.")
    } else if is_last_admin(app, &user).await? {
        Some("This is the last enabled administrator: somebody has to remain one.")
    } else {
        None
    };
    Ok(UserPage {
        locked: user.throttled_until.is_some_and(|at| at > shell.now),
        shell: shell.with_script("admin"),
        user,
        sessions,
        roles: Role::ALL,
        fixed,
        own,
    })
}

async fn is_last_admin(app: &App, user: &User) -> Result<bool, IdentityError> {
    if user.role != Role::Admin || !user.enabled {
        return Ok(false);
    }
    let filter = UserFilter {
        role: Some(Role::Admin),
        enabled: Some(true),
        search: None,
    };
    let (admins, _) = identity::list_users(app, filter, None, 2).await?;
    Ok(admins.len() == 1)
}

/// What a form wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Role,
    Email,
    Enable,
    Disable,
    Reset,
    SignOut,
    Unlock,
    Delete,
}

impl Deed {
    fn read(form: &Form) -> Option<Self> {
        Some(match form.text("action")? {
            "role" => Self::Role,
            "email" => Self::Email,
            "enable" => Self::Enable,
            "disable" => Self::Disable,
            "reset" => Self::Reset,
            "sign-out" => Self::SignOut,
            "unlock" => Self::Unlock,
            "delete" => Self::Delete,
            _ => return None,
        })
    }

    /// What is asked first: what follows, and the button.
    const fn question(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Disable => Some((
                "The account is disabled and all its sessions end at once.",
                "Disable",
            )),
            Self::Reset => Some((
                "The password is replaced by a generated one and all sessions end at once.",
                "Reset password",
            )),
            Self::SignOut => Some((
                "All sessions of this user end at once.",
                "Sign out everywhere",
            )),
            Self::Delete => Some((
                "The account is deleted for good. What they did stays in the audit log.",
                "Delete user",
            )),
            Self::Role | Self::Email | Self::Enable | Self::Unlock => None,
        }
    }

    /// Whether it takes rights away that somebody has to keep.
    const fn is_guarded(self) -> bool {
        matches!(
            self,
            Self::Role | Self::Disable | Self::Reset | Self::Delete
        )
    }
}

/// Changes a user: `action` is role, email, enable, disable, reset, sign-out, unlock or delete.
pub(in crate::dashboard) async fn change(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    form: Form,
) -> Result<Response, Problem> {
    let deed = Deed::read(&form);
    let deed = deed.ok_or_else(|| Problem::field("action", "is none of the known ones"))?;
    let mut page = assemble(&app, &caller, id).await?;
    if page.own && deed.is_guarded() {
        return refuse(page, Problem::conflict("this is your own account"));
    }
    if let Some((consequence, label)) = deed.question()
        && !is_sure(&form)
    {
        label.clone_into(&mut page.shell.title);
        return render(&ConfirmPage {
            shell: page.shell,
            object: page.user.username,
            consequence,
            action: format!("/admin/users/{id}/change"),
            fields: vec![
                ("action", form.text("action").unwrap_or_default().to_owned()),
                ("version", page.user.version.to_string()),
            ],
            label,
            back: format!("/admin/users/{id}"),
        });
    }
    match perform(&app, &caller, &page.user, deed, &form).await {
        Ok(answer) => Ok(answer),
        Err(error) => refuse(page, error),
    }
}

/// The page again with what went wrong; faults of the server get their own page.
fn refuse(mut page: UserPage, problem: Problem) -> Result<Response, Problem> {
    let status = problem.status();
    if status.is_server_error() || status == http::StatusCode::NOT_FOUND {
        return Err(problem);
    }
    page.shell.notice = Some(mishap(explanation(&problem)));
    let mut response = render(&page)?;
    *response.status_mut() = status;
    Ok(response)
}

async fn perform(
    app: &App,
    caller: &Caller,
    user: &User,
    deed: Deed,
    form: &Form,
) -> Result<Response, Problem> {
    let id = user.id;
    let version = form.text("version").and_then(|it| it.parse().ok());
    let back = |done: &str| see_other(&format!("/admin/users/{id}?done={done}"));
    let mut change = UserChange::default();
    let done = match deed {
        Deed::Role => {
            let role = form.text("role").unwrap_or_default().parse::<Role>();
            change.role = Some(role.map_err(|error| Problem::field("role", error.to_string()))?);
            "role"
        }
        Deed::Email => {
            change.email = Some(form.text("email").unwrap_or_default().to_owned());
            "email"
        }
        Deed::Enable => {
            change.enabled = Some(true);
            "enabled"
        }
        Deed::Disable => {
            change.enabled = Some(false);
            "disabled"
        }
        Deed::Reset => return reset(app, caller, id).await,
        Deed::SignOut => {
            identity::end_user_sessions(app, caller, id).await?;
            return Ok(back("signed-out"));
        }
        Deed::Unlock => {
            identity::unlock(app, caller, &user.username).await?;
            return Ok(back("unlocked"));
        }
        Deed::Delete => {
            identity::delete_user(app, caller, id, version).await?;
            return Ok(see_other("/admin/users?done=deleted"));
        }
    };
    identity::change_user(app, caller, id, change, version).await?;
    Ok(back(done))
}

async fn reset(app: &App, caller: &Caller, id: i64) -> Result<Response, Problem> {
    let reset = identity::reset_password_of(app, caller, id, None).await?;
    let shell = Shell::new(app, caller, "/admin/users", "Password reset").await?;
    render(&SecretPage {
        shell: shell.with_script("admin"),
        sentence: "Every session of this user has ended. Hand the password over on a safe way: \
                   it is not shown again, and its owner is asked to change it.",
        facts: vec![("User name", reset.user.username)],
        label: "New password",
        secret: reset
            .generated
            .map_or_else(String::new, |it| it.expose().to_owned()),
        example: None,
        back: format!("/admin/users/{id}"),
        back_label: "To the user",
    })
}
