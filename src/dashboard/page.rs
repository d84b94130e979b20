//! What every page has: its frame, its headers, its errors.

use askama::Template;
use axum::body::Bytes;
use axum::extract::{FromRequest, Request};
use axum::middleware::Next;
use axum::response::{Html, IntoResponse as _, Response};
use base::Timestamp;
use http::{HeaderValue, StatusCode, header};

use super::{assets, filters};
use crate::app::App;
use crate::http::{Actor, Caller, Capability, Origin, Problem, Role, header_text};
use crate::identity::{self, Density, ListedUser, Preferences, Theme, TimeZone};
use crate::stream;

/// Our own files and nothing else; no text becomes script.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
    trusted-types 'none'";
/// Largest form: 64 KiB.
const FORM_MAX: usize = 64 * 1024;

/// The frame around a page.
#[derive(Clone, Debug)]
pub(super) struct Shell {
    /// The page's name, as in its title.
    pub(super) title: String,
    /// The path it stands under in the navigation.
    path: &'static str,
    pub(super) viewer: Option<Viewer>,
    /// OPEN alerts.
    pub(super) open: i64,
    /// Where the page's news begin.
    pub(super) resume: String,
    pub(super) preferences: Preferences,
    pub(super) theme: &'static str,
    pub(super) density: &'static str,
    pub(super) zone: &'static str,
    pub(super) single_keys: bool,
    /// Where the files are, without a slash at the end.
    pub(super) assets: &'static str,
    /// The page's own script, without its ending.
    pub(super) script: Option<&'static str>,
    /// What the last form brought about.
    pub(super) notice: Option<Notice>,
    pub(super) now: Timestamp,
}

/// A sentence above the page.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    /// `done`, `warn` or `error`.
    pub(super) kind: &'static str,
    pub(super) text: String,
}

/// The person who looks.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) id: i64,
    pub(super) username: String,
    pub(super) role: Role,
    /// The words of what they may do, apart by spaces.
    pub(super) capabilities: String,
}

impl Viewer {
    pub(super) fn initial(&self) -> String {
        self.username.chars().take(1).collect()
    }

    pub(super) fn role_name(&self) -> &'static str {
        match self.role {
            Role::Admin => "administrator",
            Role::Responder => "responder",
            Role::Analyst => "analyst, read only",
        }
    }
}

/// A line of the navigation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    pub(super) href: &'static str,
    pub(super) name: &'static str,
    pub(super) icon: &'static str,
    pub(super) current: bool,
}

impl Shell {
    /// The frame of a page for somebody who is signed in; `path` is its line in the navigation.
    pub(super) async fn new(
        app: &App,
        caller: &Caller,
        path: &'static str,
        title: impl Into<String>,
    ) -> Result<Self, Problem> {
        let Actor::User {
            id, username, role, ..
        } = &caller.actor
        else {
            return Err(Problem::unauthorized());
        };
        let preferences = identity::profile(app, caller).await?.preferences;
        // Read before anything else of the page, so that nothing falls between it and the stream.
        let stats = stream::stats(app, None).await?;
        let words: Vec<&str> = role.capabilities().iter().map(|it| it.word()).collect();
        let shell = Self {
            viewer: Some(Viewer {
                id: *id,
                username: username.to_string(),
                role: *role,
                capabilities: words.join(" "),
            }),
            path,
            open: stats.alerts.by_status.open,
            resume: stats.resume.to_string(),
            ..Self::outside(app, title)
        };
        Ok(shell.with_preferences(preferences))
    }

    /// The frame of a page for everybody.
    pub(super) fn outside(app: &App, title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            path: "",
            viewer: None,
            open: 0,
            resume: String::new(),
            preferences: Preferences::default(),
            theme: "system",
            density: "standard",
            zone: "UTC",
            single_keys: true,
            assets: assets::base(),
            script: None,
            notice: None,
            now: app.clock.now(),
        }
    }

    fn with_preferences(mut self, preferences: Preferences) -> Self {
        self.theme = match preferences.theme {
            Theme::System => "system",
            Theme::Dark => "dark",
            Theme::Light => "light",
        };
        self.density = match preferences.density {
            Density::Compact => "compact",
            Density::Standard => "standard",
            Density::Comfortable => "comfortable",
        };
        self.zone = match preferences.time_zone {
            TimeZone::Utc => "UTC",
            TimeZone::Local => "local",
        };
        self.single_keys = preferences.single_key_shortcuts;
        self.preferences = preferences;
        self
    }

    /// The same with the page's own script.
    pub(super) fn with_script(mut self, script: &'static str) -> Self {
        self.script = Some(script);
        self
    }

    /// Modules to fetch together with the first one.
    pub(super) fn preloads(&self) -> &'static [&'static str] {
        match self.script {
            Some("alerts") => &["page", "live", "alert"],
            _ => &["page", "live"],
        }
    }

    /// Whether the viewer may do something.
    pub(super) fn can(&self, capability: Capability) -> bool {
        self.viewer
            .as_ref()
            .is_some_and(|viewer| viewer.role.can(capability))
    }

    /// Whether the viewer works on alerts.
    pub(super) fn can_triage(&self) -> bool {
        self.can(Capability::AlertTriage)
    }

    /// Whether the viewer administers.
    pub(super) fn can_manage(&self) -> bool {
        self.can(Capability::Manage)
    }

    /// Whether an account is the viewer's own.
    pub(super) fn is_me(&self, user: &ListedUser) -> bool {
        self.viewer
            .as_ref()
            .is_some_and(|viewer| viewer.id == user.user.id)
    }

    /// Whether this is the page of a line in the navigation.
    pub(super) fn is_at(&self, path: &str) -> bool {
        self.path == path
    }

    fn link(&self, href: &'static str, name: &'static str, icon: &'static str) -> Link {
        let current = self.is_at(href);
        Link {
            href,
            name,
            icon,
            current,
        }
    }

    /// The navigation.
    pub(super) fn links(&self) -> Vec<Link> {
        let mut links = Vec::new();
        if self.can(Capability::MonitorRead) {
            links.push(self.link("/", "Overview", "overview"));
            links.push(self.link("/alerts", "Alerts", "alerts"));
            links.push(self.link("/events", "Events", "events"));
            // Administrators have it among their own pages.
            if !self.can_manage() {
                links.push(self.link("/admin/sources", "Sources", "sources"));
            }
        }
        links
    }

    /// The administrators' part of it.
    pub(super) fn admin_links(&self) -> Vec<Link> {
        let mut links = Vec::new();
        if self.can_manage() {
            links.push(self.link("/admin/users", "Users", "users"));
            links.push(self.link("/admin/keys", "Ingest keys", "key"));
            links.push(self.link("/admin/sources", "Sources", "sources"));
        }
        if self.can(Capability::AuditRead) {
            links.push(self.link("/admin/audit", "Audit log", "audit"));
        }
        if self.can_manage() {
            links.push(self.link("/admin/settings", "Settings", "settings"));
            links.push(self.link("/admin/system", "System", "system"));
        }
        links
    }
}

