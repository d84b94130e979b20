//! The OpenAPI document: what the handlers say of themselves, completed with what holds for all.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{
    ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme,
};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, RefOr,
};

use super::errors;
use crate::http::{Access, ErrorForm};

/// The scheme of signed-in people and of ingest keys.
const BEARER: &str = "bearer";
/// The name of the other way to prove who asks: a browser's session.
const COOKIE: &str = "cookie";

/// What comes before any route.
pub(super) fn base() -> OpenApi {
    let tags = [
        ("auth", "Signing in and up, refreshing, logging out"),
        ("me", "Your own profile, password and sessions"),
        ("users", "People and their roles"),
        ("keys", "Ingest keys: what machines send events with"),
        ("sources", "Who reports, and what was refused of it"),
        (
            "events",
            "What happened: sending, finding and correcting events",
        ),
        (
            "ingest",
            "Records of other programs; their protocols are answered as their clients read",
        ),
        ("alerts", "What people act on"),
        ("views", "Lists people keep"),
        ("stats", "Figures from kept counts"),
        ("dashboard", "Helpers of the dashboard"),
        ("audit", "The activity log"),
        ("operations", "Health, metrics and this document"),
    ];
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Watchpost")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Security events in, alerts out. Every path is also answered under \
                     `/api/v1/`, and without its trailing slash. Errors are RFC 9457 problem \
                     documents, but for the protocols of other programs below `/api/ingest/`.",
                ))
                .license(Some(
                    LicenseBuilder::new()
                        .name("Apache-2.0")
                        .identifier(Some("Apache-2.0"))
                        .build(),
                ))
                .build(),
        )
        .tags(Some(tags.map(|(name, about)| {
            TagBuilder::new()
                .name(name)
                .description(Some(about))
                .build()
        })))
        .components(Some(components()))
        .build()
}

/// The forms of errors, and the two ways to prove who asks.
fn components() -> Components {
    errors::schemas(ComponentsBuilder::new())
        .security_scheme(
            BEARER,
            SecurityScheme::Http(
                HttpBuilder::new()
                    .scheme(HttpAuthScheme::Bearer)
                    .description(Some(
                        "An access token from `POST /api/auth/token/`, or an ingest key \
                         (`wp_…`) where events are sent",
                    ))
                    .build(),
            ),
        )
        .security_scheme(
            COOKIE,
            SecurityScheme::ApiKey(ApiKey::Cookie(ApiKeyValue::with_description(
                "watchpost_session",
                "The cookie of `POST /api/auth/session/`, called `__Host-watchpost` over \
                 TLS. Changes also need the header `X-Watchpost: 1` and must come from a \
                 page of this server",
            ))),
        )
        .build()
}

/// Adds to each operation what its access implies; returns the methods found.
pub(super) fn document_access(path: &str, item: &mut PathItem, access: Access) -> Vec<String> {
    let operations = [
        ("POST", &mut item.post),
        ("GET", &mut item.get),
        ("PUT", &mut item.put),
        ("PATCH", &mut item.patch),
        ("DELETE", &mut item.delete),
    ];
    let mut methods = Vec::new();
    let mut ids = Vec::new();
    for (method, operation) in operations {
        let Some(operation) = operation else { continue };
        // A handler of several methods has one id, which each but the first extends by its own.
        if let Some(id) = &mut operation.operation_id {
            if ids.contains(id) {
                id.push('_');
                id.push_str(&method.to_ascii_lowercase());
            }
            ids.push(id.clone());
        }
        methods.push(method.to_owned());
        let reads = operation.parameters.is_some() || operation.request_body.is_some();
        describe(path, operation, access, reads);
    }
    methods
}

fn describe(path: &str, operation: &mut Operation, access: Access, reads: bool) {
    let needs = match access {
        Access::Open | Access::Public | Access::SignIn => None,
        Access::SignedIn => Some("Any signed-in user.".to_owned()),
        Access::Can(capability) => Some(format!("Needs `{}`.", capability.word())),
        Access::CanOrKey(capability) => {
            Some(format!("Needs `{}`, or an ingest key.", capability.word()))
        }
    };
    // Handlers of different slices have the same short names; with the tag in front they differ.
    if let (Some(tags), Some(id)) = (&operation.tags, &operation.operation_id)
        && let Some(tag) = tags.first()
    {
        operation.operation_id = Some(format!("{tag}_{id}"));
    }
    add_errors(path, operation, access, reads);
    if let Some(needs) = needs {
        let scheme = |name| SecurityRequirement::new(name, Vec::<String>::new());
        operation.security = Some(vec![scheme(BEARER), scheme(COOKIE)]);
        let text = operation.description.take().unwrap_or_default();
        operation.description = Some(format!("{text}\n\n{needs}").trim().to_owned());
    } else {
        operation.security = Some(Vec::new());
    }
}

/// Adds the errors that every route of its kind may answer, in the form of the route.
fn add_errors(path: &str, operation: &mut Operation, access: Access, reads: bool) {
    let form = ErrorForm::of(path);
    let has_body = operation.request_body.is_some();
    let needs_caller = !matches!(access, Access::Open | Access::Public | Access::SignIn);
    let mut add = |status: &str, what: &str| {
        let missing = || RefOr::T(errors::response(form, what));
        operation
            .responses
            .responses
            .entry(status.to_owned())
            .or_insert_with(missing);
    };
    if reads {
        add(
            "400",
            "Malformed, or a value that is not valid: `errors` names each field",
        );
    }
    if has_body {
        // These clients drop what is answered 408: they hear 503.
        if !matches!(form, ErrorForm::Loki | ErrorForm::Otlp) {
            add("408", "The body came too slowly");
        }
        add("413", "The body is too large");
        // Records of other programs may have any media type.
        let unread = match form {
            ErrorForm::Loki => "An encoding other than gzip, zstd and snappy",
            _ if path.starts_with("/api/ingest/") => "An encoding other than gzip and zstd",
            _ => "Not JSON, or an encoding other than gzip and zstd",
        };
        add("415", unread);
        add("401", "Credentials that do not count");
    }
    if needs_caller {
        if form == ErrorForm::Splunk {
            add("403", "A token that is unknown, or may not be used here");
        }
        add("401", "No credentials, or none that count");
        add("403", "The role does not allow it");
    }
    if access != Access::Open {
        add("429", "Too often; `Retry-After` says when to come back");
        add(
            "503",
            "Not now: the database is away or too much waits; `Retry-After`",
        );
    }
    // Errors a handler declared by status alone get their form too.
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && status.starts_with(['4', '5'])
            && response.content.is_empty()
        {
            *response = errors::response(form, &response.description);
        }
    }
}

/// What comes after every route.
pub(super) fn complete(document: &mut OpenApi) {
    document.openapi = utoipa::openapi::OpenApiVersion::Version31;
}
