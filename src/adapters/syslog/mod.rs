//! Syslog lines (RFC 5424, RFC 3164).

use super::{Draft, Format, each_line, text};

/// Syslog lines (RFC 5424, RFC 3164).
pub const FORMAT: Format = Format {
    name: "syslog",
    aliases: &[],
    title: "Syslog lines (RFC 5424, RFC 3164)",
    read: |body, cx, sink| each_line(body, sink, |line| text::read(line, Draft::default(), cx)),
};