/// Writes a page out.
pub(super) fn render(template: &impl Template) -> Result<Response, Problem> {
    let html = template.render().map_err(Problem::internal)?;
    Ok(with_policy(Html(html).into_response()))
}

fn with_policy(mut response: Response) -> Response {
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(POLICY),
    );
    response
}

/// To another page of ours, after a form.
pub(super) fn see_other(path: &str) -> Response {
    match HeaderValue::from_str(path) {
        Ok(path) => (StatusCode::SEE_OTHER, [(header::LOCATION, path)]).into_response(),
        Err(_) => Problem::malformed("the address to go on to is none").into_response(),
    }
}

/// The fields of a form that was sent, each at most once but for lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Form(Vec<(String, String)>);

impl Form {
    /// A field, trimmed; `None` when it is absent or blank.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.exact(name).map(str::trim).filter(|it| !it.is_empty())
    }

    /// A field as it was typed.
    pub(super) fn exact(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }
}

impl<S: Send + Sync> FromRequest<S> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let kind = header_text(request.headers(), header::CONTENT_TYPE).unwrap_or_default();
        if !kind.starts_with("application/x-www-form-urlencoded") {
            return Err(Problem::media_type("a form is sent here"));
        }
        let body: Bytes = axum::body::to_bytes(request.into_body(), FORM_MAX)
            .await
            .map_err(|_| Problem::too_large("a form has at most 64 KiB"))?;
        Ok(Self(form_urlencoded::parse(&body).into_owned().collect()))
    }
}

/// A page about something that did not work.
#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    shell: Shell,
    status: u16,
    title: &'static str,
    detail: String,
    request_id: String,
    retry_after: Option<String>,
}

/// A clause as a sentence: problems are told as clauses.
fn sentence(clause: &str) -> String {
    let mut rest = clause.chars();
    let first: String = rest
        .next()
        .into_iter()
        .flat_map(char::to_uppercase)
        .collect();
    let end = if clause.ends_with(['.', '?', '!']) {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", rest.as_str())
}

/// What went wrong in words: by field where fields are to blame.
pub(super) fn explanation(problem: &Problem) -> String {
    if problem.errors().is_empty() {
        return sentence(problem.detail());
    }
    let errors = problem.errors().iter();
    let said: Vec<String> = errors
        .map(|(field, what)| format!("{field}: {}", what.join("; ")))
        .collect();
    said.join(". ")
}

/// Turns problems into pages, but for our scripts, which read the problem itself.
pub(super) async fn explain(
    axum::extract::State(app): axum::extract::State<App>,
    request: Request,
    next: Next,
) -> Response {
    // Programs that lost their way get the problem itself.
    let accepts_pages =
        header_text(request.headers(), header::ACCEPT).is_some_and(|it| it.contains("text/html"));
    let wants_problem = !accepts_pages
        || request.headers().contains_key("x-watchpost-fragment")
        || request.uri().path().starts_with("/api/");
    let origin = request.extensions().get::<Origin>().cloned();
    let mut response = next.run(request).await;
    if wants_problem {
        return response;
    }
    let Some(problem) = response.extensions_mut().remove::<Problem>() else {
        return response;
    };
    let retry_after = response.headers().get(header::RETRY_AFTER).cloned();
    let status = problem.status();
    if let Some(cause) = problem.cause() {
        tracing::error!(?cause, status = status.as_u16(), "a page failed");
    }
    let page = ErrorPage {
        shell: Shell::outside(&app, problem.title()),
        status: status.as_u16(),
        title: problem.title(),
        detail: explanation(&problem),
        request_id: origin.map_or_else(String::new, |it| it.request_id.to_string()),
        retry_after: retry_after
            .as_ref()
            .and_then(|it| it.to_str().ok())
            .map(str::to_owned),
    };
    let mut response = match page.render() {
        Ok(html) => with_policy((status, Html(html)).into_response()),
        Err(error) => return Problem::internal(error).into_response(),
    };
    if let Some(value) = retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, value);
    }
    response
}
