//! OpenTelemetry logs (OTLP): `ExportLogsServiceRequest`, in protobuf or JSON.
//!
//! Each log record becomes one event. The body is read where it lies, record by record; what a
//! resource and a scope say is read once for all their records.
//!
//! | event | record |
//! |---|---|
//! | `source_name` | `service.name` of the resource, unless the library made it up; else `host.name`, else the key's |
//! | `event_type` | `eventName`, else an attribute `event.name` or `event_type`; else program, service or logger |
//! | `severity` | an attribute `severity`; else `severityNumber`, else `severityText`: at most MEDIUM |
//! | `description` | the body: a text as it is; a map as JSON of any make is read |
//! | `occurred_at` | `timeUnixNano`, else `observedTimeUnixNano` |
//! | key | an attribute `log.record.uid` |
//! | `trace.id`, `span.id` | `traceId`, `spanId` |
//! | fields | attributes of resource, scope and record, see `names`; the rest under `labels` |
//! | `otlp` | all of it, by the names of the JSON form, values as plain JSON |
//!
//! A text that is JSON is read as such, any other looked through for facts (`text`).

mod event;
mod json_form;
mod json_value;
mod names;
mod protobuf;
mod record;
#[cfg(test)]
mod tests;
mod value;
pub(super) mod wire;

use std::ops::ControlFlow;

use super::{Body, BodyError, Context, Format, Sink, refused};
use crate::http::FieldErrors;
use event::Common;
use record::{LogRecord, Origin};

/// OpenTelemetry logs.
pub const FORMAT: Format = Format {
    name: "otlp",
    aliases: &[],
    title: "OpenTelemetry logs (OTLP)",
    read,
};

/// Bytes the events of one request may take together: a resource is kept with each of its records,
/// and must not make a large request of a small one.
const TOTAL_MAX: usize = 64 << 20;

/// Takes a record, or why it is none, with its bytes.
type Give<'g, 'a> = dyn for<'r> FnMut(&Around, Result<LogRecord<'r>, FieldErrors>, &'r [u8]) -> ControlFlow<()>
    + 'g;

/// What stands around a record.
#[derive(Debug)]
struct Around {
    resource: Option<Common>,
    scope: Option<Common>,
}

impl Around {
    const fn new() -> Self {
        Self {
            resource: None,
            scope: None,
        }
    }

    /// Reads what has not been read yet.
    fn fill<'a, E>(
        &mut self,
        resource: impl FnOnce() -> Result<Origin<'a>, E>,
        scope: impl FnOnce() -> Result<Origin<'a>, E>,
    ) -> Result<(), E> {
        let resource = match self.resource.take() {
            Some(known) => known,
            None => Common::of_resource(&resource()?),
        };
        if self.scope.is_none() {
            self.scope = Some(resource.of_scope(&scope()?));
        }
        self.resource = Some(resource);
        Ok(())
    }

    fn both(&self) -> Option<(&Common, &Common)> {
        Some((self.resource.as_ref()?, self.scope.as_ref()?))
    }
}

/// Reads a request and hands on what became of each record.
///
/// # Errors
/// The body is no such request.
pub fn read(body: &Body<'_>, cx: &Context<'_>, sink: &mut Sink<'_>) -> Result<(), BodyError> {
    let mut total = 0_usize;
    let mut give = |around: &Around, record: Result<LogRecord<'_>, FieldErrors>, bytes: &[u8]| {
        let read = match (record, around.both()) {
            (Ok(_), _) if total > TOTAL_MAX => {
                let what = format!(
                    "the records of a request with their resources have more than {TOTAL_MAX} bytes; send fewer at once"
                );
                Err(refused("record", what))
            }
            (Ok(record), Some(around)) => event::read(&record, around, cx),
            (Ok(_), None) => Err(refused("record", "stands outside of any scope")),
            (Err(errors), _) => Err(errors),
        };
        if let Ok(reading) = &read {
            let size = reading
                .event
                .attributes
                .as_ref()
                .map_or(0, |raw| raw.get().len());
            total = total
                .saturating_add(size)
                .saturating_add(reading.event.description.len());
        }
        sink(read, bytes)
    };
    if is_json(body) {
        json_form::each(body.bytes, &mut give)
    } else {
        protobuf::each(body.bytes, &mut give)
    }
}

/// Whether a body is the JSON form; without a media type by how it begins, as no message of
/// protobuf begins with a brace.
#[must_use]
pub fn is_json(body: &Body<'_>) -> bool {
    match body.media {
        "application/json" => true,
        "application/x-protobuf" | "application/protobuf" => false,
        _ => body.bytes.trim_ascii_start().first() == Some(&b'{'),
    }
}
