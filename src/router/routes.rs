//! Adding routes: the guard, the documentation and the inventory from one declaration.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::FromRef;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Response};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouter};

use super::openapi;
use crate::app::App;
use crate::http::{Access, MatchedRoute, Problem, finish, listener::ConnectionCounts};
use crate::identity::{Gate, guard};
use crate::ingest::Ingest;
use crate::sources::Sources;
use crate::stream::Live;
use crate::web::Readiness;

/// What handlers can ask for: one pointer to it, since every request is handed it anew.
#[derive(Clone)]
pub struct Services(Arc<Served>);

impl From<Served> for Services {
    fn from(served: Served) -> Self {
        Self(Arc::new(served))
    }
}

impl std::ops::Deref for Services {
    type Target = Served;

    fn deref(&self) -> &Served {
        &self.0
    }
}

/// The parts of [`Services`].
pub struct Served {
    /// The server's parts.
    pub app: App,
    /// The way in for events.
    pub ingest: Ingest,
    /// Who listens to what changes.
    pub live: Live,
    /// Whether the database takes writes.
    pub readiness: Readiness,
    /// Open connections.
    pub connections: Arc<ConnectionCounts>,
    /// The OpenAPI document, once the routes are declared.
    pub document: Arc<OnceLock<OpenApi>>,
}

impl std::fmt::Debug for Served {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Served")
            .field("app", &self.app)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! part {
    ($field:ident: $type:ty) => {
        impl FromRef<Services> for $type {
            fn from_ref(services: &Services) -> Self {
                services.$field.clone()
            }
        }
    };
}

part!(app: App);
part!(ingest: Ingest);
part!(live: Live);

impl FromRef<Services> for Sources {
    fn from_ref(services: &Services) -> Self {
        services.ingest.sources().clone()
    }
}

part!(readiness: Readiness);

impl FromRef<Services> for Arc<ConnectionCounts> {
    fn from_ref(services: &Services) -> Self {
        Self::clone(&services.connections)
    }
}

impl FromRef<Services> for Arc<OnceLock<OpenApi>> {
    fn from_ref(services: &Services) -> Self {
        Self::clone(&services.document)
    }
}

/// One declared route, for the inventory and the rights test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The method, upper case.
    pub method: String,
    /// The path's template.
    pub path: String,
    /// What it demands.
    pub access: Access,
}

/// Collects routes; only the private `guarded` makes them answer.
#[derive(Default)]
pub struct Routes {
    routes: Vec<Route>,
    declared: Vec<Declared>,
}

struct Route {
    access: Access,
    template: &'static str,
    parts: UtoipaMethodRouter<Services>,
}

impl std::fmt::Debug for Routes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Routes")
            .field("declared", &self.declared)
            .finish_non_exhaustive()
    }
}

impl Routes {
    /// Adds a handler with what it demands of its caller; its documentation follows.
    pub(super) fn add(
        &mut self,
        access: Access,
        mut parts: UtoipaMethodRouter<Services>,
    ) -> &mut Self {
        let mut template = String::new();
        for (path, item) in &mut parts.1.paths {
            template.clone_from(path);
            for method in openapi::document_access(path, item, access) {
                self.declared.push(Declared {
                    method,
                    path: path.clone(),
                    access,
                });
            }
        }
        // A label of metrics lives as long as the program; there are a few dozen.
        let template: &'static str = Box::leak(template.into_boxed_str());
        self.routes.push(Route {
            access,
            template,
            parts,
        });
        self
    }

    /// Every route with what it demands.
    #[must_use]
    pub fn declared(&self) -> &[Declared] {
        &self.declared
    }

    /// What they say of themselves.
    #[must_use]
    pub fn document(self) -> OpenApi {
        let router = OpenApiRouter::<Services>::with_openapi(openapi::base());
        let parts = self.routes.into_iter().map(|route| route.parts);
        let mut document = parts.fold(router, OpenApiRouter::routes).into_openapi();
        openapi::complete(&mut document);
        document
    }

    /// Every route behind its guard, and what they say of themselves.
    pub(super) fn guarded(self, services: &Services) -> (Router, OpenApi) {
        let router = OpenApiRouter::with_openapi(openapi::base());
        let parts = self
            .routes
            .into_iter()
            .map(|route| route.guarded(&services.app));
        let (router, mut document) = parts.fold(router, OpenApiRouter::routes).split_for_parts();
        openapi::complete(&mut document);
        (router.with_state(services.clone()), document)
    }
}

impl Route {
    fn guarded(self, app: &App) -> UtoipaMethodRouter<Services> {
        let Self {
            access,
            template,
            parts: (schemas, paths, handler),
        } = self;
        let handler = if access == Access::Open {
            handler.route_layer(axum::middleware::map_response(
                move |mut response: Response| async move {
                    response.extensions_mut().insert(MatchedRoute(template));
                    response
                },
            ))
        } else {
            let gate = Gate {
                app: app.clone(),
                access,
                route: template,
            };
            handler.route_layer(from_fn_with_state(gate, guard))
        };
        (schemas, paths, handler)
    }
}

/// The layers around everything: panics become problems, problems become documents.
pub(super) fn with_layers(router: Router, services: &Services) -> Router {
    router
        .layer(CatchPanicLayer::custom(
            |panic: Box<dyn std::any::Any + Send>| {
                let cause = panic
                    .downcast_ref::<&str>()
                    .map(|text| (*text).to_owned())
                    .or_else(|| panic.downcast_ref::<String>().cloned())
                    .unwrap_or_else(|| "a panic".to_owned());
                Problem::internal(cause).into_response()
            },
        ))
        .layer(from_fn_with_state(services.app.clone(), finish))
}
