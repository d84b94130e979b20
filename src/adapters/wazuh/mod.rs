//! Wazuh alerts.

use super::{Context, Format, Object, Read, Record, each_object, json};

/// Wazuh alerts.
pub const FORMAT: Format = Format {
    name: "wazuh",
    aliases: &[],
    title: "Wazuh alerts",
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
