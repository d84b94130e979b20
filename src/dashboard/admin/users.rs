//! The people of this server: listed, found, made.

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::roles::{Right, rights};
use super::{SecretPage, neighbours, notice};
use crate::app::App;
use crate::credentials::Secret;
use crate::dashboard::address::Address;
use crate::dashboard::filters;
use crate::dashboard::page::{Form, Shell, render};
use crate::http::{Caller, Count, FieldErrors, PageRequest, Params, Problem, Role};
use crate::identity::{self, Created, IdentityError, ListedUser, NewUser, UserFilter};

/// Rows of a page.
const ROWS: u32 = 50;

/// The form that makes a user, as it was last sent.
struct Draft {
    open: bool,
    username: String,
    email: String,
    role: Role,
    typed: bool,
    errors: FieldErrors,
}

impl Draft {
    fn new() -> Self {
        Self {
            open: false,
            username: String::new(),
            email: String::new(),
            role: Role::Analyst,
            typed: false,
            errors: FieldErrors::new(),
        }
    }

    fn read(form: &Form) -> Self {
        Self {
            open: true,
            username: form.text("username").unwrap_or_default().to_owned(),
            email: form.text("email").unwrap_or_default().to_owned(),
            role: form
                .text("role")
                .and_then(|it| it.parse().ok())
                .unwrap_or(Role::Analyst),
            typed: form.text("secret") == Some("typed"),
            errors: FieldErrors::new(),
        }
    }

    fn error(&self, field: &str) -> Option<String> {
        self.errors.get(field).map(|what| what.join("; "))
    }
}

#[derive(Template)]
#[template(path = "admin/users.html")]
struct UsersPage {
    shell: Shell,
    rows: Vec<ListedUser>,
    search: String,
    role: Option<Role>,
    count: Count,
    next: Option<String>,
    previous: Option<String>,
    draft: Draft,
    rights: Vec<Right>,
    roles: [Role; 3],
    password_min: u8,
}

impl UsersPage {
    fn is_locked(&self, row: &ListedUser) -> bool {
        row.user
            .throttled_until
            .is_some_and(|at| at > self.shell.now)
    }

    /// Nobody but the first administrator is here yet.
    fn is_alone(&self) -> bool {
        self.count.n == 1 && self.search.is_empty() && self.role.is_none()
    }
}

/// Shows the users the address asks for, newest first.
pub(in crate::dashboard) async fn page(
    State(app): State<App>,
    caller: Caller,
    params: Params,
) -> Result<Response, Problem> {
    render(&assemble(&app, &caller, params, Draft::new()).await?)
}

async fn assemble(
    app: &App,
    caller: &Caller,
    mut params: Params,
    draft: Draft,
) -> Result<UsersPage, Problem> {
    let search = params.text("q");
    let role = params.value::<Role>("role");
    let done = params.text("done");
    let page = PageRequest {
        size: ROWS,
        ..PageRequest::take(&mut params)
    };
    params.finish()?;
    let shell = Shell::new(app, caller, "/admin/users", "Users").await?;
    let mut shell = shell.with_script("admin");
    shell.notice = notice(done.as_deref());
    let filter = UserFilter {
        role,
        search: search.clone(),
        enabled: None,
    };
    let (mut rows, count) =
        identity::list_users(app, filter, page.cursor, page.rows_wanted()).await?;
    let (previous, next) = neighbours(&page, &mut rows, |row| row.user.id);
    let here = Address::new("/admin/users")
        .with_some("q", search.as_ref())
        .with_some("role", role.map(Role::word));
    let at = |cursor: base::Cursor| here.with("cursor", cursor.encode()).to_string();
    Ok(UsersPage {
        shell,
        rows,
        search: search.unwrap_or_default(),
        role,
        count: Count::up_to_max(count),
        next: next.map(at),
        previous: previous.map(at),
        draft,
        rights: rights(),
        roles: Role::ALL,
        password_min: app.config.password_min_length,
    })
}

/// Makes a user by the form; a generated password is shown on the answer.
pub(in crate::dashboard) async fn create(
    State(app): State<App>,
    caller: Caller,
    form: Form,
) -> Result<Response, Problem> {
    let draft = Draft::read(&form);
    let typed = form.exact("password").unwrap_or_default();
    let new = NewUser {
        username: draft.username.clone(),
        email: form.text("email").map(str::to_owned),
        password: draft.typed.then(|| Secret::new(typed.to_owned())),
        role: Some(draft.role),
    };
    match identity::create_user(&app, &caller, new).await {
        Ok(created) => made(&app, &caller, created).await,
        Err(IdentityError::Refused(errors)) => {
            let draft = Draft { errors, ..draft };
            let mut page = assemble(&app, &caller, Params::default(), draft).await?;
            page.shell.notice = None;
            let mut response = render(&page)?;
            *response.status_mut() = http::StatusCode::BAD_REQUEST;
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// Makes an analyst whose name and password are generated.
pub(in crate::dashboard) async fn create_analyst(
    State(app): State<App>,
    caller: Caller,
    _: Form,
) -> Result<Response, Problem> {
    let new = NewUser {
        username: identity::analyst_name(),
        email: None,
        password: None,
        role: Some(Role::Analyst),
    };
    let created = identity::create_user(&app, &caller, new).await?;
    made(&app, &caller, created).await
}

async fn made(app: &App, caller: &Caller, created: Created) -> Result<Response, Problem> {
    let Created { user, generated } = created;
    let shell = Shell::new(app, caller, "/admin/users", "User created").await?;
    render(&SecretPage {
        shell: shell.with_script("admin"),
        sentence: if generated.is_some() {
            "Hand both over on a safe way. The password is not shown again."
        } else {
            "They can sign in with the password you typed."
        },
        facts: vec![
            ("User name", user.username),
            ("Role", user.role.word().to_owned()),
        ],
        label: "Password",
        secret: generated.map_or_else(String::new, |it| it.expose().to_owned()),
        example: None,
        back: "/admin/users".to_owned(),
        back_label: "To the users",
    })
}
