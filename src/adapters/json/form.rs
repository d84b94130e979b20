//! Bodies of `application/x-www-form-urlencoded`: one record a body.

use std::ops::ControlFlow;

use serde_json::Value;

use super::super::{Body, BodyError, Context, Object, Sink, refused};
use super::plain_object;

/// Fields of a form that are read.
const FIELDS_MAX: usize = 256;

/// Reads a form as an object of texts; a single `payload` that holds JSON as that.
pub(super) fn read(
    body: &Body<'_>,
    cx: &Context<'_>,
    sink: &mut Sink<'_>,
) -> Result<(), BodyError> {
    let bytes = body.bytes.trim_ascii();
    if !bytes.contains(&b'=') {
        return Err("not a form: it holds no name=value".into());
    }
    let mut object = Object::new();
    for (name, value) in form_urlencoded::parse(bytes).take(FIELDS_MAX) {
        // U+0000 can be in no record, and Python writes "None" for what is not there.
        if !name.contains('\0') && value != "None" && !object.contains_key(name.as_ref()) {
            object.insert(
                name.into_owned(),
                Value::String(value.replace('\0', "\u{fffd}")),
            );
        }
    }
    let payload = object.get("payload").and_then(Value::as_str);
    let inner = payload.and_then(|text| super::super::value(text.as_bytes()).ok());
    if let (1, Some(Value::Object(inner))) = (object.len(), inner) {
        object = inner;
    }
    let read = if object.is_empty() {
        Err(refused("record", "holds no field"))
    } else {
        plain_object(&object, cx)
    };
    // There is one record: whether the sink wants more does not matter.
    match sink(read, bytes) {
        ControlFlow::Continue(()) | ControlFlow::Break(()) => Ok(()),
    }
}
