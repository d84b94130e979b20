//! Changing and deleting events: the alert follows its event.

#![expect(
    clippy::missing_errors_doc,
    reason = "the errors of a handler are in its OpenAPI responses"
)]

use axum::extract::{Request, State};
use axum::response::Response;
use base::{EventId, Timestamp};
use http::StatusCode;
use store::{StoreError, Tx};

use super::counts::{Counts, origin};
use super::pipeline::{Prepared, new_alert};
use crate::alerts::{self, Withdrawn};
use crate::app::{App, Change};
use crate::audit::{self, Entry};
use crate::events::{self, Event, EventPatch, NewEvent, no_event, read_new};
use crate::http::{
    BodyLimits, BodyRoom, Caller, IfMatch, MediaType, PathId, Problem, read_body, with_etag,
};

const BODY_MAX: usize = 256 * 1024;

/// Replaces an event; what is left out is gone.
///
/// A change that lifts it to HIGH or CRITICAL raises its alert then.
#[utoipa::path(
    put,
    path = "/api/events/{id}/",
    tag = "events",
    params(
        ("id" = i64, Path, description = "The event's id"),
        ("If-Match" = Option<String>, Header, description = "The version the change is meant for"),
    ),
    request_body = super::api::EventInput,
    responses(
        (status = 200, description = "The changed event", body = Event),
        (status = 404, description = "No such event"),
        (status = 412, description = "It was changed meanwhile"),
    ),
)]
pub async fn replace(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    if_match: IfMatch,
    request: Request,
) -> Result<Response, Problem> {
    let bytes = json_body(request).await?;
    let new = read_new(&bytes).map_err(Problem::validation)?;
    change(&app, caller, id, if_match, move |_| new).await
}

/// Changes the given fields of an event.
///
/// A change that lifts it to HIGH or CRITICAL raises its alert then.
#[utoipa::path(
    patch,
    path = "/api/events/{id}/",
    tag = "events",
    params(
        ("id" = i64, Path, description = "The event's id"),
        ("If-Match" = Option<String>, Header, description = "The version the change is meant for"),
    ),
    request_body(content = Object, description = "Any of the fields of an event", example = json!({"severity": "CRITICAL"})),
    responses(
        (status = 200, description = "The changed event", body = Event),
        (status = 404, description = "No such event"),
        (status = 412, description = "It was changed meanwhile"),
    ),
)]
pub async fn patch(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    if_match: IfMatch,
    request: Request,
) -> Result<Response, Problem> {
    let patch = EventPatch::read(&json_body(request).await?)?;
    change(&app, caller, id, if_match, move |event| patch.apply(event)).await
}

async fn json_body(request: Request) -> Result<bytes::Bytes, Problem> {
    let (parts, body) = request.into_parts();
    let limits = BodyLimits {
        compressed: BODY_MAX,
        decompressed: BODY_MAX,
    };
    let body = read_body(&parts.headers, body, limits, BodyRoom::default()).await?;
    if body.media == MediaType::Json {
        Ok(body.bytes)
    } else {
        Err(Problem::media_type("send Content-Type: application/json"))
    }
}

async fn change(
    app: &App,
    caller: Caller,
    id: i64,
    if_match: IfMatch,
    new: impl FnOnce(&Event) -> NewEvent + Send + 'static,
) -> Result<Response, Problem> {
    let this = app.clone();
    let event = app
        .store
        .write(move |tx| {
            let now = this.clock.now();
            let before = events::get(tx, EventId::new(id), true)?.ok_or_else(|| no_event(id))?;
            if_match.check(before.version)?;
            let prepared = Prepared::new(&this, new(&before));
            let after = write_change(tx, &this, &caller, &before, &prepared, now)?;
            let entry = Entry::new("event.changed")
                .on("event", id)
                .before(&before)
                .after(&after);
            audit::append(tx, &caller, now, entry)?;
            Ok::<_, Problem>(after)
        })
        .await?;
    if let Some(alert) = event.alert {
        app.announce(Change::AlertChanged(alert));
    }
    Ok(with_etag(&event, event.version))
}

/// Writes the event, moves its count, and lets the alert follow or come into being.
fn write_change(
    tx: &mut Tx<'_>,
    app: &App,
    caller: &Caller,
    before: &Event,
    prepared: &Prepared,
    now: Timestamp,
) -> Result<Event, StoreError> {
    let (source, kind) = prepared.names();
    let ids = (
        events::source_id(tx, source, now)?,
        events::event_type_id(tx, kind, now)?,
    );
    let row = prepared.row(before.id, ids, (None, None));
    let version = before.version.saturating_add(1);
    events::update(tx, &row, version)?;
    let old_source = events::source_id(tx, &before.source_name, now)?;
    let mut counts = Counts::default();
    let (at, from, to) = (
        before.id.timestamp(),
        origin(before.geo.as_ref()),
        origin(prepared.geo()),
    );
    counts.add(at, old_source, before.severity, from, -1);
    counts.add(at, row.source_id, row.severity, to, 1);
    let alert = new_alert(&row, prepared.title());
    let alert = if before.alert.is_some() {
        let was = (before.severity, alerts::title_of(&before.description));
        // One that a storm gathers has no alert of its own to follow it.
        alerts::follow_event(tx, &app.config, caller, now, was, &alert)?.or(before.alert)
    } else if row.severity.raises_alert() {
        alerts::raise(tx, &app.config, 0, now, &[alert])?
            .first()
            .copied()
    } else {
        None
    };
    counts.write(tx, 0)?;
    let stored = super::Stored {
        id: before.id,
        alert,
        repeated: false,
        folded: false,
    };
    Ok(Event {
        version,
        ..prepared.stored(stored)
    })
}

/// Deletes an event and the alert it raised.
///
/// An event whose alert gathers others stays until those are deleted.
#[utoipa::path(
    delete,
    path = "/api/events/{id}/",
    tag = "events",
    params(
        ("id" = i64, Path, description = "The event's id"),
        ("If-Match" = Option<String>, Header, description = "The version that is meant"),
    ),
    responses(
        (status = 204, description = "It is gone"),
        (status = 404, description = "No such event"),
        (status = 409, description = "Its alert gathers other events"),
        (status = 412, description = "It was changed meanwhile"),
    ),
)]
pub async fn remove(
    State(app): State<App>,
    caller: Caller,
    PathId(id): PathId,
    if_match: IfMatch,
) -> Result<StatusCode, Problem> {
    let this = app.clone();
    app.store
        .write(move |tx| {
            let now = this.clock.now();
            let id = EventId::new(id);
            let before = events::get(tx, id, true)?.ok_or_else(|| no_event(id.number()))?;
            if_match.check(before.version)?;
            let alert = match alerts::withdraw(tx, now, id)? {
                Withdrawn::Nothing => None,
                Withdrawn::Alert(alert) => Some(alert),
                Withdrawn::Gathers(alert) => {
                    return Err(Problem::conflict(format!(
                        "alert #{}, which this event raised, gathers others: delete those first",
                        alert.id
                    )));
                }
            };
            events::delete(tx, id)?;
            let source = events::source_id(tx, &before.source_name, now)?;
            let mut counts = Counts::default();
            let origin = origin(before.geo.as_ref());
            counts.add(id.timestamp(), source, before.severity, origin, -1);
            counts.write(tx, 0)?;
            let entry = Entry::new("event.deleted")
                .on("event", id)
                .before(serde_json::json!({ "event": before, "alert": alert }));
            audit::append(tx, &caller, now, entry)?;
            Ok::<_, Problem>(StatusCode::NO_CONTENT)
        })
        .await
}
