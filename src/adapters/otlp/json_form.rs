//! The JSON form: members in lowerCamelCase, 64-bit numbers as texts or numbers, bytes in base64,
//! ids in hexadecimal; members nobody knows are passed over.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;

use super::json_value::{Number, SeverityNumber, Text};
use super::record::{LogRecord, Origin};
use super::value::{Any, DEPTH_MAX, Pairs};
use super::{Around, Give};
use crate::adapters::{BodyError, RECORD_MAX, refused};
use crate::http::FieldErrors;

/// Resources, scopes and records a body may hold together: more than a request may.
const ELEMENTS_MAX: usize = 100_000;

/// Hands on every record of a request.
///
/// # Errors
/// It is no JSON, no such request, or one of too many elements.
pub(super) fn each<'a>(bytes: &'a [u8], give: &mut Give<'_, 'a>) -> Result<(), BodyError> {
    // None are left only when there was one too many.
    let left = Cell::new(ELEMENTS_MAX.saturating_add(1));
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let request: Request<'_> = One(&left, PhantomData)
        .deserialize(&mut reader)
        .and_then(|request| reader.end().map(|()| request))
        .map_err(|error| match left.get() {
            0 => BodyError::TooMany(ELEMENTS_MAX),
            _ => format!("not OTLP: {error}").into(),
        })?;
    for logs in request.resource_logs {
        let mut around = Around::new();
        for scope in logs.scope_logs {
            around.scope = None;
            for record in scope.log_records {
                around.fill(|| origin(logs.resource), || origin(scope.scope))?;
                let bytes = record.get().as_bytes();
                if give(&around, read(bytes), bytes).is_break() {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// What is read of the body at once: everything down to the records, which stay text until it is
/// their turn.
#[derive(Default)]
struct Request<'a> {
    resource_logs: Vec<ResourceLogs<'a>>,
}

#[derive(Default)]
struct ResourceLogs<'a> {
    resource: Option<&'a RawValue>,
    scope_logs: Vec<ScopeLogs<'a>>,
}

#[derive(Default)]
struct ScopeLogs<'a> {
    scope: Option<&'a RawValue>,
    log_records: Vec<&'a RawValue>,
}

/// An element of one of the lists; `left` is how many more there may be.
trait Element<'a>: Sized {
    fn read<D: Deserializer<'a>>(reader: D, left: &Cell<usize>) -> Result<Self, D::Error>;
}

impl<'a> Element<'a> for &'a RawValue {
    fn read<D: Deserializer<'a>>(reader: D, _: &Cell<usize>) -> Result<Self, D::Error> {
        Deserialize::deserialize(reader)
    }
}

/// An object of which some members are read.
trait Members<'a>: Default {
    /// Reads a member; `false` when its name is none of ours.
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: &str,
        map: &mut A,
        left: &Cell<usize>,
    ) -> Result<bool, A::Error>;
}

impl<'a> Members<'a> for Request<'a> {
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: &str,
        map: &mut A,
        left: &Cell<usize>,
    ) -> Result<bool, A::Error> {
        if name == "resourceLogs" {
            self.resource_logs = map.next_value_seed(Many(left, PhantomData))?;
        }
        Ok(name == "resourceLogs")
    }
}

impl<'a> Members<'a> for ResourceLogs<'a> {
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: &str,
        map: &mut A,
        left: &Cell<usize>,
    ) -> Result<bool, A::Error> {
        match name {
            "resource" => self.resource = map.next_value()?,
            "scopeLogs" => self.scope_logs = map.next_value_seed(Many(left, PhantomData))?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'a> Members<'a> for ScopeLogs<'a> {
    fn member<A: MapAccess<'a>>(
        &mut self,
        name: &str,
        map: &mut A,
        left: &Cell<usize>,
    ) -> Result<bool, A::Error> {
        match name {
            "scope" => self.scope = map.next_value()?,
            "logRecords" => self.log_records = map.next_value_seed(Many(left, PhantomData))?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'a, T: Members<'a>> Element<'a> for T {
    fn read<D: Deserializer<'a>>(reader: D, left: &Cell<usize>) -> Result<Self, D::Error> {
        One(left, PhantomData).deserialize(reader)
    }
}

/// Reads one object.
struct One<'l, T>(&'l Cell<usize>, PhantomData<T>);

impl<'a, T: Members<'a>> DeserializeSeed<'a> for One<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<T, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'a, T: Members<'a>> Visitor<'a> for One<'_, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<T, A::Error> {
        let mut object = T::default();
        while let Some(Text(name)) = map.next_key()? {
            if !object.member(&name, &mut map, self.0)? {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(object)
    }
}

/// Reads a list of them.
struct Many<'l, T>(&'l Cell<usize>, PhantomData<T>);

