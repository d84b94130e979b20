//! Prometheus Alertmanager webhook.

use super::{Context, Format, Read, Record, each_object, json};

/// Prometheus Alertmanager webhook.
pub const FORMAT: Format = Format {
    name: "alertmanager",
    aliases: &[],
    title: "Prometheus Alertmanager webhook",
    read: |body, cx, sink| each_object(body, sink, |record| read(record, cx)),
};

/// Reads one record.
fn read(record: &Record<'_>, cx: &Context<'_>) -> Read {
    json::plain(record, super::Draft::default(), cx)
}
