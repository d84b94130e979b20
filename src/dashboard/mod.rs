//! The pages people work in: rendered here, made live by a few modules of script.
//!
//! A page is a struct with a template in `templates/`, a handler that asks the slices, and a line
//! in [`router`] with what it demands. Pages read, filter and change one alert without script;
//! the scripts in `assets/dashboard/js` fetch the same pages and exchange parts of them. Text
//! from outside goes through `filters`.

mod address;
mod admin;
mod alert;
mod alerts;
mod assets;
mod events;
mod filters;
mod format;
mod map;
mod me;
mod overview;
mod page;
mod search_bar;
mod sign_in;
mod text;

use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use tower_http::compression::CompressionLayer;

use crate::app::App;
use crate::http::Access::{self, Can, Public, SignIn, SignedIn};
use crate::http::Capability::{AlertTriage, AuditRead, Manage, MonitorRead};
use crate::http::Problem;
use crate::http::listener::ConnectionCounts;
use crate::identity::{Gate, page_guard};
use crate::ingest::Ingest;
use crate::web::Readiness;

/// Collects pages, each behind its guard.
struct Pages<S> {
    app: App,
    router: Router<S>,
}

impl<S: Clone + Send + Sync + 'static> Pages<S> {
    fn add(mut self, access: Access, path: &'static str, page: MethodRouter<S>) -> Self {
        let gate = Gate {
            app: self.app.clone(),
            access,
            route: path,
        };
        let guarded = page.route_layer(from_fn_with_state(gate, page_guard));
        self.router = self.router.route(path, guarded);
        self
    }
}

/// Every page with what it demands of whoever asks, and the files they are made of.
pub fn router<S>(app: &App) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
    App: FromRef<S>,
    Ingest: FromRef<S>,
    Readiness: FromRef<S>,
    Arc<ConnectionCounts>: FromRef<S>,
{
    let pages = Pages {
        app: app.clone(),
        router: Router::new(),
    };
    let pages = pages
        .add(Public, "/login", get(sign_in::page))
        .add(SignIn, "/login", post(sign_in::sign_in))
        .add(Public, "/sign-up", get(sign_in::sign_up_page))
        .add(SignIn, "/sign-up", post(sign_in::sign_up))
        .add(Public, "/sign-out", post(sign_in::sign_out))
        .add(Can(MonitorRead), "/", get(overview::page))
        .add(Can(Manage), "/test-event", post(overview::test_event))
        .add(
            Can(Manage),
            "/first-steps/put-away",
            post(overview::put_away),
        )
        .add(Can(MonitorRead), "/alerts", get(alerts::page))
        .add(Can(MonitorRead), "/events", get(events::page))
        .add(Can(MonitorRead), "/events/{id}", get(events::event_page))
        .add(Can(AlertTriage), "/events/{id}/alert", post(events::raise))
        .add(Can(MonitorRead), "/alerts/{id}", get(alert::page))
        .add(Can(AlertTriage), "/alerts/{id}/change", post(alert::change))
        .add(
            Can(AlertTriage),
            "/alerts/{id}/comment",
            post(alert::comment),
        );
    let pages = own_pages(admin_pages(pages));
    let files = Router::new().route("/assets/{version}/{name}", get(assets::file));
    pages
        .router
        .fallback(nothing_here)
        .layer(from_fn_with_state(app.clone(), page::explain))
        .layer(CompressionLayer::new())
        .merge(files)
}

/// Administration.
fn admin_pages<S>(pages: Pages<S>) -> Pages<S>
where
    S: Clone + Send + Sync + 'static,
    App: FromRef<S>,
    Ingest: FromRef<S>,
    Readiness: FromRef<S>,
    Arc<ConnectionCounts>: FromRef<S>,
{
    use admin::{audit, dead_letters, keys, settings, source, sources, system, user, users};
    pages
        .add(SignedIn, "/admin", get(admin::index))
        .add(SignedIn, "/admin/", get(admin::index))
        .add(Can(Manage), "/admin/users", get(users::page))
        .add(Can(Manage), "/admin/users", post(users::create))
        .add(
            Can(Manage),
            "/admin/users/analyst",
            post(users::create_analyst),
        )
        .add(Can(Manage), "/admin/users/{id}", get(user::page))
        .add(Can(Manage), "/admin/users/{id}/change", post(user::change))
        .add(Can(Manage), "/admin/keys", get(keys::page))
        .add(Can(Manage), "/admin/keys", post(keys::create))
        .add(Can(Manage), "/admin/keys/{id}/revoke", post(keys::revoke))
        .add(Can(MonitorRead), "/admin/sources", get(sources::page))
        .add(Can(Manage), "/admin/sources", post(sources::create))
        .add(Can(Manage), "/admin/sources/{id}", get(source::page))
        .add(
            Can(Manage),
            "/admin/sources/{id}/change",
            post(source::change),
        )
        .add(Can(Manage), "/admin/dead-letters", get(dead_letters::page))
        .add(
            Can(Manage),
            "/admin/dead-letters/clear",
            post(dead_letters::clear),
        )
        .add(Can(AuditRead), "/admin/audit", get(audit::page))
        .add(Can(AuditRead), "/admin/audit/verify", post(audit::verify))
        .add(Can(Manage), "/admin/settings", get(settings::page))
        .add(Can(Manage), "/admin/system", get(system::page))
}

/// What everybody has of their own: profile, preferences, sessions, tokens.
fn own_pages<S>(pages: Pages<S>) -> Pages<S>
where
    S: Clone + Send + Sync + 'static,
    App: FromRef<S>,
{
    use admin::tokens;
    pages
        .add(SignedIn, "/tokens", get(tokens::page))
        .add(SignedIn, "/tokens", post(tokens::make))
        .add(SignedIn, "/me", get(me::page))
        .add(SignedIn, "/me/email", post(me::email))
        .add(SignedIn, "/me/password", post(me::password))
        .add(SignedIn, "/me/preferences", post(me::preferences))
        .add(SignedIn, "/me/sessions/{id}/end", post(me::end_session))
        .add(
            SignedIn,
            "/me/sign-out-everywhere",
            post(me::sign_out_everywhere),
        )
}

/// An address that leads nowhere; addresses of the API get their problem as it is.
async fn nothing_here() -> Problem {
    Problem::not_found("no such address; /api/docs/ lists those of the API")
}
