//! Every route of the service on one screen, each with what it demands of its caller.

mod errors;
mod openapi;
mod routes;

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa_axum::routes;

pub use routes::{Declared, Routes, Served, Services};

use crate::http::Access::{Can, CanOrKey, Open, Public, SignIn, SignedIn};
use crate::http::Capability::{
    AlertTriage, AuditRead, EventChange, EventCreate, Manage, MonitorRead,
};
use crate::{
    alerts, audit, dashboard, events, identity, ingest, overview, sources, stream, views, web,
};

/// Declares every route. A route cannot be added without saying who may use it.
#[must_use]
#[expect(clippy::too_many_lines, reason = "one line a route")]
pub fn declare() -> Routes {
    let mut routes = Routes::default();
    identity_routes(&mut routes);
    source_routes(&mut routes);
    routes
        .add(CanOrKey(EventCreate), routes!(ingest::api::create))
        .add(CanOrKey(EventCreate), routes!(ingest::api::create_ingest))
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::format::any),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::format::one),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::elastic::product),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::elastic::license),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::elastic::health),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::elastic::refresh),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::elastic::bulk),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::elastic::bulk_of_index),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::splunk::event),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::splunk::raw),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::splunk::ack),
        )
        .add(Open, routes!(ingest::receivers::splunk::health))
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::loki::push),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::otlp::logs),
        )
        .add(
            CanOrKey(EventCreate),
            routes!(ingest::receivers::alertmanager::alerts),
        )
        .add(Can(MonitorRead), routes!(events::api::list))
        .add(Can(MonitorRead), routes!(events::figures_api::histogram))
        .add(Can(MonitorRead), routes!(events::figures_api::fields))
        .add(Can(MonitorRead), routes!(events::figures_api::export))
        .add(Can(MonitorRead), routes!(events::api::detail))
        .add(Can(MonitorRead), routes!(events::figures_api::around))
        .add(Can(EventChange), routes!(ingest::change::replace))
        .add(Can(EventChange), routes!(ingest::change::patch))
        .add(Can(EventChange), routes!(ingest::change::remove))
        .add(Can(MonitorRead), routes!(alerts::api::list))
        .add(Can(MonitorRead), routes!(alerts::api::dashboard_list))
        .add(Can(MonitorRead), routes!(alerts::api::export))
        .add(Can(MonitorRead), routes!(alerts::figures_api::facets))
        .add(Can(MonitorRead), routes!(alerts::figures_api::groups))
        .add(Can(MonitorRead), routes!(alerts::api::detail))
        .add(Can(MonitorRead), routes!(alerts::figures_api::similar))
        .add(Can(MonitorRead), routes!(alerts::figures_api::enrichment))
        .add(Can(AlertTriage), routes!(alerts::api::update))
        .add(Can(AlertTriage), routes!(alerts::api::update_status))
        .add(
            Can(AlertTriage),
            routes!(alerts::api::dashboard_update_status),
        )
        .add(Can(MonitorRead), routes!(alerts::api::timeline))
        .add(Can(MonitorRead), routes!(alerts::api::gathered))
        .add(Can(AlertTriage), routes!(alerts::api::comment))
        .add(Can(AlertTriage), routes!(alerts::bulk_api::bulk))
        .add(Can(AlertTriage), routes!(alerts::bulk_api::undo))
        .add(Can(MonitorRead), routes!(views::api::list))
        .add(Can(MonitorRead), routes!(views::api::create))
        .add(Can(MonitorRead), routes!(views::api::counts))
        .add(Can(MonitorRead), routes!(views::api::detail))
        .add(Can(MonitorRead), routes!(views::api::update))
        .add(Can(MonitorRead), routes!(views::api::remove))
        .add(Can(AlertTriage), routes!(alerts::by_hand_api::raise))
        .add(Can(MonitorRead), routes!(stream::api::stats))
        .add(Can(MonitorRead), routes!(overview::api::overview))
        .add(Can(MonitorRead), routes!(stream::api::stream))
        .add(Can(Manage), routes!(ingest::api::test_event))
        .add(Can(AuditRead), routes!(audit::api::list))
        .add(Can(AuditRead), routes!(audit::api::verify_chain))
        .add(Can(AuditRead), routes!(audit::api::export))
        .add(Open, routes!(web::docs::schema))
        .add(Open, routes!(web::health::healthz))
        .add(Open, routes!(web::health::readyz))
        .add(Can(Manage), routes!(web::health::metrics));
    routes
}

fn source_routes(routes: &mut Routes) {
    routes
        .add(Can(Manage), routes!(sources::api::list))
        .add(Can(Manage), routes!(sources::api::create))
        .add(Can(Manage), routes!(sources::api::preview))
        .add(Can(Manage), routes!(sources::api::detail))
        .add(Can(Manage), routes!(sources::api::update))
        .add(Can(Manage), routes!(sources::api::remove))
        .add(Can(Manage), routes!(sources::api::counts))
        .add(Can(Manage), routes!(sources::letters_api::list))
        .add(Can(Manage), routes!(sources::letters_api::detail))
        .add(Can(Manage), routes!(sources::letters_api::clear));
}

fn identity_routes(routes: &mut Routes) {
    routes
        .add(SignIn, routes!(identity::api::token))
        .add(SignIn, routes!(identity::api::token_short))
        .add(SignIn, routes!(identity::api::token_refresh))
        .add(SignIn, routes!(identity::api::token_refresh_short))
        .add(Public, routes!(identity::api::token_verify))
        .add(Public, routes!(identity::api::token_verify_short))
        .add(SignIn, routes!(identity::api::signup))
        .add(SignedIn, routes!(identity::api::logout))
        .add(SignIn, routes!(identity::api::session_begin))
        .add(SignedIn, routes!(identity::api::session_end))
        .add(SignedIn, routes!(identity::api::me))
        .add(SignedIn, routes!(identity::api::change_me))
        .add(SignedIn, routes!(identity::api::change_password))
        .add(SignedIn, routes!(identity::api::sign_out_everywhere))
        .add(SignedIn, routes!(identity::api::own_sessions))
        .add(SignedIn, routes!(identity::api::end_own_session))
        .add(Can(Manage), routes!(identity::api::list_users))
        .add(Can(Manage), routes!(identity::api::create_user))
        .add(Can(Manage), routes!(identity::api::create_analyst))
        .add(Can(Manage), routes!(identity::api::get_user))
        .add(Can(Manage), routes!(identity::api::change_user))
        .add(Can(Manage), routes!(identity::api::delete_user))
        .add(Can(Manage), routes!(identity::api::reset_password))
        .add(Can(Manage), routes!(identity::api::user_sessions))
        .add(Can(Manage), routes!(identity::api::end_user_sessions))
        .add(Can(Manage), routes!(identity::api::list_keys))
        .add(Can(Manage), routes!(identity::api::create_key))
        .add(Can(Manage), routes!(identity::api::revoke_key));
}

/// The whole service: routes, pages, and the layers around them.
pub fn service(services: &Services) -> (Router, OpenApi) {
    let (router, document) = declare().guarded(services);
    services.document.get_or_init(|| document.clone());
    let router = router
        .route("/api/", axum::routing::get(web::home::api_root))
        .route("/api/docs/", axum::routing::get(web::docs::docs))
        .route("/api/docs/{file}", axum::routing::get(web::docs::docs_file));
    let pages = dashboard::router(&services.app).with_state(services.clone());
    (routes::with_layers(router.merge(pages), services), document)
}

/// The OpenAPI document without a running server: for the command line and for checks.
#[must_use]
pub fn document() -> OpenApi {
    declare().document()
}
