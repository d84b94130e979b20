//! What errors look like in the OpenAPI document: problem documents, and on the routes of other
//! programs' protocols the form their clients read.

use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{
    ComponentsBuilder, Content, ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema,
};
use utoipa::{PartialSchema as _, ToSchema as _};

use crate::http::{ErrorForm, ProblemBody};
use crate::ingest::receivers::splunk::HecAnswer;

/// An error of Elasticsearch.
const ELASTIC: &str = "ElasticError";
/// An error of gRPC, which OTLP's clients read.
const STATUS: &str = "RpcStatus";
/// An error of Alertmanager's API.
const ALERTMANAGER: &str = "AlertmanagerError";

/// Adds what [`response`] refers to and no handler declares.
pub(super) fn schemas(components: ComponentsBuilder) -> ComponentsBuilder {
    components
        .schema(ProblemBody::name(), ProblemBody::schema())
        .schema(ELASTIC, elastic())
        .schema(STATUS, code_and_message())
        .schema(ALERTMANAGER, code_and_message())
}

/// An error in the form of its route.
pub(super) fn response(form: ErrorForm, what: &str) -> Response {
    let response = ResponseBuilder::new().description(what);
    let problem = ProblemBody::name();
    let hec = HecAnswer::name();
    let content: &[(&str, &str)] = match form {
        ErrorForm::Problem => &[("application/problem+json", &problem)],
        ErrorForm::Elastic => &[("application/json", ELASTIC)],
        ErrorForm::Splunk => &[("application/json", &hec)],
        ErrorForm::Loki => return response.content("text/plain", text()).build(),
        ErrorForm::Otlp => &[
            ("application/x-protobuf", STATUS),
            ("application/json", STATUS),
        ],
        ErrorForm::Alertmanager => &[("application/json", ALERTMANAGER)],
    };
    content
        .iter()
        .fold(response, |response, (media, schema)| {
            let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(*schema)));
            response.content(*media, content.build())
        })
        .build()
}

fn text() -> Content {
    ContentBuilder::new()
        .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
        .build()
}

fn code_and_message() -> RefOr<Schema> {
    ObjectBuilder::new()
        .property("code", ObjectBuilder::new().schema_type(Type::Integer))
        .property("message", ObjectBuilder::new().schema_type(Type::String))
        .required("code")
        .required("message")
        .into()
}

fn elastic() -> RefOr<Schema> {
    let cause = || {
        ObjectBuilder::new()
            .property("type", ObjectBuilder::new().schema_type(Type::String))
            .property("reason", ObjectBuilder::new().schema_type(Type::String))
            .required("type")
            .required("reason")
    };
    let error = cause()
        .property("root_cause", ArrayBuilder::new().items(cause()))
        .required("root_cause");
    ObjectBuilder::new()
        .property("error", error)
        .property("status", ObjectBuilder::new().schema_type(Type::Integer))
        .required("error")
        .required("status")
        .into()
}
