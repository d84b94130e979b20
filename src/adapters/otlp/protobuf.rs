//! The protobuf form: `ExportLogsServiceRequest` and what is in it, by the numbers of its fields.

use std::borrow::Cow;
use std::ops::ControlFlow;

use super::record::{LogRecord, Origin};
use super::value::{Any, DEPTH_MAX, Pairs};
use super::wire::{Field, Message, WireError};
use super::{Around, Give};
use crate::adapters::BodyError;
use crate::adapters::{RECORD_MAX, refused};
use crate::http::FieldErrors;

/// Room made for the attributes of a record: most have fewer.
const ATTRIBUTES_USUAL: usize = 16;

/// Why a value is none.
#[derive(Debug, thiserror::Error)]
enum ValueError {
    #[error(transparent)]
    Wire(#[from] WireError),
    #[error("nested deeper than {DEPTH_MAX}")]
    Deep,
    #[error("a resource or scope of more than {RECORD_MAX} bytes")]
    Long,
}

/// Hands on every record of a request.
///
/// # Errors
/// What is around the records is no such message.
pub(super) fn each<'a>(bytes: &'a [u8], give: &mut Give<'_, 'a>) -> Result<(), BodyError> {
    let broken = |error: WireError| format!("not OTLP: {error}");
    let mut request = Message(bytes);
    while let Some((number, field)) = request.next().map_err(broken)? {
        if number == 1
            && resource_logs(field.bytes().map_err(broken)?, give)
                .map_err(|error| format!("not OTLP: {error}"))?
                .is_break()
        {
            break;
        }
    }
    Ok(())
}

fn resource_logs<'a>(
    bytes: &'a [u8],
    give: &mut Give<'_, 'a>,
) -> Result<ControlFlow<()>, ValueError> {
    let mut around = Around::new();
    // What stands around the records may come behind them.
    let resource = last(bytes, 1)?;
    let mut message = Message(bytes);
    while let Some((number, field)) = message.next()? {
        if number != 2 {
            continue;
        }
        let logs = field.bytes()?;
        let scope = last(logs, 1)?;
        around.scope = None;
        let mut inner = Message(logs);
        while let Some((number, field)) = inner.next()? {
            if number != 2 {
                continue;
            }
            // Only for a record: a body of nothing but resources is to cost nothing.
            around.fill(|| resource_of(resource), || scope_of(scope))?;
            let bytes = field.bytes()?;
            let record = record(bytes);
            if give(&around, record, bytes).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
    }
    Ok(ControlFlow::Continue(()))
}

/// The last field of a number, as readers of protobuf take it.
fn last(bytes: &[u8], wanted: u32) -> Result<&[u8], ValueError> {
    let mut message = Message(bytes);
    let mut found = &b""[..];
    while let Some((number, field)) = message.next()? {
        if number == wanted {
            found = field.bytes()?;
        }
    }
    if found.len() > RECORD_MAX {
        return Err(ValueError::Long);
    }
    Ok(found)
}

fn resource_of(bytes: &[u8]) -> Result<Origin<'_>, ValueError> {
    let mut origin = Origin::default();
    let mut message = Message(bytes);
    while let Some((number, field)) = message.next()? {
        if number == 1 {
            origin.attributes.0.push(pair(field.bytes()?, DEPTH_MAX)?);
        }
    }
    Ok(origin)
}

fn scope_of(bytes: &[u8]) -> Result<Origin<'_>, ValueError> {
    let mut origin = Origin::default();
    let mut message = Message(bytes);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => origin.name = text(field)?,
            2 => origin.version = text(field)?,
            3 => origin.attributes.0.push(pair(field.bytes()?, DEPTH_MAX)?),
            _ => {}
        }
    }
    Ok(origin)
}

fn record(bytes: &[u8]) -> Result<LogRecord<'_>, FieldErrors> {
    if bytes.len() > RECORD_MAX {
        let what = format!("a record has at most {RECORD_MAX} bytes");
        return Err(refused("record", what));
    }
    let mut record = LogRecord::default();
    record.attributes.0.reserve(ATTRIBUTES_USUAL);
    let mut message = Message(bytes);
    let refuse = |name: &str, error: ValueError| refused(name, error.to_string());
    loop {
        let next = message
            .next()
            .map_err(|error| refuse("record", error.into()))?;
        let Some((number, field)) = next else {
            return Ok(record);
        };
        member(&mut record, number, field).map_err(|(name, error)| refuse(name, error))?;
    }
}

