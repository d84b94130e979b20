//! The stream and its fallback over HTTP.

#![expect(
    clippy::missing_errors_doc,
    reason = "the schema names each answer of a handler"
)]

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::hub::{Live, Since};
use super::poll::{Stats, stats as poll};
use super::resume::Resume;
use crate::app::App;
use crate::http::{Caller, Params, Problem};

/// Says what changes, as it happens: server-sent events.
///
/// The data of each event is one line of JSON:
///
/// - `hello` `{time, resume}`: the first.
/// - `alert.created` `{id, severity, status, title, source, type, created_at, event_id}`.
/// - `alert.updated` `{id, version, status, severity, assigned_to, updated_at, actor}`: changed or,
///   with the version as it was, commented on; several changes at about the same time come as one.
/// - `stats` `{open_by_severity, unresolved, events_per_s}`: when a number changed, at most once a
///   second; `events_per_s` is what this server stored, averaged over the last seconds.
/// - `missed` `{n}`: about so many alerts and changes are not told one by one, because there were
///   more than 500 at a time or since the id, because the client read too slowly, or (0) because
///   the id is not of this database: load anew.
/// - `session.expired` `{}`: the session, the account or its right ended; the stream ends.
/// - `server.restarting` `{}`: the server stops; the stream ends.
///
/// The last event of a batch has an id. A client that comes back with it misses nothing, on any
/// server of the database and after a restart; an alert it knows already may be told again.
/// A comment is sent after 15 s of silence. The stream lives as long as the session, beyond the
/// access token it was opened with. At most 8 streams a user and 1,000 a server.
#[utoipa::path(
    get,
    path = "/api/stream/",
    operation_id = "stream",
    tag = "stats",
    params(
        ("Last-Event-ID" = Option<String>, Header,
            description = "The last id the client read; comes before `last_event_id`"),
        ("last_event_id" = Option<String>, Query,
            description = "The same, or the `resume` of `/api/stats/`", example = "4812.977"),
    ),
    responses((
        status = 200,
        description = "Events without end",
        content_type = "text/event-stream",
        body = String,
        example = "id: 4812.977\nevent: alert.updated\ndata: {\"id\":4812,\"version\":2,\
            \"status\":\"ACKNOWLEDGED\",\"severity\":\"HIGH\",\"assigned_to\":null,\
            \"updated_at\":\"2026-11-20T17:02:11.482000Z\",\
            \"actor\":{\"id\":2,\"username\":\"dana\"}}\n\n",
    )),
)]
pub async fn stream(
    State(live): State<Live>,
    caller: Caller,
    headers: HeaderMap,
    mut params: Params,
) -> Result<Response, Problem> {
    let named = params.value::<Resume>("last_event_id");
    params.finish()?;
    let since = since(&headers, named);
    let (user, _) = caller.user()?;
    let reader = live.listen(user, caller.actor, since).await?;
    let mut response = reader.into_body().into_response();
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("text/event-stream"),
    );
    // nginx would hold events back until its buffer is full.
    headers.insert(
        HeaderName::from_static("x-accel-buffering"),
        HeaderValue::from_static("no"),
    );
    Ok(response)
}

/// A browser repeats whatever id it has by itself, and gives up for good on an answer 400: an id
/// it cannot know to be wrong means that it loads anew.
fn since(headers: &HeaderMap, named: Option<Resume>) -> Since {
    match headers.get("last-event-id") {
        Some(value) if !value.is_empty() => value
            .to_str()
            .ok()
            .and_then(|text| text.parse().ok())
            .map_or(Since::Unreadable, Since::At),
        _ => named.map_or(Since::Now, Since::At),
    }
}

/// Says how many alerts there are, by status and severity, and with `since` what is new.
///
/// For clients that cannot keep a stream open: give the `resume` of one answer as `since` of the
/// next, such as every 5 seconds.
#[utoipa::path(
    get,
    path = "/api/stats/",
    operation_id = "get_stats",
    tag = "stats",
    params((
        "since" = Option<String>, Query,
        description = "The `resume` of an answer before, or the id of an event of the stream",
        example = "4812.977",
    )),
    responses((status = 200, description = "The numbers now", body = Stats)),
)]
pub async fn stats(State(app): State<App>, mut params: Params) -> Result<Json<Stats>, Problem> {
    let since = params.value::<Resume>("since");
    params.finish()?;
    Ok(Json(poll(&app, since).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browsers_id_comes_first_and_is_never_refused() {
        let at = |text: &str| Since::At(text.parse().unwrap());
        let headers = |text: &str| {
            let value = HeaderValue::from_bytes(text.as_bytes()).unwrap();
            HeaderMap::from_iter([(HeaderName::from_static("last-event-id"), value)])
        };
        let named = "5.6".parse().ok();
        assert_eq!(since(&HeaderMap::new(), None), Since::Now);
        assert_eq!(since(&HeaderMap::new(), named), at("5.6"));
        assert_eq!(since(&headers(""), named), at("5.6"));
        assert_eq!(since(&headers("1.2"), named), at("1.2"));
        assert_eq!(since(&headers("ümlaut"), named), Since::Unreadable);
        assert_eq!(since(&headers("1.2.3"), None), Since::Unreadable);
    }
}