impl<'a, T: Element<'a>> DeserializeSeed<'a> for Many<'_, T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<Vec<T>, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'a, T: Element<'a>> Visitor<'a> for Many<'_, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<Vec<T>, A::Error> {
        struct Next<'l, T>(&'l Cell<usize>, PhantomData<T>);
        impl<'a, T: Element<'a>> DeserializeSeed<'a> for Next<'_, T> {
            type Value = T;

            fn deserialize<D: Deserializer<'a>>(self, reader: D) -> Result<T, D::Error> {
                T::read(reader, self.0)
            }
        }
        let mut elements = Vec::new();
        while let Some(element) = list.next_element_seed(Next(self.0, PhantomData))? {
            self.0.set(self.0.get().saturating_sub(1));
            if self.0.get() == 0 {
                let what = format!("more than {ELEMENTS_MAX} resources, scopes and records");
                return Err(A::Error::custom(what));
            }
            elements.push(element);
        }
        Ok(elements)
    }
}

/// A resource or a scope.
#[derive(Default, serde::Deserialize)]
#[serde(default)]
struct JsonOrigin<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    version: Text<'a>,
    #[serde(borrow)]
    attributes: Pairs<'a>,
}

fn origin(raw: Option<&RawValue>) -> Result<Origin<'_>, String> {
    let Some(raw) = raw.filter(|raw| raw.get() != "null") else {
        return Ok(Origin::default());
    };
    if raw.get().len() > RECORD_MAX {
        return Err(format!(
            "a resource or scope of more than {RECORD_MAX} bytes"
        ));
    }
    let origin: JsonOrigin<'_> = serde_json::from_str(raw.get())
        .map_err(|error| format!("a resource or scope cannot be read: {error}"))?;
    if is_deep(&origin.attributes, DEPTH_MAX) {
        return Err(format!(
            "a resource or scope is nested deeper than {DEPTH_MAX}"
        ));
    }
    Ok(Origin {
        name: origin.name.0,
        version: origin.version.0,
        attributes: origin.attributes,
    })
}

/// A record by the names of the JSON form.
#[derive(Default, serde::Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct JsonRecord<'a> {
    time_unix_nano: Number,
    observed_time_unix_nano: Number,
    severity_number: SeverityNumber,
    #[serde(borrow)]
    severity_text: Text<'a>,
    #[serde(borrow)]
    body: Any<'a>,
    #[serde(borrow)]
    attributes: Pairs<'a>,
    dropped_attributes_count: Number,
    flags: Number,
    #[serde(borrow)]
    trace_id: Text<'a>,
    #[serde(borrow)]
    span_id: Text<'a>,
    #[serde(borrow)]
    event_name: Text<'a>,
}

fn read(bytes: &[u8]) -> Result<LogRecord<'_>, FieldErrors> {
    if bytes.len() > RECORD_MAX {
        let what = format!("a record has at most {RECORD_MAX} bytes");
        return Err(refused("record", what));
    }
    let record: JsonRecord<'_> = serde_json::from_slice(bytes).map_err(|_| blame(bytes))?;
    let deep = |name| refused(name, format!("nested deeper than {DEPTH_MAX}"));
    if is_deep(&record.attributes, DEPTH_MAX) {
        return Err(deep("attributes"));
    }
    if is_value_deep(&record.body, DEPTH_MAX) {
        return Err(deep("body"));
    }
    Ok(LogRecord {
        time: record.time_unix_nano.0,
        observed: record.observed_time_unix_nano.0,
        severity_number: record.severity_number.0,
        severity_text: record.severity_text.0,
        body: record.body,
        attributes: record.attributes,
        dropped_attributes: record.dropped_attributes_count.0,
        flags: u32::try_from(record.flags.0).unwrap_or(0),
        trace_id: id(&record.trace_id.0, 32),
        span_id: id(&record.span_id.0, 16),
        event_name: record.event_name.0,
    })
}

/// Finds the member that is to blame; only refused records pay for it.
fn blame(bytes: &[u8]) -> FieldErrors {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, JsonRecord<'_>>(&mut reader) {
        Err(error) => {
            let path = error.path().to_string();
            // Names come from the record and may be of any length.
            let path: String = path.chars().take(200).collect();
            let field = if path == "." { "record" } else { &path };
            refused(field, error.inner().to_string())
        }
        Ok(_) => refused("record", "is followed by something else"),
    }
}

/// An id in small hexadecimal digits; one of another length, or of zeros only, is none.
fn id(text: &str, length: usize) -> String {
    let is_id = text.len() == length
        && text.bytes().all(|byte| byte.is_ascii_hexdigit())
        && text.bytes().any(|byte| byte != b'0');
    if is_id {
        text.to_ascii_lowercase()
    } else {
        String::new()
    }
}

fn is_deep(pairs: &Pairs<'_>, left: u8) -> bool {
    pairs.0.iter().any(|(_, value)| is_value_deep(value, left))
}

/// The parser itself ends at 128 levels of JSON, which are 42 of these.
fn is_value_deep(value: &Any<'_>, left: u8) -> bool {
    match (value, left.checked_sub(1)) {
        (Any::List(_) | Any::Map(_), None) => true,
        (Any::List(values), Some(left)) => values.iter().any(|it| is_value_deep(it, left)),
        (Any::Map(pairs), Some(left)) => is_deep(pairs, left),
        _ => false,
    }
}
