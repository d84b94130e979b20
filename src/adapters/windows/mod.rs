//! Windows events.

use super::{Context, Format, Object, Read, Record, each_object, json};

/// Windows events.
pub const FORMAT: Format = Format {
    name: "windows",
    aliases: &["winlog"],
    title: "Windows events",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, cx)),
};

/// Whether an object is one.
pub(super) fn is(_object: &Object) -> bool {
    false
}

/// Reads one record.
pub(super) fn read(record: &Record<'_>, cx: &Context<'_>) -> Read {
    json::plain(record, super::Draft::default(), cx)
}
