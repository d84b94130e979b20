//! JSON objects of any make: recognised by their members, else read by their usual names.

use super::{Context, Draft, Format, Original, Read, Record, each_object, recognised};

/// JSON of any make.
pub const FORMAT: Format = Format {
    name: "json",
    aliases: &["webhook", "generic", "winston", "pino", "fail2ban", "syslog-ng", "fluent-bit", "vector", "form"],
    title: "JSON",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, Draft::default(), cx)),
};

/// Reads an object: as the format it is recognised as, else by the names its members usually have.
/// `draft` is what is known of it already; what the object says itself counts more.
pub fn read(record: &Record<'_>, draft: Draft, cx: &Context<'_>) -> Read {
    match recognised(record, cx) {
        Some(read) => read,
        None => plain(record, draft, cx),
    }
}

/// Reads an object by the names its members usually have.
pub(super) fn plain(record: &Record<'_>, mut draft: Draft, cx: &Context<'_>) -> Read {
    if draft.description.is_empty() {
        draft.description = record
            .object
            .get("message")
            .and_then(serde_json::Value::as_str)
            .unwrap_or_default()
            .to_owned();
    }
    draft.finish(cx, Original::Json("record", &record.object, record.raw))
}