fn member<'a>(
    record: &mut LogRecord<'a>,
    number: u32,
    field: Field<'a>,
) -> Result<(), (&'static str, ValueError)> {
    let name = match number {
        1 => "timeUnixNano",
        2 => "severityNumber",
        3 => "severityText",
        5 => "body",
        6 => "attributes",
        7 => "droppedAttributesCount",
        8 => "flags",
        9 => "traceId",
        10 => "spanId",
        11 => "observedTimeUnixNano",
        12 => "eventName",
        _ => return Ok(()),
    };
    let mut set = || -> Result<(), ValueError> {
        match number {
            1 => record.time = field.fixed64()?,
            // What is negative means nothing.
            2 => record.severity_number = i64::try_from(field.varint()?).unwrap_or(0),
            3 => record.severity_text = text(field)?,
            5 => record.body = any(field.bytes()?, DEPTH_MAX)?,
            6 => record.attributes.0.push(pair(field.bytes()?, DEPTH_MAX)?),
            7 => record.dropped_attributes = field.varint()?,
            8 => {
                record.flags = match field {
                    Field::Fixed32(flags) => flags,
                    _ => return Err(WireError::Other.into()),
                }
            }
            9 => record.trace_id = id(field.bytes()?, 16),
            10 => record.span_id = id(field.bytes()?, 8),
            11 => record.observed = field.fixed64()?,
            _ => record.event_name = text(field)?,
        }
        Ok(())
    };
    set().map_err(|error| (name, error))
}

/// A text; what is no UTF-8 in it is replaced.
fn text(field: Field<'_>) -> Result<Cow<'_, str>, WireError> {
    let bytes = field.bytes()?;
    // What is UTF-8, as nearly all is, is known sooner so.
    Ok(std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed))
}

/// An id in hexadecimal; one of another length, or of zeros only, is none.
fn id(bytes: &[u8], length: usize) -> String {
    if bytes.len() != length || bytes.iter().all(|byte| *byte == 0) {
        return String::new();
    }
    base::hex(bytes)
}

fn pair(bytes: &[u8], depth: u8) -> Result<(Cow<'_, str>, Any<'_>), ValueError> {
    let mut pair = (Cow::Borrowed(""), Any::Empty);
    let mut message = Message(bytes);
    while let Some((number, field)) = message.next()? {
        match number {
            1 => pair.0 = text(field)?,
            2 => pair.1 = any(field.bytes()?, depth)?,
            _ => {}
        }
    }
    Ok(pair)
}

fn any(bytes: &[u8], depth: u8) -> Result<Any<'_>, ValueError> {
    let mut value = Any::Empty;
    let mut message = Message(bytes);
    while let Some((number, field)) = message.next()? {
        value = match number {
            1 => Any::Text(text(field)?),
            2 => Any::Bool(field.varint()? != 0),
            3 => Any::Int(field.varint()?.cast_signed()),
            4 => Any::Double(f64::from_bits(field.fixed64()?)),
            5 | 6 => {
                let depth = depth.checked_sub(1).ok_or(ValueError::Deep)?;
                let bytes = field.bytes()?;
                if number == 5 {
                    Any::List(list(bytes, depth)?)
                } else {
                    Any::Map(pairs(bytes, depth)?)
                }
            }
            7 => Any::Bytes(Cow::Borrowed(field.bytes()?)),
            _ => continue,
        };
    }
    Ok(value)
}

fn list(bytes: &[u8], depth: u8) -> Result<Vec<Any<'_>>, ValueError> {
    let mut values = Vec::new();
    let mut message = Message(bytes);
    while let Some((number, field)) = message.next()? {
        if number == 1 {
            values.push(any(field.bytes()?, depth)?);
        }
    }
    Ok(values)
}

fn pairs(bytes: &[u8], depth: u8) -> Result<Pairs<'_>, ValueError> {
    let mut pairs = Pairs::default();
    let mut message = Message(bytes);
    while let Some((number, field)) = message.next()? {
        if number == 1 {
            pairs.0.push(pair(field.bytes()?, depth)?);
        }
    }
    Ok(pairs)
}
