//! QRadar Log Event Extended Format.

use super::{Draft, Format, each_line, text};

/// QRadar Log Event Extended Format.
pub const FORMAT: Format = Format {
    name: "leef",
    aliases: &[],
    title: "QRadar Log Event Extended Format",
    read: |body, cx, sink| each_line(body, sink, |line| text::read(line, Draft::default(), cx)),
};
