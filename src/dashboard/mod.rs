//! The pages people work in: rendered here, made live by a few modules of script.
//!
//! A page is a struct with a template in `templates/`, a handler that asks the slices, and a line
//! in [`router`] with what it demands. Pages read, filter and change one alert without script;
//! the scripts in `assets/dashboard/js` fetch the same pages and exchange parts of them. Text
//! from outside goes through [`filters`].

mod address;
mod alert;
mod alerts;
mod assets;
mod filters;
mod format;
mod page;
mod search_bar;
mod sign_in;
mod text;

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use tower_http::compression::CompressionLayer;

use crate::app::App;
use crate::http::Access::{self, Can, Public, SignIn};
use crate::http::Capability::{AlertTriage, MonitorRead};
use crate::http::Problem;
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
        .add(Can(MonitorRead), "/alerts", get(alerts::page))
        .add(Can(MonitorRead), "/alerts/{id}", get(alert::page))
        .add(Can(AlertTriage), "/alerts/{id}/change", post(alert::change))
        .add(
            Can(AlertTriage),
            "/alerts/{id}/comment",
            post(alert::comment),
        );
    let files = Router::new().route("/assets/{version}/{name}", get(assets::file));
    pages
        .router
        .fallback(nothing_here)
        .layer(from_fn_with_state(app.clone(), page::explain))
        .layer(CompressionLayer::new())
        .merge(files)
}

/// An address that leads nowhere; addresses of the API get their problem as it is.
async fn nothing_here() -> Problem {
    Problem::not_found("no such address; /api/docs/ lists those of the API")
}
